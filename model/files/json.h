#pragma once
// JSON from strangers: bounded, without silent conversions. Every JSON text the lab reads passes through here.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// What a reader allows. Sizes are checked while parsing, before anything is kept.
struct JsonLimits {
  std::size_t bytes = 1 << 20;
  int depth = 16;
  std::size_t values = 4u << 20;         // nodes in all
  std::size_t string_bytes = 1 << 20;    // one string
  bool bare_non_finite = false;          // accepts Infinity, -Infinity and NaN as numbers (config files)
};

/// An immutable value; copies share what it holds. Numbers keep their text, so that no width is lost before a reader asks for a type.
class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  using Member = std::pair<std::string, Json>;

  Kind kind() const { return kind_; }
  const char* kind_name() const;
  bool is_null() const { return kind_ == Kind::null; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_string() const { return kind_ == Kind::string; }

  std::optional<bool> boolean() const;
  /// An integer written without fraction or exponent that fits; nothing else converts.
  std::optional<std::int64_t> integer() const;
  /// Any number, also bare or tagged ({"__float__": "Infinity"}) non-finite ones.
  std::optional<double> number() const;
  /// The string's bytes (valid UTF-8), or for a number its text; empty for other kinds.
  const std::string& text() const { return text_; }
  const std::vector<Json>& items() const;
  const std::vector<Member>& members() const;
  /// The member of an object, or nullptr (also when this is no object). Linear: meant for small objects.
  const Json* find(std::string_view name) const;
  /// Short text of the value for error messages ("found").
  std::string brief() const;

 private:
  friend class JsonBuilder;
  struct Children;  // of an array or object; kept apart, so that the many values without any are small
  const Children& children() const;

  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::string text_;
  std::shared_ptr<const Children> children_;
};

/// Parses a whole text. Refuses duplicate keys, broken UTF-8, trailing bytes and whatever exceeds the limits;
/// errors carry the byte offset. `file` only names the source in errors.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits, const std::string& file);

/// Reads a regular file of at most limits.bytes and parses it.
Result<Json> read_json(const std::string& path, const JsonLimits& limits);

}  // namespace lab
