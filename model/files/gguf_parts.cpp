// Models in several GGUF files: NAME-00001-of-00003.gguf and so on, each with its own header and data.
#include <charconv>
#include <filesystem>

#include "model/files/file.h"
#include "model/files/gguf.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 5;
constexpr std::int64_t kMostParts = 99'999;  // what five digits can name

// "-00002-of-00003.gguf" at the end of a name.
struct PartName {
  std::string stem;
  std::int64_t number = 0, count = 0;

  std::string of(std::int64_t part) const {
    const auto digits = [](std::int64_t n) {
      const std::string text = std::to_string(n);
      return std::string(kDigits - text.size(), '0') + text;
    };
    return stem + "-" + digits(part) + "-of-" + digits(count) + ".gguf";
  }
};

std::optional<PartName> part_name(const std::string& name) {
  constexpr std::string_view pattern = "-ddddd-of-ddddd.gguf";
  if (name.size() <= pattern.size()) return std::nullopt;
  const std::size_t begin = name.size() - pattern.size();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = name[begin + i];
    if (pattern[i] == 'd' ? c < '0' || c > '9' : c != pattern[i]) return std::nullopt;
  }
  PartName part{.stem = name.substr(0, begin)};
  const char *number = name.data() + begin + pattern.find("ddddd"), *count = name.data() + begin + pattern.rfind("ddddd");
  std::from_chars(number, number + kDigits, part.number);
  std::from_chars(count, count + kDigits, part.count);
  return part;
}

Result<Gguf> open_one(const fs::path& path) {
  LAB_ASSIGN(auto mapping, MappedFile::open(path.string()));
  Result<Gguf> gguf = parse_gguf(mapping->bytes(), path.filename().string());
  if (gguf)
    gguf->tensors.keep_file(mapping);
  else
    gguf.error().file = path.string();
  return gguf;
}

// The integer of a key about parts; `fallback` where there is none.
Result<std::int64_t> split_number(const Gguf& gguf, const char* key, std::int64_t fallback, std::int64_t most) {
  const GgufValue* value = gguf.find(key);
  if (!value) return fallback;
  const auto number = value->integer();
  if (number && *number >= 0 && *number <= most) return *number;
  return Error{.code = Code::out_of_range,
               .field = key,
               .expected = "an integer from 0 to " + std::to_string(most),
               .found = value->brief(),
               .message = "the parts of the model are counted wrongly"};
}

Status expect(const char* key, std::int64_t expected, std::int64_t found, const char* message) {
  if (expected == found) return {};
  return Error{.code = Code::mismatch,
               .field = key,
               .expected = std::to_string(expected),
               .found = std::to_string(found),
               .message = message};
}

// Adds another part's tensors to the first.
Status add_part(Gguf& whole, Gguf part) {
  for (const TensorView& tensor : part.tensors.all())
    if (!whole.tensors.add(tensor))
      return Error{.code = Code::duplicate,
                   .field = tensor.name,
                   .expected = "each tensor in one part",
                   .found = whole.tensors.find(tensor.name)->file + " and " + tensor.file,
                   .message = "the same tensor appears in two parts"};
  whole.tensors.take_over(std::move(part.tensors));
  return {};
}

// Names the parts that are not there, the first ten of them.
Status find_parts(const fs::path& folder, const PartName& name) {
  constexpr std::size_t most = 10;
  std::string missing;
  std::size_t count = 0;
  std::error_code ignored;
  for (std::int64_t part = 1; part <= name.count; ++part) {
    if (fs::exists(folder / name.of(part), ignored)) continue;
    if (count++ < most) missing.append(count == 1 ? "" : ", ").append(name.of(part));
  }
  if (count == 0) return {};
  if (count > most) missing.append(" and ").append(std::to_string(count - most)).append(" more");
  return Error{.code = Code::missing,
               .field = "split.count",
               .expected = std::to_string(name.count) + " parts in one folder",
               .message = "parts of the model are missing: " + printable(missing, 1000),
               .next = "Download them into the same folder"};
}

Result<Gguf> open_part(const fs::path& path, std::int64_t number, std::int64_t count) {
  LAB_ASSIGN(Gguf gguf, open_one(path));
  LAB_ASSIGN(const std::int64_t no, split_number(gguf, "split.no", 0, kMostParts));
  LAB_ASSIGN(const std::int64_t of, split_number(gguf, "split.count", 1, kMostParts));
  LAB_TRY(expect("split.count", count, of, "the part belongs to a model of another number of parts"));
  LAB_TRY(expect("split.no", number - 1, no, "the part has another number than its name says"));
  return gguf;
}

Result<Gguf> open_parts(const fs::path& folder, const PartName& name) {
  LAB_TRY(find_parts(folder, name));
  Gguf whole;
  for (std::int64_t number = 1; number <= name.count; ++number) {
    const fs::path path = folder / name.of(number);
    Result<Gguf> part = open_part(path, number, name.count);
    Status status = part ? Status() : Status(part.error());
    if (status && number == 1)
      whole = part.take();
    else if (status)
      status = add_part(whole, part.take());
    if (status) continue;
    if (status.error().file.empty()) status.error().file = path.string();
    return status.error();
  }
  const auto tensors = static_cast<std::int64_t>(whole.tensors.all().size());
  LAB_ASSIGN(const std::int64_t announced, split_number(whole, "split.tensors.count", tensors, INT32_MAX));
  LAB_TRY(
      expect("split.tensors.count", announced, tensors, "the parts hold another number of tensors than they announce"));
  return whole;
}

Result<Gguf> open_all(const fs::path& path) {
  LAB_ASSIGN(Gguf gguf, open_one(path));
  LAB_ASSIGN(const std::int64_t count, split_number(gguf, "split.count", 1, kMostParts));
  if (count <= 1) return gguf;
  const auto name = part_name(path.filename().string());
  if (!name || name->count != count || name->number < 1 || name->number > count)
    return Error{.code = Code::mismatch,
                 .field = "split.count",
                 .expected = "a name that ends as " + PartName{.count = count}.of(1),
                 .found = path.filename().string(),
                 .message = "the name does not tell where the other parts are"};
  return open_parts(path.parent_path(), *name);
}

}  // namespace

Result<std::shared_ptr<const Gguf>> open_gguf(const std::string& path) {
  Result<Gguf> opened = open_all(path);
  if (opened) return std::make_shared<const Gguf>(opened.take());
  if (opened.error().file.empty()) opened.error().file = path;
  return opened.error();
}

}  // namespace lab
