// The token strip: where the cursors are, and what the text did to the state.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/clock.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"
#include "views/panels/ranges.h"
#include "views/panels/strip.h"

namespace lab {
namespace {

constexpr float kRow = 20, kCell = 18, kGap = 4, kPadding = 4, kLeastWidth = 12, kMostWidth = 240;

constexpr Statistic kNone = Statistic::count_;  // of a measure that is no statistic
constexpr TokenMeasure kMeasures[] = {
    {TokenMeasure::Source::statistic, Statistic::h_change, "state change ‖hₜ − hₜ₋₁‖₂", "state change"},
    {TokenMeasure::Source::statistic, Statistic::dt_mean, "mean Δ", "mean Δ"},
    {TokenMeasure::Source::statistic, Statistic::write_norm, "write norm ‖ΔxB‖₂", "write norm"},
    {TokenMeasure::Source::surprise, kNone, "surprise −log₂ p, bits", "surprise"},
    {TokenMeasure::Source::entropy, kNone, "entropy of what follows, bits", "entropy"},
    {TokenMeasure::Source::alerts, kNone, "alerts", "alerts"},
    {TokenMeasure::Source::attention, kNone, "hidden attention of A, |weight|", "hidden attention"}};

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
    kept = {.key = std::move(key), .top_row = before.top_row, .followed = -2};
    if (before.key == kept.key) kept.width_of = before.width_of;
  }
  for (std::int64_t token = kept.laid_out; token < wanted; ++token) {
    const std::int32_t id = id_at(snapshot, token);
    float& known = kept.width_of[id];
    if (known == 0 || id < 0)
      known = std::clamp(std::ceil(ui.width(Face::mono, piece_at(snapshot, token))) + 2 * kPadding, kLeastWidth, kMostWidth);
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

/// A long text in lines of at most 60 bytes or so, at most ten of them.
std::string in_lines(const std::string& text) {
  constexpr std::size_t kLine = 60, kMost = 600;
  std::string out;
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && i >= kMost) return out + " …";
    if (begins && line >= kLine) out += '\n', line = 0;
    out += text[i], ++line;
  }
  return out;
}

/// What the token at cursor A reads of another in the selected channel; NaN where it is not known.
float hidden_weight(const PaneContext& context, std::int64_t token) {
  const HiddenAttentionMap* map = context.derived.hidden.get();
  const Selection& s = context.snapshot.selection;
  if (!map || map->layer != s.layer || map->channel != s.channel) return NAN;
  const std::int64_t t = s.cursor_a - map->first, j = token - map->first;
  return t < 0 || t >= map->tokens || j < 0 || j > t ? NAN : map->rows[static_cast<std::size_t>(t * map->tokens + j)];
}

/// A measure at a token, as a line; "" where it is not known.
std::string measure_line(const PaneContext& context, const TokenMeasure& measure, std::int64_t token) {
  const Snapshot& snapshot = context.snapshot;
  double value = NAN;
  if (measure.source == TokenMeasure::Source::statistic) {
    value = static_cast<double>(snapshot.trace->statistic(static_cast<int>(snapshot.selection.layer), measure.which, token).mean);
    return fmt::format("\n{}\t{}", measure.name, number_text(value, 5));
  }
  if (measure.source == TokenMeasure::Source::attention) {
    const float weight = hidden_weight(context, token);
    return std::isnan(weight) ? "" : fmt::format("\nA reads of it\t{}", number_text(static_cast<double>(weight), 4));
  }
  const SurpriseTrack* track = context.derived.surprise.get();
  if (!track || measure.source == TokenMeasure::Source::alerts) return "";
  const auto& values = measure.source == TokenMeasure::Source::surprise ? track->surprise : track->entropy;
  if (const auto at = static_cast<std::size_t>(token); at < values.size()) value = static_cast<double>(values[at]);
  return std::isnan(value) ? "" : fmt::format("\n{}\t{}", measure.name, number_text(value, 4));
}

std::string tip_of(PaneContext& context, std::int64_t token) {
  const Snapshot& snapshot = context.snapshot;
  const std::int32_t id = id_at(snapshot, token);
  const std::string piece = piece_at(snapshot, token);
  const bool is_long = piece.size() > 60;
  std::string text = fmt::format("{}\tt = {}", is_long ? "a long token" : piece, token);
  if (is_long) text += "\n" + in_lines(piece);
  if (id >= 0) {
    text += fmt::format("\ntoken id\t{}", id);
    const std::string bytes = bytes_of(snapshot.model->piece(id));
    if (snapshot.model->tokenizer != "symbols" && bytes.size() <= 60) text += "\nbytes\t" + bytes;
  }
  if (token >= snapshot.count()) return text + "\nwaits to be read\t";
  if (!snapshot.trace || token >= snapshot.trace->count()) return text;
  for (const Alert& alert : alerts_at(context, token))
    text += fmt::format("\n{}\t{}", rule_title(rule_of(*context.derived.alerts, alert)), where_text(alert.finding.layer));
  for (const TokenMeasure& measure : kMeasures) text += measure_line(context, measure, token);
  if (token < snapshot.times.count()) text += "\nread after\t" + seconds_text(snapshot.times[token][0]);
  return text;
}

