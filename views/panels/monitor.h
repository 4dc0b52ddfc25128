#pragma once
// What the panes of the Monitor share.
#include <cstdint>
#include <vector>

#include "views/figures/rule_text.h"
#include "views/panels/kept.h"
#include "views/panels/kit/widgets.h"

namespace lab {

Color rule_color(const Ui& ui, const Rule& rule);

/// What was found, or null with a note in the box: before a model, a token, or the first look. `next` says what will be here.
const AlertLog* alerts_or_note(Ui& ui, Box box, PaneContext& context, const char* next);

const Rule& rule_of(const AlertLog& log, const Alert& alert);
/// The alert that all panes are about, or null.
const Alert* alert_in_focus(const PaneContext& context);
/// Moves cursor A and the selection to an alert, which has been seen then.
void go_to(PaneContext& context, const Alert& alert);
bool was_seen(PaneContext& context, const Alert& alert);
/// Whether it was found by the rules of the snapshot: after a change the findings lag behind.
bool is_current(const AlertLog& log, const Snapshot& snapshot);
/// Alerts by rule.
std::vector<std::int64_t> alert_counts(const AlertLog& log);
void set_rule(PaneContext& context, std::int64_t index, Rule rule);

/// "Mark", "Pause and mark": what a rule does when it finds something, in the order of the choices.
struct RuleDeed {
  const char* name;
  const char* label;
};
inline constexpr RuleDeed kDeeds[] = {{"mark", "Mark"},
                                      {"pause", "Pause and mark"},
                                      {"dump", "Write the state"},
                                      {"reset", "Reset the state"},
                                      {"roll_back", "Roll back"}};
inline constexpr const char* kDeedLabels[] = {kDeeds[0].label, kDeeds[1].label, kDeeds[2].label, kDeeds[3].label, kDeeds[4].label};
int deed_of(const Rule& rule);

/// The editor of the rule kept.monitor.edited; opened as the popup "rule".
void draw_rule_editor(Ui& ui, Box anchor, PaneContext& context);
/// Limits from what was measured; opened as the popup "calibrate".
void draw_calibration(Ui& ui, Box anchor, PaneContext& context);

}  // namespace lab
