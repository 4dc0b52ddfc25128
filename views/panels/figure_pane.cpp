#include "views/panels/figure_pane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/ranges.h"

namespace lab {
namespace {

constexpr double kFewestTokens = 8;  // that zooming in leaves
constexpr float kWideColumn = 40;    // units from which on a cursor stands around its column

template <class T>
const void* address(const std::shared_ptr<const T>& part) {
  return part.get();
}

/// A slab by its content: columns are written once and never moved, and the kept figure holds them.
std::string slab_key(const StateSlab& slab) {
  const std::int64_t count = slab.columns.count();
  const auto at = [&](std::int64_t i) {
    return static_cast<const void*>(count > 0 ? slab.columns[i].data() : nullptr);
  };
  return fmt::format(" | slab {} {} {} {} {} {} {} {} {} {} {}", slab.layer, slab.state, slab.axis, slab.start, slab.first, slab.stride, count, at(0),
                     at(count - 1), slab.by_similarity.empty(), slab.nonfinite);
}

/// What was found, by content: the analyst hands the same findings over again and again.
std::string alerts_key(const PaneContext& context, const FigureOptions& options) {
  const AlertLog* log = context.derived.alerts.get();
  if (!log) return " | no alerts yet";
  return fmt::format(" | alerts {} {} {} {} {} | {} {} {}", static_cast<const void*>(log->rules.get()), log->first, log->seen, log->alerts.size(),
                     context.snapshot.trace ? context.snapshot.trace->revision() : 0, options.rule, options.first_row, options.rows);
}

std::string key_of(const Ui& ui, Box box, const PaneContext& context, const FigureRequest& request) {
  const Snapshot& s = context.snapshot;
  const Derived& d = context.derived;
  const FigureOptions& o = request.options;
  const Query& needs = find_figure(request.kind)->needs;
  std::string key =
      fmt::format("{} {} {} {} {} | {} {} {} {} {} {} {} {} {} {} {}", request.kind, box.w, box.h, ui.scale(),
                  ui.theme().name, static_cast<int>(o.map), static_cast<int>(o.scaling), o.locked, o.low, o.high,
                  static_cast<int>(o.order), o.yaw, o.pitch, o.all_layers, o.cursors, o.tokens_label);
  key += fmt::format(" | {} {} {} {} {} {} {} {} {} {}", o.z_score, o.rows_axis, o.fixed_axis, o.first_row, o.rows, o.first_column, o.columns, o.zoom, o.center_x, o.center_y);
  key += fmt::format(" | {} {} {} {} {} {}", static_cast<const void*>(s.model.get()), s.count(), s.selection.layer,
                     s.selection.first, s.selection.last, d.refusal);
  if (o.cursors) key += fmt::format(" | {} {}", s.selection.cursor_a, s.selection.cursor_b);
  if (needs.slab && d.slab) key += slab_key(*d.slab);
  if (o.fixed_axis >= 0 || o.rows_axis >= 0 || needs.channel) key += fmt::format(" | {} {}", s.selection.channel, s.selection.state);
  if (needs.channel) key += fmt::format(" | {}", address(d.channel));
  if (needs.expected) key += fmt::format(" | {}", address(d.expected));
  if (needs.frame) key += fmt::format(" | {}", address(d.frame));
  if (needs.attention) key += fmt::format(" | {}", address(d.attention));
  if (needs.next) key += fmt::format(" | {}", address(d.next));
  if (needs.lens) key += fmt::format(" | {}", address(d.lens));
  if (needs.weights) key += fmt::format(" | {} {} {} {}", address(d.weights), s.selection.tensor, s.selection.against, o.log_counts);
  if (needs.content != StatePart::none) key += fmt::format(" | {} {}", address(d.content), static_cast<int>(o.part));
  if (needs.reach) key += fmt::format(" | {}", address(d.reach));
  if (needs.half_lives) key += fmt::format(" | {}", address(d.half_lives));
  if (needs.hidden) key += fmt::format(" | {} {}", address(d.hidden), s.selection.channel);
  if (needs.trajectory) key += fmt::format(" | {}", address(d.trajectory));
  if (needs.alerts) key += alerts_key(context, o);
  if (needs.discretisation) key += fmt::format(" | {}", address(d.discretisation));
  if (needs == Query{} && s.trace) key += fmt::format(" | trace {} {}", s.trace->revision(), s.trace->count());
  return key;
}

}  // namespace

PlotStyle plot_style(const Theme& theme) {
  PlotStyle style = screen_style(theme.dark);
  style.background = theme.pane, style.frame = theme.axis, style.grid = theme.grid;
  style.run_a = theme.accent, style.run_b = theme.run_b, style.run_d = theme.good;
  style.text = theme.text, style.dim = theme.dim, style.faint = theme.faint, style.cursor = theme.cursor;
  style.warning = theme.warning, style.good = theme.good, style.bad = theme.bad;
  style.adds = theme.adds, style.cancels = theme.cancels;
  if (theme.has_edges) style.sequential_from = 0.35;  // black takes more of the dark end
  return style;
}

const KeptFigure& kept_figure(Ui& ui, Box box, PaneContext& context, const FigureRequest& request) {
  KeptFigure& kept = kept_of(context).figures[request.slot];
  std::string key = key_of(ui, box, context, request);
  if (kept.key == key) return kept;
  kept = {.key = std::move(key), .sources = context.derived};
  kept.subtitle = subtitle_of(request.kind, context.snapshot, context.derived);
  auto made = find_figure(request.kind)->make(context.snapshot, context.derived, request.options);
  kept.is_there = static_cast<bool>(made);
  if (!made) {
    kept.refusal = made.error();
    return kept;
  }
  kept.figure = made.take();
  if (request.adjust) request.adjust(kept.figure);
  PlotStyle style = plot_style(ui.theme());
  style.pixels_per_point = ui.scale();
  style.left = request.left, style.right = request.right;
  kept.page = lay_out(kept.figure, box.w, box.h, style, context.painter);
  return kept;
}

bool draw_figure(Ui& ui, Box box, PaneContext& context, const KeptFigure& figure) {
  if (!figure.is_there) {
    empty_note(ui, box, figure.refusal.message, figure.refusal.next);
    return false;
  }
  context.painter.paint(figure.page.list, ui.list(), ui.px(box.x), ui.px(box.y));
  return true;
}

Box frame_of(const KeptFigure& figure, Box box, std::size_t plot) {
  const RectF& frame = figure.page.areas[plot].frame;
  return {box.x + static_cast<float>(frame.x), box.y + static_cast<float>(frame.y), static_cast<float>(frame.w),
          static_cast<float>(frame.h)};
}

bool icon_button(Ui& ui, Box box, const char* symbol, const char* id, std::string_view tip, bool selected,
                 bool enabled) {
  return button(ui, (std::string(symbol) + "##" + id).c_str(), box,
                {.selected = selected, .enabled = enabled, .tip = tip});
}

void choose_colors(Ui& ui, PaneHeader& header, FigureOptions& options) {
  int scaling = static_cast<int>(options.scaling), map = static_cast<int>(options.map);
  if (combo(ui, "scaling", header.control(84), kScalingNames, scaling)) options.scaling = static_cast<Scaling>(scaling);
  if (combo(ui, "map", header.control(84), kMapNames, map)) options.map = static_cast<ColorMap>(map);
}

void draw_time_cursors(Ui& ui, Box frame, const PlotArea& area, const Snapshot& snapshot, bool on_heatmap) {
  const Color color = on_heatmap ? rgb(0x000000) : ui.theme().cursor;
  const auto place = [&](double token) { return frame.x + static_cast<float>(area.place_of_x(token) - area.frame.x); };
  const bool beside = on_heatmap && place(1) - place(0) >= kWideColumn;  // numbers stand in the middle
  const auto line = [&](std::int64_t token, bool dashed) {
    const auto at = static_cast<double>(token);
    if (token < 0 || place(at) < frame.x || place(at) >= frame.right()) return;
    if (!beside) return ui.line_down(place(at), frame.y, frame.bottom(), color, dashed);
    ui.line_down(place(at - 0.5), frame.y, frame.bottom(), color, dashed);
    ui.line_down(place(at + 0.5) - 1, frame.y, frame.bottom(), color, dashed);
  };
  line(snapshot.selection.cursor_b, true);
  line(snapshot.selection.cursor_a, false);
}

namespace {

constexpr std::int64_t kFewestRows = 4;  // that zooming in leaves
constexpr float kDragged = 6;            // units from which on a press is a drag

/// A part of an axis after a zoom around a place, or moved: whole, within [0, all), at least `fewest` wide.
ViewPart part_of(double first, double width, std::int64_t all, std::int64_t fewest) {
  const auto count = static_cast<double>(all);
  width = std::clamp(std::round(width), std::min(static_cast<double>(fewest), count), count);
  first = std::clamp(std::round(first), 0.0, count - width);
  return {static_cast<std::int64_t>(first), width >= count ? 0 : static_cast<std::int64_t>(width)};
}

void show_tokens(PaneContext& context, double first, double width) {
  const ViewPart part = part_of(first, width, context.snapshot.count(), static_cast<std::int64_t>(kFewestTokens));
  context.send(command::ShowRange{part.count == 0 ? 0 : part.first, part.count == 0 ? 0 : part.first + part.count});
}

}  // namespace

std::optional<Box> dragged_box(Ui& ui, const Hit& hit, Box frame, PaneContext& context) {
  PaneMemory::Kept& kept = kept_of(context);
  if (hit.right_clicked) kept.right_pane = ui.pane, kept.right_x = hit.x, kept.right_y = hit.y;
  if (kept.right_pane != ui.pane || !is_right_drag(ui, kept)) return {};
  const float x0 = std::clamp(kept.right_x, frame.x, frame.right()), x1 = std::clamp(hit.x, frame.x, frame.right());
  const float y0 = std::clamp(kept.right_y, frame.y, frame.bottom()), y1 = std::clamp(hit.y, frame.y, frame.bottom());
  const Box box{std::min(x0, x1), std::min(y0, y1), std::abs(x1 - x0), std::abs(y1 - y0)};
  if (ImGui::IsMouseReleased(ImGuiMouseButton_Right)) return box;
  ui.fill(box, faded(ui.theme().accent, 0.18f));
  ui.outline(box, ui.theme().accent);
  return {};
}

bool is_right_drag(const Ui& ui, const PaneMemory::Kept& kept) {
  const ImGuiIO& io = ImGui::GetIO();
  const bool is_going_on = ImGui::IsMouseDown(ImGuiMouseButton_Right) || ImGui::IsMouseReleased(ImGuiMouseButton_Right);
  return is_going_on && std::hypot(io.MousePos.x / ui.scale() - kept.right_x, io.MousePos.y / ui.scale() - kept.right_y) > kDragged;
}

Hit handle_axes(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const char* id, AxisView x, AxisView y) {
  PaneMemory::Kept& kept = kept_of(context);
  Hit hit = ui.hit(id, frame);
  const ImGuiIO& io = ImGui::GetIO();
  const auto from = [](const Axis& axis) { return std::min(axis.low, axis.high); };
  const auto width = [](const Axis& axis) { return std::abs(axis.high - axis.low); };
  const auto at_x = [&](float place) { return area.x_from(place - frame.x + area.frame.x); };
  const auto at_y = [&](float place) { return area.y_from(place - frame.y + area.frame.y); };
  const auto zoom = [&](const AxisView& view, const Axis& axis, double at, double factor) {
    if (view.show) view.show(at - (at - from(axis)) * factor - view.origin, width(axis) * factor);
  };
  if (hit.pressed) kept.pan = kept.pan_rows = 0, kept.has_panned = false;
  const bool is_other_drag = kept.drag.pane == ui.pane || kept.box_drag.pane == ui.pane || (hit.pressed && io.KeyShift);
  if (hit.held && !is_other_drag) {
    const double across = width(area.x) / static_cast<double>(std::max(1.0f, frame.w)), down = width(area.y) / static_cast<double>(std::max(1.0f, frame.h));
    kept.pan -= static_cast<double>(hit.dragged_x) * across;
    kept.pan_rows += static_cast<double>(io.MouseDelta.y / ui.scale()) * (area.y.high < area.y.low ? -down : down);
    const auto pan = [&](const AxisView& view, const Axis& axis, double& dragged, double unit) {
      if (!view.show || width(axis) >= static_cast<double>(view.all) || std::abs(dragged) < 1 || !(kept.has_panned || std::abs(dragged) > 4 * unit)) return;
      view.show(from(axis) + std::trunc(dragged) - view.origin, width(axis));
      dragged -= std::trunc(dragged);
      kept.has_panned = true;
    };
    pan(x, area.x, kept.pan, across);
    pan(y, area.y, kept.pan_rows, down);
  }
  if (hit.hovered && hit.wheel != 0) {
    const double factor = std::pow(1.25, -static_cast<double>(hit.wheel));
    if (!io.KeyCtrl || !y.show) zoom(x, area.x, at_x(hit.x), factor);
    if (!io.KeyShift || !x.show) zoom(y, area.y, at_y(hit.y), factor);
  }
  if (const auto box = dragged_box(ui, hit, frame, context)) {
    const auto show = [](const AxisView& view, double a, double b) {
      if (view.show && a != b) view.show(std::floor(std::min(a, b) - view.origin), std::ceil(std::max(a, b) - view.origin) - std::floor(std::min(a, b) - view.origin));
    };
    show(x, at_x(box->x), at_x(box->right()));
    show(y, at_y(box->y), at_y(box->bottom()));
  }
  const bool fits = hit.double_clicked || (context.memory.wish == PaneWish::fit && context.memory.wish_pane == ui.pane);
  for (const AxisView* view : {&x, &y})
    if (fits && view->show) view->show(0, static_cast<double>(view->all));
  hit.clicked = hit.clicked && !kept.has_panned;
  return hit;
}

AxisView rows_view(FigureOptions& options, std::int64_t all) {
  return {.all = all, .origin = 0, .show = [&options, all](double first, double width) {
            const ViewPart part = part_of(first, width, all, kFewestRows);
            options.first_row = part.first, options.rows = part.count;
          }};
}

AxisView columns_view(FigureOptions& options, std::int64_t all) {
  return {.all = all, .origin = -0.5, .show = [&options, all](double first, double width) {
            const ViewPart part = part_of(first, width, all, kFewestRows);
            options.first_column = part.first, options.columns = part.count;
          }};
}

Hit handle_time_axis(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const char* id, AxisView rows) {
  PaneMemory::Kept& kept = kept_of(context);
  const Snapshot& snapshot = context.snapshot;
  kept.time = {frame.x, frame.right(), area.x.low, area.x.high};
  const AxisView tokens{.all = snapshot.count(), .origin = -0.5, .show = [&context](double first, double width) { show_tokens(context, first, width); }};
  Hit hit = handle_axes(ui, frame, area, context, id, tokens, std::move(rows));
  const auto count = static_cast<double>(snapshot.count());
  const auto token = static_cast<std::int64_t>(std::clamp(std::floor(kept.time.token(ImGui::GetIO().MousePos.x / ui.scale()) + 0.5), -1.0, count));
  const bool names_range = drag_range(ui, context, hit, std::clamp<std::int64_t>(token, 0, std::max<std::int64_t>(0, snapshot.count() - 1)));
  if (names_range) {
    hit.clicked = false, kept.has_panned = true;
    const float from = kept.time.place(static_cast<double>(kept.drag.first()) - 0.5), to = kept.time.place(static_cast<double>(kept.drag.last()) - 0.5);
    ui.fill({std::max(frame.x, from), frame.y, std::min(frame.right(), to) - std::max(frame.x, from), frame.h}, faded(ui.theme().accent, 0.18f));
  }
  finish_drag(ui, context, token);
  if (hit.clicked && token >= 0 && token < snapshot.count()) context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
  return hit;
}

}  // namespace lab
