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

bool is_compared(const Snapshot& snapshot) { return !snapshot.selection.against.empty(); }

/// A plot that says of which tensor it is.
Plot plot_of(const char* title, const char* kind, const Snapshot& snapshot, const Derived& derived) {
  return {.title = fmt::format("{} of {}", title, derived.weights->tensor.name),
          .subtitle = subtitle_of(kind, snapshot, derived)};
}

/// A picture of all elements, with rows down as in the tensor's shape.
void add_picture(const std::shared_ptr<const WeightView>& view, WeightImage WeightView::* which, const FigureOptions& options,
                 Plot& plot) {
  const WeightImage& image = (*view).*which;
  const bool is_matrix = view->tensor.shape.size() == 2;
  plot.x = {.label = is_matrix ? "column (in)" : "last axis",
            .low = -0.5,
            .high = static_cast<double>(view->tensor.columns()) - 0.5,
            .whole_numbers = true};
  plot.y = {.label = is_matrix ? "row (out)" : view->tensor.rows() > 1 ? "other axes" : "",
            .low = static_cast<double>(view->tensor.rows()),
            .high = 0,
            .whole_numbers = true,
            .ticks = view->tensor.rows() > 1};
  HeatLayer heat{.column = [view, which](std::int64_t i) { return ((*view).*which).column(i); },
                 .columns = image.columns,
                 .rows = image.rows,
                 .x0 = -0.5,
                 .dx = static_cast<double>(image.column_stride),
                 .dy = static_cast<double>(image.row_stride),
                 .scale = scale_for(options, image.cells),
                 .owner = view};
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
}

Result<Figure> make_heatmap(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& view = derived.weights;
  if (!view) return no_weights(snapshot, derived);
  Plot plot = plot_of("Weights", "weight-heatmap", snapshot, derived);
  plot.color_label = "w";
  add_picture(view, &WeightView::image, options, plot);
  return Figure{.plots = {std::move(plot)}};
}

Error no_twin(const WeightView& view) {
  Error error{.code = Code::missing, .field = "against", .expected = "a model to compare with", .found = view.against};
  error.message = view.against.empty() ? "There is nothing to compare with." : view.note;
  error.next = view.against.empty() ? "Name another model, as the one that was quantised." : "Choose another tensor, or compare with another model.";
  return error;
}

Result<Figure> make_error(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& view = derived.weights;
  if (!view) return no_weights(snapshot, derived);
  if (!view->twin) return no_twin(*view);
  Plot plot = plot_of("Error", "weight-error", snapshot, derived);
  plot.color_label = "w − twin";
  add_picture(view, &WeightView::error, options, plot);
  return Figure{.plots = {std::move(plot)}};
}

BarLayer bars_of(const WeightHistogram& histogram, double floor) {
  BarLayer bars{.base = floor,
                .from = histogram.low,
                .pitch = (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size()),
                .across = false};
  for (const std::int64_t count : histogram.counts) bars.values.push_back(std::max(static_cast<double>(count), floor));
  return bars;
}

Result<Figure> make_histogram(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& view = derived.weights;
  if (!view) return no_weights(snapshot, derived);
  const WeightHistogram& histogram = view->histogram;
  const auto most = static_cast<double>(*std::ranges::max_element(histogram.counts));
  const double floor = options.log_counts ? 0.7 : 0;  // below a single element
  Plot plot = plot_of("Values", "weight-heatmap", snapshot, derived);
  plot.x = {.label = "w", .low = histogram.low, .high = histogram.high};
  plot.y = {.label = "elements",
            .low = floor,
            .high = std::max(1.0, most) * (options.log_counts ? 2 : 1.05),
            .scaling = options.log_counts ? Scaling::log : Scaling::linear};
  if (histogram.low < 0 && histogram.high > 0) plot.layers.emplace_back(RuleLayer{.at = 0, .ink = Ink::faint});
  plot.layers.emplace_back(bars_of(histogram, floor));
  return Figure{.plots = {std::move(plot)}};
}

std::string pooling_text(const WeightImage& image) {
  if (image.row_stride == 1 && image.column_stride == 1) return "";
  return fmt::format(" · {} × {} elements a cell, signed |max|", image.row_stride, image.column_stride);
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& view = derived.weights;
  if (!view) return snapshot.selection.tensor;
  const WeightStatistics& s = view->statistics;
  std::string text = fmt::format("{} · [{}]{}", view->tensor.type, fmt::join(view->tensor.shape, ", "),
                                 nan_note(s.nans + s.infinities));
  return text + pooling_text(view->image);
}

std::string error_subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& view = derived.weights;
  if (!view || !view->twin) return snapshot.selection.tensor;
  const WeightTwin& twin = *view->twin;
  return fmt::format("{} − {} · rms {}, {} · largest {} at [{}, {}]{}", view->tensor.type, twin.type, number_text(twin.rms),
                     percent_text(twin.relative), number_text(twin.largest), twin.row, twin.column, pooling_text(view->error));
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

std::string picture_value(const FigureInput& input, WeightImage WeightView::* which, double x, double y) {
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
  const WeightImage& image = (*view).*which;
  if (image.row_stride > 1 || image.column_stride > 1)
    text += fmt::format("\nlargest of {} × {}\t{}", image.row_stride, image.column_stride,
                        exact_text(image.column(column / image.column_stride)[row / image.row_stride]));
  return text;
}

std::string heat_value(const FigureInput& input, int, double x, double y) { return picture_value(input, &WeightView::image, x, y); }
std::string error_value(const FigureInput& input, int, double x, double y) {
  return input.derived.weights && input.derived.weights->twin ? picture_value(input, &WeightView::error, x, y) : "";
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

std::string picture_csv(const FigureInput& input, WeightImage WeightView::* which) {
  const auto& view = input.derived.weights;
  std::string text = "tensor,row,column,rows,columns,value\n";
  if (!view) return text;
  const WeightImage& image = (*view).*which;
  for (std::int64_t row = 0; row < image.rows; ++row)
    for (std::int64_t column = 0; column < image.columns; ++column)
      text += fmt::format("{},{},{},{},{},{}\n", csv_quoted(view->tensor.name), row * image.row_stride,
                          column * image.column_stride, image.row_stride, image.column_stride,
                          csv_text(image.column(column)[row]));
  return text;
}

std::string heat_csv(const FigureInput& input) { return picture_csv(input, &WeightView::image); }
std::string error_csv(const FigureInput& input) { return picture_csv(input, &WeightView::error); }

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
    {"weight-heatmap", "Weights", {.weights = true}, 0.75, make_heatmap}, subtitle, heat_value, heat_csv,
    "Elements of a tensor, rows out, columns in. Where several share a cell of the picture, the one of largest magnitude is shown with its sign, a NaN before all else."};
const FigureCode kWeightError = {
    {"weight-error", "Error of weights", {.weights = true}, 0.75, make_error, is_compared}, error_subtitle, error_value, error_csv,
    "The tensor less the same one of another model, element by element, in double precision. Where several share a cell, the largest difference is shown."};
const FigureCode kWeightHistogram = {
    {"weight-histogram", "Histogram of weights", {.weights = true}, 0.6, make_histogram},
    subtitle,
    histogram_value,
    histogram_csv,
    "How many elements of a tensor have a value in each bin; every element is counted."};

}  // namespace lab
