// Limits from what the rules measured in the tokens shown, taken as a run in which nothing happens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tracer/detect/calibrate.h"
#include "views/figures/parts.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"

namespace lab {
namespace {

constexpr float kWidth = 560, kRow = 24;
constexpr double kSure = 14;  // alarms after which a limit is known to 27 %

/// What a rule measured in the tokens shown, by layer, the model first.
std::vector<MeasuredRuns> measured_in(const AlertLog& log, std::size_t rule, TokenRange range) {
  const RowView<float>& rows = log.measured[rule];
  std::vector<MeasuredRuns> measured(static_cast<std::size_t>(rows.width()), MeasuredRuns(1));
  for (std::int64_t t = std::max(range.first, log.first); t < std::min(range.last, log.first + rows.count()); ++t)
    for (std::size_t i = 0; i < measured.size(); ++i) measured[i][0].push_back(rows[t - log.first][i]);
  return measured;
}

bool has_numbers(const std::vector<MeasuredRuns>& measured) {
  return std::ranges::any_of(measured, [](const MeasuredRuns& runs) { return std::ranges::any_of(runs[0], [](float v) { return !std::isnan(v); }); });
}

/// Whether a rule has a limit that a quiet run can tell: not where any number at all is too many.
bool can_be(const Rule& rule) { return rule.on && rule.kind != "non-finite"; }

/// All rules as calibration would have them; those that cannot be stay as they are.
const std::vector<Rule>& calibrated(PaneContext& context, const AlertLog& log, TokenRange range) {
  KeptMonitor& kept = kept_of(context).monitor;
  const double every = context.memory.calibrate_every;
  std::string key = fmt::format("{} {} {} {} {} {}", static_cast<const void*>(log.rules.get()), log.first, log.seen, range.first, range.last, every);
  if (kept.calibrated_key == key) return kept.calibrated;
  kept.calibrated_key = std::move(key);
  kept.calibrated_from = log.rules;
  kept.calibrated = *log.rules;
  const std::string name = fmt::format("{} t {}–{}", context.snapshot.model->name, std::max(range.first, log.first), std::min(range.last, log.seen) - 1);
  for (std::size_t i = 0; i < kept.calibrated.size(); ++i) {
    if (!can_be(kept.calibrated[i])) continue;
    if (const auto measured = measured_in(log, i, range); has_numbers(measured)) kept.calibrated[i] = with_limits(kept.calibrated[i], measured, every, name);
  }
  return kept.calibrated;
}

struct Columns {
  Box title, now, arrow, next, set;
};
Columns columns_of(Box row) {
  Columns at;
  at.set = row.cut_right(52);
  row.cut_right(8);
  at.title = row.cut_left(136);
  at.now = row.cut_left((row.w - 24) * 0.42f);
  at.arrow = row.cut_left(24);
  at.next = row;
  return at;
}

/// Returns whether the rule shall take its new limits.
bool draw_row(Ui& ui, Box row, const Rule& now, const Rule& next, std::size_t index) {
  const Theme& theme = ui.theme();
  const Columns at = columns_of(row);
  const bool is_there = !is_same(now, next);
  ui.text_in(at.title, Face::control, is_there ? theme.text : theme.dim, rule_title(now));
  ui.text_in(at.now, Face::dense, theme.dim, limit_text(now));
  ui.text_in(at.arrow, Face::control, theme.dim, "→", Align::center);
  ui.text_in(at.next, Face::dense, is_there ? theme.text : theme.dim, is_there ? limit_text(next) : "nothing was measured");
  return button(ui, fmt::format("Set##set {}", index).c_str(), at.set.row(20), {.enabled = is_there});
}

}  // namespace

void draw_calibration(Ui& ui, Box anchor, PaneContext& context) {
  if (!ImGui::IsPopupOpen("calibrate")) return;
  const AlertLog* log = context.derived.alerts.get();
  const auto& rules = *context.snapshot.rules;
  const TokenRange range = shown_tokens(context.snapshot);
  const std::int64_t tokens = log ? std::max<std::int64_t>(0, std::min(range.last, log->seen) - std::max(range.first, log->first)) : 0;
  const bool ready = log && is_current(*log, context.snapshot) && tokens > 0;
  const auto rows = std::ranges::count_if(rules, can_be);
  Box page;
  if (!begin_popover(ui, "calibrate", anchor, kWidth, 176 + kRow * static_cast<float>(ready ? rows : 1), page)) return;
  const Theme& theme = ui.theme();
  ui.text_in(page.cut_top(24), Face::title, theme.text, "Calibrate on the tokens shown");
  const std::string about = tokens > 0 ? fmt::format("The {} tokens on the time axis are taken as a run in which nothing happens.", tokens)
                                       : "There is nothing to learn from yet: read some tokens first.";
  ui.text_in(page.cut_top(20), Face::control, theme.dim, about);
  page.cut_top(4);
  Box target = page.cut_top(kControlHeight);
  constexpr const char* kWish = "A rule shall be wrong, over all layers, once in";
  ui.text_in(target.cut_left(ui.width(Face::control, kWish) + 8), Face::control, theme.text, kWish);
  number_field(ui, "every", target.cut_left(88), context.memory.calibrate_every, 1, 1e9, "%.0f");
  target.cut_left(8);
  ui.text_in(target, Face::control, theme.text, "tokens.");
  page.cut_top(8);
  Box buttons = page.cut_bottom(kControlHeight);
  if (!ready) {
    end_popover();
    return;
  }
  const std::vector<Rule>& next = calibrated(context, *log, range);
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (can_be(rules[i]) && draw_row(ui, page.cut_top(kRow), rules[i], next[i], i)) asked.push_back(i);
  page.cut_top(6);
  const double wanted = kSure * context.memory.calibrate_every;
  if (static_cast<double>(tokens) < wanted)
    ui.paragraph(page, Face::tick, theme.warning,
                 fmt::format("These are few: a limit is known to 27 % after {} tokens. With less it is about the most extreme number seen.",
                             number_text(wanted, 6)),
                 16);
  if (button(ui, "Set all", buttons.cut_right(88), {.primary = true}))
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (!is_same(rules[i], next[i])) asked.push_back(i);
  buttons.cut_right(8);
  if (button(ui, "Close", buttons.cut_right(72)) || asked.size() > 1) ImGui::CloseCurrentPopup();
  const std::vector<Rule> chosen = next;
  end_popover();
  for (const std::size_t i : asked) set_rule(context, static_cast<std::int64_t>(i), chosen[i]);
}

}  // namespace lab
