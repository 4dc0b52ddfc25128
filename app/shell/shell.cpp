#include "app/shell/shell.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <iterator>
#include <utility>

#include "app/core/state_patch.h"
#include "app/shell/actions.h"
#include "app/shell/controls_job.h"
#include "app/shell/desk.h"
#include "app/shell/dialogs.h"
#include "app/shell/export_dialog.h"
#include "app/shell/figure_export.h"
#include "app/shell/font_loader.h"
#include "app/shell/gl_textures.h"
#include "app/shell/help_page.h"
#include "app/shell/imgui_input.h"
#include "app/shell/look.h"
#include "app/shell/open_dialog.h"
#include "app/shell/palette.h"
#include "app/shell/screen.h"
#include "app/shell/script.h"
#include "app/shell/settings_page.h"
#include "app/shell/start_cards.h"
#include "app/shell/start_page.h"
#include "app/shell/status_bar.h"
#include "app/shell/top_bar.h"
#include "app/shell/tour.h"
#include "app/shell/trials_dialog.h"
#include "app/shell/window_sessions.h"
#include "app/shell/workspace.h"
#include "model/base/memory.h"
#include "model/builtin.h"
#include "views/figures/curves.h"
#include "views/panels/kept.h"
#include "views/panels/compare.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/layer_filter.h"
#include "views/panels/notes.h"
#include "views/panels/pane.h"
#include "views/panels/ranges.h"
#include "views/panels/strip.h"
#include "views/panels/state_axes.h"
#include "views/panels/tensors.h"

namespace lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr float kTopBar = 40, kStatusBar = 24;
constexpr float kLeastWidth = 800, kLeastHeight = 480;  // units that are laid out; a smaller window shows their upper left part
constexpr double kSlow = 0.4;  // seconds of deriving after which the status bar says so

std::unique_ptr<ImGuiPainter> make_painter() { return std::make_unique<ImGuiPainter>(std::make_unique<GlTextures>()); }

bool shows_attention_layer(const Snapshot& snapshot) {
  return snapshot.model && is_attention(snapshot.model->layers[static_cast<std::size_t>(snapshot.selection.layer)]);
}

/// The kind of figure that a pane shows.
std::string figure_of(const std::string& pane, const PaneMemory& memory, const Snapshot& snapshot) {
  if (pane == "curves") return kind_of(memory.curves);
  if (pane == "selection") return "channel";
  if (pane == "state-at") return memory.show_attention && shows_attention_layer(snapshot) ? "attention" : "state-at";
  if (pane == "attention") return "attention";
  if (pane == "pca") return memory.pca_3d ? "pca3d" : "pca2d";
  if (pane == "next") return "next-token";
  if (pane == "lens") return "logit-lens";
  if (pane == "layers") return "norms";
  if (pane == "who-wrote") return "content";
  if (pane == "half-life") return "half-life";
  if (pane == "half-life-map") return "half-life-map";
  if (pane == "hidden-attention") return "attention-map";
  if (pane == "run-tree") return "norms";
  if (pane == "rules" || pane == "alerts" || pane == "alert-table") return "alerts";
  if (pane == "evidence") return "alert-evidence";
  if (pane == "compare-next") return "next-token";
  if (pane == "compare-difference" && shows_multiples(snapshot, memory.compare)) return "compare-multiples";
  if (pane == "compare-pca" || pane == "compare-norms") return pane;
  if (pane.starts_with("compare-")) return "compare-heatmap";
  if (pane == "response") return "alert-limits";
  if (pane == "discretisation") return "discretisation";
  if (pane == "weight-values") return "weight-histogram";
  if (pane == "weight-map" || pane == "tensors") return memory.show_weight_error ? "weight-error" : "weight-heatmap";
  return "state-heatmap";
}

}  // namespace

struct Shell::Parts {
  Parts(Engine& the_engine, const ShellOptions& the_options, const std::function<void()>& wake)
      : engine(the_engine), options(the_options), analyst(the_options.arithmetic, wake), controls(the_options.arithmetic, wake), desk(the_options.settings_file, wake),
        study_pictures(wake), sessions(the_engine, options.keeper, options.recent_file, options.start_folder, wake),
        open_dialog({options.start_folder, options.recent_file, options.preview}, wake) {
    take_results();
    ui.record_items = options.record_items;
    memory.show_attention = options.show_attention;
    memory.show_weight_error = options.show_weight_error;
    memory.show_monitor = options.show_monitor;
    memory.show_compare = options.show_compare;
    desk.begin(options.high_contrast ? 2 : options.dark ? 0 : 1, workspace, memory);
    PaneLayout layout = workspace.layout();
    for (const auto& [place, view] : options.views)
      for (const char* tree : {"wide/", "narrow/"}) layout.views[tree + place] = view;
    if (!options.views.empty()) workspace.arrange(layout);
    for (const std::string& problem : desk.kept().problems()) engine.note(true, problem);
    name_dialogs();
  }

  void use(const Settings& wanted);
  void name_dialogs();

