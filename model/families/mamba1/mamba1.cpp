#include "model/families/mamba1/mamba1.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lab::mamba1 {
namespace {

enum Tensor : int { kConvState, kSsmState };

Config read_config(const Json& json, std::vector<Error>& problems) {
  ConfigReader read(json, problems);
  Config c;
  c.hidden = read.integer("hidden_size", c.hidden);
  c.layers = read.integer("num_hidden_layers", c.layers, 1, 4096);
  c.vocabulary = read.integer("vocab_size", c.vocabulary);
  const std::int64_t expand = read.integer("expand", 2, 1, 256);
  c.inner = read.integer("intermediate_size", expand * c.hidden);
  c.state_size = read.integer("state_size", c.state_size, 1, 4096);
  c.conv_kernel = read.integer("conv_kernel", c.conv_kernel, 1, 64);
  const Json* rank = read.find("time_step_rank");
  const bool automatic = !rank || rank->is_null() || (rank->is_string() && rank->text() == "auto");
  c.rank = automatic ? (c.hidden + 15) / 16 : read.integer("time_step_rank", c.rank);
  c.epsilon = read.number("layer_norm_epsilon", c.epsilon, 0, 1);
  c.use_bias = read.boolean("use_bias", c.use_bias);
  c.use_conv_bias = read.boolean("use_conv_bias", c.use_conv_bias);
  c.tied = read.boolean("tie_word_embeddings", c.tied);
  read.one_of("hidden_act", "silu", {"silu", "swish"});
  return c;
}

void expect_layer(const Config& c, const std::string& p, std::vector<Expected>& expected) {
  const std::string m = p + "mixer.";
  expected.insert(expected.end(), {{p + "norm.weight", {c.hidden}},
                                   {m + "in_proj.weight", {2 * c.inner, c.hidden}},
                                   {m + "conv1d.weight", {c.inner, 1, c.conv_kernel}},
                                   {m + "x_proj.weight", {c.rank + 2 * c.state_size, c.inner}},
                                   {m + "dt_proj.weight", {c.inner, c.rank}},
                                   {m + "dt_proj.bias", {c.inner}},
                                   expected_rates(m, {c.inner, c.state_size}),
                                   {m + "D", {c.inner}},
                                   {m + "out_proj.weight", {c.hidden, c.inner}}});
  if (c.use_conv_bias) expected.push_back({m + "conv1d.bias", {c.inner}});
  if (c.use_bias) expected.push_back({m + "in_proj.bias", {2 * c.inner}});
  if (c.use_bias) expected.push_back({m + "out_proj.bias", {c.hidden}});
}

LayerInfo layer_info(const Config& c) {
  const std::int64_t di = c.inner, N = c.state_size;
  return {.kind = "mamba1",
          .title = "Mamba-1",
          .drivers = {{Point::x, di, true},
                      {Point::dt, di, true},
                      {Point::B, N, true},
                      {Point::C, N, false},
                      {Point::z, di, false},
                      {Point::resid_out, c.hidden, false}},
          .points = {{Point::in_proj, {2 * di}},
                     {Point::x, {di}},
                     {Point::z, {di}},
                     {Point::conv_state, {di, c.conv_kernel}},
                     {Point::conv, {di}},
                     {Point::u, {di}},
                     {Point::dt_low, {c.rank}},
                     {Point::B, {N}},
                     {Point::C, {N}},
                     {Point::dt_raw, {di}},
                     {Point::dt, {di}},
                     {Point::decay, {di, N}},
                     {Point::h, {di, N}},
                     {Point::y, {di}},
                     {Point::gated, {di}}}};
}

class Mamba1 final : public Architecture {
 public:
  explicit Mamba1(const Config& config) : c_(config) {
    stream = {.hidden = c_.hidden, .layers = c_.layers, .vocabulary = c_.vocabulary, .epsilon = c_.epsilon, .tied = c_.tied};
  }
  void expect_layer(std::int64_t layer, const TensorTable&, std::vector<Expected>& expected) const override {
    mamba1::expect_layer(c_, stream.prefix(layer), expected);
  }
  LayerSchema layer_schema(std::int64_t) const override { return mamba1::layer_schema(c_); }
  LayerInfo layer_info(std::int64_t) const override { return mamba1::layer_info(c_); }
  void describe(ModelInfo& info) const override {
    const bool is_falcon = c_.mixer_epsilon > 0;
    info.family = is_falcon ? "falcon_mamba" : "mamba1";
    info.title = is_falcon ? "Falcon-Mamba" : "Mamba-1";
    info.inner = c_.inner;
    info.state_size = c_.state_size;
    info.conv_kernel = c_.conv_kernel;
    info.time_step_rank = c_.rank;
  }
  void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const override { make_block(table, layer, block); }
  void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const override { make_block(table, layer, block); }

