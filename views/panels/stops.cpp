// The page of breakpoints: where the run pauses by itself.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tracer/detect/stop_expression.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/notes.h"

namespace lab {
namespace {

constexpr float kWidth = 380, kRow = 24;
constexpr std::size_t kMostShown = 8;

/// What people most often pause at, with the selected layer and the token under cursor A.
std::vector<std::pair<std::string, std::string>> suggestions(const Snapshot& snapshot) {
  const std::int64_t layer = snapshot.selection.layer, cursor = snapshot.selection.cursor_a;
  std::vector<std::pair<std::string, std::string>> all = {{"an alert", "alerts > 0"}, {"unsure", "entropy > 5"}, {"large change", fmt::format("delta(L{}) > 1", layer)}};
  if (cursor >= 0 && !snapshot.has_vectors) all.emplace_back("same token", fmt::format("token = {}", snapshot.tokens[cursor][0]));
  return all;
}

void draw_list(Ui& ui, Box& page, PaneContext& context) {
  const std::vector<Breakpoint>& all = *context.snapshot.breakpoints;
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i) {
    Box row = page.cut_top(kRow);
    const auto index = static_cast<std::int64_t>(i);
    if (check_box(ui, fmt::format("stop {}", i).c_str(), row.cut_left(16).row(14), all[i].on, "Whether the run pauses there")) context.send(command::SetBreakpoint{index, all[i].when, !all[i].on});
    row.cut_left(8);
    if (button(ui, fmt::format("{}##remove stop {}", icon::kClose, i).c_str(), row.cut_right(24).row(20), {.plain = true, .tip = "Remove it"})) context.send(command::RemoveBreakpoint{index});
    ui.text_in(row, Face::dense, all[i].on ? ui.theme().text : ui.theme().dim, all[i].when);
  }
}

}  // namespace

void draw_stops(Ui& ui, Box anchor, PaneContext& context) {
  bool& wanted = context.memory.stops;
  bool& is_open = kept_of(context).stops_are_open;
  const bool begins = wanted && !is_open;
  if (begins) ImGui::OpenPopup(kStopsPage);
  else if (!ImGui::IsPopupOpen(kStopsPage)) wanted = false;  // a click beside it has closed it
  is_open = wanted;
  if (!context.snapshot.breakpoints) return;
  std::string& text = kept_of(context).stop_text;
  const auto rows = static_cast<float>(std::min(context.snapshot.breakpoints->size(), kMostShown));
  const float height = 20 + 20 + 6 + rows * kRow + kControlHeight + 6 + 18 + 8 + kControlHeight + 8;
  Box page;
  if (!begin_popover(ui, kStopsPage, {anchor.x, anchor.y - height - 8, anchor.w, 0}, kWidth, height, page)) return;
  ui.text_in(page.cut_top(20), Face::title, ui.theme().text, "Pause the run after a token when …");
  page.cut_top(6);
  draw_list(ui, page, context);
  const auto read = StopExpression::parse(text, std::ssize(context.snapshot.model->layers));
  Box row = page.cut_top(kControlHeight);
  const bool adds = button(ui, "Add", row.cut_right(56), {.primary = true, .enabled = static_cast<bool>(read)});
  row.cut_right(6);
  const bool entered = field(ui, "stop text", row, text, {.hint = "norm(L3) > 8", .wrong = !text.empty() && !read, .take_focus = begins, .face = Face::dense});
  page.cut_top(4);
  const std::string told = text.empty() ? "t, token, entropy, surprise, alerts; norm, delta, write, decay, step, gate, resid of (L3)" : read ? "" : read.error().message + ": " + read.error().expected;
  const Hit hit = ui.hit("stop help", page.cut_top(18));
  ui.text_in({row.x, page.y - 18, kWidth - 24, 18}, Face::tick, text.empty() || read ? ui.theme().dim : ui.theme().bad, told);
  if (hit.hovered && !told.empty()) ui.tooltip(told);
  if ((adds || entered) && read) {
    context.send(command::SetBreakpoint{std::ssize(*context.snapshot.breakpoints), text, true});
    text.clear();
  }
  page.cut_top(6);
  row = page.cut_top(kControlHeight);
  const auto offered = suggestions(context.snapshot);
  const float width = (row.w - 6 * static_cast<float>(offered.size() - 1)) / static_cast<float>(offered.size());
  for (const auto& [name, when] : offered) {
    if (button(ui, name.c_str(), row.cut_left(width), {.tip = when})) text = when;
    row.cut_left(6);
  }
  if (!context.memory.stops) ImGui::CloseCurrentPopup();
  end_popover();
}

}  // namespace lab
