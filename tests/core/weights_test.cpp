// What is shown of weights is what is stored: statistics against plain loops, and pictures that hide nothing.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "app/core/analyst.h"
#include "app/core/weights.h"
#include "model/math/dequantise.h"
#include "support.h"

namespace lab::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

Checkpoint golden(const std::string& name) {
  auto opened = open_checkpoint(source_path("tests/golden/" + name));
  REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().text()));
  return opened.take();
}

/// A checkpoint of one tensor "w" of floats.
Checkpoint made_of(std::vector<float> values, std::vector<std::int64_t> shape) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(values));
  TensorTable table;
  table.add({.name = "w",
             .shape = std::move(shape),
             .data = reinterpret_cast<const std::byte*>(owner->data()),
             .bytes = owner->size() * sizeof(float),
             .file = "made"});
  table.keep_alive(owner);
  return {.path = "made", .tensors = std::make_shared<const TensorTable>(std::move(table))};
}

/// Seeded values around `middle`.
std::vector<float> noise(std::size_t count, float middle = 0) {
  std::vector<float> values(count);
  std::uint64_t seed = 7;
  for (float& value : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = middle + static_cast<float>(static_cast<double>(seed >> 40) / (1 << 23) - 1);
  }
  return values;
}

std::shared_ptr<const WeightView> view_of(const Checkpoint& checkpoint, const std::string& name = "w",
                                          const Checkpoint* twin = nullptr) {
  auto view = view_weights(checkpoint, name, twin);
  REQUIRE_MESSAGE(view, (view ? "" : view.error().text()));
  return view.take();
}

std::vector<float> values_of(const TensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  const Matrix w = whole_matrix(tensor);
  for (std::int64_t row = 0; row < w.rows; ++row)
    dequantise_row(w, row,
                   std::span(values).subspan(static_cast<std::size_t>(row * w.cols), static_cast<std::size_t>(w.cols)));
  return values;
}

/// Compares with two plain loops in double. Both ways add n numbers of the size of a deviation: n roundings each.
void check_statistics(const WeightStatistics& s, const std::vector<float>& values) {
  double sum = 0, squares = 0;
  float low = kInfinity, high = -kInfinity;
  std::int64_t finite = 0, zeros = 0, nans = 0, infinities = 0;
  for (const float v : values) {
    zeros += v == 0, nans += std::isnan(v), infinities += std::isinf(v);
    if (std::isfinite(v)) sum += v, ++finite, low = std::min(low, v), high = std::max(high, v);
  }
  const double mean = sum / static_cast<double>(finite);
  for (const float v : values)
    if (std::isfinite(v)) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(finite));
  const double tolerance = 0x1p-53 * static_cast<double>(2 * finite) * std::max(std::abs(low), std::abs(high));
  CHECK(s.count == static_cast<std::int64_t>(values.size()));
  CHECK((s.zeros == zeros && s.nans == nans && s.infinities == infinities));
  CHECK((s.low == low && s.high == high));
  CHECK(std::abs(s.mean - mean) <= tolerance);
  CHECK(std::abs(s.deviation - deviation) <= tolerance);
}

}  // namespace

TEST_CASE("weights: statistics are those of plain loops over every element") {
  std::vector<float> values = noise(70000 * 3, 5);  // rows longer than a piece
  values[3] = values[100000] = 0, values[70001] = kNan, values[140000] = -kInfinity;
  const Checkpoint made = made_of(values, {3, 70000});
  check_statistics(*statistics_of(*made.tensors->find("w")), values);
  check_statistics(view_of(made)->statistics, values);
  for (const char* name : {"mamba1", "mamba1-bf16", "gguf/mamba1-small-Q8_0.gguf", "gguf/mamba2-wide-Q4_K_M.gguf"}) {
    CAPTURE(name);
    for (const auto opened = golden(name); const TensorView& tensor : opened.tensors->all())
      check_statistics(*statistics_of(tensor), values_of(tensor));
  }
}

TEST_CASE("weights: a tensor without a finite element has no mean and no range, and its histogram is empty") {
  const auto view = view_of(made_of({kNan, kInfinity, -kInfinity}, {3}));
  CHECK(std::isnan(view->statistics.mean));
  CHECK(std::isnan(view->statistics.low));
  CHECK(std::accumulate(view->histogram.counts.begin(), view->histogram.counts.end(), 0) == 0);
}

TEST_CASE("weights: a spike, a NaN and an infinity are seen in a picture that pools millions of elements") {
  constexpr std::int64_t kRows = 4100, kColumns = 2100;
  std::vector<float> values = noise(kRows * kColumns);
  const auto at = [&](std::int64_t row, std::int64_t column) -> float& {
    return values[static_cast<std::size_t>(row * kColumns + column)];
  };
  at(kRows - 1, kColumns - 1) = -30, at(1234, 567) = kNan, at(1235, 566) = 100, at(0, 0) = kInfinity;
  const auto view = view_of(made_of(values, {kRows, kColumns}));
  const WeightImage& image = view->image;
  CHECK((image.rows <= 2048 && image.columns <= 2048));
  CHECK((image.row_stride == 3 && image.column_stride == 2));
  const auto cell = [&](std::int64_t row, std::int64_t column) { return image.column(column / 2)[row / 3]; };
  CHECK(cell(kRows - 1, kColumns - 1) == -30);
  CHECK(std::isnan(cell(1234, 567)));
  CHECK(cell(0, 0) == kInfinity);
}