  std::vector<InputEvent> take_events(InputQueue& input);
  void adapt(float content_scale);
  void take_results();
  void keep_alerts();
  void note_texts();
  void ask();
  std::optional<ComparisonQuery> comparison() const;
  void go_on();
  void perform(Action action);
  void close_or_cancel();
  void cancel();
  void carry_out(const OpenWish& wish);
  void carry_out(const PaletteDeed& deed);
  void toggle_weights();
  void show_page(Page page);
  void go_to_alert(bool next);
  void swap_runs();
  void compare_next();
  void compare_with(const std::string& path);
  void take_drop(const std::string& path);
  void follow_flip(const std::vector<InputEvent>& events);
  PaneContext pane_context();
  void show_other_view();
  void begin_tour();
  void move_in_tensors(std::ptrdiff_t by);
  std::string pane_in_hand() const;
  void take_in_hand(int by);
  void find();
  void clear_selection();
  bool has_range() const { return snapshot->ranges && memory.range >= 0 && memory.range < std::ssize(*snapshot->ranges); }
  void move_in_state(int axis, std::int64_t by);
  void move_in_layers(std::ptrdiff_t by);
  void send(Command command);
  void start_export(const command::ExportFigure& wanted);
  bool open(const std::string& path);
  void open_beside(const std::string& a, const std::string& b);
  void draw(Box window);
  void draw_panes(Box body);
  void draw_start(Box body);
  bool is_slow() const { return !analyst.idle() && std::chrono::duration<double>(Clock::now() - asked_at).count() > kSlow; }
  Page page() const { return !snapshot->selection.tensor.empty() ? Page::weights : memory.show_monitor ? Page::monitor : memory.show_compare ? Page::compare : Page::inspect; }
  bool has_time_panel() const { return snapshot->model && (page() == Page::inspect || page() == Page::monitor); }
  const Theme& theme() const { return theme_of(desk.settings()); }

  Engine& engine;
  ShellOptions options;
  Screen screen;  // ImGui's context: before all that draws
  Analyst analyst;
  ControlsJob controls;
  std::unique_ptr<ImGuiPainter> painter = make_painter();

  // What was taken from the engine and the analyst for this frame.
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const OpenedModel> opened;
  std::shared_ptr<const Derived> latest_derived;                           // as the analyst has it
  std::shared_ptr<const Derived> derived = std::make_shared<const Derived>();  // empty when it is of another model
  std::shared_ptr<const AlertLog> alerts;                                  // the last that were found, until others are
  std::uint64_t alerts_run = 0;                                            // their run
  std::uint64_t first_of_model = 0;  // the first snapshot of the present model
  std::uint64_t asked_number = 0;
  Query asked;
  Clock::time_point asked_at, last_frame = Clock::now();
  bool slow_shown = false;

  // The look.
  Fonts fonts;
  CodePoints code_points;
  std::int64_t noted_tokens = 0;
  float scale = 0;
  bool look_changed = true;
  Desk desk;

  Ui ui;
  PaneMemory memory;
  Workspace workspace;
  StatusBar status;
  StartPage start;
  StudyPictures study_pictures;
  bool knows_cards = false;
  WindowSessions sessions;
  OpenDialog open_dialog;
  ExportDialog export_dialog;
  TrialsDialog trials_dialog;
  Tour tour;
  HelpPage help;
  SettingsPage settings_page;
  Palette palette;
  Dialogs dialogs;
  ExportJob export_job;
  std::deque<Command> script;  // still to be submitted
  bool awaits_model = false;   // its next command is for a model that was to be opened before
  std::string asked_path;      // what a person asked to open and is not open yet
  std::string keyboard_pane;   // that the keyboard has taken in hand, until the mouse moves
  int frames_due = 3;          // ImGui needs a few frames until an event has had all its effects
  int frames_held = 0;         // in which input waits, because a text field is about to get the keyboard
  bool closing = false;
};

void Shell::Parts::use(const Settings& wanted) {
  if (wanted == desk.settings()) return;
  look_changed = look_changed || wanted.theme != desk.settings().theme;
  desk.use(wanted, memory);
  frames_due = std::max(frames_due, 2);
}

/// What is typed right after a key that opens a text field belongs into that field, however slow frames are.
std::vector<InputEvent> Shell::Parts::take_events(InputQueue& input) {
  if (frames_held > 0) {
    --frames_held;
    return {};
  }
  return input.take([this](const InputEvent& event) {
    const bool is_press = event.kind == InputEvent::Kind::key && event.down;
    const auto action = is_press ? action_of(event, true) : std::nullopt;
    if (!action || !moves_keyboard(*action)) return false;
    frames_held = 2;  // ImGui hands the keyboard over in the next frame and reads it in the one after
    return true;
  });
}

/// Follows a changed scale, theme or set of characters. Between frames only.
void Shell::Parts::adapt(float content_scale) {
  const float wanted = std::min(kLargestScale, std::round(content_scale * options.scale * desk.settings().factor() * 32) / 32);
  const bool new_characters = code_points.take_news();
  if (wanted == scale && !look_changed && !new_characters) return;
  if (wanted != scale || new_characters) {
    scale = wanted;
    fonts = load_fonts(scale, code_points);
    screen.upload_fonts();
    const auto screen_font = [&](Face face) {
      const FaceFont& font = fonts[static_cast<std::size_t>(face)];
      return ScreenFont{font.font, font.px};
    };
    painter->set_fonts({screen_font(Face::tick), screen_font(Face::axis), screen_font(Face::title), screen_font(Face::dense)}, scale);
  }
  apply_look(theme(), scale);
  if (memory.kept && new_characters) memory.kept->figures.clear(), memory.kept->tokens.key.clear();  // measured without them
  look_changed = false;
  frames_due = std::max(frames_due, 2);
}

