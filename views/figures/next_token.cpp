// What the model expects after the cursor's token, beside the token that came.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kBars = 12;

std::string piece_of(const Snapshot& snapshot, std::int32_t id) {
  return snapshot.model ? snapshot.model->piece(id) : fmt::format("<{}>", id);
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions&) {
  const auto& next = derived.next;
  if (!next || next->best.empty()) return not_there(snapshot, derived, "next tokens");
  BarLayer bars;
  double top = 0;
  const std::size_t count = std::min(kBars, next->best.size());
  for (std::size_t i = 0; i < count; ++i) {
    const NextToken& token = next->best[i];
    if (token.id == next->came) bars.highlight = static_cast<int>(i);
    bars.values.push_back(token.probability);
    bars.labels.push_back(piece_of(snapshot, token.id));
    bars.notes.push_back(fmt::format("{:.3f}{}", token.probability, token.id == next->came ? " came" : ""));
    top = std::max(top, static_cast<double>(token.probability));
  }
  Plot plot{.title = "Next token", .subtitle = subtitle_of("next-token", snapshot, derived)};
  plot.x = {.label = "probability", .low = 0, .high = std::isfinite(top) && top > 0 ? top * 1.15 : 1};
  plot.layers.emplace_back(std::move(bars));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& next = derived.next;
  if (!next) return "";
  std::string text = fmt::format("after t = {}, {:.2f} bit", next->position - 1, next->entropy_bits);
  if (next->came >= 0 && next->came_rank >= static_cast<std::int64_t>(std::min(kBars, next->best.size())))
    text += fmt::format(" · came {}, {:.2g}, rank {}", piece_of(snapshot, next->came), next->came_probability,
                        next->came_rank + 1);
  return text;
}

std::string value(const FigureInput& input, int, double, double y) {
  const auto& next = input.derived.next;
  const auto i = static_cast<std::int64_t>(std::floor(y + 0.5));
  if (!next || i < 0 || i >= static_cast<std::int64_t>(std::min(kBars, next->best.size()))) return "";
  const NextToken& token = next->best[static_cast<std::size_t>(i)];
  std::string text =
      fmt::format("{}\tid {}\nprobability\t{}\nsurprise\t{} bit", piece_of(input.snapshot, token.id), token.id,
                  csv_text(token.probability), number_text(-std::log2(static_cast<double>(token.probability)), 4));
  return token.id == next->came ? text + "\nthe token that came\t" : text;
}

std::string csv(const FigureInput& input) {
  std::string text = "position,rank,id,piece,probability,came\n";
  const auto& next = input.derived.next;
  if (!next) return text;
  for (std::size_t i = 0; i < next->best.size(); ++i)
    text += fmt::format("{},{},{},{},{},{}\n", next->position, i + 1, next->best[i].id,
                        csv_quoted(piece_of(input.snapshot, next->best[i].id)), csv_text(next->best[i].probability),
                        next->best[i].id == next->came ? 1 : 0);
  return text;
}

}  // namespace

const FigureCode kNextToken = {{"next-token", "Next token", {.next = true}, 0.6, make}, subtitle, value, csv,
    "What the model expects after the token at the cursor: the softmax of its logits at temperature 1, over the tokens that may be sampled. The tick is the "
    "token that came."};

}  // namespace lab
