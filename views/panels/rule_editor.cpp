// One rule in all its numbers. Every change is a command at once.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"

namespace lab {
namespace {

constexpr float kWidth = 392, kLabel = 92, kLine = 28, kField = 96;

struct Editor {
  Ui& ui;
  Box page;
  Rule rule;
  bool changed = false;

  Box line(const char* label) {
    Box row = page.cut_top(kLine);
    row = row.row(kControlHeight);
    ui.text_in(row.cut_left(kLabel), Face::control, ui.theme().dim, label);
    return row;
  }
  void note(Box row, const std::string& text) {
    row.cut_left(8);
    ui.text_in(row, Face::control, ui.theme().dim, text);
  }
  /// A whole number with what it counts behind it.
  void whole(const char* label, std::int64_t& value, std::int64_t low, std::int64_t high, const std::string& unit) {
    Box row = line(label);
    auto number = static_cast<double>(value);
    if (number_field(ui, label, row.cut_left(kField), number, static_cast<double>(low), static_cast<double>(high), "%.0f"))
      value = std::llround(number), changed = true;
    note(row, unit);
  }
};

void draw_limit(Editor& editor) {
  Rule& rule = editor.rule;
  Box row = editor.line("limit");
  const bool by_layer = !rule.layer_limits.empty();
  double limit = by_layer || is_never(rule.limit) ? 0 : rule.limit;
  if (number_field(editor.ui, "limit", row.cut_left(kField), limit, -1e9, 1e9, by_layer ? "" : "%.6g"))
    rule.limit = limit, rule.layer_limits.clear(), rule.origin = "yours", editor.changed = true;
  const std::string side = worse_of(rule) == Worse::higher ? "found above" : "found below";
  editor.note(row, by_layer ? limit_text(rule) + ", by layer" : fmt::format("{} · {}", rule_axis(rule), side));
}

/// "all", or the number of a layer.
void draw_layer(Editor& editor, std::int64_t layers) {
  Box row = editor.line("layer");
  std::string text = editor.rule.layer < 0 ? "all" : std::to_string(editor.rule.layer);
  if (field(editor.ui, "layer", row.cut_left(kField), text, {.face = Face::dense})) {
    char* end = nullptr;
    const long typed = std::strtol(text.c_str(), &end, 10);
    const bool is_number = end != text.c_str() && *end == '\0';
    if (text == "all" || text.empty()) editor.rule.layer = -1, editor.changed = true;
    else if (is_number && typed >= 0 && typed < layers) editor.rule.layer = static_cast<int>(typed), editor.changed = true;
  }
  editor.note(row, fmt::format("all, or 0 to {}", layers - 1));
}

void draw_statistic(Editor& editor) {
  std::vector<const char*> names;
  int chosen = 0;
  for (int i = 0; i < kStatistics; ++i) {
    names.push_back(name_of(static_cast<Statistic>(i)));
    if (editor.rule.statistic == names.back()) chosen = i;
  }
  Box row = editor.line("statistic");
  if (combo(editor.ui, "statistic", row.cut_left(148), names, chosen)) editor.rule.statistic = names[static_cast<std::size_t>(chosen)], editor.changed = true;
  row.cut_left(8);
  constexpr const char* kSides[] = {"above", "below"};
  const int before = editor.rule.side == "below" ? 1 : 0, side = segments(editor.ui, "side", row.cut_left(120), kSides, before);
  if (side != before) editor.rule.side = kSides[side], editor.changed = true;
}

void draw_windows(Editor& editor) {
  editor.whole("window", editor.rule.window, 1, 1024, "last tokens, against");
  editor.whole("reference", editor.rule.reference, 1, 1024, "tokens before them");
  constexpr const char* kOf[] = {"state", "residual"};
  Box row = editor.line("of the");
  const int before = editor.rule.of == "residual" ? 1 : 0, of = segments(editor.ui, "of", row.cut_left(160), kOf, before);
  if (of != before) editor.rule.of = kOf[of], editor.changed = true;
}

void draw_deed(Editor& editor) {
  Box row = editor.line("on alert");
  int deed = deed_of(editor.rule);
  if (combo(editor.ui, "on alert", row.cut_left(148), kDeedLabels, deed)) editor.rule.on_alert = kDeeds[deed].name, editor.changed = true;
  if (editor.rule.on_alert != "roll_back") return;
  row.cut_left(8);
  auto tokens = static_cast<double>(editor.rule.roll_back);
  if (number_field(editor.ui, "roll back", row.cut_left(64), tokens, 1, 1e6, "%.0f")) editor.rule.roll_back = std::llround(tokens), editor.changed = true;
  editor.note(row, "tokens");
}

float height_of(const Rule& rule) {
  const int lines = 5 + (rule.kind == "track" ? 1 : 0) + (rule.kind == "context-shift" ? 3 : 0);
  return 20 + 24 + 54 + static_cast<float>(lines) * kLine + 36 + 40;
}

std::string origin_text(const Rule& rule) { return "Limit: " + limit_origin(rule) + "."; }

}  // namespace

void draw_rule_editor(Ui& ui, Box anchor, PaneContext& context) {
  const auto& rules = *context.snapshot.rules;
  KeptMonitor& kept = kept_of(context).monitor;
  if (kept.edited < 0 || kept.edited >= std::ssize(rules)) return;
  const Rule& rule = rules[static_cast<std::size_t>(kept.edited)];
  const Theme& theme = ui.theme();
  Box page;
  if (!begin_popover(ui, "rule", anchor, kWidth, height_of(rule), page)) return;
  Editor editor{ui, page, rule};
  const RuleKind& kind = *find_rule_kind(rule.kind);
  Box title = editor.page.cut_top(24);
  ui.fill(title.cut_left(4).row(14), rule_color(ui, rule));
  title.cut_left(8);
  ui.text_in(title, Face::title, theme.text, rule_title(rule));
  const std::string full = kind.title;
  const std::size_t colon = full.find(": ");
  const std::string definition = colon == std::string::npos ? "" : "Watches " + full.substr(colon + 2) + ". ";
  ui.paragraph(editor.page.cut_top(54), Face::control, theme.dim, definition + kind.sentence, 16);
  if (rule.kind == "track") draw_statistic(editor);
  draw_limit(editor);
  if (rule.kind == "context-shift") draw_windows(editor);
  draw_layer(editor, static_cast<std::int64_t>(context.snapshot.model->layers.size()));
  editor.whole("held for", editor.rule.held, 1, 1'000'000, "tokens in a row");
  editor.whole("quiet for", editor.rule.dead_tokens, 0, 1'000'000, "tokens after an alert");
  draw_deed(editor);
  ui.paragraph(editor.page.cut_top(36), Face::tick, theme.dim, origin_text(rule), 16);
  Box buttons = editor.page.cut_bottom(kControlHeight);
  if (button(ui, rule.on ? "Switch off" : "Switch on", buttons.cut_left(92))) editor.rule.on = !rule.on, editor.changed = true;
  buttons.cut_left(8);
  if (button(ui, "Default", buttons.cut_left(80), {.tip = "The limit and all else as it comes"})) {
    const bool on = rule.on;
    const std::string statistic = rule.statistic;
    editor.rule = default_rule(kind);
    editor.rule.on = on, editor.rule.statistic = statistic, editor.changed = true;
  }
  const bool removes = button(ui, "Remove", buttons.cut_right(80), {.tip = "Take the rule away"});
  if (removes || editor.rule.on != rule.on) ImGui::CloseCurrentPopup();
  end_popover();
  if (removes) context.send(command::RemoveRule{kept.edited});
  else if (editor.changed) set_rule(context, kept.edited, std::move(editor.rule));
}

}  // namespace lab
