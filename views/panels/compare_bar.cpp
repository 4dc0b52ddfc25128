// Which two runs are compared, how their tokens are aligned, and the way from difference to difference.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kAlignments[] = {"Position", "Token", "First difference", "Offset"};
constexpr AlignBy kAlignedBy[] = {AlignBy::position, AlignBy::token, AlignBy::first_difference, AlignBy::offset};
constexpr double kMostOffset = 16 << 20;

int alignment_of(const command::Compare& how) {
  for (int i = 0; i < static_cast<int>(std::size(kAlignedBy)); ++i)
    if (how.align == name_of(kAlignedBy[i])) return i;
  return 0;
}

/// What is compared now, with its runs named: what a control changes a part of.
command::Compare present(const Snapshot& snapshot) {
  command::Compare how = snapshot.selection.compare;
  const RunPair runs = runs_to_compare(snapshot);
  how.a = runs.a->id, how.b = runs.b->id;
  return how;
}

std::string name_of_run(const Snapshot& snapshot, const RunFacts& run) {
  if (run.id <= kFirstGuest) return fmt::format("{}, file {}", run.name, kFirstGuest - run.id + 1);
  return snapshot.find_run(run.parent) ? fmt::format("{}, fork at {}", run.name, run.forked_at) : run.name;
}

/// A choice of run with its colour. The one that the other side shows is not offered: `swap` is for that. B may also be a file that is
/// not open yet.
void choose_run(Ui& ui, Box box, PaneContext& context, bool of_b) {
  const Snapshot& snapshot = context.snapshot;
  const RunPair runs = runs_to_compare(snapshot);
  const RunFacts& own = of_b ? *runs.b : *runs.a;
  const RunFacts& other = of_b ? *runs.a : *runs.b;
  std::vector<std::string> names;
  std::vector<std::int64_t> ids;
  int chosen = 0;
  for (const RunFacts* run : sides_of(snapshot)) {
    if (run->id == other.id) continue;
    if (run->id == own.id) chosen = static_cast<int>(ids.size());
    ids.push_back(run->id);
    names.push_back((run->id == own.id ? "     " : "") + name_of_run(snapshot, *run));  // the closed field has a dot before it
  }
  if (of_b) names.emplace_back("a file…");
  std::vector<const char*> labels;
  for (const std::string& name : names) labels.push_back(name.c_str());
  const bool changed = combo(ui, of_b ? "run b" : "run a", box, labels, chosen);
  ui.list()->AddCircleFilled({ui.px(box.x + 14), ui.px(box.middle_y())}, 4.5f * ui.scale(), run_color(ui.theme(), context.snapshot, own.id));
  if (!changed) return;
  if (chosen == static_cast<int>(ids.size())) {
    context.memory.compare.asks_file = true;
    return;
  }
  command::Compare how = present(snapshot);
  (of_b ? how.b : how.a) = ids[static_cast<std::size_t>(chosen)];
  context.send(how);
}

void choose_alignment(Ui& ui, Box& bar, PaneContext& context, bool is_narrow) {
  command::Compare how = present(context.snapshot);
  int chosen = alignment_of(how);
  const int before = chosen;
  if (is_narrow) combo(ui, "align", bar.cut_left(124).row(kControlHeight), kAlignments, chosen);
  else {
    bar.cut_left(ui.text_in(bar, Face::control, ui.theme().dim, "Align") - bar.x + 10);
    // Labels of different lengths: each gets what it needs.
    Box track = bar.cut_left(318).row(kControlHeight);
    ui.fill(track, ui.theme().raised, kRadius);
    constexpr float kWidths[] = {72, 60, 118, 68};
    for (int i = 0; i < static_cast<int>(std::size(kAlignments)); ++i)
      if (button(ui, kAlignments[i], track.cut_left(kWidths[i]), {.selected = i == before, .plain = true})) chosen = i;
  }
  how.align = name_of(kAlignedBy[chosen]);
  auto offset = static_cast<double>(how.offset);
  bool changed = chosen != before;
  if (chosen == 3) {
    bar.cut_left(6);
    const Box field = bar.cut_left(56).row(kControlHeight);
    if (number_field(ui, "offset", field, offset, -kMostOffset, kMostOffset, "%.0f")) how.offset = std::llround(offset), changed = true;
  }
  if (changed) context.send(how);
}

/// A box that is ticked or not, with a word that also reacts.
bool tick(Ui& ui, Box& bar, const char* label, bool is_on, std::string_view tip) {
  const bool clicked = check_box(ui, label, bar.cut_left(15).row(15), is_on, tip);
  bar.cut_left(8);
  const float width = ui.width(Face::control, label) + 2;
  Box word = bar.cut_left(width);
  const Hit hit = ui.hit((std::string(label) + " word").c_str(), word.row(kControlHeight));
  ui.text_in(word, Face::control, ui.theme().text, label);
  if (hit.hovered) ui.tooltip(tip);
  bar.cut_left(20);
  return clicked || hit.clicked;
}

constexpr std::string_view kRangeTip = "A and B are coloured by one range", kTimeTip = "B is shown over the tokens of A; otherwise by itself";

