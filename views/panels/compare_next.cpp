// What both runs expect after the cursor: the ranks of the same tokens side by side, or their probabilities.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kViews[] = {"Ranks", "Values"};
constexpr std::size_t kMostRanks = 10;
constexpr float kLeastRank = 20, kMostRank = 32, kHeads = 22, kFoot = 26;

/// Where the columns of ranks lie: of A from the left, of B mirrored.
struct Columns {
  float bar_a, word_a, rank_a, dot_a, dot_b, rank_b, word_b;  // right ends on A's side, left ends on B's
  explicit Columns(const Box& box) {
    const float middle = box.middle_x(), half = std::max(36.0f, box.w * 0.11f);
    dot_a = middle - half, dot_b = middle + half;
    rank_a = dot_a - 8, rank_b = dot_b + 8;
    word_a = rank_a - 20, word_b = rank_b + 22;
    bar_a = box.x + std::max(48.0f, (word_a - box.x) * 0.42f);
  }
};

struct Shown {
  const CompareScene& scene;
  const ComparedNext& next;
  std::size_t rows;
};

std::string probability_text(float value) { return fmt::format("{:.3f}", static_cast<double>(value)); }

/// Of the tokens of one side: its name, its probability below or beside, and a bar away from the middle.
void draw_side(Ui& ui, Box box, const Columns& at, const Shown& shown, bool of_b, float row, PaneContext& context) {
  const Theme& theme = ui.theme();
  const auto& best = (of_b ? shown.next.b : shown.next.a)->best;
  const auto& rank_there = of_b ? shown.next.b_in_a : shown.next.a_in_b;
  const Color color = run_color(ui.theme(), shown.scene.snapshot, of_b ? shown.scene.b.id : shown.scene.a.id);
  const float largest = std::max(1e-9f, best.empty() ? 1.0f : best[0].probability), room = of_b ? std::max(20.0f, box.right() - at.word_b - 88) : at.bar_a - box.x;
  const bool is_tall = row >= 28;
  for (std::size_t i = 0; i < std::min(shown.rows, best.size()); ++i) {
    const NextToken& token = best[i];
    const std::string piece = shown.scene.piece(token.id, of_b);
    const float y = box.y + row * static_cast<float>(i);
    const bool is_new = of_b && i < rank_there.size() && rank_there[i] >= static_cast<std::int64_t>(shown.rows);
    const bool is_quiet = !of_b && i < rank_there.size() && rank_there[i] >= static_cast<std::int64_t>(shown.rows);
    const Color ink = is_quiet ? theme.dim : theme.text;
    const Box line{of_b ? at.word_b : at.bar_a + 6, y, of_b ? box.right() - at.word_b - 34 : at.word_a - at.bar_a - 6, row};
    const Align align = of_b ? Align::left : Align::right;
    if (is_tall) {
      ui.text_in({line.x, y - 1, line.w, 16}, Face::mono, ink, piece, align);
      ui.text_in({line.x, y + 15, line.w, 14}, Face::axis, theme.dim, probability_text(token.probability), align);
    } else {
      ui.text_in(line, Face::dense, ink, piece, align);
    }
    const float length = std::max(1.0f, room * 0.8f * (std::isfinite(token.probability) ? token.probability / largest : 0));
    const float bar_y = is_tall ? y + 18 : y + row / 2 - 3;
    const float left = of_b ? at.word_b + 40 : at.bar_a - length;
    if (!of_b || is_tall) ui.fill({left, bar_y, length, 6}, mixed(theme.pane, color, 0.62f));
    if (is_new) ui.text_in({box.right() - 34, y, 34, row}, Face::tick, theme.dim, "new", Align::right);
    const float dot = of_b ? at.dot_b : at.dot_a, middle = y + row / 2;
    ui.list()->AddCircleFilled({ui.px(dot), ui.px(middle)}, 3 * ui.scale(), i == 0 ? color : theme.dim);
    const Box rank = of_b ? Box{at.rank_b, y, 20, row} : Box{at.rank_a - 20, y, 20, row};
    ui.text_in(rank, Face::axis, theme.dim, std::to_string(i + 1), of_b ? Align::left : Align::right);
    const Hit hit = ui.hit(fmt::format("{} {}", of_b ? "b" : "a", i + 1).c_str(), of_b ? Box{at.dot_b - 6, y, box.right() - at.dot_b + 6, row} : Box{box.x, y, at.dot_a + 6 - box.x, row});
    if (!hit.hovered) continue;
    const std::string other = i < rank_there.size() ? std::to_string(rank_there[i] + 1) : "–";
    const std::string text = fmt::format("{}\tid {}\nprobability in {}\t{}\nrank in {}\t{}\nrank in {}\t{}", piece, token.id, of_b ? "B" : "A", number_text(static_cast<double>(token.probability), 6),
                                         of_b ? "B" : "A", i + 1, of_b ? "A" : "B", other);
    note_hover(ui, context, text, token.id);
    ui.tooltip(text);
  }
}

