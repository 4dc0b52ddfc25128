#pragma once
// Whether a selective state forgets too fast, or never. Source: analysis.md 3.6; the failure mode is document 2's
// "Mamba over-selectivity".
#include <array>
#include <vector>

#include "tracer/detect/detector.h"
#include "tracer/detect/window_sums.h"

namespace lab {

/// What a layer shows on a text that is as it should be.
struct UsualSelectivity {
  double memory = 0;                    // tokens, geometric mean over the windows
  double least = 0, most = 0;           // memory of any window
  double short_energy = 0, resets = 0;  // the largest of any window
};

struct SelectivityOptions {
  std::vector<UsualSelectivity> usual;  // [layers], from OverSelectivity::usual; empty: not calibrated
  double memory = 1.0 / 3;  // of the usual memory: less than that and than ever before, for 64 tokens, "forgets fast";
                            // more than its inverse and than ever before "never forgets"
  double short_life = 2;    // tokens: a half-life that keeps nothing
  double short_energy = 0.2;   // of the state's energy with such half-lives, beyond the usual, for 64 tokens
  double reset = 0.9;          // of the state lost at a token
  double reset_tokens = 0.05;  // share of such tokens in the window, beyond the usual
  std::vector<std::int32_t>
      boundaries;  // tokens at which a state may be reset; a window with one of them is not judged for it
  double step_low = 0.001, step_high = 0.1;  // limits of the time step; the defaults are document 2's
  double clamped = 0.5;                      // share of (token, channel) at the upper limit
  bool is_clamped = false;  // whether the model declares the limits; if not, their shares are measured but not judged
};

/// What is measured of a layer over 128 tokens. A channel is what shares a rate: a head of Mamba-2, a cell of Mamba-1.
struct Selectivity {
  double memory = 0;               // exp(sum_c E_c ln half_life_c), tokens; E_c: share of the energy ||h||^2
  double short_energy = 0;         // share of energy whose half-life is below SelectivityOptions::short_life
  double resets = 0;               // share of tokens that lose more than SelectivityOptions::reset of the state
  double at_low = 0, at_high = 0;  // shares of (token, channel) with the time step at a limit
};

/// "Over-selectivity", in both directions. Half-lives are ln 2 / (mean dt |A|) over the last 128 tokens, looked at every 16;
/// what a token keeps is <exp(dt A) h, h> / ||h||^2 of the state it found. Layers without rates are left out.
///
/// Without calibration only resets and clamped steps are judged. The source has a fixed limit for short half-lives too, 20 %
/// of the energy; healthy built-in models go far beyond it (topics layer 0: 84 %, prose layer 0: 64 %). So it counts from
/// what is usual, as resets do, and a memory is not called short or long that was seen on the reference text.
class OverSelectivity final : public Detector {
 public:
  static constexpr std::int64_t kWindow = 128, kBlock = 16;

  /// `rates`: of each layer [di, N] or [H] as Model::rates gives them, empty where a layer has none.
  explicit OverSelectivity(std::vector<std::vector<float>> rates, SelectivityOptions options = {});
  Needs needs() const override { return {.states = true, .steps = true}; }
  void see(const Sample& sample, std::vector<Finding>& found) override;
  /// Share of tokens in the last window that lose most of the state.
  float measured(int layer) const override;
  std::unique_ptr<Detector> clone() const override { return std::make_unique<OverSelectivity>(*this); }

  /// The last window of a layer; NaN everywhere while there is none.
  const Selectivity& of(int layer) const { return layers_[static_cast<std::size_t>(layer)].last; }
  /// Over all windows so far: what SelectivityOptions::usual takes. [layers]
  std::vector<UsualSelectivity> usual() const;

 private:
  enum Cause : std::uint8_t { forgets, keeps, short_lived, resets, clamped, kCauses };
  struct Layer {
    WindowSums sums;             // of dt [di or H] and, behind them, tokens that reset and steps at either limit
    std::vector<double> energy;  // [channels] of the state that the next token finds
    Selectivity last;
    double log_memory = 0, windows = 0;
    UsualSelectivity usual;                 // extremes so far; the mean is made when somebody asks
    std::array<std::int64_t, 3> lasting{};  // windows in a row that forget, keep, are short-lived
    std::array<std::int64_t, kCauses> last_found{-1, -1, -1, -1, -1};
  };

  void add(std::size_t layer, const LayerSample& sample);
  void measure(std::size_t layer);
  void judge(std::size_t layer, std::int64_t token, std::vector<Finding>& found);

  std::vector<std::vector<float>> rates_;
  SelectivityOptions options_;
  std::vector<Layer> layers_;
  WindowSums boundaries_{1, kWindow / kBlock};
  std::int64_t seen_ = 0;
};

}  // namespace lab
