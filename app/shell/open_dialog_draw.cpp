// How the open dialog looks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include "app/shell/error_help.h"
#include "app/shell/open_dialog.h"
#include "app/shell/preview_panel.h"
#include "app/shell/words.h"
#include "model/files/file.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kMostWidth = 1320, kMostHeight = 840, kMargin = 24;
constexpr float kAbove = 52, kBelow = 36;  // of the window that stay in sight: its bars
constexpr float kTitle = 44, kFoot = 52, kPlaces = 136;
constexpr float kScrollbar = 12;           // stands in the margin
constexpr float kSize = 76, kChanged = 62;  // columns of the list
constexpr float kRoomForDates = 300;       // that a list has where it shows them

const char* icon_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::model_folder: return icon::kModel;
    case EntryKind::model_file: return icon::kFile;
    case EntryKind::session: return icon::kHistory;
    case EntryKind::patch: return icon::kTrials;
    case EntryKind::folder: return icon::kOpen;
  }
  return "";
}

/// "12 Nov" of this year, "2024" of another one.
std::string date_text(std::time_t time) {
  if (time == 0) return {};
  const std::time_t now = std::time(nullptr);
  std::tm then{}, today{};
  if (!localtime_r(&time, &then) || !localtime_r(&now, &today)) return {};
  if (then.tm_year != today.tm_year) return fmt::format("{}", then.tm_year + 1900);
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{} {}", then.tm_mday, kMonths[then.tm_mon]);
}

}  // namespace

void OpenDialog::draw_page(Ui& ui, Box window, const Snapshot& snapshot, OpenWish& wish) {
  const Theme& theme = ui.theme();
  const float free = window.h - kAbove - kBelow;
  const float w = std::min(kMostWidth, window.w - 2 * kMargin), h = std::min(kMostHeight, free);
  const Box page{std::round(window.middle_x() - w / 2), std::round(window.y + kAbove + (free - h) / 2), w, h};
  begin_overlay(ui, "open", page);
  Box body = page;
  Box title = body.cut_top(kTitle);
  ui.line_across(page.x + 1, page.right() - 1, title.bottom() - 1, theme.line);
  title = title.inset(20, 0);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true, .tip = "Close\tEsc"})) wish = escape();
  const float end = ui.text_in(title, Face::value, theme.text, compares() ? "Compare with" : session_.empty() ? "Open" : "Locate the model");
  title.cut_left(end - title.x + 16);
  if (!session_.empty()) ui.text_in(title, Face::control, theme.dim, printable(plain_name(session_)) + " needs " + lacked_);
  const Box foot = body.cut_bottom(kFoot);
  ui.line_across(page.x + 1, page.right() - 1, foot.y, theme.line);
  const Box places = body.cut_left(kPlaces);
  const Box list = body.cut_left(std::clamp(w * 0.32f, 250.0f, 410.0f));
  for (const Box& column : {places, list}) ui.line_down(column.right() - 1, column.y, column.bottom(), theme.line);
  draw_places(ui, places.inset(12, 12));
  draw_list(ui, list.inset(14, 12));
  draw_right(ui, body, snapshot);
  draw_foot(ui, foot.inset(20, 0), snapshot, wish);
  end_overlay();
}

void OpenDialog::draw_places(Ui& ui, Box column) {
  const Theme& theme = ui.theme();
  const char* home = std::getenv("HOME");
  const std::pair<const char*, std::string> places[] = {
      {"Home", std::string(home ? home : "") + "/"}, {"Computer", "/"}, {"Built in", kBuiltinPlace}, {"Recent", kRecentPlace}};
  ui.text_in(column.cut_top(kControlHeight).inset(8, 0), Face::control, theme.dim, "Places");
  for (const auto& [name, place] : places) {
    const Box row = column.cut_top(kControlHeight);
    column.cut_top(2);
    const Hit hit = ui.hit(name, row);
    const bool is_here = place_ == place;
    if (is_here) ui.fill(row, theme.selection, kRadius);
    else if (hit.hovered) ui.fill(row, theme.raised, kRadius);
    ui.text_in(row.inset(8, 0), Face::control, theme.text, name);
    if (hit.clicked && opening_.empty()) go_to(place);
  }
}

