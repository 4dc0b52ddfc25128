#include "app/shell/save_dialog.h"

#include <algorithm>
#include <filesystem>

#include "model/files/file.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kLabel = 56;  // units of width of the word before the field

struct SavedKind {
  const char* title;
  const char* ending;
  const char* note;
};
constexpr SavedKind kSaved[] = {{"Save the session", ".statelab.json", "Everything done since the model was opened, as text that `statelab run` replays."},
                                {"Save the last edit as a patch", ".patch.json", "A text to read, review and drop on a run; it fits any model that has what it changes."},
                                {"Save the rules", ".rules.json", "A text to read and review; dropped on a run, its rules hold from there on. `statelab intervene --rules` takes it."},
                                {"Save the state at cursor A", ".safetensors", "All layers; a run starts with it when it is dropped on the window, and edits take from it."}};

const SavedKind& saved(SaveDialog::Kind kind) { return kSaved[static_cast<std::size_t>(kind)]; }

}  // namespace

void SaveDialog::open(Kind kind, const Snapshot& snapshot, const std::string& file, const std::string& folder) {
  std::error_code ignored;
  if (folder_.empty()) folder_ = folder.empty() ? std::filesystem::current_path(ignored).string() : folder;
  is_open_ = take_focus_ = true;
  kind_ = kind;
  std::string name = snapshot.model ? snapshot.model->name : "session";
  std::ranges::replace(name, '/', '-');
  path_ = !file.empty() ? file : folder_ + (folder_.ends_with('/') ? "" : "/") + name + saved(kind).ending;
}

/// What is typed, with the ending that says what it is.
std::string SaveDialog::target() const {
  const std::string ending = saved(kind_).ending;
  if (path_.ends_with(ending)) return path_;
  return (path_.ends_with(".json") ? path_.substr(0, path_.size() - std::string_view(".json").size()) : path_) + ending;
}

/// Why nothing can be saved yet, "" when it can.
std::string SaveDialog::problem() const {
  std::error_code ignored;
  const auto folder = std::filesystem::path(path_).parent_path();
  const std::string name = plain_name(path_);
  if (name.empty() || name == saved(kind_).ending) return "The file needs a name.";
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) return "There is no such folder.";
  return {};
}

std::optional<std::string> SaveDialog::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  const Box page{window.middle_x() - 320, window.middle_y() - 84, 640, 168};
  begin_overlay(ui, "save", page);
  Box body = page.inset(20, 16);
  Box title = body.cut_top(32);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  ui.text_in(title, Face::value, theme.text, saved(kind_).title);
  Box file = body.cut_top(kControlHeight);
  ui.text_in(file.cut_left(kLabel), Face::control, theme.dim, "File");
  const bool entered = field(ui, "file", file, path_, {.take_focus = take_focus_, .face = Face::dense});
  take_focus_ = false;
  body.cut_top(10);
  Box foot = body.cut_bottom(kControlHeight);
  Box note = body.cut_top(20);
  note.cut_left(kLabel);
  const std::string wrong = problem(), path = target();
  std::error_code ignored;
  if (!wrong.empty()) ui.text_in(note, Face::control, theme.bad, wrong);
  else if (std::filesystem::exists(path, ignored)) ui.text_in(note, Face::control, theme.warning, "Replaces the file that is there.");
  else ui.text_in(note, Face::control, theme.dim, path == path_ ? saved(kind_).note : "Saves " + plain_name(path));
  const bool pressed = button(ui, "Save", foot.cut_right(84), {.primary = true, .enabled = wrong.empty()});
  foot.cut_right(8);
  if (button(ui, "Cancel", foot.cut_right(84))) close();
  end_overlay();
  if (!(entered || pressed) || !wrong.empty()) return {};
  folder_ = std::filesystem::path(path).parent_path().string();
  close();
  return path;
}

}  // namespace lab
