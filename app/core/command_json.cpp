#include "app/core/command_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lab {
namespace {

constexpr JsonLimits kCommandLimits{.bytes = 64 << 20, .depth = 8, .values = 16 << 20, .string_bytes = 64 << 20};
constexpr const char* kNameField = "command";

nlohmann::ordered_json value_of(const auto& value) { return value; }
nlohmann::ordered_json value_of(const Sampling& sampling);
nlohmann::ordered_json value_of(const Rule& rule);
nlohmann::ordered_json value_of(const command::FigureLook& look);
nlohmann::ordered_json value_of(const StateEdit& edit);
nlohmann::ordered_json value_of(const std::vector<StateEdit>& edits);
nlohmann::ordered_json value_of(const Intervention& intervention);
nlohmann::ordered_json value_of(const std::vector<Intervention>& interventions);

nlohmann::ordered_json brief_of(const StateEdit& edit);

template <class Struct>
nlohmann::ordered_json object_of(const Struct& object) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  const auto add = [&]<class Field>(const Field& f) {
    if constexpr (Field::kMayBeAbsent)
      if (object.*f.member == Struct().*f.member) return;
    json[f.name] = value_of(object.*f.member);
  };
  std::apply([&](const auto&... f) { (add(f), ...); }, fields_of<Struct>());
  return json;
}

nlohmann::ordered_json value_of(const Sampling& sampling) { return object_of(sampling); }
nlohmann::ordered_json value_of(const Rule& rule) { return object_of(rule); }
nlohmann::ordered_json value_of(const command::FigureLook& look) { return object_of(look); }
nlohmann::ordered_json value_of(const StateEdit& edit) { return object_of(edit); }
nlohmann::ordered_json value_of(const std::vector<StateEdit>& edits) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StateEdit& edit : edits) list.push_back(brief_of(edit));
  return list;
}

/// The operation, and what differs from the defaults.
template <class Struct>
nlohmann::ordered_json brief_object_of(const Struct& object) {
  const nlohmann::ordered_json all = object_of(object), defaults = object_of(Struct());
  nlohmann::ordered_json brief{{"operation", object.operation}};
  for (const auto& [name, value] : all.items())
    if (const auto usual = defaults.find(name); usual == defaults.end() || *usual != value) brief[name] = value;  // what may be absent is not among them
  return brief;
}
nlohmann::ordered_json brief_of(const StateEdit& edit) { return brief_object_of(edit); }
nlohmann::ordered_json value_of(const Intervention& intervention) { return brief_object_of(intervention); }
nlohmann::ordered_json value_of(const std::vector<Intervention>& interventions) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Intervention& each : interventions) list.push_back(value_of(each));
  return list;
}

std::string within(const std::string& where, const std::string& name) {
  return where.empty() ? name : where + "." + name;
}

Error mistyped(const std::string& where, const char* expected, const Json& found) {
  return {.code = Code::mismatch,
          .field = where,
          .expected = expected,
          .found = found.brief(),
          .message = "the field has another type"};
}

/// Whether every field must be there, or absent ones keep what the struct holds.
enum class Reading : std::uint8_t { whole, partly };

template <class Struct>
Status read_object(const Json& json, const std::string& where, std::span<const std::string_view> beside, Struct& into,
                   Reading reading = Reading::whole);

template <class Item>
Status read_list(const Json& json, const std::string& where, const char* expected, std::vector<Item>& into);

