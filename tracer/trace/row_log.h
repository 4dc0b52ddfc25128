#pragma once
// Rows that are written once and never moved: one writer appends, readers hold views of what was there when they were made.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lab {

/// What a reader sees of a RowLog: rows [0, count()). Copying costs two pointers. Safe beside the writer as long as the view
/// was handed over by something that orders memory (a published snapshot).
template <class T>
class RowView {
 public:
  RowView() = default;
  std::int64_t count() const { return count_; }
  std::int64_t width() const { return width_; }
  std::span<const T> operator[](std::int64_t row) const {
    const auto& block = (*blocks_)[static_cast<std::size_t>(row / rows_)];
    return {block->data() + row % rows_ * width_, static_cast<std::size_t>(width_)};
  }
  /// How many rows from the first on both have in the same memory, which are the same as long as both views are kept. Looks at no row.
  std::int64_t shared_with(const RowView& other) const {
    const auto parted = std::ranges::mismatch(*blocks_, *other.blocks_).in1;
    return std::min({count_, other.count_, (parted - blocks_->begin()) * rows_});
  }

 private:
  template <class>
  friend class RowLog;
  using Blocks = std::vector<std::shared_ptr<std::vector<T>>>;
  std::shared_ptr<const Blocks> blocks_ = std::make_shared<const Blocks>();
  std::int64_t count_ = 0, width_ = 0, rows_ = 1;
};

template <class T>
class RowLog {
 public:
  explicit RowLog(std::int64_t width = 1, std::int64_t rows_per_block = 256) {
    view_.width_ = width;
    view_.rows_ = rows_per_block;
  }

  /// Adds one row and returns it for writing. Rows seen by earlier views are never touched.
  std::span<T> append() {
    const std::int64_t row = view_.count_++;
    if (row / view_.rows_ >= static_cast<std::int64_t>(view_.blocks_->size())) {
      auto blocks = std::make_shared<typename RowView<T>::Blocks>(*view_.blocks_);
      blocks->push_back(std::make_shared<std::vector<T>>(static_cast<std::size_t>(view_.rows_ * view_.width_)));
      view_.blocks_ = std::move(blocks);
    }
    auto& block = (*view_.blocks_)[static_cast<std::size_t>(row / view_.rows_)];
    return {block->data() + row % view_.rows_ * view_.width_, static_cast<std::size_t>(view_.width_)};
  }

  /// Forgets rows from `count` on. The block that holds the cut is copied, since earlier views still read it.
  void truncate(std::int64_t count) {
    if (count >= view_.count_) return;
    auto blocks = std::make_shared<typename RowView<T>::Blocks>(*view_.blocks_);
    blocks->resize(static_cast<std::size_t>((count + view_.rows_ - 1) / view_.rows_));
    if (count % view_.rows_ != 0) blocks->back() = std::make_shared<std::vector<T>>(*blocks->back());
    view_.blocks_ = std::move(blocks);
    view_.count_ = count;
  }

  /// A log that goes on by itself from the first `count` rows: full blocks are shared, the one that it writes next is its own.
  RowLog fork(std::int64_t count) const {
    RowLog other = *this;
    other.view_.count_ = std::min(count, view_.count_) + 1;  // one more than is kept, so that the last block is copied
    other.truncate(std::min(count, view_.count_));
    return other;
  }

  const RowView<T>& view() const { return view_; }
  std::int64_t bytes() const {
    return static_cast<std::int64_t>(view_.blocks_->size()) * view_.rows_ * view_.width_ * static_cast<std::int64_t>(sizeof(T));
  }

 private:
  RowView<T> view_;
};

}  // namespace lab
