// Lanes: runs that begin side by side, read what waits in each, and are reset apart from each other.
#include <algorithm>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "model/lanes.h"

namespace lab {
namespace {

Error refusal(Code code, std::string field, std::string expected, std::string found, const char* message) {
  return {.code = code, .field = std::move(field), .expected = std::move(expected), .found = std::move(found), .message = message};
}

}  // namespace

Status Lab::Parts::carry_out(const command::OpenLanes& c) {
  LAB_TRY(need_run());
  const std::size_t most = kMostRuns - tree.branches().size();
  if (c.texts.empty()) return refusal(Code::missing, "texts", "one for each lane", "none", "there are no lanes to open");
  if (c.texts.size() > most) return refusal(Code::too_large, "texts", fmt::format("at most {}", most), std::to_string(c.texts.size()), "there are too many runs");
  std::vector<std::unique_ptr<lab::Run>> fresh;
  for (std::size_t i = 0; i < c.texts.size(); ++i) {
    fresh.push_back(std::make_unique<lab::Run>(++runs_so_far, *opened->model, options.trace, State(opened->model->schema()), context));
    if (c.texts[i].empty()) continue;
    LAB_ASSIGN(const std::vector<std::int32_t> ids, encode(c.texts[i], true));
    if (std::ssize(ids) > kMostWaiting)
      return refusal(Code::out_of_range, fmt::format("texts[{}]", i), fmt::format("at most {} tokens", kMostWaiting), std::to_string(ids.size()), "too many tokens wait");
    fresh.back()->waiting.append({ids, {}});
  }
  stop_work();
  const std::int64_t before = tree.active();
  GroupChange all;
  for (std::unique_ptr<lab::Run>& lane : fresh) {
    const std::int64_t id = tree.new_id();
    tree.insert({.id = id, .name = fmt::format("lane {}", id)}, std::move(lane), tree.branches().size());
    all.parts.push_back({{label_of(c), 0}, BranchChange{.id = id, .active_without = before}, before});
  }
  settle_on(tree.active());
  history.push({{label_of(c), 0}, std::move(all), tree.active()});
  return {};
}

Status Lab::Parts::carry_out(const command::StepLanes& c) {
  LAB_TRY(need_run());
  if (c.count < 0 || c.count > kMostSteps)
    return refusal(Code::out_of_range, "count", fmt::format("0 to {}", kMostSteps), std::to_string(c.count), "there is no such number of steps");
  GroupChange all;
  for (const Branch& branch : tree.branches()) {
    const lab::Run& each = tree.run_of(branch.id);
    const std::int64_t waiting = each.waiting.count(), count = c.count == 0 ? waiting : std::min(c.count, waiting);
    if (count == 0) continue;
    TokensChange change{.position = each.count(), .other = each.waiting, .there = false};
    change.tail.tokens.append(each.waiting.front(count));
    change.other.drop(count);
    all.parts.push_back({{label_of(c), each.count()}, std::move(change), branch.id});
  }
  return do_together(std::move(all), label_of(c));
}

Status Lab::Parts::carry_out(const command::ResetLanes& c) {
  LAB_TRY(need_run());
  if (c.runs.empty()) return refusal(Code::missing, "runs", "the lanes that are reset", "none", "nothing would be reset");
  if (!(c.kept >= 0 && c.kept <= 1)) return refusal(Code::out_of_range, "kept", "0 to 1", fmt::format("{}", c.kept), "a share of the past lies between nothing and all");
  GroupChange all;
  for (std::size_t i = 0; i < c.runs.size(); ++i) {
    const std::int64_t id = c.runs[i];
    Status known = need_branch(id);
    if (known && std::ranges::count(c.runs, id) > 1) known = refusal(Code::bad_argument, "", "each lane once", std::to_string(id), "a lane is named twice");
    if (!known) {
      known.error().field = fmt::format("runs[{}]", i);
      return known;
    }
    const lab::Run& each = tree.run_of(id);
    State after = each.state();
    soften(after, static_cast<float>(c.kept));
    const Command one = command::ResetLanes{{id}, c.kept};
    Edit edit{{each.count(), label_of(one), -1}, one};
    edit.event.brief = brief_of(one);
    edit.event.is_reset = c.kept == 0;
    edit.event.kept = c.kept;
    all.parts.push_back({{label_of(c), each.count()}, EditChange{.edit = std::move(edit), .other = after.contents(-1), .there = false}, id});
  }
  return do_together(std::move(all), label_of(c));
}

/// Makes changes of several runs in the way in which they would be done again: all of them or none, and one for people. What is
/// published on the way shows the run that is active, whichever is at work.
Status Lab::Parts::do_together(GroupChange all, const std::string& label) {
  if (all.parts.empty()) return {};
  stop_work();
  const std::int64_t active = tree.active();
  const auto go_on = [&] {
    const std::int64_t at_work = tree.active();
    tree.share_budget(options.trace.budget_bytes);
    tree.activate(active);
    const bool goes_on = !options.go_on || options.go_on();
    tree.activate(at_work);
    return goes_on;
  };
  Change change{{label, count()}, std::move(all), active};
  LAB_TRY(change.flip(tree, go_on));
  history.push(std::move(change));
  tree.share_budget(options.trace.budget_bytes);
  return {};
}

}  // namespace lab
