#include "views/plot/layout.h"

#include <algorithm>
#include <cmath>

#include "views/plot/layout_parts.h"

namespace lab {

namespace {

/// Bars own the category axis: one unit a bar, the first on top or at the left.
void plan_bars(const BarLayer& bars, PlotPlan& plan) {
  if (bars.pitch > 0) return;
  Axis& axis = bars.across ? plan.y : plan.x;
  const double last = static_cast<double>(bars.values.size()) - 0.5;
  axis.scaling = Scaling::linear;
  axis.low = bars.across ? std::max(last, 0.5) : -0.5;
  axis.high = bars.across ? -0.5 : std::max(last, 0.5);
  if (bars.labels.empty()) return;
  axis.marks.clear();
  for (std::size_t i = 0; i < bars.labels.size(); ++i) axis.marks.emplace_back(static_cast<double>(i), bars.labels[i]);
}

std::vector<PlotPlan> plans_of(const Figure& figure, const PlotStyle& style) {
  std::vector<PlotPlan> plans;
  for (std::size_t i = 0; i < figure.plots.size(); ++i) {
    const Plot& plot = figure.plots[i];
    PlotPlan plan{.plot = &plot, .x = figure.share_x ? figure.plots.front().x : plot.x, .y = plot.y};
    if (figure.share_x && plan.x.label.empty()) plan.x.label = figure.plots.back().x.label;
    plan.x_labels = !figure.share_x || i + 1 == figure.plots.size();
    if (!plot.columns.empty()) plan.head = 1.4 * style.tick_size;
    for (const Layer& layer : plot.layers) {
      if (const auto* bars = std::get_if<BarLayer>(&layer)) plan_bars(*bars, plan);
      plan.has_heat |= std::holds_alternative<HeatLayer>(layer);
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

/// What a plot needs around its frame.
struct Margins {
  double left = 0, top = 0, right = 0, bottom = 0;
};

Margins margins_of(const Sheet& sheet, const PlotPlan& plan) {
  const Spaces s = spaces_of(sheet.style);
  const PlotStyle& style = sheet.style;
  Margins out;
  if (style.titles && !(plan.plot->title.empty() && plan.plot->subtitle.empty())) out.top = 1.6 * style.title_size;
  else if (!style.is_screen && plan.y.visible) out.top = kHalfDigit * style.tick_size;
  out.top += plan.head;
  if (plan.x.visible) {
    out.bottom = style.frame_width;
    if (plan.x.ticks && (plan.x_labels || !style.is_screen)) out.bottom += s.tick;
    if (plan.x.ticks && plan.x_labels) out.bottom += s.tick_gap + 1.1 * style.tick_size;
    if (plan.x_labels && !plan.x.label.empty()) out.bottom += s.label_gap + style.label_size;
    if (plan.x.ticks)
      for (const Tick& tick : plan.x_ticks)
        out.right = std::max(out.right, tick.place + sheet.width(TextFace::tick, tick.label) / 2 - plan.frame.w);
  }
  if (plan.y.visible) {
    out.left = style.frame_width;
    if (plan.y.ticks) out.left += s.tick + s.tick_gap + plan.y_tick_width;
    if (!plan.y.label.empty()) out.left += s.label_gap + 1.1 * style.label_size;
  }
  const double columns = width_of_columns(sheet, *plan.plot);
  out.right = std::max(out.right, columns);
  if (plan.plot->color_bar) {
    double bar = columns + s.bar_gap + s.bar_width + 2 * style.frame_width + s.tick + s.tick_gap + sheet.widest(plan.bar_ticks);
    if (!plan.plot->color_label.empty()) bar += s.label_gap + 1.1 * style.label_size;
    out.right = std::max(out.right, bar);
  }
  if (const double names = width_of_names(sheet, *plan.plot); names > 0)
    out.right = std::max(out.right, s.name_gap + names + (style.is_screen ? 0 : 0.6 * style.label_size));
  return out;
}

/// Divides the page: one pair of left and right margins for all plots, heights in the figure's proportion.
void place_frames(const Sheet& sheet, const Figure& figure, double width, double height, std::vector<PlotPlan>& plans) {
  const Spaces s = spaces_of(sheet.style);
  double left = 0, right = 0, around = 0, parts = 0;
  std::vector<Margins> margins;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    margins.push_back(margins_of(sheet, plans[i]));
    left = std::max(left, margins[i].left), right = std::max(right, margins[i].right);
    around += margins[i].top + margins[i].bottom + (i > 0 ? s.between : 0);
    parts += figure.heights.size() == plans.size() ? figure.heights[i] : 1;
  }
  left = sheet.style.left >= 0 ? sheet.style.left : s.edge + left;
  right = sheet.style.right >= 0 ? sheet.style.right : s.edge + right;
  // In the window frames lie on whole pixels, so that cells and 1-pixel lines are crisp.
  const auto snapped = [&](double place) {
    const double density = sheet.style.pixels_per_point;
    return sheet.style.is_screen ? std::round(place * density) / density : place;
  };
  const double rest = std::max(height - 2 * s.edge - around, 1.0 * static_cast<double>(plans.size()));
  double y = s.edge;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const double share = (figure.heights.size() == plans.size() ? figure.heights[i] : 1) / parts;
    y += margins[i].top + (i > 0 ? s.between : 0);
    const double x0 = snapped(left), x1 = std::max(snapped(width - right), x0 + 1);
    const double y0 = snapped(y), y1 = std::max(snapped(y + share * rest), y0 + 1);
    plans[i].frame = {x0, y0, x1 - x0, y1 - y0};
    y += share * rest + margins[i].bottom;
  }
}

/// Widens the range of the axis that has room left, until both have the same units a point.
void equalize(PlotPlan& plan) {
  const double x_units = std::abs(plan.x.high - plan.x.low) / plan.frame.w;
  const double y_units = std::abs(plan.y.high - plan.y.low) / plan.frame.h;
  Axis& axis = x_units < y_units ? plan.x : plan.y;
  const double factor = std::max(x_units, y_units) / std::min(x_units, y_units);
  if (!std::isfinite(factor)) return;
  const double middle = (axis.low + axis.high) / 2, half = (axis.high - axis.low) / 2 * factor;
  axis.low = middle - half, axis.high = middle + half;
}

void plan_pages(const Sheet& sheet, const Figure& figure, double width, double height, std::vector<PlotPlan>& plans) {
  for (PlotPlan& plan : plans) plan.frame = {0, 0, width * 0.8, height * 0.8 / static_cast<double>(plans.size())};
  // Margins need the ticks' texts, ticks need the frames: the frames of the second round stay.
  for (int round = 0; round < 3; ++round) {
    for (PlotPlan& plan : plans) {
      if (round > 0 && plan.plot->equal_units) {
        plan.x.low = plan.plot->x.low, plan.x.high = plan.plot->x.high;
        plan.y.low = plan.plot->y.low, plan.y.high = plan.plot->y.high;
        equalize(plan);
      }
      plan_y_ticks(sheet, plan);
      plan_x_ticks(sheet, plan);
    }
    double widest = 0;
    for (const PlotPlan& plan : plans)
      if (plan.y.visible && plan.y.ticks) widest = std::max(widest, sheet.widest(plan.y_ticks));
    for (PlotPlan& plan : plans) plan.y_tick_width = widest;
    if (round < 2) place_frames(sheet, figure, width, height, plans);
  }
}

void draw_layer(const Sheet& sheet, const PlotPlan& plan, const Layer& layer) {
  if (const auto* heat = std::get_if<HeatLayer>(&layer)) draw_heat(sheet, plan, *heat);
  if (const auto* line = std::get_if<LineLayer>(&layer)) draw_line(sheet, plan, *line);
  if (const auto* path = std::get_if<PathLayer>(&layer)) draw_path(sheet, plan, *path);
  if (const auto* bars = std::get_if<BarLayer>(&layer)) draw_bars(sheet, plan, *bars);
  if (const auto* rule = std::get_if<RuleLayer>(&layer)) draw_rule(sheet, plan, *rule);
  if (const auto* mark = std::get_if<MarkLayer>(&layer)) draw_ring(sheet, plan, *mark);
  if (const auto* words = std::get_if<WordsLayer>(&layer)) draw_words(sheet, plan, *words);
}

}  // namespace

LaidOut lay_out(const Figure& figure, double width, double height, const PlotStyle& style, const TextMeasure& measure) {
  LaidOut out;
  out.list.width = width, out.list.height = height;
  const Sheet sheet{out.list, style, measure};
  if (!style.is_screen) sheet.fill({0, 0, width, height}, style.background);
  std::vector<PlotPlan> plans = plans_of(figure, style);
  plan_pages(sheet, figure, width, height, plans);
  for (const PlotPlan& plan : plans) {
    draw_grid(sheet, plan);
    out.list.ops.push_back(Clip{plan.frame});
    for (const Layer& layer : plan.plot->layers) draw_layer(sheet, plan, layer);
    out.list.ops.push_back(Clip{plan.frame, false});
    draw_axes(sheet, plan);
    draw_columns(sheet, plan);
    draw_color_bar(sheet, plan);
    draw_labels(sheet, plan);
    draw_names(sheet, plan);
    draw_titles(sheet, plan);
    out.areas.push_back(plan.area());
  }
  return out;
}

}  // namespace lab
