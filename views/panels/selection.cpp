// The chosen cell of the state in numbers: its value, where it came from, how fast it fades, other readings of its bits.
#include "views/panels/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "model/base/dtype.h"
#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kTabs[] = {"Cell", "Edit", "Memory"};
constexpr float kRoomForAll = 690, kRow = 19;

/// What is known of the chosen cell at cursor A.
struct Cell {
  std::int64_t layer = 0, row = 0, state = 0, head = 0, token = -1;
  std::optional<float> value, before;
  float half_life = NAN;
  std::optional<double> step, rate;  // Δ and A, where the trace and the model tell them

  /// How much of the state before is kept.
  std::optional<double> decay() const {
    if (!step || !rate) return {};
    return std::exp(*step * *rate);
  }
  /// What the token added: the rest of h = decay h₋₁ + write.
  std::optional<double> write() const {
    if (!decay() || !value || !before) return {};
    return static_cast<double>(*value) - *decay() * static_cast<double>(*before);
  }
};

/// The column of the slab that holds exactly one token, when it shows the chosen layer and state.
std::optional<float> from_slab(const PaneContext& context, const Cell& cell, std::int64_t token) {
  const auto& slab = context.derived.slab;
  if (!slab || slab->layer != cell.layer || slab->state != cell.state || slab->stride != 1 || cell.row >= slab->rows)
    return {};
  const std::int64_t column = token - slab->first;
  if (column < 0 || column >= slab->columns.count()) return {};
  return slab->columns[column][static_cast<std::size_t>(cell.row)];
}

Cell cell_of(PaneContext& context) {
  const Selection& s = context.snapshot.selection;
  Cell cell{.layer = s.layer, .row = s.channel, .state = s.state, .token = s.cursor_a};
  const LayerInfo* layer = selected_layer(context.snapshot);
  const bool has_heads = layer && layer->heads > 0;
  if (has_heads) cell.head = cell.row / layer->head_dim;
  const auto& frame = context.derived.frame;
  const bool is_cache = layer && !layer->parts.empty();  // the chosen cell is in the row that the token added
  if (!is_cache && frame && frame->layer == cell.layer && frame->position == cell.token + 1 && !frame->shape.empty()) {
    const auto at = static_cast<std::size_t>(cell.row * frame->shape.back() + cell.state);
    if (at < frame->h.size()) cell.value = frame->h[at];
  }
  if (!cell.value) cell.value = from_slab(context, cell, cell.token);
  cell.before = from_slab(context, cell, cell.token - 1);
  const auto& slab = context.derived.slab;
  if (slab && slab->layer == cell.layer && slab->state == cell.state &&
      static_cast<std::size_t>(cell.row) < slab->half_life.size())
    cell.half_life = slab->half_life[static_cast<std::size_t>(cell.row)];
  if (slab && slab->layer == cell.layer && slab->state == cell.state &&
      static_cast<std::size_t>(cell.row) < slab->rate.size())
    cell.rate = -static_cast<double>(slab->rate[static_cast<std::size_t>(cell.row)]);
  const auto& drivers = kept_drivers(context, cell.token).values;
  const auto at = static_cast<std::size_t>(has_heads ? cell.head : cell.row);
  if (const auto dt = drivers.find(Point::dt); dt != drivers.end() && at < dt->second.size())
    cell.step = static_cast<double>(dt->second[at]);
  return cell;
}

void draw_fact(Ui& ui, Box& box, std::string_view name, std::string_view meaning, std::string_view value) {
  const Theme& theme = ui.theme();
  Box row = box.cut_top(kRow);
  const Box left = row.cut_left(std::max(70.0f, row.w * 0.3f));
  ui.text_in(left, Face::dense, theme.text, name);
  const float width = ui.width(Face::dense, value);
  ui.text_in(row.cut_right(width), Face::dense, theme.text, value);
  row.cut_right(8);
  ui.text_in(row, Face::control, theme.dim, meaning);
}

void draw_rule(Ui& ui, Box& box) {
  const Box gap = box.cut_top(13);
  ui.line_across(gap.x, gap.right(), gap.y + 6, ui.theme().line);
}

