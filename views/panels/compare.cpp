#include "views/panels/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "views/figures/parts.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr double kFewestColumns = 8;  // that zooming in leaves

/// The first column of one side at or after `from`, going on in a direction, that has a token; -1: none.
std::int64_t column_with_token(const CompareScene& scene, std::int64_t from, std::int64_t step, std::int64_t end) {
  for (std::int64_t column = from; column != end; column += step) {
    const TokenPair pair = scene.pair(column);
    if ((scene.in_b ? pair.b : pair.a) >= 0) return column;
  }
  return -1;
}

/// Edits of one run that are not among those of the other.
void add_own(const CompareScene& scene, bool of_b, std::vector<CompareMark>& marks) {
  const auto& own = of_b ? scene.b.edits : scene.a.edits;
  const auto& others = of_b ? scene.a.edits : scene.b.edits;
  if (!own) return;
  std::set<std::tuple<std::int64_t, std::string>> known;
  if (others)
    for (const EditEvent& edit : *others) known.emplace(edit.position, edit.label);
  for (const EditEvent& edit : *own) {
    if (known.contains({edit.position, edit.label})) continue;
    if (const std::int64_t column = column_of(scene.alignment, edit.position, of_b); column >= 0) marks.push_back({column, edit.position, edit.brief.empty() ? edit.label : edit.brief, of_b});
  }
}

}  // namespace

TokenPair CompareScene::pair(std::int64_t column) const { return has(column) ? alignment.columns[static_cast<std::size_t>(column)] : TokenPair(); }

std::string CompareScene::number_text(std::int64_t column) const {
  const TokenPair tokens = pair(column);
  if (tokens.is_pair() && tokens.a != tokens.b) return fmt::format("{} | {}", tokens.a, tokens.b);
  return std::to_string(std::max(tokens.a, tokens.b));
}

std::string CompareScene::token_text(std::int64_t column) const {
  const TokenPair tokens = pair(column);
  return tokens.a >= 0 ? runs.a.token_text(tokens.a) : tokens.b >= 0 ? runs.b.token_text(tokens.b) : "";
}

std::optional<CompareScene> compare_scene(const PaneContext& context) {
  const RunPair pair = runs_to_compare(context.snapshot);
  const ComparedRuns* runs = context.derived.comparison.get();
  const bool is_of_them = pair.a && context.derived.compared_a == pair.a->id && context.derived.compared_b == pair.b->id;  // after a choice it lags behind
  if (!is_of_them || !runs || !runs->alignment) return {};
  const bool in_b = counts_in_b(context.snapshot);
  return CompareScene{context.snapshot, *pair.a, *pair.b, *runs, *runs->alignment, shown_columns(context.snapshot, *runs->alignment, in_b), in_b};
}

std::optional<CompareScene> scene_or_note(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one."), std::nullopt;
  const RunPair pair = runs_to_compare(snapshot);
  if (!pair.a) return empty_note(ui, box, "There is one run.", "Fork it, or compare it with a file."), std::nullopt;
  for (const RunFacts* run : {pair.a, pair.b})
    if (run->tokens.count() == 0) return empty_note(ui, box, printable(run->name) + " has read nothing yet.", "Type a prompt in Inspect: Ctrl+L."), std::nullopt;
  std::optional<CompareScene> scene = compare_scene(context);
  if (!scene) pending_note(ui, box, context.derived.refusal);
  else if (scene->alignment.count() == 0) empty_note(ui, box, "No tokens belong together.", "Read some in both runs, or align them in another way."), scene.reset();
  return scene;
}

Command fork_here(const Snapshot& snapshot) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  return command::Fork{cursor >= 0 && cursor + 1 < snapshot.count() ? cursor + 1 : -1, "", false};
}

Command compare_active_with(const Snapshot& snapshot, std::int64_t run) {
  command::Compare how = snapshot.selection.compare;
  how.a = snapshot.active_run, how.b = run;
  return how;
}

std::vector<CompareMark> own_edits(const CompareScene& scene) {
  std::vector<CompareMark> marks;
  for (const bool of_b : {false, true}) add_own(scene, of_b, marks);
  std::ranges::stable_sort(marks, {}, &CompareMark::column);
  return marks;
}

void seek_column(PaneContext& context, const CompareScene& scene, double column) {
  const auto last = scene.alignment.count() - 1;
  if (last < 0 || !std::isfinite(column)) return;
  const TokenPair tokens = scene.pair(static_cast<std::int64_t>(std::clamp(std::floor(column + 0.5), 0.0, static_cast<double>(last))));
  const bool in_b = scene.in_b ? tokens.b >= 0 : tokens.a < 0;
  const std::int64_t token = in_b ? tokens.b : tokens.a;
  const RunFacts& run = in_b ? scene.b : scene.a;
  // Where a third run is active its tokens have the numbers of A's, as far as it reaches.
  const bool is_known = run.id == context.snapshot.active_run || (in_b == scene.in_b && token < context.snapshot.count());
  if (!is_known && !context.snapshot.find_run(run.id)) return;  // only a file has the token: no cursor can stand there
  if (!is_known) context.send(command::SwitchRun{run.id});
  context.send(command::Seek{token, "a"});
}

