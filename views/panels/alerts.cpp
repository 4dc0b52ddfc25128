// Alerts by layer over the tokens: a row a layer, a click goes to an alert.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/alerts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kLeft = 88, kRight = 24, kNumber = 40;  // kNumber: right edge of layer numbers
constexpr float kRow = 18, kMostRow = 40, kAxis = 21, kReach = 7;

/// The rows that are in view, and how high each is.
struct Lanes {
  std::vector<int> layers;
  std::int64_t first = 0, shown = 0;
  float height = kRow;
};

Lanes lanes_in(Box body, PaneContext& context, const AlertLog& log) {
  Lanes rows{.layers = alert_rows(log, static_cast<int>(context.snapshot.model->layers.size()))};
  const auto all = std::ssize(rows.layers);
  const float room = std::max(kRow, body.h - kAxis);
  rows.height = std::clamp(std::floor(room / static_cast<float>(all)), kRow, kMostRow);
  rows.shown = std::clamp<std::int64_t>(static_cast<std::int64_t>(room / rows.height), 1, all);
  KeptMonitor& kept = kept_of(context).monitor;
  const std::int64_t layer = context.snapshot.selection.layer, row = layer + (rows.layers.front() < 0 ? 1 : 0);
  if (kept.followed_layer != layer) {
    kept.followed_layer = layer;
    if (row < kept.first_row || row >= kept.first_row + rows.shown) kept.first_row = row - rows.shown / 2;
  }
  kept.first_row = std::clamp<std::int64_t>(kept.first_row, 0, all - rows.shown);
  rows.first = kept.first_row;
  return rows;
}

float top_of(const Lanes& rows, Box frame, std::int64_t row) {
  return std::round(frame.y + static_cast<float>(row - rows.first) * frame.h / static_cast<float>(rows.shown));
}

/// Colours and names of the rules that found something, from the right edge inwards; a click puts one in focus.
void draw_legend(Ui& ui, PaneHeader& header, PaneContext& context, const AlertLog& log) {
  const auto counts = alert_counts(log);
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (counts[i] == 0) continue;
    const Rule& rule = (*log.rules)[i];
    const std::string title = rule_title(rule);
    Box box = header.control(ui.width(Face::control, title) + 26);
    if (box.w <= 0) return;
    const Hit hit = ui.hit(fmt::format("legend {}", i).c_str(), box);
    box.cut_left(4);
    ui.fill(box.cut_left(4).row(10), rule_color(ui, rule));
    box.cut_left(8);
    ui.text_in(box, Face::control, hit.hovered ? ui.theme().text : ui.theme().dim, title);
    if (hit.hovered) ui.tooltip(fmt::format("{}\t{} alerts\nclick\tits numbers shade the rows", title, counts[i]));
    if (hit.clicked) context.memory.rule_in_focus = static_cast<int>(i);
  }
}

