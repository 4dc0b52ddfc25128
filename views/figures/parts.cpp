#include "views/figures/parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "views/plot/layout.h"

namespace lab {

TokenRange shown_tokens(const Snapshot& snapshot) {
  const Selection& s = snapshot.selection;
  if (s.first == 0 && s.last == 0) return {0, snapshot.count()};
  return {std::max<std::int64_t>(0, s.first), std::max(s.first + 1, s.last)};
}

Axis time_axis(const Snapshot& snapshot, const FigureOptions& options) {
  const TokenRange range = shown_tokens(snapshot);
  return {.label = options.tokens_label,
          .low = static_cast<double>(range.first) - 0.5,
          .high = static_cast<double>(std::max(range.last, range.first + 1)) - 0.5,
          .whole_numbers = true};
}

bool has_token(const Snapshot& snapshot, std::int64_t token) { return token >= 0 && token < snapshot.count(); }

std::string token_text(const Snapshot& snapshot, std::int64_t token) {
  if (!has_token(snapshot, token)) return "";
  if (snapshot.has_vectors || !snapshot.model) return "vector";
  return snapshot.model->piece(snapshot.tokens[token][0]);
}

std::string csv_text(float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

std::string exact_text(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+∞" : "−∞";
  const std::string digits = csv_text(std::abs(value));
  std::string text = std::signbit(value) ? "−" : "+";
  for (const char c : digits) text += c == '-' ? std::string("−") : std::string(1, c);
  return text;
}

std::string csv_quoted(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string percent_text(double share) {
  return std::isfinite(share) ? number_text(100 * share, share < 0.1 ? 2 : 3) + " %" : "no variance";
}

std::string nan_note(std::int64_t count) { return count == 0 ? "" : fmt::format(" · {} NaN or ∞", count); }

const LayerInfo* selected_layer(const Snapshot& snapshot) {
  const auto layer = static_cast<std::size_t>(snapshot.selection.layer);
  return snapshot.model && layer < snapshot.model->layers.size() ? &snapshot.model->layers[layer] : nullptr;
}

namespace {

/// Channels of a head where the selected layer has heads, 0 otherwise.
std::int64_t head_width(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  return layer && layer->heads > 0 ? layer->head_dim : 0;
}

/// The named part that a head belongs to, "" without parts, and its number there.
std::pair<std::string, std::int64_t> part_and_head(const LayerInfo& layer, std::int64_t head) {
  if (layer.parts.empty()) return {"", head};
  const std::int64_t heads = layer.heads / static_cast<std::int64_t>(layer.parts.size());
  return {layer.parts[static_cast<std::size_t>(head / heads)], head % heads};
}

}  // namespace

std::string channel_text(const Snapshot& snapshot, std::int64_t row) {
  const std::int64_t width = head_width(snapshot);
  if (width == 0) return fmt::format("channel {}", row);
  const auto [part, head] = part_and_head(*selected_layer(snapshot), row / width);
  return fmt::format("{}{}head {}, p {}", part, part.empty() ? "" : " ", head, row % width);
}

std::vector<std::string> axis_names(const Snapshot& snapshot, std::size_t rank) {
  const LayerInfo* layer = selected_layer(snapshot);
  if (layer && layer->has_cache()) return {"head", "channel", "token"};
  if (rank == 3) return {"head", "p", "n"};
  return {"channel", layer && !layer->columns.empty() ? fmt::format("{}", fmt::join(layer->columns, ", ")) : "n"};
}

std::int64_t selected_cell(const Snapshot& snapshot, const std::vector<std::int64_t>& shape) {
  const std::int64_t states = shape.empty() ? 1 : shape.back();
  return snapshot.selection.channel * states + std::clamp<std::int64_t>(snapshot.selection.state, 0, states - 1);
}

std::vector<std::int64_t> selected_index(const Snapshot& snapshot, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index(shape.size());
  std::int64_t cell = selected_cell(snapshot, shape);
  for (std::size_t i = shape.size(); i-- > 0; cell /= shape[i]) index[i] = cell % std::max<std::int64_t>(1, shape[i]);
  return index;
}

std::pair<std::int64_t, std::int64_t> window_of(std::int64_t first, std::int64_t count, std::int64_t all) {
  if (count <= 0 || count >= all) return {0, all};
  return {std::clamp<std::int64_t>(first, 0, all - count), count};
}

std::string slice_text(const Snapshot& snapshot, const StateSlab& slab, bool is_long) {
  const LayerInfo* layer = selected_layer(snapshot);
  const std::string parts = layer && !layer->parts.empty() ? fmt::format("{}", fmt::join(layer->parts, ", ")) : "";
  if (slab.axis < 0) {
    if (!parts.empty()) return parts + "[channel]";
    if (layer && !layer->columns.empty()) return fmt::format("{}[channel]", layer->columns[static_cast<std::size_t>(slab.state) % layer->columns.size()]);
    return fmt::format(fmt::runtime(is_long ? "h[channel, n = {}]" : "h[channel, {}]"), slab.state);
  }
  const std::vector<std::string> names = axis_names(snapshot, slab.shape.size());
  const std::vector<std::int64_t> index = selected_index(snapshot, slab.shape);
  const bool in_columns = layer && !layer->columns.empty();
  if (in_columns && slab.axis == 1) return fmt::format("{} of channel {}", names[1], index[0]);
  std::string text;
  for (std::size_t i = 0; i < slab.shape.size() && !(i > 0 && i + 1 == slab.shape.size() && !parts.empty()); ++i) {
    const bool is_fixed = static_cast<std::int64_t>(i) != slab.axis;
    text += (text.empty() ? "" : ", ") + (!is_fixed ? names[i] : is_long ? fmt::format("{} = {}", names[i], index[i]) : std::to_string(index[i]));
  }
  return fmt::format("{}[{}]", parts.empty() ? "h" : parts, text);
}

std::string cell_text(const Snapshot& snapshot, std::int64_t row, std::int64_t state) {
  const std::int64_t width = head_width(snapshot);
  const LayerInfo* layer = selected_layer(snapshot);
  if (layer && !layer->columns.empty()) return fmt::format("{}[{}]", layer->columns[static_cast<std::size_t>(state) % layer->columns.size()], row);
  if (width == 0) return fmt::format("h[{}, {}]", row, state);
  const auto [part, head] = part_and_head(*layer, row / width);
  return part.empty() ? fmt::format("h[{}, {}, {}]", head, row % width, state) : fmt::format("{}[{}, {}]", part, head, row % width);
}

std::vector<std::pair<double, std::string>> half_life_marks(const std::vector<std::int32_t>& by_half_life, const std::vector<float>& half_life, double first,
                                                            double rows) {
  std::vector<std::pair<double, std::string>> marks;
  double last = -1e9;
  for (const double tokens : {10000.0, 3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1}) {
    const auto faster = std::partition_point(by_half_life.begin(), by_half_life.end(), [&](std::int32_t row) {
      return half_life[static_cast<std::size_t>(row)] >= tokens;
    });
    const double at = static_cast<double>(faster - by_half_life.begin());
    if (at <= first || at >= first + rows || at - last < rows / 20) continue;
    marks.emplace_back(at, number_text(tokens));
    last = at;
  }
  return marks;
}

Error not_there(const Snapshot& snapshot, const Derived& derived, const char* what, std::int64_t tokens_needed) {
  Error error;
  error.code = Code::missing;
  error.field = what;
  error.expected = fmt::format("{} tokens or more", tokens_needed);
  error.found = fmt::format("{}", snapshot.count());
  if (!snapshot.model) {
    error.message = "No model is open.";
    error.next = "Open one, or drop a model folder here.";
  } else if (snapshot.count() < tokens_needed) {
    error.message =
        tokens_needed == 1 ? "No tokens have been read." : fmt::format("Needs {} tokens or more.", tokens_needed);
    error.next = "Feed a prompt, or step the model.";
  } else if (!derived.refusal.empty()) {
    error.code = Code::out_of_range;
    error.expected = "a part of the history that is still there";
    error.message = derived.refusal;
    error.next = "Move the cursor to a later token.";
  } else {
    error.message = "Being computed.";
    error.next = "It is shown here as soon as it is there.";
  }
  return error;
}

ColorScale scale_for(const FigureOptions& options, const std::vector<float>& values) {
  if (options.scaling == Scaling::sign && !options.z_score) return {.map = options.map, .scaling = Scaling::sign, .low = -1, .high = 1};
  ColorScale scale =
      options.locked && options.high > options.low
          ? ColorScale{.map = options.map, .scaling = options.scaling, .low = options.low, .high = options.high}
          : fitted_scale(options.map, options.scaling, values.data(), values.size(), true);
  // One decade on each side of the linear part: more would paint everything in the outermost colours.
  if (scale.scaling == Scaling::symlog)
    scale.linear_threshold = std::max(std::abs(scale.low), std::abs(scale.high)) / 10;
  return scale;
}

}  // namespace lab
