// All alerts, newest first, each with what it says.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20, kRoomForAll = 620, kBar = 12;  // kBar: what the scroll bar takes

struct Columns {
  Box token, layer, rule, value, limit, piece, text, state;
};
Columns columns_of(Box row) {
  Columns at;
  Box line = row.inset(12, 0);
  const bool has_room = row.w > kRoomForAll;
  at.token = line.cut_left(48), line.cut_left(4);
  at.layer = line.cut_left(40), line.cut_left(16);
  at.rule = line.cut_left(has_room ? 148 : 116), line.cut_left(4);
  at.value = line.cut_left(76), line.cut_left(4);
  if (has_room) at.limit = line.cut_left(76);
  line.cut_left(16);
  at.state = line.cut_right(44), line.cut_right(8);
  at.piece = line.cut_left(has_room ? std::min(120.0f, line.w * 0.3f) : line.w), line.cut_left(12);
  at.text = line;
  return at;
}

void draw_heads(Ui& ui, Box row) {
  const Columns at = columns_of(row);
  const Color dim = ui.theme().dim;
  ui.text_in(at.token, Face::tick, dim, "t", Align::right);
  ui.text_in(at.layer, Face::tick, dim, "layer", Align::right);
  ui.text_in({at.rule.x + 12, at.rule.y, at.rule.w, at.rule.h}, Face::tick, dim, "rule");
  ui.text_in(at.value, Face::tick, dim, "value", Align::right);
  ui.text_in(at.limit, Face::tick, dim, "limit", Align::right);
  ui.text_in(at.piece, Face::tick, dim, "token");
  ui.text_in(at.text, Face::tick, dim, "what it says");
  ui.text_in(at.state, Face::tick, dim, "state");
}

void draw_row(Ui& ui, Box row, PaneContext& context, const AlertLog& log, int index, bool is_chosen) {
  const Theme& theme = ui.theme();
  const Alert& alert = log.alerts[static_cast<std::size_t>(index)];
  const Rule& rule = rule_of(log, alert);
  const Finding& found = alert.finding;
  const Hit hit = ui.hit(fmt::format("alert {}", index).c_str(), row);
  if (is_chosen) ui.fill(row, theme.selection);
  else if (hit.hovered) ui.fill(row, theme.raised);
  const Color quiet = is_chosen ? theme.dim_on_selection : theme.dim;
  Columns at = columns_of(row);
  ui.text_in(at.token, Face::dense, theme.text, std::to_string(found.token), Align::right);
  ui.text_in(at.layer, Face::dense, theme.text, found.layer < 0 ? "–" : std::to_string(found.layer), Align::right);
  ui.fill(at.rule.cut_left(4).row(12), rule_color(ui, rule));
  at.rule.cut_left(8);
  ui.text_in(at.rule, Face::control, theme.text, rule_title(rule));
  ui.text_in(at.value, Face::dense, theme.text, measured_text(rule, found.value), Align::right);
  ui.text_in(at.limit, Face::dense, quiet, measured_text(rule, found.limit), Align::right);
  ui.text_in(at.piece, Face::dense, theme.text, token_text(context.snapshot, found.token));
  ui.text_in(at.text, Face::control, quiet, find_rule_kind(rule.kind)->sentence);
  const bool is_seen = was_seen(context, alert);
  ui.text_in(at.state, Face::control, is_seen ? quiet : theme.text, is_seen ? "seen" : "new");
  if (hit.hovered) ui.tooltip(fmt::format("{}\t{}, t = {}\n{}", rule_title(rule), where_text(found.layer), found.token, found.text));
  if (!hit.clicked) return;
  KeptMonitor& kept = kept_of(context).monitor;
  kept.followed_alert = index, kept.followed_cursor = found.token;  // it is in view already
  go_to(context, alert);
}

/// Alerts that the filter and the search leave, newest first. Every word must occur in the rule, the token or the sentence.
std::vector<int> listed(const PaneContext& context, const AlertLog& log) {
  const std::string& search = context.memory.alert_search;
  const int only = context.memory.alert_rule;
  std::vector<int> out;
  for (int i = static_cast<int>(log.alerts.size()) - 1; i >= 0; --i) {
    const Alert& alert = log.alerts[static_cast<std::size_t>(i)];
    if (only >= 0 && alert.rule != only) continue;
    if (!search.empty()) {
      const std::string all = fmt::format("{} {} {} {}", rule_title(rule_of(log, alert)), where_text(alert.finding.layer),
                                          token_text(context.snapshot, alert.finding.token), alert.finding.text);
      if (all.find(search) == std::string::npos) continue;
    }
    out.push_back(i);
  }
  return out;
}

