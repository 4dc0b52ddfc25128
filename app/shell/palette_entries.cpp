// What the palette offers: all that can be done now, each by a name to be found by.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "app/core/state_edit.h"
#include "app/shell/copied_command.h"
#include "app/shell/fuzzy.h"
#include "app/shell/palette.h"
#include "app/shell/session_keeper.h"
#include "model/builtin.h"
#include "views/figures/parts.h"
#include "views/panels/clock.h"
#include "views/panels/edit_target.h"
#include "views/panels/figure_pane.h"
#include "views/panels/intervention_table.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/lane_page.h"
#include "views/panels/state_editor.h"
#include "views/panels/strip.h"

namespace lab {
namespace {

constexpr std::size_t kMostCopied = 12, kMostListed = 1000;  // of what was done, among all else and alone
constexpr std::size_t kMostTokens = 12;  // of those that hold what is typed
constexpr int kExact = 1000;             // score of a token whose number is typed, above all others

/// Entries in the order of their kinds, with how well they are named.
class Finder {
 public:
  explicit Finder(const std::string& typed) : typed_(typed) {}

  void add(const char* kind, std::string label, PaletteDeed does, std::string keys = "", int bonus = 0) {
    if (const auto score = match_score(typed_, std::string(kind) + " " + label))
      scored_.push_back({*score + bonus, {kind, std::move(label), std::move(keys), std::move(does)}});
  }
  std::vector<PaletteEntry> best() && {
    std::stable_sort(scored_.begin(), scored_.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<PaletteEntry> entries;
    for (auto& [score, entry] : scored_) entries.push_back(std::move(entry));
    return entries;
  }

 private:
  const std::string& typed_;
  std::vector<std::pair<int, PaletteEntry>> scored_;
};

void add_commands(Finder& finder) {
  for (const Shortcut& shortcut : shortcuts())
    if (*shortcut.keys != '\0' && shortcut.action != Action::palette)
      finder.add("command", shortcut.meaning, shortcut.action, shortcut.keys);
}

void add_layers(Finder& finder, const Snapshot& snapshot) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  for (std::size_t i = 0; i < snapshot.model->layers.size(); ++i) {
    std::string label = fmt::format("layer {}, {}", i, snapshot.model->layers[i].title);
    if (cursor >= 0 && cursor < snapshot.trace->count())
      label += fmt::format(", norm {:.4g}", snapshot.trace->statistic(static_cast<int>(i), Statistic::h_norm, cursor).mean);
    finder.add("layer", std::move(label), command::Select{static_cast<std::int64_t>(i), -1, -1});
  }
}

/// Named ranges; the one that is chosen is gone to and selected.
void add_ranges(Finder& finder, const Snapshot& snapshot) {
  for (std::size_t i = 0; snapshot.ranges && i < snapshot.ranges->size(); ++i) {
    const NamedRange& range = (*snapshot.ranges)[i];
    finder.add("range", fmt::format("{}, t = {} to {}", range.name, range.first, range.last - 1),
               [index = static_cast<int>(i)](PaneMemory& memory) { memory.go_to_range = index; });
  }
}

/// Every kind of figure that there is something to make of.
void add_exports(Finder& finder, const Snapshot& snapshot) {
  for (const FigureKind& kind : figure_kinds())
    if (!kind.applies || kind.applies(snapshot))
      finder.add("figure", std::string("export ") + kind.title, [name = std::string(kind.name)](PaneMemory& memory) { memory.export_wish = name; });
}

/// Forks, and what can be done with the runs that there are.
void add_runs(Finder& finder, const Snapshot& snapshot) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  finder.add("run", "fork at the end", command::Fork{});
  if (cursor + 1 < snapshot.count()) finder.add("run", fmt::format("fork after t = {}", cursor), command::Fork{cursor + 1, "", false});
  if (const auto finished = finished_lanes(snapshot); !finished.empty())
    finder.add("run", fmt::format("let the {} lanes that have read all keep half of their past", finished.size()), command::ResetLanes{finished, 0.5});
  if (const RunPair pair = runs_to_compare(snapshot); pair.a)
    for (const RunFacts* side : sides_of(snapshot))
      if (side != pair.a) finder.add("run", fmt::format("compare {} with {}", pair.a->name, side->name), command::Compare{pair.a->id, side->id});
  for (const GuestRun& guest : snapshot.guests) finder.add("run", "compare no longer with " + guest.run.name, command::CloseCompared{guest.run.id});
  if (snapshot.runs.size() < 2) return;
  for (const std::int64_t count : {1, 10, 100}) finder.add("run", fmt::format("step all {} runs by {}", snapshot.runs.size(), count), command::StepAll{count});
  for (const RunFacts& run : snapshot.runs) {
    if (run.id != snapshot.active_run) finder.add("run", fmt::format("go to {}, {} tokens", run.name, run.tokens.count()), command::SwitchRun{run.id});
    if (run.id != snapshot.runs.front().id) finder.add("run", "promote " + run.name, command::PromoteRun{run.id});
    if (run.tokens.count() > 0) finder.add("run", "reset the lane " + run.name, command::ResetLanes{{run.id}, 0});
    finder.add("run", "delete " + run.name, command::DeleteRun{run.id});
  }
}

/// What can be done to the selected cell, its channel, its head and its layer at the end of the run.
void add_edits(Finder& finder, const Snapshot& snapshot) {
  constexpr double factor = 0.5;
  const Selection& s = snapshot.selection;
  for (const StatePart part : {StatePart::head, StatePart::channel, StatePart::cell, StatePart::layer}) {
    const auto at = slice_of_part(snapshot, part);
    if (!at) continue;
    const std::string name = part == StatePart::channel && s.channel >= 0 && snapshot.model->layers[static_cast<std::size_t>(s.layer)].heads > 0 ? "channel of " + part_words(snapshot, part) : part_words(snapshot, part);
    if (s.cursor_a >= 0)
      finder.add("edit", fmt::format("forget token {} in {}", s.cursor_a, name), command::EditState{{.operation = "forget", .layer = s.layer, .at = *at, .position = s.cursor_a}});
    if (part == StatePart::layer) continue;  // has commands of its own
    finder.add("edit", "zero " + name, command::EditState{{.operation = "zero", .layer = s.layer, .at = *at}});
    finder.add("edit", fmt::format("scale {} by {}", name, factor), command::EditState{{.operation = "scale", .layer = s.layer, .at = *at, .value = factor}});
    if (s.cursor_a + 1 < snapshot.count())
      finder.add("edit", fmt::format("take {} from t = {}", name, s.cursor_a), command::EditState{{.operation = "transplant", .layer = s.layer, .at = *at, .position = s.cursor_a + 1}});
  }
}

/// The editor of the state with its choices made: an operation, another run to take from, a tensor of the selected layer.
void add_drafts(Finder& finder, const Snapshot& snapshot) {
  const Selection& s = snapshot.selection;
  const StateEdit whole{.layer = s.layer, .value = 0.5, .position = s.cursor_a + 1};
  const auto add = [&](const std::string& label, const StateEdit& edit) { finder.add("edit", label, [edit](PaneMemory& memory) { edit_state(memory, edit); }); };
  for (const EditOperation& operation : kOperations) {
    StateEdit edit = whole;
    edit.operation = operation.name;
    if (forgets(edit)) edit.position = std::max<std::int64_t>(0, s.cursor_a);
    add(fmt::format("edit the state: {} …", operation.label), edit);
  }
  for (const RunFacts& run : snapshot.runs) {
    StateEdit edit = whole;
    edit.operation = "transplant", edit.from_run = run.id, edit.position = run.tokens.count();
    if (run.id != snapshot.active_run) add(fmt::format("edit the state: take from {} …", run.name), edit);
  }
  const auto& schema = snapshot.model->schema;
  for (std::size_t i = 0; schema && i < schema->layers()[static_cast<std::size_t>(s.layer)].tensors.size(); ++i) {
    StateEdit edit = whole;
    edit.tensor = schema->layers()[static_cast<std::size_t>(s.layer)].tensors[i].name;
    add(fmt::format("edit {} of layer {} …", edit.tensor, s.layer), edit);
  }
}

/// Rules that hold over a window of tokens: those that there are, and new ones on the selected layer from cursor A on.
void add_interventions(Finder& finder, const Snapshot& snapshot) {
  const std::vector<Intervention>& rules = present_interventions(snapshot);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const std::string name = rules[i].name.empty() ? words_of(rules[i]) : rules[i].name;
    Intervention other = rules[i];
    other.on = !other.on;
    finder.add("rule", (rules[i].on ? "switch off: " : "switch on: ") + name, command::SetIntervention{index, other});
    finder.add("rule", "remove: " + name, command::RemoveIntervention{index});
    finder.add("rule", "copy as command: " + name, [index](PaneMemory& memory) { memory.row_wish = RowWish::copy_rule, memory.wished_row = index; });
    if (rules[i].first < snapshot.count()) finder.add("rule", "run controls: " + name, command::RunControls{index, 3});
  }
  if (!rules.empty()) finder.add("rule", "end all interventions", command::UseInterventions{});
  if (!rules.empty()) finder.add("rule", "save the rules as a file …", Action::save_rules);
  finder.add("rule", "load rules from a file …", Action::open, keys_of(Action::open));
  for (const InterventionOperation& operation : kInterventionOperations) {
    Intervention rule = fresh_intervention(snapshot);
    if (rule.target == "residual" && *operation.acts_on != '\0') continue;
    rule.operation = operation.name;
    finder.add("rule", "new: " + words_of(rule), command::SetIntervention{std::ssize(rules), rule});
  }
}

