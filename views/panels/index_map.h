#pragma once
// From a flat offset of a tensor to token, head, channel and state index, and back.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "views/panels/pane.h"

namespace lab {

/// The flat offset of an index, last axis fastest; nothing outside the shape.
std::optional<std::int64_t> offset_of(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& index);
/// The inverse.
std::optional<std::vector<std::int64_t>> index_of(const std::vector<std::int64_t>& shape, std::int64_t offset);
/// Whole numbers apart from anything else: "150, 3", "[150 3]", "t 150, n 3".
std::vector<std::int64_t> numbers_in(const std::string& text);

/// A tensor that the map knows: all tokens of a point of the selected layer.
struct MappedTensor {
  Point point = Point::h;
  std::string name;                  // "h", "B"
  std::vector<std::string> axes;     // "token", "head", "p", "n"
  std::vector<std::int64_t> shape;   // [tokens, ...]
};
/// The state, its convolution window and what drives it, as far as they have one shape for every token.
std::vector<MappedTensor> mapped_tensors(const Snapshot& snapshot);

/// The button in a header and the page that it, or a key, opens: an offset or an index typed there goes to its place.
void draw_index_map(Ui& ui, Box button_box, PaneContext& context);

}  // namespace lab
