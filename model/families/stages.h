#pragma once
// The two stateful stages that Mamba-1 and Mamba-2 share: the causal convolution and the selective scan, lane by lane,
// with their states shown and replaceable at every token.
#include <algorithm>
#include <type_traits>

#include "model/families/batch.h"
#include "model/families/reading.h"

namespace lab {

/// Convolution weights of one layer: w [K, C] (the file's [C, 1, K] transposed), bias [C] or empty.
template <class Real>
struct ConvWeights {
  std::int64_t channels = 0, kernel = 0;
  std::vector<Real> w, bias;
};

/// Reads `conv1d.weight` and, with `use_bias`, `conv1d.bias` of a mixer whose names begin with `mixer`.
template <class Real>
ConvWeights<Real> read_conv(const TensorTable& table, const std::string& mixer, std::int64_t channels, std::int64_t kernel,
                            bool use_bias) {
  ConvWeights<Real> conv{channels, kernel, std::vector<Real>(static_cast<std::size_t>(channels * kernel)), {}};
  const std::vector<Real> w = vector_of<Real>(table, mixer + "conv1d.weight");
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t k = 0; k < kernel; ++k)
      conv.w[static_cast<std::size_t>(k * channels + c)] = w[static_cast<std::size_t>(c * kernel + k)];
  if (use_bias) conv.bias = vector_of<Real>(table, mixer + "conv1d.bias");
  return conv;
}

/// The oldest input leaves a conv state and a new one enters.
template <class Real>
void push_input(const Real* x, std::int64_t kernel, std::int64_t channels, std::span<Real> state) {
  std::copy(state.begin() + channels, state.begin() + kernel * channels, state.begin());
  std::copy_n(x, channels, state.begin() + (kernel - 1) * channels);
}

/// Convolves one lane's raw inputs x [T, C] after its conv state, moves the state on, writes y [T, C] (before silu).
/// The state [C, K] lies time-major: row k is the raw input k steps into the window.
template <class Real>
void convolve_lane(const ConvWeights<Real>& weights, Rows<const Real> x, std::span<Real> state, Context<Real>& context,
                   Rows<Real> y) {
  const std::int64_t channels = weights.channels, kernel = weights.kernel;
  if (x.count == 1) {
    push_input(x.row(0), kernel, channels, state);
    context.math.convolve({state.data(), kernel, channels}, kernel, weights.w, weights.bias, y);
    return;
  }
  Rows<Real> window = scratch(context, Slot::window, kernel + x.count, channels);
  std::copy(state.begin(), state.begin() + kernel * channels, window.data);
  for (std::int64_t t = 0; t < x.count; ++t) std::copy_n(x.row(t), channels, window.row(kernel + t));
  context.math.convolve(window.rows(1, kernel + x.count - 1), kernel, weights.w, weights.bias, y);
  std::copy_n(window.row(x.count), kernel * channels, state.begin());
}

/// The same where somebody watches the conv state: it is shown (and may be replaced) after each token's input entered it.
template <class Real>
void convolve_watched_lane(const ConvWeights<Real>& weights, Rows<const Real> x, std::span<Real> state, std::size_t lane,
                           int layer, Batch<Real>& batch, Rows<Real> y) {
  const std::int64_t channels = weights.channels, kernel = weights.kernel;
  Rows<Real> logical = scratch(batch.context, Slot::state_row, 1, channels * kernel);
  for (std::int64_t t = 0; t < x.count; ++t) {
    push_input(x.row(t), kernel, channels, state);
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t k = 0; k < kernel; ++k) logical.data[c * kernel + k] = state[static_cast<std::size_t>(k * channels + c)];
    batch.show_lane(lane, Point::conv_state, layer, t, logical);
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t k = 0; k < kernel; ++k) state[static_cast<std::size_t>(k * channels + c)] = logical.data[c * kernel + k];
    batch.math().convolve({state.data(), kernel, channels}, kernel, weights.w, weights.bias, y.rows(t, 1));
  }
}

template <class Real>
void convolve_lanes(const ConvWeights<Real>& weights, std::type_identity_t<Rows<const Real>> x, int layer, int tensor, Batch<Real>& batch, Rows<Real> y) {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    std::span<Real> state = batch.lanes[i].state->stored(layer, tensor);
    if (batch.watched(i, layer, bit(Point::conv_state)))
      convolve_watched_lane<Real>(weights, x.rows(batch.first[i], batch.lanes[i].length()), state, i, layer, batch, batch.of_lane(i, y));
    else
      convolve_lane<Real>(weights, x.rows(batch.first[i], batch.lanes[i].length()), state, batch.context, batch.of_lane(i, y));
  }
}

/// silu of the convolution of the channels from `first` on alone, with the bits that all of them have together: raw inputs
/// x [lead + T, width], whose first row follows the conv state; only T rows come out. The result lies in scratch memory.
template <class Real>
Rows<Real> activate_columns(const ConvWeights<Real>& weights, std::int64_t first, Rows<const Real> x, std::int64_t lead,
                            std::span<const Real> state, Context<Real>& context) {
  const std::int64_t width = x.width, channels = weights.channels, kernel = weights.kernel, missing = kernel - 1 - lead;
  const std::int64_t tokens = x.count - lead;
  std::vector<Real> w(static_cast<std::size_t>(kernel * width));
  for (std::int64_t k = 0; k < kernel; ++k) std::copy_n(weights.w.data() + k * channels + first, width, w.data() + k * width);
  const std::span<const Real> all_biases = weights.bias;
  const auto bias = all_biases.empty() ? all_biases : all_biases.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(width));
  Rows<Real> window = scratch(context, Slot::window, kernel - 1 + tokens, width);
  for (std::int64_t k = 0; k < missing; ++k) std::copy_n(state.data() + (k + 1 + lead) * channels + first, width, window.row(k));
  for (std::int64_t t = 0; t < x.count; ++t) std::copy_n(x.row(t), width, window.row(missing + t));
  Rows<Real> conv = scratch(context, Slot::conv, tokens, width), act = scratch(context, Slot::act, tokens, width);
  const Batch<Real> nobody({}, context);
  context.math.convolve(window, kernel, w, bias, conv);
  nobody.round(conv);
  context.math.silu(conv, act);
  nobody.round(act);
  return act;
}