/// What was done, the latest first: its command as a session has it, and a line for a shell that replays all up to it.
void add_history(Finder& finder, const Snapshot& snapshot, std::size_t most) {
  std::size_t added = 0;
  for (CommandRecord::Pointer each = snapshot.record; each && added < most; each = each->before(), ++added) {
    const SessionCommand& done = each->latest();
    finder.add("copy", fmt::format("t = {}: {}", done.step, label_of(done.command)), [json = json_of(done.command)](PaneMemory&) { ImGui::SetClipboardText(json.c_str()); });
    finder.add("copy", fmt::format("t = {}: {}, as `statelab run`", done.step, label_of(done.command)), [each, model = snapshot.model](PaneMemory&) { ImGui::SetClipboardText(line_of(each, *model).c_str()); });
  }
}

/// Notes, which are gone to, and breakpoints, which are switched; both are removed.
void add_notes(Finder& finder, const Snapshot& snapshot) {
  for (std::size_t i = 0; snapshot.notes && i < snapshot.notes->size(); ++i) {
    const TokenNote& note = (*snapshot.notes)[i];
    if (note.token < snapshot.count()) finder.add("note", fmt::format("{}, t = {}", note.text.empty() ? "bookmark" : note.text, note.token), command::Seek{note.token, "a"});
    finder.add("note", fmt::format("remove the note at t = {}", note.token), command::RemoveNote{static_cast<std::int64_t>(i)});
  }
  for (std::size_t i = 0; snapshot.breakpoints && i < snapshot.breakpoints->size(); ++i) {
    const Breakpoint& stop = (*snapshot.breakpoints)[i];
    finder.add("breakpoint", fmt::format("{} {}", stop.on ? "do not pause when" : "pause when", stop.when), command::SetBreakpoint{static_cast<std::int64_t>(i), stop.when, !stop.on});
    finder.add("breakpoint", "remove: " + stop.when, command::RemoveBreakpoint{static_cast<std::int64_t>(i)});
  }
}

