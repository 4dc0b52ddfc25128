// Above the tokens: what colours them, the prompt or the search, and which are in view.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/ranges.h"
#include "views/panels/strip.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kHints = "click = move cursor A     Alt-click = cursor B     Shift-drag = name a range";
constexpr float kIcon = 28, kLeastPrompt = 240, kMostPrompt = 420;

bool can_act(const Snapshot& snapshot) {
  return snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
}

/// Zero, a strip of the colours, the largest value.
void draw_legend(Ui& ui, Box& left, double high) {
  const Theme& theme = ui.theme();
  left.cut_left(20);
  left.cut_left(ui.text_in(left, Face::axis, theme.dim, "0") - left.x + 6);
  const Box ramp = left.cut_left(120).row(9);
  for (int i = 0; i < 30; ++i)
    ui.fill({ramp.x + static_cast<float>(i) * 4, ramp.y, 4, ramp.h}, amber(theme, (static_cast<float>(i) + 0.5f) / 30));
  left.cut_left(8);
  ui.text_in(left.cut_left(52), Face::axis, theme.dim, number_text(high, 3));
}

void draw_measure(Ui& ui, Box& left, PaneContext& context, bool has_room) {
  const auto measures = token_measures();
  std::vector<std::string> names;
  std::vector<const char*> labels;
  for (const TokenMeasure& measure : measures)
    names.push_back(has_room && measure.source == TokenMeasure::Source::statistic ? fmt::format("{}, layer {}", measure.name, context.snapshot.selection.layer)
                                                                           : has_room ? measure.name : measure.short_name);
  for (const std::string& name : names) labels.push_back(name.c_str());
  combo(ui, "measure", left.cut_left(has_room ? 236 : 132).row(kHeaderControl), labels, context.memory.token_measure);
  if (const KeptSeries* series = measured_series(context); series && left.w > 640) draw_legend(ui, left, series->high);
}

void feed(PaneContext& context, bool reads) {
  if (context.memory.prompt.empty()) return;
  context.send(command::FeedText{context.memory.prompt});
  if (reads) context.send(command::ReadWaiting{});
  context.memory.prompt.clear();
}

/// What is typed goes to the tokens that wait; Enter reads them at once.
void draw_prompt(Ui& ui, Box row, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const bool ready = can_act(snapshot);
  row = row.row(kHeaderControl + 2);
  if (!snapshot.waiting.empty()) {
    if (button(ui, "Drop", row.cut_right(44), {.tip = "Drop the waiting tokens"})) context.send(command::DropWaiting{});
    row.cut_right(4);
    if (button(ui, fmt::format("Read {}##read", snapshot.waiting.size()).c_str(), row.cut_right(72), {.tip = "Read what waits"}))
      context.send(command::ReadWaiting{});
    row.cut_right(4);
  }
  if (button(ui, "Feed", row.cut_right(46),
             {.enabled = ready && !context.memory.prompt.empty(), .tip = "Add the text to what waits; Enter also reads it"}))
    feed(context, false);
  row.cut_right(4);
  const char* hint = snapshot.model ? "type a prompt, Enter reads it" : "open a model first";
  const bool entered = field(ui, "prompt", row, context.memory.prompt, {.hint = hint, .take_focus = context.memory.focus_prompt});
  context.memory.focus_prompt = false;
  if (entered && ready) feed(context, true);
}

/// Where cursor A stands among the places found.
std::string found_text(const KeptSearch& search, std::int64_t cursor) {
  if (search.typed.empty()) return "";
  if (search.matches.empty()) return "not found";
  const auto at = std::ranges::find_if(search.matches, [cursor](const auto& match) { return match.first <= cursor && cursor <= match.second; });
  if (at == search.matches.end()) return fmt::format("{} found", search.matches.size());
  return fmt::format("{} of {}", at - search.matches.begin() + 1, search.matches.size());
}

