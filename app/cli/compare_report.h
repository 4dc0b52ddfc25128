#pragma once
// What `statelab compare` found, as a table and as JSON.
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/shell/figure_export.h"
#include "tracer/analysis/compared.h"

namespace lab::cli {

/// How alike the paths of a layer are.
struct LayerShape {
  int layer = 0;
  double procrustes = 0, cka = 0;
  std::string approximation;
};

/// The rows of the table in an order; places in DifferenceTable::points.
std::vector<std::size_t> sorted_points(const DifferenceTable& table, DifferenceOrder order);

/// The layer that differs first, or the first one.
int first_layer_that_differs(const ComparedRuns& compared);

/// A figure of what was found, as the command line asks for it.
struct ComparedFigure {
  std::string kind;
  std::vector<std::string> files;  // at least one
  std::string size;                // "": 5.5 in wide, as high as the kind is
  bool data = false;               // its numbers as well, in a .csv file beside the first
};
/// Draws it; the files that were written.
Result<std::vector<std::string>> write_compared(const ComparedFigure& figure, const Snapshot& snapshot, const std::shared_ptr<const Derived>& derived, const FigureOptions& options);

void print_comparison(const ComparedRuns& compared, DifferenceOrder order, const std::vector<LayerShape>& shapes);
JsonValue json_of(const ComparedRuns& compared, DifferenceOrder order, const std::vector<LayerShape>& shapes);

}  // namespace lab::cli
