#include "model/families/attention/attention.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

namespace lab::attention {
namespace {

enum Tensor : int { kKeys, kValues };

// Meta's correction for long contexts: long wavelengths are stretched by `factor`, short ones stay, those between are blended.
std::vector<double> llama3_divisors(ConfigReader& read, const Json& scaling, std::int64_t rotated, double theta) {
  const auto number = [&](const char* name, double fallback) {
    const Json* field = scaling.find(name);
    const auto value = field ? field->number() : std::optional<double>(fallback);
    if (value && *value > 0) return *value;
    read.problem(name, "a positive number", field->brief());
    return fallback;
  };
  const double factor = number("factor", 8), low = number("low_freq_factor", 1), high = number("high_freq_factor", 4);
  const double original = number("original_max_position_embeddings", 8192);
  std::vector<double> divisors;
  for (std::int64_t i = 0; i < rotated / 2; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, 2.0 * static_cast<double>(i) / static_cast<double>(rotated));
    const double blend = (original / wavelength - low) / (high - low);
    divisors.push_back(wavelength < original / high ? 1 : wavelength > original / low ? factor : 1 / ((1 - blend) / factor + blend));
  }
  return divisors;
}

}  // namespace

Config read_config(ConfigReader& read, std::int64_t hidden) {
  Config c{.hidden = hidden};
  c.heads = read.integer("num_attention_heads", 32, 1, 1 << 16);
  c.kv_heads = read.integer("num_key_value_heads", c.heads, 1, 1 << 16);
  c.head_dim = read.integer("head_dim", std::max<std::int64_t>(hidden / c.heads, 1), 1, 1 << 16);
  c.use_bias = read.boolean("attention_bias", false);
  c.rows_interleaved = read.boolean("qk_rows_interleaved", false);
  c.scale = 1 / std::sqrt(static_cast<double>(c.head_dim));
  if (c.heads % c.kv_heads != 0)
    read.problem("num_key_value_heads", "a divisor of num_attention_heads = " + std::to_string(c.heads), std::to_string(c.kv_heads));
  return c;
}

void read_rotation(ConfigReader& read, Config& c) {
  c.rotated = c.head_dim;
  if (c.head_dim % 2 != 0) read.problem("head_dim", "an even number: its channels are rotated in pairs", std::to_string(c.head_dim));
  const Json* nested = read.find("rope_parameters");
  const Json* scaling = read.find("rope_scaling");
  if (nested && !nested->is_object()) nested = nullptr;
  if (!scaling || !scaling->is_object()) scaling = nested;
  c.theta = read.number("rope_theta", nested && nested->find("rope_theta") ? nested->find("rope_theta")->number().value_or(0) : 10000,
                        1, 1e12);
  if (c.theta < 1) read.problem("rope_parameters.rope_theta", "a number of at least 1", nested->find("rope_theta")->brief());
  if (!scaling) return;
  const Json* type = scaling->find("rope_type") ? scaling->find("rope_type") : scaling->find("type");
  if (!type || type->is_null() || (type->is_string() && type->text() == "default")) return;
  if (type->is_string() && type->text() == "llama3") c.divisors = llama3_divisors(read, *scaling, c.rotated, c.theta);
  else read.problem("rope_scaling.rope_type", "default or llama3", type->brief());
}

void expect_mixer(const Config& c, const std::string& p, std::vector<Expected>& expected) {
  const auto expect = [&](const char* name, std::int64_t rows, std::int64_t columns) {
    expected.push_back({p + name + ".weight", {rows, columns}});
    if (c.use_bias) expected.push_back({p + name + ".bias", {rows}});
  };
  expect("q_proj", c.q_width(), c.hidden);
  expect("k_proj", c.kv_width(), c.hidden);
  expect("v_proj", c.kv_width(), c.hidden);
  expect("o_proj", c.hidden, c.q_width());
}

LayerSchema layer_schema(const Config& c) {
  const auto rows = [&](const char* name, Point point) {
    return TensorSchema{.name = name, .point = point, .role = Role::kv, .replay = Replay::append, .shape = {c.kv_heads, c.head_dim}};
  };
  return {.kind = "attention", .tensors = {rows("kv.k", Point::k_cache), rows("kv.v", Point::v)}};
}

