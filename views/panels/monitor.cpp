#include "views/panels/monitor.h"

#include <algorithm>

#include "views/panels/figure_pane.h"

namespace lab {

Color rule_color(const Ui& ui, const Rule& rule) { return plot_style(ui.theme()).color(rule_ink(rule)); }

const AlertLog* alerts_or_note(Ui& ui, Box box, PaneContext& context, const char* next) {
  const AlertLog* log = context.derived.alerts.get();
  const bool has_tokens = context.snapshot.count() > 0;
  if (context.snapshot.model && log && has_tokens) return log;
  const std::string& refusal = context.derived.refusal;
  if (!context.snapshot.model) empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  else if (!has_tokens) empty_note(ui, box, "No tokens have been read.", next);
  else pending_note(ui, box, refusal);
  return nullptr;
}

const Rule& rule_of(const AlertLog& log, const Alert& alert) { return (*log.rules)[static_cast<std::size_t>(alert.rule)]; }

const Alert* alert_in_focus(const PaneContext& context) {
  const AlertLog* log = context.derived.alerts.get();
  if (!log) return nullptr;
  const int chosen = chosen_alert(*log, context.snapshot.selection, context.memory.rule_in_focus);
  return chosen < 0 ? nullptr : &log->alerts[static_cast<std::size_t>(chosen)];
}

namespace {

std::tuple<std::int64_t, int, std::string> name_of(const AlertLog& log, const Alert& alert) {
  return {alert.finding.token, alert.finding.layer, rule_of(log, alert).kind};
}

}  // namespace

void go_to(PaneContext& context, const Alert& alert) {
  kept_of(context).monitor.seen.insert(name_of(*context.derived.alerts, alert));
  context.memory.rule_in_focus = alert.rule;
  context.send(command::Seek{alert.finding.token, "a"});
  if (alert.finding.layer >= 0) context.send(command::Select{alert.finding.layer, -1, -1});
}

bool was_seen(PaneContext& context, const Alert& alert) {
  return kept_of(context).monitor.seen.contains(name_of(*context.derived.alerts, alert));
}

bool is_current(const AlertLog& log, const Snapshot& snapshot) { return snapshot.rules && std::ranges::equal(*log.rules, *snapshot.rules, is_same); }

std::vector<std::int64_t> alert_counts(const AlertLog& log) {
  std::vector<std::int64_t> counts(log.rules->size());
  for (const Alert& alert : log.alerts) ++counts[static_cast<std::size_t>(alert.rule)];
  return counts;
}

void set_rule(PaneContext& context, std::int64_t index, Rule rule) { context.send(command::SetRule{index, std::move(rule)}); }

int deed_of(const Rule& rule) {
  for (int i = 0; i < static_cast<int>(std::size(kDeeds)); ++i)
    if (rule.on_alert == kDeeds[i].name) return i;
  return 0;
}

}  // namespace lab
