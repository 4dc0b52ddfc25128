#pragma once
// Which token comes next: chosen from logits by rules that give the same token for the same seed and position.
#include <cstdint>
#include <span>
#include <vector>

#include "app/core/snapshot.h"
#include "model/text/tokenizer.h"

namespace lab {

/// By id, whether a token may be sampled: rows of the vocabulary that the tokenizer has no token for never are. Without a
/// tokenizer all are.
std::vector<bool> sampleable_tokens(const Tokenizer* tokenizer, std::int64_t vocabulary);

/// Refuses temperatures, top-k and top-p that mean nothing, by field.
Status check(const Sampling& sampling);

/// A number in [0, 1) that depends on seed and position only.
double random_at(std::int64_t seed, std::int64_t position);

/// The token after `position` tokens. Greedy: the largest logit, of equal ones the lowest id. Otherwise from the softmax at
/// the temperature of the top_k most probable, of those from the fewest that hold a probability of top_p. Its probability is
/// that of the distribution it was drawn from. NaN logits count as impossible; when nothing is possible it refuses.
Result<NextToken> sample(std::span<const float> logits, const Sampling& sampling, std::int64_t position,
                         const std::vector<bool>& sampleable);

/// What logits after `position` tokens say, over the tokens that may be sampled; `came` is the token that was read next, or -1.
NextTokens next_tokens(std::span<const float> logits, std::int64_t position, std::int32_t came,
                       const std::vector<bool>& sampleable);

}  // namespace lab
