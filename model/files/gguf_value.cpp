#include <cstring>
#include <limits>

#include "model/files/gguf.h"

namespace lab {
namespace {

template <class T>
T load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

}  // namespace

const char* name_of(GgufType type) {
  static constexpr const char* names[] = {"u8",      "i8",     "u16",   "i16", "u32", "i32", "f32",
                                          "boolean", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<std::size_t>(type)];
}

std::size_t width_of(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean: return 1;
    case GgufType::u16:
    case GgufType::i16: return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32: return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64: return 8;
    case GgufType::string:
    case GgufType::array: break;
  }
  return 0;
}

std::optional<std::int64_t> GgufValue::integer() const {
  if (is_array_) return std::nullopt;
  switch (type_) {
    case GgufType::u8: return load<std::uint8_t>(data_);
    case GgufType::i8: return load<std::int8_t>(data_);
    case GgufType::u16: return load<std::uint16_t>(data_);
    case GgufType::i16: return load<std::int16_t>(data_);
    case GgufType::u32: return load<std::uint32_t>(data_);
    case GgufType::i32: return load<std::int32_t>(data_);
    case GgufType::i64: return load<std::int64_t>(data_);
    case GgufType::u64:
      if (const auto value = load<std::uint64_t>(data_); value <= std::numeric_limits<std::int64_t>::max())
        return static_cast<std::int64_t>(value);
      break;
    default: break;
  }
  return std::nullopt;
}

std::optional<double> GgufValue::number() const {
  if (is_array_) return std::nullopt;
  if (type_ == GgufType::f32) return load<float>(data_);
  if (type_ == GgufType::f64) return load<double>(data_);
  if (type_ == GgufType::u64) return static_cast<double>(load<std::uint64_t>(data_));
  if (const auto value = integer()) return static_cast<double>(*value);
  return std::nullopt;
}

std::optional<bool> GgufValue::boolean() const {
  if (is_array_ || type_ != GgufType::boolean) return std::nullopt;
  const auto byte = load<std::uint8_t>(data_);
  if (byte > 1) return std::nullopt;
  return byte == 1;
}

std::optional<std::string_view> GgufValue::string() const {
  if (is_array_ || type_ != GgufType::string) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(data_) + 8, load<std::uint64_t>(data_));
}

std::vector<GgufValue> GgufValue::items() const {
  std::vector<GgufValue> items;
  if (!is_array_) return items;
  items.reserve(count_);
  const std::byte* at = data_;
  for (std::uint32_t i = 0; i < count_; ++i) {
    items.emplace_back(type_, at);
    at += type_ == GgufType::string ? 8 + load<std::uint64_t>(at) : width_of(type_);
  }
  return items;
}

std::string GgufValue::brief() const {
  if (is_array_) return "an array of " + std::to_string(count_) + " " + name_of(type_) + (count_ == 1 ? "" : "s");
  if (const auto text = string()) return "\"" + printable(std::string(text->substr(0, 120))) + "\"";
  if (const auto value = boolean()) return *value ? "true" : "false";
  if (const auto value = integer()) return std::to_string(*value);
  if (const auto value = number()) return std::to_string(*value);
  return "a byte " + std::to_string(load<std::uint8_t>(data_)) + " for a boolean";
}

const GgufValue* Gguf::find(std::string_view key) const {
  for (const GgufEntry& entry : metadata)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

}  // namespace lab
