#include "app/core/state_patch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/core/command_json.h"

namespace lab {
namespace {

constexpr const char* kFormat = "statelab-patch/1";
constexpr JsonLimits kPatchLimits{.bytes = 16 << 20, .depth = 32, .values = 1 << 20, .string_bytes = 1 << 20};
constexpr std::array<std::string_view, 4> kKnown{"format", "title", "note", "edits"};

Result<StatePatch> patch_from(const Json& json) {
  if (!json.is_object())
    return wrong_field(Code::mismatch, "", "a patch, as {\"format\": \"statelab-patch/1\", \"edits\": [...]}", &json, "this is no patch");
  StatePatch patch;
  std::string format;
  LAB_TRY(read_text_field(json, "format", false, format));
  if (format != kFormat) return wrong_field(Code::unsupported, "format", kFormat, json.find("format"), "this program does not know the format");
  LAB_TRY(read_text_field(json, "title", false, patch.title));
  LAB_TRY(read_text_field(json, "note", false, patch.note));
  const Json* edits = json.find("edits");
  if (!edits) return wrong_field(Code::missing, "edits", "a list of edits", nullptr, "a field is missing");
  if (!edits->is_array()) return wrong_field(Code::mismatch, "edits", "a list of edits", edits, "the field has another type");
  for (const Json& item : edits->items()) {
    LAB_ASSIGN(StateEdit edit, state_edit_from(item, "edits[" + std::to_string(patch.edits.size()) + "]"));
    patch.edits.push_back(std::move(edit));
  }
  for (const auto& [name, value] : json.members()) {
    if (std::ranges::find(kKnown, name) != kKnown.end()) continue;
    patch.unknown_fields.push_back(name);
    patch.unknown_json += (patch.unknown_json.empty() ? "" : ",\n  ") + quoted_json(name) + ": " + verbatim_json(value);
  }
  return patch;
}

}  // namespace

bool is_patch(const std::string& path) { return path.ends_with(".patch.json"); }

Result<StatePatch> parse_patch(const std::string& json, const std::string& file) {
  LAB_ASSIGN(const Json value, parse_json(json, kPatchLimits, file));
  Result<StatePatch> patch = patch_from(value);
  if (!patch) patch.error().file = file;
  return patch;
}

Result<StatePatch> read_patch(const std::string& path) {
  LAB_ASSIGN(const Json value, read_json(path, kPatchLimits));
  Result<StatePatch> patch = patch_from(value);
  if (!patch) patch.error().file = path;
  return patch;
}

// One edit a line, with what differs from the defaults alone.
std::string json_of(const StatePatch& patch) {
  std::string out = std::string("{\n  \"format\": ") + quoted_json(kFormat);
  if (!patch.title.empty()) out += ",\n  \"title\": " + quoted_json(patch.title);
  if (!patch.note.empty()) out += ",\n  \"note\": " + quoted_json(patch.note);
  out += ",\n  \"edits\": [";
  const char* separator = "\n    ";
  for (const StateEdit& edit : patch.edits) out += std::exchange(separator, ",\n    ") + brief_json(edit);
  out += patch.edits.empty() ? "]" : "\n  ]";
  if (!patch.unknown_json.empty()) out += ",\n  " + patch.unknown_json;
  return out + "\n}\n";
}

std::vector<StateEdit> edits_of(const Command& command) {
  if (const auto* edit = std::get_if<command::EditState>(&command)) return {edit->edit};
  if (const auto* patch = std::get_if<command::ApplyPatch>(&command)) return patch->edits;
  if (const auto* zero = std::get_if<command::ZeroState>(&command)) return {{.operation = "zero", .layer = zero->layer, .tensor = "*"}};
  if (const auto* scale = std::get_if<command::ScaleState>(&command)) return {{.operation = "scale", .layer = scale->layer, .value = scale->factor}};
  if (const auto* restore = std::get_if<command::RestoreState>(&command))
    return {{.operation = "transplant", .layer = restore->layer, .tensor = "*", .position = restore->position}};
  return {};
}

}  // namespace lab
