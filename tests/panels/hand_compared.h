#pragma once
// Two runs compared by hand: eight tokens of each, of which the last three differ, and a layer that was zeroed in B before token 4.
#include <limits>
#include <memory>
#include <vector>

#include "tests/figures/hand_made.h"

namespace lab::test {

/// B is a fork of A at position 4, where layer 1 was zeroed: the state of layer 1 differs from token 4 on, that of layer 0 from token 5 on,
/// where the texts differ too.
struct HandCompared : HandMade {
  static constexpr std::int64_t kTokens = 8, kForked = 4, kApart = 5;
  std::shared_ptr<HandTrace> trace_b = std::make_shared<HandTrace>(kTokens);
  std::shared_ptr<Alignment> alignment = std::make_shared<Alignment>();
  std::shared_ptr<ComparedRuns> runs = std::make_shared<ComparedRuns>();
  std::shared_ptr<PairedSlab> paired = std::make_shared<PairedSlab>();
  std::shared_ptr<TrajectoryPair> paths = std::make_shared<TrajectoryPair>();
  std::shared_ptr<ComparedNext> both = std::make_shared<ComparedNext>();

  HandCompared() : HandMade(kTokens) {
    std::vector<std::int32_t> ids_a, ids_b;
    RowLog<std::int32_t> log_b;
    for (std::int64_t t = 0; t < kTokens; ++t) {
      ids_a.push_back(static_cast<std::int32_t>(t % 3));
      ids_b.push_back(static_cast<std::int32_t>(t < kApart ? t % 3 : (t + 1) % 3));
      log_b.append()[0] = ids_b.back();
    }
    snapshot.edits = std::make_shared<const std::vector<EditEvent>>();
    const auto edits_b = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{{kForked, "zero layer 1", 1}});
    snapshot.runs = {{0, "main", -1, 0, 1, snapshot.tokens, 0, trace, snapshot.edits}, {1, "zeroed", 0, kForked, 2, log_b.view(), 0, trace_b, edits_b}};
    snapshot.active_run = 0, snapshot.run = 1;
    snapshot.selection.cursor_a = kForked, snapshot.selection.cursor_b = -1;
    snapshot.selection.tensor.clear();
    *alignment = align(ids_a, ids_b, AlignBy::position);
    const auto pieces = std::make_shared<const std::vector<std::string>>(model->pieces);
    runs->a = {.name = "main", .tokens = std::make_shared<const std::vector<std::int32_t>>(ids_a), .pieces = pieces, .layers = kLayers};
    runs->b = {.name = "zeroed", .tokens = std::make_shared<const std::vector<std::int32_t>>(ids_b), .pieces = pieces, .layers = kLayers};
    runs->alignment = alignment;
    runs->progress = 1, runs->is_whole = true;
    add_point({"L0.mix.h", 0, Point::h, {kChannels, kStates}, kChannels * kStates}, kApart, 0.125f);
    add_point({"L1.mix.h", 1, Point::h, {kChannels, kStates}, kChannels * kStates}, kForked, 0.75f);
    add_point({"tok.ids", -1, Point::count_, {}, 1}, kApart, std::numeric_limits<float>::infinity());
    RowLog<ExpectationDifference> expectations;
    for (std::int64_t t = 0; t < kTokens; ++t)
      expectations.append()[0] = {.kl = t < kForked ? 0.0f : 0.25f * static_cast<float>(t), .entropy_a = 1, .entropy_b = 2, .best_a = 1, .best_b = 2};
    runs->expectations = expectations.view();
    make_slab(), make_paths(), make_next();
    derive_comparison();
  }

  /// Both texts as long as this, and equal.
  void lengthen(std::int64_t tokens) {
    std::vector<std::int32_t> ids;
    for (std::int64_t t = 0; t < tokens; ++t) ids.push_back(static_cast<std::int32_t>(t % 3));
    runs->a.tokens = runs->b.tokens = std::make_shared<const std::vector<std::int32_t>>(ids);
    *alignment = align(ids, ids, AlignBy::position);
  }
  /// Hands the comparison over again after a part was replaced.
  void derive_comparison() {
    runs->slab = paired, runs->trajectories = paths;
    derived.comparison = runs, derived.compared_next = both;
    derived.compared_a = 0, derived.compared_b = 1;
  }

 private:
  void add_point(ComparedPoint point, std::int64_t first, float relative) {
    RowLog<RowDifference> rows;
    for (std::int64_t t = 0; t < kTokens; ++t) {
      const bool differs = t >= first;
      rows.append()[0] = {.relative = differs ? relative : 0, .max_abs = differs ? 1.0f : 0, .cosine = differs ? 0.5f : 1, .norm_a = 2, .norm_b = 2, .is_compared = true, .is_equal = !differs};
    }
    PointDifferences made{.point = std::move(point), .summary = {}, .rows = rows.view()};
    made.summary = {.compared = kTokens, .differing = kTokens - first, .beyond = kTokens - first, .first = first, .first_beyond = first, .worst = first, .relative = relative, .max_abs = 1, .cosine = 0.5f};
    runs->table.points.push_back(std::move(made));
  }
  void make_slab() {
    *paired = {.layer = 1, .state = 1, .shape = {kChannels, kStates}, .rows = kChannels, .columns = kTokens, .half_life = {20, 0.5f, 200, 2}, .by_half_life = {2, 0, 3, 1}};
    paired->has_a.assign(kTokens, 1), paired->has_b = paired->has_both = paired->has_a;
    for (std::int64_t t = 0; t < kTokens; ++t)
      for (int r = 0; r < kChannels; ++r) {
        paired->a.push_back(cell(t, r));
        paired->b.push_back(t < kForked ? cell(t, r) : 0.5f * cell(t, r));
        paired->difference.push_back(paired->b.back() - paired->a.back());
      }
  }
  void make_paths() {
    *paths = {.layer = 1, .kept_a = {0.5f, 0.25f, 0}, .kept_b = {0.4f, 0.2f, 0}, .explained = {0.5f, 0.25f}, .procrustes = 0.5, .cka = 0.75};
    for (std::int64_t t = 0; t < kTokens; ++t) {
      const auto at = static_cast<float>(t);
      paths->columns.push_back(t);
      paths->a.push_back({at, 0.5f * at, 0});
      paths->b.push_back({t < kForked ? at : 2 * at, 0.5f * at, 0});
    }
  }
  void make_next() {
    auto a = std::make_shared<NextTokens>(*next), b = std::make_shared<NextTokens>(*next);
    b->best = {{2, 0.6f}, {1, 0.3f}, {0, 0.1f}};
    *both = {.column = kForked, .a = a, .b = b, .a_in_b = {1, 2, 0}, .b_in_a = {2, 0, 1}};
  }
};

}  // namespace lab::test
