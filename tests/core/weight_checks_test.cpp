// The checks of the head and of orientations: they find what is right in every family, and what was made wrong.
#include <cmath>

#include "app/core/weight_checks.h"
#include "app/core/weights.h"
#include "support.h"

namespace lab::test {
namespace {

constexpr const char* kModels[] = {"mamba1",
                                   "mamba1-bias",
                                   "mamba2",
                                   "falcon_mamba",
                                   "granite-dense",
                                   "granite-moe",
                                   "llama",
                                   "rwkv4",
                                   "gguf/mamba1-small-F16.gguf",
                                   "gguf/mamba2-small-F16.gguf",
                                   "gguf/llama-small-F32.gguf"};

std::string golden_path(const std::string& name) { return source_path("tests/golden/" + name); }

std::shared_ptr<const OpenedModel> golden(const std::string& name) {
  auto opened = open_model(golden_path(name));
  REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().text()));
  return opened.take();
}

Recorded run_of(const OpenedModel& opened, const std::vector<PointId>& points) {
  return record_last(opened, std::vector<std::int32_t>{5, 17, 40}, points, {});
}

/// A matrix of floats, its input, and what it makes of it in double.
struct Made {
  explicit Made(std::vector<float> w, std::int64_t columns) : values(std::move(w)) {
    const auto rows = static_cast<std::int64_t>(values.size()) / columns;
    matrix = {reinterpret_cast<const std::byte*>(values.data()), DType::f32, rows, columns};
  }
  float at(std::int64_t r, std::int64_t c) const { return values[static_cast<std::size_t>(r * matrix.cols + c)]; }
  std::vector<float> times(const std::vector<float>& x, bool transposed) const {
    std::vector<float> y;
    for (std::int64_t r = 0; r < matrix.rows; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < matrix.cols; ++c)
        sum += static_cast<double>(transposed ? at(c, r) : at(r, c)) * x[static_cast<std::size_t>(c)];
      y.push_back(static_cast<float>(sum));
    }
    return y;
  }
  std::vector<float> values;
  Matrix matrix;
};

}  // namespace

TEST_CASE("head check: in every family the row of a token makes its logit") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const auto opened = golden(name);
    const Recorded recorded = run_of(*opened, head_points());
    for (const std::int64_t id : {std::int64_t{0}, std::int64_t{7}, opened->model->info().vocabulary - 1}) {
      const auto check = check_head(*opened, id, recorded);
      REQUIRE(check);
      CHECK(check->agrees);
      CHECK(check->tolerance < 1e-3);
      CHECK((check->smallest_magnitude <= check->magnitude && check->magnitude <= check->largest_magnitude));
      CHECK((check->head == check->embedding) == opened->model->info().tied_head);
      if (check->head == check->embedding) CHECK(check->difference == 0);
    }
  }
}

TEST_CASE("head check: the reference's own final norm and logits agree with the stored head") {
  for (const char* name : {"mamba1", "mamba2", "falcon_mamba", "granite-dense", "granite-moe", "llama", "rwkv4"}) {
    CAPTURE(name);
    const auto recorded = read_last(golden_path(std::string(name) + "/reference.safetensors"), head_points());
    REQUIRE(recorded);
    const auto check = check_head(*golden(name), 3, *recorded);
    REQUIRE(check);
    CHECK(check->agrees);
  }
}

TEST_CASE("head check: a logit of another row is noticed, and so is a final norm that is off by a little") {
  const auto opened = golden("mamba2");
  Recorded recorded = run_of(*opened, head_points());
  std::vector<float>& logits = recorded.at("logits");
  std::rotate(logits.begin(), logits.begin() + 1, logits.end());
  CHECK_FALSE(check_head(*opened, 7, recorded)->agrees);
  std::rotate(logits.begin(), logits.end() - 1, logits.end());
  CHECK(check_head(*opened, 7, recorded)->agrees);
  for (float& value : recorded.at("final_norm")) value *= 1.001f;
  CHECK_FALSE(check_head(*opened, 7, recorded)->agrees);
}

TEST_CASE("head check: an untied head is compared with the embedding of the same token") {
  const auto opened = golden("mamba2");
  REQUIRE_FALSE(opened->model->info().tied_head);
  const auto check = check_head(*opened, 7, run_of(*opened, head_points()));
  const auto head = view_weights(opened->checkpoint, check->head, nullptr),
             embedding = view_weights(opened->checkpoint, check->embedding, nullptr);
  double largest = 0;
  for (std::int64_t i = 0; i < opened->model->info().hidden; ++i)
    largest = std::max(largest,
                       std::abs(static_cast<double>((*head)->element(7, i).value) - (*embedding)->element(7, i).value));
  CHECK(check->difference == largest);
  CHECK(std::abs(check->cosine) < 0.9);
}

