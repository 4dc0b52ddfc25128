#include "model/files/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace lab {
namespace {

constexpr std::size_t kMostTensors = 200'000, kMostKeys = 100'000, kMostFields = 64, kMostExtents = 32;
constexpr std::size_t kLongestName = 1 << 20;
constexpr std::size_t kMostText = 16u << 20;  // bytes of all names, and of all metadata
constexpr std::size_t kMostWarnings = 10;

constexpr std::pair<const char*, DType> kTypes[] = {
    {"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16},   {"F64", DType::f64}, {"I64", DType::i64},
    {"I32", DType::i32}, {"I16", DType::i16}, {"I8", DType::i8},       {"U8", DType::u8},   {"U16", DType::u16},
    {"U32", DType::u32}, {"U64", DType::u64}, {"BOOL", DType::boolean}};

// Receives nlohmann's events. `place_` is the container it is in, `key_` the member of it that is being read.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) { error_.file = file; }

  bool null() { return (place() == Place::top && key_ == "__metadata__") || other("null"); }
  bool boolean(bool value) { return other(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return other(std::to_string(value)); }  // only negative ones come here
  bool number_float(double, const std::string& text) { return other(text); }
  bool binary(nlohmann::json::binary_t&) { return other("binary"); }
  bool number_unsigned(std::uint64_t value) {
    if (place() == Place::shape) {
      if (value > INT64_MAX)
        return refuse(Code::too_large, field(), "an extent is too large", "at most 2^63 - 1", std::to_string(value));
      if (entry_.tensor.shape.size() == kMostExtents)
        return refuse(Code::too_large, field(), "the shape is too long", std::to_string(kMostExtents) + " extents",
                      "more");
      entry_.tensor.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place() == Place::offsets) {
      if (offsets_ < 2) (offsets_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_;
      return true;
    }
    return other(std::to_string(value));
  }
  bool string(std::string& value) {
    if (place() == Place::metadata) {
      metadata_bytes_ += key_.size() + value.size();
      if (metadata_bytes_ > kMostText || header_.metadata.size() == kMostKeys)
        return refuse(Code::too_large, "__metadata__", "the metadata is too large", "16 MiB in 100000 keys", "more");
      header_.metadata.emplace_back(key_, value);
      return true;
    }
    if (place() != Place::tensor || key_ != "dtype") return other("\"" + value + "\"");
    for (const auto& [name, type] : kTypes)
      if (value == name) {
        entry_.tensor.dtype = type;
        return true;
      }
    return refuse(Code::unsupported, field(), "this number type is not supported",
                  "F32, F16, BF16, F64, an integer type or BOOL", value);
  }
  bool start_object(std::size_t) {
    if (places_.empty()) return enter(Place::top);
    if (place() == Place::top && key_ == "__metadata__") return enter(Place::metadata);
    if (place() == Place::top) {
      entry_ = {.tensor = {.name = key_, .file = file_}};
      offsets_ = 0;
      fields_.clear();
      return enter(Place::tensor);
    }
    return other("an object") && enter(Place::ignored);
  }
  bool start_array(std::size_t) {
    if (place() == Place::tensor && key_ == "shape") return enter(Place::shape);
    if (place() == Place::tensor && key_ == "data_offsets") return enter(Place::offsets);
    return other("an array") && enter(Place::ignored);
  }
  bool end_array() {
    const bool wrong_pair = place() == Place::offsets && offsets_ != 2;
    places_.pop_back();
    return !wrong_pair || refuse(Code::malformed, field(), "the range is not a pair", "[begin, end]",
                                 std::to_string(offsets_) + " numbers");
  }
  bool end_object() {
    const Place left = place();
    places_.pop_back();
    if (left != Place::tensor) return true;
    for (const char* needed : {"dtype", "shape", "data_offsets"})
      if (std::find(fields_.begin(), fields_.end(), needed) == fields_.end())
        return refuse(Code::missing, entry_.tensor.name + "." + needed, "the entry lacks a field", needed, "nothing");
    if (header_.entries.size() == kMostTensors)
      return refuse(Code::too_large, "header", "there are too many tensors", std::to_string(kMostTensors), "more");
    header_.entries.push_back(std::move(entry_));
    return true;
  }
  bool key(std::string& name) {
    if (name.size() > kLongestName)
      return refuse(Code::too_large, "header", "a name is too long", "1 MiB", std::to_string(name.size()));
    key_ = name;
    if (place() == Place::top) return top_key(name);
    if (place() == Place::metadata)
      return keys_.insert(name).second ||
             refuse(Code::duplicate, "__metadata__." + name, "the same key appears twice", "each key once", name);
    return place() != Place::tensor || tensor_key(name);
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception&) {
    error_.offset = static_cast<std::int64_t>(8 + (position > 0 ? position - 1 : 0));
    return refuse(Code::malformed, "header", "the header is not valid JSON", "", token);
  }

  SafetensorsHeader take() { return std::move(header_); }
  const Error& error() const { return error_; }

 private:
  enum class Place : std::uint8_t { start, top, tensor, metadata, shape, offsets, ignored };

  Place place() const { return places_.empty() ? Place::start : places_.back(); }
  bool enter(Place next) {
    if (places_.size() == 3)
      return refuse(Code::malformed, field(), "the header is nested too deeply", "3 levels", "more");
    places_.push_back(next);
    return true;
  }
  bool known_field() const { return key_ == "dtype" || key_ == "shape" || key_ == "data_offsets"; }

  bool top_key(const std::string& name) {
    name_bytes_ += name.size();
    if (name_bytes_ > kMostText)
      return refuse(Code::too_large, "header", "the names are too long", "16 MiB in all", "more");
    return names_.insert(name).second ||
           refuse(Code::duplicate, name, "the same name appears twice", "each name once", name);
  }
  bool tensor_key(const std::string& name) {
    if (std::find(fields_.begin(), fields_.end(), name) != fields_.end())
      return refuse(Code::duplicate, field(), "the same field appears twice", "each field once", name);
    if (fields_.size() == kMostFields)
      return refuse(Code::too_large, entry_.tensor.name, "the entry has too many fields", "64", "more");
    fields_.push_back(name);
    if (!known_field() && header_.warnings.size() < kMostWarnings)
      header_.warnings.push_back(printable(field()) + ": an unknown field, ignored");
    return true;
  }

  // A value that no rule above took: fine within an unknown field, wrong elsewhere.
  bool other(std::string found) {
    if (place() == Place::ignored || (place() == Place::tensor && !known_field())) return true;
    const char* expected = place() == Place::start      ? "an object of tensors"
                           : place() == Place::top      ? "an object"
                           : place() == Place::metadata ? "a string"
                           : key_ == "dtype"            ? "a string"
                                                        : "an array of whole numbers";
    return refuse(Code::malformed, field(), "the header holds something else here", expected, std::move(found));
  }
  // Where the reader is: "name", "name.shape" or "__metadata__.key".
  std::string field() const {
    if (place() == Place::start) return "header";
    if (place() == Place::top) return key_;
    return (place() == Place::metadata ? "__metadata__" : entry_.tensor.name) + "." + key_;
  }
  bool refuse(Code code, std::string field, const char* message, std::string expected, std::string found) {
    error_.code = code;
    error_.field = std::move(field);
    error_.message = message;
    error_.expected = std::move(expected);
    error_.found = std::move(found);
    return false;
  }

  std::string file_, key_;
  Error error_;
  SafetensorsHeader header_;
  std::vector<Place> places_;
  HeaderEntry entry_;
  std::vector<std::string> fields_;  // of the entry
  std::size_t offsets_ = 0, name_bytes_ = 0, metadata_bytes_ = 0;
  std::unordered_set<std::string> names_, keys_;
};

}  // namespace

Result<SafetensorsHeader> read_safetensors_header(std::string_view text, const std::string& file) {
  if (const std::size_t zero = text.find('\0'); zero != text.npos)  // the parser would take it for the end
    return Error{.code = Code::malformed,
                 .file = file,
                 .field = "header",
                 .offset = static_cast<std::int64_t>(8 + zero),
                 .found = "a zero byte",
                 .message = "the header is not valid JSON"};
  HeaderReader reader(file);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return reader.error();
  return reader.take();
}

}  // namespace lab
