#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr PaneKind kKinds[] = {
    {"tokens", {}, draw_tokens},
    {"layers", {}, draw_layers},
    {"next", {.next = true}, draw_next},
    {"lens", {.lens = true}, draw_lens},
    {"state-over-time", {.slab = true}, draw_state_over_time},
    {"curves", {}, draw_curves},
    {"state-at", {.slab = true, .frame = true, .attention = true}, draw_state_at},
    {"pca", {.trajectory = true}, draw_pca},
    {"selection", {.slab = true, .frame = true}, draw_selection},
    {"transport", {}, draw_transport},
    {"tensors", {}, draw_tensors},
    {"weight-map", {.weights = true}, draw_weight_map},
    {"weight-values", {.weights = true}, draw_weight_values},
};

}  // namespace

std::span<const PaneKind> pane_kinds() { return kKinds; }

const PaneKind* find_pane(const std::string& name) {
  for (const PaneKind& kind : kKinds)
    if (name == kind.name) return &kind;
  return nullptr;
}

}  // namespace lab
