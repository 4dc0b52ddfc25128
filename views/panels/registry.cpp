#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr PaneKind kKinds[] = {
    {"tokens", {.alerts = true}, draw_tokens},
    {"layers", {.alerts = true}, draw_layers, "Layers"},
    {"next", {.next = true}, draw_next, "Next token"},
    {"lens", {.lens = true}, draw_lens, "Logit lens"},
    {"state-over-time", {.slab = true}, draw_state_over_time, "State over time"},
    {"curves", {}, draw_curves, "Curves"},
    {"state-at", {.slab = true, .frame = true, .attention = true}, draw_state_at, "State at t"},
    {"attention", {.attention = true}, draw_attention_pane, "Attention"},
    {"pca", {.trajectory = true}, draw_pca, "PCA"},
    {"selection", {.slab = true, .frame = true}, draw_selection, "Selection"},
    {"transport", {.alerts = true}, draw_transport},
    {"rules", {.alerts = true}, draw_rules},
    {"alerts", {.alerts = true}, draw_alerts, "Alerts by layer"},
    {"alert-table", {.alerts = true}, draw_alert_table, "Table of alerts"},
    {"evidence", {.alerts = true}, draw_evidence, "Evidence of an alert"},
    {"response", {.alerts = true}, draw_response, "Limits of an alert"},
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
