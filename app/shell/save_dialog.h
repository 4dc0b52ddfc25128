#pragma once
// Asks where something is saved: the session, an edit as a patch, the rules, the state at cursor A.
#include <optional>
#include <string>

#include "app/core/snapshot.h"
#include "views/panels/kit/ui.h"

namespace lab {

class SaveDialog {
 public:
  enum class Kind { session, patch, rules, state };

  /// Opens with a proposal: `file` where it is not empty, else a name in the folder of the last one, at first in `folder`; "": the
  /// working folder.
  void open(Kind kind, const Snapshot& snapshot, const std::string& file, const std::string& folder);
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }
  Kind kind() const { return kind_; }

  /// Draws the dialog. Returns the path to save to when that was asked for in this frame.
  std::optional<std::string> draw(Ui& ui, Box window);

 private:
  std::string target() const;
  std::string problem() const;

  bool is_open_ = false, take_focus_ = false;
  Kind kind_ = Kind::session;
  std::string folder_, path_;
};

}  // namespace lab
