#include "app/core/run_strips.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "app/core/state_plane.h"

namespace lab {
namespace {

const RunFacts* find_run(std::span<const RunFacts> runs, std::int64_t id) {
  const auto found = std::ranges::find(runs, id, &RunFacts::id);
  return found == runs.end() ? nullptr : &*found;
}

/// A run and those it comes from, each with the position up to which it is the past of the run.
std::vector<std::pair<std::int64_t, std::int64_t>> ancestry(std::span<const RunFacts> runs, std::int64_t id) {
  std::vector<std::pair<std::int64_t, std::int64_t>> line;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  for (const RunFacts* run = find_run(runs, id); run && line.size() <= runs.size(); run = find_run(runs, run->parent)) {
    line.emplace_back(run->id, until);
    until = std::min(until, run->forked_at);
  }
  return line;
}

Replayer replayer_of(const Model& model, Context<float>& context) {
  return [&model, &context](int layer, std::span<const Rows<const float>> drivers, State& state) { model.replay(layer, drivers, state, context); };
}

/// Calls visit(column, what the layer holds) for the tokens first, first + stride, ...
Status walk(const TraceView& trace, const StatePlane& plane, int layer, const RunStrip& strip, State& state, const Replayer& replay,
            const std::function<bool(std::int64_t column, std::span<const float> values)>& visit) {
  std::vector<float> values(static_cast<std::size_t>(plane.elements()));
  return trace.walk(strip.first, strip.last, layer, state, replay, [&](std::int64_t token) {
    if ((token - strip.first) % strip.stride != 0) return true;
    plane.read_all(state, values);
    return visit((token - strip.first) / strip.stride, values);
  });
}

/// One layer of a strip. False when cancelled.
Result<bool> compare_layer(const Model& model, const RunFacts& a, const RunFacts& b, int layer, RunStrip& strip, State& state,
                           Context<float>& context, const std::function<bool()>& cancelled) {
  const StatePlane plane(*model.schema(), layer);
  const Replayer replay = replayer_of(model, context);
  const auto size = static_cast<std::size_t>(plane.elements());
  std::vector<float> first(static_cast<std::size_t>(strip.columns()) * size);
  bool stopped = false;
  const auto goes_on = [&] { return !(stopped = cancelled && cancelled()); };
  LAB_TRY(walk(*a.trace, plane, layer, strip, state, replay, [&](std::int64_t column, std::span<const float> values) {
    std::ranges::copy(values, first.begin() + column * static_cast<std::ptrdiff_t>(size));
    return goes_on();
  }));
  if (stopped) return false;
  LAB_TRY(walk(*b.trace, plane, layer, strip, state, replay, [&](std::int64_t column, std::span<const float> values) {
    const float* other = first.data() + static_cast<std::size_t>(column) * size;
    double apart = 0, norm = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double difference = static_cast<double>(values[i]) - static_cast<double>(other[i]);
      apart += difference * difference, norm += static_cast<double>(other[i]) * static_cast<double>(other[i]);
    }
    const double relative = apart == 0 ? 0 : std::sqrt(apart / norm);
    strip.difference[static_cast<std::size_t>(column * strip.layers + layer)] = static_cast<float>(relative);
    return goes_on();
  }));
  return !stopped;
}

}  // namespace

std::int64_t parting_of(std::span<const RunFacts> runs, std::int64_t a, std::int64_t b) {
  const auto first = ancestry(runs, a), second = ancestry(runs, b);
  for (const auto& [id, until] : first)
    for (const auto& [other, other_until] : second)
      if (id == other) {
        const std::int64_t parting = std::min(until, other_until);
        const RunFacts* shorter = find_run(runs, id);
        return parting == std::numeric_limits<std::int64_t>::max() ? shorter->tokens.count() : parting;
      }
  return 0;
}

Result<std::shared_ptr<const RunDifferences>> RunStripMaker::make(const Model& model, const Snapshot& snapshot, Context<float>& context,
                                                                  const std::function<bool()>& cancelled) {
  auto all = std::make_shared<RunDifferences>();
  if (snapshot.runs.empty()) return std::shared_ptr<const RunDifferences>(all);
  const RunFacts& a = snapshot.runs.front();
  std::vector<Made> made;
  for (const RunFacts& b : std::span(snapshot.runs).subspan(1)) {
    const Made wanted{a.run, b.run, a.trace->revision(), b.trace->revision(), a.tokens.count(), b.tokens.count(), {}};
    const auto is_same = [&](const Made& each) {
      return std::tie(each.a, each.b, each.revision_a, each.revision_b, each.count_a, each.count_b) ==
             std::tie(wanted.a, wanted.b, wanted.revision_a, wanted.revision_b, wanted.count_a, wanted.count_b);
    };
    if (const auto known = std::ranges::find_if(made_, is_same); known != made_.end()) {
      known->strip.run = b.id;
      made.push_back(*known);
      continue;
    }
    Made next = wanted;
    RunStrip& strip = next.strip;
    strip.run = b.id, strip.layers = model.layers();
    strip.last = std::min(wanted.count_a, wanted.count_b);
    strip.first = std::max({parting_of(snapshot.runs, a.id, b.id), strip.last - kMostCompared, a.trace->use().replayable_from, b.trace->use().replayable_from});
    strip.first = std::min(strip.first, strip.last);
    strip.stride = std::max<std::int64_t>(1, (strip.last - strip.first + kMostColumns - 1) / kMostColumns);
    const std::int64_t columns = (strip.last - strip.first + strip.stride - 1) / strip.stride;
    strip.difference.assign(static_cast<std::size_t>(columns * strip.layers), std::numeric_limits<float>::quiet_NaN());
    State state(model.schema());
    for (int layer = 0; layer < model.layers() && columns > 0; ++layer) {
      LAB_ASSIGN(const bool is_whole, compare_layer(model, a, b, layer, strip, state, context, cancelled));
      if (!is_whole) return std::shared_ptr<const RunDifferences>();
    }
    made.push_back(std::move(next));
  }
  made_ = std::move(made);
  for (const Made& each : made_) all->strips.push_back(each.strip);
  return std::shared_ptr<const RunDifferences>(all);
}

}  // namespace lab
