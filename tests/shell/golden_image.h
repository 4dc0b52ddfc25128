#pragma once
// Pictures that are kept in the tree: compared exactly first; a few pixels that differ by a hair are let pass and reported.
#include <string>

#include "app/shell/image.h"

namespace lab {

/// Why the kept pictures mean nothing here: another ImGui, other font files. "" when they do.
std::string golden_refusal();

/// Compares with golden/imgui-VERSION/NAME.png. On failure the actual picture and the difference go to build/golden.
/// With LAB_BLESS=1 in the environment the kept picture is replaced instead.
void check_golden(const Image& actual, const std::string& name);

}  // namespace lab
