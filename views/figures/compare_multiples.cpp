// One state of a layer in several runs, each less that of one run A: small multiples over the tokens of A.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/compare.h"
#include "views/figures/compare_plots.h"

namespace lab {
namespace {

const PairedSlab* first_slab(const RunMultiples& all) {
  const auto found = std::ranges::find_if(all.runs, [](const RunMultiple& each) { return each.slab != nullptr; });
  return found == all.runs.end() ? nullptr : found->slab.get();
}

const RunMultiple* at_plot(const FigureInput& input, int plot) {
  const RunMultiples* all = input.derived.multiples.get();
  return all && plot >= 0 && plot < std::ssize(all->runs) ? &all->runs[static_cast<std::size_t>(plot)] : nullptr;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!derived.multiples || !first_slab(*derived.multiples)) {
    Error error = not_compared(snapshot, derived, "several runs");
    if (derived.multiples && !derived.multiples->runs.empty()) error.message = derived.multiples->runs.front().refusal;
    return error;
  }
  Figure figure = compare_multiples(snapshot, *derived.multiples, options);
  figure.plots.front().subtitle = subtitle_of("compare-multiples", snapshot, derived);
  if (options.cursors && snapshot.selection.cursor_a >= 0)
    for (Plot& plot : figure.plots) plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(snapshot.selection.cursor_a)});
  return figure;
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const PairedSlab* slab = derived.multiples ? first_slab(*derived.multiples) : nullptr;
  if (!slab) return fmt::format("layer {}", snapshot.selection.layer);
  std::string text = fmt::format("less {} · layer {} · h[channel, {}] · one range", printable(derived.multiples->name, 40), slab->layer, slab->state);
  if (slab->stride > 1) text += fmt::format(" · {} tokens a column, signed |max|", slab->stride);
  return text;
}

std::string value(const FigureInput& input, int plot, double x, double y) {
  const RunMultiple* run = at_plot(input, plot);
  if (!run || !run->slab) return "";
  const PairedSlab& slab = *run->slab;
  const std::int64_t token = static_cast<std::int64_t>(std::floor(x + 0.5)), channel = slab_row(slab, input.options, y);
  const float difference = slab_value(slab, CompareMap::difference, token, channel);
  if (std::isnan(difference)) return "";
  return fmt::format("{}\tt = {}\nchannel {}\tn = {}\n{}\t{}\n{}\t{}\ndifference\t{}", run->name, token, channel, slab.state, input.derived.multiples->name,
                     exact_text(slab_value(slab, CompareMap::a, token, channel)), run->name, exact_text(slab_value(slab, CompareMap::b, token, channel)), exact_text(difference));
}

std::string csv(const FigureInput& input) {
  std::string text = "run,layer,n,token,channel,a,b,difference\n";
  if (!input.derived.multiples) return text;
  for (const RunMultiple& each : input.derived.multiples->runs) {
    if (!each.slab) continue;
    const PairedSlab& slab = *each.slab;
    for (std::int64_t i = 0; i < slab.columns; ++i)
      for (std::int64_t channel = 0; channel < slab.rows; ++channel) {
        const auto cell = static_cast<std::size_t>(i * slab.rows + channel);
        text += fmt::format("{},{},{},{},{},{},{},{}\n", csv_quoted(each.name), slab.layer, slab.state, slab.first + i * slab.stride, channel, csv_text(slab.a[cell]),
                            csv_text(slab.b[cell]), csv_text(slab.difference[cell]));
      }
  }
  return text;
}

}  // namespace

const FigureCode kCompareMultiples = {
    {"compare-multiples", "Runs beside one", {.multiples = MultiplesQuery{}}, 1.1, make, has_two_runs}, subtitle, value, csv,
    "One state index of every channel of a layer in several runs, less the same in one run A, over the tokens of A; all in one range of colours. Where a run has no "
    "token beside that of A, it is empty. A red line stands where a text leaves that of A. Where several cells share a pixel, the one of largest magnitude is shown."};

}  // namespace lab
