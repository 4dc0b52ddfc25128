#pragma once
// The window's content: one frame function for the GLFW window and for pictures without a display.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/core/analyst.h"
#include "app/core/engine.h"
#include "app/core/preview.h"
#include "app/shell/image.h"
#include "app/shell/input_queue.h"
#include "app/shell/session_keeper.h"
#include "views/panels/kit/box.h"

namespace lab {

struct ShellOptions {
  bool dark = true, high_contrast = false;
  float scale = 1;             // content scale times the user's factor
  bool record_items = false;   // tests click by name
  std::string start_folder;    // of the open dialog
  std::string recent_file;     // models opened last; "": they are not remembered
  std::string controls_file;   // where the window tells whoever drives it where each control is, in pixels; "": nowhere
  std::string settings_file;   // settings and layout, in place of the look above; "": the program as it comes, nothing is kept
  std::function<Preview(const std::string& path)> preview = [](const std::string& path) {
    return make_preview(path, TraceOptions{}.budget_bytes);
  };
  ContextOptions arithmetic;   // of the analyst
  bool study_pictures = false;  // the start page replays the studies for their pictures
  KeeperOptions keeper;        // the journal and where others lie; empty: nothing is kept but what is saved
  bool shows_saved = false;    // the status bar says whether the session is in a file
  bool show_attention = false, show_weight_error = false, show_multiples = false, show_monitor = false, show_compare = false;  // as PaneMemory begins with them
  std::map<std::string, std::string> views;  // by place: what it shows in place of its own pane, "pca" -> "run-tree"
};

class Shell {
 public:
  /// Needs a current GL 3.3 context. `wake` ends the front end's wait for events, from any thread.
  Shell(Engine& engine, const ShellOptions& options, std::function<void()> wake);
  ~Shell();

  /// Opens a model, or plays a session file, as dropping it on the window does.
  void open(const std::string& path);
  /// Opens one of two files and shows Compare with A beside B: see plan_to_compare.
  void open_beside(const std::string& a, const std::string& b);
  /// Shows the open dialog with a model or a session chosen.
  void show_open_dialog(const std::string& path);
  /// Submits commands one after the other, each when the one before has done its work.
  void play(std::vector<Command> commands);

  /// Takes the next events, draws one frame of the given size in pixels. `content_scale` is the display's.
  void frame(InputQueue& input, int width, int height, float content_scale);
  /// Whether something has changed that a new frame would show.
  bool needs_frame(const InputQueue& input) const;
  /// Whether everything asked of the engine and the analyst is done and drawn: when tests and screenshots may look.
  bool settled() const;
  bool wants_to_close() const;
  /// How often a new frame is wanted that only follows a run.
  double seconds_between_frames() const;
  /// Makes everything on the device anew from what is in memory, as after a lost context. Between frames.
  void rebuild_gl();
  std::string title() const;

  /// Where each control was in the last frame, by "pane/id", with record_items.
  const std::map<std::string, Box>& items() const;
  std::optional<Box> item(const std::string& name) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Opens the window on what `targets` name (none: the start page; two: Compare) and returns an exit code; 3 without a display.
int run_window(const std::vector<std::string>& targets, const LabOptions& lab_options, const ShellOptions& options);

/// A picture of the window without a display. `commands` are applied first, then keys are pressed; all work is finished.
Result<Image> take_screenshot(const std::string& model, const std::vector<Command>& commands, int width, int height,
                              const LabOptions& lab_options, const ShellOptions& options, const std::vector<InputEvent>& presses = {});
/// A picture of the open dialog with a model or a session chosen, which is not opened.
Result<Image> take_dialog_screenshot(const std::string& chosen, int width, int height, const LabOptions& lab_options,
                                     const ShellOptions& options);

}  // namespace lab
