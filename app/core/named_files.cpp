#include "app/core/named_files.h"

#include <filesystem>

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBuiltin = "builtin:";

fs::path folder_of(const std::string& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal().parent_path();
}

}  // namespace

std::string* file_of(StateEdit& edit) { return edit.from_file.empty() ? nullptr : &edit.from_file; }

std::vector<std::string*> files_of(Command& command) {
  std::vector<std::string*> files;
  const auto add = [&files](std::string* file) {
    if (file && !file->empty()) files.push_back(file);
  };
  if (auto* compared = std::get_if<command::CompareWith>(&command); compared && !compared->file.starts_with(kBuiltin)) add(&compared->file);
  if (auto* reset = std::get_if<command::Reset>(&command)) add(&reset->state);
  if (auto* one = std::get_if<command::EditState>(&command)) add(file_of(one->edit));
  if (auto* patch = std::get_if<command::ApplyPatch>(&command))
    for (StateEdit& edit : patch->edits) add(file_of(edit));
  return files;
}

std::string whole_name(const std::string& name, const std::string& path) { return (folder_of(path) / name).lexically_normal().string(); }

std::string name_within(const std::string& name, const std::string& path) {
  std::error_code ignored;
  return fs::absolute(name, ignored).lexically_normal().lexically_relative(folder_of(path)).string();
}

}  // namespace lab
