// What is known of a model before it is loaded.
#include "app/core/preview.h"

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <doctest/doctest.h>

#include "app/core/latest_answer.h"
#include "app/core/recent_models.h"
#include "model/files/file.h"
#include "model/files/safetensors.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBudget = 1 << 30;
constexpr const char* kFolders[] = {"mamba1", "mamba1-sharded", "mamba1-original-layout", "mamba2-groups", "falcon_mamba",
                                    "granite-moe", "granite-dense", "llama", "rwkv4", "gguf/mamba2-small-F16.gguf"};

std::string golden(const std::string& name) { return source_path("tests/golden/" + name); }

/// A copy of a golden model whose configuration has one text in the place of another.
void copy_with(const std::string& model, const TemporaryFolder& folder, const std::string& from, const std::string& to) {
  fs::copy_file(golden(model + "/model.safetensors"), folder / "model.safetensors");
  auto config = read_file(golden(model + "/config.json"), 1 << 20);
  REQUIRE(config);
  const std::size_t at = config->find(from);
  REQUIRE(at != std::string::npos);
  REQUIRE(write_file_atomically(folder / "config.json", config->replace(at, from.size(), to)));
}

/// Takes the right to read the pages of all weights away while it lives: whoever reads one dies.
class Unreadable {
 public:
  explicit Unreadable(const TensorTable& table) : page_(static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE))) {
    for (const TensorView& tensor : table.all()) protect(tensor, PROT_NONE), tensors_.push_back(tensor);
  }
  ~Unreadable() {
    for (const TensorView& tensor : tensors_) protect(tensor, PROT_READ);
  }

 private:
  void protect(const TensorView& tensor, int rights) {
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(tensor.data), first = at / page_ * page_;
    REQUIRE(mprotect(reinterpret_cast<void*>(first), at + tensor.bytes - first, rights) == 0);
  }
  std::uintptr_t page_;
  std::vector<TensorView> tensors_;
};

TEST_CASE("preview: a model is described as it will be, without its weights being read") {
  for (const char* name : kFolders) {
    CAPTURE(name);
    const auto checkpoint = open_checkpoint(golden(name));
    REQUIRE(checkpoint);
    const auto outline = [&] {
      const Unreadable weights(*checkpoint->tensors);
      return describe_model(*checkpoint);
    }();
    REQUIRE(outline);
    const auto model = load_model(*checkpoint);
    REQUIRE(model);
    const ModelInfo &told = outline->info, &is = (*model)->info();
    CHECK(told.family == is.family);
    CHECK(told.parameters == is.parameters);
    CHECK(told.weight_bytes == is.weight_bytes);
    CHECK(told.hidden == is.hidden);
    CHECK(told.vocabulary == is.vocabulary);
    CHECK(told.dtypes == is.dtypes);
    CHECK(layers_text(told.layers) == layers_text(is.layers));
    CHECK(outline->schema->stored() == (*model)->schema()->stored());
    CHECK(outline->schema->caches() == (*model)->schema()->caches());
  }
}

TEST_CASE("preview: a head that differs from its embedding is found where weights may be read, and only there") {
  const TemporaryFolder folder;
  fs::copy_file(golden("mamba1/config.json"), folder / "config.json");
  const auto table = open_safetensors(golden("mamba1/model.safetensors"));
  REQUIRE(table);
  std::vector<TensorToWrite> tensors;
  for (const TensorView& tensor : table->all()) tensors.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.data});
  const TensorView* embedding = table->find("backbone.embeddings.weight");
  REQUIRE(embedding);
  const std::vector<std::byte> other(embedding->bytes);
  tensors.push_back({"lm_head.weight", embedding->dtype, embedding->shape, other.data()});
  REQUIRE(write_safetensors(folder / "model.safetensors", tensors, {}));
  const auto checkpoint = open_checkpoint(folder.path.string());
  REQUIRE(checkpoint);
  const auto warned = describe_model(*checkpoint, Depth::weights);
  REQUIRE(warned);
  REQUIRE(warned->info.warnings.size() == 1);
  CHECK(warned->info.warnings[0].find("differs from the embedding") != std::string::npos);
  const Unreadable weights(*checkpoint->tensors);
  const auto outline = describe_model(*checkpoint, Depth::headers);
  REQUIRE(outline);
  CHECK(outline->info.warnings.empty());
}

