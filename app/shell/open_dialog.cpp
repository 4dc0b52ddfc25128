#include "app/shell/open_dialog.h"

#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

std::string home() {
  const char* folder = std::getenv("HOME");
  return std::string(folder ? folder : "") + "/";
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

std::vector<FolderEntry> list_folder(const std::string& folder) {
  std::vector<FolderEntry> entries;
  std::error_code ignored;  // a folder that cannot be read shows nothing
  for (const fs::directory_entry& found : fs::directory_iterator(folder, ignored)) {
    FolderEntry entry;
    entry.name = found.path().filename().string();
    if (entry.name.starts_with('.')) continue;
    entry.folder = found.is_directory(ignored);
    entry.model = entry.folder ? fs::exists(found.path() / "config.json", ignored) : found.path().extension() == ".safetensors";
    if (entry.folder || entry.model) entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) {
    return std::tuple(!a.model, a.name) < std::tuple(!b.model, b.name);
  });
  return entries;
}

void OpenDialog::open(const std::string& path) {
  path_ = path.starts_with('/') ? folder_of(path) : home();
  listed_.clear();
  is_open_ = take_focus_ = true;
}

void OpenDialog::refresh() {
  const std::string folder = folder_of(path_);
  if (folder == listed_) return;
  listed_ = folder;
  entries_ = list_folder(folder);
}

std::string OpenDialog::draw_entries(Ui& ui, Box list) {
  const Theme& theme = ui.theme();
  std::string chosen;
  ImGui::SetCursorScreenPos({ui.px(list.x), ui.px(list.y)});
  compat::begin_child("entries", {ui.px(list.w), ui.px(list.h)}, 0);
  float y = list.y - ImGui::GetScrollY() / ui.scale();
  for (const FolderEntry& entry : entries_) {
    const Box row{list.x, y, list.w - 12, kControlHeight};
    y += kControlHeight;
    const Hit hit = ui.hit(entry.name.c_str(), row);
    if (hit.hovered) ui.fill(row, theme.raised, kRadius);
    ui.text_in({row.x + 6, row.y, 20, row.h}, Face::control, entry.model ? theme.accent : theme.dim,
               entry.model ? icon::kModel : icon::kOpen);
    const float end = ui.text_in({row.x + 30, row.y, row.w - 36, row.h}, Face::control, theme.text, entry.name);
    if (entry.model) ui.text_in({end + 8, row.y, row.right() - end - 12, row.h}, Face::control, theme.dim, "model");
    if (!hit.clicked) continue;
    if (entry.model) chosen = listed_ + entry.name;
    else path_ = listed_ + entry.name + "/";
  }
  ImGui::EndChild();
  return chosen;
}

std::string OpenDialog::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  const Box page{window.middle_x() - 320, window.middle_y() - 220, 640, 440};
  begin_overlay(ui, "open", page);
  Box body = page.inset(20, 16);
  Box title = body.cut_top(32);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  ui.text_in(title, Face::value, theme.text, "Open a model");
  Box row = body.cut_top(kControlHeight);
  Box up = row.cut_left(36);
  up.cut_right(8);
  if (button(ui, "..", up) && listed_.size() > 1) path_ = folder_of(listed_.substr(0, listed_.size() - 1));
  Box open = row.cut_right(84);
  row.cut_right(8);
  const bool entered = field(ui, "path", row, path_, {.take_focus = take_focus_, .face = Face::dense});
  const bool pressed = button(ui, "Open", open, {.primary = true});
  take_focus_ = false;
  body.cut_top(8);
  refresh();
  std::string chosen = entered || pressed ? path_ : std::string();
  const Box note = body.cut_bottom(24);
  ui.text_in(note, Face::control, theme.dim, "Enter opens the path. A built-in model: builtin:NAME. Esc closes.");
  if (entries_.empty()) empty_note(ui, body, "No model here.", "Type a path, or choose a folder above.");
  else if (const std::string clicked = draw_entries(ui, body); !clicked.empty()) chosen = clicked;
  end_overlay();
  if (!chosen.empty()) close();
  return chosen;
}

}  // namespace lab
