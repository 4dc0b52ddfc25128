#include "model/families/rwkv4/rwkv4.h"

#include <algorithm>
#include <cmath>

#include "model/math/scalar.h"

namespace lab::rwkv4 {
namespace {

enum Tensor : int { kAttShift, kAa, kBb, kPp, kFfnShift };

class Rwkv4 final : public Architecture {
 public:
  Rwkv4(const Config& config, Stream around) : c_(config) { stream = std::move(around); }

  void expect_layer(std::int64_t layer, const TensorTable&, std::vector<Expected>& expected) const override {
    const std::string p = stream.prefix(layer), a = p + "attention.", f = p + "feed_forward.";
    const std::int64_t d = c_.hidden, da = c_.attention_hidden;
    for (const char* norm : {"ln1", "ln2"})
      for (const char* part : {".weight", ".bias"}) expected.push_back({p + norm + part, {d}});
    expected.insert(expected.end(), {{a + "time_decay", {da}},
                                     {a + "time_first", {da}},
                                     {a + "time_mix_key", {1, 1, d}},
                                     {a + "time_mix_value", {1, 1, d}},
                                     {a + "time_mix_receptance", {1, 1, d}},
                                     {a + "key.weight", {da, d}},
                                     {a + "value.weight", {da, d}},
                                     {a + "receptance.weight", {da, d}},
                                     {a + "output.weight", {d, da}},
                                     {f + "time_mix_key", {1, 1, d}},
                                     {f + "time_mix_receptance", {1, 1, d}},
                                     {f + "key.weight", {c_.inner, d}},
                                     {f + "receptance.weight", {d, d}},
                                     {f + "value.weight", {d, c_.inner}}});
  }

  // pp begins below every key, so that the first token is all there is. Scaling the state scales the values it remembers.
  LayerSchema layer_schema(std::int64_t) const override {
    const std::int64_t d = c_.hidden, da = c_.attention_hidden;
    const auto shift = [&](const char* name, Point point) {
      return TensorSchema{.name = name, .point = point, .role = Role::shift, .replay = Replay::last, .shape = {d}};
    };
    return {.kind = "rwkv4",
            .tensors = {shift("att.shift", Point::norm1),
                        {.name = "att.aa", .point = Point::att_state, .role = Role::ssm, .shape = {da}},
                        {.name = "att.bb", .point = Point::att_state, .role = Role::shift, .shape = {da}},
                        {.name = "att.pp", .point = Point::att_state, .role = Role::shift, .shape = {da}, .neutral = -1e38f},
                        shift("ffn.shift", Point::norm2)}};
  }

  LayerInfo layer_info(std::int64_t) const override {
    const std::int64_t d = c_.hidden, da = c_.attention_hidden;
    return {.kind = "rwkv4",
            .title = "RWKV-4",
            .columns = {"aa", "bb", "pp"},
            .drivers = {{Point::att_k, da, true},
                        {Point::att_v, da, true},
                        {Point::norm1, d, true},
                        {Point::norm2, d, true},
                        {Point::att_r, da, false},
                        {Point::resid_out, d, false}},
            .points = {{Point::shift_r, {d}},
                       {Point::shift_k, {d}},
                       {Point::shift_v, {d}},
                       {Point::att_r, {da}},
                       {Point::att_k, {da}},
                       {Point::att_v, {da}},
                       {Point::wkv, {da}},
                       {Point::att_state, {3, da}},
                       {Point::ffn_gate, {d}},
                       {Point::ffn_up, {c_.inner}},
                       {Point::ffn_act, {c_.inner}}},
            .statistics = kScanStatistics & ~(bit(Statistic::dt_mean) | bit(Statistic::dt_max))};
  }

  void describe(ModelInfo& info) const override {
    info.family = "rwkv4";
    info.title = "RWKV-4";
    info.inner = c_.attention_hidden;
    info.state_size = 3;
  }
  void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const override { make_block(table, layer, block); }
  void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const override { make_block(table, layer, block); }