Status read_value(const Json& json, const std::string& where, bool& into) {
  const auto value = json.boolean();
  if (!value) return mistyped(where, "true or false", json);
  into = *value;
  return {};
}
Status read_value(const Json& json, const std::string& where, std::int64_t& into) {
  const auto value = json.integer();
  if (!value) return mistyped(where, "a whole number", json);
  into = *value;
  return {};
}
Status read_value(const Json& json, const std::string& where, double& into) {
  const auto value = json.number();
  if (!value || !std::isfinite(*value)) return mistyped(where, "a number", json);  // no other can be written again
  into = *value;
  return {};
}
Status read_value(const Json& json, const std::string& where, std::string& into) {
  if (!json.is_string()) return mistyped(where, "a string", json);
  into = json.text();
  return {};
}
Status read_value(const Json& json, const std::string& where, std::vector<std::int32_t>& into) {
  if (!json.is_array()) return mistyped(where, "a list of token ids", json);
  into.reserve(json.items().size());
  for (const Json& item : json.items()) {
    const auto value = item.integer();
    if (!value || *value < 0 || *value > std::numeric_limits<std::int32_t>::max())
      return mistyped(where + "[" + std::to_string(into.size()) + "]", "a token id", item);
    into.push_back(static_cast<std::int32_t>(*value));
  }
  return {};
}
Status read_value(const Json& json, const std::string& where, std::vector<std::int64_t>& into) { return read_list(json, where, "a list of whole numbers", into); }
Status read_value(const Json& json, const std::string& where, std::vector<std::string>& into) { return read_list(json, where, "a list of texts", into); }
Status read_value(const Json& json, const std::string& where, int& into) {
  std::int64_t value = 0;
  LAB_TRY(read_value(json, where, value));
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) return mistyped(where, "a smaller number", json);
  into = static_cast<int>(value);
  return {};
}
Status read_value(const Json& json, const std::string& where, std::vector<double>& into) { return read_list(json, where, "a list of numbers", into); }
Status read_value(const Json& json, const std::string& where, Sampling& into) {
  return read_object(json, where, {}, into);
}
// What a rule does not say is as its kind has it.
Status read_value(const Json& json, const std::string& where, Rule& into) {
  const Json* kind = json.is_object() ? json.find("kind") : nullptr;
  if (const RuleKind* known = kind && kind->is_string() ? find_rule_kind(kind->text()) : nullptr) into = default_rule(*known);
  return read_object(json, where, {}, into, Reading::partly);
}

Status read_value(const Json& json, const std::string& where, command::FigureLook& into) {
  return read_object(json, where, {}, into, Reading::partly);
}

Status read_value(const Json& json, const std::string& where, StateEdit& into) {
  return read_object(json, where, {}, into, Reading::partly);
}

Status read_value(const Json& json, const std::string& where, Intervention& into) {
  return read_object(json, where, {}, into, Reading::partly);
}

template <class Item>
Status read_list(const Json& json, const std::string& where, const char* expected, std::vector<Item>& into) {
  if (!json.is_array()) return mistyped(where, expected, json);
  into.clear();
  for (const Json& item : json.items()) {
    const std::string place = where + "[" + std::to_string(into.size()) + "]";
    LAB_TRY(read_value(item, place, into.emplace_back()));
  }
  return {};
}
Status read_value(const Json& json, const std::string& where, std::vector<StateEdit>& into) { return read_list(json, where, "a list of edits", into); }

Status read_value(const Json& json, const std::string& where, std::vector<Intervention>& into) {
  return read_list(json, where, "a list of interventions", into);
}

template <class Value>
Status read_field(const Json& json, const std::string& where, const char* name, Value& into) {
  if (const Json* found = json.find(name)) return read_value(*found, within(where, name), into);
  return Error{
      .code = Code::missing, .field = within(where, name), .expected = "this field", .message = "a field is missing"};
}

template <class Struct>
Status read_object(const Json& json, const std::string& where, std::span<const std::string_view> beside, Struct& into, Reading reading) {
  if (!json.is_object()) return mistyped(where, "an object", json);
  const std::vector<std::string> known =
      std::apply([](const auto&... f) { return std::vector<std::string>{f.name...}; }, fields_of<Struct>());
  for (const auto& [name, value] : json.members()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (std::find(beside.begin(), beside.end(), name) != beside.end()) continue;
    std::string list;
    for (const std::string& field : known) list += (list.empty() ? "" : ", ") + field;
    return Error{.code = Code::bad_argument,
                 .field = within(where, printable(name)),
                 .expected = known.empty() ? "no fields" : list,
                 .found = printable(name),
                 .message = "there is no such field"};
  }
  Status status;
  const auto read = [&]<class Field>(const Field& f) {
    if ((reading == Reading::partly || Field::kMayBeAbsent) && !json.find(f.name)) return true;
    return static_cast<bool>(status = read_field(json, where, f.name, into.*f.member));
  };
  std::apply([&](const auto&... f) { (void)(read(f) && ...); }, fields_of<Struct>());
  return status;
}

