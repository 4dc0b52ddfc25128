// What the panes say of runs: their colours, what differs, their menu, their lines on the time axis.
#include "views/panels/run_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "views/figures/compare_plots.h"
#include "views/panels/compare.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

/// Whether an edit was made on one side of a fork alone: at its place those that the other side has, too, are of the past.
bool is_own(std::int64_t forked_at, const RunFacts* other_side, const EditEvent& edit) {
  if (edit.position != forked_at || !other_side) return edit.position >= forked_at;
  return std::ranges::none_of(*other_side->edits, [&](const EditEvent& other) { return other.position == edit.position && other.label == edit.label; });
}

/// The first edit on one side of a fork alone, and how many more there are; "" for none.
struct OwnEdits {
  std::int64_t position = 0, count = 0;
  std::string first;
  std::string text() const { return first + (count > 1 ? fmt::format(" and {} more", count - 1) : ""); }
};
OwnEdits own_edits(const RunFacts& run, const RunFacts* other_side, std::int64_t forked_at) {
  OwnEdits own;
  for (const EditEvent& edit : *run.edits)
    if (is_own(forked_at, other_side, edit) && own.count++ == 0) own.position = edit.position, own.first = edit.brief.empty() ? edit.label : edit.brief;
  return own;
}

}  // namespace

Color run_color(const Theme& theme, const Snapshot& snapshot, std::int64_t id) { return plot_style(theme).color(run_ink(snapshot, id)); }

const RunFacts* find_run(const Snapshot& snapshot, std::int64_t id) {
  const auto found = std::ranges::find(snapshot.runs, id, &RunFacts::id);
  return found == snapshot.runs.end() ? nullptr : &*found;
}

const RunFacts* active_run(const Snapshot& snapshot) { return find_run(snapshot, snapshot.active_run); }

std::int64_t own_tokens(const RunFacts& run) { return std::max<std::int64_t>(0, run.tokens.count() - (run.parent < 0 ? 0 : run.forked_at)); }

std::int64_t maker_of(const Snapshot& snapshot, const RunFacts& run, const EditEvent& edit) {
  const RunFacts* parent = find_run(snapshot, run.parent);
  return !parent || is_own(run.forked_at, parent, edit) ? run.id : maker_of(snapshot, *parent, edit);
}

std::int64_t owner_at(const Snapshot& snapshot, const RunFacts& run, std::int64_t token) {
  const RunFacts* parent = find_run(snapshot, run.parent);
  return !parent || token >= run.forked_at ? run.id : owner_at(snapshot, *parent, token);
}

std::string difference_text(const Snapshot& snapshot, const RunFacts& run) {
  if (run.parent < 0) return fmt::format("{} token{}{}", run.tokens.count(), run.tokens.count() == 1 ? "" : "s", run.waiting > 0 ? fmt::format(", {} wait", run.waiting) : "");
  std::string text = fmt::format("at {}", run.forked_at);
  const RunFacts* parent = find_run(snapshot, run.parent);
  if (const OwnEdits own = own_edits(run, parent, run.forked_at); own.count > 0) return text + ": " + own.text();
  if (!parent) return text;
  const OwnEdits others = own_edits(*parent, &run, run.forked_at);
  const std::int64_t both = std::min(run.tokens.count(), parent->tokens.count());
  std::int64_t t = run.forked_at;
  while (t < both && run.tokens[t][0] == parent->tokens[t][0]) ++t;
  if (others.count > 0 && others.position <= t) return fmt::format("{}; {}: {}", text, parent->name, others.text());
  if (t < both) return fmt::format("{}, another text from t = {}", text, t);
  return text + (run.tokens.count() > run.forked_at ? ", nothing differs so far" : ", has read nothing since");
}

