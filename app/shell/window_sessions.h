#pragma once
// What the window does with sessions: opening and recovering them, saving them and patches, what the title and the bar say of it.
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/core/engine.h"
#include "app/shell/question_dialog.h"
#include "app/shell/save_dialog.h"
#include "app/shell/session_keeper.h"
#include "app/shell/start_page.h"

namespace lab {

/// What is left to do for the shell once something begins to be opened.
struct BegunOpening {
  std::deque<Command> script;  // to be submitted one after the other
  std::vector<std::string> remembered;  // to be put among the recent ones once it is open, the latest last
};

/// A session that could not be opened because its model was not found.
struct LackingSession {
  std::string path;
  std::string model;  // "mamba-130m, of content 1f2e…"
};

class WindowSessions {
 public:
  /// `recent_file`: see read_recent; `start_folder`: of the first dialog. `wake`: see SessionKeeper.
  WindowSessions(Engine& engine, KeeperOptions options, std::string recent_file, std::string start_folder, const std::function<void()>& wake);

  /// What the frame shows, once a frame; see SessionKeeper::follow. Returns the file that was saved since the last one, "" for none.
  std::string follow(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const OpenedModel> opened, bool opened_anew, bool idle);

  /// Opens a path of whatever kind, a session with the model that somebody has `located` for it; a refusal is a notice and changes nothing.
  std::optional<BegunOpening> open(const std::string& path, const std::string& located = "");
  /// Why the last path was refused, where it was for want of a model; once.
  std::optional<LackingSession> take_lacking() { return std::exchange(lacking_, std::nullopt); }
  /// Before a model is opened in another way.
  std::vector<RecoveredCard> recovered() const;
  void dismiss(const std::string& journal) { keeper_.dismiss(journal); }

  /// Saves the session where it was saved before, or asks where.
  void save(bool under_another_name);
  void ask_for(SaveDialog::Kind kind);
  SaveDialog& dialog() { return dialog_; }
  void draw_dialog(Ui& ui, Box window);
  /// What is asked where another window, or another program, has to do with the file: whether a session shall be opened as a copy, which
  /// begins then, or one that was written elsewhere be saved over.
  QuestionDialog& question() { return question_; }
  std::optional<BegunOpening> draw_question(Ui& ui, Box window);

  std::string status_text() const { return keeper_.status_text(*snapshot_); }
  std::string title_part() const { return keeper_.title_part(*snapshot_); }
  bool has_news() const { return keeper_.has_news(); }
  bool idle() const { return keeper_.idle(); }

 private:
  std::optional<BegunOpening> begin(Result<OpeningPlan> plan, const std::string& path, const std::string& located, KeptFile file = {}, FileHold recovered = {});
  std::optional<BegunOpening> open_file(const std::string& path, const std::string& located);
  std::optional<BegunOpening> recover(const Leftover& leftover, const std::string& located);
  std::vector<std::string> opened_before() const;
  void save_to(SaveDialog::Kind kind, const std::string& path);

  Engine& engine_;
  const std::string recent_file_, start_folder_;
  SessionKeeper keeper_;
  SaveDialog dialog_;
  QuestionDialog question_;
  std::optional<LackingSession> lacking_;
  std::string copied_, located_;  // the session that would be opened as a copy, "" where something else is asked; and its model
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
  std::shared_ptr<const OpenedModel> opened_;
};

}  // namespace lab
