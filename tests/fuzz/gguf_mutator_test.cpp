// The mutator of GGUF files: what it reads it writes again, and what it changes is still mostly a file.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "gguf_mutator.h"

using namespace lab;
using namespace lab::test;

namespace {

GgufImage sample() {
  GgufImage image;
  image.string("general.architecture", "mamba").integer("mamba.block_count", 2).boolean("yes", true);
  image.array("list", GgufType::string, 2, counted("a") + counted("")).array("numbers", GgufType::i32, 1, bytes_of(7));
  return image.ones("a", {3, 2}).ones("b", {5});
}

void replace_text(std::string& text, std::size_t) { text += 'x'; }

}  // namespace

TEST_CASE("gguf mutator: a file that is read is written again as it was") {
  const std::string bytes = sample().bytes();
  const auto parts = GgufParts::of(bytes);
  REQUIRE(parts);
  CHECK(parts->keys.size() == 5);
  CHECK(parts->keys[3].items == std::vector<std::string>{"a", ""});
  CHECK(parts->tensors[1].extents == std::vector<std::uint64_t>{5});
  CHECK(parts->bytes() == bytes);
  for (std::size_t size = 0; size < sample().header().size(); ++size) CHECK_FALSE(GgufParts::of(bytes.substr(0, size)));
}

TEST_CASE("gguf mutator: what the container accepts of the kept corpus is read by it too") {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(LAB_SOURCE_DIR "/tests/fuzz/corpus/gguf")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!gguf_of(bytes)) continue;
    CAPTURE(entry.path().string());
    const auto parts = GgufParts::of(bytes);
    REQUIRE(parts);
    const std::string again = parts->bytes();
    CHECK(again.substr(0, bytes.size()) == bytes.substr(0, again.size()));
    ++read;
  }
  CHECK(read > 10);
}

TEST_CASE("gguf mutator: changed files are often accepted, and refused for many reasons") {
  std::mt19937 random(1);
  int accepted = 0;
  std::set<std::string> reasons;
  for (int i = 0; i < 2000; ++i) {
    GgufParts parts = *GgufParts::of(sample().bytes());
    parts.mutate(random, replace_text);
    const std::string bytes = parts.bytes();
    const auto gguf = gguf_of(bytes);
    if (gguf)
      ++accepted;
    else
      reasons.insert(gguf.error().message);
  }
  CHECK(accepted > 500);
  CHECK(reasons.size() >= 12);
}
