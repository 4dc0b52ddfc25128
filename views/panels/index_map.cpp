#include "views/panels/index_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

constexpr float kWidth = 340, kLabel = 64;
/// What the map lists of a layer, where it has it.
constexpr std::pair<Point, const char*> kMapped[] = {{Point::h, "h"},   {Point::att_state, "aa, bb, pp"}, {Point::conv_state, "conv state"}, {Point::xBC, "xBC"}, {Point::u, "x, after conv"}, {Point::x, "x"},
                                                     {Point::B, "B"},   {Point::C, "C"},                  {Point::dt, "Δ"},                  {Point::decay, "decay"}, {Point::y, "y"},   {Point::z, "z"},
                                                     {Point::q, "q"},   {Point::k, "k"},                  {Point::v, "v"},                   {Point::att_k, "k"},   {Point::att_v, "v"},   {Point::att_r, "r"}};

/// What the axes of a point count.
std::vector<std::string> axes_of(Point point, const std::vector<std::int64_t>& shape, const LayerInfo& layer) {
  if (point == Point::h) return shape.size() == 3 ? std::vector<std::string>{"head", "p", "n"} : std::vector<std::string>{"channel", "n"};
  if (point == Point::att_state) return {"part", "channel"};
  if (point == Point::conv_state) return {"channel", "k"};
  if (point == Point::B || point == Point::C) return shape.size() == 2 ? std::vector<std::string>{"group", "n"} : std::vector<std::string>{"n"};
  if (point == Point::decay && shape.size() == 2) return {"channel", "n"};
  if (shape.size() == 2) return {"head", "p"};
  return {shape[0] == layer.heads ? "head" : "channel"};
}

/// Where the selection stands in a tensor of the map.
std::vector<std::int64_t> place_of(const Snapshot& snapshot, const MappedTensor& tensor) {
  std::vector<std::int64_t> place(tensor.shape.size(), 0);
  place[0] = std::max<std::int64_t>(0, snapshot.selection.cursor_a);
  const std::int64_t channel = snapshot.selection.channel, state = snapshot.selection.state;
  const LayerInfo* layer = selected_layer(snapshot);
  const std::int64_t width = layer && layer->heads > 0 ? layer->head_dim : 0;
  for (std::size_t i = 1; i < place.size(); ++i) {
    const std::string& axis = tensor.axes[i];
    if (axis == "head") place[i] = width > 0 ? channel / width : channel;
    if (axis == "p") place[i] = width > 0 ? channel % width : 0;
    if (axis == "channel") place[i] = channel;
    if (axis == "n" || axis == "part") place[i] = state;
    place[i] = std::clamp<std::int64_t>(place[i], 0, tensor.shape[i] - 1);
  }
  return place;
}

/// Goes to a place: cursor A to the token, the selection to the cell as far as the axes say which.
void go_to(PaneContext& context, const MappedTensor& tensor, const std::vector<std::int64_t>& place) {
  const Selection& s = context.snapshot.selection;
  const LayerInfo* layer = selected_layer(context.snapshot);
  const std::int64_t width = layer && layer->heads > 0 ? layer->head_dim : 1;
  std::int64_t head = s.channel / width, within = s.channel % width, state = -1, channel = -1;
  bool in_heads = false;
  for (std::size_t i = 1; i < place.size(); ++i) {
    if (tensor.axes[i] == "head") head = place[i], in_heads = true;
    if (tensor.axes[i] == "p") within = place[i], in_heads = true;
    if (tensor.axes[i] == "channel") channel = place[i];
    if (tensor.axes[i] == "n" || tensor.axes[i] == "part") state = place[i];
  }
  if (in_heads) channel = head * width + within;
  if (tensor.point == Point::v && layer && layer->has_cache()) channel += layer->heads / 2 * width;  // values lie behind the keys
  const bool selects = tensor.point != Point::conv_state && tensor.point != Point::xBC && tensor.point != Point::q;
  context.send(command::Seek{place[0], "a"});
  if (selects && (channel >= 0 || state >= 0)) context.send(command::Select{s.layer, channel, state});
}

/// "((t·12 + head)·32 + p)·32 + n".
std::string formula_of(const MappedTensor& tensor) {
  std::string text = "t";
  for (std::size_t i = 1; i < tensor.shape.size(); ++i)
    text = fmt::format("{}·{} + {}", i == 1 ? text : "(" + text + ")", tensor.shape[i], tensor.axes[i]);
  return text;
}

