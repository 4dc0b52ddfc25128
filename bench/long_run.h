#pragma once
// A lab as the window has one: a model that is measured, a run of it, and as much history as it makes.
#include <memory>
#include <vector>

#include "app/core/lab.h"
#include "bench/shapes.h"

namespace lab::bench {

/// A lab on a subject, with a budget of history that no case uses up. It has read nothing.
Result<std::unique_ptr<Lab>> lab_on(const Subject& subject);
/// Applies a command and does the work that it announces. A step that fails is an error.
Status carry_out(Lab& lab, const Command& command);
/// Reads tokens at the end of the active run.
Status read(Lab& lab, std::vector<std::int32_t> tokens);

}  // namespace lab::bench
