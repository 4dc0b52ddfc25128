// One intervention in all its parts. It is a draft until Apply sends it: each change of a rule is a step of the run's history.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "views/panels/intervention_table.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kWidth = 400, kLabel = 76, kLine = 28, kField = 112;

struct DraftPage {
  Ui& ui;
  Box page;
  Intervention& rule;

  Box line(const char* label) {
    Box row = page.cut_top(kLine).row(kControlHeight);
    ui.text_in(row.cut_left(kLabel), Face::control, ui.theme().dim, label);
    return row;
  }
  void note(Box row, const std::string& text) {
    row.cut_left(8);
    ui.text_in(row, Face::control, ui.theme().dim, text);
  }
  void text(const char* label, std::string& value, const char* hint, const std::string& said, float width = kField) {
    Box row = line(label);
    field(ui, label, row.cut_left(width), value, {.hint = hint, .face = Face::dense});
    note(row, said);
  }
};

template <class Entries>
int chosen_of(const Entries& entries, const std::string& name) {
  for (std::size_t i = 0; i < std::size(entries); ++i)
    if (name == entries[i].name) return static_cast<int>(i);
  return 0;
}

template <class Entries>
bool choose(DraftPage& page, const char* label, const Entries& entries, std::string& name, float width) {
  std::vector<const char*> labels;
  for (const auto& each : entries) labels.push_back(each.label);
  Box row = page.line(label);
  int chosen = chosen_of(entries, name);
  if (!combo(page.ui, label, row.cut_left(width), labels, chosen)) return false;
  name = entries[static_cast<std::size_t>(chosen)].name;
  return true;
}

void draw_value(DraftPage& page) {
  const InterventionOperation& operation = kInterventionOperations[chosen_of(kInterventionOperations, page.rule.operation)];
  if (*operation.value == '\0') return;
  Box row = page.line("value");
  number_field(page.ui, "value", row.cut_left(kField), page.rule.value, -1e9, 1e9, "%.6g");
  page.note(row, operation.value);
  if (page.rule.operation != "noise") return;
  Box seeded = page.line("seed");
  auto seed = static_cast<double>(page.rule.seed);
  if (number_field(page.ui, "seed", seeded.cut_left(kField), seed, 0, 1e15, "%.0f")) page.rule.seed = std::llround(seed);
  page.note(seeded, "equal seeds, equal noise");
}

void draw_tokens(DraftPage& page) {
  Box row = page.line("tokens");
  auto first = static_cast<double>(page.rule.first), last = static_cast<double>(page.rule.last - 1);
  if (number_field(page.ui, "first", row.cut_left(52), first, 0, 1e12, "%.0f")) {
    const std::int64_t length = std::max<std::int64_t>(1, page.rule.last - page.rule.first);
    page.rule.first = std::llround(first);
    if (page.rule.last != 0 && page.rule.last <= page.rule.first) page.rule.last = page.rule.first + length;
  }
  page.ui.text_in(row.cut_left(22), Face::control, page.ui.theme().dim, "to", Align::center);
  bool is_open = page.rule.last == 0;
  if (!is_open && number_field(page.ui, "last", row.cut_left(52), last, static_cast<double>(page.rule.first), 1e12, "%.0f")) page.rule.last = std::llround(last) + 1;
  row.cut_left(8);
  if (check_box(page.ui, "no end", row.cut_left(16).row(16), is_open)) page.rule.last = is_open ? page.rule.first + 1 : 0;
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
  DraftPage page{ui, inside, draft.rule};
  ui.text_in(page.page.cut_top(24), Face::title, ui.theme().text, draft.index < 0 ? "New intervention" : "Intervention");
  page.text("name", draft.rule.name, "", "what the table calls it", 148);
  choose(page, "what", kInterventionOperations, draft.rule.operation, 148);
  if (has_target) choose(page, "target", kTargets, draft.rule.target, 148);
  page.text("layers", draft.rule.layers, "all", "as 3, 5:9");
  page.text("heads", draft.rule.heads, "all", "or");
  page.text("channels", draft.rule.channels, "all", "as 3, 5:9");
  draw_tokens(page);
  draw_value(page);
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
