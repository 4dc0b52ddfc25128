// Who wrote a part of a state: its tokens coloured by what they are in it, and the same as bars with the running share.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "views/figures/content_text.h"
#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

double value_of(const Content& content, std::int64_t token) {
  const std::int64_t i = token - content.first;
  return i >= 0 && i < std::ssize(content.tokens) ? content.tokens[static_cast<std::size_t>(i)].value : 0;
}

constexpr double kShown = 1e-3;          // of the largest part: what is less cannot be seen as a bar
constexpr std::int64_t kFewest = 64;      // tokens

/// The tokens of the time axis that were there by then; where it shows all, from the first whose bar can be seen.
TokenRange shown(const Snapshot& snapshot, const Content& content) {
  const TokenRange range = shown_tokens(snapshot);
  TokenRange here{std::max(range.first, content.first), std::min(range.last, content.token + 1)};
  if (here.count() <= 0) here = {content.first, content.token + 1};
  if (snapshot.selection.first != 0 || snapshot.selection.last != 0) return here;
  double largest = 0;
  for (std::int64_t t = here.first; t < here.last; ++t) largest = std::max(largest, std::fabs(value_of(content, t)));
  while (here.count() > kFewest && std::fabs(value_of(content, here.first)) < kShown * largest) ++here.first;
  return here;
}

WordsLayer words_of(const Snapshot& snapshot, const Content& content) {
  WordsLayer layer;
  double before = 0;
  for (const Deposit& deposit : content.deposits) before += deposit.is.value;
  std::vector<double> sums{before};
  for (std::int64_t t = content.first; t <= content.token; ++t) {
    layer.words.push_back({token_text(snapshot, t), value_of(content, t)});
    sums.push_back(sums.back() + layer.words.back().value);
  }
  layer.ringed = static_cast<int>(content.token - content.first);
  layer.rest = [sums, first = content.first](std::size_t words) {
    return fmt::format("tokens {}–{}: {}", first, first + static_cast<std::int64_t>(words) - 1, signed_text(sums[words], 2));
  };
  return layer;
}

Plot words_plot(const Snapshot& snapshot, const Derived& derived) {
  const Content& content = *derived.content;
  Plot plot{.title = "Who wrote " + part_text(snapshot, content), .subtitle = subtitle_of("content", snapshot, derived)};
  plot.x = {.visible = false}, plot.y = {.visible = false};
  plot.layers.emplace_back(words_of(snapshot, content));
  return plot;
}

/// Each token's part as a bar, of either sign in its own colour.
Plot bars_plot(const Content& content, const TokenRange& range) {
  Plot plot{.title = verdict_text(content.judgement), .subtitle = rule_of(content.judgement, content.value, content.read)};
  double low = 0, high = 0;
  for (const bool adds : {true, false}) {
    BarLayer bars{.from = static_cast<double>(range.first) - 0.5, .pitch = 1, .ink = adds ? Ink::adds : Ink::cancels, .across = false};
    for (std::int64_t t = range.first; t < range.last; ++t) {
      const double value = value_of(content, t);
      bars.values.push_back((value > 0) == adds ? value : 0);
      low = std::min(low, value), high = std::max(high, value);
    }
    plot.layers.emplace_back(std::move(bars));
  }
  const double air = 0.06 * (high > low ? high - low : 1);
  plot.y = {.label = "part of " + std::string(content.part == StatePart::cell || content.part == StatePart::read_out ? "the value" : "the norm"),
            .low = low < 0 ? low - air : 0, .high = high + air};
  return plot;
}

/// What the tokens so far and all that was there before them sum to, in percent of the whole.
Plot running_plot(const Content& content, const TokenRange& range) {
  Plot plot;
  LineLayer line{.ink = Ink::run_a};
  double sum = 0, low = 0, high = 100;
  for (const Deposit& deposit : content.deposits) sum += deposit.is.value;
  for (std::int64_t t = content.first; t <= content.token; ++t) {
    sum += value_of(content, t);
    if (t < range.first || t >= range.last) continue;
    const double share = content.sum != 0 ? 100 * sum / content.sum : NAN;
    line.x.push_back(static_cast<double>(t));
    line.y.push_back(static_cast<float>(share));
    if (std::isfinite(share)) low = std::min(low, share), high = std::max(high, share);
  }
  const double air = 0.08 * (high - low);
  plot.y = {.label = "sum so far, %", .low = low < 0 ? low - air : 0, .high = high + air};
  plot.layers.emplace_back(RuleLayer{.vertical = false, .at = 100, .ink = Ink::faint, .dashed = true});
  plot.layers.emplace_back(std::move(line));
  return plot;
}

