#include "views/panels/edit_target.h"

#include <fmt/format.h>

#include "views/figures/parts.h"

namespace lab {

std::optional<std::string> slice_of_part(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  if (!layer || layer->has_cache()) return {};
  const Selection& s = snapshot.selection;
  const bool in_heads = layer->heads > 0 && layer->head_dim > 0;
  const std::string channel = in_heads ? fmt::format("{}, {}", s.channel / layer->head_dim, s.channel % layer->head_dim) : std::to_string(s.channel);
  switch (part) {
    case StatePart::layer: return "";
    case StatePart::head: return in_heads ? std::optional(std::to_string(s.channel / layer->head_dim)) : std::nullopt;
    case StatePart::cell: return layer->columns.empty() ? std::optional(channel + ", " + std::to_string(s.state)) : std::nullopt;
    case StatePart::channel:
    case StatePart::read_out: return channel;
    default: return {};
  }
}

std::string part_words(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  const Selection& s = snapshot.selection;
  switch (part) {
    case StatePart::cell: return "cell " + cell_text(snapshot, s.channel, s.state);
    case StatePart::head: return fmt::format("head {}", layer && layer->head_dim > 0 ? s.channel / layer->head_dim : 0);
    case StatePart::layer: return fmt::format("layer {}", s.layer);
    case StatePart::none: return "all layers";
    default: return channel_text(snapshot, s.channel);
  }
}

std::int64_t part_size(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  const std::int64_t states = snapshot.model ? snapshot.model->state_size : 0;
  if (!layer || layer->has_cache() || !layer->columns.empty()) return 0;
  switch (part) {
    case StatePart::cell: return 1;
    case StatePart::head: return layer->head_dim * states;
    case StatePart::layer: return (layer->heads > 0 ? layer->heads * layer->head_dim : snapshot.model->inner) * states;
    case StatePart::none: return 0;
    default: return states;
  }
}

}  // namespace lab
