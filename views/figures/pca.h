#pragma once
// Places in the picture of a path through principal components.
#include <cstdint>

#include "views/figures/figure.h"

namespace lab {

/// The token whose state lies nearest to a place of the picture, in its data coordinates; -1 where none is near.
std::int64_t token_on_path(const Trajectory& path, const FigureOptions& options, bool is_3d, double x, double y);

}  // namespace lab
