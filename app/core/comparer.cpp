#include "app/core/comparer.h"

#include <algorithm>
#include <utility>

#include "app/core/layer_walk.h"
#include "app/core/sampler.h"

namespace lab {
namespace {

constexpr int kPiecesAtOnce = 4;  // before views get to see them

AlignBy align_by(const std::string& name) {
  for (const AlignBy by : {AlignBy::position, AlignBy::token, AlignBy::first_difference, AlignBy::offset})
    if (name == name_of(by)) return by;
  return AlignBy::position;
}

/// The logits after a token, made again by the head of what the last layer gave to the residual stream.
std::optional<std::vector<float>> logits_after(const RunFacts& run, const OpenedModel& opened, std::int64_t token, Context<float>& context) {
  const Model& model = *opened.model;
  if (token < 0 || token >= run.trace->count()) return {};
  const auto residual = run.trace->driver(model.layers() - 1, find_driver(model.info().layers.back(), Point::resid_out), token);
  if (!residual) return {};
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  model.read_out({residual->data(), 1, model.info().hidden}, {logits.data(), 1, model.info().vocabulary}, context);
  return logits;
}

/// The rank of each of some tokens among those that may be sampled.
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

// Begins or goes on: afterwards the comparison is of these runs as far as they have come.
Status Comparer::follow(const Snapshot& snapshot, const RunPair& runs, const std::shared_ptr<const OpenedModel>& opened) {
  const command::Compare& how = snapshot.selection.compare;
  const Which which{opened.get(), runs.a->id, runs.a->run, runs.b->id, runs.b->run, how.align, how.offset};
  const Reach reach{runs.a->tokens.count(), runs.a->trace->revision(), runs.b->tokens.count(), runs.b->trace->revision()};
  if (comparison_ && which == which_ && reach == reach_) return {};
  LAB_ASSIGN(auto a, run_source(snapshot, runs.a->id, opened, arithmetic_));
  LAB_ASSIGN(auto b, run_source(snapshot, runs.b->id, opened, arithmetic_));
  const bool goes_on = comparison_ && which == which_ && comparison_->follow(std::move(a), std::move(b));
  if (!goes_on) {
    comparison_.reset();
    found_.reset();
    LAB_ASSIGN(a, run_source(snapshot, runs.a->id, opened, arithmetic_));
    LAB_ASSIGN(b, run_source(snapshot, runs.b->id, opened, arithmetic_));
    LAB_ASSIGN(comparison_, Comparison::begin(std::move(a), std::move(b), {.by = align_by(how.align), .offset = how.offset, .points = "", .tolerance = {}}));
  }
  which_ = which, reach_ = reach;
  has_more_ = true;
  return {};
}

// Of the layer that is selected. A layer without such a picture has none; the reason is told once nothing else is.
bool Comparer::add_pictures(const Snapshot& snapshot, const CompareParts& parts, ComparedRuns& runs, std::string& refusal,
                            const std::function<bool()>& cancelled) {
  const ShownColumns shown = shown_columns(snapshot, *runs.alignment);
  const Selection& s = snapshot.selection;
  const auto layer = static_cast<int>(s.layer);
  if (parts.slab && shown.last > shown.first) {
    const Part part{s.layer, s.state, shown.first, shown.last, reach_};
    if (!slab_ || slab_of_ != part) {
      auto made = comparison_->slab(layer, s.state, shown.first, shown.last, cancelled);
      if (made && !*made) return false;
      if (!made) refusal = made.error().text();
      slab_ = made ? made.take() : nullptr, slab_of_ = part;
    }
    runs.slab = slab_;
  }
  if (parts.trajectories && shown.last > shown.first) {
    const Part part{s.layer, static_cast<std::int64_t>(parts.basis), shown.first, shown.last, reach_};
    if (!trajectories_ || trajectories_of_ != part) {
      auto made = comparison_->trajectories(layer, parts.basis, shown.first, shown.last, cancelled);
      if (made && !*made) return false;
      if (!made && refusal.empty()) refusal = made.error().text();
      trajectories_ = made ? made.take() : nullptr, trajectories_of_ = part;
    }
    runs.trajectories = trajectories_;
  }
  return true;
}

std::optional<std::shared_ptr<const ComparedRuns>> Comparer::look(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                                                  const CompareParts& parts, std::string& refusal, const std::function<bool()>& cancelled) {
  const RunPair runs = runs_to_compare(snapshot);
  if (!runs.a) return nullptr;
  if (const Status status = follow(snapshot, runs, opened); !status) {
    refusal = status.error().text();
    return nullptr;
  }
  for (int piece = 0; piece < kPiecesAtOnce && has_more_; ++piece) {
    if (cancelled && cancelled()) return std::nullopt;
    has_more_ = comparison_->work(cancelled);
    found_.reset();
  }
  if (!found_) found_ = comparison_->view();
  ComparedRuns with_pictures = *found_;
  if (!add_pictures(snapshot, parts, with_pictures, refusal, cancelled)) return std::nullopt;
  const bool is_same = shown_ && shown_->alignment == found_->alignment && shown_->progress == found_->progress && shown_->slab == with_pictures.slab &&
                       shown_->trajectories == with_pictures.trajectories && shown_->expectations.count() == found_->expectations.count();
  if (!is_same) shown_ = std::make_shared<const ComparedRuns>(std::move(with_pictures));
  return shown_;
}

std::shared_ptr<const ComparedNext> Comparer::next(const Snapshot& snapshot, const OpenedModel& opened, const std::vector<bool>& sampleable,
                                                   Context<float>& context) {
  const RunPair runs = runs_to_compare(snapshot);
  if (!runs.a || !found_ || !found_->alignment) return nullptr;
  const std::int64_t column = shown_columns(snapshot, *found_->alignment).cursor;
  if (column < 0) return nullptr;
  const std::tuple of{which_, runs.a->trace->revision(), runs.b->trace->revision(), runs.a->tokens.count() + runs.b->tokens.count(), column};
  if (next_ && next_of_ == of) return next_;
  const TokenPair pair = found_->alignment->columns[static_cast<std::size_t>(column)];
  auto made = std::make_shared<ComparedNext>(ComparedNext{.column = column, .a = nullptr, .b = nullptr, .a_in_b = {}, .b_in_a = {}});
  const auto came_after = [](const RunFacts& run, std::int64_t token) { return token + 1 < run.tokens.count() ? run.tokens[token + 1][0] : -1; };
  const auto a = logits_after(*runs.a, opened, pair.a, context), b = logits_after(*runs.b, opened, pair.b, context);
  if (a) made->a = std::make_shared<const NextTokens>(next_tokens(*a, pair.a + 1, came_after(*runs.a, pair.a), sampleable));
  if (b) made->b = std::make_shared<const NextTokens>(next_tokens(*b, pair.b + 1, came_after(*runs.b, pair.b), sampleable));
  if (a && b) made->a_in_b = ranks_of(made->a->best, *b, sampleable), made->b_in_a = ranks_of(made->b->best, *a, sampleable);
  next_ = std::move(made), next_of_ = of;
  return next_;
}

}  // namespace lab
