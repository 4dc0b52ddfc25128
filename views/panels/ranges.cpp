#include "views/panels/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kNaming = "naming";

std::string tokens_text(std::int64_t first, std::int64_t last) { return fmt::format("{}–{}", first, last - 1); }

/// The number of a token, if the text is one.
std::optional<std::int64_t> token_in(const std::string& text, std::int64_t count) {
  std::int64_t token = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (problem != std::errc() || end != text.data() + text.size() || token < 0 || token >= count) return {};
  return token;
}

void remove_range(PaneContext& context, std::int64_t index) {
  context.memory.range = -1;
  context.send(command::RemoveRange{index});
}

/// What the right button offers.
void draw_range_menu(Ui& ui, const char* id, PaneContext& context, int index) {
  static const MenuItem kItems[] = {{.label = "Go to its first token"},
                                    {.label = "Cursors to its ends"},
                                    {.label = "Show nothing else"},
                                    {.label = "Rename…", .shortcut = "F2", .separated = true},
                                    {.label = "Remove the name", .shortcut = "Delete"}};
  const NamedRange& range = (*context.snapshot.ranges)[static_cast<std::size_t>(index)];
  const std::int64_t end = std::min(range.last, context.snapshot.count());
  switch (menu(ui, id, kItems)) {
    case 0: go_to_range(context, index); break;
    case 1:
      context.memory.range = index;
      context.send(command::Seek{range.first, "b"});
      context.send(command::Seek{end - 1, "a"});
      break;
    case 2: context.send(command::ShowRange{range.first, end}); break;
    case 3: begin_renaming(context.memory.draft, context.snapshot, index); break;
    case 4: remove_range(context, index); break;
    default: break;
  }
}

/// A named range on the axis.
struct PlacedRange {
  int index = 0;
  Box box;
  float text_end = 0;  // where the next one above it begins
  bool lies_on_another = false;
  Hit hit = {};
};

/// Those that are to be seen, the longest first: they lie below.
std::vector<PlacedRange> place_ranges(const KeptTimeAxis& axis, Box lane, const Snapshot& snapshot) {
  const std::vector<NamedRange>& ranges = *snapshot.ranges;
  const auto place = [&](std::int64_t token) { return std::clamp(axis.place(static_cast<double>(std::min(token, snapshot.count())) - 0.5), axis.left, axis.right); };
  std::vector<PlacedRange> placed;
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (const float x = place(ranges[i].first), end = place(ranges[i].last); end - x >= 1)
      placed.push_back({static_cast<int>(i), {x, lane.y + 1, std::max(2.0f, end - x - 1), lane.h - 2}, end});
  std::stable_sort(placed.begin(), placed.end(), [](const PlacedRange& a, const PlacedRange& b) { return a.box.w > b.box.w; });
  for (std::size_t i = 0; i < placed.size(); ++i)
    for (std::size_t above = i + 1; above < placed.size(); ++above) {
      const Box &low = placed[i].box, &high = placed[above].box;
      if (high.x >= low.right() || low.x >= high.right()) continue;
      placed[above].lies_on_another = true;
      if (high.x >= low.x) placed[i].text_end = std::min(placed[i].text_end, high.x);
    }
  return placed;
}

void draw_range(Ui& ui, const PlacedRange& placed, PaneContext& context) {
  const Theme& theme = ui.theme();
  const NamedRange& range = (*context.snapshot.ranges)[static_cast<std::size_t>(placed.index)];
  const bool is_selected = context.memory.range == placed.index;
  const Box& box = placed.box;
  const Color ground = placed.lies_on_another ? mixed(theme.raised, theme.hover, 0.9f) : theme.raised;
  if (placed.lies_on_another) ui.fill({box.x - 1, box.y, box.w + 2, box.h}, theme.pane);
  ui.fill(box, is_selected ? theme.selection : placed.hit.hovered ? theme.hover : ground, 2);
  const bool is_covered = placed.text_end < box.right();
  Box text{box.x + 6, box.y, std::min(box.right(), placed.text_end) - box.x - 10, box.h};
  const std::string numbers = tokens_text(range.first, range.last);
  const float width = ui.width(Face::axis, numbers);
  if (!is_covered && ui.width(Face::tick, range.name) + width + 16 < text.w)
    ui.text_in(text.cut_right(width), Face::axis, is_selected ? theme.dim_on_selection : theme.dim, numbers);
  ui.text_in(text, Face::tick, theme.text, range.name);
}

