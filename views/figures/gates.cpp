// What moves a state: gates and drivers of a layer, those of one channel, and what the model expected meanwhile.
#include <fmt/format.h>

#include "views/figures/curves.h"

namespace lab {
namespace {

template <CurveSet set>
Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  return make_curves(snapshot, derived, options, set);
}
template <CurveSet set>
std::string value(const FigureInput& input, int plot, double x, double) {
  return curve_value(input, set, plot, x);
}
template <CurveSet set>
std::string csv(const FigureInput& input) {
  return curve_csv(input, set);
}

std::string gates_subtitle(const Snapshot& snapshot, const Derived&) {
  return fmt::format("layer {} · means over channels", snapshot.selection.layer);
}
std::string drivers_subtitle(const Snapshot& snapshot, const Derived&) {
  return fmt::format("layer {} · Frobenius norms, means over channels", snapshot.selection.layer);
}
std::string channel_subtitle(const Snapshot& snapshot, const Derived& derived) {
  const std::string which = fmt::format("layer {} · {}", snapshot.selection.layer, channel_text(snapshot, snapshot.selection.channel));
  const std::int64_t stride = derived.channel ? derived.channel->stride : 1;
  return stride > 1 ? fmt::format("{} · one token in {}", which, stride) : which;
}
std::string expected_subtitle(const Snapshot&, const Derived& derived) {
  const std::int64_t stride = derived.expected ? derived.expected->stride : 1;
  return stride > 1 ? fmt::format("after each token · one token in {}", stride) : "after each token";
}

}  // namespace

const FigureCode kGates = {{"gates", "Gates", {}, 0.7, make<CurveSet::gates>}, gates_subtitle, value<CurveSet::gates>, csv<CurveSet::gates>,
    "How wide the gates of a layer stand at each token, as means over its channels: time step, decay, output gate. Of attention, the mean entropy of "
    "its heads and the range of q·k. Of more than 4,096 tokens a point is a block's mean, with the block's extremes behind it; where the history "
    "was thinned, a value stands for a block of tokens."};
const FigureCode kDrivers = {{"drivers", "Drivers", {}, 1, make<CurveSet::drivers>}, drivers_subtitle, value<CurveSet::drivers>, csv<CurveSet::drivers>,
    "What moves the state of a layer: its Frobenius norm, mean time step, mean decay, the norm of what each token writes, the mean output gate, and "
    "the innovation, which is the norm of the write over the norm of the state after it. Computed inside the step. Of more than 4,096 tokens a point is "
    "a block's mean, with the block's extremes behind it."};
const FigureCode kChannel = {{"channel", "Channel", {.slab = true, .channel = true}, 0.9, make<CurveSet::channel>}, channel_subtitle, value<CurveSet::channel>, csv<CurveSet::channel>,
    "The selected cell over the tokens and what moves its channel, from recorded values: time step, decay exp(ΔA), output gate. What a token wrote is the "
    "state less the decayed state before it, exact to the rounding of the state."};
const FigureCode kExpected = {{"expected", "Expected tokens", {.expected = true}, 0.9, make<CurveSet::expected>}, expected_subtitle, value<CurveSet::expected>, csv<CurveSet::expected>,
    "What the model expected after each token: the entropy of its distribution, the surprise and rank of the token that came, and probability and rank "
    "of the tokens that are watched. The head is applied to the recorded residual stream once more; probabilities are over the tokens that may be "
    "sampled, at temperature 1. Of more than 1,024 tokens, one in 2, 4, … is computed."};

}  // namespace lab
