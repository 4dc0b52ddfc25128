#pragma once
// Experiments on a forward pass that finding a fault needs: what would happen if ...
#include <cstdint>
#include <optional>

namespace lab {

struct Trials {
  enum class Rotary : std::uint8_t { as_stored, halves, adjacent, none };
  Rotary rotary = Rotary::as_stored;     // the pairs of channels that attention's rotation turns
  std::optional<std::int64_t> position;  // every token stands there
  bool own_row_only = false;             // attention sees no token but its own
  int only_layer = -1;                   // the others add nothing to the residual stream
  friend bool operator==(const Trials&, const Trials&) = default;
};

}  // namespace lab
