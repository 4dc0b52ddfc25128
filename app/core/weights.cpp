#include "app/core/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "model/builtin.h"
#include "model/files/gguf.h"
#include "model/math/dequantise.h"

namespace lab {
namespace {

constexpr std::int64_t kPiece = 65536;     // elements read at once: whole blocks of every type
constexpr std::int64_t kMostCells = 2048;  // of a picture, either way
constexpr std::size_t kBins = 64;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

using Cancelled = std::function<bool()>;

/// `stored`: the same tensor as its GGUF file names it, or the tensor itself.
TensorFacts facts_of(const TensorView& tensor, const TensorView& stored, bool is_gguf) {
  TensorFacts facts{.name = tensor.name,
                    .stored_name = stored.name,
                    .file = tensor.file,
                    .type = name_of(tensor.dtype),
                    .shape = tensor.shape,
                    .stored_shape = stored.shape,
                    .count = tensor.elements(),
                    .bytes = static_cast<std::int64_t>(tensor.bytes),
                    .is_gguf = is_gguf,
                    .is_weight = is_weight(tensor.dtype)};
  if (is_gguf) std::reverse(facts.stored_shape.begin(), facts.stored_shape.end());
  return facts;
}

/// Means and sums of squares of pieces, put together without cancellation (Chan, Golub and LeVeque 1979).
class Moments {
 public:
  void add(std::span<const float> values) {
    double sum = 0;
    std::int64_t finite = 0;
    for (const float value : values) {
      s_.zeros += value == 0;
      if (std::isfinite(value))
        sum += value, ++finite;
      else
        std::isnan(value) ? ++s_.nans : ++s_.infinities;
    }
    s_.count += static_cast<std::int64_t>(values.size());
    if (finite == 0) return;
    const double mean = sum / static_cast<double>(finite);
    double squares = 0;
    for (const float value : values) {
      if (!std::isfinite(value)) continue;
      squares += (value - mean) * (value - mean);
      s_.low = std::min<double>(s_.low, value), s_.high = std::max<double>(s_.high, value);
    }
    merge(finite, mean, squares);
  }

  WeightStatistics statistics() const {
    WeightStatistics s = s_;
    if (finite_ == 0)
      s.mean = s.deviation = s.low = s.high = kNothing;
    else
      s.deviation = std::sqrt(squares_ / static_cast<double>(finite_));
    return s;
  }

 private:
  void merge(std::int64_t finite, double mean, double squares) {
    const auto before = static_cast<double>(finite_), more = static_cast<double>(finite), both = before + more;
    const double step = mean - s_.mean;
    squares_ += squares + step * step * before * more / both;
    s_.mean += step * more / both;
    finite_ += finite;
  }

  WeightStatistics s_{.low = std::numeric_limits<double>::infinity(), .high = -std::numeric_limits<double>::infinity()};
  std::int64_t finite_ = 0;
  double squares_ = 0;
};

/// Whether `next` is to be seen rather than `shown`: NaN before all else, then the larger magnitude.
bool outshines(float next, float shown) {
  if (std::isnan(shown)) return false;
  return std::isnan(next) || std::abs(next) > std::abs(shown);
}

/// Pools rows as they come, one row of cells at a time.
class ImageMaker {
 public:
  ImageMaker(std::int64_t rows, std::int64_t columns) {
    const auto stride = [](std::int64_t n) { return std::max<std::int64_t>(1, (n + kMostCells - 1) / kMostCells); };
    image_.row_stride = stride(rows), image_.column_stride = stride(columns);
    image_.rows = (rows + image_.row_stride - 1) / image_.row_stride;
    image_.columns = (columns + image_.column_stride - 1) / image_.column_stride;
    image_.cells.assign(static_cast<std::size_t>(image_.rows * image_.columns), 0.0f);
  }
  void add(std::int64_t row, std::int64_t first, std::span<const float> values) {
    const auto stride = image_.column_stride, count = static_cast<std::int64_t>(values.size());
    float* cells = image_.cells.data() + row / image_.row_stride;
    for (std::int64_t i = 0; i < count;) {
      const std::int64_t column = (first + i) / stride, end = std::min(count, (column + 1) * stride - first);
      float& cell = cells[column * image_.rows];
      for (; i < end; ++i)
        if (outshines(values[static_cast<std::size_t>(i)], cell)) cell = values[static_cast<std::size_t>(i)];
    }
  }
  WeightImage take() { return std::move(image_); }

