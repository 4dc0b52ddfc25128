// Every layer: how large its state is at the cursor, how it came to be so, and how much it moved there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/layer_filter.h"
#include "views/panels/monitor.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20, kSparkHeight = 14, kRoomForSparklines = 200;

/// Where the columns of the list lie, from the left edge of the pane.
struct Columns {
  float number, norm;  // right edges
  float spark = 0, spark_w = 0;
  float bar, bar_w;
  explicit Columns(float width) {
    if (width < kRoomForSparklines) {
      number = 32, norm = 90, bar = 96, bar_w = std::max(0.0f, width - bar - 12);
      return;
    }
    number = 40, norm = 102;
    bar_w = std::clamp(width * 0.19f, 40.0f, 80.0f), bar = width - 14 - bar_w;
    spark = 110, spark_w = std::max(0.0f, bar - 12 - spark);
  }
};

struct Range {
  std::int64_t first, last;
};
Range shown(const Snapshot& snapshot) {
  const Selection& s = snapshot.selection;
  if (s.first == 0 && s.last == 0) return {0, snapshot.count()};
  return {s.first, std::min(s.last, snapshot.count())};
}

const KeptSparkline& sparkline_of(PaneContext& context, int layer, int pixels) {
  KeptSparkline& kept = kept_of(context).sparklines[layer];
  const KeptSeries& series = kept_series(context, layer, Statistic::h_norm);
  const Range range = shown(context.snapshot);
  std::string key =
      fmt::format("{} {} {} {} {}", series.revision, series.values.size(), range.first, range.last, pixels);
  if (kept.key == key) return kept;
  kept = {.key = std::move(key)};
  float low = INFINITY, high = -INFINITY;
  const auto end = std::min<std::int64_t>(range.last, static_cast<std::int64_t>(series.values.size()));
  const std::int64_t count = end - range.first;
  for (int px = 0; px < pixels && count > 0; ++px) {
    const std::int64_t from = range.first + px * count / pixels;
    const std::int64_t to = std::max(from + 1, range.first + (px + 1) * count / pixels);
    float least = INFINITY, most = -INFINITY;
    for (std::int64_t t = from; t < std::min(to, end); ++t) {
      const float value = series.values[static_cast<std::size_t>(t)];
      if (std::isfinite(value)) least = std::min(least, value), most = std::max(most, value);
    }
    kept.high.push_back(most), kept.low.push_back(least);
    low = std::min(low, least), high = std::max(high, most);
  }
  const float span = high > low ? high - low : 1;
  for (auto* values : {&kept.high, &kept.low})
    for (float& value : *values) value = std::isfinite(value) ? 1 - (value - low) / span : NAN;
  return kept;
}

void draw_sparkline(Ui& ui, Box box, PaneContext& context, int layer, Color color) {
  const auto pixels = static_cast<int>(ui.px(box.w));
  const KeptSparkline& spark = sparkline_of(context, layer, pixels);
  std::vector<ImVec2> points;
  const auto flush = [&] {
    if (points.size() > 1) ui.list()->AddPolyline(points.data(), static_cast<int>(points.size()), color, 0, ui.scale());
    points.clear();
  };
  const float top = ui.px(box.y), height = ui.px(box.h);
  for (std::size_t i = 0; i < spark.high.size(); ++i) {
    if (std::isnan(spark.high[i])) {
      flush();
      continue;
    }
    const float x = ui.px(box.x) + static_cast<float>(i) + 0.5f;
    points.push_back({x, top + spark.high[i] * height});
    if (spark.low[i] != spark.high[i]) points.push_back({x, top + spark.low[i] * height});
  }
  flush();
}

/// The first alert of each layer up to the cursor, null where there is none.
std::vector<const Alert*> first_alerts(const PaneContext& context) {
  std::vector<const Alert*> first(context.snapshot.model->layers.size());
  const AlertLog* log = context.derived.alerts.get();
  if (!log) return first;
  for (const Alert& alert : log->alerts) {
    if (alert.finding.token > context.snapshot.selection.cursor_a) break;
    const auto layer = static_cast<std::size_t>(alert.finding.layer);
    if (layer < first.size() && !first[layer]) first[layer] = &alert;
  }
  return first;
}

void draw_alert_icon(Ui& ui, Box box, PaneContext& context, const Alert& alert) {
  const Rule& rule = rule_of(*context.derived.alerts, alert);
  ui.text_in(box, Face::control, rule_color(ui, rule), icon::kAlert, Align::center);
}

