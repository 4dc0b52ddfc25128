#include "tests/detect/watched.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace lab::test {
namespace {

/// A checkpoint that differs from `original` in some tensors.
Checkpoint with_faults(const Checkpoint& original, const std::vector<WeightFault>& faults) {
  auto table = std::make_shared<TensorTable>();
  table->keep_alive(original.tensors);
  std::size_t planted = 0;
  for (TensorView view : original.tensors->all()) {
    for (const WeightFault& fault : faults) {
      if (fault.tensor != view.name) continue;
      REQUIRE(view.dtype == DType::f32);
      auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(view.elements()));
      std::memcpy(values->data(), view.data, view.bytes);
      fault.change(*values);
      view.data = reinterpret_cast<const std::byte*>(values->data());
      table->keep_alive(values);
      ++planted;
    }
    table->add(view);
  }
  REQUIRE(planted == faults.size());
  Checkpoint changed = original;
  changed.tensors = table;
  return changed;
}

/// Keeps the rows of a call that detectors need, and plants faults.
class Watcher final : public Probe {
 public:
  Watcher(int layers, const Needs& needs, const std::vector<StageFault>& faults)
      : Probe(layers), faults_(faults), kept_(static_cast<std::size_t>(layers) + 1) {
    if (needs.residuals) Probe::read(Point::emb, -1);
    for (int l = 0; l < layers; ++l) {
      if (needs.residuals) Probe::read(Point::resid_out, l);
      if (needs.states) Probe::read(Point::h, l);
      if (needs.steps) Probe::read(Point::dt, l);
    }
    for (const StageFault& fault : faults) patch(fault.point, fault.layer);
  }
  void visit(Point point, int layer, std::int64_t, Rows<float> rows) override {
    for (const StageFault& fault : faults_)
      if (fault.point == point && fault.layer == layer)
        for (std::int64_t t = 0; t < rows.count; ++t) fault.change(rows[t]);
    if (!(reads(layer) & bit(point))) return;
    std::vector<std::vector<float>>& kept = of(layer, point);
    for (std::int64_t t = 0; t < rows.count; ++t) kept.emplace_back(rows.row(t), rows.row(t) + rows.width);
  }
  std::vector<std::vector<float>>& of(int layer, Point point) {
    return kept_[static_cast<std::size_t>(layer + 1)][point == Point::h ? 0 : point == Point::dt ? 1 : 2];
  }
  std::span<const float> row(int layer, Point point, std::size_t t) {
    const auto& rows = of(layer, point);
    return rows.empty() ? std::span<const float>() : rows[t];
  }
  void forget() {
    for (auto& layer : kept_)
      for (auto& rows : layer) rows.clear();
  }

 private:
  const std::vector<StageFault>& faults_;
  std::vector<std::array<std::vector<std::vector<float>>, 3>> kept_;
};

}  // namespace

std::unique_ptr<const Model> builtin(const std::string& name, const std::vector<WeightFault>& faults) {
  auto checkpoint = open_checkpoint(LAB_SOURCE_DIR "/assets/models/" + name);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
  auto model = load_model(faults.empty() ? *checkpoint : with_faults(*checkpoint, faults));
  REQUIRE_MESSAGE(model, model.error().text());
  return model.take();
}

Context<float>& context() {
  static Context<float> one;
  return one;
}

std::vector<Finding> watch(const Model& model, const Ids& ids, State& state, std::span<Detector* const> detectors,
                           const std::vector<StageFault>& faults) {
  Needs needs;
  for (const Detector* detector : detectors) {
    const Needs more = detector->needs();
    needs.states |= more.states, needs.residuals |= more.residuals, needs.logits |= more.logits,
        needs.steps |= more.steps;
  }
  std::vector<Finding> found;
  Watcher watcher(model.layers(), needs, faults);
  const auto v = static_cast<std::size_t>(model.info().vocabulary);
  constexpr std::size_t kChunk = 256;
  std::vector<float> logits(kChunk * v);
  std::vector<LayerSample> layers(static_cast<std::size_t>(model.layers()));
  for (std::size_t at = 0; at < ids.size(); at += kChunk) {
    const std::size_t n = std::min(kChunk, ids.size() - at);
    Lane<float> lane{
        .tokens = std::span(ids).subspan(at, n), .state = &state, .probe = &watcher, .wants = LogitRows::all};
    lane.logits = {logits.data(), static_cast<std::int64_t>(n), model.info().vocabulary};
    const std::int64_t first = state.position;
    REQUIRE(model.advance(std::span(&lane, 1), context()));
    for (std::size_t t = 0; t < n; ++t) {
      for (int l = 0; l < model.layers(); ++l)
        layers[static_cast<std::size_t>(l)] = {.state = watcher.row(l, Point::h, t),
                                               .residual = watcher.row(l, Point::resid_out, t),
                                               .steps = watcher.row(l, Point::dt, t)};
      const Sample sample{.token = first + static_cast<std::int64_t>(t),
                          .id = ids[at + t],
                          .layers = layers,
                          .embedding = watcher.row(-1, Point::emb, t),
                          .logits = std::span(logits).subspan(t * v, v)};
      for (Detector* detector : detectors) detector->see(sample, found);
    }
    watcher.forget();
  }
  return found;
}

std::vector<Finding> watch(const Model& model, const Ids& ids, std::vector<Detector*> detectors,
                           const std::vector<StageFault>& faults) {
  State state(model.schema());
  return watch(model, ids, state, detectors, faults);
}

std::vector<float> read(const Model& model, const Ids& ids, State& state, const std::vector<StageFault>& faults) {
  std::vector<float> logits(ids.size() * static_cast<std::size_t>(model.info().vocabulary));
  Watcher watcher(model.layers(), {}, faults);
  Lane<float> lane{.tokens = ids, .state = &state, .probe = &watcher, .wants = LogitRows::all};
  lane.logits = {logits.data(), static_cast<std::int64_t>(ids.size()), model.info().vocabulary};
  REQUIRE(model.advance(std::span(&lane, 1), context()));
  return logits;
}

Ids held_out(std::size_t first, std::size_t count) {
  static const std::string text = [] {
    std::ifstream file(LAB_SOURCE_DIR "/tests/data/prose_held_out.txt", std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }();
  REQUIRE(first + count <= text.size());
  Ids ids;
  for (std::size_t i = first; i < first + count; ++i) ids.push_back(static_cast<unsigned char>(text[i]));
  return ids;
}

std::vector<std::vector<float>> rates_of(const Model& model) {
  std::vector<std::vector<float>> rates;
  for (int l = 0; l < model.layers(); ++l) rates.push_back(model.rates(l));
  return rates;
}

}  // namespace lab::test
