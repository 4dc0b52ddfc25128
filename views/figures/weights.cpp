// The weights of a tensor: every element seen from afar, and how their values are distributed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

Error no_weights(const Snapshot& snapshot, const Derived& derived) {
  if (!snapshot.model) return not_there(snapshot, derived, "weights", 0);
  const bool is_chosen = !snapshot.selection.tensor.empty();
  Error error{
      .code = Code::missing, .field = "tensor", .expected = "the name of a tensor", .found = snapshot.selection.tensor};
  error.message = !is_chosen ? "No tensor is chosen." : derived.refusal.empty() ? "Being computed." : derived.refusal;
  if (!is_chosen || !derived.refusal.empty()) error.next = "Choose one from the list.";
  return error;
}

/// A plot that says of which tensor it is.
Plot plot_of(const char* title, const Snapshot& snapshot, const Derived& derived) {
  return {.title = fmt::format("{} of {}", title, derived.weights->tensor.name),
          .subtitle = subtitle_of("weight-heatmap", snapshot, derived)};
}

Result<Figure> make_heatmap(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& view = derived.weights;
  if (!view) return no_weights(snapshot, derived);
  const WeightImage& image = view->image;
  Plot plot = plot_of("Weights", snapshot, derived);
  plot.color_label = "w";
  const bool is_matrix = view->tensor.shape.size() == 2;
  plot.x = {.label = is_matrix ? "column (in)" : "last axis",
            .low = -0.5,
            .high = static_cast<double>(view->tensor.columns()) - 0.5,
            .whole_numbers = true};
  plot.y = {.label = is_matrix ? "row (out)" : "other axes",
            .low = static_cast<double>(view->tensor.rows()),
            .high = 0,
            .whole_numbers = true,
            .ticks = view->tensor.rows() > 1};
  HeatLayer heat{.column = [view](std::int64_t i) { return view->image.column(i); },
                 .columns = image.columns,
                 .rows = image.rows,
                 .x0 = -0.5,
                 .dx = static_cast<double>(image.column_stride),
                 .dy = static_cast<double>(image.row_stride),
                 .scale = scale_for(options, image.cells),
                 .owner = view};
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  return Figure{.plots = {std::move(plot)}};
}

/// The outline of the bins: each value twice, at both ends of its bin.
LineLayer outline_of(const WeightHistogram& histogram, double floor) {
  LineLayer line{.width = 1};
  const double width = (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size());
  for (std::size_t i = 0; i < histogram.counts.size(); ++i)
    for (const std::size_t end : {i, i + 1}) {
      line.x.push_back(histogram.low + width * static_cast<double>(end));
      line.y.push_back(static_cast<float>(std::max(static_cast<double>(histogram.counts[i]), floor)));
    }
  line.low.assign(line.y.size(), static_cast<float>(floor));
  line.high = line.y;
  return line;
}

Result<Figure> make_histogram(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& view = derived.weights;
  if (!view) return no_weights(snapshot, derived);
  const WeightHistogram& histogram = view->histogram;
  const auto most = static_cast<double>(*std::ranges::max_element(histogram.counts));
  const double floor = options.log_counts ? 0.5 : 0;  // below a single element
  Plot plot = plot_of("Values", snapshot, derived);
  plot.x = {.label = "w", .low = histogram.low, .high = histogram.high};
  plot.y = {.label = "elements",
            .low = floor,
            .high = std::max(1.0, most) * (options.log_counts ? 2 : 1.05),
            .scaling = options.log_counts ? Scaling::log : Scaling::linear};
  if (histogram.low < 0 && histogram.high > 0) plot.layers.emplace_back(RuleLayer{.at = 0, .ink = Ink::faint});
  plot.layers.emplace_back(outline_of(histogram, floor));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& view = derived.weights;
  if (!view) return snapshot.selection.tensor;
  const WeightStatistics& s = view->statistics;
  std::string text = fmt::format("{} · [{}]{}", view->tensor.type, fmt::join(view->tensor.shape, ", "),
                                 nan_note(s.nans + s.infinities));
  const WeightImage& image = view->image;
  if (image.row_stride > 1 || image.column_stride > 1)
    text += fmt::format(" · {} × {} elements a cell, signed |max|", image.row_stride, image.column_stride);
  return text;
}