void react(Ui& ui, const PlacedRange& placed, PaneContext& context) {
  const NamedRange& range = (*context.snapshot.ranges)[static_cast<std::size_t>(placed.index)];
  const std::string menu_id = fmt::format("range {} menu", placed.index);
  const Hit& hit = placed.hit;
  if (hit.hovered && !ImGui::IsPopupOpen(menu_id.c_str())) ui.tooltip(range_tip(context, range.name, range.first, range.last));
  if (hit.double_clicked) context.send(command::ShowRange{range.first, std::min(range.last, context.snapshot.count())});
  else if (hit.clicked) go_to_range(context, placed.index);
  if (hit.right_clicked) ImGui::OpenPopup(menu_id.c_str());
  draw_range_menu(ui, menu_id.c_str(), context, placed.index);
}

}  // namespace

bool drag_range(Ui& ui, PaneContext& context, const Hit& hit, std::int64_t token) {
  KeptDrag& drag = kept_of(context).drag;
  if (hit.pressed && ImGui::GetIO().KeyShift && context.snapshot.count() > 0) drag = {ui.pane, token, token};
  return drag.pane == ui.pane;
}

void finish_drag(Ui& ui, PaneContext& context, std::int64_t token) {
  KeptDrag& drag = kept_of(context).drag;
  if (drag.pane != ui.pane) return;
  drag.to = std::clamp<std::int64_t>(token, 0, std::max<std::int64_t>(0, context.snapshot.count() - 1));
  if (ImGui::GetIO().MouseDown[0]) return ui.tooltip(range_tip(context, "let go to name them", drag.first(), drag.last()));
  begin_naming(context.memory.draft, drag.first(), std::min(drag.last(), context.snapshot.count()));
  drag = {};
}

void begin_naming(RangeDraft& draft, std::int64_t first, std::int64_t last) {
  draft = {.is_open = true, .first = first, .last = last, .number = draft.number + 1};
}

void begin_naming_between_cursors(RangeDraft& draft, const Snapshot& snapshot) {
  if (snapshot.count() == 0) return;
  const std::int64_t a = std::max<std::int64_t>(0, snapshot.selection.cursor_a), b = snapshot.selection.cursor_b < 0 ? a : snapshot.selection.cursor_b;
  begin_naming(draft, std::min(a, b), std::max(a, b) + 1);
}

void begin_renaming(RangeDraft& draft, const Snapshot& snapshot, std::int64_t index) {
  if (!snapshot.ranges || index < 0 || index >= std::ssize(*snapshot.ranges)) return;
  const NamedRange& range = (*snapshot.ranges)[static_cast<std::size_t>(index)];
  draft = {.is_open = true, .index = index, .name = range.name, .first = range.first, .last = range.last, .number = draft.number + 1};
}

void draw_naming(Ui& ui, Box anchor, PaneContext& context) {
  RangeDraft& draft = context.memory.draft;
  PaneMemory::Kept& kept = kept_of(context);
  const bool begins = draft.is_open && kept.naming != draft.number;
  if (begins) {
    kept.naming = draft.number;
    kept.first_text = std::to_string(draft.first), kept.last_text = std::to_string(draft.last - 1);
    ImGui::OpenPopup(kNaming);
  }
  Box page;
  const bool is_new = draft.index < 0;
  if (!begin_popover(ui, kNaming, {anchor.x, anchor.y - 150, anchor.w, 0}, 300, 142, page)) {
    draft.is_open = false;
    return;
  }
  const Theme& theme = ui.theme();
  ui.text_in(page.cut_top(20), Face::title, theme.text, is_new ? "Name a range" : "Rename the range");
  page.cut_top(8);
  bool entered = field(ui, "range name", page.cut_top(kControlHeight), draft.name, {.hint = "a name, as “bread”", .take_focus = begins});
  page.cut_top(8);
  Box row = page.cut_top(kControlHeight);
  const std::int64_t count = context.snapshot.count();
  const auto first = token_in(kept.first_text, count), last = token_in(kept.last_text, count);
  const bool is_turned = first && last && *last < *first;
  ui.text_in(row.cut_left(52), Face::control, theme.dim, "tokens");
  entered |= field(ui, "range first", row.cut_left(84), kept.first_text, {.wrong = !first, .face = Face::dense});
  ui.text_in(row.cut_left(28), Face::control, theme.dim, "to", Align::center);
  entered |= field(ui, "range last", row.cut_left(84), kept.last_text, {.wrong = !last || is_turned, .face = Face::dense});
  page.cut_top(10);
  row = page.cut_top(kControlHeight);
  const bool is_right = first && last && !is_turned && draft.name.find_first_not_of(' ') != std::string::npos;
  const bool done = button(ui, is_new ? "Name" : "Rename", row.cut_right(84), {.primary = true, .enabled = is_right});
  row.cut_right(6);
  const bool removes = !is_new && button(ui, "Remove", row.cut_right(84), {.tip = "Remove the name, not the tokens"});
  if (is_right && (done || entered)) {
    const std::int64_t index = is_new ? std::ssize(*context.snapshot.ranges) : draft.index;
    context.send(command::SetRange{index, draft.name, *first, *last + 1});
    context.memory.range = static_cast<int>(index);
    draft.is_open = false;
  } else if (removes) {
    remove_range(context, draft.index);
    draft.is_open = false;
  }
  if (!draft.is_open) ImGui::CloseCurrentPopup();
  end_popover();
}

