// Notes and bookmarks at tokens: on the time axis, and the page on which one is written.
#include "views/panels/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "views/figures/parts.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr const char* kPage = "note page";

std::string title_of(const TokenNote& note) { return note.text.empty() ? "bookmark" : note.text; }

/// Text in lines of at most 60 characters or so.
std::string in_lines(const std::string& text) {
  std::string out;
  std::size_t line = 0;
  for (const char c : text) {
    if (c == ' ' && line > 52) out += '\n', line = 0;
    else out += c, ++line;
  }
  return out;
}

}  // namespace

void begin_note(NoteDraft& draft, const Snapshot& snapshot) {
  const std::int64_t token = snapshot.selection.cursor_a;
  if (!snapshot.notes || token < 0) return;
  draft = {.is_open = true, .token = token, .number = draft.number + 1};
  const auto known = std::ranges::find(*snapshot.notes, token, &TokenNote::token);
  if (known != snapshot.notes->end()) draft.index = known - snapshot.notes->begin(), draft.text = known->text;
}

std::optional<std::int64_t> neighbour_note(const Snapshot& snapshot, std::int64_t token, bool next) {
  std::optional<std::int64_t> nearest;
  if (!snapshot.notes) return nearest;
  for (const TokenNote& note : *snapshot.notes) {
    if (note.token >= snapshot.count() || (next ? note.token <= token : note.token >= token)) continue;
    if (!nearest || (next ? note.token < *nearest : note.token > *nearest)) nearest = note.token;
  }
  return nearest;
}

void draw_note_page(Ui& ui, Box anchor, PaneContext& context) {
  NoteDraft& draft = context.memory.note;
  PaneMemory::Kept& kept = kept_of(context);
  const bool begins = draft.is_open && kept.noting != draft.number;
  if (begins) {
    kept.noting = draft.number;
    ImGui::OpenPopup(kPage);
  }
  Box page;
  if (!begin_popover(ui, kPage, {anchor.x, anchor.y - 124, anchor.w, 0}, 340, 112, page)) {
    draft.is_open = false;
    return;
  }
  const bool is_new = draft.index < 0;
  Box title = page.cut_top(20);
  ui.text_in(title, Face::title, ui.theme().text, fmt::format("Note at t = {}", draft.token));
  ui.text_in(title, Face::mono, ui.theme().dim, token_text(context.snapshot, draft.token), Align::right);
  page.cut_top(8);
  const bool entered = field(ui, "note text", page.cut_top(kControlHeight), draft.text, {.hint = "a text; none makes it a bookmark", .take_focus = begins});
  page.cut_top(8);
  Box row = page.cut_top(kControlHeight);
  const bool done = button(ui, is_new ? "Leave it" : "Rewrite", row.cut_right(92), {.primary = true});
  row.cut_right(6);
  const bool removes = !is_new && button(ui, "Remove", row.cut_right(84), {});
  if (done || entered) context.send(command::SetNote{is_new ? std::ssize(*context.snapshot.notes) : draft.index, draft.token, draft.text});
  if (removes) context.send(command::RemoveNote{draft.index});
  if (done || entered || removes) {
    draft.is_open = false;
    ImGui::CloseCurrentPopup();
  }
  end_popover();
}

void draw_note_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < snapshot.notes->size(); ++i)
    if ((*snapshot.notes)[i].token < snapshot.count()) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return (*snapshot.notes)[i].token; });
  for (std::size_t k = 0; k < order.size(); ++k) {
    const TokenNote& note = (*snapshot.notes)[order[k]];
    const float x = axis.place(static_cast<double>(note.token));
    if (x < axis.left || x > axis.right) continue;
    const float next = k + 1 < order.size() ? axis.place(static_cast<double>((*snapshot.notes)[order[k + 1]].token)) - 12 : axis.right + 60;
    ui.text_in({x - 12, lane.y, 24, lane.h}, Face::control, theme.warning, icon::kBookmark, Align::center);
    const float room = std::min(next - x - 9, 200.0f);
    if (!note.text.empty() && room > 24) ui.text_in({x + 9, lane.y, room, lane.h}, Face::tick, theme.dim, note.text);
    const Hit hit = ui.hit(fmt::format("note {}", order[k]).c_str(), {x - 7, lane.y, 14, lane.h});
    if (hit.hovered) ui.tooltip(fmt::format("{}\nt = {}\t{}", in_lines(title_of(note)), note.token, token_text(snapshot, note.token)));
    if (hit.clicked) context.send(command::Seek{note.token, "a"});
    if (hit.right_clicked || hit.double_clicked)
      context.memory.note = {.is_open = true, .index = static_cast<std::int64_t>(order[k]), .token = note.token, .text = note.text, .number = context.memory.note.number + 1};
  }
}

}  // namespace lab