/// The parts of a recurrence that every selective scan has: h, A and the time steps [T, 1 or channels].
template <class Real>
Recurrence begin_recurrence(ChannelRange range, Rows<const Real> dt, std::int64_t lead, std::span<const Real> h,
                            const TensorSchema& schema, std::int64_t channels_a_step) {
  Recurrence r{.tokens = dt.count - lead, .channels = range.count, .states = schema.shape.back()};
  for (std::int64_t i = range.first * r.states; i < (range.first + range.count) * r.states; ++i)
    r.h.push_back(static_cast<float>(h[static_cast<std::size_t>(schema.stored_index(i))]));
  for (std::int64_t t = 0; t < r.tokens; ++t)
    for (std::int64_t c = 0; c < r.channels; ++c)
      r.steps.push_back(static_cast<float>(dt.row(lead + t)[(range.first + c) / channels_a_step - range.first / channels_a_step]));
  return r;
}

/// What a scan writes of the values u [T, channels]: dt u, or dt where weights are wanted; and what it adds beside the state.
template <class Real>
void add_values(Rows<const Real> u, RecurrenceWants wants, const Real* skip, std::int64_t channels_a_skip, Recurrence& r) {
  for (std::int64_t t = 0; t < r.tokens; ++t)
    for (std::int64_t c = 0; c < r.channels; ++c) {
      const auto value = static_cast<float>(u.row(t)[c]), step = r.steps[static_cast<std::size_t>(t * r.channels + c)];
      const auto by = static_cast<float>(skip[c / channels_a_skip]);
      if (wants.writes) r.x.push_back(wants.weights ? step : step * value);
      if (wants.reads) r.own.push_back(wants.weights ? by : by * value);
    }
}

/// One lane's scan, stage by stage: decay, state and output of each token, each shown before the next is computed.
template <class Real>
void scan_watched_lane(const Scan<Real>& scan, const TensorSchema& schema, std::size_t lane, int layer, Batch<Real>& batch) {
  Math<Real>& math = batch.math();
  const std::int64_t stored = scan.stored(), elements = schema.elements();
  Rows<Real> decay = scratch(batch.context, Slot::decay, 1, scan.per_head ? scan.heads : stored);
  Rows<Real> before = scratch(batch.context, Slot::before, 1, stored);
  Rows<Real> logical = scratch(batch.context, Slot::state_row, 1, elements);
  const auto show_tiled = [&](Point point, Real* tiled, std::int64_t token) {
    for (std::int64_t i = 0; i < elements; ++i) logical.data[i] = tiled[schema.stored_index(i)];
    batch.show_lane(lane, point, layer, token, logical);
    for (std::int64_t i = 0; i < elements; ++i) tiled[schema.stored_index(i)] = logical.data[i];
  };
  for (std::int64_t t = 0; t < scan.u.count; ++t) {
    math.scan_decay(scan, t, decay.data);
    if (scan.per_head) batch.show_lane(lane, Point::decay, layer, t, decay);
    else if (batch.watched(lane, layer, bit(Point::decay))) show_tiled(Point::decay, decay.data, t);
    std::copy_n(scan.h, stored, before.data);
    math.scan_state(scan, t, decay.data);
    if (batch.watched(lane, layer, bit(Point::h))) show_tiled(Point::h, scan.h, t);
    if (scan.y.count > 0) math.scan_output(scan, t);
    if constexpr (std::is_same_v<Real, float>)
      if (scan.sums) math.scan_sums(scan, t, before.data, decay.data);
  }
}

/// The scans of all lanes; `make(lane)` gives each its operands.
template <class Real, class Make>
void scan_lanes(int layer, int tensor, Batch<Real>& batch, Make make) {
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) batch.scans[i] = make(i);
  if constexpr (std::is_same_v<Real, float>) {
    std::int64_t sums = 0;
    for (std::size_t i = 0; i < batch.lanes.size(); ++i)
      if (batch.wants_statistics(i)) sums += batch.scans[i].blocks() * batch.scans[i].u.count;
    Real* next = sums > 0 ? scratch(batch.context, Slot::sums, sums, kScanSums * 16).data : nullptr;
    for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
      if (!batch.wants_statistics(i)) continue;
      batch.scans[i].sums = next;
      next += batch.scans[i].blocks() * batch.scans[i].u.count * kScanSums * 16;
    }
  }
  for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
    const StateSchema& schema = batch.lanes[i].state->schema();
    if (batch.watched(i, layer, bit(Point::decay) | bit(Point::h)))
      scan_watched_lane(batch.scans[i], schema.layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)], i,
                        layer, batch);
    else
      batch.math().scan(batch.scans[i]);
  }
}

/// The statistics of the mixer, made before the output projection drives what they are made of from the caches.
template <class Real>
void measure_mixer(Batch<Real>& batch) {
  if constexpr (std::is_same_v<Real, float>)
    for (std::size_t i = 0; i < batch.lanes.size(); ++i) {
      if (!batch.wants_statistics(i)) continue;
      const Rows<float> z = batch.of_lane(i, batch.z), values = batch.of_lane(i, statistics_of(batch));
      batch.math().mixer_statistics(batch.scans[i], z, values);
    }
}

}  // namespace lab