void Shell::Parts::take_results() {
  const auto model_before = opened;
  do {  // the two are published together: take them of one moment
    snapshot = engine.latest();
    opened = engine.opened();
  } while (engine.latest() != snapshot);
  latest_derived = analyst.latest();
  if (const std::string problem = desk.kept().take_problem(); !problem.empty()) engine.note(true, problem);
  const bool idle = script.empty() && engine.idle() && engine.latest() == snapshot;
  const std::string saved = sessions.follow(snapshot, opened, opened != model_before, idle);
  if (!saved.empty() && desk.settings().remember_recent) open_dialog.remember(saved);
  if (opened != model_before) {
    first_of_model = snapshot->number, noted_tokens = 0;
    memory.kept.reset();
    if (opened && !asked_path.empty()) {
      const std::string path = std::exchange(asked_path, {});
      if (desk.settings().remember_recent) open_dialog.remember(path);
    }
    if (snapshot->model) workspace.fit_layers(static_cast<std::int64_t>(snapshot->model->layers.size()));
  }
  if (!snapshot->selection.tensor.empty()) memory.last_tensor = snapshot->selection.tensor;
  if (latest_derived && latest_derived->snapshot >= first_of_model) derived = latest_derived;
  else derived = std::make_shared<const Derived>();
  keep_alerts();
  controls.follow(snapshot, opened, memory);
  note_texts();
}

/// Where alerts were not asked for, those that are known stay: they are of the same run, and only the newest are missing.
void Shell::Parts::keep_alerts() {
  if (derived->alerts) {
    alerts = derived->alerts, alerts_run = snapshot->run;
    return;
  }
  if (!snapshot->model || snapshot->run != alerts_run || derived->snapshot < first_of_model) alerts.reset();
  if (!alerts) return;
  auto with_alerts = std::make_shared<Derived>(*derived);
  with_alerts->alerts = alerts;
  derived = std::move(with_alerts);
}

/// Remembers which characters will be drawn, so that the next frame has them.
void Shell::Parts::note_texts() {
  code_points.note(memory.prompt);
  code_points.note(memory.token_search);
  code_points.note(memory.draft.name);
  code_points.note(memory.intervention_draft.rule.name);
  if (snapshot->edits)
    if (const auto rules = interventions_at(*snapshot->edits, snapshot->count()))
      for (const Intervention& rule : *rules) code_points.note(words_of(rule) + target_text(rule) + rule.name);
  for (std::size_t i = 0; snapshot->ranges && i < snapshot->ranges->size(); ++i) code_points.note((*snapshot->ranges)[i].name);
  code_points.note(memory.note.text);
  code_points.note(memory.run_name);
  for (std::size_t i = 0; snapshot->notes && i < snapshot->notes->size(); ++i) code_points.note((*snapshot->notes)[i].text);
  for (const RunFacts* side : sides_of(*snapshot)) code_points.note(side->name);
  if (!snapshot->model) return;
  code_points.note(snapshot->model->name);
  noted_tokens = std::min(noted_tokens, snapshot->count());
  for (; noted_tokens < snapshot->count(); ++noted_tokens)
    code_points.note(snapshot->model->piece(snapshot->tokens[noted_tokens][0]));
  for (std::size_t i = 0; i < std::min<std::size_t>(snapshot->waiting.size(), 256); ++i)
    code_points.note(snapshot->model->piece(snapshot->waiting[i]));
  if (derived->next)
    for (const NextToken& token : derived->next->best) code_points.note(snapshot->model->piece(token.id));
}

/// Which runs are compared and how, as the selection has it; nothing while there are fewer than two.
std::optional<ComparisonQuery> Shell::Parts::comparison() const {
  const RunPair runs = runs_to_compare(*snapshot);
  if (!runs.a) return {};
  const command::Compare& how = snapshot->selection.compare;
  return ComparisonQuery{.a = runs.a->id, .b = runs.b->id, .by = aligned_by(how), .offset = how.offset, .basis = memory.compare.basis};
}

/// Asks the analyst for what the visible panes show.
void Shell::Parts::ask() {
  Query query = workspace.needs();
  complete(query, memory);
  query.attention = query.attention && (memory.show_attention || workspace.panes().contains("attention"));
  query.surprise = query.surprise && needs_surprise(memory);
  // Rules that look at every state may be slower than the run: outside the Monitor they do not hold up the other views.
  query.alerts = query.alerts && (page() == Page::monitor || snapshot->state != EngineState::running);
  // What looks at the whole past waits until the run rests, unless a pane of its own asks for it.
  const bool rests = snapshot->state != EngineState::running;
  if (!rests && !workspace.panes().contains("who-wrote")) query.content = StatePart::none;
  query.tree = query.tree && rests && snapshot->runs.size() > 1;
  if (page() == Page::monitor) query.windows = memory.windows;
  if (const auto wanted = std::exchange(query.comparison, {}))
    if ((query.comparison = comparison())) query.comparison->slab = wanted->slab, query.comparison->trajectories = wanted->trajectories;
  if (query.comparison && workspace.panes().contains("compare-difference") && shows_multiples(*snapshot, memory.compare))
    query.multiples = multiples_query(*snapshot, memory.compare);
  const bool compares_on = query.comparison && analyst.idle() && derived->comparison && !derived->comparison->is_whole;
  const bool goes_on = query.surprise && analyst.idle() && derived->surprise && !derived->surprise->is_whole;  // made in pieces
  if (!opened || !snapshot->model || (asked_number == snapshot->number && asked == query && !goes_on && !compares_on)) return;
  if (analyst.idle()) asked_at = Clock::now();
  asked_number = snapshot->number;
  asked = query;
  analyst.ask(snapshot, opened, query);
}

