#include "tracer/detect/rules.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <fmt/format.h>

#include "tracer/detect/drift.h"
#include "tracer/detect/explosion.h"
#include "tracer/detect/nonfinite.h"
#include "tracer/detect/norms.h"
#include "tracer/detect/selectivity.h"
#include "tracer/detect/shift.h"
#include "tracer/detect/stuck.h"

namespace lab {

namespace {

using Made = std::unique_ptr<Detector>;

std::optional<Statistic> statistic_named(const std::string& name) {
  for (int i = 0; i < kStatistics; ++i)
    if (name == name_of(static_cast<Statistic>(i))) return static_cast<Statistic>(i);
  return {};
}

template <class Kind>
Made make(const Rule& rule, const RuleSubject& subject) { return std::make_unique<Kind>(rule, subject.layers); }

template <Drift::Measure measure>
Made make_drift(const Rule& rule, const RuleSubject& subject) { return std::make_unique<Drift>(rule, subject.layers, measure); }

template <Statistic statistic, std::int64_t mean_of, bool recurrent_only>
Made make_track(const Rule& rule, const RuleSubject& subject) {
  return std::make_unique<Track>(rule, subject.layers, Track::Options{statistic, mean_of, recurrent_only});
}

Made make_user_rule(const Rule& rule, const RuleSubject& subject) {
  return std::make_unique<Track>(rule, subject.layers, Track::Options{*statistic_named(rule.statistic)});
}

Made make_stuck(const Rule& rule, const RuleSubject&) { return std::make_unique<StuckTokens>(StuckOptions{.information = rule.limit}); }
Made make_non_varying(const Rule& rule, const RuleSubject&) { return std::make_unique<NonVaryingStates>(StuckOptions{.varying = rule.limit}); }

Made make_selectivity(const Rule& rule, const RuleSubject& subject) {
  std::vector<std::vector<float>> rates(subject.rates.begin(), subject.rates.end());
  rates.resize(subject.layers.size());
  return std::make_unique<OverSelectivity>(std::move(rates), SelectivityOptions{.reset_tokens = rule.limit});
}

constexpr Worse kHigher = Worse::higher, kLower = Worse::lower;
constexpr double kLn2 = std::numbers::ln2;

// One line a kind: name, title, unit, sentence; worse, limit and where it is from; self-calibrated, on; maker.
constexpr RuleKind kKinds[] = {
    {"non-finite", "NaN or Inf", "values", "A number stopped being one.",
     kHigher, 0, "there are none in a run that works", false, true, make<NonFinite>},
    {"norm-jump", "Norm jump: ||h|| against the median of the 24 before", "\u00d7", "The state grew suddenly.",
     kHigher, 7.5, "1 in 5,000 bytes of prose in its most restless layer", false, true, make<NormJump>},
    {"norm-low", "Norm too low: ||h|| of the layer", "", "The state holds next to nothing.",
     kLower, 0.1, "document 2: healthy from 0.1 to 10", false, false, make_track<Statistic::h_norm, 1, true>},
    {"norm-high", "Norm too high: ||h|| of the layer", "", "The state is larger than it should be.",
     kHigher, 100, "document 2: a warning above 100, healthy to 10", false, false, make_track<Statistic::h_norm, 1, true>},
    {"context-shift", "Context shift: cosine of mean states, last 16 against 96 before", "cos", "Recent states point another way: the text has changed.",
     kLower, -12, "12 deviations: 3.5 false alarms in 5,000 tokens where it was measured", true, true, make<ContextShift>},
    {"successive-cosine", "Successive cosine: state against the one before", "cos", "Document 2's rule for a change of context.",
     kLower, 0.8, "document 2", false, false, make<SuccessiveCosine>},
    {"drift", "Drift: smallest ln growth of ||h|| in 3 chunks of 512, one way", "ln a chunk", "The state kept growing, or shrinking, for three chunks.",
     kHigher, kLn2, "a factor of two a chunk", false, true, make_drift<Drift::Measure::growth>},
    {"turn", "Turn: 1 - cos over a chunk of 512", "1 - cos", "The state turned more over a chunk than it used to.",
     kHigher, 12, "12 deviations; no constant fits", true, false, make_drift<Drift::Measure::turn>},
    {"drift-document-2", "Drift of document 2: ||h - h'|| / ||h'|| over a chunk of 512", "", "The norm grew at least ninefold over a chunk.",
     kHigher, 10, "document 2", false, false, make_drift<Drift::Measure::seed_drift>},
    {"explosion", "State explosion: growth of ||h|| over 256 tokens, Theil-Sen, not levelling off", "% a token", "The state grows without end.",
     kHigher, 100 * (kLn2 / 256), "doubles within the window of 256 tokens", false, true, make<Explosion>},
    {"norm-ceiling", "Norm ceiling: ||h|| against the largest of the first 1,024 tokens", "\u00d7", "The state is larger than it ever was; says whether by a spike or by growth.",
     kHigher, 3, "three times the largest seen", false, true, make<NormCeiling>},
    {"closed-gates", "Closed gates: share with |silu(z)| < 0.01, mean of 8 tokens", "share", "Most channels of the layer are shut.",
     kHigher, 0.5, "half of the channels", false, true, make_track<Statistic::gate_shut, 8, false>},
    {"saturated-decay", "Saturated decay: mean exp(dt A), mean of 8 tokens", "", "The layer forgets nothing: on average it halves in 693 tokens or more.",
     kHigher, 0.999, "a half-life of 693 tokens", false, true, make_track<Statistic::decay_mean, 8, false>},
    {"dead-channels", "Dead channels: |h| below 1e-6 of the largest for 64 tokens", "share", "Much of the state is never written.",
     kHigher, 0.5, "half of the state", false, true, make<DeadChannels>},
    {"stuck-token", "Stuck token: what the context says of the next one, as a share, over 64 positions", "PI / H", "The model says the same whatever it reads.",
     kLower, 0.1, "healthy models are at 0.45 and above", false, true, make_stuck},
    {"non-varying", "Hidden states that do not vary: variation that a layer lets through, over 64 positions", "share", "The tokens stop making a difference in this layer.",
     kLower, 0.1, "healthy layers let 0.8 and more through", false, true, make_non_varying},
    {"over-selectivity", "Over-selectivity: tokens that wipe nine tenths of the state, of 128", "share", "The state is wiped too often.",
     kHigher, 0.05, "5 % of the tokens; trained models may do so, calibrate first", false, false, make_selectivity},
    {"track", "Statistic", "", "A rule of your own on a recorded statistic.",
     kHigher, 0, "yours", false, true, make_user_rule},
};

Rule document_2(const char* kind, double limit, const char* on_alert) {
  Rule rule = default_rule(*find_rule_kind(kind));
  rule.on = true;
  rule.limit = limit;
  rule.self_calibrated = false;
  rule.origin = "document 2";
  rule.on_alert = on_alert;
  return rule;
}

std::vector<RulePreset> make_presets() {
  RulePreset standard{"default", {}};
  for (const RuleKind& kind : kKinds)
    if (std::string(kind.name) != "track") standard.rules.push_back(default_rule(kind));
  // An error on NaN; norms healthy from 0.1 to 10, a warning above 100; drift above 10 over 512 tokens; the state is reset
  // where successive states have a cosine below 0.8.
  return {standard,
          {"document 2",
           {document_2("non-finite", 0, "pause"), document_2("norm-low", 0.1, "mark"), document_2("norm-high", 10, "mark"),
            document_2("norm-high", 100, "mark"), document_2("drift-document-2", 10, "mark"), document_2("successive-cosine", 0.8, "reset")}}};
}

Error refusal(Code code, const char* field, std::string expected, std::string found) {
  return Error{.code = code, .field = field, .expected = std::move(expected), .found = std::move(found), .message = "this rule cannot be obeyed"};
}

template <std::size_t N>
Status check_word(const char* field, const std::string& word, const char* const (&words)[N]) {
  if (std::find(std::begin(words), std::end(words), word) != std::end(words)) return {};
  return refusal(Code::bad_argument, field, fmt::format("{}", fmt::join(words, ", ")), printable(word));
}

Status check_number(const char* field, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return refusal(Code::out_of_range, field, fmt::format("{} to {}", low, high), fmt::format("{}", value));
}

}  // namespace

std::span<const RuleKind> rule_kinds() { return kKinds; }

const RuleKind* find_rule_kind(const std::string& name) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const RuleKind& kind) { return name == kind.name; });
  return found == std::end(kKinds) ? nullptr : found;
}