 private:
  template <class Real>
  void make_block(const TensorTable& table, std::int64_t layer, Block<Real>& block) const {
    const std::string p = stream.prefix(layer);
    block.norm1 = read_norm<Real>(table, p + "ln1", c_.epsilon);
    block.mixer = std::make_unique<TimeMixing<Real>>(c_, table, p + "attention.");
    block.norm2 = read_norm<Real>(table, p + "ln2", c_.epsilon);
    block.feed_forward = std::make_unique<ChannelMixing<Real>>(c_, table, p + "feed_forward.");
  }

  const Config c_;
};

// The rows of x mixed with those before them, of every lane; the shift state is what came before this call.
template <class Real>
Rows<Real> shift(const std::vector<Real>& mix, Rows<const Real> x, int layer, int tensor, Slot slot, Batch<Real>& batch) {
  Rows<Real> y = scratch(batch.context, slot, batch.rows, x.width);
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    const std::span<const Real> before = batch.lanes[i].state->stored(layer, tensor);
    batch.math().shift_mix(x.rows(batch.first[i], batch.lanes[i].length()), before, mix, batch.of_lane(i, y));
  }
  return y;
}

// The last row of each lane is what its next call finds.
template <class Real>
void keep_last(Rows<const Real> x, int layer, int tensor, Batch<Real>& batch) {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i)
    if (const std::int64_t n = batch.lanes[i].length(); n > 0)
      std::copy_n(x.row(batch.first[i] + n - 1), x.width, batch.lanes[i].state->stored(layer, tensor).begin());
}

}  // namespace

std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems) {
  ConfigReader read(json, problems);
  Config c;
  Stream stream{.embedding = "rwkv.embeddings", .final_norm = "rwkv.ln_out", .head = "head", .layer_prefix = "rwkv.blocks.",
                .first_norm = "rwkv.blocks.0.pre_ln", .layer_norms = true};
  stream.hidden = c.hidden = read.integer("hidden_size", c.hidden);
  stream.layers = read.integer("num_hidden_layers", 32, 1, 4096);
  stream.vocabulary = read.integer("vocab_size", 50277);
  stream.tied = read.boolean("tie_word_embeddings", false);
  c.attention_hidden = read.integer("attention_hidden_size", c.hidden);
  c.inner = read.integer("intermediate_size", 4 * c.hidden);
  c.epsilon = read.number("layer_norm_epsilon", c.epsilon, 0, 1);
  stream.first_norm_epsilon = c.epsilon;
  stream.epsilon = 1e-5;  // the official class leaves ln_out at its default
  return std::make_unique<Rwkv4>(c, std::move(stream));
}

template <class Real>
ShiftedProjection<Real>::ShiftedProjection(const TensorTable& table, const std::string& part, const std::string& name)
    : mix(vector_of<Real>(table, part + "time_mix_" + name)), w(matrix_of(table, part + name + ".weight")) {}

template <class Real>
TimeMixing<Real>::TimeMixing(const Config& config, const TensorTable& table, const std::string& a)
    : c_(config), receptance_(table, a, "receptance"), key_(table, a, "key"), value_(table, a, "value"),
      output_(matrix_of(table, a + "output.weight")), w_(vector_of<Real>(table, a + "time_decay")),
      u_(vector_of<Real>(table, a + "time_first")) {
  for (Real& rate : w_) rate = scalar::rate(rate);
}

