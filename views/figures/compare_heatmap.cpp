// The state of one layer of two runs over time, and their difference: three maps on one axis of aligned tokens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "views/figures/compare.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr double kNoteFrom = 0.12;  // share of the picture from which "bit-equal" has room

const PairedSlab* slab_of(const Derived& derived) {
  return derived.comparison && derived.comparison->slab && derived.comparison->slab->columns > 0 ? derived.comparison->slab.get() : nullptr;
}

std::string state_name(const PairedSlab& slab) { return fmt::format("h[channel, {}]", slab.state); }

Axis row_axis(const PairedSlab& slab, const FigureOptions& options) {
  const double rows = static_cast<double>(slab.rows);
  if (options.order != RowOrder::half_life || slab.half_life.empty()) return {.label = "channel", .low = 0, .high = rows, .whole_numbers = true};
  Axis axis{.label = "half-life, tokens", .low = rows, .high = 0, .marks = half_life_marks(slab.by_half_life, slab.half_life, 0, rows)};
  if (axis.marks.empty()) axis.label = "channels by half-life";
  axis.ticks = !axis.marks.empty();
  return axis;
}

/// A map of values, [columns, rows], of which some columns are not there.
HeatLayer heat_of(const std::shared_ptr<const PairedSlab>& slab, const std::vector<float>& values, const std::vector<std::uint8_t>& has, double x0,
                  const ColorScale& scale, const FigureOptions& options) {
  HeatLayer heat{.columns = slab->columns, .rows = slab->rows, .x0 = x0, .dx = static_cast<double>(slab->stride), .scale = scale, .numbers = true, .owner = slab};
  heat.column = [&values, &has, rows = slab->rows](std::int64_t i) { return has[static_cast<std::size_t>(i)] ? values.data() + i * rows : nullptr; };
  if (options.order == RowOrder::half_life && !slab->half_life.empty()) heat.row_order = slab->by_half_life;
  return heat;
}

/// One range for both, symmetric around zero where the map is.
ColorScale shared_scale(const PairedSlab& slab, const FigureOptions& options) {
  std::vector<float> both = slab.a;
  both.insert(both.end(), slab.b.begin(), slab.b.end());
  return scale_for(options, both);
}

/// The range of the differences is their own, even where that of the values is locked. It is fitted to those that are not zero, since
/// most may be equal.
ColorScale own_scale(const PairedSlab& slab, FigureOptions options) {
  options.locked = false;
  std::vector<float> differing;
  std::ranges::copy_if(slab.difference, std::back_inserter(differing), [](float value) { return value != 0; });
  return scale_for(options, differing);
}

/// "bit-equal", where that is so for long.
void add_equal_note(const ComparedRuns& compared, const PairedSlab& slab, const ColumnAxis& columns, const Axis& rows, Plot& plot) {
  const std::int64_t end = slab.first + slab.columns * slab.stride;
  const std::optional<std::int64_t> differs = first_state_difference(compared, slab.layer);
  if (!differs) return;
  const std::int64_t first = *differs, until = first < 0 ? end : std::min(first, end);
  if (static_cast<double>(until - slab.first) < kNoteFrom * static_cast<double>(end - slab.first)) return;
  const std::string text = first < 0 ? "bit-equal" : fmt::format("bit-equal before t = {}", first + columns.shift);
  plot.layers.emplace_back(NoteLayer{.at = {(columns.of(slab.first) + columns.of(until)) / 2 - 0.5, rows.low + 0.2 * (rows.high - rows.low)}, .text = text,
                                     .ink = Ink::text, .align = TextAlign::center});
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!slab_of(derived)) return not_compared(snapshot, derived, "two states over time");
  const ComparedRuns& compared = *derived.comparison;
  const auto& slab = compared.slab;
  const ColumnAxis columns(compared);
  const double x0 = columns.of(slab->first) - 0.5;
  const ColorScale shared = shared_scale(*slab, options), own = own_scale(*slab, options);
  const std::string name = state_name(*slab);
  struct Panel {
    std::string title, subtitle, label;
    const std::vector<float>& values;
    const std::vector<std::uint8_t>& has;
    const ColorScale& scale;
  };
  const Panel panels[] = {{side_title(compared, false), subtitle_of("compare-heatmap", snapshot, derived), name, slab->a, slab->has_a, shared},
                          {side_title(compared, true), "same range", name, slab->b, slab->has_b, shared},
                          {"B − A", "own range, symmetric", "difference", slab->difference, slab->has_both, own}};
  Figure figure{.share_x = true};
  const std::int64_t last = std::min(slab->first + slab->columns * slab->stride, compared.alignment->count());
  for (const Panel& panel : panels) {
    Plot plot{.title = panel.title, .subtitle = panel.subtitle, .x = columns.axis(slab->first, last), .y = row_axis(*slab, options), .color_bar = panel.scale,
              .color_label = panel.label};
    plot.layers.emplace_back(heat_of(slab, panel.values, panel.has, x0, panel.scale, options));
    add_partings(compared, figure.plots.empty(), plot);
    if (&panel == &panels[2]) add_equal_note(compared, *slab, columns, plot.y, plot);
    add_compare_cursors(snapshot, compared, options, plot);
    figure.plots.push_back(std::move(plot));
  }
  return figure;
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const PairedSlab* slab = slab_of(derived);
  if (!slab) return fmt::format("layer {}", snapshot.selection.layer);
  std::string text = fmt::format("layer {} · {}", slab->layer, state_name(*slab));
  if (const std::string aligned = alignment_text(*derived.comparison); !aligned.empty()) text += " · " + aligned;
  if (slab->stride > 1) text += fmt::format(" · {} tokens a column, signed |max|", slab->stride);
  return text;
}

