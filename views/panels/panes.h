#pragma once
// The panes, one a file; the registry names them.
#include "views/panels/kit/widgets.h"
#include "views/panels/pane.h"

namespace lab {

void draw_tokens(Ui& ui, Box box, PaneContext& context);
void draw_layers(Ui& ui, Box box, PaneContext& context);
void draw_next(Ui& ui, Box box, PaneContext& context);
void draw_lens(Ui& ui, Box box, PaneContext& context);
void draw_state_over_time(Ui& ui, Box box, PaneContext& context);
void draw_curves(Ui& ui, Box box, PaneContext& context);
void draw_state_at(Ui& ui, Box box, PaneContext& context);
/// The body of "State at t" where a layer of attention shows what it attends to.
void draw_attention(Ui& ui, Box box, PaneContext& context, PaneHeader& header);
void draw_attention_pane(Ui& ui, Box box, PaneContext& context);
void draw_pca(Ui& ui, Box box, PaneContext& context);
void draw_selection(Ui& ui, Box box, PaneContext& context);
void draw_who_wrote(Ui& ui, Box box, PaneContext& context);
void draw_half_life_map(Ui& ui, Box box, PaneContext& context);
void draw_half_lives(Ui& ui, Box box, PaneContext& context);
void draw_hidden_attention(Ui& ui, Box box, PaneContext& context);
void draw_run_tree(Ui& ui, Box box, PaneContext& context);
void draw_state_lanes(Ui& ui, Box box, PaneContext& context);
void draw_tensors(Ui& ui, Box box, PaneContext& context);
void draw_weight_map(Ui& ui, Box box, PaneContext& context);
void draw_weight_values(Ui& ui, Box box, PaneContext& context);
void draw_rules(Ui& ui, Box box, PaneContext& context);
void draw_alerts(Ui& ui, Box box, PaneContext& context);
void draw_alert_table(Ui& ui, Box box, PaneContext& context);
void draw_evidence(Ui& ui, Box box, PaneContext& context);
void draw_response(Ui& ui, Box box, PaneContext& context);
void draw_compare_bar(Ui& ui, Box box, PaneContext& context);
void draw_compare_tokens(Ui& ui, Box box, PaneContext& context);
void draw_compare_a(Ui& ui, Box box, PaneContext& context);
void draw_compare_b(Ui& ui, Box box, PaneContext& context);
void draw_compare_difference(Ui& ui, Box box, PaneContext& context);
void draw_compare_norms(Ui& ui, Box box, PaneContext& context);
void draw_compare_next(Ui& ui, Box box, PaneContext& context);
void draw_compare_pca(Ui& ui, Box box, PaneContext& context);
void draw_compare_layers(Ui& ui, Box box, PaneContext& context);
void draw_compare_differences(Ui& ui, Box box, PaneContext& context);
void draw_compare_time(Ui& ui, Box box, PaneContext& context);
void draw_interventions(Ui& ui, Box box, PaneContext& context);
void draw_discretisation(Ui& ui, Box box, PaneContext& context);
void draw_transport(Ui& ui, Box box, PaneContext& context);

}  // namespace lab
