// The token strip: where the cursors are, and what the text did to the state.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20, kCell = 18, kGap = 4, kPadding = 4, kLeastWidth = 12;

struct Measure {
  Statistic which;
  const char* name;
  const char* short_name;
};
constexpr Statistic kNone = Statistic::count_;  // alerts are no statistic
constexpr Measure kMeasures[] = {{Statistic::h_change, "state change ‖hₜ − hₜ₋₁‖₂", "state change"},
                                 {Statistic::dt_mean, "mean Δ", "mean Δ"},
                                 {Statistic::write_norm, "write norm ‖ΔxB‖₂", "write norm"},
                                 {kNone, "alerts", "alerts"}};

/// The id of a token, read or waiting; -1 for vectors.
std::int32_t id_at(const Snapshot& snapshot, std::int64_t token) {
  if (snapshot.has_vectors && token < snapshot.count()) return -1;
  return token < snapshot.count() ? snapshot.tokens[token][0]
                                  : snapshot.waiting[static_cast<std::size_t>(token - snapshot.count())];
}

std::string piece_at(const Snapshot& snapshot, std::int64_t token) {
  const std::int32_t id = id_at(snapshot, token);
  return id < 0 ? std::to_string(token) : snapshot.model->piece(id);
}

std::int64_t total(const Snapshot& snapshot) {
  return snapshot.count() + static_cast<std::int64_t>(snapshot.waiting.size());
}

/// Places the tokens that have come since the last frame, or all of them when the past or the width changed.
void place_tokens(Ui& ui, float width, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  KeptTokens& kept = kept_of(context).tokens;
  std::string key = fmt::format("{} {} {} {}", static_cast<const void*>(snapshot.model.get()), width, ui.scale(),
                                snapshot.trace ? snapshot.trace->revision() : 0);
  const std::int64_t wanted = total(snapshot);
  const bool only_grown = kept.key == key && kept.read <= snapshot.count() && kept.laid_out == kept.read;
  if (kept.key == key && kept.laid_out == wanted && kept.read == snapshot.count()) return;
  if (!only_grown) {
    const KeptTokens before = std::move(kept);
    kept = {.key = std::move(key), .top_row = before.top_row, .followed = -2, .measure = before.measure};
    if (before.key == kept.key) kept.width_of = before.width_of;
  }
  for (std::int64_t token = kept.laid_out; token < wanted; ++token) {
    const std::int32_t id = id_at(snapshot, token);
    float& known = kept.width_of[id];
    if (known == 0 || id < 0)
      known = std::max(kLeastWidth, std::ceil(ui.width(Face::mono, piece_at(snapshot, token))) + 2 * kPadding);
    const bool needs_bar = token == snapshot.count() && token > 0;
    float x = kept.row_end + (needs_bar ? 6 : 0);
    if (kept.row_start.empty() || x + known > width) kept.row_start.push_back(token), x = 0;
    kept.x.push_back(x), kept.width.push_back(std::min(known, width));
    kept.row_end = x + known + kGap;
  }
  kept.laid_out = wanted, kept.read = snapshot.count();
}

std::int64_t row_of(const KeptTokens& kept, std::int64_t token) {
  return std::upper_bound(kept.row_start.begin(), kept.row_start.end(), token) - kept.row_start.begin() - 1;
}

/// Brings the cursor's row into view when the cursor has moved; the wheel looks around in between.
void scroll_rows(Ui& ui, Box strip, KeptTokens& kept, std::int64_t cursor, std::int64_t rows) {
  const auto last_top = std::max<std::int64_t>(0, static_cast<std::int64_t>(kept.row_start.size()) - rows);
  const ImGuiIO& io = ImGui::GetIO();
  if (io.MouseWheel != 0 && strip.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale()) &&
      ImGui::IsWindowHovered())
    kept.top_row -= static_cast<std::int64_t>(io.MouseWheel > 0 ? std::ceil(io.MouseWheel) : std::floor(io.MouseWheel));
  if (kept.followed != cursor && kept.laid_out > 0) {
    kept.followed = cursor;
    const std::int64_t row = row_of(kept, std::max<std::int64_t>(0, cursor));
    kept.top_row = std::clamp(kept.top_row, row - rows + 1, row);
  }
  kept.top_row = std::clamp<std::int64_t>(kept.top_row, 0, last_top);
}

/// Amber by share, on the pane; light enough under it for the text to be read.
Color amber(const Theme& theme, float share) {
  return mixed(theme.pane, theme.token_amber, (theme.dark ? 0.08f : 0.06f) + share * (theme.dark ? 0.44f : 0.40f));
}

