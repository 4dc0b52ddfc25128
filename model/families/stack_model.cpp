#include "model/families/stack_model.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace lab {
namespace {

void fill_with_nothing(Rows<float> statistics) {
  for (std::int64_t t = 0; t < statistics.count; ++t)
    std::fill_n(statistics.row(t), statistics.width, std::numeric_limits<float>::quiet_NaN());
}

void report_statistics(int layer, Rows<float> mixed, Rows<float> resid, Batch<float>& batch) {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    if (!batch.wants_statistics(i)) continue;
    const Rows<float> mixed_here = batch.of_lane(i, mixed), resid_here = batch.of_lane(i, resid);
    const Rows<float> values = batch.of_lane(i, statistics_of(batch));
    batch.math().stream_statistics(mixed_here, resid_here, values);
    batch.lanes[i].probe->statistics(layer, 0, values);
  }
}

template <class Real>
bool any_wants_statistics(const Batch<Real>& batch) {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i)
    if (batch.wants_statistics(i)) return true;
  return false;
}

}  // namespace

std::vector<Expected> expected_tensors(const Architecture& architecture, const TensorTable& table) {
  const Stream& s = architecture.stream;
  std::vector<Expected> expected;
  const auto expect_norm = [&](const std::string& name) {
    expected.push_back({name + ".weight", {s.hidden}});
    if (s.layer_norms) expected.push_back({name + ".bias", {s.hidden}});
  };
  expect_norm(s.final_norm);
  if (!s.first_norm.empty()) expect_norm(s.first_norm);
  expected.push_back({s.embedding + ".weight", {s.vocabulary, s.hidden}});
  expected.push_back({s.head + ".weight", {s.vocabulary, s.hidden}, s.tied});
  for (std::int64_t i = 0; i < s.layers; ++i) architecture.expect_layer(i, table, expected);
  return expected;
}

LayerInfo complete_info(const Architecture& architecture, std::int64_t layer) {
  LayerInfo info = architecture.layer_info(layer);
  const std::vector<std::int64_t> residual{architecture.stream.hidden};
  std::vector<PointShape> points{{Point::resid_in, residual}, {Point::norm1, residual}};
  for (PointShape& point : info.points) {
    if (point.point > Point::mixer_out && points.back().point < Point::mixer_out)  // a feed-forward begins
      points.insert(points.end(), {{Point::mixer_out, residual}, {Point::resid_mid, residual}, {Point::norm2, residual}});
    points.push_back(std::move(point));
  }
  points.push_back({points.back().point > Point::mixer_out ? Point::ffn_out : Point::mixer_out, residual});
  points.push_back({Point::resid_out, residual});
  info.points = std::move(points);
  return info;
}

template <class Real>
struct StackModel::Parts {
  Parts(const Architecture& architecture, const TensorTable& table)
      : final_norm(read_norm<Real>(table, architecture.stream.final_norm, architecture.stream.epsilon)),
        blocks(static_cast<std::size_t>(architecture.stream.layers)) {
    const Stream& s = architecture.stream;
    if (!s.first_norm.empty()) first_norm = read_norm<Real>(table, s.first_norm, s.first_norm_epsilon);
    for (std::size_t i = 0; i < blocks.size(); ++i) architecture.make(table, static_cast<std::int64_t>(i), blocks[i]);
  }
  Norm<Real> first_norm, final_norm;
  std::vector<Block<Real>> blocks;
};

StackModel::StackModel(std::unique_ptr<const Architecture> architecture, const Checkpoint& checkpoint, ModelInfo info,
                       std::shared_ptr<const StateSchema> schema)
    : architecture_(std::move(architecture)), stream_(architecture_->stream), table_(checkpoint.tensors),
      single_(std::make_shared<const Parts<float>>(*architecture_, *table_)) {
  info_ = std::move(info);
  schema_ = std::move(schema);
  embeddings_ = matrix_of(*table_, stream_.embedding + ".weight");
  const std::string head = stream_.head + ".weight";
  head_ = table_->find(head) ? matrix_of(*table_, head) : embeddings_;
}

bool StackModel::advance(std::span<Lane<float>> lanes, Context<float>& context) const { return run(*single_, lanes, context); }
bool StackModel::advance(std::span<Lane<double>> lanes, Context<double>& context) const { return run(oracle(), lanes, context); }

// The oracle's small tensors are made when somebody first asks.
const StackModel::Parts<double>& StackModel::oracle() const {
  std::call_once(oracle_once_, [this] { double_ = std::make_shared<const Parts<double>>(*architecture_, *table_); });
  return *double_;
}

void StackModel::mix(int layer, Rows<const float> inputs, Rows<float> outputs, State& state, Probe* probe,
                     Context<float>& context) const {
  Lane<float> lane{.vectors = inputs, .state = &state, .probe = probe};
  Batch<float> batch(std::span(&lane, 1), context);
  single_->blocks[static_cast<std::size_t>(layer)].mixer->mix(layer, inputs, batch, outputs);
  state.position += inputs.count;
}

void StackModel::read_out(Rows<const float> resid_out, Rows<float> logits, Context<float>& context) const {
  Rows<float> normed = scratch(context, Slot::final_norm, resid_out.count, stream_.hidden);
  single_->final_norm.apply(context.math, resid_out, normed);
  logits_of<float>(normed, context, logits);
}

void StackModel::replay(int layer, std::span<const Rows<const float>> drivers, State& state, Context<float>& context) const {
  single_->blocks[static_cast<std::size_t>(layer)].mixer->replay(layer, drivers, state, context);
}

std::vector<float> StackModel::rates(int layer) const { return single_->blocks[static_cast<std::size_t>(layer)].mixer->rates(); }