std::string value(const FigureInput& input, int, double x, double y) {
  const PairedSlab* slab = slab_of(input.derived);
  if (!slab) return "";
  const ComparedRuns& compared = *input.derived.comparison;
  const std::int64_t column = ColumnAxis(compared).column_at(x), at = column < slab->first ? -1 : (column - slab->first) / slab->stride;
  const auto shown = static_cast<std::int64_t>(std::floor(y));
  if (at < 0 || at >= slab->columns || shown < 0 || shown >= slab->rows) return "";
  const bool is_sorted = input.options.order == RowOrder::half_life && !slab->half_life.empty();
  const std::int64_t channel = is_sorted ? slab->by_half_life[static_cast<std::size_t>(shown)] : shown;
  const auto cell = static_cast<std::size_t>(at * slab->rows + channel), picture = static_cast<std::size_t>(at);
  std::string text = slab->stride == 1 ? column_text(compared, column) : fmt::format("{} tokens\tlargest of each", slab->stride);
  text += fmt::format("\nchannel {}\tn = {}", channel, slab->state);
  if (slab->has_a[picture]) text += "\nA\t" + exact_text(slab->a[cell]);
  if (slab->has_b[picture]) text += "\nB\t" + exact_text(slab->b[cell]);
  if (slab->has_both[picture]) text += "\nB − A\t" + exact_text(slab->difference[cell]);
  return text;
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,n,column,token_a,token_b,channel,a,b,difference\n";
  const PairedSlab* slab = slab_of(input.derived);
  if (!slab) return text;
  for (std::int64_t i = 0; i < slab->columns; ++i) {
    const std::int64_t column = slab->first + i * slab->stride;
    const TokenPair pair = input.derived.comparison->alignment->columns[static_cast<std::size_t>(column)];
    for (std::int64_t channel = 0; channel < slab->rows; ++channel) {
      const auto cell = static_cast<std::size_t>(i * slab->rows + channel);
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", slab->layer, slab->state, column, pair.a, pair.b, channel, csv_text(slab->a[cell]), csv_text(slab->b[cell]),
                          csv_text(slab->difference[cell]));
    }
  }
  return text;
}

}  // namespace

const FigureCode kCompareHeatmap = {
    {"compare-heatmap", "States compared", {.comparison = ComparisonQuery{.slab = true}}, 1.1, make, has_two_runs}, subtitle, value, csv,
    "One state index of a layer in two runs, and their difference, channel by channel on one axis of aligned tokens. A and B share a range of colours; the "
    "difference has its own, symmetric around zero. Values are replayed from what was recorded, with the bits that the runs had; \"bit-equal\" is said of every bit "
    "of the layer's state. Where several tokens share a column, the value of largest magnitude is shown with its sign. Half-lives are those of A."};

}  // namespace lab
