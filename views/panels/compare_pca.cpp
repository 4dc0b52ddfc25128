// The ways of both states through one plane.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kFigure = "compare-pca";
constexpr const char* kBases[] = {"Joint", "A", "B"};
constexpr float kFoot = 26;

bool is_there(const TrajectoryPair::Coordinates& at) { return std::isfinite(at[0]) && std::isfinite(at[1]); }

/// Both paths in a box, one unit as long across as down.
class Plane {
 public:
  Plane(const TrajectoryPair& pair, Box box) {
    double low[2] = {0, 0}, high[2] = {0, 0};  // the mean is always in the picture
    for (const auto* path : {&pair.a, &pair.b})
      for (const auto& at : *path)
        for (std::size_t i = 0; i < 2 && is_there(at); ++i) low[i] = std::min(low[i], static_cast<double>(at[i])), high[i] = std::max(high[i], static_cast<double>(at[i]));
    const double across = std::max(1e-12, high[0] - low[0]), down = std::max(1e-12, high[1] - low[1]);
    scale_ = 0.86 * std::min(static_cast<double>(box.w) / across, static_cast<double>(box.h) / down);
    middle_x_ = (low[0] + high[0]) / 2, middle_y_ = (low[1] + high[1]) / 2;
    x_ = box.middle_x(), y_ = box.middle_y();
  }
  float x(double value) const { return x_ + static_cast<float>((value - middle_x_) * scale_); }
  float y(double value) const { return y_ - static_cast<float>((value - middle_y_) * scale_); }
  ImVec2 pixel(const Ui& ui, const TrajectoryPair::Coordinates& at) const {
    return {x(static_cast<double>(at[0])) * ui.scale(), y(static_cast<double>(at[1])) * ui.scale()};
  }

 private:
  double scale_ = 1, middle_x_ = 0, middle_y_ = 0;
  float x_ = 0, y_ = 0;
};

/// A line from place to place; dashed as on the curves.
void draw_segment(const Ui& ui, ImVec2 a, ImVec2 b, Color color, float on, float off) {
  if (off <= 0) return ui.list()->AddLine(a, b, color, ui.scale());
  const float length = std::hypot(b.x - a.x, b.y - a.y);
  for (float at = 0; at < length; at += (on + off) * ui.scale()) {
    const float end = std::min(length, at + on * ui.scale());
    ui.list()->AddLine({a.x + (b.x - a.x) * at / length, a.y + (b.y - a.y) * at / length}, {a.x + (b.x - a.x) * end / length, a.y + (b.y - a.y) * end / length}, color, ui.scale());
  }
}

void draw_path(const Ui& ui, const Plane& plane, const std::vector<TrajectoryPair::Coordinates>& path, Color color, bool dashed) {
  for (std::size_t i = 1; i < path.size(); ++i)
    if (is_there(path[i - 1]) && is_there(path[i])) draw_segment(ui, plane.pixel(ui, path[i - 1]), plane.pixel(ui, path[i]), faded(color, 0.75f), 4, dashed ? 3.0f : 0);
  const float radius = (path.size() > 300 ? 1.0f : 1.8f) * ui.scale();
  for (const auto& at : path)
    if (is_there(at)) ui.list()->AddCircleFilled(plane.pixel(ui, at), radius, color);
}

/// A name beside a place on a ground of the pane's colour, on a side that is free, or left out.
class Names {
 public:
  Names(const Ui& ui, Box room) : ui_(ui), room_(room) {}
  void write(float x, float y, Color color, const std::string& text) {
    const float width = ui_.width(Face::tick, text) + 4;
    for (const auto& [left, top] : {std::pair{x + 8, y - 18}, {x + 8, y + 4}, {x - 8 - width, y - 18}, {x - 8 - width, y + 4}}) {
      const Box box{left, top, width, 14};
      const bool is_in = box.x >= room_.x && box.right() <= room_.right() && box.y >= room_.y && box.bottom() <= room_.bottom();
      const bool is_free = std::ranges::none_of(taken_, [&](const Box& other) { return box.x < other.right() && other.x < box.right() && box.y < other.bottom() && other.y < box.bottom(); });
      if (!is_in || !is_free) continue;
      ui_.fill(box, ui_.theme().pane);
      ui_.text_in(box.inset(2, 0), Face::tick, color, text);
      taken_.push_back(box);
      return;
    }
  }