/// The bytes of a token in hexadecimal, from how it is displayed: ␣, ↵, → and \xNN stand for single bytes.
std::string bytes_of(std::string_view piece) {
  constexpr std::pair<std::string_view, const char*> kSigns[] = {{"␣", "20"}, {"↵", "0A"}, {"→", "09"}};
  std::string out;
  for (std::size_t at = 0; at < piece.size();) {
    const std::string_view rest = piece.substr(at);
    if (!out.empty()) out += ' ';
    const auto sign =
        std::find_if(std::begin(kSigns), std::end(kSigns), [&](const auto& s) { return rest.starts_with(s.first); });
    if (sign != std::end(kSigns)) {
      out += sign->second;
      at += sign->first.size();
    } else if (rest.starts_with("\\x") && rest.size() >= 4) {
      out += rest.substr(2, 2);
      at += 4;
    } else {
      out += fmt::format("{:02X}", static_cast<unsigned char>(rest[0]));
      ++at;
    }
  }
  return out;
}

/// What rules found at a token.
std::span<const Alert> alerts_at(const PaneContext& context, std::int64_t token) {
  const AlertLog* log = context.derived.alerts.get();
  if (!log) return {};
  const auto found = std::ranges::equal_range(log->alerts, token, {}, [](const Alert& alert) { return alert.finding.token; });
  return {found.begin(), found.end()};
}

std::string tip_of(PaneContext& context, std::int64_t token) {
  const Snapshot& snapshot = context.snapshot;
  const std::int32_t id = id_at(snapshot, token);
  std::string text = fmt::format("{}\tt = {}", piece_at(snapshot, token), token);
  if (id >= 0) {
    text += fmt::format("\ntoken id\t{}", id);
    const std::string bytes = bytes_of(snapshot.model->piece(id));
    if (snapshot.model->tokenizer != "symbols" && bytes.size() <= 60) text += "\nbytes\t" + bytes;
  }
  if (token >= snapshot.count()) return text + "\nwaits to be read\t";
  if (!snapshot.trace || token >= snapshot.trace->count()) return text;
  const auto layer = static_cast<int>(snapshot.selection.layer);
  for (const Alert& alert : alerts_at(context, token))
    text += fmt::format("\n{}\t{}", rule_title(rule_of(*context.derived.alerts, alert)), where_text(alert.finding.layer));
  for (const Measure& measure : kMeasures)
    if (measure.which != kNone) text += fmt::format("\n{}\t{}", measure.name,
                        number_text(snapshot.trace->statistic(layer, measure.which, token).mean, 5));
  return text;
}

/// What a token did, as the ground of its cell: amber by share, or the colour of the rule that found something.
Color ground_of(const Ui& ui, const PaneContext& context, std::int64_t token, const KeptSeries* series) {
  const Theme& theme = ui.theme();
  if (!series) {
    const auto alerts = alerts_at(context, token);
    return alerts.empty() ? amber(theme, 0) : mixed(theme.pane, rule_color(ui, rule_of(*context.derived.alerts, alerts[0])), theme.dark ? 0.5f : 0.4f);
  }
  const auto index = static_cast<std::size_t>(token);
  const float value = index < series->values.size() ? series->values[index] : 0;
  const float share = series->high > 0 ? std::clamp(static_cast<float>(value / series->high), 0.0f, 1.0f) : 0;
  return std::isfinite(value) ? amber(theme, share) : theme.nan;
}

void draw_token(Ui& ui, Box cell, PaneContext& context, std::int64_t token, const KeptSeries* series) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const Hit hit = ui.hit(fmt::format("token {}", token).c_str(), cell);
  const bool waits = token >= snapshot.count();
  if (!waits) ui.fill(cell, ground_of(ui, context, token, series), 2);
  if (hit.hovered) ui.outline(cell, theme.dim, 2);
  ui.text_in(cell, Face::mono, waits ? theme.dim : theme.text, piece_at(snapshot, token), Align::center);
  const Box around = cell.inset(-2, -1);
  if (token == snapshot.selection.cursor_a) ui.outline(around, theme.cursor, 3, 2);
  if (token == snapshot.selection.cursor_b) {
    for (float x = around.x; x < around.right(); x += 7)
      for (const float y : {around.y, around.bottom() - 1})
        ui.line_across(x, std::min(x + 4, around.right()), y, theme.cursor);
    ui.line_down(around.x, around.y, around.bottom(), theme.cursor, true);
    ui.line_down(around.right() - 1, around.y, around.bottom(), theme.cursor, true);
  }
  if (hit.hovered) ui.tooltip(tip_of(context, token));
  if (hit.clicked && !waits) context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
}

