#pragma once
// The dozen operations every layer is written over. Math<float> runs vector kernels on a pool of threads; Math<double> is
// plain loops: the oracle. Nothing else in model/ computes.
#include <cstdint>
#include <memory>
#include <span>

#include "model/math/attention.h"
#include "model/math/matrix.h"
#include "model/math/scan.h"
#include "model/rows.h"
#include "model/state.h"

namespace lab {

class Pool;
struct Kernels;

struct RowSums {
  double squares = 0, sum = 0;
  float largest = 0;           // of the magnitudes
  std::int64_t nonfinite = 0;  // NaN and infinite elements
};
RowSums sums_of(std::span<const float> row);

template <class Real>
class Math {
 public:
  /// threads: 0 for one per core. isa: "" for the best of this processor (float only).
  explicit Math(int threads = 1, const char* isa = "");
  ~Math();
  int threads() const;
  const char* instruction_set() const;

  /// out = row of W, as stored.
  void embed(const Matrix& w, std::int64_t row, std::span<Real> out) const;
  /// y = W x + bias; x [T, cols], y [T, rows]; bias may be empty. The same bits for any T.
  void linear(const Matrix& w, std::span<const Real> bias, Rows<const Real> x, Rows<Real> y);
  /// y = x / sqrt(mean(x^2) + epsilon) * w, over each of `groups` equal parts of a row.
  void rms_norm(Rows<const Real> x, std::span<const Real> w, Real epsilon, std::int64_t groups, Rows<Real> y);
  /// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * w + b.
  void layer_norm(Rows<const Real> x, std::span<const Real> w, std::span<const Real> b, Real epsilon, Rows<Real> y);
  /// into += x.
  void add(Rows<const Real> x, Rows<Real> into);
  /// x *= factor.
  void scale(Real factor, Rows<Real> x);
  /// Causal depthwise convolution: window [K - 1 + T, C] oldest first, w [K, C], bias may be empty, y [T, C].
  void convolve(Rows<const Real> window, std::int64_t kernel, std::span<const Real> w, std::span<const Real> bias, Rows<Real> y);
  /// y = x sigma(x).
  void silu(Rows<const Real> x, Rows<Real> y);
  /// dt = clamp(softplus(raw + bias), low, high).
  void time_step(Rows<const Real> raw, std::span<const Real> bias, Real low, Real high, Rows<Real> dt);
  /// out = y silu(z).
  void gate(Rows<const Real> y, Rows<const Real> z, Rows<Real> out);

  /// Turns pairs of channels of every head by the angles that each row's table gives: [T, n / 2] cosines and sines for the first
  /// n channels of a head of `width`. Pairs are (i, i + n / 2), or (2 i, 2 i + 1) when `adjacent`. In place.
  void rotate(Rows<const Real> cosines, Rows<const Real> sines, std::int64_t width, bool adjacent, Rows<Real> x);
  /// One token: scores [Hq, rows] of queries q [Hq, hd], their softmax (in its own place) with what is worth knowing of each
  /// head, and the context [Hq, hd].
  void attention_scores(const Attention<Real>& attention, const Real* q, Real* scores);
  void attention_weights(const Attention<Real>& attention, const Real* scores, Real* weights, HeadAttention<Real>* heads);
  void attention_context(const Attention<Real>& attention, const Real* weights, Real* context);
  /// The three for many tokens, q [T, Hq hd] to context [T, Hq hd]; token t sees t rows more than token 0. heads [T, Hq].
  void attend(const Attention<Real>& attention, Rows<const Real> q, Rows<Real> context, HeadAttention<Real>* heads);

  /// The k largest of `logits`, best first (the earlier on ties), and the softmax over them.
  void route(std::span<const Real> logits, std::span<std::int64_t> index, std::span<Real> weights);
  /// into += weight x, one row.
  void add_weighted(std::span<const Real> x, Real weight, std::span<Real> into);

  /// y = x mix + before (1 - mix), where `before` is the row above, and `first` above the first.
  void shift_mix(Rows<const Real> x, std::span<const Real> first, std::span<const Real> mix, Rows<Real> y);
  void sigmoid(Rows<Real> x);
  /// y = max(x, 0)^2.
  void squared_relu(Rows<const Real> x, Rows<Real> y);
  /// y = a b, element by element.
  void multiply(Rows<const Real> a, Rows<const Real> b, Rows<Real> y);
  /// RWKV-4's recurrence for one token: out = the weighted mean of values including this one (bonus u), then aa, bb and pp move
  /// on by the decay w < 0. All [da].
  void wkv(std::span<const Real> w, std::span<const Real> u, const Real* k, const Real* v, Real* aa, Real* bb, Real* pp, Real* out);

  /// The whole selective scan of one lane, see scan.h.
  void scan(const Scan<Real>& scan);
  /// Its stages for one token: decay = exp(dt A) ([H] or the layout of h), then the state, then the output.
  void scan_decay(const Scan<Real>& scan, std::int64_t token, Real* decay);
  void scan_state(const Scan<Real>& scan, std::int64_t token, const Real* decay);
  void scan_output(const Scan<Real>& scan, std::int64_t token);

  /// Fills the statistics' partial sums of one token when its stages were computed alone. Float only.
  void scan_sums(const Scan<Real>& scan, std::int64_t token, const Real* before, const Real* decay);

  /// The statistics of all tokens that come from the partial sums of a scan and the values around it. Float only.
  void mixer_statistics(const Scan<Real>& scan, Rows<const Real> z, Rows<float> out);
  /// Those that come from the residual stream. Float only.
  void stream_statistics(Rows<const Real> mixer_out, Rows<const Real> resid_out, Rows<float> out);

 private:
  struct Threads;
  std::unique_ptr<Threads> own_;
};


}  // namespace lab