template <class Real>
void TimeMixing<Real>::mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  const std::int64_t da = c_.attention_hidden;

  Rows<Real> shifted_r = shift(receptance_.mix, a, layer, kAttShift, Slot::shift_r, batch);
  Rows<Real> shifted_k = shift(key_.mix, a, layer, kAttShift, Slot::shift_k, batch);
  Rows<Real> shifted_v = shift(value_.mix, a, layer, kAttShift, Slot::shift_v, batch);
  batch.show(Point::shift_r, layer, shifted_r);
  batch.show(Point::shift_k, layer, shifted_k);
  batch.show(Point::shift_v, layer, shifted_v);
  keep_last(a, layer, kAttShift, batch);

  Rows<Real> r = scratch(batch.context, Slot::att_r, batch.rows, da), k = scratch(batch.context, Slot::att_k, batch.rows, da);
  Rows<Real> v = scratch(batch.context, Slot::att_v, batch.rows, da), wkv = scratch(batch.context, Slot::wkv, batch.rows, da);
  math.linear(receptance_.w, {}, shifted_r, r);
  math.sigmoid(r);
  math.linear(key_.w, {}, shifted_k, k);
  math.linear(value_.w, {}, shifted_v, v);
  batch.show(Point::att_r, layer, r);
  batch.show(Point::att_k, layer, k);
  batch.show(Point::att_v, layer, v);

  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    BasicState<Real>& state = *batch.lanes[i].state;
    const std::span<Real> aa = state.stored(layer, kAa), bb = state.stored(layer, kBb), pp = state.stored(layer, kPp);
    const Rows<Real> k_here = batch.of_lane(i, k), v_here = batch.of_lane(i, v), r_here = batch.of_lane(i, r), wkv_here = batch.of_lane(i, wkv);
    const bool watched = batch.watched(i, layer, bit(Point::att_state));
    for (std::int64_t t = 0; t < k_here.count; ++t) {
      std::vector<Real> before(aa.begin(), aa.end());
      math.wkv(w_, u_, k_here.row(t), v_here.row(t), aa.data(), bb.data(), pp.data(), wkv_here.row(t));
      if (watched) {
        Rows<Real> shown = scratch(batch.context, Slot::state_row, 1, 3 * da);
        const auto all = {std::pair{aa, shown.data}, {bb, shown.data + da}, {pp, shown.data + 2 * da}};
        for (const auto& [part, place] : all) std::copy(part.begin(), part.end(), place);
        batch.show_lane(i, Point::att_state, layer, t, shown);
        for (const auto& [part, place] : all) std::copy_n(place, da, part.begin());
      }
      if constexpr (std::is_same_v<Real, float>) {
        if (!batch.wants_statistics(i)) continue;
        const std::span<float> values = batch.of_lane(i, statistics_of(batch))[t];
        const auto set = [&](Statistic which, double value) { values[static_cast<std::size_t>(which)] = static_cast<float>(value); };
        const RowSums a_sums = sums_of(aa), b_sums = sums_of(bb), keys = sums_of(k_here[t]), written = sums_of(v_here[t]);
        double change = 0, decay = 0, shut = 0;
        for (std::size_t c = 0; c < before.size(); ++c) {
          change += static_cast<double>(aa[c] - before[c]) * static_cast<double>(aa[c] - before[c]);
          decay += std::exp(static_cast<double>(w_[c]));
          shut += r_here[t][c] < 0.01f;
        }
        const double n = static_cast<double>(da);
        set(Statistic::h_norm, std::sqrt(a_sums.squares + b_sums.squares));
        set(Statistic::h_max, std::max(a_sums.largest, b_sums.largest));
        set(Statistic::h_mean, (a_sums.sum + b_sums.sum) / (2 * n));
        set(Statistic::h_change, std::sqrt(change));
        set(Statistic::h_nonfinite, static_cast<double>(a_sums.nonfinite + b_sums.nonfinite));
        set(Statistic::write_norm, std::sqrt(written.squares));
        set(Statistic::decay_mean, decay / n);
        set(Statistic::gate_mean, sums_of(r_here[t]).sum / n);
        set(Statistic::gate_shut, shut / n);
        set(Statistic::x_norm, std::sqrt(keys.squares));
        set(Statistic::y_norm, std::sqrt(sums_of(wkv_here[t]).squares));
      }
    }
  }
  batch.show(Point::wkv, layer, wkv);
  math.multiply(r, wkv, wkv);
  math.linear(output_, {}, wkv, out);
  batch.show(Point::mixer_out, layer, out);
}

template <class Real>
void TimeMixing<Real>::replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const {
  const Rows<const Real> &k = drivers[0], &v = drivers[1], &norm1 = drivers[2], &norm2 = drivers[3];
  if (k.count == 0) return;
  for (std::int64_t t = 0; t < k.count; ++t)
    context.math.wkv(w_, u_, k.row(t), v.row(t), state.stored(layer, kAa).data(), state.stored(layer, kBb).data(),
                     state.stored(layer, kPp).data(), nullptr);
  std::copy_n(norm1.row(k.count - 1), c_.hidden, state.stored(layer, kAttShift).begin());
  std::copy_n(norm2.row(k.count - 1), c_.hidden, state.stored(layer, kFfnShift).begin());
}

