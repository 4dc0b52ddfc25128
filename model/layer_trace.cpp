#include "model/layer_trace.h"

#include <algorithm>
#include <memory>
#include <string>

namespace lab {
namespace {

Error refusal(Code code, std::string field, std::string expected, std::string found) {
  return {.code = code, .field = std::move(field), .expected = std::move(expected), .found = std::move(found),
          .message = "this sequence cannot be traced"};
}

std::string lane_name(std::size_t lane) { return "lane " + std::to_string(lane); }

TracedValues values_of(std::vector<std::int64_t> shape) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  return {std::move(shape), std::vector<float>(static_cast<std::size_t>(elements))};
}

std::span<float> at(TracedValues& values, std::int64_t i, std::int64_t j) {
  const std::span<const float> part = values.at(i, j);
  return {const_cast<float*>(part.data()), part.size()};
}

// The state's tensors that a layer trace keeps, with the place of each in it: caches and shifts have none there.
template <class Body>
void for_each_state(const StateSchema& schema, int layer, LayerTrace& trace, Body body) {
  const auto& tensors = schema.layers()[static_cast<std::size_t>(layer)].tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].point == Point::conv_state || tensors[i].point == Point::h)
      body(static_cast<int>(i), tensors[i], tensors[i].point == Point::conv_state ? trace.conv_states : trace.ssm_states);
}

LayerTrace empty_layer(const Model& model, int layer, std::int64_t tokens, std::span<const State> states) {
  const auto lanes = static_cast<std::int64_t>(states.size());
  LayerTrace trace{.outputs = values_of({tokens, lanes, model.info().hidden})};
  for_each_state(*model.schema(), layer, trace, [&](int tensor, const TensorSchema& schema, TracedValues& values) {
    std::vector<std::int64_t> shape = {tokens + 1, lanes};
    shape.insert(shape.end(), schema.shape.begin(), schema.shape.end());
    values = values_of(std::move(shape));
    for (std::int64_t lane = 0; lane < lanes; ++lane) states[static_cast<std::size_t>(lane)].get(layer, tensor, at(values, 0, lane));
  });
  return trace;
}

// Puts what one lane shows into its places.
class LaneProbe final : public Probe {
 public:
  LaneProbe(int layers, std::int64_t lane) : Probe(layers), lane_(lane), places_(static_cast<std::size_t>(layers) + 1) {}

  // Rows of `point` go to `values`, the first token's to index `first`.
  void keep(Point point, int layer, TracedValues& values, std::int64_t first = 0) {
    read(point, layer);
    places_[static_cast<std::size_t>(layer + 1)].push_back({point, &values, first});
  }
  void keep_layer(const StateSchema& schema, int layer, LayerTrace& trace) {
    for_each_state(schema, layer, trace,
                   [&](int, const TensorSchema& tensor, TracedValues& values) { keep(tensor.point, layer, values, 1); });
  }

  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    for (const Place& place : places_[static_cast<std::size_t>(layer + 1)])
      if (place.point == point)
        for (std::int64_t t = 0; t < rows.count; ++t)
          std::copy_n(rows.row(t), rows.width, at(*place.values, place.first + token + t, lane_).begin());
  }

 private:
  struct Place {
    Point point;
    TracedValues* values;
    std::int64_t first;
  };
  std::int64_t lane_;
  std::vector<std::vector<Place>> places_;
};

// Copies of the start states, or neutral ones, so that the caller's stay as they are.
Result<std::vector<State>> own_states(const Model& model, std::size_t lanes, std::span<const State> start) {
  if (start.empty()) return std::vector<State>(lanes, State(model.schema()));
  if (start.size() != lanes)
    return refusal(Code::mismatch, "start", "a state for each of " + std::to_string(lanes) + " lanes", std::to_string(start.size()));
  for (std::size_t lane = 0; lane < lanes; ++lane)
    if (!start[lane] || start[lane].schema_ptr() != model.schema())
      return refusal(Code::mismatch, "start of " + lane_name(lane), "a state of this model", "a state of another one");
  return std::vector<State>(start.begin(), start.end());
}

// The length that all lanes share, in tokens of `width` values.
template <class T>
Result<std::int64_t> common_length(std::span<const std::vector<T>> lanes, std::int64_t width) {
  if (lanes.empty()) return refusal(Code::bad_argument, "lanes", "at least one", "none");
  const auto size = static_cast<std::int64_t>(lanes[0].size());
  if (size % width != 0)
    return refusal(Code::mismatch, lane_name(0), "rows of " + std::to_string(width) + " values", std::to_string(size) + " values");
  for (std::size_t lane = 1; lane < lanes.size(); ++lane)
    if (lanes[lane].size() != lanes[0].size())
      return refusal(Code::mismatch, lane_name(lane), "as long as lane 0: " + std::to_string(size),
                     std::to_string(lanes[lane].size()));
  return size / width;
}

