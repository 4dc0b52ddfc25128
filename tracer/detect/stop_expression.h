#pragma once
// Where a run shall pause, as people write it: "norm(L3) > 8", "entropy > 5 and t >= 100", "token = 17 or alerts > 0".
//
//   either  := both { ("or" | "||") both }
//   both    := single { ("and" | "&&") single }
//   single  := ("not" | "!") single | compare
//   compare := sum [ ("<" | "<=" | ">" | ">=" | "=" | "==" | "!=") sum ]
//   sum     := product { ("+" | "-") product }
//   product := factor { ("*" | "/") factor }
//   factor  := "-" factor | number | track [ "(" ["L"] layer ")" ] | "(" either ")"
//
// Of the token that was read last: t its number, token its id, entropy and surprise in bits, alerts how many rules found something;
// and of a layer norm, delta (its change), write, decay, step (mean Δ), gate, resid. What is not known is NaN, and no comparison with
// it holds. An expression holds where it is neither 0 nor NaN.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// What an expression may ask of a token.
enum class StopTrack : std::uint8_t { t, token, entropy, surprise, alerts, norm, delta, write, decay, step, gate, resid };
struct StopTrackName {
  const char* name;
  StopTrack track;
  bool of_layer;
};
std::span<const StopTrackName> stop_tracks();

class StopExpression {
 public:
  /// Refuses by the place in the text (Error::field "when", "at 7") what the grammar does not know, layers that a model of that many
  /// has not, texts longer than 400 bytes and more than about 30 parts within each other.
  static Result<StopExpression> parse(const std::string& text, std::int64_t layers);

  using Values = std::function<double(StopTrack track, std::int64_t layer)>;
  bool holds(const Values& values) const;
  bool needs_logits() const;
  bool needs_alerts() const;

 private:
  friend class StopParser;
  enum class Operation : std::uint8_t { number, track, negate, invert, add, subtract, multiply, divide, less, less_equal, more, more_equal, equal, unequal, both, either };
  struct Node {
    Operation does = Operation::number;
    double number = 0;
    StopTrack track = StopTrack::t;
    std::int64_t layer = -1;
    std::size_t left = 0, right = 0;  // nodes before this one
  };
  double value(std::size_t node, const Values& values) const;
  bool asks(StopTrack track) const;

  std::vector<Node> nodes_;  // the last is the whole
};

}  // namespace lab
