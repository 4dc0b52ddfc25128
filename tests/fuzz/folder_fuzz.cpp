// Whole model folders, opened as the program does: what is checked without a problem opens, and what opens makes a step.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/core/file_check.h"
#include "app/core/lab.h"
#include "folder_parts.h"
#include "model/base/check.h"
#include "tokenizer_promises.h"

using namespace lab;

namespace {

namespace fs = std::filesystem;

// A folder of this process, in memory where the system has a place for that.
struct Folder {
  Folder() {
    std::string name = ((fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) / "statelab-fuzz-XXXXXX").string();
    LAB_CHECK(::mkdtemp(name.data()) != nullptr, ==, true);
    path = name + "/";
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

const std::string& folder() {
  static const Folder made;
  return made.path;
}

void write(const std::vector<test::FolderPart>& parts) {
  for (const char* name : test::kFolderNames) fs::remove(folder() + name);
  for (const test::FolderPart& part : parts) std::ofstream(folder() + part.file(), std::ios::binary) << part.content;
}

void step(const Model& model) {
  static Context<float> context;
  State state(model.schema());
  const std::int32_t token = 0;
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  Lane<float> lane{.tokens = {&token, 1}, .state = &state, .logits = {logits.data(), 1, model.info().vocabulary}};
  LAB_CHECK(model.advance({&lane, 1}, context), ==, true);
  LAB_CHECK(state.position, ==, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  write(test::folder_parts({reinterpret_cast<const char*>(data), size}));
  const FileCheck check = check_path(folder(), Depth::weights);
  for (const Error& problem : check.problems) LAB_CHECK(problem.text().empty(), ==, false);
  const auto opened = open_model(folder());
  if (!opened) {
    LAB_CHECK(check.problems.empty(), ==, false);
    LAB_CHECK(opened.error().text().empty(), ==, false);
    return 0;
  }
  step(*(*opened)->model);
  if ((*opened)->tokenizer) test::keep_promises(*(*opened)->tokenizer, "a b\xC3\xA9", false);
  return 0;
}
