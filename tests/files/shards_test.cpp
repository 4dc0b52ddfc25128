// Weights in several files: the index and the files must tell the same, and nothing outside the folder is touched.
#include "model/files/shards.h"

#include <sys/resource.h>
#include <sys/stat.h>

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
  for (const char* name : {R"("")", R"(".")", R"("..")", R"("../1.safetensors")", R"("/1.safetensors")", R"("/etc/passwd")", R"("/dev/zero")",
                           R"("a/b")", R"("./1.safetensors")", R"("x/../1.safetensors")", R"("1.safetensors/")", R"("//host/x")", R"("a\\b")",
                           R"("..\\x")", R"("C:\\x")", R"("http://x/y")", R"("file:///etc/passwd")", R"("a\u0000b")", R"("\u0000")", "1", "1.5",
                           "null", "true", "[]", R"("\u002e\u002e")"}) {
    CAPTURE(name);
    const auto problems = folder.problems_with(R"({"a": "no.safetensors", "b": )" + std::string(name) + "}");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code == Code::malformed);
    CHECK(problems[0].field == "b");
  }
  CHECK(folder.problems_with(R"({"b": ")" + std::string(256, 'x') + "\"}")[0].field == "b");
  CHECK(folder.problems_with(R"({"b": ")" + std::string(255, 'x') + "\"}")[0].code == Code::not_found);
}

