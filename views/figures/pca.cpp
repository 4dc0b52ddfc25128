// The path of a layer's state through its principal components, flat and turned, and how much variance each holds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tracer/analysis/pca.h"
#include "views/figures/parts.h"
#include "views/figures/pca.h"

namespace lab {
namespace {

constexpr std::int64_t kTokensNeeded = 3;
constexpr int kScreeBars = 8;

using Place = std::array<double, 3>;

double coordinate(const std::vector<float>& point, std::size_t axis) { return axis < point.size() ? point[axis] : 0.0; }

/// Turns a point by yaw about the vertical axis, then by pitch about the horizontal one.
PointF projected(const Place& p, double yaw, double pitch) {
  const double right = p[0] * std::cos(yaw) + p[2] * std::sin(yaw);
  const double depth = -p[0] * std::sin(yaw) + p[2] * std::cos(yaw);
  return {right, p[1] * std::cos(pitch) + depth * std::sin(pitch)};
}

/// Where each token's state is drawn; in 3D, PC3 points away from the reader and PC2 upwards.
std::vector<PointF> places_of(const Trajectory& path, const FigureOptions& options, bool is_3d) {
  std::vector<PointF> places;
  for (const auto& point : path.points) {
    const Place p{coordinate(point, 0), coordinate(point, 1), coordinate(point, 2)};
    places.push_back(is_3d ? projected(p, options.yaw, options.pitch) : PointF{p[0], p[1]});
  }
  return places;
}

bool is_finite(const PointF& p) { return std::isfinite(p.x) && std::isfinite(p.y); }

std::string axis_name(const Trajectory& path, std::size_t axis) {
  const std::string share = axis < path.explained.size() ? ", " + percent_text(path.explained[axis]) : "";
  return fmt::format("PC{}{}", axis + 1, share);
}

void add_path(const std::vector<PointF>& places, Plot& plot) {
  PathLayer line{.dot = places.size() > 2000 ? 0.0 : 1.5};
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!is_finite(places[i])) continue;
    line.at.push_back(places[i]);
    line.shade.push_back(static_cast<float>(i) / static_cast<float>(std::max<std::size_t>(1, places.size() - 1)));
  }
  plot.layers.emplace_back(std::move(line));
}

void add_cursors(const Snapshot& snapshot, const Trajectory& path, const std::vector<PointF>& places, Plot& plot) {
  const auto mark = [&](std::int64_t token, const char* name, double radius, bool is_dashed) {
    const std::int64_t i = token < path.first ? -1 : (token - path.first) / path.stride;
    if (i < 0 || i >= static_cast<std::int64_t>(places.size()) || !is_finite(places[static_cast<std::size_t>(i)]))
      return;
    plot.layers.emplace_back(MarkLayer{.at = places[static_cast<std::size_t>(i)],
                                       .label = fmt::format("{} {}", name, token),
                                       .radius = radius,
                                       .dashed = is_dashed});
  };
  mark(snapshot.selection.cursor_b, "B", 3.5, true);
  mark(snapshot.selection.cursor_a, "A", 5, false);
}

/// A name beside a place, where there is room.
void add_name(const PointF& at, std::string name, Plot& plot) {
  plot.layers.emplace_back(MarkLayer{.at = at, .label = std::move(name), .ink = Ink::dim, .radius = 0});
}

/// The path with both cursors; the names come last, so that those of the cursors find their places first.
void add_journey(const Snapshot& snapshot, const Trajectory& path, const std::vector<PointF>& places,
                 const FigureOptions& options, Plot& plot) {
  add_path(places, plot);
  if (options.cursors) add_cursors(snapshot, path, places, plot);
  if (is_finite(places[0])) add_name(places[0], fmt::format("t {}", path.first), plot);
}

/// Shows a part of a picture that was made to show all.
void zoom_in(const FigureOptions& options, Plot& plot) {
  if (options.zoom <= 1) return;
  const auto narrow = [&](Axis& axis, double center) {
    const double half = (axis.high - axis.low) / 2 / options.zoom;
    axis.low = center - half, axis.high = center + half;
  };
  narrow(plot.x, options.center_x), narrow(plot.y, options.center_y);
}

Figure flat(const Snapshot& snapshot, const Trajectory& path, const FigureOptions& options) {
  const std::vector<PointF> places = places_of(path, options, false);
  double low[2] = {0, 0}, high[2] = {0, 0};  // the mean is always in the picture
  for (const PointF& p : places) {
    if (!is_finite(p)) continue;
    low[0] = std::min(low[0], p.x), high[0] = std::max(high[0], p.x);
    low[1] = std::min(low[1], p.y), high[1] = std::max(high[1], p.y);
  }
  const auto axis = [&](int i) {
    const double width = std::max(1e-12, high[i] - low[i]);
    return Axis{.label = axis_name(path, static_cast<std::size_t>(i)),
                .low = low[i] - 0.08 * width,
                .high = high[i] + 0.08 * width,
                .visible = !options.on_screen};
  };
  Plot plot{.x = axis(0), .y = axis(1), .equal_units = true};
  zoom_in(options, plot);
  add_journey(snapshot, path, places, options, plot);
  return {.plots = {std::move(plot)}};
}

