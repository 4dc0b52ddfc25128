#pragma once
// Chooses a path with the keyboard or the mouse: a field, and what lies in the folder typed so far.
#include <string>
#include <vector>

#include "views/panels/kit/ui.h"

namespace lab {

struct FolderEntry {
  std::string name;
  bool folder = false;
  bool model = false;  // a folder with a config.json, or a .safetensors file
};

/// What can be chosen in a folder: models first, then folders; hidden entries and other files are left out.
std::vector<FolderEntry> list_folder(const std::string& folder);

class OpenDialog {
 public:
  /// Opens in the folder of `path`, or in the home folder when empty.
  void open(const std::string& path);
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }

  /// Draws the dialog. Returns the path chosen in this frame, or an empty string.
  std::string draw(Ui& ui, Box window);

 private:
  void refresh();
  std::string draw_entries(Ui& ui, Box list);

  bool is_open_ = false, take_focus_ = false;
  std::string path_;
  std::string listed_;  // the folder that entries_ shows
  std::vector<FolderEntry> entries_;
};

}  // namespace lab
