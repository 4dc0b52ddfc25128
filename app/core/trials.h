#pragma once
// Trials of a run, between the command that sets them and the forward pass that they change.
#include <array>

#include "app/core/command.h"
#include "model/model.h"
#include "model/trials.h"

namespace lab {

/// What command::SetTrials::rotary may say, in the order of Trials::Rotary.
constexpr std::array<const char*, 4> kRotaries = {"stored", "halves", "adjacent", "none"};

/// Refuses trials that would change nothing of a model: of a layer it has not, or of attention where it has none.
Status check(const command::SetTrials& trials, const Model& model);

/// What the forward pass is told; of trials that were checked.
Trials trials_of(const command::SetTrials& trials);

}  // namespace lab
