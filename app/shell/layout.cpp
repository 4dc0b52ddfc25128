#include "app/shell/layout.h"

#include <utility>

namespace lab {
namespace {

constexpr std::size_t kMostSteps = 100;

/// Moves one step: the nearest layout of `from` becomes the present one, which goes to `to`.
std::optional<PaneLayout> step(std::vector<PaneLayout>& from, std::vector<PaneLayout>& to, PaneLayout& now) {
  if (from.empty()) return {};
  to.push_back(std::exchange(now, std::move(from.back())));
  from.pop_back();
  return now;
}

}  // namespace

bool LayoutHistory::observe(const PaneLayout& layout) {
  if (layout == now_) return false;
  past_.push_back(std::exchange(now_, layout));
  if (past_.size() > kMostSteps) past_.erase(past_.begin());
  future_.clear();
  return true;
}

std::optional<PaneLayout> LayoutHistory::undo() { return step(past_, future_, now_); }
std::optional<PaneLayout> LayoutHistory::redo() { return step(future_, past_, now_); }

}  // namespace lab
