#include "app/core/discretisation_look.h"

#include <algorithm>

#include "app/core/recurrence_reader.h"

namespace lab {
namespace {

/// Whether the state moves on as h <- exp(Delta A) h + Delta x B, and by nothing else.
bool is_selective_scan(const LayerInfo& layer) {
  return std::ranges::find(layer.points, Point::dt, &PointShape::point) != layer.points.end();
}

}  // namespace

Result<std::shared_ptr<const DiscretisationTable>> compare_discretisations(const Model& model, const Snapshot& snapshot, int layer, std::int64_t first,
                                                                           std::int64_t last, const StepBounds* bounds, State& scratch,
                                                                           Context<float>& context, const std::function<bool()>& cancelled) {
  const LayerInfo& info = model.info().layers[static_cast<std::size_t>(layer)];
  if (!is_selective_scan(info))
    return Error{.code = Code::unsupported,
                 .field = "layer",
                 .expected = "a layer with a selective scan (Mamba-1, Mamba-2)",
                 .found = "layer " + std::to_string(layer) + ", " + info.title,
                 .message = "its state is not stepped by a time step"};
  if (bounds && !(bounds->low >= 0 && bounds->high > bounds->low))
    return Error{.code = Code::out_of_range, .field = "clamp", .expected = "two numbers, 0 <= low < high", .found = std::to_string(bounds->low) + ", " + std::to_string(bounds->high),
                 .message = "no time step lies within these bounds"};
  first = unedited_from(snapshot, layer, std::max(first, snapshot.trace->use().replayable_from), last);
  if (first < 0 || first >= last || last > snapshot.trace->count())
    return Error{.code = Code::out_of_range, .field = "tokens", .expected = "some of the tokens of the run", .found = std::to_string(first) + " to " + std::to_string(last),
                 .message = "there are no tokens to step through"};
  RecurrenceReader reader(model, snapshot, layer, scratch, context);
  LAB_TRY(reader.restore(first));
  DiscretisationBench bench(last - first, bounds);
  for (const ChannelRange range : reader.ranges()) {
    if (cancelled && cancelled()) return std::shared_ptr<const DiscretisationTable>();
    LAB_ASSIGN(const Recurrence recurrence, reader.tokens(range, {}, first, last, first));
    bench.add(recurrence);
  }
  auto table = std::make_shared<DiscretisationTable>();
  *table = {layer, first, last, bench.finish()};
  return std::shared_ptr<const DiscretisationTable>(table);
}

}  // namespace lab
