#pragma once
// Who wrote a state, as JSON.
#include <cmath>

#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/core/snapshot.h"

namespace lab::cli {

/// {"part", "layer", "channel", "state", "token", "value", "sum", "bound", "verdict", "rule", ..., "tokens": [...], "deposits": [...]};
/// numbers that are not known are null.
inline JsonValue json_of(const Content& content) {
  const auto known = [](double value) { return std::isfinite(value) ? JsonValue(value) : JsonValue(); };
  const auto is = [&](const Contribution& one) {
    return JsonValue{{"value", known(one.value)}, {"share", known(one.value / content.sum)}, {"size", known(one.size)}, {"written", known(one.written)}};
  };
  const Judgement& j = content.judgement;
  JsonValue out{{"part", name_of(content.part)}, {"layer", content.layer}, {"channel", content.channel}, {"state", content.state},
                {"token", content.token}, {"value", known(content.value)}, {"sum", known(content.sum)}, {"bound", known(content.bound)},
                {"own", known(content.own)}, {"weight", known(content.weight)}, {"read", known(content.read)},
                {"half_life", content.half_life.is_reached ? known(content.half_life.tokens) : JsonValue()},
                {"verdict", name_of(j.verdict)}, {"words", verdict_text(j)}, {"rule", rule_of(j, content.value, content.read)}, {"span", j.span},
                {"first", content.first}, {"tokens", JsonValue::array()}, {"deposits", JsonValue::array()}};
  for (const Contribution& one : content.tokens) out["tokens"].push_back(is(one));
  for (const Deposit& deposit : content.deposits) {
    JsonValue one = is(deposit.is);
    one["position"] = deposit.position, one["label"] = deposit.label;
    out["deposits"].push_back(std::move(one));
  }
  return out;
}

}  // namespace lab::cli
