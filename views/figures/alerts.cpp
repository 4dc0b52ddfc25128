// Alerts by layer: a row a layer, shaded by how near the rule in focus is to its limit, with a mark where any rule found something.
#include "views/figures/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/figures/rule_text.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr double kHalfRow = 0.39, kHalfMark = 0.34;
constexpr std::int64_t kSample = 512;  // numbers that the shade of a row is fitted to
constexpr double kMostLabels = 24;     // of rows

/// From what is usual, which has the ground's colour, to the limit.
ColorScale row_scale(const AlertLog& log, int rule, int layer, TokenRange range) {
  const Rule& of = (*log.rules)[static_cast<std::size_t>(rule)];
  std::vector<float> values;
  const std::int64_t step = std::max<std::int64_t>(1, range.count() / kSample);
  for (std::int64_t t = range.first; t < range.last; t += step)
    if (const float value = measured_at(log, rule, layer, t); std::isfinite(value)) values.push_back(value);
  ColorScale scale{.map = ColorMap::tint, .low = 0, .high = 1, .reversed = worse_of(of) == Worse::lower};
  if (values.empty()) return scale;
  std::sort(values.begin(), values.end());
  const double usual = values[values.size() / 2];
  double limit = limit_in(of, layer);
  if (is_never(limit)) limit = scale.reversed ? values.front() : values.back();
  scale.low = std::min(usual, limit), scale.high = std::max(usual, limit);
  const bool is_beyond_usual = scale.reversed ? usual <= limit : usual >= limit;  // most of the run is beyond the limit
  if (is_beyond_usual) scale.low = limit - std::max(1e-6, std::abs(limit)), scale.high = limit + std::max(1e-6, std::abs(limit));
  return scale;
}

HeatLayer row_of(const std::shared_ptr<const AlertLog>& log, int rule, int layer, double place, TokenRange range) {
  HeatLayer heat{.columns = log->seen - log->first, .rows = 1, .x0 = static_cast<double>(log->first) - 0.5, .y0 = place - kHalfRow,
                 .dy = 2 * kHalfRow, .scale = row_scale(*log, rule, layer, range), .owner = log};
  const RowView<float>& rows = log->measured[static_cast<std::size_t>(rule)];
  heat.columns = std::min(heat.columns, rows.count());
  heat.column = [rows, at = static_cast<std::size_t>(layer + 1)](std::int64_t i) {
    const float* value = rows[i].data() + at;
    return std::isnan(*value) ? nullptr : value;  // nothing to say is no number that is not one
  };
  return heat;
}

/// A short upright stroke an alert, broken between two.
LineLayer marks_of(const AlertLog& log, int rule, const std::vector<int>& rows, double width) {
  LineLayer marks{.ink = rule_ink((*log.rules)[static_cast<std::size_t>(rule)]), .width = width};
  const int offset = rows.front();
  for (const Alert& alert : log.alerts) {
    if (alert.rule != rule) continue;
    const double at = alert.finding.layer - offset;
    const auto low = static_cast<float>(at - kHalfMark), high = static_cast<float>(at + kHalfMark);
    marks.x.insert(marks.x.end(), 3, static_cast<double>(alert.finding.token));
    marks.y.insert(marks.y.end(), {low, high, NAN});
  }
  return marks;
}

