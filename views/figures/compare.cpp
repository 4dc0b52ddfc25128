#include "views/figures/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lab {

ColumnAxis::ColumnAxis(const ComparedRuns& compared) {
  const auto& columns = compared.alignment->columns;
  const auto first = std::ranges::find_if(columns, [](const TokenPair& pair) { return pair.a >= 0; });
  if (first != columns.end()) shift = first->a - (first - columns.begin());
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].a >= 0 && columns[i].a != static_cast<std::int64_t>(i) + shift) are_tokens = false;
  if (!are_tokens) shift = 0;
}

std::int64_t ColumnAxis::column_at(double x) const { return static_cast<std::int64_t>(std::floor(x + 0.5)) - shift; }

Axis ColumnAxis::axis(std::int64_t first, std::int64_t last) const {
  return {.label = are_tokens ? "token" : "aligned column", .low = of(first) - 0.5, .high = of(std::max(last, first + 1)) - 0.5, .whole_numbers = true};
}

std::pair<std::int64_t, std::int64_t> shown_columns(const Snapshot& snapshot, const ComparedRuns& compared) {
  return compared.alignment->columns_of(snapshot.selection.first, snapshot.selection.last);
}

std::string side_title(const ComparedRuns& compared, bool is_b) {
  return fmt::format("{}  {}", is_b ? "B" : "A", printable((is_b ? compared.b : compared.a).name, 40));
}

std::string column_text(const ComparedRuns& compared, std::int64_t column) {
  if (column < 0 || column >= compared.alignment->count()) return "";
  const TokenPair pair = compared.alignment->columns[static_cast<std::size_t>(column)];
  const std::string a = compared.a.token_text(pair.a), b = compared.b.token_text(pair.b);
  if (pair.a == pair.b && a == b) return fmt::format("t = {}\t{}", pair.a, a);
  const std::string of_a = pair.a < 0 ? "no token of A" : fmt::format("A {} {}", pair.a, a), of_b = pair.b < 0 ? "no token of B" : fmt::format("B {} {}", pair.b, b);
  return fmt::format("{}\t{}", of_a, of_b);
}

std::string alignment_text(const ComparedRuns& compared) {
  switch (compared.alignment->by) {
    case AlignBy::position: return "";
    case AlignBy::token: return compared.alignment->is_longest ? "aligned by token" : "aligned by token, in pieces";
    case AlignBy::first_difference: return "from the first difference on";
    case AlignBy::offset: return fmt::format("token t beside t {} {}", compared.alignment->offset < 0 ? "−" : "+", std::abs(compared.alignment->offset));
  }
  return "";
}

std::optional<std::int64_t> first_state_difference(const ComparedRuns& compared, std::int64_t layer) {
  const int point = std::max(compared.table.find(Point::h, static_cast<int>(layer)), compared.table.find(Point::att_state, static_cast<int>(layer)));
  if (point < 0) return {};
  return compared.table.points[static_cast<std::size_t>(point)].summary.first;
}

void add_partings(const ComparedRuns& compared, bool named, Plot& plot) {
  const ColumnAxis columns(compared);
  for (const std::int64_t edit : compared.b.edits) {
    if (std::ranges::find(compared.a.edits, edit) != compared.a.edits.end()) continue;
    const std::int64_t column = compared.alignment->column_of_b(edit);
    if (column < 0) continue;
    plot.layers.emplace_back(RuleLayer{.at = columns.of(column) - 0.5, .dashed = true, .label = named ? fmt::format("edit before t = {}", edit) : ""});
  }
  const std::int64_t first = compared.alignment->first_difference;
  if (first < 0) return;
  plot.layers.emplace_back(RuleLayer{.at = columns.of(first) - 0.5, .ink = Ink::bad, .label = named ? "first token difference" : ""});
}

void add_compare_cursors(const Snapshot& snapshot, const ComparedRuns& compared, const FigureOptions& options, Plot& plot) {
  const std::int64_t column = compared.alignment->column_of_a(snapshot.selection.cursor_a);
  if (options.cursors && column >= 0) plot.layers.emplace_back(RuleLayer{.at = ColumnAxis(compared).of(column)});
}

bool has_two_runs(const Snapshot& snapshot) { return snapshot.runs.size() + snapshot.guests.size() > 1; }

Error not_compared(const Snapshot& snapshot, const Derived& derived, const char* what) {
  Error error = not_there(snapshot, derived, what);
  if (snapshot.model && snapshot.count() > 0 && derived.refusal.empty() && !derived.comparison && !has_two_runs(snapshot)) {
    error.expected = "two runs";
    error.found = std::to_string(snapshot.runs.size());
    error.message = "There is only one run.";
    error.next = "Fork it, or compare it with a file.";
  }
  return error;
}

}  // namespace lab
