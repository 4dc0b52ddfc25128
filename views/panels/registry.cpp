#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/strip.h"
#include "views/panels/who_wrote.h"

namespace lab {
namespace {

constexpr PaneKind kKinds[] = {
    {"tokens", {.alerts = true, .surprise = true}, draw_tokens},
    {"layers", {.alerts = true}, draw_layers, nullptr, "Layers"},
    {"next", {.next = true}, draw_next, nullptr, "Next token"},
    {"lens", {.lens = true}, draw_lens, nullptr, "Logit lens"},
    {"state-over-time", {.slab = true}, draw_state_over_time, nullptr, "State over time"},
    {"curves", {}, draw_curves, nullptr, "Curves"},
    {"state-at", {.slab = true, .frame = true, .attention = true}, draw_state_at, nullptr, "State at t"},
    {"attention", {.attention = true}, draw_attention_pane, nullptr, "Attention"},
    {"pca", {.trajectory = true}, draw_pca, nullptr, "PCA"},
    {"selection", {.slab = true, .frame = true, .mixer = true, .content = StatePart::cell}, draw_selection, nullptr, "Selection"},
    {"transport", {.frame = true, .alerts = true, .pair = true}, draw_transport},
    {"rules", {.alerts = true}, draw_rules},
    {"alerts", {.alerts = true}, draw_alerts, "alerts", "Alerts by layer"},
    {"alert-table", {.alerts = true}, draw_alert_table, "alerts", "Table of alerts"},
    {"evidence", {.alerts = true}, draw_evidence, "alert-evidence", "Evidence of an alert"},
    {"response", {.alerts = true}, draw_response, "alert-limits", "Limits of an alert"},
    {"compare-bar", {.comparison = ComparisonQuery{}}, draw_compare_bar},
    {"compare-tokens", {.comparison = ComparisonQuery{}}, draw_compare_tokens},
    {"compare-a", {.comparison = ComparisonQuery{.slab = true}}, draw_compare_a},
    {"compare-b", {.comparison = ComparisonQuery{.slab = true}}, draw_compare_b},
    {"compare-difference", {.comparison = ComparisonQuery{.slab = true}}, draw_compare_difference},
    {"compare-norms", {.comparison = ComparisonQuery{}}, draw_compare_norms},
    {"compare-next", {.comparison = ComparisonQuery{}, .compared_next = true}, draw_compare_next},
    {"compare-pca", {.comparison = ComparisonQuery{.trajectories = true}}, draw_compare_pca},
    {"compare-layers", {.comparison = ComparisonQuery{}}, draw_compare_layers},
    {"compare-differences", {.comparison = ComparisonQuery{}}, draw_compare_differences},
    {"compare-time", {.comparison = ComparisonQuery{}}, draw_compare_time},
    {"tensors", {}, draw_tensors},
    {"weight-map", {.weights = true}, draw_weight_map},
    {"weight-values", {.weights = true}, draw_weight_values},
    {"interventions", {}, draw_interventions, nullptr, "Edits and interventions"},
    {"discretisation", {.discretisation = true}, draw_discretisation, "discretisation", "Discretisation"},
    {"who-wrote", {.content = StatePart::cell}, draw_who_wrote, nullptr, "Who wrote this"},
    {"half-life", {.reach = true}, draw_half_lives, nullptr, "Half-life"},
    {"half-life-map", {.half_lives = true}, draw_half_life_map, nullptr, "Half-lives of all layers"},
    {"hidden-attention", {.hidden = true}, draw_hidden_attention, nullptr, "Hidden attention"},
    {"run-tree", {.tree = true}, draw_run_tree, nullptr, "Run tree"},
    {"lanes", {}, draw_state_lanes, nullptr, "Lanes"},
};

}  // namespace

FigureOptions shown_options(const std::string& kind, const PaneMemory& memory) {
  const auto of = [&](const std::string& name) {
    const auto found = memory.options.find(name);
    return found == memory.options.end() ? FigureOptions() : found->second;
  };
  FigureOptions options = of(kind == "compare-multiples" ? "compare-heatmap" : kind);
  options.watched = memory.watched;
  if (kind != "state-at") return options;
  const FigureOptions over_time = of("state-heatmap");  // the same colours and order
  options.map = over_time.map, options.order = over_time.order;
  options.scaling = over_time.z_score ? Scaling::symlog : over_time.scaling;
  return options;
}

void complete(Query& query, const PaneMemory& memory) {
  if (const auto over_time = memory.options.find("state-heatmap"); over_time != memory.options.end()) {
    query.rows_axis = over_time->second.rows_axis;
    query.similarity = over_time->second.order == RowOrder::similarity;
  }
  query.channel = query.slab && memory.curves == CurveSet::channel;
  query.expected = query.slab && memory.curves == CurveSet::expected;
  query.watched = memory.watched;
  if (const auto bench = memory.options.find("discretisation"); query.discretisation && bench != memory.options.end()) query.step_bounds = bench->second.step_bounds;
  if (query.content != StatePart::none) query.content = written_part(memory);
  query.reach = query.reach || memory.show_reach;
  query.hidden = query.hidden || needs_hidden_attention(memory);
}

void draw_pane(const PaneKind& kind, Ui& ui, Box box, PaneContext& context) {
  kind.draw(ui, box, context);
  if (kind.figure && context.snapshot.model) pane_menu(ui, box, context, {.kind = kind.figure});
}

std::span<const PaneKind> pane_kinds() { return kKinds; }

const PaneKind* find_pane(const std::string& name) {
  for (const PaneKind& kind : kKinds)
    if (name == kind.name) return &kind;
  return nullptr;
}

}  // namespace lab
