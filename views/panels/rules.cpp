// The rules that watch the run: a card each, switched by its box and edited by a click.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kCard = 40, kGap = 8, kBox = 16, kArrow = 24;

std::string limit_line(const Rule& rule) {
  if (!rule.on) return "off";
  std::string text = limit_text(rule);
  if (rule.layer >= 0) text += fmt::format(", layer {}", rule.layer);
  if (rule.on_alert != "mark") text += std::string(", ") + (rule.on_alert == "roll_back" ? "roll back" : rule.on_alert);
  return text;
}

float card_width(const Ui& ui, const Rule& rule, const std::string& count) {
  const float title = ui.width(Face::control, rule_title(rule)) + 14 + ui.width(Face::dense, count);
  return std::ceil(std::max(title, ui.width(Face::tick, limit_line(rule)))) + 8 + kBox + 8 + 10;
}

std::string tip_of(const Rule& rule) {
  const RuleKind& kind = *find_rule_kind(rule.kind);
  std::string text = std::string(rule.kind == "track" ? rule.statistic : kind.title) + "\n" + kind.sentence;
  text += fmt::format("\nlimit\t{}\nfrom\t{}", limit_text(rule), limit_origin(rule));
  return text + fmt::format("\non alert\t{}\nquiet after one\t{} tokens", kDeeds[deed_of(rule)].label, rule.dead_tokens);
}

/// Returns whether the editor is asked for.
bool draw_card(Ui& ui, Box card, PaneContext& context, int index, const Rule& rule, const std::string& count) {
  const Theme& theme = ui.theme();
  const bool in_focus = context.memory.rule_in_focus == index;
  ImGui::PushID(index);
  Box inside = card;
  inside.cut_left(8);
  const Box box = Box{inside.x, card.y + 5, kBox, kBox};
  inside.cut_left(kBox + 8);
  const Hit hit = ui.hit(fmt::format("rule {}", index).c_str(), {inside.x, card.y, inside.w, card.h});
  ui.fill(card, hit.hovered ? theme.hover : theme.raised, kRadius);
  if (in_focus) ui.outline(card, theme.accent, kRadius);
  if (check_box(ui, fmt::format("check {}", index).c_str(), box, rule.on, rule.on ? "Switch off" : "Switch on")) {
    Rule next = rule;
    next.on = !rule.on;
    set_rule(context, index, std::move(next));
  }
  inside.cut_right(10);
  Box line = inside.cut_top(26);
  if (rule.on) {
    const bool found = count != "0" && !count.empty();
    ui.text_in(line.cut_right(ui.width(Face::dense, count)), Face::dense, found ? rule_color(ui, rule) : theme.dim, count);
  }
  ui.text_in(line, Face::control, rule.on ? theme.text : theme.dim, rule_title(rule));
  ui.text_in({inside.x, card.y + 22, inside.w, 16}, Face::tick, theme.dim, limit_line(rule));
  if (hit.hovered) ui.tooltip(tip_of(rule));
  ImGui::PopID();
  return hit.clicked;
}

/// A rule of one's own begins above all that was measured at the cursor.
Rule fresh_rule(const PaneContext& context, const RuleKind& kind) {
  Rule rule = default_rule(kind);
  rule.on = true;
  if (rule.kind != "track") return rule;
  const Snapshot& snapshot = context.snapshot;
  const std::int64_t at = std::min(snapshot.selection.cursor_a, snapshot.trace->count() - 1);
  rule.limit = 1;
  for (int layer = 0; at >= 0 && layer < static_cast<int>(snapshot.model->layers.size()); ++layer)
    rule.limit = std::max(rule.limit, 2.0 * static_cast<double>(snapshot.trace->statistic(layer, Statistic::h_norm, at).mean));
  rule.limit = std::ceil(rule.limit);
  rule.origin = "yours";
  return rule;
}

void draw_more(Ui& ui, Box box, PaneContext& context, Box& anchor, bool& opens_editor) {
  const auto count = std::ssize(*context.snapshot.rules);
  if (button(ui, fmt::format("{}  Rule##add", icon::kPlus).c_str(), box, {.tip = "Watch something else: any recorded statistic, or another rule"}))
    ImGui::OpenPopup("add-rule");
  std::vector<MenuItem> items;
  for (const RuleKind& kind : rule_kinds()) {
    const std::string title = kind.title;
    items.push_back({.label = std::string(kind.name) == "track" ? "Any recorded statistic" : title.substr(0, title.find(':')),
                     .separated = std::string(kind.name) == "track"});
  }
  const int chosen = menu(ui, "add-rule", items);
  if (chosen < 0) return;
  set_rule(context, count, fresh_rule(context, rule_kinds()[static_cast<std::size_t>(chosen)]));
  kept_of(context).monitor.edited = static_cast<int>(count);
  anchor = box, opens_editor = true;
}

/// Those that are on come first.
std::vector<std::size_t> order_of(const std::vector<Rule>& rules) {
  std::vector<std::size_t> order(rules.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t i) { return rules[i].on; });
  return order;
}

