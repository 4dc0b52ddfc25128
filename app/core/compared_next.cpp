#include "app/core/compared_next.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/core/layer_walk.h"
#include "app/core/sampler.h"

namespace lab {
namespace {

/// The logits after a token, made again by the head of what the last layer gave to the residual stream: the bits that the step had.
std::optional<std::vector<float>> logits_after(const RunFacts& run, const OpenedModel& opened, std::int64_t token, Context<float>& context) {
  const Model& model = *opened.model;
  if (token < 0 || token >= run.trace->count()) return {};
  const auto residual = run.trace->driver(model.layers() - 1, find_driver(model.info().layers.back(), Point::resid_out), token);
  if (!residual) return {};
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  model.read_out({residual->data(), 1, model.info().hidden}, {logits.data(), 1, model.info().vocabulary}, context);
  return logits;
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

}  // namespace

std::shared_ptr<const ComparedNext> ComparedNextMaker::make(const Snapshot& snapshot, const ComparedRuns& runs, const OpenedModel& opened,
                                                            const std::vector<bool>& sampleable, Context<float>& context) {
  const RunPair pair = runs_to_compare(snapshot);
  if (!pair.a || !runs.alignment) return nullptr;
  const std::int64_t column = shown_columns(snapshot, *runs.alignment, counts_in_b(snapshot)).cursor;
  if (column < 0) return nullptr;
  const TokenPair tokens = runs.alignment->columns[static_cast<std::size_t>(column)];
  const Place place{pair.a->run, pair.a->trace->revision(), pair.b->run, pair.b->trace->revision(), tokens.a, tokens.b, pair.a->tokens.count(), pair.b->tokens.count()};
  if (kept_ && place == place_ && kept_->column == column) return kept_;
  auto made = std::make_shared<ComparedNext>();
  made->column = column;
  const auto a = logits_after(*pair.a, opened, tokens.a, context), b = logits_after(*pair.b, opened, tokens.b, context);
  if (a) made->a = next_of(*pair.a, *a, tokens.a, sampleable);
  if (b) made->b = next_of(*pair.b, *b, tokens.b, sampleable);
  if (a && b) made->a_in_b = ranks_of(made->a->best, *b, sampleable), made->b_in_a = ranks_of(made->b->best, *a, sampleable);
  kept_ = std::move(made), place_ = place;
  return kept_;
}

}  // namespace lab
