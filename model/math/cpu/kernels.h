#pragma once
// The vector kernels of one instruction set. All sets give the same bits: sixteen lanes, one order of summation,
// fused multiply-add where written as fma and nowhere else.
#include <cstdint>
#include <string_view>

#include "model/math/attention.h"
#include "model/math/matrix.h"
#include "model/math/scan.h"
#include "model/rows.h"

namespace lab {

/// Sixteen bytes of a stored block, in which all instruction sets compute alike.
using Bytes = std::uint8_t __attribute__((vector_size(16)));

struct Kernels {
  const char* name;  // "avx512", "avx2", "generic"

  /// The order in which `multiply` and `multiply_many` want the inputs of a BF16 matrix.
  void (*arrange)(const float* x, std::int64_t n, float* out);
  /// y[first..last) = W x + bias for one token; x [cols], bias may be null.
  void (*multiply)(const Matrix& w, std::int64_t first, std::int64_t last, const float* x, const float* bias, float* y);
  /// y[t, first..last) = W x[t] + bias for several tokens, the bits of `multiply`. `panel` has room for
  /// kPanelRows rows of W as float32, each padded to sixteen columns.
  void (*multiply_many)(const Matrix& w, std::int64_t first, std::int64_t last, Rows<const float> x, const float* bias,
                        Rows<float> y, float* panel);
  /// y = x / rms(x) * w over n elements.
  void (*rms_norm)(const float* x, const float* w, float epsilon, std::int64_t n, float* y);
  /// y[t, c] = bias[c] + sum_k w[k, c] window[t + k, c] for the channels c in [first, last); window rows oldest first.
  void (*convolve)(Rows<const float> window, std::int64_t kernel, const float* w, const float* bias, std::int64_t first,
                   std::int64_t last, Rows<float> y);
  void (*silu)(const float* x, std::int64_t n, float* y);
  /// dt = clamp(softplus(raw + bias), low, high).
  void (*time_step)(const float* raw, const float* bias, float low, float high, std::int64_t n, float* dt);
  /// out = y silu(z).
  void (*gate)(const float* y, const float* z, std::int64_t n, float* out);
  void (*add)(const float* x, std::int64_t n, float* into);

  /// The query heads that read one key and value head, for T tokens of which token t sees t rows more than token 0; see
  /// attention.h. q and context [T, Hq hd]; row i of scores and weights, of `stride`, is query head i % heads_per_group of
  /// token i / heads_per_group. The same bits for any T.
  void (*attention_scores)(const Attention<float>& attention, std::int64_t kv_head, Rows<const float> q, float* scores, std::int64_t stride);
  void (*softmax)(const float* scores, std::int64_t n, float* weights, HeadAttention<float>* head);
  void (*attention_context)(const Attention<float>& attention, std::int64_t kv_head, const float* weights, std::int64_t stride,
                            Rows<float> context);

  /// Blocks [first, last) of the selective scan over all its tokens; see scan.h.
  void (*scan)(const Scan<float>& scan, std::int64_t first, std::int64_t last);
  /// The three stages of one token of the scan, alone: together the bits of `scan`.
  void (*scan_decay)(const Scan<float>& scan, std::int64_t token, float* decay);
  void (*scan_state)(const Scan<float>& scan, std::int64_t token, const float* decay);
  void (*scan_output)(const Scan<float>& scan, std::int64_t token);

  /// The sums `scan` would have made for one token, from the state before it, the decays and the state after it.
  void (*scan_sums)(const Scan<float>& scan, std::int64_t token, const float* before, const float* decay);
  /// The sums of one token over all blocks, in their order, and over the lanes: out [kScanSums].
  void (*total_sums)(const Scan<float>& scan, std::int64_t token, float* out);

  /// Sums over n elements in the lanes' order: of squares, of |x|, of |silu(x)|; largest |x|; count of |silu(x)| < 0.01.
  void (*measure)(const float* x, std::int64_t n, float* sum_of_squares, float* largest);
  void (*measure_gate)(const float* z, std::int64_t n, float* sum_of_abs, float* shut);
  void (*measure_step)(const float* dt, std::int64_t n, float* sum, float* largest);
};

constexpr std::int64_t kPanelRows = 24;

/// bits(2^(j/16)) - (j << 19) for j in [0, 16): adding n << 19 to entry n & 15 gives the bits of 2^(n/16).
alignas(64) constexpr std::uint32_t kSixteenths[16] = {
    0x3F800000u, 0x3F7DAAC3u, 0x3F7B95C2u, 0x3F79C3D3u, 0x3F7837F0u, 0x3F76F532u, 0x3F75FED7u, 0x3F75583Fu,
    0x3F7504F3u, 0x3F7508A4u, 0x3F75672Au, 0x3F76248Cu, 0x3F7744FDu, 0x3F78CCDFu, 0x3F7AC0C7u, 0x3F7D257Du};

alignas(64) constexpr float kCounting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/// The fastest kernels this processor runs.
const Kernels& best_kernels();
/// Those of a named instruction set, or null when the processor or the build lacks it.
const Kernels* find_kernels(std::string_view name);

}  // namespace lab