/// From each token of A to its place in B; into nothing where it has none among those shown.
void draw_moves(Ui& ui, Box box, const Columns& at, const Shown& shown, float row) {
  const Theme& theme = ui.theme();
  const auto y_of = [&](double rank) { return ui.px(box.y + row * (static_cast<float>(rank) + 0.5f)); };
  const auto line = [&](std::size_t from, double to, float end, Color color, float width) {
    ui.list()->AddLine({ui.px(at.dot_a) + 3 * ui.scale(), y_of(static_cast<double>(from))}, {ui.px(end) - 3 * ui.scale(), y_of(to)}, color, width * ui.scale());
  };
  for (std::size_t i = shown.rows; i-- > 1;) {
    if (i >= shown.next.a_in_b.size()) continue;
    const std::int64_t to = shown.next.a_in_b[i];
    if (to == 0) continue;
    if (to < static_cast<std::int64_t>(shown.rows)) line(i, static_cast<double>(to), at.dot_b, theme.text, 1);
    else line(i, static_cast<double>(i) + 0.3, at.dot_a + 18, theme.dim, 1);
  }
  const auto strong = [&](std::int64_t from, std::int64_t to, Color color) {
    const auto rows = static_cast<std::int64_t>(shown.rows);
    if (from >= 0 && to >= 0 && from < rows && to < rows) line(static_cast<std::size_t>(from), static_cast<double>(to), at.dot_b, color, 2.5f);
  };
  if (!shown.next.a_in_b.empty()) strong(0, shown.next.a_in_b[0], run_color(ui.theme(), shown.scene.snapshot, shown.scene.a.id));
  if (!shown.next.b_in_a.empty() && shown.next.b_in_a[0] != 0) strong(shown.next.b_in_a[0], 0, run_color(ui.theme(), shown.scene.snapshot, shown.scene.b.id));
}

void draw_ranks(Ui& ui, Box box, PaneContext& context, const CompareScene& scene, const ComparedNext& next) {
  const Theme& theme = ui.theme();
  Box heads = box.cut_top(kHeads);
  const Columns at(box);
  const auto fitting = static_cast<std::size_t>(std::max(1.0f, box.h / kLeastRank));
  const std::size_t rows = std::min({kMostRanks, fitting, next.a->best.size(), next.b->best.size()});
  if (rows == 0) return;
  const float row = std::min(kMostRank, std::floor(box.h / static_cast<float>(rows)));
  ui.text_in({heads.x, heads.y, at.word_a - heads.x, heads.h}, Face::control, run_color(ui.theme(), scene.snapshot, scene.a.id), "A " + scene.a.name, Align::right);
  ui.text_in({at.dot_a, heads.y, at.dot_b - at.dot_a, heads.h}, Face::tick, theme.dim, "rank", Align::center);
  ui.text_in({at.word_b, heads.y, heads.right() - at.word_b, heads.h}, Face::control, run_color(ui.theme(), scene.snapshot, scene.b.id), "B " + scene.b.name);
  const Shown shown{scene, next, rows};
  draw_moves(ui, box, at, shown, row);
  for (const bool of_b : {false, true}) draw_side(ui, box, at, shown, of_b, row, context);
}

/// A token that one of both finds likely, with what the other gives it where that is known.
struct Likely {
  std::int32_t id = 0;
  double a = NAN, b = NAN;
};
std::vector<Likely> likely(const ComparedNext& next) {
  std::vector<Likely> all;
  const auto add = [&](const NextTokens& from, double Likely::* member) {
    for (const NextToken& token : from.best) {
      auto known = std::ranges::find(all, token.id, &Likely::id);
      if (known == all.end()) known = all.insert(all.end(), {.id = token.id});
      (*known).*member = static_cast<double>(token.probability);
    }
  };
  add(*next.a, &Likely::a), add(*next.b, &Likely::b);
  const auto larger = [](const Likely& each) { return std::max(std::isnan(each.a) ? 0 : each.a, std::isnan(each.b) ? 0 : each.b); };
  std::ranges::stable_sort(all, std::ranges::greater(), larger);
  return all;
}