 private:
  WeightImage image_;
};

WeightHistogram empty_histogram(const WeightStatistics& s) {
  WeightHistogram histogram{.low = s.low, .high = s.high, .counts = std::vector<std::int64_t>(kBins)};
  if (s.finite() == 0) return {.low = 0, .high = 1, .counts = std::vector<std::int64_t>(kBins)};
  if (s.low < s.high) return histogram;
  const double half = s.low == 0 ? 0.5 : std::abs(s.low) / 2;  // of a constant: its value in the middle
  histogram.low -= half, histogram.high += half;
  return histogram;
}

void count(WeightHistogram& histogram, std::span<const float> values) {
  const auto bins = static_cast<double>(histogram.counts.size());
  const double per_unit = bins / (histogram.high - histogram.low);
  for (const float value : values)
    if (std::isfinite(value)) {
      const double bin = std::clamp(std::floor((value - histogram.low) * per_unit), 0.0, bins - 1);
      ++histogram.counts[static_cast<std::size_t>(bin)];
    }
}

/// Differences from the twin, piece by piece.
class TwinSums {
 public:
  TwinSums(const Matrix& twin, const Matrix& w)
      : twin_(twin), buffer_(static_cast<std::size_t>(std::min(kPiece, twin.cols))), image_(w.rows, w.cols) {}

  void add(std::int64_t row, std::int64_t first, std::span<const float> values) {
    const std::span<float> others = std::span(buffer_).first(values.size());
    dequantise(twin_.type, twin_.row(row) + bytes_of(twin_.type, first), others);
    for (std::size_t i = 0; i < values.size(); ++i)
      others[i] = add_element(row, first + static_cast<std::int64_t>(i), values[i], others[i]);
    image_.add(row, first, others);
  }
  WeightTwin result() const {
    WeightTwin result = result_;
    result.type = name_of(twin_.type);
    if (result.compared > 0) result.rms = std::sqrt(squares_ / static_cast<double>(result.compared));
    result.relative = squares_ == 0 ? 0 : std::sqrt(squares_ / of_twin_);
    return result;
  }
  WeightImage take_image() { return image_.take(); }

 private:
  float add_element(std::int64_t row, std::int64_t column, double value, double other) {
    const double difference = value - other;
    if (!std::isfinite(value) || !std::isfinite(other)) return std::numeric_limits<float>::quiet_NaN();
    ++result_.compared;
    squares_ += difference * difference;
    of_twin_ += other * other;
    if (std::abs(difference) > result_.largest)
      result_.largest = std::abs(difference), result_.row = row, result_.column = column;
    return static_cast<float>(difference);
  }

