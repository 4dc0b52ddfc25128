#include "app/core/controls.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/core/divergence.h"
#include "app/core/keyed_noise.h"
#include "app/core/ruled_probe.h"
#include "app/core/sampler.h"
#include "app/core/trials.h"

namespace lab {
namespace {

constexpr std::int64_t kTokensAtOnce = 16;  // of every variant, whose logits are in memory together

/// One way to read the tokens: with which rules, or why not.
struct Variant {
  std::string name, refusal;
  std::vector<MannedRule> rules;
};

std::string list_of(const std::vector<std::int64_t>& numbers) { return fmt::format("{}", fmt::join(numbers, ", ")); }

/// As many layers beside those of the rule that have its target, above them or else below.
Result<Intervention> in_next_layers(const Intervention& rule, const std::vector<LayerInfo>& layers, const std::vector<RuleSite>& sites) {
  Intervention anywhere = rule;
  anywhere.layers.clear();
  LAB_ASSIGN(const std::vector<RuleSite> all, sites_of(anywhere, layers));
  std::vector<std::size_t> places;  // of the rule's layers among all that have the target
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::ranges::find(sites, all[i].layer, &RuleSite::layer) != sites.end()) places.push_back(i);
  const std::size_t reach = places.back() - places.front() + 1;
  const bool fits_above = places.back() + reach < all.size(), fits_below = places.front() >= reach;
  if (!fits_above && !fits_below) return Error{.message = "all used"};
  std::vector<std::int64_t> moved;
  for (const std::size_t place : places) moved.push_back(all[fits_above ? place + reach : place - reach].layer);
  Intervention next = rule;
  next.layers = list_of(moved);
  return next;
}

/// As many other channels or heads, in each of its layers the same.
Result<Intervention> on_random_parts(const Intervention& rule, const std::vector<RuleSite>& sites, std::int64_t seed) {
  const RuleSite& site = sites.front();
  if (site.is_whole()) return Error{.message = "all used"};
  const bool by_head = !rule.heads.empty();
  const std::int64_t units_a_part = by_head ? site.per_head : 1;
  std::vector<std::int64_t> others;
  for (std::int64_t part = 0; part < site.units / units_a_part; ++part)
    if (!std::ranges::binary_search(site.chosen, part * units_a_part)) others.push_back(part);
  const std::size_t wanted = site.chosen.size() / static_cast<std::size_t>(units_a_part);
  if (others.size() < wanted) return Error{.message = "too few others"};
  std::ranges::sort(others, {}, [&](std::int64_t part) { return scrambled(scrambled(static_cast<std::uint64_t>(seed)) ^ static_cast<std::uint64_t>(part)); });
  others.resize(wanted);
  std::ranges::sort(others);
  Intervention random = rule;
  (by_head ? random.heads : random.channels) = list_of(others);
  return random;
}

class Variants {
 public:
  Variants(std::span<const Intervention> rules, std::size_t index) : index_(index) {
    for (const Intervention& rule : rules) rules_.push_back({rule});
  }
  /// Without the rule.
  std::vector<MannedRule> without() const {
    std::vector<MannedRule> rules = rules_;
    rules[index_].rule.on = false;
    return rules;
  }
  void add(std::string name, const Result<Intervention>& in_place, RuleManner manner = RuleManner::plain) {
    Variant variant{std::move(name), in_place ? "" : in_place.error().message, rules_};
    variant.rules[index_] = {in_place ? *in_place : Intervention(), manner};
    variant.rules[index_].rule.on = true;
    all.push_back(std::move(variant));
  }
  std::vector<Variant> all;

 private:
  const std::size_t index_;
  std::vector<MannedRule> rules_;
};

std::vector<Variant> variants_of(const Model& model, std::span<const Intervention> rules, std::size_t index, const ControlOptions& options,
                                 const std::vector<RuleSite>& sites, std::vector<MannedRule>& without) {
  const std::vector<LayerInfo>& layers = model.info().layers;
  Intervention rule = rules[index];
  const auto fitting = [&](Result<Intervention> changed) -> Result<Intervention> {
    if (changed)
      if (const Status fits = check(*changed, layers); !fits) return Error{.message = "does not fit"};
    return changed;
  };
  Variants variants(rules, index);
  without = variants.without();
  variants.add("intervention", rule);
  if (!options.with_controls) return variants.all;
  Intervention seeded = rule;
  seeded.seed = options.seed;
  variants.add("noise", rule.operation == "noise" ? Result<Intervention>(Error{.message = "is noise"}) : Result<Intervention>(seeded), RuleManner::noise);
  variants.add("next layer", fitting(in_next_layers(rule, layers, sites)));
  variants.add("random channels", fitting(on_random_parts(rule, sites, options.seed)));
  variants.add("residual", rule.target == "residual" && sites.front().point == Point::resid_out ? Result<Intervention>(Error{.message = "is the residual"}) : Result<Intervention>(rule),
               RuleManner::residual);
  return variants.all;
}

/// Runs that read the same tokens side by side, each with its own rules.
class Lockstep {
 public:
  Lockstep(const Model& model, Context<float>& context) : model_(model), context_(context) {}

