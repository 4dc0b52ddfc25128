#pragma once
// Interventions: rules that hold over a window of tokens. What they may say of a model, and where in its layers they act.
#include <cstdint>
#include <utility>
#include <vector>

#include "app/core/snapshot.h"
#include "model/layer_info.h"

namespace lab {

/// Where a rule acts within one layer: elements [unit span, unit span + span) of a stage, for the chosen units, which lie in order.
struct RuleSite {
  int layer = 0;
  Point point = Point::h;
  std::int64_t units = 0, span = 1;   // of the whole stage
  std::int64_t per_head = 0;          // units of a head; 0: the stage is not grouped by heads
  std::vector<std::int64_t> chosen;

  bool is_whole() const { return static_cast<std::int64_t>(chosen.size()) == units; }
};

/// The sites of a rule in a model's layers. Refuses by field what the layers do not have.
Result<std::vector<RuleSite>> sites_of(const Intervention& rule, const std::vector<LayerInfo>& layers);

/// Refuses by field ("intervention.layers") what cannot be done to a model with such layers.
Status check(const Intervention& rule, const std::vector<LayerInfo>& layers);

/// Whether a rule that is on holds at some token of [first, last).
bool holds_in(const Intervention& rule, std::int64_t first, std::int64_t last);

/// Whether what the rule leaves in the state of a layer does not follow from what is recorded of its tokens. Such a state is kept
/// as a whole after each token.
bool goes_unrecorded(const RuleSite& site, const LayerInfo& layer);
/// The same of a rule that was checked, in a layer (-1: in any of them). One that is off does nothing.
bool goes_unrecorded(const Intervention& rule, const std::vector<LayerInfo>& layers, std::int64_t layer);

/// Whether a token of the run was read with a rule that changes how it reads a layer's state, which was not recorded either.
bool reads_unrecorded(const std::vector<EditEvent>& edits, const std::vector<LayerInfo>& layers, std::int64_t layer, std::int64_t token);

/// How many tokens from a position on may be read at once, at most `most`: one where a rule goes unrecorded.
std::int64_t tokens_alike(const std::vector<Intervention>& rules, const std::vector<LayerInfo>& layers, std::int64_t position, std::int64_t most);

/// The tokens [first, last) after which a layer's state does not follow from its recorded tokens, in order, none adjoining another.
using TokenSpans = std::vector<std::pair<std::int64_t, std::int64_t>>;
TokenSpans unrecorded_tokens(const std::vector<EditEvent>& edits, const std::vector<LayerInfo>& layers, std::int64_t layer);
bool is_within(const TokenSpans& spans, std::int64_t token);

}  // namespace lab
