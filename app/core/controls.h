#pragma once
// How much an intervention matters: the same tokens read with it and without it, beside matched controls.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "app/core/lab.h"

namespace lab {

struct ControlOptions {
  std::int64_t after = 3;  // tokens after the window at which the effect is read
  std::int64_t seed = 0;   // of noise, and of random channels
  bool with_controls = true;  // false: the effect alone
};
/// Told which share is done; false stops.
using ControlProgress = std::function<bool(double share)>;

/// The effect of rules[index] on what the model expects, where all the other rules that are on hold too. `tokens` are those of a run
/// from token `from` on, which finds the state `start`. Five variants beside the run without the rule read them in lockstep:
///
///   the rule itself, on whether or not it is
///   noise            its stage is changed at random instead, at each token by a difference of the norm that the rule's has
///   next layer       the rule in as many neighbouring layers that have its target
///   random channels  the rule on as many other channels (or heads), drawn by the seed
///   residual         its layers add nothing to the residual stream at its tokens, and their states are left alone
///
/// Refuses by field a rule that does not fit the model and a window of which `tokens` has nothing; Code::cancelled where stopped.
Result<std::shared_ptr<const ControlTable>> run_controls(const OpenedModel& opened, const State& start, std::int64_t from,
                                                         std::span<const std::int32_t> tokens, std::span<const Intervention> rules,
                                                         std::size_t index, const ControlOptions& options, Context<float>& context,
                                                         const ControlProgress& progress = {});

/// What is asked for in a snapshot, from its trace; null where nothing is.
Result<std::shared_ptr<const ControlTable>> run_controls(const OpenedModel& opened, const Snapshot& snapshot, Context<float>& context,
                                                         const ControlProgress& progress = {});

/// What a table shows, in one sentence.
std::string reading_of(const ControlTable& table);

}  // namespace lab
