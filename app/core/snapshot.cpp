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
