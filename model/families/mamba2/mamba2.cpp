#include "model/families/mamba2/mamba2.h"

#include <limits>

#include "model/base/check.h"

namespace lab::mamba2 {
namespace {

enum Tensor : int { kConvState, kSsmState };

class Mamba2 final : public Architecture {
 public:
  Mamba2(const Config& config, const Stream& around) : c_(config) { stream = around; }
  void expect_layer(std::int64_t layer, const TensorTable&, std::vector<Expected>& expected) const override {
    expected.push_back({stream.prefix(layer) + "norm.weight", {c_.hidden}});
    expect_mixer(c_, stream.prefix(layer) + "mixer.", expected);
  }
  LayerSchema layer_schema(std::int64_t) const override { return mamba2::layer_schema(c_); }
  LayerInfo layer_info(std::int64_t) const override { return mamba2::layer_info(c_); }
  void describe(ModelInfo& info) const override {
    info.family = "mamba2";
    info.title = "Mamba-2";
    mamba2::describe(c_, info);
  }
  void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const override { make_block(table, layer, block); }
  void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const override { make_block(table, layer, block); }

 private:
  template <class Real>
  void make_block(const TensorTable& table, std::int64_t layer, Block<Real>& block) const {
    block.norm1 = read_norm<Real>(table, stream.prefix(layer) + "norm", stream.epsilon);
    block.mixer = std::make_unique<Mixer<Real>>(c_, table, stream.prefix(layer) + "mixer.");
  }

  const Config c_;
};

}  // namespace

void read_limits(ConfigReader& read, Config& c) {
  c.low = 0;
  c.high = std::numeric_limits<double>::infinity();
  const Json* limit = read.find("time_step_limit");
  if (!limit || limit->is_null()) return;
  if (limit->is_array() && limit->items().size() == 2) {
    const auto low = limit->items()[0].number(), high = limit->items()[1].number();
    if (low && high && *low >= 0 && *high > *low) {
      c.low = *low;
      c.high = *high;
      return;
    }
  }
  read.problem("time_step_limit", "two numbers, 0 <= low < high", limit->brief());
}

std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems) {
  ConfigReader read(json, problems);
  Config c;
  Stream stream;
  stream.hidden = c.hidden = read.integer("hidden_size", c.hidden);
  stream.layers = read.integer("num_hidden_layers", 64, 1, 4096);
  stream.vocabulary = read.integer("vocab_size", 32768);
  c.heads = read.integer("num_heads", c.heads, 1, 1 << 16);
  c.head_dim = read.integer("head_dim", c.head_dim, 1, 1 << 16);
  c.groups = read.integer("n_groups", c.groups, 1, 1 << 16);
  c.state_size = read.integer("state_size", c.state_size, 1, 1 << 16);
  c.conv_kernel = read.integer("conv_kernel", c.conv_kernel, 1, 64);
  stream.epsilon = c.epsilon = read.number("layer_norm_epsilon", c.epsilon, 0, 1);
  c.use_bias = read.boolean("use_bias", c.use_bias);
  c.use_conv_bias = read.boolean("use_conv_bias", c.use_conv_bias);
  stream.tied = read.boolean("tie_word_embeddings", false);
  read.one_of("hidden_act", "silu", {"silu", "swish"});
  read_limits(read, c);
  const std::int64_t expand = read.integer("expand", 2, 1, 256);
  if (expand * c.hidden != c.inner())
    read.problem("num_heads", "expand * hidden_size / head_dim = " + std::to_string(expand * c.hidden) + " / " +
                                  std::to_string(c.head_dim), std::to_string(c.heads));
  if (c.heads % c.groups != 0)
    read.problem("n_groups", "a divisor of num_heads = " + std::to_string(c.heads), std::to_string(c.groups));
  return std::make_unique<Mamba2>(c, stream);
}

void expect_mixer(const Config& c, const std::string& m, std::vector<Expected>& expected) {
  const std::int64_t projected = 2 * c.inner() + 2 * c.groups * c.state_size + c.heads;
  expected.insert(expected.end(), {{m + "in_proj.weight", {projected, c.hidden}},
                                   {m + "conv1d.weight", {c.channels(), 1, c.conv_kernel}},
                                   {m + "dt_bias", {c.heads}},
                                   expected_rates(m, {c.heads}),
                                   {m + "D", {c.heads}},
                                   {m + "norm.weight", {c.inner()}},
                                   {m + "out_proj.weight", {c.hidden, c.inner()}}});
  if (c.use_conv_bias) expected.push_back({m + "conv1d.bias", {c.channels()}});
  if (c.use_bias) expected.push_back({m + "in_proj.bias", {projected}});
  if (c.use_bias) expected.push_back({m + "out_proj.bias", {c.hidden}});
}