void OpenDialog::draw_field(Ui& ui, Box row) {
  ImGui::PushID(generation_);
  const FieldLook look{.hint = "a path, or the beginning of a name", .take_focus = take_focus_, .face = Face::dense};
  const bool entered = field(ui, "path", row, path_, look);
  ImGui::PopID();
  take_focus_ = false;
  if (!entered || !opening_.empty()) return;
  follow_text();  // what was typed in this frame
  choose();
  take_focus_ = true;
}

void OpenDialog::draw_list(Ui& ui, Box column) {
  const Theme& theme = ui.theme();
  draw_field(ui, column.cut_top(kControlHeight));
  column.cut_top(6);
  Box head = column.cut_top(20).inset(8, 0);
  const bool has_dates = column.w >= kRoomForDates && place_ != kBuiltinPlace;
  if (has_dates) ui.text_in(head.cut_right(kChanged), Face::tick, theme.dim, "changed", Align::right);
  ui.text_in(head.cut_right(kSize), Face::tick, theme.dim, "size", Align::right);
  head.cut_left(24);
  ui.text_in(head, Face::tick, theme.dim, "name");
  const Box note = column.cut_bottom(22);
  if (!list_) return;
  const std::string hidden = list_->others > 0 ? fmt::format(", {} other files", list_->others) : "";
  ui.text_in(note, Face::control, theme.dim, fmt::format("{} to choose from{}", list_->entries.size(), hidden));
  if (list_->entries.empty())
    return empty_note(ui, column, list_->problem.empty() ? "No model here." : list_->problem, "Choose a place, or type a path.");
  ImGui::SetCursorScreenPos({ui.px(column.x), ui.px(column.y)});
  compat::begin_child("entries", {ui.px(column.w + kScrollbar), ui.px(column.h)}, 0);
  if (scroll_ && selected_ >= 0) {
    const float at = kControlHeight * static_cast<float>(selected_), top = ImGui::GetScrollY() / ui.scale();
    if (at < top) ImGui::SetScrollY(ui.px(at));
    else if (at + kControlHeight > top + column.h) ImGui::SetScrollY(ui.px(at + kControlHeight - column.h));
  }
  scroll_ = false;
  const float top = column.y - ImGui::GetScrollY() / ui.scale();
  for (int i = 0; i < static_cast<int>(list_->entries.size()); ++i) {
    const Box row{column.x, top + kControlHeight * static_cast<float>(i), column.w, kControlHeight};
    if (row.bottom() >= column.y && row.y <= column.bottom()) draw_entry(ui, row, i, has_dates);
  }
  ImGui::SetCursorScreenPos({ui.px(column.x), ui.px(top + kControlHeight * static_cast<float>(list_->entries.size()) - 1)});
  ImGui::Dummy({1, 1});  // how far there is to scroll
  ImGui::EndChild();
}

void OpenDialog::draw_entry(Ui& ui, Box row, int index, bool has_dates) {
  const Theme& theme = ui.theme();
  const FolderEntry& entry = list_->entries[static_cast<std::size_t>(index)];
  const Hit hit = ui.hit(fmt::format("entry {}", index).c_str(), row);
  if (ui.record_items) ui.items["open/" + entry.name] = row;
  const bool selected = index == selected_;
  if (selected) ui.fill(row, theme.selection, kRadius);
  else if (hit.hovered) ui.fill(row, theme.raised, kRadius);
  const Color dim = selected ? theme.dim_on_selection : theme.dim;
  Box cells = row.inset(8, 0);
  const Color mark = entry.kind == EntryKind::folder ? dim : selected ? theme.text : theme.accent;
  ui.text_in(cells.cut_left(24), Face::control, mark, icon_of(entry.kind));
  if (has_dates) ui.text_in(cells.cut_right(kChanged), Face::control, dim, date_text(entry.changed), Align::right);
  if (entry.bytes >= 0 && entry.kind != EntryKind::folder)
    ui.text_in(cells.cut_right(kSize), Face::dense, dim, memory_text(entry.bytes), Align::right);
  else cells.cut_right(kSize);
  cells.cut_right(6);
  ui.text_in(cells, Face::control, theme.text, printable(entry.name, 400));
  if (!opening_.empty()) return;
  if (hit.clicked && !selected) selected_ = index, refusal_.reset();
  if (hit.double_clicked) choose();
}

