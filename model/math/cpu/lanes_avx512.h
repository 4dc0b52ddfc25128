// Sixteen float lanes in one AVX-512 register. Same functions as lanes_generic.h.

struct V {
  __m512 v;
};

inline __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
inline V load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, V a) { _mm512_storeu_ps(p, a.v); }
inline V load_first(const float* p, int n) { return {_mm512_maskz_loadu_ps(first(n), p)}; }
inline void store_first(float* p, V a, int n) { _mm512_mask_storeu_ps(p, first(n), a.v); }
inline V load_f32(const std::byte* p) { return {_mm512_castsi512_ps(_mm512_loadu_si512(p))}; }
inline V load_bf16(const std::byte* p) {
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16))};
}
struct Pairs {
  V even, odd;
};
// A bfloat16 is the upper half of a float: the odd ones are already in place, the even ones want a shift.
inline Pairs load_pairs_bf16(const std::byte* p) {
  const __m512i both = _mm512_loadu_si512(p);
  return {{_mm512_castsi512_ps(_mm512_slli_epi32(both, 16))},
          {_mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))))}};
}
inline Pairs split_pairs(const float* x) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
  return {{_mm512_permutex2var_ps(low, even, high)}, {_mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high)}};
}
inline V load_f16(const std::byte* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline V load_f64(const std::byte* p) {
  const __m256 low = _mm512_cvtpd_ps(_mm512_castsi512_pd(_mm512_loadu_si512(p)));
  const __m256 high = _mm512_cvtpd_ps(_mm512_castsi512_pd(_mm512_loadu_si512(p + 64)));
  return {_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1)};
}
inline V widen_bytes(Bytes bytes) { return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(std::bit_cast<__m128i>(bytes)))}; }
// Of sixteen numbers those that the lower or upper nibbles of bytes count to.
template <bool kUpper>
inline V pick(V table, Bytes both) {
  const __m512i wide = _mm512_cvtepu8_epi32(std::bit_cast<__m128i>(both));
  return {_mm512_permutexvar_ps(kUpper ? _mm512_srli_epi32(wide, 4) : wide, table.v)};
}
inline V set1_f16(const std::byte* p) { return {_mm512_cvtph_ps(_mm256_broadcastw_epi16(_mm_loadu_si16(p)))}; }
inline V set1(float x) { return {_mm512_set1_ps(x)}; }
inline V add(V a, V b) { return {_mm512_add_ps(a.v, b.v)}; }
inline V sub(V a, V b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline V mul(V a, V b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline V div(V a, V b) { return {_mm512_div_ps(a.v, b.v)}; }
inline V fma(V a, V b, V c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline V max(V a, V b) { return {_mm512_max_ps(a.v, b.v)}; }
inline V min(V a, V b) { return {_mm512_min_ps(a.v, b.v)}; }
inline V abs(V a) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x7FFFFFFF)))};
}
inline V select_nonnegative(V a, V x, V y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, _mm512_setzero_ps(), _CMP_GE_OQ), y.v, x.v)};
}
inline V less(V a, V b) { return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), _mm512_set1_ps(1.0f))}; }
inline V nonfinite(V a) {
  const __m512i exponent = _mm512_set1_epi32(0x7F800000);
  const __mmask16 mask = _mm512_cmpeq_epi32_mask(_mm512_and_si512(_mm512_castps_si512(a.v), exponent), exponent);
  return {_mm512_maskz_mov_ps(mask, _mm512_set1_ps(1.0f))};
}
inline V max_abs(V a, V most) { return {_mm512_range_ps(a.v, most.v, 0x0B)}; }
inline bool any_nonfinite(V a) { return _mm512_fpclass_ps_mask(a.v, 0x99) != 0; }
inline V zero_below(V a, V x, V low) { return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.v, low.v, _CMP_NLT_UQ), a.v)}; }
inline V power_of_sixteenth(V m) {
  const __m512i n = _mm512_castps_si512(m.v);
  const __m512i entry = _mm512_permutexvar_epi32(n, _mm512_load_si512(kSixteenths));
  return {_mm512_castsi512_ps(_mm512_add_epi32(entry, _mm512_slli_epi32(n, 19)))};
}
inline float sum(V a) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.v), 1));
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float largest(V a) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.v), 1));
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.v), high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Lanes i and i + 8 of two vectors side by side, then i and i + 4 of four, and so on: three times fewer operations than
// eight trees, in the same order.
inline __m512 fold_halves(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
}
inline __m512 fold_quarters(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
}
inline void sum_eight(const V* a, float* out) {
  const __m512 even = fold_quarters(fold_halves(a[0].v, a[2].v), fold_halves(a[4].v, a[6].v));
  const __m512 odd = fold_quarters(fold_halves(a[1].v, a[3].v), fold_halves(a[5].v, a[7].v));
  const __m512d e = _mm512_castps_pd(even), o = _mm512_castps_pd(odd);
  const __m512 two = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(e, o)), _mm512_castpd_ps(_mm512_unpackhi_pd(e, o)));
  const __m512 one = _mm512_add_ps(two, _mm512_permute_ps(two, 0xB1));
  _mm256_storeu_ps(out, _mm512_castps512_ps256(_mm512_maskz_compress_ps(0x5555, one)));
}

constexpr int kTokens = 4, kRows = 6;
constexpr bool kUnrolled = true;
