#include "model/math/stateful_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lab {
namespace {

enum class Kind : std::uint8_t { selective, ssd };

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Error refusal(Code code, const char* field, std::string expected, std::string found, const char* message) {
  return {.code = code, .field = field, .expected = std::move(expected), .found = std::move(found), .message = message};
}

template <class Real>
Status check_rows(const char* field, const Rows<const Real>& rows, std::int64_t tokens, std::int64_t width) {
  if (rows.count == tokens && (tokens == 0 || (rows.width == width && rows.stride >= width && rows.data))) return {};
  return refusal(Code::mismatch, field, shape_text({tokens, width}), shape_text({rows.count, rows.width}), "an operand has another shape");
}

Status check_size(const char* field, std::size_t found, std::int64_t expected) {
  if (static_cast<std::int64_t>(found) == expected) return {};
  return refusal(Code::mismatch, field, std::to_string(expected) + " values", std::to_string(found), "an operand has another size");
}

template <class Real>
Status check_optional(const char* field, std::span<const Real> values, std::int64_t expected) {
  return values.empty() ? Status() : check_size(field, values.size(), expected);
}

template <class Real>
std::int64_t step_width(const ScanInputs<Real>& in, Kind kind) {
  return kind == Kind::ssd ? in.heads : in.channels;
}

template <class Real>
Status check_sizes(const ScanInputs<Real>& in, Kind kind) {
  const bool whole_heads = in.heads > 0 && in.groups > 0 && in.channels > 0 && in.channels % in.heads == 0 && in.heads % in.groups == 0;
  if (in.states < 1 || !whole_heads || (kind == Kind::selective && (in.heads != 1 || in.groups != 1)))
    return refusal(Code::mismatch, "heads",
                   kind == Kind::selective ? "channels and states, one head and one group" : "channels in equal heads, heads in equal groups, states",
                   shape_text({in.channels, in.states, in.heads, in.groups}), "channels, states, heads and groups do not fit each other");
  return {};
}

template <class Real>
Status check(const ScanInputs<Real>& in, const ScanState<Real>& x0, Kind kind) {
  LAB_TRY(check_sizes(in, kind));
  const std::int64_t T = in.u.count, steps = step_width(in, kind), elements = in.channels * in.states;
  LAB_TRY(check_rows("u", in.u, T, in.channels));
  LAB_TRY(check_rows("delta", in.delta, T, steps));
  LAB_TRY(check_rows("B", in.B, T, in.groups * in.states));
  LAB_TRY(check_rows("C", in.C, T, in.groups * in.states));
  if (in.z.count > 0) LAB_TRY(check_rows("z", in.z, T, in.channels));
  LAB_TRY(check_size("A", in.A.size(), kind == Kind::ssd ? in.heads : elements));
  LAB_TRY(check_optional("D", in.D, steps));
  LAB_TRY(check_optional("delta_bias", in.delta_bias, steps));
  LAB_TRY(check_optional("x0.h", std::span(x0.h), elements));
  LAB_TRY(check_optional("x0.decay", std::span(x0.decay), elements));
  LAB_TRY(check_optional("x0.log_decay", std::span(x0.log_decay), elements));
  if (!(in.high >= 0)) return refusal(Code::out_of_range, "high", "0 or more", std::to_string(in.high), "time does not run backwards");
  for (const Real rate : in.A)  // the kernels' exponential is made for decays
    if (!(rate <= 0)) return refusal(Code::out_of_range, "A", "rates of 0 or less", std::to_string(rate), "a state may decay, not grow");
  return {};
}

// What the scan keeps of its operands: time steps, and rates and state in the order of the arena.
template <class Real>
struct Operands {
  TensorSchema schema;  // of h
  AlignedBuffer<Real> dt, rates, skips, h, decay;
  Scan<Real> scan;
};

template <class Real>
Status make_steps(const ScanInputs<Real>& in, std::int64_t width, Math<Real>& math, AlignedBuffer<Real>& steps) {
  const std::int64_t T = in.delta.count;
  steps = AlignedBuffer<Real>(static_cast<std::size_t>(T * width));
  Rows<Real> dt(steps.data(), T, width);
  std::vector<Real> bias(static_cast<std::size_t>(width));
  std::ranges::copy(in.delta_bias, bias.begin());
  if (in.softplus) {
    math.time_step(in.delta, bias, in.low, in.high, dt);
    return {};
  }
  for (std::int64_t t = 0; t < T; ++t) {
    std::copy_n(in.delta.row(t), width, dt.row(t));
    math.add({bias.data(), 1, width}, dt.rows(t, 1));
    for (const Real step : dt[t])
      if (!(step >= 0)) return refusal(Code::out_of_range, "delta", "time steps of 0 or more", std::to_string(step), "time does not run backwards");
  }
  return {};
}

// Logical values at their places in the arena; `neutral` where there are none.
template <class Real>
AlignedBuffer<Real> stored_of(const TensorSchema& schema, std::span<const Real> values) {
  AlignedBuffer<Real> stored(static_cast<std::size_t>(schema.stored));
  for (std::size_t i = 0; i < values.size(); ++i) stored.data()[schema.stored_index(static_cast<std::int64_t>(i))] = values[i];
  return stored;
}

template <class Real>
Status prepare(const ScanInputs<Real>& in, const ScanState<Real>& x0, Kind kind, Math<Real>& math, Operands<Real>& o) {
  const bool per_head = kind == Kind::ssd;
  const std::int64_t width = in.channels / in.heads, steps = step_width(in, kind);
  LAB_TRY(make_steps(in, steps, math, o.dt));
  TensorSchema h{.name = "ssm_state", .layout = Layout::tiles, .shape = {width, in.states}};
  if (per_head) h.shape.insert(h.shape.begin(), in.heads);
  o.schema = StateSchema("", {LayerSchema{.kind = "scan", .tensors = {h}}}).layers()[0].tensors[0];
  o.h = stored_of(o.schema, std::span<const Real>(x0.h));
  if (per_head) {
    o.rates = AlignedBuffer<Real>(in.A.size());
    std::ranges::copy(in.A, o.rates.data());
  } else {
    o.rates = stored_of(o.schema, in.A);
  }
  o.skips = AlignedBuffer<Real>(static_cast<std::size_t>(steps));
  std::ranges::copy(in.D, o.skips.data());
  o.decay = AlignedBuffer<Real>(static_cast<std::size_t>(per_head ? in.heads : o.schema.stored));
  o.scan = {.per_head = per_head, .heads = in.heads, .width = width, .states = in.states, .heads_per_group = in.heads / in.groups,
            .dt = {o.dt.data(), in.u.count, steps}, .u = in.u, .B = in.B, .C = in.C, .A = o.rates.data(), .D = o.skips.data(),
            .h = o.h.data()};
  return {};
}

// The products of decays go on from x0, token by token, so that the bits do not depend on how the tokens are cut.
template <class Real>
void accumulate_decays(const ScanInputs<Real>& in, Math<Real>& math, Operands<Real>& o, ScanState<Real>& x) {
  const auto elements = static_cast<std::size_t>(in.channels * in.states);
  if (x.decay.empty()) x.decay.assign(elements, Real(1));
  if (x.log_decay.empty()) x.log_decay.assign(elements, Real(0));
  const std::int64_t of_a_head = in.channels / in.heads * in.states;
  for (std::int64_t t = 0; t < in.u.count; ++t) {
    math.scan_decay(o.scan, t, o.decay.data());
    for (std::size_t i = 0; i < elements; ++i) {
      const auto flat = static_cast<std::int64_t>(i), head = flat / of_a_head;
      const std::int64_t at = o.scan.per_head ? head : o.schema.stored_index(flat);
      const Real step = o.scan.dt.row(t)[o.scan.per_head ? head : flat / in.states];
      x.decay[i] *= o.decay.data()[at];
      x.log_decay[i] += step * o.scan.A[at];
    }
  }
}

template <class Real>
Result<ScanResult<Real>> run(const ScanInputs<Real>& in, const ScanState<Real>& x0, Kind kind, Math<Real>& math) {
  LAB_TRY(check(in, x0, kind));
  const std::int64_t T = in.u.count;
  Operands<Real> operands;
  LAB_TRY(prepare(in, x0, kind, math, operands));
  ScanResult<Real> result{std::vector<Real>(static_cast<std::size_t>(T * in.channels)), x0};
  accumulate_decays(in, math, operands, result.xT);
  if (T > 0) {
    operands.scan.y = {result.out.data(), T, in.channels};
    math.scan(operands.scan);
    if (in.z.count > 0) math.gate(operands.scan.y, in.z, operands.scan.y);
  }
  result.xT.h.resize(static_cast<std::size_t>(in.channels * in.states));
  for (std::size_t i = 0; i < result.xT.h.size(); ++i)
    result.xT.h[i] = operands.h.data()[operands.schema.stored_index(static_cast<std::int64_t>(i))];
  return result;
}

}  // namespace

