#include "app/cli/lanes_script.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/core/command_json.h"

namespace lab::cli {
namespace {

using Kind = LaneScriptEvent::Kind;

constexpr const char* kFormat = "statelab-lanes/1";
constexpr JsonLimits kScriptLimits{.bytes = 64 << 20, .depth = 8, .values = 16 << 20, .string_bytes = 64 << 20};
constexpr std::int64_t kMostLanes = 4096, kMostGenerated = 1 << 20;
constexpr std::array kKinds{Kind::feed, Kind::generate, Kind::reset, Kind::soft_reset};

Status check_members(const Json& json, const std::string& where, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : json.members())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return wrong_field(Code::unsupported, where + printable(name), fmt::format("{}", fmt::join(known, ", ")).c_str(), &value, "there is no such field");
  return {};
}

Result<std::int64_t> whole_number(const Json& json, const std::string& where, std::int64_t low, std::int64_t high) {
  const auto value = json.integer();
  if (value && *value >= low && *value <= high) return *value;
  return wrong_field(Code::out_of_range, where, fmt::format("a whole number from {} to {}", low, high).c_str(), &json, "the number cannot be used");
}

Result<std::vector<std::int32_t>> tokens_of(const Json& json, const std::string& where, const Tokenizer* tokenizer) {
  if (json.is_string()) {
    if (!tokenizer) return wrong_field(Code::missing, where, "token ids, since the model has no tokenizer", &json, "text needs a tokenizer");
    return tokenizer->encode(json.text());
  }
  if (!json.is_array()) return wrong_field(Code::mismatch, where, "a list of token ids or a text", &json, "the field has another type");
  std::vector<std::int32_t> tokens;
  for (const Json& item : json.items()) {
    LAB_ASSIGN(const std::int64_t id, whole_number(item, fmt::format("{}[{}]", where, tokens.size()), 0, std::numeric_limits<std::int32_t>::max()));
    tokens.push_back(static_cast<std::int32_t>(id));
  }
  return tokens;
}

Status read_feed(const Json& json, const std::string& where, int lanes, const Tokenizer* tokenizer, LaneScriptEvent& event) {
  if (!json.is_array() || static_cast<int>(json.items().size()) != lanes)
    return wrong_field(Code::mismatch, where, fmt::format("a list of {} inputs, one for each lane", lanes).c_str(), &json, "a lane that reads nothing is given []");
  for (const Json& item : json.items()) {
    LAB_ASSIGN(std::vector<std::int32_t> tokens, tokens_of(item, fmt::format("{}[{}]", where, event.tokens.size()), tokenizer));
    event.tokens.push_back(std::move(tokens));
  }
  return {};
}

Status read_chosen(const Json& json, const std::string& where, int lanes, LaneScriptEvent& event) {
  if (!json.is_array()) return wrong_field(Code::mismatch, where, "a list of lanes", &json, "the field has another type");
  event.chosen.assign(static_cast<std::size_t>(lanes), false);
  for (const Json& item : json.items()) {
    LAB_ASSIGN(const std::int64_t lane, whole_number(item, where, 0, lanes - 1));
    event.chosen[static_cast<std::size_t>(lane)] = true;
  }
  return {};
}

Result<LaneScriptEvent> event_from(const Json& json, const std::string& where, int lanes, const Tokenizer* tokenizer) {
  const auto kind = std::ranges::find_if(kKinds, [&](Kind each) { return json.is_object() && json.find(name_of(each)); });
  if (kind == kKinds.end()) return wrong_field(Code::mismatch, where, "an object with feed, generate, reset or soft_reset", &json, "this is no event");
  LaneScriptEvent event{.kind = *kind};
  const std::string name = name_of(*kind), place = where + "." + name;
  const Json& value = *json.find(name);
  if (*kind == Kind::soft_reset) LAB_TRY(check_members(json, where + ".", {name, "factor"}));
  else LAB_TRY(check_members(json, where + ".", {name}));
  if (*kind == Kind::feed) LAB_TRY(read_feed(value, place, lanes, tokenizer, event));
  else if (*kind != Kind::generate) LAB_TRY(read_chosen(value, place, lanes, event));
  if (*kind == Kind::generate) {
    LAB_ASSIGN(event.count, whole_number(value, place, 0, kMostGenerated));
  }
  if (*kind == Kind::soft_reset) {
    const Json* factor = json.find("factor");
    const auto share = factor ? factor->number() : std::nullopt;
    if (!share || !(*share >= 0 && *share <= 1))
      return wrong_field(factor ? Code::out_of_range : Code::missing, where + ".factor", "a number from 0 to 1", factor, "a soft reset keeps a share of the past");
    event.factor = static_cast<float>(*share);
  }
  return event;
}

Result<LaneScript> script_from(const Json& json, const Tokenizer* tokenizer) {
  if (!json.is_object()) return wrong_field(Code::mismatch, "", "an object with format, lanes and events", &json, "this is no script of lanes");
  std::string format;
  LAB_TRY(read_text_field(json, "format", true, format));
  if (format != kFormat) return wrong_field(Code::unsupported, "format", kFormat, json.find("format"), "this program does not know the format");
  LAB_TRY(check_members(json, "", {"format", "lanes", "events"}));
  const Json *lanes = json.find("lanes"), *events = json.find("events");
  if (!lanes) return wrong_field(Code::missing, "lanes", "how many lanes there are", nullptr, "a field is missing");
  if (!events || !events->is_array())
    return wrong_field(events ? Code::mismatch : Code::missing, "events", "a list of events", events, "there is nothing to do");
  LaneScript script;
  LAB_ASSIGN(const std::int64_t count, whole_number(*lanes, "lanes", 1, kMostLanes));
  script.lanes = static_cast<int>(count);
  for (const Json& item : events->items()) {
    LAB_ASSIGN(LaneScriptEvent event, event_from(item, fmt::format("events[{}]", script.events.size()), script.lanes, tokenizer));
    script.events.push_back(std::move(event));
  }
  return script;
}

}  // namespace

const char* name_of(LaneScriptEvent::Kind kind) {
  switch (kind) {
    case Kind::feed: return "feed";
    case Kind::generate: return "generate";
    case Kind::reset: return "reset";
    case Kind::soft_reset: return "soft_reset";
  }
  return "";
}

Result<LaneScript> read_lane_script(const std::string& path, const Tokenizer* tokenizer) {
  LAB_ASSIGN(const Json json, read_json(path, kScriptLimits));
  Result<LaneScript> script = script_from(json, tokenizer);
  if (!script && script.error().file.empty()) script.error().file = path;
  return script;
}

}  // namespace lab::cli
