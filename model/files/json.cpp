#include "model/files/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "model/files/file.h"

namespace lab {

struct Json::Children {
  std::vector<Json> items;
  std::vector<Member> members;
};

// Receives nlohmann's events and builds the tree, refusing whatever goes beyond the limits.
class JsonBuilder {
 public:
  JsonBuilder(const JsonLimits& limits, const std::string& file) : limits_(limits) { error_.file = file; }

  bool null() { return put({}); }
  bool boolean(bool value) {
    Json json;
    json.kind_ = Json::Kind::boolean;
    json.boolean_ = value;
    return put(std::move(json));
  }
  bool number_integer(std::int64_t value) { return number(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return number(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return number(text); }
  bool string(std::string& value) {
    if (value.size() > limits_.string_bytes)
      return refuse(Code::too_large, "a string is too long", std::to_string(limits_.string_bytes) + " bytes", std::to_string(value.size()));
    Json json;
    json.kind_ = Json::Kind::string;
    json.text_ = std::move(value);
    return put(std::move(json));
  }
  bool binary(nlohmann::json::binary_t&) { return refuse(Code::malformed, "binary values are not JSON", "", ""); }
  bool start_object(std::size_t) { return open(Json::Kind::object); }
  bool start_array(std::size_t) { return open(Json::Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (name.size() > limits_.string_bytes)
      return refuse(Code::too_large, "a key is too long", std::to_string(limits_.string_bytes) + " bytes", std::to_string(name.size()));
    stack_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& why) {
    error_.offset = static_cast<std::int64_t>(position > 0 ? position - 1 : 0);
    constexpr int number_overflows = 406;
    if (why.id == number_overflows) {
      error_.field = stack_.empty() ? "" : stack_.back().key;
      return refuse(Code::out_of_range, "the number is too large", "at most 1.8e308", token);
    }
    return refuse(Code::malformed, "this is not valid JSON", "", token);
  }

  Json take() { return std::move(root_); }
  const Error& error() const { return error_; }

 private:
  struct Open {
    Json json;
    Json::Children children;
    std::string key;
  };

  bool refuse(Code code, const char* message, std::string expected, std::string found) {
    error_.code = code;
    error_.message = message;
    error_.expected = std::move(expected);
    error_.found = std::move(found);
    return false;
  }
  bool number(std::string text) {
    Json json;
    json.kind_ = Json::Kind::number;
    json.text_ = std::move(text);
    return put(std::move(json));
  }
  bool open(Json::Kind kind) {
    if (static_cast<int>(stack_.size()) >= limits_.depth)
      return refuse(Code::too_large, "values are nested too deeply", std::to_string(limits_.depth) + " levels", "more");
    Open next;
    next.json.kind_ = kind;
    stack_.push_back(std::move(next));
    return true;
  }
  bool close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    if (const std::string* twice = name_that_occurs_twice(done.children.members)) {
      error_.field = *twice;
      return refuse(Code::duplicate, "the same key appears twice", "each key once", *twice);
    }
    if (!done.children.items.empty() || !done.children.members.empty())
      done.json.children_ = std::make_shared<const Json::Children>(std::move(done.children));
    return put(std::move(done.json));
  }
  // Sorts places instead of keeping a second copy of every name.
  static const std::string* name_that_occurs_twice(const std::vector<Json::Member>& members) {
    std::vector<std::uint32_t> places(members.size());
    std::iota(places.begin(), places.end(), 0u);
    const auto name = [&](std::uint32_t place) -> const std::string& { return members[place].first; };
    std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) { return name(a) < name(b); });
    const auto same = [&](std::uint32_t a, std::uint32_t b) { return name(a) == name(b); };
    const auto twice = std::adjacent_find(places.begin(), places.end(), same);
    return twice == places.end() ? nullptr : &name(*twice);
  }
  bool put(Json json) {
    if (++values_ > limits_.values)
      return refuse(Code::too_large, "there are too many values", std::to_string(limits_.values), "more");
    if (stack_.empty()) {
      root_ = std::move(json);
      return true;
    }
    Open& parent = stack_.back();
    if (parent.json.kind_ == Json::Kind::array) parent.children.items.push_back(std::move(json));
    else parent.children.members.emplace_back(std::move(parent.key), std::move(json));
    return true;
  }

