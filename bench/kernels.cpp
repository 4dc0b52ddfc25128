// The kernels alone, on one thread: operands in the second-level cache or far beyond all caches.
#include <algorithm>
#include <functional>
#include <span>

#include "bench/cases.h"
#include "bench/measure.h"
#include "model/math/cpu/kernels.h"
#include "model/state.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kColumns = 768, kTokens = 64;
constexpr DType kWeightTypes[] = {DType::f32,  DType::bf16, DType::f16,  DType::q8_0, DType::q4_0, DType::q4_1,
                                  DType::q5_0, DType::q5_1, DType::q4_k, DType::q5_k, DType::q6_k};

struct Place {
  const char* name;
  std::int64_t bytes;
};
constexpr Place kPlaces[] = {{"L2", 512 << 10}, {"memory", 128 << 20}};

void fill(std::span<float> values) {
  std::uint32_t random = 1;
  for (float& value : values) {
    random = random * 1664525u + 1013904223u;
    value = static_cast<float>(random >> 8) * 0x1p-24f - 0.5f;
  }
}

// Amount of work a second, in billions, of a call that does `amount` of it.
Measurement rate(const std::string& name, const char* unit, double amount, int rounds, const std::function<void()>& call) {
  constexpr double kSlice = 0.02;  // seconds
  const int repeats = std::max(1, static_cast<int>(kSlice / std::max(1e-7, std::min(seconds_of(call), seconds_of(call)))));
  std::vector<double> rates;
  for_rounds(rounds, [&] {
    const double seconds = seconds_of([&] {
      for (int i = 0; i < repeats; ++i) call();
    });
    rates.push_back(amount * repeats / seconds * 1e-9);
  });
  return over_rounds(name, unit, rates);
}

// A matrix whose stored bytes fill a place; every value a small number in each of the types.
struct Weights {
  Weights(DType type, const Place& place) : bytes(static_cast<std::size_t>(place.bytes / 4)) {
    auto* at = reinterpret_cast<std::byte*>(bytes.data());
    matrix = {at, type, place.bytes / static_cast<std::int64_t>(bytes_of(type, kColumns)), kColumns};
    if (is_block(type)) std::fill_n(at, matrix.bytes(), std::byte{0x2C});  // as a scale: 0.067
    else fill_plain(at);
  }
  void fill_plain(std::byte* at) const {
    for (std::int64_t i = 0; i < matrix.rows * kColumns; ++i) {
      const float value = static_cast<float>(i % 251) * 0.01f - 1.25f;
      const std::uint16_t half = matrix.type == DType::bf16 ? bf16_from_float(value) : f16_from_float(value);
      if (matrix.type == DType::f32) std::copy_n(reinterpret_cast<const std::byte*>(&value), 4, at + 4 * i);
      else std::copy_n(reinterpret_cast<const std::byte*>(&half), 2, at + 2 * i);
    }
  }
  AlignedBuffer<float> bytes;
  Matrix matrix;
};

Measurement measure_gemv(const std::string& name, DType type, const Place& place, int rounds) {
  const Weights w(type, place);
  AlignedBuffer<float> x(kColumns), y(static_cast<std::size_t>(w.matrix.rows));
  fill(x.span());
  return rate(name, "GB/s", static_cast<double>(w.matrix.bytes()), rounds,
              [&] { best_kernels().multiply(w.matrix, 0, w.matrix.rows, x.data(), nullptr, y.data()); });
}

Measurement measure_gemm(const std::string& name, DType type, const Place& place, int rounds) {
  const Weights w(type, place);
  const std::int64_t rows = std::min<std::int64_t>(w.matrix.rows, 6144);
  AlignedBuffer<float> x(kTokens * kColumns), y(static_cast<std::size_t>(kTokens * rows)), panel(kPanelRows * kColumns);
  fill(x.span());
  return rate(name, "GFLOP/s", 2.0 * static_cast<double>(rows * kColumns * kTokens), rounds, [&] {
    best_kernels().multiply_many(w.matrix, 0, rows, {x.data(), kTokens, kColumns}, nullptr, {y.data(), kTokens, rows}, panel.data());
  });
}

