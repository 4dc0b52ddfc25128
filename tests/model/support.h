#pragma once
// What the tests of the model share: opening models, watching a step, and comparing bits and rows.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "model/files/safetensors.h"
#include "model/math/context.h"
#include "model/math/cpu/kernels.h"
#include "model/model.h"

namespace lab::test {

const std::string kGolden = LAB_SOURCE_DIR "/tests/golden/";

using Tokens = std::vector<std::int32_t>;

inline std::unique_ptr<const Model> open_golden(const std::string& name) {
  auto checkpoint = open_checkpoint(kGolden + name);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
  auto model = load_model(*checkpoint);
  REQUIRE_MESSAGE(model, model.error().text());
  return model.take();
}

inline std::unique_ptr<const Model> make_random(const RandomModel& sizes) {
  auto checkpoint = random_checkpoint(sizes);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
  auto model = load_model(*checkpoint);
  REQUIRE_MESSAGE(model, model.error().text());
  return model.take();
}

inline Tokens random_tokens(std::int64_t count, std::int64_t vocabulary, unsigned seed = 1) {
  std::mt19937 random(seed);
  Tokens tokens(static_cast<std::size_t>(count));
  for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(random() % static_cast<unsigned>(vocabulary));
  return tokens;
}

/// The instruction sets of this processor; those it lacks are named on the console.
inline const std::vector<const char*>& instruction_sets() {
  static const std::vector<const char*> all = [] {
    std::vector<const char*> found;
    for (const char* name : {"generic", "avx2", "avx512"}) {
      if (find_kernels(name))
        found.push_back(name);
      else
        MESSAGE("SKIPPED: this processor has no " << name);
    }
    return found;
  }();
  return all;
}

/// Keeps every row it is told of, in the order of the tokens.
template <class Real>
class Recorder : public BasicProbe<Real> {
 public:
  explicit Recorder(int layers) : BasicProbe<Real>(layers) {}
  void read_everything(int layers) {
    for (int p = 0; p < kPoints; ++p)
      for (int layer = -1; layer < layers; ++layer)
        if (is_layer_point(static_cast<Point>(p)) == (layer >= 0)) this->read(static_cast<Point>(p), layer);
  }
  /// Points that show cached rows are kept as wide as those of the last of `tokens`, as references are.
  void pad(const Model& model, std::int64_t tokens) {
    for (int layer = 0; layer < model.layers(); ++layer)
      for (const PointShape& point : model.info().layers[static_cast<std::size_t>(layer)].points)
        if (std::find(point.shape.begin(), point.shape.end(), kCachedRows) != point.shape.end()) padded_[point_name(point.point, layer)] = point;
    padded_rows_ = tokens;
  }
  void visit(Point point, int layer, std::int64_t token, Rows<Real> rows) override {
    const std::string name = point_name(point, layer);
    if (!values.contains(name)) order.push_back(name);
    std::vector<Real>& kept = values[name];
    if (const auto shape = padded_.find(name); shape != padded_.end()) {
      REQUIRE(rows.count == 1);
      const auto width = static_cast<std::size_t>(elements_of(shape->second, padded_rows_));
      CHECK(kept.size() == static_cast<std::size_t>(first_token + token) * width);
      kept.resize(kept.size() + width);
      pad_cached_rows(shape->second, rows.data, rows.width, padded_rows_, kept.data() + kept.size() - width);
      return;
    }
    const bool grows = point == Point::k_cache || point == Point::scores || point == Point::probs;
    if (!grows) CHECK(static_cast<std::int64_t>(kept.size()) == (first_token + token) * rows.width);
    for (std::int64_t t = 0; t < rows.count; ++t) kept.insert(kept.end(), rows.row(t), rows.row(t) + rows.width);
  }
  void statistics(int layer, std::int64_t token, Rows<const float> rows) override {
    std::vector<float>& kept = numbers[layer];
    CHECK(static_cast<std::int64_t>(kept.size()) == (first_token + token) * kStatistics);
    for (std::int64_t t = 0; t < rows.count; ++t) kept.insert(kept.end(), rows.row(t), rows.row(t) + rows.width);
  }

  std::int64_t first_token = 0;  // of the call at work
  std::vector<std::string> order;
  std::map<std::string, std::vector<Real>> values;
  std::map<int, std::vector<float>> numbers;