TEST_CASE("preview: a model that can be opened tells its types, its memory and its tokenizer") {
  const Preview preview = make_preview(golden("mamba1"), kBudget);
  REQUIRE(preview.can_open());
  CHECK(preview.name == "mamba1");
  const auto opened = open_model(golden("mamba1"));
  REQUIRE(opened);
  std::int64_t tensors = 0, bytes = 0;
  for (const NumberType& type : preview.types) tensors += type.tensors, bytes += type.bytes;
  CHECK(tensors == static_cast<std::int64_t>((*opened)->checkpoint.tensors->all().size()));
  CHECK(bytes == preview.memory.weights);
  CHECK(types_text(preview.types) == "F32 (" + std::to_string(tensors) + " tensors)");
  CHECK(preview.memory.state == (*opened)->model->schema()->stored() * 4);
  CHECK(preview.memory.total() == preview.memory.weights + preview.memory.state + kBudget);
  CHECK(preview.check.tokenizer == (*opened)->tokenizer->kind());
}

TEST_CASE("preview: a cache's growth is told by the token") {
  const Preview preview = make_preview(golden("llama"), kBudget);
  REQUIRE(preview.can_open());
  std::int64_t width = 0;
  for (const std::int64_t each : preview.check.outline->schema->caches()) width += each;
  CHECK(width > 0);
  CHECK(preview.memory.cache_token == width * 4);
  CHECK(make_preview(golden("mamba1"), kBudget).memory.cache_token == 0);
}

TEST_CASE("preview: every problem of a model is told at once, as check tells them, and it cannot be opened") {
  const TemporaryFolder folder;
  copy_with("mamba1", folder, "\"state_size\": 8", "\"state_size\": 9");
  const Preview preview = make_preview(folder.path.string(), kBudget);
  CHECK_FALSE(preview.can_open());
  CHECK(preview.check.problems.size() > 1);
  const FileCheck check = check_path(folder.path.string());
  REQUIRE(check.problems.size() == preview.check.problems.size());
  for (std::size_t i = 0; i < check.problems.size(); ++i) CHECK(check.problems[i].text() == preview.check.problems[i].text());
}

TEST_CASE("preview: a tokenizer that is broken is a problem") {
  const TemporaryFolder folder;
  copy_with("mamba1", folder, "\"model_type\"", "\"model_type\"");
  REQUIRE(write_file_atomically(folder / "tokenizer.json", "{\"model\": 7}"));
  const Preview preview = make_preview(folder.path.string(), kBudget);
  CHECK_FALSE(preview.can_open());
  REQUIRE_FALSE(preview.check.problems.empty());
  CHECK(preview.check.problems[0].file.find("tokenizer.json") != std::string::npos);
}

TEST_CASE("preview: a folder without a model is to be looked into, a file that is none is a problem") {
  const TemporaryFolder folder;
  CHECK(make_preview(folder.path.string(), kBudget).is_folder);
  REQUIRE(write_file_atomically(folder / "notes.txt", "hello"));
  const Preview notes = make_preview(folder / "notes.txt", kBudget);
  CHECK_FALSE(notes.is_folder);
  CHECK_FALSE(notes.can_open());
  CHECK(make_preview(folder / "nothing", kBudget).check.problems[0].code == Code::not_found);
  CHECK(make_preview("builtin:nothing", kBudget).check.problems[0].code == Code::not_found);
}

TEST_CASE("preview: a session shows the model that it names") {
  const Preview preview = make_preview(source_path("sessions/copy-forgets.statelab.json"), kBudget);
  CHECK(preview.check.kind == "session");
  REQUIRE(preview.can_open());
  CHECK(preview.name == "copy");
}

TEST_CASE("preview: available memory is read where the system tells it, and unknown elsewhere") {
  CHECK(available_memory("MemTotal:       16000 kB\nMemAvailable:    8000 kB\n") == 8000 * 1024);
  for (const char* text : {"", "MemTotal: 16000 kB\n", "MemAvailable:", "MemAvailable:   x kB", "MemAvailable: -5 kB",
                           "MemAvailable: 7 MB", "MemAvailable: 99999999999999999999 kB", "MemAvailable: 9223372036854775807 kB"})
    CHECK_FALSE(available_memory(text).has_value());
}

