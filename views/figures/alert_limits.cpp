// Whether the limit of a rule is right: the share of what it measured that each limit would call too much.
#include "views/figures/alert_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/figures/rule_text.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kMost = 1 << 16;  // numbers that are looked at: an even sample of them
constexpr int kPoints = 200;

/// Finite numbers of a rule over the tokens shown, in order; layer -2: of all layers.
std::vector<float> numbers(const AlertLog& log, int rule, int layer, TokenRange range) {
  std::vector<float> out;
  const RowView<float>& rows = log.measured[static_cast<std::size_t>(rule)];
  const auto wide = layer == kAllLayers ? static_cast<std::size_t>(rows.width()) : 1;
  const auto step = static_cast<std::int64_t>(static_cast<std::size_t>(std::max<std::int64_t>(0, range.count())) * wide / kMost) + 1;
  for (std::int64_t t = range.first; t < range.last; t += step)
    for (int each = layer == kAllLayers ? -1 : layer; each < (layer == kAllLayers ? static_cast<int>(wide) - 1 : layer + 1); ++each)
      if (const float value = measured_at(log, rule, each, t); std::isfinite(value)) out.push_back(value);
  std::sort(out.begin(), out.end());
  return out;
}

double share_of(const std::vector<float>& sorted, double limit, Worse worse) {
  if (sorted.empty()) return NAN;
  const auto at = worse == Worse::higher ? std::upper_bound(sorted.begin(), sorted.end(), limit) : std::lower_bound(sorted.begin(), sorted.end(), limit);
  const auto beyond = worse == Worse::higher ? sorted.end() - at : at - sorted.begin();
  return static_cast<double>(beyond) / static_cast<double>(sorted.size());
}

/// What is looked at: the rule in focus in the layer of its alert, or in the selected one.
struct Looked {
  int rule = -1, layer = 0;
};
Looked looked_at(const Snapshot& snapshot, const AlertLog& log, const FigureOptions& options) {
  const int chosen = chosen_alert(log, snapshot.selection, options.rule);
  const Looked found{rule_in_focus(log, snapshot.selection, options.rule), static_cast<int>(snapshot.selection.layer)};
  if (chosen < 0) return found;
  const Alert& alert = log.alerts[static_cast<std::size_t>(chosen)];
  return {found.rule, alert.rule == found.rule ? alert.finding.layer : found.layer};
}

Error nothing_measured(const Rule& rule) {
  return {.code = Code::missing, .field = "numbers", .expected = "numbers of the rule", .found = "none",
          .message = rule.on ? "The rule has measured nothing yet." : "The rule is off: it measures nothing.",
          .next = rule.on ? "Read more tokens." : "Switch it on."};
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!derived.alerts || derived.alerts->rules->empty() || snapshot.count() == 0) return not_there(snapshot, derived, "alerts");
  const AlertLog& log = *derived.alerts;
  const Looked of = looked_at(snapshot, log, options);
  const Rule& rule = (*log.rules)[static_cast<std::size_t>(of.rule)];
  const TokenRange range = shown_tokens(snapshot);
  const auto own = numbers(log, of.rule, of.layer, range), all = numbers(log, of.rule, kAllLayers, range);
  if (all.empty()) return nothing_measured(rule);
  const double limit = limit_in(rule, of.layer);
  double low = all.front(), high = all.back();
  if (!is_never(limit)) low = std::min(low, limit), high = std::max(high, limit);
  if (high <= low) high = low + std::max(1e-6, std::abs(low) * 0.1);
  const double air = 0.04 * (high - low);
  low -= air, high += air;
  LineLayer mine{.ink = Ink::run_a, .width = 1.5, .name = where_text(of.layer)}, others{.ink = Ink::run_b, .dashed = true, .name = "all layers"};
  for (int i = 0; i <= kPoints; ++i) {
    const double at = low + (high - low) * i / kPoints;
    for (LineLayer* line : {&mine, &others}) line->x.push_back(at);
    mine.y.push_back(static_cast<float>(share_of(own, at, worse_of(rule))));
    others.y.push_back(static_cast<float>(share_of(all, at, worse_of(rule))));
  }
  Plot plot{.title = "Is the limit right?", .subtitle = subtitle_of("alert-limits", snapshot, derived)};
  plot.x = {.label = "limit, " + rule_axis(rule), .low = low, .high = high};
  plot.y = {.label = "share beyond", .low = -0.03, .high = 1.03, .marks = {{0, "0 %"}, {0.5, "50 %"}, {1, "100 %"}}};
  plot.layers.emplace_back(std::move(others));
  if (!own.empty()) plot.layers.emplace_back(std::move(mine));
  if (!is_never(limit)) plot.layers.emplace_back(RuleLayer{.at = limit, .label = "limit " + measured_text(rule, limit)});
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  if (!derived.alerts || derived.alerts->rules->empty()) return "";
  const Looked of = looked_at(snapshot, *derived.alerts, {});
  return rule_title((*derived.alerts->rules)[static_cast<std::size_t>(of.rule)]) + ", share of the tokens shown that lies beyond";
}

std::string value(const FigureInput& input, int, double x, double) {
  if (!input.derived.alerts || input.derived.alerts->rules->empty()) return "";
  const LimitShares found = limit_shares(input.snapshot, *input.derived.alerts, input.options, x);
  const Rule& rule = (*input.derived.alerts->rules)[static_cast<std::size_t>(found.rule)];
  return fmt::format("limit\t{}\n{}\t{}\nall layers\t{}", measured_text(rule, x), where_text(found.layer), percent_text(found.own), percent_text(found.all));
}

std::string csv(const FigureInput& input) {
  std::string text = "limit,layer,share_beyond\n";
  const auto figure = make(input.snapshot, input.derived, input.options);
  if (!figure) return text;
  for (const Layer& layer : figure->plots[0].layers)
    if (const auto* line = std::get_if<LineLayer>(&layer))
      for (std::size_t i = 0; i < line->x.size(); ++i)
        text += fmt::format("{},{},{}\n", csv_text(static_cast<float>(line->x[i])), line->name, csv_text(line->y[i]));
  return text;
}

}  // namespace

LimitShares limit_shares(const Snapshot& snapshot, const AlertLog& log, const FigureOptions& options, double limit) {
  const Looked of = looked_at(snapshot, log, options);
  LimitShares found{.rule = of.rule, .layer = of.layer};
  if (of.rule < 0) return found;
  const Rule& rule = (*log.rules)[static_cast<std::size_t>(of.rule)];
  const TokenRange range = shown_tokens(snapshot);
  found.limit = std::isnan(limit) ? limit_in(rule, of.layer) : limit;
  found.own = share_of(numbers(log, of.rule, of.layer, range), found.limit, worse_of(rule));
  found.all = share_of(numbers(log, of.rule, kAllLayers, range), found.limit, worse_of(rule));
  return found;
}

const FigureCode kAlertLimits = {{"alert-limits", "Is the limit right?", {.alerts = true}, 0.5, make}, subtitle, value, csv,
    "For every limit, the share of the tokens shown at which the rule's number would lie beyond it."};

}  // namespace lab
