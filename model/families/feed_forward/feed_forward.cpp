#include "model/families/feed_forward/feed_forward.h"

#include <algorithm>

namespace lab::feed_forward {
namespace {

Names expert_names(const std::string& prefix) {
  return {prefix + "gate", prefix + "up", prefix + "input_linear", prefix + "output_linear"};
}

bool has_both(const Names& names, const TensorTable& table) { return !names.both.empty() && table.find(names.both + ".weight"); }

void expect_matrices(const Names& names, const TensorTable& table, std::vector<std::int64_t> leading, std::int64_t hidden,
                     std::int64_t inner, std::vector<Expected>& expected) {
  const auto expect = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
    std::vector<std::int64_t> shape = leading;
    shape.insert(shape.end(), {rows, columns});
    expected.push_back({name + ".weight", std::move(shape)});
  };
  const bool apart = !has_both(names, table) && (names.both.empty() || table.find(names.gate + ".weight"));
  if (apart) expect(names.gate, inner, hidden);
  if (apart) expect(names.up, inner, hidden);
  if (!apart) expect(names.both, 2 * inner, hidden);
  expect(names.down, hidden, inner);
}

// `rows` rows of a matrix, or of one of the matrices stacked in a tensor.
Matrix part_of(const TensorTable& table, const std::string& name, std::int64_t first, std::int64_t rows) {
  Matrix part = matrix_of(table, name + ".weight");
  part.data = part.row(first);
  part.rows = rows;
  return part;
}

}  // namespace

void expect_unit(const Config& c, const Names& names, const TensorTable& table, std::vector<Expected>& expected) {
  expect_matrices(names, table, {}, c.hidden, c.inner, expected);
  if (!c.use_bias) return;
  expected.insert(expected.end(), {{names.gate + ".bias", {c.inner}}, {names.up + ".bias", {c.inner}}, {names.down + ".bias", {c.hidden}}});
}

void expect_experts(const Config& c, const std::string& prefix, const TensorTable& table, std::vector<Expected>& expected) {
  expected.push_back({prefix + "router.layer.weight", {c.experts, c.hidden}});
  expect_matrices(expert_names(prefix), table, {c.experts}, c.hidden, c.expert_inner, expected);
}

std::vector<PointShape> points(const Config& c) {
  std::vector<PointShape> points{{Point::ffn_gate, {c.inner}}, {Point::ffn_up, {c.inner}}, {Point::ffn_act, {c.inner}}};
  if (c.experts > 0)
    points.insert(points.end(), {{Point::moe_logits, {c.experts}},
                                 {Point::moe_index, {c.chosen}},
                                 {Point::moe_weights, {c.chosen}},
                                 {Point::moe_out, {c.hidden}}});
  return points;
}

template <class Real>
Unit<Real>::Unit(const Config& config, const TensorTable& table, const Names& names) : Unit(config, table, names, 0) {
  if (!config.use_bias) return;
  gate_bias_ = vector_of<Real>(table, names.gate + ".bias");
  up_bias_ = vector_of<Real>(table, names.up + ".bias");
  down_bias_ = vector_of<Real>(table, names.down + ".bias");
}

template <class Real>
Unit<Real>::Unit(const Config& config, const TensorTable& table, const Names& names, std::int64_t expert) {
  const bool both = has_both(names, table);
  const std::int64_t inner = table.find(names.down + ".weight")->shape.back(), first = expert * inner;
  gate_ = both ? part_of(table, names.both, 2 * first, inner) : part_of(table, names.gate, first, inner);
  up_ = both ? part_of(table, names.both, 2 * first + inner, inner) : part_of(table, names.up, first, inner);
  down_ = part_of(table, names.down, expert * config.hidden, config.hidden);
}

template <class Real>
void Unit<Real>::project(Rows<const Real> x, Math<Real>& math, Rows<Real> gate, Rows<Real> up) const {
  math.linear(gate_, gate_bias_, x, gate);
  math.linear(up_, up_bias_, x, up);
}

template <class Real>
void Unit<Real>::combine(Rows<const Real> act, Math<Real>& math, Rows<Real> out) const {
  math.linear(down_, down_bias_, act, out);
}

