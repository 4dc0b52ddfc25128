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

/// All but those that stay above and below.
bool can_be_enlarged(const std::string& pane) { return pane != "tokens" && pane != "rules" && pane != "transport"; }

bool is_size(const PaneTile& split, float size) {
  return std::isfinite(size) && size > 0 && (split.hold != PaneTile::Hold::share || size < 1);
}

/// Where the line of a gutter is drawn: the last unit of the first child.
float line_of(const Gutter& gutter) {
  return gutter.tile->cut == kAcross ? gutter.box.middle_x() - 0.5f : gutter.box.middle_y() - 0.5f;
}

}  // namespace

Workspace::Workspace() : wide_(wide_tree(list_)), narrow_(narrow_tree()), weights_(weights_tree()),
      monitor_(monitor_tree(lanes_, 640, 244, 128)), narrow_monitor_(monitor_tree(narrow_lanes_, 480, 196, 100)) {}

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
  return is_narrow ? *narrow_ : *wide_;
}

void Workspace::place(Box body) {
  body_ = body;
  tiling_ = lab::place(tree(body), body);
  const auto enlarged = tiling_.panes.find(enlarged_);
  if (enlarged == tiling_.panes.end()) return;
  if (page_ == Page::weights) {
    tiling_ = {.panes = {{enlarged_, body}}, .gutters = {}};
    return;
  }
  const std::string above = page_ == Page::monitor ? "rules" : "tokens";
  const Box strip = tiling_.panes.at(above), transport = tiling_.panes.at("transport");
  const Box space{body.x, strip.bottom(), body.w, transport.y - strip.bottom()};
  tiling_.panes = {{above, strip}, {enlarged_, space}, {"transport", transport}};
  tiling_.gutters.resize(2);  // the splits of the frame come first
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
    all.pair |= kind->needs.pair;
    all.surprise |= kind->needs.surprise;
    all.mixer |= kind->needs.mixer;
    all.reach |= kind->needs.reach;
    all.hidden |= kind->needs.hidden;
    all.tree |= kind->needs.tree;
    all.half_lives |= kind->needs.half_lives;
    if (all.content == StatePart::none) all.content = kind->needs.content;
  }
  return all;
}

std::string Workspace::pane_at(float x, float y) const {
  for (const auto& [name, box] : panes())
    if (box.contains(x, y)) return name;
  return {};
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
  return {{"wide", wide_.get()}, {"narrow", narrow_.get()}, {"weights", weights_.get()}, {"monitor", monitor_.get()}, {"narrow-monitor", narrow_monitor_.get()}};
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