Error nothing_written(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const LayerInfo* layer = selected_layer(snapshot);
  const std::int64_t state = snapshot.selection.state;
  if (layer && layer->has_cache()) return no_recurrence(snapshot);
  if (layer && options.part == StatePart::cell && state > 0 && state + 1 == std::ssize(layer->columns))
    return {.code = Code::unsupported,
            .field = "state",
            .expected = "a cell that is a sum of what tokens wrote",
            .found = slice_text(snapshot, StateSlab{.state = state}, false),
            .message = fmt::format("{} is a maximum and no sum.", layer->columns.back()),
            .next = "Choose another state."};
  if (layer && options.part == StatePart::head && layer->heads == 0)
    return {.code = Code::unsupported,
            .field = "--of",
            .expected = "a layer with heads",
            .found = fmt::format("layer {}, {}", snapshot.selection.layer, layer->kind),
            .message = "This layer has no heads.",
            .next = "Look at its channels."};
  Error error = not_there(snapshot, derived, "who wrote this");
  if (derived.content) error.message = "Before the first token nothing was written.", error.next = "Move the cursor to a token.";
  return error;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!derived.content || derived.content->tokens.empty()) return nothing_written(snapshot, derived, options);
  const Content& content = *derived.content;
  const TokenRange range = shown(snapshot, content);
  Figure figure{.plots = {words_plot(snapshot, derived), bars_plot(content, range), running_plot(content, range)}, .heights = {0.9, 1, 0.5}};
  for (Plot& plot : figure.plots) {
    plot.x.label = options.tokens_label;
    plot.x.low = static_cast<double>(range.first) - 0.5, plot.x.high = static_cast<double>(range.last) - 0.5;
    plot.x.whole_numbers = true;
  }
  figure.plots[0].x.label = "", figure.plots[1].x.label = "";
  figure.plots[1].x.visible = true, figure.plots[1].x.ticks = false;
  return figure;
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  if (!derived.content) return "";
  const Content& content = *derived.content;
  return fmt::format("layer {} · t = {} · {}", content.layer, content.token, signed_text(content.value, 5));
}

std::string value(const FigureInput& input, int, double x, double) {
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (!input.derived.content || !has_token(input.snapshot, token)) return "";
  const Content& content = *input.derived.content;
  const std::int64_t i = token - content.first;
  if (i < 0 || i >= std::ssize(content.tokens)) return "";
  const Contribution& one = content.tokens[static_cast<std::size_t>(i)];
  return fmt::format("token {}\t{}\nits part\t{}\nshare\t{}\nwritten\t{}\nleft of it\t{}", token, token_text(input.snapshot, token),
                     signed_text(one.value, 5), share_text(one, content), number_text(one.written, 5),
                     one.written > 0 ? percent_text(one.size / one.written) : "nothing was written");
}

std::string csv(const FigureInput& input) {
  std::string text = "kind,position,id,text,value,share,size,written\n";
  if (!input.derived.content) return text;
  const Content& content = *input.derived.content;
  const auto add = [&](const char* kind, std::int64_t position, const std::string& id, const std::string& what, const Contribution& is) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", kind, position, id, csv_quoted(what), is.value, content.sum != 0 ? is.value / content.sum : NAN, is.size,
                        is.written);
  };
  for (auto deposit = content.deposits.rbegin(); deposit != content.deposits.rend(); ++deposit)
    add("deposit", deposit->position, "", deposit->label, deposit->is);
  for (std::int64_t t = content.first; t <= content.token; ++t)
    add("token", t, input.snapshot.has_vectors ? "" : std::to_string(input.snapshot.tokens[t][0]), token_text(input.snapshot, t),
        content.tokens[static_cast<std::size_t>(t - content.first)]);
  return text;
}

bool applies(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  return layer && !layer->has_cache();
}

}  // namespace

Error no_recurrence(const Snapshot& snapshot) {
  return {.code = Code::unsupported,
          .field = "layer",
          .expected = "a layer whose state is a sum of what tokens wrote",
          .found = fmt::format("layer {}, {}", snapshot.selection.layer, selected_layer(snapshot)->kind),
          .message = "Every row of a cache was written by its own token.",
          .next = "Look at attention, or choose another layer."};
}

std::string part_text(const Snapshot& snapshot, const Content& content) {
  const LayerInfo* layer = selected_layer(snapshot);
  switch (content.part) {
    case StatePart::cell: return cell_text(snapshot, content.channel, content.state);
    case StatePart::read_out: return fmt::format("what is read of {}", channel_text(snapshot, content.channel));
    case StatePart::head: return fmt::format("head {}", layer && layer->head_dim > 0 ? content.channel / layer->head_dim : 0);
    case StatePart::layer: return fmt::format("layer {}", content.layer);
    default: return channel_text(snapshot, content.channel);
  }
}

std::string signed_text(double value, int digits) { return (value > 0 ? "+" : "") + number_text(value, digits); }

std::string share_text(const Contribution& one, const Content& content) {
  return content.sum != 0 ? number_text(100 * one.value / content.sum, 3) + " %" : "the whole is zero";
}

const FigureCode kContent = {{"content", "Who wrote this", {.content = StatePart::cell}, 0.75, make, applies}, subtitle, value, csv,
                             "What every token of the past still is in the selected part of the state: its write times all that the state kept since, from the recorded drivers, in double "
                             "precision. The shares add up to the state, what lay there before the trace and what edits put there included."};

}  // namespace lab
