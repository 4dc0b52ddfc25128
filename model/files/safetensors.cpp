#include "model/files/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "model/files/file.h"

namespace lab {
namespace {

constexpr std::uint64_t kLargestHeader = 100'000'000;  // the reference reader's limit
constexpr std::size_t kMostTensors = 200'000;
constexpr std::size_t kLongestText = 1 << 20;
constexpr std::size_t kMostMetadata = 16u << 20;  // bytes in all

constexpr std::pair<const char*, DType> kTypes[] = {
    {"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16}, {"F64", DType::f64}, {"I64", DType::i64},
    {"I32", DType::i32}, {"I16", DType::i16}, {"I8", DType::i8},     {"U8", DType::u8},   {"U16", DType::u16},
    {"U32", DType::u32}, {"U64", DType::u64}, {"BOOL", DType::boolean}};

// A header entry as read, before its range and size are judged.
struct Entry {
  TensorView tensor;
  std::uint64_t begin = 0, end = 0;
};

// Reads {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {...}} without keeping a tree.
class HeaderReader {
 public:
  HeaderReader(const std::string& file, TensorTable& table) : table_(table), file_(file) { error_.file = file; }

  bool null() { return depth_ == 1 && key_ == "__metadata__" ? true : unexpected("null"); }
  bool boolean(bool) { return unexpected("a boolean"); }
  bool number_integer(std::int64_t value) { return unexpected(std::to_string(value)); }  // only negative ones come here
  bool number_float(double, const std::string& text) { return unexpected(text); }
  bool binary(nlohmann::json::binary_t&) { return unexpected("binary"); }
  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::shape && value <= INT64_MAX && entry_.tensor.shape.size() < 32) {
      entry_.tensor.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ == Place::offsets && offsets_ < 2) {
      (offsets_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_;
      return true;
    }
    return place_ == Place::other ? true : unexpected(std::to_string(value));
  }
  bool string(std::string& value) {
    if (in_metadata_ && depth_ == 2) {
      metadata_bytes_ += key_.size() + value.size();
      if (metadata_bytes_ > kMostMetadata) return refuse(Code::too_large, "__metadata__", "the metadata is too large", "16 MiB", "more");
      table_.add_metadata(key_, value);
      return true;
    }
    if (depth_ != 2) return unexpected("a string");
    if (key_ != "dtype") return key_ == "shape" || key_ == "data_offsets" ? unexpected("a string") : true;
    for (const auto& [name, type] : kTypes)
      if (value == name) {
        entry_.tensor.dtype = type;
        return true;
      }
    return refuse(Code::unsupported, entry_.tensor.name, "this number type is not supported", "F32, F16, BF16, F64, an integer type or BOOL",
                  value);
  }
  bool start_object(std::size_t) {
    if (++depth_ > 3) return too_deep();
    if (depth_ == 1) return true;
    if (depth_ == 2) {
      in_metadata_ = key_ == "__metadata__";
      entry_ = {};
      entry_.tensor.name = key_;
      entry_.tensor.file = file_;
      offsets_ = 0;
      fields_.clear();
      return true;
    }
    return in_metadata_ ? unexpected("an object") : place_ == Place::other || unexpected("an object");
  }
  bool end_object() {
    --depth_;
    if (depth_ != 1 || in_metadata_) {
      in_metadata_ = in_metadata_ && depth_ > 1;
      return true;
    }
    for (const char* field : {"dtype", "shape", "data_offsets"})
      if (std::find(fields_.begin(), fields_.end(), field) == fields_.end())
        return refuse(Code::missing, entry_.tensor.name, "the entry lacks a field", field, "");
    if (offsets_ != 2) return refuse(Code::malformed, entry_.tensor.name, "data_offsets is not a pair", "two numbers", std::to_string(offsets_));
    if (entries.size() >= kMostTensors)
      return refuse(Code::too_large, "", "there are too many tensors", std::to_string(kMostTensors), "more");
    entries.push_back(std::move(entry_));
    return true;
  }
  bool start_array(std::size_t) {
    if (++depth_ > 3) return too_deep();
    const bool legal = depth_ == 3 && !in_metadata_ && place_ != Place::dtype;
    return legal || unexpected("an array");
  }
  bool end_array() {
    --depth_;
    return true;
  }
  bool key(std::string& name) {
    if (name.size() > kLongestText) return refuse(Code::too_large, "", "a name is too long", "1 MiB", std::to_string(name.size()));
    key_ = name;
    if (depth_ == 1) {
      if (!names_.insert(name).second) return refuse(Code::duplicate, name, "the same name appears twice", "each name once", name);
    } else if (depth_ == 2 && in_metadata_) {
      if (table_.metadata(name)) return refuse(Code::duplicate, "__metadata__." + name, "the same key appears twice", "each key once", name);
    } else if (depth_ == 2) {
      if (std::find(fields_.begin(), fields_.end(), name) != fields_.end())
        return refuse(Code::duplicate, entry_.tensor.name + "." + name, "the same field appears twice", "each field once", name);
      fields_.push_back(name);
      place_ = name == "dtype" ? Place::dtype : name == "shape" ? Place::shape : name == "data_offsets" ? Place::offsets : Place::other;
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception&) {
    error_.offset = static_cast<std::int64_t>(7 + position);
    return refuse(Code::malformed, "header", "the header is not valid JSON", "", token);
  }

  std::vector<Entry> entries;
  const Error& error() const { return error_; }

 private:
  enum class Place : std::uint8_t { dtype, shape, offsets, other };

  bool refuse(Code code, std::string field, const char* message, std::string expected, std::string found) {
    error_.code = code;
    error_.field = std::move(field);
    error_.message = message;
    error_.expected = std::move(expected);
    error_.found = std::move(found);
    return false;
  }
  bool too_deep() { return refuse(Code::malformed, "header", "the header is nested too deeply", "3 levels", "more"); }
  bool unexpected(std::string found) {
    const char* expected = depth_ == 0        ? "an object of tensors"
                           : in_metadata_     ? "a string"
                           : depth_ == 1      ? "an object"
                           : place_ == Place::dtype ? "a string"
                                              : "an array of whole numbers";
    const std::string field = depth_ < 2 || in_metadata_ ? key_ : entry_.tensor.name + "." + key_;
    if (depth_ >= 2 && !in_metadata_ && place_ == Place::other) return true;
    return refuse(Code::malformed, field, "the header holds something else here", expected, std::move(found));
  }

  TensorTable& table_;
  std::string file_, key_;
  Error error_;
  int depth_ = 0, offsets_ = 0;
  bool in_metadata_ = false;
  Place place_ = Place::other;
  Entry entry_;
  std::vector<std::string> fields_;
  std::unordered_set<std::string> names_;
  std::size_t metadata_bytes_ = 0;
};

// What a file that is no safetensors file looks like, for the message.
const char* looks_like(std::span<const std::byte> image) {
  const std::string_view start(reinterpret_cast<const char*>(image.data()), std::min<std::size_t>(image.size(), 64));
  const auto begins = [&](std::string_view magic) { return start.substr(0, magic.size()) == magic; };
  if (begins("GGUF")) return "a GGUF file";
  if (begins("PK\x03\x04")) return "a zip archive, as PyTorch writes it";
  if (begins("version https://git-lfs")) return "a Git LFS pointer: the real file was not downloaded";
  if (begins("<!DOCTYPE") || begins("<html") || begins("<!doctype")) return "a web page";
  if (begins("\x80\x02") || begins("\x80\x04")) return "a Python pickle";
  return nullptr;
}

// Checks one entry's size against its range; sizes are multiplied with care.
Status check_size(const Entry& entry) {
  std::uint64_t bytes = size_of(entry.tensor.dtype);
  for (std::int64_t extent : entry.tensor.shape)
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
      return Error{.code = Code::too_large, .field = entry.tensor.name, .found = shape_text(entry.tensor.shape),
                   .message = "the element count overflows"};
  if (entry.begin > entry.end || entry.end - entry.begin != bytes)
    return Error{.code = Code::mismatch, .field = entry.tensor.name,
                 .expected = std::to_string(bytes) + " bytes for " + name_of(entry.tensor.dtype) + " " + shape_text(entry.tensor.shape),
                 .found = "data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]",
                 .message = "the size of the data disagrees with type and shape"};
  return {};
}

// Sorted by place, the ranges must cover the data without hole or overlap.
Status check_ranges(std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t at = 0;
  const std::string* before = nullptr;
  for (const Entry& entry : entries) {
    if (entry.end > data_bytes)
      return Error{.code = Code::truncated, .field = entry.tensor.name, .expected = std::to_string(entry.end) + " bytes of data",
                   .found = std::to_string(data_bytes), .message = "the file ends before the tensor does"};
    LAB_TRY(check_size(entry));
    if (entry.begin != at)
      return Error{.code = Code::overlap, .field = entry.tensor.name, .expected = "a tensor that begins at " + std::to_string(at),
                   .found = std::to_string(entry.begin),
                   .message = std::string(entry.begin < at ? "tensors overlap" : "there is a hole between tensors") +
                              (before ? ", after " + printable(*before) : std::string(" at the start of the data"))};
    at = entry.end;
    before = &entry.tensor.name;
  }
  if (at != data_bytes)
    return Error{.code = Code::mismatch, .field = "data", .expected = std::to_string(at) + " bytes of data",
                 .found = std::to_string(data_bytes), .message = "bytes are left over after the last tensor"};
  return {};
}

std::string file_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

Result<TensorTable> parse_safetensors(std::span<const std::byte> image, std::size_t file_bytes, const std::byte* base,
                                      const std::string& file) {
  const auto refuse = [&](Code code, std::string expected, std::string found, const char* message) {
    return Error{.code = code, .file = file, .field = "header", .offset = 0, .expected = std::move(expected), .found = std::move(found),
                 .message = message};
  };
  if (const char* other = looks_like(image)) return refuse(Code::wrong_kind, "a safetensors file", other, "this is another kind of file");
  if (image.size() < 8) return refuse(Code::truncated, "at least 8 bytes", std::to_string(image.size()), "the file is shorter than the 8-byte length");
  std::uint64_t length = 0;
  std::memcpy(&length, image.data(), 8);
  if (length > kLargestHeader) return refuse(Code::too_large, "at most 100000000 bytes of header", std::to_string(length), "the header is too large");
  if (length > file_bytes - 8 || length > image.size() - 8)
    return refuse(Code::truncated, std::to_string(length) + " bytes of header", std::to_string(image.size() - 8), "the header exceeds the file");
  const auto* text = reinterpret_cast<const char*>(image.data()) + 8;
  if (length == 0 || text[0] != '{') return refuse(Code::malformed, "a header that begins with {", length ? std::string(text, 1) : "nothing", "the header is not an object");

  TensorTable table;
  HeaderReader reader(file, table);
  if (!nlohmann::json::sax_parse(text, text + length, &reader)) return reader.error();
  const std::uint64_t data_bytes = file_bytes - 8 - length;
  if (Status status = check_ranges(reader.entries, data_bytes); !status) {
    status.error().file = file;
    return status.error();
  }
  for (Entry& entry : reader.entries) {
    entry.tensor.data = base ? base + 8 + length + entry.begin : nullptr;
    entry.tensor.bytes = entry.end - entry.begin;
    table.add(std::move(entry.tensor));
  }
  return table;
}

Result<TensorTable> open_safetensors(const std::string& path) {
  LAB_ASSIGN(auto mapping, MappedFile::open(path));
  auto table = parse_safetensors(mapping->bytes(), mapping->bytes().size(), mapping->bytes().data(), file_name(path));
  if (!table) {
    table.error().file = path;
    return table;
  }
  table->keep_alive(mapping);
  return table;
}

Status write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                         const std::vector<std::pair<std::string, std::string>>& metadata) {
  nlohmann::ordered_json header;
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  std::size_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    std::size_t bytes = size_of(tensor.dtype);
    for (std::int64_t extent : tensor.shape) bytes *= static_cast<std::size_t>(extent);
    header[tensor.name] = {{"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = tensors.empty() && metadata.empty() ? "{}" : header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string content;
  content.reserve(8 + text.size() + offset);
  const std::uint64_t length = text.size();
  content.append(reinterpret_cast<const char*>(&length), 8).append(text);
  std::size_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const std::size_t end = header[tensor.name]["data_offsets"][1];
    content.append(static_cast<const char*>(tensor.data), end - at);
    at = end;
  }
  return write_file_atomically(path, content);
}

}  // namespace lab