TEST_CASE("weights: every cell of a picture is the element of largest magnitude under it, with its sign") {
  constexpr std::int64_t kRows = 5, kColumns = 2049 * 2 + 1;
  const std::vector<float> values = noise(kRows * kColumns);
  const auto view = view_of(made_of(values, {kRows, kColumns}));
  const WeightImage& image = view->image;
  REQUIRE(image.column_stride == 3);
  std::int64_t wrong = 0;
  for (std::int64_t row = 0; row < kRows; ++row)
    for (std::int64_t cell = 0; cell < image.columns; ++cell) {
      float largest = 0;
      for (std::int64_t column = 3 * cell; column < std::min(3 * cell + 3, kColumns); ++column)
        if (const float v = values[static_cast<std::size_t>(row * kColumns + column)]; std::abs(v) > std::abs(largest))
          largest = v;
      wrong += image.column(cell)[row] != largest;
    }
  CHECK(wrong == 0);
}

TEST_CASE("weights: the histogram counts every finite element in its own bin") {
  std::vector<float> values = noise(1000);
  values[0] = -1, values[1] = 1, values[2] = kNan;
  const WeightHistogram histogram = view_of(made_of(values, {1000}))->histogram;
  CHECK((histogram.low == -1 && histogram.high == 1));
  std::vector<std::int64_t> counts(histogram.counts.size());
  for (const float v : values)
    if (std::isfinite(v))
      ++counts[std::min(counts.size() - 1,
                        static_cast<std::size_t>((v + 1.0) / 2 * static_cast<double>(counts.size())))];
  CHECK(histogram.counts == counts);
}

TEST_CASE("weights: the histogram of a constant has it in the middle") {
  const WeightHistogram histogram = view_of(made_of({2, 2, 2}, {3}))->histogram;
  CHECK((histogram.low == 1 && histogram.high == 3));
  CHECK(histogram.counts[histogram.counts.size() / 2] == 3);
}

TEST_CASE(
    "weights: an element of a block is its scale times its quant plus its minimum, and the value that is multiplied") {
  for (const char* name : {"gguf/mamba1-small-Q8_0.gguf", "gguf/mamba2-wide-Q4_K_M.gguf"}) {
    CAPTURE(name);
    const auto opened = golden(name);
    int blocks = 0;
    for (const TensorFacts& tensor : tensors_of(opened)) {
      const auto view = view_of(opened, tensor.name);
      const std::vector<float> values = values_of(*opened.tensors->find(tensor.name));
      const WeightElement element = view->element(tensor.rows() - 1, tensor.columns() - 1);
      CHECK(element.value == values.back());
      CHECK(element.is_quantised == (tensor.type.starts_with("Q")));
      if (!element.is_quantised) continue;
      ++blocks;
      // One rounding of the product and one of the sum.
      const double exact = static_cast<double>(element.scale) * element.quant + element.minimum;
      CHECK(std::abs(element.value - exact) <=
            0x1p-24 * 2 * (std::abs(element.scale * static_cast<float>(element.quant)) + std::abs(element.minimum)));
    }
    CHECK(blocks >= 3);
  }
}

TEST_CASE("weights: a rounded checkpoint is compared with its unrounded twin, element by element") {
  const auto rounded = golden("mamba1-bf16"), exact = golden("mamba1");
  const std::string name = "backbone.layers.0.mixer.in_proj.weight";
  const auto view = view_of(rounded, name, &exact);
  const std::vector<float> ours = values_of(*rounded.tensors->find(name));
  const std::vector<float> theirs = values_of(*exact.tensors->find(name));
  double squares = 0, largest = 0, of_twin = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double difference = static_cast<double>(ours[i]) - theirs[i];
    squares += difference * difference, of_twin += static_cast<double>(theirs[i]) * theirs[i];
    largest = std::max(largest, std::abs(difference));
  }
  REQUIRE(view->twin);
  CHECK(largest > 0);
  CHECK(view->twin->largest == largest);
  CHECK(view->twin->rms == doctest::Approx(std::sqrt(squares / static_cast<double>(ours.size()))).epsilon(1e-12));
  CHECK(view->twin->relative == doctest::Approx(std::sqrt(squares / of_twin)).epsilon(1e-12));
  const WeightElement element = view->element(view->twin->row, view->twin->column);
  CHECK(std::abs(static_cast<double>(element.value) - *element.twin) == largest);
}

