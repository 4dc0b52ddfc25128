// Sixteen float lanes in portable C++: every operation is the one the vector instruction sets perform, so the bits are
// the same. Slow on processors without a fused multiply-add. Included once per instruction set, inside a namespace.

struct V {
  float v[16];
};

template <class F>
inline V map(F f) {
  V r;
  for (int i = 0; i < 16; ++i) r.v[i] = f(i);
  return r;
}

inline V load(const float* p) { return map([&](int i) { return p[i]; }); }
inline void store(float* p, V a) {
  for (int i = 0; i < 16; ++i) p[i] = a.v[i];
}
inline V load_first(const float* p, int n) {
  V r{};
  std::memcpy(r.v, p, static_cast<std::size_t>(n) * sizeof(float));
  return r;
}
inline void store_first(float* p, V a, int n) {
  for (int i = 0; i < n; ++i) p[i] = a.v[i];
}
/// Loads from memory of any alignment.
inline V load_f32(const std::byte* p) {
  V r;
  std::memcpy(r.v, p, 64);
  return r;
}
inline V load_bf16(const std::byte* p) {
  std::uint16_t half[16];
  std::memcpy(half, p, 32);
  return map([&](int i) { return float_from_bf16(half[i]); });
}
/// Thirty-two stored values: those at even and those at odd places.
struct Pairs {
  V even, odd;
};
inline Pairs load_pairs_bf16(const std::byte* p) {
  std::uint16_t half[32];
  std::memcpy(half, p, 64);
  return {map([&](int i) { return float_from_bf16(half[2 * i]); }), map([&](int i) { return float_from_bf16(half[2 * i + 1]); })};
}
inline Pairs split_pairs(const float* x) {
  return {map([&](int i) { return x[2 * i]; }), map([&](int i) { return x[2 * i + 1]; })};
}
inline V load_f16(const std::byte* p) {
  std::uint16_t half[16];
  std::memcpy(half, p, 32);
  return map([&](int i) { return float_from_f16(half[i]); });
}
/// Rounded to the nearest.
inline V load_f64(const std::byte* p) {
  double values[16];
  std::memcpy(values, p, 128);
  return map([&](int i) { return static_cast<float>(values[i]); });
}
/// Sixteen signed bytes.
inline V widen_bytes(Bytes bytes) {
  return map([&](int i) { return static_cast<float>(static_cast<std::int8_t>(bytes[i])); });
}
inline V set1_f16(const std::byte* p) {
  std::uint16_t half;
  std::memcpy(&half, p, sizeof half);
  const float x = float_from_f16(half);
  return map([&](int) { return x; });
}
inline V set1(float x) { return map([&](int) { return x; }); }
inline V add(V a, V b) { return map([&](int i) { return a.v[i] + b.v[i]; }); }
inline V sub(V a, V b) { return map([&](int i) { return a.v[i] - b.v[i]; }); }
inline V mul(V a, V b) { return map([&](int i) { return a.v[i] * b.v[i]; }); }
inline V div(V a, V b) { return map([&](int i) { return a.v[i] / b.v[i]; }); }
/// a b + c with one rounding.
inline V fma(V a, V b, V c) { return map([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); }); }
/// a > b ? a : b, also for NaN: the second operand wins.
inline V max(V a, V b) { return map([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; }); }
inline V min(V a, V b) { return map([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; }); }
inline V abs(V a) { return map([&](int i) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(a.v[i]) & 0x7FFFFFFFu); }); }
/// a >= 0 ? x : y.
inline V select_nonnegative(V a, V x, V y) { return map([&](int i) { return a.v[i] >= 0.0f ? x.v[i] : y.v[i]; }); }
/// 1 where a < b, else 0.
inline V less(V a, V b) { return map([&](int i) { return a.v[i] < b.v[i] ? 1.0f : 0.0f; }); }
/// 1 where the element is NaN or infinite, else 0.
inline V nonfinite(V a) {
  return map([&](int i) { return (std::bit_cast<std::uint32_t>(a.v[i]) & 0x7F800000u) == 0x7F800000u ? 1.0f : 0.0f; });
}
/// The larger of |a| and most >= 0; a NaN in `a` leaves `most`.
inline V max_abs(V a, V most) { return max(abs(a), most); }
/// `a`, or zero where x < low. A NaN in x leaves `a`.
inline V zero_below(V a, V x, V low) { return map([&](int i) { return x.v[i] < low.v[i] ? 0.0f : a.v[i]; }); }
/// 2^(n/16) for integers n in [-2016, 0], given as m = 12582912.0f + n, whose lowest bits are n.
inline V power_of_sixteenth(V m) {
  return map([&](int i) {
    const std::uint32_t n = std::bit_cast<std::uint32_t>(m.v[i]);
    return std::bit_cast<float>(kSixteenths[n & 15] + (n << 19));
  });
}
/// The one order of summation: lanes i and i + 8, then 4, 2, 1 apart.
inline float sum(V a) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) a.v[i] = a.v[i] + a.v[i + half];
  return a.v[0];
}
inline float largest(V a) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
  return a.v[0];
}

inline bool any_nonfinite(V a) { return sum(nonfinite(a)) > 0.0f; }
/// The sums of eight vectors.
inline void sum_eight(const V* a, float* out) {
  for (int i = 0; i < 8; ++i) out[i] = sum(a[i]);
}

constexpr int kTokens = 2, kRows = 2;  // tile of the matrix product
constexpr bool kUnrolled = false;  // whether the parts of a block are written out one by one
