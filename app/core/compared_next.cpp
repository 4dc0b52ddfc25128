#include "app/core/compared_next.h"

#include <utility>

#include "app/core/sampler.h"
#include "model/opened_model.h"

namespace lab {
namespace {

/// What a side may sample: of another model by its own tokenizer, of a recorded trace everything.
std::vector<bool> sampleable_of(const Snapshot& snapshot, const RunFacts& run, const std::vector<bool>& own, std::size_t vocabulary) {
  const GuestRun* guest = snapshot.find_guest(run.id);
  if (!guest) return own;
  return sampleable_tokens(guest->opened ? guest->opened->tokenizer.get() : nullptr, static_cast<std::int64_t>(vocabulary));
}

std::shared_ptr<const NextTokens> next_of(const RunFacts& run, const std::vector<float>& logits, std::int64_t token, const std::vector<bool>& sampleable) {
  const std::int32_t came = token + 1 < run.tokens.count() ? run.tokens[token + 1][0] : -1;
  return std::make_shared<const NextTokens>(next_tokens(logits, token + 1, came, sampleable));
}

/// The rank of each of some tokens among those that may be sampled: how many are more probable.
std::vector<std::int64_t> ranks_of(const std::vector<NextToken>& tokens, const std::vector<float>& logits, const std::vector<bool>& sampleable) {
  std::vector<std::int64_t> ranks;
  for (const NextToken& token : tokens) {
    const float own = logits[static_cast<std::size_t>(token.id)];
    std::int64_t rank = 0;
    for (std::size_t id = 0; id < logits.size(); ++id) rank += sampleable[id] && logits[id] > own;
    ranks.push_back(rank);
  }
  return ranks;
}

std::uint64_t past_of(const RunFacts& run) { return run.trace ? run.trace->revision() : 0; }

}  // namespace

std::shared_ptr<const ComparedNext> ComparedNextMaker::make(const Snapshot& snapshot, const ComparedRuns& runs, const std::vector<bool>& sampleable,
                                                            const SideLogits& logits_after) {
  const RunPair pair = runs_to_compare(snapshot);
  if (!pair.a || !runs.alignment) return nullptr;
  const std::int64_t column = shown_columns(snapshot, *runs.alignment, counts_in_b(snapshot)).cursor;
  if (column < 0) return nullptr;
  const TokenPair tokens = runs.alignment->columns[static_cast<std::size_t>(column)];
  const Place place{pair.a->run, past_of(*pair.a), pair.b->run, past_of(*pair.b), tokens.a, tokens.b, pair.a->tokens.count(), pair.b->tokens.count()};
  if (kept_ && place == place_ && kept_->column == column) return kept_;
  auto made = std::make_shared<ComparedNext>();
  made->column = column;
  const std::vector<float> a = logits_after(false, tokens.a), b = logits_after(true, tokens.b);
  const std::vector<bool> of_a = sampleable_of(snapshot, *pair.a, sampleable, a.size()), of_b = sampleable_of(snapshot, *pair.b, sampleable, b.size());
  if (!a.empty()) made->a = next_of(*pair.a, a, tokens.a, of_a);
  if (!b.empty()) made->b = next_of(*pair.b, b, tokens.b, of_b);
  // A token of another vocabulary has no rank.
  if (made->a && made->b && a.size() == b.size()) made->a_in_b = ranks_of(made->a->best, b, of_b), made->b_in_a = ranks_of(made->b->best, a, of_a);
  kept_ = std::move(made), place_ = place;
  return kept_;
}

}  // namespace lab
