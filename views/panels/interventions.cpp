// Edits and interventions: a row each, what the rules do to what the model expects, beside matched controls.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/intervention_table.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/panes.h"
#include "views/panels/run_look.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr float kRow = 36, kLowRow = 24, kHeads = 32, kBox = 16;
constexpr const char* kControls[] = {"noise", "next layer", "random ch.", "residual"};

/// Places of a row; those that the width has no room for are empty.
struct Columns {
  Box on, what, target, layers, channels, tokens, run, effect;
  Box controls[4];
};

Columns columns_of(Box row) {
  Columns at;
  Box line = row.inset(12, 0);
  const float width = line.w;
  at.on = line.cut_left(kBox), line.cut_left(12);
  const auto column = [&](bool has_room, Box& place, float size) {
    if (has_room) place = line.cut_left(size), line.cut_left(8);
  };
  const bool is_wide = width >= 900, has_controls = width >= 620, has_parts = width >= 470;
  at.what = line.cut_left(is_wide ? 120 : has_parts ? 104 : std::max(90.0f, width - 28 - 70 - 76 - 62)), line.cut_left(8);
  column(has_controls || width >= 400, at.target, is_wide ? 64 : 52);
  column(has_parts, at.layers, is_wide ? 56 : 44);
  column(is_wide, at.channels, 72);
  column(true, at.tokens, is_wide ? 68 : 62);
  column(is_wide, at.run, 92);
  column(true, at.effect, 60);
  if (!has_controls) return at;
  const float each = std::min(72.0f, line.w / 4);
  for (Box& control : at.controls) control = line.cut_left(each - 8), line.cut_left(8);
  return at;
}

void draw_heads(Ui& ui, Box row) {
  const Color dim = ui.theme().dim;
  const Columns at = columns_of(row);
  const auto head = [&](Box place, const char* text) {
    if (place.w > 0) ui.text_in({place.x, row.bottom() - 17, place.w + 6, 14}, Face::tick, dim, text);
  };
  head(at.what, "what"), head(at.target, "target"), head(at.layers, "layers"), head(at.channels, "channels"), head(at.tokens, "tokens"), head(at.run, "run"), head(at.effect, "effect");
  if (at.controls[0].w > 0) ui.text_in({at.controls[0].x, row.y, 140, 14}, Face::tick, dim, "matched controls");
  for (std::size_t i = 0; i < std::size(kControls); ++i) head(at.controls[i], kControls[i]);
  ui.line_across(row.x, row.right(), row.bottom() - 1, ui.theme().line);
}

std::string effect_text(double nats) { return !std::isfinite(nats) ? "NaN" : nats >= 0.095 || nats == 0 ? fmt::format("{:.2f}", nats) : fmt::format("{:.2g}", nats); }

/// An effect as a number above a bar, the longest of which is `most`.
void draw_effect(Ui& ui, Box place, const EffectRow& effect, double most, Color color) {
  if (place.w <= 0) return;
  const Theme& theme = ui.theme();
  if (!effect.refusal.empty()) return static_cast<void>(ui.text_in(place, Face::tick, theme.dim, effect.refusal));
  const bool has_bar = place.h >= kRow;
  Box number = place;
  if (has_bar) number = {place.x, place.y + 4, place.w, 16};
  ui.text_in(number, Face::dense, theme.text, effect_text(effect.after));
  if (!has_bar) return;
  const Box track{place.x, place.y + 22, place.w, 5};
  ui.fill(track, theme.raised, 1);
  if (most > 0 && std::isfinite(effect.after)) ui.fill({track.x, track.y, std::max(2.0f, track.w * static_cast<float>(std::min(1.0, effect.after / most))), track.h}, color, 1);
}

std::string parts_of(const Intervention& rule) { return !rule.heads.empty() ? "head " + rule.heads : rule.channels.empty() ? "all" : rule.channels; }

std::string tip_of(const Intervention& rule, const ControlTable* table) {
  std::string text = words_of(rule);
  if (!table) return text;
  text += fmt::format("\nKL after t = {}\tmean over {}", table->at, tokens_text(rule));
  for (const EffectRow& row : table->rows) text += "\n" + row.name + "\t" + (row.refusal.empty() ? fmt::format("{}, mean {}", number_text(row.after, 4), number_text(row.mean, 4)) : row.refusal);
  return text;
}

void ask_row(PaneContext& context, RowWish wish, std::int64_t row) { context.memory.row_wish = wish, context.memory.wished_row = row; }

void draw_rule_menu(Ui& ui, Box row, PaneContext& context, int index, const Intervention& rule, Box& anchor) {
  const MenuItem items[] = {{.label = "Edit…"}, {.label = "Copy as command"}, {.label = "Remove", .separated = true}};
  switch (menu(ui, "rule menu", items)) {
    case 0: anchor = row, edit_intervention(context, index, rule); break;
    case 1: ask_row(context, RowWish::copy_rule, index); break;
    case 2: context.send(command::RemoveIntervention{index}); break;
    default: break;
  }
}