void OpenDialog::draw_recorded(Ui& ui, Box box) {
  const float told = refusal_ ? draw_refusal(ui, box, *refusal_) + 20 : 0;
  box.cut_top(told);
  empty_note(ui, box, "A recorded trace.", preview_->recorded);
}

void OpenDialog::draw_right(Ui& ui, Box column, const Snapshot& snapshot) {
  Box inner = column.inset(20, 14);
  inner.w += kScrollbar;
  if (!preview_) {
    if (!target().empty()) return empty_note(ui, inner, "Reading headers …", "Nothing is loaded before you open it.");
    if (stands_on_folder()) return empty_note(ui, inner, "A folder.", "Enter or a double click looks into it.");
    return empty_note(ui, inner, compares() ? "Choose a session, a recorded trace or a model." : session_.empty() ? "Choose a model or a session." : "Choose the session's model.",
                      "What it is and needs is shown here before anything is loaded.");
  }
  if (preview_->is_folder) return empty_note(ui, inner, "A folder that holds no model.", "Enter looks into it.");
  if (compares() && !preview_->recorded.empty()) return draw_recorded(ui, inner);
  ImGui::SetCursorScreenPos({ui.px(inner.x), ui.px(inner.y)});
  ImGui::PushID(static_cast<int>(std::hash<std::string>()(preview_->path)));  // each is scrolled on its own
  compat::begin_child("preview", {ui.px(inner.w), ui.px(inner.h)}, 0);
  const Box text{inner.x, inner.y - ImGui::GetScrollY() / ui.scale(), inner.w - kScrollbar, inner.h};
  const bool is_open = snapshot.model && snapshot.model->path == preview_->path;
  const float told = refusal_ ? draw_refusal(ui, text, *refusal_) + 20 : 0;
  const float height = told + draw_preview(ui, {text.x, text.y + told, text.w, text.h}, *preview_, is_open ? snapshot.model->hash : "");
  ImGui::SetCursorScreenPos({ui.px(inner.x), ui.px(text.y + height - 1)});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
  ImGui::PopID();
}

void OpenDialog::draw_foot(Ui& ui, Box foot, const Snapshot& snapshot, OpenWish& wish) {
  const Theme& theme = ui.theme();
  const bool refused = preview_ && !preview_->is_folder && !can_choose(), asks_on = preview_ && !compares() && session_.empty() && preview_->needs_model();
  const bool can_choose = opening_.empty() && (stands_on_folder() || (!target().empty() && !refused));
  const bool is_folder = stands_on_folder() || (preview_ && preview_->is_folder);
  const char* label = refused ? "Cannot be opened##choose" : is_folder ? "Look into##choose" : compares() ? "Compare##choose" : asks_on ? "Locate its model…##choose" : "Open##choose";
  if (button(ui, label, foot.cut_right(132).row(28), {.primary = can_choose, .enabled = can_choose})) choose();
  foot.cut_right(8);
  if (button(ui, "Cancel", foot.cut_right(88).row(28))) wish = escape();
  foot.cut_right(16);
  if (!opening_.empty()) {
    const Box track = foot.cut_left(160).row(4);
    ui.fill(track, theme.raised, 2);
    ui.fill({track.x, track.y, track.w * static_cast<float>(std::clamp(snapshot.progress, 0.0, 1.0)), track.h}, theme.accent, 2);
    foot.cut_left(12);
    const std::string doing = snapshot.state == EngineState::loading ? snapshot.working_on : (compares() ? "compare with " : "open ") + opening_;
    ui.text_in(foot, Face::control, theme.text, printable(doing, 400));
  } else if (refusal_) {
    ui.text_in(foot.cut_left(20), Face::control, theme.bad, icon::kWarning);
    ui.text_in(foot, Face::control, theme.bad, "It was not opened. What was open stays as it is.");
  } else {
    ui.text_in(foot, Face::control, theme.dim,
               compares() ? "Enter compares, Backspace goes up, Esc closes. Or drop a file on Compare." : "Enter opens, Backspace goes up, Esc closes. Or drop a file on the window.");
  }
}

}  // namespace lab
