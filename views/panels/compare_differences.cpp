// Where the two differ, point by point: sorted, searched, gone to by a click.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr float kRow = 20;
constexpr std::size_t kMostListed = 1000;

/// What is typed as a glob: a part of a name, unless it has stars of its own.
std::string glob_of(const std::string& typed) {
  if (typed.empty() || typed.find('*') != std::string::npos) return typed;
  return "*" + typed + "*";
}

std::int64_t differing(const DifferenceTable& table) {
  std::int64_t all = 0;
  for (const PointDifferences& each : table.points) all += each.summary.beyond;
  return all;
}

/// The first difference of each point that passes the search.
std::vector<ListedDifference> first_of_points(const DifferenceTable& table, DifferenceOrder order, const std::string& glob) {
  std::vector<ListedDifference> firsts;
  for (std::size_t i = 0; i < table.points.size(); ++i) {
    const PointDifferences& each = table.points[i];
    if (each.summary.first_beyond < 0) continue;
    // Each point alone has the list of its name, whose first is what is wanted: the same search as of the whole list.
    if (!glob.empty() && list_differences({.points = {each}, .tolerance = table.tolerance}, DifferenceOrder::time, {.glob = glob}, 1).listed.empty()) continue;
    firsts.push_back({{each.summary.first_beyond, static_cast<int>(i)}, each.at(each.summary.first_beyond)});
  }
  const auto size_of = [](float value) { return std::isnan(value) ? -std::numeric_limits<double>::infinity() : -static_cast<double>(value); };
  switch (order) {
    case DifferenceOrder::time: std::ranges::stable_sort(firsts, {}, [](const ListedDifference& each) { return each.place.column; }); break;
    case DifferenceOrder::relative: std::ranges::stable_sort(firsts, {}, [&](const ListedDifference& each) { return size_of(each.row.relative); }); break;
    case DifferenceOrder::max_abs: std::ranges::stable_sort(firsts, {}, [&](const ListedDifference& each) { return size_of(each.row.max_abs); }); break;
    case DifferenceOrder::point: break;
  }
  return firsts;
}

/// The list, made again when the comparison has gone on or something else is asked for.
const KeptCompare& kept_list(PaneContext& context, const CompareScene& scene) {
  KeptCompare& kept = kept_of(context).compare;
  const CompareMemory& memory = context.memory.compare;
  std::string key = fmt::format("{} {} {} {} {}", scene_key(scene), scene.runs.progress, static_cast<int>(memory.order), memory.lists_all, memory.search);
  if (kept.list_key == key) return kept;
  kept.list_key = std::move(key);
  kept.total = differing(scene.runs.table);
  const std::string glob = glob_of(memory.search);
  kept.listed = memory.lists_all ? list_differences(scene.runs.table, memory.order, {.glob = glob}, kMostListed).listed : first_of_points(scene.runs.table, memory.order, glob);
  return kept;
}

struct Columns {
  Box column, point, relative;
};
Columns columns_of(Box row) {
  Columns at;
  Box line = row;
  line.cut_right(12);
  at.column = line.cut_left(46);
  line.cut_left(14);
  at.relative = line.cut_right(64);
  at.point = line;
  return at;
}

const PointDifferences& point_of(const CompareScene& scene, const ListedDifference& each) { return scene.runs.table.points[static_cast<std::size_t>(each.place.point)]; }

std::string relative_text(const PointDifferences& point, const RowDifference& row) {
  if (point.point.point == Point::count_) return "differs";
  const auto value = static_cast<double>(row.relative);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return "∞";
  return value < 0.0005 ? fmt::format("{:.0e}", value) : value < 1000 ? fmt::format("{:.3f}", value) : number_text(value, 3);
}

void go_to(PaneContext& context, const CompareScene& scene, const ListedDifference& each) {
  seek_column(context, scene, static_cast<double>(each.place.column));
  const int layer = point_of(scene, each).point.layer;
  if (layer >= 0 && layer < static_cast<int>(context.snapshot.model->layers.size())) context.send(command::Select{layer, -1, -1});
}

void draw_row(Ui& ui, Box row, PaneContext& context, const CompareScene& scene, const ListedDifference& each, std::size_t index) {
  const Theme& theme = ui.theme();
  const PointDifferences& point = point_of(scene, each);
  const std::int64_t layer = context.snapshot.selection.layer;
  const bool selected = each.place.column == scene.shown.cursor && (point.point.layer == layer || point.point.layer < 0);
  const Hit hit = ui.hit(fmt::format("difference {}", index).c_str(), row);
  if (selected) ui.fill(row, theme.selection);
  else if (hit.hovered) ui.fill(row, theme.raised);
  const Columns at = columns_of(row);
  ui.text_in(at.column, Face::dense, theme.text, scene.number_text(each.place.column), Align::right);
  ui.text_in(at.point, Face::dense, theme.text, point.point.name);
  ui.text_in(at.relative, Face::dense, theme.text, relative_text(point, each.row), Align::right);
  if (hit.hovered)
    ui.tooltip(fmt::format("{}\tt = {}\n‖B − A‖₂ / ‖A‖₂\t{}\nlargest |B − A|\t{}\ncosine\t{}\ncolumns that differ\t{} of {}", point.point.name, scene.number_text(each.place.column),
                           number_text(static_cast<double>(each.row.relative), 5), number_text(static_cast<double>(each.row.max_abs), 5), number_text(static_cast<double>(each.row.cosine), 5),
                           point.summary.differing, point.summary.compared));
  if (hit.clicked) go_to(context, scene, each);
}