Figure turned(const Snapshot& snapshot, const Trajectory& path, const FigureOptions& options) {
  const std::vector<PointF> places = places_of(path, options, true);
  double radius = 1e-12;
  Place extent{};
  for (const auto& point : path.points) {
    const Place p{coordinate(point, 0), coordinate(point, 1), coordinate(point, 2)};
    const double r = std::hypot(p[0], p[1], p[2]);
    if (!std::isfinite(r)) continue;
    radius = std::max(radius, r);
    for (std::size_t i = 0; i < 3; ++i) extent[i] = std::max(extent[i], std::abs(p[i]));
  }
  Plot plot{.x = {.visible = false}, .y = {.visible = false}, .equal_units = true};
  std::array<PointF, 3> tips;
  PointF most;  // how far anything reaches at this angle
  for (std::size_t i = 0; i < 3; ++i) {
    Place tip{}, tail{};
    tip[i] = extent[i], tail[i] = -extent[i];
    tips[i] = projected(tip, options.yaw, options.pitch);
    most = {std::max(most.x, std::abs(tips[i].x)), std::max(most.y, std::abs(tips[i].y))};
    plot.layers.emplace_back(
        PathLayer{.at = {projected(tail, options.yaw, options.pitch), tips[i]}, .ink = Ink::faint, .dot = 0});
  }
  for (const PointF& p : places)
    if (is_finite(p)) most = {std::max(most.x, std::abs(p.x)), std::max(most.y, std::abs(p.y))};
  // In the window the same at every angle, so that turning does not change the size; on paper as large as fits.
  const PointF reach =
      options.on_screen ? PointF{radius, radius} : PointF{std::max(1e-12, most.x), std::max(1e-12, most.y)};
  plot.x.low = -1.05 * reach.x, plot.x.high = 1.05 * reach.x;
  plot.y.low = -1.05 * reach.y, plot.y.high = 1.05 * reach.y;
  zoom_in(options, plot);
  add_journey(snapshot, path, places, options, plot);
  for (std::size_t i = 0; i < 3; ++i) add_name(tips[i], axis_name(path, i), plot);
  return {.plots = {std::move(plot)}};
}

bool is_enough(const Derived& derived) {
  return derived.trajectory && static_cast<std::int64_t>(derived.trajectory->points.size()) >= kTokensNeeded;
}

template <bool is_3d>
Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!is_enough(derived)) return not_there(snapshot, derived, "principal components", kTokensNeeded);
  Figure figure = is_3d ? turned(snapshot, *derived.trajectory, options) : flat(snapshot, *derived.trajectory, options);
  figure.plots[0].title = "PCA of the state";
  figure.plots[0].subtitle = subtitle_of("pca2d", snapshot, derived);
  return figure;
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& path = derived.trajectory;
  if (!path) return fmt::format("layer {}", snapshot.selection.layer);
  std::string text = fmt::format("layer {}", path->layer);
  for (std::size_t i = 0; i < std::min<std::size_t>(2, path->explained.size()); ++i)
    text += fmt::format("{}PC{} {}", i == 0 ? " · " : ", ", i + 1, percent_text(path->explained[i]));
  if (path->lost > 0.01f) text += fmt::format(" · sketch lost {}", percent_text(path->lost));
  if (!path->approximation.empty()) text += " · " + path->approximation;
  return text + nan_note(std::ranges::count_if(path->points, [](const auto& point) {
           return std::ranges::any_of(point, [](float v) { return !std::isfinite(v); });
         }));
}

template <bool is_3d>
std::string value(const FigureInput& input, int, double x, double y) {
  if (!is_enough(input.derived)) return "";
  const Trajectory& path = *input.derived.trajectory;
  const std::int64_t token = token_on_path(path, input.options, is_3d, x, y);
  if (token < 0) return "";
  const auto nearest = static_cast<std::size_t>((token - path.first) / path.stride);
  std::string text = fmt::format("token {}\t{}", token, token_text(input.snapshot, token));
  for (std::size_t i = 0; i < std::min<std::size_t>(3, path.points[nearest].size()); ++i)
    text += fmt::format("\nPC{}\t{}", i + 1, exact_text(path.points[nearest][i]));
  return text;
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,token,component,value\n";
  if (!input.derived.trajectory) return text;
  const Trajectory& path = *input.derived.trajectory;
  for (std::size_t t = 0; t < path.points.size(); ++t)
    for (std::size_t i = 0; i < path.points[t].size(); ++i)
      text += fmt::format("{},{},{},{}\n", path.layer, path.first + static_cast<std::int64_t>(t) * path.stride, i + 1,
                          csv_text(path.points[t][i]));
  return text;
}

