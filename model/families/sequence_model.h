#pragma once
// A stack of equal pre-norm layers between an embedding and a head: everything about Mamba-1 and Mamba-2 but the mixer.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "model/families/batch.h"
#include "model/families/reading.h"

namespace lab {

/// The tensors around the layers, and those of all layers as the family lists them.
template <class Config, class ExpectLayer>
std::vector<Expected> expected_tensors(const Config& c, ExpectLayer expect_layer) {
  std::vector<Expected> expected = {{"backbone.norm_f.weight", {c.hidden}}};
  expected.push_back({"backbone.embeddings.weight", {c.vocabulary, c.hidden}});
  expected.push_back({"lm_head.weight", {c.vocabulary, c.hidden}, c.tied});
  for (std::int64_t i = 0; i < c.layers; ++i) expect_layer(c, i, expected);
  return expected;
}

template <class Config, template <class> class Layer>
class SequenceModel final : public Model {
 public:
  SequenceModel(const Config& config, const Checkpoint& checkpoint, ModelInfo info, std::shared_ptr<const StateSchema> schema)
      : config_(config), table_(checkpoint.tensors), single_(config, *table_) {
    info_ = std::move(info);
    schema_ = std::move(schema);
    embeddings_ = matrix_of(*table_, find_embedding(*table_)->name);
    head_ = table_->find("lm_head.weight") ? matrix_of(*table_, "lm_head.weight") : embeddings_;
  }

  bool advance(std::span<Lane<float>> lanes, Context<float>& context) const override { return run(single_, lanes, context); }

  bool advance(std::span<Lane<double>> lanes, Context<double>& context) const override { return run(oracle(), lanes, context); }

  void mix(int layer, Rows<const float> inputs, Rows<float> outputs, State& state, Probe* probe,
           Context<float>& context) const override {
    Lane<float> lane{.vectors = inputs, .state = &state, .probe = probe};
    Batch<float> batch(std::span(&lane, 1), context);
    single_.layers[static_cast<std::size_t>(layer)].mix(layer, inputs, batch, outputs);
    state.position += inputs.count;
  }

  void read_out(Rows<const float> resid_out, Rows<float> logits, Context<float>& context) const override {
    Rows<float> normed = scratch(context, Slot::final_norm, resid_out.count, config_.hidden);
    context.math.rms_norm(resid_out, single_.norm_f, static_cast<float>(config_.epsilon), 1, normed);
    context.math.linear(head_, {}, normed, logits);
  }

  void replay(int layer, std::span<const Rows<const float>> drivers, State& state, Context<float>& context) const override {
    single_.layers[static_cast<std::size_t>(layer)].replay(layer, drivers, state, context);
  }

  std::vector<float> rates(int layer) const override { return single_.layers[static_cast<std::size_t>(layer)].rates(); }

 private:
  template <class Real>
  struct Parts {
    Parts(const Config& config, const TensorTable& table) : norm_f(vector_of<Real>(table, "backbone.norm_f.weight")) {
      layers.reserve(static_cast<std::size_t>(config.layers));
      for (std::int64_t i = 0; i < config.layers; ++i) layers.emplace_back(config, table, i);
    }
    std::vector<Layer<Real>> layers;
    std::vector<Real> norm_f;
  };

  // The oracle's small tensors are made when somebody first asks.
  const Parts<double>& oracle() const {
    std::call_once(oracle_once_, [this] { double_ = std::make_unique<Parts<double>>(config_, *table_); });
    return *double_;
  }