void draw_rows(Ui& ui, Box strip, PaneContext& context, std::int64_t rows) {
  const Snapshot& snapshot = context.snapshot;
  KeptTokens& kept = kept_of(context).tokens;
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const Statistic measure = kMeasures[kept.measure].which;
  const KeptSeries* series = measure == kNone ? nullptr : &kept_series(context, layer, measure);
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t row = kept.top_row + i, row_count = static_cast<std::int64_t>(kept.row_start.size());
    if (row >= row_count) break;
    const std::int64_t end = row + 1 < row_count ? kept.row_start[static_cast<std::size_t>(row + 1)] : kept.laid_out;
    for (std::int64_t token = kept.row_start[static_cast<std::size_t>(row)]; token < end; ++token) {
      const auto at = static_cast<std::size_t>(token);
      const Box cell{strip.x + kept.x[at], strip.y + static_cast<float>(i) * kRow, kept.width[at], kCell};
      if (token == snapshot.count() && token > 0) ui.fill({cell.x - 6, cell.y, 2, cell.h}, ui.theme().accent);
      draw_token(ui, cell, context, token, series);
    }
  }
}

/// Zero, a strip of the colours, the largest value.
void draw_legend(Ui& ui, Box& left, double high) {
  const Theme& theme = ui.theme();
  left.cut_left(20);
  left.cut_left(ui.text_in(left, Face::axis, theme.dim, "0") - left.x + 6);
  const Box ramp = left.cut_left(120).row(9);
  for (int i = 0; i < 30; ++i)
    ui.fill({ramp.x + static_cast<float>(i) * 4, ramp.y, 4, ramp.h}, amber(theme, (static_cast<float>(i) + 0.5f) / 30));
  left.cut_left(8);
  ui.text_in(left.cut_left(60), Face::axis, theme.dim, number_text(high, 3));
}

void draw_header(Ui& ui, Box& box, PaneContext& context, const std::string& range) {
  const Theme& theme = ui.theme();
  KeptTokens& kept = kept_of(context).tokens;
  Box left = box.cut_top(kHeaderHeight);
  left.cut_left(12), left.cut_right(12);
  const bool has_room = left.w > 1300;
  left.cut_left(ui.text_in(left, Face::title, theme.text, "Tokens") - left.x + 9);
  left.cut_left(ui.text_in(left, Face::control, theme.dim, "colour") - left.x + 9);
  std::array<std::string, std::size(kMeasures)> names;
  std::array<const char*, std::size(kMeasures)> labels{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = has_room && kMeasures[i].which != kNone ? fmt::format("{}, layer {}", kMeasures[i].name, context.snapshot.selection.layer)
                        : kMeasures[i].short_name;
    labels[i] = names[i].c_str();
  }
  combo(ui, "measure", left.cut_left(has_room ? 236 : 132).row(kHeaderControl), labels, kept.measure);
  if (left.w > 420 && kMeasures[kept.measure].which != kNone)
    draw_legend(
        ui, left,
        kept_series(context, static_cast<int>(context.snapshot.selection.layer), kMeasures[kept.measure].which).high);
  ui.text_in(left.cut_right(ui.width(Face::dense, range)), Face::dense, theme.dim, range);
  left.cut_right(24);
  if (has_room)
    ui.text_in(left, Face::control, theme.dim, "click = move cursor A     Alt-click = cursor B", Align::right);
}

std::string range_text(const Snapshot& snapshot, const KeptTokens& kept, std::int64_t rows) {
  if (kept.laid_out == 0) return "";
  const std::int64_t end_row = kept.top_row + rows;
  const std::int64_t end = end_row < static_cast<std::int64_t>(kept.row_start.size())
                               ? kept.row_start[static_cast<std::size_t>(end_row)]
                               : kept.laid_out;
  std::string text =
      fmt::format("{}–{} of {}", kept.row_start[static_cast<std::size_t>(kept.top_row)], end - 1, snapshot.count());
  if (!snapshot.waiting.empty()) text += fmt::format(" + {}", snapshot.waiting.size());
  return text;
}

}  // namespace

void draw_tokens(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  Box strip = box;
  strip.cut_top(kHeaderHeight);
  strip = {strip.x + 12, strip.y, strip.w - 24, strip.h};
  const auto rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(strip.h / kRow));
  if (!snapshot.model || total(snapshot) == 0) {
    draw_header(ui, box, context, "");
    ui.text_in({strip.x, strip.y, strip.w, kRow}, Face::control, ui.theme().dim,
               "No tokens yet: type a prompt below and press Enter, or step the model.");
    return;
  }
  KeptTokens& kept = kept_of(context).tokens;
  place_tokens(ui, strip.w, context);
  scroll_rows(ui, strip, kept, snapshot.selection.cursor_a, rows);
  draw_header(ui, box, context, range_text(snapshot, kept, rows));
  draw_rows(ui, strip, context, rows);
}

}  // namespace lab