Axis layer_axis(const std::vector<int>& rows, const FigureOptions& options) {
  const auto all = std::ssize(rows);
  const std::int64_t first = std::clamp<std::int64_t>(options.first_row, 0, all - 1);
  const std::int64_t count = options.rows > 0 ? std::min(options.rows, all - first) : all;
  Axis axis{.label = "layer", .low = static_cast<double>(first + count) - 0.5, .high = static_cast<double>(first) - 0.5, .whole_numbers = true};
  const auto step = static_cast<std::int64_t>(std::ceil(static_cast<double>(count) / kMostLabels));
  for (std::int64_t row = first; row < first + count; row += step) {
    const int layer = rows[static_cast<std::size_t>(row)];
    axis.marks.emplace_back(static_cast<double>(row), layer < 0 ? "model" : std::to_string(layer));
  }
  return axis;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& log = derived.alerts;
  if (!log || snapshot.count() == 0) return not_there(snapshot, derived, "alerts");
  const std::vector<int> rows = alert_rows(*log, static_cast<int>(snapshot.model->layers.size()));
  Plot plot{.title = "Alerts by layer", .subtitle = subtitle_of("alerts", snapshot, derived), .x = time_axis(snapshot, options), .y = layer_axis(rows, options)};
  const TokenRange range = shown_tokens(snapshot);
  if (const int focus = rule_in_focus(*log, snapshot.selection, options.rule); focus >= 0)
    for (std::size_t row = 0; row < rows.size(); ++row)
      if (static_cast<double>(row) > plot.y.high && static_cast<double>(row) < plot.y.low)
        plot.layers.emplace_back(row_of(log, focus, rows[row], static_cast<double>(row), range));
  for (int rule = 0; rule < std::ssize(*log->rules); ++rule) {
    LineLayer marks = marks_of(*log, rule, rows, options.on_screen ? 3 : 1.6);
    if (marks.x.empty()) continue;
    if (!options.on_screen) marks.name = rule_title((*log->rules)[static_cast<std::size_t>(rule)]);
    plot.layers.emplace_back(std::move(marks));
  }
  if (options.cursors && has_token(snapshot, snapshot.selection.cursor_a))
    plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(snapshot.selection.cursor_a)});
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  if (!derived.alerts) return "";
  const AlertLog& log = *derived.alerts;
  const int focus = rule_in_focus(log, snapshot.selection, -1);
  std::string text = log.alerts.size() == 1 ? "1 alert" : fmt::format("{} alerts", log.alerts.size());
  if (log.first > 0) text += fmt::format(" since t = {}", log.first);
  if (focus >= 0) text += " · shade: " + rule_title((*log.rules)[static_cast<std::size_t>(focus)]);
  return text;
}

std::string value(const FigureInput& input, int, double x, double y) {
  if (!input.derived.alerts) return "";
  const AlertLog& log = *input.derived.alerts;
  const std::vector<int> rows = alert_rows(log, static_cast<int>(input.snapshot.model->layers.size()));
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  const auto row = static_cast<std::int64_t>(std::floor(y + 0.5));
  if (!has_token(input.snapshot, token) || row < 0 || row >= std::ssize(rows)) return "";
  const int layer = rows[static_cast<std::size_t>(row)], focus = rule_in_focus(log, input.snapshot.selection, input.options.rule);
  std::string text = fmt::format("{}\tt = {}\ntoken\t{}", where_text(layer), token, token_text(input.snapshot, token));
  for (const Alert& alert : log.alerts)
    if (alert.finding.token == token && alert.finding.layer == layer) {
      const Rule& rule = (*log.rules)[static_cast<std::size_t>(alert.rule)];
      text += fmt::format("\n{}\t{}, {}", rule_title(rule), measured_text(rule, alert.finding.value), limit_text(rule));
    }
  if (focus < 0) return text;
  const Rule& rule = (*log.rules)[static_cast<std::size_t>(focus)];
  const float measured = measured_at(log, focus, layer, token);
  return text + fmt::format("\nshade: {}\t{}", rule_title(rule), std::isnan(measured) ? "nothing to say" : measured_text(rule, measured));
}

std::string csv(const FigureInput& input) {
  std::string text = "token,layer,rule,value,limit,unit,piece,text\n";
  if (!input.derived.alerts) return text;
  const AlertLog& log = *input.derived.alerts;
  const TokenRange range = shown_tokens(input.snapshot);
  for (const Alert& alert : log.alerts) {
    const Finding& found = alert.finding;
    if (found.token < range.first || found.token >= range.last) continue;
    const Rule& rule = (*log.rules)[static_cast<std::size_t>(alert.rule)];
    text += fmt::format("{},{},{},{},{},{},{},{}\n", found.token, found.layer < 0 ? "" : std::to_string(found.layer), rule.kind,
                        csv_text(static_cast<float>(found.value)), csv_text(static_cast<float>(found.limit)),
                        csv_quoted(rule.self_calibrated ? "deviations" : find_rule_kind(rule.kind)->unit),
                        csv_quoted(token_text(input.snapshot, found.token)), csv_quoted(found.text));
  }
  return text;
}

}  // namespace

std::vector<int> alert_rows(const AlertLog& log, int layers) {
  std::vector<int> rows;
  if (std::any_of(log.alerts.begin(), log.alerts.end(), [](const Alert& alert) { return alert.finding.layer < 0; })) rows.push_back(-1);
  for (int layer = 0; layer < layers; ++layer) rows.push_back(layer);
  return rows;
}

const FigureCode kAlerts = {{"alerts", "Alerts by layer", {.alerts = true}, 0.6, make}, subtitle, value, csv,
    "Where rules found something, a row for each layer. The shade is how near the rule in focus is to its limit there."};

}  // namespace lab
