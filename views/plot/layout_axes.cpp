// Ticks, grid lines, frames, axis labels, titles and the colour bar.
#include <algorithm>
#include <cmath>

#include "views/plot/layout_parts.h"

namespace lab {

namespace {

constexpr double kSpacingAcross = 6.5;  // between ticks of a level axis, for a size of 1

/// Baseline of a tick label beside a vertical axis; on the screen it stays within the frame, whose neighbours are near.
double tick_baseline(const Sheet& sheet, const RectF& frame, double place) {
  const double half = kHalfDigit * sheet.style.tick_size;
  if (sheet.style.is_screen && frame.h > 4 * half) place = std::clamp(place, frame.y + half, frame.bottom() - half);
  return place + half;
}

/// The frame's outline runs around the data, not over it.
RectF outline(const Sheet& sheet, const RectF& frame) {
  const double half = sheet.style.frame_width / 2;
  return {frame.x - half, frame.y - half, frame.w + 2 * half, frame.h + 2 * half};
}

void draw_outline(const Sheet& sheet, const RectF& frame) {
  const RectF r = outline(sheet, frame);
  sheet.line({{r.x, r.y}, {r.right(), r.y}, {r.right(), r.bottom()}, {r.x, r.bottom()}, {r.x, r.y}}, sheet.style.frame,
             sheet.style.frame_width);
}

void draw_x_axis(const Sheet& sheet, const PlotPlan& plan) {
  const Spaces spaces = spaces_of(sheet.style);
  const RectF& frame = plan.frame;
  const double from = outline(sheet, frame).bottom();
  if (plan.x.ticks) {
    for (const Tick& tick : plan.x_ticks) {
      const double x = frame.x + tick.place;
      const double length = tick.label.empty() ? spaces.tick * 0.6 : spaces.tick;
      if (plan.x_labels || !sheet.style.is_screen)
        sheet.line({{x, from}, {x, from + length}}, sheet.style.frame, sheet.style.frame_width);
      const double baseline = from + spaces.tick + spaces.tick_gap + 2 * kHalfDigit * sheet.style.tick_size;
      if (plan.x_labels)
        sheet.text({x, baseline}, tick.label, TextFace::tick, sheet.style.is_screen ? sheet.style.dim : sheet.style.text,
                   TextAlign::center);
    }
  }
  if (!plan.x_labels || plan.x.label.empty()) return;
  double y = from;
  if (plan.x.ticks) y += spaces.tick + spaces.tick_gap + 2 * kHalfDigit * sheet.style.tick_size;
  y += spaces.label_gap + 2 * kHalfDigit * sheet.style.label_size;
  sheet.text({frame.x + frame.w / 2, y}, sheet.elided(TextFace::label, plan.x.label, frame.w + 40), TextFace::label,
             sheet.style.is_screen ? sheet.style.dim : sheet.style.text, TextAlign::center);
}

void draw_y_axis(const Sheet& sheet, const PlotPlan& plan) {
  const Spaces spaces = spaces_of(sheet.style);
  const RectF& frame = plan.frame;
  const Rgba color = sheet.style.is_screen ? sheet.style.dim : sheet.style.text;
  const double from = outline(sheet, frame).x;
  const bool marks = plan.has_heat || !sheet.style.is_screen;
  double x = from;
  if (plan.y.ticks) {
    for (const Tick& tick : plan.y_ticks) {
      const double y = frame.bottom() - tick.place;
      const double length = tick.label.empty() ? spaces.tick * 0.6 : spaces.tick;
      if (marks) sheet.line({{from - length, y}, {from, y}}, sheet.style.frame, sheet.style.frame_width);
      sheet.text({from - spaces.tick - spaces.tick_gap, tick_baseline(sheet, frame, y)}, tick.label, TextFace::tick, color,
                 TextAlign::right);
    }
    x -= spaces.tick + spaces.tick_gap + plan.y_tick_width;
  }
  const double room = frame.h + (sheet.style.is_screen ? 0 : 2 * spaces.between);
  sheet.text({x - spaces.label_gap - 0.2 * sheet.style.label_size, frame.y + frame.h / 2},
             sheet.elided(TextFace::label, plan.y.label, room), TextFace::label, color, TextAlign::center, true);
}

}  // namespace

void plan_y_ticks(const Sheet& sheet, PlotPlan& plan) {
  const double size = sheet.style.tick_size;
  const bool on_screen = sheet.style.is_screen;
  TickRoom room{.length = plan.frame.h, .spacing = (on_screen ? 6 : 3.2) * size, .gap = 0.8 * size};
  if (plan.plot->equal_units) room.spacing = kSpacingAcross * size;  // the same steps both ways
  room.extent = [size](const std::string& label) { return label.empty() ? 0 : size; };
  const Stretch stretch = stretch_of(plan.y);
  plan.y_ticks = plan.y.marks.empty() ? ticks_of(stretch, plan.y.whole_numbers, room)
                                      : ticks_of(plan.y.marks, stretch, room);
  plan.bar_ticks.clear();
  if (!plan.plot->color_bar) return;
  const ColorScale& scale = *plan.plot->color_bar;
  room.spacing = std::max((on_screen ? 3.4 : 2) * size, plan.frame.h / 6);
  room.signed_labels = on_screen && is_diverging(scale.map);
  plan.bar_ticks = scale.scaling == Scaling::sign ? ticks_of({{-1, "−"}, {0, "0"}, {1, "+"}}, stretch_of(scale), room)
                                                  : ticks_of(stretch_of(scale), false, room);
}

void plan_x_ticks(const Sheet& sheet, PlotPlan& plan) {
  const double size = sheet.style.tick_size;
  TickRoom room{.length = plan.frame.w, .spacing = kSpacingAcross * size, .gap = 0.8 * size};
  room.extent = [&sheet](const std::string& label) { return sheet.width(TextFace::tick, label); };
  const Stretch stretch = stretch_of(plan.x);
  plan.x_ticks = plan.x.marks.empty() ? ticks_of(stretch, plan.x.whole_numbers, room)
                                      : ticks_of(plan.x.marks, stretch, room);
}

void draw_grid(const Sheet& sheet, const PlotPlan& plan) {
  if (plan.has_heat) return;
  const RectF& frame = plan.frame;
  const double width = sheet.style.is_screen ? 1 : 0.4;
  const bool has_bars = std::any_of(plan.plot->layers.begin(), plan.plot->layers.end(),
                                    [](const Layer& layer) {
                                      const auto* bars = std::get_if<BarLayer>(&layer);
                                      return bars && bars->pitch == 0;
                                    });
  if (has_bars) return;
  if (plan.y.visible && plan.y.ticks)
    for (const Tick& tick : plan.y_ticks)
      if (!tick.label.empty())
        sheet.line({{frame.x, frame.bottom() - tick.place}, {frame.right(), frame.bottom() - tick.place}},
                   sheet.style.grid, width);
  if (plan.x.visible && plan.x.ticks && !sheet.style.is_screen)
    for (const Tick& tick : plan.x_ticks)
      if (!tick.label.empty())
        sheet.line({{frame.x + tick.place, frame.y}, {frame.x + tick.place, frame.bottom()}}, sheet.style.grid, width);
  if (!plan.plot->equal_units || !sheet.style.is_screen) return;
  // A map of places has no ticks on the screen, only the two lines through its origin.
  const PlotArea area = plan.area();
  const double x = area.place_of_x(0), y = area.place_of_y(0);
  if (x > frame.x && x < frame.right()) sheet.line({{x, frame.y}, {x, frame.bottom()}}, sheet.style.grid, width);
  if (y > frame.y && y < frame.bottom()) sheet.line({{frame.x, y}, {frame.right(), y}}, sheet.style.grid, width);
}

void draw_axes(const Sheet& sheet, const PlotPlan& plan) {
  const RectF& frame = plan.frame;
  if (plan.has_heat || (!sheet.style.is_screen && (plan.x.visible || plan.y.visible))) {
    draw_outline(sheet, frame);
  } else if (sheet.style.is_screen && plan.x.visible) {
    const double y = outline(sheet, frame).bottom();
    sheet.line({{frame.x, y}, {frame.right(), y}}, sheet.style.grid, 1);
  }
  if (plan.x.visible) draw_x_axis(sheet, plan);
  if (plan.y.visible) draw_y_axis(sheet, plan);
}

void draw_titles(const Sheet& sheet, const PlotPlan& plan) {
  if (!sheet.style.titles) return;
  const Plot& plot = *plan.plot;
  const double room = sheet.list.width - plan.frame.x - spaces_of(sheet.style).edge;
  const double baseline = plan.frame.y - plan.head - 0.5 * sheet.style.title_size;
  const std::string title = sheet.elided(TextFace::title, plot.title, room);
  sheet.text({plan.frame.x, baseline}, title, TextFace::title, sheet.style.color(plot.title_ink));
  const double used = title.empty() ? 0 : sheet.width(TextFace::title, title) + 0.7 * sheet.style.title_size;
  sheet.text({plan.frame.x + used, baseline}, sheet.elided(TextFace::label, plot.subtitle, room - used), TextFace::label,
             sheet.style.dim);
}

namespace {

double width_of(const Sheet& sheet, const TextColumn& column) {
  double width = sheet.width(TextFace::label, column.title);
  for (const auto& [place, text] : column.texts) width = std::max(width, sheet.width(TextFace::tick, text));
  return width;
}

}  // namespace

double width_of_columns(const Sheet& sheet, const Plot& plot) {
  double width = 0;
  for (const TextColumn& column : plot.columns) width += 0.8 * sheet.style.tick_size + width_of(sheet, column);
  return width;
}

void draw_columns(const Sheet& sheet, const PlotPlan& plan) {
  const PlotStyle& style = sheet.style;
  const RectF& frame = plan.frame;
  const PlotArea area = plan.area();
  double right = frame.right();
  for (const TextColumn& column : plan.plot->columns) {
    right += 0.8 * style.tick_size + width_of(sheet, column);
    sheet.text({right, frame.y - 0.5 * style.tick_size}, column.title, TextFace::label, style.dim, TextAlign::right);
    double free_from = -1e9;
    for (const auto& [place, text] : column.texts) {
      const double y = area.place_of_y(place), half = style.tick_size / 2;
      if (!(y >= frame.y && y <= frame.bottom()) || y - half < free_from) continue;
      sheet.text({right, y + kHalfDigit * style.tick_size}, text, TextFace::tick, style.text, TextAlign::right);
      free_from = y + half;
    }
  }
}

void draw_color_bar(const Sheet& sheet, const PlotPlan& plan) {
  if (!plan.plot->color_bar) return;
  const Spaces spaces = spaces_of(sheet.style);
  const Rgba color = sheet.style.is_screen ? sheet.style.dim : sheet.style.text;
  const double left = plan.frame.right() + width_of_columns(sheet, *plan.plot) + spaces.bar_gap;
  const RectF bar{left, plan.frame.y, spaces.bar_width, plan.frame.h};
  sheet.list.ops.push_back(DrawImage{bar, color_strip(shown_scale(sheet.style, *plan.plot->color_bar))});
  draw_outline(sheet, bar);
  const double from = outline(sheet, bar).right();
  for (const Tick& tick : plan.bar_ticks) {
    const double y = bar.bottom() - tick.place;
    const double length = tick.label.empty() ? spaces.tick * 0.6 : spaces.tick;
    sheet.line({{from, y}, {from + length, y}}, sheet.style.frame, sheet.style.frame_width);
    sheet.text({from + spaces.tick + spaces.tick_gap, tick_baseline(sheet, bar, y)}, tick.label, TextFace::tick, color);
  }
  const double x = from + spaces.tick + spaces.tick_gap + sheet.widest(plan.bar_ticks) + spaces.label_gap;
  sheet.text({x + 0.75 * sheet.style.label_size, bar.y + bar.h / 2},
             sheet.elided(TextFace::label, plan.plot->color_label, bar.h + 2 * spaces.between), TextFace::label, color,
             TextAlign::center, true);
}

}  // namespace lab
