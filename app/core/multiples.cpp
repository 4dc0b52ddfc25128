#include "app/core/multiples.h"

#include <algorithm>
#include <utility>

#include "app/core/paired_state.h"

namespace lab {
namespace {

/// The same, with a column for each token of A in its place and none besides: then a column is a token of A, whatever it is beside.
Alignment over_tokens_of_a(const Alignment& alignment, std::int64_t tokens) {
  Alignment over{.by = alignment.by, .offset = alignment.offset};
  for (std::int64_t t = 0; t < tokens; ++t) over.columns.push_back({t, -1});
  for (const TokenPair& pair : alignment.columns)
    if (pair.a >= 0) over.columns[static_cast<std::size_t>(pair.a)].b = pair.b;
  return over;
}

/// The token of A at the first difference of the texts, or the first one behind it; -1: there is none.
std::int64_t first_apart(const Alignment& alignment) {
  for (std::int64_t column = alignment.first_difference; column >= 0 && column < alignment.count(); ++column)
    if (const std::int64_t token = alignment.columns[static_cast<std::size_t>(column)].a; token >= 0) return token;
  return -1;
}

}  // namespace

std::optional<RunMultiple> set_beside(CompareSource& a, CompareSource& b, const MultipleLook& look, const std::function<bool()>& cancelled) {
  auto alignment = std::make_shared<const Alignment>(align(*a.side().tokens, *b.side().tokens, look.by, look.offset));
  RunMultiple made{.name = b.side().name, .apart = first_apart(*alignment), .alignment = alignment};
  const Alignment over = over_tokens_of_a(*alignment, a.count());
  auto slab = pair_slab({a, b, over}, static_cast<int>(look.layer), look.state, look.first, look.last, cancelled);
  if (!slab) made.refusal = slab.error().text();
  else if (!*slab) return std::nullopt;
  else made.slab = slab.take();
  return made;
}

std::vector<const RunFacts*> runs_beside(const Snapshot& snapshot, const MultiplesQuery& query) {
  const RunFacts* a = snapshot.find_side(query.a != -1 ? query.a : snapshot.active_run);
  std::vector<const RunFacts*> runs;
  for (const RunFacts* side : sides_of(snapshot)) {
    const bool is_wanted = query.runs == kNoRuns || std::ranges::find(query.runs, side->id) != query.runs.end();
    if (a && side != a && is_wanted && runs.size() < kMostMultiples) runs.push_back(side);
  }
  return runs;
}

MultiplesMaker::Side MultiplesMaker::side_of(const RunFacts& run) { return {run.run, run.trace ? run.trace->revision() : 0, run.tokens.count()}; }

std::optional<std::shared_ptr<const RunMultiples>> MultiplesMaker::make(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                                                        const MultiplesQuery& query, const std::function<bool()>& cancelled) {
  const std::vector<const RunFacts*> runs = runs_beside(snapshot, query);
  if (runs.empty()) return nullptr;
  const RunFacts& a = *snapshot.find_side(query.a != -1 ? query.a : snapshot.active_run);
  const Selection& s = snapshot.selection;
  const std::int64_t last = s.last > 0 ? std::min(s.last, a.tokens.count()) : a.tokens.count();
  const MultipleLook look{query.by, query.offset, s.layer, s.state, std::min(s.first, last), last};
  auto made = std::make_shared<RunMultiples>(RunMultiples{.a = a.id, .name = a.name, .tokens = a.tokens.count(), .first = look.first, .last = look.last, .layer = s.layer});
  std::map<std::int64_t, Kept> kept;
  for (const RunFacts* run : runs) {
    Kept next{side_of(a), side_of(*run), look, {}};
    const auto known = kept_.find(run->id);
    if (known != kept_.end() && known->second.a == next.a && known->second.b == next.b && known->second.look == look) {
      next.made = known->second.made;
    } else {
      const auto of_a = run_source(snapshot, a.id, opened, arithmetic_), of_b = run_source(snapshot, run->id, opened, arithmetic_);
      auto one = of_a && of_b ? set_beside(**of_a, **of_b, look, cancelled) : RunMultiple{.refusal = (of_a ? of_b : of_a).error().text()};
      if (!one) return std::nullopt;
      next.made = std::move(*one);
    }
    next.made.run = run->id, next.made.name = run->name;  // it may be called otherwise by now
    made->runs.push_back(next.made);
    kept.emplace(run->id, std::move(next));
  }
  kept_ = std::move(kept);
  return std::shared_ptr<const RunMultiples>(std::move(made));
}

}  // namespace lab