const NamedRange* selected_range(const PaneContext& context) {
  const auto& ranges = context.snapshot.ranges;
  const int index = context.memory.range;
  return ranges && index >= 0 && index < std::ssize(*ranges) ? &(*ranges)[static_cast<std::size_t>(index)] : nullptr;
}

void go_to_range(PaneContext& context, int index) {
  const auto& ranges = context.snapshot.ranges;
  if (!ranges || index < 0 || index >= std::ssize(*ranges)) return;
  context.memory.range = index;
  const std::int64_t first = (*ranges)[static_cast<std::size_t>(index)].first;
  if (first < context.snapshot.count()) context.send(command::Seek{first, "a"});
}

void draw_range_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context) {
  const auto& ranges = context.snapshot.ranges;
  if (!ranges || ranges->empty()) {
    ui.text_in({axis.left, lane.y, axis.right - axis.left, lane.h}, Face::tick, ui.theme().faint, "Shift-drag over tokens gives them a name");
    return;
  }
  std::vector<PlacedRange> placed = place_ranges(axis, lane, context.snapshot);
  for (auto i = placed.rbegin(); i != placed.rend(); ++i) i->hit = ui.hit(fmt::format("range {}", i->index).c_str(), i->box);  // the first gets the mouse
  for (const PlacedRange& each : placed) draw_range(ui, each, context);
  for (const PlacedRange& each : placed) react(ui, each, context);
}

RangeNumbers numbers_of(PaneContext& context, Statistic which, std::int64_t first, std::int64_t last) {
  const auto& values = kept_series(context, static_cast<int>(context.snapshot.selection.layer), which).values;
  RangeNumbers found{NAN, NAN, NAN};
  double sum = 0;
  std::int64_t known = 0;
  for (std::int64_t t = std::max<std::int64_t>(0, first); t < std::min(last, std::ssize(values)); ++t) {
    const auto value = static_cast<double>(values[static_cast<std::size_t>(t)]);
    if (!std::isfinite(value)) continue;
    found.low = known == 0 ? value : std::min(found.low, value), found.high = known == 0 ? value : std::max(found.high, value);
    sum += value, ++known;
  }
  if (known > 0) found.mean = sum / static_cast<double>(known);
  return found;
}

std::string range_tip(PaneContext& context, const std::string& name, std::int64_t first, std::int64_t last) {
  std::string text = fmt::format("{}\tt = {}\ntokens\t{}", name, tokens_text(first, last), last - first);
  text += fmt::format("\nlayer {}\tmean, least – most", context.snapshot.selection.layer);
  for (const auto& [which, title] : {std::pair{Statistic::h_norm, "‖h‖₂"}, std::pair{Statistic::h_change, "state change"},
                                     std::pair{Statistic::dt_mean, "mean Δ"}, std::pair{Statistic::decay_mean, "exp(ΔA)"}, std::pair{Statistic::write_norm, "‖ΔxB‖₂"},
                                     std::pair{Statistic::gate_mean, "|SiLU(z)|"}}) {
    const RangeNumbers numbers = numbers_of(context, which, first, last);
    if (std::isfinite(numbers.mean))
      text += fmt::format("\n{}\t{}, {} – {}", title, number_text(numbers.mean, 4), number_text(numbers.low, 4), number_text(numbers.high, 4));
  }
  return text;
}

}  // namespace lab
