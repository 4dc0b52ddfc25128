#pragma once
// Some elements of a tensor, as people write them: "3, :, 0:16".
#include <cstdint>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// A box of elements: one range for each axis.
class StateSlice {
 public:
  struct Range {
    std::int64_t first = 0, last = 0;  // [first, last)
    friend bool operator==(const Range&, const Range&) = default;
  };

  /// Reads a number, a range first:last (either side may be absent) or ":" for each axis, separated by commas; axes that are not
  /// named are whole, and so is everything for "". Refuses with field "at": too many axes, what is no range, and what lies
  /// outside the shape. An axis without elements has only ":".
  static Result<StateSlice> parse(const std::string& text, const std::vector<std::int64_t>& shape);

  const std::vector<Range>& ranges() const { return ranges_; }
  std::int64_t count() const;
  bool is_whole() const { return count() == elements_; }

  /// Calls body(flat) for each element in logical order, last axis fastest.
  template <class Body>
  void for_each(Body body) const {
    if (count() > 0) walk(0, 0, body);
  }

 private:
  template <class Body>
  void walk(std::size_t axis, std::int64_t before, Body& body) const {
    if (axis == ranges_.size()) return static_cast<void>(body(before));
    for (std::int64_t i = ranges_[axis].first; i < ranges_[axis].last; ++i) walk(axis + 1, before * shape_[axis] + i, body);
  }

  std::vector<std::int64_t> shape_;
  std::vector<Range> ranges_;
  std::int64_t elements_ = 1;
};

}  // namespace lab
