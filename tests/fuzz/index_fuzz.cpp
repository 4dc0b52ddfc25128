// Indices of weights in several files: only plain names beside the index are ever opened, and what opens is what it names.
#include <cstdint>
#include <string>
#include <string_view>

#include "tensor_promises.h"
#include "model/files/json.h"
#include "model/files/shards.h"

using namespace lab;

namespace {

constexpr std::string_view kFolder = "folder/";

TensorTable table_of(const std::string& file, std::initializer_list<const char*> names) {
  static const std::uint16_t numbers[2] = {1, 2};
  TensorTable table;
  for (const char* name : names)
    table.add({.name = name,
               .dtype = DType::f16,
               .shape = {2},
               .data = reinterpret_cast<const std::byte*>(numbers),
               .bytes = sizeof numbers,
               .file = file});
  return table;
}

// Three files, of which the third holds a tensor of the first; there are no others.
Result<TensorTable> open(const std::string& path) {
  static const TensorTable tables[] = {table_of("1", {"a", "b"}), table_of("2", {"c"}), table_of("3", {"a", "d"})};
  LAB_CHECK(path.starts_with(kFolder), ==, true);
  const std::string name = path.substr(kFolder.size());
  LAB_CHECK(name.find_first_of(std::string_view("/\\\0", 3)), ==, name.npos);
  LAB_CHECK(name.empty() || name == "." || name == "..", ==, false);
  if (name.size() == 1 && name[0] >= '1' && name[0] <= '3') return tables[name[0] - '1'];
  return Error{.code = Code::not_found, .file = path, .message = "there is no such file"};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto table = read_shards(text, "folder/index.json", open);
  test::keep_promises(table);
  if (!table) return 0;
  const auto index = parse_json(text, {}, "index");
  LAB_CHECK(static_cast<bool>(index), ==, true);
  for (const auto& [name, file] : index->find("weight_map")->members()) {
    const TensorView* tensor = table->find(name);
    LAB_CHECK(tensor != nullptr && tensor->file == file.text(), ==, true);
  }
  return 0;
}
