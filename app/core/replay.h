#pragma once
// Sessions carried out without a window: every command at the position it is written for.
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "app/core/session.h"

namespace lab {

using OnFigure = std::function<Status(const command::ExportFigure&)>;

/// Applies the commands in order and finishes what they announced. A command that cannot be applied at its position, is
/// refused or fails ends the replay with an error that names it. `on_figure` is called in the place of ExportFigure. `stop`, which
/// may be null, is what stops the lab.
Status replay(const std::vector<SessionCommand>& commands, Lab& lab, const OnFigure& on_figure, const std::atomic<bool>* stop);

/// Feeds tokens and reads them all.
Status read_all(Lab& lab, std::vector<std::int32_t> ids, const std::atomic<bool>* stop);

/// The hash of the state at a position of the run, as sessions expect it.
Result<std::string> state_hash(Lab& lab, std::int64_t position);

}  // namespace lab
