// Every layer: from where on its states differ, and how far they are apart at the cursor.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

using Order = CompareMemory::LayerOrder;
constexpr float kRow = 20, kHeads = 20, kFoot = 22;
constexpr const char* kOrders[] = {"By index", "By the first difference", "By the difference at the cursor"};

/// One layer as it is listed.
struct Line {
  int layer = 0;
  std::int64_t first = -1;  // the column at which its states first differ; -1: they do not
  RowDifference now;        // at the cursor
};

std::vector<Line> lines_of(const PaneContext& context, const CompareScene& scene) {
  std::vector<Line> lines;
  for (int layer = 0; layer < static_cast<int>(context.snapshot.model->layers.size()); ++layer) {
    const int point = state_point(scene.runs.table, layer);
    if (point < 0) {
      lines.push_back({.layer = layer});
      continue;
    }
    const PointDifferences& state = scene.runs.table.points[static_cast<std::size_t>(point)];
    lines.push_back({layer, scene.first_of(state), state.at(scene.shown.cursor)});
  }
  const auto far = [](const Line& line) { return line.now.is_compared ? -static_cast<double>(line.now.relative) : 1.0; };
  const auto when = [](const Line& line) { return line.first < 0 ? std::numeric_limits<std::int64_t>::max() : line.first; };
  if (context.memory.compare.layer_order == Order::first) std::ranges::stable_sort(lines, {}, when);
  if (context.memory.compare.layer_order == Order::difference) std::ranges::stable_sort(lines, {}, far);
  return lines;
}

struct Columns {
  Box layer, first, bar, relative, cosine;
};
Columns columns_of(Box row) {
  Columns at;
  Box line = row;
  line.cut_right(10);
  at.layer = line.cut_left(32);
  at.first = line.cut_left(50);
  line.cut_left(10);
  at.cosine = line.cut_right(50);
  at.relative = line.cut_right(56);
  line.cut_right(4);
  at.bar = line;
  return at;
}

std::string relative_text(double value) {
  if (value == 0) return "0";
  if (std::isinf(value)) return "∞";
  return value < 0.0005 ? fmt::format("{:.0e}", value) : value < 100 ? fmt::format("{:.3f}", value) : number_text(value, 3);
}

void draw_row(Ui& ui, Box row, PaneContext& context, const CompareScene& scene, const Line& line, double largest) {
  const Theme& theme = ui.theme();
  const bool selected = line.layer == context.snapshot.selection.layer;
  const Hit hit = ui.hit(fmt::format("layer {}", line.layer).c_str(), row);
  if (selected) ui.fill(row, theme.selection);
  else if (hit.hovered) ui.fill(row, theme.raised);
  const Columns at = columns_of(row);
  const Color quiet = selected ? theme.dim_on_selection : theme.dim;
  ui.text_in(at.layer, Face::mono, theme.text, std::to_string(line.layer), Align::right);
  ui.text_in(at.first, Face::mono, line.first < 0 ? quiet : theme.text, line.first < 0 ? "–" : scene.number_text(line.first), Align::right);
  if (line.now.is_compared) {
    const auto relative = static_cast<double>(line.now.relative);
    const bool is_zero = relative == 0;
    const Color color = run_color(ui.theme(), scene.snapshot, scene.b.id);
    if (!is_zero && largest > 0) {
      const auto share = static_cast<float>(std::isfinite(relative) ? std::min(1.0, relative / largest) : 1.0);
      ui.fill(Box{at.bar.x, at.bar.y, std::max(2.0f, at.bar.w * share), at.bar.h}.row(7), selected ? color : mixed(theme.pane, color, 0.72f), 2);
    }
    ui.text_in(at.relative, Face::dense, is_zero ? quiet : theme.text, relative_text(relative), Align::right);
    const auto cosine = static_cast<double>(line.now.cosine);
    ui.text_in(at.cosine, Face::dense, is_zero ? quiet : theme.text, cosine == 1 ? "1" : std::isnan(cosine) ? "–" : fmt::format("{}{:.3f}", cosine < 0 ? "−" : "", std::abs(cosine)), Align::right);
  } else {
    ui.text_in(at.relative, Face::dense, quiet, "–", Align::right);
  }
  if (hit.hovered) {
    const auto number = [&](float value) { return line.now.is_compared ? number_text(static_cast<double>(value), 6) : std::string("–"); };
    const std::string text = fmt::format("layer {}\t{}\nfirst difference\t{}\n‖B − A‖₂ / ‖A‖₂\t{}\nlargest |B − A|\t{}\ncosine\t{}\n‖A‖₂\t{}\n‖B‖₂\t{}", line.layer,
                                         context.snapshot.model->layers[static_cast<std::size_t>(line.layer)].title, line.first < 0 ? "none" : "t = " + scene.number_text(line.first),
                                         number(line.now.relative), number(line.now.max_abs), number(line.now.cosine), number(line.now.norm_a), number(line.now.norm_b));
    note_hover(ui, context, text);
    ui.tooltip(text);
  }
  if (!hit.clicked) return;
  context.send(command::Select{line.layer, -1, -1});
  if (hit.double_clicked && line.first >= 0) seek_column(context, scene, static_cast<double>(line.first));
}

