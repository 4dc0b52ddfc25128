#include "app/core/recovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "app/core/file_hold.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

std::time_t written_at(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mtime : 0;
}

std::string text_of(const Journal& journal, const std::string& when) {
  const std::string& model = journal.session.model;
  std::string text = std::to_string(journal.position) + (journal.position == 1 ? " token of " : " tokens of ") + printable(model.substr(model.find(':') + 1)) + " from " + when;
  if (journal.lost > 0) text += ", at least " + std::to_string(journal.lost) + (journal.lost == 1 ? " command lost" : " commands lost");
  return text;
}

bool is_worth_offering(const Journal& journal) { return journal.has_changes && !(journal.session.commands.empty() && journal.damage.empty()); }

}  // namespace

std::string local_time(const char* format, std::time_t time) {
  struct tm parts {};
  char text[64] = "";
  if (!::localtime_r(&time, &parts) || std::strftime(text, sizeof text, format, &parts) == 0) return "?";
  return text;
}

std::string time_text(std::time_t time, std::time_t now) {
  const bool is_today = local_time("%Y-%m-%d", time) == local_time("%Y-%m-%d", now);
  return local_time(is_today ? "%H:%M" : "%Y-%m-%d %H:%M", time);
}

std::vector<Leftover> find_leftovers(const std::string& folder) {
  std::vector<std::pair<std::time_t, std::string>> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (is_journal(entry.path().string())) files.emplace_back(written_at(entry.path().string()), entry.path().string());
  std::ranges::sort(files, std::greater<>());
  std::vector<Leftover> found;
  std::set<std::string> gone_on_with;  // journals whose sessions are in later ones too
  std::size_t closed = 0;
  const std::time_t now = std::time(nullptr);
  for (const auto& [time, file] : files) {
    Result<FileHold> hold = FileHold::take(file);
    if (!hold) continue;
    Result<Journal> journal = read_journal(file);
    if (!journal) continue;  // nothing can be made of it here; it stays for whoever can
    if (!is_worth_offering(*journal) || (journal->is_closed && ++closed > kMostClosed)) {
      hold->remove();
      continue;
    }
    if (!journal->recovers.empty()) gone_on_with.insert(fs::path(journal->recovers).filename().string());
    const std::string when = time_text(time, now);
    std::string text = text_of(*journal, when);
    found.push_back({file, journal.take(), when, std::move(text)});
  }
  std::erase_if(found, [&](const Leftover& each) { return gone_on_with.contains(fs::path(each.file).filename().string()); });
  return found;
}

std::string difference_text(const Journal& journal, const std::string& program, const std::string& arithmetic) {
  std::string text;
  const auto compare = [&](const std::string& then, const std::string& now) {
    if (!then.empty() && !now.empty() && then != now) text += (text.empty() ? "" : "; ") + then + " then, " + now + " now";
  };
  compare(journal.program, program);
  const auto without_threads = [](const std::string& whole) { return whole.substr(0, whole.rfind(", ")); };  // their number changes nothing
  compare(without_threads(journal.arithmetic), without_threads(arithmetic));
  return text.empty() ? "" : "the last bits may differ: " + text;
}

}  // namespace lab