LayerInfo layer_info(const Config& c) {
  const std::vector<std::int64_t> q{c.heads, c.head_dim}, kv{c.kv_heads, c.head_dim};
  return {.kind = "attention",
          .title = "attention",
          .heads = 2 * c.kv_heads,  // of keys, then of values
          .head_dim = c.head_dim,
          .parts = {"k", "v"},
          .drivers = {{Point::k_rot, c.kv_width(), true},
                      {Point::v, c.kv_width(), true},
                      {Point::q_rot, c.q_width(), false},
                      {Point::attn_entropy, c.heads, false},
                      {Point::resid_out, c.hidden, false}},
          .points = {{Point::q, q},
                     {Point::k, kv},
                     {Point::v, kv},
                     {Point::q_rot, q},
                     {Point::k_rot, kv},
                     {Point::k_cache, {kCachedRows, c.kv_heads, c.head_dim}},
                     {Point::scores, {c.heads, kCachedRows}},
                     {Point::probs, {c.heads, kCachedRows}},
                     {Point::attn_range, {c.heads, 2}},
                     {Point::attn_entropy, {c.heads}},
                     {Point::ctx, q}},
          .statistics = ~(bit(Statistic::decay_mean) | bit(Statistic::dt_mean) | bit(Statistic::dt_max) | bit(Statistic::gate_mean) |
                          bit(Statistic::gate_shut))};
}

template <class Real>
Mixer<Real>::Mixer(const Config& config, const TensorTable& table, const std::string& p)
    : c_(config), q_proj_(matrix_of(table, p + "q_proj.weight")), k_proj_(matrix_of(table, p + "k_proj.weight")),
      v_proj_(matrix_of(table, p + "v_proj.weight")), o_proj_(matrix_of(table, p + "o_proj.weight")) {
  if (c_.use_bias) {
    q_bias_ = vector_of<Real>(table, p + "q_proj.bias");
    k_bias_ = vector_of<Real>(table, p + "k_proj.bias");
    v_bias_ = vector_of<Real>(table, p + "v_proj.bias");
    o_bias_ = vector_of<Real>(table, p + "o_proj.bias");
  }
  for (std::int64_t i = 0; i < c_.rotated / 2; ++i) {
    const double divisor = c_.divisors.empty() ? 1 : c_.divisors[static_cast<std::size_t>(i)];
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(c_.rotated);
    frequencies_.push_back(static_cast<Real>(std::pow(c_.theta, -exponent) / divisor));
  }
}

template <class Real>
void Mixer<Real>::mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const {
  Rows<Real> q = project(q_proj_, q_bias_, c_.rows_interleaved, a, Slot::q, batch);
  Rows<Real> k = project(k_proj_, k_bias_, c_.rows_interleaved, a, Slot::k, batch);
  Rows<Real> v = project(v_proj_, v_bias_, false, a, Slot::v, batch);
  batch.show(Point::q, layer, q);
  batch.show(Point::k, layer, k);
  batch.show(Point::v, layer, v);

  // Position enters by rotation alone; the cache keeps rotated keys.
  make_angles(batch);
  Rows<Real> q_rot = rotate(q, Slot::q_rot, batch), k_rot = rotate(k, Slot::k_rot, batch);
  batch.show(Point::q_rot, layer, q_rot);
  batch.show(Point::k_rot, layer, k_rot);

  Rows<Real> context = scratch(batch.context, Slot::context, batch.rows, c_.q_width());
  scratch(batch.context, Slot::heads, batch.rows, c_.heads * 3);
  constexpr std::uint64_t kInside = bit(Point::k_cache) | bit(Point::scores) | bit(Point::probs);
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    const Rows<Real> q_here = batch.of_lane(i, q_rot), k_here = batch.of_lane(i, k_rot), v_here = batch.of_lane(i, v);
    const Rows<Real> context_here = batch.of_lane(i, context);
    BasicState<Real>& state = *batch.lanes[i].state;
    if (batch.watched(i, layer, kInside)) {
      attend_watched_lane(layer, i, q_here, k_here, v_here, batch, context_here);
    } else {
      for (std::int64_t t = 0; t < k_here.count; ++t) state.cache(layer, kKeys).append(k_here.row(t));
      for (std::int64_t t = 0; t < v_here.count; ++t) state.cache(layer, kValues).append(v_here.row(t));
      attend_lane(layer, i, q_here, batch, context_here);
    }
    measure(i, q_here, k_here, v_here, context_here, state, layer, batch);
  }
  batch.show(Point::ctx, layer, context);
  batch.math().linear(o_proj_, o_bias_, context, out);
  batch.show(Point::mixer_out, layer, out);
}

template <class Real>
void Mixer<Real>::replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>&) const {
  for (std::int64_t t = 0; t < drivers[kKeys].count; ++t) {
    state.cache(layer, kKeys).append(drivers[kKeys].row(t));
    state.cache(layer, kValues).append(drivers[kValues].row(t));
  }
}

