#include <fmt/format.h>

#include <algorithm>
#include <vector>
#include <array>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/selection.h"

namespace lab {
namespace {

enum Edit : int { scale, zero, restore };

/// What the chosen edit does, or nothing where it cannot be done.
Command edit_command(const Snapshot& snapshot, int edit, std::int64_t layer, double factor) {
  if (edit == zero) return command::ZeroState{layer};
  if (edit == restore) return command::RestoreState{layer, snapshot.selection.cursor_a + 1};
  return command::ScaleState{layer, factor};
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
  ui.text_in(
      title, Face::control, theme.dim,
      snapshot.count() == 0 ? "before the first token" : fmt::format("at the end, after t = {}", snapshot.count() - 1));
  box.cut_top(2);

  const std::string from = fmt::format(
      "restore from A ({})", snapshot.selection.cursor_a < 0 ? "start" : std::to_string(snapshot.selection.cursor_a));
  const std::array<const char*, 3> edits = {"scale by", "zero", from.c_str()};
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
  row = box.cut_top(kControlHeight);
  const std::string one = fmt::format("layer {}", snapshot.selection.layer);
  const std::array<const char*, 2> targets = {one.c_str(), "all layers"};
  kept.edits_all_layers = segments(ui, "target", row, targets, kept.edits_all_layers) == 1;
  box.cut_top(6);

  row = box.cut_top(kControlHeight);
  const bool can_edit = snapshot.state == EngineState::paused;
  const bool can_undo = !snapshot.undo.empty() && snapshot.state != EngineState::loading;
  const std::string tip = can_undo ? "Take back\t" + snapshot.undo.back().label : "Nothing to take back\t";
  const Box undo = row.cut_right(72);
  row.cut_right(8);
  const std::int64_t layer = kept.edits_all_layers ? -1 : snapshot.selection.layer;
  if (button(ui, "Apply", row, {.primary = true, .enabled = can_edit, .tip = can_edit ? "" : "Pause first"}))
    context.send(edit_command(snapshot, kept.edit, layer, factor));
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
