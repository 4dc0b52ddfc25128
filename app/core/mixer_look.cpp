#include "app/core/mixer_look.h"

#include <algorithm>

#include "app/core/layer_walk.h"
#include "app/core/ruled_probe.h"
#include "app/core/state_plane.h"

namespace lab {
namespace {

/// What follows from the recorded values and the state, whatever the mixer was fed.
constexpr Point kFollowing[] = {Point::conv, Point::u, Point::x, Point::B, Point::C, Point::dt, Point::decay, Point::y, Point::wkv};

/// Replaces what was recorded and keeps what follows.
class MixerProbe final : public Probe {
 public:
  MixerProbe(int layers, int layer) : Probe(layers), layer_(layer) {
    for (const Point point : kFollowing) read(point, layer);
  }
  void give(Point point, std::vector<float> recorded) {
    patch(point, layer_);
    values[point] = std::move(recorded);
  }
  void visit(Point point, int, std::int64_t, Rows<float> rows) override {
    const auto shown = rows[0];
    if (patches(layer_) & bit(point)) std::ranges::copy(values[point], shown.begin());
    else values[point].assign(shown.begin(), shown.end());
  }

  std::map<Point, std::vector<float>> values;

 private:
  int layer_;
};

}  // namespace

Result<MixerFrame> look_at_mixer(const Model& model, const Snapshot& snapshot, State& scratch, Context<float>& context) {
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const std::int64_t token = snapshot.selection.cursor_a, hidden = model.info().hidden;
  const std::vector<Driver>& drivers = model.info().layers[static_cast<std::size_t>(layer)].drivers;
  MixerProbe probe(model.layers(), layer);
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    auto recorded = snapshot.trace->driver(layer, static_cast<int>(i), token);
    if (recorded) {
      probe.give(drivers[i].point, std::move(*recorded));
    } else if (drivers[i].replay) {
      return Error{.code = Code::out_of_range,
                   .field = "token",
                   .expected = std::to_string(snapshot.trace->use().replayable_from) + " or later",
                   .found = std::to_string(token),
                   .message = "what this token wrote was dropped to stay within the memory budget"};
    }
  }
  const Replayer replayer = [&](int of, std::span<const Rows<const float>> recorded, State& state) {
    model.replay(of, recorded, state, context);
  };
  LAB_TRY(snapshot.trace->restore(token, layer, scratch, replayer));
  MixerFrame frame{.layer = layer, .token = token};
  if (const StatePlane plane(*model.schema(), layer); !plane.is_cache()) {
    frame.before.resize(static_cast<std::size_t>(plane.elements()));
    plane.read_all(scratch, frame.before);
  }
  const std::vector<float> input(static_cast<std::size_t>(hidden));
  std::vector<float> output(input.size());
  // What was recorded is as interventions left it; those that were not recorded act once more.
  std::vector<MannedRule> unrecorded;
  if (const auto rules = interventions_at(*snapshot.edits, token))
    for (const Intervention& rule : *rules)
      if (holds_in(rule, token, token + 1) && goes_unrecorded(rule, model.info().layers, layer)) unrecorded.push_back({rule});
  RuledProbe ruled(model, unrecorded, &probe);
  ruled.begin(token, scratch);
  model.mix(layer, {input.data(), 1, hidden}, {output.data(), 1, hidden}, scratch, unrecorded.empty() ? static_cast<Probe*>(&probe) : &ruled, context);
  frame.values = std::move(probe.values);
  return frame;
}

}  // namespace lab
