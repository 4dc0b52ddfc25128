// Both cursors beside each other: where they stand, the norm of the layer, the chosen cell, and what differs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/clock.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/ranges.h"
#include "views/panels/transport.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr float kRow = 18;

std::string number_or_dash(double value, int digits) { return std::isfinite(value) ? number_text(value, digits) : "–"; }

/// Numbers of one column: as many decimals as give the larger of two about four digits.
class Column {
 public:
  Column(double a, double b) {
    const double high = std::max(std::isfinite(a) ? std::abs(a) : 0, std::isfinite(b) ? std::abs(b) : 0);
    if (high > 0) decimals_ = 3 - static_cast<int>(std::floor(std::log10(high)));
  }
  std::string text(double value) const { return (value < 0 ? "−" : "") + size(value); }
  std::string with_sign(double value) const {
    if (!std::isfinite(value)) return "–";
    return (value < 0 ? "−" : value > 0 ? "+" : "") + size(value);
  }

 private:
  std::string size(double value) const {
    if (!std::isfinite(value)) return "–";
    if (decimals_ < 0 || decimals_ > 7) return number_text(std::abs(value), 4);
    return fmt::format("{:.{}f}", std::abs(value), decimals_);
  }
  int decimals_ = 3;
};

/// The chosen cell where the map over time shows every token: of a cache, of the row that the token added.
double cell_in(const Snapshot& snapshot, const StateSlab* slab, std::int64_t cursor) {
  const Selection& s = snapshot.selection;
  if (!slab || slab->layer != s.layer || slab->state != s.state || slab->stride != 1 || s.channel >= slab->rows) return NAN;
  const std::int64_t column = cursor - slab->first;
  if (column < 0 || column >= slab->columns.count()) return NAN;
  return static_cast<double>(slab->columns[column][static_cast<std::size_t>(s.channel)]);
}

/// The chosen cell in a frame of the selected layer; a frame of a cache is of other cells.
double cell_in(const Snapshot& snapshot, const StateFrame* frame, std::int64_t cursor) {
  const Selection& s = snapshot.selection;
  const LayerInfo* layer = selected_layer(snapshot);
  if (!frame || !layer || !layer->parts.empty() || frame->layer != s.layer || frame->position != cursor + 1 || frame->shape.empty()) return NAN;
  const auto at = static_cast<std::size_t>(s.channel * frame->shape.back() + s.state);
  return at < frame->h.size() ? static_cast<double>(frame->h[at]) : NAN;
}

double norm_at(const Snapshot& snapshot, std::int64_t token) {
  if (!snapshot.trace || token < 0 || token >= snapshot.trace->count()) return NAN;
  return static_cast<double>(snapshot.trace->statistic(static_cast<int>(snapshot.selection.layer), Statistic::h_norm, token).mean);
}

/// Whether what was computed of two cursors is of those that stand there now.
const CursorPair* pair_of(const PaneContext& context) {
  const CursorPair* pair = context.derived.pair.get();
  const Selection& s = context.snapshot.selection;
  const bool is_now = pair && pair->a->layer == s.layer && pair->a->position == s.cursor_a + 1 && pair->b->position == s.cursor_b + 1;
  return is_now ? pair : nullptr;
}

class Table {
 public:
  Table(Ui& ui, Box box) : ui_(ui), box_(box), has_tokens_(box.w > 260) {}

  void line(Face face, Color color, const char* name, const std::string& t, const std::string& token, const std::string& norm, const std::string& cell) {
    Box row = box_.cut_top(kRow);
    ui_.text_in(row.cut_left(has_tokens_ ? 44 : 30), face == Face::dense ? Face::title : face, color, name);
    ui_.text_in(row.cut_left(has_tokens_ ? 36 : 46), face, color, t, Align::right);
    row.cut_left(14);
    ui_.text_in(row.cut_right(row.w * (has_tokens_ ? 0.40f : 0.54f)), face, color, cell, Align::right);
    ui_.text_in(has_tokens_ ? row.cut_right(row.w * 0.5f) : row, face, color, norm, Align::right);
    if (has_tokens_) ui_.text_in(row, face, color, token);
  }
  Box rest() const { return box_; }

