// One state of both runs over time, and their difference.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/compare.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kFigure = "compare-heatmap";
constexpr float kRamp = 64;  // units of the colours in the header

const ColorScale& scale_of(const KeptFigure& figure) { return std::get<HeatLayer>(figure.figure.plots[0].layers[0]).scale; }

}  // namespace

void draw_color_legend(Ui& ui, PaneHeader& header, const ColorScale& scale) {
  const Theme& theme = ui.theme();
  const std::string low = "−" + number_text(std::abs(scale.low), 2), high = "+" + number_text(scale.high, 2);
  const bool is_symmetric = scale.low == -scale.high;
  const std::string left = is_symmetric ? low : number_text(scale.low, 2), right = is_symmetric ? high : number_text(scale.high, 2);
  const float left_width = ui.width(Face::axis, left) + 6, right_width = ui.width(Face::axis, right) + 6;
  Box all = header.control(left_width + kRamp + right_width + 12);
  if (all.w <= 0) return;
  all.cut_right(12);
  ui.text_in(all.cut_right(right_width), Face::axis, theme.text, right, Align::right);
  const Box ramp = all.cut_right(kRamp).row(10);
  constexpr int kSteps = 32;
  for (int i = 0; i < kSteps; ++i) {
    const float from = std::round(ramp.w * static_cast<float>(i) / kSteps), to = std::round(ramp.w * static_cast<float>(i + 1) / kSteps);
    ui.fill({ramp.x + from, ramp.y, to - from, ramp.h}, scale.color(scale.value((i + 0.5) / kSteps)));
  }
  ui.outline({ramp.x - 1, ramp.y - 1, ramp.w + 2, ramp.h + 2}, theme.axis);
  ui.text_in(all, Face::axis, theme.text, left);
}

