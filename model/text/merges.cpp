#include "model/text/merges.h"

namespace lab {
namespace {

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

void Merges::add(std::int32_t left, std::int32_t right, std::int32_t result, std::size_t rank) {
  joins_[key_of(left, right)] = {static_cast<double>(rank), result};
}

std::optional<Join> Merges::find(std::int32_t left, std::int32_t right) const {
  const auto found = joins_.find(key_of(left, right));
  return found == joins_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace lab
