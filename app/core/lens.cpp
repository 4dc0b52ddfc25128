#include "app/core/lens.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/core/divergence.h"
#include "app/core/layer_walk.h"
#include "app/core/sampler.h"

namespace lab {
namespace {

constexpr int kLayersAtOnce = 8;  // so that the logits take little memory and stopping is quick

LensRow row_of(std::int64_t layer, const NextTokens& says) {
  LensRow row{.layer = layer, .entropy_bits = says.entropy_bits, .came_probability = says.came_probability, .came_rank = says.came_rank};
  if (!says.best.empty()) row.best = says.best.front();
  return row;
}

/// The residual streams that left the layers from `first` on, [count, hidden], or the index of one that was dropped.
bool read_residuals(const Model& model, const TraceView& trace, std::int64_t token, int first, Rows<float> rows) {
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const int layer = first + static_cast<int>(i);
    const auto residual = trace.driver(layer, find_driver(model.info().layers[static_cast<std::size_t>(layer)], Point::resid_out), token);
    if (!residual) return false;
    std::ranges::copy(*residual, rows.row(i));
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<const LogitLens>> look_through_lens(const Model& model, const Snapshot& snapshot,
                                                           const std::vector<bool>& sampleable, Context<float>& context,
                                                           const std::function<bool()>& cancelled) {
  const std::int64_t token = snapshot.selection.cursor_a, hidden = model.info().hidden, vocabulary = model.info().vocabulary;
  const bool at_end = token + 1 == snapshot.count();
  auto lens = std::make_shared<LogitLens>();
  lens->token = token;
  lens->came = at_end ? -1 : snapshot.tokens[token + 1][0];
  std::vector<float> residuals(static_cast<std::size_t>(kLayersAtOnce * hidden)), logits(static_cast<std::size_t>(kLayersAtOnce * vocabulary));
  std::vector<double> final_logs;
  // From the last layer, which the others are compared with, to the first.
  for (int end = model.layers(); end > 0; end -= kLayersAtOnce) {
    if (cancelled && cancelled()) return std::shared_ptr<const LogitLens>();
    const int first = std::max(0, end - kLayersAtOnce);
    const Rows<float> streams{residuals.data(), end - first, hidden}, says{logits.data(), end - first, vocabulary};
    if (!read_residuals(model, *snapshot.trace, token, first, streams))
      return Error{.code = Code::out_of_range,
                   .field = "token",
                   .expected = std::to_string(snapshot.trace->use().looked_at_from) + " or later",
                   .found = std::to_string(token),
                   .message = "the residual streams of this token were dropped to stay within the memory budget"};
    model.read_out({streams.data, streams.count, hidden}, says, context);
    for (int layer = end - 1; layer >= first; --layer) {
      const std::span<const float> row = says[layer - first];
      const std::vector<double> logs = log_probabilities(row, sampleable);
      if (final_logs.empty()) final_logs = logs;
      lens->rows.push_back(row_of(layer, next_tokens(row, token + 1, lens->came, sampleable)));
      lens->rows.back().divergence_bits = static_cast<float>(divergence_nats(final_logs, logs) / std::numbers::ln2);
    }
  }
  std::ranges::reverse(lens->rows);
  return std::shared_ptr<const LogitLens>(lens);
}

}  // namespace lab