namespace {

/// The columns shown from the left on that are equal to the bit in both, counted when something has changed.
std::int64_t equal_until(PaneContext& context, const CompareScene& scene) {
  KeptCompare& kept = kept_of(context).compare;
  const std::int64_t layer = context.snapshot.selection.layer;
  const int point = state_point(scene.runs.table, static_cast<int>(layer));
  const std::int64_t compared = point < 0 ? 0 : scene.runs.table.points[static_cast<std::size_t>(point)].rows.count();
  std::string key = fmt::format("{} {} {}", scene_key(scene), layer, compared);
  if (kept.equal_key == key) return kept.equal_until;
  kept.equal_key = std::move(key);
  kept.equal_until = scene.shown.first;
  if (point < 0) return kept.equal_until;
  const PointDifferences& state = scene.runs.table.points[static_cast<std::size_t>(point)];
  while (kept.equal_until < scene.shown.last && state.at(kept.equal_until).is_compared && state.at(kept.equal_until).is_equal) ++kept.equal_until;
  return kept.equal_until;
}

/// What the white part of the difference means.
void draw_equal_note(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const CompareScene& scene) {
  const std::int64_t until = equal_until(context, scene);
  if (until <= scene.shown.first) return;
  const auto place = [&](std::int64_t column) { return frame.x + static_cast<float>(area.place_of_x(static_cast<double>(column) - 0.5) - area.frame.x); };
  const float left = place(scene.shown.first), right = std::min(place(until), frame.right());
  const auto edits = own_edits(scene);
  const bool is_edit = std::ranges::any_of(edits, [&](const CompareMark& mark) { return mark.column == until; });
  const std::string text = until >= scene.shown.last ? "bit-equal in all of it" : is_edit ? "bit-equal before the edit" : "bit-equal";
  if (ui.width(Face::control, text) + 12 > right - left) return;
  ui.text_in({left, frame.y + frame.h * 0.2f - 10, right - left, 20}, Face::control, rgb(0x3F4A5C), text, Align::center);
}

/// A ring where cursor A meets the selected channel.
void draw_ring(Ui& ui, Box frame, const PlotArea& area, const CompareScene& scene, std::int64_t shown) {
  if (shown < 0 || scene.shown.cursor < 0) return;
  const float y = frame.y + static_cast<float>(area.place_of_y(static_cast<double>(shown) + 0.5) - area.frame.y);
  const float x = frame.x + static_cast<float>(area.place_of_x(static_cast<double>(scene.shown.cursor)) - area.frame.x);
  if (y < frame.y || y >= frame.bottom() || x < frame.x || x >= frame.right()) return;
  ui.list()->AddCircle({ui.px(x) + 0.5f, ui.px(y) + 0.5f}, 4 * ui.scale(), rgb(0x000000), 0, 1.5f * ui.scale());
}

/// A column is one token of each, or several.
std::string where_text(const CompareScene& scene, const PairedSlab& slab, std::int64_t column) {
  if (slab.stride == 1) return fmt::format("t = {}  {}", scene.number_text(column), scene.token_text(column));
  const std::int64_t first = slab.first + (column - slab.first) / slab.stride * slab.stride;
  return fmt::format("t = {} to {}, largest", scene.number_text(first), scene.number_text(std::min(first + slab.stride, scene.alignment.count()) - 1));
}

void draw_hover(Ui& ui, PaneContext& context, const CompareScene& scene, const FigureOptions& options, double x, double y) {
  const PairedSlab& slab = *scene.runs.slab;
  const auto column = static_cast<std::int64_t>(std::floor(x + 0.5));
  const std::int64_t row = slab_row(slab, options, y);
  if (!scene.has(column) || row < 0) return;
  const auto value = [&](CompareMap which) {
    const float number = slab_value(slab, which, column, row);
    return std::isnan(number) ? std::string("–") : exact_text(number);
  };
  std::string text = fmt::format("{}\t{}\nA\t{}\nB\t{}\nB − A\t{}", where_text(scene, slab, column), channel_text(context.snapshot, row), value(CompareMap::a),
                                 value(CompareMap::b), value(CompareMap::difference));
  if (static_cast<std::int64_t>(slab.half_life.size()) == slab.rows)
    text += fmt::format("\nhalf-life in A\t{} tokens", number_text(static_cast<double>(slab.half_life[static_cast<std::size_t>(row)]), 3));
  note_hover(ui, context, text, column);
  const std::array<Color, 4> labels{ui.theme().text, run_color(ui.theme(), scene.snapshot, scene.a.id), run_color(ui.theme(), scene.snapshot, scene.b.id), 0};
  ui.tooltip(text, labels);
}

/// The columns that a map shows: of B by itself those it was left at, where time is not linked.
ShownColumns columns_of(const PaneContext& context, const CompareScene& scene, bool is_alone) {
  ShownColumns shown = scene.shown;
  const ShownColumns& alone = context.memory.compare.alone;
  if (is_alone && alone.last > alone.first && alone.last <= scene.alignment.count()) shown.first = alone.first, shown.last = alone.last;
  return shown;
}

Hit handle_mouse(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const CompareScene& scene, FigureOptions& options, bool is_alone) {
  const AxisView rows = rows_view(options, scene.runs.slab->rows);
  if (!is_alone) return handle_columns(ui, frame, area, context, scene, "cells", rows);
  const AxisView columns{.all = scene.alignment.count(), .origin = -0.5, .show = [&](double first, double width) {
                           const auto count = static_cast<double>(scene.alignment.count());
                           width = std::clamp(std::round(width), std::min(8.0, count), count);
                           const auto from = static_cast<std::int64_t>(std::clamp(std::round(first), 0.0, count - width));
                           context.memory.compare.alone = {from, from + static_cast<std::int64_t>(width), -1};
                         }};
  const Hit hit = handle_axes(ui, frame, area, context, "cells", columns, rows);
  if (hit.clicked && !hit.double_clicked) seek_column(context, scene, area.x_from(hit.x - frame.x + area.frame.x));
  return hit;
}

void draw_menu(Ui& ui, Box pane, PaneContext& context, FigureOptions& options, const KeptFigure& figure, CompareMap which) {
  const bool by_index = options.order == RowOrder::index;
  PaneMenu offered{.kind = kFigure, .shown = options, .lockable = which != CompareMap::difference ? &options : nullptr, .figure = &figure};
  offered.fit = [&] { context.send(command::ShowRange{0, 0}), options.first_row = options.rows = 0, context.memory.compare.alone = {}; };
  offered.more = {{.label = "Rows by half-life", .marked = !by_index}, {.label = "Rows by index", .marked = by_index}};
  const int chosen = pane_menu(ui, pane, context, offered);
  if (chosen == 0) options.order = RowOrder::half_life;
  if (chosen == 1) options.order = RowOrder::index;
}

std::string subtitle_of(const PaneContext& context, const CompareScene& scene, CompareMap shown, CompareMap place, bool has_state) {
  if (place == CompareMap::difference) return "own range, symmetric";
  const RunFacts& run = shown == CompareMap::a ? scene.a : scene.b;
  const Selection& s = context.snapshot.selection;
  if (place == CompareMap::b) return run.name + (context.memory.compare.link_range ? " · same range" : " · own range");
  return has_state ? fmt::format("{} · layer {} · n = {}", run.name, s.layer, s.state) : fmt::format("{} · layer {}", run.name, s.layer);
}

/// What stands in the middle of the page while there is one run.
void draw_invitation(Ui& ui, Box box, PaneContext& context) {
  const float y = box.middle_y() + 24;
  if (button(ui, "Fork here##fork here", {box.middle_x() - 144, y, 120, kControlHeight}, {.tip = "Another run goes on by itself from the cursor"}))
    context.send(fork_here(context.snapshot));
  if (button(ui, "Compare with a file…##file here", {box.middle_x() - 16, y, 160, kControlHeight}, {.tip = kFileTip})) context.memory.compare.asks_file = true;
}

void draw_map(Ui& ui, Box box, PaneContext& context, CompareMap place) {
  CompareMemory& memory = context.memory.compare;
  FigureOptions& options = context.memory.options[kFigure];
  const Box pane = box;
  CompareMap which = place;
  if (memory.is_flipped && place != CompareMap::difference) which = place == CompareMap::a ? CompareMap::b : CompareMap::a;
  PaneHeader header(ui, box, which == CompareMap::a ? "A" : which == CompareMap::b ? "B" : "B − A");
  if (place == CompareMap::difference) choose_multiples(ui, header, context);
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) {
    if (place == CompareMap::b && context.snapshot.model && !runs_to_compare(context.snapshot).a) draw_invitation(ui, box, context);
    return;
  }
  const bool is_alone = which == CompareMap::b && !memory.link_time;
  if (!scene->runs.slab || scene->runs.slab->columns == 0) {
    header.subtitle(subtitle_of(context, *scene, which, place, false));
    pending_note(ui, box, scene->runs.refusal.empty() ? context.derived.refusal : scene->runs.refusal);
    return;
  }
  const ShownColumns shown = columns_of(context, *scene, is_alone);
  Box body = box;
  body.cut_bottom(8);
  const bool has_labels = place == CompareMap::a;
  const float left = has_labels ? kCompareLeft : kCompareInner;
  const std::string key = fmt::format("{} | {} {} {} {} {} {} {} {} {} | {} {} {}", scene_key(*scene), static_cast<const void*>(scene->runs.slab.get()), static_cast<int>(which),
                                      static_cast<int>(options.map), static_cast<int>(options.scaling), options.locked, options.low, options.high,
                                      static_cast<int>(options.order), memory.link_range, options.first_row, options.rows, fmt::format("{} {}", shown.first, shown.last));
  const KeptFigure& figure = kept_plot(ui, body, context, ui.pane, key, left, kCompareRight, [&] {
    Plot plot = compare_map(context.snapshot, scene->runs, which, options, memory.link_range, shown.first, shown.last);
    if (!has_labels) plot.y.label.clear(), plot.y.ticks = false;
    return Figure{.plots = {std::move(plot)}};
  });
  if (box.w >= kRoomForLegend) draw_color_legend(ui, header, scale_of(figure));
  header.subtitle(subtitle_of(context, *scene, which, place, scene->runs.slab->shape.size() > 1));
  draw_figure(ui, body, context, figure);
  const Box frame = frame_of(figure, body);
  const PlotArea& area = figure.page.areas[0];
  if (which == CompareMap::difference) draw_equal_note(ui, frame, area, context, *scene);
  draw_column_marks(ui, frame, area, *scene, true);
  draw_ring(ui, frame, area, *scene, shown_row(*scene->runs.slab, options, context.snapshot.selection.channel));
  const Hit hit = handle_mouse(ui, frame, area, context, *scene, options, is_alone);
  const double x = area.x_from(hit.x - frame.x + area.frame.x), y = area.y_from(hit.y - frame.y + area.frame.y);
  if (hit.clicked && !hit.double_clicked)
    if (const std::int64_t row = slab_row(*scene->runs.slab, options, y); row >= 0) context.send(command::Select{context.snapshot.selection.layer, row, -1});
  if (hit.hovered) draw_hover(ui, context, *scene, options, x, y);
  draw_menu(ui, pane, context, options, figure, which);
}

}  // namespace

void draw_compare_a(Ui& ui, Box box, PaneContext& context) { draw_map(ui, box, context, CompareMap::a); }
void draw_compare_b(Ui& ui, Box box, PaneContext& context) { draw_map(ui, box, context, CompareMap::b); }
void draw_compare_difference(Ui& ui, Box box, PaneContext& context) {
  if (shows_multiples(context.snapshot, context.memory.compare)) draw_multiples(ui, box, context);
  else draw_map(ui, box, context, CompareMap::difference);
}

}  // namespace lab
