#include "model/state_slice.h"

#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lab {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// A plain decimal number, or nothing.
std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// One axis: "3", ":", "2:5", "2:", ":5".
std::optional<StateSlice::Range> range(std::string_view text, std::int64_t extent) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) {
    const auto at = number(text);
    if (!at) return {};
    return StateSlice::Range{*at, *at + 1};
  }
  const std::string_view before = trimmed(text.substr(0, colon)), after = trimmed(text.substr(colon + 1));
  const auto first = before.empty() ? 0 : number(before), last = after.empty() ? extent : number(after);
  if (!first || !last) return {};
  return StateSlice::Range{*first, *last};
}

Error refusal(Code code, std::string expected, const std::string& found, const char* message) {
  return {.code = code, .field = "at", .expected = std::move(expected), .found = printable(found), .message = message};
}

}  // namespace

Result<StateSlice> StateSlice::parse(const std::string& text, const std::vector<std::int64_t>& shape) {
  StateSlice slice;
  slice.shape_ = shape;
  for (const std::int64_t extent : shape) slice.ranges_.push_back({0, extent}), slice.elements_ *= extent;
  std::string_view rest = trimmed(text);
  if (rest.empty()) return slice;
  for (std::size_t axis = 0;; ++axis) {
    if (axis == shape.size())
      return refusal(Code::out_of_range, fmt::format("at most {} axes, as the shape is [{}]", shape.size(), fmt::join(shape, ", ")), text,
                     "the tensor has fewer axes");
    const std::size_t comma = rest.find(',');
    const auto named = range(trimmed(rest.substr(0, comma)), shape[axis]);
    if (!named) return refusal(Code::malformed, "a number, a range as 2:5, or : for each axis", text, "this names no elements");
    const bool is_all = named->first == 0 && named->last == shape[axis];
    if (!is_all && (named->first >= named->last || named->last > shape[axis]))
      return refusal(Code::out_of_range, fmt::format("0 to {} on axis {} of the shape [{}]", shape[axis] - 1, axis, fmt::join(shape, ", ")), text,
                     "there are no such elements");
    slice.ranges_[axis] = *named;
    if (comma == rest.npos) return slice;
    rest = rest.substr(comma + 1);
  }
}

std::int64_t StateSlice::count() const {
  std::int64_t n = 1;
  for (const Range& range : ranges_) n *= range.last - range.first;
  return n;
}

}  // namespace lab