RecurrenceSource StackModel::recurrence_source(int layer, ChannelRange channels, RecurrenceWants wants) const {
  return single_->blocks[static_cast<std::size_t>(layer)].mixer->recurrence_source(channels, wants);
}

Recurrence StackModel::recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const float>> columns,
                                  std::int64_t lead, const State& start, Context<float>& context) const {
  return single_->blocks[static_cast<std::size_t>(layer)].mixer->recurrence(layer, channels, wants, columns, lead, start, context);
}

template <class Real>
bool StackModel::run(const Parts<Real>& parts, std::span<Lane<Real>> lanes, Context<Real>& context) const {
  Batch<Real> batch(lanes, context);
  Rows<Real> resid = scratch(context, Slot::resid, batch.rows, stream_.hidden);  // [rows, d]
  embed(parts, batch, resid);
  for (int i = 0; i < layers(); ++i) {
    if (context.cancelled()) return false;
    run_block(parts.blocks[static_cast<std::size_t>(i)], i, batch, resid);
  }
  finish(parts, batch, resid);
  for (Lane<Real>& lane : lanes) lane.state->position += lane.length();
  return true;
}

template <class Real>
void StackModel::embed(const Parts<Real>& parts, Batch<Real>& batch, Rows<Real> resid) const {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    const Lane<Real>& lane = batch.lanes[i];
    Rows<Real> rows = batch.of_lane(i, resid);
    for (std::int64_t t = 0; t < rows.count; ++t) {
      if (lane.tokens.empty()) std::copy_n(lane.vectors.row(t), stream_.hidden, rows.row(t));
      else batch.math().embed(embeddings_, lane.tokens[static_cast<std::size_t>(t)], rows[t]);
    }
    if (!lane.tokens.empty() && stream_.embedding_multiplier != 1)
      batch.math().scale(static_cast<Real>(stream_.embedding_multiplier), rows);
  }
  batch.show(Point::emb, -1, resid);
  if (parts.first_norm) parts.first_norm.apply(batch.math(), resid, resid);
}

// r += mixer(norm1(r)), then r += feed_forward(norm2(r)).
template <class Real>
void StackModel::run_block(const Block<Real>& block, int layer, Batch<Real>& batch, Rows<Real> resid) const {
  Context<Real>& context = batch.context;
  Rows<Real> normed = scratch(context, Slot::norm1, batch.rows, stream_.hidden);
  Rows<Real> mixed = scratch(context, Slot::mixer_out, batch.rows, stream_.hidden);
  if constexpr (std::is_same_v<Real, float>)
    if (any_wants_statistics(batch)) fill_with_nothing(statistics_of(batch));
  batch.show(Point::resid_in, layer, resid);
  block.norm1.apply(context.math, resid, normed);
  batch.show(Point::norm1, layer, normed);
  block.mixer->mix(layer, normed, batch, mixed);
  add(mixed, layer, context, resid);
  if (block.feed_forward) {
    Rows<Real> fed = scratch(context, Slot::ffn_out, batch.rows, stream_.hidden);
    batch.show(Point::resid_mid, layer, resid);
    block.norm2.apply(context.math, resid, normed);
    batch.show(Point::norm2, layer, normed);
    block.feed_forward->apply(layer, normed, batch, fed);
    add(fed, layer, context, resid);
  }
  batch.show(Point::resid_out, layer, resid);
  if constexpr (std::is_same_v<Real, float>) report_statistics(layer, mixed, resid, batch);
}

template <class Real>
void StackModel::add(Rows<Real> branch, int layer, Context<Real>& context, Rows<Real> resid) const {
  if (context.trials.only_layer >= 0 && context.trials.only_layer != layer) return;
  if (stream_.residual_multiplier != 1) context.math.scale(static_cast<Real>(stream_.residual_multiplier), branch);
  context.math.add(branch, resid);
}

// Final norm and head, for the rows somebody wants.
template <class Real>
void StackModel::finish(const Parts<Real>& parts, Batch<Real>& batch, Rows<Real> resid) const {
  constexpr std::uint64_t kFinal = bit(Point::final_norm) | bit(Point::logits);
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    Lane<Real>& lane = batch.lanes[i];
    const bool all = lane.wants == LogitRows::all || (lane.probe && (lane.probe->mask(-1) & kFinal));
    if (lane.length() == 0 || (!all && lane.wants == LogitRows::none)) continue;
    const std::int64_t first = all ? 0 : lane.length() - 1;
    Rows<Real> rows = batch.of_lane(i, resid).rows(first, lane.length() - first);
    Rows<Real> normed = scratch(batch.context, Slot::final_norm, rows.count, stream_.hidden);
    Rows<Real> logits = scratch(batch.context, Slot::logits, rows.count, stream_.vocabulary);
    parts.final_norm.apply(batch.math(), rows, normed);
    batch.show_lane(i, Point::final_norm, -1, first, normed);
    logits_of<Real>(normed, batch.context, logits);
    batch.show_lane(i, Point::logits, -1, first, logits);
    if (lane.wants == LogitRows::none) continue;
    const std::int64_t skip = lane.wants == LogitRows::last ? rows.count - 1 : 0;
    for (std::int64_t t = skip; t < rows.count; ++t) std::copy_n(logits.row(t), stream_.vocabulary, lane.logits.row(t - skip));
  }
}

template <class Real>
void StackModel::logits_of(Rows<const Real> normed, Context<Real>& context, Rows<Real> logits) const {
  context.math.linear(head_, {}, normed, logits);
  if (stream_.logits_scaling != 1) context.math.scale(static_cast<Real>(1 / stream_.logits_scaling), logits);
}

}  // namespace lab