 private:
  Ui& ui_;
  Box box_;
  bool has_tokens_;
};

/// The selected range in numbers.
void draw_range_line(Ui& ui, Box row, PaneContext& context) {
  const NamedRange* range = selected_range(context);
  if (!range) return;
  const RangeNumbers norm = numbers_of(context, Statistic::h_norm, range->first, range->last);
  const std::string numbers = fmt::format("‖h‖₂ {}, {} – {}", number_or_dash(norm.mean, 3), number_or_dash(norm.low, 3), number_or_dash(norm.high, 3));
  const Hit hit = ui.hit("range numbers", row);
  const float width = ui.width(Face::dense, numbers);
  if (hit.hovered) ui.tooltip(range_tip(context, range->name, range->first, range->last));
  ui.text_in(row.cut_right(width), Face::dense, ui.theme().text, numbers);
  row.cut_right(8);
  ui.text_in(row, Face::control, ui.theme().dim, range->name);
}

}  // namespace

void draw_cursor_table(Ui& ui, Box box, PaneContext& context) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model || snapshot.count() == 0) return;
  const Selection& s = snapshot.selection;
  const CursorPair* pair = pair_of(context);
  const StateFrame* at_a = pair ? pair->a.get() : context.derived.frame.get();
  const double norm_a = norm_at(snapshot, s.cursor_a), norm_b = norm_at(snapshot, s.cursor_b);
  const auto cell_at = [&](const StateFrame* frame, std::int64_t cursor) {
    const double cell = cell_in(snapshot, frame, cursor);
    return std::isnan(cell) ? cell_in(snapshot, context.derived.slab.get(), cursor) : cell;
  };
  const double cell_a = cell_at(at_a, s.cursor_a), cell_b = cell_at(pair ? pair->b.get() : nullptr, s.cursor_b);
  const Column norms(norm_a, norm_b), cells(cell_a, cell_b);
  Table table(ui, box.inset(12, 7));
  table.line(Face::tick, theme.dim, box.w > 260 ? "cursor" : "", "t", "token", fmt::format("‖h‖₂, L{}", s.layer), cell_text(snapshot, s.channel, s.state));
  const auto row = [&](const char* name, std::int64_t at, double norm, double cell) {
    table.line(Face::dense, theme.text, name, at < 0 ? "start" : std::to_string(at), token_text(snapshot, at), norms.text(norm), cells.with_sign(cell));
  };
  row("A", s.cursor_a, norm_a, cell_a);
  Box rest = table.rest();
  if (s.cursor_b < 0) {
    ui.text_in(rest.cut_top(kRow), Face::control, theme.dim, "Alt-click a token, or B, sets cursor B");
    rest.cut_top(2 * kRow);
  } else {
    row("B", s.cursor_b, norm_b, cell_b);
    table.line(Face::dense, theme.text, "A−B", std::to_string(s.cursor_a - s.cursor_b), "", norms.with_sign(norm_a - norm_b), cells.with_sign(cell_a - cell_b));
    rest = table.rest();
    rest.cut_top(box.h > 110 ? 4 : 0);
    const Box line = rest.cut_top(kRow);
    const Hit hit = ui.hit("cosine", line);
    ui.text_in(line, Face::control, theme.dim, "cos(h at A, h at B)");
    ui.text_in(line, Face::dense, theme.text, pair ? number_or_dash(pair->cosine, 3) : "…", Align::right);
    if (hit.hovered && pair)
      ui.tooltip(fmt::format("cosine of the angle\t{}\n‖h at A − h at B‖₂\t{}\nB sets cursor B, X swaps\t\nShift+B takes B away\t",
                             number_or_dash(pair->cosine, 6), number_or_dash(pair->distance, 6)));
  }
  if (rest.h >= kRow - 2) draw_range_line(ui, rest.cut_top(kRow), context);
}

}  // namespace lab
