#pragma once
// Sums over the last tokens without keeping the tokens.
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace lab {

/// Sums of `width` numbers over a window that moves one block of tokens at a time: [blocks, width] doubles, however many
/// tokens a block has. Nothing is ever taken out of a sum, so nothing is lost by cancellation.
class WindowSums {
 public:
  WindowSums() = default;
  WindowSums(std::size_t width, std::size_t blocks) : width_(width), blocks_(blocks), sums_(width * blocks) {}

  std::size_t width() const { return width_; }
  /// The newest block [width], to add to.
  std::span<double> block() { return std::span(sums_).subspan(newest_ * width_, width_); }
  /// Begins a block in the place of the oldest.
  void next() {
    newest_ = (newest_ + 1) % blocks_;
    std::fill_n(block().begin(), width_, 0.0);
  }
  /// The sums [width] over all blocks, the oldest first, so that they do not depend on where the window began.
  void total(std::span<double> out) const {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t b = 1; b <= blocks_; ++b)
      for (std::size_t i = 0; i < width_; ++i) out[i] += sums_[(newest_ + b) % blocks_ * width_ + i];
  }

 private:
  std::size_t width_ = 0, blocks_ = 1, newest_ = 0;
  std::vector<double> sums_;
};

}  // namespace lab