/// Submits the next command of a script once the one before has done its work. What was to follow an opening that was refused is left.
void Shell::Parts::go_on() {
  if (script.empty() || !engine.idle()) return;
  const bool opens = std::holds_alternative<command::Open>(script.front());
  if (std::exchange(awaits_model, opens) && !opens && !engine.opened()) return script.clear();
  Command next = std::move(script.front());
  script.pop_front();
  send(std::move(next));
}

void Shell::Parts::send(Command command) {
  if (const auto* figure = std::get_if<command::ExportFigure>(&command)) start_export(*figure);
  else engine.submit(std::move(command));
}

void Shell::Parts::start_export(const command::ExportFigure& wanted) {
  if (!opened) return engine.note(true, "There is nothing to export yet.");
  if (export_job.busy()) return engine.note(true, "The last figure is still being written.");
  export_job.start([this, shown = snapshot, model = opened, wanted] {
    const auto written = export_figure(shown, model, wanted, options.arithmetic);
    engine.note(!written, written ? "Wrote " + *written : written.error().text());
  });
}

bool Shell::Parts::open(const std::string& path) {
  auto begun = sessions.open(path);
  if (!begun) return false;
  asked_path = std::move(begun->remembered);
  script = std::move(begun->script);
  awaits_model = false;
  return true;
}

/// Opens one of two files and shows it beside the other.
void Shell::Parts::open_beside(const std::string& a, const std::string& b) {
  auto plan = plan_to_compare(a, b);
  if (!plan) return engine.note(plan.error());
  if (!open(plan->opened)) return;
  awaits_model = script.empty();  // a session is being replayed
  std::ranges::move(plan->then, std::back_inserter(script));
  memory.show_compare = true;
}

/// Opens a file beside the active run.
void Shell::Parts::compare_with(const std::string& path) {
  if (!snapshot->model) return engine.note(true, "There is nothing to compare with yet. Open a model or a session first.");
  show_page(Page::compare);
  send(command::CompareWith{whole_path(path)});
}

/// A file that is dropped on Compare stands beside what is open, elsewhere in its place. A patch is applied everywhere.
void Shell::Parts::take_drop(const std::string& path) {
  if (page() == Page::compare && snapshot->model && !is_patch(path)) compare_with(path);
  else open(path);
}

void Shell::Parts::cancel() {
  script.clear();
  engine.interrupt();
}

void Shell::Parts::carry_out(const OpenWish& wish) {
  if (wish.cancel) cancel();
  if (wish.open.empty()) return;
  if (wish.purpose == OpenPurpose::compare) compare_with(wish.open);
  else open(wish.open);
}

void Shell::Parts::carry_out(const PaletteDeed& deed) {
  if (const auto* action = std::get_if<Action>(&deed)) perform(*action);
  else if (const auto* command = std::get_if<Command>(&deed)) {
    if (std::holds_alternative<command::Compare>(*command)) show_page(Page::compare);
    send(*command);
  }
  else if (const auto* change = std::get_if<std::function<void(PaneMemory&)>>(&deed)) (*change)(memory);
  else if (const auto* arranging = std::get_if<std::function<void(Workspace&)>>(&deed)) (*arranging)(workspace);
  else if (const auto* setting = std::get_if<std::function<void(Settings&)>>(&deed)) {
    Settings wanted = desk.settings();
    (*setting)(wanted);
    use(wanted);
  }
  else open(std::get<std::string>(deed));
}

/// Opens the page of weights on the tensor that was looked at last, or closes it.
void Shell::Parts::toggle_weights() {
  if (!snapshot->model || snapshot->model->tensors.empty()) return;
  const auto& tensors = snapshot->model->tensors;
  const bool is_open = !snapshot->selection.tensor.empty();
  const bool is_known = std::ranges::any_of(tensors, [&](const TensorFacts& each) { return each.name == memory.last_tensor; });
  send(command::ShowWeights{is_open ? "" : is_known ? memory.last_tensor : tensors.front().name, is_open ? "" : memory.weights_against});
}

/// Shows the run and its states, the rules that watch it, or two runs, in place of what is shown.
void Shell::Parts::show_page(Page page) {
  if (!snapshot->model) return;
  memory.show_monitor = page == Page::monitor;
  memory.show_compare = page == Page::compare;
  if (!snapshot->selection.tensor.empty()) toggle_weights();
}

/// Moves cursor A to the nearest token after or before it at which rules found something, and to the layer of the first alert there.
void Shell::Parts::go_to_alert(bool next) {
  const AlertLog* log = derived->alerts.get();
  if (!log) return;
  const auto token_of = [](const Alert& alert) { return alert.finding.token; };
  const std::int64_t cursor = snapshot->selection.cursor_a;
  auto at = next ? std::ranges::upper_bound(log->alerts, cursor, {}, token_of) : std::ranges::lower_bound(log->alerts, cursor, {}, token_of);
  if (!next && at != log->alerts.begin()) at = std::ranges::lower_bound(log->alerts, token_of(*std::prev(at)), {}, token_of);
  else if (!next) return;
  if (at == log->alerts.end() || at->finding.token >= snapshot->count()) return;
  send(command::Seek{at->finding.token, "a"});
  if (at->finding.layer >= 0) send(command::Select{at->finding.layer, -1, -1});
}