void draw_filter(Ui& ui, Box box, PaneContext& context, const AlertLog& log) {
  const auto counts = alert_counts(log);
  std::vector<std::string> names{"all rules"};
  std::vector<int> rules{-1};
  int chosen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 && static_cast<int>(i) != context.memory.alert_rule) continue;
    names.push_back(fmt::format("{}, {}", rule_title((*log.rules)[i]), counts[i]));
    rules.push_back(static_cast<int>(i));
    if (static_cast<int>(i) == context.memory.alert_rule) chosen = static_cast<int>(names.size()) - 1;
  }
  std::vector<const char*> labels;
  for (const std::string& name : names) labels.push_back(name.c_str());
  if (combo(ui, "filter", box, labels, chosen)) context.memory.alert_rule = rules[static_cast<std::size_t>(chosen)];
}

void draw_csv(Ui& ui, Box box, PaneContext& context) {
  if (button(ui, "CSV", box, {.tip = "The alerts of the tokens shown as a table"})) ImGui::OpenPopup("csv-menu");
  const MenuItem items[] = {{.label = "Copy"}, {.label = "Export…"}};
  const int chosen = menu(ui, "csv-menu", items);
  if (chosen == 0) ImGui::SetClipboardText(csv_of("alerts", context.snapshot, context.derived, {}).c_str());
  if (chosen == 1) context.export_view("alerts");
}

/// Where the list begins, in units. It follows the alert that all panes are about: when that or the cursor changes, and while
/// it is in view and others come above it. What a person scrolled to stays otherwise.
float follow_alert(PaneContext& context, const std::vector<int>& shown, int chosen, float height, float scroll) {
  KeptMonitor& kept = kept_of(context).monitor;
  const auto at = std::ranges::find(shown, chosen);
  const float top = static_cast<float>(at - shown.begin()) * kRow;
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  const bool is_new = kept.followed_alert != chosen || kept.followed_cursor != cursor, has_grown = kept.listed != shown.size();
  if (at != shown.end() && (is_new || (has_grown && kept.sees_alert)))
    scroll = top + kRow <= height ? 0 : kRow * std::floor((top - height / 2) / kRow);
  kept.followed_alert = chosen, kept.followed_cursor = cursor, kept.listed = shown.size();
  kept.sees_alert = at != shown.end() && top >= scroll && top + kRow <= scroll + height;
  return scroll;
}

/// A bar that the mouse drags, at the right edge of what it scrolls. Returns how far the content moves, in units.
float scroll_bar(Ui& ui, Box box, float content, float scroll) {
  if (content <= box.h) return 0;
  const Box track{box.right() - 10, box.y, 8, box.h};
  const Hit hit = ui.hit("scroll", track);
  const float share = box.h / content;
  ui.fill({track.x + 2, track.y + scroll * share, 5, std::max(16.0f, box.h * share)}, hit.hovered || hit.held ? ui.theme().axis : ui.theme().hover, 2);
  return hit.held ? ImGui::GetIO().MouseDelta.y / ui.scale() / share : 0;
}

void draw_list(Ui& ui, Box box, PaneContext& context, const AlertLog& log, const std::vector<int>& shown) {
  const Alert* focus = alert_in_focus(context);
  const int chosen = focus ? static_cast<int>(focus - log.alerts.data()) : -1;
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  compat::begin_child("list", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, ImGuiWindowFlags_NoScrollbar);
  const float now = ImGui::GetScrollY() / ui.scale(), content = static_cast<float>(shown.size()) * kRow;  // now: whatever is asked for
  float scroll = follow_alert(context, shown, chosen, box.h, now);
  scroll = std::clamp(scroll + scroll_bar(ui, box, content, scroll), 0.0f, std::max(0.0f, content - box.h + 1));
  if (scroll != now) ImGui::SetScrollY(scroll * ui.scale());
  for (auto i = static_cast<std::size_t>(scroll / kRow); i < shown.size(); ++i) {
    const float y = box.y + static_cast<float>(i) * kRow - scroll;
    if (y >= box.bottom()) break;
    draw_row(ui, {box.x, y, box.w - kBar, kRow}, context, log, shown[i], shown[i] == chosen);
  }
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - now + content) - 1});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
}

}  // namespace

void draw_alert_table(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Alerts");
  const AlertLog* log = alerts_or_note(ui, box, context, "Alerts are listed here, newest first.");
  if (!log) return;
  if (const Box csv = header.control(48); csv.w > 0) draw_csv(ui, csv, context);
  if (const Box search = header.control(132); search.w > 0) field(ui, "search", search, context.memory.alert_search, {.hint = "search"});
  if (const Box filter = header.control(164); filter.w > 0) draw_filter(ui, filter, context, *log);
  const std::vector<int> shown = listed(context, *log);
  header.subtitle(shown.size() == log->alerts.size() ? fmt::format("{}, newest first", shown.size()) : fmt::format("{} of {}", shown.size(), log->alerts.size()));
  if (log->alerts.empty()) return empty_note(ui, box, "No rule has found anything.", "Read more, or change a limit by a click on its rule.");
  if (shown.empty()) return empty_note(ui, box, "No alert is like that.", "Choose another rule, or search for something else.");
  const Box heads = box.cut_top(kRow);
  draw_heads(ui, {heads.x, heads.y, heads.w - kBar, heads.h});
  draw_list(ui, box, context, *log, shown);
}

}  // namespace lab