void draw_row(Ui& ui, Box row, PaneContext& context, int layer, double largest_change, const Alert* alert) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const Columns at(row.w);
  const Hit hit = ui.hit(fmt::format("layer {}", layer).c_str(), row);
  const bool selected = layer == snapshot.selection.layer;
  if (selected)
    ui.fill(row, theme.selection);
  else if (hit.hovered)
    ui.fill(row, theme.raised);
  if (hit.clicked) context.send(command::Select{layer, -1, -1});
  ui.text_in({row.x, row.y, at.number, row.h}, Face::mono, theme.text, std::to_string(layer), Align::right);

  if (alert) draw_alert_icon(ui, {row.x + at.number + 2, row.y, 14, row.h}, context, *alert);
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const bool has_value = snapshot.trace && cursor >= 0 && cursor < snapshot.trace->count();
  if (has_value) {
    const float norm = snapshot.trace->statistic(layer, Statistic::h_norm, cursor).mean;
    const float change = snapshot.trace->statistic(layer, Statistic::h_change, cursor).mean;
    const std::string text =
        std::isfinite(norm) ? norm < 1000 ? fmt::format("{:.2f}", norm) : number_text(norm, 4) : "NaN";
    ui.text_in({row.x + at.number + 16, row.y, at.norm - at.number - 16, row.h}, Face::mono,
               std::isfinite(norm) ? theme.text : theme.nan, text, Align::right);
    const auto share = static_cast<float>(largest_change > 0 && std::isfinite(change) ? change / largest_change : 0);
    const Color color = selected ? theme.accent : mixed(theme.accent, theme.pane, 0.45f);
    ui.fill({row.x + at.bar, row.y + 7, std::max(2.0f, at.bar_w * share), 6}, color, 2);
    const std::string found =
        alert ? fmt::format("\n{}\tfirst at t = {}", rule_title(rule_of(*context.derived.alerts, *alert)), alert->finding.token) : "";
    const std::string value = fmt::format("layer {}\t{}\n‖h‖₂\t{}\n‖h−h₋₁‖₂\t{}\nmax |h|\t{}\n‖resid‖₂\t{}", layer,
                             snapshot.model->layers[static_cast<std::size_t>(layer)].title, number_text(norm, 6),
                             number_text(change, 6),
                             number_text(snapshot.trace->statistic(layer, Statistic::h_max, cursor).mean, 6),
                             number_text(snapshot.trace->statistic(layer, Statistic::resid_norm, cursor).mean, 6)) + found;
    if (hit.hovered) note_hover(ui, context, value), ui.tooltip(value);
  }
  if (at.spark_w <= 0 || !snapshot.trace) return;
  const Box spark{row.x + at.spark, row.y + 3, at.spark_w, kSparkHeight};
  draw_sparkline(ui, spark, context, layer, selected ? theme.text : theme.dim);
  const Range range = shown(snapshot);
  if (cursor < range.first || cursor >= range.last) return;
  const float share = (static_cast<float>(cursor - range.first) + 0.5f) / static_cast<float>(range.last - range.first);
  ui.line_down(spark.x + share * spark.w, row.y + 2, row.bottom() - 2, selected ? theme.text : theme.axis);
}

void draw_heads(Ui& ui, Box row, const Snapshot& snapshot) {
  const Color dim = ui.theme().dim;
  const Columns at(row.w);
  const Range range = shown(snapshot);
  if (at.spark_w > 0) {
    ui.text_in({row.x + 12, row.y, 40, row.h}, Face::tick, dim, "layer");
    ui.text_in({row.x + at.spark, row.y, at.spark_w, row.h}, Face::tick, dim,
               range.last > range.first ? fmt::format("norm, t {}–{}", range.first, range.last - 1) : "norm");
  }
  ui.text_in({row.x + at.norm - 44, row.y, 44, row.h}, Face::tick, dim, "‖h‖₂", Align::right);
  ui.text_in({row.x + at.bar, row.y, at.bar_w, row.h}, Face::tick, dim, "Δh");
}

/// "36 × Mamba-2, 4 × attention".
std::string kinds_of(const ModelFacts& model) {
  std::string text;
  for (const LayerKind& kind : layer_kinds(model.layers)) text += fmt::format("{}{} × {}", text.empty() ? "" : ", ", kind.count, kind.title);
  return text;
}

