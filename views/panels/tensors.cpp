// The tensors of the model, to choose one whose weights are shown.
#include "views/panels/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "views/panels/kept.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20;
constexpr float kShape = 100, kType = 44;  // widths of columns
constexpr float kScrollbar = 4;            // what it takes of the margin at the right

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("{}", fmt::join(shape, " × ")); }

/// The end of a name is what tells tensors apart: where it does not fit, its beginning is left out.
std::string fitting_end(const Ui& ui, const std::string& name, float width) {
  if (ui.width(Face::dense, name) <= width) return name;
  std::size_t from = 0;
  while (from < name.size() && ui.width(Face::dense, "…" + name.substr(from)) > width) ++from;
  return "…" + name.substr(from);
}

std::string tip_of(const TensorFacts& tensor) {
  std::string text = fmt::format("{}\t{}\nshape\t[{}]", tensor.name, tensor.type, fmt::join(tensor.shape, ", "));
  if (tensor.stored_name != tensor.name) text += "\nin the file\t" + tensor.stored_name;
  if (tensor.is_gguf) text += fmt::format("\nGGUF order\t[{}]", fmt::join(tensor.stored_shape, ", "));
  return text + fmt::format("\nelements\t{}\nfile\t{}", tensor.count, tensor.file);
}

/// The columns of a row, the same in its heading.
struct Columns {
  Box name, type, shape;
};
Columns columns_of(Box row) {
  Box line = row.inset(12, 0);
  line.cut_right(kScrollbar);
  Columns at;
  at.shape = line.cut_right(kShape);
  at.type = line.cut_right(kType);
  line.cut_right(8);
  at.name = line;
  return at;
}

void draw_heading(Ui& ui, Box row) {
  const Columns at = columns_of(row);
  const Color dim = ui.theme().dim;
  ui.text_in(at.name, Face::tick, dim, "tensor");
  ui.text_in(at.type, Face::tick, dim, "type");
  ui.text_in(at.shape, Face::tick, dim, "shape", Align::right);
}

void draw_row(Ui& ui, Box row, PaneContext& context, const TensorFacts& tensor) {
  const Theme& theme = ui.theme();
  const Selection& selection = context.snapshot.selection;
  const bool is_selected = tensor.name == selection.tensor;
  const Hit hit = ui.hit(tensor.name.c_str(), row);
  if (is_selected)
    ui.fill(row, theme.selection);
  else if (hit.hovered)
    ui.fill(row, theme.raised);
  const Color quiet = is_selected ? theme.dim_on_selection : theme.dim;
  const Columns at = columns_of(row);
  ui.text_in(at.shape, Face::axis, quiet, shape_text(tensor.shape), Align::right);
  ui.text_in(at.type, Face::axis, quiet, tensor.type);
  ui.text_in(at.name, Face::dense, tensor.is_weight ? theme.text : quiet, fitting_end(ui, tensor.name, at.name.w));
  if (hit.clicked && !is_selected) context.send(command::ShowWeights{tensor.name, selection.against});
  if (hit.hovered) ui.tooltip(tip_of(tensor));
}

/// Scrolls to the tensor that is selected when that has changed.
float follow_selection(PaneContext& context, const std::vector<std::size_t>& shown, float height, float scroll) {
  const std::string& selected = context.snapshot.selection.tensor;
  PaneMemory::Kept& kept = kept_of(context);
  if (kept.followed_tensor == selected) return scroll;
  kept.followed_tensor = selected;
  const auto& tensors = context.snapshot.model->tensors;
  const auto at = std::ranges::find_if(shown, [&](std::size_t i) { return tensors[i].name == selected; });
  const float top = static_cast<float>(at - shown.begin()) * kRow;
  const bool is_seen = at == shown.end() || (top >= scroll && top + kRow <= scroll + height);
  return is_seen ? scroll : std::max(0.0f, top - height / 2);
}

}  // namespace

std::vector<std::size_t> matching_tensors(const std::vector<TensorFacts>& tensors, const std::string& search) {
  std::vector<std::string> words;
  std::istringstream text(lower(search));
  for (std::string word; text >> word;) words.push_back(word);
  std::vector<std::size_t> matching;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorFacts& t = tensors[i];
    const std::string all = lower(
        fmt::format("{} {} {} {} [{}]", t.name, t.stored_name, t.type, shape_text(t.shape), fmt::join(t.shape, ",")));
    if (std::ranges::all_of(words, [&](const std::string& word) { return all.find(word) != std::string::npos; }))
      matching.push_back(i);
  }
  return matching;
}

void draw_tensors(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Tensors");
  if (!context.snapshot.model) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  const auto& tensors = context.snapshot.model->tensors;
  const std::vector<std::size_t> shown = matching_tensors(tensors, context.memory.tensor_search);
  header.subtitle(shown.size() == tensors.size() ? std::to_string(shown.size())
                                                 : fmt::format("{} of {}", shown.size(), tensors.size()));
  box.cut_top(4);
  field(ui, "search", box.cut_top(kControlHeight).inset(12, 0), context.memory.tensor_search,
        {.hint = "name, type or shape\tCtrl+F", .take_focus = context.memory.focus_tensor_search});
  context.memory.focus_tensor_search = false;
  box.cut_top(8);
  if (shown.empty())
    return empty_note(ui, box, "No tensor is called so.", "Every word must occur in its name, type or shape.");
  draw_heading(ui, box.cut_top(kRow));
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  compat::begin_child("list", {ui.px(box.right()) - ui.px(box.x) - 1, ui.px(box.bottom()) - ui.px(box.y) - 1}, 0);
  const float now = ImGui::GetScrollY() / ui.scale(), scroll = follow_selection(context, shown, box.h, now);
  if (scroll != now) ImGui::SetScrollY(scroll * ui.scale());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const float y = box.y + static_cast<float>(i) * kRow - scroll;
    if (y + kRow > box.y && y < box.bottom()) draw_row(ui, {box.x, y, box.w - 1, kRow}, context, tensors[shown[i]]);
  }
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y - now + static_cast<float>(shown.size()) * kRow) - 1});
  ImGui::Dummy({1, 1});
  ImGui::EndChild();
}

}  // namespace lab
