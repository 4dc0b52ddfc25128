// Why there is an alert: the numbers of its rule around it against the limit, with those of the other layers behind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "views/figures/parts.h"
#include "views/figures/rule_text.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::int64_t kAround = 64;  // tokens on either side

const Alert* alert_of(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!derived.alerts) return nullptr;
  const int chosen = chosen_alert(*derived.alerts, snapshot.selection, options.rule);
  return chosen < 0 ? nullptr : &derived.alerts->alerts[static_cast<std::size_t>(chosen)];
}

const Rule& rule_of(const Derived& derived, const Alert& alert) { return (*derived.alerts->rules)[static_cast<std::size_t>(alert.rule)]; }

TokenRange around(const AlertLog& log, const Alert& alert) {
  return {std::max(log.first, alert.finding.token - kAround), std::min(log.seen, alert.finding.token + kAround + 1)};
}

LineLayer numbers_of(const AlertLog& log, const Alert& alert, int layer) {
  LineLayer line;
  const TokenRange range = around(log, alert);
  for (std::int64_t t = range.first; t < range.last; ++t) {
    const float value = measured_at(log, alert.rule, layer, t);
    line.x.push_back(static_cast<double>(t));
    line.y.push_back(std::isfinite(value) ? value : NAN);
  }
  return line;
}

/// What the alert's own layer needs with its limit, and of the others what lies within twice that.
Axis number_axis(const Rule& rule, const Finding& found, const std::vector<LineLayer>& lines) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const auto take = [&](double value) {
    if (std::isfinite(value) && !is_never(value)) low = std::min(low, value), high = std::max(high, value);
  };
  take(found.limit), take(found.value);
  for (const float value : lines.back().y) take(value);
  if (!(low <= high)) low = 0, high = 1;
  const double least = low - (high - low), most = high + (high - low);
  for (const LineLayer& line : lines)
    for (const float value : line.y)
      if (value >= least && value <= most) take(value);
  if (high <= low) high = low + std::max(1e-6, std::abs(low) * 0.1);
  const double air = 0.08 * (high - low);
  return {.label = rule_axis(rule), .low = low - air, .high = high + air};
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const Alert* alert = alert_of(snapshot, derived, options);
  if (!alert) {
    Error error = not_there(snapshot, derived, "an alert");
    if (derived.alerts && snapshot.count() > 0) error.message = "No rule has found anything.", error.next = "Read more, or change a limit.";
    return error;
  }
  const AlertLog& log = *derived.alerts;
  const Rule& rule = rule_of(derived, *alert);
  const Finding& found = alert->finding;
  std::vector<LineLayer> lines;
  for (int layer = 0; layer < static_cast<int>(snapshot.model->layers.size()) && found.layer >= 0; ++layer) {
    if (layer == found.layer) continue;
    lines.push_back(numbers_of(log, *alert, layer));
    lines.back().ink = Ink::faint, lines.back().width = 0.7;
  }
  lines.push_back(numbers_of(log, *alert, found.layer));
  lines.back().ink = Ink::run_a, lines.back().width = 1.7, lines.back().name = where_text(found.layer);
  const TokenRange range = around(log, *alert);
  Plot plot{.title = rule_title(rule), .subtitle = subtitle_of("alert-evidence", snapshot, derived)};
  plot.x = {.label = options.tokens_label, .low = static_cast<double>(range.first) - 0.5, .high = static_cast<double>(range.last) - 0.5, .whole_numbers = true};
  plot.y = number_axis(rule, found, lines);
  for (LineLayer& line : lines) plot.layers.emplace_back(std::move(line));
  if (!is_never(found.limit))
    plot.layers.emplace_back(RuleLayer{.vertical = false, .at = found.limit, .ink = Ink::warning, .dashed = true,
                                       .label = "limit " + measured_text(rule, found.limit)});
  const auto token = static_cast<double>(found.token);
  plot.layers.emplace_back(RuleLayer{.at = token, .label = fmt::format("alert, {}", found.token)});
  if (std::isfinite(found.value)) plot.layers.emplace_back(MarkLayer{.at = {token, found.value}, .ink = Ink::run_a, .radius = 3});
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const Alert* alert = alert_of(snapshot, derived, {});
  return alert ? fmt::format("{}, t = {}", where_text(alert->finding.layer), alert->finding.token) : "";
}

std::string value(const FigureInput& input, int, double x, double) {
  const Alert* alert = alert_of(input.snapshot, input.derived, input.options);
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (!alert || !has_token(input.snapshot, token)) return "";
  const Rule& rule = rule_of(input.derived, *alert);
  const float measured = measured_at(*input.derived.alerts, alert->rule, alert->finding.layer, token);
  return fmt::format("{}\t{}\nlimit\t{}\ntoken {}\t{}", rule_title(rule), std::isnan(measured) ? "nothing to say" : measured_text(rule, measured),
                     measured_text(rule, alert->finding.limit), token, token_text(input.snapshot, token));
}

std::string csv(const FigureInput& input) {
  std::string text = "token,layer,rule,value\n";
  const Alert* alert = alert_of(input.snapshot, input.derived, input.options);
  if (!alert) return text;
  const AlertLog& log = *input.derived.alerts;
  const TokenRange range = around(log, *alert);
  for (int layer = 0; layer < static_cast<int>(input.snapshot.model->layers.size()); ++layer)
    for (std::int64_t t = range.first; t < range.last; ++t)
      text += fmt::format("{},{},{},{}\n", t, layer, rule_of(input.derived, *alert).kind, csv_text(measured_at(log, alert->rule, layer, t)));
  return text;
}

}  // namespace

const FigureCode kAlertEvidence = {{"alert-evidence", "Evidence of an alert", {.alerts = true}, 0.45, make}, subtitle, value, csv,
    "The number that the rule of one alert measures, within 64 tokens of it, against the limit; the other layers behind."};

}  // namespace lab
