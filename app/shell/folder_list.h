#pragma once
// What can be chosen in a place: a folder, the built-in models, those opened last.
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

namespace lab {

/// Places that are no folders. Their entries are named by what opens them.
inline constexpr const char* kBuiltinPlace = "builtin:";
inline constexpr const char* kRecentPlace = "recent:";

enum class EntryKind : std::uint8_t { model_folder, model_file, session, patch, folder };  // patch: edits or rules

struct FolderEntry {
  std::string name;
  std::string path;            // what opening it means, "builtin:prose" or an absolute path
  EntryKind kind = EntryKind::folder;
  std::int64_t bytes = -1;     // of the weights; -1 where nothing is told
  std::time_t changed = 0;     // 0: not told
};

struct FolderList {
  std::string place;           // as asked for, a folder with a slash at its end
  bool is_model = false;       // the folder itself holds a model
  std::vector<FolderEntry> entries;
  std::int64_t others = 0;     // files that are not shown
  std::string problem;         // why the place could not be read, "" when it could
};

/// What can be chosen in a place: models first, then sessions, then edits and rules, then folders. Hidden entries and other files are left out.
/// Ends early, with what it has, once `is_wanted` says no.
FolderList list_place(const std::string& place, const std::string& recent_file,
                      const std::function<bool()>& is_wanted = [] { return true; });

/// Whether the name of a file is one that weights have.
bool is_model_file(const std::string& name);

}  // namespace lab
