#include "app/shell/shell.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "app/shell/actions.h"
#include "app/shell/gl_textures.h"
#include "app/shell/imgui_input.h"
#include "app/shell/look.h"
#include "app/shell/script.h"
#include "app/shell/shell_parts.h"
#include "app/shell/start_cards.h"
#include "app/shell/top_bar.h"
#include "model/base/memory.h"
#include "views/figures/curves.h"
#include "views/panels/compare.h"
#include "views/panels/kept.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/state_editor.h"
#include "views/panels/strip.h"

namespace lab {
namespace {

constexpr float kTopBar = 40, kStatusBar = 24;
constexpr float kLeastWidth = 800, kLeastHeight = 480;  // units that are laid out; a smaller window shows their upper left part
constexpr double kSlow = 0.4;  // seconds of deriving after which the status bar says so

}  // namespace

Shell::Parts::Parts(Engine& the_engine, const ShellOptions& the_options, const std::function<void()>& wake)
    : engine(the_engine), options(the_options), analyst(the_options.arithmetic, wake), controls(the_options.arithmetic, wake), desk(the_options.settings_file, wake),
      study_pictures(wake), sessions(the_engine, options.keeper, options.recent_file, options.start_folder, wake),
      open_dialog({options.start_folder, options.recent_file, options.preview}, wake) {
  take_results();
  ui.record_items = options.record_items;
  memory.show_attention = options.show_attention;
  memory.show_weight_error = options.show_weight_error;
  memory.compare.shows_all = options.show_multiples;
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

std::unique_ptr<ImGuiPainter> Shell::Parts::make_painter() { return std::make_unique<ImGuiPainter>(std::make_unique<GlTextures>()); }

bool Shell::Parts::is_slow() const { return !analyst.idle() && std::chrono::duration<double>(Clock::now() - asked_at).count() > kSlow; }

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
  std::ranges::move(engine.take_figures(), std::back_inserter(figures));
  start_export();
  if (const std::string problem = desk.kept().take_problem(); !problem.empty()) engine.note(true, problem);
  const bool idle = script.empty() && engine.idle() && engine.latest() == snapshot;
  const std::string saved = sessions.follow(snapshot, opened, opened != model_before, idle);
  if (!saved.empty() && desk.settings().remember_recent) open_dialog.remember(saved);
  if (opened != model_before) {
    first_of_model = snapshot->number, noted_tokens = 0;
    memory.kept.reset();
    for (const std::string& path : opened ? std::exchange(asked_paths, {}) : std::vector<std::string>())
      if (desk.settings().remember_recent) open_dialog.remember(path);
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
  for (const std::string& text : memory.lanes.texts) code_points.note(text);
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
  const bool is_opening = snapshot->state == EngineState::loading;
  if (is_opening && std::holds_alternative<command::ExportFigure>(command)) return engine.note(true, "A figure can be exported once the model is open.");
  engine.submit(std::move(command));
}

/// Writes the next figure that was asked for, one at a time.
void Shell::Parts::start_export() {
  if (figures.empty() || export_job.busy()) return;
  export_job.start([this, next = std::move(figures.front())] {
    const auto written = export_figure(next.snapshot, next.opened, next.figure, options.arithmetic);
    engine.note(!written, written ? "Wrote " + *written : written.error().text());
  });
  figures.pop_front();
}

bool Shell::Parts::open(const std::string& path, const std::string& located) {
  auto begun = sessions.open(path, located);
  if (const auto lacking = sessions.take_lacking()) open_dialog.locate(lacking->path, lacking->model);
  if (sessions.question().is_open()) open_dialog.close();
  if (begun) begin(std::move(*begun));
  return begun.has_value();
}

void Shell::Parts::begin(BegunOpening begun) {
  asked_paths = std::move(begun.remembered);
  script = std::move(begun.script);
  awaits_model = false;
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

/// A file that is dropped on Compare stands beside what is open, elsewhere in its place. Patches, rules and states are taken everywhere.
void Shell::Parts::take_drop(const std::string& path) {
  if (page() == Page::compare && snapshot->model && !is_for_run(path)) compare_with(path);
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
  else if (wish.session.empty()) open(wish.open);
  else open(wish.session, wish.open);
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
  ui.pane = "state-editor";
  draw_state_editor(ui, context);
  if (ImGui::GetIO().MouseDelta.x != 0 || ImGui::GetIO().MouseDelta.y != 0) keyboard_pane.clear();
  if (const auto focused = workspace.panes().find(keyboard_pane); focused != workspace.panes().end())
    ui.outline(focused->second.inset(2, 2), theme().accent, kRadius + 1, 2);
  carry_out(std::exchange(memory.row_wish, RowWish::none));
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
      send(std::move(*figure));
    }
  });
  dialogs.add(sessions.dialog(), [this](Box window) { sessions.draw_dialog(ui, window); });
  dialogs.add(sessions.question(), [this](Box window) { if (auto begun = sessions.draw_question(ui, window)) begin(std::move(*begun)); });
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
  const auto now = Parts::Clock::now();
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
         parts.sessions.has_news() || (!parts.figures.empty() && !parts.export_job.busy()) || (!parts.script.empty() && parts.engine.idle());
}

bool Shell::settled() const {
  const Parts& parts = *parts_;
  const bool done = parts.script.empty() && parts.engine.idle() && parts.analyst.idle() && parts.controls.idle() && !parts.controls.has_news(parts.memory) && !parts.export_job.busy() && parts.figures.empty() &&
                    parts.open_dialog.idle() && !parts.open_dialog.has_news() && parts.desk.kept().idle() && !parts.desk.kept().has_problem() && parts.study_pictures.idle() &&
                    (parts.snapshot->model || parts.study_pictures.count() == parts.start.pictures.size()) &&
                    parts.sessions.idle() && !parts.sessions.has_news();
  return done && parts.frames_due == 0 && parts.engine.latest() == parts.snapshot && parts.analyst.latest() == parts.latest_derived;
}

void Shell::rebuild_gl() {
  parts_->painter = Parts::make_painter();
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