TEST_CASE("recent: what was opened last comes first, once, and the list stays short") {
  const TemporaryFolder folder;
  const std::string file = folder / "recent.json";
  CHECK(read_recent(file)->empty());
  for (const char* path : {"/a", "/b", "/a"}) REQUIRE(add_recent(file, {path}));
  CHECK(*read_recent(file) == std::vector<std::string>{"/a", "/b"});
  for (int i = 0; i < 20; ++i) REQUIRE(add_recent(file, {"/" + std::to_string(i)}));
  REQUIRE(read_recent(file)->size() == kRecentModels);
  CHECK(read_recent(file)->front() == "/19");
}

TEST_CASE("recent: a broken list is refused by name, and begins anew") {
  const TemporaryFolder folder;
  const std::string file = folder / "recent.json";
  for (const char* text : {"{", "[]", "{\"format\": \"statelab-recent/1\", \"paths\": 5}",
                           "{\"format\": \"statelab-recent/1\", \"paths\": [5]}", "{\"format\": \"statelab-recent/2\", \"paths\": []}"}) {
    REQUIRE(write_file_atomically(file, text));
    const auto list = read_recent(file);
    REQUIRE_FALSE(list);
    CHECK(list.error().file == file);
    REQUIRE(add_recent(file, {"/a"}));
    CHECK(*read_recent(file) == std::vector<std::string>{"/a"});
  }
}

TEST_CASE("latest answer: of many questions the last one is answered, a question in work loses its answer") {
  Gate gate;
  LatestAnswer<int, int> answers(
      [&](const int& question, const auto&) {
        if (question == 0) gate.pass();
        return question;
      },
      [] {});
  answers.ask(0);
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  for (int question = 1; question <= 9; ++question) answers.ask(question);
  CHECK_FALSE(answers.idle());
  CHECK(answers.latest() == nullptr);
  gate.open();
  REQUIRE(eventually([&] { return answers.idle(); }));
  REQUIRE(answers.latest());
  CHECK(*answers.latest() == 9);
}

TEST_CASE("latest answer: who answers is told when the answer is not wanted any more, also when all ends") {
  std::atomic<int> begun = 0, given_up = 0;
  {
    LatestAnswer<int, int> answers(
        [&](const int& question, const std::function<bool()>& is_wanted) {
          ++begun;
          while (is_wanted()) std::this_thread::yield();
          ++given_up;
          return question;
        },
        [] {});
    answers.ask(1);
    REQUIRE(eventually([&] { return begun == 1; }));
    CHECK(given_up == 0);
    answers.ask(2);
    REQUIRE(eventually([&] { return begun == 2; }));
    CHECK(given_up == 1);
  }
  CHECK(given_up == 2);
}

TEST_CASE("latest answer: what nobody wants any more is not answered") {
  Gate gate;
  std::atomic<int> published = 0;
  LatestAnswer<int, int> answers(
      [&](const int& question, const auto&) {
        gate.pass();
        return question;
      },
      [&] { ++published; });
  answers.ask(1);
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  answers.forget();
  CHECK(answers.idle());
  gate.open();
  answers.ask(2);
  REQUIRE(eventually([&] { return answers.latest() != nullptr; }));
  CHECK(*answers.latest() == 2);
  REQUIRE(eventually([&] { return published > 0; }));
  CHECK(published == 1);
}

TEST_CASE("latest answer: a question is taken up once no other comes for a while") {
  std::atomic<int> asked = 0;
  LatestAnswer<int, int> answers(
      [&](const int& question, const auto&) {
        ++asked;
        return question;
      },
      [] {}, std::chrono::milliseconds(500));
  for (int i = 1; i <= 5; ++i) {
    answers.ask(i);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  REQUIRE(eventually([&] { return answers.latest() != nullptr; }));
  CHECK(*answers.latest() == 5);
  CHECK(asked == 1);
}

}  // namespace
}  // namespace lab::test