void draw_rule_row(Ui& ui, Box row, PaneContext& context, int index, const Intervention& rule, Box& anchor) {
  const Theme& theme = ui.theme();
  const bool is_chosen = context.memory.intervention == index;
  Columns at = columns_of(row);
  ImGui::PushID(index);
  Box rest = row;
  rest.cut_left(at.on.right() + 4 - row.x);
  const Hit hit = ui.hit(fmt::format("rule {}", index).c_str(), rest);
  if (is_chosen) ui.fill(row, theme.selection);
  else if (hit.hovered) ui.fill(row, theme.raised);
  const Color ink = rule.on ? theme.text : is_chosen ? theme.dim_on_selection : theme.dim;
  if (check_box(ui, fmt::format("on {}", index).c_str(), at.on.row(kBox), rule.on, rule.on ? "Switch off" : "Switch on")) {
    Intervention next = rule;
    next.on = !rule.on;
    context.send(command::SetIntervention{index, std::move(next)});
  }
  const auto cell = [&](Box place, Face face, const std::string& text) {
    if (place.w > 0) ui.text_in(place, face, ink, text);
  };
  const InterventionOperation* operation = find_intervention_operation(rule.operation);
  std::string what = rule.name.empty() ? (operation ? operation->label : rule.operation) : rule.name;
  if (rule.name.empty() && operation && *operation->value != '\0') what += fmt::format(" {:.4g}", rule.value);
  cell(at.what, Face::control, what);
  cell(at.target, Face::dense, target_text(rule));
  cell(at.layers, Face::dense, rule.layers.empty() ? "all" : rule.layers);
  cell(at.channels, Face::dense, parts_of(rule));
  cell(at.tokens, Face::dense, tokens_text(rule));
  if (at.run.w > 0) {
    const RunFacts* run = active_run(context.snapshot);
    ui.fill({at.run.x, row.middle_y() - 3, 7, 7}, run_color(theme, context.snapshot, context.snapshot.active_run), 3.5f);
    ui.text_in({at.run.x + 13, row.y, at.run.w - 13, row.h}, Face::control, ink, run ? run->name : "");
  }
  const ControlTable* table = controls_of(context.snapshot, context.memory, rule);
  if (table) {
    double most = 0;
    for (const EffectRow& effect : table->rows) most = std::max(most, std::isfinite(effect.after) ? effect.after : 0);
    draw_effect(ui, at.effect, table->rows.front(), most, theme.accent);
    for (std::size_t i = 0; i < std::size(at.controls) && i + 1 < table->rows.size(); ++i) draw_effect(ui, at.controls[i], table->rows[i + 1], most, is_chosen ? theme.dim_on_selection : theme.dim);
  } else {
    const Box place{at.effect.x, row.y, at.controls[1].w > 0 ? at.controls[1].right() - at.effect.x : at.effect.w + 8, row.h};
    ui.text_in(place, Face::tick, is_chosen ? theme.dim_on_selection : theme.dim, rule.on ? "not run" : "off, not run");
  }
  if (hit.hovered) ui.tooltip(tip_of(rule, table));
  if (hit.right_clicked) context.memory.intervention = index, ImGui::OpenPopup("rule menu");
  draw_rule_menu(ui, row, context, index, rule, anchor);
  ImGui::PopID();
  if (hit.clicked) context.memory.intervention = index;
  if (hit.double_clicked) anchor = row, edit_intervention(context, index, rule);
}

/// An edit of the state: made once, before a token. A click goes there.
void draw_edit_row(Ui& ui, Box row, PaneContext& context, std::size_t index, const EditEvent& edit) {
  const auto go = [&] { context.send(command::Seek{std::max<std::int64_t>(-1, std::min(edit.position, context.snapshot.count() - 1)), "a"}); };
  const Theme& theme = ui.theme();
  const Columns at = columns_of(row);
  const Hit hit = ui.hit(fmt::format("edit {}", index).c_str(), row);
  if (hit.hovered) ui.fill(row, theme.raised);
  const float x = ui.px(at.on.middle_x()), y = ui.px(row.middle_y()), r = 5 * ui.scale();
  const RunFacts* run = context.snapshot.runs.size() > 1 ? active_run(context.snapshot) : nullptr;  // one run alone needs no colour of its own
  ui.list()->AddQuadFilled({x, y - r}, {x + r, y}, {x, y + r}, {x - r, y}, run ? run_color(theme, context.snapshot, maker_of(context.snapshot, *run, edit)) : theme.warning);
  ui.text_in(at.what, Face::control, theme.text, edit.brief.empty() ? edit.label : edit.brief);
  if (at.target.w > 0) ui.text_in(at.target, Face::dense, theme.dim, "state");
  if (at.layers.w > 0) ui.text_in(at.layers, Face::dense, theme.dim, edit.layer < 0 ? "all" : std::to_string(edit.layer));
  ui.text_in(at.tokens, Face::dense, theme.text, std::to_string(edit.position));
  ui.text_in({at.effect.x, row.y, 90, row.h}, Face::tick, theme.dim, "an edit");
  if (hit.hovered) ui.tooltip(fmt::format("{}\tbefore token {}", edit.label, edit.position));
  if (hit.clicked) go();
  const std::string id = fmt::format("edit menu {}", index);
  if (hit.right_clicked) ImGui::OpenPopup(id.c_str());
  const MenuItem items[] = {{.label = "Go there"}, {.label = "Copy as command"}};
  const int chosen = menu(ui, id.c_str(), items);
  if (chosen == 0) go();
  if (chosen == 1) ask_row(context, RowWish::copy_edit, static_cast<std::int64_t>(index));
}