/// Heads that sort; the one that does is bright.
void draw_heads(Ui& ui, Box row, DifferenceOrder& order) {
  const Theme& theme = ui.theme();
  const Columns at = columns_of(row);
  const auto head = [&](const char* id, Box box, const char* name, DifferenceOrder by, Align align, const char* tip) {
    const Hit hit = ui.hit(id, box);
    ui.text_in(box, Face::tick, order == by || hit.hovered ? theme.text : theme.dim, name, align);
    if (hit.hovered) ui.tooltip(tip);
    if (hit.clicked) order = by;
  };
  head("by time", at.column, "t", DifferenceOrder::time, Align::right, "Sort by time");
  head("by point", at.point, "point", DifferenceOrder::point, Align::left, "Sort in the order of computation");
  head("by size", at.relative, "rel. L2", DifferenceOrder::relative, Align::right, "Sort by size, the largest first");
}

std::string values_of(const CompareScene& scene, const std::vector<ListedDifference>& listed) {
  std::string text = "t\tpoint\trelative\tmax_abs\tcosine\n";
  for (const ListedDifference& each : listed)
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", scene.number_text(each.place.column), point_of(scene, each).point.name, each.row.relative, each.row.max_abs, each.row.cosine);
  return text;
}

void draw_list(Ui& ui, Box box, PaneContext& context, const CompareScene& scene, const std::vector<ListedDifference>& listed) {
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  compat::begin_child("list", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, 0);
  const float scroll = ImGui::GetScrollY() / ui.scale();
  for (auto i = static_cast<std::size_t>(std::max(0.0f, scroll) / kRow); i < listed.size(); ++i) {
    const float y = box.y + static_cast<float>(i) * kRow - scroll;
    if (y >= box.bottom()) break;
    draw_row(ui, {box.x, y, box.w - 1, kRow}, context, scene, listed[i], i);
  }
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - scroll + static_cast<float>(listed.size()) * kRow) - 1});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
}

void draw_filter_menu(Ui& ui, CompareMemory& memory) {
  const MenuItem items[] = {{.label = "The first of each point", .marked = !memory.lists_all}, {.label = "All of them", .marked = memory.lists_all}, {.label = "Search", .separated = true, .marked = memory.searches}};
  switch (menu(ui, "filter menu", items)) {
    case 0: memory.lists_all = false; break;
    case 1: memory.lists_all = true; break;
    case 2:
      memory.searches = !memory.searches;
      if (!memory.searches) memory.search.clear();
      break;
    default: break;
  }
}

}  // namespace

void draw_compare_differences(Ui& ui, Box box, PaneContext& context) {
  CompareMemory& memory = context.memory.compare;
  PaneHeader header(ui, box, "Differences");
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) return;
  const bool copies = icon_button(ui, header.control(28), icon::kCopy, "copy", "Copy the list as TSV");
  if (icon_button(ui, header.control(28), icon::kFilter, "filter", "Which differences, and a search", memory.lists_all || !memory.search.empty())) ImGui::OpenPopup("filter menu");
  draw_filter_menu(ui, memory);
  const KeptCompare& kept = kept_list(context, *scene);
  header.subtitle(kept.total > 0 ? fmt::format("{} of {}", kept.listed.size(), kept.total) : "");
  const bool wished = context.memory.wish_pane == ui.pane && context.memory.wish == PaneWish::copy;
  if (wished) context.memory.wish = PaneWish::none;
  if (copies || wished) ImGui::SetClipboardText(values_of(*scene, kept.listed).c_str());
  if (memory.searches) field(ui, "search", box.cut_top(26).inset(12, 2), memory.search, {.hint = "part of a name, or L12.*", .wrong = !memory.search.empty() && kept.listed.empty()});
  if (kept.listed.empty()) {
    if (!memory.search.empty()) return empty_note(ui, box, "No difference has that name.", "");
    if (scene->runs.is_whole) return empty_note(ui, box, fmt::format("The two are {}.", equal_words(scene->runs)), "");
    return pending_note(ui, box, scene->runs.refusal);
  }
  draw_heads(ui, box.cut_top(kRow), memory.order);
  draw_list(ui, box, context, *scene, kept.listed);
}

}  // namespace lab