/// What a token did, as the ground of its cell: amber by share, or the colour of the rule that found something. The lightest
/// where nothing is known.
Color ground_of(const Ui& ui, const PaneContext& context, std::int64_t token, const KeptSeries* series) {
  const Theme& theme = ui.theme();
  const TokenMeasure::Source source = chosen_measure(context.memory).source;
  if (source == TokenMeasure::Source::alerts) {
    const auto alerts = alerts_at(context, token);
    return alerts.empty() ? amber(theme, 0) : mixed(theme.pane, rule_color(ui, rule_of(*context.derived.alerts, alerts[0])), theme.dark ? 0.5f : 0.4f);
  }
  const auto index = static_cast<std::size_t>(token);
  if (!series || index >= series->values.size()) return amber(theme, 0);
  const float value = series->values[index];
  if (std::isnan(value) && source != TokenMeasure::Source::statistic) return amber(theme, 0);
  if (!std::isfinite(value)) return theme.nan;
  return amber(theme, series->high > 0 ? std::clamp(static_cast<float>(value / series->high), 0.0f, 1.0f) : 0);
}

/// Frames of cursors, of places found and of a range, whatever is there.
void draw_marks(Ui& ui, Box cell, PaneContext& context, std::int64_t token) {
  const Theme& theme = ui.theme();
  const Selection& s = context.snapshot.selection;
  const KeptDrag& drag = kept_of(context).drag;
  const NamedRange* range = selected_range(context);
  const bool is_dragged = !drag.pane.empty() && token >= drag.first() && token < drag.last();
  const Box below{cell.x - kGap / 2, cell.bottom() - 1, cell.w + kGap, 2};
  if (is_dragged || (range && token >= range->first && token < range->last)) ui.fill(below, theme.accent);
  if (context.memory.search_tokens && !context.memory.token_search.empty()) {
    const auto& matches = kept_of(context).search.matches;
    const auto next = std::ranges::upper_bound(matches, token, {}, [](const auto& match) { return match.first; });
    for (auto at = next; at != matches.begin() && std::prev(at)->first + 256 > token; --at)  // places may overlap, but none is longer than a search
      if (std::prev(at)->second >= token) {
        ui.outline(cell, theme.accent, 2);
        break;
      }
  }
  const Box around = cell.inset(-2, -1);
  if (token == s.cursor_a) ui.outline(around, theme.cursor, 3, 2);
  if (token == s.cursor_b) ui.dashed_outline(around, theme.cursor);
}

void draw_token(Ui& ui, Box cell, PaneContext& context, std::int64_t token, const KeptSeries* series) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const Hit hit = ui.hit(fmt::format("token {}", token).c_str(), cell);
  const bool waits = token >= snapshot.count();
  if (!waits) ui.fill(cell, ground_of(ui, context, token, series), 2);
  if (hit.hovered) ui.outline(cell, theme.dim, 2);
  ui.text_in(cell.inset(kPadding - 1, 0), Face::mono, waits ? theme.dim : theme.text, piece_at(snapshot, token), Align::center);
  draw_marks(ui, cell, context, token);
  if ((hit.pressed || hit.held) && drag_range(ui, context, hit, token)) return;
  if (hit.hovered) ui.tooltip(tip_of(context, token));
  const ImGuiIO& io = ImGui::GetIO();
  if (hit.clicked && !waits && !io.KeyShift) context.send(command::Seek{token, io.KeyAlt ? "b" : "a"});
}

/// The token whose cell a point lies in, or the nearest one in its row.
std::int64_t token_under(const KeptTokens& kept, Box strip, float x, float y) {
  const auto rows = std::ssize(kept.row_start);
  if (rows == 0) return 0;
  const std::int64_t row = std::clamp<std::int64_t>(kept.top_row + static_cast<std::int64_t>(std::floor((y - strip.y) / kRow)), 0, rows - 1);
  const std::int64_t first = kept.row_start[static_cast<std::size_t>(row)];
  const std::int64_t end = row + 1 < rows ? kept.row_start[static_cast<std::size_t>(row + 1)] : kept.laid_out;
  const auto begin = kept.x.begin();
  const auto after = std::upper_bound(begin + first, begin + end, x - strip.x);
  return std::max(first, after - begin - 1);
}

