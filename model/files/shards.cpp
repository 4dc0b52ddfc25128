#include "model/files/shards.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "model/files/file.h"
#include "model/files/json.h"

namespace lab {
namespace {

constexpr JsonLimits kIndexLimits{.bytes = 64 << 20, .depth = 3, .values = 400'000};
constexpr std::size_t kMostNamed = 10;  // of several of a kind

using TensorsOfFile = std::map<std::string, std::set<std::string>>;

bool is_plain(const std::string& name) {
  return !name.empty() && name.size() < 256 && name != "." && name != ".." &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

// "weight_map": which tensors each file is said to hold.
TensorsOfFile read_map(const Json& index, const std::string& path, std::vector<Error>& problems) {
  TensorsOfFile files;
  const Json* map = index.find("weight_map");
  if (!map || !map->is_object() || map->members().empty())
    problems.push_back({.code = map ? Code::malformed : Code::missing,
                        .file = path,
                        .field = "weight_map",
                        .expected = "an object of file names",
                        .found = map ? map->brief() : "",
                        .message = "the index does not say where the tensors lie"});
  else
    for (const auto& [tensor, file] : map->members()) {
      if (file.is_string() && is_plain(file.text()))
        files[file.text()].insert(tensor);
      else if (problems.size() < kMostNamed)
        problems.push_back({.code = Code::malformed,
                            .file = path,
                            .field = tensor,
                            .expected = "the plain name of a file in the same folder",
                            .found = file.brief(),
                            .message = "the index leads elsewhere"});
    }
  return files;
}

// Up to ten names, and how many more there are.
std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMostNamed; ++i) text.append(i > 0 ? ", " : "").append(printable(names[i]));
  return names.size() > kMostNamed ? text + " and " + std::to_string(names.size() - kMostNamed) + " more" : text;
}

class ShardReader {
 public:
  explicit ShardReader(const std::string& index_path) : index_path_(index_path) {}

  // Adds a file's tensors; those it was to hold are `expected`.
  void add(const std::string& file, TensorTable shard, const std::set<std::string>& expected) {
    std::vector<std::string> absent, unlisted;
    for (const std::string& name : expected)
      if (!shard.find(name)) absent.push_back(name);
    for (const TensorView& tensor : shard.all()) {
      if (!expected.contains(tensor.name)) unlisted.push_back(tensor.name);
      if (!table_.add(tensor))
        problems_.push_back({.code = Code::duplicate,
                             .file = index_path_,
                             .field = tensor.name,
                             .expected = "each tensor in one file",
                             .found = table_.find(tensor.name)->file + " and " + file,
                             .message = "the same tensor lies in two files"});
    }
    if (!absent.empty())
      problems_.push_back({.code = Code::missing,
                           .file = index_path_,
                           .field = absent.front(),
                           .expected = "in " + file + ": " + list_of(absent),
                           .message = std::to_string(absent.size()) + " tensors of the index are not in their file"});
    if (!unlisted.empty()) table_.add_warning(file + " holds tensors that the index lacks: " + list_of(unlisted));
    if (table_.metadata().empty())
      for (const auto& [key, value] : shard.metadata()) table_.add_metadata(key, value);
    table_.take_over(std::move(shard), file + ": ");
  }

  void problem(Error error) { problems_.push_back(std::move(error)); }

  void check_total(const Json& index) {
    const Json* metadata = index.find("metadata");
    const Json* total = metadata ? metadata->find("total_size") : nullptr;
    const std::size_t held = table_.stored_bytes();
    if (total && total->integer() != static_cast<std::int64_t>(held))
      table_.add_warning("the index counts " + total->brief() + " bytes of tensors, the files hold " + std::to_string(held));
  }

  Result<TensorTable> take() {
    if (!problems_.empty()) return all_of(std::move(problems_));
    return std::move(table_);
  }

 private:
  std::string index_path_;
  TensorTable table_;
  std::vector<Error> problems_;
};

}  // namespace

Result<TensorTable> open_shards(const std::string& index_path, OpenShard open) {
  LAB_ASSIGN(const std::string text, read_file(index_path, kIndexLimits.bytes));
  return read_shards(text, index_path, open);
}

Result<TensorTable> read_shards(std::string_view text, const std::string& index_path, OpenShard open) {
  LAB_ASSIGN(const Json index, parse_json(text, kIndexLimits, index_path));
  std::vector<Error> problems;
  const TensorsOfFile files = read_map(index, index_path, problems);
  if (!problems.empty()) return all_of(std::move(problems));  // nothing was opened
  ShardReader reader(index_path);
  const std::string folder = index_path.substr(0, index_path.size() - plain_name(index_path).size());
  for (const auto& [file, tensors] : files) {
    auto shard = open(folder + file);
    if (shard)
      reader.add(file, shard.take(), tensors);
    else
      reader.problem(shard.error());
  }
  reader.check_total(index);
  return reader.take();
}

}  // namespace lab