  Matrix twin_;
  std::vector<float> buffer_;
  ImageMaker image_;
  WeightTwin result_;
  double squares_ = 0, of_twin_ = 0;
};

/// The tensor of the same name and shape, or nothing and why.
const TensorView* twin_of(const TensorView& tensor, const Checkpoint& twin, std::string& why) {
  const TensorView* other = twin.tensors->find(tensor.name);
  if (!other)
    why = "the other checkpoint has no tensor " + tensor.name;
  else if (other->shape != tensor.shape)
    why = "in the other checkpoint its shape is " + shape_text(other->shape);
  else if (!is_weight(other->dtype))
    why = std::string("in the other checkpoint it is ") + name_of(other->dtype);
  return why.empty() ? other : nullptr;
}

WeightElement element_of(const Matrix& w, const std::optional<Matrix>& twin, std::int64_t row, std::int64_t column) {
  const BlockValue stored = block_value(w, row, column);
  WeightElement element{stored.value, is_block(w.type), stored.scale, stored.minimum, stored.quant, {}};
  if (twin) element.twin = block_value(*twin, row, column).value;
  return element;
}

}  // namespace

Result<Checkpoint> open_tensors(const std::string& model) {
  LAB_ASSIGN(const std::string place, model_folder(model));
  return open_checkpoint(place);
}

std::vector<TensorFacts> tensors_of(const Checkpoint& checkpoint) {
  std::unordered_map<const std::byte*, const TensorView*> stored;
  if (checkpoint.gguf)
    for (const TensorView& tensor : checkpoint.gguf->tensors.all()) stored.emplace(tensor.data, &tensor);
  std::vector<TensorFacts> all;
  for (const TensorView& tensor : checkpoint.tensors->all()) {
    const auto found = stored.find(tensor.data);
    all.push_back(facts_of(tensor, found == stored.end() ? tensor : *found->second, checkpoint.gguf != nullptr));
  }
  return all;
}

Result<TensorFacts> find_tensor(const Checkpoint& checkpoint, const std::string& name) {
  for (TensorFacts& tensor : tensors_of(checkpoint))
    if (tensor.name == name || tensor.stored_name == name) return std::move(tensor);
  return Error{.code = Code::not_found,
               .file = checkpoint.path,
               .field = printable(name),
               .expected = "the name of a tensor",
               .message = "the model has no such tensor",
               .next = "`statelab weights MODEL` lists them"};
}

Matrix whole_matrix(const TensorView& tensor) {
  const std::int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  return {tensor.data, tensor.dtype, columns == 0 ? 0 : tensor.elements() / columns, columns};
}

bool for_each_piece(const Matrix& w, const Cancelled& cancelled,
                    const std::function<void(std::int64_t, std::int64_t, std::span<const float>)>& body) {
  std::vector<float> buffer(static_cast<std::size_t>(std::min(kPiece, w.cols)));
  for (std::int64_t row = 0; row < w.rows; ++row)
    for (std::int64_t first = 0; first < w.cols; first += kPiece) {
      if (cancelled && cancelled()) return false;
      const std::span<float> values =
          std::span(buffer).first(static_cast<std::size_t>(std::min(kPiece, w.cols - first)));
      dequantise(w.type, w.row(row) + bytes_of(w.type, first), values);
      body(row, first, values);
    }
  return true;
}

std::optional<WeightStatistics> statistics_of(const TensorView& tensor, const Cancelled& cancelled) {
  Moments moments;
  const auto add = [&](std::int64_t, std::int64_t, std::span<const float> values) { moments.add(values); };
  if (!for_each_piece(whole_matrix(tensor), cancelled, add)) return {};
  return moments.statistics();
}

Result<std::shared_ptr<const WeightView>> view_weights(const Checkpoint& checkpoint, const std::string& name,
                                                       const Checkpoint* twin, const Cancelled& cancelled) {
  auto view = std::make_shared<WeightView>();
  LAB_ASSIGN(view->tensor, find_tensor(checkpoint, name));
  const TensorView& tensor = *checkpoint.tensors->find(view->tensor.name);
  if (!view->tensor.is_weight)
    return Error{.code = Code::unsupported,
                 .file = tensor.file,
                 .field = tensor.name,
                 .expected = "numbers that are multiplied",
                 .found = view->tensor.type,
                 .message = "the tensor holds no weights"};
  const Matrix w = whole_matrix(tensor);
  std::optional<Matrix> other;
  if (twin)
    if (const TensorView* found = twin_of(tensor, *twin, view->note)) other = whole_matrix(*found);
  std::optional<TwinSums> sums;
  if (other) sums.emplace(*other, w);
  Moments moments;
  ImageMaker image(w.rows, w.cols);
  const bool seen =
      for_each_piece(w, cancelled, [&](std::int64_t row, std::int64_t first, std::span<const float> values) {
        moments.add(values);
        image.add(row, first, values);
        if (sums) sums->add(row, first, values);
      });
  view->statistics = moments.statistics();
  view->histogram = empty_histogram(view->statistics);
  const auto add = [&](std::int64_t, std::int64_t, std::span<const float> values) { count(view->histogram, values); };
  if (!seen || !for_each_piece(w, cancelled, add)) return std::shared_ptr<const WeightView>();
  view->image = image.take();
  if (sums) view->twin = sums->result(), view->error = sums->take_image();
  if (view->twin) view->twin->path = twin->path;
  view->element = [w, other, keep = checkpoint.tensors, keep_twin = twin ? twin->tensors : nullptr](
                      std::int64_t row, std::int64_t column) { return element_of(w, other, row, column); };
  return std::shared_ptr<const WeightView>(std::move(view));
}

Result<std::shared_ptr<const WeightView>> WeightViewer::look(const Checkpoint& checkpoint, const std::string& name,
                                                             const std::string& against, const Cancelled& cancelled) {
  if (of_ == checkpoint.tensors && view_ && view_->tensor.name == name && view_->against == against) return view_;
  if (against != twin_path_) {
    twin_path_ = against;
    twin_.reset();
    twin_refusal_.clear();
    if (!against.empty()) {
      auto opened = open_tensors(against);
      if (opened)
        twin_ = std::make_shared<const Checkpoint>(opened.take());
      else
        twin_refusal_ = opened.error().text();
    }
  }
  LAB_ASSIGN(const auto made, view_weights(checkpoint, name, twin_.get(), cancelled));
  if (!made) return made;
  auto view = std::make_shared<WeightView>(*made);
  view->against = against;
  if (!twin_refusal_.empty()) view->note = twin_refusal_;
  of_ = checkpoint.tensors;
  return view_ = std::move(view);
}

}  // namespace lab
