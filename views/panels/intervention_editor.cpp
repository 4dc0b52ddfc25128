// One intervention in all its parts. It is a draft until Apply sends it: each change of a rule is a step of the run's history.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "views/panels/draft_page.h"
#include "views/panels/intervention_table.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

constexpr float kWidth = 400, kField = DraftPage::kField, kLine = DraftPage::kLine;

void draw_value(DraftPage& page, Intervention& rule) {
  const InterventionOperation& operation = kInterventionOperations[chosen_of(kInterventionOperations, rule.operation)];
  if (*operation.value == '\0') return;
  Box row = page.line("value");
  number_field(page.ui, "value", row.cut_left(kField), rule.value, -1e9, 1e9, "%.6g");
  page.note(row, operation.value);
  if (rule.operation != "noise") return;
  Box seeded = page.line("seed");
  auto seed = static_cast<double>(rule.seed);
  if (number_field(page.ui, "seed", seeded.cut_left(kField), seed, 0, 1e15, "%.0f")) rule.seed = std::llround(seed);
  page.note(seeded, "equal seeds, equal noise");
}

void draw_tokens(DraftPage& page, Intervention& rule) {
  Box row = page.line("tokens");
  auto first = static_cast<double>(rule.first), last = static_cast<double>(rule.last - 1);
  if (number_field(page.ui, "first", row.cut_left(52), first, 0, 1e12, "%.0f")) {
    const std::int64_t length = std::max<std::int64_t>(1, rule.last - rule.first);
    rule.first = std::llround(first);
    if (rule.last != 0 && rule.last <= rule.first) rule.last = rule.first + length;
  }
  page.ui.text_in(row.cut_left(22), Face::control, page.ui.theme().dim, "to", Align::center);
  bool is_open = rule.last == 0;
  if (!is_open && number_field(page.ui, "last", row.cut_left(52), last, static_cast<double>(rule.first), 1e12, "%.0f")) rule.last = std::llround(last) + 1;
  row.cut_left(8);
  if (check_box(page.ui, "no end", row.cut_left(16).row(16), is_open)) rule.last = is_open ? rule.first + 1 : 0;
  page.note(row, "without end");
}

}  // namespace

void edit_intervention(PaneContext& context, int index, const Intervention& rule) {
  context.memory.intervention_draft = {.index = index, .rule = rule, .opens = true};
}

void draw_intervention_editor(Ui& ui, Box anchor, PaneContext& context) {
  InterventionDraft& draft = context.memory.intervention_draft;
  if (std::exchange(draft.opens, false)) ImGui::OpenPopup("intervention");
  const bool is_noise = draft.rule.operation == "noise", has_value = *kInterventionOperations[chosen_of(kInterventionOperations, draft.rule.operation)].value != '\0';
  const bool has_target = *kInterventionOperations[chosen_of(kInterventionOperations, draft.rule.operation)].acts_on == '\0';
  const float lines = 6.0f + (has_target ? 1 : 0) + (has_value ? 1 : 0) + (is_noise ? 1 : 0);
  Box inside;
  if (!begin_popover(ui, "intervention", anchor, kWidth, 24 + 24 + 8 + lines * kLine + 44 + 40, inside)) return;
  DraftPage page{ui, inside};
  ui.text_in(page.page.cut_top(24), Face::title, ui.theme().text, draft.index < 0 ? "New intervention" : "Intervention");
  page.text("name", draft.rule.name, {.face = Face::dense}, "what the table calls it", 148);
  page.choose("what", kInterventionOperations, draft.rule.operation, 148);
  if (has_target) page.choose("target", kTargets, draft.rule.target, 148);
  const FieldLook all{.hint = "all", .face = Face::dense};
  page.text("layers", draft.rule.layers, all, "as 3, 5:9");
  page.text("heads", draft.rule.heads, all, "or");
  page.text("channels", draft.rule.channels, all, "as 3, 5:9");
  draw_tokens(page, draft.rule);
  draw_value(page, draft.rule);
  page.page.cut_top(4);
  ui.paragraph(page.page.cut_top(40), Face::tick, ui.theme().dim,
               draft.rule.first < context.snapshot.count() ? fmt::format("Holds from token {} on. Fork at token {} to apply it to what was read.", context.snapshot.count(), draft.rule.first)
                                                           : words_of(draft.rule) + ".", 16);
  Box buttons = page.page.cut_bottom(kControlHeight);
  const bool applies = button(ui, draft.index < 0 ? "Add" : "Apply", buttons.cut_left(80), {.primary = true});
  buttons.cut_left(8);
  const bool forks = draft.rule.first < context.snapshot.count() &&
                     button(ui, "Fork and apply", buttons.cut_left(120), {.tip = "Another run that leaves this one before the rule's first token and reads the same tokens under it"});
  const bool removes = draft.index >= 0 && button(ui, "Remove", buttons.cut_right(80), {.tip = "Take the rule away"});
  if (applies || forks || removes) ImGui::CloseCurrentPopup();
  end_popover();
  const std::int64_t index = draft.index < 0 ? std::ssize(present_interventions(context.snapshot)) : draft.index;
  if (removes) context.send(command::RemoveIntervention{index});
  if (forks) context.send(command::Fork{draft.rule.first, draft.rule.name.empty() ? brief_words_of(draft.rule) : draft.rule.name, true});
  if (applies || forks) context.send(command::SetIntervention{index, draft.rule});
  if (forks) context.send(command::ReadWaiting{});
}

}  // namespace lab
