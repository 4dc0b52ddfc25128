#include "app/core/command_record.h"

#include <algorithm>
#include <utility>

namespace lab {
namespace {

template <class... Kinds>
bool is_one_of(const Command& command) {
  return (std::holds_alternative<Kinds>(command) || ...);
}

}  // namespace

bool replaces(const Command& next, const Command& before) {
  if (next.index() != before.index()) return false;
  if (const auto* seek = std::get_if<command::Seek>(&next)) return seek->cursor == std::get<command::Seek>(before).cursor;
  if (const auto* select = std::get_if<command::Select>(&next)) return select->channel >= 0 && select->state >= 0;
  return is_one_of<command::ShowRange, command::ShowWeights, command::Play, command::Compare, command::RunControls>(next);
}

bool is_look(const Command& command) {
  return is_one_of<command::Seek, command::Select, command::ShowRange, command::ShowWeights, command::ExportFigure, command::Play,
                   command::Compare, command::RunControls, command::CompareWith, command::CloseCompared>(command);
}

bool changes_run(const Command& command) { return !is_look(command) && !is_one_of<command::SetSampling>(command); }

CommandRecord::CommandRecord(Pointer before, SessionCommand latest) : before_(std::move(before)), latest_(std::move(latest)) {
  count_ = (before_ ? before_->count_ : 0) + 1;
  changes_ = (before_ ? before_->changes_ : 0) + (changes_run(latest_.command) ? 1 : 0);
}

// One after the other: a long chain that lets go of itself would need as deep a stack.
CommandRecord::~CommandRecord() {
  Pointer next = std::move(before_);
  while (next && next.use_count() == 1) next = Pointer(std::move(next->before_));
}

CommandRecord::Pointer CommandRecord::with(Pointer before, SessionCommand next) {
  if (before && replaces(next.command, before->latest_.command)) before = before->before_;
  return std::make_shared<const CommandRecord>(std::move(before), std::move(next));
}

std::vector<SessionCommand> commands_of(const CommandRecord::Pointer& record) {
  std::vector<SessionCommand> commands;
  commands.reserve(record ? static_cast<std::size_t>(record->count()) : 0);
  for (const CommandRecord* each = record.get(); each; each = each->before().get()) commands.push_back(each->latest());
  std::ranges::reverse(commands);
  return commands;
}

}  // namespace lab
