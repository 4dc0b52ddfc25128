// Weights in several files: the index and the files must tell the same, and nothing outside the folder is touched.
#include "model/files/shards.h"

#include "tests/files/archive_support.h"

using namespace lab;
using namespace lab::test;

namespace {

std::string shard(const std::vector<std::string>& names) {
  std::string header = "{";
  for (std::size_t i = 0; i < names.size(); ++i)
    header.append(i > 0 ? "," : "")
        .append("\"" + names[i] + R"(":{"dtype":"U8","shape":[2],"data_offsets":[)" + std::to_string(2 * i) + "," +
                std::to_string(2 * i + 2) + "]}");
  return image(header + "}", 2 * names.size());
}

// Two files of two tensors each.
struct Sharded : Folder {
  Sharded() {
    put("1.safetensors", shard({"a", "b"}));
    put("2.safetensors", shard({"c", "d"}));
  }
  Result<TensorTable> open_with(const std::string& map, const std::string& metadata = R"({"total_size": 8})") const {
    return open_shards(put("i.json", R"({"metadata": )" + metadata + R"(, "weight_map": )" + map + "}"), open_safetensors);
  }
  std::vector<Error> problems_with(const std::string& map) const {
    auto table = open_with(map);
    REQUIRE(!table);
    std::vector<Error> all = {table.error()};
    all.insert(all.end(), table.error().others.begin(), table.error().others.end());
    return all;
  }
};

const std::string kMap = R"({"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors", "d": "2.safetensors"})";

}  // namespace

TEST_CASE("shards: all files are one table, without a warning when the index is right") {
  const Sharded folder;
  auto table = folder.open_with(kMap);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->all().size() == 4);
  CHECK(table->find("d")->file == "2.safetensors");
  CHECK(values_of<char>(*table->find("d")) == std::vector<char>{1, 1});
  CHECK(table->warnings().empty());
}

TEST_CASE("shards: a tensor that the index lacks and a total that disagrees are warnings") {
  const Sharded folder;
  auto table = folder.open_with(R"({"a": "1.safetensors", "c": "2.safetensors", "d": "2.safetensors"})", R"({"total_size": 9})");
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->find("b"));
  REQUIRE(table->warnings().size() == 2);
  CHECK(table->warnings()[0].find("1.safetensors") != std::string::npos);
  CHECK(table->warnings()[0].find("b") != std::string::npos);
  CHECK(table->warnings()[1].find("9 bytes") != std::string::npos);
}

TEST_CASE("shards: missing files, absent tensors and tensors in two files are told all at once") {
  const Sharded folder;
  folder.put("3.safetensors", shard({"a", "e"}));
  const auto problems =
      folder.problems_with(R"({"a": "1.safetensors", "x": "1.safetensors", "y": "1.safetensors", "c": "2.safetensors",
    "e": "3.safetensors", "f": "4.safetensors", "g": "5.safetensors"})");
  REQUIRE(problems.size() == 4);
  CHECK(problems[0].code == Code::missing);
  CHECK(problems[0].field == "x");
  CHECK(problems[0].expected == "in 1.safetensors: x, y");
  CHECK(problems[1].code == Code::duplicate);
  CHECK(problems[1].field == "a");
  CHECK(problems[1].found == "1.safetensors and 3.safetensors");
  for (const int i : {2, 3}) {
    CHECK(problems[static_cast<std::size_t>(i)].code == Code::not_found);
    CHECK(problems[static_cast<std::size_t>(i)].file == folder.at(std::to_string(i + 2) + ".safetensors"));
  }
  CHECK(problems[0].next.find("3 more") != std::string::npos);
}

TEST_CASE("shards: a name that leads out of the folder is refused before anything is opened [IX2]") {
  const Sharded folder;
  for (const char* name : {"../1.safetensors", "/etc/passwd", "a\\\\b", "a/b", "..", ".", "", "http://x/y", "a\\u0000b"}) {
    CAPTURE(name);
    const auto problems = folder.problems_with(R"({"a": "no.safetensors", "b": ")" + std::string(name) + "\"}");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code == Code::malformed);
    CHECK(problems[0].field == "b");
  }
  CHECK(folder.problems_with(R"({"a": 1})")[0].field == "a");
}

TEST_CASE("shards: an index without its map is refused") {
  const Sharded folder;
  for (const char* map : {"{}", "[]", "null", "\"x\""}) CHECK(folder.problems_with(map)[0].field == "weight_map");
  CHECK(open_shards(folder.put("i.json", "{}"), open_safetensors).error().code == Code::missing);
  CHECK(open_shards(folder.put("i.json", "{"), open_safetensors).error().code == Code::malformed);
  CHECK(open_shards(folder.at("none.json"), open_safetensors).error().code == Code::not_found);
}

TEST_CASE("shards: a file that is no regular one, or of another kind, is named [IX4]") {
  const Sharded folder;
  std::filesystem::create_directory(folder.path / "folder");
  folder.put("web", "<html>");
  const auto problems = folder.problems_with(R"({"a": "folder", "b": "web"})");
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].code == Code::not_readable);
  CHECK(problems[1].code == Code::wrong_kind);
}

TEST_CASE("shards: PyTorch files have an index too") {
  const Folder folder;
  folder.put("1.bin", torch_image(pickled::whole(pickled::dict({{"a", pickled::Tensor{}.text()}})), {std::string(24, '\0')}));
  folder.put("2.bin", torch_image(pickled::whole(pickled::dict({{"b", pickled::Tensor{}.text()}})), {std::string(24, '\0')}));
  auto table = open_shards(folder.put("i.json", R"({"weight_map": {"a": "1.bin", "b": "2.bin"}})"), open_torch);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->all().size() == 2);
}
