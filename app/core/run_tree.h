#pragma once
// The runs of one model: a first one, and those that were forked from others. One of them is active: commands go to it.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/core/run.h"
#include "tracer/detect/rules.h"

namespace lab {

/// What is known of a run among others.
struct Branch {
  std::int64_t id = 0;
  std::string name;
  std::int64_t parent = -1;    // its branch; -1: it began by itself, or that was deleted
  std::int64_t forked_at = 0;  // the position where it left its parent
};

class RunTree {
 public:
  /// The active run; null while no model is open. Undo and reset put another one in its place.
  std::unique_ptr<Run> run;
  std::shared_ptr<const std::vector<Rule>> rules;  // that watch the active run; null while no model is open
  std::shared_ptr<const std::vector<Breakpoint>> breakpoints = std::make_shared<const std::vector<Breakpoint>>();  // of all runs

  /// Forgets all runs and begins with one.
  void begin(std::unique_ptr<Run> first);
  const std::vector<Branch>& branches() const { return branches_; }
  std::int64_t active() const { return active_; }
  const Branch* find(std::int64_t id) const;
  /// A branch's run, the active one too.
  const Run& run_of(std::int64_t id) const;
  Run& run_of(std::int64_t id);

  /// An id that no branch has had.
  std::int64_t new_id() { return next_id_++; }
  /// Adds a run and makes it active. The place in the list is kept when a branch is put back.
  void insert(Branch branch, std::unique_ptr<Run> its_run, std::size_t place);
  /// Takes a branch out; another one becomes active when it was: its parent, or else the first. Not the last one there is.
  struct Removed {
    Branch branch;
    std::unique_ptr<Run> run;
    std::size_t place = 0;
    std::vector<std::int64_t> children;  // forked from it, which stay
  };
  Removed remove(std::int64_t id);
  void put_back(Removed removed);

  void activate(std::int64_t id);
  void rename(std::int64_t id, std::string name);
  /// Two branches exchange names and places.
  void exchange(std::int64_t id, std::int64_t other);

  /// Bytes that the histories of all runs keep, shared ones counted once.
  std::int64_t memory() const;
  /// Shares a budget among all runs: while they keep more, those that rest give up old history first; the active one may grow by
  /// what they leave.
  void share_budget(std::int64_t bytes);

 private:
  std::size_t place_of(std::int64_t id) const;

  std::vector<Branch> branches_;
  std::vector<std::unique_ptr<Run>> resting_;  // by place; null where the branch is active
  std::int64_t active_ = 0, next_id_ = 0;
};

}  // namespace lab