 private:
  std::map<std::string, PointShape> padded_;
  std::int64_t padded_rows_ = 0;
};

/// What is left of a run: the state and the logits of every token.
template <class Real>
struct Outcome {
  BasicState<Real> state;
  std::vector<Real> logits;
};

/// Runs tokens in calls of the given lengths (all at once when empty) from a state (a fresh one when null).
template <class Real>
Outcome<Real> run(const Model& model, const Tokens& tokens, Context<Real>& context,
                  std::vector<std::int64_t> lengths = {}, BasicProbe<Real>* probe = nullptr,
                  const BasicState<Real>* from = nullptr) {
  const std::int64_t vocabulary = model.info().vocabulary;
  Outcome<Real> outcome{from ? *from : BasicState<Real>(model.schema()),
                        std::vector<Real>(tokens.size() * static_cast<std::size_t>(vocabulary))};
  if (lengths.empty()) lengths = {static_cast<std::int64_t>(tokens.size())};
  std::size_t at = 0;
  for (std::int64_t length : lengths) {
    const auto n = static_cast<std::size_t>(length);
    Lane<Real> lane{.tokens = std::span(tokens).subspan(at, n),
                    .state = &outcome.state,
                    .probe = probe,
                    .wants = LogitRows::all,
                    .logits = {outcome.logits.data() + at * static_cast<std::size_t>(vocabulary), length, vocabulary}};
    if (auto* recorder = dynamic_cast<Recorder<Real>*>(probe)) recorder->first_token = static_cast<std::int64_t>(at);
    REQUIRE(model.advance(std::span(&lane, 1), context));
    at += n;
  }
  REQUIRE(at == tokens.size());
  return outcome;
}

template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return same_bits(std::span<const T>(a), std::span<const T>(b));
}
template <class Real>
bool same_bits(const BasicState<Real>& a, const BasicState<Real>& b) {
  bool same = a.position == b.position;
  for (int l = 0; l < static_cast<int>(a.schema().layers().size()); ++l)
    for (int i = 0; i < static_cast<int>(a.schema().layers()[static_cast<std::size_t>(l)].tensors.size()); ++i)
      same = same && same_bits(a.get(l, i), b.get(l, i));
  return same;
}
template <class Real>
bool same_bits(const Outcome<Real>& a, const Outcome<Real>& b) {
  return same_bits(a.logits, b.logits) && same_bits(a.state, b.state);
}

/// A tensor of a reference file in double, one row a token.
struct Reference {
  std::int64_t tokens = 0;
  std::vector<double> values;
};
std::map<std::string, Reference> read_reference(const std::string& path, Tokens& ids);

/// Largest relative L2 of a token's row; rows far below the tensor's size are judged by the tensor's.
template <class Real>
double worst_row(const std::vector<Real>& ours, const Reference& reference) {
  if (ours.size() != reference.values.size()) return INFINITY;
  const std::size_t rows = static_cast<std::size_t>(reference.tokens), width = ours.size() / rows;
  std::vector<double> size(rows), error(rows);
  double mean = 0, worst = 0;
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t i = t * width; i < (t + 1) * width; ++i) {
      const double difference = static_cast<double>(ours[i]) - reference.values[i];
      size[t] += reference.values[i] * reference.values[i];
      error[t] += difference * difference;
    }
    mean += std::sqrt(size[t]) / static_cast<double>(rows);
  }
  for (std::size_t t = 0; t < rows; ++t) {
    if (!std::isfinite(error[t])) return INFINITY;
    worst = std::max(worst, std::sqrt(error[t]) / std::max({std::sqrt(size[t]), 0.1 * mean, 1e-30}));
  }
  return worst;
}

/// Every layout, with sizes that leave padding.
inline std::shared_ptr<const StateSchema> odd_schema() {
  const LayerSchema layer{
      .kind = "odd",
      .tensors = {
          {.name = "conv_state",
           .point = Point::conv_state,
           .role = Role::conv,
           .layout = Layout::columns,
           .shape = {5, 3}},
          {.name = "ssm_state", .point = Point::h, .role = Role::ssm, .layout = Layout::tiles, .shape = {2, 19, 3}},
          {.name = "other", .point = Point::y, .role = Role::ssm, .layout = Layout::rows, .shape = {7}, .neutral = 2}}};
  return std::make_shared<const StateSchema>("odd", std::vector<LayerSchema>{layer, layer});
}

/// A state of random values at position 12.
template <class Real>
BasicState<Real> filled(std::shared_ptr<const StateSchema> schema, unsigned seed = 1) {
  BasicState<Real> state(std::move(schema));
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  for (int l = 0; l < static_cast<int>(state.schema().layers().size()); ++l)
    for (int i = 0; i < static_cast<int>(state.schema().layers()[static_cast<std::size_t>(l)].tensors.size()); ++i) {
      std::vector<Real> values = state.get(l, i);
      for (Real& value : values) value = static_cast<Real>(normal(random));
      REQUIRE(state.set(l, i, values));
    }
  state.position = 12;
  return state;
}

}  // namespace lab::test
