#pragma once
// The selective scan of Mamba-1 and Mamba-2 as one set of arguments.
#include <cstdint>

#include "model/rows.h"

namespace lab {

/// What the statistics of a scan accumulate, each as sixteen lanes.
enum class ScanSum : std::uint8_t { squares, largest, sum, change, write, decay, nonfinite, count_ };
constexpr std::int64_t kScanSums = static_cast<std::int64_t>(ScanSum::count_);

/// h_t = exp(dt_t A) h_{t-1} + dt_t u_t B_t;  y_t = C_t h_t + D u_t, over T tokens of one lane.
/// Mamba-1 is one head whose channels have their own dt and A; in Mamba-2 a head shares them (`per_head`).
/// The state lies in tiles of sixteen channels: h [heads][ceil(P/16)][N][16]. A block is what one thread does at a
/// time: eight tiles of Mamba-1, one head of Mamba-2.
template <class Real>
struct Scan {
  bool per_head = false;
  std::int64_t heads = 1, width = 0, states = 0;  // H, P, N
  std::int64_t heads_per_group = 1;               // B and C rows hold G groups of N
  Rows<const Real> dt;                            // [T, P], or [T, H] per head
  Rows<const Real> u;                             // [T, H P]
  Rows<const Real> B, C;                          // [T, G N]
  const Real* A = nullptr;                        // tiles [ceil(P/16)][N][16], or [H] per head
  const Real* D = nullptr;                        // [P], or [H] per head
  Real* h = nullptr;
  Rows<Real> y;                                   // [T, H P]; no rows: no read-out (C and D unused)
  Real* sums = nullptr;                           // [blocks][T][kScanSums][16], or null: no statistics

  static constexpr std::int64_t kTilesPerBlock = 8;
  std::int64_t tiles() const { return (width + 15) / 16; }  // of a head
  std::int64_t blocks() const { return per_head ? heads : (tiles() + kTilesPerBlock - 1) / kTilesPerBlock; }
  std::int64_t stored() const { return heads * tiles() * states * 16; }
};

}  // namespace lab
