#include "app/shell/session_keeper.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "app/core/rule_file.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"
#include "model/files/replacement.h"

namespace lab {
namespace {

constexpr std::string_view kEnding = ".statelab.json";

std::string now_text() { return local_time("%H:%M", std::time(nullptr)); }

std::string saved_text(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? time_text(status.st_mtime, std::time(nullptr)) : now_text();
}

std::int64_t changes_of(const Snapshot& snapshot) { return snapshot.record ? snapshot.record->changes() : 0; }

std::vector<Leftover> search(const std::string& folder, const std::vector<std::string>& own_folders) {
  for (const std::string& each : own_folders) remove_left_overs(each);
  return folder.empty() ? std::vector<Leftover>() : find_leftovers(folder);
}

}  // namespace

void keep_journal(LabOptions& lab, KeeperOptions& keeper, const std::function<void()>& wake) {
  std::error_code ignored;  // whoever cannot write there says so
  std::filesystem::create_directories(keeper.journal_folder, ignored);
  keeper.holds_files = true;
  keeper.journal = std::make_shared<JournalWriter>(keeper.journal_folder, keeper.program, keeper.arithmetic, wake);
  lab.applied = [journal = keeper.journal](const SessionCommand& done, const OpenedModel& opened) { journal->applied(done, opened); };
  lab.reached = [journal = keeper.journal](std::int64_t position, bool goes_on) { journal->reached(position, goes_on); };
}

std::optional<SessionCommand> last_edit(const Snapshot& snapshot) {
  for (const CommandRecord* each = snapshot.record.get(); each; each = each->before().get())
    if (!edits_of(each->latest().command).empty()) return each->latest();
  return {};
}

SessionKeeper::SessionKeeper(KeeperOptions options, std::function<void()> wake)
    : options_(std::move(options)), wake_(std::move(wake)),
      search_([own = options_.own_folders](const std::string& folder, const auto&) { return search(folder, own); }, wake_) {
  if (!options_.journal_folder.empty() || !options_.own_folders.empty()) search_.ask(options_.journal_folder);
}

SessionKeeper::~SessionKeeper() {
  if (saving_.valid()) saving_.wait();
  take_outcome();  // the journal is told
}

Result<KeptFile> SessionKeeper::keep(const std::string& path) const {
  KeptFile file{.path = path, .stamp = stamp_of(path)};
  if (!options_.holds_files || !file.stamp.is_there()) return file;
  const auto holds = [&path](const Kept& own) { return own.file.hold && own.file.hold->is_of(path); };
  const auto coming = std::ranges::find_if(coming_, [&](const auto& each) { return holds(each.second); });
  if (holds(kept_) || coming != coming_.end()) {
    file.hold = holds(kept_) ? kept_.file.hold : coming->second.file.hold;
    return file;
  }
  Result<FileHold> hold = FileHold::take(path);
  if (hold) file.hold = std::make_shared<const FileHold>(hold.take());
  else if (hold.error().code == Code::environment) return hold.error();
  return file;  // what cannot be locked is kept without anybody being told
}

bool SessionKeeper::was_written_elsewhere() const {
  const FileStamp now = stamp_of(file());
  return !file().empty() && now.is_there() && now != kept_.file.stamp;
}

void SessionKeeper::expect(OpeningPlan& plan, KeptFile file, FileHold recovered) {
  const std::uint64_t ticket = ++tickets_;
  std::get<command::Open>(plan.commands.front()).ticket = ticket;
  if (options_.journal) options_.journal->expect(plan.session, recovered.file(), ticket);
  Kept& coming = coming_[ticket];
  coming = {plan.session, std::move(file), 0, std::move(recovered), plan.is_session};
  coming.changes = std::ranges::count_if(plan.replayed, [](const SessionCommand& each) { return changes_run(each.command); });
}

void SessionKeeper::take_leftovers() {
  const auto found = search_.latest();
  if (!found || found == found_) return;
  found_ = found;
  leftovers_ = *found;
}

void SessionKeeper::follow(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened, bool opened_anew, bool idle) {
  take_leftovers();
  if (opened_anew) {
    const auto own = coming_.find(snapshot.ticket);
    kept_ = own == coming_.end() ? Kept() : std::move(own->second);
    coming_.erase(coming_.begin(), coming_.upper_bound(snapshot.ticket));
    saved_changes_ = saved_position_ = 0;
    saved_at_.clear(), told_hash_.clear();
  } else if (idle) {
    coming_.clear();  // they were refused: their files are let go of
  }
  if (!opened || !snapshot.model) return;
  if (snapshot.model->hash != told_hash_) {
    told_hash_ = snapshot.model->hash;
    if (options_.journal) options_.journal->hash_known(told_hash_);
  }
  if (!kept_.is_replayed || !idle || snapshot.state == EngineState::loading) return;
  // A session that was replayed to its end is what its file says.
  kept_.is_replayed = false;
  if (file().empty() || changes_of(snapshot) != kept_.changes) return;
  saved_changes_ = changes_of(snapshot), saved_position_ = snapshot.count();
  saved_at_ = saved_text(file());
  if (options_.journal) options_.journal->saved(file(), *opened, saved_changes_, saved_position_);
}

bool SessionKeeper::has_changes(const Snapshot& snapshot) const {
  return snapshot.model && !kept_.is_replayed && (changes_of(snapshot) != saved_changes_ || snapshot.count() != saved_position_);
}

std::string SessionKeeper::status_text(const Snapshot& snapshot) const {
  if (!snapshot.model || kept_.is_replayed) return {};
  if (busy()) return "saving …";
  if (has_changes(snapshot)) return "unsaved changes";
  return saved_at_.empty() ? "" : "saved " + saved_at_;
}

std::string SessionKeeper::title_part(const Snapshot& snapshot) const {
  if (file().empty()) return {};
  std::string name = plain_name(file());
  if (name.ends_with(kEnding)) name.resize(name.size() - kEnding.size());
  return name + (has_changes(snapshot) ? " •" : "") + " – ";
}

void SessionKeeper::save(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened, const std::string& path) {
  saving_ = std::async(std::launch::async, [snapshot, opened, path, kept = kept_.session, holds = options_.holds_files, wake = wake_] {
    Session session = session_of(*snapshot, *opened, kept);
    add_hashes(session, *snapshot, *opened);
    SaveOutcome outcome{.path = path, .status = save_session(session, path), .changes = changes_of(*snapshot), .position = snapshot->count(), .opened = opened};
    outcome.file = {.path = path, .stamp = stamp_of(path)};  // saving has put another file in the place of the one that was held
    if (holds && outcome.status)
      if (Result<FileHold> hold = FileHold::take(path)) outcome.file.hold = std::make_shared<const FileHold>(hold.take());
    wake();
    return outcome;
  });
}

void SessionKeeper::save_patch(const Snapshot& snapshot, const std::string& path) {
  const auto edit = last_edit(snapshot);
  if (!edit) return;
  StatePatch patch;
  patch.title = label_of(edit->command), patch.edits = edits_of(edit->command);
  if (const auto* applied = std::get_if<command::ApplyPatch>(&edit->command); applied && !applied->title.empty()) patch.title = applied->title;
  patch.note = "made at t = " + std::to_string(edit->step) + " of " + snapshot.model->name;
  save_text(json_of(as_written(std::move(patch), path)), path);
}

void SessionKeeper::save_rules(const Snapshot& snapshot, const std::string& path) {
  const auto present = snapshot.edits ? interventions_at(*snapshot.edits, snapshot.count()) : nullptr;
  if (!present || present->empty()) return;
  RuleFile rules;
  rules.note = "hold at t = " + std::to_string(snapshot.count()) + " of " + snapshot.model->name;
  rules.interventions = *present;
  save_text(json_of(rules), path);
}

void SessionKeeper::save_text(std::string text, const std::string& path) {
  saving_ = std::async(std::launch::async, [text = std::move(text), path, wake = wake_] {
    SaveOutcome outcome{.path = path, .is_session = false, .status = write_file_atomically(path, text)};
    wake();
    return outcome;
  });
}

bool SessionKeeper::has_news() const {
  const auto found = search_.latest();
  return (found && found != found_) || (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
}

std::optional<SaveOutcome> SessionKeeper::take_outcome() {
  if (!saving_.valid() || saving_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return {};
  SaveOutcome outcome = saving_.get();
  if (!outcome.status || !outcome.is_session) return outcome;
  if (options_.journal) options_.journal->saved(outcome.path, *outcome.opened, outcome.changes, outcome.position);
  kept_.file = outcome.file;
  saved_at_ = now_text();
  saved_changes_ = outcome.changes, saved_position_ = outcome.position;
  drop(kept_.recovered.file());
  kept_.recovered.remove();
  return outcome;
}

std::string SessionKeeper::take_problem() { return options_.journal ? options_.journal->take_problem() : ""; }

Result<OpeningPlan> SessionKeeper::recover(const Leftover& leftover, const std::vector<std::string>& opened_before, const std::string& located, FileHold& hold,
                                            std::string& remark) {
  hold = taken_back(leftover.file);
  if (hold.file().empty()) {
    LAB_ASSIGN(hold, FileHold::take(leftover.file));
  }
  LAB_ASSIGN(OpeningPlan plan, plan_of(session_of(leftover.journal), leftover.file, opened_before, located));
  remark = "Recovered " + leftover.text;
  if (const std::string difference = difference_text(leftover.journal, options_.program, options_.arithmetic); !difference.empty()) remark += ". Not bit-exact: " + difference;
  if (!leftover.journal.damage.empty()) remark += ". The journal ends early: " + leftover.journal.damage;
  return plan;
}

/// Takes one out of the list, and removes the journal that it went on with.
void SessionKeeper::drop(const std::string& journal) {
  const auto at = std::ranges::find(leftovers_, journal, &Leftover::file);
  if (journal.empty() || at == leftovers_.end()) return;
  if (!at->journal.recovers.empty())
    if (Result<FileHold> older = FileHold::take(at->journal.recovers)) older->remove();
  leftovers_.erase(at);
}

FileHold SessionKeeper::taken_back(const std::string& journal) {
  if (kept_.recovered.file() == journal) return std::move(kept_.recovered);
  for (auto& [ticket, each] : coming_)
    if (each.recovered.file() == journal) return std::move(each.recovered);
  return {};
}

void SessionKeeper::dismiss(const std::string& journal) {
  FileHold hold = taken_back(journal);
  if (hold.file().empty())
    if (Result<FileHold> taken = FileHold::take(journal)) hold = taken.take();
  drop(journal);
  hold.remove();
}

}  // namespace lab
