#include "app/core/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lab {
namespace {

constexpr std::size_t kBest = 32;

struct Candidate {
  std::int32_t id = 0;
  double weight = 0;  // its logit, then its probability
};

bool comes_before(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

std::vector<Candidate> candidates_of(std::span<const float> logits, const std::vector<bool>& sampleable) {
  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id)
    if (sampleable[id] && logits[id] > -std::numeric_limits<float>::infinity())  // also false for NaN
      candidates.push_back({static_cast<std::int32_t>(id), static_cast<double>(logits[id])});
  return candidates;
}

// Logits to probabilities. Where logits are infinite, those share everything.
void soften(std::vector<Candidate>& candidates, double temperature) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const Candidate& c : candidates) largest = std::max(largest, c.weight);
  for (Candidate& c : candidates)
    sum += c.weight = c.weight == largest ? 1 : std::exp((c.weight - largest) / temperature);
  for (Candidate& c : candidates) c.weight /= sum;
}

void keep_first(std::vector<Candidate>& candidates, std::size_t count) {
  if (count >= candidates.size()) return;
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end(),
                    comes_before);
  candidates.resize(count);
}

// The fewest most probable ones whose probabilities reach `share`; what is left is scaled to a sum of one.
void keep_share(std::vector<Candidate>& candidates, double share) {
  std::sort(candidates.begin(), candidates.end(), comes_before);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < candidates.size() && (kept == 0 || sum < share)) sum += candidates[kept++].weight;
  candidates.resize(kept);
  for (Candidate& c : candidates) c.weight /= sum;
}

const Candidate& draw(const std::vector<Candidate>& candidates, double random) {
  double sum = 0;
  for (const Candidate& c : candidates)
    if (random < (sum += c.weight)) return c;
  return *std::find_if(candidates.rbegin(), candidates.rend(),
                       [](const Candidate& c) { return c.weight > 0; });  // sum rounded below one
}

Error illegal(const char* field, const char* expected, const std::string& found) {
  return {.code = Code::out_of_range,
          .field = field,
          .expected = expected,
          .found = found,
          .message = "nothing can be sampled like this"};
}

}  // namespace

std::vector<bool> sampleable_tokens(const Tokenizer* tokenizer, std::int64_t vocabulary) {
  std::vector<bool> sampleable(static_cast<std::size_t>(vocabulary), true);
  if (!tokenizer) return sampleable;
  for (std::int64_t id = 0; id < vocabulary; ++id)
    sampleable[static_cast<std::size_t>(id)] =
        id < tokenizer->vocabulary_size() && tokenizer->has_token(static_cast<std::int32_t>(id));
  return sampleable;
}

Status check(const Sampling& s) {
  if (!std::isfinite(s.temperature) || s.temperature <= 0)
    return illegal("temperature", "a number above 0", fmt::format("{}", s.temperature));
  if (s.top_k < 0) return illegal("top_k", "0 or more", fmt::format("{}", s.top_k));
  if (!(s.top_p > 0 && s.top_p <= 1))
    return illegal("top_p", "a number above 0, at most 1", fmt::format("{}", s.top_p));
  return {};
}

// The finalizer of splitmix64 (Steele, Lea and Flood 2014), over seed and position.
double random_at(std::int64_t seed, std::int64_t position) {
  const auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  };
  constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15u;
  const std::uint64_t stream = mix(static_cast<std::uint64_t>(seed) + kStep);
  return static_cast<double>(mix(stream + kStep * (static_cast<std::uint64_t>(position) + 1)) >> 11) * 0x1p-53;
}

Result<NextToken> sample(std::span<const float> logits, const Sampling& sampling, std::int64_t position,
                         const std::vector<bool>& sampleable) {
  LAB_TRY(check(sampling));
  std::vector<Candidate> candidates = candidates_of(logits, sampleable);
  if (candidates.empty())
    return Error{.code = Code::out_of_range,
                 .field = "logits",
                 .expected = "a number for some token",
                 .found = "NaN or minus infinity for all",
                 .message = "the model expects no token at all",
                 .next = "undo the last step or edit, or take tokens back"};
  if (sampling.greedy) {
    const std::int32_t id = std::min_element(candidates.begin(), candidates.end(), comes_before)->id;
    soften(candidates, 1);
    const auto chosen =
        std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) { return c.id == id; });
    return NextToken{id, static_cast<float>(chosen->weight)};
  }
  if (sampling.top_k > 0) keep_first(candidates, static_cast<std::size_t>(sampling.top_k));
  soften(candidates, sampling.temperature);
  if (sampling.top_p < 1) keep_share(candidates, sampling.top_p);
  const Candidate& chosen = draw(candidates, random_at(sampling.seed, position));
  return NextToken{chosen.id, static_cast<float>(chosen.weight)};
}

NextTokens next_tokens(std::span<const float> logits, std::int64_t position, std::int32_t came,
                       const std::vector<bool>& sampleable) {
  NextTokens next{.position = position, .came = came};
  std::vector<Candidate> candidates = candidates_of(logits, sampleable);
  if (candidates.empty()) return next;
  soften(candidates, 1);
  double entropy = 0;
  for (const Candidate& c : candidates)
    if (c.weight > 0) entropy -= c.weight * std::log2(c.weight);
  next.entropy_bits = static_cast<float>(entropy);
  const auto read =
      std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) { return c.id == came; });
  if (read != candidates.end()) {
    next.came_probability = static_cast<float>(read->weight);
    next.came_rank =
        std::count_if(candidates.begin(), candidates.end(), [&](const Candidate& c) { return comes_before(c, *read); });
  }
  keep_first(candidates, kBest);
  std::sort(candidates.begin(), candidates.end(), comes_before);
  for (const Candidate& c : candidates) next.best.push_back({c.id, static_cast<float>(c.weight)});
  return next;
}

}  // namespace lab