template <class Real>
Network<Real>::Network(const Config& config, const TensorTable& table, const Names& names, const std::string& experts_prefix)
    : c_(config), shared_(config, table, names) {
  if (c_.experts == 0) return;
  router_ = matrix_of(table, experts_prefix + "router.layer.weight");
  for (std::int64_t e = 0; e < c_.experts; ++e) experts_.emplace_back(config, table, expert_names(experts_prefix), e);
}

template <class Real>
void Network<Real>::apply(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  Rows<Real> gate = scratch(batch.context, Slot::ffn_gate, batch.rows, c_.inner);
  Rows<Real> up = scratch(batch.context, Slot::ffn_up, batch.rows, c_.inner);
  Rows<Real> act = scratch(batch.context, Slot::ffn_act, batch.rows, c_.inner);
  shared_.project(x, math, gate, up);
  batch.show(Point::ffn_gate, layer, gate);
  batch.show(Point::ffn_up, layer, up);
  math.gate(up, gate, act);
  batch.show(Point::ffn_act, layer, act);
  shared_.combine(act, math, out);
  if (c_.experts > 0) ask_experts(layer, x, batch, out);
  batch.show(Point::ffn_out, layer, out);
}

// out += sum over the chosen experts of their share of expert(x). Each expert is asked once, for all its tokens together.
template <class Real>
void Network<Real>::ask_experts(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  const std::int64_t T = batch.rows, k = c_.chosen;
  Rows<Real> logits = scratch(batch.context, Slot::moe_logits, T, c_.experts);
  math.linear(router_, {}, x, logits);
  batch.show(Point::moe_logits, layer, logits);
  Rows<Real> index = scratch(batch.context, Slot::moe_index, T, k), weights = scratch(batch.context, Slot::moe_weights, T, k);
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(k));
  for (std::int64_t t = 0; t < T; ++t) {
    math.route(logits[t], chosen, weights[t]);
    std::copy(chosen.begin(), chosen.end(), index.row(t));
  }
  batch.show(Point::moe_index, layer, index);
  batch.show(Point::moe_weights, layer, weights);

  // What each chosen expert gives, [T, k, d], then the sum in the order of rank.
  Rows<Real> given = scratch(batch.context, Slot::expert_out, T, k * c_.hidden), together = scratch(batch.context, Slot::moe_out, T, c_.hidden);
  std::vector<std::int64_t> asked;  // t k + rank
  for (std::int64_t e = 0; e < c_.experts; ++e) {
    asked.clear();
    for (std::int64_t i = 0; i < T * k; ++i)
      if (static_cast<std::int64_t>(index.row(i / k)[i % k]) == e) asked.push_back(i);
    if (asked.empty()) continue;
    const auto n = static_cast<std::int64_t>(asked.size());
    const Unit<Real>& expert = experts_[static_cast<std::size_t>(e)];
    Rows<Real> in = scratch(batch.context, Slot::expert_in, n, 2 * c_.hidden + 3 * expert.inner());
    Rows<Real> own = in.columns(0, c_.hidden), result = in.columns(c_.hidden, c_.hidden);
    Rows<Real> gate = in.columns(2 * c_.hidden, expert.inner()), up = in.columns(2 * c_.hidden + expert.inner(), expert.inner());
    Rows<Real> act = in.columns(2 * c_.hidden + 2 * expert.inner(), expert.inner());
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(x.row(asked[static_cast<std::size_t>(i)] / k), c_.hidden, own.row(i));
    expert.project(own, math, gate, up);
    math.gate(up, gate, act);
    expert.combine(act, math, result);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t at = asked[static_cast<std::size_t>(i)];
      std::copy_n(result.row(i), c_.hidden, given.row(at / k) + at % k * c_.hidden);
    }
  }
  for (std::int64_t t = 0; t < T; ++t) {
    std::fill_n(together.row(t), c_.hidden, Real(0));
    for (std::int64_t rank = 0; rank < k; ++rank)
      math.add_weighted(given[t].subspan(static_cast<std::size_t>(rank * c_.hidden), static_cast<std::size_t>(c_.hidden)), weights.row(t)[rank],
                        together[t]);
  }
  batch.show(Point::moe_out, layer, together);
  math.add(together, out);
}

template class Unit<float>;
template class Unit<double>;
template class Network<float>;
template class Network<double>;

}  // namespace lab::feed_forward