void draw_value(Ui& ui, Box& box, const Cell& cell) {
  const Theme& theme = ui.theme();
  Box row = box.cut_top(26);
  const bool is_finite = std::isfinite(cell.value.value_or(0));
  const char* formula = cell.step ? "= decay · h₋₁ + write" : "";
  const float end =
      ui.text_in(row, Face::value, is_finite ? theme.text : theme.nan, cell.value ? exact_text(*cell.value) : "…");
  if (end + 12 + ui.width(Face::control, formula) < row.right())
    ui.text_in(row, Face::control, theme.dim, formula, Align::right);
  row = box.cut_top(20);
  if (const auto write = cell.write())
    ui.text_in(row, Face::dense, theme.text,
               fmt::format("{} × {} {} {}", number_text(*cell.decay(), 5), number_text(*cell.before, 5),
                           *write < 0 ? "−" : "+", number_text(std::abs(*write), 4)));
  else
    ui.text_in(row, Face::control, theme.dim,
               cell.token < 0 ? "before the first token" : "the value before is not at hand");
}

/// The cell over the tokens shown, with both cursors.
void draw_history(Ui& ui, Box& box, PaneContext& context, const Cell& cell) {
  box.cut_top(6);
  const Box well = box.cut_top(44);
  const Theme& theme = ui.theme();
  ui.fill(well, theme.background);
  const auto& slab = context.derived.slab;
  if (!slab || slab->layer != cell.layer || slab->state != cell.state || cell.row >= slab->rows ||
      slab->columns.count() == 0)
    return;
  const std::int64_t columns = slab->columns.count();
  const auto row = static_cast<std::size_t>(cell.row);
  float high = 0;
  for (std::int64_t i = 0; i < columns; ++i)
    if (const float v = std::abs(slab->columns[i][row]); std::isfinite(v)) high = std::max(high, v);
  if (high == 0) high = 1;
  ui.line_across(well.x, well.right(), well.middle_y(), theme.line);
  std::vector<ImVec2> points;
  const auto pixels = static_cast<std::int64_t>(ui.px(well.w));
  const std::int64_t step = std::max<std::int64_t>(1, columns / (2 * pixels));
  const auto flush = [&] {
    if (points.size() > 1)
      ui.list()->AddPolyline(points.data(), static_cast<int>(points.size()), theme.accent, 0, 1.2f * ui.scale());
    points.clear();
  };
  const TokenRange range = shown_tokens(context.snapshot);
  const auto place = [&](double token) {
    return well.x + static_cast<float>((token - static_cast<double>(range.first) + 0.5) /
                                       static_cast<double>(std::max<std::int64_t>(1, range.count()))) *
                        well.w;
  };
  for (std::int64_t i = 0; i < columns; i += step) {
    float value = slab->columns[i][row];  // of the largest magnitude among those that share the place
    for (std::int64_t j = i + 1; j < std::min(i + step, columns); ++j)
      if (std::abs(slab->columns[j][row]) > std::abs(value)) value = slab->columns[j][row];
    if (!std::isfinite(value)) {
      flush();
      continue;
    }
    points.push_back({ui.px(place(static_cast<double>(slab->first + i * slab->stride))),
                      ui.px(well.middle_y()) - value / high * ui.px(well.h / 2 - 3)});
  }
  ui.clip(well);
  flush();
  ui.unclip();
  ui.text(Face::tick, well.x + 6, well.y + 2, theme.dim, "+" + number_text(high, 2));
  ui.text(Face::tick, well.x + 6, well.bottom() - 16, theme.dim, "−" + number_text(high, 2));
  const Selection& s = context.snapshot.selection;
  for (const std::int64_t cursor : {s.cursor_b, s.cursor_a})
    if (cursor >= range.first && cursor < range.last)
      ui.line_down(place(static_cast<double>(cursor)), well.y, well.bottom(), theme.cursor,
                   cursor == s.cursor_b && cursor != s.cursor_a);
}

/// Drivers of the recurrence that the trace still holds.
void draw_drivers(Ui& ui, Box& box, PaneContext& context, const Cell& cell) {
  const auto& drivers = kept_drivers(context, cell.token).values;
  const auto row = [&](Point point, std::int64_t at, const std::string& name, const char* meaning, auto text) {
    const auto found = drivers.find(point);
    if (found == drivers.end() || at >= static_cast<std::int64_t>(found->second.size())) return;
    draw_fact(ui, box, name, meaning, text(found->second[static_cast<std::size_t>(at)]));
  };
  const LayerInfo* layer = selected_layer(context.snapshot);
  const bool has_heads = layer && layer->heads > 0;
  const auto plain = [](float value) { return number_text(value, 6); };
  const auto known = [&](const std::optional<double>& value, const char* name, const char* meaning) {
    if (value) draw_fact(ui, box, name, meaning, number_text(*value, 6));
  };
  known(cell.step, "Δ", has_heads ? "step of the head" : "step");
  known(cell.rate, "A", "rate");
  known(cell.decay(), "exp(ΔA)", "decay");
  row(Point::B, cell.state, fmt::format("B[{}]", cell.state), "write key", plain);
  row(Point::C, cell.state, fmt::format("C[{}]", cell.state), "read key", plain);
  row(Point::x, cell.row, "x", "before conv", plain);
  row(Point::xBC, cell.row, "x", "before conv", plain);
  known(cell.write(), "Δ·x·B", "write");
  row(Point::z, cell.row, "SiLU(z)", "gate", [](float z) { return number_text(z / (1 + std::exp(-z)), 6); });
}

