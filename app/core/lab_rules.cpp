#include <algorithm>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/numbered.h"

namespace lab {
namespace {

constexpr Numbered kRules{"a", "rule", 64};
constexpr std::int64_t kCatchUp = 64;  // tokens of the past that are looked at in one piece of work

bool acts(const Rule& rule) { return rule.on && rule.on_alert != "mark"; }

}  // namespace

// What is found in tokens that are there already is not acted upon.
void Lab::Parts::use_rules(std::vector<Rule> next) {
  rules = std::make_shared<const std::vector<Rule>>(std::move(next));
  watch();
}

void Lab::Parts::change_rules(std::vector<Rule> next, const std::string& label) {
  begin_change();
  RulesChange change{rules};
  use_rules(std::move(next));
  end_change({{label, count()}, std::move(change)});
}

/// Begins to watch the active run with the present rules.
void Lab::Parts::watch() {
  guard.reset();
  std::vector<Rule> acting;
  std::copy_if(rules->begin(), rules->end(), std::back_inserter(acting), acts);
  if (!acting.empty() && opened) guard.emplace(*opened->model, std::move(acting), context);
  guarded_from = count();
}

Status Lab::Parts::carry_out(const command::SetRule& c) {
  LAB_TRY(need_run());
  LAB_TRY(check_rule(c.rule, opened->model->layers()));
  LAB_ASSIGN(auto next, with_item(kRules, *rules, c.index, c.rule));
  if (next != *rules) change_rules(std::move(next), label_of(c));
  return {};
}

Status Lab::Parts::carry_out(const command::RemoveRule& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, without_item(kRules, *rules, c.index));
  change_rules(std::move(next), label_of(c));
  return {};
}

Status Lab::Parts::carry_out(const command::UseRules& c) {
  LAB_TRY(need_run());
  std::string known;
  for (const RulePreset& preset : rule_presets()) {
    if (preset.name == c.preset) {
      change_rules(preset.rules, label_of(c));
      return {};
    }
    known += (known.empty() ? "" : ", ") + preset.name;
  }
  return Error{.code = Code::bad_argument, .field = "preset", .expected = known, .found = printable(c.preset), .message = "there are no such rules"};
}

/// Whether rules that act have the past still to look at: a piece of it is done.
Result<bool> Lab::Parts::catch_up() {
  if (!guard || guard->seen() >= count()) return false;
  return guard->follow(watched_run(), std::min(guard->seen() + kCatchUp, count()), {});
}

WatchedRun Lab::Parts::watched_run() const { return {run->number(), run->tokens(), run->trace(), run->edits()}; }

// After a piece of reading: does what the first token with an alert asks for. Tokens read beyond it wait again.
Status Lab::Parts::react() {
  if (!guard) return {};
  guarded_from = std::min(guarded_from, count());
  const std::size_t before = guard->alerts().size();
  LAB_TRY(guard->follow(watched_run(), count(), {}));
  const auto& alerts = guard->alerts();
  auto first = alerts.begin() + static_cast<std::ptrdiff_t>(std::min(before, alerts.size()));
  first = std::find_if(first, alerts.end(), [this](const Alert& alert) { return alert.finding.token >= guarded_from; });
  if (first == alerts.end()) return {};
  const std::int64_t token = first->finding.token;
  std::vector<Alert> now;
  std::copy_if(first, alerts.end(), std::back_inserter(now), [token](const Alert& alert) { return alert.finding.token == token; });
  LAB_TRY(go_back_to(token + 1));
  guarded_from = token + 1;
  for (const Alert& alert : now) LAB_TRY(act(guard->rules()[static_cast<std::size_t>(alert.rule)], alert.finding));
  return {};
}

// The run ends at a position; what lay beyond waits to be read again.
Status Lab::Parts::go_back_to(std::int64_t position) {
  if (position >= count()) return {};
  LAB_ASSIGN(const Tail tail, run->cut(position));
  run->waiting.prepend(tail.tokens.span());
  return {};
}

Status Lab::Parts::act(const Rule& rule, const Finding& finding) {
  const std::string where = finding.layer < 0 ? "" : fmt::format(", layer {}", finding.layer);
  note(false, fmt::format("{} at t = {}{}: {}", rule.kind, finding.token, where, finding.text));
  if (rule.on_alert == "dump") return dump(rule, finding);
  if (rule.on_alert == "reset") return edit(command::ZeroState{-1}, -1);
  if (rule.on_alert == "roll_back") {
    const std::int64_t from = work ? work->from : 0;  // what was read before is another entry of the history
    LAB_TRY(go_back_to(std::max(from, count() - rule.roll_back)));
    guarded_from = std::min(guarded_from, count());
  }
  stop_work();
  return {};
}

Status Lab::Parts::dump(const Rule& rule, const Finding& finding) {
  if (!options.dump) {
    note(false, kNoDumpFolder);
    return {};
  }
  const std::string name = fmt::format("alert-{}-t{}.safetensors", rule.kind, finding.token);
  if (const Status written = options.dump(run->state(), name, facts->hash); !written) note(true, written.error().text());
  else note(false, "wrote " + name);
  return {};
}

}  // namespace lab
