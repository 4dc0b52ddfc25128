#include "app/cli/compare_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "app/cli/options.h"

namespace lab::cli {
namespace {

constexpr std::size_t kListedPoints = 5;  // of those that are not compared

/// The token of a column as people count: A's, or B's where A has none; -1 for no column.
std::int64_t token_of(const ComparedRuns& compared, std::int64_t column) {
  if (column < 0 || column >= compared.alignment->count()) return -1;
  const TokenPair pair = compared.alignment->columns[static_cast<std::size_t>(column)];
  return pair.a >= 0 ? pair.a : pair.b;
}

std::string token_cell(const ComparedRuns& compared, std::int64_t column) {
  return column < 0 ? "" : std::to_string(token_of(compared, column));
}

JsonValue token_json(const ComparedRuns& compared, std::int64_t column) {
  return column < 0 ? JsonValue(nullptr) : JsonValue(token_of(compared, column));
}

/// A number, or null where it is none: JSON has no NaN.
JsonValue number_json(double value) { return std::isfinite(value) ? JsonValue(value) : JsonValue(nullptr); }

const char* status_of(const PointSummary& summary) {
  if (summary.compared == 0) return "missing";
  if (summary.beyond > 0) return "differs";
  return summary.differing > 0 ? "within" : "equal";
}

/// Whether differences of a point have a size: ids have none.
bool has_size(const PointDifferences& point) { return point.point.name != "tok.ids"; }

/// The largest KL and where, and the mean over what is known.
struct Divergence {
  double largest = 0, sum = 0;
  std::int64_t column = -1, first = -1, known = 0, same_choice = 0;
  double mean() const { return known > 0 ? sum / static_cast<double>(known) : 0; }
};

Divergence divergence_of(const ComparedRuns& compared) {
  Divergence found;
  for (std::int64_t i = 0; i < compared.expectations.count(); ++i) {
    const ExpectationDifference& row = compared.expectations[i][0];
    if (std::isnan(row.kl)) continue;
    const auto kl = static_cast<double>(row.kl);
    ++found.known, found.sum += kl, found.same_choice += row.best_a == row.best_b;
    if (kl > 0 && found.first < 0) found.first = i;
    if (found.column < 0 || kl > found.largest) found.largest = kl, found.column = i;
  }
  return found;
}

std::string side_text(const ComparedSide& side) {
  return fmt::format("{}{}{}, {} tokens", printable(side.name), side.model.empty() || side.model == side.name ? "" : " of " + printable(side.model),
                     side.dtype.empty() ? "" : ", " + side.dtype, side.count());
}

std::string tolerance_text(const DifferenceTolerance& tolerance) {
  const std::string because = tolerance.reason.empty() ? "" : fmt::format(" ({})", tolerance.reason);
  if (tolerance.exact) return "equal means every bit" + because;
  return fmt::format("equal means a relative L2 of at most {:g}, {:g} of the logits{}", tolerance.point, tolerance.logits, because);
}

std::string alignment_line(const Alignment& alignment) {
  std::string text = fmt::format("aligned by {}{}: {} pairs, {} of them with equal tokens", name_of(alignment.by),
                                 alignment.by == AlignBy::offset ? fmt::format(" {}", alignment.offset) : "", alignment.pairs, alignment.equal);
  if (const std::int64_t alone = alignment.count() - alignment.pairs; alone > 0) text += fmt::format(", {} tokens without a partner", alone);
  if (!alignment.is_longest) text += " (the texts differ so much that they were aligned in pieces)";
  return text;
}

void print_layers(const ComparedRuns& compared, const std::vector<LayerShape>& shapes) {
  std::vector<std::vector<std::string>> rows{{"layer", "first t", "point"}};
  if (!shapes.empty()) rows[0].insert(rows[0].end(), {"Procrustes", "CKA"});
  for (const int layer : compared.table.layers()) {
    const TablePlace place = compared.table.first_of_layer(layer);
    std::vector<std::string> row{std::to_string(layer), token_cell(compared, place.column),
                                 place.column < 0 ? "bit-equal" : compared.table.points[static_cast<std::size_t>(place.point)].point.name};
    const auto shape = std::ranges::find(shapes, layer, &LayerShape::layer);
    if (!shapes.empty()) {
      row.push_back(shape == shapes.end() ? "" : fmt::format("{:.4f}", shape->procrustes));
      row.push_back(shape == shapes.end() ? "" : fmt::format("{:.4f}", shape->cka));
    }
    rows.push_back(std::move(row));
  }
  fmt::print("\n{}", table(rows, {true, true, false, true, true}));
  if (!shapes.empty() && !shapes[0].approximation.empty()) fmt::print("shapes of {}\n", shapes[0].approximation);
}

void print_end(const ComparedRuns& compared) {
  if (const Divergence kl = divergence_of(compared); kl.known > 0)
    fmt::print("\nKL(A‖B) of the next token: mean {:.3g} nat, largest {:.3g} nat at t = {}; the same choice after {} of {} tokens\n", kl.mean(), kl.largest,
               token_of(compared, kl.column), kl.same_choice, kl.known);
  if (!compared.left_out.empty()) {
    fmt::print("\nnot compared: {} points\n", compared.left_out.size());
    for (std::size_t i = 0; i < std::min(kListedPoints, compared.left_out.size()); ++i) fmt::print("  {}\n", compared.left_out[i]);
    if (compared.left_out.size() > kListedPoints) fmt::print("  …\n");
  }
  const ComparedRuns::First first = compared.first_difference();
  if (first.column < 0) fmt::print("\nequal\n");
  else fmt::print("\nfirst difference: {} at t = {}\n", first.point, token_of(compared, first.column));
}

JsonValue side_json(const ComparedSide& side) {
  return {{"name", side.name}, {"model", side.model}, {"model_hash", side.model_hash}, {"dtype", side.dtype}, {"tokens", side.count()}, {"layers", side.layers}};
}

JsonValue point_json(const ComparedRuns& compared, const PointDifferences& point) {
  const PointSummary& s = point.summary;
  const auto size = [&](float value) { return has_size(point) ? number_json(static_cast<double>(value)) : JsonValue(nullptr); };
  return {{"point", point.point.name},
          {"layer", point.point.layer},
          {"shape", point.point.shape},
          {"status", status_of(s)},
          {"token", token_json(compared, s.first_beyond)},
          {"first", token_json(compared, s.first)},
          {"compared", s.compared},
          {"differing", s.differing},
          {"beyond", s.beyond},
          {"rel_l2", size(s.relative)},
          {"worst", has_size(point) ? token_json(compared, s.worst) : JsonValue(nullptr)},
          {"max_abs", size(s.max_abs)},
          {"cosine", size(s.cosine)},
          {"nonfinite", s.nonfinite}};
}

JsonValue layers_json(const ComparedRuns& compared, const std::vector<LayerShape>& shapes) {
  JsonValue list = JsonValue::array();
  for (const int layer : compared.table.layers()) {
    const TablePlace place = compared.table.first_of_layer(layer);
    JsonValue row{{"layer", layer}, {"first", token_json(compared, place.column)},
                  {"point", place.column < 0 ? JsonValue(nullptr) : JsonValue(compared.table.points[static_cast<std::size_t>(place.point)].point.name)}};
    if (const auto shape = std::ranges::find(shapes, layer, &LayerShape::layer); shape != shapes.end())
      row["procrustes"] = number_json(shape->procrustes), row["cka"] = number_json(shape->cka), row["approximation"] = shape->approximation;
    list.push_back(std::move(row));
  }
  return list;
}

JsonValue alignment_json(const ComparedRuns& compared) {
  const Alignment& alignment = *compared.alignment;
  JsonValue first(nullptr);
  if (alignment.first_difference >= 0) {
    const TokenPair pair = alignment.columns[static_cast<std::size_t>(alignment.first_difference)];
    first = {{"a", pair.a}, {"b", pair.b}};
  }
  return {{"by", name_of(alignment.by)}, {"offset", alignment.offset}, {"columns", alignment.count()}, {"pairs", alignment.pairs}, {"equal_tokens", alignment.equal},
          {"first_difference", first}, {"is_longest", alignment.is_longest}};
}

JsonValue expectations_json(const ComparedRuns& compared) {
  const Divergence kl = divergence_of(compared);
  if (kl.known == 0) return nullptr;
  return {{"tokens", kl.known}, {"mean_kl", number_json(kl.mean())}, {"largest_kl", number_json(kl.largest)}, {"largest_at", token_json(compared, kl.column)},
          {"first_above_zero", token_json(compared, kl.first)}, {"same_choice", kl.same_choice}};
}

}  // namespace

std::vector<std::size_t> sorted_points(const DifferenceTable& table, DifferenceOrder order) {
  std::vector<std::size_t> places(table.points.size());
  std::iota(places.begin(), places.end(), 0);
  const auto key = [&](std::size_t place) -> double {
    const PointSummary& s = table.points[place].summary;
    const auto size = [](float value) { return std::isnan(value) ? -INFINITY : -static_cast<double>(value); };
    switch (order) {
      case DifferenceOrder::time:
        return s.first_beyond >= 0 ? static_cast<double>(s.first_beyond) : s.first >= 0 ? 1e15 + static_cast<double>(s.first) : INFINITY;
      case DifferenceOrder::relative: return size(s.relative);
      case DifferenceOrder::max_abs: return size(s.max_abs);
      case DifferenceOrder::point: return 0;
    }
    return 0;
  };
  std::ranges::stable_sort(places, {}, key);
  return places;
}

int first_layer_that_differs(const ComparedRuns& compared) {
  const std::vector<int> layers = compared.table.layers();
  TablePlace first;
  int found = layers.empty() ? 0 : layers.front();
  for (const int layer : layers)
    if (const TablePlace place = compared.table.first_of_layer(layer); place.column >= 0 && (first.column < 0 || place.column < first.column)) first = place, found = layer;
  return found;
}

void print_comparison(const ComparedRuns& compared, DifferenceOrder order, const std::vector<LayerShape>& shapes) {
  fmt::print("A: {}\nB: {}\n{}\n{}\n\n", side_text(compared.a), side_text(compared.b), alignment_line(*compared.alignment), tolerance_text(compared.table.tolerance));
  std::vector<std::vector<std::string>> rows{{"point", "status", "first t", "tokens", "rel. L2", "at t", "max abs", "cosine"}};
  for (const std::size_t place : sorted_points(compared.table, order)) {
    const PointDifferences& point = compared.table.points[place];
    const PointSummary& s = point.summary;
    if (s.differing == 0) {
      rows.push_back({printable(point.point.name), status_of(s), "", fmt::format("0 of {}", s.compared), "", "", "", ""});
      continue;
    }
    rows.push_back({printable(point.point.name), status_of(s), token_cell(compared, s.first_beyond >= 0 ? s.first_beyond : s.first),
                    fmt::format("{} of {}", s.first_beyond >= 0 ? s.beyond : s.differing, s.compared)});
    if (has_size(point))
      rows.back().insert(rows.back().end(), {fmt::format("{:.3g}", s.relative), token_cell(compared, s.worst), fmt::format("{:.3g}", s.max_abs), fmt::format("{:.6f}", s.cosine)});
  }
  fmt::print("{}", table(rows, {false, false, true, true, true, true, true, true}));
  print_layers(compared, shapes);
  print_end(compared);
}

JsonValue json_of(const ComparedRuns& compared, DifferenceOrder order, const std::vector<LayerShape>& shapes) {
  const ComparedRuns::First first = compared.first_difference();
  JsonValue points = JsonValue::array();
  for (const std::size_t place : sorted_points(compared.table, order)) points.push_back(point_json(compared, compared.table.points[place]));
  const DifferenceTolerance& tolerance = compared.table.tolerance;
  return {{"equal", first.column < 0},
          {"first_difference", first.column < 0 ? JsonValue(nullptr) : JsonValue{{"point", first.point}, {"token", token_of(compared, first.column)}}},
          {"points", points},
          {"layers", layers_json(compared, shapes)},
          {"a", side_json(compared.a)},
          {"b", side_json(compared.b)},
          {"alignment", alignment_json(compared)},
          {"tolerance", {{"exact", tolerance.exact}, {"point", tolerance.point}, {"logits", tolerance.logits}, {"reason", tolerance.reason}}},
          {"expectations", expectations_json(compared)},
          {"not_compared", compared.left_out},
          {"warnings", compared.refusal.empty() ? JsonValue::array() : JsonValue::array({compared.refusal})}};
}

Result<std::vector<std::string>> write_compared(const ComparedFigure& figure, const Snapshot& snapshot, const std::shared_ptr<const Derived>& derived, const FigureOptions& options) {
  std::vector<std::string> files = figure.files;
  command::ExportFigure wanted{.kind = figure.kind, .file = files.front()};
  wanted.height_in = wanted.width_in * find_figure(figure.kind)->aspect;
  if (!figure.size.empty()) {
    LAB_ASSIGN(std::tie(wanted.width_in, wanted.height_in), parse_size(figure.size));
  }
  LAB_ASSIGN(const FigurePage page, make_page(snapshot, derived, wanted, options));
  if (figure.data) files.push_back(std::filesystem::path(files.front()).replace_extension(".csv").string());
  for (const std::string& file : files) LAB_TRY(write_page(page, file));
  return files;
}

}  // namespace lab::cli