/// A and B of Compare change places.
void Shell::Parts::swap_runs() {
  const RunPair runs = runs_to_compare(*snapshot);
  if (!runs.a) return;
  command::Compare how = snapshot->selection.compare;
  how.a = runs.b->id, how.b = runs.a->id, how.offset = -how.offset;
  send(how);
}

/// Shows the active run beside another one.
void Shell::Parts::compare_next() {
  std::vector<Command> commands = commands_of(Action::compare_next, *snapshot, memory.rate, memory.clock);
  if (commands.empty()) return engine.note(false, "There is one run. Fork it (P), and compare the two.");
  show_page(Page::compare);
  send(std::move(commands.front()));
}

/// In Compare A and B change places while their key is held.
void Shell::Parts::follow_flip(const std::vector<InputEvent>& events) {
  bool& is_flipped = memory.compare.is_flipped;
  for (const InputEvent& event : events) {
    if (event.kind == InputEvent::Kind::focus && !event.down) is_flipped = false;
    if (event.kind != InputEvent::Kind::key || event.code != static_cast<int>(Key::f)) continue;
    const bool is_free = !ImGui::GetIO().WantTextInput && !dialogs.take_keys() && event.modifiers == Modifiers{};
    is_flipped = event.down && (event.repeat ? is_flipped : is_free && page() == Page::compare);
  }
  if (page() != Page::compare) is_flipped = false;
}

/// Chooses a neighbour among the tensors that the search leaves.
void Shell::Parts::move_in_tensors(std::ptrdiff_t by) {
  const Selection& selection = snapshot->selection;
  if (!snapshot->model || selection.tensor.empty()) return;
  const auto& tensors = snapshot->model->tensors;
  const auto shown = matching_tensors(tensors, memory.tensor_search);
  if (shown.empty()) return;
  const auto at = std::ranges::find_if(shown, [&](std::size_t i) { return tensors[i].name == selection.tensor; });
  const std::ptrdiff_t last = std::ssize(shown) - 1, from = at == shown.end() ? -by : at - shown.begin();
  const auto next = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(from + by, 0, last));
  send(command::ShowWeights{tensors[shown[next]].name, selection.against});
}

/// The pane that keys are about: the one that the keyboard chose, else the one under the mouse.
std::string Shell::Parts::pane_in_hand() const {
  if (workspace.panes().contains(keyboard_pane)) return keyboard_pane;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  return workspace.pane_at(mouse.x / scale, mouse.y / scale);
}

void Shell::Parts::take_in_hand(int by) {
  if (snapshot->model) keyboard_pane = workspace.neighbour(pane_in_hand(), by);
}

/// Searches the tensors on their page, and the tokens elsewhere.
void Shell::Parts::find() {
  if (!snapshot->model) return;
  if (page() == Page::weights) {
    memory.focus_tensor_search = true;
    return;
  }
  show_page(Page::inspect);
  memory.search_tokens = memory.focus_token_search = true;
}

/// Leaves what was chosen in time, one after the other: the search, the selected range, cursor B.
void Shell::Parts::clear_selection() {
  if (std::exchange(memory.search_tokens, false)) return;
  if (has_range()) memory.range = -1;
  else if (snapshot->model && snapshot->selection.cursor_b >= 0) send(command::Seek{-1, "b"});
}

/// Selects the cell beside the selected one: on an axis of the state (-1 the last one), or the next row of the heatmap for axis 0.
void Shell::Parts::move_in_state(int axis, std::int64_t by) {
  if (!snapshot->model || page() != Page::inspect || ImGui::GetIO().WantTextInput) return;
  auto moved = axis == 0 ? neighbour_row(*snapshot, *derived, memory.options["state-heatmap"], by) : neighbour_index(*snapshot, *derived, axis, by);
  if (moved) send(std::move(*moved));
}

/// Selects a neighbour in the list of layers as it is filtered and sorted; of a layer that it leaves out, its first.
void Shell::Parts::move_in_layers(std::ptrdiff_t by) {
  const auto shown = shown_layers(*snapshot, derived->alerts.get(), memory.layer_filter, memory.layer_sort).layers;
  if (shown.empty()) return;
  const auto at = std::ranges::find(shown, static_cast<int>(snapshot->selection.layer)) - shown.begin();
  const std::ptrdiff_t next = at == std::ssize(shown) ? 0 : at + by;
  if (next >= 0 && next < std::ssize(shown)) send(command::Select{shown[static_cast<std::size_t>(next)], -1, -1});
}

/// Of a layer of attention its cache or what it attends to, of weights themselves or their error.
void Shell::Parts::show_other_view() {
  if (!snapshot->selection.tensor.empty()) memory.show_weight_error = !memory.show_weight_error;
  else if (shows_attention_layer(*snapshot)) memory.show_attention = !memory.show_attention;
}

