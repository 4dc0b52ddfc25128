#pragma once
// The data of the built-in models, drawn anew for tests: the same rules as tools/train/tasks.py, another generator.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lab::test {

using Ids = std::vector<std::int32_t>;

/// 28 noise tokens with 4 data tokens among them; the 4 markers that ask for them are not part of it.
struct CopyCase {
  Ids ids;   // 32
  Ids data;  // 4
};
CopyCase draw_copy(std::mt19937& random);
constexpr std::int32_t kCopyMarker = 15;

/// Symbols of the six chains, and which chain was in force at each.
struct TopicStream {
  Ids ids;
  std::vector<int> topics;
};
class TopicChains {
 public:
  /// Reads tests/data/topic_chains.json.
  explicit TopicChains(const std::string& file);
  /// Switches with probability `hazard` a token, or exactly at `switch_at` when that is >= 0.
  TopicStream draw(std::mt19937& random, int length, double hazard, int switch_at = -1) const;

 private:
  std::vector<std::vector<std::vector<double>>> cumulative_;  // [topic][symbol][next]
};

/// Set, clear and hold tokens of three bits, and the state of the bits after each, 0 to 7.
struct FlipStream {
  Ids ids;
  std::vector<int> bits;
};
FlipStream draw_flips(std::mt19937& random, int length);
constexpr std::int32_t kHold = 6;

}  // namespace lab::test
