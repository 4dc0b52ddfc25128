#include "app/shell/palette.h"

#include <algorithm>

#include <fmt/format.h>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kWidth = 560, kRow = 28, kTop = 92;
constexpr int kRows = 9, kPage = 8;

}  // namespace

void Palette::open_for_history() {
  open();
  is_history_ = true;
}

void Palette::open_for(const std::string& pane) {
  open();
  pane_ = pane;
}

void Palette::open(std::vector<RecoveredCard> recovered) {
  recovered_ = std::move(recovered);
  is_open_ = take_focus_ = true;
  chosen_ = false;
  typed_.clear();
  pane_.clear();
  is_history_ = false;
  found_key_ = "nothing yet";
  ++generation_;
}

bool Palette::press(const InputEvent& press, bool) {
  if (!is_open_ || press.modifiers != Modifiers{}) return false;
  switch (static_cast<Key>(press.code)) {
    case Key::up: move(-1); return true;
    case Key::down: move(1); return true;
    case Key::page_up: move(-kPage); return true;
    case Key::page_down: move(kPage); return true;
    default: return false;
  }
}

void Palette::move(int by) {
  const int last = static_cast<int>(found_.size()) - 1;
  selected_ = std::clamp(selected_ + by, 0, std::max(0, last));
  first_ = std::clamp(first_, selected_ - kRows + 1, selected_);
}

void Palette::find(const Snapshot& snapshot, const Workspace& workspace) {
  const std::string key = fmt::format("{} {} {} {}", typed_, static_cast<const void*>(snapshot.model.get()), snapshot.count(), static_cast<const void*>(snapshot.record.get()));
  if (key == found_key_) return;
  found_key_ = key;
  found_ = is_history_ ? history_entries(typed_, snapshot) : pane_.empty() ? palette_entries(typed_, snapshot, workspace, recovered_) : view_entries(typed_, pane_);
  selected_ = first_ = 0;
}

std::optional<PaletteDeed> Palette::draw(Ui& ui, Box window, const Snapshot& snapshot, const Workspace& workspace) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  const Box page{window.middle_x() - kWidth / 2, window.y + kTop, kWidth, 12 + 28 + 8 + kRows * kRow + 32};
  begin_overlay(ui, "palette", page);
  Box body = page.inset(12, 12);
  const std::string id = fmt::format("text{}", generation_);
  const bool entered = field(ui, id.c_str(), body.cut_top(28), typed_,
                             {.hint = is_history_ ? "What was done, the latest first" : pane_.empty() ? "Search commands, layers, tokens, tensors, views, settings, models" : "Another view in this pane", .take_focus = take_focus_, .face = Face::body});
  take_focus_ = false;
  body.cut_top(8);
  find(snapshot, workspace);
  std::optional<PaletteDeed> chosen;
  Box list = body.cut_top(kRows * kRow);
  const int last = std::min(static_cast<int>(found_.size()), first_ + kRows);
  for (int i = first_; i < last; ++i) {
    const PaletteEntry& entry = found_[static_cast<std::size_t>(i)];
    Box row = list.cut_top(kRow);
    const Hit hit = ui.hit(fmt::format("row {}", i).c_str(), row);
    const bool selected = i == selected_;
    if (selected || hit.hovered) ui.fill(row, selected ? theme.selection : theme.raised, kRadius);
    row = row.inset(16, 0);
    ui.text_in(row.cut_left(72), Face::control, selected ? theme.dim_on_selection : theme.dim, entry.kind);
    if (!entry.keys.empty()) {
      const float width = ui.width(Face::dense, entry.keys);
      ui.text_in(row.cut_right(width + 8), Face::dense, selected ? theme.text : theme.dim, entry.keys, Align::right);
    }
    ui.text_in(row, Face::body, theme.text, entry.label);
    if (hit.clicked) chosen = entry.does;
  }
  if (found_.empty()) ui.text_in(list.cut_top(kRow), Face::body, theme.dim, is_history_ && typed_.empty() ? "Nothing was done yet." : "Nothing has that name.");
  body.cut_top(6);
  ui.text_in(body, Face::control, theme.dim, is_history_ ? "Arrows choose, Enter copies, Esc leaves." : "Arrows choose, Enter runs, Esc leaves.");
  if (found_.size() > kRows) ui.text_in(body, Face::control, theme.dim, fmt::format("{} of {}", selected_ + 1, found_.size()), Align::right);
  end_overlay();
  if (entered && selected_ < static_cast<int>(found_.size())) chosen = found_[static_cast<std::size_t>(selected_)].does;
  if (chosen) close();
  return chosen;
}

}  // namespace lab
