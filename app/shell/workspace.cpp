#include "app/shell/workspace.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "views/panels/kit/ui_compat.h"
#include "views/panels/pane.h"

namespace lab {
namespace {

constexpr float kNarrow = 1400;  // units of width below which side panes shrink
constexpr float kLayerHeads = 88;       // above the rows of the list of layers, and a little below
constexpr float kMostLayerSpace = 562;  // for the list: 25 layers
constexpr float kLaneHeads = 60;        // header and axis of the alerts by layer
constexpr auto kAcross = Cut::across;
constexpr auto kDown = Cut::down;
constexpr auto kFirst = PaneTile::Hold::first;
constexpr auto kSecond = PaneTile::Hold::second;
constexpr auto kShare = PaneTile::Hold::share;

/// The token strip above, the transport below, `middle` between: the outer two splits of every layout.
std::unique_ptr<PaneTile> framed(float strip, float transport, std::unique_ptr<PaneTile> middle) {
  return split_tile(kDown, kFirst, strip, 48, pane_tile("tokens"),
                    split_tile(kDown, kSecond, transport, 72, std::move(middle), pane_tile("transport")));
}

std::unique_ptr<PaneTile> wide_tree(PaneTile*& list) {
  auto left = split_tile(kDown, kFirst, kMostLayerSpace, 80, pane_tile("layers"), pane_tile("next"));
  list = left.get();
  auto pair = split_tile(kAcross, kShare, 0.5f, 160, pane_tile("pca"), pane_tile("lens"));
  auto below = split_tile(kAcross, kShare, 1.0f / 3, 160, pane_tile("state-at"), std::move(pair));
  auto curves = split_tile(kDown, kShare, 0.518f, 80, pane_tile("curves"), std::move(below));
  auto middle = split_tile(kDown, kShare, 0.402f, 100, pane_tile("state-over-time"), std::move(curves));
  auto right = split_tile(kAcross, kSecond, 312, 160, std::move(middle), pane_tile("selection"));
  return framed(72, 128, split_tile(kAcross, kFirst, 256, 120, std::move(left), std::move(right)));
}

std::unique_ptr<PaneTile> narrow_tree() {
  auto pair = split_tile(kAcross, kShare, 0.5f, 120, pane_tile("pca"), pane_tile("next"));
  auto below = split_tile(kAcross, kShare, 0.333f, 120, pane_tile("state-at"), std::move(pair));
  auto curves = split_tile(kDown, kShare, 0.44f, 80, pane_tile("curves"), std::move(below));
  auto middle = split_tile(kDown, kShare, 0.45f, 100, pane_tile("state-over-time"), std::move(curves));
  auto right = split_tile(kAcross, kSecond, 252, 160, std::move(middle), pane_tile("selection"));
  return framed(52, 100, split_tile(kAcross, kFirst, 132, 100, pane_tile("layers"), std::move(right)));
}

/// The list of tensors beside the chosen one.
std::unique_ptr<PaneTile> weights_tree() {
  auto chosen = split_tile(kDown, kSecond, 300, 160, pane_tile("weight-map"), pane_tile("weight-values"));
  return split_tile(kAcross, kFirst, 464, 240, pane_tile("tensors"), std::move(chosen));
}

/// Rules above, the transport below; between them alerts by layer over their table, beside one of them in detail.
std::unique_ptr<PaneTile> monitor_tree(PaneTile*& lanes, float detail, float answer, float transport) {
  auto left = split_tile(kDown, kFirst, 488, 100, pane_tile("alerts"), pane_tile("alert-table"));
  lanes = left.get();
  auto right = split_tile(kDown, kSecond, answer, 100, pane_tile("evidence"), pane_tile("response"));
  auto middle = split_tile(kAcross, kSecond, detail, 240, std::move(left), std::move(right));
  return split_tile(kDown, kFirst, 76, 76, pane_tile("rules"), split_tile(kDown, kSecond, transport, 72, std::move(middle), pane_tile("transport")));
}

/// The runs and their tokens above, the time below; between them three maps over what moves with them, beside the lists.
std::unique_ptr<PaneTile> compare_tree(float lists, float left) {
  const auto column = [](const char* map, const char* below) { return split_tile(kDown, kShare, 0.457f, 100, pane_tile(map), pane_tile(below)); };
  auto right = split_tile(kAcross, kShare, 0.5f, 160, column("compare-b", "compare-next"), column("compare-difference", "compare-pca"));
  auto maps = split_tile(kAcross, kShare, left, 160, column("compare-a", "compare-norms"), std::move(right));
  auto both = split_tile(kDown, kShare, 0.739f, 80, pane_tile("compare-layers"), pane_tile("compare-differences"));
  auto middle = split_tile(kAcross, kSecond, lists, 160, std::move(maps), std::move(both));
  return split_tile(kDown, kFirst, 40, 40, pane_tile("compare-bar"),
                    split_tile(kDown, kFirst, 104, 104, pane_tile("compare-tokens"), split_tile(kDown, kSecond, 40, 40, std::move(middle), pane_tile("compare-time"))));
}

/// A new default size, which the tile has unless somebody has given it another one.
void set_default(PaneTile& tile, float size) {
  if (tile.size == tile.default_size) tile.size = size;
  tile.default_size = size;
}

template <class Do>
void for_each_tile(PaneTile& tile, const Do& act) {
  act(tile);
  if (!tile.first) return;
  for_each_tile(*tile.first, act);
  for_each_tile(*tile.second, act);
}

const std::string& first_place(const PaneTile& tile) { return tile.first ? first_place(*tile.first) : tile.place; }

/// A split is known by the first place of its second part: no other split has it there.
std::string name_of_split(const char* tree, const PaneTile& split) { return std::string(tree) + "/" + first_place(*split.second); }

/// Whether a pane is one that can change places with others.
bool is_view(const std::string& pane) {
  const PaneKind* kind = find_pane(pane);
  return kind && kind->view;
}

/// What stays above and below on a page whatever is enlarged: as many as the first splits of its tree.
std::vector<std::string> frame_of(Page page) {
  switch (page) {
    case Page::inspect: return {"tokens", "transport"};
    case Page::weights: return {};
    case Page::monitor: return {"rules", "transport"};
    case Page::compare: return {"compare-bar", "compare-tokens", "compare-time"};
  }
  return {};
}

/// All but those that stay above and below.
bool can_be_enlarged(const std::string& pane) {
  for (const Page page : {Page::inspect, Page::monitor, Page::compare})
    for (const std::string& fixed : frame_of(page))
      if (pane == fixed) return false;
  return true;
}

bool is_size(const PaneTile& split, float size) {
  return std::isfinite(size) && size > 0 && (split.hold != PaneTile::Hold::share || size < 1);
}

/// Where the line of a gutter is drawn: the last unit of the first child.
float line_of(const Gutter& gutter) {
  return gutter.tile->cut == kAcross ? gutter.box.middle_x() - 0.5f : gutter.box.middle_y() - 0.5f;
}

}  // namespace

Workspace::Workspace() : wide_(wide_tree(list_)), narrow_(narrow_tree()), weights_(weights_tree()),
      monitor_(monitor_tree(lanes_, 640, 244, 128)), narrow_monitor_(monitor_tree(narrow_lanes_, 480, 196, 100)), compare_(compare_tree(272, 0.3494f)), narrow_compare_(compare_tree(252, 0.36f)) {}

void Workspace::fit_layers(std::int64_t layers) {
  set_default(*list_, std::min(kLayerHeads + 20 * static_cast<float>(layers), kMostLayerSpace));
  const float row = std::clamp(440 / std::max(1.0f, static_cast<float>(layers)), 18.0f, 40.0f);
  const float wanted = kLaneHeads + row * static_cast<float>(layers);
  set_default(*lanes_, std::min(wanted, 488.0f));
  set_default(*narrow_lanes_, std::min(wanted, 270.0f));
}

PaneTile& Workspace::tree(Box body) const {
  const bool is_narrow = body.w < kNarrow;
  if (page_ == Page::weights) return *weights_;
  if (page_ == Page::monitor) return is_narrow ? *narrow_monitor_ : *monitor_;
  if (page_ == Page::compare) return is_narrow ? *narrow_compare_ : *compare_;
  return is_narrow ? *narrow_ : *wide_;
}

void Workspace::place(Box body) {
  body_ = body;
  tiling_ = lab::place(tree(body), body);
  const auto enlarged = tiling_.panes.find(enlarged_);
  if (enlarged == tiling_.panes.end()) return;
  const std::vector<std::string> fixed = frame_of(page_);
  std::map<std::string, Box> kept;
  Box space = body;
  for (const std::string& name : fixed) {
    const Box box = kept[name] = tiling_.panes.at(name);
    if (name == fixed.back()) space.cut_bottom(box.h);
    else space.cut_top(box.h);
  }
  kept[enlarged_] = space;
  tiling_.panes = std::move(kept);
  tiling_.gutters.resize(fixed.size());  // the splits of the frame come first
}

Query Workspace::needs() const {
  Query all;
  for (const auto& [name, box] : panes()) {
    const PaneKind* kind = find_pane(name);
    if (!kind) continue;
    all.slab |= kind->needs.slab;
    all.frame |= kind->needs.frame;
    all.attention |= kind->needs.attention;
    all.next |= kind->needs.next;
    all.lens |= kind->needs.lens;
    all.trajectory |= kind->needs.trajectory;
    all.weights |= kind->needs.weights;
    all.alerts |= kind->needs.alerts;
    all.discretisation |= kind->needs.discretisation;
    all.pair |= kind->needs.pair;
    all.surprise |= kind->needs.surprise;
    all.mixer |= kind->needs.mixer;
    all.compared_next |= kind->needs.compared_next;
    if (!kind->needs.comparison) continue;
    if (!all.comparison) all.comparison.emplace();
    all.comparison->slab |= kind->needs.comparison->slab;
    all.comparison->trajectories |= kind->needs.comparison->trajectories;
  }
  return all;
}

std::string Workspace::pane_at(float x, float y) const {
  for (const auto& [name, box] : panes())
    if (box.contains(x, y)) return name;
  return {};
}

std::string Workspace::neighbour(const std::string& pane, int by) const {
  std::vector<std::pair<std::pair<float, float>, std::string>> order;
  for (const auto& [name, box] : panes()) order.push_back({{box.y, box.x}, name});
  if (order.empty()) return {};
  std::ranges::sort(order);
  const auto found = std::ranges::find(order, pane, [](const auto& each) -> const std::string& { return each.second; });
  const std::ptrdiff_t count = std::ssize(order), from = found != order.end() ? found - order.begin() : by > 0 ? -1 : count;
  return order[static_cast<std::size_t>((from + by + count) % count)].second;
}

void Workspace::handle_gutters(Ui& ui) {
  ui.pane = "gutters";
  ImGui::PushID("gutters");
  int number = 0;
  for (const Gutter& gutter : tiling_.gutters) {
    const bool across = gutter.tile->cut == kAcross;
    const Hit hit = ui.hit(std::to_string(number++).c_str(), gutter.box);
    if (hit.hovered || hit.held) ImGui::SetMouseCursor(across ? ImGuiMouseCursor_ResizeEW : ImGuiMouseCursor_ResizeNS);
    if (hit.double_clicked) reset_gutter(gutter);
    else if (hit.held && (ImGui::GetIO().MouseDelta.x != 0 || ImGui::GetIO().MouseDelta.y != 0))
      move_gutter(gutter, across ? hit.x : hit.y);
  }
  ImGui::PopID();
}

void Workspace::draw_lines(Ui& ui) const {
  for (const Gutter& gutter : tiling_.gutters) {
    const Box& box = gutter.box;
    if (gutter.tile->cut == kAcross) ui.line_down(line_of(gutter), box.y, box.bottom(), ui.theme().line);
    else ui.line_across(box.x, box.right(), line_of(gutter), ui.theme().line);
  }
}

void Workspace::show_view(const std::string& pane, const std::string& view) {
  if (pane == view || !is_view(pane) || !is_view(view)) return;
  for_each_tile(tree(body_), [&](PaneTile& tile) {
    if (tile.first) return;
    if (tile.pane == pane) tile.pane = view;
    else if (tile.pane == view) tile.pane = pane;
  });
  if (enlarged_ == pane) enlarged_ = view;
}

std::vector<std::pair<const char*, PaneTile*>> Workspace::trees() const {
  return {{"wide", wide_.get()}, {"narrow", narrow_.get()}, {"weights", weights_.get()}, {"monitor", monitor_.get()}, {"narrow-monitor", narrow_monitor_.get()}, {"compare", compare_.get()}, {"narrow-compare", narrow_compare_.get()}};
}

PaneLayout Workspace::layout() const {
  PaneLayout layout{.enlarged = enlarged_};
  for (const auto& [name, root] : trees())
    for_each_tile(*root, [&, tree = name](const PaneTile& tile) {
      if (!tile.first && tile.pane != tile.place) layout.views[std::string(tree) + "/" + tile.place] = tile.pane;
      if (tile.first && tile.size != tile.default_size) layout.sizes[name_of_split(tree, tile)] = tile.size;
    });
  return layout;
}

void Workspace::arrange(const PaneLayout& layout) {
  enlarged_ = find_pane(layout.enlarged) && can_be_enlarged(layout.enlarged) ? layout.enlarged : "";
  for (const auto& [name, root] : trees()) {
    std::set<std::string> shown;
    bool is_whole = true;
    for_each_tile(*root, [&, tree = name](PaneTile& tile) {
      if (!tile.first) {
        const auto view = layout.views.find(std::string(tree) + "/" + tile.place);
        tile.pane = view != layout.views.end() && is_view(tile.place) && is_view(view->second) ? view->second : tile.place;
        is_whole = shown.insert(tile.pane).second && is_whole;
        return;
      }
      const auto size = layout.sizes.find(name_of_split(tree, tile));
      tile.size = size != layout.sizes.end() && is_size(tile, size->second) ? size->second : tile.default_size;
    });
    if (!is_whole) for_each_tile(*root, [](PaneTile& tile) { tile.pane = tile.place; });  // no view has two places
  }
}

void Workspace::toggle_enlarged(const std::string& pane) {
  enlarged_ = !is_enlarged() && can_be_enlarged(pane) ? pane : std::string();
}

}  // namespace lab