void draw_more(Ui& ui, Box box, PaneContext& context) {
  CompareMemory& memory = context.memory.compare;
  if (button(ui, (std::string(icon::kMore) + "##compare-more").c_str(), box, {.tip = "Link ranges and time"})) ImGui::OpenPopup("compare menu");
  const MenuItem items[] = {{.label = "Link range", .marked = memory.link_range}, {.label = "Link time", .marked = memory.link_time}};
  const int chosen = menu(ui, "compare menu", items);
  if (chosen == 0) memory.link_range = !memory.link_range;
  if (chosen == 1) memory.link_time = !memory.link_time;
}

void draw_runs(Ui& ui, Box& bar, PaneContext& context, float width) {
  const RunPair runs = runs_to_compare(context.snapshot);
  const auto letter = [&](const char* name, const RunFacts& run) {
    bar.cut_left(ui.text_in(bar, Face::title, run_color(ui.theme(), context.snapshot, run.id), name) - bar.x + 10);
  };
  letter("A", *runs.a);
  choose_run(ui, bar.cut_left(width).row(kControlHeight), context, false);
  bar.cut_left(6);
  if (button(ui, (std::string(icon::kSwap) + "##swap").c_str(), bar.cut_left(28).row(kControlHeight), {.tip = "Swap A and B\tX"})) {
    command::Compare how = present(context.snapshot);
    std::swap(how.a, how.b);
    how.offset = -how.offset;
    context.send(how);
  }
  bar.cut_left(12);
  letter("B", *runs.b);
  choose_run(ui, bar.cut_left(width + 56).row(kControlHeight), context, true);
}

void draw_ways(Ui& ui, Box& bar, PaneContext& context, bool is_narrow) {
  const auto scene = compare_scene(context);
  const auto go = [&](const char* id, const char* symbol, const char* word, bool backwards, const char* tip) {
    const std::string label = is_narrow ? std::string(symbol) : fmt::format("{}   {}", symbol, word);
    const bool enabled = scene && next_difference(*scene, backwards) >= 0;
    if (button(ui, (label + "##" + id).c_str(), bar.cut_left(is_narrow ? 32 : 92).row(kControlHeight), {.enabled = enabled, .tip = tip}))
      go_to_difference(context, backwards);
    bar.cut_left(4);
  };
  go("previous difference", icon::kBack, "Previous", true, "The difference before\tShift+N");
  go("next difference", icon::kStep, "Next", false, "The next place where anything begins to differ\tN");
  bar.cut_left(is_narrow ? 8 : 12);
  const bool ready = context.snapshot.state == EngineState::paused;
  if (button(ui, (std::string(icon::kPlay) + "   Step both##step both").c_str(), bar.cut_left(100).row(kControlHeight),
             {.primary = true, .enabled = ready, .tip = "Every run reads or samples a token, side by side\tA"}))
    context.send(command::StepAll{1});
}

}  // namespace

void draw_compare_bar(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  Box bar = box.inset(12, 0);
  bar.h -= 1;
  if (!snapshot.model) {
    ui.text_in(bar, Face::control, ui.theme().dim, "No model is open. Ctrl+O opens one.");
    return;
  }
  if (!runs_to_compare(snapshot).a) {
    const std::int64_t cursor = snapshot.selection.cursor_a;
    const bool at_end = cursor < 0 || cursor + 1 >= snapshot.count();
    bar.cut_left(ui.text_in(bar, Face::body, ui.theme().text, "Compare needs two runs.") - bar.x + 16);
    if (button(ui, (std::string(icon::kFork) + (at_end ? "   Fork at the end" : fmt::format("   Fork after t = {}", cursor)) + "##fork").c_str(),
               bar.cut_left(160).row(kControlHeight), {.primary = true, .tip = "Another run goes on by itself from here"}))
      context.send(fork_here(snapshot));
    bar.cut_left(8);
    if (button(ui, (std::string(icon::kOpen) + "   Compare with a file…##file").c_str(), bar.cut_left(184).row(kControlHeight), {.tip = kFileTip})) context.memory.compare.asks_file = true;
    bar.cut_left(16);
    ui.text_in(bar, Face::control, ui.theme().dim, "Zero a layer of the fork, scale it, or feed other text: the two are shown side by side.");
    return;
  }
  const bool is_narrow = box.w < 1400;
  draw_runs(ui, bar, context, is_narrow ? 116 : 132);
  bar.cut_left(is_narrow ? 12 : 36);
  choose_alignment(ui, bar, context, is_narrow);
  bar.cut_left(is_narrow ? 12 : 16);
  draw_ways(ui, bar, context, is_narrow);
  bar.cut_left(16);
  CompareMemory& memory = context.memory.compare;
  if (bar.w < 230) {
    draw_more(ui, bar.cut_right(28).row(kControlHeight), context);
    return;
  }
  if (tick(ui, bar, "Link range", memory.link_range, kRangeTip)) memory.link_range = !memory.link_range;
  if (tick(ui, bar, "Link time", memory.link_time, kTimeTip)) memory.link_time = !memory.link_time, memory.alone = {};
  constexpr const char* kHint = "hold F to flip A and B";
  if (bar.w > ui.width(Face::control, kHint)) ui.text_in(bar, Face::control, memory.is_flipped ? ui.theme().text : ui.theme().dim, kHint, Align::right);
}

}  // namespace lab
