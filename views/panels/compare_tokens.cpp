// The tokens of both runs, one above the other, and below how far apart what they expect next is.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/compare.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr float kPitch = 60, kCell = 57, kLabels = 100, kRightRoom = 62;  // units across
constexpr float kMarks = 20, kNumbers = 16, kRow = 20, kTokenHeight = 18, kBars = 18;

/// Brings the cursor into view when it has moved; the wheel looks around in between.
void scroll_cells(Ui& ui, Box strip, KeptCompare& kept, const CompareScene& scene, std::int64_t cells) {
  const ImGuiIO& io = ImGui::GetIO();
  const std::int64_t cursor = scene.shown.cursor;
  if (io.MouseWheel != 0 && strip.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale()) && ImGui::IsWindowHovered())
    kept.first_cell -= std::llround(3 * static_cast<double>(io.MouseWheel));
  if (kept.followed != cursor) {
    kept.followed = cursor;
    const bool is_seen = cursor >= kept.first_cell + 1 && cursor + 2 < kept.first_cell + cells;
    if (!is_seen) kept.first_cell = cursor - cells / 5;
  }
  kept.first_cell = std::clamp<std::int64_t>(kept.first_cell, 0, std::max<std::int64_t>(0, scene.alignment.count() - cells));
}

/// The parts of the pane from above to below.
struct TokenRows {
  Box marks, numbers, a, b, divergence;
};
TokenRows rows_of(Box box) {
  box.cut_top(4);
  return {.marks = box.cut_top(kMarks), .numbers = box.cut_top(kNumbers), .a = box.cut_top(kRow), .b = box.cut_top(kRow), .divergence = box.cut_top(kBars + 2)};
}

void draw_names(Ui& ui, const TokenRows& rows, const CompareScene& scene, bool flipped) {
  const Theme& theme = ui.theme();
  const auto label = [&](Box row, Color color, const std::string& text, Face face) { ui.text_in({row.x + 12, row.y, kLabels - 18, row.h}, face, color, text); };
  const RunFacts& upper = flipped ? scene.b : scene.a;
  const RunFacts& lower = flipped ? scene.a : scene.b;
  label(rows.numbers, theme.dim, "t", Face::axis);
  label(rows.a, run_color(ui.theme(), scene.snapshot, upper.id), (flipped ? "B " : "A ") + upper.name, Face::control);
  label(rows.b, run_color(ui.theme(), scene.snapshot, lower.id), (flipped ? "A " : "B ") + lower.name, Face::control);
  label(rows.divergence, theme.dim, "KL(A‖B), nat", Face::tick);
}

/// A cell of one row. From the first difference on both have the colours of their runs.
void draw_cell(Ui& ui, Box cell, const ComparedSide& side, std::int64_t token, Color run, bool is_apart, bool is_quiet) {
  if (token < 0) return;
  const Theme& theme = ui.theme();
  ui.fill(cell, is_apart ? mixed(theme.pane, run, theme.dark ? 0.30f : 0.26f) : theme.raised, 2);
  ui.text_in(cell.inset(5, 0), Face::dense, is_quiet ? theme.dim : theme.text, side.token_text(token));
}

std::string tip_of(const CompareScene& scene, std::int64_t column) {
  const TokenPair tokens = scene.pair(column);
  std::string text = "t = " + scene.number_text(column);
  const auto add = [&](const char* name, const ComparedSide& side, std::int64_t token) {
    text += token < 0 ? fmt::format("\n{}\tno token", name) : fmt::format("\n{}\t{}, id {}", name, side.token_text(token), (*side.tokens)[static_cast<std::size_t>(token)]);
  };
  add("A", scene.runs.a, tokens.a), add("B", scene.runs.b, tokens.b);
  const ExpectationDifference next = scene.runs.expectation_at(column);
  if (!std::isnan(next.kl))
    text += fmt::format("\nKL(A‖B) afterwards\t{} nat\nentropy of A, B\t{}, {} bit", number_text(static_cast<double>(next.kl), 4), number_text(static_cast<double>(next.entropy_a), 3),
                        number_text(static_cast<double>(next.entropy_b), 3));
  return text;
}