void draw_values(Ui& ui, Box box, const CompareScene& scene, const ComparedNext& next) {
  const Theme& theme = ui.theme();
  const float unit = (box.w - 24) / 10;
  const auto cells = [&](Box row) {
    Box line = row.inset(12, 0);
    std::array<Box, 4> at{line.cut_left(3.4f * unit)};
    for (std::size_t i = 1; i < at.size(); ++i) at[i] = line.cut_left(2.2f * unit);
    return at;
  };
  const auto heads = cells(box.cut_top(kHeads));
  ui.text_in(heads[0], Face::tick, theme.dim, "token");
  ui.text_in(heads[1], Face::control, run_color(ui.theme(), scene.snapshot, scene.a.id), "A", Align::right);
  ui.text_in(heads[2], Face::control, run_color(ui.theme(), scene.snapshot, scene.b.id), "B", Align::right);
  ui.text_in(heads[3], Face::tick, theme.dim, "B − A", Align::right);
  for (const Likely& each : likely(next)) {
    if (box.h < 20) break;
    const auto at = cells(box.cut_top(20));
    const auto number = [](double value) { return std::isnan(value) ? std::string("–") : fmt::format("{:.4f}", value); };
    const double difference = each.b - each.a;
    ui.text_in(at[0], Face::mono, theme.text, scene.piece(each.id, std::isnan(each.a)));
    ui.text_in(at[1], Face::dense, theme.text, number(each.a), Align::right);
    ui.text_in(at[2], Face::dense, theme.text, number(each.b), Align::right);
    ui.text_in(at[3], Face::dense, difference < 0 ? theme.cancels : theme.adds, std::isnan(difference) ? "–" : fmt::format("{}{:.4f}", difference < 0 ? "−" : "+", std::abs(difference)),
               Align::right);
  }
}

/// How far apart the two are, in one line.
void draw_foot(Ui& ui, Box row, const CompareScene& scene, const ComparedNext& next) {
  const Theme& theme = ui.theme();
  ui.line_across(row.x + 12, row.right() - 12, row.y, theme.line);
  const ExpectationDifference apart = scene.runs.expectation_at(next.column);
  std::vector<std::string> facts;
  if (!std::isnan(apart.kl)) facts.push_back(fmt::format("KL(A‖B) {} nat", number_text(static_cast<double>(apart.kl), 3)));
  facts.push_back(fmt::format("entropy A {:.2f} bit, B {:.2f} bit", static_cast<double>(next.a->entropy_bits), static_cast<double>(next.b->entropy_bits)));
  if (!next.a->best.empty() && !next.b->best.empty()) facts.emplace_back(next.a->best[0].id == next.b->best[0].id ? "same top choice" : "top choice differs");
  Box line = row.inset(12, 0);
  for (const std::string& fact : facts) {
    if (ui.width(Face::control, fact) > line.w) break;
    line.cut_left(ui.text_in(line, Face::control, theme.dim, fact) - line.x + 20);
  }
}

std::string values_of(const CompareScene& scene, const ComparedNext& next) {
  std::string text = "id\ttoken\ta\tb\n";
  for (const Likely& each : likely(next)) text += fmt::format("{}\t{}\t{}\t{}\n", each.id, scene.piece(each.id, std::isnan(each.a)), each.a, each.b);
  return text;
}

void draw_body(Ui& ui, Box box, PaneContext& context, const CompareScene& scene) {
  const ComparedNext* next = context.derived.compared_next.get();
  if (scene.shown.cursor < 0) return empty_note(ui, box, "The cursor stands on no token.", "Click on one above.");
  if (!next || next->column != scene.shown.cursor) return pending_note(ui, box, "");
  if (!next->a || !next->b) {
    const bool lacks = !scene.pair(scene.shown.cursor).is_pair();
    return empty_note(ui, box, lacks ? "One of the two has no token here." : "What was expected here has been dropped from the history.", lacks ? "Choose a place that both have." : "Move the cursor to a later token.");
  }
  const Box foot = box.cut_bottom(kFoot);
  if (context.memory.compare.shows_values) draw_values(ui, box, scene, *next);
  else draw_ranks(ui, box.inset(12, 0), context, scene, *next);
  draw_foot(ui, foot, scene, *next);
}

}  // namespace

void draw_compare_next(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Next token");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export what the active run expects\tCtrl+E")) context.export_view("next-token");
  bool& values = context.memory.compare.shows_values;
  values = segments(ui, "view", header.control(128), kViews, values) == 1;
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) return;
  if (scene->shown.cursor >= 0) header.subtitle(fmt::format("after t = {} {}", scene->number_text(scene->shown.cursor), scene->token_text(scene->shown.cursor)));
  draw_body(ui, box, context, *scene);
  PaneMenu offered{.kind = "next-token"};
  const ComparedNext* next = context.derived.compared_next.get();
  if (next && next->a && next->b && context.memory.wish_pane == ui.pane && context.memory.wish == PaneWish::copy) offered.values = values_of(*scene, *next);
  pane_menu(ui, pane, context, offered);
}

}  // namespace lab
