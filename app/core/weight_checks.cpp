#include "app/core/weight_checks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "app/core/weights.h"
#include "model/files/npz.h"
#include "model/math/dequantise.h"

namespace lab {
namespace {

constexpr double kUnit = 0x1p-24;  // of rounding to single precision

/// What a sum of n products may differ by in any order (Higham 2002, section 3.1), a bias and a scaling there and back included.
double rounding_of_sum(double magnitudes, std::int64_t n) {
  return std::numeric_limits<float>::min() + kUnit * static_cast<double>(n + 4) * magnitudes;
}

class LastRows final : public Probe {
 public:
  LastRows(int layers, std::span<const PointId> points) : Probe(layers) {
    for (const PointId& id : points) read(id.point, id.layer);
  }
  void visit(Point point, int layer, std::int64_t, Rows<float> rows) override {
    const auto last = rows[rows.count - 1];
    values[point_name(point, layer)].assign(last.begin(), last.end());
  }
  Recorded values;
};

std::vector<float> row_of(const Matrix& w, std::int64_t row) {
  std::vector<float> values(static_cast<std::size_t>(w.cols));
  dequantise_row(w, row, values);
  return values;
}

double mean_magnitude(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += std::abs(value);
  return sum / static_cast<double>(values.size());
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

void compare_with_embedding(HeadCheck& check, std::span<const float> head, std::span<const float> embedding) {
  for (std::size_t i = 0; i < head.size(); ++i)
    check.difference = std::max(check.difference, std::abs(static_cast<double>(head[i]) - embedding[i]));
  check.cosine = dot(head, embedding) / std::sqrt(dot(head, head) * dot(embedding, embedding));
}

void compare_with_other_rows(HeadCheck& check, const Matrix& head) {
  check.smallest_magnitude = std::numeric_limits<double>::infinity();
  std::vector<float> row(static_cast<std::size_t>(head.cols));
  for (std::int64_t i = 0; i < head.rows; ++i) {
    dequantise_row(head, i, row);
    const double magnitude = mean_magnitude(row);
    check.smallest_magnitude = std::min(check.smallest_magnitude, magnitude);
    check.largest_magnitude = std::max(check.largest_magnitude, magnitude);
    check.mean_magnitude += magnitude / static_cast<double>(head.rows);
  }
}

Status check_length(const std::string& point, std::size_t found, std::int64_t expected) {
  if (static_cast<std::int64_t>(found) == expected) return {};
  return Error{.code = Code::mismatch,
               .field = point,
               .expected = fmt::format("{} numbers", expected),
               .found = std::to_string(found),
               .message = "the recorded value is not of this model"};
}

/// A recorded value of this length.
Result<std::span<const float>> value_of(const Recorded& recorded, const std::string& name, std::int64_t length) {
  const auto found = recorded.find(name);
  LAB_TRY(check_length(name, found == recorded.end() ? 0 : found->second.size(), length));
  return std::span<const float>(found->second);
}

/// Around a matrix of a layer: recorded input, and outputs that lie one behind the other.
struct Link {
  const char* tensor;  // behind the layer's prefix
  Point input;
  std::vector<Point> outputs;
  bool has_bias = true;        // in the output, where there is one
  const char* only_type = "";  // of models
};

// What the forward pass of the families does. Left out: outputs that are only recorded after something else was done to them.
const Link kLinks[] = {
    {"mixer.in_proj.weight", Point::norm1, {Point::in_proj}},
    {"mamba.in_proj.weight", Point::norm1, {Point::in_proj}},
    {"mixer.x_proj.weight", Point::u, {Point::dt_low, Point::B, Point::C}, true, "mamba"},
    {"mixer.dt_proj.weight", Point::dt_low, {Point::dt_raw}, false},
    {"mixer.out_proj.weight", Point::gnorm, {Point::mixer_out}},
    {"mixer.out_proj.weight", Point::gated, {Point::mixer_out}},
    {"mamba.out_proj.weight", Point::gnorm, {Point::mixer_out}},
    {"self_attn.q_proj.weight", Point::norm1, {Point::q}},
    {"self_attn.k_proj.weight", Point::norm1, {Point::k}},
    {"self_attn.v_proj.weight", Point::norm1, {Point::v}},
    {"self_attn.o_proj.weight", Point::ctx, {Point::mixer_out}},
    {"mlp.gate_proj.weight", Point::norm2, {Point::ffn_gate}},
    {"mlp.up_proj.weight", Point::norm2, {Point::ffn_up}},
    {"mlp.down_proj.weight", Point::ffn_act, {Point::ffn_out}},
    {"shared_mlp.input_linear.weight", Point::norm2, {Point::ffn_gate, Point::ffn_up}},
    {"shared_mlp.gate.weight", Point::norm2, {Point::ffn_gate}},
    {"shared_mlp.up.weight", Point::norm2, {Point::ffn_up}},
    {"block_sparse_moe.router.layer.weight", Point::norm2, {Point::moe_logits}},
    {"attention.key.weight", Point::shift_k, {Point::att_k}},
    {"attention.value.weight", Point::shift_v, {Point::att_v}},
};

bool has_point(const LayerInfo& layer, Point point) {
  return std::ranges::any_of(layer.points, [=](const PointShape& each) { return each.point == point; });
}

struct Found {
  const Link* link = nullptr;  // null: the head
  int layer = -1;
};

/// The link of a tensor's name, "...layers.3.mixer.in_proj.weight", in a model that records both ends.
std::optional<Found> find_link(const ModelInfo& info, const std::string& tensor) {
  if (tensor == info.head) return Found{};
  for (const Link& link : kLinks) {
    if (!tensor.ends_with(std::string(".") + link.tensor)) continue;
    if (*link.only_type && info.model_type != link.only_type) continue;
    const std::string before = tensor.substr(0, tensor.size() - std::string_view(link.tensor).size() - 1);
    int layer = -1;
    std::from_chars(before.data() + before.rfind('.') + 1, before.data() + before.size(), layer);
    if (layer < 0 || layer >= static_cast<int>(info.layers.size())) continue;
    const LayerInfo& there = info.layers[static_cast<std::size_t>(layer)];
    const auto recorded = [&](Point point) { return has_point(there, point); };
    if (recorded(link.input) && std::ranges::all_of(link.outputs, recorded)) return Found{&link, layer};
  }
  return {};
}

/// GGUF files hold the rows of q and k in the order of adjacent pairs, while what is recorded has the halves one behind the other.
void undo_pairs(std::vector<float>& y, std::int64_t head_dim) {
  const auto width = static_cast<std::size_t>(head_dim);
  std::vector<float> head(width);
  for (std::size_t first = 0; first + width <= y.size(); first += width) {
    std::copy_n(y.begin() + static_cast<std::ptrdiff_t>(first), width, head.begin());
    for (std::size_t i = 0; i < width / 2; ++i) y[first + 2 * i] = head[i], y[first + 2 * i + 1] = head[i + width / 2];
  }
}

bool has_pairs(const OpenedModel& opened, Point output) {
  const Json* flag = opened.checkpoint.config->find("qk_rows_interleaved");
  return flag && flag->boolean().value_or(false) && (output == Point::q || output == Point::k);
}

/// Sums of one way around, and whether each lies within rounding of y.
struct Way {
  explicit Way(std::size_t n) : sums(n), magnitudes(n) {}
  void add(std::size_t i, double product) { sums[i] += product, magnitudes[i] += std::abs(product); }

  bool agrees(std::span<const float> y, std::int64_t terms) const {
    for (std::size_t i = 0; i < y.size(); ++i)
      if (!(std::abs(sums[i] - y[i]) <= rounding_of_sum(magnitudes[i], terms))) return false;
    return true;
  }
  double error(std::span<const float> y) const {
    double squares = 0;
    for (std::size_t i = 0; i < y.size(); ++i) squares += (sums[i] - y[i]) * (sums[i] - y[i]);
    return std::sqrt(squares / dot(y, y));
  }

  std::vector<double> sums, magnitudes;
};

}  // namespace

Recorded record_last(const OpenedModel& opened, std::span<const std::int32_t> ids, std::span<const PointId> points,
                     const ContextOptions& arithmetic) {
  Context<float> context(arithmetic);
  State state(opened.model->schema());
  LastRows probe(opened.model->layers(), points);
  Lane<float> lane{.tokens = ids, .state = &state, .probe = &probe, .wants = LogitRows::none};
  opened.model->advance(std::span(&lane, 1), context);
  return std::move(probe.values);
}

Result<Recorded> read_last(const std::string& trace, std::span<const PointId> points) {
  LAB_ASSIGN(const TensorTable table, trace.ends_with(".npz") ? open_npz(trace) : open_weights(trace));
  Recorded recorded;
  for (const PointId& id : points) {
    const std::string name = point_name(id.point, id.layer);
    const TensorView* tensor = table.find(name);
    if (!tensor || tensor->shape.empty() || tensor->shape[0] == 0 || !is_weight(tensor->dtype))
      return Error{.code = Code::missing,
                   .file = trace,
                   .field = name,
                   .expected = "numbers with a row for each token",
                   .found = tensor ? shape_text(tensor->shape) + " " + name_of(tensor->dtype) : "none",
                   .message = "the trace does not hold this point"};
    const std::int64_t width = tensor->elements() / tensor->shape[0];
    std::vector<float>& values = recorded[name];
    values.resize(static_cast<std::size_t>(width));
    dequantise(tensor->dtype, tensor->data + bytes_of(tensor->dtype, (tensor->shape[0] - 1) * width), values);
  }
  return recorded;
}

std::vector<PointId> head_points() { return {{Point::final_norm, -1}, {Point::logits, -1}}; }

Result<HeadCheck> check_head(const OpenedModel& opened, std::int64_t id, const Recorded& recorded) {
  const ModelInfo& info = opened.model->info();
  const TensorTable& table = *opened.checkpoint.tensors;
  HeadCheck check{.id = id, .head = info.head, .embedding = info.tied_head ? info.head : info.embedding};
  const Matrix head = whole_matrix(*table.find(check.head)), embedding = whole_matrix(*table.find(check.embedding));
  if (id < 0 || id >= head.rows)
    return Error{.code = Code::out_of_range,
                 .field = "id",
                 .expected = fmt::format("0 to {}", head.rows - 1),
                 .found = std::to_string(id),
                 .message = "the head has no row for this token"};
  LAB_ASSIGN(const auto final_norm, value_of(recorded, point_name(Point::final_norm, -1), head.cols));
  LAB_ASSIGN(const auto logits, value_of(recorded, point_name(Point::logits, -1), head.rows));
  const std::vector<float> row = row_of(head, id);
  double magnitudes = 0;
  for (std::size_t i = 0; i < row.size(); ++i) magnitudes += std::abs(static_cast<double>(row[i]) * final_norm[i]);
  check.product = dot(row, final_norm) / info.logits_scaling;
  check.logit = logits[static_cast<std::size_t>(id)];
  check.tolerance = rounding_of_sum(magnitudes, head.cols) / info.logits_scaling;
  check.agrees = std::abs(check.product - check.logit) <= check.tolerance;
  check.magnitude = mean_magnitude(row);
  compare_with_other_rows(check, head);
  compare_with_embedding(check, row, row_of(embedding, id));
  return check;
}

const char* name_of(Orientation orientation) {
  switch (orientation) {
    case Orientation::as_stored: return "as stored";
    case Orientation::transposed: return "transposed";
    case Orientation::either: return "either way";
    case Orientation::neither: return "neither way";
  }
  return "?";
}

std::string TransposeCheck::text() const {
  if (!is_square())
    return fmt::format("{} × {}: only one orientation fits the shape, and the output is {}that of W x", rows, columns,
                       found == Orientation::as_stored ? "" : "not ");
  switch (found) {
    case Orientation::as_stored: return "the output is that of W x: the matrix is the right way around";
    case Orientation::transposed: return "the output is that of Wᵀ x: the matrix is transposed";
    case Orientation::either: return "the output is that of W x and of Wᵀ x: the matrix does not tell them apart";
    case Orientation::neither: return "the output is neither that of W x nor that of Wᵀ x";
  }
  return "";
}

TransposeCheck orientation_of(const Matrix& w, std::span<const float> bias, std::span<const float> x,
                              std::span<const float> y) {
  TransposeCheck check{.rows = w.rows, .columns = w.cols, .error_transposed = std::numeric_limits<double>::quiet_NaN()};
  const bool square = w.rows == w.cols;
  Way stored(y.size()), transposed(square ? y.size() : 0);
  for (Way* way : {&stored, &transposed})
    for (std::size_t i = 0; i < std::min(bias.size(), way->sums.size()); ++i) way->add(i, bias[i]);
  for_each_piece(w, {}, [&](std::int64_t row, std::int64_t first, std::span<const float> values) {
    const auto r = static_cast<std::size_t>(row), c = static_cast<std::size_t>(first);
    for (std::size_t i = 0; i < values.size(); ++i) {
      stored.add(r, static_cast<double>(values[i]) * x[c + i]);
      if (square) transposed.add(c + i, static_cast<double>(values[i]) * x[r]);
    }
  });
  const bool as_stored = stored.agrees(y, w.cols), as_transposed = square && transposed.agrees(y, w.rows);
  check.error = stored.error(y);
  if (square) check.error_transposed = transposed.error(y);
  check.found = as_stored && as_transposed ? Orientation::either
                : as_stored                ? Orientation::as_stored
                : as_transposed            ? Orientation::transposed
                                           : Orientation::neither;
  return check;
}

Result<std::vector<PointId>> points_around(const OpenedModel& opened, const std::string& tensor) {
  const auto found = find_link(opened.model->info(), tensor);
  if (!found)
    return Error{.code = Code::unsupported,
                 .field = printable(tensor),
                 .expected = "a matrix whose input and output are recorded, as in_proj, q_proj or the head",
                 .message = "the way around of this tensor cannot be checked by a run"};
  if (!found->link) return head_points();
  std::vector<PointId> points{{found->link->input, found->layer}};
  for (const Point output : found->link->outputs) points.push_back({output, found->layer});
  return points;
}

Result<TransposeCheck> check_transpose(const OpenedModel& opened, const std::string& tensor, const Recorded& recorded) {
  LAB_ASSIGN(const auto points, points_around(opened, tensor));
  const ModelInfo& info = opened.model->info();
  const Found found = *find_link(info, tensor);
  const TensorTable& table = *opened.checkpoint.tensors;
  const Matrix w = whole_matrix(*table.find(tensor));
  const std::string input = point_name(points[0].point, points[0].layer);
  LAB_ASSIGN(const auto x, value_of(recorded, input, w.cols));
  std::vector<float> y;
  std::string output;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const std::string name = point_name(points[i].point, points[i].layer);
    output += (output.empty() ? "" : " + ") + name;
    if (const auto part = recorded.find(name); part != recorded.end())
      y.insert(y.end(), part->second.begin(), part->second.end());
  }
  LAB_TRY(check_length(output, y.size(), w.rows));
  if (has_pairs(opened, points[1].point)) undo_pairs(y, info.head_dim);
  std::vector<float> bias;
  const TensorView* stored_bias = table.find(tensor.substr(0, tensor.rfind('.')) + ".bias");
  if (found.link && found.link->has_bias && stored_bias) bias = row_of(whole_matrix(*stored_bias), 0);
  if (!found.link && info.logits_scaling != 1)
    for (float& logit : y) logit = static_cast<float>(logit * info.logits_scaling);
  TransposeCheck check = orientation_of(w, bias, x, y);
  check.tensor = tensor, check.input = input, check.output = output;
  return check;
}

}  // namespace lab
