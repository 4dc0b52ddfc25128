#include "app/core/numbered.h"

#include <algorithm>

#include <fmt/format.h>

namespace lab {

Status check_number(const Numbered& list, std::int64_t index, std::int64_t there, bool may_be_new) {
  const std::int64_t last = may_be_new ? std::min(there, list.most - 1) : there - 1;
  if (index >= 0 && index <= last) return {};
  const bool adds = may_be_new && last == there;
  return Error{.code = Code::out_of_range,
               .field = "index",
               .expected = last < 0 ? fmt::format("none: there is no {}", list.item) : fmt::format("0 to {}{}", last, adds ? fmt::format("; the last one adds {} {}", list.article, list.item) : ""),
               .found = std::to_string(index),
               .message = fmt::format("there is no such {}", list.item)};
}

}  // namespace lab
