#pragma once
// The dozen operations every layer is written over. Math<float> runs vector kernels on a pool of threads; Math<double> is
// plain loops: the oracle. Nothing else in model/ computes.
#include <cstdint>
#include <memory>
#include <span>

#include "model/math/matrix.h"
#include "model/math/scan.h"
#include "model/rows.h"
#include "model/state.h"

namespace lab {

class Pool;
struct Kernels;

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
  /// into += x.
  void add(Rows<const Real> x, Rows<Real> into);
  /// Causal depthwise convolution: window [K - 1 + T, C] oldest first, w [K, C], bias may be empty, y [T, C].
  void convolve(Rows<const Real> window, std::int64_t kernel, std::span<const Real> w, std::span<const Real> bias, Rows<Real> y);
  /// y = x sigma(x).
  void silu(Rows<const Real> x, Rows<Real> y);
  /// dt = clamp(softplus(raw + bias), low, high).
  void time_step(Rows<const Real> raw, std::span<const Real> bias, Real low, Real high, Rows<Real> dt);
  /// out = y silu(z).
  void gate(Rows<const Real> y, Rows<const Real> z, Rows<Real> out);

  /// The whole selective scan of one lane, see scan.h.
  void scan(const Scan<Real>& scan);
  /// Its stages for one token: decay = exp(dt A) ([H] or the layout of h), then the state, then the output.
  void scan_decay(const Scan<Real>& scan, std::int64_t token, Real* decay);
  void scan_state(const Scan<Real>& scan, std::int64_t token, const Real* decay);
  void scan_output(const Scan<Real>& scan, std::int64_t token);

  /// Fills the statistics' partial sums of one token when its stages were computed alone. Float only.
  void scan_sums(const Scan<Real>& scan, std::int64_t token, const Real* before, const Real* decay);

  /// The statistics of one token that come from the partial sums of a scan and the values around it. Float only.
  void mixer_statistics(const Scan<Real>& scan, std::int64_t token, std::span<const Real> z, std::span<float> out);
  /// Those that come from the residual stream. Float only.
  void stream_statistics(std::span<const Real> mixer_out, std::span<const Real> resid_out, std::span<float> out);

 private:
  struct Threads;
  std::unique_ptr<Threads> own_;
};


}  // namespace lab
