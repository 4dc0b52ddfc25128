#include "app/core/changes.h"

#include <utility>

namespace lab {
namespace {

constexpr std::size_t kChanges = 1000;
constexpr std::int64_t kBytes = std::int64_t{256} << 20;

std::int64_t bytes_of(const TokensChange& c) { return c.tail.tokens.bytes() + c.other.bytes(); }
std::int64_t bytes_of(const EditChange& c) { return c.other.bytes(); }
std::int64_t bytes_of(const WaitingChange& c) { return c.other.bytes(); }
std::int64_t bytes_of(const RangesChange& c) { return std::ssize(*c.other) * static_cast<std::int64_t>(sizeof(NamedRange)); }
std::int64_t bytes_of(const RunChange& c) { return c.other->trace()->use().total(); }

Status flip_what(TokensChange& c, std::unique_ptr<Run>& run, const GoOn& go_on) {
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

Status flip_what(EditChange& c, std::unique_ptr<Run>& run, const GoOn&) {
  run->exchange(c.edit, !c.there, c.other);
  c.there = !c.there;
  return {};
}

Status flip_what(WaitingChange& c, std::unique_ptr<Run>& run, const GoOn&) {
  std::swap(run->waiting, c.other);
  return {};
}

Status flip_what(RangesChange& c, std::unique_ptr<Run>& run, const GoOn&) {
  std::swap(run->ranges, c.other);
  return {};
}

Status flip_what(RunChange& c, std::unique_ptr<Run>& run, const GoOn&) {
  std::swap(run, c.other);
  return {};
}

Status flip_last(std::vector<Change>& from, std::vector<Change>& to, std::unique_ptr<Run>& run, const GoOn& go_on,
                 const char* verb) {
  if (from.empty()) return Error{.code = Code::missing, .message = std::string("there is nothing to ") + verb};
  to.reserve(to.size() + 1);
  const std::int64_t count = run->count();
  if (Status status = from.back().flip(run, go_on); !status) {
    if (run->count() != count) {  // stopped on the way, and no way back: what was kept no longer fits
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

Status Change::flip(std::unique_ptr<Run>& run, const GoOn& go_on) {
  return std::visit([&](auto& c) { return flip_what(c, run, go_on); }, what);
}

void UndoStack::push(Change change) {
  undone_.clear();
  done_.push_back(std::move(change));
  forget_oldest();
}

Status UndoStack::undo(std::unique_ptr<Run>& run, const GoOn& go_on) {
  return flip_last(done_, undone_, run, go_on, "undo");
}
Status UndoStack::redo(std::unique_ptr<Run>& run, const GoOn& go_on) {
  return flip_last(undone_, done_, run, go_on, "redo");
}

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