template <class Real>
RecurrenceSource TimeMixing<Real>::recurrence_source(ChannelRange channels, RecurrenceWants) const {
  return {.columns = {{Point::att_k, channels.first, channels.count}, {Point::att_v, channels.first, channels.count}}};
}

template <class Real>
Recurrence TimeMixing<Real>::recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                                        std::int64_t, const BasicState<Real>& start, Context<Real>& context) const {
  const auto part = [&](std::span<const Real> all) {
    const auto first = all.begin() + channels.first;
    return std::vector<Real>(first, first + channels.count);
  };
  std::vector<Real> aa = part(start.stored(layer, kAa)), bb = part(start.stored(layer, kBb)), pp = part(start.stored(layer, kPp));
  const std::vector<Real> w = part(w_), u = part(u_);
  const Rows<const Real> k = columns[0], v = columns[1];
  Recurrence r{.tokens = k.count, .channels = channels.count, .states = 2, .shared = false, .reads_found = true};
  for (std::size_t c = 0; c < w.size(); ++c) {
    r.A.insert(r.A.end(), 2, static_cast<float>(w[c]));
    r.h.insert(r.h.end(), {static_cast<float>(aa[c]), static_cast<float>(bb[c])});
  }
  r.exponents.assign(pp.begin(), pp.end());
  r.steps.assign(static_cast<std::size_t>(r.tokens * r.channels), 1);
  r.x = r.steps;
  append_rows<Real>(k, r.shifts);
  for (std::int64_t t = 0; t < r.tokens; ++t)
    for (std::int64_t c = 0; c < r.channels; ++c) r.B.insert(r.B.end(), {wants.weights ? 1.0f : static_cast<float>(v.row(t)[c]), 1.0f});
  for (std::int64_t t = 0; t < r.tokens && wants.reads; ++t) {
    if (t > 0) r.exponents.insert(r.exponents.end(), pp.begin(), pp.end());
    for (std::size_t c = 0; c < w.size(); ++c) {
      const Real value = v.row(t)[c], key = u[c] + k.row(t)[c], highest = std::max(pp[c], key);
      const Real before = std::exp(pp[c] - highest), now = std::exp(key - highest), all = before * bb[c] + now;
      r.C.insert(r.C.end(), {static_cast<float>(before / all), 0.0f});
      r.own.push_back(static_cast<float>(now / all * (wants.weights ? Real(1) : value)));
    }
    context.math.wkv(w, u, k.row(t), v.row(t), aa.data(), bb.data(), pp.data(), nullptr);
  }
  return r;
}

template <class Real>
ChannelMixing<Real>::ChannelMixing(const Config& config, const TensorTable& table, const std::string& f)
    : c_(config), receptance_(table, f, "receptance"), key_(table, f, "key"), value_(matrix_of(table, f + "value.weight")) {}

template <class Real>
void ChannelMixing<Real>::apply(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  Rows<Real> shifted_r = shift(receptance_.mix, x, layer, kFfnShift, Slot::shift_r, batch);
  Rows<Real> shifted_k = shift(key_.mix, x, layer, kFfnShift, Slot::shift_k, batch);
  keep_last(x, layer, kFfnShift, batch);
  Rows<Real> r = scratch(batch.context, Slot::ffn_gate, batch.rows, c_.hidden);
  Rows<Real> k = scratch(batch.context, Slot::ffn_up, batch.rows, c_.inner), act = scratch(batch.context, Slot::ffn_act, batch.rows, c_.inner);
  math.linear(receptance_.w, {}, shifted_r, r);
  math.sigmoid(r);
  batch.show(Point::ffn_gate, layer, r);
  math.linear(key_.w, {}, shifted_k, k);
  batch.show(Point::ffn_up, layer, k);
  math.squared_relu(k, act);
  batch.show(Point::ffn_act, layer, act);
  math.linear(value_, {}, act, out);
  math.multiply(r, out, out);
  batch.show(Point::ffn_out, layer, out);
}

template class TimeMixing<float>;
template class TimeMixing<double>;
template class ChannelMixing<float>;
template class ChannelMixing<double>;

}  // namespace lab::rwkv4
