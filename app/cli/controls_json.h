#pragma once
// An intervention beside its controls, as JSON.
#include <cmath>

#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/core/command_json.h"
#include "app/core/snapshot.h"

namespace lab::cli {

/// {"intervention", "words", "first", "last", "at", "rows": [{"name", "effect", "mean", "by_token"} or {"name", "refusal"}], "reading"};
/// effects in nat, null where they are no numbers.
inline JsonValue json_of(const ControlTable& table) {
  const auto known = [](double value) { return std::isfinite(value) ? JsonValue(value) : JsonValue(); };
  JsonValue rows = JsonValue::array();
  for (const EffectRow& row : table.rows) {
    JsonValue one{{"name", row.name}};
    if (!row.refusal.empty()) {
      one["refusal"] = row.refusal;
    } else {
      one["effect"] = known(row.after), one["mean"] = known(row.mean), one["by_token"] = JsonValue::array();
      for (const double nats : row.by_token) one["by_token"].push_back(known(nats));
    }
    rows.push_back(std::move(one));
  }
  return {{"intervention", JsonValue::parse(brief_json(table.intervention))}, {"words", words_of(table.intervention)}, {"first", table.first},
          {"last", table.last}, {"at", table.at}, {"rows", std::move(rows)}, {"reading", table.reading}};
}

}  // namespace lab::cli
