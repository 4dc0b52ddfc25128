#pragma once
// Switches for what-if experiments on the forward pass of the run, each in force from the next token on.
#include <optional>

#include "app/core/snapshot.h"
#include "views/panels/kit/ui.h"

namespace lab {

class TrialsDialog {
 public:
  void toggle() { is_open_ = !is_open_; }
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }

  /// Draws the dialog. Returns the trials that a switch has asked for in this frame.
  std::optional<command::SetTrials> draw(Ui& ui, Box window, const Snapshot& snapshot);

 private:
  void draw_attention(Ui& ui, Box& body, command::SetTrials& wanted);
  void draw_layers(Ui& ui, Box row, const Snapshot& snapshot, command::SetTrials& wanted);

  bool is_open_ = false;
  double position_ = 0;  // where all tokens would stand
};

}  // namespace lab