TEST_CASE("shards: texts that are no index are refused by field") {
  struct Case {
    std::string text;
    Code code;
    const char* field;
  };
  const std::string map = R"("weight_map": {"a": "1.safetensors"})", deep(100'000, '[');
  const Case cases[] = {
      {"", Code::malformed, ""},
      {" ", Code::malformed, ""},
      {"{", Code::malformed, ""},
      {"{" + map, Code::malformed, ""},
      {"{" + map + ",}", Code::malformed, ""},
      {"{" + map + "} x", Code::malformed, ""},
      {"{" + map + "}{}", Code::malformed, ""},
      {"\xEF\xBB\xBF{" + map + "}", Code::malformed, ""},
      {"{" + map + std::string("}\0", 2), Code::malformed, ""},
      {R"({"weight_map": {"a": "1"} /* x */})", Code::malformed, ""},
      {R"({'weight_map': {}})", Code::malformed, ""},
      {"{\"weight_map\": {\"\xFF\": \"1\"}}", Code::malformed, ""},
      {R"({"weight_map": {"\ud800": "1"}})", Code::malformed, ""},
      {R"({"metadata": {"total_size": Infinity}, )" + map + "}", Code::malformed, ""},
      {R"({"metadata": {"total_size": 1e400}, )" + map + "}", Code::out_of_range, "total_size"},
      {R"({"metadata": {"a": {"b": {}}}, )" + map + "}", Code::too_large, ""},
      {R"({"metadata": )" + deep, Code::too_large, ""},
      {R"({"weight_map": )" + deep, Code::too_large, ""},
      {"{" + map + "," + map + "}", Code::duplicate, "weight_map"},
      {R"({"metadata": {}, "metadata": {}, )" + map + "}", Code::duplicate, "metadata"},
      {R"({"weight_map": {"a": "1.safetensors", "a": "2.safetensors"}})", Code::duplicate, "a"},
      {"<!DOCTYPE html>", Code::malformed, ""},
      {"version https://git-lfs.github.com/spec/v1\n", Code::malformed, ""},
      {"[]", Code::missing, "weight_map"},
      {"null", Code::missing, "weight_map"},
      {"7", Code::missing, "weight_map"},
      {R"("weight_map")", Code::missing, "weight_map"},
      {"{}", Code::missing, "weight_map"},
      {R"({"Weight_map": {"a": "1.safetensors"}})", Code::missing, "weight_map"},
      {R"({"weight_map": {}})", Code::malformed, "weight_map"},
      {R"({"weight_map": []})", Code::malformed, "weight_map"},
      {R"({"weight_map": null})", Code::malformed, "weight_map"},
      {R"({"weight_map": "1.safetensors"})", Code::malformed, "weight_map"},
      {R"({"weight_map": 7})", Code::malformed, "weight_map"},
  };
  const Sharded folder;
  for (const Case& one : cases) {
    CAPTURE(printable(one.text));
    const auto table = open_shards(folder.put("i.json", one.text), open_safetensors);
    REQUIRE(!table);
    CHECK(name_of(table.error().code) == std::string(name_of(one.code)));
    CHECK(table.error().field == std::string(one.field));
    CHECK(table.error().file == folder.at("i.json"));
  }
  CHECK(open_shards(folder.at("none.json"), open_safetensors).error().code == Code::not_found);
}

TEST_CASE("shards: unknown keys, totals of another kind and metadata of any words load") {
  const Sharded folder;
  for (const char* metadata : {"{}", "null", "[]", R"({"total_size": 8, "format": "pt"})", R"({"total_size": 8.0})", R"({"total_size": "8"})",
                               R"({"total_size": -1})", R"({"total_size": 18446744073709551616})"}) {
    const auto table = folder.open_with(kMap, metadata);
    CAPTURE(metadata);
    REQUIRE_MESSAGE(table, table.error().text());
    CHECK(table->all().size() == 4);
  }
  CHECK(open_shards(folder.put("i.json", R"({"note": [1, {}], "weight_map": )" + kMap + "}"), open_safetensors));
}

TEST_CASE("shards: a file that is no regular one, or not what it should be, is named [IX4]") {
  const Sharded folder;
  std::filesystem::create_directory(folder.path / "folder");
  std::filesystem::create_symlink("loop", folder.path / "loop");
  std::filesystem::create_symlink("/dev/zero", folder.path / "device");
  REQUIRE(::mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  folder.put("web", "<html>"), folder.put("empty", "");
  folder.put("cut", shard({"a"}).substr(0, 40)), folder.put("short", shard({"a"}).substr(0, 60));
  folder.put("gguf", "GGUF\3" + std::string(60, '\0')), folder.put("zip", torch_image("", {})), folder.put("pickle", "\x80\x02}.");
  const std::pair<const char*, Code> files[] = {
      {"folder", Code::not_readable}, {"loop", Code::not_readable}, {"device", Code::not_readable}, {"pipe", Code::not_readable},
      {"web", Code::wrong_kind},      {"empty", Code::truncated},   {"cut", Code::truncated},       {"short", Code::truncated},
      {"gguf", Code::wrong_kind},     {"zip", Code::wrong_kind},    {"pickle", Code::wrong_kind},   {"i.json", Code::too_large},
      {"no file", Code::not_found}};
  for (const auto& [file, code] : files) {
    CAPTURE(std::string(file));
    const auto problems = folder.problems_with(R"({"c": "2.safetensors", "a": ")" + std::string(file) + "\"}");
    REQUIRE(problems.size() == 1);
    CHECK(std::string(name_of(problems[0].code)) == name_of(code));
    CHECK(problems[0].file == folder.at(file));
  }
}

TEST_CASE("shards: links that a download cache makes load [IX3]") {
  const Sharded cache;
  const Folder folder;
  for (const char* name : {"1.safetensors", "2.safetensors"}) std::filesystem::create_symlink(cache.path / name, folder.path / name);
  CHECK(open_shards(folder.put("i.json", R"({"weight_map": )" + kMap + "}"), open_safetensors));
}

TEST_CASE("shards: more files than a process may hold open are closed once they are mapped [IX5]") {
  constexpr int count = 2000;
  const Folder folder;
  std::string map = "{";
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(i);
    folder.put(name, shard({"t" + name}));
    map += (i > 0 ? ",\"t" : "\"t") + name + "\":\"" + name + "\"";
  }
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit few = before;
  few.rlim_cur = 64;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto table = open_shards(folder.put("i.json", R"({"weight_map": )" + map + "}}"), open_safetensors);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->all().size() == count);
}

TEST_CASE("shards: PyTorch files have an index too") {
  const Folder folder;
  folder.put("1.bin", torch_image(pickled::whole(pickled::dict({{"a", pickled::Tensor{}.text()}})), {std::string(24, '\0')}));
  folder.put("2.bin", torch_image(pickled::whole(pickled::dict({{"b", pickled::Tensor{}.text()}})), {std::string(24, '\0')}));
  auto table = open_shards(folder.put("i.json", R"({"weight_map": {"a": "1.bin", "b": "2.bin"}})"), open_torch);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->all().size() == 2);
}
