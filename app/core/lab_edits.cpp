// Edits of the state, and where they take elements from.
#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/state_edit.h"
#include "app/core/state_patch.h"
#include "app/core/trials.h"
#include "model/state_file.h"

namespace lab {

/// A state from a file, which has to be one of this model. What was noticed about the file is told.
Result<State> Lab::Parts::saved_state(const std::string& file) {
  if (facts->hash.empty()) know_hash(content_hash(opened->checkpoint, options.stop));
  LAB_ASSIGN(LoadedState<float> loaded, load_state<float>(file, opened->model->schema(), facts->hash));
  for (const std::string& warning : loaded.warnings) note(false, warning);
  return std::move(loaded.state);
}

/// Whether an edit can be made at the end of the active run.
Status Lab::Parts::need_edit(const StateEdit& edit) const {
  const bool is_other = takes_elements(edit) && edit.from_run >= 0;
  if (is_other)
    if (Status status = need_branch(edit.from_run); !status) {
      status.error().field = "edit.from_run";
      return status;
    }
  return check(edit, run->state(), is_other ? tree.run_of(edit.from_run).count() : count());
}

/// For each part of an edit the state that it takes elements from, where that is none of the active run's own; see Edit. Parts that take
/// from one state, as those of a box do, share it.
Result<std::vector<std::shared_ptr<const State>>> Lab::Parts::sources_of(const Command& command) {
  std::vector<std::shared_ptr<const State>> sources;
  std::map<std::tuple<std::int64_t, std::int64_t, std::string>, std::shared_ptr<const State>> known;
  for (const StateEdit& edit : edits_of(command)) {
    sources.emplace_back();
    if (!takes_from_elsewhere(edit)) continue;
    auto& source = known[{edit.from_run, edit.from_file.empty() ? edit.position : 0, edit.from_file}];
    if (!source) {
      Result<State> state = edit.from_run >= 0 ? tree.run_of(edit.from_run).state_at(edit.position) : saved_state(edit.from_file);
      if (!state) return state.error();
      source = std::make_shared<const State>(state.take());
    }
    sources.back() = source;
  }
  return sources;
}

Status Lab::Parts::edit(const Command& command, std::int64_t layer) {
  LAB_TRY(need_run());
  LAB_TRY(need_layer(layer, true));
  begin_change();
  EditChange change{.edit = {{count(), label_of(command), layer}, command}};
  EditEvent& event = change.edit.event;
  event.brief = brief_of(command);
  event.is_reset = layer < 0 && std::holds_alternative<command::ZeroState>(command);
  if (const auto* trials = std::get_if<command::SetTrials>(&command)) event.trials = *trials;
  if (std::holds_alternative<command::ZeroState>(command)) event.kept = 0;
  if (const auto* scale = std::get_if<command::ScaleState>(&command)) event.kept = static_cast<double>(static_cast<float>(scale->factor));
  if (const auto* restore = std::get_if<command::RestoreState>(&command)) event.restored = restore->position;
  const auto keep = [&event](const EditKeeps& keeps) { event.kept = keeps.kept, event.restored = keeps.restored; };
  if (const auto* one = std::get_if<command::EditState>(&command)) keep(keeps_of(one->edit));
  if (const auto* patch = std::get_if<command::ApplyPatch>(&command)) keep(keeps_of(patch->edits));
  LAB_ASSIGN(change.edit.sources, sources_of(command));
  LAB_ASSIGN(change.other, run->edit(change.edit));
  event = run->edits()->back();
  end_change({{label_of(command), count()}, std::move(change)});
  return {};
}

Status Lab::Parts::carry_out(const command::ZeroState& c) { return edit(c, c.layer); }

Status Lab::Parts::carry_out(const command::ScaleState& c) {
  if (!std::isfinite(static_cast<float>(c.factor)))
    return Error{.code = Code::out_of_range,
                 .field = "factor",
                 .expected = "a finite number",
                 .found = fmt::format("{}", c.factor),
                 .message = "the state would be lost"};
  return edit(c, c.layer);
}

Status Lab::Parts::carry_out(const command::RestoreState& c) {
  LAB_TRY(need_run());
  if (c.position < 0 || c.position > count())
    return Error{.code = Code::out_of_range, .field = "position", .expected = fmt::format("0 to {}", count()), .found = std::to_string(c.position), .message = "the run was never there"};
  return edit(c, c.layer);
}

Status Lab::Parts::carry_out(const command::EditState& c) {
  LAB_TRY(need_run());
  LAB_TRY(need_edit(c.edit));
  return edit(c, c.edit.layer);
}

Status Lab::Parts::carry_out(const command::ApplyPatch& c) {
  LAB_TRY(need_run());
  if (c.edits.empty()) return Error{.code = Code::missing, .field = "edits", .expected = "at least one", .found = "none", .message = "the patch changes nothing"};
  for (std::size_t i = 0; i < c.edits.size(); ++i)
    if (Status status = need_edit(c.edits[i]); !status) {
      status.error().field = fmt::format("edits[{}].{}", i, status.error().field.substr(std::string_view("edit.").size()));
      return status;
    }
  for (std::size_t i = 1; i < c.edits.size(); ++i) {
    if (!forgets(c.edits[i])) continue;
    const auto clashes = [&](const StateEdit& before) {
      const bool is_same_layer = before.layer < 0 || c.edits[i].layer < 0 || before.layer == c.edits[i].layer;
      return !forgets(before) || (before.position == c.edits[i].position && is_same_layer);
    };
    if (std::none_of(c.edits.begin(), c.edits.begin() + static_cast<std::ptrdiff_t>(i), clashes)) continue;
    return Error{.code = Code::bad_argument,
                 .field = fmt::format("edits[{}].operation", i),
                 .expected = "forget before the other operations, each token once",
                 .found = printable(words_of(c.edits[i])),
                 .message = "what a token has left is known of the recorded state, not of one that the patch has changed",
                 .next = "put it first, or apply it as an edit of its own"};
  }
  return edit(c, -1);
}

Status Lab::Parts::carry_out(const command::SetTrials& c) {
  LAB_TRY(need_run());
  LAB_TRY(check(c, *opened->model));
  return c == trials_at(*run->edits(), count()) ? Status() : edit(c, -1);
}

}  // namespace lab