/// Which part of the state is asked about.
void add_writers(Finder& finder) {
  for (const StatePart part : {StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::read_out})
    finder.add("view", fmt::format("who wrote this: {}", name_of(part)), [part](PaneMemory& memory) { memory.options["content"].part = part; });
}

/// The token of a typed number, and the last ones whose text holds what is typed.
void add_tokens(Finder& finder, const std::string& typed, const Snapshot& snapshot) {
  if (typed.empty() || snapshot.has_vectors) return;
  const auto add = [&](std::int64_t t, int bonus = 0) {
    finder.add("token", fmt::format("t = {}, {}", t, snapshot.model->piece(snapshot.tokens[t][0])), command::Seek{t, "a"}, "", bonus);
  };
  std::int64_t number = -1;
  const auto [end, problem] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
  if (problem == std::errc() && end == typed.data() + typed.size() && number >= 0 && number < snapshot.count()) add(number, kExact);
  std::size_t found = 0;
  for (std::int64_t t = snapshot.count() - 1; t >= 0 && found < kMostTokens; --t) {
    if (t == number || snapshot.model->piece(snapshot.tokens[t][0]).find(typed) == std::string::npos) continue;
    add(t), ++found;
  }
}

template <class Value>
void add_view(Finder& finder, std::string label, Value PaneMemory::* member, Value value) {
  finder.add("view", std::move(label), [=](PaneMemory& memory) { memory.*member = value; });
}

