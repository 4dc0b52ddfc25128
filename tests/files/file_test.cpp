// Files and folders: only regular files are read, and a save replaces all or nothing.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "model/checkpoint.h"
#include "model/files/file.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace fs = std::filesystem;

namespace {

// A folder with config.json and the weights of a golden model.
void fill_model(const Folder& folder) {
  for (const char* name : {"config.json", "model.safetensors"})
    fs::copy_file(std::string(LAB_SOURCE_DIR "/tests/golden/mamba2/") + name, folder.path / name);
}

Error refusal(const std::string& path) {
  auto checkpoint = open_checkpoint(path);
  REQUIRE(!checkpoint);
  return checkpoint.error();
}

}  // namespace

TEST_CASE("file: what is no regular file is refused without being waited for") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  fs::create_symlink("loop", folder.path / "loop");
  for (const std::string& path :
       {folder.at("pipe"), folder.path.string(), std::string("/dev/zero"), folder.at("loop")}) {
    CAPTURE(path);
    CHECK(read_file(path, 10).error().code == Code::not_readable);
    CHECK(MappedFile::open(path).error().code == Code::not_readable);
    CHECK(open_safetensors(path).error().file == path);
  }
  CHECK(read_file(folder.at("absent"), 10).error().code == Code::not_found);
  CHECK(read_file(std::string("a\0b", 3), 10).error().code == Code::bad_argument);
  CHECK(read_file(std::string(5000, 'x'), 10).error().code == Code::not_readable);
}

TEST_CASE("file: a file is read whole or refused by its size") {
  const Folder folder;
  const std::string path = folder.put("a", "12345");
  CHECK(*read_file(path, 5) == "12345");
  const Error error = read_file(path, 4).error();
  CHECK(error.code == Code::too_large);
  CHECK(error.found == "5");
  CHECK((*MappedFile::open(folder.put("empty", "")))->bytes().empty());
}

TEST_CASE("file: an atomic write replaces the content, keeps permissions and links, and leaves nothing beside it") {
  const Folder folder;
  const std::string path = folder.put("a", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", folder.path / "link");
  REQUIRE(write_file_atomically(folder.at("link"), "new"));
  CHECK(*read_file(path, 10) == "new");
  CHECK(fs::is_symlink(folder.path / "link"));
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  REQUIRE(write_file_atomically(folder.at("b"), "made"));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 3);
}

TEST_CASE("file: a write that fails names the path and leaves the old file") {
  const Folder folder;
  const Status status = write_file_atomically(folder.at("no/such/folder"), "x");
  REQUIRE(!status);
  CHECK(status.error().code == Code::not_found);
  folder.put("kept", "old");
  fs::create_directory(folder.path / "folder");
  CHECK_FALSE(write_file_atomically(folder.at("folder"), "x"));
  CHECK(*read_file(folder.at("kept"), 10) == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 2);
}

TEST_CASE("file: moved to memory it reads the same meanwhile and afterwards, at the same addresses, and no longer depends on the file") {
  const Folder folder;
  constexpr std::size_t kNumbers = 20'000'003;  // 80 MB and a part of a page: three pieces
  std::vector<std::uint32_t> numbers(kNumbers);
  for (std::size_t i = 0; i < kNumbers; ++i) numbers[i] = static_cast<std::uint32_t>(i * 2654435761u);
  const std::string path = folder.at("numbers");
  REQUIRE(write_file_atomically(path, {reinterpret_cast<const char*>(numbers.data()), 4 * kNumbers}));
  const auto file = MappedFile::open(path);
  REQUIRE(file);
  const std::byte* first = (*file)->bytes().data();
  const auto is_the_same = [&] { return std::memcmp((*file)->bytes().data(), numbers.data(), 4 * kNumbers) == 0; };
  std::atomic<bool> stop = true, done = false;
  CHECK_FALSE((*file)->move_to_memory(stop));
  std::atomic<int> wrong = 0, rounds = 0;
  std::thread reader([&] {
    while (!done || rounds == 0) wrong += !is_the_same(), ++rounds;
  });
  stop = false;
  const bool moved = (*file)->move_to_memory(stop);
  done = true;
  reader.join();
  CHECK(wrong == 0);
  CHECK(is_the_same());
  CHECK((*file)->bytes().data() == first);
#ifdef __linux__
  CHECK(moved);
  fs::resize_file(path, 0);
  CHECK(is_the_same());
  CHECK((*file)->move_to_memory(stop));  // nothing is left to do
#else
  (void)moved;
#endif
}

TEST_CASE("checkpoint: a folder, or a file in it, opens the model") {
  const Folder folder;
  fill_model(folder);
  for (const std::string& path :
       {folder.path.string(), folder.path.string() + "/", folder.at("config.json"), folder.at("model.safetensors")}) {
    auto checkpoint = open_checkpoint(path);
    REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
    CHECK(checkpoint->name == folder.path.filename());
    CHECK(checkpoint->model_type == "mamba2");
    CHECK(checkpoint->tokenizer_path.empty());
  }
}

TEST_CASE("checkpoint: links to files of a cache load [IX3]") {
  const Folder folder, cache;
  fill_model(cache);
  for (const char* name : {"config.json", "model.safetensors"})
    fs::create_symlink(cache.path / name, folder.path / name);
  CHECK(open_checkpoint(folder.path.string()));
}

TEST_CASE("checkpoint: what a folder lacks is named [CF7]") {
  const Folder folder;
  CHECK(refusal(folder.at("nowhere")).code == Code::not_found);
  CHECK(refusal(folder.put("text.txt", "x")).code == Code::unsupported);
  Error error = refusal(folder.path.string());
  CHECK(error.code == Code::not_found);
  CHECK(error.file == folder.at("config.json"));
  folder.put("config.json", R"({"model_type": "mamba"})");
  error = refusal(folder.path.string());
  CHECK(error.code == Code::missing);
  CHECK(error.field == "model.safetensors");
  folder.put("pytorch_model.bin", "x");
  CHECK(refusal(folder.path.string()).code == Code::wrong_kind);
}

TEST_CASE("checkpoint: a configuration that cannot be read is refused [CF7]") {
  const Folder folder;
  fill_model(folder);
  const auto with_config = [&](const std::string& text) {
    folder.put("config.json", text);
    return refusal(folder.path.string());
  };
  CHECK(with_config("{}").field == "model_type");
  CHECK(with_config("{}").code == Code::missing);
  CHECK(with_config(R"({"model_type": 5})").code == Code::malformed);
  CHECK(with_config("[]").field == "model_type");
  CHECK(with_config("<html>").code == Code::malformed);
  CHECK(with_config("").code == Code::malformed);
  fs::resize_file(folder.path / "config.json", std::uintmax_t{1} << 30);
  CHECK(refusal(folder.path.string()).code == Code::too_large);
  fs::remove(folder.path / "config.json");
  fs::create_directory(folder.path / "config.json");
  CHECK(refusal(folder.path.string()).code == Code::not_readable);
}

TEST_CASE("checkpoint: warnings of the container reach the checkpoint") {
  const Folder folder;
  folder.put("config.json", R"({"model_type": "mamba"})");
  folder.put("model.safetensors", image(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":1}})", 1));
  const auto checkpoint = open_checkpoint(folder.path.string());
  REQUIRE(checkpoint);
  CHECK(checkpoint->warnings.size() == 1);
}
