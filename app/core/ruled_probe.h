#pragma once
// Carries out interventions inside a step, by the seam that every stage has, and lets another probe see what they leave.
#include <cstdint>
#include <span>
#include <vector>

#include "app/core/interventions.h"
#include "model/model.h"

namespace lab {

/// In what way a rule is carried out: as it says, or as one of its matched controls.
enum class RuleManner : std::uint8_t {
  plain,
  noise,     // what it would change is changed at random instead, by a difference of equal norm
  residual,  // its layers add nothing to the residual stream at its tokens, their states are left alone
};
struct MannedRule {
  Intervention rule;
  RuleManner manner = RuleManner::plain;
};

/// A probe around another. Rules act in their order, stage by stage and token by token, so that any split of the tokens into calls
/// leaves the same bits. Where the other probe replaces a stage itself, rules act on what it put there.
class RuledProbe final : public Probe {
 public:
  /// Rules that were checked; those that are off do nothing. `inner` may be null.
  RuledProbe(const Model& model, std::span<const MannedRule> rules, Probe* inner);

  /// The next call's first token is token `first` of the run; `state` is the one that the call moves on.
  void begin(std::int64_t first, const State& state);

  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override;
  void statistics(int layer, std::int64_t token, Rows<const float> rows) override;

 private:
  enum class Deed : std::uint8_t { zero, clamp, scale, replace, mean, noise, hold, forget };  // hold: exp(dt A) = 1, forget: dt x B = 0
  struct Site {
    RuleSite at;
    Deed deed = Deed::zero;
    RuleManner manner = RuleManner::plain;
    std::int64_t first = 0, last = 0, seed = 0;
    float value = 0;
  };
  /// What a layer of the token at hand had before its state moved on.
  struct Before {
    std::vector<float> decay, h;
  };

  void add(const MannedRule& rule);
  void keep_before(int layer, std::int64_t token, Rows<float> decay);
  void act(const Site& site, std::int64_t token, std::span<float> values);
  void change(const Site& site, std::int64_t token, std::span<float> values) const;
  void fade(const Site& site, std::span<float> values) const;
  void stay(const Site& site, std::span<float> values) const;
  std::vector<Site>& sites(int layer) { return sites_[static_cast<std::size_t>(layer + 1)]; }

  const Model& model_;
  Probe* const inner_;
  std::vector<std::vector<Site>> sites_;  // by layer, the places outside the layers first
  std::vector<Before> before_;            // by layer
  std::vector<bool> needs_before_;
  std::int64_t first_ = 0;
  const State* state_ = nullptr;
};

}  // namespace lab