// Reads the alternative whose name is `name`, if there is one from `index` on.
template <std::size_t index = 0>
Result<Command> read_alternative(const std::string& name, const Json& json, const std::string& where,
                                 std::span<const std::string_view> beside) {
  if constexpr (index < std::variant_size_v<Command>) {
    using Struct = std::variant_alternative_t<index, Command>;
    if (name != Struct::kName) return read_alternative<index + 1>(name, json, where, beside);
    Struct command;
    LAB_TRY(read_object(json, where, beside, command));
    return Command(std::move(command));
  } else {
    return Error{.code = Code::unsupported,
                 .field = within(where, kNameField),
                 .expected = "the name of a command",
                 .found = printable(name),
                 .message = "there is no such command"};
  }
}

// The parser has bounded the depth.
void write_verbatim(const Json& json, std::string& out) {
  const char* separator = "";
  switch (json.kind()) {
    case Json::Kind::null: out += "null"; break;
    case Json::Kind::boolean: out += *json.boolean() ? "true" : "false"; break;
    case Json::Kind::number: out += json.text(); break;
    case Json::Kind::string: out += quoted_json(json.text()); break;
    case Json::Kind::array:
      out += '[';
      for (const Json& item : json.items()) {
        out += std::exchange(separator, ", ");
        write_verbatim(item, out);
      }
      out += ']';
      break;
    case Json::Kind::object:
      out += '{';
      for (const auto& [name, value] : json.members()) {
        out += std::exchange(separator, ", ") + quoted_json(name) + ": ";
        write_verbatim(value, out);
      }
      out += '}';
      break;
  }
}

}  // namespace

std::string quoted_json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string verbatim_json(const Json& json) {
  std::string out;
  write_verbatim(json, out);
  return out;
}

Error wrong_field(Code code, const std::string& field, const char* expected, const Json* found, const char* message) {
  return {.code = code, .field = field, .expected = expected, .found = found ? found->brief() : "", .message = message};
}

Status read_text_field(const Json& json, const char* name, bool required, std::string& into) {
  const Json* found = json.find(name);
  if (!found) return required ? Status(wrong_field(Code::missing, name, "a string", nullptr, "a field is missing")) : Status();
  if (!found->is_string()) return wrong_field(Code::mismatch, name, "a string", found, "the field has another type");
  into = found->text();
  return {};
}

Result<StateEdit> state_edit_from(const Json& json, const std::string& where) {
  StateEdit edit;
  LAB_TRY(read_value(json, where, edit));
  return edit;
}

Result<std::vector<Intervention>> interventions_from(const Json& json, const std::string& where) {
  std::vector<Intervention> interventions;
  if (const Json* list = json.find("interventions")) LAB_TRY(read_value(*list, "interventions", interventions));
  else if (json.is_object()) LAB_TRY(read_value(json, where, interventions.emplace_back()));
  else LAB_TRY(read_value(json, where, interventions));
  return interventions;
}

std::string brief_json(const Intervention& intervention) {
  return value_of(intervention).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string brief_json(const StateEdit& edit) { return brief_of(edit).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace); }

nlohmann::ordered_json json_value_of(const Command& command) {
  nlohmann::ordered_json json{{kNameField, name_of(command)}};
  std::visit([&](const auto& c) { json.update(object_of(c)); }, command);
  return json;
}

Result<Command> command_from(const Json& json, const std::string& where, std::span<const std::string_view> beside) {
  if (!json.is_object()) return mistyped(where, "a command, as {\"command\": \"step\", \"count\": 3}", json);
  std::string name;
  LAB_TRY(read_field(json, where, kNameField, name));
  std::vector<std::string_view> others(beside.begin(), beside.end());
  others.push_back(kNameField);
  return read_alternative(name, json, where, others);
}

std::string json_of(const Command& command) {
  return json_value_of(command).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<Command> parse_command(const std::string& json, const std::string& where) {
  LAB_ASSIGN(const Json value, parse_json(json, kCommandLimits, where));
  return command_from(value, where);
}

}  // namespace lab