template <class Real>
Result<ScanResult<Real>> selective_scan(const ScanInputs<Real>& inputs, const ScanState<Real>& x0, Math<Real>& math) {
  return run(inputs, x0, Kind::selective, math);
}

template <class Real>
Result<ScanResult<Real>> ssd_scan(const ScanInputs<Real>& inputs, const ScanState<Real>& x0, Math<Real>& math) {
  return run(inputs, x0, Kind::ssd, math);
}

template <class Real>
Result<ScanState<Real>> compose(const ScanState<Real>& second, const ScanState<Real>& first) {
  const auto size = static_cast<std::int64_t>(second.h.size());
  LAB_TRY(check_size("first.h", first.h.size(), size));
  LAB_TRY(check_size("first.decay", first.decay.size(), size));
  LAB_TRY(check_size("first.log_decay", first.log_decay.size(), size));
  LAB_TRY(check_size("second.decay", second.decay.size(), size));
  LAB_TRY(check_size("second.log_decay", second.log_decay.size(), size));
  ScanState<Real> both = second;
  for (std::size_t i = 0; i < both.h.size(); ++i) {
    both.h[i] = second.decay[i] * first.h[i] + second.h[i];
    both.decay[i] = second.decay[i] * first.decay[i];
    both.log_decay[i] = second.log_decay[i] + first.log_decay[i];
  }
  return both;
}

template <class Real>
std::vector<Real> interleaved(const ScanState<Real>& state) {
  std::vector<Real> values(2 * state.h.size(), Real(1));
  for (std::size_t i = 0; i < state.h.size(); ++i) {
    if (!state.decay.empty()) values[2 * i] = state.decay[i];
    values[2 * i + 1] = state.h[i];
  }
  return values;
}

template Result<ScanResult<float>> selective_scan(const ScanInputs<float>&, const ScanState<float>&, Math<float>&);
template Result<ScanResult<double>> selective_scan(const ScanInputs<double>&, const ScanState<double>&, Math<double>&);
template Result<ScanResult<float>> ssd_scan(const ScanInputs<float>&, const ScanState<float>&, Math<float>&);
template Result<ScanResult<double>> ssd_scan(const ScanInputs<double>&, const ScanState<double>&, Math<double>&);
template Result<ScanState<float>> compose(const ScanState<float>&, const ScanState<float>&);
template Result<ScanState<double>> compose(const ScanState<double>&, const ScanState<double>&);
template std::vector<float> interleaved(const ScanState<float>&);
template std::vector<double> interleaved(const ScanState<double>&);

}  // namespace lab
