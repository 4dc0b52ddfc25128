#include "app/shell/start_cards.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/core/lab.h"
#include "app/core/session.h"
#include "app/core/weights.h"
#include "app/shell/folder_list.h"
#include "app/shell/words.h"
#include "model/builtin.h"
#include "model/files/file.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".statelab.json";
constexpr std::size_t kMostRecent = 4;

/// The sessions of a folder by name.
std::vector<fs::path> sessions_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;  // a folder that is not there has none
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().string().ends_with(kEnding)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<StartCard> model_cards() {
  std::vector<StartCard> cards;
  for (const BuiltinModel& builtin : builtin_models()) {
    const std::string path = "builtin:" + builtin.name;
    const auto checkpoint = open_tensors(path);
    if (!checkpoint) continue;
    const auto outline = describe_model(*checkpoint);
    if (!outline) continue;
    const ModelInfo& info = outline->info;
    std::string sentence = builtin.sentence;
    std::erase(sentence, '`');  // a card is Markdown
    cards.push_back({path, path, builtin.name,
                     fmt::format("{}, {} layers, {} parameters", info.title, info.layers.size(), amount_text(info.parameters)),
                     std::move(sentence)});
  }
  return cards;
}

std::vector<StartCard> recent_cards(const std::string& recent_file) {
  std::vector<StartCard> cards;
  for (const FolderEntry& entry : list_place(kRecentPlace, recent_file).entries) {
    if (cards.size() == kMostRecent) break;
    const std::string kind = entry.kind == EntryKind::session ? "session" : "model";
    cards.push_back({entry.path, entry.path, entry.path.starts_with(kBuiltinPlace) ? entry.path : plain_name(entry.path),
                     entry.bytes >= 0 && entry.kind != EntryKind::session ? kind + ", " + memory_text(entry.bytes) : kind, entry.path});
  }
  return cards;
}

std::vector<StartCard> study_cards() {
  std::vector<StartCard> cards;
  for (const std::string& models : builtin_folders()) {
    for (const fs::path& file : sessions_in(fs::path(models).parent_path().parent_path() / "sessions")) {
      const std::string shown = file.filename().string();
      const bool known = std::any_of(cards.begin(), cards.end(), [&](const StartCard& card) { return card.shown == shown; });
      const auto session = read_session(file.string());
      if (known || !session) continue;
      cards.push_back({file.string(), shown, session->title.empty() ? shown.substr(0, shown.size() - kEnding.size()) : session->title, session->model, session->notes});
    }
  }
  return cards;
}

}  // namespace lab