/// A bar on a logarithmic scale from 1 to 1000 tokens.
void draw_half_life(Ui& ui, Box& box, const Cell& cell) {
  if (!(cell.half_life > 0)) return;
  draw_rule(ui, box);
  const Theme& theme = ui.theme();
  Box row = box.cut_top(20);
  ui.text_in(row, Face::control, theme.dim, "Half-life");
  ui.text_in({row.x + row.w * 0.3f, row.y, row.w, row.h}, Face::dense, theme.text,
             number_text(cell.half_life, 3) + " tokens");
  if (row.w > 250)
    ui.text_in(row, Face::control, theme.dim, "1 % after " + number_text(cell.half_life * std::log2(100.0), 3),
               Align::right);
  const auto share = [](double tokens) { return std::clamp(static_cast<float>(std::log10(tokens) / 3), 0.0f, 1.0f); };
  box.cut_top(4);
  const Box track = box.cut_top(6);
  ui.fill(track, theme.raised, 2);
  ui.fill({track.x, track.y, track.w * share(cell.half_life), track.h}, theme.accent, 2);
  const Box labels = box.cut_top(18);
  for (const int tokens : {1, 10, 100, 1000}) {
    const float at = labels.x + labels.w * share(tokens);
    const std::string text = std::to_string(tokens);
    const float width = ui.width(Face::axis, text);
    ui.text(Face::axis, std::max(labels.x, std::min(at - width / 2, labels.right() - width)), labels.y + 3, theme.dim,
            text);
  }
}

void draw_readings(Ui& ui, Box& box, const Cell& cell) {
  if (!cell.value) return;
  draw_rule(ui, box);
  const Theme& theme = ui.theme();
  const float value = *cell.value;
  const auto row = [&](const char* name, const std::string& text, const std::string& note) {
    Box line = box.cut_top(18);
    ui.text_in(line, Face::dense, theme.text, name);
    ui.text_in({line.x + line.w * 0.3f, line.y, line.w, line.h}, Face::dense, theme.text, text);
    ui.text_in(line, Face::control, theme.dim, note, Align::right);
  };
  const auto rounded = [&](const char* name, float other) {
    const double error = static_cast<double>(other) - static_cast<double>(value);
    row(name, number_text(other, 6),
        !std::isfinite(error) ? "overflow"
        : error == 0          ? "exact"
                              : "err " + number_text(error, 2));
  };
  row("f32", fmt::format("0x{:08X}", std::bit_cast<std::uint32_t>(value)), "bits");
  rounded("bf16", float_from_bf16(bf16_from_float(value)));
  rounded("f16", float_from_f16(f16_from_float(value)));
}

void draw_cell(Ui& ui, Box& box, PaneContext& context, const Cell& cell) {
  draw_value(ui, box, cell);
  draw_history(ui, box, context, cell);
  box.cut_top(8);
  draw_drivers(ui, box, context, cell);
  draw_half_life(ui, box, cell);
  draw_readings(ui, box, cell);
}

}  // namespace

void draw_selection(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const bool has_all = box.h >= kRoomForAll;
  PaneHeader header(ui, box, "Selection");
  if (!snapshot.model) {
    empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
    return;
  }
  const Cell cell = cell_of(context);
  const std::string when = cell.token < 0 ? "start" : fmt::format("t = {}", cell.token);
  header.subtitle(fmt::format("{} · layer {} · {}", cell_text(snapshot, cell.row, cell.state), cell.layer, when));
  const Box pane = box;
  box = box.inset(12, 0);
  const auto separator = [&] {
    box.cut_top(5);
    ui.line_across(pane.x, pane.right() - 1, box.y, ui.theme().line);
    box.cut_top(5);
  };
  int& tab = kept_of(context).selection_tab;
  if (!has_all) {
    tab = segments(ui, "tabs", box.cut_top(24), kTabs, tab);
    box.cut_top(6);
  }
  if (has_all || tab == 0) draw_cell(ui, box, context, cell);
  if (has_all) separator();
  if (has_all || tab == 1) draw_edit(ui, box, context);
  if (has_all) separator();
  if (has_all || tab == 2) draw_memory(ui, box, context);
}

}  // namespace lab