// One layer of the 130m shapes. Rates are state elements a second.
Measurement measure_scan(const std::string& name, bool per_head, int rounds) {
  constexpr std::int64_t kChannels = 1536;
  Scan<float> s{.per_head = per_head, .heads = per_head ? 24 : 1, .width = per_head ? 64 : kChannels, .states = per_head ? 128 : 16};
  s.heads_per_group = s.heads;
  const std::int64_t steps = per_head ? s.heads : kChannels;
  AlignedBuffer<float> dt(static_cast<std::size_t>(kTokens * steps)), u(kTokens * kChannels), vectors(static_cast<std::size_t>(2 * kTokens * s.states));
  AlignedBuffer<float> rates(kChannels * 16), skips(kChannels), h(static_cast<std::size_t>(s.stored())), y(kTokens * kChannels);
  for (AlignedBuffer<float>* each : {&dt, &u, &vectors, &rates, &skips}) fill(each->span());
  for (float& step : dt.span()) step = 0.1f * (step + 0.5f);
  for (float& value : rates.span()) value = -8 * (value + 0.5f) - 1;
  s.dt = {dt.data(), kTokens, steps};
  s.u = {u.data(), kTokens, kChannels};
  s.B = {vectors.data(), kTokens, s.states};
  s.C = {vectors.data() + kTokens * s.states, kTokens, s.states};
  s.A = rates.data();
  s.D = skips.data();
  s.h = h.data();
  s.y = {y.data(), kTokens, kChannels};
  return rate(name, "G elements/s", static_cast<double>(s.stored() * kTokens), rounds, [&] { best_kernels().scan(s, 0, s.blocks()); });
}

// Functions of single elements over one row of 1536 channels.
Measurement measure_elements(const std::string& name, const std::string& kind, int rounds) {
  constexpr std::int64_t kWidth = 1536, kTaps = 4;
  AlignedBuffer<float> x(kTaps * kWidth), w(kTaps * kWidth), y(kWidth);
  fill(x.span());
  fill(w.span());
  const Kernels& k = best_kernels();
  Scan<float> s{.width = kWidth, .states = 1};
  AlignedBuffer<float> steps(kWidth);
  for (float& step : steps.span()) step = 1;
  for (float& value : w.span()) value -= 0.5f;
  s.dt = {steps.data(), 1, kWidth};
  s.A = w.data();
  const std::function<void()> call = kind == "exp"        ? std::function<void()>([&] { k.scan_decay(s, 0, y.data()); })
                                     : kind == "softplus" ? [&] { k.time_step(x.data(), w.data(), 0, 1e9f, kWidth, y.data()); }
                                     : kind == "silu"     ? [&] { k.silu(x.data(), kWidth, y.data()); }
                                                          : std::function<void()>([&] {
                                                              k.convolve({x.data(), kTaps, kWidth}, kTaps, w.data(), nullptr, 0, kWidth, {y.data(), 1, kWidth});
                                                            });
  return rate(name, "G elements/s", static_cast<double>(kWidth), rounds, call);
}

}  // namespace

void add_kernels(int rounds, std::vector<Case>& cases) {
  for (const DType type : kWeightTypes)
    for (const Place& place : kPlaces) {
      const std::string gemv = "kernel/gemv/" + lower_name(type) + "/" + place.name;
      cases.push_back({gemv, [=]() -> Result<Measurement> { return measure_gemv(gemv, type, place, rounds); }});
      const std::string gemm = "kernel/gemm/" + lower_name(type) + "/" + place.name;
      cases.push_back({gemm, [=]() -> Result<Measurement> { return measure_gemm(gemm, type, place, rounds); }});
    }
  for (const bool per_head : {false, true}) {
    const std::string name = std::string("kernel/scan/") + (per_head ? "mamba2" : "mamba1") + "/L2";
    cases.push_back({name, [=]() -> Result<Measurement> { return measure_scan(name, per_head, rounds); }});
  }
  for (const std::string kind : {"exp", "softplus", "silu", "conv"}) {
    const std::string name = "kernel/" + kind + "/f32/L2";
    cases.push_back({name, [=]() -> Result<Measurement> { return measure_elements(name, kind, rounds); }});
  }
}

}  // namespace lab::bench