 private:
  template <class Real>
  void make_block(const TensorTable& table, std::int64_t layer, Block<Real>& block) const {
    block.norm1 = read_norm<Real>(table, stream.prefix(layer) + "norm", c_.epsilon);
    block.mixer = std::make_unique<Mixer<Real>>(c_, table, stream.prefix(layer) + "mixer.");
  }

  const Config c_;
};

}  // namespace

std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems) {
  return std::make_unique<Mamba1>(read_config(json, problems));
}

std::unique_ptr<Architecture> read_falcon(const Json& json, std::vector<Error>& problems) {
  Config c = read_config(json, problems);
  c.mixer_epsilon = ConfigReader(json, problems).number("mixer_rms_eps", 1e-6, 1e-30, 1);
  return std::make_unique<Mamba1>(c);
}

LayerSchema layer_schema(const Config& c) {
  return {.kind = "mamba1",
          .tensors = {{.name = "conv_state", .point = Point::conv_state, .role = Role::conv, .layout = Layout::columns,
                       .shape = {c.inner, c.conv_kernel}},
                      {.name = "ssm_state", .point = Point::h, .role = Role::ssm, .layout = Layout::tiles,
                       .shape = {c.inner, c.state_size}}}};
}

template <class Real>
Mixer<Real>::Mixer(const Config& config, const TensorTable& table, const std::string& m)
    : c_(config), ones_(static_cast<std::size_t>(std::max(config.rank, config.state_size)), Real(1)) {
  in_proj_ = matrix_of(table, m + "in_proj.weight");
  x_proj_ = matrix_of(table, m + "x_proj.weight");
  dt_proj_ = matrix_of(table, m + "dt_proj.weight");
  out_proj_ = matrix_of(table, m + "out_proj.weight");
  in_bias_ = c_.use_bias ? vector_of<Real>(table, m + "in_proj.bias") : std::vector<Real>{};
  out_bias_ = c_.use_bias ? vector_of<Real>(table, m + "out_proj.bias") : std::vector<Real>{};
  dt_bias_ = vector_of<Real>(table, m + "dt_proj.bias");
  D_ = vector_of<Real>(table, m + "D");
  conv_ = read_conv<Real>(table, m, c_.inner, c_.conv_kernel, c_.use_conv_bias);

  const TensorSchema h = StateSchema("", {layer_schema(c_)}).layers()[0].tensors[kSsmState];
  const std::vector<Real> rates = rates_of<Real>(table, m);
  A_.assign(static_cast<std::size_t>(h.stored), Real(0));
  for (std::size_t i = 0; i < rates.size(); ++i) A_[static_cast<std::size_t>(h.stored_index(static_cast<std::int64_t>(i)))] = rates[i];
}

template <class Real>
Scan<Real> Mixer<Real>::scan_of(Rows<const Real> dt, Rows<const Real> u, Rows<const Real> B, Rows<const Real> C, Real* h,
                                Rows<Real> y) const {
  return {.per_head = false, .heads = 1, .width = c_.inner, .states = c_.state_size, .heads_per_group = 1, .dt = dt, .u = u,
          .B = B, .C = C, .A = A_.data(), .D = D_.data(), .h = h, .y = y};
}