/// "w[3, 0, 1]": the index in the shape of the tensor.
std::string element_text(const TensorFacts& tensor, std::int64_t row, std::int64_t column) {
  std::vector<std::int64_t> index(tensor.shape.size());
  for (std::size_t axis = index.size(); axis-- > 0;) {
    const bool is_last = axis + 1 == index.size();
    index[axis] = is_last ? column : row % tensor.shape[axis];
    if (!is_last) row /= tensor.shape[axis];
  }
  return fmt::format("w[{}]", fmt::join(index, ", "));
}

std::string storage_text(const WeightElement& element) {
  if (!element.is_quantised) return "";
  std::string text = fmt::format("\nquant\t{}\nscale\t{}", element.quant, exact_text(element.scale));
  if (element.minimum != 0) text += "\nminimum\t" + exact_text(element.minimum);
  return text;
}

std::string heat_value(const FigureInput& input, int, double x, double y) {
  const auto& view = input.derived.weights;
  if (!view) return "";
  const auto column = static_cast<std::int64_t>(std::floor(x + 0.5)), row = static_cast<std::int64_t>(std::floor(y));
  if (row < 0 || row >= view->tensor.rows() || column < 0 || column >= view->tensor.columns()) return "";
  const WeightElement element = view->element(row, column);
  std::string text = fmt::format("{}\t{}", element_text(view->tensor, row, column), exact_text(element.value));
  text += storage_text(element);
  if (element.twin)
    text += fmt::format("\nthere\t{}\ndifference\t{}", exact_text(*element.twin),
                        exact_text(element.value - *element.twin));
  const bool has_tokens =
      view->tensor.shape.size() == 2 && input.snapshot.model && view->tensor.rows() == input.snapshot.model->vocabulary;
  if (has_tokens)
    text += fmt::format("\ntoken {}\t{}", row, input.snapshot.model->piece(static_cast<std::int32_t>(row)));
  const WeightImage& image = view->image;
  if (image.row_stride > 1 || image.column_stride > 1)
    text += fmt::format("\nlargest of {} × {}\t{}", image.row_stride, image.column_stride,
                        exact_text(image.column(column / image.column_stride)[row / image.row_stride]));
  return text;
}

std::string histogram_value(const FigureInput& input, int, double x, double) {
  const auto& view = input.derived.weights;
  if (!view) return "";
  const WeightHistogram& histogram = view->histogram;
  const auto bins = static_cast<std::int64_t>(histogram.counts.size());
  const double width = (histogram.high - histogram.low) / static_cast<double>(bins);
  const auto bin = static_cast<std::int64_t>(std::floor((x - histogram.low) / width));
  if (bin < 0 || bin >= bins) return "";
  const std::int64_t count = histogram.counts[static_cast<std::size_t>(bin)];
  const double low = histogram.low + width * static_cast<double>(bin);
  return fmt::format("{} to {}\t{} elements\nshare\t{}", number_text(low), number_text(low + width), count,
                     percent_text(static_cast<double>(count) /
                                  static_cast<double>(std::max<std::int64_t>(1, view->statistics.count))));
}

std::string heat_csv(const FigureInput& input) {
  const auto& view = input.derived.weights;
  std::string text = "tensor,row,column,rows,columns,value\n";
  if (!view) return text;
  const WeightImage& image = view->image;
  for (std::int64_t row = 0; row < image.rows; ++row)
    for (std::int64_t column = 0; column < image.columns; ++column)
      text += fmt::format("{},{},{},{},{},{}\n", csv_quoted(view->tensor.name), row * image.row_stride,
                          column * image.column_stride, image.row_stride, image.column_stride,
                          csv_text(image.column(column)[row]));
  return text;
}

std::string histogram_csv(const FigureInput& input) {
  const auto& view = input.derived.weights;
  std::string text = "tensor,low,high,count\n";
  if (!view) return text;
  const WeightHistogram& histogram = view->histogram;
  const double width = (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size());
  for (std::size_t i = 0; i < histogram.counts.size(); ++i)
    text += fmt::format("{},{},{},{}\n", csv_quoted(view->tensor.name), histogram.low + width * static_cast<double>(i),
                        histogram.low + width * static_cast<double>(i + 1), histogram.counts[i]);
  return text;
}

}  // namespace

const FigureCode kWeightHeatmap = {
    {"weight-heatmap", "Weights", {.weights = true}, 0.75, make_heatmap}, subtitle, heat_value, heat_csv};
const FigureCode kWeightHistogram = {
    {"weight-histogram", "Histogram of weights", {.weights = true}, 0.6, make_histogram},
    subtitle,
    histogram_value,
    histogram_csv};

}  // namespace lab
