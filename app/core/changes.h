#pragma once
// What commands did to a run, each with what takes it back. One operation, `flip`, undoes a change that is done and does again
// one that was undone; nothing else knows the difference.
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "app/core/run_tree.h"

namespace lab {

/// Tokens read (or, when they were taken back, not there): the tail beyond a position, kept while the run is without it.
struct TokensChange {
  std::int64_t position = 0;
  Waiting other;  // what waits on the other side of this change
  Tail tail;
  bool there = true;
};

/// An edit of the state, with what the layers it touches hold on the other side.
struct EditChange {
  Edit edit;
  StateContents<float> other;
  bool there = true;
};

/// Tokens fed or dropped.
struct WaitingChange {
  Waiting other;
};

/// Ranges named, renamed or removed.
struct RangesChange {
  std::shared_ptr<const std::vector<NamedRange>> other;
};

/// Other rules in the place of those that watch the runs.
struct RulesChange {
  std::shared_ptr<const std::vector<Rule>> other;
};

/// Other places at which the runs pause.
struct BreakpointsChange {
  std::shared_ptr<const std::vector<Breakpoint>> other;
};

/// Notes left, rewritten or removed.
struct NotesChange {
  std::shared_ptr<const std::vector<TokenNote>> other;
};

/// Another run in the place of this one.
struct RunChange {
  std::unique_ptr<Run> other;
};

/// A branch of the tree that was added or, when it is held here, removed.
struct BranchChange {
  std::int64_t id = 0, active_without = 0;  // the branch that is active while this one is not there
  std::optional<RunTree::Removed> held;
};

/// Two branches that changed names and places.
struct PromotionChange {
  std::int64_t id = 0, other = 0;
};

struct Change;
/// Changes of several branches that are one for people, the last of them at the back.
struct GroupChange {
  std::vector<Change> parts;
};

struct Change {
  HistoryEntry entry;
  std::variant<TokensChange, EditChange, WaitingChange, RunChange, RangesChange, RulesChange, BranchChange, PromotionChange, GroupChange, NotesChange, BreakpointsChange> what;
  std::int64_t branch = 0;  // the one it changed: active while it is flipped

  /// Memory it keeps alive, roughly.
  std::int64_t bytes() const;
  /// Undoes or does again, whichever it is time for. Either whole or not at all.
  Status flip(RunTree& tree, const GoOn& go_on);
};

/// The changes that can be undone and redone. Bounded: the oldest are forgotten.
class UndoStack {
 public:
  /// A new change; what was undone before can no longer be redone.
  void push(Change change);
  Status undo(RunTree& tree, const GoOn& go_on);
  Status redo(RunTree& tree, const GoOn& go_on);
  /// The latest last.
  std::vector<HistoryEntry> undoable() const { return entries(done_); }
  std::vector<HistoryEntry> redoable() const { return entries(undone_); }
  void clear();

 private:
  static std::vector<HistoryEntry> entries(const std::vector<Change>& changes);
  void forget_oldest();

  std::vector<Change> done_, undone_;
};

}  // namespace lab