/// Which axis of the state goes down in the heatmap, and which plane of it is shown at t.
void add_axes(Finder& finder, const Snapshot& snapshot) {
  const auto layer = static_cast<std::size_t>(snapshot.selection.layer);
  const bool in_heads = layer < snapshot.model->layers.size() && snapshot.model->layers[layer].heads > 0;
  const std::vector<std::string> names = axis_names(snapshot, in_heads ? 3 : 2);
  for (int axis = -1; axis < static_cast<int>(names.size()); ++axis)
    finder.add("view", "state over time: rows are " + (axis < 0 ? "channels" : names[static_cast<std::size_t>(axis)] + " of the selected cell"),
               [axis](PaneMemory& memory) { memory.options["state-heatmap"].rows_axis = axis; });
  for (int axis = -1; in_heads && axis < 3; ++axis)
    finder.add("view", axis < 0 ? "state at t: all of it" : "state at t: the plane across " + names[static_cast<std::size_t>(axis)],
               [axis](PaneMemory& memory) { memory.options["state-at"].fixed_axis = axis; });
}

void add_views(Finder& finder, const Snapshot& snapshot) {
  for (const auto& [name, set] : {std::pair{"drivers", CurveSet::drivers}, {"norms", CurveSet::norms}, {"gates", CurveSet::gates}, {"the selected channel", CurveSet::channel}, {"expected tokens", CurveSet::expected}})
    add_view(finder, std::string("curves: ") + name, &PaneMemory::curves, set);
  for (const auto& [name, sort] : {std::pair{"index", LayerSort::index}, {"norm", LayerSort::norm}, {"change", LayerSort::change}})
    add_view(finder, std::string("layers: sort by ") + name, &PaneMemory::layer_sort, sort);
  for (const bool all : {false, true})
    finder.add("view", all ? "curves: all layers" : "curves: the chosen layer",
               [all](PaneMemory& memory) { memory.options["norms"].all_layers = all; });
  for (int i = 0; i < static_cast<int>(token_measures().size()); ++i)
    add_view(finder, std::string("tokens coloured by ") + token_measures()[static_cast<std::size_t>(i)].short_name, &PaneMemory::token_measure, i);
  for (const TimeClock clock : {TimeClock::token, TimeClock::layer, TimeClock::wall})
    add_view(finder, std::string("time axis: ") + kClockNames[static_cast<std::size_t>(clock)], &PaneMemory::clock, clock);
  if (sides_of(snapshot).size() > 2)
    for (const bool all : {false, true})
      finder.add("view", all ? "compare: the difference of every run" : "compare: the difference of B", [all](PaneMemory& memory) { memory.compare.shows_all = all; });
  add_view(finder, "PCA: 2D", &PaneMemory::pca_3d, false);
  add_view(finder, "PCA: 3D", &PaneMemory::pca_3d, true);
  for (int i = 0; i < static_cast<int>(std::size(kMapNames)); ++i)
    finder.add("view", std::string("state over time: colours ") + kMapNames[i],
               [i](PaneMemory& memory) { memory.options["state-heatmap"].map = static_cast<ColorMap>(i); });
  for (int i = 0; i < static_cast<int>(std::size(kColouringNames)); ++i)
    finder.add("view", std::string("state over time: scale ") + kColouringNames[i],
               [i](PaneMemory& memory) { set_colouring(memory.options["state-heatmap"], i); });
  for (int i = 0; i < static_cast<int>(std::size(kOrderNames)); ++i)
    finder.add("view", std::string("state over time: rows by ") + kOrderNames[i],
               [i](PaneMemory& memory) { memory.options["state-heatmap"].order = static_cast<RowOrder>(i); });
  add_axes(finder, snapshot);
}