TEST_CASE("weights: the picture of the error shows the largest difference under each cell, and NaN where there is none") {
  constexpr std::int64_t kRows = 3, kColumns = 2049;
  std::vector<float> ours = noise(kRows * kColumns), theirs = ours;
  ours[5] += 0.5f, ours[4] -= 0.25f, theirs[kColumns] = kInfinity;
  const Checkpoint rounded = made_of(ours, {kRows, kColumns}), exact = made_of(theirs, {kRows, kColumns});
  const WeightImage error = view_of(rounded, "w", &exact)->error;
  REQUIRE((error.column_stride == 2 && error.rows == kRows));
  CHECK(error.column(2)[0] == ours[5] - theirs[5]);
  CHECK(std::isnan(error.column(0)[1]));
  CHECK(error.column(7)[2] == 0);
  CHECK(view_of(rounded)->error.cells.empty());
}

TEST_CASE("weights: a twin of another shape is not compared, and it is said why") {
  const Checkpoint small = made_of({1, 2}, {2}), large = made_of({1, 2, 3}, {3});
  const auto view = view_of(small, "w", &large);
  CHECK_FALSE(view->twin);
  CHECK(view->note == "in the other checkpoint its shape is [3]");
  CHECK_FALSE(view->element(0, 0).twin);
}

TEST_CASE("weights: tensors of a GGUF file have its own names, and shapes that begin with the fastest axis") {
  const auto opened = golden("gguf/mamba1-small-F32.gguf");
  const auto tensor = find_tensor(opened, "blk.0.ssm_in.weight");
  REQUIRE(tensor);
  CHECK(tensor->name == "backbone.layers.0.mixer.in_proj.weight");
  CHECK(tensor->stored_name == "blk.0.ssm_in.weight");
  REQUIRE(tensor->shape.size() == 2);
  CHECK(tensor->shape == opened.tensors->find(tensor->name)->shape);
  CHECK(tensor->stored_shape == std::vector<std::int64_t>{tensor->shape[1], tensor->shape[0]});
}

TEST_CASE("weights: all axes but the last lie down, and a vector is one row") {
  const auto shape = [](std::vector<std::int64_t> extents) {
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) count *= extent;
    const TensorFacts tensor{.shape = std::move(extents), .count = count};
    return std::pair(tensor.rows(), tensor.columns());
  };
  CHECK(shape({8, 1, 4}) == std::pair<std::int64_t, std::int64_t>(8, 4));
  CHECK(shape({5}) == std::pair<std::int64_t, std::int64_t>(1, 5));
  CHECK(shape({}) == std::pair<std::int64_t, std::int64_t>(1, 1));
  CHECK(shape({3, 0}) == std::pair<std::int64_t, std::int64_t>(0, 0));
  CHECK(view_of(made_of({}, {3, 0}))->statistics.count == 0);
}

TEST_CASE("weights: a look that is cancelled gives nothing") {
  const Checkpoint made = made_of(noise(100), {10, 10});
  int asked = 0;
  const auto view = view_weights(made, "w", nullptr, [&] { return ++asked > 15; });  // in the second pass
  REQUIRE(view);
  CHECK(*view == nullptr);
  CHECK_FALSE(statistics_of(*made.tensors->find("w"), [] { return true; }));
}

TEST_CASE("weights: tensors that are not there or hold no weights are refused by name") {
  const Checkpoint made = made_of({1, 2}, {2});
  const auto unknown = view_weights(made, "v", nullptr);
  REQUIRE_FALSE(unknown);
  CHECK((unknown.error().code == Code::not_found && unknown.error().field == "v"));
  TensorTable table;
  table.add({.name = "ids",
             .dtype = DType::i64,
             .shape = {1},
             .data = made.tensors->find("w")->data,
             .bytes = 8,
             .file = "made"});
  const Checkpoint whole{.path = "made", .tensors = std::make_shared<const TensorTable>(std::move(table))};
  const auto refused = view_weights(whole, "ids", nullptr);
  REQUIRE_FALSE(refused);
  CHECK((refused.error().code == Code::unsupported && refused.error().found == "I64"));
}

TEST_CASE("weights: the deriver shows the selected tensor and keeps it while only tokens come") {
  FreshLab lab("mamba2");
  carry_out(lab, command::ShowWeights{"backbone.embeddings.weight", ""});
  CHECK(lab.snapshot()->selection.tensor == "backbone.embeddings.weight");
  Deriver deriver({});
  const Query query{.weights = true};
  const auto first = deriver.derive(lab.snapshot(), lab.opened(), query);
  REQUIRE(first->weights);
  CHECK(first->weights->tensor.name == "backbone.embeddings.weight");
  carry_out(lab, command::FeedText{"a"});
  carry_out(lab, command::Step{1});
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), query)->weights == first->weights);
  CHECK(refusal_of(lab, command::ShowWeights{"nothing", ""}).field == "nothing");
  carry_out(lab, command::ShowWeights{"backbone.norm_f.weight", "nowhere"});
  const auto against = deriver.derive(lab.snapshot(), lab.opened(), query);
  REQUIRE(against->weights);
  CHECK(against->weights->note.find("nowhere") != std::string::npos);
  carry_out(lab, command::ShowWeights{});
  CHECK_FALSE(deriver.derive(lab.snapshot(), lab.opened(), query)->weights);
}

}  // namespace lab::test
