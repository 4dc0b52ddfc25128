#include "app/core/remembrance.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "model/base/check.h"
#include "model/math/context.h"

namespace lab {
namespace {

/// [V] in double.
std::vector<double> next_token(const Model& model, std::span<const std::int32_t> tokens, Context<float>& context) {
  State state(model.schema());
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  Lane<float> lane{.tokens = tokens, .state = &state, .logits = {logits.data(), 1, model.info().vocabulary}};
  model.advance(std::span(&lane, 1), context);
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p(logits.size());
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v) sum += p[v] = std::exp(logits[v] - largest);
  for (double& x : p) x /= sum;
  return p;
}

/// What entered and left each mixer at one token.
class Mixers final : public Probe {
 public:
  explicit Mixers(int layers) : Probe(layers), in(static_cast<std::size_t>(layers)), out(in.size()) {
    for (int l = 0; l < layers; ++l) read(Point::norm1, l), read(Point::mixer_out, l);
  }
  void visit(Point point, int layer, std::int64_t, Rows<float> rows) override {
    (point == Point::norm1 ? in : out)[static_cast<std::size_t>(layer)].assign(rows.row(0), rows.row(0) + rows.width);
  }
  std::vector<std::vector<float>> in, out;  // [layers][d]
};

/// Tensors that are one memory: those that one point shows, or all rows of a cache.
struct Memory {
  std::vector<int> tensors;
  std::string name;
};

/// The memories of a layer's mixer; what its feed-forward keeps is not among them.
std::vector<Memory> memories(const LayerSchema& layer) {
  std::vector<Memory> memories;
  const auto are_one = [](const TensorSchema& a, const TensorSchema& b) {
    return (a.grows() && b.grows()) || a.point == b.point;
  };
  for (std::size_t i = 0; i < layer.tensors.size(); ++i) {
    const TensorSchema& tensor = layer.tensors[i];
    if (!tensor.grows() && tensor.point > Point::mixer_out) continue;
    if (memories.empty() || !are_one(layer.tensors[static_cast<std::size_t>(memories.back().tensors[0])], tensor))
      memories.emplace_back();
    Memory& memory = memories.back();
    memory.name += (memory.tensors.empty() ? "" : ", ") + tensor.name;
    memory.tensors.push_back(static_cast<int>(i));
  }
  return memories;
}

double difference(std::span<const float> a, std::span<const float> b) {
  double squares = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    of_b += static_cast<double>(b[i]) * b[i];
  }
  return of_b == 0 ? 0 : std::sqrt(squares / of_b);
}

/// How far the mixer's output is from `out` when the layer finds one of its memories as it is in a fresh state. Leaves
/// `state` as it was.
double blindness(const Model& model, int layer, const Memory& memory, std::vector<float>& in,
                 std::span<const float> out, State& state, Context<float>& context) {
  const StateContents<float> kept = state.contents(layer);
  const std::int64_t position = state.position;
  for (const int i : memory.tensors) {
    const TensorSchema& tensor =
        model.schema()->layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(i)];
    if (tensor.grows())
      state.cache(layer, i).truncate(0);
    else
      std::ranges::fill(state.stored(layer, i), tensor.neutral);
  }
  std::vector<float> without(in.size());
  const auto width = static_cast<std::int64_t>(in.size());
  model.mix(layer, {in.data(), 1, width}, {without.data(), 1, width}, state, nullptr, context);
  state.put(layer, kept);
  state.position = position;
  return difference(without, out);
}

}  // namespace

double effective_remembrance(const Model& model, std::span<const std::int32_t> tokens, std::int64_t kept,
                             Context<float>& context) {
  LAB_CHECK(kept, >=, 1);
  LAB_CHECK(kept, <=, static_cast<std::int64_t>(tokens.size()));
  const auto all = next_token(model, tokens, context),
             last = next_token(model, tokens.last(static_cast<std::size_t>(kept)), context);
  double distance = 0;
  for (std::size_t v = 0; v < all.size(); ++v) distance += std::abs(all[v] - last[v]);
  return distance / 2;
}

Remembrance measure_remembrance(const Model& model, std::span<const std::int32_t> tokens, std::int64_t judged,
                                Context<float>& context) {
  const auto count = static_cast<std::int64_t>(tokens.size());
  LAB_CHECK(judged, >=, 1);
  LAB_CHECK(judged, <, count);
  Remembrance out{.tokens = count, .beyond_last = effective_remembrance(model, tokens, 1, context)};
  std::vector<Memory> of_uses;
  for (int l = 0; l < model.layers(); ++l)
    for (Memory& memory : memories(model.schema()->layers()[static_cast<std::size_t>(l)])) {
      out.uses.push_back({.layer = l, .tensor = memory.name});
      of_uses.push_back(std::move(memory));
    }
  State state(model.schema());
  Lane<float> lane{
      .tokens = tokens.first(static_cast<std::size_t>(count - judged)), .state = &state, .wants = LogitRows::none};
  model.advance(std::span(&lane, 1), context);
  Mixers mixers(model.layers());
  for (std::int64_t t = count - judged; t < count; ++t) {
    State before = state;
    lane.tokens = tokens.subspan(static_cast<std::size_t>(t), 1);
    lane.probe = &mixers;
    model.advance(std::span(&lane, 1), context);
    for (std::size_t u = 0; u < out.uses.size(); ++u) {
      const auto l = static_cast<std::size_t>(out.uses[u].layer);
      out.uses[u].blindness +=
          blindness(model, out.uses[u].layer, of_uses[u], mixers.in[l], mixers.out[l], before, context) /
          static_cast<double>(judged);
    }
  }
  return out;
}

void judge(const Remembrance& r, std::int64_t token, const RemembranceOptions& options, std::vector<Finding>& found) {
  if (r.tokens < options.least) return;
  if (r.beyond_last < options.beyond_last)
    found.push_back(
        {.token = token,
         .value = r.beyond_last,
         .limit = options.beyond_last,
         .text = fmt::format("state not used: with the last token alone the next one is chosen as with all {} (total "
                             "variation {:.3g})",
                             r.tokens, r.beyond_last)});
  for (const MemoryUse& use : r.uses)
    if (use.blindness < options.blindness)
      found.push_back(
          {.token = token,
           .layer = use.layer,
           .value = use.blindness,
           .limit = options.blindness,
           .text = fmt::format("state not used: without {} layer {} gives the same ({:.2g} of its output differs)",
                               use.tensor, use.layer, use.blindness)});
}

}  // namespace lab