/// Every other view for a pane.
void add_pane(Finder& finder, const std::string& shown) {
  const PaneKind* pane = find_pane(shown);
  if (!pane || !pane->view) return;
  for (const PaneKind& other : pane_kinds())
    if (other.view && other.name != shown)
      finder.add("pane", fmt::format("{}: show {}", pane->view, other.view),
                 std::function<void(Workspace&)>([from = shown, to = std::string(other.name)](Workspace& changed) { changed.show_view(from, to); }));
}

/// What a setting can be; one that is a number leads to the page of settings.
void add_settings(Finder& finder) {
  const auto add = [&](const std::string& label, std::function<void(Settings&)> change) { finder.add("setting", label, std::move(change)); };
  for (const Setting& setting : all_settings()) {
    const std::string title = setting.title;
    if (const auto* choice = std::get_if<Setting::Choice>(&setting.kind)) {
      for (std::size_t i = 0; i < choice->names.size(); ++i)
        add(title + ": " + choice->names[i], [member = choice->member, i](Settings& settings) { settings.*member = static_cast<int>(i); });
    } else if (const auto* flag = std::get_if<Setting::Flag>(&setting.kind)) {
      for (const bool on : {true, false}) add(title + (on ? ": on" : ": off"), [member = flag->member, on](Settings& settings) { settings.*member = on; });
    } else {
      finder.add("setting", title + " …", Action::settings, keys_of(Action::settings));
    }
  }
}

}  // namespace

std::vector<PaletteEntry> palette_entries(const std::string& typed, const Snapshot& snapshot, const Workspace& workspace,
                                          const std::vector<RecoveredCard>& recovered) {
  Finder finder(typed);
  add_commands(finder);
  for (const RecoveredCard& card : recovered) finder.add("session", "recover " + card.text, card.journal);
  if (!typed.empty()) add_settings(finder);
  if (snapshot.model && last_edit(snapshot)) finder.add("command", "save the last edit as a patch …", Action::save_patch);
  if (snapshot.model) finder.add("command", fmt::format("save the state {} as a file …", snapshot.selection.cursor_a < 0 ? "before the first token" : fmt::format("at t = {}", snapshot.selection.cursor_a)), Action::save_state);
  if (snapshot.model) {
    add_layers(finder, snapshot);
    add_views(finder, snapshot);
    add_ranges(finder, snapshot);
    if (!typed.empty()) add_history(finder, snapshot, kMostCopied);
    add_notes(finder, snapshot);
    add_writers(finder);
    if (!typed.empty()) add_runs(finder, snapshot), add_edits(finder, snapshot), add_drafts(finder, snapshot), add_interventions(finder, snapshot), add_exports(finder, snapshot);
    if (!typed.empty())
      for (const auto& [pane, box] : workspace.panes()) add_pane(finder, pane);
    add_tokens(finder, typed, snapshot);
    for (const TensorFacts& tensor : snapshot.model->tensors)
      finder.add("tensor", tensor.name, command::ShowWeights{tensor.name, snapshot.selection.against});
  }
  for (const BuiltinModel& builtin : builtin_models()) finder.add("model", "builtin:" + builtin.name, "builtin:" + builtin.name);
  return std::move(finder).best();
}

std::vector<PaletteEntry> history_entries(const std::string& typed, const Snapshot& snapshot) {
  Finder finder(typed);
  if (snapshot.model) add_history(finder, snapshot, kMostListed);
  return std::move(finder).best();
}

std::vector<PaletteEntry> view_entries(const std::string& typed, const std::string& pane) {
  Finder finder(typed);
  add_pane(finder, pane);
  return std::move(finder).best();
}

}  // namespace lab
