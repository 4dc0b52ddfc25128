#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr PaneKind kKinds[] = {
    {"tokens", {.alerts = true, .surprise = true}, draw_tokens},
    {"layers", {.alerts = true}, draw_layers},
    {"next", {.next = true}, draw_next},
    {"lens", {.lens = true}, draw_lens},
    {"state-over-time", {.slab = true}, draw_state_over_time},
    {"curves", {}, draw_curves},
    {"state-at", {.slab = true, .frame = true, .attention = true}, draw_state_at},
    {"pca", {.trajectory = true}, draw_pca},
    {"selection", {.slab = true, .frame = true}, draw_selection},
    {"transport", {.frame = true, .alerts = true, .pair = true}, draw_transport},
    {"rules", {.alerts = true}, draw_rules},
    {"alerts", {.alerts = true}, draw_alerts},
    {"alert-table", {.alerts = true}, draw_alert_table},
    {"evidence", {.alerts = true}, draw_evidence},
    {"response", {.alerts = true}, draw_response},
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
