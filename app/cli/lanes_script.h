#pragma once
// What happens to lanes, as people write it down: {"format": "statelab-lanes/1", "lanes": 3, "events": [...]}.
#include <cstdint>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "model/text/tokenizer.h"

namespace lab::cli {

/// One event of all lanes.
struct LaneScriptEvent {
  enum class Kind : std::uint8_t { feed, generate, reset, soft_reset };
  Kind kind = Kind::feed;
  std::vector<std::vector<std::int32_t>> tokens;  // of feed: by lane, each as many as it likes
  std::vector<bool> chosen;                       // of the resets: by lane
  float factor = 0;                               // of soft_reset: what is left of the past
  std::int64_t count = 0;                         // of generate: tokens that every lane adds by itself, the likeliest ones
};
const char* name_of(LaneScriptEvent::Kind kind);

struct LaneScript {
  int lanes = 0;
  std::vector<LaneScriptEvent> events;
};

/// Reads a script strictly; everything wrong is named by file, field, expected and found. Texts need a tokenizer, which may be null.
///   {"feed": [[1, 2], "a text", []]}        one list of ids or one text for each lane
///   {"generate": 5}                         every lane that has read something goes on
///   {"reset": [0, 2]}                       these lanes begin anew
///   {"soft_reset": [1], "factor": 0.5}      these lanes keep a share of their past
Result<LaneScript> read_lane_script(const std::string& path, const Tokenizer* tokenizer);

}  // namespace lab::cli