void draw_rows(Ui& ui, Box strip, PaneContext& context, std::int64_t rows) {
  const Snapshot& snapshot = context.snapshot;
  KeptTokens& kept = kept_of(context).tokens;
  const KeptSeries* series = measured_series(context);
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

/// The track of a measure by token, taken again when another one has been made.
const KeptSeries& kept_surprise(PaneContext& context, bool entropy) {
  PaneMemory::Kept& kept = kept_of(context);
  const auto take = [](const std::vector<float>& values) {
    KeptSeries series{.values = values};
    for (const float value : values)
      if (std::isfinite(value)) series.high = std::max(series.high, static_cast<double>(value));
    return series;
  };
  if (const SurpriseTrack* track = context.derived.surprise.get(); track && track != kept.surprise_of) {
    kept.surprise_of = track;
    kept.surprise = take(track->surprise), kept.entropy = take(track->entropy);
  }
  return entropy ? kept.entropy : kept.surprise;
}

/// The magnitudes of what cursor A reads, taken again when it has moved or another map has been made.
const KeptSeries* kept_hidden(PaneContext& context) {
  PaneMemory::Kept& kept = kept_of(context);
  const HiddenAttentionMap* map = context.derived.hidden.get();
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  if (!map) return nullptr;
  if (kept.hidden_of == context.derived.hidden && kept.hidden_token == cursor) return &kept.hidden;
  kept.hidden_of = context.derived.hidden, kept.hidden_token = cursor, kept.hidden = {};
  for (std::int64_t t = 0; t < context.snapshot.count(); ++t) {
    const float size = std::fabs(hidden_weight(context, t));
    kept.hidden.values.push_back(size);
    if (std::isfinite(size)) kept.hidden.high = std::max(kept.hidden.high, static_cast<double>(size));
  }
  return &kept.hidden;
}

}  // namespace

std::span<const TokenMeasure> token_measures() { return kMeasures; }

const TokenMeasure& chosen_measure(const PaneMemory& memory) { return kMeasures[static_cast<std::size_t>(std::clamp(memory.token_measure, 0, static_cast<int>(std::size(kMeasures)) - 1))]; }

bool needs_surprise(const PaneMemory& memory) {
  const TokenMeasure::Source source = chosen_measure(memory).source;
  return source == TokenMeasure::Source::surprise || source == TokenMeasure::Source::entropy;
}

bool needs_hidden_attention(const PaneMemory& memory) { return chosen_measure(memory).source == TokenMeasure::Source::attention; }

const KeptSeries* measured_series(PaneContext& context) {
  const TokenMeasure& measure = chosen_measure(context.memory);
  if (measure.source == TokenMeasure::Source::alerts) return nullptr;
  if (measure.source == TokenMeasure::Source::attention) return kept_hidden(context);
  if (measure.source == TokenMeasure::Source::statistic) return &kept_series(context, static_cast<int>(context.snapshot.selection.layer), measure.which);
  return context.derived.surprise ? &kept_surprise(context, measure.source == TokenMeasure::Source::entropy) : nullptr;
}

Color amber(const Theme& theme, float share) {
  return mixed(theme.pane, theme.token_amber, (theme.dark ? 0.08f : 0.06f) + share * (theme.dark ? 0.44f : 0.40f));
}

void draw_tokens(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  Box strip = box;
  strip.cut_top(kHeaderHeight);
  strip = {strip.x + 12, strip.y, strip.w - 24, strip.h};
  const auto rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(strip.h / kRow));
  if (!snapshot.model || total(snapshot) == 0) {
    draw_strip_header(ui, box, context, "");
    ui.text_in({strip.x, strip.y, strip.w, kRow}, Face::control, ui.theme().dim,
               "No tokens yet: type a prompt above and press Enter, or step the model.");
    return;
  }
  KeptTokens& kept = kept_of(context).tokens;
  place_tokens(ui, strip.w, context);
  scroll_rows(ui, strip, kept, snapshot.selection.cursor_a, rows);
  draw_strip_header(ui, box, context, range_text(snapshot, kept, rows));
  if (context.memory.search_tokens) search_tokens(context);
  draw_rows(ui, strip, context, rows);
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  finish_drag(ui, context, token_under(kept, strip, mouse.x / ui.scale(), mouse.y / ui.scale()));
  if (const int step = std::exchange(context.memory.search_step, 0); step != 0) go_to_match(context, step > 0);
}

}  // namespace lab
