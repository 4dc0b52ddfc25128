#include "app/cli/compare_many.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/compare_report.h"
#include "app/cli/output.h"
#include "app/core/multiples.h"
#include "app/shell/figure_export.h"

namespace lab::cli {
namespace {

using Found = std::vector<std::shared_ptr<const ComparedRuns>>;

/// Every one but the first, compared with it.
Result<Found> compare_each(const std::vector<OpenedSide>& sides, const ManyOptions& options) {
  Found found;
  for (std::size_t i = 1; i < sides.size(); ++i) {
    LAB_ASSIGN(auto a, sides.front().source(options.arithmetic));
    LAB_ASSIGN(auto b, sides[i].source(options.arithmetic));
    auto comparison = Comparison::begin(std::move(a), std::move(b), options.compare);
    if (!comparison) {
      if (comparison.error().file.empty()) comparison.error().file = options.paths[i];
      return comparison.error();
    }
    LAB_TRY(finish(**comparison, options.reporting));
    auto view = std::make_shared<ComparedRuns>(*(*comparison)->view());
    view->a.name = sides.front().name, view->b.name = sides[i].name;
    found.push_back(std::move(view));
  }
  return found;
}

Result<std::shared_ptr<const RunMultiples>> multiples_of(const std::vector<OpenedSide>& sides, const Snapshot& snapshot, const ManyOptions& options) {
  auto all = std::make_shared<RunMultiples>(RunMultiples{.name = sides.front().name, .layer = snapshot.selection.layer});
  for (std::size_t i = 1; i < sides.size(); ++i) {
    LAB_ASSIGN(const auto a, sides.front().source(options.arithmetic));
    LAB_ASSIGN(const auto b, sides[i].source(options.arithmetic));
    all->tokens = all->last = a->count();
    const MultipleLook look{options.compare.by, options.compare.offset, snapshot.selection.layer, snapshot.selection.state, 0, a->count()};
    auto one = set_beside(*a, *b, look, [] { return interrupted().load(); });
    if (!one) return Error{.code = Code::cancelled, .message = "interrupted"};
    one->name = sides[i].name;
    all->runs.push_back(std::move(*one));
  }
  return std::shared_ptr<const RunMultiples>(std::move(all));
}

Result<std::vector<std::string>> write_figures(const std::vector<OpenedSide>& sides, const Found& found, const ManyOptions& options) {
  if (options.figures.empty()) return std::vector<std::string>();
  const auto known = std::ranges::find_if(sides, [](const OpenedSide& side) { return side.snapshot != nullptr; });
  const auto differs = std::ranges::find_if(found, [](const auto& each) { return !each->is_equal(); });
  const Snapshot snapshot = snapshot_beside(known == sides.end() ? nullptr : known->snapshot, differs == found.end() ? *found.front() : **differs, options.layer, options.state);
  auto derived = std::make_shared<Derived>();
  LAB_ASSIGN(derived->multiples, multiples_of(sides, snapshot, options));
  return write_compared({.kind = "compare-multiples", .files = options.figures, .size = options.size, .data = options.data}, snapshot, derived, FigureOptions());
}

void print_many(const std::vector<OpenedSide>& sides, const Found& found) {
  fmt::print("A: {}\n\n", printable(sides.front().name));
  std::vector<std::vector<std::string>> rows{{"beside A", "tokens", "", "first difference", "at t"}};
  for (const auto& each : found) {
    const ComparedRuns::First first = each->first_difference();
    const bool is_equal = first.column < 0;
    const TokenPair pair = is_equal ? TokenPair() : each->alignment->columns[static_cast<std::size_t>(first.column)];
    rows.push_back({printable(each->b.name, 60), std::to_string(each->b.count()), is_equal ? "equal" : "differs", is_equal ? "" : printable(first.point),
                    is_equal ? "" : std::to_string(pair.a >= 0 ? pair.a : pair.b)});
  }
  fmt::print("{}", table(rows, {false, true, false, false, true}));
}

}  // namespace

Result<int> compare_many(const ManyOptions& options) {
  if (options.paths.size() > kMostCompared)
    return Error{.code = Code::too_large, .field = "MORE", .expected = fmt::format("at most {} in all", kMostCompared), .found = std::to_string(options.paths.size()),
                 .message = "so many are not compared at once"};
  LAB_ASSIGN(const std::vector<OpenedSide> sides, open_many(options.paths, options.input, options.arithmetic, options.history, options.reporting));
  LAB_ASSIGN(const Found found, compare_each(sides, options));
  LAB_ASSIGN(const std::vector<std::string> files, write_figures(sides, found, options));
  const bool are_equal = std::ranges::all_of(found, [](const auto& each) { return each->is_equal(); });
  if (options.reporting.json) {
    JsonValue runs = JsonValue::array();
    for (const auto& each : found) runs.push_back(json_of(*each, options.order, {}));
    print_json({{"equal", are_equal}, {"runs", runs}, {"files", files}});
  } else {
    print_many(sides, found);
    for (const std::string& file : files) fmt::print("wrote {}\n", file);
  }
  return are_equal ? kDone : kDifference;
}

}  // namespace lab::cli