  JsonLimits limits_;
  Error error_;
  std::size_t values_ = 0;
  std::vector<Open> stack_;
  Json root_;
};

namespace {

constexpr std::string_view kNonFinite[] = {"-Infinity", "Infinity", "NaN"};

bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Replaces bare Infinity, -Infinity and NaN outside strings by quoted words of the tagged form's inner text. Offsets of later
// errors move by the inserted quotes, which is said nowhere else because only config files (small) take this path.
std::string quote_non_finite(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    if (in_string) {
      const bool escaped = text[i] == '\\' && i + 1 < text.size();
      if (text[i] == '"') in_string = false;
      out.append(text.substr(i, escaped ? 2 : 1));
      i += escaped ? 2 : 1;
      continue;
    }
    bool replaced = false;
    for (std::string_view word : kNonFinite) {
      const bool starts = i == 0 || !is_word(text[i - 1]);
      const bool ends = i + word.size() >= text.size() || !is_word(text[i + word.size()]);
      if (text.substr(i, word.size()) == word && starts && ends) {
        out.append("{\"__float__\":\"").append(word).append("\"}");
        i += word.size();
        replaced = true;
        break;
      }
    }
    if (replaced) continue;
    if (text[i] == '"') in_string = true;
    out.push_back(text[i++]);
  }
  return out;
}

std::optional<double> non_finite(const std::string& word) {
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

}  // namespace

const Json::Children& Json::children() const {
  static const Children none;
  return children_ ? *children_ : none;
}
const std::vector<Json>& Json::items() const { return children().items; }
const std::vector<Json::Member>& Json::members() const { return children().members; }

const char* Json::kind_name() const {
  static constexpr const char* names[] = {"null", "a boolean", "a number", "a string", "an array", "an object"};
  return names[static_cast<int>(kind_)];
}

std::optional<bool> Json::boolean() const {
  if (kind_ != Kind::boolean) return std::nullopt;
  return boolean_;
}

std::optional<std::int64_t> Json::integer() const {
  if (kind_ != Kind::number) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error != std::errc() || end != text_.data() + text_.size()) return std::nullopt;
  return value;
}

std::optional<double> Json::number() const {
  if (kind_ == Kind::object && members().size() == 1 && members()[0].first == "__float__") return non_finite(members()[0].second.text_);
  if (kind_ != Kind::number) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error != std::errc() || end != text_.data() + text_.size()) return std::nullopt;
  return value;
}

const Json* Json::find(std::string_view name) const {
  for (const Member& member : members())
    if (member.first == name) return &member.second;
  return nullptr;
}

std::string Json::brief() const {
  switch (kind_) {
    case Kind::boolean: return boolean_ ? "true" : "false";
    case Kind::number: return text_;
    case Kind::string: return "\"" + text_ + "\"";
    case Kind::array: return "an array of " + std::to_string(items().size());
    case Kind::object: return members().size() == 1 && members()[0].first == "__float__" ? members()[0].second.text_ : "an object";
    case Kind::null: break;
  }
  return "null";
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits, const std::string& file) {
  if (text.size() > limits.bytes)
    return Error{.code = Code::too_large, .file = file, .expected = "at most " + std::to_string(limits.bytes) + " bytes",
                 .found = std::to_string(text.size()), .message = "the text is too large"};
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    return Error{.code = Code::malformed, .file = file, .offset = 0, .expected = "JSON without a byte order mark",
                 .message = "the text begins with a byte order mark"};
  if (const std::size_t zero = text.find('\0'); zero != text.npos)  // the parser would take it for the end
    return Error{.code = Code::malformed, .file = file, .offset = static_cast<std::int64_t>(zero), .found = "a zero byte",
                 .message = "this is not valid JSON"};
  std::string quoted;
  if (limits.bare_non_finite) text = quoted = quote_non_finite(text);
  JsonBuilder builder(limits, file);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.error();
  return builder.take();
}

Result<Json> read_json(const std::string& path, const JsonLimits& limits) {
  LAB_ASSIGN(const std::string text, read_file(path, limits.bytes));
  return parse_json(text, limits, path);
}

}  // namespace lab
