#pragma once
// Synthetic inputs: vectors fed in place of embeddings, described by a short text.
#include <cstdint>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// Vectors [length, width], flat, of a kind and its settings, as "pulse:amp=2,at=3". Every channel gets the same but of
/// random, whose values are independent.
///
///   pulse   amp=1, at=0            amp at token `at`, zero elsewhere
///   sine    amp=1, period=32       amp sin(2 pi t / period)
///   random  amp=1, seed=1          normal with standard deviation amp, always the same for a seed
///   zero
///
/// Refuses unknown kinds and settings, settings given twice and values out of range, each by name.
Result<std::vector<float>> make_input(const std::string& spec, std::int64_t length, std::int64_t width);

}  // namespace lab
