#pragma once
// The rows of one call: the tokens of all lanes one below the other, and what is told to their probes.
#include <algorithm>
#include <span>
#include <type_traits>
#include <vector>

#include "model/base/dtype.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Linear operations run over all rows at once; convolution and scan run lane by lane.
template <class Real>
struct Batch {
  Batch(std::span<Lane<Real>> lanes_, Context<Real>& context_)
      : lanes(lanes_), context(context_), first(context_.first_rows), scans(context_.scans) {
    first.clear();
    for (const Lane<Real>& lane : lanes) {
      first.push_back(rows);
      rows += lane.length();
    }
    scans.assign(lanes.size(), {});
  }

  std::span<Lane<Real>> lanes;
  Context<Real>& context;
  std::vector<std::int64_t>& first;   // first row of each lane
  std::int64_t rows = 0;
  std::vector<Scan<Real>>& scans;     // the layer's scan of each lane, kept for its statistics
  Rows<Real> z;                       // the layer's gate before silu

  Math<Real>& math() { return context.math; }
  Rows<Real> of_lane(std::size_t lane, Rows<Real> all) const { return all.rows(first[lane], lanes[lane].length()); }

  /// Whether somebody reads or replaces one of these points of a layer, or rounding is on.
  bool watched(std::size_t lane, int layer, std::uint64_t points) const {
    const auto* probe = lanes[lane].probe;
    return context.rounding != Rounding::none || (probe && (probe->mask(layer) & points));
  }
  bool wants_statistics(std::size_t lane) const { return lanes[lane].probe && lanes[lane].probe->wants_statistics; }

  /// A stage is finished: round it if asked, then let every lane's probe see or replace its rows.
  void show(Point point, int layer, Rows<Real> all) {
    round(all);
    for (std::size_t i = 0; i < lanes.size(); ++i) tell(i, point, layer, 0, of_lane(i, all));
  }
  /// The same for rows of one lane that begin at its token `token`.
  void show_lane(std::size_t lane, Point point, int layer, std::int64_t token, Rows<Real> part) {
    round(part);
    tell(lane, point, layer, token, part);
  }

  void round(Rows<Real> part) const {
    if (context.rounding == Rounding::none) return;
    for (std::int64_t t = 0; t < part.count; ++t)
      for (Real& value : part[t]) {
        const auto single = static_cast<float>(value);
        value = context.rounding == Rounding::bf16 ? float_from_bf16(bf16_from_float(single))
                                                   : float_from_f16(f16_from_float(single));
      }
  }

 private:
  void tell(std::size_t lane, Point point, int layer, std::int64_t token, Rows<Real> part) const {
    BasicProbe<Real>* probe = lanes[lane].probe;
    if (probe && (probe->mask(layer) & bit(point)) && part.count > 0) probe->visit(point, layer, token, part);
  }
};

/// Rows one after the other, behind what is there.
template <class Real>
void append_rows(std::type_identity_t<Rows<const Real>> rows, std::vector<float>& to) {
  for (std::int64_t t = 0; t < rows.count; ++t) to.insert(to.end(), rows.row(t), rows.row(t) + rows.width);
}

/// Scratch rows by name; every buffer has one meaning within a layer.
enum class Slot : int {
  resid, norm1, mixer_out, in_proj, window, state_row, conv, act, projected, dt_raw, dt, decay, before, y, gated, gnorm, sums,
  q, k, v, q_rot, k_rot, cosines, sines, k_cache, scores, heads, head_range, head_entropy, context,
  shift_r, shift_k, shift_v, att_r, att_k, att_v, wkv,
  ffn_gate, ffn_up, ffn_act, ffn_out, moe_logits, moe_index, moe_weights, moe_out, expert_in, expert_out,
  statistics, final_norm, logits
};

template <class Real>
Rows<Real> scratch(Context<Real>& context, Slot slot, std::int64_t count, std::int64_t width) {
  return context.scratch(static_cast<int>(slot), count, width);
}

/// The statistics of the layer at hand, [rows, kStatistics].
inline Rows<float> statistics_of(Batch<float>& batch) {
  return scratch(batch.context, Slot::statistics, batch.rows, kStatistics);
}

}  // namespace lab