  void add(State start, std::span<const MannedRule> rules) {
    states_.push_back(std::make_unique<State>(std::move(start)));
    probes_.push_back(std::make_unique<RuledProbe>(model_, rules, nullptr));
  }
  const State& state(std::size_t lane) const { return *states_[lane]; }
  std::span<const float> logits(std::size_t lane, std::int64_t token) const {
    const auto width = static_cast<std::size_t>(model_.info().vocabulary);
    return std::span(logits_[lane]).subspan(static_cast<std::size_t>(token) * width, width);
  }
  /// Reads tokens of which the first is number `first`. False when the context was told to stop.
  bool read(std::int64_t first, std::span<const std::int32_t> tokens, LogitRows wants) {
    const std::int64_t vocabulary = model_.info().vocabulary, rows = wants == LogitRows::all ? std::ssize(tokens) : 0;
    logits_.resize(states_.size());
    std::vector<Lane<float>> lanes;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      logits_[i].resize(static_cast<std::size_t>(rows * vocabulary));
      probes_[i]->begin(first, *states_[i]);
      lanes.push_back({.tokens = tokens, .state = states_[i].get(), .probe = probes_[i].get(), .wants = wants, .logits = {logits_[i].data(), rows, vocabulary}});
    }
    return model_.advance(lanes, context_);
  }

 private:
  const Model& model_;
  Context<float>& context_;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<std::unique_ptr<RuledProbe>> probes_;
  std::vector<std::vector<float>> logits_;
};

Error stopped() { return {.code = Code::cancelled, .message = "the controls were stopped"}; }

std::string effect_text(double effect) {
  if (!std::isfinite(effect)) return "not a number";
  return effect >= 0.095 || effect == 0 ? fmt::format("{:.2f}", effect) : fmt::format("{:.2g}", effect);
}

}  // namespace

Result<std::shared_ptr<const ControlTable>> run_controls(const OpenedModel& opened, const State& start, std::int64_t from,
                                                         std::span<const std::int32_t> tokens, std::span<const Intervention> rules,
                                                         std::size_t index, const ControlOptions& options, Context<float>& context,
                                                         const ControlProgress& progress) {
  const Model& model = *opened.model;
  LAB_ASSIGN(const std::vector<RuleSite> sites, sites_of(rules[index], model.info().layers));
  for (const Intervention& rule : rules)
    if (rule.on) LAB_TRY(check(rule, model.info().layers));
  const Intervention& rule = rules[index];
  const std::int64_t end = from + std::ssize(tokens), first = std::max(rule.first, from);
  if (first >= end || (rule.last != 0 && rule.last <= from))
    return Error{.code = Code::out_of_range,
                 .field = "intervention.first",
                 .expected = fmt::format("a window with some of the tokens {} to {}", from, end - 1),
                 .found = tokens_text(rule),
                 .message = "the run has no token of the window"};
  auto table = std::make_shared<ControlTable>();
  table->intervention = rule;
  table->first = first;
  table->last = rule.last == 0 ? end : std::min(rule.last, end);
  table->at = std::min(table->last - 1 + options.after, end - 1);

  std::vector<MannedRule> without;
  std::vector<Variant> variants = variants_of(model, rules, index, options, sites, without);
  const std::int64_t total = table->at + 1 - from;
  const auto part = [&](std::int64_t position, std::int64_t count) { return tokens.subspan(static_cast<std::size_t>(position - from), static_cast<std::size_t>(count)); };
  Lockstep before(model, context);
  before.add(start, without);
  for (std::int64_t t = from; t < first;) {
    if (progress && !progress(static_cast<double>(t - from) / static_cast<double>(total))) return stopped();
    const std::int64_t count = std::min(kTokensAtOnce, first - t);
    if (!before.read(t, part(t, count), LogitRows::none)) return stopped();
    t += count;
  }

  Lockstep runs(model, context);
  runs.add(before.state(0), without);
  for (Variant& variant : variants) {
    table->rows.push_back({.name = variant.name, .refusal = variant.refusal});
    if (variant.refusal.empty()) runs.add(before.state(0), variant.rules);
  }
  const std::vector<bool> sampleable = sampleable_tokens(opened.tokenizer.get(), model.info().vocabulary);
  for (std::int64_t t = first; t <= table->at;) {
    if (progress && !progress(static_cast<double>(t - from) / static_cast<double>(total))) return stopped();
    const std::int64_t count = std::min(kTokensAtOnce, table->at + 1 - t);
    if (!runs.read(t, part(t, count), LogitRows::all)) return stopped();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::vector<double> main = log_probabilities(runs.logits(0, i), sampleable);
      std::size_t lane = 1;
      for (EffectRow& row : table->rows)
        if (row.refusal.empty()) {
          const double nats = divergence_nats(main, log_probabilities(runs.logits(lane++, i), sampleable));
          row.by_token.push_back(nats < 0 ? 0 : nats);  // of equal expectations rounding may leave less than nothing
        }
    }
    t += count;
  }
  for (EffectRow& row : table->rows) {
    if (!row.refusal.empty()) continue;
    const auto window = row.by_token.begin() + (table->last - first);
    row.after = row.by_token.back();
    row.mean = std::accumulate(row.by_token.begin(), window, 0.0) / static_cast<double>(table->last - first);
  }
  table->reading = reading_of(*table);
  if (progress) progress(1);
  return std::shared_ptr<const ControlTable>(table);
}

