#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "app/core/state_edit.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/selection.h"
#include "views/panels/state_editor.h"

namespace lab {
namespace {

/// What the edit box offers: operations of one number, with the state at cursor A as the other one.
struct OfferedEdit {
  const char* operation;
  const char* label;
  bool has_value = false;
  double most = 0;         // of its slider; 0: it has none
  bool is_of_a = false;    // what it does is of cursor A
};
constexpr OfferedEdit kOffered[] = {{"scale", "scale by", true, 2},         {"zero", "zero"},
                                    {"set", "set to", true},                {"noise", "add noise of", true},
                                    {"clamp", "clamp to ±", true},          {"mix", "mix in A", true, 1},
                                    {"transplant", "restore from A", false, 0, true}, {"forget", "forget token A", false, 0, true}};

/// What it may change, in the order of its buttons.
constexpr StatePart kParts[] = {StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::none};
int place_of(const EditPart& part) { return static_cast<int>(std::ranges::find(kParts, part.part) - kParts); }

bool is_whole(const EditPart& part) { return part.part == StatePart::layer || part.part == StatePart::none; }

/// The parts that have a button: a box stands in the place of the cell.
std::vector<EditPart> offered_parts(const PaneContext& context) {
  std::vector<EditPart> parts = edit_parts(context.snapshot, context.memory.box);
  if (std::ranges::any_of(parts, &EditPart::is_box)) std::erase_if(parts, [](const EditPart& part) { return part.part == StatePart::cell && !part.is_box; });
  std::ranges::stable_sort(parts, {}, place_of);
  return parts;
}

/// The last chosen one, or the next larger one that is there.
std::size_t chosen_part(const std::vector<EditPart>& parts, int chosen) {
  std::size_t shown = 0;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (place_of(parts[i]) <= chosen) shown = i;
  return shown;
}

const OfferedEdit& offered_edit(PaneContext& context) { return kOffered[kept_of(context).edit]; }

/// What the chosen edit does to a part.
StateEdit edit_of(PaneContext& context, const EditPart& part) {
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  StateEdit edit = part.where;
  edit.operation = offered_edit(context).operation;
  edit.value = context.memory.edit_value;
  edit.position = forgets(edit) ? std::max<std::int64_t>(0, cursor) : cursor + 1;
  if (is_whole(part) && (edit.operation == "zero" || edit.operation == "transplant")) edit.tensor = "*";
  return edit;
}

/// The same as a command, which says nothing that the operation has no use for.
Command edit_command(PaneContext& context, const EditPart& part) {
  StateEdit edit = edit_of(context, part);
  if (is_whole(part) && edit.operation == "zero") return command::ZeroState{edit.layer};
  if (is_whole(part) && edit.operation == "scale") return command::ScaleState{edit.layer, edit.value};
  if (is_whole(part) && edit.operation == "transplant") return command::RestoreState{edit.layer, edit.position};
  if (!offered_edit(context).has_value) edit.value = 0;
  if (!takes_elements(edit) && !forgets(edit)) edit.position = 0;
  return command_of(edit, box_words(context.memory.box));
}

/// "cell h[822, 3] of layer 3", "head 2 of layer 3, 1024 cells".
std::string words_of(const PaneContext& context, const EditPart& part) {
  if (part.is_box) return fmt::format("{}, {} cells", box_words(context.memory.box), context.memory.box.cells());
  const std::int64_t size = part_size(context.snapshot, part.part);
  const std::string what = part_words(context.snapshot, part.part);
  return (is_whole(part) ? what : fmt::format("{} of layer {}", what, context.snapshot.selection.layer)) + (size > 1 ? fmt::format(", {} cells", size) : "");
}

/// The operation, and its number with a slider where it has a usual range.
void choose_edit(Ui& ui, Box row, PaneContext& context) {
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  std::vector<std::string> names;
  for (const OfferedEdit& each : kOffered)
    names.push_back(!each.is_of_a ? each.label : fmt::format("{} ({})", each.label, cursor >= 0 ? std::to_string(cursor) : std::string_view(each.operation) == "forget" ? "none" : "start"));
  std::vector<const char*> labels;
  for (const std::string& name : names) labels.push_back(name.c_str());
  const OfferedEdit& edit = offered_edit(context);
  const float width = !edit.has_value ? row.w : edit.most > 0 ? row.w * 0.4f : row.w - 70;
  combo(ui, "edit", row.cut_left(width), labels, kept_of(context).edit);
  if (!edit.has_value) return;
  row.cut_left(8);
  double& value = context.memory.edit_value;
  number_field(ui, "factor", row.cut_right(62), value, -1000, 1000, edit.most > 0 ? "%.3f" : "%.4g");
  if (edit.most == 0) return;
  ui.text_in(row.cut_right(18), Face::control, ui.theme().dim, "×", Align::center);
  auto share = static_cast<float>(std::clamp(value / edit.most, 0.0, 1.0));
  if (slider(ui, "factor-slider", row, share)) value = static_cast<double>(std::lround(share * 100 * static_cast<float>(edit.most))) / 100;
}

std::string megabytes(std::int64_t bytes) {
  const double value = static_cast<double>(bytes) / (1 << 20);
  return value >= 1024 ? fmt::format("{:.3g} GiB", value / 1024) : fmt::format("{:.3g} MiB", value);
}

}  // namespace

StateEdit present_edit(PaneContext& context) {
  const std::vector<EditPart> parts = offered_parts(context);
  return edit_of(context, parts[chosen_part(parts, kept_of(context).edit_part)]);
}

void draw_edit(Ui& ui, Box& box, PaneContext& context) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  PaneMemory::Kept& kept = kept_of(context);
  Box title = box.cut_top(24);
  kept.edit_button = title.cut_right(28).row(kHeaderControl);
  if (icon_button(ui, kept.edit_button, icon::kMore, "more", "Every edit of every element, from other runs and files too\tShift+E")) edit_state(context.memory, present_edit(context));
  title.cut_left(ui.text_in(title, Face::title, theme.text, "Edit state") - title.x + 8);
  title.cut_right(4);
  box.cut_top(2);
  choose_edit(ui, box.cut_top(kControlHeight), context);
  box.cut_top(6);