void draw_heads(Ui& ui, Box row) {
  const Columns at = columns_of(row);
  const Color dim = ui.theme().dim;
  ui.text_in({at.layer.x, at.layer.y, at.layer.w, at.layer.h}, Face::tick, dim, "layer", Align::right);
  ui.text_in(at.first, Face::tick, dim, "first t", Align::right);
  ui.text_in(at.bar, Face::tick, dim, "B − A");
  ui.text_in(at.cosine, Face::tick, dim, "cos", Align::right);
}

/// "0–11", "0, 3–5": runs of numbers.
std::string ranges_text(std::vector<int> layers) {
  std::ranges::sort(layers);
  std::string text;
  for (std::size_t i = 0; i < layers.size();) {
    std::size_t end = i;
    while (end + 1 < layers.size() && layers[end + 1] == layers[end] + 1) ++end;
    text += (text.empty() ? "" : ", ") + (end == i ? std::to_string(layers[i]) : fmt::format("{}–{}", layers[i], layers[end]));
    i = end + 1;
  }
  return text;
}

/// What the list says in one sentence.
std::string sentence_of(const CompareScene& scene, const std::vector<Line>& lines) {
  if (!scene.runs.is_whole) return fmt::format("Compared so far: {:.0f} %.", 100 * scene.runs.progress);
  std::vector<int> never, until_text;
  const std::int64_t apart = scene.alignment.first_difference;
  for (const Line& line : lines) {
    if (line.first < 0) never.push_back(line.layer);
    else if (apart >= 0 && line.first >= apart) until_text.push_back(line.layer);
  }
  if (never.size() == lines.size()) return fmt::format("All layers are {}.", equal_words(scene.runs));
  if (!until_text.empty() && until_text.size() < lines.size())
    return fmt::format("{} {} equal until the text differs.", until_text.size() == 1 ? "Layer" : "Layers", ranges_text(until_text) + (until_text.size() == 1 ? " stays" : " stay"));
  if (!until_text.empty()) return "All layers stay equal until the text differs.";
  if (!never.empty()) return fmt::format("{} {} {}.", never.size() == 1 ? "Layer" : "Layers", ranges_text(never) + (never.size() == 1 ? " is" : " are"), equal_words(scene.runs));
  return "";
}

std::string values_of(const CompareScene& scene, const std::vector<Line>& lines) {
  std::string text = "layer\tfirst\trelative\tcosine\tmax_abs\tnorm_a\tnorm_b\n";
  for (const Line& line : lines)
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", line.layer, line.first < 0 ? "" : scene.number_text(line.first), line.now.relative, line.now.cosine, line.now.max_abs, line.now.norm_a,
                        line.now.norm_b);
  return text;
}

void draw_list(Ui& ui, Box box, PaneContext& context, const CompareScene& scene, const std::vector<Line>& lines) {
  double largest = 0;
  for (const Line& line : lines)
    if (line.now.is_compared && std::isfinite(line.now.relative)) largest = std::max(largest, static_cast<double>(line.now.relative));
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  compat::begin_child("list", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, 0);
  const float scroll = ImGui::GetScrollY() / ui.scale();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const float y = box.y + static_cast<float>(i) * kRow - scroll;
    if (y + kRow > box.y && y < box.bottom()) draw_row(ui, {box.x, y, box.w - 1, kRow}, context, scene, lines[i], largest);
  }
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - scroll + static_cast<float>(lines.size()) * kRow) - 1});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
}

}  // namespace

void draw_compare_layers(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  Order& order = context.memory.compare.layer_order;
  PaneHeader header(ui, box, "Layers");
  if (icon_button(ui, header.control(28), icon::kSort, "sort", std::string(kOrders[static_cast<std::size_t>(order)]) + "; a click sorts otherwise", order != Order::index))
    order = static_cast<Order>((static_cast<int>(order) + 1) % 3);
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) return;
  header.subtitle(scene->shown.cursor < 0 ? "relative L2 of h" : fmt::format("relative L2 of h, t = {}", scene->number_text(scene->shown.cursor)));
  draw_heads(ui, box.cut_top(kHeads));
  const std::vector<Line> lines = lines_of(context, *scene);
  const std::string sentence = sentence_of(*scene, lines);
  const Box foot = box.cut_bottom(box.h > 120 && !sentence.empty() ? kFoot : 0);
  draw_list(ui, box, context, *scene, lines);
  if (foot.h > 0) ui.text_in(foot.inset(12, 0), Face::tick, ui.theme().dim, sentence);
  PaneMenu offered{.kind = "norms", .shown = {.all_layers = true}};
  if (context.memory.wish_pane == ui.pane && context.memory.wish == PaneWish::copy) offered.values = values_of(*scene, lines);
  pane_menu(ui, pane, context, offered);
}

}  // namespace lab