/// Shows the tour beside what is open, or beside a built-in model that has read a little.
void Shell::Parts::begin_tour() {
  const bool is_installed = std::ranges::any_of(builtin_models(), [](const BuiltinModel& each) { return each.name == "prose"; });
  if (!snapshot->model && !is_installed) return engine.note(true, "The tour needs a model. Open one and begin it again.");
  if (!snapshot->model) sessions.expect_none();
  if (!snapshot->model)
    script = {command::Open{"builtin:prose"}, command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. "}, command::ReadWaiting{}};
  show_page(Page::inspect);
  if (workspace.is_enlarged()) workspace.toggle_enlarged("");
  help.close();
  tour.begin();
}

void Shell::Parts::close_or_cancel() {
  if (dialogs.escape()) return;
  if (ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel)) ui.closes_popups = true;
  else if (!snapshot->working_on.empty() || snapshot->state == EngineState::running || snapshot->plays) cancel();
  else if (status.close_notice(*snapshot)) return;
  else if (workspace.is_enlarged()) workspace.toggle_enlarged("");
  else if (!snapshot->selection.tensor.empty()) toggle_weights();
  else clear_selection();
}

void Shell::Parts::perform(Action action) {
  const std::string pane = pane_in_hand();
  switch (action) {
    case Action::next_pane: take_in_hand(1); break;
    case Action::previous_pane: take_in_hand(-1); break;
    case Action::palette: palette.open(sessions.recovered()); break;
    case Action::trials:
      if (snapshot->model) trials_dialog.toggle();
      break;
    case Action::weights: toggle_weights(); break;
    case Action::show_inspect: show_page(Page::inspect); break;
    case Action::show_monitor: show_page(Page::monitor); break;
    case Action::show_compare: show_page(Page::compare); break;
    case Action::compare_next: compare_next(); break;
    case Action::next_alert:
    case Action::previous_alert:
      if (page() != Page::compare) go_to_alert(action == Action::next_alert);
      else if (PaneContext context = pane_context(); snapshot->model) go_to_difference(context, action == Action::previous_alert);
      break;
    case Action::swap_cursors:
      if (page() == Page::compare) return swap_runs();
      for (Command& command : commands_of(action, *snapshot, memory.rate, memory.clock)) send(std::move(command));
      break;
    case Action::show_weights:
      if (snapshot->selection.tensor.empty()) toggle_weights();
      break;
    case Action::find_tensor: find(); break;
    case Action::next_match: memory.search_step = 1; break;
    case Action::previous_match: memory.search_step = -1; break;
    case Action::name_range:
      if (has_time_panel()) begin_naming_between_cursors(memory.draft, *snapshot);
      break;
    case Action::rename_range:
      if (has_time_panel()) begin_renaming(memory.draft, *snapshot, memory.range);
      break;
    case Action::remove_range:
      if (has_range()) send(command::RemoveRange{memory.range});
      memory.range = -1;
      break;
    case Action::note:
      if (snapshot->model && page() != Page::weights) begin_note(memory.note, *snapshot);
      break;
    case Action::reach: memory.show_reach = !memory.show_reach; break;
    case Action::breakpoints: memory.stops = !memory.stops && snapshot->model && page() != Page::weights; break;
    case Action::next_clock: memory.clock = static_cast<TimeClock>((static_cast<int>(memory.clock) + 1) % 3); break;
    case Action::playback: memory.playback = !memory.playback && has_time_panel(); break;
    case Action::previous_tensor: page() == Page::weights ? move_in_tensors(-1) : move_in_state(0, -1); break;
    case Action::next_tensor: page() == Page::weights ? move_in_tensors(1) : move_in_state(0, 1); break;
    case Action::previous_index: move_in_state(-1, -1); break;
    case Action::next_index: move_in_state(-1, 1); break;
    case Action::previous_head: move_in_state(-3, -1); break;
    case Action::next_head: move_in_state(-3, 1); break;
    case Action::previous_layer: move_in_layers(-1); break;
    case Action::next_layer: move_in_layers(1); break;
    case Action::index_map: memory.show_index_map = snapshot->model && page() == Page::inspect; break;
    case Action::filter_layers: memory.focus_layer_filter = snapshot->model && page() == Page::inspect; break;
    case Action::sort_layers: memory.layer_sort = static_cast<LayerSort>((static_cast<int>(memory.layer_sort) + 1) % 3); break;
    case Action::copy_values: memory.wish_pane = pane, memory.wish = PaneWish::copy; break;
    case Action::lock_range: memory.wish_pane = pane, memory.wish = PaneWish::lock; break;
    case Action::fit:
      if (page() != Page::compare) memory.wish_pane = pane, memory.wish = PaneWish::fit;  // there it flips
      break;
    case Action::explain: memory.wish_pane = pane, memory.wish = PaneWish::explain; break;
    case Action::pane_menu: memory.wish_pane = pane, memory.wish = PaneWish::menu; break;
    case Action::other_view: show_other_view(); break;
    case Action::focus_prompt:
      show_page(Page::inspect);
      memory.search_tokens = false;
      memory.focus_prompt = snapshot->model != nullptr;
      break;
    case Action::save: sessions.save(false); break;
    case Action::save_as: sessions.save(true); break;
    case Action::save_patch: sessions.ask_for(SaveDialog::Kind::patch); break;
    case Action::history: palette.open_for_history(); break;
    case Action::open: open_dialog.open(opened ? opened->path : ""); break;
    case Action::compare_file:
      if (snapshot->model) open_dialog.open(opened ? opened->path : "", OpenPurpose::compare);
      break;
    case Action::export_view:
      if (snapshot->model) export_dialog.open(figure_of(pane, memory, *snapshot), *snapshot, options.start_folder);
      break;
    case Action::maximise: workspace.toggle_enlarged(pane); break;
    case Action::larger: use(resized(desk.settings(), 1)); break;
    case Action::smaller: use(resized(desk.settings(), -1)); break;
    case Action::normal_size: use(resized(desk.settings(), 0)); break;
    case Action::switch_theme: use(with_other_theme(desk.settings())); break;
    case Action::settings: settings_page.open(); break;
    case Action::tour: begin_tour(); break;
    case Action::change_view: {
      const PaneKind* kind = snapshot->model ? find_pane(pane) : nullptr;
      if (kind && kind->view) palette.open_for(pane);
      else engine.note(false, "Put the mouse over a pane whose view shall change, or take one in hand with F6.");
      break;
    }
    case Action::undo_layout: desk.undo(workspace); break;
    case Action::redo_layout: desk.redo(workspace); break;
    case Action::reset_layout: workspace.arrange({}); break;
    case Action::help: help.toggle(); break;
    case Action::close: close_or_cancel(); break;
    case Action::quit: closing = true; break;
    default:
      for (Command& command : commands_of(action, *snapshot, memory.rate, memory.clock)) send(std::move(command));
  }
}