void show_columns(PaneContext& context, const CompareScene& scene, double first, double width) {
  const auto count = static_cast<double>(scene.alignment.count());
  width = std::clamp(std::round(width), std::min(kFewestColumns, count), count);
  first = std::clamp(std::round(first), 0.0, count - width);
  if (width >= count) return context.send(command::ShowRange{0, 0});
  const auto from = static_cast<std::int64_t>(first), to = static_cast<std::int64_t>(first + width);
  const std::int64_t low = token_of(scene.alignment, std::max<std::int64_t>(0, column_with_token(scene, from, 1, scene.alignment.count())), scene.in_b);
  std::int64_t high = token_of(scene.alignment, to - 1, scene.in_b);
  if (high < 0) high = token_of(scene.alignment, column_with_token(scene, to - 1, -1, -1), scene.in_b);
  if (low >= 0 && high >= low) context.send(command::ShowRange{low, high + 1});
}

std::int64_t next_difference(const CompareScene& scene, bool backwards) {
  const std::int64_t from = scene.shown.cursor;
  std::int64_t best = -1;
  const auto offer = [&](std::int64_t column) {
    if (column < 0 || (backwards ? from < 0 || column >= from : column <= from)) return;
    if (best < 0 || (backwards ? column > best : column < best)) best = column;
  };
  for (const PointDifferences& each : scene.runs.table.points) offer(scene.first_of(each));
  offer(scene.alignment.first_difference);
  const auto& a = scene.runs.a.tokens;
  const auto& b = scene.runs.b.tokens;
  if (a && b) offer(scene.alignment.next_difference(*a, *b, from, backwards));
  return best;
}

void go_to_difference(PaneContext& context, bool backwards) {
  const auto scene = compare_scene(context);
  if (!scene) return;
  if (const std::int64_t column = next_difference(*scene, backwards); column >= 0) seek_column(context, *scene, static_cast<double>(column));
}

std::vector<std::string> compare_facts(const Snapshot& snapshot, const Derived& derived) {
  const RunPair pair = runs_to_compare(snapshot);
  if (!pair.a) return {};
  std::vector<std::string> facts;
  for (const auto& [name, run] : {std::pair{"A", pair.a}, {"B", pair.b}}) facts.push_back(fmt::format("{} {}, {} tokens", name, run->name, run->tokens.count()));
  if (pair.b->parent == pair.a->id || pair.a->parent == pair.b->id) {
    const std::int64_t shared = pair.b->parent == pair.a->id ? pair.b->forked_at : pair.a->forked_at;
    facts.push_back(fmt::format("{} shared {}", shared, shared == 1 ? "step" : "steps"));
  }
  const ComparedRuns* runs = derived.comparison.get();
  if (!runs || !runs->alignment) return facts;
  if (!runs->is_whole) facts.push_back(fmt::format("compared: {:.0f} %", 100 * runs->progress));
  else if (const ComparedRuns::First first = runs->first_difference(); first.column < 0) facts.emplace_back(equal_words(*runs));
  else facts.push_back(fmt::format("first difference: {} at t = {}", first.point, CompareScene{snapshot, *pair.a, *pair.b, *runs, *runs->alignment, {}, false}.number_text(first.column)));
  facts.push_back(fmt::format("{} layers × {} columns", snapshot.model->layers.size(), runs->alignment->count()));
  return facts;
}

const KeptFigure& kept_plot(Ui& ui, Box box, PaneContext& context, const std::string& slot, const std::string& key, double left, double right,
                            const std::function<Figure()>& make) {
  KeptFigure& kept = kept_of(context).figures[slot];
  std::string whole = fmt::format("{} {} {} {} | {}", box.w, box.h, ui.scale(), ui.theme().name, key);
  if (kept.key == whole) return kept;
  kept = {.key = std::move(whole), .figure = make(), .page = {}, .subtitle = "", .is_there = true, .refusal = {}, .sources = context.derived};
  PlotStyle style = plot_style(ui.theme());
  style.pixels_per_point = ui.scale();
  style.left = left, style.right = right;
  kept.page = lay_out(kept.figure, box.w, box.h, style, context.painter);
  return kept;
}

std::string scene_key(const CompareScene& scene) {
  const auto run = [](const RunFacts& each) { return fmt::format("{} {} {}", each.run, each.trace ? each.trace->revision() : 0, each.tokens.count()); };
  return fmt::format("{} {} | {} | {} {}", run(scene.a), run(scene.b), static_cast<const void*>(&scene.alignment), scene.shown.first, scene.shown.last);
}

void draw_column_marks(Ui& ui, Box frame, const PlotArea& area, const CompareScene& scene, bool on_heatmap) {
  const Color color = on_heatmap ? rgb(0x000000) : ui.theme().cursor;
  const auto place = [&](double column) { return frame.x + static_cast<float>(area.place_of_x(column) - area.frame.x); };
  const auto line = [&](double column, bool dashed, Color ink) {
    if (const float x = place(column); x >= frame.x && x < frame.right()) ui.line_down(x, frame.y, frame.bottom(), ink, dashed);
  };
  for (const CompareMark& mark : own_edits(scene)) line(static_cast<double>(mark.column) - 0.5, true, on_heatmap ? color : ui.theme().dim);
  if (scene.shown.cursor >= 0) line(static_cast<double>(scene.shown.cursor), false, color);
}

Hit handle_columns(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const CompareScene& scene, const char* id, AxisView rows) {
  const AxisView columns{.all = scene.alignment.count(), .origin = -0.5, .show = [&](double first, double width) { show_columns(context, scene, first, width); }};
  const Hit hit = handle_axes(ui, frame, area, context, id, columns, std::move(rows));
  if (hit.clicked && !hit.double_clicked) seek_column(context, scene, area.x_from(hit.x - frame.x + area.frame.x));
  return hit;
}

}  // namespace lab
