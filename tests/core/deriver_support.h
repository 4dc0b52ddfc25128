#pragma once
// What the tests of derived views share.
#include <functional>
#include <vector>

#include "app/core/analyst.h"
#include "support.h"

namespace lab::test {

inline constexpr Query kAll{.slab = true, .frame = true, .next = true, .trajectory = true};
inline constexpr int kSsm = 1;  // the recurrent tensor of a layer

// The recurrent state of a layer, [rows][states] flat.
inline std::vector<float> recurrent(const Lab& lab, int layer) { return lab.state().get(layer, kSsm); }

inline std::vector<std::vector<float>> columns_of(const StateSlab& slab) {
  std::vector<std::vector<float>> columns;
  for (std::int64_t c = 0; c < slab.columns.count(); ++c)
    columns.emplace_back(slab.columns[c].begin(), slab.columns[c].end());
  return columns;
}

// Steps a lab through a text with an edit in the middle; `after` is called after each token, before the edit.
inline void step_through(Lab& lab, int tokens, const std::function<void()>& after) {
  carry_out(lab, command::FeedText{"In the beginning was the state"});
  for (int t = 0; t < tokens; ++t) {
    carry_out(lab, command::Step{1});
    after();
    if (t == tokens / 2) carry_out(lab, command::ScaleState{-1, -0.5});
  }
}

}  // namespace lab::test