  template <class Real>
  bool run(const Parts<Real>& parts, std::span<Lane<Real>> lanes, Context<Real>& context) const {
    Batch<Real> batch(lanes, context);
    Rows<Real> resid = scratch(context, Slot::resid, batch.rows, config_.hidden);  // [rows, d]
    embed(batch, resid);
    batch.show(Point::emb, -1, resid);
    const auto epsilon = static_cast<Real>(config_.epsilon);
    for (int i = 0; i < layers(); ++i) {
      if (context.cancelled()) return false;
      const Layer<Real>& layer = parts.layers[static_cast<std::size_t>(i)];
      Rows<Real> norm1 = scratch(context, Slot::norm1, batch.rows, config_.hidden);
      Rows<Real> mixed = scratch(context, Slot::mixer_out, batch.rows, config_.hidden);
      batch.show(Point::resid_in, i, resid);
      context.math.rms_norm(resid, layer.norm, epsilon, 1, norm1);
      batch.show(Point::norm1, i, norm1);
      layer.mix(i, norm1, batch, mixed);
      context.math.add(mixed, resid);
      batch.show(Point::resid_out, i, resid);
      report_statistics(i, mixed, resid, batch);
    }
    finish(parts, batch, resid);
    for (Lane<Real>& lane : lanes) lane.state->position += lane.length();
    return true;
  }

  template <class Real>
  void embed(Batch<Real>& batch, Rows<Real> resid) const {
    for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
      const Lane<Real>& lane = batch.lanes[i];
      Rows<Real> rows = batch.of_lane(i, resid);
      for (std::int64_t t = 0; t < rows.count; ++t) {
        if (lane.tokens.empty()) std::copy_n(lane.vectors.row(t), config_.hidden, rows.row(t));
        else batch.math().embed(embeddings_, lane.tokens[static_cast<std::size_t>(t)], rows[t]);
      }
    }
  }

  template <class Real>
  void report_statistics(int layer, Rows<Real> mixed, Rows<Real> resid, Batch<Real>& batch) const {
    if constexpr (std::is_same_v<Real, float>)
      for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
        if (!batch.wants_statistics(i)) continue;
        const Rows<float> mixed_here = batch.of_lane(i, mixed), resid_here = batch.of_lane(i, resid);
        const Rows<float> values = batch.of_lane(i, statistics_of(batch));
        for (std::int64_t t = 0; t < values.count; ++t) batch.math().stream_statistics(mixed_here[t], resid_here[t], values[t]);
        batch.lanes[i].probe->statistics(layer, 0, values);
      }
  }

  // Final norm and head, for the rows somebody wants.
  template <class Real>
  void finish(const Parts<Real>& parts, Batch<Real>& batch, Rows<Real> resid) const {
    constexpr std::uint64_t kFinal = bit(Point::final_norm) | bit(Point::logits);
    for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
      Lane<Real>& lane = batch.lanes[i];
      const bool all = lane.wants == LogitRows::all || (lane.probe && (lane.probe->mask(-1) & kFinal));
      if (lane.length() == 0 || (!all && lane.wants == LogitRows::none)) continue;
      const std::int64_t first = all ? 0 : lane.length() - 1;
      Rows<Real> rows = batch.of_lane(i, resid).rows(first, lane.length() - first);
      Rows<Real> normed = scratch(batch.context, Slot::final_norm, rows.count, config_.hidden);
      Rows<Real> logits = scratch(batch.context, Slot::logits, rows.count, config_.vocabulary);
      batch.math().rms_norm(rows, parts.norm_f, static_cast<Real>(config_.epsilon), 1, normed);
      batch.show_lane(i, Point::final_norm, -1, first, normed);
      batch.math().linear(head_, {}, normed, logits);
      batch.show_lane(i, Point::logits, -1, first, logits);
      if (lane.wants == LogitRows::none) continue;
      const std::int64_t skip = lane.wants == LogitRows::last ? rows.count - 1 : 0;
      for (std::int64_t t = skip; t < rows.count; ++t) std::copy_n(logits.row(t), config_.vocabulary, lane.logits.row(t - skip));
    }
  }

  Config config_;
  std::shared_ptr<const TensorTable> table_;
  Matrix embeddings_, head_;
  Parts<float> single_;
  mutable std::once_flag oracle_once_;
  mutable std::unique_ptr<Parts<double>> double_;
};

}  // namespace lab
