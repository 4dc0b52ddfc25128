#pragma once
// Asks what a figure shows, where it goes and how large it is.
#include <optional>
#include <string>

#include "app/core/snapshot.h"
#include "views/panels/kit/ui.h"

namespace lab {

class ExportDialog {
 public:
  /// Opens for a kind of figure. Files go where the last one went, at first into `folder`; empty: the working folder.
  void open(const std::string& kind, const Snapshot& snapshot, const std::string& folder);
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }

  /// Draws the dialog. Returns what shall be exported when that was asked for in this frame.
  std::optional<command::ExportFigure> draw(Ui& ui, Box window, const Snapshot& snapshot);

 private:
  std::string proposal(const Snapshot& snapshot) const;
  void choose_kind(int kind, const Snapshot& snapshot);
  void draw_kind(Ui& ui, Box row, const Snapshot& snapshot);
  void draw_size(Ui& ui, Box row);
  std::string problem() const;

  bool is_open_ = false, take_focus_ = false;
  int kind_ = 0;
  std::string folder_, path_, proposed_;
  std::string width_ = "5.5", height_ = "3.4";  // inches, as typed
};

}  // namespace lab
