#include "app/core/changes.h"

#include <algorithm>
#include <utility>

namespace lab {
namespace {

constexpr std::size_t kChanges = 1000;
constexpr std::int64_t kBytes = std::int64_t{256} << 20;

std::int64_t bytes_of(const TokensChange& c) {
  std::int64_t bytes = c.tail.tokens.bytes() + c.other.bytes();
  for (const Edit& edit : c.tail.edits) bytes += edit.bytes();
  return bytes;
}
std::int64_t bytes_of(const EditChange& c) { return c.edit.bytes() + c.other.bytes(); }
std::int64_t bytes_of(const WaitingChange& c) { return c.other.bytes(); }
std::int64_t bytes_of(const RangesChange& c) { return std::ssize(*c.other) * static_cast<std::int64_t>(sizeof(NamedRange)); }
std::int64_t bytes_of(const RulesChange& c) { return std::ssize(*c.other) * static_cast<std::int64_t>(sizeof(Rule)); }
std::int64_t bytes_of(const NotesChange& c) {
  std::int64_t bytes = 0;
  for (const TokenNote& note : *c.other) bytes += static_cast<std::int64_t>(sizeof(TokenNote) + note.text.size());
  return bytes;
}
std::int64_t bytes_of(const BreakpointsChange& c) {
  std::int64_t bytes = 0;
  for (const Breakpoint& each : *c.other) bytes += static_cast<std::int64_t>(sizeof(Breakpoint) + each.when.size());
  return bytes;
}
std::int64_t bytes_of(const RunChange& c) { return c.other->trace()->use().total(); }
std::int64_t bytes_of(const BranchChange& c) { return c.held ? c.held->run->trace()->use().total() : 0; }
std::int64_t bytes_of(const PromotionChange&) { return 0; }
std::int64_t bytes_of(const GroupChange& c) {
  std::int64_t bytes = 0;
  for (const Change& part : c.parts) bytes += part.bytes();
  return bytes;
}

Status flip_what(TokensChange& c, RunTree& tree, const GoOn& go_on) {
  const auto& run = tree.run;
  if (c.there) {
    LAB_ASSIGN(c.tail, run->cut(c.position));
  } else {
    LAB_TRY(run->append(c.tail, go_on));
    c.tail = {};
  }
  c.there = !c.there;
  std::swap(run->waiting, c.other);
  return {};
}

Status flip_what(EditChange& c, RunTree& tree, const GoOn&) {
  tree.run->exchange(c.edit, !c.there, c.other);
  c.there = !c.there;
  return {};
}

Status flip_what(WaitingChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.run->waiting, c.other);
  return {};
}

Status flip_what(RangesChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.run->ranges, c.other);
  return {};
}

Status flip_what(RulesChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.rules, c.other);
  return {};
}

Status flip_what(BreakpointsChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.breakpoints, c.other);
  return {};
}

Status flip_what(NotesChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.run->notes, c.other);
  return {};
}

Status flip_what(RunChange& c, RunTree& tree, const GoOn&) {
  std::swap(tree.run, c.other);
  return {};
}

Status flip_what(BranchChange& c, RunTree& tree, const GoOn&) {
  if (c.held) {
    tree.put_back(*std::exchange(c.held, std::nullopt));
    return {};
  }
  c.held = tree.remove(c.id);
  if (tree.find(c.active_without)) tree.activate(c.active_without);
  return {};
}

Status flip_what(PromotionChange& c, RunTree& tree, const GoOn&) {
  tree.exchange(c.id, c.other);
  return {};
}

// What was done last is taken back first, and so that it can be done again the order turns. When a part cannot be flipped, those that
// were are flipped back.
Status flip_what(GroupChange& c, RunTree& tree, const GoOn& go_on) {
  Status status;
  std::size_t left = c.parts.size();
  while (left > 0 && (status = c.parts[left - 1].flip(tree, go_on))) --left;
  if (status) std::ranges::reverse(c.parts);
  else
    while (left < c.parts.size() && c.parts[left].flip(tree, {})) ++left;
  return status;
}

Status flip_last(std::vector<Change>& from, std::vector<Change>& to, RunTree& tree, const GoOn& go_on, const char* verb) {
  if (from.empty()) return Error{.code = Code::missing, .message = std::string("there is nothing to ") + verb};
  to.reserve(to.size() + 1);
  const std::int64_t before = tree.active();
  if (tree.find(from.back().branch)) tree.activate(from.back().branch);
  const std::int64_t count = tree.run->count();
  if (Status status = from.back().flip(tree, go_on); !status) {
    const bool is_torn = tree.run->count() != count;
    tree.activate(before);
    if (is_torn) {  // stopped on the way, and no way back: what was kept no longer fits
      from.clear();
      to.clear();
    }
    return status;
  }
  to.push_back(std::move(from.back()));
  from.pop_back();
  return {};
}

}  // namespace

std::int64_t Change::bytes() const {
  return std::visit([](const auto& c) { return bytes_of(c); }, what);
}

Status Change::flip(RunTree& tree, const GoOn& go_on) {
  const auto go_to_branch = [&] {
    if (tree.find(branch)) tree.activate(branch);
  };
  go_to_branch();
  Status status = std::visit([&](auto& c) { return flip_what(c, tree, go_on); }, what);
  if (std::holds_alternative<GroupChange>(what)) go_to_branch();  // its parts have been to others
  return status;
}

void UndoStack::push(Change change) {
  undone_.clear();
  done_.push_back(std::move(change));
  forget_oldest();
}

Status UndoStack::undo(RunTree& tree, const GoOn& go_on) { return flip_last(done_, undone_, tree, go_on, "undo"); }
Status UndoStack::redo(RunTree& tree, const GoOn& go_on) { return flip_last(undone_, done_, tree, go_on, "redo"); }

void UndoStack::clear() {
  done_.clear();
  undone_.clear();
}

std::vector<HistoryEntry> UndoStack::entries(const std::vector<Change>& changes) {
  std::vector<HistoryEntry> entries;
  for (const Change& change : changes) entries.push_back(change.entry);
  return entries;
}

// The newest always stays, however large it is.
void UndoStack::forget_oldest() {
  std::int64_t bytes = 0;
  std::size_t kept = 0;
  while (kept < done_.size() && kept < kChanges) {
    bytes += done_[done_.size() - 1 - kept].bytes();
    if (kept > 0 && bytes > kBytes) break;
    ++kept;
  }
  done_.erase(done_.begin(), done_.end() - static_cast<std::ptrdiff_t>(kept));
}

}  // namespace lab
