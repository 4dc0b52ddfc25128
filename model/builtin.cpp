#include "model/builtin.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "model/files/file.h"
#include "model/text/gguf_vocabulary.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuiltin = "builtin:";
constexpr std::size_t kCardBytes = 1 << 16;
constexpr std::int64_t kByteVocabulary = 256;

// The first sentence of a model card's running text: of the paragraph that begins with neither heading, table nor list.
std::string first_sentence(const std::string& card) {
  std::size_t begin = 0;
  bool front_matter = card.starts_with("---\n");
  if (front_matter) begin = 4;
  while (begin < card.size()) {
    const std::size_t end = std::min(card.find('\n', begin), card.size());
    const std::string line = card.substr(begin, end - begin);
    begin = end + 1;
    if (front_matter) {
      front_matter = line != "---";
    } else if (!line.empty() && std::string_view("#|-*>`").find(line[0]) == std::string_view::npos) {
      const std::size_t first = end - line.size();
      std::string paragraph = card.substr(first, std::min(card.find("\n\n", first), card.size()) - first);
      std::replace(paragraph.begin(), paragraph.end(), '\n', ' ');
      const std::size_t stop = paragraph.find(". ");
      return stop == std::string::npos ? paragraph : paragraph.substr(0, stop + 1);
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> builtin_folders(const std::string& assets) {
  std::vector<std::string> folders;
  if (const char* own = std::getenv("STATELAB_ASSETS")) folders.push_back((fs::path(own) / "models").string());
  std::error_code ignored;
  const fs::path packaged = fs::path(assets) / "models";
  if (!assets.empty() && fs::is_directory(packaged, ignored)) folders.push_back(packaged.string());
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path installed = program.parent_path() / "share/statelab/assets/models";
  if (fs::is_directory(installed, ignored)) folders.push_back(installed.string());
  const fs::path source = program.parent_path().parent_path() / "assets/models";  // from build/PRESET
  if (fs::is_directory(source, ignored)) folders.push_back(source.string());
  return folders;
}

std::vector<BuiltinModel> builtin_models(const std::string& assets) {
  std::vector<BuiltinModel> models;
  for (const std::string& folder : builtin_folders(assets)) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      const bool known =
          std::any_of(models.begin(), models.end(), [&](const BuiltinModel& m) { return m.name == name; });
      if (known || !fs::exists(entry.path() / "config.json", error)) continue;
      const Result<std::string> card = read_file((entry.path() / "README.md").string(), kCardBytes);
      models.push_back({name, entry.path().string(), card ? first_sentence(*card) : ""});
    }
  }
  std::sort(models.begin(), models.end(), [](const BuiltinModel& a, const BuiltinModel& b) { return a.name < b.name; });
  return models;
}

Result<std::string> model_folder(const std::string& model, const std::string& assets) {
  std::error_code ignored;
  if (!model.starts_with(kBuiltin)) {
    const std::string file = fs::path(model).filename().string();
    const bool is_part = file == "config.json" || file == "model.safetensors" || file == "tokenizer.json" || file == "vocabulary.json";
    return is_part && fs::is_regular_file(model, ignored) ? fs::absolute(model).parent_path().string() : model;
  }
  const std::string name = model.substr(kBuiltin.size());
  std::string known;
  for (const BuiltinModel& builtin : builtin_models(assets)) {
    if (builtin.name == name) return builtin.folder;
    known += (known.empty() ? "" : ", ") + builtin.name;
  }
  return Error{.code = Code::not_found,
               .field = "MODEL",
               .expected = known.empty() ? "a built-in model" : known,
               .found = printable(name),
               .message = "there is no such built-in model",
               .next = "`statelab models` lists them and the folders searched"};
}

Result<std::unique_ptr<Tokenizer>> folder_tokenizer(const std::string& folder, std::int64_t vocabulary,
                                                    const Gguf* gguf) {
  std::error_code ignored;
  const fs::path file = fs::path(folder) / "tokenizer.json", symbols = fs::path(folder) / "vocabulary.json";
  if (fs::exists(file, ignored)) return open_tokenizer(file.string());
  if (gguf) {
    LAB_ASSIGN(std::unique_ptr<Tokenizer> carried, gguf_tokenizer(*gguf, folder));
    if (carried) return carried;
  }
  if (fs::exists(symbols, ignored)) return open_symbol_tokenizer(symbols.string());
  return vocabulary == kByteVocabulary ? byte_tokenizer() : nullptr;
}

}  // namespace lab
