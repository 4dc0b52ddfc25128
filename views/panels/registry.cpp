#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr PaneKind kKinds[] = {
    {"tokens", {.alerts = true}, draw_tokens},
    {"layers", {.alerts = true}, draw_layers},
    {"next", {.next = true}, draw_next},
    {"lens", {.lens = true}, draw_lens},
    {"state-over-time", {.slab = true}, draw_state_over_time},
    {"curves", {}, draw_curves},
    {"state-at", {.slab = true, .frame = true, .attention = true}, draw_state_at},
    {"pca", {.trajectory = true}, draw_pca},
    {"selection", {.slab = true, .frame = true, .mixer = true}, draw_selection},
    {"transport", {.alerts = true}, draw_transport},
    {"rules", {.alerts = true}, draw_rules},
    {"alerts", {.alerts = true}, draw_alerts, "alerts"},
    {"alert-table", {.alerts = true}, draw_alert_table, "alerts"},
    {"evidence", {.alerts = true}, draw_evidence, "alert-evidence"},
    {"response", {.alerts = true}, draw_response, "alert-limits"},
    {"tensors", {}, draw_tensors},
    {"weight-map", {.weights = true}, draw_weight_map},
    {"weight-values", {.weights = true}, draw_weight_values},
};

}  // namespace

FigureOptions shown_options(const std::string& kind, const PaneMemory& memory) {
  const auto of = [&](const std::string& name) {
    const auto found = memory.options.find(name);
    return found == memory.options.end() ? FigureOptions() : found->second;
  };
  FigureOptions options = of(kind);
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