void draw_page(Ui& ui, Box page, PaneContext& context, const std::vector<MappedTensor>& tensors) {
  PaneMemory::Kept& kept = kept_of(context);
  const Theme& theme = ui.theme();
  kept.index_tensor = std::clamp(kept.index_tensor, 0, static_cast<int>(tensors.size()) - 1);
  const MappedTensor& tensor = tensors[static_cast<std::size_t>(kept.index_tensor)];
  const std::vector<std::int64_t> place = place_of(context.snapshot, tensor);
  const std::string key = fmt::format("{} {} {}", kept.index_tensor, context.snapshot.selection.layer, fmt::join(place, " "));
  if (kept.index_key != key) {
    kept.index_key = key, kept.index_problem.clear();
    kept.index_offset = std::to_string(offset_of(tensor.shape, place).value_or(0));
    kept.index_tuple = fmt::format("{}", fmt::join(place, ", "));
  }
  Box row = page.cut_top(24);
  ui.text_in(row, Face::title, theme.text, "Index map");
  const auto line = [&](const char* label) {
    page.cut_top(4);
    Box box = page.cut_top(kControlHeight);
    ui.text_in(box.cut_left(kLabel), Face::control, theme.dim, label);
    return box;
  };
  std::vector<const char*> names;
  for (const MappedTensor& each : tensors) names.push_back(each.name.c_str());
  combo(ui, "tensor", line("Tensor"), names, kept.index_tensor);
  const bool by_offset = field(ui, "offset", line("Offset"), kept.index_offset, {.hint = "a flat offset", .take_focus = ImGui::IsWindowAppearing(), .face = Face::dense});
  const bool by_index = field(ui, "index", line("Index"), kept.index_tuple, {.hint = "token, head, ...", .face = Face::dense});
  page.cut_top(6);
  ui.text_in(page.cut_top(18), Face::control, theme.dim, fmt::format("[{}] of [{}], the last fastest", fmt::join(tensor.axes, ", "), fmt::join(tensor.shape, ", ")));
  ui.text_in(page.cut_top(18), Face::dense, theme.dim, formula_of(tensor));
  const std::vector<std::int64_t> typed = numbers_in(by_offset ? kept.index_offset : kept.index_tuple);
  if (by_offset || by_index) {
    const auto wanted = by_offset ? index_of(tensor.shape, typed.size() == 1 ? typed[0] : -1) : offset_of(tensor.shape, typed) ? std::optional(typed) : std::nullopt;
    if (wanted) go_to(context, tensor, *wanted);
    kept.index_problem = wanted ? "" : by_offset ? "There is no such offset in the tensor." : fmt::format("{} numbers within the shape are needed.", tensor.shape.size());
  }
  const std::string note = kept.index_problem.empty() ? "Enter goes there." : kept.index_problem;
  ui.text_in(page.cut_top(18), Face::control, kept.index_problem.empty() ? theme.dim : theme.bad, note);
}

}  // namespace

std::optional<std::int64_t> offset_of(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& index) {
  if (index.size() != shape.size()) return {};
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (index[i] < 0 || index[i] >= shape[i]) return {};
    offset = offset * shape[i] + index[i];
  }
  return offset;
}

std::optional<std::vector<std::int64_t>> index_of(const std::vector<std::int64_t>& shape, std::int64_t offset) {
  std::vector<std::int64_t> index(shape.size());
  if (offset < 0) return {};
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] <= 0) return {};
    index[i] = offset % shape[i];
    offset /= shape[i];
  }
  return offset == 0 ? std::optional(index) : std::nullopt;
}

std::vector<std::int64_t> numbers_in(const std::string& text) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < text.size();) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data() + i, text.data() + text.size(), value);
    if (problem == std::errc::invalid_argument) {
      ++i;
      continue;
    }
    if (problem == std::errc()) numbers.push_back(value);
    i = static_cast<std::size_t>(end - text.data());
  }
  return numbers;
}

std::vector<MappedTensor> mapped_tensors(const Snapshot& snapshot) {
  std::vector<MappedTensor> tensors;
  const LayerInfo* layer = selected_layer(snapshot);
  if (!layer) return tensors;
  for (const auto& [point, name] : kMapped)
    for (const PointShape& of : layer->points) {
      if (of.point != point || of.shape.empty() || std::ranges::find(of.shape, kCachedRows) != of.shape.end()) continue;
      MappedTensor tensor{.point = point, .name = name, .axes = {"token"}, .shape = {std::max<std::int64_t>(1, snapshot.count())}};
      std::ranges::copy(axes_of(point, of.shape, *layer), std::back_inserter(tensor.axes));
      std::ranges::copy(of.shape, std::back_inserter(tensor.shape));
      tensors.push_back(std::move(tensor));
    }
  return tensors;
}

void draw_index_map(Ui& ui, Box button_box, PaneContext& context) {
  if (icon_button(ui, button_box, icon::kHash, "index", "Index map: from a flat offset to its token, head, channel, and back\tI") || std::exchange(context.memory.show_index_map, false))
    ImGui::OpenPopup("index-map");
  if (!ImGui::IsPopupOpen("index-map")) return;
  const std::vector<MappedTensor> tensors = mapped_tensors(context.snapshot);
  Box page;
  if (tensors.empty() || !begin_popover(ui, "index-map", button_box, kWidth, 196, page)) return;
  draw_page(ui, page, context, tensors);
  end_popover();
}

}  // namespace lab
