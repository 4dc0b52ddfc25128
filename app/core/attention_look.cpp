#include "app/core/attention_look.h"

#include <algorithm>
#include <numbers>

#include "app/core/layer_walk.h"
#include "model/base/check.h"

namespace lab {
namespace {

constexpr Point kGiven[] = {Point::q_rot, Point::k_rot};

/// Replaces what a mixer makes of its input by what was recorded, and keeps what follows from it.
class AttentionProbe final : public Probe {
 public:
  AttentionProbe(int layers, int layer) : Probe(layers) {
    for (const Point point : kGiven) patch(point, layer);
    for (const Point point : {Point::scores, Point::probs, Point::attn_entropy, Point::attn_range}) read(point, layer);
  }

  std::vector<float> given[std::size(kGiven)];  // in the order of kGiven
  AttentionFrame seen;

  void visit(Point point, int, std::int64_t, Rows<float> rows) override {
    const auto values = rows[0];
    const auto* patched = std::ranges::find(kGiven, point);
    if (patched != std::end(kGiven)) {
      std::ranges::copy(given[patched - kGiven], values.begin());
    } else if (point == Point::scores) {
      seen.scores.assign(values.begin(), values.end());
    } else if (point == Point::probs) {
      seen.probabilities.assign(values.begin(), values.end());
    } else if (point == Point::attn_entropy) {
      for (const float nats : values) seen.entropy_bits.push_back(nats / std::numbers::ln2_v<float>);
    } else {
      for (std::size_t head = 0; 2 * head < values.size(); ++head)
        seen.low.push_back(values[2 * head]), seen.high.push_back(values[2 * head + 1]);
    }
  }
};

/// The rows at the end of a cache that tokens have added, one each, since the state was last given another content.
std::int64_t rows_of_tokens(const Snapshot& snapshot, std::int64_t layer, std::int64_t token, std::int64_t rows) {
  if (rows == token + 1) return rows;  // all of them, from the beginning
  std::int64_t since = 0;
  for (const EditEvent& edit : *snapshot.edits)
    if (!edit.trials && edit.position <= token && (edit.layer < 0 || edit.layer == layer)) since = std::max(since, edit.position);
  return std::min(rows, token + 1 - since);
}

}  // namespace

Result<AttentionFrame> look_at_attention(const Model& model, const Snapshot& snapshot, State& scratch, Context<float>& context) {
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const std::int64_t token = snapshot.selection.cursor_a, hidden = model.info().hidden;
  const LayerInfo& info = model.info().layers[static_cast<std::size_t>(layer)];
  AttentionProbe probe(model.layers(), layer);
  for (std::size_t i = 0; i < std::size(kGiven); ++i) {
    auto recorded = snapshot.trace->driver(layer, find_driver(info, kGiven[i]), token);
    if (!recorded)
      return Error{.code = Code::out_of_range,
                   .field = "token",
                   .expected = std::to_string(snapshot.trace->use().looked_at_from) + " or later",
                   .found = std::to_string(token),
                   .message = "what this token asked for was dropped to stay within the memory budget"};
    probe.given[i] = std::move(*recorded);
  }
  const Replayer replayer = [&](int of, std::span<const Rows<const float>> drivers, State& state) {
    model.replay(of, drivers, state, context);
  };
  LAB_TRY(snapshot.trace->restore(token, layer, scratch, replayer));
  const std::vector<float> input(static_cast<std::size_t>(hidden));
  std::vector<float> output(input.size());
  model.mix(layer, {input.data(), 1, hidden}, {output.data(), 1, hidden}, scratch, &probe, context);
  AttentionFrame seen = std::move(probe.seen);
  LAB_CHECK(seen.entropy_bits.empty(), ==, false);
  seen.layer = layer, seen.token = token;
  seen.heads = std::ssize(seen.entropy_bits);
  seen.rows = std::ssize(seen.scores) / seen.heads;
  seen.own_rows = rows_of_tokens(snapshot, layer, token, seen.rows);
  return seen;
}

}  // namespace lab
