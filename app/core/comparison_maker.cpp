#include "app/core/comparison_maker.h"

#include <algorithm>

namespace lab {
ComparedIds runs_to_compare(const Snapshot& snapshot, const ComparisonQuery& query) {
  const RunFacts* a = snapshot.find_side(query.a != -1 ? query.a : snapshot.active_run);
  if (!a) return {};
  const RunFacts* b = snapshot.find_side(query.b != -1 ? query.b : a->parent);
  if (!b && query.b == -1) {
    const std::vector<const RunFacts*> sides = sides_of(snapshot);
    const auto other = std::ranges::find_if(sides, [&](const RunFacts* side) { return side != a; });
    if (other != sides.end()) b = *other;
  }
  return b ? ComparedIds{a->id, b->id} : ComparedIds{};
}

ComparisonMaker::Side ComparisonMaker::side_of(const Snapshot& snapshot, std::int64_t id) {
  const RunFacts& run = *snapshot.find_side(id);
  return {id, run.run, run.trace ? run.trace->revision() : 0, run.tokens.count()};
}

Status ComparisonMaker::prepare(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened, const ComparisonQuery& query, const ComparedIds& ids) {
  const Side now_a = side_of(snapshot, ids.a), now_b = side_of(snapshot, ids.b);
  const bool is_same_question = comparison_ && opened == opened_ && query.by == by_ && query.offset == offset_;
  if (is_same_question && now_a == a_ && now_b == b_) return {};
  LAB_ASSIGN(auto a, run_source(snapshot, ids.a, opened, arithmetic_));
  LAB_ASSIGN(auto b, run_source(snapshot, ids.b, opened, arithmetic_));
  if (!is_same_question || now_a.id != a_.id || now_b.id != b_.id || !comparison_->follow(a, b)) {
    comparison_.reset();
    slab_.reset(), path_.reset();
    LAB_ASSIGN(comparison_, Comparison::begin(std::move(a), std::move(b), {.by = query.by, .offset = query.offset}));
  }
  opened_ = opened, a_ = now_a, b_ = now_b, by_ = query.by, offset_ = query.offset;
  return {};
}

std::optional<std::shared_ptr<const ComparedRuns>> ComparisonMaker::make(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                                                         const ComparisonQuery& query, std::string& refusal,
                                                                         const std::function<bool()>& cancelled) {
  const ComparedIds ids = runs_to_compare(snapshot, query);
  if (ids.b == -1) return nullptr;
  if (const Status status = prepare(snapshot, opened, query, ids); !status) {
    refusal = status.error().text();
    return nullptr;
  }
  if (query.whole && !comparison_->finish(cancelled)) return std::nullopt;
  if (!query.whole) comparison_->work(cancelled);
  auto view = std::make_shared<ComparedRuns>(*comparison_->view());
  // A recorded trace has no texts: those of the other side stand for its ids.
  if (!view->a.pieces) view->a.pieces = view->b.pieces;
  if (!view->b.pieces) view->b.pieces = view->a.pieces;
  if (!view->refusal.empty()) refusal = view->refusal;
  if (!view->is_whole) return view;
  const Selection& s = snapshot.selection;
  const ShownColumns shown = shown_columns(snapshot, *view->alignment, snapshot.active_run == ids.b);
  const std::int64_t first = shown.first, last = shown.last;
  const Drawn drawn{view->alignment, s.layer, s.state, first, last, query.basis};
  const auto layer = static_cast<int>(s.layer);
  if (query.slab) {
    Drawn of = drawn;
    of.basis = TrajectoryBasis::joint;
    if (!slab_ || !(slab_of_ == of)) {
      auto made = comparison_->slab(layer, s.state, first, last, cancelled);
      if (made && !*made) return std::nullopt;
      if (made) slab_ = *made, slab_of_ = of;
      else slab_.reset(), refusal = made.error().text();
    }
    view->slab = slab_;
  }
  if (query.trajectories) {
    Drawn of = drawn;
    of.state = 0;
    if (!path_ || !(path_of_ == of)) {
      auto made = comparison_->trajectories(layer, query.basis, first, last, cancelled);
      if (made && !*made) return std::nullopt;
      if (made) path_ = *made, path_of_ = of;
      else path_.reset(), refusal = made.error().text();
    }
    view->trajectories = path_;
  }
  return view;
}

}  // namespace lab
