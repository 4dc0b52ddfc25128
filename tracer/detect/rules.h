#pragma once
// The kinds of rules that can watch a run, and rules as plain data: what sessions write, people edit and monitors obey.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "model/layer_info.h"
#include "tracer/detect/detector.h"

namespace lab {

/// One rule of a run. Fields that a kind has no use for are ignored.
struct Rule {
  std::string kind = "track";
  bool on = true;
  double limit = 0;                  // in the unit of the kind, or in robust deviations where `self_calibrated`
  std::vector<double> layer_limits;  // one a layer in place of `limit`, or empty
  bool self_calibrated = false;      // measured as deviations from the median of this run, in units of 1.4826 MAD
  std::string origin = "default";    // where the limit is from: "default", "document 2", "calibrated on prose, 1 in 5,000", "yours"
  int layer = -1;                    // the only layer in which it finds anything; -1: all
  std::string on_alert = "mark";     // "mark", "pause", "dump", "reset" or "roll_back"
  std::int64_t roll_back = 16;       // tokens to go back by
  std::int64_t dead_tokens = 64;     // one event is one alert: after one, the layer is quiet for so many tokens
  std::int64_t held = 1;             // tokens in a row that the number must be beyond the limit
  // Of context-shift and successive-cosine.
  std::string of = "state";          // or "residual"
  std::int64_t window = 16, reference = 96;  // tokens; the mean of the last `window` against that of the `reference` before
  // Of track.
  std::string statistic = "h_norm";  // a name of Statistic
  std::string side = "above";        // or "below"
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// What rules watch: the layers of a model and, where it is known, how fast their states decay (Model::rates).
struct RuleSubject {
  std::span<const LayerInfo> layers;
  std::span<const std::vector<float>> rates;  // one a layer, or none at all
};

enum class Worse : std::uint8_t { higher, lower };

struct RuleKind {
  const char* name;      // "context-shift": of sessions and the command line
  const char* title;     // says the definition too
  const char* unit;      // of the limit; "" for a bare number
  const char* sentence;  // what it means when it is found
  Worse worse;           // than the limit
  double limit;          // by default
  const char* source;    // of that default
  bool self_calibrated;  // by default
  bool on;               // by default
  std::unique_ptr<Detector> (*make)(const Rule& rule, const RuleSubject& subject);
};

/// All kinds, in the order in which they are shown.
std::span<const RuleKind> rule_kinds();
/// Nothing for an unknown name.
const RuleKind* find_rule_kind(const std::string& name);

/// A rule of a kind with its defaults.
Rule default_rule(const RuleKind& kind);
/// On which side of its limit a rule finds something.
Worse worse_of(const Rule& rule);
bool is_beyond(double value, double limit, Worse worse);

/// Refuses what cannot be obeyed, by field: unknown names, numbers out of range, a layer that there is not.
Status check_rule(const Rule& rule, std::int64_t layers);

struct RulePreset {
  std::string name;   // "default", "document 2"
  std::vector<Rule> rules;
};
const std::vector<RulePreset>& rule_presets();

}  // namespace lab