double largest_divergence(const CompareScene& scene, std::int64_t first, std::int64_t last) {
  double largest = 0;
  for (std::int64_t column = first; column < last; ++column)
    if (const auto kl = static_cast<double>(scene.runs.expectation_at(column).kl); std::isfinite(kl)) largest = std::max(largest, kl);
  return largest;
}

/// A dashed line before the token of an edit, and a flag before the first token that differs.
void draw_marks(Ui& ui, Box all, const TokenRows& rows, const CompareScene& scene, std::int64_t first, std::int64_t cells) {
  const Theme& theme = ui.theme();
  const auto place = [&](std::int64_t column) { return all.x + kLabels + static_cast<float>(column - first) * kPitch - 1.5f; };
  const auto is_seen = [&](std::int64_t column) { return column >= first && column <= first + cells; };
  const std::int64_t apart = scene.alignment.first_difference;
  float free_from = all.x + 12, flag_end = -1;
  if (apart >= 0 && is_seen(apart)) {
    const float x = place(apart);
    const std::string text = "first token difference, t = " + scene.number_text(apart);
    const float width = ui.width(Face::tick, text) + 12;
    const float left = x + width > all.right() - 8 ? x - width : x;
    const Box flag{left, rows.marks.y + 2, width, 16};
    ui.fill(flag, theme.bad);
    ui.text_in(flag, Face::tick, theme.dark ? rgb(0x0E1116) : rgb(0xFFFFFF), text, Align::center);
    ui.fill({x - 1, flag.y, 2, rows.divergence.bottom() - flag.y}, theme.bad);
    free_from = flag.x, flag_end = flag.right();
  }
  for (const CompareMark& mark : own_edits(scene)) {
    if (!is_seen(mark.column)) continue;
    const float x = place(mark.column);
    const Color color = run_color(ui.theme(), scene.snapshot, mark.of_b ? scene.b.id : scene.a.id);
    ui.line_down(x, rows.marks.y + 2, rows.divergence.y, color, true);
    const std::string text = fmt::format("{} after t = {}", mark.label, mark.position - 1);
    const float width = ui.width(Face::tick, text);
    const bool fits_left = x - 6 - width > all.x + 12 && (flag_end < 0 || x <= free_from || x - 6 - width > flag_end);
    if (fits_left) ui.text_in({x - 6 - width, rows.marks.y, width + 1, kMarks}, Face::tick, color, text);
    else if (flag_end < 0 || x + 6 + width < free_from || x > flag_end) ui.text_in({x + 6, rows.marks.y, width + 1, kMarks}, Face::tick, color, text);
  }
}