  const std::vector<EditPart> parts = offered_parts(context);
  std::vector<const char*> names;
  for (const EditPart& part : parts) names.push_back(part.name);
  std::size_t at = chosen_part(parts, kept.edit_part);
  const auto now = static_cast<std::size_t>(segments(ui, "target", box.cut_top(kControlHeight), names, static_cast<int>(at)));
  if (now != at) at = now, kept.edit_part = place_of(parts[at]);
  ui.text_in(title, Face::control, theme.dim, words_of(context, parts[at]));
  box.cut_top(6);

  Box row = box.cut_top(kControlHeight);
  const bool forgets_token = std::string_view(offered_edit(context).operation) == "forget";
  const bool is_one = !forgets_token || slices_in(parts[at].where.at).size() == 1, has_token = !forgets_token || snapshot.selection.cursor_a >= 0;
  const bool can_edit = snapshot.state == EngineState::paused && has_token && is_one;
  const std::string refusal = !is_one ? "A token is forgotten once in a layer, and this box is several ranges of it" : has_token ? "Pause first" : "No token is chosen";
  const bool can_undo = !snapshot.undo.empty() && snapshot.state != EngineState::loading;
  const std::string tip = can_undo ? "Take back\t" + snapshot.undo.back().label : "Nothing to take back\t";
  const Box undo = row.cut_right(58);
  row.cut_right(6);
  const Box apply = row.cut_right(58);
  row.cut_right(6);
  const std::string fork = row.w > 110 ? std::string(icon::kFork) + "  Apply as a fork##apply-fork" : "As a fork##apply-fork";
  if (button(ui, fork.c_str(), row, {.primary = true, .enabled = can_edit, .tip = can_edit ? edit_place(snapshot, true) : refusal})) send_edit(context, edit_command(context, parts[at]), true);
  if (button(ui, "Apply", apply, {.enabled = can_edit, .tip = can_edit ? edit_place(snapshot, false) : refusal})) send_edit(context, edit_command(context, parts[at]), false);
  if (button(ui, "Undo", undo, {.enabled = can_undo, .tip = tip})) context.send(command::Undo{});
}

void draw_memory(Ui& ui, Box& box, PaneContext& context) {
  const Theme& theme = ui.theme();
  if (!context.snapshot.trace) return;
  const TraceUse& use = context.snapshot.trace->use();
  Box title = box.cut_top(24);
  title.cut_left(ui.text_in(title, Face::title, theme.text, "Memory") - title.x + 8);
  ui.text_in(title, Face::control, theme.dim, fmt::format("{} of {}", megabytes(use.total()), megabytes(use.budget)));
  box.cut_top(2);
  const Box track = box.cut_top(8);
  ui.fill(track, theme.raised, 2);
  struct Part {
    const char* name;
    std::int64_t bytes;
    Color color;
  };
  std::vector<Part> parts = {{"keyframes", use.keyframes, theme.accent},
                             {"drivers", use.drivers, mixed(theme.accent, theme.pane, 0.45f)},
                             {"statistics", use.statistics, theme.good}};
  if (use.caches > 0) parts.push_back({"caches", use.caches, mixed(theme.good, theme.pane, 0.45f)});
  float x = track.x;
  const double budget = static_cast<double>(std::max<std::int64_t>(1, use.budget));
  for (const Part& part : parts) {
    const auto w = std::min(track.right() - x, track.w * static_cast<float>(static_cast<double>(part.bytes) / budget));
    ui.fill({x, track.y, part.bytes > 0 ? std::max(2.0f, w) : 0, track.h}, part.color, 0);
    x += w;
  }
  box.cut_top(4);
  Box row = box.cut_top(18);
  for (const Part& part : parts) {
    if (row.w < 90) row = box.cut_top(18);
    ui.fill({row.x, row.y + 5, 8, 8}, part.color, 2);
    row.cut_left(13);
    row.cut_left(ui.text_in(row, Face::tick, theme.dim,
                            fmt::format("{} {:.{}f}", part.name, static_cast<double>(part.bytes) / (1 << 20),
                                        part.bytes < 10 << 20 ? 2 : 0)) -
                 row.x + 10);
  }
  const auto note = [&](bool shown, const std::string& text) {
    if (shown) ui.text_in(box.cut_top(18), Face::tick, theme.warning, text);
  };
  note(use.replayable_from > 0, fmt::format("states before t = {} have been dropped", use.replayable_from));
  note(use.exact_from > 0, fmt::format("statistics before t = {} are kept by 16 tokens", use.exact_from));
}

}  // namespace lab
