// The tree of runs: what each is, what differs, and how far its states are from those of the first one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/norm_strip.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/run_look.h"

namespace lab {
namespace {

constexpr float kCard = 168, kNarrowCard = 132, kLeastStrip = 140;
constexpr float kAxis = 20, kLegend = 22, kGap = 10, kCardHeight = 66;
constexpr double kLowest = 1e-3, kHighest = 2;  // of relative differences that have colours of their own

ColorScale difference_scale(const Theme& theme) { return {.map = ColorMap::viridis, .scaling = Scaling::log, .low = kLowest, .high = kHighest, .map_from = theme.dark ? 0.16 : 0.0}; }

std::string megabytes(std::int64_t bytes) { return fmt::format("{:.3g} MiB", static_cast<double>(bytes) / (1 << 20)); }

/// The tokens that strips lie on: those of the longest run.
double longest(const Snapshot& snapshot) {
  std::int64_t count = 1;
  for (const RunFacts& run : snapshot.runs) count = std::max(count, run.tokens.count());
  return static_cast<double>(count);
}

const RunStrip* strip_of(const PaneContext& context, std::int64_t run) {
  if (!context.derived.tree) return nullptr;
  const auto found = std::ranges::find(context.derived.tree->strips, run, &RunStrip::run);
  return found == context.derived.tree->strips.end() ? nullptr : &*found;
}

void draw_differences(Ui& ui, Box box, PaneContext& context, const RunStrip& strip) {
  const auto width = static_cast<int>(ui.px(box.w)), height = static_cast<int>(ui.px(box.h));
  if (width < 1 || height < 2 || strip.columns() == 0) return;
  const std::string key = fmt::format("{} {} {} {} {}", static_cast<const void*>(context.derived.tree.get()), width, height, strip.columns(), ui.theme().name);
  paint_strip(ui, box, context, kept_strip(ui, context, strip.run, key, [&] {
    return color_matrix([&](std::int64_t i) { return strip.difference.data() + i * strip.layers; }, strip.columns(), strip.layers, {}, 0, static_cast<double>(strip.columns()), 0,
                        static_cast<double>(strip.layers), width, height, difference_scale(ui.theme()), Pooling::largest);
  }));
}

/// The largest difference that a run has at its last column, and where: "L6 1.039".
std::string last_difference(const RunStrip& strip) {
  if (strip.columns() == 0) return "";
  const auto begin = strip.difference.begin() + (strip.columns() - 1) * strip.layers;
  const auto most = std::max_element(begin, strip.difference.end(), [](float a, float b) { return std::isnan(a) || (!std::isnan(b) && a < b); });
  if (!std::isfinite(*most)) return "";
  return *most == 0 ? "its states are those of the first run" : fmt::format("at {}: L{} {}", strip.first + (strip.columns() - 1) * strip.stride, most - begin, number_text(static_cast<double>(*most), 3));
}

void draw_card(Ui& ui, Box card, PaneContext& context, const RunFacts& run) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const bool is_active = run.id == snapshot.active_run, is_first = run.id == snapshot.runs.front().id;
  const Hit hit = ui.hit(fmt::format("run {}", run.id).c_str(), card);
  ui.fill(card, is_active ? theme.selection : hit.hovered ? theme.hover : theme.raised, kRadius);
  ui.fill({card.x, card.y, 4, card.h}, run_color(theme, snapshot, run.id), 2);
  Box text = card.inset(12, 4);
  const std::string menu_id = fmt::format("menu of run {}", run.id);
  Box title = text.cut_top(19);
  if (is_active) ui.text_in(title.cut_right(18), Face::control, theme.text, icon::kEye, Align::right);
  ui.text_in(title, Face::title, theme.text, run.name);
  const Color dim = is_active ? theme.dim_on_selection : theme.dim;
  const RunStrip* strip = strip_of(context, run.id);
  const std::string differs = difference_text(snapshot, run), far = strip && !is_first ? last_difference(*strip) : fmt::format("{} fork{}", snapshot.runs.size() - 1, snapshot.runs.size() == 2 ? "" : "s");
  const std::string size = fmt::format("{} own token{}, {}", own_tokens(run), own_tokens(run) == 1 ? "" : "s", megabytes(run.trace->use().total()));
  for (const std::string& line : {differs, far, size})
    if (text.h >= 13 && !line.empty()) ui.text_in(text.cut_top(13), Face::tick, dim, line);
  if (hit.hovered) {
    const std::string tip = fmt::format("{}\t{} tokens\n{}\t\n{}\t\n{}\t", run.name, run.tokens.count(), differs, far.empty() ? "being compared" : far, size);
    note_hover(ui, context, tip);
    if (!ImGui::IsPopupOpen(menu_id.c_str())) ui.tooltip(tip);
  }
  if (hit.clicked && !is_active) context.send(command::SwitchRun{run.id});
  if (hit.double_clicked) context.memory.renamed_run = run.id, context.memory.run_name = run.name;
  if (hit.right_clicked) ImGui::OpenPopup(menu_id.c_str());
  draw_run_menu(ui, menu_id.c_str(), context, run);
}

/// What a place of a strip stands for.
void react_to_strip(Ui& ui, Box box, PaneContext& context, const RunFacts& run, const RunStrip* strip, std::int64_t token) {
  const std::int64_t layers = std::ssize(context.snapshot.model->layers);
  const Hit hit = ui.hit(fmt::format("strip {}", run.id).c_str(), box);
  if (!hit.hovered && !hit.clicked) return;
  const auto layer = std::clamp<std::int64_t>(static_cast<std::int64_t>((hit.y - box.y) / box.h * static_cast<float>(layers)), 0, layers - 1);
  std::string tip = fmt::format("{}\tlayer {}\ntoken {}\t{}", run.name, layer, token, token >= 0 && token < run.tokens.count() ? context.snapshot.model->piece(run.tokens[token][0]) : "");
  if (strip && token >= strip->first && token < strip->last) {
    const float value = strip->difference[static_cast<std::size_t>((token - strip->first) / strip->stride * strip->layers + layer)];
    tip += fmt::format("\n‖h − h₁‖₂ / ‖h₁‖₂\t{}", std::isnan(value) ? "dropped" : number_text(static_cast<double>(value), 5));
  } else if (!strip && token >= 0 && token < run.tokens.count()) {
    tip += fmt::format("\n‖h‖₂\t{}", number_text(static_cast<double>(run.trace->statistic(static_cast<int>(layer), Statistic::h_norm, token).mean), 5));
  }
  note_hover(ui, context, tip, token);
  ui.tooltip(tip);
  if (!hit.clicked || token < 0 || token >= run.tokens.count()) return;
  if (run.id != context.snapshot.active_run) context.send(command::SwitchRun{run.id});
  context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
  context.send(command::Select{layer, -1, -1});
}

void draw_strip(Ui& ui, Box row, PaneContext& context, const RunFacts& run, const StripAxis& place) {
  if (row.h < 8) return;
  const Theme& theme = ui.theme();
  const bool is_first = run.id == context.snapshot.runs.front().id;
  const RunStrip* strip = is_first ? nullptr : strip_of(context, run.id);
  const double first = is_first ? 0 : strip ? static_cast<double>(strip->first) : static_cast<double>(run.forked_at);
  const double last = is_first ? static_cast<double>(run.tokens.count()) : strip ? static_cast<double>(strip->last) : static_cast<double>(run.tokens.count());
  const Box box{place.at(first), row.y + 1, std::max(3.0f, place.at(last) - place.at(first)), row.h - 2};
  if (is_first) draw_norm_strip(ui, box, context, run);
  else if (strip) draw_differences(ui, box, context, *strip);
  else ui.fill(box, theme.raised);
  // What the run has read beyond the end of the first one has nothing to be compared with.
  if (const double end = static_cast<double>(run.tokens.count()); strip && end > last) ui.fill({place.at(last), row.middle_y() - 1, place.at(end) - place.at(last), 2}, run_color(theme, context.snapshot, run.id));
  if (run.id == context.snapshot.active_run) ui.outline(box.inset(-1), theme.accent);
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  if (const float x = place.at(static_cast<double>(cursor) + 0.5); cursor >= 0 && x >= box.x && x < box.right()) ui.line_down(x, box.y, box.bottom(), rgb(is_first ? 0xFFFFFF : 0x000000));
  if (row.right() + 34 <= place.axis.right() + 40 && row.h > 34) {
    ui.text_in({place.axis.right() + 6, box.y, 32, 14}, Face::axis, theme.dim, "L0");
    ui.text_in({place.axis.right() + 6, box.bottom() - 14, 32, 14}, Face::axis, theme.dim, fmt::format("L{}", context.snapshot.model->layers.size() - 1));
  }
  react_to_strip(ui, box, context, run, strip, std::clamp<std::int64_t>(place.token(ImGui::GetIO().MousePos.x / ui.scale()), 0, std::max<std::int64_t>(0, run.tokens.count() - 1)));
}

/// A line from where a run was forked to its strip.
void draw_branch(Ui& ui, PaneContext& context, const RunFacts& run, const StripAxis& place, float parent_bottom, float middle) {
  if (run.parent < 0) return;
  const Color color = run_color(ui.theme(), context.snapshot, run.id);
  const float x = std::max(place.axis.x + 3, place.at(static_cast<double>(run.forked_at)) - 7);
  ui.list()->AddCircleFilled({ui.px(x) + 0.5f, ui.px(parent_bottom + 4)}, 3.5f * ui.scale(), color);
  ui.fill({x - 0.5f, parent_bottom + 4, 1.5f, middle - parent_bottom - 4}, color);
  ui.fill({x - 0.5f, middle, place.at(static_cast<double>(run.forked_at)) - x + 0.5f, 1.5f}, color);
}

/// The runs that are listed where there is little room: the active one among them.
std::vector<const RunFacts*> listed(const Snapshot& snapshot, std::int64_t room, std::int64_t first) {
  std::vector<const RunFacts*> runs;
  const std::int64_t all = std::ssize(snapshot.runs), from = std::clamp<std::int64_t>(first, 0, std::max<std::int64_t>(0, all - room));
  for (std::int64_t i = from; i < std::min(all, from + room); ++i) runs.push_back(&snapshot.runs[static_cast<std::size_t>(i)]);
  return runs;
}

void draw_runs(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  box = box.inset(12, 0);
  const bool has_strips = box.w >= kCard + kLeastStrip + 60;
  const float card = has_strips ? (box.w > 620 ? kCard : kNarrowCard) : box.w;
  StripAxis place{{box.x + card + 12, box.y, box.w - card - 12 - 44, kAxis}, longest(snapshot)};
  if (has_strips) draw_strip_axis(ui, place);
  box.cut_top(has_strips ? kAxis : 4);
  const bool has_legend = has_strips && box.h >= 150;
  Box legend = has_legend ? box.cut_bottom(kLegend) : Box{};
  const auto room = std::max<std::int64_t>(1, static_cast<std::int64_t>((box.h + kGap) / (kCardHeight + kGap)));
  PaneMemory::Kept& kept = kept_of(context);
  if (ImGui::GetIO().MouseWheel != 0 && box.contains(ImGui::GetIO().MousePos.x / ui.scale(), ImGui::GetIO().MousePos.y / ui.scale()) && ImGui::IsWindowHovered())
    kept.first_run -= ImGui::GetIO().MouseWheel > 0 ? 1 : -1;
  kept.first_run = std::clamp<std::int64_t>(kept.first_run, 0, std::max<std::int64_t>(0, std::ssize(snapshot.runs) - room));
  const std::vector<const RunFacts*> runs = listed(snapshot, room, kept.first_run);
  std::map<std::int64_t, float> bottoms;
  std::vector<std::pair<const RunFacts*, Box>> rows;
  for (const RunFacts* run : runs) {
    const Box row = box.cut_top(std::min(kCardHeight, box.h));
    box.cut_top(kGap);
    rows.emplace_back(run, row);
    bottoms[run->id] = row.bottom();
  }
  if (rows.empty()) return;
  if (has_strips)
    for (const auto& [run, row] : rows) draw_branch(ui, context, *run, place, bottoms.contains(run->parent) ? bottoms[run->parent] : rows.front().second.y - 6, row.middle_y());
  for (auto [run, row] : rows) {
    draw_card(ui, row.cut_left(card), context, *run);
    if (has_strips) draw_strip(ui, {place.axis.x, row.y, place.axis.w, row.h}, context, *run, place);
  }
  if (!has_legend) return;
  draw_ramp(ui, legend, "norm / layer mean", norm_scale(), "0.5", "1.7");
  draw_ramp(ui, legend, fmt::format("difference to {}", snapshot.runs.front().name).c_str(), difference_scale(ui.theme()), "1e−3", "2");
  if (const std::int64_t hidden = std::ssize(snapshot.runs) - std::ssize(runs); hidden > 0) ui.text_in(legend, Face::control, ui.theme().dim, fmt::format("{} more: wheel", hidden), Align::right);
}

/// All that the strips show, tab-separated.
std::string values_of(const PaneContext& context) {
  std::string text = "run\ttoken\tlayer\trelative difference\n";
  if (!context.derived.tree) return text;
  for (const RunStrip& strip : context.derived.tree->strips)
    for (std::int64_t i = 0; i < strip.columns(); ++i)
      for (std::int64_t layer = 0; layer < strip.layers; ++layer)
        text += fmt::format("{}\t{}\t{}\t{}\n", find_run(context.snapshot, strip.run) ? find_run(context.snapshot, strip.run)->name : "", strip.first + i * strip.stride, layer,
                            csv_text(strip.difference[static_cast<std::size_t>(i * strip.layers + layer)]));
  return text;
}

}  // namespace