template <class Real>
void Mixer<Real>::mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  Context<Real>& context = batch.context;
  const std::int64_t T = batch.rows, di = c_.inner, N = c_.state_size, R = c_.rank;

  // The two branches.
  Rows<Real> xz = scratch(context, Slot::in_proj, T, 2 * di);  // [T, 2 di]
  math.linear(in_proj_, in_bias_, a, xz);
  batch.show(Point::in_proj, layer, xz);
  Rows<Real> x = xz.columns(0, di), z = xz.columns(di, di);  // [T, di]
  batch.show(Point::x, layer, x);
  batch.show(Point::z, layer, z);
  batch.z = z;

  // A short causal convolution of each channel.
  Rows<Real> conv = scratch(context, Slot::conv, T, di), u = scratch(context, Slot::act, T, di);
  convolve_lanes(conv_, x, layer, kConvState, batch, conv);
  batch.show(Point::conv, layer, conv);
  math.silu(conv, u);
  batch.show(Point::u, layer, u);

  // Selection: time step, write and read vectors from the input itself.
  Rows<Real> selected = scratch(context, Slot::projected, T, R + 2 * N);
  math.linear(x_proj_, {}, u, selected);
  Rows<Real> delta = selected.columns(0, R), B = selected.columns(R, N), C = selected.columns(R + N, N);
  if (c_.mixer_epsilon > 0)
    for (Rows<Real> part : {delta, B, C}) math.rms_norm(part, ones_, static_cast<Real>(c_.mixer_epsilon), 1, part);
  batch.show(Point::dt_low, layer, delta);
  batch.show(Point::B, layer, B);
  batch.show(Point::C, layer, C);
  Rows<Real> dt_raw = scratch(context, Slot::dt_raw, T, di), dt = scratch(context, Slot::dt, T, di);
  math.linear(dt_proj_, {}, delta, dt_raw);
  batch.show(Point::dt_raw, layer, dt_raw);
  math.time_step(dt_raw, dt_bias_, Real(0), std::numeric_limits<Real>::infinity(), dt);
  batch.show(Point::dt, layer, dt);

  // The recurrence, then the gate.
  Rows<Real> y = scratch(context, Slot::y, T, di), gated = scratch(context, Slot::gated, T, di);
  scan_lanes(layer, kSsmState, batch, [&](std::size_t i) {
    return scan_of(batch.of_lane(i, dt), batch.of_lane(i, u), batch.of_lane(i, B), batch.of_lane(i, C),
                   batch.lanes[i].state->stored(layer, kSsmState).data(), batch.of_lane(i, y));
  });
  batch.show(Point::y, layer, y);
  math.gate(y, z, gated);
  batch.show(Point::gated, layer, gated);
  measure_mixer(batch);
  math.linear(out_proj_, out_bias_, gated, out);
  batch.show(Point::mixer_out, layer, out);
}

template <class Real>
void Mixer<Real>::replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state,
                         Context<Real>& context) const {
  const Rows<const Real> &x = drivers[0], &dt = drivers[1], &B = drivers[2];
  Lane<Real> lane{.vectors = x, .state = &state};
  Batch<Real> batch(std::span(&lane, 1), context);
  Rows<Real> conv = scratch(context, Slot::conv, x.count, c_.inner), u = scratch(context, Slot::act, x.count, c_.inner);
  convolve_lanes(conv_, x, layer, kConvState, batch, conv);
  batch.show(Point::conv, layer, conv);
  context.math.silu(conv, u);
  batch.show(Point::u, layer, u);
  scan_lanes(layer, kSsmState, batch,
             [&](std::size_t) { return scan_of(dt, u, B, {}, state.stored(layer, kSsmState).data(), {}); });
}

template <class Real>
std::vector<Real> Mixer<Real>::rates() const {
  const TensorSchema h = StateSchema("", {layer_schema(c_)}).layers()[0].tensors[kSsmState];
  std::vector<Real> rates(static_cast<std::size_t>(h.elements()));
  for (std::size_t i = 0; i < rates.size(); ++i) rates[i] = A_[static_cast<std::size_t>(h.stored_index(static_cast<std::int64_t>(i)))];
  return rates;
}

template <class Real>
RecurrenceSource Mixer<Real>::recurrence_source(ChannelRange channels, RecurrenceWants wants) const {
  RecurrenceSource source{.columns = {{Point::dt, channels.first, channels.count}}};
  if (!wants.writes && !wants.reads) return source;
  source.lead = c_.conv_kernel - 1;
  source.columns.push_back({Point::x, channels.first, channels.count});
  source.columns.push_back({Point::B, 0, c_.state_size});
  if (wants.reads) source.columns.push_back({Point::C, 0, c_.state_size});
  return source;
}

template <class Real>
Recurrence Mixer<Real>::recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                                   std::int64_t lead, const BasicState<Real>& start, Context<Real>& context) const {
  const TensorSchema& h = start.schema().layers()[static_cast<std::size_t>(layer)].tensors[kSsmState];
  Recurrence r = begin_recurrence<Real>(channels, columns[0], lead, start.stored(layer, kSsmState), h, 1);
  for (std::int64_t i = channels.first * r.states; i < (channels.first + channels.count) * r.states; ++i)
    r.A.push_back(static_cast<float>(A_[static_cast<std::size_t>(h.stored_index(i))]));
  if (columns.size() == 1 || r.tokens == 0) return r;
  const Rows<Real> u = activate_columns<Real>(conv_, channels.first, columns[1], lead, start.stored(layer, kConvState), context);
  add_values<Real>(u, wants, D_.data() + channels.first, 1, r);
  append_rows<Real>(columns[2].rows(lead, r.tokens), r.B);
  if (wants.reads) append_rows<Real>(columns[3].rows(lead, r.tokens), r.C);
  return r;
}

template class Mixer<float>;
template class Mixer<double>;

}  // namespace lab::mamba1
