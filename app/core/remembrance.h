#pragma once
// What of the past reaches what a model says next: asked by running the model again, with less of it.
#include <span>
#include <string>
#include <vector>

#include "model/model.h"
#include "tracer/detect/detector.h"

namespace lab {

/// One memory of one layer's mixer: a state tensor, those of one state together (RWKV's aa, bb, pp), or a cache.
struct MemoryUse {
  int layer = 0;
  std::string tensor;    // names as in the schema: "ssm_state", "conv_state", "kv.k, kv.v"
  double blindness = 0;  // mean over tokens of ||out without it - out|| / ||out||; 0: what was kept reaches nothing
};

struct Remembrance {
  std::int64_t tokens = 0;      // read
  double beyond_last = 0;       // effective_remembrance of the last token alone
  std::vector<MemoryUse> uses;  // by layer, in the order of its schema
};

/// Effective remembrance (Buitrago Ruiz and Gu 2025): total variation, half the L1 distance in [0, 1], between the next-token
/// distribution after all `tokens` and that after the last `kept` of them alone; 0: what came before does not matter.
double effective_remembrance(const Model& model, std::span<const std::int32_t> tokens, std::int64_t kept,
                             Context<float>& context);

/// Effective remembrance and, over the last `judged` tokens, how much of what each mixer gives (mixer_out) comes from each of
/// its memories as the token found it: the mixer is run again on the same input with that memory as in a fresh state. Costs
/// two reads of the tokens and one mixer a memory and judged token.
Remembrance measure_remembrance(const Model& model, std::span<const std::int32_t> tokens, std::int64_t judged,
                                Context<float>& context);

struct RemembranceOptions {
  double beyond_last = 0.02, blindness = 0.001;  // below these "not used"
  std::int64_t least = 32;                       // tokens that must have been read
};

/// "State not used", one finding a memory that reaches nothing, and one of the model where nothing but the last token counts.
void judge(const Remembrance& remembrance, std::int64_t token, const RemembranceOptions& options,
           std::vector<Finding>& found);

}  // namespace lab
