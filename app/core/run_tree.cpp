#include "app/core/run_tree.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "model/base/check.h"

namespace lab {

void RunTree::begin(std::unique_ptr<Run> first) {
  branches_.clear();
  resting_.clear();
  next_id_ = 0;
  active_ = new_id();
  branches_.push_back({.id = active_, .name = "main"});
  resting_.emplace_back();
  run = std::move(first);
}

std::size_t RunTree::place_of(std::int64_t id) const {
  const auto at = std::ranges::find(branches_, id, &Branch::id);
  LAB_CHECK(at != branches_.end(), ==, true);
  return static_cast<std::size_t>(at - branches_.begin());
}

const Branch* RunTree::find(std::int64_t id) const {
  const auto at = std::ranges::find(branches_, id, &Branch::id);
  return at == branches_.end() ? nullptr : &*at;
}

const Run& RunTree::run_of(std::int64_t id) const { return id == active_ ? *run : *resting_[place_of(id)]; }
Run& RunTree::run_of(std::int64_t id) { return id == active_ ? *run : *resting_[place_of(id)]; }

void RunTree::activate(std::int64_t id) {
  if (id == active_) return;
  resting_[place_of(active_)] = std::exchange(run, std::move(resting_[place_of(id)]));
  active_ = id;
}

void RunTree::insert(Branch branch, std::unique_ptr<Run> its_run, std::size_t place) {
  place = std::min(place, branches_.size());
  const std::int64_t id = branch.id;
  branches_.insert(branches_.begin() + static_cast<std::ptrdiff_t>(place), std::move(branch));
  resting_.insert(resting_.begin() + static_cast<std::ptrdiff_t>(place), std::move(its_run));
  activate(id);
}

RunTree::Removed RunTree::remove(std::int64_t id) {
  LAB_CHECK(branches_.size(), >, 1u);
  const std::size_t place = place_of(id);
  if (id == active_) {
    const std::int64_t parent = branches_[place].parent;
    activate(find(parent) ? parent : branches_[place == 0 ? 1 : 0].id);
  }
  Removed removed{.branch = std::move(branches_[place]), .run = std::move(resting_[place]), .place = place};
  branches_.erase(branches_.begin() + static_cast<std::ptrdiff_t>(place));
  resting_.erase(resting_.begin() + static_cast<std::ptrdiff_t>(place));
  for (Branch& branch : branches_) {
    if (branch.parent != id) continue;
    removed.children.push_back(branch.id);
    branch.parent = -1;
  }
  return removed;
}

void RunTree::put_back(Removed removed) {
  const std::int64_t id = removed.branch.id;
  insert(std::move(removed.branch), std::move(removed.run), removed.place);
  for (const std::int64_t child : removed.children) branches_[place_of(child)].parent = id;
}

void RunTree::rename(std::int64_t id, std::string name) { branches_[place_of(id)].name = std::move(name); }

void RunTree::exchange(std::int64_t id, std::int64_t other) {
  const std::size_t a = place_of(id), b = place_of(other);
  std::swap(branches_[a], branches_[b]);
  std::swap(branches_[a].name, branches_[b].name);
  std::swap(resting_[a], resting_[b]);
}

std::int64_t RunTree::memory() const {
  std::unordered_map<const void*, std::int64_t> blocks;
  for (const Branch& branch : branches_)
    run_of(branch.id).recorded().visit_memory([&](const void* block, std::int64_t bytes) { blocks[block] = bytes; });
  std::int64_t sum = 0;
  for (const auto& [block, bytes] : blocks) sum += bytes;
  return sum;
}

void RunTree::share_budget(std::int64_t bytes) {
  if (branches_.size() == 1) return run->set_budget(bytes);
  std::int64_t beyond = memory() - bytes;
  for (const auto& resting : resting_) {
    if (!resting || beyond <= 0) continue;
    resting->set_budget(std::max<std::int64_t>(0, resting->trace()->use().total() - beyond));
    beyond = memory() - bytes;
  }
  std::unordered_map<const void*, std::int64_t> others;
  for (const Branch& branch : branches_)
    if (branch.id != active_) run_of(branch.id).recorded().visit_memory([&](const void* block, std::int64_t size) { others[block] = size; });
  run->recorded().visit_memory([&](const void* block, std::int64_t) { others.erase(block); });
  for (const auto& [block, size] : others) bytes -= size;
  run->set_budget(std::max<std::int64_t>(bytes, 0));
}

}  // namespace lab