void draw_cards(Ui& ui, Box row, PaneContext& context) {
  const auto& rules = *context.snapshot.rules;
  KeptMonitor& kept = kept_of(context).monitor;
  const AlertLog* log = context.derived.alerts.get();
  const std::vector<std::int64_t> counts = log && is_current(*log, context.snapshot) ? alert_counts(*log) : std::vector<std::int64_t>();
  std::vector<std::string> texts(rules.size());
  std::vector<float> widths;
  float wanted = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (i < counts.size()) texts[i] = std::to_string(counts[i]);
    widths.push_back(card_width(ui, rules[i], texts[i]));
    wanted += widths.back() + kGap;
  }
  Box anchor = row;
  bool opens_editor = false;
  const Box add = row.cut_right(72);
  row.cut_right(kGap);
  const bool scrolls = wanted - kGap > row.w;
  if (scrolls) {
    const Box after = row.cut_right(kArrow), before = row.cut_left(kArrow);
    row.cut_right(kGap), row.cut_left(kGap);
    const float most = wanted - kGap - row.w;
    if (button(ui, (std::string(icon::kBefore) + "##before").c_str(), before, {.enabled = kept.cards_scroll > 0})) kept.cards_scroll -= row.w * 0.7f;
    if (button(ui, (std::string(icon::kAfter) + "##after").c_str(), after, {.enabled = kept.cards_scroll < most})) kept.cards_scroll += row.w * 0.7f;
    const ImGuiIO& io = ImGui::GetIO();
    if (row.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale()) && ImGui::IsWindowHovered()) kept.cards_scroll -= 60 * io.MouseWheel;
    kept.cards_scroll = std::clamp(kept.cards_scroll, 0.0f, std::max(0.0f, most));
  } else {
    kept.cards_scroll = 0;
  }
  ui.clip(row);
  float x = row.x - kept.cards_scroll;
  for (const std::size_t i : order_of(rules)) {
    const Box card{x, row.y, widths[i], row.h};
    x += widths[i] + kGap;
    if (card.right() <= row.x || card.x >= row.right()) continue;
    if (!draw_card(ui, card, context, static_cast<int>(i), rules[i], texts[i])) continue;
    kept.edited = static_cast<int>(i);
    context.memory.rule_in_focus = static_cast<int>(i);
    anchor = card, opens_editor = true;
  }
  ui.unclip();
  draw_more(ui, add, context, anchor, opens_editor);
  if (opens_editor) ImGui::OpenPopup("rule"), kept.editor_anchor = anchor;
  draw_rule_editor(ui, kept.editor_anchor, context);
}

/// The named set that the rules are, or that they are none of them.
int preset_of(const std::vector<Rule>& rules) {
  const auto& presets = rule_presets();
  for (std::size_t i = 0; i < presets.size(); ++i)
    if (std::ranges::equal(presets[i].rules, rules, is_same)) return static_cast<int>(i);
  return static_cast<int>(presets.size());
}

void draw_preset(Ui& ui, Box box, PaneContext& context) {
  const int shown = preset_of(*context.snapshot.rules);
  std::vector<const char*> labels;
  for (const RulePreset& preset : rule_presets()) labels.push_back(preset.name.c_str());
  if (shown == std::ssize(rule_presets())) labels.push_back("changed");
  int chosen = shown;
  if (combo(ui, "preset", box, labels, chosen) && chosen < std::ssize(rule_presets()))
    context.send(command::UseRules{rule_presets()[static_cast<std::size_t>(chosen)].name});
}

/// What every rule that is on does, or that they differ.
void draw_deed(Ui& ui, Box box, PaneContext& context) {
  const auto& rules = *context.snapshot.rules;
  int shown = -1;
  for (const Rule& rule : rules)
    if (rule.on) shown = shown == -1 || shown == deed_of(rule) ? deed_of(rule) : static_cast<int>(std::size(kDeeds));
  std::vector<const char*> labels(std::begin(kDeedLabels), std::end(kDeedLabels));
  if (shown == static_cast<int>(std::size(kDeeds))) labels.push_back("by rule");
  int chosen = std::max(0, shown);
  if (!combo(ui, "deed", box, labels, chosen) || chosen >= static_cast<int>(std::size(kDeeds))) return;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].on) continue;
    Rule next = rules[i];
    next.on_alert = kDeeds[chosen].name;
    set_rule(context, static_cast<std::int64_t>(i), std::move(next));
  }
}

void draw_label(Ui& ui, PaneHeader& header, const char* text) {
  const Box box = header.control(ui.width(Face::control, text) + 22);
  if (box.w > 0) ui.text_in({box.x, box.y, box.w - 4, box.h}, Face::control, ui.theme().dim, text, Align::right);
}

}  // namespace

void draw_rules(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Rules");
  if (!context.snapshot.model || !context.snapshot.rules) return header.subtitle("appear with a model");
  if (const Box deed = header.control(140); deed.w > 0) {
    draw_deed(ui, deed, context);
    draw_label(ui, header, "On alert");
  }
  const Box calibrate = header.control(88);
  if (button(ui, "Calibrate…", calibrate, {.tip = "Set limits from what was measured in the tokens shown"})) ImGui::OpenPopup("calibrate");
  if (const Box preset = header.control(120); preset.w > 0) {
    draw_preset(ui, preset, context);
    draw_label(ui, header, "Preset");
  }
  const auto& rules = *context.snapshot.rules;
  header.subtitle(fmt::format("every token, every layer · {} of {} on", std::ranges::count_if(rules, &Rule::on), rules.size()));
  Box row = box.inset(12, 0);
  draw_cards(ui, row.cut_top(kCard), context);
  draw_calibration(ui, calibrate, context);
}

}  // namespace lab
