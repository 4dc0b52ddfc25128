// What one token's queries found in the cache of a layer of attention: heads down, cached tokens across.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr double kReach = 1e-4;  // of a logarithmic scale, from the largest probability down: what is less hardly counts

bool has_attention(const Snapshot& snapshot) { return snapshot.model && std::ranges::any_of(snapshot.model->layers, is_attention); }

/// The layers of attention in words, as "3, 8 and 11".
std::string attention_layers(const ModelFacts& model) {
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < model.layers.size(); ++i)
    if (is_attention(model.layers[i])) numbers.push_back(std::to_string(i));
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    text += (i == 0 ? "" : i + 1 == numbers.size() ? " and " : ", ") + numbers[i];
  return text;
}

Error no_attention(const Snapshot& snapshot, const Derived& derived) {
  const LayerInfo* layer = selected_layer(snapshot);
  if (!layer || is_attention(*layer)) {
    Error error = not_there(snapshot, derived, "attention");
    if (snapshot.count() > 0 && snapshot.selection.cursor_a < 0) {
      error.message = "Before the first token nothing is attended to.";
      error.next = "Move the cursor to a token.";
    }
    return error;
  }
  const bool has_some = has_attention(snapshot);
  return {.code = Code::unsupported,
          .field = "layer",
          .expected = has_some ? "a layer of attention: " + attention_layers(*snapshot.model) : "a model with layers of attention",
          .found = fmt::format("layer {}, {}", snapshot.selection.layer, layer->kind),
          .message = fmt::format("Layer {} is no layer of attention.", snapshot.selection.layer),
          .next = has_some ? "Choose one of these: " + attention_layers(*snapshot.model) + "." : "Open a model that has some: this one has none."};
}

/// Probabilities have no sign: of maps that have a middle the usual one without takes the place, of scales the logarithm.
ColorScale probability_scale(const FigureOptions& options, const AttentionFrame& seen) {
  ColorScale scale{.map = is_diverging(options.map) ? ColorMap::viridis : options.map,
                   .scaling = options.scaling == Scaling::linear ? Scaling::linear : Scaling::log};
  double least = 1, most = 0;
  for (const float p : seen.probabilities)
    if (p > 0) least = std::min<double>(least, p), most = std::max<double>(most, p);
  scale.high = most > 0 ? most : 1;
  scale.low = scale.scaling == Scaling::log ? std::clamp(least, kReach * scale.high, scale.high / 10) : 0;
  if (options.locked && options.high > options.low && options.low >= 0) scale.low = options.low, scale.high = options.high;
  return scale;
}

bool is_known(const AttentionFrame& seen) { return seen.own_rows == seen.rows; }

/// The cached tokens that time axes show, or all where none of them is.
Axis cache_axis(const Snapshot& snapshot, const AttentionFrame& seen, const FigureOptions& options) {
  const auto rows = static_cast<double>(seen.rows);
  if (!is_known(seen)) return {.label = "row of the cache", .low = -0.5, .high = rows - 0.5, .whole_numbers = true};
  const std::int64_t from = seen.token_of(0);
  const TokenRange range = shown_tokens(snapshot);
  std::int64_t first = std::max(range.first, from), last = std::min(range.last, seen.token + 1);
  if (first >= last) first = from, last = seen.token + 1;
  return {.label = "cached " + options.tokens_label,
          .low = static_cast<double>(first) - 0.5,
          .high = static_cast<double>(last) - 0.5,
          .whole_numbers = true};
}

/// The number at the left end of the axis: of the first token, or of the first row.
std::int64_t origin_of(const AttentionFrame& seen) { return is_known(seen) ? seen.token_of(0) : 0; }