void draw_run_tree(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  const Snapshot& snapshot = context.snapshot;
  PaneHeader header(ui, box, "Run tree");
  if (!snapshot.model || snapshot.runs.empty()) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  const bool can_act = snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
  const std::int64_t position = snapshot.selection.cursor_a + 1;
  const Box more = header.control(28);
  if (button(ui, (std::string(icon::kMore) + "##tree-more").c_str(), more, {.tip = "Of the active run: rename, promote, continue, delete"})) ImGui::OpenPopup("menu of the active run");
  if (const RunFacts* active = active_run(snapshot)) draw_run_menu(ui, "menu of the active run", context, *active);
  const Box fork = header.control(72);
  if (button(ui, fmt::format("{}  Fork##fork", icon::kFork).c_str(), fork, {.enabled = can_act, .tip = "Another run from cursor A on; the text after it waits there\tP"}))
    context.send(command::Fork{position >= snapshot.count() ? -1 : position, "", true});
  const std::size_t forks = snapshot.runs.size() - 1;
  header.subtitle(forks == 0 ? "one run" : fmt::format("{} and {} fork{}, difference to it by layer and token", snapshot.runs.front().name, forks, forks == 1 ? "" : "s"));
  draw_run_naming(ui, {pane.x + 12, pane.y + 24, 0, 0}, context);
  draw_runs(ui, box, context);
  pane_menu(ui, pane, context, {.kind = "norms", .values = values_of(context)});
}

}  // namespace lab
