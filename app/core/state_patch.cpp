#include "app/core/state_patch.h"

#include "app/core/command_json.h"
#include "app/core/named_files.h"

namespace lab {
namespace {

constexpr ReviewedFormat kPatch{"statelab-patch/1", "edits"};

Result<StatePatch> patch_from(const Json& json) {
  StatePatch patch;
  LAB_TRY(read_reviewed(json, kPatch, patch));
  for (const Json& item : json.find(kPatch.list)->items()) {
    LAB_ASSIGN(StateEdit edit, state_edit_from(item, "edits[" + std::to_string(patch.edits.size()) + "]"));
    patch.edits.push_back(std::move(edit));
  }
  return patch;
}

template <class Rename>
void rename_files(StatePatch& patch, const Rename& rename) {
  for (StateEdit& edit : patch.edits)
    if (std::string* file = file_of(edit)) *file = rename(*file);
}

}  // namespace

bool is_patch(const std::string& path) { return path.ends_with(".patch.json"); }

Result<StatePatch> parse_patch(const std::string& json, const std::string& file) {
  LAB_ASSIGN(const Json value, parse_json(json, kReviewedLimits, file));
  return made_of(file, patch_from(value));
}

Result<StatePatch> read_patch(const std::string& path) {
  LAB_ASSIGN(const Json value, read_json(path, kReviewedLimits));
  auto patch = made_of(path, patch_from(value));
  if (patch) rename_files(*patch, [&path](const std::string& file) { return whole_name(file, path); });
  return patch;
}

StatePatch as_written(StatePatch patch, const std::string& path) {
  rename_files(patch, [&path](const std::string& file) { return name_within(file, path); });
  return patch;
}

std::string json_of(const StatePatch& patch) {
  std::vector<std::string> items;
  for (const StateEdit& edit : patch.edits) items.push_back(brief_json(edit));
  return reviewed_json(patch, kPatch, items);
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