ModelTrace empty_model(const Model& model, std::int64_t tokens, std::span<const State> states) {
  const std::vector<std::int64_t> shape = {tokens, static_cast<std::int64_t>(states.size()), model.info().hidden};
  ModelTrace trace{.embeddings = values_of(shape), .final_norm = values_of(shape),
                   .logits = values_of({shape[0], shape[1], model.info().vocabulary})};
  for (int layer = 0; layer < model.layers(); ++layer) {
    trace.layers.push_back(empty_layer(model, layer, tokens, states));
    trace.norm1.push_back(values_of(shape));
    trace.resid_out.push_back(values_of(shape));
  }
  return trace;
}

void watch(const Model& model, ModelTrace& trace, LaneProbe& probe) {
  probe.keep(Point::emb, -1, trace.embeddings);
  probe.keep(Point::final_norm, -1, trace.final_norm);
  probe.keep(Point::logits, -1, trace.logits);
  for (int layer = 0; layer < model.layers(); ++layer) {
    const auto i = static_cast<std::size_t>(layer);
    probe.keep(Point::norm1, layer, trace.norm1[i]);
    probe.keep_layer(*model.schema(), layer, trace.layers[i]);
    probe.keep(Point::mixer_out, layer, trace.layers[i].outputs);
    probe.keep(Point::resid_out, layer, trace.resid_out[i]);
  }
}

Result<ModelTrace> run(const Model& model, std::span<Lane<float>> lanes, std::int64_t tokens, std::span<const State> start,
                       Context<float>& context) {
  LAB_ASSIGN(std::vector<State> states, own_states(model, lanes.size(), start));
  ModelTrace trace = empty_model(model, tokens, states);
  std::vector<std::unique_ptr<LaneProbe>> probes;
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    probes.push_back(std::make_unique<LaneProbe>(model.layers(), static_cast<std::int64_t>(lane)));
    watch(model, trace, *probes.back());
    lanes[lane].state = &states[lane];
    lanes[lane].probe = probes.back().get();
    lanes[lane].wants = LogitRows::none;
  }
  if (!model.advance(lanes, context)) return Error{.code = Code::cancelled, .message = "the trace was stopped"};
  return trace;
}

}  // namespace

std::span<const float> TracedValues::at(std::int64_t i, std::int64_t j) const {
  const std::size_t size = values.size() / static_cast<std::size_t>(shape[0] * shape[1]);
  return std::span(values).subspan(static_cast<std::size_t>(i * shape[1] + j) * size, size);
}

Result<LayerTrace> trace_layer(const Model& model, int layer, std::span<const std::vector<float>> inputs,
                               std::span<const State> start, Context<float>& context) {
  if (layer < 0 || layer >= model.layers())
    return refusal(Code::out_of_range, "layer", "0 to " + std::to_string(model.layers() - 1), std::to_string(layer));
  const std::int64_t hidden = model.info().hidden;
  LAB_ASSIGN(const std::int64_t tokens, common_length(inputs, hidden));
  LAB_ASSIGN(std::vector<State> states, own_states(model, inputs.size(), start));
  LayerTrace trace = empty_layer(model, layer, tokens, states);
  std::vector<float> outputs(static_cast<std::size_t>(tokens * hidden));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto lane = static_cast<std::int64_t>(i);
    LaneProbe probe(model.layers(), lane);
    probe.keep_layer(*model.schema(), layer, trace);
    model.mix(layer, {inputs[i].data(), tokens, hidden}, {outputs.data(), tokens, hidden}, states[i], &probe, context);
    for (std::int64_t t = 0; t < tokens; ++t)
      std::copy_n(outputs.begin() + t * hidden, hidden, at(trace.outputs, t, lane).begin());
  }
  return trace;
}

Result<ModelTrace> trace_model(const Model& model, std::span<const std::vector<std::int32_t>> tokens, std::span<const State> start,
                               Context<float>& context) {
  LAB_ASSIGN(const std::int64_t length, common_length(tokens, 1));
  std::vector<Lane<float>> lanes(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (const std::int32_t id : tokens[i])
      if (id < 0 || id >= model.info().vocabulary)
        return refusal(Code::out_of_range, lane_name(i), "ids from 0 to " + std::to_string(model.info().vocabulary - 1), std::to_string(id));
    lanes[i].tokens = tokens[i];
  }
  return run(model, lanes, length, start, context);
}

Result<ModelTrace> trace_model(const Model& model, std::span<const std::vector<float>> vectors, std::span<const State> start,
                               Context<float>& context) {
  LAB_ASSIGN(const std::int64_t length, common_length(vectors, model.info().hidden));
  std::vector<Lane<float>> lanes(vectors.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) lanes[i].vectors = {vectors[i].data(), length, model.info().hidden};
  return run(model, lanes, length, start, context);
}

}  // namespace lab