void draw_column(Ui& ui, float x, const TokenRows& rows, PaneContext& context, const CompareScene& scene, std::int64_t column, double largest) {
  const Theme& theme = ui.theme();
  const bool flipped = context.memory.compare.is_flipped;
  const TokenPair tokens = scene.pair(column);
  const bool is_cursor = column == scene.shown.cursor;
  const bool is_apart = scene.alignment.first_difference >= 0 && column >= scene.alignment.first_difference;
  const Box whole{x, rows.numbers.y, kCell, rows.divergence.bottom() - rows.numbers.y};
  const Hit hit = ui.hit(fmt::format("column {}", column).c_str(), whole);
  ui.text_in({x, rows.numbers.y, kCell, kNumbers}, Face::axis, is_cursor ? theme.text : theme.dim, scene.number_text(column), Align::center);
  const auto cell = [&](const Box& row) { return Box{x, row.y + 1, kCell, kTokenHeight}; };
  draw_cell(ui, cell(flipped ? rows.b : rows.a), scene.runs.a, tokens.a, run_color(ui.theme(), scene.snapshot, scene.a.id), is_apart, false);
  draw_cell(ui, cell(flipped ? rows.a : rows.b), scene.runs.b, tokens.b, run_color(ui.theme(), scene.snapshot, scene.b.id), is_apart, !is_apart);
  const auto kl = static_cast<double>(scene.runs.expectation_at(column).kl);
  if (std::isfinite(kl) && kl > 0 && largest > 0) {
    const auto height = std::max(1.0f, static_cast<float>(kl / largest) * (kBars - 4));
    ui.fill({x, rows.divergence.bottom() - 2 - height, kCell, height}, mixed(theme.pane, theme.text, 0.45f));
  }
  if (is_cursor) ui.outline({x - 2, rows.a.y - 1, kCell + 4, rows.b.bottom() - rows.a.y + 2}, theme.cursor, 3, 2);
  else if (hit.hovered) ui.outline({x - 1, rows.a.y, kCell + 2, rows.b.bottom() - rows.a.y}, theme.dim, 2);
  if (hit.hovered) {
    const std::string tip = tip_of(scene, column);
    note_hover(ui, context, tip, column);
    ui.tooltip(tip);
  }
  if (hit.clicked) seek_column(context, scene, static_cast<double>(column));
}

std::string values_of(const CompareScene& scene) {
  std::string text = "column\ta\tb\ttoken_a\ttoken_b\tkl\n";
  for (std::int64_t column = scene.shown.first; column < scene.shown.last; ++column) {
    const TokenPair pair = scene.pair(column);
    const auto piece = [](const ComparedSide& side, std::int64_t token) { return token < 0 ? std::string() : side.token_text(token); };
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", column, pair.a, pair.b, piece(scene.runs.a, pair.a), piece(scene.runs.b, pair.b), scene.runs.expectation_at(column).kl);
  }
  return text;
}

}  // namespace

void draw_compare_tokens(Ui& ui, Box box, PaneContext& context) {
  Box body = box;
  body.h -= 1;
  const auto scene = scene_or_note(ui, body, context);
  if (!scene) return;
  const TokenRows rows = rows_of(body);
  const auto cells = std::max<std::int64_t>(1, static_cast<std::int64_t>((body.w - kLabels - kRightRoom) / kPitch));
  KeptCompare& kept = kept_of(context).compare;
  scroll_cells(ui, body, kept, *scene, cells);
  draw_names(ui, rows, *scene, context.memory.compare.is_flipped);
  const std::int64_t first = kept.first_cell, last = std::min(first + cells, scene->alignment.count());
  const double largest = largest_divergence(*scene, first, last);
  for (std::int64_t column = first; column < last; ++column)
    draw_column(ui, body.x + kLabels + static_cast<float>(column - first) * kPitch, rows, context, *scene, column, largest);
  draw_marks(ui, body, rows, *scene, first, cells);
  if (largest > 0)
    ui.text_in({body.right() - kRightRoom, rows.divergence.y, kRightRoom - 4, rows.divergence.h}, Face::axis, ui.theme().dim, "max " + number_text(largest, 3), Align::right);
  if (ImGui::IsMouseReleased(ImGuiMouseButton_Right)) {
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    if (body.contains(mouse.x / ui.scale(), mouse.y / ui.scale()) && ImGui::IsWindowHovered()) ImGui::OpenPopup("compare tokens menu");
  }
  const MenuItem items[] = {{.label = "Copy as TSV", .shortcut = "Ctrl+C"}};
  const bool wished = context.memory.wish_pane == ui.pane && context.memory.wish == PaneWish::copy;
  if (wished) context.memory.wish = PaneWish::none;
  if (menu(ui, "compare tokens menu", items) == 0 || wished) ImGui::SetClipboardText(values_of(*scene).c_str());
}

}  // namespace lab