 private:
  const Ui& ui_;
  Box room_;
  std::vector<Box> taken_;
};

/// The point of a column, or the last one before it; -1: none.
std::ptrdiff_t point_of(const TrajectoryPair& pair, std::int64_t column) {
  return std::ranges::upper_bound(pair.columns, column) - pair.columns.begin() - 1;
}

void draw_ring(const Ui& ui, ImVec2 at, Color color, float radius) {
  ui.list()->AddCircle(at, (radius + 1.5f) * ui.scale(), ui.theme().pane, 0, 2.5f * ui.scale());
  ui.list()->AddCircle(at, radius * ui.scale(), color, 0, 1.5f * ui.scale());
}

/// Where both stand at the cursor, joined; where they part; where they end.
void draw_places(Ui& ui, Box box, const Plane& plane, const TrajectoryPair& pair, const CompareScene& scene) {
  const Theme& theme = ui.theme();
  const Color color_a = run_color(ui.theme(), scene.snapshot, scene.a.id), color_b = run_color(ui.theme(), scene.snapshot, scene.b.id);
  Names names(ui, box);
  const auto at_x = [&](const TrajectoryPair::Coordinates& at) { return plane.x(static_cast<double>(at[0])); };
  const auto at_y = [&](const TrajectoryPair::Coordinates& at) { return plane.y(static_cast<double>(at[1])); };
  const auto name = [&](const auto& at, Color color, const std::string& text) { names.write(at_x(at), at_y(at), color, text); };
  const std::ptrdiff_t now = scene.shown.cursor < 0 ? -1 : point_of(pair, scene.shown.cursor);
  if (now >= 0) {
    const auto &a = pair.a[static_cast<std::size_t>(now)], &b = pair.b[static_cast<std::size_t>(now)];
    const bool is_at_cursor = pair.columns[static_cast<std::size_t>(now)] == scene.shown.cursor;
    if (is_there(a) && is_there(b)) draw_segment(ui, plane.pixel(ui, a), plane.pixel(ui, b), color_b, 2, 3);
    if (is_there(a) && is_at_cursor) draw_ring(ui, plane.pixel(ui, a), color_a, 4), name(a, color_a, "A " + scene.number_text(scene.shown.cursor));
    if (is_there(b) && is_at_cursor) draw_ring(ui, plane.pixel(ui, b), color_b, 4), name(b, color_b, "B " + scene.number_text(scene.shown.cursor));
  }
  for (const CompareMark& mark : own_edits(scene)) {
    const std::ptrdiff_t i = point_of(pair, mark.column - 1);
    if (i < 0 || pair.columns[static_cast<std::size_t>(i)] != mark.column - 1) continue;
    const auto& at = pair.a[static_cast<std::size_t>(i)];
    if (!is_there(at)) continue;
    draw_ring(ui, plane.pixel(ui, at), theme.text, 5);
    name(at, theme.text, fmt::format("edit, t = {}", mark.position - 1));
    break;
  }
  if (pair.columns.empty()) return;
  const std::string end = scene.number_text(pair.columns.back());
  if (is_there(pair.a.back())) name(pair.a.back(), color_a, "A " + end);
  if (is_there(pair.b.back())) name(pair.b.back(), color_b, "B " + end);
}

std::string foot_of(const TrajectoryPair& pair, const CompareScene& scene) {
  std::string text;
  const auto add = [&](const std::string& fact) { text += (text.empty() ? "" : "     ") + fact; };
  const std::ptrdiff_t now = scene.shown.cursor < 0 ? -1 : point_of(pair, scene.shown.cursor);
  if (now >= 0 && pair.columns[static_cast<std::size_t>(now)] == scene.shown.cursor) {
    const auto &a = pair.a[static_cast<std::size_t>(now)], &b = pair.b[static_cast<std::size_t>(now)];
    const double distance = std::hypot(static_cast<double>(b[0] - a[0]), static_cast<double>(b[1] - a[1]));
    if (std::isfinite(distance)) add(fmt::format("distance at {}: {} in the plane", scene.number_text(scene.shown.cursor), number_text(distance, 4)));
  }
  if (std::isfinite(pair.procrustes)) add("Procrustes " + number_text(pair.procrustes, 3));
  if (std::isfinite(pair.cka)) add("CKA " + number_text(pair.cka, 3));
  return text;
}