void add_columns(const AttentionFrame& seen, Plot& plot) {
  TextColumn entropy{.title = "H, bit", .texts = {}}, range{.title = "q·k", .texts = {}};
  for (std::int64_t head = 0; head < seen.heads; ++head) {
    const auto h = static_cast<std::size_t>(head);
    const double middle = static_cast<double>(head) + 0.5;
    plot.y.marks.emplace_back(middle, std::to_string(head));
    entropy.texts.emplace_back(middle, fmt::format("{:.2f}", seen.entropy_bits[h]));
    range.texts.emplace_back(middle, number_text(seen.low[h], 2) + " to " + number_text(seen.high[h], 2));
  }
  plot.columns = {std::move(entropy), std::move(range)};
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& seen = derived.attention;
  if (!seen || seen->rows == 0) return no_attention(snapshot, derived);
  const std::int64_t heads = seen->heads, rows = seen->rows;
  const auto columns = std::make_shared<std::vector<float>>(seen->probabilities.size());
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t row = 0; row < rows; ++row)
      (*columns)[static_cast<std::size_t>(row * heads + head)] = seen->probabilities[static_cast<std::size_t>(head * rows + row)];
  Plot plot{.title = "Attention", .subtitle = subtitle_of("attention", snapshot, derived), .color_label = "probability"};
  plot.x = cache_axis(snapshot, *seen, options);
  plot.y = {.label = "head", .low = static_cast<double>(heads), .high = 0};
  add_columns(*seen, plot);
  HeatLayer heat{.column = [columns, heads](std::int64_t row) { return columns->data() + row * heads; },
                 .columns = rows,
                 .rows = heads,
                 .x0 = static_cast<double>(origin_of(*seen)) - 0.5,
                 .scale = probability_scale(options, *seen),
                 .owner = columns};
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  const std::int64_t b = snapshot.selection.cursor_b;
  if (options.cursors && is_known(*seen) && has_token(snapshot, b))
    plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(b), .dashed = true, .label = "B"});
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& seen = derived.attention;
  if (!seen) return fmt::format("layer {}", snapshot.selection.layer);
  return fmt::format("layer {} · t = {}, {} · {} heads × {} cached{}", seen->layer, seen->token,
                     token_text(snapshot, seen->token), seen->heads, seen->rows,
                     nan_note(std::ranges::count_if(seen->probabilities, [](float v) { return !std::isfinite(v); })));
}

std::string value(const FigureInput& input, int, double x, double y) {
  const auto& seen = input.derived.attention;
  if (!seen) return "";
  const auto head = static_cast<std::int64_t>(std::floor(y));
  const std::int64_t row = static_cast<std::int64_t>(std::floor(x + 0.5)) - origin_of(*seen);
  if (head < 0 || head >= seen->heads || row < 0 || row >= seen->rows) return "";
  const auto h = static_cast<std::size_t>(head), cell = static_cast<std::size_t>(head * seen->rows + row);
  const std::int64_t token = seen->token_of(row);
  const std::string place = token >= 0 ? fmt::format("token {}\t{}", token, token_text(input.snapshot, token))
                                       : fmt::format("row {}\tof a state that was put there", row);
  return fmt::format("probability\t{}\nscore q·k\t{}\n{}\nhead {}\tentropy {} bit\nits q·k\t{} to {}", csv_text(seen->probabilities[cell]),
                     exact_text(seen->scores[cell]), place, head, number_text(seen->entropy_bits[h]), number_text(seen->low[h]),
                     number_text(seen->high[h]));
}

std::string csv(const FigureInput& input) {
  const auto& seen = input.derived.attention;
  std::string text = "layer,token,head,row,cached_token,probability,score,entropy_bits\n";
  if (!seen) return text;
  for (std::size_t i = 0; i < seen->probabilities.size(); ++i) {
    const auto head = static_cast<std::int64_t>(i) / seen->rows, row = static_cast<std::int64_t>(i) % seen->rows;
    text += fmt::format("{},{},{},{},{},{},{},{}\n", seen->layer, seen->token, head, row, seen->token_of(row),
                        csv_text(seen->probabilities[i]), csv_text(seen->scores[i]),
                        csv_text(seen->entropy_bits[static_cast<std::size_t>(head)]));
  }
  return text;
}

}  // namespace

const FigureCode kAttention = {
    {"attention", "Attention", {.attention = true}, 0.6, make, has_attention}, subtitle, value, csv,
    "What the token at the cursor attends to: the softmax of its scaled scores q·k over the cached tokens, a row for each query head. The mixer computes it "
    "anew from the query and the cache that were recorded, to the bit."};

}  // namespace lab