constexpr const char* kSortNames[] = {"Sort by index", "Sort by norm", "Sort by change"};

/// The button and the field above the list. Cuts them off the pane.
void draw_controls(Ui& ui, Box& box, PaneHeader& header, PaneContext& context, const ShownLayers& shown) {
  PaneMemory& memory = context.memory;
  const auto sort = static_cast<std::size_t>(memory.layer_sort);
  if (icon_button(ui, header.control(28), icon::kSort, "sort", std::string(kSortNames[sort]) + ", next: O", sort > 0))
    memory.layer_sort = static_cast<LayerSort>((sort + 1) % 3);
  if (box.w < kRoomForSparklines && memory.layer_filter.empty() && !memory.focus_layer_filter) return;
  Box row = box.cut_top(28).inset(12, 2);
  field(ui, "filter", row, memory.layer_filter,
        {.hint = box.w < kRoomForSparklines ? "Filter" : "Filter: L8-15, norm > 20, alert", .wrong = !shown.problem.empty(), .take_focus = std::exchange(memory.focus_layer_filter, false)});
  if (!shown.problem.empty() && ImGui::IsItemHovered()) ui.tooltip(shown.problem);
}

/// Keeps the selected layer in view; returns how far the list is scrolled in this frame.
float follow_selection(Ui& ui, PaneContext& context, const ShownLayers& shown, float height) {
  PaneMemory::Kept& kept = kept_of(context);
  const std::int64_t layer = context.snapshot.selection.layer;
  const float now = ImGui::GetScrollY() / ui.scale();  // in this frame, whatever is asked for
  if (kept.followed_layer == layer) return now;
  kept.followed_layer = layer;
  const auto place = std::ranges::find(shown.layers, static_cast<int>(layer)) - shown.layers.begin();
  const float top = static_cast<float>(place) * kRow;
  if (top >= now && top + kRow <= now + height) return now;
  const float scroll = std::max(0.0f, top - height / 2);
  ImGui::SetScrollY(scroll * ui.scale());
  return scroll;
}

double largest_change(const Snapshot& snapshot, const ShownLayers& shown) {
  double largest = 0;
  const std::int64_t cursor = snapshot.selection.cursor_a;
  if (!snapshot.trace || cursor < 0 || cursor >= snapshot.trace->count()) return largest;
  for (const int layer : shown.layers) {
    const float change = snapshot.trace->statistic(layer, Statistic::h_change, cursor).mean;
    if (std::isfinite(change)) largest = std::max(largest, static_cast<double>(change));
  }
  return largest;
}

}  // namespace

void draw_layers(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const Box pane = box;
  PaneHeader header(ui, box, "Layers");
  if (!snapshot.model) {
    empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
    return;
  }
  const ShownLayers shown = shown_layers(snapshot, context.derived.alerts.get(), context.memory.layer_filter, context.memory.layer_sort);
  draw_controls(ui, box, header, context, shown);
  const std::size_t all = snapshot.model->layers.size();
  header.subtitle(shown.layers.size() < all ? fmt::format("{} of {}", shown.layers.size(), all)
                  : box.w < kRoomForSparklines ? std::to_string(all) : kinds_of(*snapshot.model));
  draw_heads(ui, box.cut_top(18), snapshot);
  const double largest = largest_change(snapshot, shown);
  const auto rows = static_cast<int>(shown.layers.size());
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  compat::begin_child("list", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, 0);
  const float now = ImGui::GetScrollY() / ui.scale(), scroll = follow_selection(ui, context, shown, box.h);
  const std::vector<const Alert*> alerts = first_alerts(context);
  for (int i = 0; i < rows; ++i) {
    const int layer = shown.layers[static_cast<std::size_t>(i)];
    const float y = box.y + static_cast<float>(i) * kRow - scroll;
    if (y + kRow > box.y && y < box.bottom()) draw_row(ui, {box.x, y, box.w - 1, kRow}, context, layer, largest, alerts[static_cast<std::size_t>(layer)]);
  }
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - now + static_cast<float>(rows) * kRow) - 1});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
  if (rows == 0) empty_note(ui, box, "No layer passes the filter.", "");
  pane_menu(ui, pane, context, {.kind = "norms", .shown = {.all_layers = true}});
}

}  // namespace lab