void draw_search(Ui& ui, Box row, PaneContext& context) {
  PaneMemory& memory = context.memory;
  row = row.row(kHeaderControl + 2);
  const bool closes = button(ui, (std::string(icon::kClose) + "##close-search").c_str(), row.cut_right(kIcon), {.tip = "Close the search\tEsc"});
  row.cut_right(4);
  const bool next = button(ui, (std::string(icon::kAfter) + "##next-match").c_str(), row.cut_right(kIcon), {.tip = "Next place\tEnter, F3"});
  row.cut_right(4);
  const bool previous = button(ui, (std::string(icon::kBefore) + "##previous-match").c_str(), row.cut_right(kIcon), {.tip = "Place before\tShift+Enter, Shift+F3"});
  row.cut_right(8);
  const std::string found = found_text(search_tokens(context), context.snapshot.selection.cursor_a);
  ui.text_in(row.cut_right(72), Face::dense, ui.theme().dim, found, Align::right);
  row.cut_right(8);
  const bool has_none = !memory.token_search.empty() && kept_of(context).search.matches.empty();
  const bool entered = field(ui, "token search", row, memory.token_search,
                             {.hint = "text, or the number of a token", .wrong = has_none, .take_focus = std::exchange(memory.focus_token_search, false)});
  if (entered) memory.focus_token_search = true, memory.search_step = ImGui::GetIO().KeyShift ? -1 : 1;
  if (next) memory.search_step = 1;
  if (previous) memory.search_step = -1;
  if (closes) memory.search_tokens = false;
}

void draw_menu(Ui& ui, PaneContext& context) {
  const Selection& s = context.snapshot.selection;
  const bool has_b = s.cursor_b >= 0, has_tokens = context.snapshot.count() > 0;
  const MenuItem items[] = {{.label = "Search the tokens", .shortcut = "Ctrl+F", .enabled = has_tokens},
                            {.label = "Name a range…", .shortcut = "R", .enabled = has_tokens},
                            {.label = "Cursor B to A", .shortcut = "B", .enabled = s.cursor_a >= 0, .separated = true},
                            {.label = "Swap A and B", .shortcut = "X", .enabled = has_b && s.cursor_a >= 0},
                            {.label = "Take cursor B away", .shortcut = "Shift+B", .enabled = has_b}};
  switch (menu(ui, "strip menu", items)) {
    case 0: context.memory.search_tokens = context.memory.focus_token_search = true; break;
    case 1: begin_naming_between_cursors(context.memory.draft, context.snapshot); break;
    case 2: context.send(command::Seek{s.cursor_a, "b"}); break;
    case 3:
      context.send(command::Seek{s.cursor_b, "a"});
      context.send(command::Seek{s.cursor_a, "b"});
      break;
    case 4: context.send(command::Seek{-1, "b"}); break;
    default: break;
  }
}

}  // namespace

void draw_strip_header(Ui& ui, Box& box, PaneContext& context, const std::string& range) {
  const Theme& theme = ui.theme();
  PaneMemory& memory = context.memory;
  Box left = box.cut_top(kHeaderHeight);
  left.cut_left(12), left.cut_right(12);
  const bool has_room = left.w > 1300;
  left.cut_left(ui.text_in(left, Face::title, theme.text, "Tokens") - left.x + 9);
  left.cut_left(ui.text_in(left, Face::control, theme.dim, "colour") - left.x + 9);
  draw_measure(ui, left, context, has_room);
  ui.text_in(left.cut_right(ui.width(Face::dense, range)), Face::dense, theme.dim, range);
  left.cut_right(12);
  if (button(ui, (std::string(icon::kMore) + "##strip-more").c_str(), left.cut_right(kIcon).row(kHeaderControl), {.tip = "Search, ranges, cursors"}))
    ImGui::OpenPopup("strip menu");
  draw_menu(ui, context);
  left.cut_right(4);
  if (button(ui, (std::string(icon::kSearch) + "##strip-search").c_str(), left.cut_right(kIcon).row(kHeaderControl),
             {.selected = memory.search_tokens, .enabled = context.snapshot.count() > 0, .tip = "Search the tokens\tCtrl+F"})) {
    memory.search_tokens = !memory.search_tokens;
    memory.focus_token_search = memory.search_tokens;
  }
  left.cut_right(16);
  left.cut_left(12);
  if (memory.search_tokens) return draw_search(ui, left.cut_right(std::min(left.w, 480.0f)), context);
  const float hints = ui.width(Face::control, kHints);
  const bool has_hints = left.w > hints + kLeastPrompt + 24;
  if (has_hints) {
    ui.text_in(left.cut_right(hints), Face::control, theme.dim, kHints);
    left.cut_right(20);
  }
  draw_prompt(ui, has_hints ? left.cut_left(kMostPrompt) : left, context);
}

}  // namespace lab
