// Files beside the runs of the model that they are compared with.
#include <algorithm>

#include <fmt/format.h>

#include "app/core/comparison.h"
#include "app/core/lab_parts.h"

namespace lab {

RunFacts Lab::Parts::run_facts(const Branch& branch) const {
  const lab::Run& each = tree.run_of(branch.id);
  return {branch.id, branch.name, branch.parent, branch.forked_at, each.number(), each.tokens(), each.waiting.count(), each.trace(), each.edits()};
}

/// Whether anything of a guest can be compared with the active run.
Status Lab::Parts::need_comparable(const Guest& guest) const {
  Snapshot both;
  both.model = facts;
  both.runs = {run_facts(*tree.find(tree.active()))};
  both.guests = {guest.facts()};
  LAB_ASSIGN(const auto a, run_source(both, tree.active(), opened, options.arithmetic));
  LAB_ASSIGN(const auto b, run_source(both, guest.facts().run.id, opened, options.arithmetic));
  Status status = can_be_compared(*a, *b);
  if (!status) status.error().file = guest.facts().file;
  return status;
}

Status Lab::Parts::carry_out(const command::CompareWith& c) {
  LAB_TRY(need_run());
  if (c.side != "a" && c.side != "b")
    return Error{.code = Code::bad_argument, .field = "side", .expected = "a or b", .found = printable(c.side), .message = "there is no such side"};
  if (guests.size() >= kMostGuests)
    return Error{.code = Code::too_large, .file = c.file, .field = "file", .expected = fmt::format("at most {} files", kMostGuests), .found = "one more",
                 .message = "too many files are compared", .next = "close one of them first"};
  std::vector<std::string> warnings;
  LAB_ASSIGN(auto guest, Guest::open(c.file, {options, context, opened, next_guest, runs_so_far + 1}, warnings));
  if (guest->reads_along() && run->has_vectors())
    return Error{.code = Code::unsupported, .file = c.file, .field = "input", .expected = "a run that was fed tokens", .found = "vectors",
                 .message = "another model cannot read what this one was fed"};
  LAB_TRY(need_comparable(*guest));
  for (const std::string& warning : warnings) note(false, guest->facts().run.name + ": " + warning);
  log("opened", c.file + " to be compared");
  const bool is_a = c.side == "a";
  (is_a ? selection.compare.a : selection.compare.b) = next_guest;
  (is_a ? selection.compare.b : selection.compare.a) = tree.active();
  const std::int64_t of = guest->reads_along() ? tree.active() : -1;
  guests.push_back({std::move(guest), of});
  --next_guest, ++runs_so_far;
  return {};
}

Status Lab::Parts::carry_out(const command::CloseCompared& c) {
  LAB_TRY(need_run());
  const auto found = std::ranges::find(guests, c.run, [](const Beside& each) { return each.guest->facts().run.id; });
  if (found == guests.end()) {
    std::string known;
    for (const Beside& each : guests) known += (known.empty() ? "" : ", ") + std::to_string(each.guest->facts().run.id);
    return Error{.code = Code::not_found, .field = "run", .expected = known.empty() ? "none: no file is compared" : known, .found = std::to_string(c.run),
                 .message = "there is no such file"};
  }
  guests.erase(found);
  for (std::int64_t* side : {&selection.compare.a, &selection.compare.b})
    if (*side == c.run) *side = -1;
  return {};
}

Status Lab::Parts::need_side(std::int64_t id) const {
  const auto is_it = [&](const Beside& each) { return each.guest->facts().run.id == id; };
  if (std::ranges::any_of(guests, is_it)) return {};
  Status status = need_branch(id);
  if (!status)
    for (const Beside& each : guests) status.error().expected += fmt::format(", {}", each.guest->facts().run.id);
  return status;
}

std::int64_t Lab::Parts::behind(const Beside& each) const {
  return each.of >= 0 && tree.find(each.of) ? each.guest->behind(tree.run_of(each.of).tokens()) : 0;
}

void Lab::Parts::look_at_guests() {
  guests_lag = !guests_rest && std::ranges::any_of(guests, [this](const Beside& each) { return behind(each) > 0; });
}

/// A piece of what guests have not read of their runs. One that cannot go on stays where it is: the run does not depend on it.
void Lab::Parts::read_along() {
  for (Beside& each : guests) {
    if (behind(each) == 0) continue;
    const Status status = guarded([&] { return each.guest->follow(tree.run_of(each.of).tokens()); });
    if (status) continue;
    if (status.error().code == Code::cancelled) {
      guests_rest = true;
      continue;
    }
    each.of = -1;
    note(false, fmt::format("{} reads no further: {}", each.guest->facts().run.name, status.error().text()));
  }
  look_at_guests();
}

}  // namespace lab
