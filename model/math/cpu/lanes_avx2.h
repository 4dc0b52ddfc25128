// Sixteen float lanes in two AVX2 registers (with FMA and F16C). Same functions as lanes_generic.h.

struct V {
  __m256 low, high;
};

inline __m256i first_eight(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline V load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, V a) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}
inline V load_first(const float* p, int n) {
  return {_mm256_maskload_ps(p, first_eight(n)), _mm256_maskload_ps(p + 8, first_eight(n - 8))};
}
inline void store_first(float* p, V a, int n) {
  _mm256_maskstore_ps(p, first_eight(n), a.low);
  _mm256_maskstore_ps(p + 8, first_eight(n - 8), a.high);
}
inline V load_f32(const std::byte* p) {
  const auto* at = reinterpret_cast<const __m256i*>(p);
  return {_mm256_castsi256_ps(_mm256_loadu_si256(at)), _mm256_castsi256_ps(_mm256_loadu_si256(at + 1))};
}
inline __m256 widen_bf16(const std::byte* p) {
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}
inline V load_bf16(const std::byte* p) { return {widen_bf16(p), widen_bf16(p + 16)}; }
struct Pairs {
  V even, odd;
};
// A bfloat16 is the upper half of a float: the odd ones are already in place, the even ones want a shift.
inline Pairs load_pairs_bf16(const std::byte* p) {
  const auto* at = reinterpret_cast<const __m256i*>(p);
  const __m256i low = _mm256_loadu_si256(at), high = _mm256_loadu_si256(at + 1), upper = _mm256_set1_epi32(static_cast<int>(0xFFFF0000u));
  return {{_mm256_castsi256_ps(_mm256_slli_epi32(low, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(high, 16))},
          {_mm256_castsi256_ps(_mm256_and_si256(low, upper)), _mm256_castsi256_ps(_mm256_and_si256(high, upper))}};
}
template <int kWhich>
inline __m256 every_second(const float* x) {
  const __m256 mixed = _mm256_shuffle_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8), kWhich);
  return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(mixed), 0xD8));
}
inline Pairs split_pairs(const float* x) {
  return {{every_second<0x88>(x), every_second<0x88>(x + 16)}, {every_second<0xDD>(x), every_second<0xDD>(x + 16)}};
}
inline V load_f16(const std::byte* p) {
  const auto* at = reinterpret_cast<const __m128i*>(p);
  return {_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))};
}
inline __m256 round_four_twice(const std::byte* p) {
  const __m128 low = _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
  const __m128 high = _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p) + 1)));
  return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}
inline V load_f64(const std::byte* p) { return {round_four_twice(p), round_four_twice(p + 64)}; }
inline V widen_bytes(Bytes bytes) {
  const auto all = std::bit_cast<__m128i>(bytes);
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(all)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(all, all)))};
}
inline V set1_f16(const std::byte* p) {
  const __m256 x = _mm256_cvtph_ps(_mm_broadcastw_epi16(_mm_loadu_si16(p)));
  return {x, x};
}
inline V set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline V add(V a, V b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline V sub(V a, V b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline V mul(V a, V b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline V div(V a, V b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline V fma(V a, V b, V c) { return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)}; }
inline V max(V a, V b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline V min(V a, V b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline V abs(V a) {
  const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  return {_mm256_and_ps(a.low, mask), _mm256_and_ps(a.high, mask)};
}
inline V select_nonnegative(V a, V x, V y) {
  const __m256 zero = _mm256_setzero_ps();
  return {_mm256_blendv_ps(y.low, x.low, _mm256_cmp_ps(a.low, zero, _CMP_GE_OQ)),
          _mm256_blendv_ps(y.high, x.high, _mm256_cmp_ps(a.high, zero, _CMP_GE_OQ))};
}
inline V less(V a, V b) {
  const __m256 one = _mm256_set1_ps(1.0f);
  return {_mm256_and_ps(one, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
          _mm256_and_ps(one, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
}
inline __m256 nonfinite_eight(__m256 a) {
  const __m256i exponent = _mm256_set1_epi32(0x7F800000);
  const __m256i hit = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_castps_si256(a), exponent), exponent);
  return _mm256_and_ps(_mm256_set1_ps(1.0f), _mm256_castsi256_ps(hit));
}
inline V nonfinite(V a) { return {nonfinite_eight(a.low), nonfinite_eight(a.high)}; }
inline V max_abs(V a, V most) { return max(abs(a), most); }
inline bool any_nonfinite(V a) {
  return _mm256_movemask_ps(_mm256_cmp_ps(_mm256_or_ps(nonfinite_eight(a.low), nonfinite_eight(a.high)), _mm256_setzero_ps(), _CMP_GT_OQ)) != 0;
}
inline V zero_below(V a, V x, V low) {
  return {_mm256_and_ps(a.low, _mm256_cmp_ps(x.low, low.low, _CMP_NLT_UQ)),
          _mm256_and_ps(a.high, _mm256_cmp_ps(x.high, low.high, _CMP_NLT_UQ))};
}
inline __m256 power_of_sixteenth_eight(__m256 m) {
  const __m256i n = _mm256_castps_si256(m);
  const auto* table = reinterpret_cast<const __m256i*>(kSixteenths);
  const __m256i low = _mm256_permutevar8x32_epi32(_mm256_load_si256(table), n);
  const __m256i high = _mm256_permutevar8x32_epi32(_mm256_load_si256(table + 1), n);
  // Bit 3 of n, moved to the sign, says which half of the table.
  const __m256 entry = _mm256_blendv_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), _mm256_castsi256_ps(_mm256_slli_epi32(n, 28)));
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(entry), _mm256_slli_epi32(n, 19)));
}
inline V power_of_sixteenth(V m) { return {power_of_sixteenth_eight(m.low), power_of_sixteenth_eight(m.high)}; }
inline float sum(V a) {
  const __m256 eight = _mm256_add_ps(a.low, a.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float largest(V a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

inline void sum_eight(const V* a, float* out) {
  for (int i = 0; i < 8; ++i) out[i] = sum(a[i]);
}

constexpr int kTokens = 2, kRows = 2;
constexpr bool kUnrolled = true;
