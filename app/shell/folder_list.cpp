#include "app/shell/folder_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "app/core/file_check.h"
#include "app/core/recent_models.h"
#include "app/core/rule_file.h"
#include "app/core/state_patch.h"
#include "model/builtin.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 5000;  // of a folder that are told; nobody looks through more
constexpr int kMostFiles = 1000;            // of a model's folder whose sizes are added
constexpr const char* kSession = ".statelab.json";

/// Size and time of what is at a path; false where there is nothing.
bool look_at(const std::string& path, struct stat& found) { return ::stat(path.c_str(), &found) == 0; }

std::int64_t weight_bytes(const std::string& folder) {
  std::int64_t bytes = 0;
  int files = 0;
  std::error_code ignored;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, ignored)) {
    struct stat found;
    if (++files > kMostFiles) break;
    const bool is_weights = is_model_file(file.path().filename().string()) && !file.path().string().ends_with(".json");
    if (is_weights && look_at(file.path().string(), found)) bytes += found.st_size;
  }
  return bytes;
}

/// Kind, size and time by what is there; false for what cannot be chosen.
bool complete(FolderEntry& entry) {
  struct stat found;
  if (!look_at(entry.path, found)) return false;
  entry.changed = found.st_mtime;
  if (S_ISDIR(found.st_mode)) {
    entry.kind = is_model_folder(entry.path) ? EntryKind::model_folder : EntryKind::folder;
    if (entry.kind == EntryKind::model_folder) entry.bytes = weight_bytes(entry.path);
    return true;
  }
  if (!S_ISREG(found.st_mode)) return false;
  entry.bytes = found.st_size;
  entry.kind = entry.path.ends_with(kSession)                             ? EntryKind::session
               : is_patch(entry.path) || is_rule_file(entry.path) ? EntryKind::patch
                                                                          : EntryKind::model_file;
  return entry.kind != EntryKind::model_file || is_model_file(entry.name);
}

void list_folder(FolderList& list, const std::function<bool()>& is_wanted) {
  std::error_code problem;
  list.is_model = is_model_folder(list.place);
  for (fs::directory_iterator at(list.place, problem), end; !problem && at != end && is_wanted(); at.increment(problem)) {
    FolderEntry entry{.name = at->path().filename().string(), .path = at->path().string()};
    if (entry.name.starts_with('.')) continue;
    if (list.entries.size() < kMostEntries && complete(entry)) list.entries.push_back(std::move(entry));
    else ++list.others;
  }
  if (problem) list.problem = problem.message();
}

void list_builtin(FolderList& list) {
  for (const BuiltinModel& builtin : builtin_models())
    list.entries.push_back({builtin.name, kBuiltinPlace + builtin.name, EntryKind::model_folder, weight_bytes(builtin.folder)});
  if (list.entries.empty()) list.problem = "No built-in model is installed.";
}

void list_recent(FolderList& list, const std::string& file) {
  const auto paths = read_recent(file);
  if (!paths) list.problem = paths.error().text();
  else if (paths->empty()) list.problem = "Nothing was opened yet.";
  if (!paths) return;
  for (const std::string& path : *paths) {
    FolderEntry entry{.name = path, .path = path, .kind = EntryKind::model_folder};
    if (!path.starts_with(kBuiltinPlace)) {
      entry.name = fs::path(path).filename().string();
      if (!complete(entry)) continue;  // it is gone, or on a disk that is
    }
    list.entries.push_back(std::move(entry));
  }
}

}  // namespace

bool is_model_file(const std::string& name) {
  const auto ends = [&](const char* ending) { return name.ends_with(ending); };
  constexpr const char* kEndings[] = {".safetensors", ".gguf", ".bin", ".pt", ".pth", ".index.json"};
  return std::any_of(std::begin(kEndings), std::end(kEndings), ends);
}

FolderList list_place(const std::string& place, const std::string& recent_file, const std::function<bool()>& is_wanted) {
  FolderList list{.place = place};
  if (place == kBuiltinPlace) {
    list_builtin(list);
  } else if (place == kRecentPlace) {
    list_recent(list, recent_file);
  } else {
    list_folder(list, is_wanted);
    std::sort(list.entries.begin(), list.entries.end(), [](const FolderEntry& a, const FolderEntry& b) {
      const auto rank = [](const FolderEntry& entry) { return std::max(entry.kind, EntryKind::model_file); };  // one of all models
      return std::tuple(rank(a), a.name) < std::tuple(rank(b), b.name);
    });
  }
  return list;
}

}  // namespace lab
