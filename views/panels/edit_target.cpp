#include "views/panels/edit_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/core/state_edit.h"
#include "views/figures/parts.h"
#include "views/panels/index_map.h"

namespace lab {
namespace {

/// Rows [first, last) of a plane.
struct RowRun {
  std::int64_t first = 0, last = 0;
};

/// Rising rows as runs of neighbours.
std::vector<RowRun> runs_of(const std::vector<std::int64_t>& rows) {
  std::vector<RowRun> runs;
  for (const std::int64_t row : rows)
    if (runs.empty() || runs.back().last != row) runs.push_back({row, row + 1});
    else ++runs.back().last;
  return runs;
}

std::string range_text(std::int64_t first, std::int64_t last, std::int64_t extent) {
  if (last == first + 1) return std::to_string(first);
  return first == 0 && last == extent ? ":" : fmt::format("{}:{}", first, last);
}

/// The slice between two opposite corners.
std::string slice_between(const std::vector<std::int64_t>& shape, std::int64_t first, std::int64_t last) {
  const auto from = index_of(shape, first), to = index_of(shape, last);
  std::string text;
  for (std::size_t i = 0; from && to && i < shape.size(); ++i) text += (i > 0 ? ", " : "") + range_text((*from)[i], (*to)[i] + 1, shape[i]);
  return text;
}

/// The tensor that a state index stands for, where each is a tensor of its own.
std::string column_tensor(const Snapshot& snapshot, std::int64_t state) {
  const auto layer = static_cast<std::size_t>(snapshot.selection.layer);
  if (!snapshot.model->schema || layer >= snapshot.model->schema->layers().size()) return "";
  for (const TensorSchema& tensor : snapshot.model->schema->layers()[layer].tensors)
    if (tensor.point == Point::att_state && state-- == 0) return tensor.name;
  return "";
}

}  // namespace

std::optional<std::string> slice_of_part(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  if (!layer || layer->has_cache()) return {};
  const Selection& s = snapshot.selection;
  const bool in_heads = layer->heads > 0 && layer->head_dim > 0;
  const std::string channel = in_heads ? fmt::format("{}, {}", s.channel / layer->head_dim, s.channel % layer->head_dim) : std::to_string(s.channel);
  switch (part) {
    case StatePart::layer: return "";
    case StatePart::head: return in_heads ? std::optional(std::to_string(s.channel / layer->head_dim)) : std::nullopt;
    case StatePart::cell: return layer->columns.empty() ? std::optional(channel + ", " + std::to_string(s.state)) : std::nullopt;
    case StatePart::channel:
    case StatePart::read_out: return channel;
    default: return {};
  }
}

std::string part_words(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  const Selection& s = snapshot.selection;
  switch (part) {
    case StatePart::cell: return "cell " + cell_text(snapshot, s.channel, s.state);
    case StatePart::head: return fmt::format("head {}", layer && layer->head_dim > 0 ? s.channel / layer->head_dim : 0);
    case StatePart::layer: return fmt::format("layer {}", s.layer);
    case StatePart::none: return "all layers";
    default: return channel_text(snapshot, s.channel);
  }
}

std::int64_t part_size(const Snapshot& snapshot, StatePart part) {
  const LayerInfo* layer = selected_layer(snapshot);
  const std::int64_t states = snapshot.model ? snapshot.model->state_size : 0;
  if (!layer || layer->has_cache() || !layer->columns.empty()) return 0;
  switch (part) {
    case StatePart::cell: return 1;
    case StatePart::head: return layer->head_dim * states;
    case StatePart::layer: return (layer->heads > 0 ? layer->heads * layer->head_dim : snapshot.model->inner) * states;
    case StatePart::none: return 0;
    default: return states;
  }
}

std::string box_refusal(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  if (!layer) return "no model is open";
  if (layer->has_cache()) return "a cache is edited by its rows";
  return layer->columns.empty() ? "" : "its columns are tensors of their own";
}

CellBox box_between(const FigureInput& input, ShownPlace a, ShownPlace b) {
  CellBox box{.layer = input.snapshot.selection.layer, .schema = input.snapshot.model->schema, .shown = shown_cells(input)};
  for (std::int64_t row = std::min(a.row, b.row); row <= std::max(a.row, b.row); ++row) box.rows.push_back(box.shown.row(row));
  std::ranges::sort(box.rows);
  box.first_column = std::min(a.column, b.column), box.columns = std::max(a.column, b.column) + 1 - box.first_column;
  box.at = slices_of_cells(box.shown, input.derived.frame->shape, box.rows, box.first_column, box.columns);
  box.shown.order = nullptr;
  return box;
}

std::vector<std::int64_t> displayed_rows(const CellBox& box, const ShownCells& shown) {
  ShownCells plane = shown;
  plane.order = nullptr;
  if (plane != box.shown) return {};
  if (!shown.order) return box.rows;
  std::vector<std::int64_t> place(static_cast<std::size_t>(shown.rows)), rows;
  for (std::int64_t i = 0; i < shown.rows; ++i) place[static_cast<std::size_t>(shown.row(i))] = i;
  for (const std::int64_t row : box.rows) rows.push_back(place[static_cast<std::size_t>(row)]);
  std::ranges::sort(rows);
  return rows;
}

bool is_standing(const CellBox& box, const Snapshot& snapshot) {
  return box.layer >= 0 && snapshot.model && box.layer == snapshot.selection.layer && box.schema == snapshot.model->schema;
}

bool has_cell(const CellBox& box, std::int64_t cell) {
  for (std::int64_t column = box.first_column; column < box.first_column + box.columns; ++column) {
    const std::int64_t steps = cell - box.shown.cell(0, column);
    if (steps >= 0 && steps % box.shown.row_step == 0 && std::ranges::binary_search(box.rows, steps / box.shown.row_step)) return true;
  }
  return false;
}

std::string box_words(const CellBox& box) { return fmt::format("box {} × {}", box.rows.size(), box.columns); }

// Channels that lie in heads are two axes, shown as one: a run of them is cut at the heads, apart from heads that are in it as a whole.
std::string slices_of_cells(const ShownCells& shown, const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& rows, std::int64_t first_column,
                            std::int64_t columns) {
  const bool joins_axes = shape.size() == 3 && shown.row_step == shape[2];
  const std::int64_t width = joins_axes ? shape[1] : shown.rows;
  std::string slices;
  for (const RowRun& run : runs_of(rows))
    for (std::int64_t row = run.first, next = row; row < run.last; row = next) {
      const std::int64_t whole = (run.last - row) / width * width;
      next = row % width == 0 && whole > 0 ? row + whole : std::min(run.last, (row / width + 1) * width);
      slices += (slices.empty() ? "" : "; ") + slice_between(shape, shown.cell(row, first_column), shown.cell(next - 1, first_column + columns - 1));
    }
  return slices;
}

std::vector<std::string> slices_in(const std::string& at) {
  std::vector<std::string> slices;
  for (std::size_t from = 0; from <= at.size();) {
    const std::size_t to = std::min(at.find(';', from), at.size());
    std::string slice = at.substr(from, to - from);
    slice.erase(0, slice.find_first_not_of(' '));
    slices.push_back(std::move(slice));
    from = to + 1;
  }
  return slices;
}

StateEdit edit_of_cell(const Snapshot& snapshot, std::int64_t channel, std::int64_t state) {
  const LayerInfo* layer = selected_layer(snapshot);
  StateEdit edit{.layer = snapshot.selection.layer};
  if (!layer || layer->has_cache()) return edit;
  const bool in_heads = layer->heads > 0 && layer->head_dim > 0;
  edit.at = in_heads ? fmt::format("{}, {}", channel / layer->head_dim, channel % layer->head_dim) : std::to_string(channel);
  if (layer->columns.empty()) edit.at += fmt::format(", {}", state);
  else if (edit.tensor = column_tensor(snapshot, state); edit.tensor.empty()) edit.at.clear();
  return edit;
}

std::vector<EditPart> edit_parts(const Snapshot& snapshot, const CellBox& box) {
  std::vector<EditPart> parts;
  const Selection& s = snapshot.selection;
  const StateEdit cell = edit_of_cell(snapshot, s.channel, s.state);
  if (!cell.at.empty()) parts.push_back({StatePart::cell, "Cell", cell});
  for (const auto& [part, name] : {std::pair{StatePart::channel, "Channel"}, {StatePart::head, "Head"}})
    if (const auto at = slice_of_part(snapshot, part)) parts.push_back({part, name, {.layer = s.layer, .at = *at}});
  if (is_standing(box, snapshot)) parts.push_back({StatePart::cell, "Box", {.layer = s.layer, .at = box.at}, true});
  parts.push_back({StatePart::layer, "Layer", {.layer = s.layer}});
  parts.push_back({StatePart::none, "All", {}});
  return parts;
}

Command command_of(const StateEdit& edit, const std::string& what) {
  const std::vector<std::string> slices = slices_in(edit.at);
  if (slices.size() == 1) return command::EditState{edit};
  command::ApplyPatch patch{.title = edit.name};
  StateEdit part = edit;
  for (const std::string& slice : slices) part.at = slice, patch.edits.push_back(part);
  part.at = what;
  if (patch.title.empty()) patch.title = words_of(part);
  return patch;
}

}  // namespace lab