void draw_gutter(Ui& ui, Box body, Box frame, PaneContext& context, const Lanes& rows) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const std::int64_t cursor = snapshot.selection.cursor_a;
  for (std::int64_t i = rows.first; i < rows.first + rows.shown; ++i) {
    const int layer = rows.layers[static_cast<std::size_t>(i)];
    const float top = top_of(rows, frame, i), bottom = top_of(rows, frame, i + 1);
    const Box row{body.x, top, frame.x - body.x - 10, bottom - top};
    const Hit hit = ui.hit(fmt::format("layer {}", layer).c_str(), row);
    if (layer == snapshot.selection.layer) {
      ui.fill({body.x, top, frame.x - body.x, row.h}, theme.selection);
      ui.fill({frame.right(), top, body.right() - 1 - frame.right(), row.h}, theme.selection);
    } else if (hit.hovered) {
      ui.fill(row, theme.raised);
    }
    if (hit.clicked && layer >= 0) context.send(command::Select{layer, -1, -1});
    if (layer < 0) {
      ui.text_in({row.x + 12, row.y, row.w - 12, row.h}, Face::control, theme.dim, "model");
      continue;
    }
    ui.text_in({row.x, row.y, kNumber, row.h}, Face::mono, theme.text, std::to_string(layer), Align::right);
    if (!snapshot.trace || cursor < 0 || cursor >= snapshot.trace->count()) continue;
    const float norm = snapshot.trace->statistic(layer, Statistic::h_norm, cursor).mean;
    const bool is_finite = std::isfinite(norm);
    const Color quiet = layer == snapshot.selection.layer ? theme.dim_on_selection : theme.dim;
    ui.text_in({row.x + kNumber, row.y, row.w - kNumber, row.h}, Face::dense, is_finite ? quiet : theme.nan,
               is_finite ? norm < 1000 ? fmt::format("{:.1f}", norm) : number_text(norm, 3) : "NaN", Align::right);
  }
  const Box heads{body.x, frame.bottom(), frame.x - body.x - 10, kAxis};
  ui.text_in({heads.x, heads.y, kNumber, heads.h}, Face::tick, theme.dim, "layer", Align::right);
  ui.text_in(heads, Face::tick, theme.dim, "‖h‖₂", Align::right);
}

/// The alert nearest to a place, within reach of the mouse.
const Alert* alert_near(const AlertLog& log, int layer, double token, double reach) {
  const Alert* best = nullptr;
  auto at = std::lower_bound(log.alerts.begin(), log.alerts.end(), token - reach,
                             [](const Alert& alert, double t) { return static_cast<double>(alert.finding.token) < t; });
  for (; at != log.alerts.end() && static_cast<double>(at->finding.token) <= token + reach; ++at)
    if (at->finding.layer == layer && (!best || std::abs(static_cast<double>(at->finding.token) - token) < std::abs(static_cast<double>(best->finding.token) - token)))
      best = &*at;
  return best;
}

/// The alert all panes are about, in a white box; the row of its layer in one of the accent.
void draw_focus(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const Lanes& rows) {
  const Theme& theme = ui.theme();
  const auto row_of = [&](std::int64_t layer) { return layer + (rows.layers.front() < 0 ? 1 : 0); };
  const auto box_of = [&](std::int64_t row) {
    const float top = top_of(rows, frame, row);
    return Box{frame.x, top, frame.w, top_of(rows, frame, row + 1) - top};
  };
  const std::int64_t selected = row_of(context.snapshot.selection.layer);
  if (selected >= rows.first && selected < rows.first + rows.shown) ui.outline(box_of(selected), theme.accent);
  const Alert* alert = alert_in_focus(context);
  if (!alert) return;
  const std::int64_t row = row_of(alert->finding.layer);
  const float x = frame.x + static_cast<float>(area.place_of_x(static_cast<double>(alert->finding.token)) - area.frame.x);
  if (row < rows.first || row >= rows.first + rows.shown || x < frame.x || x > frame.right()) return;
  const Box lane = box_of(row);
  ui.outline({std::round(x) - 4, lane.y + 1, 9, lane.h - 2}, theme.cursor, 3, 2);
}

void draw_scrollbar(Ui& ui, Box frame, const Lanes& rows) {
  const auto all = static_cast<float>(rows.layers.size());
  if (rows.shown >= std::ssize(rows.layers)) return;
  const Box track{frame.right() + 8, frame.y, 5, frame.h};
  ui.fill({track.x, track.y + track.h * static_cast<float>(rows.first) / all, track.w, track.h * static_cast<float>(rows.shown) / all}, ui.theme().hover, 2);
}