std::size_t scree_bars(const Trajectory& path) { return std::min<std::size_t>(kScreeBars, path.explained.size()); }

Result<Figure> make_scree(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!is_enough(derived)) return not_there(snapshot, derived, "principal components", kTokensNeeded);
  const Trajectory& path = *derived.trajectory;
  BarLayer bars{.across = false, .highlight = 0};
  LineLayer null{.ink = Ink::warning, .width = 1.5};
  double top = 0;
  for (std::size_t i = 0; i < scree_bars(path); ++i) {
    const double share = std::isfinite(path.explained[i]) ? path.explained[i] : 0;
    const double walk = random_walk_share(static_cast<int>(i) + 1);
    bars.values.push_back(share);
    bars.labels.push_back(std::to_string(i + 1));
    const double x = static_cast<double>(i);
    for (const double at : {x - 0.42, x + 0.42}) null.x.push_back(at), null.y.push_back(static_cast<float>(walk));
    null.x.push_back(x + 0.5), null.y.push_back(std::nanf(""));
    top = std::max({top, share, walk});
  }
  const auto count = static_cast<double>(bars.values.size());
  Plot plot{.title = "Variance by component", .subtitle = subtitle_of("scree", snapshot, derived)};
  plot.x = {.label = "component"};
  plot.y = {.label = "share of variance", .low = 0, .high = top * 1.1, .visible = !options.on_screen};
  plot.layers.emplace_back(std::move(bars));
  plot.layers.emplace_back(std::move(null));
  if (!options.on_screen)  // the pane writes it beside the picture
    plot.layers.emplace_back(NoteLayer{.at = {count - 0.5, random_walk_share(1)},
                                       .text = "random walk",
                                       .ink = Ink::warning,
                                       .align = TextAlign::right});
  return Figure{.plots = {std::move(plot)}};
}

std::string scree_subtitle(const Snapshot& snapshot, const Derived& derived) {
  return fmt::format("layer {} · marks: a random walk's 6 / (π²k²)",
                     derived.trajectory ? derived.trajectory->layer : snapshot.selection.layer);
}

std::string scree_value(const FigureInput& input, int, double x, double) {
  if (!is_enough(input.derived)) return "";
  const auto i = static_cast<std::int64_t>(std::floor(x + 0.5));
  const Trajectory& path = *input.derived.trajectory;
  if (i < 0 || i >= static_cast<std::int64_t>(scree_bars(path))) return "";
  return fmt::format("PC{}\t{}\nrandom walk\t{}", i + 1, percent_text(path.explained[static_cast<std::size_t>(i)]),
                     percent_text(random_walk_share(static_cast<int>(i) + 1)));
}

std::string scree_csv(const FigureInput& input) {
  std::string text = "layer,component,share,random_walk\n";
  if (!input.derived.trajectory) return text;
  const Trajectory& path = *input.derived.trajectory;
  for (std::size_t i = 0; i < path.explained.size(); ++i)
    text += fmt::format("{},{},{},{}\n", path.layer, i + 1, csv_text(path.explained[i]),
                        random_walk_share(static_cast<int>(i) + 1));
  return text;
}

}  // namespace

std::int64_t token_on_path(const Trajectory& path, const FigureOptions& options, bool is_3d, double x, double y) {
  const std::vector<PointF> places = places_of(path, options, is_3d);
  double best = 1e300, size = 0;
  std::size_t nearest = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!is_finite(places[i])) continue;
    const double distance = std::hypot(places[i].x - x, places[i].y - y);
    size = std::max(size, std::hypot(places[i].x, places[i].y));
    if (distance < best) best = distance, nearest = i;
  }
  return best > 0.05 * size / std::max(1.0, options.zoom) ? -1 : path.first + static_cast<std::int64_t>(nearest) * path.stride;
}

const FigureCode kPca2d = {{"pca2d", "PCA", {.trajectory = true}, 0.8, make<false>}, subtitle, value<false>, csv,
    "The state of a layer after each token along its leading principal components. The components are updated block by block at rank 16 or more and turned "
    "towards those drawn before, so that axes do not flip; beside them stands the share of variance that a random walk would show."};
const FigureCode kPca3d = {
    {"pca3d", "PCA, three components", {.trajectory = true}, 0.8, make<true>}, subtitle, value<true>, csv,
    "The state of a layer after each token along its three leading principal components, seen from an angle. The components are updated block by block at rank "
    "16 or more and turned towards those drawn before, so that axes do not flip."};
const FigureCode kScree = {
    {"scree", "Scree", {.trajectory = true}, 0.6, make_scree}, scree_subtitle, scree_value, scree_csv,
    "The share of the variance that each principal component holds. The marks are those of a random walk, 6/(π² k²): a spectrum near them shows nothing."};

}  // namespace lab