template <class Real>
Rows<Real> Mixer<Real>::project(const Matrix& w, const std::vector<Real>& bias, bool interleaved, Rows<const Real> a, Slot slot,
                                Batch<Real>& batch) const {
  Rows<Real> y = scratch(batch.context, slot, batch.rows, w.rows);
  batch.math().linear(w, bias, a, y);
  if (!interleaved) return y;
  std::vector<Real> head(static_cast<std::size_t>(c_.head_dim));
  const std::int64_t half = c_.head_dim / 2;
  for (std::int64_t t = 0; t < y.count; ++t)
    for (Real* p = y.row(t); p < y.row(t) + y.width; p += c_.head_dim) {
      std::copy_n(p, c_.head_dim, head.begin());
      for (std::int64_t i = 0; i < half; ++i) {
        p[i] = head[static_cast<std::size_t>(2 * i)];
        p[i + half] = head[static_cast<std::size_t>(2 * i + 1)];
      }
    }
  return y;
}

// Cosines and sines [T, n / 2] of this call's positions.
template <class Real>
void Mixer<Real>::make_angles(Batch<Real>& batch) const {
  const Trials& trials = batch.context.trials;
  if (c_.rotated == 0 || trials.rotary == Trials::Rotary::none) return;
  const auto pairs = static_cast<std::int64_t>(frequencies_.size());
  Rows<Real> cosines = scratch(batch.context, Slot::cosines, batch.rows, pairs), sines = scratch(batch.context, Slot::sines, batch.rows, pairs);
  for (std::size_t lane = 0; lane < batch.lanes.size(); ++lane)
    for (std::int64_t t = 0; t < batch.lanes[lane].length(); ++t)
      for (std::int64_t i = 0; i < pairs; ++i) {
        const auto position = static_cast<Real>(trials.position.value_or(batch.lanes[lane].state->position + t));
        const auto angle = static_cast<double>(position * frequencies_[static_cast<std::size_t>(i)]);  // rounded as the official class does
        cosines.row(batch.first[lane] + t)[i] = static_cast<Real>(std::cos(angle));
        sines.row(batch.first[lane] + t)[i] = static_cast<Real>(std::sin(angle));
      }
}

template <class Real>
Rows<Real> Mixer<Real>::rotate(Rows<const Real> x, Slot slot, Batch<Real>& batch) const {
  Rows<Real> y = scratch(batch.context, slot, batch.rows, x.width);
  for (std::int64_t t = 0; t < x.count; ++t) std::copy_n(x.row(t), x.width, y.row(t));
  const Trials::Rotary pairing = batch.context.trials.rotary;
  if (c_.rotated == 0 || pairing == Trials::Rotary::none) return y;
  const auto pairs = static_cast<std::int64_t>(frequencies_.size());
  batch.math().rotate(scratch(batch.context, Slot::cosines, batch.rows, pairs), scratch(batch.context, Slot::sines, batch.rows, pairs),
                      c_.head_dim, pairing == Trials::Rotary::adjacent, y);
  return y;
}

namespace {

// What the heads of some tokens did, [T, Hq] packed into scratch rows of 3 Hq values.
template <class Real>
HeadAttention<Real>* heads_of(Batch<Real>& batch, std::int64_t row, std::int64_t heads) {
  static_assert(sizeof(HeadAttention<Real>) == 3 * sizeof(Real));
  return reinterpret_cast<HeadAttention<Real>*>(scratch(batch.context, Slot::heads, batch.rows, heads * 3).row(row));
}

}  // namespace

template <class Real>
void Mixer<Real>::attend_lane(int layer, std::size_t lane, Rows<const Real> q, Batch<Real>& batch, Rows<Real> context) const {
  const RowTiles<Real>& k = batch.lanes[lane].state->cache(layer, kKeys);
  const RowTiles<Real>& v = batch.lanes[lane].state->cache(layer, kValues);
  Attention<Real> a{.heads = c_.heads, .heads_per_group = c_.heads / c_.kv_heads, .width = c_.head_dim,
                    .rows = k.count() - q.count + 1, .scale = static_cast<Real>(c_.scale), .k = &k, .v = &v};
  HeadAttention<Real>* heads = heads_of(batch, batch.first[lane], c_.heads);
  if (!batch.context.trials.own_row_only) {
    if (q.count > 0) batch.math().attend(a, q, context, heads);
    return;
  }
  for (std::int64_t t = 0; t < q.count; ++t) {
    a.first = k.count() - q.count + t;
    a.rows = 1;
    batch.math().attend(a, q.rows(t, 1), context.rows(t, 1), heads + t * c_.heads);
  }
}

