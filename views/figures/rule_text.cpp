#include "views/figures/rule_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>

#include "views/plot/layout.h"

namespace lab {
namespace {

const RuleKind& kind_of(const Rule& rule) { return *find_rule_kind(rule.kind); }

struct KindLook {
  std::string_view kind;
  Ink ink;
  std::string_view title = "";  // where that of the kind is too long for a card
};
constexpr KindLook kLooks[] = {{"non-finite", Ink::bad},
                               {"norm-jump", Ink::run_b},
                               {"norm-low", Ink::cancels},
                               {"norm-high", Ink::adds},
                               {"context-shift", Ink::run_a},
                               {"successive-cosine", Ink::run_b},
                               {"drift", Ink::run_d},
                               {"turn", Ink::run_d},
                               {"drift-document-2", Ink::run_d, "Drift, document 2"},
                               {"explosion", Ink::adds},
                               {"norm-ceiling", Ink::adds},
                               {"closed-gates", Ink::run_c},
                               {"saturated-decay", Ink::run_c},
                               {"dead-channels", Ink::dim},
                               {"stuck-token", Ink::cancels},
                               {"non-varying", Ink::dim, "States do not vary"},
                               {"over-selectivity", Ink::run_c}};

/// How a kind is shown; a rule of one's own, and a kind without a look, in the colour of text.
KindLook look_of(const Rule& rule) {
  const auto found = std::find_if(std::begin(kLooks), std::end(kLooks), [&](const KindLook& each) { return rule.kind == each.kind; });
  return found == std::end(kLooks) ? KindLook{"", Ink::text} : *found;
}

std::string unit_of(const Rule& rule) { return rule.self_calibrated ? "dev" : kind_of(rule).unit; }

/// The number alone. A share is a percentage.
std::string number_of(const Rule& rule, double value) {
  const std::string unit = unit_of(rule);
  if (is_never(value)) return "never";
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  if (unit == "share") value *= 100;
  const int decimals = unit == "×" ? 2 : unit == "cos" ? 3 : unit == "dev" || unit == "share" ? 1 : -1;
  if (decimals < 0 || std::abs(value) >= 1e4) return number_text(value, std::abs(value) < 1 ? 3 : 4);
  std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  return value < 0 ? "−" + text : text;
}

std::string with_unit(const Rule& rule, const std::string& number) {
  const std::string unit = unit_of(rule);
  if (unit.empty() || unit == "cos" || unit == "1 - cos" || unit == "values") return number;
  return number + " " + (unit == "share" ? "%" : unit);
}

}  // namespace

std::string rule_title(const Rule& rule) {
  if (rule.kind == "track") return rule.statistic;
  if (const auto look = look_of(rule); !look.title.empty()) return std::string(look.title);
  const std::string title = kind_of(rule).title;
  return title.substr(0, title.find(':'));
}

Ink rule_ink(const Rule& rule) { return look_of(rule).ink; }

std::string rule_axis(const Rule& rule) {
  if (rule.self_calibrated) return "robust deviations";
  const std::string unit = kind_of(rule).unit;
  if (unit == "cos") return "cosine";
  if (unit == "×") return "ratio";
  return unit.empty() ? rule.kind == "track" ? rule.statistic : "value" : unit;
}

std::string measured_text(const Rule& rule, double value) {
  const std::string unit = unit_of(rule), number = number_of(rule, value);
  if (unit == "% a token") return number + " %";
  return unit == "ln a chunk" || unit == "PI / H" ? number : with_unit(rule, number);
}

std::string limit_text(const Rule& rule) {
  if (rule.kind == "non-finite" && rule.limit == 0) return "any";
  const std::string sign = worse_of(rule) == Worse::higher ? "> " : "< ", cos = unit_of(rule) == "cos" ? "cos " : "";
  std::vector<double> limits = rule.layer_limits;
  std::erase_if(limits, is_never);
  if (limits.empty()) return cos + sign + with_unit(rule, number_of(rule, rule.limit));
  const auto [low, high] = std::minmax_element(limits.begin(), limits.end());
  if (*low == *high) return cos + sign + with_unit(rule, number_of(rule, *low));
  return cos + sign + with_unit(rule, number_of(rule, *low) + " to " + number_of(rule, *high));
}

std::string limit_origin(const Rule& rule) {
  if (rule.origin.starts_with("calibrated")) return rule.origin;
  const std::string source = rule.origin == "yours" ? "a number of yours" : rule.origin == "document 2" ? rule.origin : find_rule_kind(rule.kind)->source;
  if (rule.kind == "non-finite") return source;  // nothing to be calibrated
  return (rule.self_calibrated ? "self-calibrated, " : "uncalibrated, ") + source;
}

double limit_in(const Rule& rule, int layer) {
  const auto index = static_cast<std::size_t>(layer);
  return layer < 0 || index >= rule.layer_limits.size() ? rule.limit : rule.layer_limits[index];
}

bool is_never(double limit) { return std::abs(limit) >= std::numeric_limits<double>::max(); }

bool is_same(const Rule& a, const Rule& b) {
  return std::apply([&](const auto&... field) { return ((a.*(field.member) == b.*(field.member)) && ...); }, fields_of<Rule>());
}

std::string where_text(int layer) { return layer < 0 ? "the model" : fmt::format("layer {}", layer); }

float measured_at(const AlertLog& log, int rule, int layer, std::int64_t token) {
  const auto index = static_cast<std::size_t>(rule);
  if (rule < 0 || index >= log.measured.size()) return NAN;
  const RowView<float>& rows = log.measured[index];
  const std::int64_t row = token - log.first;
  return row < 0 || row >= rows.count() || layer + 1 >= rows.width() ? NAN : rows[row][static_cast<std::size_t>(layer + 1)];
}

int chosen_alert(const AlertLog& log, const Selection& selection, int rule) {
  const auto end = std::upper_bound(log.alerts.begin(), log.alerts.end(), selection.cursor_a,
                                    [](std::int64_t token, const Alert& alert) { return token < alert.finding.token; });
  int best = log.alerts.empty() ? -1 : 0;
  std::tuple<bool, bool, bool> best_score;
  for (auto at = end; at != log.alerts.begin();) {
    --at;
    const bool is_here = at->finding.token == selection.cursor_a, is_layer = at->finding.layer == selection.layer;
    const std::tuple score{is_here, is_layer, is_here && at->rule == rule};
    if (!is_here && std::get<0>(best_score)) break;  // nothing earlier is better
    if (at + 1 != end && score <= best_score) continue;
    best_score = score;
    best = static_cast<int>(at - log.alerts.begin());
    if (!is_here && is_layer) break;
  }
  return best;
}

int rule_in_focus(const AlertLog& log, const Selection& selection, int rule) {
  const auto& rules = *log.rules;
  if (rule >= 0 && rule < std::ssize(rules)) return rule;
  if (const int alert = chosen_alert(log, selection, rule); alert >= 0) return log.alerts[static_cast<std::size_t>(alert)].rule;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (rules[i].on && rules[i].kind != "non-finite") return static_cast<int>(i);
  return rules.empty() ? -1 : 0;
}

}  // namespace lab