/// How much of the variance the axes hold: of what they were made from, and of each run.
std::string shares_of(const TrajectoryPair& pair) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(2, pair.explained.size()); ++i) text += fmt::format("{}PC{} {}", i ? ", " : "", i + 1, percent_text(static_cast<double>(pair.explained[i])));
  const auto kept = [](const TrajectoryPair::Coordinates& share) { return static_cast<double>(share[0] + share[1]); };
  if (std::isfinite(kept(pair.kept_a)) && std::isfinite(kept(pair.kept_b))) text += fmt::format(" · keeps {} of A, {} of B", percent_text(kept(pair.kept_a)), percent_text(kept(pair.kept_b)));
  return text + (pair.approximation.empty() ? "" : " · " + pair.approximation);
}

/// The point nearest to the mouse: its column in words. A click goes there.
void handle_mouse(Ui& ui, Box box, PaneContext& context, const CompareScene& scene, const TrajectoryPair& pair, const Plane& plane) {
  const Hit hit = ui.hit("paths", box);
  if (!hit.hovered) return;
  float nearest = 14;
  std::ptrdiff_t found = -1;
  bool of_b = false;
  for (const bool b : {false, true}) {
    const auto& path = b ? pair.b : pair.a;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (!is_there(path[i])) continue;
      const float away = std::hypot(plane.x(static_cast<double>(path[i][0])) - hit.x, plane.y(static_cast<double>(path[i][1])) - hit.y);
      if (away < nearest) nearest = away, found = static_cast<std::ptrdiff_t>(i), of_b = b;
    }
  }
  if (found < 0) return;
  const std::int64_t column = pair.columns[static_cast<std::size_t>(found)];
  const auto& at = (of_b ? pair.b : pair.a)[static_cast<std::size_t>(found)];
  const std::string text = fmt::format("{}  t = {}\t{}\nPC1\t{}\nPC2\t{}", of_b ? "B" : "A", scene.number_text(column), scene.token_text(column), number_text(static_cast<double>(at[0]), 5),
                                       number_text(static_cast<double>(at[1]), 5));
  note_hover(ui, context, text, column);
  ui.tooltip(text);
  if (hit.clicked) seek_column(context, scene, static_cast<double>(column));
}

void draw_paths(Ui& ui, Box box, PaneContext& context, const CompareScene& scene, const TrajectoryPair& pair) {
  const Plane plane(pair, box);
  if (const float x = plane.x(0); x > box.x && x < box.right()) ui.line_down(x, box.y, box.bottom(), ui.theme().grid);
  if (const float y = plane.y(0); y > box.y && y < box.bottom()) ui.line_across(box.x, box.right(), y, ui.theme().grid);
  draw_path(ui, plane, pair.a, run_color(ui.theme(), scene.snapshot, scene.a.id), false);
  draw_path(ui, plane, pair.b, run_color(ui.theme(), scene.snapshot, scene.b.id), true);
  draw_places(ui, box, plane, pair, scene);
  handle_mouse(ui, box, context, scene, pair, plane);
}

}  // namespace

void draw_compare_pca(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  TrajectoryBasis& basis = context.memory.compare.basis;
  constexpr const char* kTitles[] = {"PCA, joint basis", "PCA, basis of A", "PCA, basis of B"};
  PaneHeader header(ui, box, kTitles[static_cast<std::size_t>(basis)]);
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view(kFigure);
  const int chosen = segments(ui, "basis", header.control(120), kBases, static_cast<int>(basis));
  basis = static_cast<TrajectoryBasis>(chosen);
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) return;
  const TrajectoryPair* pair = scene->runs.trajectories.get();
  if (!pair) return pending_note(ui, box, context.derived.refusal);
  header.subtitle(shares_of(*pair));
  if (pair->columns.size() < 2) return empty_note(ui, box, "Needs two tokens or more.", "Read some in both runs.");
  const Box foot = box.cut_bottom(kFoot);
  draw_paths(ui, box.inset(8, 4), context, *scene, *pair);
  ui.line_across(foot.x + 12, foot.right() - 12, foot.y, ui.theme().line);
  ui.text_in(foot.inset(12, 0), Face::control, ui.theme().dim, foot_of(*pair, *scene));
  pane_menu(ui, pane, context, {.kind = kFigure});
}

}  // namespace lab