LayerSchema layer_schema(const Config& c) {
  return {.kind = "mamba2",
          .tensors = {{.name = "conv_state", .point = Point::conv_state, .role = Role::conv, .layout = Layout::columns,
                       .shape = {c.channels(), c.conv_kernel}},
                      {.name = "ssm_state", .point = Point::h, .role = Role::ssm, .layout = Layout::tiles,
                       .shape = {c.heads, c.head_dim, c.state_size}}}};
}

LayerInfo layer_info(const Config& c) {
  const std::int64_t H = c.heads, P = c.head_dim, G = c.groups, N = c.state_size, di = c.inner(), C = c.channels();
  return {.kind = "mamba2",
          .title = "Mamba-2",
          .heads = H,
          .head_dim = P,
          .drivers = {{Point::xBC, C, true},
                      {Point::dt, H, true},
                      {Point::z, di, false},
                      {Point::resid_out, c.hidden, false}},
          .points = {{Point::in_proj, {di + C + H}},
                     {Point::z, {di}},
                     {Point::xBC, {C}},
                     {Point::conv_state, {C, c.conv_kernel}},
                     {Point::conv, {C}},
                     {Point::x, {H, P}},
                     {Point::B, {G, N}},
                     {Point::C, {G, N}},
                     {Point::dt_raw, {H}},
                     {Point::dt, {H}},
                     {Point::decay, {H}},
                     {Point::h, {H, P, N}},
                     {Point::y, {H, P}},
                     {Point::gated, {di}},
                     {Point::gnorm, {di}}}};
}

void describe(const Config& c, ModelInfo& info) {
  info.inner = c.inner();
  info.state_size = c.state_size;
  info.conv_kernel = c.conv_kernel;
  info.heads = c.heads;
  info.head_dim = c.head_dim;
  info.groups = c.groups;
}

template <class Real>
Mixer<Real>::Mixer(const Config& config, const TensorTable& table, const std::string& m) : c_(config) {
  in_proj_ = matrix_of(table, m + "in_proj.weight");
  out_proj_ = matrix_of(table, m + "out_proj.weight");
  in_bias_ = c_.use_bias ? vector_of<Real>(table, m + "in_proj.bias") : std::vector<Real>{};
  out_bias_ = c_.use_bias ? vector_of<Real>(table, m + "out_proj.bias") : std::vector<Real>{};
  dt_bias_ = vector_of<Real>(table, m + "dt_bias");
  D_ = vector_of<Real>(table, m + "D");
  gated_norm_ = vector_of<Real>(table, m + "norm.weight");
  conv_ = read_conv<Real>(table, m, c_.channels(), c_.conv_kernel, c_.use_conv_bias);
  A_ = rates_of<Real>(table, m);
}

template <class Real>
Scan<Real> Mixer<Real>::scan_of(Rows<const Real> dt, Rows<const Real> x, Rows<const Real> B, Rows<const Real> C, Real* h,
                                Rows<Real> y) const {
  return {.per_head = true, .heads = c_.heads, .width = c_.head_dim, .states = c_.state_size,
          .heads_per_group = c_.heads / c_.groups, .dt = dt, .u = x, .B = B, .C = C, .A = A_.data(), .D = D_.data(), .h = h,
          .y = y};
}

template <class Real>
void Mixer<Real>::mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const {
  Math<Real>& math = batch.math();
  Context<Real>& context = batch.context;
  const std::int64_t T = batch.rows, di = c_.inner(), GN = c_.groups * c_.state_size, channels = c_.channels();

  // One projection makes everything: gate, x, B, C and the time step.
  Rows<Real> projected = scratch(context, Slot::in_proj, T, di + channels + c_.heads);
  math.linear(in_proj_, in_bias_, a, projected);
  batch.show(Point::in_proj, layer, projected);
  Rows<Real> z = projected.columns(0, di), xBC = projected.columns(di, channels);
  Rows<Real> dt_raw = projected.columns(di + channels, c_.heads);
  batch.show(Point::z, layer, z);
  batch.show(Point::xBC, layer, xBC);
  batch.z = z;

  // x, B and C pass the convolution and silu as one block.
  Rows<Real> conv = scratch(context, Slot::conv, T, channels), act = scratch(context, Slot::act, T, channels);
  convolve_lanes(conv_, xBC, layer, kConvState, batch, conv);
  batch.show(Point::conv, layer, conv);
  math.silu(conv, act);
  Rows<Real> x = act.columns(0, di), B = act.columns(di, GN), C = act.columns(di + GN, GN);
  batch.show(Point::x, layer, x);
  batch.show(Point::B, layer, B);
  batch.show(Point::C, layer, C);

  // One time step a head.
  Rows<Real> dt = scratch(context, Slot::dt, T, c_.heads);
  batch.show(Point::dt_raw, layer, dt_raw);
  math.time_step(dt_raw, dt_bias_, static_cast<Real>(c_.low), static_cast<Real>(c_.high), dt);
  batch.show(Point::dt, layer, dt);

  // The recurrence, then gate and norm.
  Rows<Real> y = scratch(context, Slot::y, T, di), gated = scratch(context, Slot::gated, T, di);
  Rows<Real> gnorm = scratch(context, Slot::gnorm, T, di);
  scan_lanes(layer, kSsmState, batch, [&](std::size_t i) {
    return scan_of(batch.of_lane(i, dt), batch.of_lane(i, x), batch.of_lane(i, B), batch.of_lane(i, C),
                   batch.lanes[i].state->stored(layer, kSsmState).data(), batch.of_lane(i, y));
  });
  batch.show(Point::y, layer, y);
  math.gate(y, z, gated);
  batch.show(Point::gated, layer, gated);
  math.rms_norm(gated, gated_norm_, static_cast<Real>(c_.epsilon), c_.groups, gnorm);
  batch.show(Point::gnorm, layer, gnorm);
  measure_mixer(batch);
  math.linear(out_proj_, out_bias_, gnorm, out);
  batch.show(Point::mixer_out, layer, out);
}

