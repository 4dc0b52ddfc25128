#pragma once
// Rules and what they found in words and colours, for figures and panes alike.
#include <cstdint>
#include <string>

#include "app/core/snapshot.h"
#include "views/plot/plot.h"

namespace lab {

/// "Norm jump", without its definition; the statistic of a rule of one's own.
std::string rule_title(const Rule& rule);
/// The colour of its marks.
Ink rule_ink(const Rule& rule);
/// What the number of a rule is, for an axis: "cosine", "deviations of ...".
std::string rule_axis(const Rule& rule);
/// A number of a rule with its unit: "3.28 ×", "−14.2 dev".
std::string measured_text(const Rule& rule, double value);
/// "> 1.8 ×", "< −12 dev", "any", "> 0.31 to 0.52, by layer".
std::string limit_text(const Rule& rule);
/// Where the limit is from: "calibrated on prose, 1 in 5,000", "self-calibrated, ...", "uncalibrated, document 2: ...".
std::string limit_origin(const Rule& rule);
/// The limit that holds in a layer (-1: in the model).
double limit_in(const Rule& rule, int layer);
/// Whether a limit is one that nothing is ever beyond: of a layer in which calibration saw no number.
bool is_never(double limit);
bool is_same(const Rule& a, const Rule& b);

/// "layer 12", or "the model".
std::string where_text(int layer);

/// The number a rule measured in a layer (-1: in the model) at a token; NaN where there is none.
float measured_at(const AlertLog& log, int rule, int layer, std::int64_t token);
/// The alert that the cursor stands on in the selected layer; else one of that token; else the last one before, of that layer
/// first; else the first one of all. Where several rules have found something there, that of `rule`. -1: there is none.
int chosen_alert(const AlertLog& log, const Selection& selection, int rule);
/// The rule whose numbers are shown: `rule` where there is such a one, else that of the chosen alert, else the first that is on
/// and measures more than whether numbers are finite. -1: there are no rules.
int rule_in_focus(const AlertLog& log, const Selection& selection, int rule);

}  // namespace lab
