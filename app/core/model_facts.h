#pragma once
// What is told of an open model.
#include <memory>
#include <string>

#include "app/core/lab.h"

namespace lab {

/// "f32, avx512, 2 threads".
std::string arithmetic_text(const Context<float>& context);
/// Everything but the hash.
std::shared_ptr<const ModelFacts> facts_of(const OpenedModel& opened, const std::string& arithmetic);

}  // namespace lab