/// The sentences of the controls that have been run, the chosen rule's first.
void draw_readings(Ui& ui, Box box, PaneContext& context, const std::vector<Intervention>& rules) {
  const Theme& theme = ui.theme();
  ui.line_across(box.x + 12, box.right() - 12, box.y, theme.line);
  box = box.inset(12, 6);
  ui.text_in(box.cut_left(64).cut_top(18), Face::title, theme.text, "Reading");
  std::vector<const ControlTable*> tables;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (const ControlTable* table = controls_of(context.snapshot, context.memory, rules[i])) tables.insert(static_cast<int>(i) == context.memory.intervention ? tables.begin() : tables.end(), table);
  if (context.memory.controls_share >= 0) {
    ui.text_in(box.cut_top(18), Face::control, theme.dim, fmt::format("Running the controls, {:.0f} %", 100 * context.memory.controls_share));
  } else if (!context.memory.controls_refusal.empty()) {
    ui.text_in(box.cut_top(18), Face::control, theme.bad, context.memory.controls_refusal);
  }
  for (const ControlTable* table : tables) {
    if (box.h < 16) break;
    box.cut_top(ui.paragraph(box, Face::control, theme.text, table->reading, 18));
  }
}

/// In a narrow pane they are symbols alone.
void draw_header_controls(Ui& ui, PaneHeader& header, bool is_narrow, PaneContext& context, const std::vector<Intervention>& rules, Box& anchor) {
  const auto label = [&](const char* symbol, const char* text, const char* id) { return is_narrow ? fmt::format("{}##{}", symbol, id) : fmt::format("{}  {}##{}", symbol, text, id); };
  if (const Box add = header.control(is_narrow ? 28 : 64); add.w > 0) {
    if (button(ui, label(icon::kPlus, "Add", "add").c_str(), add, {.tip = "A rule on the selected layer, from cursor A on"}))
      anchor = add, edit_intervention(context, -1, fresh_intervention(context.snapshot));
  }
  const int chosen = context.memory.intervention;
  const bool has_one = chosen >= 0 && chosen < std::ssize(rules);
  if (const Box edit = header.control(is_narrow ? 40 : 48); edit.w > 0)
    if (button(ui, "Edit", edit, {.enabled = has_one, .tip = "What the chosen rule does; a double click does the same"}))
      anchor = edit, edit_intervention(context, chosen, rules[static_cast<std::size_t>(chosen)]);
  const Box run = header.control(is_narrow ? 28 : 112);
  if (run.w > 0 && context.memory.controls_share >= 0) {
    if (button(ui, label(icon::kStop, "Stop", "stop").c_str(), run)) context.send(command::RunControls{-1, 3});
  } else if (run.w > 0 && button(ui, label(icon::kPlay, "Run controls", "run").c_str(), run,
                    {.enabled = has_one, .tip = "Reads the same tokens with the chosen rule, and with noise of the same norm, the next layer, random channels and a copied residual in its place"})) {
    context.send(command::RunControls{chosen, 3});
  }
  const auto symbol = [&](const char* shape, const char* id, const char* tip, bool enabled, RowWish wish) {
    const Box box = header.control(28);
    if (box.w > 0 && button(ui, fmt::format("{}##{}", shape, id).c_str(), box, {.enabled = enabled, .tip = tip})) ask_row(context, wish, chosen);
  };
  symbol(icon::kSave, "save rules", "Save the rules as a file", !rules.empty(), RowWish::save);
  symbol(icon::kOpen, "load rules", "Load rules from a file, in place of those that hold now", true, RowWish::load);
  symbol(icon::kCopy, "copy rule", "Copy the chosen rule as a command: a line for a shell that does all this again and runs its controls", has_one, RowWish::copy_rule);
}

}  // namespace