void handle_mouse(Ui& ui, Box page, Box frame, const KeptFigure& figure, PaneContext& context, const AlertLog& log, const Lanes& rows,
                  const FigureOptions& options) {
  PaneMemory::Kept& kept = kept_of(context);
  const PlotArea& area = figure.page.areas[0];
  const ImGuiIO& io = ImGui::GetIO();
  const Box gutter{page.x, frame.y, frame.x - page.x, frame.h};
  if (io.MouseWheel != 0 && gutter.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale()) && ImGui::IsWindowHovered())
    kept.monitor.first_row -= static_cast<std::int64_t>(std::copysign(std::ceil(std::abs(io.MouseWheel)), io.MouseWheel));
  const Hit hit = handle_time_axis(ui, frame, area, context, "lanes");
  kept.time = {};  // the lanes below have an axis of their own: this one begins too far left for them
  if (!hit.hovered) return;
  const double token = area.x_from(hit.x - page.x), y = area.y_from(hit.y - page.y);
  const auto row = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(y + 0.5)), rows.first, rows.first + rows.shown - 1);
  const int layer = rows.layers[static_cast<std::size_t>(row)];
  const double reach = kReach * (area.x.high - area.x.low) / static_cast<double>(frame.w);
  const Alert* near = alert_near(log, layer, token, std::max(0.5, reach));
  if (hit.clicked && !io.KeyAlt) {
    if (near) go_to(context, *near);
    else if (layer >= 0) context.send(command::Select{layer, -1, -1});
  }
  ui.line_down(hit.x, frame.y, frame.bottom(), faded(ui.theme().cursor, 0.4f));
  const std::string tip = value_at("alerts", context.snapshot, context.derived, options, 0, near ? static_cast<double>(near->finding.token) : token,
                                   static_cast<double>(row));
  note_hover(ui, context, tip);
  if (!tip.empty()) ui.tooltip(tip);
}

}  // namespace

void draw_alerts(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Alerts by layer");
  const AlertLog* log = alerts_or_note(ui, box, context, "Rules watch every token: type a prompt below, or step the model.");
  if (!log) return;
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("alerts");
  const int focus = rule_in_focus(*log, context.snapshot.selection, context.memory.rule_in_focus);
  if (focus >= 0 && box.w > 700) {
    const std::string shade = "row shade: " + rule_title((*log->rules)[static_cast<std::size_t>(focus)]);
    if (const Box place = header.control(ui.width(Face::control, shade) + 16); place.w > 0) ui.text_in(place, Face::control, ui.theme().dim, shade);
  }
  draw_legend(ui, header, context, *log);
  std::string found = log->alerts.empty() ? "none so far" : fmt::format("{} {}", log->alerts.size(), log->alerts.size() == 1 ? "mark" : "marks");
  if (log->seen < context.snapshot.count()) found += fmt::format(", looked at up to t = {}", log->seen - 1);
  header.subtitle(found);

  const Lanes rows = lanes_in(box, context, *log);
  const Box page{box.x, box.y, box.w, static_cast<float>(rows.shown) * rows.height + kAxis};
  FigureRequest request{.slot = "alerts", .kind = "alerts", .left = kLeft, .right = kRight};
  request.options.cursors = false;
  request.options.rule = focus;
  request.options.first_row = rows.first, request.options.rows = rows.shown;
  request.adjust = [](Figure& figure) {
    for (Plot& plot : figure.plots) plot.x.label.clear(), plot.y.label.clear(), plot.y.ticks = false;
  };
  const KeptFigure& figure = kept_figure(ui, page, context, request);
  if (!figure.is_there) {
    draw_figure(ui, page, context, figure);
    return;
  }
  const Box frame = frame_of(figure, page);
  draw_gutter(ui, page, frame, context, rows);
  draw_figure(ui, page, context, figure);
  draw_focus(ui, frame, figure.page.areas[0], context, rows);
  draw_time_cursors(ui, frame, figure.page.areas[0], context.snapshot, false);
  draw_scrollbar(ui, frame, rows);
  handle_mouse(ui, page, frame, figure, context, *log, rows, request.options);
}

}  // namespace lab