Result<std::shared_ptr<const ControlTable>> run_controls(const OpenedModel& opened, const Snapshot& snapshot, Context<float>& context,
                                                         const ControlProgress& progress) {
  const auto rules = interventions_at(*snapshot.edits, snapshot.count());
  if (!snapshot.controls || !rules || snapshot.controls->index >= std::ssize(*rules)) return std::shared_ptr<const ControlTable>();
  if (snapshot.has_vectors)
    return Error{.code = Code::unsupported, .field = "run", .expected = "a run that read tokens", .found = "one that was fed vectors", .message = "its controls cannot be run"};
  const auto index = static_cast<std::size_t>(snapshot.controls->index);
  const Intervention& rule = (*rules)[index];
  const std::int64_t last = rule.last == 0 ? snapshot.count() : std::min(rule.last - 1 + snapshot.controls->after + 1, snapshot.count());
  if (rule.first >= last)
    return Error{.code = Code::out_of_range, .field = "intervention.first", .expected = fmt::format("a token before {}", snapshot.count()), .found = std::to_string(rule.first),
                 .message = "the run has no token of the window"};
  State start(opened.model->schema());
  const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& state) { opened.model->replay(layer, drivers, state, context); };
  LAB_TRY(snapshot.trace->restore(rule.first, start, replayer));
  context.trials = trials_of(trials_at(*snapshot.edits, rule.first));
  std::vector<std::int32_t> tokens;
  for (std::int64_t t = rule.first; t < last; ++t) tokens.push_back(snapshot.tokens[t][0]);
  return run_controls(opened, start, rule.first, tokens, *rules, index, {.after = snapshot.controls->after}, context, progress);
}

std::string reading_of(const ControlTable& table) {
  const EffectRow& effect = table.rows.front();
  const std::string name = table.intervention.name.empty() ? brief_words_of(table.intervention) : table.intervention.name, value = effect_text(effect.after);
  const std::int64_t later = table.at - (table.last - 1);
  if (!std::isfinite(effect.after)) return name + ": what the model expects is not a number any more.";
  if (effect.after < 1e-6) return fmt::format("{}: no effect {} token{} later.", name, later, later == 1 ? "" : "s");
  const EffectRow *noise = nullptr, *most = nullptr;
  std::vector<std::string> controls;
  for (const EffectRow& row : std::span(table.rows).subspan(1)) {
    if (!row.refusal.empty()) continue;
    if (row.name == "noise") noise = &row;
    if (!most || !(row.after <= most->after)) most = &row;
    controls.push_back(fmt::format("{} {}", row.name, effect_text(row.after)));
  }
  if (!most) return fmt::format("{}: effect {}; {}.", name, value, table.rows.size() > 1 ? "it has no matched control" : "its controls were not run");
  const bool is_above = effect.after > 1.5 * most->after;
  if (is_above && noise && effect.after > 3 * noise->after)
    return fmt::format("{}: effect {} against {} for noise of the same norm: the content matters, not its size.", name, value, effect_text(noise->after));
  if (is_above) return fmt::format("{}: effect {} against at most {} for its controls ({}).", name, value, effect_text(most->after), most->name);
  return fmt::format("{}: {} is {} above its controls ({}): nothing shown.", name, value, effect.after > most->after ? "hardly" : "not", fmt::join(controls, ", "));
}

}  // namespace lab
