#pragma once
// How far one expectation of the next token is from another.
#include <span>
#include <vector>

namespace lab {

/// ln p of the tokens that may be sampled; the others stay at minus infinity.
std::vector<double> log_probabilities(std::span<const float> logits, const std::vector<bool>& sampleable);
/// KL(p || q) in nat, of logarithms; not a number where one of the two is none.
double divergence_nats(std::span<const double> log_p, std::span<const double> log_q);

}  // namespace lab
