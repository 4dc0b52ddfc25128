#pragma once
// The file that keeps settings and layout apart from data: read leniently, written whole or not at all.
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/core/latest_answer.h"
#include "app/shell/layout.h"
#include "app/shell/settings.h"
#include "model/base/result.h"

namespace lab {

struct Preferences {
  Settings settings;
  PaneLayout layout;
};

/// What the file says, with defaults for all it does not say or says wrongly; each fault is told. No file is no fault.
Preferences read_preferences(const std::string& file, std::vector<std::string>& problems);

/// Writes the settings named in `changed`, and the layout where "layout" is among them, over what the file holds by then.
/// All else stays, also what only a newer version knows. A file that is no JSON is kept beside it, as FILE.broken.
Status write_preferences(const std::string& file, const Preferences& preferences, const std::set<std::string>& changed);

/// The file as one window uses it.
class PreferencesFile {
 public:
  /// Nothing is read or kept where `file` is "". `wake` is called from a thread when writing has ended.
  PreferencesFile(std::string file, std::function<void()> wake);
  ~PreferencesFile();  // writes what is not written yet

  const std::string& file() const { return file_; }
  const Preferences& latest() const { return latest_; }
  const std::vector<std::string>& problems() const { return problems_; }  // of reading

  /// Writes what differs from before, once changes have stopped coming.
  void keep(const Settings& settings);
  void keep(const PaneLayout& layout);

  bool idle() const { return writer_->idle(); }
  /// Whether the file could not be written and nobody was told.
  bool has_problem() const;
  /// Why, once; "" where there is no problem.
  std::string take_problem();

 private:
  struct Wanted {
    Preferences preferences;
    std::set<std::string> changed;
  };
  using Writer = LatestAnswer<Wanted, Status>;
  void ask();

  const std::string file_;
  std::vector<std::string> problems_;
  Preferences latest_;
  std::set<std::string> changed_;  // in this window
  bool is_asked_ = false;
  std::shared_ptr<const Status> told_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace lab
