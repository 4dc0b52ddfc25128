#pragma once
// Rows that grow with the tokens: an attention layer's keys or values. Copies share full tiles, which nobody writes again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace lab {

/// Rows [count, width] in tiles of kRows. Appending writes the last tile only; a copy owns its own last tile, so two states may
/// go on from one past and never disturb each other, nor a reader on another thread.
template <class Real>
class RowTiles {
 public:
  static constexpr std::int64_t kRows = 64;

  explicit RowTiles(std::int64_t width = 0) : width_(width) {}
  RowTiles(const RowTiles& other) : width_(other.width_), count_(other.count_), tiles_(other.tiles_) { own_last(); }
  RowTiles& operator=(const RowTiles& other) {
    if (this != &other) *this = RowTiles(other);
    return *this;
  }
  RowTiles(RowTiles&& other) noexcept
      : width_(other.width_), count_(std::exchange(other.count_, 0)), tiles_(std::exchange(other.tiles_, {})) {}
  RowTiles& operator=(RowTiles&& other) noexcept {
    width_ = other.width_;
    count_ = std::exchange(other.count_, 0);
    tiles_ = std::exchange(other.tiles_, {});
    return *this;
  }

  /// kRows rows and, of each, the sum of squares of everything up to it.
  struct Tile {
    explicit Tile(std::int64_t width) : values(std::make_unique_for_overwrite<Real[]>(static_cast<std::size_t>(kRows * width))) {}
    std::unique_ptr<Real[]> values;
    std::array<double, kRows> squares;
  };

  std::int64_t width() const { return width_; }
  std::int64_t count() const { return count_; }
  std::int64_t bytes() const { return static_cast<std::int64_t>(tiles_.size()) * kRows * width_ * static_cast<std::int64_t>(sizeof(Real)); }
  const Real* row(std::int64_t i) const { return tiles_[static_cast<std::size_t>(i / kRows)]->values.get() + i % kRows * width_; }
  /// Sum of squares over the rows [0, count).
  double squares(std::int64_t count) const {
    return count == 0 ? 0 : tiles_[static_cast<std::size_t>((count - 1) / kRows)]->squares[static_cast<std::size_t>((count - 1) % kRows)];
  }
  /// One after the other; the last may be partly filled.
  const std::vector<std::shared_ptr<Tile>>& tiles() const { return tiles_; }

  void append(const Real* row) {
    double sum = squares(count_);
    for (std::int64_t i = 0; i < width_; ++i) sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    if (count_ % kRows == 0) tiles_.push_back(std::make_shared<Tile>(width_));
    std::copy_n(row, width_, tiles_.back()->values.get() + count_ % kRows * width_);
    tiles_.back()->squares[static_cast<std::size_t>(count_ % kRows)] = sum;
    ++count_;
  }
  /// Forgets the rows from `count` on.
  void truncate(std::int64_t count) {
    if (count >= count_) return;
    count_ = count;
    tiles_.resize(static_cast<std::size_t>((count + kRows - 1) / kRows));
    own_last();
  }
  /// Replaces every value by change(value): all tiles are written anew.
  template <class Change>
  void transform(Change change) {
    RowTiles changed(width_);
    std::vector<Real> values(static_cast<std::size_t>(width_));
    for (std::int64_t i = 0; i < count_; ++i) {
      std::transform(row(i), row(i) + width_, values.begin(), change);
      changed.append(values.data());
    }
    *this = std::move(changed);
  }

 private:
  // A tile that is not full is written again: it must be nobody else's.
  void own_last() {
    const std::int64_t rows = count_ % kRows;
    if (rows == 0) return;
    auto own = std::make_shared<Tile>(width_);
    std::copy_n(tiles_.back()->values.get(), rows * width_, own->values.get());
    std::copy_n(tiles_.back()->squares.begin(), rows, own->squares.begin());
    tiles_.back() = std::move(own);
  }

  std::int64_t width_ = 0, count_ = 0;
  std::vector<std::shared_ptr<Tile>> tiles_;
};

}  // namespace lab