PaneContext Shell::Parts::pane_context() {
  return {*snapshot, *derived, memory, *painter, [this](Command command) { send(std::move(command)); },
          [this](const std::string& kind) { export_dialog.open(kind, *snapshot, options.start_folder); }};
}

void Shell::Parts::draw_panes(Box body) {
  workspace.show(page());
  workspace.place(body);
  ask();
  workspace.handle_gutters(ui);
  PaneContext context = pane_context();
  for (const auto& [name, box] : workspace.panes()) {
    const PaneKind* pane = find_pane(name);
    if (!pane) continue;
    ui.pane = name;
    ImGui::PushID(name.c_str());
    ui.clip(box);
    ui.title_opens = pane->view, ui.title_clicked = false;
    draw_pane(*pane, ui, box, context);
    ui.unclip();
    if (const auto asked_for = draw_view_menu(ui, workspace, name)) perform(*asked_for);
    ImGui::PopID();
  }
  workspace.draw_lines(ui);
  if (ImGui::GetIO().MouseDelta.x != 0 || ImGui::GetIO().MouseDelta.y != 0) keyboard_pane.clear();
  if (const auto focused = workspace.panes().find(keyboard_pane); focused != workspace.panes().end())
    ui.outline(focused->second.inset(2, 2), theme().accent, kRadius + 1, 2);
  if (std::exchange(memory.compare.asks_file, false)) perform(Action::compare_file);
  if (!memory.export_wish.empty()) export_dialog.open(std::exchange(memory.export_wish, {}), *snapshot, options.start_folder);
  if (memory.windows != asked.windows && page() == Page::monitor) frames_due = std::max(frames_due, 2);  // the next frame asks for them
}

void Shell::Parts::draw_start(Box body) {
  if (!std::exchange(knows_cards, true)) start.models = model_cards(), start.studies = study_cards(), start.recent = recent_cards(options.recent_file);
  const Notice* notice = status.shown(*snapshot);
  start.refusal = notice ? notice->error : nullptr;
  start.recovered = sessions.recovered();
  if (options.study_pictures && script.empty() && engine.idle()) {
    if (!study_pictures.has_begun()) {
      std::vector<std::string> files;
      for (const StartCard& study : start.studies) files.push_back(study.path);
      study_pictures.begin(std::move(files));
    }
    if (study_pictures.count() != start.pictures.size()) start.pictures = study_pictures.pictures();
  }
  const StartWish wish = draw_start_page(ui, body, start, *painter);
  if (!wish.open.empty()) open(wish.open);
  if (!wish.recover.empty()) open(wish.recover);
  if (!wish.dismiss.empty()) sessions.dismiss(wish.dismiss);
  if (wish.action) perform(*wish.action);
}

/// The dialogs, each above those before it.
void Shell::Parts::name_dialogs() {
  dialogs.add(tour, [this](Box window) { tour.draw(ui, window, {window.x, window.y, window.w, kTopBar}, workspace.panes()); });
  dialogs.add(open_dialog, [this](Box window) {
    carry_out(open_dialog.draw(ui, window, *snapshot));
    code_points.note(open_dialog.take_new_text());
  }, [this] { carry_out(open_dialog.escape()); });
  dialogs.add(trials_dialog, [this](Box window) { if (auto trials = trials_dialog.draw(ui, window, *snapshot)) send(std::move(*trials)); });
  dialogs.add(export_dialog, [this](Box window) { 
    if (auto figure = export_dialog.draw(ui, window, *snapshot)) {
      FigureOptions shown = shown_options(figure->kind, memory);
      shown.comparison = comparison().value_or(ComparisonQuery());
      if (shows_multiples(*snapshot, memory.compare)) shown.runs = multiples_query(*snapshot, memory.compare).runs;
      figure->look = look_of(shown);
      start_export(*figure);
    }
  });
  dialogs.add(sessions.dialog(), [this](Box window) { sessions.draw_dialog(ui, window); });
  dialogs.add(settings_page, [this](Box window) {
    Settings wanted = desk.settings();
    const auto asked_for = settings_page.draw(ui, window, wanted, desk.kept().file());
    use(wanted);
    if (asked_for) perform(*asked_for);
  });
  dialogs.add(help, [this](Box window) { if (const auto asked_for = help.draw(ui, window)) perform(*asked_for); });
  dialogs.add(palette, [this](Box window) { if (const auto deed = palette.draw(ui, window, *snapshot, workspace)) carry_out(*deed); });
}

