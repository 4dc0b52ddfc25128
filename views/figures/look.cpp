// Options of figures by the names that the command line and sessions have for them.
#include <algorithm>
#include <iterator>

#include "views/figures/figure.h"

namespace lab {
namespace {

constexpr StatePart kParts[] = {StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::read_out};
constexpr AlignBy kAlignments[] = {AlignBy::position, AlignBy::token, AlignBy::first_difference, AlignBy::offset};
constexpr TrajectoryBasis kBases[] = {TrajectoryBasis::joint, TrajectoryBasis::a, TrajectoryBasis::b};
constexpr ColorMap kMaps[] = {ColorMap::rd_bu, ColorMap::pu_or, ColorMap::viridis, ColorMap::cividis, ColorMap::magma, ColorMap::gray};

Error no_such(const char* field, std::span<const char* const> known, const std::string& found) {
  std::string list;
  for (const char* name : known) list += (list.empty() ? "" : ", ") + std::string(name);
  return {.code = Code::bad_argument, .field = field, .expected = list, .found = printable(found), .message = "a figure has no such look"};
}

/// The place of a name among others, or -1.
int place_of(std::span<const char* const> names, const std::string& name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<int>(i);
  return -1;
}

/// What a comparison is of.
Result<ComparisonQuery> comparison_of(const command::FigureLook& look) {
  std::vector<const char*> alignments, bases;
  for (const AlignBy by : kAlignments) alignments.push_back(name_of(by));
  for (const TrajectoryBasis basis : kBases) bases.push_back(name_of(basis));
  const int by = place_of(alignments, look.align), basis = place_of(bases, look.basis);
  if (by < 0) return no_such("look.align", alignments, look.align);
  if (basis < 0) return no_such("look.basis", bases, look.basis);
  return ComparisonQuery{.a = look.run_a, .b = look.run_b, .by = kAlignments[by], .offset = look.offset, .basis = kBases[basis]};
}

}  // namespace

Result<FigureOptions> options_of(const command::FigureLook& look) {
  std::vector<const char*> maps;
  for (const ColorMap map : kMaps) maps.push_back(name_of(map));
  const int map = place_of(maps, look.map), colouring = place_of(kColouringNames, look.scale), order = place_of(kOrderNames, look.order);
  if (map < 0) return no_such("look.map", maps, look.map);
  if (colouring < 0) return no_such("look.scale", kColouringNames, look.scale);
  if (order < 0) return no_such("look.order", kOrderNames, look.order);
  FigureOptions options;
  options.map = kMaps[map];
  set_colouring(options, colouring);
  options.order = static_cast<RowOrder>(order);
  if (!look.range.empty()) {
    if (look.range.size() != 2 || !(look.range[0] < look.range[1]))
      return Error{.code = Code::out_of_range, .field = "look.range", .expected = "two numbers, low < high", .found = std::to_string(look.range.size()) + " numbers", .message = "colours cannot have this range"};
    options.locked = true, options.low = look.range[0], options.high = look.range[1];
  }
  options.rows_axis = look.rows_axis, options.fixed_axis = look.across_axis;
  options.first_row = look.first_row, options.rows = look.rows, options.first_column = look.first_column, options.columns = look.columns;
  std::copy_n(look.watched.begin(), std::min(look.watched.size(), kMostWatched), options.watched.begin());
  std::vector<const char*> parts;
  for (const StatePart part : kParts) parts.push_back(name_of(part));
  const int part = place_of(parts, look.of);
  if (part < 0) return no_such("look.of", parts, look.of);
  options.part = kParts[part];
  LAB_ASSIGN(options.comparison, comparison_of(look));
  if (look.runs.size() > kMostMultiples)
    return Error{.code = Code::too_large, .field = "look.runs", .expected = "at most " + std::to_string(kMostMultiples), .found = std::to_string(look.runs.size()), .message = "so many runs are not drawn at once"};
  std::ranges::copy(look.runs, options.runs.begin());
  if (!look.step_bounds.empty()) {
    if (look.step_bounds.size() != 2 || !(look.step_bounds[0] >= 0 && look.step_bounds[0] < look.step_bounds[1]))
      return Error{.code = Code::out_of_range, .field = "look.step_bounds", .expected = "two numbers, 0 <= low < high", .found = std::to_string(look.step_bounds.size()) + " numbers", .message = "no time step lies within these bounds"};
    options.step_bounds = StepBounds{look.step_bounds[0], look.step_bounds[1]};
  }
  options.all_layers = look.all_layers, options.log_counts = look.log_counts, options.yaw = look.yaw, options.pitch = look.pitch;
  if (look.zoom != 1) {
    if (!(look.zoom > 1 && look.zoom <= kMostZoom))
      return Error{.code = Code::out_of_range, .field = "look.zoom", .expected = "1 to " + std::to_string(static_cast<int>(kMostZoom)), .found = std::to_string(look.zoom), .message = "a figure cannot be so large"};
    if (look.center.size() != 2)
      return Error{.code = Code::out_of_range, .field = "look.center", .expected = "two numbers, x and y", .found = std::to_string(look.center.size()) + " numbers", .message = "what is zoomed needs a centre"};
    options.zoom = look.zoom, options.center_x = look.center[0], options.center_y = look.center[1];
  }
  return options;
}

command::FigureLook look_of(const FigureOptions& options) {
  command::FigureLook look{.map = name_of(options.map), .scale = kColouringNames[colouring_of(options)], .order = kOrderNames[static_cast<std::size_t>(options.order)]};
  if (options.locked) look.range = {options.low, options.high};
  look.rows_axis = options.rows_axis, look.across_axis = options.fixed_axis;
  look.first_row = options.first_row, look.rows = options.rows, look.first_column = options.first_column, look.columns = options.columns;
  std::ranges::copy_if(options.watched, std::back_inserter(look.watched), [](std::int32_t id) { return id >= 0; });
  look.of = name_of(options.part);
  const ComparisonQuery& comparison = options.comparison;
  look.run_a = comparison.a, look.run_b = comparison.b, look.offset = comparison.offset;
  std::ranges::copy_if(options.runs, std::back_inserter(look.runs), [](std::int64_t run) { return run != -1; });
  look.align = name_of(comparison.by), look.basis = name_of(comparison.basis);
  look.all_layers = options.all_layers, look.log_counts = options.log_counts, look.yaw = options.yaw, look.pitch = options.pitch, look.zoom = options.zoom;
  if (options.zoom > 1) look.center = {options.center_x, options.center_y};
  if (options.step_bounds) look.step_bounds = {options.step_bounds->low, options.step_bounds->high};
  return look;
}

}  // namespace lab