// Token by token, since the cache, the scores and their softmax are shown, and may be replaced, as each token finds them.
template <class Real>
void Mixer<Real>::attend_watched_lane(int layer, std::size_t lane, Rows<const Real> q, Rows<const Real> k, Rows<const Real> v,
                                      Batch<Real>& batch, Rows<Real> context) const {
  RowTiles<Real>& keys = batch.lanes[lane].state->cache(layer, kKeys);
  RowTiles<Real>& values = batch.lanes[lane].state->cache(layer, kValues);
  HeadAttention<Real>* heads = heads_of(batch, batch.first[lane], c_.heads);
  for (std::int64_t t = 0; t < q.count; ++t) {
    keys.append(k.row(t));
    values.append(v.row(t));
    const std::int64_t rows = keys.count();
    if (batch.watched(lane, layer, bit(Point::k_cache))) {
      Rows<Real> cache = scratch(batch.context, Slot::k_cache, 1, rows * c_.kv_width());
      for (std::int64_t i = 0; i < rows; ++i) std::copy_n(keys.row(i), keys.width(), cache.data + i * keys.width());
      batch.show_lane(lane, Point::k_cache, layer, t, cache);
      RowTiles<Real> shown(keys.width());
      for (std::int64_t i = 0; i < rows; ++i) shown.append(cache.data + i * keys.width());
      keys = std::move(shown);
    }
    const bool own = batch.context.trials.own_row_only;
    const Attention<Real> a{.heads = c_.heads, .heads_per_group = c_.heads / c_.kv_heads, .width = c_.head_dim, .first = own ? rows - 1 : 0,
                            .rows = own ? 1 : rows, .scale = static_cast<Real>(c_.scale), .k = &keys, .v = &values};
    Rows<Real> scores = scratch(batch.context, Slot::scores, 1, c_.heads * a.rows);
    batch.math().attention_scores(a, q.row(t), scores.data);
    batch.show_lane(lane, Point::scores, layer, t, scores);
    batch.math().attention_weights(a, scores.data, scores.data, heads + t * c_.heads);
    batch.show_lane(lane, Point::probs, layer, t, scores);
    batch.math().attention_context(a, scores.data, context.row(t));
  }
}

// The row added to the cache is what changes the state; the queries read it.
template <class Real>
void Mixer<Real>::measure(std::size_t lane, Rows<const Real> q, Rows<const Real> k, Rows<const Real> v, Rows<const Real> context,
                          const BasicState<Real>& state, int layer, Batch<Real>& batch) const {
  const std::int64_t first = batch.first[lane];
  const HeadAttention<Real>* heads = heads_of(batch, first, c_.heads);
  Rows<Real> ranges = scratch(batch.context, Slot::head_range, batch.rows, 2 * c_.heads).rows(first, q.count);
  Rows<Real> entropies = scratch(batch.context, Slot::head_entropy, batch.rows, c_.heads).rows(first, q.count);
  for (std::int64_t t = 0; t < q.count; ++t)
    for (std::int64_t h = 0; h < c_.heads; ++h) {
      const HeadAttention<Real>& head = heads[t * c_.heads + h];
      ranges.row(t)[2 * h] = head.low;
      ranges.row(t)[2 * h + 1] = head.high;
      entropies.row(t)[h] = head.entropy;
    }
  batch.show_lane(lane, Point::attn_range, layer, 0, ranges);
  batch.show_lane(lane, Point::attn_entropy, layer, 0, entropies);
  if constexpr (std::is_same_v<Real, float>) {
    if (!batch.wants_statistics(lane)) return;
    const Rows<float> values = batch.of_lane(lane, statistics_of(batch));
    const RowTiles<float>&cached_keys = state.cache(layer, kKeys), &cached_values = state.cache(layer, kValues);
    for (std::int64_t t = 0; t < q.count; ++t) {
      const std::int64_t rows = cached_keys.count() - q.count + t + 1;
      const RowSums keys = sums_of(k[t]), written = sums_of(v[t]);
      const double write = keys.squares + written.squares;
      const auto set = [&](Statistic which, double value) { values.row(t)[static_cast<std::size_t>(which)] = static_cast<float>(value); };
      double entropy = 0;
      float low = std::numeric_limits<float>::infinity(), high = -low;
      for (std::int64_t h = 0; h < c_.heads; ++h) {
        entropy += entropies.row(t)[h];
        low = std::fmin(low, ranges.row(t)[2 * h]);
        high = std::fmax(high, ranges.row(t)[2 * h + 1]);
      }
      set(Statistic::h_norm, std::sqrt(cached_keys.squares(rows) + cached_values.squares(rows)));
      set(Statistic::h_max, std::fmax(keys.largest, written.largest));
      set(Statistic::h_mean, (keys.sum + written.sum) / static_cast<double>(2 * c_.kv_width()));
      set(Statistic::h_change, std::sqrt(write));
      set(Statistic::h_nonfinite, static_cast<double>(keys.nonfinite + written.nonfinite));
      set(Statistic::write_norm, std::sqrt(write));
      set(Statistic::x_norm, std::sqrt(sums_of(q[t]).squares));
      set(Statistic::y_norm, std::sqrt(sums_of(context[t]).squares));
      set(Statistic::entropy_mean, entropy / static_cast<double>(c_.heads));
      set(Statistic::score_low, low);
      set(Statistic::score_high, high);
    }
  }
}

template class Mixer<float>;
template class Mixer<double>;

}  // namespace lab::attention