void Shell::Parts::draw(Box window) {
  ui.begin(theme(), fonts, scale);
  ImGui::SetNextWindowPos({0, 0});
  ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
  ImGui::Begin("window", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBackground |
                   ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoScrollWithMouse);
  Box body = window;
  const auto asked_for = draw_top_bar(ui, body.cut_top(kTopBar), *snapshot, page(), [this](Command command) { send(std::move(command)); });
  slow_shown = is_slow();
  const std::vector<std::string> facts = page() == Page::compare ? compare_facts(*snapshot, *derived) : std::vector<std::string>();
  const bool cancelled = status.draw(ui, body.cut_bottom(kStatusBar), *snapshot, slow_shown, derived->alerts.get(), facts, options.shows_saved ? sessions.status_text() : "");
  if (snapshot->model) study_pictures.stop(), draw_panes(body);
  else draw_start(body);
  ImGui::End();
  dialogs.draw(window);
  ui.closes_popups = false;
  if (asked_for) perform(*asked_for);
  if (cancelled) cancel();
  if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) desk.note(workspace);
}

Shell::Shell(Engine& engine, const ShellOptions& options, std::function<void()> wake)
    : parts_(std::make_unique<Parts>(engine, options, std::move(wake))) {
  keep_freed_memory();
}
Shell::~Shell() = default;

void Shell::open(const std::string& path) { parts_->open(path); }
void Shell::open_beside(const std::string& a, const std::string& b) { parts_->open_beside(a, b); }
void Shell::show_open_dialog(const std::string& path) { parts_->open_dialog.open(path); }
void Shell::play(std::vector<Command> commands) {
  parts_->script.assign(commands.begin(), commands.end());
  parts_->awaits_model = false;
}

void Shell::frame(InputQueue& input, int width, int height, float content_scale) {
  Parts& parts = *parts_;
  parts.take_results();
  parts.adapt(content_scale);
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
  const auto now = Clock::now();
  io.DeltaTime = std::clamp(std::chrono::duration<float>(now - parts.last_frame).count(), 1e-4f, 1.0f);
  parts.last_frame = now;
  if (parts.open_dialog.has_news()) parts.frames_due = 3;  // ImGui knows the size of what is scrolled a frame later
  if (parts.frames_due > 0) --parts.frames_due;
  const auto events = parts.take_events(input);
  if (!events.empty()) parts.frames_due = 3;
  const auto presses = feed_imgui(events);
  parts.screen.begin();
  ImGui::NewFrame();
  for (const InputEvent& event : events)
    if (event.kind == InputEvent::Kind::drop) parts.take_drop(event.path);
  parts.follow_flip(events);
  for (const InputEvent& press : presses) {
    if (parts.dialogs.press(press, io.WantTextInput)) continue;
    const auto action = action_of(press, io.WantTextInput || parts.dialogs.take_keys());
    if (action && (!press.repeat || repeats(*action))) parts.perform(*action);
  }
  parts.go_on();
  parts.draw({0, 0, std::max(io.DisplaySize.x / parts.scale, kLeastWidth), std::max(io.DisplaySize.y / parts.scale, kLeastHeight)});
  ImGui::Render();
  parts.screen.draw(width, height, parts.theme().pane);
  parts.painter->end_frame();
}

bool Shell::needs_frame(const InputQueue& input) const {
  const Parts& parts = *parts_;
  return !input.empty() || parts.frames_due > 0 || parts.engine.latest() != parts.snapshot ||
         parts.analyst.latest() != parts.latest_derived || parts.is_slow() != parts.slow_shown || parts.controls.has_news(parts.memory) || parts.open_dialog.has_news() || parts.desk.kept().has_problem() ||
         (!parts.snapshot->model && parts.study_pictures.count() != parts.start.pictures.size()) ||
         parts.sessions.has_news() || (!parts.script.empty() && parts.engine.idle());
}

bool Shell::settled() const {
  const Parts& parts = *parts_;
  const bool done = parts.script.empty() && parts.engine.idle() && parts.analyst.idle() && parts.controls.idle() && !parts.controls.has_news(parts.memory) && !parts.export_job.busy() &&
                    parts.open_dialog.idle() && !parts.open_dialog.has_news() && parts.desk.kept().idle() && !parts.desk.kept().has_problem() && parts.study_pictures.idle() &&
                    (parts.snapshot->model || parts.study_pictures.count() == parts.start.pictures.size()) &&
                    parts.sessions.idle() && !parts.sessions.has_news();
  return done && parts.frames_due == 0 && parts.engine.latest() == parts.snapshot && parts.analyst.latest() == parts.latest_derived;
}

void Shell::rebuild_gl() {
  parts_->painter = make_painter();
  parts_->screen.rebuild();
  parts_->scale = 0;  // loads the fonts again, the painter's too
}

bool Shell::wants_to_close() const { return parts_->closing; }
double Shell::seconds_between_frames() const { return parts_->desk.settings().seconds_between_frames(); }

std::string Shell::title() const {
  const auto& model = parts_->snapshot->model;
  return model ? parts_->sessions.title_part() + model->name + " – State Lab" : "State Lab";
}

const std::map<std::string, Box>& Shell::items() const { return parts_->ui.items; }

std::optional<Box> Shell::item(const std::string& name) const {
  const auto found = items().find(name);
  if (found == items().end()) return {};
  return found->second;
}

}  // namespace lab
