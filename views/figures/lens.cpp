// The logit lens at the cursor's token: the best token of every layer, and how sure the layer would be of it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/lens.h"
#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::int64_t kMostBars = 24;

/// Of so many layers those that are shown: evenly spaced, the last one among them.
std::vector<const LensRow*> shown_rows(const LogitLens& lens) {
  const auto layers = static_cast<std::int64_t>(lens.rows.size()), shown = std::min(layers, kMostBars);
  std::vector<const LensRow*> rows;
  for (std::int64_t i = 0; i < shown; ++i) rows.push_back(&lens.rows[static_cast<std::size_t>((i + 1) * layers / shown - 1)]);
  return rows;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions&) {
  if (!derived.lens || derived.lens->rows.empty()) return not_there(snapshot, derived, "the logit lens");
  BarLayer bars;
  double top = 0;
  for (const LensRow* row : shown_rows(*derived.lens)) {
    bars.values.push_back(row->best.probability);
    bars.labels.push_back(fmt::format("{}  {}", row->layer, snapshot.model->piece(row->best.id)));
    bars.notes.push_back(fmt::format("{:.2f}, {:.2f} bit", row->best.probability, row->entropy_bits));
    top = std::max(top, static_cast<double>(row->best.probability));
  }
  bars.highlight = static_cast<int>(bars.values.size()) - 1;
  Plot plot{.title = "Logit lens", .subtitle = subtitle_of("logit-lens", snapshot, derived)};
  plot.x = {.label = "probability of the best token, entropy", .low = 0, .high = top > 0 ? top * 1.35 : 1};
  plot.layers.emplace_back(std::move(bars));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  return derived.lens ? fmt::format("after t = {}, best token by layer", derived.lens->token) : "";
}

std::string value(const FigureInput& input, int, double, double y) {
  if (!input.derived.lens) return "";
  const auto rows = shown_rows(*input.derived.lens);
  const auto i = static_cast<std::int64_t>(std::floor(y + 0.5));
  return i < 0 || i >= std::ssize(rows) ? "" : lens_text(input.snapshot, *input.derived.lens, *rows[static_cast<std::size_t>(i)]);
}

std::string csv(const FigureInput& input) {
  std::string text = "token,layer,id,piece,probability,entropy_bits,divergence_bits,came_rank,came_probability\n";
  if (!input.derived.lens) return text;
  const bool came = input.derived.lens->came >= 0;
  for (const LensRow& row : input.derived.lens->rows)
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", input.derived.lens->token, row.layer, row.best.id,
                        csv_quoted(input.snapshot.model->piece(row.best.id)), csv_text(row.best.probability), csv_text(row.entropy_bits),
                        csv_text(row.divergence_bits), came ? std::to_string(row.came_rank + 1) : "", came ? csv_text(row.came_probability) : "");
  return text;
}

}  // namespace

std::string lens_text(const Snapshot& snapshot, const LogitLens& lens, const LensRow& row) {
  std::string text = fmt::format("layer {}\t{}\nprobability\t{}\nentropy\t{} bit\nKL of the last layer from it\t{} bit", row.layer,
                                 snapshot.model->piece(row.best.id), number_text(row.best.probability, 6),
                                 number_text(row.entropy_bits, 5), number_text(row.divergence_bits, 5));
  if (lens.came >= 0)
    text += fmt::format("\n{} came\trank {}, {}", snapshot.model->piece(lens.came), row.came_rank + 1, number_text(row.came_probability, 4));
  return text;
}

const FigureCode kLogitLens = {{"logit-lens", "Logit lens", {.lens = true}, 0.75, make}, subtitle, value, csv,
    "The final norm and the head applied to the residual stream as it leaves each layer: the token that the head would choose there, its probability and the "
    "entropy. An early layer does not write for the head, so its words are a hint and no belief of the model."};

}  // namespace lab
