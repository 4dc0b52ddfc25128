#pragma once
// The selective scan with its state in the open: x_0 goes in, the output and x_T come out. The mathematics are Math::scan, the
// code that the model families use; here it gets operands in logical order, checks of their shapes, and the product of decays.
//
//   h_t = exp(dt_t A) h_{t-1} + dt_t u_t B_t        dt = softplus(delta + bias), within limits
//   y_t = C_t h_t + D u_t                           out = y, or y silu(z)
//
// Sources: Gu and Dao, "Mamba" (2023), algorithm 2; Dao and Gu, "Transformers are SSMs" (2024), section 6.
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "model/base/result.h"
#include "model/math/math.h"
#include "model/rows.h"

namespace lab {

/// Before or after some tokens: the state h, and what is left of the state at the beginning. All [channels, N], N fastest.
/// Vectors that are empty stand for the neutral values: h = 0, decay = 1, log_decay = 0.
template <class Real>
struct ScanState {
  std::vector<Real> h;
  std::vector<Real> decay;      // product of exp(dt A) since the neutral state: h_T = decay h_0 + what was written since
  std::vector<Real> log_decay;  // the sum of dt A: still tells what the product can no longer hold
};

/// Operands of one lane over T >= 0 tokens. C is the number of channels, N that of the states of a channel.
template <class Real>
struct ScanInputs {
  std::int64_t channels = 0, states = 0;  // C, N
  std::int64_t heads = 1, groups = 1;     // of ssd_scan: H heads of C / H channels; G rows of B and C, each for H / G heads
  Rows<const Real> u;                     // [T, C]
  Rows<const Real> delta;                 // [T, C], or [T, H] of ssd_scan
  Rows<const Real> B, C;                  // [T, G N]
  std::span<const Real> A;                // [C, N], or [H] of ssd_scan; none positive
  std::span<const Real> D;                // [C], or [H] of ssd_scan; empty: no skip
  Rows<const Real> z;                     // [T, C]; no rows: no gate
  std::span<const Real> delta_bias;       // as wide as delta; empty: none
  bool softplus = true;                   // false: delta + bias is the time step itself, which may not be negative
  Real low = 0, high = std::numeric_limits<Real>::infinity();  // of the time step after softplus
};

template <class Real>
struct ScanResult {
  std::vector<Real> out;  // [T, C]
  ScanState<Real> xT;
};

/// Mamba-1's selective scan: every channel has its own time step and rates. Any split of the tokens, each part beginning with the
/// x_T of the one before, gives the same bits. x0 is not changed; no tokens give it back. Refuses operands whose shapes disagree,
/// positive rates and negative time steps, by name.
template <class Real>
Result<ScanResult<Real>> selective_scan(const ScanInputs<Real>& inputs, const ScanState<Real>& x0, Math<Real>& math);

/// Mamba-2's scan (SSD): a head shares its time step and rate, B and C come in groups.
template <class Real>
Result<ScanResult<Real>> ssd_scan(const ScanInputs<Real>& inputs, const ScanState<Real>& x0, Math<Real>& math);

/// What `first` and then `second` do together, where both began from the neutral state: (P2 P1, P2 h1 + h2). Refuses other sizes.
template <class Real>
Result<ScanState<Real>> compose(const ScanState<Real>& second, const ScanState<Real>& first);

/// x_T as mamba_ssm's kernel keeps it, [channels, 2 N]: the product of decays at 2 n, the state at 2 n + 1.
template <class Real>
std::vector<Real> interleaved(const ScanState<Real>& state);

}  // namespace lab
