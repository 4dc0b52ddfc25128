#include <fmt/format.h>

#include <algorithm>
#include <vector>
#include <array>

#include "views/panels/edit_target.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/selection.h"

namespace lab {
namespace {

enum Edit : int { scale, zero, restore, forget };

/// What the edit box may change, in the order of its buttons.
constexpr StatePart kTargets[] = {StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::none};
constexpr const char* kTargetNames[] = {"Cell", "Channel", "Head", "Layer", "All"};

/// What the chosen edit does to a part; `none` means all layers.
Command edit_command(const Snapshot& snapshot, int edit, StatePart part, double factor) {
  const Selection& s = snapshot.selection;
  const std::int64_t layer = part == StatePart::none ? -1 : s.layer;
  const bool is_whole = part == StatePart::none || part == StatePart::layer;
  StateEdit one{.layer = layer, .at = is_whole ? "" : slice_of_part(snapshot, part).value_or("")};
  if (edit == forget) one.operation = "forget", one.position = std::max<std::int64_t>(0, s.cursor_a);
  else if (is_whole) return edit == zero ? Command(command::ZeroState{layer}) : edit == restore ? Command(command::RestoreState{layer, s.cursor_a + 1}) : Command(command::ScaleState{layer, factor});
  else if (edit == scale) one.operation = "scale", one.value = factor;
  else if (edit == restore) one.operation = "transplant", one.position = s.cursor_a + 1;
  return command::EditState{one};
}

/// Which part the edit is of: the last chosen one, or the layer where that is not there.
StatePart choose_target(Ui& ui, Box row, const Snapshot& snapshot, int& chosen) {
  std::vector<const char*> names;
  std::vector<int> places;
  int shown = 0;
  for (int i = 0; i < static_cast<int>(std::size(kTargets)); ++i) {
    const bool is_there = kTargets[i] == StatePart::none || kTargets[i] == StatePart::layer || slice_of_part(snapshot, kTargets[i]);
    if (!is_there) continue;
    if (i <= chosen) shown = static_cast<int>(names.size());
    names.push_back(kTargetNames[i]), places.push_back(i);
  }
  const int now = segments(ui, "target", row, names, shown);
  if (now != shown) chosen = places[static_cast<std::size_t>(now)];
  return kTargets[places[static_cast<std::size_t>(now)]];
}

std::string megabytes(std::int64_t bytes) {
  const double value = static_cast<double>(bytes) / (1 << 20);
  return value >= 1024 ? fmt::format("{:.3g} GiB", value / 1024) : fmt::format("{:.3g} MiB", value);
}

}  // namespace

void draw_edit(Ui& ui, Box& box, PaneContext& context) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  PaneMemory::Kept& kept = kept_of(context);
  Box title = box.cut_top(24);
  title.cut_left(ui.text_in(title, Face::title, theme.text, "Edit state") - title.x + 8);
  box.cut_top(2);
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const std::string from = fmt::format("restore from A ({})", cursor < 0 ? "start" : std::to_string(cursor)), forgets = fmt::format("forget token A ({})", cursor < 0 ? "none" : std::to_string(cursor));
  const std::array<const char*, 4> edits = {"scale by", "zero", from.c_str(), forgets.c_str()};
  Box row = box.cut_top(kControlHeight);
  const bool scales = kept.edit == scale;
  combo(ui, "edit", row.cut_left(scales ? row.w * 0.4f : row.w), edits, kept.edit);
  double& factor = context.memory.scale_factor;
  if (scales) {
    row.cut_left(8);
    number_field(ui, "factor", row.cut_right(62), factor, -1000, 1000, "%.3f");
    ui.text_in(row.cut_right(18), Face::control, theme.dim, "×", Align::center);
    auto share = static_cast<float>(std::clamp(factor / 2, 0.0, 1.0));
    if (slider(ui, "factor-slider", row, share)) factor = static_cast<double>(std::lround(share * 200)) / 100;
  }
  box.cut_top(6);
  const StatePart part = choose_target(ui, box.cut_top(kControlHeight), snapshot, kept.edit_part);
  const std::int64_t size = part_size(snapshot, part);
  const std::string what = part == StatePart::layer || part == StatePart::none ? part_words(snapshot, part) : fmt::format("{} of layer {}", part_words(snapshot, part), snapshot.selection.layer);
  ui.text_in(title, Face::control, theme.dim, what + (size > 1 ? fmt::format(", {} cells", size) : ""));
  box.cut_top(6);

  row = box.cut_top(kControlHeight);
  const bool can_edit = snapshot.state == EngineState::paused && (kept.edit != forget || cursor >= 0);
  const bool can_undo = !snapshot.undo.empty() && snapshot.state != EngineState::loading;
  const std::string tip = can_undo ? "Take back\t" + snapshot.undo.back().label : "Nothing to take back\t";
  const Box undo = row.cut_right(58);
  row.cut_right(6);
  const Box apply = row.cut_right(58);
  row.cut_right(6);
  const bool is_end = cursor + 1 >= snapshot.count();
  const std::string where = is_end ? "Another run from the end on, with this edit" : fmt::format("Another run from t = {} on, with this edit; the text after it waits there", cursor);
  const std::string fork = row.w > 110 ? std::string(icon::kFork) + "  Apply as a fork##apply-fork" : "As a fork##apply-fork";
  if (button(ui, fork.c_str(), row, {.primary = true, .enabled = can_edit, .tip = can_edit ? where : "Pause first"})) {
    const Command command = edit_command(snapshot, kept.edit, part, factor);
    context.send(command::Fork{is_end ? -1 : cursor + 1, brief_of(command), !is_end});
    context.send(command);
  }
  const std::string here = snapshot.count() == 0 ? "Before the first token" : fmt::format("At the end of this run, after t = {}", snapshot.count() - 1);
  if (button(ui, "Apply", apply, {.enabled = can_edit, .tip = can_edit ? here : "Pause first"})) context.send(edit_command(snapshot, kept.edit, part, factor));
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