template <class Real>
void Mixer<Real>::replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state,
                         Context<Real>& context) const {
  const Rows<const Real> &xBC = drivers[0], &dt = drivers[1];
  Lane<Real> lane{.vectors = xBC, .state = &state};
  Batch<Real> batch(std::span(&lane, 1), context);
  Rows<Real> conv = scratch(context, Slot::conv, xBC.count, c_.channels());
  Rows<Real> act = scratch(context, Slot::act, xBC.count, c_.channels());
  convolve_lanes(conv_, xBC, layer, kConvState, batch, conv);
  batch.show(Point::conv, layer, conv);
  context.math.silu(conv, act);
  Rows<Real> x = act.columns(0, c_.inner()), B = act.columns(c_.inner(), c_.groups * c_.state_size);
  batch.show(Point::x, layer, x);
  batch.show(Point::B, layer, B);
  scan_lanes(layer, kSsmState, batch,
             [&](std::size_t) { return scan_of(dt, x, B, {}, state.stored(layer, kSsmState).data(), {}); });
}

template <class Real>
RecurrenceSource Mixer<Real>::recurrence_source(ChannelRange channels, RecurrenceWants wants) const {
  const std::int64_t P = c_.head_dim, N = c_.state_size, head = channels.first / P, last = (channels.first + channels.count - 1) / P;
  RecurrenceSource source{.columns = {{Point::dt, head, last - head + 1}}};
  if (!wants.writes && !wants.reads) return source;
  const std::int64_t B = c_.inner() + head / (c_.heads / c_.groups) * N;
  source.lead = c_.conv_kernel - 1;
  source.columns.push_back({Point::xBC, channels.first, channels.count});
  source.columns.push_back({Point::xBC, B, N});
  if (wants.reads) source.columns.push_back({Point::xBC, B + c_.groups * N, N});
  return source;
}

template <class Real>
Recurrence Mixer<Real>::recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                                   std::int64_t lead, const BasicState<Real>& start, Context<Real>& context) const {
  const std::int64_t P = c_.head_dim, head = channels.first / P, group = c_.heads / c_.groups;
  LAB_CHECK((channels.first + channels.count - 1) / P / group, ==, head / group);
  const TensorSchema& h = start.schema().layers()[static_cast<std::size_t>(layer)].tensors[kSsmState];
  Recurrence r = begin_recurrence<Real>(channels, columns[0], lead, start.stored(layer, kSsmState), h, P);
  for (std::int64_t c = 0; c < r.channels; ++c)
    r.A.insert(r.A.end(), static_cast<std::size_t>(r.states), static_cast<float>(A_[static_cast<std::size_t>((channels.first + c) / P)]));
  if (columns.size() == 1 || r.tokens == 0) return r;
  const std::vector<DriverColumns> of = recurrence_source(channels, wants).columns;
  const std::span<const Real> window = start.stored(layer, kConvState);
  std::vector<Real> skips;
  for (std::int64_t c = 0; c < r.channels; ++c) skips.push_back(D_[static_cast<std::size_t>((channels.first + c) / P)]);
  add_values<Real>(activate_columns<Real>(conv_, of[1].first, columns[1], lead, window, context), wants, skips.data(), 1, r);
  append_rows<Real>(activate_columns<Real>(conv_, of[2].first, columns[2], lead, window, context), r.B);
  if (wants.reads) append_rows<Real>(activate_columns<Real>(conv_, of[3].first, columns[3], lead, window, context), r.C);
  return r;
}

template class Mixer<float>;
template class Mixer<double>;

}  // namespace lab::mamba2
