#pragma once
// Which file the session of the window is in, whether all of it is, and what earlier windows left: for the shell, frame by frame.
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/core/file_hold.h"
#include "app/core/journal_writer.h"
#include "app/core/latest_answer.h"
#include "app/core/recorded_session.h"
#include "app/core/recovery.h"
#include "app/shell/script.h"

namespace lab {

struct KeeperOptions {
  std::shared_ptr<JournalWriter> journal;  // null: nothing is kept of what is not saved
  std::string journal_folder;              // where earlier windows left theirs; "": nowhere
  std::string program, arithmetic;         // see Journal
  std::vector<std::string> own_folders;    // that files are saved in again and again: left-overs of saving are removed there
  bool holds_files = false;                // other windows are told which session is open here
};

/// The file of a session as it was when it was read or written, held while it is open.
struct KeptFile {
  std::string path;  // "": there is none
  FileStamp stamp;
  std::shared_ptr<const FileHold> hold;  // null where files are not held, or cannot be
};

/// What became of saving.
struct SaveOutcome {
  std::string path;
  bool is_session = true;  // else a patch or rules
  Status status;
  std::int64_t changes = 0, position = 0;  // of the session, as it was
  std::shared_ptr<const OpenedModel> opened;
  KeptFile file;  // the session's, from now on
};

/// Makes the journal of a window in the folder of `keeper`, and has the lab tell it what is done.
void keep_journal(LabOptions& lab, KeeperOptions& keeper, const std::function<void()>& wake);

class SessionKeeper {
 public:
  /// `wake` is called from other threads when there is something new to draw.
  SessionKeeper(KeeperOptions options, std::function<void()> wake);
  ~SessionKeeper();

  /// The file of a session that is about to be read, or written. Refused with Code::environment where another window has it open.
  Result<KeptFile> keep(const std::string& path) const;
  /// Before a plan opens a model: what for. `file`: the session's, none where it has none. The plan gets a ticket, by which it is known
  /// whatever else is opened before or after.
  void expect(OpeningPlan& plan, KeptFile file, FileHold recovered = {});
  /// Once a frame. `opened_anew`: another model is open than in the last one; `idle`: the engine has done all it was asked.
  void follow(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened, bool opened_anew, bool idle);

  /// The file that the session is saved to, "" for none.
  const std::string& file() const { return kept_.file.path; }
  /// Whether somebody else has written that file since it was read or written here.
  bool was_written_elsewhere() const;
  /// Whether something is in no file.
  bool has_changes(const Snapshot& snapshot) const;
  /// "saved 08:29", "unsaved changes", "" where nothing was done.
  std::string status_text(const Snapshot& snapshot) const;
  /// "study – " before the name of the model, with a mark where not all of it is saved.
  std::string title_part(const Snapshot& snapshot) const;

  /// Saves what was done, on a thread of its own; not while it is busy.
  void save(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened, const std::string& path);
  /// The same of the edit that was made last, as a patch.
  void save_patch(const Snapshot& snapshot, const std::string& path);
  /// The same of the rules that hold at the end of the run.
  void save_rules(const Snapshot& snapshot, const std::string& path);
  bool busy() const { return saving_.valid(); }
  /// Whether something has ended that `follow` or `take_outcome` would tell, and whether nothing goes on.
  bool has_news() const;
  bool idle() const { return search_.idle() && !busy(); }
  std::optional<SaveOutcome> take_outcome();
  /// Why the journal does not keep what is done, once.
  std::string take_problem();

  /// What earlier windows left, the latest first.
  const std::vector<Leftover>& leftovers() const { return leftovers_; }
  /// Opens one: the plan, and the journal held meanwhile. How the program differs from the one that wrote it is in `remark`.
  Result<OpeningPlan> recover(const Leftover& leftover, const std::vector<std::string>& opened_before, const std::string& located, FileHold& hold, std::string& remark);
  void dismiss(const std::string& journal);

 private:
  void save_text(std::string text, const std::string& path);
  void take_leftovers();
  void drop(const std::string& journal);
  FileHold taken_back(const std::string& journal);

  const KeeperOptions options_;
  const std::function<void()> wake_;
  std::vector<Leftover> leftovers_;
  std::shared_ptr<const std::vector<Leftover>> found_;
  LatestAnswer<std::string, std::vector<Leftover>> search_;

  // Of the model that is open, and of the one that is being opened.
  struct Kept {
    Session session;
    KeptFile file;
    std::int64_t changes = 0;  // that replaying it makes
    FileHold recovered;
    bool is_replayed = false;
  };
  std::map<std::uint64_t, Kept> coming_;  // by their tickets
  std::uint64_t tickets_ = 0;
  Kept kept_;
  std::string saved_at_, told_hash_;
  std::int64_t saved_changes_ = 0, saved_position_ = 0;

  std::future<SaveOutcome> saving_;
};

/// The edit that was made last and is still there to be seen in the record, with what it is called; nothing where there is none.
std::optional<SessionCommand> last_edit(const Snapshot& snapshot);

}  // namespace lab
