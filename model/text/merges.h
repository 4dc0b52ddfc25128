#pragma once
// Joining neighbours, best pair first: the heart of every BPE tokenizer.
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

namespace lab {

/// Bytes [begin, end) of a word as one token, or as none yet (id -1).
struct Symbol {
  std::int32_t id = -1;
  std::size_t begin = 0, end = 0;
};

/// What two neighbours become. The lowest priority goes first.
struct Join {
  double priority = 0;
  std::int32_t id = 0;
};

/// Byte-pair merges by rank of the pair.
class Merges {
 public:
  /// A pair that is added twice keeps its last rank.
  void add(std::int32_t left, std::int32_t right, std::int32_t result, std::size_t rank);
  std::optional<Join> find(std::int32_t left, std::int32_t right) const;

 private:
  std::unordered_map<std::uint64_t, Join> joins_;
};

/// Joins neighbours in place until `find(left, right)` knows no pair: lowest priority first, leftmost on ties.
/// O(n log n). A symbol that grew must have another id than before.
template <class Find>
void merge_all(std::vector<Symbol>& symbols, Find find) {
  struct Candidate {
    double priority;
    std::uint32_t left, right;
    std::int32_t left_id, right_id, result;
    bool operator<(const Candidate& other) const {  // the queue serves the greatest first
      return priority != other.priority ? priority > other.priority : left > other.left;
    }
  };
  constexpr std::uint32_t none = UINT32_MAX;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<std::uint32_t> next(count), previous(count);
  std::vector<bool> gone(count);
  std::priority_queue<Candidate> queue;
  const auto consider = [&](std::uint32_t left, std::uint32_t right) {
    if (left == none || right == none) return;
    if (const std::optional<Join> join = find(symbols[left], symbols[right]))
      queue.push({join->priority, left, right, symbols[left].id, symbols[right].id, join->id});
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    next[i] = i + 1 < count ? i + 1 : none;
    previous[i] = i > 0 ? i - 1 : none;
  }
  for (std::uint32_t i = 0; i + 1 < count; ++i) consider(i, i + 1);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol &left = symbols[best.left], &right = symbols[best.right];
    const bool stale = gone[best.left] || gone[best.right] || left.id != best.left_id || right.id != best.right_id;
    if (stale) continue;
    left = {best.result, left.begin, right.end};
    gone[best.right] = true;
    next[best.left] = next[best.right];
    if (next[best.left] != none) previous[next[best.left]] = best.left;
    consider(previous[best.left], best.left);
    consider(best.left, next[best.left]);
  }
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    if (!gone[i]) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

}  // namespace lab
