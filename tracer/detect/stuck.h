#pragma once
// A model that says the same thing whatever it reads, and where in it the tokens stop making a difference.
// Source: analysis.md 3.5; the case is document 4, where one token won at every position.
#include <algorithm>
#include <optional>
#include <vector>

#include "tracer/detect/detector.h"
#include "tracer/detect/window_sums.h"

namespace lab {

/// Both detectors look at the last 64 positions and look again every 16. Between two looks they keep sums over each sixteen
/// positions, (V + layers d) doubles four times, and not the 64 rows themselves.
constexpr std::int64_t kStuckWindow = 64, kStuckBlock = 16;

struct StuckOptions {
  int distinct = 16;         // different tokens that a window must hold before it is judged
  double information = 0.1;  // PIr below this: the context says nothing about the next token
  double stuck_share = 0.5;  // of the positions for which one token is the first choice: above this "stuck",
  double flat_share = 0.2;   // below this "flat"
  double varying = 0.1;      // of what varied before a layer: below this the layer is where the tokens get lost
};

/// The tokens of a window.
class WindowTokens {
 public:
  void add(std::int32_t id) {
    if (full()) ids_.erase(ids_.begin());
    ids_.push_back(id);
  }
  bool full() const { return ids_.size() == kStuckWindow; }
  /// How many different ones there are; positions that read a vector (id -1) count for nothing.
  int distinct() const;
  /// How often the commonest stands there, in [0, 1], and the longest run of one; -1 is like nothing, not even itself.
  double share() const;
  int run() const;
  /// 1 - sum f^2 over the shares f of the tokens: `varying` of one-hot vectors. NaN where a vector was read.
  double varying() const;
  std::int32_t commonest() const;

 private:
  std::vector<std::int32_t> sorted() const;
  std::vector<std::int32_t> ids_;
};

/// How much the residual stream differs between the positions of a window: tr Cov(x) / mean ||x||^2, in [0, 1], for what
/// entered the first layer and for what left each; 0 is the same vector everywhere.
class ResidualVariation {
 public:
  void add(const Sample& sample);
  void next();
  /// Over what the blocks hold now, of `positions` positions: [1 + layers], the embedding first (NaN where it was not given).
  std::vector<double> measure(std::int64_t positions) const;

 private:
  std::vector<WindowSums> sums_;  // of x and, behind it, ||x||^2: [d + 1]
};

/// Where the variation is lost: the first place that lets through less than `fraction` of what varied before it.
struct VariationLoss {
  int layer = -1;  // -1: the embedding
  double before = 0, after = 0;
};
/// `tokens` is the variation of the tokens themselves, which stands before the embedding; variation as measured above.
std::optional<VariationLoss> first_loss(double tokens, const std::vector<double>& variation, double fraction);

/// "Hidden states do not vary": names the first layer whose residual stream varies less than a tenth of what came in.
class NonVaryingStates final : public Detector {
 public:
  explicit NonVaryingStates(const StuckOptions& options = {}) : options_(options) {}
  Needs needs() const override { return {.residuals = true}; }
  void see(const Sample& sample, std::vector<Finding>& found) override;
  /// What a layer (-1: the embedding) lets through: its variation over that of what came before.
  float measured(int layer) const override;
  std::unique_ptr<Detector> clone() const override { return std::make_unique<NonVaryingStates>(*this); }

  const std::optional<VariationLoss>& loss() const { return loss_; }
  /// [1 + layers] of the last window, the embedding first.
  const std::vector<double>& variation() const { return variation_; }

 private:
  StuckOptions options_;
  WindowTokens tokens_;
  ResidualVariation residuals_;
  std::int64_t seen_ = 0, last_loss_ = -1;
  double tokens_vary_ = 0;
  std::vector<double> variation_;
  std::optional<VariationLoss> loss_;
};

/// The smallest period p <= 64 with which the tokens (at most the last 192) end in three repetitions and in `least` tokens of
/// them; 0 where there is none. By the Z-function of the reversed tokens.
std::int64_t loop_period(std::span<const std::int32_t> tokens, std::int64_t least);

/// What the logits of a window say. Entropies in nats.
struct TokenWindow {
  double mean_entropy = 0;     // mean_t H(p_t)
  double entropy_of_mean = 0;  // H(mean_t p_t)
  double share = 0;            // positions whose first choice is the commonest first choice
  int run = 0;                 // longest run of one first choice
  std::int32_t commonest = -1;
  /// What the context says about the next token (PI), and as a share of all that could be said (PIr, in [0, 1]).
  /// Rounding may leave a difference below 0; NaN stays NaN.
  double information() const { return std::max(entropy_of_mean - mean_entropy, 0.0); }
  double relative_information() const { return entropy_of_mean == 0 ? 0 : information() / entropy_of_mean; }
};

enum class StuckVerdict : std::uint8_t { none, stuck, flat, greedy_loop };

/// "Stuck token". Stuck: the same first choice whatever is read. Flat: nothing is preferred, as from a head that is not
/// trained or destroyed. Greedy loop: at least 32 tokens, each the first choice of the position before, that repeat.
class StuckTokens final : public Detector {
 public:
  /// Three equal letters are a repetition in any text, so a loop must have lasted for half a window.
  static constexpr std::int64_t kLeastLoop = 32;

  explicit StuckTokens(const StuckOptions& options = {}) : options_(options), states_(options) {}
  Needs needs() const override { return {.residuals = true, .logits = true}; }
  void see(const Sample& sample, std::vector<Finding>& found) override;
  /// PIr of the last window.
  float measured(int layer) const override;
  std::unique_ptr<Detector> clone() const override { return std::make_unique<StuckTokens>(*this); }

  StuckVerdict verdict() const { return verdict_; }
  const std::optional<TokenWindow>& window() const { return window_; }

 private:
  void add(std::span<const float> logits);
  void judge_window(std::int64_t token, std::vector<Finding>& found);
  void judge_loop(std::int64_t token, std::vector<Finding>& found);
  void restart();

  StuckOptions options_;
  NonVaryingStates states_;
  WindowTokens inputs_, choices_;
  WindowSums sums_;  // of p [V] and, behind it, H(p)
  std::int64_t seen_ = 0, last_verdict_ = -1, last_loop_ = -1;
  std::int32_t choice_ = -1;            // of the position before
  std::vector<std::int32_t> repeated_;  // the tokens that were that choice, up to now without a gap; at most 192
  std::optional<TokenWindow> window_;
  StuckVerdict verdict_ = StuckVerdict::none, said_ = StuckVerdict::none;
};

}  // namespace lab