void draw_run_menu(Ui& ui, const char* id, PaneContext& context, const RunFacts& run) {
  const Snapshot& snapshot = context.snapshot;
  const bool is_active = run.id == snapshot.active_run, is_first = run.id == snapshot.runs.front().id, has_others = snapshot.runs.size() > 1;
  const bool can_act = snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
  const MenuItem items[] = {{.label = "Go to this run", .enabled = !is_active && can_act},
                            {.label = run.waiting > 0 ? "Continue: read what waits" : "Continue: ten tokens", .enabled = can_act && run.tokens.count() > 0},
                            {.label = "Step all runs by one", .enabled = can_act && has_others},
                            {.label = "Compare with the active run", .enabled = !is_active},
                            {.label = "Rename…", .separated = true},
                            {.label = "Promote: the first place and its name", .enabled = !is_first && can_act},
                            {.label = "Fork it at its end", .enabled = can_act},
                            {.label = "Reset: it forgets everything", .enabled = can_act && run.tokens.count() > 0},
                            {.label = "Soft reset: it keeps half", .enabled = can_act && run.tokens.count() > 0},
                            {.label = "Delete", .enabled = has_others && can_act, .separated = true}};
  const auto go = [&] {
    if (!is_active) context.send(command::SwitchRun{run.id});
  };
  switch (menu(ui, id, items)) {
    case 0: go(); break;
    case 1:
      go();
      if (run.waiting > 0) context.send(command::ReadWaiting{});
      else context.send(command::Step{10});
      break;
    case 2: context.send(command::StepAll{1}); break;
    case 3:
      context.send(compare_active_with(snapshot, run.id));
      context.memory.show_compare = true, context.memory.show_monitor = false;
      break;
    case 4: context.memory.renamed_run = run.id, context.memory.run_name = run.name; break;
    case 5: context.send(command::PromoteRun{run.id}); break;
    case 6:
      go();
      context.send(command::Fork{});
      break;
    case 7: context.send(command::ResetLanes{{run.id}, 0}); break;
    case 8: context.send(command::ResetLanes{{run.id}, 0.5}); break;
    case 9: context.send(command::DeleteRun{run.id}); break;
    default: break;
  }
}

void draw_run_naming(Ui& ui, Box anchor, PaneContext& context) {
  constexpr const char* kPage = "run name page";
  PaneMemory& memory = context.memory;
  bool& is_open = kept_of(context).renaming_is_open;
  const bool begins = memory.renamed_run >= 0 && !is_open;
  if (begins) ImGui::OpenPopup(kPage);
  Box page;
  if (!begin_popover(ui, kPage, anchor, 260, 100, page)) {
    memory.renamed_run = -1, is_open = false;
    return;
  }
  is_open = true;
  ui.text_in(page.cut_top(20), Face::title, ui.theme().text, "Rename the run");
  page.cut_top(6);
  const bool entered = field(ui, "run name", page.cut_top(kControlHeight), memory.run_name, {.hint = "a name, as “zero L12”", .take_focus = begins});
  page.cut_top(6);
  const bool is_right = memory.run_name.find_first_not_of(' ') != std::string::npos;
  const bool done = button(ui, "Rename", page.cut_top(kControlHeight).cut_right(84), {.primary = true, .enabled = is_right});
  if (is_right && (entered || done)) {
    context.send(command::RenameRun{memory.renamed_run, memory.run_name});
    memory.renamed_run = -1, is_open = false;
    ImGui::CloseCurrentPopup();
  }
  end_popover();
}

void draw_fork_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const Theme& theme = ui.theme();
  const auto at = [&](double token) { return std::clamp(axis.place(token), axis.left, axis.right); };
  const auto rows = static_cast<float>(std::min<std::size_t>(snapshot.runs.size(), 6));
  const float pitch = rows > 1 ? std::min(5.0f, (lane.h - 4) / (rows - 1)) : 0;
  const auto level = [&](std::size_t place) { return lane.y + 2 + pitch * static_cast<float>(std::min<std::size_t>(place, 5)); };
  const auto place_of = [&](std::int64_t id) {
    return static_cast<std::size_t>(std::ranges::find(snapshot.runs, id, &RunFacts::id) - snapshot.runs.begin());
  };
  for (std::size_t i = 0; i < snapshot.runs.size(); ++i) {
    const RunFacts& run = snapshot.runs[i];
    const Color color = run_color(theme, snapshot, run.id);
    const float begin = at(run.parent < 0 ? -0.5 : static_cast<double>(run.forked_at) - 0.5), end = at(static_cast<double>(run.tokens.count()) - 0.5);
    const float y = level(i), thickness = run.id == snapshot.active_run ? 3.0f : 1.5f;
    if (run.parent >= 0 && place_of(run.parent) < snapshot.runs.size()) {
      const float from = level(place_of(run.parent));
      ui.list()->AddCircleFilled({ui.px(begin), ui.px(from)}, 2.5f * ui.scale(), color);
      ui.list()->AddLine({ui.px(begin), ui.px(from)}, {ui.px(std::min(begin + 5, std::max(begin, end))), ui.px(y)}, color, 1.2f * ui.scale());
    }
    ui.fill({begin, y - thickness / 2, std::max(2.0f, end - begin), thickness}, color);
    if (run.id == snapshot.active_run) continue;  // along it the mouse moves the cursor
    const Hit hit = ui.hit(fmt::format("run {}", run.id).c_str(), {begin, y - 3, std::max(4.0f, end - begin), 6});
    if (hit.hovered) ui.tooltip(fmt::format("{}\t{} tokens\n{}\t", run.name, run.tokens.count(), difference_text(snapshot, run)));
    if (hit.clicked) context.send(command::SwitchRun{run.id});
  }
}

}  // namespace lab
