#include "app/core/snapshot.h"

#include <algorithm>

namespace lab {

const char* name_of(EngineState state) {
  switch (state) {
    case EngineState::empty: return "empty";
    case EngineState::loading: return "loading";
    case EngineState::paused: return "paused";
    case EngineState::running: return "running";
    case EngineState::faulted: return "faulted";
  }
  return "?";
}

const char* name_of(StatePart part) {
  switch (part) {
    case StatePart::none: return "none";
    case StatePart::cell: return "cell";
    case StatePart::channel: return "channel";
    case StatePart::head: return "head";
    case StatePart::layer: return "layer";
    case StatePart::read_out: return "read-out";
  }
  return "?";
}

std::vector<Contribution> judged(const Content& content) {
  std::vector<Contribution> all;
  auto deposit = content.deposits.rbegin();
  const auto add_deposits = [&](std::int64_t position) {
    for (; deposit != content.deposits.rend() && deposit->position <= position; ++deposit) all.push_back(deposit->is);
  };
  for (std::size_t i = 0; i < content.tokens.size(); ++i) {
    add_deposits(content.first + static_cast<std::int64_t>(i));
    all.push_back(content.tokens[i]);
  }
  add_deposits(content.token + 1);
  return all;
}

Judgement judgement_of(const Content& content, double usual) {
  Judgement judgement = judge(judged(content), content.value, usual, content.read);
  judgement.span = std::min<std::int64_t>(judgement.span, std::ssize(content.tokens));  // deposits are no tokens
  return judgement;
}

const RunFacts* Snapshot::find_run(std::int64_t id) const {
  const auto found = std::ranges::find(runs, id, &RunFacts::id);
  return found == runs.end() ? nullptr : &*found;
}

const GuestRun* Snapshot::find_guest(std::int64_t id) const {
  const auto found = std::ranges::find(guests, id, [](const GuestRun& guest) { return guest.run.id; });
  return found == guests.end() ? nullptr : &*found;
}

const RunFacts* Snapshot::find_side(std::int64_t id) const {
  if (const RunFacts* of_model = find_run(id)) return of_model;
  const GuestRun* guest = find_guest(id);
  return guest ? &guest->run : nullptr;
}

std::vector<const RunFacts*> sides_of(const Snapshot& snapshot) {
  std::vector<const RunFacts*> sides;
  for (const RunFacts& run : snapshot.runs) sides.push_back(&run);
  for (const GuestRun& guest : snapshot.guests) sides.push_back(&guest.run);
  return sides;
}

RunPair runs_to_compare(const Snapshot& snapshot) {
  std::vector<const RunFacts*> sides = sides_of(snapshot);
  if (sides.size() < 2) return {};
  const auto is_empty = [](const RunFacts* side) { return side->tokens.count() == 0; };
  if (std::ssize(sides) - std::ranges::count_if(sides, is_empty) >= 2) std::erase_if(sides, is_empty);
  RunPair both{snapshot.find_side(snapshot.selection.compare.a), snapshot.find_side(snapshot.selection.compare.b)};
  if (both.a == both.b) both.b = nullptr;
  if (!both.a) both.a = both.b == sides.front() ? sides[1] : sides.front();
  if (both.b) return both;
  both.b = snapshot.find_run(snapshot.active_run);
  if (both.b == both.a || std::ranges::find(sides, both.b) == sides.end()) both.b = both.a == sides.back() ? sides[sides.size() - 2] : sides.back();
  return both;
}

AlignBy aligned_by(const command::Compare& how) {
  for (const AlignBy by : {AlignBy::token, AlignBy::first_difference, AlignBy::offset})
    if (how.align == name_of(by)) return by;
  return AlignBy::position;
}

bool counts_in_b(const Snapshot& snapshot) {
  const RunPair runs = runs_to_compare(snapshot);
  return runs.b && runs.b->id == snapshot.active_run;
}

namespace {

/// The last column that has a token of one side, or -1.
std::int64_t last_column(const Alignment& alignment, bool of_b) {
  for (std::int64_t column = alignment.count() - 1; column >= 0; --column) {
    const TokenPair& pair = alignment.columns[static_cast<std::size_t>(column)];
    if ((of_b ? pair.b : pair.a) >= 0) return column;
  }
  return -1;
}

}  // namespace

std::int64_t column_of(const Alignment& alignment, std::int64_t token, bool of_b) {
  if (token < 0) return -1;
  if (const std::int64_t column = of_b ? alignment.column_of_b(token) : alignment.column_of_a(token); column >= 0) return column;
  const std::int64_t last = last_column(alignment, of_b);
  if (last < 0) return -1;
  const std::int64_t beyond = token - token_of(alignment, last, of_b);
  return beyond > 0 ? last + beyond : -1;
}

std::int64_t token_of(const Alignment& alignment, std::int64_t column, bool of_b) {
  if (column < 0) return -1;
  if (column < alignment.count()) {
    const TokenPair& pair = alignment.columns[static_cast<std::size_t>(column)];
    if (const std::int64_t token = of_b ? pair.b : pair.a; token >= 0) return token;
  }
  const std::int64_t last = last_column(alignment, of_b);
  if (last < 0 || column < last) return -1;
  const TokenPair& pair = alignment.columns[static_cast<std::size_t>(last)];
  return (of_b ? pair.b : pair.a) + column - last;
}

ShownColumns shown_columns(const Snapshot& snapshot, const Alignment& alignment, bool in_b) {
  const Selection& s = snapshot.selection;
  ShownColumns shown{0, alignment.count(), column_of(alignment, s.cursor_a, in_b)};
  if (shown.cursor >= alignment.count()) shown.cursor = -1;
  if (s.first == 0 && s.last == 0) return shown;
  const std::int64_t first = column_of(alignment, s.first, in_b), last = column_of(alignment, s.last - 1, in_b);
  shown.first = std::clamp<std::int64_t>(first, 0, std::max<std::int64_t>(0, shown.last - 1));
  shown.last = last < 0 ? shown.last : std::clamp(last + 1, shown.first, shown.last);
  return shown;
}

command::SetTrials trials_at(const std::vector<EditEvent>& edits, std::int64_t token) {
  command::SetTrials trials;
  for (const EditEvent& edit : edits)
    if (edit.trials && edit.position <= token) trials = *edit.trials;
  return trials;
}

std::shared_ptr<const std::vector<Intervention>> interventions_at(const std::vector<EditEvent>& edits, std::int64_t token) {
  std::shared_ptr<const std::vector<Intervention>> interventions;
  for (const EditEvent& edit : edits)
    if (edit.interventions && edit.position <= token) interventions = edit.interventions;
  return interventions;
}

std::vector<LayerKind> layer_kinds(const std::vector<LayerInfo>& layers) {
  std::vector<LayerKind> kinds;
  for (const LayerInfo& layer : layers) {
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const LayerKind& known) { return known.name == layer.kind; });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {layer.kind, layer.title, layer.has_cache()});
    ++kind->count;
  }
  return kinds;
}

bool is_attention(const LayerInfo& layer) {
  return std::ranges::any_of(layer.points, [](const PointShape& each) { return each.point == Point::probs; });
}

std::string ModelFacts::piece(std::int32_t id) const {
  const bool known =
      id >= 0 && static_cast<std::size_t>(id) < pieces.size() && !pieces[static_cast<std::size_t>(id)].empty();
  return known ? pieces[static_cast<std::size_t>(id)] : "<" + std::to_string(id) + ">";
}

}  // namespace lab
