// Interventions of the active run: set, switched and removed like edits, in force from the next token on.
#include <algorithm>

#include <fmt/format.h>

#include "app/core/interventions.h"
#include "app/core/lab_parts.h"
#include "app/core/numbered.h"

namespace lab {
namespace {

constexpr Numbered kInterventions{"an", "intervention", 64};
constexpr std::int64_t kMostAfter = 4096;

/// What is said of a rule whose window began before the tokens that it will meet.
std::string late_note(const Intervention& rule, std::int64_t count) {
  const bool is_over = rule.last != 0 && rule.last <= count;
  return fmt::format("{}: {}; fork at token {} to apply it to the past", printable(rule.name.empty() ? words_of(rule) : rule.name),
                     is_over ? "its tokens have been read and stay as they were" : fmt::format("it holds from token {} on", count), rule.first);
}

/// The same of several at once; "" where all begin later.
std::string late_note(const std::vector<Intervention>& rules, std::int64_t count) {
  std::vector<const Intervention*> late;
  for (const Intervention& rule : rules)
    if (rule.on && rule.first < count) late.push_back(&rule);
  if (late.size() < 2) return late.empty() ? "" : late_note(*late.front(), count);
  const Intervention* first = *std::ranges::min_element(late, {}, &Intervention::first);
  return fmt::format("{} rules hold from token {} on; fork at token {} to apply them to the past", late.size(), count, first->first);
}

}  // namespace

std::vector<Intervention> Lab::Parts::interventions() const {
  const auto present = interventions_at(*run->edits(), count());
  return present ? *present : std::vector<Intervention>();
}

Status Lab::Parts::change_interventions(const Command& command, std::vector<Intervention> next) {
  if (next == interventions()) return {};
  begin_change();
  EditChange change{.edit = {{count(), label_of(command), -1}, command}};
  change.edit.event.brief = brief_of(command);
  change.edit.event.interventions = std::make_shared<const std::vector<Intervention>>(std::move(next));
  LAB_ASSIGN(change.other, run->edit(change.edit));
  end_change({{label_of(command), count()}, std::move(change)});
  return {};
}

Status Lab::Parts::carry_out(const command::SetIntervention& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, with_item(kInterventions, interventions(), c.index, c.intervention));
  LAB_TRY(check(c.intervention, opened->model->info().layers));
  LAB_TRY(change_interventions(c, std::move(next)));
  if (c.intervention.on && c.intervention.first < count()) note(false, late_note(c.intervention, count()));
  return {};
}

Status Lab::Parts::carry_out(const command::RemoveIntervention& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, without_item(kInterventions, interventions(), c.index));
  return change_interventions(c, std::move(next));
}

Status Lab::Parts::carry_out(const command::UseInterventions& c) {
  LAB_TRY(need_run());
  if (std::ssize(c.interventions) > kInterventions.most)
    return Error{.code = Code::too_large,
                 .field = "interventions",
                 .expected = fmt::format("at most {}", kInterventions.most),
                 .found = std::to_string(c.interventions.size()),
                 .message = "there are too many interventions"};
  for (std::size_t i = 0; i < c.interventions.size(); ++i)
    if (Status status = check(c.interventions[i], opened->model->info().layers); !status) {
      status.error().field = fmt::format("interventions[{}].{}", i, status.error().field.substr(std::string_view("intervention.").size()));
      return status;
    }
  LAB_TRY(change_interventions(c, c.interventions));
  if (const std::string late = late_note(c.interventions, count()); !late.empty()) note(false, late);
  return {};
}

Status Lab::Parts::carry_out(const command::RunControls& c) {
  LAB_TRY(need_run());
  if (c.index < 0) {
    controls.reset();
    return {};
  }
  const std::vector<Intervention> present = interventions();
  LAB_TRY(check_number(kInterventions, c.index, std::ssize(present), false));
  if (c.after < 1 || c.after > kMostAfter)
    return Error{.code = Code::out_of_range, .field = "after", .expected = fmt::format("1 to {}", kMostAfter), .found = std::to_string(c.after), .message = "there is no such number of tokens"};
  if (present[static_cast<std::size_t>(c.index)].first >= count())
    return Error{.code = Code::out_of_range,
                 .field = "index",
                 .expected = fmt::format("an intervention on tokens before {}", count()),
                 .found = fmt::format("one from token {} on", present[static_cast<std::size_t>(c.index)].first),
                 .message = "the run has not read a token of its window",
                 .next = "read on first"};
  controls = c;
  ++controls_so_far;
  return {};
}

/// A fork holds what its parent holds now, from where it leaves it.
Status Lab::Parts::hand_interventions(lab::Run& forked) const {
  const auto theirs = interventions_at(*forked.edits(), forked.count());
  std::vector<Intervention> ours = interventions();
  if (ours == (theirs ? *theirs : std::vector<Intervention>())) return {};
  const Command command = command::UseInterventions{ours};
  Edit edit{{forked.count(), label_of(command), -1}, command};
  edit.event.brief = brief_of(command);
  edit.event.interventions = std::make_shared<const std::vector<Intervention>>(std::move(ours));
  const auto made = forked.edit(edit);
  return made ? Status() : Status(made.error());
}

}  // namespace lab
