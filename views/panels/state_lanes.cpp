// Lanes: every run with its own tokens, how large its states were, and where it was reset.
#include <fmt/format.h>

#include <algorithm>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/lane_page.h"
#include "views/panels/norm_strip.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/run_look.h"

namespace lab {
namespace {

constexpr float kCard = 150, kLeastStrip = 120, kRight = 44;
constexpr float kAxis = 20, kLegend = 22, kGap = 8;
constexpr float kTokens = 15, kStrip = 26, kEvents = 13, kRow = kTokens + kStrip + kEvents;
constexpr float kLeastTokenWidth = 9;  // that is written into

/// Runs that have something to show: one that neither reads nor waits is left out, unless it is the active one.
std::vector<const RunFacts*> lanes_of(const Snapshot& snapshot) {
  std::vector<const RunFacts*> lanes;
  for (const RunFacts& run : snapshot.runs)
    if (run.tokens.count() > 0 || run.waiting > 0 || run.id == snapshot.active_run) lanes.push_back(&run);
  return lanes;
}

/// How many tokens a lane has read since it was last reset, and what it does: "12 since reset at 20", "3 wait".
std::string past_text(const RunFacts& run) {
  std::int64_t from = -1;
  for (const EditEvent& edit : *run.edits)
    if (edit.is_reset) from = edit.position;
  const std::int64_t count = run.tokens.count();
  return from < 0 ? fmt::format("{} token{}", count, count == 1 ? "" : "s") : fmt::format("{} since reset at {}", count - from, from);
}
std::string waiting_text(const RunFacts& run) { return run.waiting > 0 ? fmt::format("{} wait", run.waiting) : run.tokens.count() > 0 ? "finished" : "nothing to read"; }

void draw_card(Ui& ui, Box card, PaneContext& context, const RunFacts& run) {
  const Theme& theme = ui.theme();
  const bool is_active = run.id == context.snapshot.active_run;
  const Hit hit = ui.hit(fmt::format("lane {}", run.id).c_str(), card);
  ui.fill(card, is_active ? theme.selection : hit.hovered ? theme.hover : theme.raised, kRadius);
  ui.fill({card.x, card.y, 4, card.h}, run_color(theme, context.snapshot, run.id), 2);
  const std::string menu_id = fmt::format("menu of lane {}", run.id);
  Box text = card.inset(12, 4);
  Box title = text.cut_top(19);
  if (is_active) ui.text_in(title.cut_right(18), Face::control, theme.text, icon::kEye, Align::right);
  ui.text_in(title, Face::title, theme.text, run.name);
  const Color dim = is_active ? theme.dim_on_selection : theme.dim;
  ui.text_in(text.cut_top(13), Face::tick, dim, past_text(run));
  ui.text_in(text.cut_top(13), Face::tick, run.waiting > 0 || run.tokens.count() == 0 ? dim : theme.good, waiting_text(run));
  if (hit.hovered && !ImGui::IsPopupOpen(menu_id.c_str())) ui.tooltip(fmt::format("{}\t{}\n{}\t", run.name, past_text(run), waiting_text(run)));
  if (hit.clicked && !is_active) context.send(command::SwitchRun{run.id});
  if (hit.right_clicked) ImGui::OpenPopup(menu_id.c_str());
  draw_run_menu(ui, menu_id.c_str(), context, run);
}

/// The text of a lane, where there is room for every token.
void draw_pieces(Ui& ui, Box row, const PaneContext& context, const RunFacts& run, const StripAxis& axis) {
  const float width = axis.axis.w / static_cast<float>(axis.tokens);
  if (width < kLeastTokenWidth) return;
  const std::int64_t cursor = run.id == context.snapshot.active_run ? context.snapshot.selection.cursor_a : -1;
  for (std::int64_t t = 0; t < run.tokens.count(); ++t)
    ui.text_in({axis.at(static_cast<double>(t)), row.y, width, row.h}, Face::mono, t == cursor ? ui.theme().text : ui.theme().dim, context.snapshot.model->piece(run.tokens[t][0]), Align::center);
}

/// What a lane went through between its tokens: triangles where it was set back, diamonds for other edits.
void draw_events(Ui& ui, Box row, Box strip, const RunFacts& run, const StripAxis& axis) {
  const Theme& theme = ui.theme();
  for (std::size_t i = 0; i < run.edits->size(); ++i) {
    const EditEvent& edit = (*run.edits)[i];
    if (edit.trials || edit.interventions) continue;
    const float x = axis.at(static_cast<double>(edit.position)), cx = ui.px(x), cy = ui.px(row.middle_y()), r = 4 * ui.scale();
    if (edit.is_reset) {
      ui.line_down(x, strip.y, row.y, theme.text);
      ui.list()->AddTriangleFilled({cx - r, cy - r * 0.8f}, {cx + r, cy - r * 0.8f}, {cx, cy + r}, theme.text);
    } else {
      ui.list()->AddQuadFilled({cx, cy - r}, {cx + r, cy}, {cx, cy + r}, {cx - r, cy}, theme.warning);
    }
    const std::string& name = edit.brief.empty() ? edit.label : edit.brief;
    const float next = i + 1 < run.edits->size() ? axis.at(static_cast<double>((*run.edits)[i + 1].position)) - 8 : axis.axis.right() + kRight;
    if (x + 10 + ui.width(Face::tick, name) < next) ui.text_in({x + 9, row.y, next - x - 9, row.h}, Face::tick, theme.dim, name);
    if (ui.hit(fmt::format("event {} {}", run.id, i).c_str(), {x - 6, row.y, 12, row.h}).hovered) ui.tooltip(fmt::format("{}\tbefore token {}", edit.label, edit.position));
  }
}

/// A click on a token of a lane goes there.
void react_to_lane(Ui& ui, Box box, PaneContext& context, const RunFacts& run, const StripAxis& axis) {
  const Snapshot& snapshot = context.snapshot;
  const Hit hit = ui.hit(fmt::format("strip {}", run.id).c_str(), box);
  const std::int64_t token = axis.token(hit.x), layers = std::ssize(snapshot.model->layers);
  if ((!hit.hovered && !hit.clicked) || token < 0 || token >= run.tokens.count()) return;
  const auto layer = std::clamp<std::int64_t>(static_cast<std::int64_t>((hit.y - box.y) / box.h * static_cast<float>(layers)), 0, layers - 1);
  const float norm = run.trace->statistic(static_cast<int>(layer), Statistic::h_norm, token).mean;
  const std::string tip = fmt::format("{}\tlayer {}\ntoken {}\t{}\n‖h‖₂\t{}", run.name, layer, token, snapshot.model->piece(run.tokens[token][0]), number_text(static_cast<double>(norm), 5));
  note_hover(ui, context, tip, token);
  ui.tooltip(tip);
  if (!hit.clicked) return;
  if (run.id != snapshot.active_run) context.send(command::SwitchRun{run.id});
  context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
  context.send(command::Select{layer, -1, -1});
}

void draw_lane(Ui& ui, Box row, PaneContext& context, const RunFacts& run, const StripAxis& axis) {
  const Theme& theme = ui.theme();
  draw_pieces(ui, row.cut_top(kTokens), context, run, axis);
  const Box strip = row.cut_top(kStrip);
  const float read = axis.at(static_cast<double>(run.tokens.count())), end = axis.at(static_cast<double>(run.tokens.count() + run.waiting));
  const Box there{axis.axis.x, strip.y + 1, read - axis.axis.x, strip.h - 2};
  if (there.w > 0) draw_norm_strip(ui, there, context, run);
  if (end > read) ui.outline({read, there.y, end - read, there.h}, theme.faint);
  if (run.id == context.snapshot.active_run) {
    ui.outline(Box{axis.axis.x, there.y, std::max(2.0f, end - axis.axis.x), there.h}.inset(-1), theme.accent);
    if (const std::int64_t cursor = context.snapshot.selection.cursor_a; cursor >= 0) ui.line_down(axis.at(static_cast<double>(cursor) + 0.5), there.y, there.bottom(), rgb(0xFFFFFF));
  }
  if (there.w > 0) react_to_lane(ui, there, context, run, axis);
  draw_events(ui, row, strip, run, axis);
}

void draw_rows(Ui& ui, Box box, PaneContext& context) {
  const std::vector<const RunFacts*> lanes = lanes_of(context.snapshot);
  box = box.inset(12, 0);
  const bool has_strips = box.w >= kCard + kLeastStrip + kRight + 12;
  const float card = has_strips ? kCard : box.w;
  std::int64_t tokens = 1;
  for (const RunFacts* lane : lanes) tokens = std::max(tokens, lane->tokens.count() + lane->waiting);
  const StripAxis axis{{box.x + card + 12, box.y, box.w - card - 12 - kRight, kAxis}, static_cast<double>(tokens)};
  if (has_strips) draw_strip_axis(ui, axis);
  box.cut_top(has_strips ? kAxis : 4);
  Box legend = has_strips && box.h >= 2 * kRow ? box.cut_bottom(kLegend) : Box{};
  const auto room = std::max<std::int64_t>(1, static_cast<std::int64_t>((box.h + kGap) / (kRow + kGap)));
  std::int64_t& first = kept_of(context).first_lane;
  const ImGuiIO& io = ImGui::GetIO();
  if (io.MouseWheel != 0 && box.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale()) && ImGui::IsWindowHovered()) first -= io.MouseWheel > 0 ? 1 : -1;
  first = std::clamp<std::int64_t>(first, 0, std::max<std::int64_t>(0, std::ssize(lanes) - room));
  const std::int64_t last = std::min(std::ssize(lanes), first + room);
  for (std::int64_t i = first; i < last; ++i) {
    Box row = box.cut_top(std::min(kRow, box.h));
    box.cut_top(kGap);
    draw_card(ui, row.cut_left(card), context, *lanes[static_cast<std::size_t>(i)]);
    if (has_strips && row.h >= kRow) draw_lane(ui, row, context, *lanes[static_cast<std::size_t>(i)], axis);
  }
  if (legend.h == 0) return;
  draw_ramp(ui, legend, "norm / layer mean", norm_scale(), "0.5", "1.7");
  if (const std::int64_t hidden = std::ssize(lanes) - (last - first); hidden > 0) ui.text_in(legend, Face::control, ui.theme().dim, fmt::format("{} more: wheel", hidden), Align::right);
}

void draw_buttons(Ui& ui, PaneHeader& header, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const bool can_act = snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
  const std::vector<std::int64_t> finished = finished_lanes(snapshot);
  const bool waits = any_lane_waits(snapshot);
  if (button(ui, (std::string(icon::kPlus) + "  Lanes##open").c_str(), header.control(72), {.enabled = can_act, .tip = "A run for each of some texts, beside those that there are\tK"})) context.memory.lanes.is_open = true;
  if (const Box keeps = header.control(44); keeps.w > 0) number_field(ui, "keeps", keeps, context.memory.lane_keeps, 0, 1, "%.3g");
  if (button(ui, "Reset finished##reset", header.control(100), {.enabled = can_act && !finished.empty(), .tip = "Those that have read all, and no others, keep so much of their past: 0 is nothing\tShift+U"}))
    context.send(command::ResetLanes{finished, context.memory.lane_keeps});
  if (button(ui, "Read all##read", header.control(68), {.enabled = can_act && waits, .tip = "Every lane reads what waits in it\tCtrl+U"})) context.send(command::StepLanes{0});
  if (button(ui, (std::string(icon::kStep) + "##step").c_str(), header.control(28), {.enabled = can_act && waits, .tip = "Every lane in which tokens wait reads one\tU"})) context.send(command::StepLanes{1});
}

/// Where each lane stands, tab-separated. The norm is that of the selected layer after its last token.
std::string values_of(const Snapshot& snapshot) {
  std::string text = fmt::format("lane\ttokens\twaiting\tnorm of layer {}\treset before tokens\n", snapshot.selection.layer);
  for (const RunFacts* lane : lanes_of(snapshot)) {
    const std::int64_t count = lane->tokens.count();
    const std::string norm = count == 0 ? "" : csv_text(lane->trace->statistic(static_cast<int>(snapshot.selection.layer), Statistic::h_norm, count - 1).mean);
    std::string resets;
    for (const EditEvent& edit : *lane->edits)
      if (edit.is_reset) resets += (resets.empty() ? "" : " ") + std::to_string(edit.position);
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", lane->name, count, lane->waiting, norm, resets);
  }
  return text;
}

}  // namespace

void draw_state_lanes(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  const Snapshot& snapshot = context.snapshot;
  PaneHeader header(ui, box, "Lanes");
  if (!snapshot.model || snapshot.runs.empty()) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  draw_buttons(ui, header, context);
  const std::size_t lanes = lanes_of(snapshot).size(), finished = finished_lanes(snapshot).size();
  header.subtitle(lanes < 2 ? "one run" : fmt::format("{} lanes, {} finished", lanes, finished));
  if (lanes < 2) empty_note(ui, box, "There is one run.", "K opens lanes: runs that read side by side, each its own text.");
  else draw_rows(ui, box, context);
  pane_menu(ui, pane, context, {.kind = "norms", .values = values_of(snapshot)});
}

}  // namespace lab