TEST_CASE("head check: ids beyond the head and values of another model are refused") {
  const auto opened = golden("mamba2");
  Recorded recorded = run_of(*opened, head_points());
  CHECK(check_head(*opened, opened->model->info().vocabulary, recorded).error().code == Code::out_of_range);
  CHECK(check_head(*opened, -1, recorded).error().field == "id");
  recorded.at("final_norm").pop_back();
  CHECK(check_head(*opened, 7, recorded).error().field == "final_norm");
}

TEST_CASE("transpose check: in every family every matrix between recorded points is the right way around") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const auto opened = golden(name);
    int checked = 0;
    for (const TensorFacts& tensor : tensors_of(opened->checkpoint)) {
      const auto points = points_around(*opened, tensor.name);
      if (!points) continue;
      CAPTURE(tensor.name);
      const auto check = check_transpose(*opened, tensor.name, run_of(*opened, *points));
      REQUIRE_MESSAGE(check, (check ? "" : check.error().text()));
      CHECK(check->found == Orientation::as_stored);
      ++checked;
    }
    CHECK(checked >= 4);
  }
}

TEST_CASE("transpose check: the reference's recorded values agree with the stored matrices") {
  const auto opened = golden("llama");
  for (const char* tensor : {"model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"}) {
    const auto points = points_around(*opened, tensor);
    REQUIRE(points);
    const auto recorded = read_last(golden_path("llama/reference.safetensors"), *points);
    REQUIRE(recorded);
    CHECK(check_transpose(*opened, tensor, *recorded)->found == Orientation::as_stored);
  }
}

TEST_CASE("transpose check: a square matrix that was stored the other way around is found") {
  const Made w({1, 2, 3, 4, -5, 6, 7, 8, 9.5f}, 3);
  const std::vector<float> x{0.3f, -2, 1};
  const TransposeCheck stored = orientation_of(w.matrix, {}, x, w.times(x, false));
  CHECK(stored.found == Orientation::as_stored);
  CHECK(stored.error < 1e-6);
  CHECK(stored.error_transposed > 0.1);
  const TransposeCheck transposed = orientation_of(w.matrix, {}, x, w.times(x, true));
  CHECK(transposed.found == Orientation::transposed);
  CHECK(transposed.text() == "the output is that of Wᵀ x: the matrix is transposed");
  CHECK(orientation_of(w.matrix, {}, x, x).found == Orientation::neither);
}

TEST_CASE("transpose check: a symmetric matrix cannot tell, a matrix that is not square fits one way only") {
  const std::vector<float> x{1, 2};
  const Made symmetric({1, 2, 2, 5}, 2), tall({1, 2, 3, 4, 5, 6}, 2);
  CHECK(orientation_of(symmetric.matrix, {}, x, symmetric.times(x, false)).found == Orientation::either);
  const TransposeCheck check = orientation_of(tall.matrix, {}, x, tall.times(x, false));
  CHECK(check.found == Orientation::as_stored);
  CHECK(std::isnan(check.error_transposed));
  CHECK(check.text().find("only one orientation fits the shape") != std::string::npos);
}

TEST_CASE("transpose check: a bias belongs to the output") {
  const Made w({1, 2, 3, 4}, 2);
  const std::vector<float> x{1, -1}, bias{10, 20};
  std::vector<float> y = w.times(x, false);
  CHECK(orientation_of(w.matrix, bias, x, y).found == Orientation::neither);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i];
  CHECK(orientation_of(w.matrix, bias, x, y).found == Orientation::as_stored);
}

TEST_CASE("transpose check: a tensor between points that are not recorded is refused, and so is a trace without them") {
  const auto opened = golden("mamba2");
  const auto refused = points_around(*opened, "backbone.layers.0.mixer.conv1d.weight");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unsupported);
  const auto points = points_around(*opened, "backbone.layers.0.mixer.in_proj.weight");
  const auto missing = read_last(golden_path("mamba2/model.safetensors"), *points);
  REQUIRE_FALSE(missing);
  CHECK((missing.error().code == Code::missing && missing.error().field == "L0.norm1"));
}

}  // namespace lab::test
