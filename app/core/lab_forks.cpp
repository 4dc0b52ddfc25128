#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/sampler.h"

namespace lab {
namespace {

constexpr std::size_t kLongestName = 80;
constexpr std::int64_t kMostOffset = 16 << 20;  // as many tokens as may wait

Status check_name(const std::string& name) {
  if (name.size() <= kLongestName) return {};
  return Error{.code = Code::too_large,
               .field = "name",
               .expected = fmt::format("at most {} bytes", kLongestName),
               .found = fmt::format("{} bytes", name.size()),
               .message = "the name is too long"};
}

}  // namespace

Status Lab::Parts::need_branch(std::int64_t id) const {
  LAB_TRY(need_run());
  if (tree.find(id)) return {};
  std::string known;
  for (const Branch& branch : tree.branches()) known += (known.empty() ? "" : ", ") + std::to_string(branch.id);
  return Error{.code = Code::not_found, .field = "run", .expected = known, .found = std::to_string(id), .message = "there is no such run"};
}

/// Goes over to a run. What work has read is an entry of the history before.
void Lab::Parts::settle_on(std::int64_t id) {
  stop_work();
  tree.activate(id);
  controls.reset();
  tree.share_budget(options.trace.budget_bytes);
  use_rules(*rules);  // those that act watch the active run from here on
}

Status Lab::Parts::carry_out(const command::Fork& c) {
  LAB_TRY(need_run());
  LAB_TRY(check_name(c.name));
  const std::int64_t position = c.position < 0 ? count() : c.position, parent = tree.active();
  if (c.position < -1 || position > count())
    return Error{.code = Code::out_of_range,
                 .field = "position",
                 .expected = fmt::format("-1 to {}", count()),
                 .found = std::to_string(c.position),
                 .message = "the run was never there"};
  if (tree.branches().size() >= kMostRuns)
    return Error{.code = Code::too_large, .field = "run", .expected = fmt::format("at most {} runs", kMostRuns), .message = "there are too many runs"};
  LAB_ASSIGN(std::unique_ptr<lab::Run> forked, run->fork(++runs_so_far, position));
  LAB_TRY(hand_interventions(*forked));
  if (c.keep) forked->waiting.append(run->tail_from(position).tokens.span());
  stop_work();
  const std::int64_t id = tree.new_id();
  tree.insert({.id = id, .name = c.name.empty() ? fmt::format("fork {}", id) : c.name, .parent = parent, .forked_at = position}, std::move(forked),
              tree.branches().size());
  settle_on(id);
  history.push({{label_of(c), position}, BranchChange{.id = id, .active_without = parent}, parent});
  return {};
}

Status Lab::Parts::carry_out(const command::SwitchRun& c) {
  LAB_TRY(need_branch(c.run));
  if (c.run != tree.active()) settle_on(c.run);
  return {};
}

Status Lab::Parts::carry_out(const command::DeleteRun& c) {
  LAB_TRY(need_branch(c.run));
  if (tree.branches().size() == 1)
    return Error{.code = Code::unsupported, .field = "run", .expected = "one of several runs", .found = "the only one", .message = "the last run stays", .next = "reset it instead"};
  stop_work();
  BranchChange change{.id = c.run, .held = tree.remove(c.run)};
  change.active_without = tree.active();
  settle_on(tree.active());
  history.push({{label_of(c), count()}, std::move(change), tree.active()});
  return {};
}

Status Lab::Parts::carry_out(const command::RenameRun& c) {
  LAB_TRY(need_branch(c.run));
  LAB_TRY(check_name(c.name));
  if (c.name.empty()) return Error{.code = Code::bad_argument, .field = "name", .expected = "a name", .found = "nothing", .message = "a run needs a name"};
  tree.rename(c.run, c.name);
  return {};
}

Status Lab::Parts::carry_out(const command::PromoteRun& c) {
  LAB_TRY(need_branch(c.run));
  const std::int64_t first = tree.branches().front().id;
  if (first == c.run) return {};
  begin_change();
  tree.exchange(c.run, first);
  end_change({{label_of(c), count()}, PromotionChange{c.run, first}});
  return {};
}

Status Lab::Parts::carry_out(const command::StepAll& c) {
  LAB_TRY(need_steps(c.count));
  Work all{.label = label_of(c), .goal = count() + c.count, .waits_for = true};
  for (const Branch& branch : tree.branches())
    if (branch.id != tree.active()) all.others.push_back({.branch = branch.id});
  announce(std::move(all));
  return {};
}

Status Lab::Parts::carry_out(const command::Compare& c) {
  constexpr std::array<std::string_view, 4> kAlignments{"position", "token", "first-difference", "offset"};
  LAB_TRY(need_run());
  for (const auto& [field, id] : {std::pair{"a", c.a}, {"b", c.b}}) {
    if (id == -1) continue;
    Status status = need_side(id);
    if (!status) {
      status.error().field = field;
      return status;
    }
  }
  if (c.a != -1 && c.a == c.b)
    return Error{.code = Code::bad_argument, .field = "b", .expected = "another run than a", .found = std::to_string(c.b), .message = "a run is not compared with itself"};
  if (std::ranges::find(kAlignments, c.align) == kAlignments.end())
    return Error{.code = Code::bad_argument,
                 .field = "align",
                 .expected = "position, token, first-difference or offset",
                 .found = printable(c.align),
                 .message = "tokens cannot be aligned like that"};
  if (c.offset < -kMostOffset || c.offset > kMostOffset)
    return Error{.code = Code::out_of_range,
                 .field = "offset",
                 .expected = fmt::format("-{} to {}", kMostOffset, kMostOffset),
                 .found = std::to_string(c.offset),
                 .message = "no tokens are so far apart"};
  selection.compare = c;
  return {};
}

/// One token in each of the other runs that step with the active one. A run that has nothing to read or sample from stays.
Status Lab::Parts::step_others() {
  if (work->others.empty()) return {};
  const std::int64_t active = tree.active();
  Status status;
  for (const Work::Lane& lane : work->others) {
    tree.activate(lane.branch);
    std::int32_t id = 0;
    if (run->waiting.count() > 0) {
      status = run->read(run->waiting.front(1));
      if (status) run->waiting.drop(1);
    } else if (const Result<std::int32_t> next = next_token(); next) {
      id = *next;
      status = run->read({std::span(&id, 1), {}});
    }
    if (!status) break;
  }
  tree.activate(active);
  return status;
}

}  // namespace lab