const std::vector<Intervention>& present_interventions(const Snapshot& snapshot) {
  static const std::vector<Intervention> kNone;
  if (!snapshot.edits) return kNone;
  const auto present = interventions_at(*snapshot.edits, snapshot.count());
  return present ? *present : kNone;  // the snapshot's edits keep it alive
}

const ControlTable* controls_of(const Snapshot& snapshot, const PaneMemory& memory, const Intervention& rule) {
  for (const KnownControls& each : memory.controls)
    if (each.run == snapshot.run && each.table->intervention == rule) return each.table.get();
  return nullptr;
}

Intervention fresh_intervention(const Snapshot& snapshot) {
  constexpr std::int64_t kLength = 8;
  Intervention rule{.operation = "zero", .layers = std::to_string(snapshot.selection.layer), .first = std::max<std::int64_t>(0, snapshot.selection.cursor_a + 1), .value = 0.5};
  rule.last = rule.first + kLength;
  const LayerInfo& layer = snapshot.model->layers[static_cast<std::size_t>(snapshot.selection.layer)];
  const bool has_state = std::ranges::find(layer.points, Point::h, &PointShape::point) != layer.points.end();
  if (!has_state) rule.target = "residual";
  return rule;
}

std::vector<InterventionBar> intervention_bars(const std::vector<EditEvent>& edits, std::int64_t count) {
  std::vector<InterventionBar> bars;
  for (auto edit = edits.begin(); edit != edits.end(); ++edit) {
    if (!edit->interventions) continue;
    const auto next = std::find_if(edit + 1, edits.end(), [](const EditEvent& later) { return later.interventions != nullptr; });
    for (const Intervention& rule : *edit->interventions) {
      const std::int64_t until = next == edits.end() ? std::max(count, rule.last) : next->position;
      const std::int64_t first = std::max(rule.first, edit->position), last = std::min(rule.last == 0 ? until : rule.last, until);
      if (!rule.on || first >= last) continue;
      // A rule that another change left as it was goes on.
      const auto before = std::ranges::find_if(bars, [&](const InterventionBar& bar) { return *bar.rule == rule && bar.last == first; });
      if (before != bars.end()) before->last = last;
      else bars.push_back({first, last, &rule});
    }
  }
  return bars;
}

void draw_interventions(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Edits and interventions");
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model) return empty_note(ui, box, "Rules that change what the model computes are listed here.", "Open a model first.");
  const std::vector<Intervention>& rules = present_interventions(snapshot);
  std::vector<std::size_t> edits;
  for (std::size_t i = 0; i < snapshot.edits->size(); ++i)
    if (!(*snapshot.edits)[i].trials && !(*snapshot.edits)[i].interventions) edits.push_back(i);
  Box anchor;
  draw_header_controls(ui, header, box.w < 520, context, rules, anchor);
  header.subtitle(rules.empty() && edits.empty() ? std::string() : fmt::format("{} record{}; effect: next-token KL after the window, nat", rules.size() + edits.size(), rules.size() + edits.size() == 1 ? "" : "s"));
  if (rules.empty() && edits.empty()) {
    empty_note(ui, box, "No rule and no edit yet.", "Add a rule that holds over a window of tokens: zero, clamp, scale, block a write.");
  } else {
    draw_heads(ui, box.cut_top(kHeads));
    const bool has_readings = context.memory.controls_share >= 0 || !context.memory.controls_refusal.empty() ||
                              std::ranges::any_of(rules, [&](const Intervention& rule) { return controls_of(snapshot, context.memory, rule) != nullptr; });
    if (has_readings && box.h > 120) draw_readings(ui, box.cut_bottom(std::clamp(box.h * 0.25f, 40.0f, 96.0f)), context, rules);
    const auto rows = rules.size() + edits.size();
    const float height = static_cast<float>(rows) * kRow <= box.h ? kRow : kLowRow;
    ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
    compat::begin_child("rows", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, 0);
    const float scroll = ImGui::GetScrollY() / ui.scale(), content = static_cast<float>(rows) * height;
    const float width = box.w - (content > box.h ? 11 : 0);
    for (std::size_t i = 0; i < rows; ++i) {
      const Box row{box.x, box.y + static_cast<float>(i) * height - scroll, width, height};
      if (row.bottom() < box.y || row.y >= box.bottom()) continue;
      if (i < rules.size()) draw_rule_row(ui, row, context, static_cast<int>(i), rules[i], anchor);
      else draw_edit_row(ui, row, context, edits[i - rules.size()], (*snapshot.edits)[edits[i - rules.size()]]);
    }
    ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - scroll + content) - 1});
    ImGui::Dummy({1, 1});
    ImGui::EndChild();
  }
  if (anchor.w > 0) context.memory.intervention_draft.anchor = anchor;
  draw_intervention_editor(ui, context.memory.intervention_draft.anchor, context);
}

}  // namespace lab