Rule default_rule(const RuleKind& kind) {
  return {.kind = kind.name, .on = kind.on, .limit = kind.limit, .self_calibrated = kind.self_calibrated,
          .origin = kind.self_calibrated ? "self-calibrated" : "default"};
}

Worse worse_of(const Rule& rule) {
  if (rule.kind == "track") return rule.side == "below" ? Worse::lower : Worse::higher;
  return find_rule_kind(rule.kind)->worse;
}

bool is_beyond(double value, double limit, Worse worse) { return worse == Worse::higher ? value > limit : value < limit; }

Status check_rule(const Rule& rule, std::int64_t layers) {
  constexpr std::int64_t kMost = 1'000'000;
  if (!find_rule_kind(rule.kind)) return refusal(Code::bad_argument, "kind", "a kind of rule, as context-shift", printable(rule.kind));
  LAB_TRY(check_word("on_alert", rule.on_alert, {"mark", "pause", "dump", "reset", "roll_back"}));
  LAB_TRY(check_word("of", rule.of, {"state", "residual"}));
  LAB_TRY(check_word("side", rule.side, {"above", "below"}));
  if (!statistic_named(rule.statistic)) return refusal(Code::bad_argument, "statistic", "a recorded statistic, as h_norm", printable(rule.statistic));
  if (std::isnan(rule.limit)) return refusal(Code::out_of_range, "limit", "a number", "NaN");
  if (!rule.layer_limits.empty() && std::ssize(rule.layer_limits) != layers)
    return refusal(Code::mismatch, "layer_limits", fmt::format("{} numbers, one a layer", layers), fmt::format("{}", rule.layer_limits.size()));
  if (std::any_of(rule.layer_limits.begin(), rule.layer_limits.end(), [](double limit) { return std::isnan(limit); }))
    return refusal(Code::out_of_range, "layer_limits", "numbers", "NaN");
  LAB_TRY(check_number("layer", rule.layer, -1, layers - 1));
  LAB_TRY(check_number("roll_back", rule.roll_back, 1, kMost));
  LAB_TRY(check_number("dead_tokens", rule.dead_tokens, 0, kMost));
  LAB_TRY(check_number("held", rule.held, 1, kMost));
  LAB_TRY(check_number("window", rule.window, 1, 1024));
  LAB_TRY(check_number("reference", rule.reference, 1, 1024));
  return {};
}

const std::vector<RulePreset>& rule_presets() {
  static const std::vector<RulePreset> presets = make_presets();
  return presets;
}

}  // namespace lab
