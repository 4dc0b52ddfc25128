#pragma once
// Chooses what is opened, with the keyboard or the mouse: places, what lies in one, and what the chosen model is and needs
// before anything is loaded.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/core/latest_answer.h"
#include "app/core/preview.h"
#include "app/core/snapshot.h"
#include "app/shell/folder_list.h"
#include "app/shell/input_queue.h"
#include "views/panels/kit/ui.h"

namespace lab {

struct OpenDialogOptions {
  std::string start_folder;          // "": the home folder
  std::string recent_file;           // "": nothing is remembered
  std::function<Preview(const std::string& path)> preview;
};

/// What is done with what is chosen: it takes the place of what is open, or is compared with it.
enum class OpenPurpose : std::uint8_t { open, compare };

/// What the dialog wants of the window in a frame.
struct OpenWish {
  std::string open;     // the path to open, or ""
  std::string session;  // for which it is the model; "": for itself
  bool cancel = false;  // what is being opened shall not be
  OpenPurpose purpose = OpenPurpose::open;
};

class OpenDialog {
 public:
  /// `wake` is called from the dialog's threads when there is something new to draw.
  OpenDialog(const OpenDialogOptions& options, const std::function<void()>& wake);

  /// Opens where it was last; at first with a model chosen, or in the start folder where `path` is "".
  void open(const std::string& path, OpenPurpose purpose = OpenPurpose::open);
  /// Opens to ask where the model of a session is, beside the session at first. `model`: what it is called, and its content.
  void locate(const std::string& session, const std::string& model);
  void close();
  bool is_open() const { return is_open_; }
  /// Esc: cancels what is being opened, else closes.
  OpenWish escape();
  /// A key press that ImGui's text field does not use. Returns whether the dialog did.
  bool press(const InputEvent& press, bool in_text);

  /// Draws the dialog.
  OpenWish draw(Ui& ui, Box window, const Snapshot& snapshot);

  /// Puts what was opened in front of the recent ones.
  void remember(const std::string& path);

  /// Names that came since the last call, for whoever loads fonts.
  std::string take_new_text() { return std::exchange(new_text_, {}); }
  /// Whether a question is being answered, or an answer was not drawn yet.
  bool has_news() const;
  bool idle() const;

 private:
  using Lists = LatestAnswer<std::string, FolderList>;
  using Previews = LatestAnswer<std::string, Preview>;
  using Recents = LatestAnswer<std::vector<std::string>, bool>;

  void go_to(const std::string& place, const std::string& selected = "");
  void go_up();
  void follow_text();
  void take_list();
  void select_name(const std::string& name, bool by_beginning);
  void move_selection(int by);
  void choose();
  std::string target() const;
  bool stands_on_folder() const;
  void ask();
  bool can_choose() const;
  std::string decide();
  bool compares() const { return purpose_ == OpenPurpose::compare; }
  std::int64_t mark_of(const Snapshot& snapshot) const;
  void follow_opening(const Snapshot& snapshot);

  // open_dialog_draw.cpp
  void draw_page(Ui& ui, Box window, const Snapshot& snapshot, OpenWish& wish);
  void draw_places(Ui& ui, Box column);
  void draw_field(Ui& ui, Box row);
  void draw_list(Ui& ui, Box column);
  void draw_entry(Ui& ui, Box row, int index, bool has_dates);
  void draw_recorded(Ui& ui, Box box);
  void draw_right(Ui& ui, Box column, const Snapshot& snapshot);
  void draw_foot(Ui& ui, Box foot, const Snapshot& snapshot, OpenWish& wish);

  OpenDialogOptions options_;
  OpenPurpose purpose_ = OpenPurpose::open;
  bool is_open_ = false, take_focus_ = false, scroll_ = false;
  int generation_ = 0;          // of the text field: a new one takes a text that the dialog puts into it
  std::string place_, asked_place_, path_, seen_path_, rest_;  // rest_: what is typed behind the place
  std::string wanted_name_;     // to be selected once the list is there
  int selected_ = -1;
  std::string asked_target_, wants_;  // wants_: to be opened as soon as its preview says that it can be
  std::string session_, lacked_;  // whose model is asked for, and which that is; "": anything may be opened
  std::string opening_;
  std::shared_ptr<const Error> refusal_;  // of what was to be opened last
  std::uint64_t notice_before_ = 0;
  std::int64_t mark_before_ = 0;
  std::shared_ptr<const FolderList> list_;
  std::shared_ptr<const Preview> preview_;
  std::vector<std::string> remembered_;  // in this window, the latest first
  std::string new_text_;
  Lists lists_;
  Previews previews_;
  Recents recents_;
};

}  // namespace lab
