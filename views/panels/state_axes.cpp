#include "views/panels/state_axes.h"

#include <fmt/format.h>

#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kWidth = 300, kRow = 26;

/// Steps and a slider for an index in [0, count). Returns the chosen one.
std::int64_t index_slider(Ui& ui, const std::string& name, Box row, std::int64_t index, std::int64_t count) {
  const std::int64_t last = count - 1;
  ImGui::PushID(name.c_str());
  ui.text_in(row.cut_left(62), Face::control, ui.theme().dim, name);
  ui.text_in(row.cut_right(58), Face::dense, ui.theme().text, fmt::format("{} of {}", index, count), Align::right);
  row.cut_right(6);
  std::int64_t chosen = index;
  if (button(ui, (std::string(icon::kBefore) + "##" + name + " before").c_str(), row.cut_left(22).row(20), {.enabled = index > 0})) --chosen;
  if (button(ui, (std::string(icon::kAfter) + "##" + name + " after").c_str(), row.cut_right(22).row(20), {.enabled = index < last})) ++chosen;
  float share = last > 0 ? static_cast<float>(index) / static_cast<float>(last) : 0;
  if (slider(ui, (name + " slider").c_str(), row.inset(4, 0), share)) chosen = std::lround(share * static_cast<float>(last));
  ImGui::PopID();
  return chosen;
}

std::int64_t step_of(const std::vector<std::int64_t>& shape, std::size_t axis) {
  std::int64_t step = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) step *= shape[i];
  return step;
}

struct Choice {
  std::string label;
  std::int64_t axis;
};

/// The axes that can go down: all but the last as one, and each by itself; or, of three, those that can stay.
std::vector<Choice> choices_of(const std::vector<std::int64_t>& shape, const std::vector<std::string>& names, bool rows) {
  std::vector<Choice> choices = {{rows ? "channels" : "all", -1}};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape.size() == 3 && shape[i] > 1) choices.push_back({i == 0 && rows ? names[i] + "s" : rows && names[i] == "channel" ? "of a head" : names[i], static_cast<std::int64_t>(i)});
    if (shape.size() == 2 && i == 1 && rows) choices.push_back({names[i], 1});
  }
  return choices;
}

}  // namespace

Command select_cell(const Snapshot& snapshot, const std::vector<std::int64_t>& shape, std::int64_t cell) {
  const LayerInfo* layer = selected_layer(snapshot);
  const std::int64_t states = shape.empty() ? 1 : shape.back();
  return command::Select{snapshot.selection.layer, cell / states, layer && layer->has_cache() ? -1 : cell % states};
}

std::optional<Command> neighbour_row(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options, std::int64_t by) {
  const auto& slab = derived.slab;
  if (!slab || slab->layer != snapshot.selection.layer) return {};
  const FigureInput input{snapshot, derived, options};
  const std::int64_t row = row_in_heatmap(input, selected_cell(snapshot, slab->shape));
  const bool upwards = heatmap_grows_upwards(input);
  const std::int64_t next = row + (upwards ? -by : by);
  if (row < 0 || next < 0 || next >= slab->rows) return {};
  return select_cell(snapshot, slab->shape, heatmap_cell(input, static_cast<double>(next) + 0.5));
}

std::optional<Command> neighbour_index(const Snapshot& snapshot, const Derived& derived, int axis, std::int64_t by) {
  const auto& slab = derived.slab;
  if (!slab || slab->layer != snapshot.selection.layer || static_cast<int>(slab->shape.size()) + axis < 0) return {};
  const auto at = static_cast<std::size_t>(static_cast<int>(slab->shape.size()) + axis);
  const std::int64_t next = selected_index(snapshot, slab->shape)[at] + by;
  if (next < 0 || next >= slab->shape[at]) return {};
  return select_cell(snapshot, slab->shape, selected_cell(snapshot, slab->shape) + by * step_of(slab->shape, at));
}

void draw_axes_popover(Ui& ui, Box anchor, PaneContext& context, const std::vector<std::int64_t>& shape, FigureOptions& options, bool rows) {
  const std::size_t rank = shape.size();
  const std::vector<std::string> names = axis_names(context.snapshot, rank);
  Box page;
  if (rank == 0 || !begin_popover(ui, "axes", anchor, kWidth, 76 + kRow * static_cast<float>(rank), page)) return;
  ui.text_in(page.cut_top(20), Face::control, ui.theme().dim, rows ? "Rows are" : "Shows the plane across");
  std::int64_t& axis = rows ? options.rows_axis : options.fixed_axis;
  const std::vector<Choice> choices = choices_of(shape, names, rows);
  std::vector<const char*> labels;
  int before = 0;
  for (const Choice& choice : choices) {
    if (choice.axis == axis) before = static_cast<int>(labels.size());
    labels.push_back(choice.label.c_str());
  }
  const int chosen = segments(ui, "axis", page.cut_top(kControlHeight), labels, before);
  if (chosen != before) axis = choices[static_cast<std::size_t>(chosen)].axis, options.first_row = options.rows = options.first_column = options.columns = 0;
  page.cut_top(8);
  const std::vector<std::int64_t> index = selected_index(context.snapshot, shape);
  for (std::size_t i = 0; i < rank; ++i) {
    if (shape[i] < 2) continue;
    const std::int64_t next = index_slider(ui, names[i], page.cut_top(kRow), index[i], shape[i]);
    if (next != index[i]) context.send(select_cell(context.snapshot, shape, selected_cell(context.snapshot, shape) + (next - index[i]) * step_of(shape, i)));
  }
  end_popover();
}

}  // namespace lab
