#pragma once
// How fast the cells of a layer's state forget, over the tokens looked at.
#include <cstdint>
#include <vector>

#include "app/core/state_plane.h"
#include "model/model.h"
#include "tracer/trace/trace.h"

namespace lab {

/// Cells are those of the layer's StatePlane. Without a recorded time step every token is a step of 1.
class CellDecay {
 public:
  CellDecay(const Model& model, const StatePlane& plane, int layer);

  void restart();
  /// Counts one more token; those whose time steps were dropped count as steps of 0.
  void take(const TraceView& trace, std::int64_t token);

  /// |A|: a token of step dt keeps exp(-dt |A|) of the cell. 0 where the layer has no such number.
  float rate_of(std::int64_t cell) const;
  /// ln 2 over |A| times the mean time step of the tokens taken, in tokens.
  float half_life_of(std::int64_t cell) const;
  /// Of each of some cells.
  std::vector<float> half_lives(const CellRange& cells) const;

 private:
  std::int64_t channel_of(std::int64_t cell) const { return cell / states_; }

  const int layer_;
  const std::int64_t rows_, states_;
  const int dt_driver_;             // -1: every token is a step of 1
  const std::vector<float> rates_;  // A: one a cell, one a channel, one a head, or none
  std::int64_t dt_rows_ = 1;        // channels that share a time step
  std::int64_t tokens_ = 0;
  std::vector<double> dt_sums_;
};

}  // namespace lab
