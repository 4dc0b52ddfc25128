// Why there is an alert: the sentence, the numbers against the limit, and what was read there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kLabel = 56, kLine = 22, kFigureLeft = 68, kFigureRight = 76;
constexpr std::size_t kTurned = 7;  // channels at most
constexpr std::int64_t kNear = 16;  // tokens within which other alerts belong to the same event

std::string sentence_of(const Alert& alert) {
  std::string text = alert.finding.text;
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

/// Tokens as chips, from the left, until the row is full; those that end at `first` from the right.
void draw_tokens_in(Ui& ui, Box row, PaneContext& context, std::int64_t first, std::int64_t last, Color ground, bool from_end) {
  std::int64_t at = from_end ? last - 1 : first;
  std::vector<std::pair<std::string, float>> chips;
  float used = 0;
  for (; at >= first && at < last; at += from_end ? -1 : 1) {
    const std::string text = token_text(context.snapshot, at);
    const float width = std::ceil(ui.width(Face::dense, text)) + 8;
    if (used + width > row.w) break;
    used += width + 4;
    chips.emplace_back(text, width);
  }
  if (from_end) std::ranges::reverse(chips);
  for (const auto& [text, width] : chips) {
    const Box chip = row.cut_left(width).row(18);
    ui.fill(chip, ground, 2);
    ui.text_in(chip, Face::dense, ui.theme().text, text, Align::center);
    row.cut_left(4);
  }
}

/// The two windows whose means were compared.
TokenWindows windows_of(const PaneContext& context, const AlertLog& log, const Alert& alert) {
  const Rule& rule = rule_of(log, alert);
  const std::int64_t end = alert.finding.token + 1, middle = std::max(log.first, end - rule.window);
  std::int64_t begin = std::max(log.first, middle - rule.reference);
  for (const Alert& earlier : log.alerts)  // after an alert both windows begin anew
    if (earlier.rule == alert.rule && earlier.finding.layer == alert.finding.layer && earlier.finding.token < alert.finding.token)
      begin = std::clamp(earlier.finding.token + 1, begin, middle);
  return {alert.finding.layer, context.snapshot.selection.state, begin, middle, end};
}

/// Both windows on the axis of the figure above, and the text in them.
void draw_windows(Ui& ui, Box& box, PaneContext& context, const TokenWindows& windows, Box frame, const PlotArea& area) {
  const Theme& theme = ui.theme();
  const auto [layer, state, begin, middle, end] = windows;
  const auto place = [&](std::int64_t token) {
    const float x = frame.x + static_cast<float>(area.place_of_x(static_cast<double>(token) - 0.5) - area.frame.x);
    return std::clamp(x, frame.x, frame.right());
  };
  Box row = box.cut_top(kLine);
  ui.text_in(row.inset(12, 0), Face::tick, theme.dim, "windows");
  const Box before{place(begin), row.y + 3, place(middle) - place(begin), 16}, last{place(middle), row.y + 3, place(end) - place(middle), 16};
  ui.fill(before, theme.raised, 2);
  ui.fill(last, theme.accent, 2);
  const std::string long_name = fmt::format("before, {} tokens", middle - begin);
  const bool has_room = ui.width(Face::tick, long_name) + 4 <= before.w;
  ui.text_in(before, Face::tick, theme.text, has_room ? long_name : fmt::format("{} before", middle - begin), Align::center);
  const std::string text = fmt::format("last {}", end - middle);
  if (last.w > ui.width(Face::tick, text) + 4) ui.text_in(last, Face::tick, theme.on_accent, text, Align::center);
  else ui.text_in({last.right() + 6, last.y, 80, last.h}, Face::tick, theme.dim, text);
  box.cut_top(4);
  for (const bool is_before : {true, false}) {
    Box line = box.cut_top(kLine).inset(12, 0);
    ui.text_in(line.cut_left(kLabel), Face::control, theme.dim, is_before ? "before" : "after");
    if (is_before) draw_tokens_in(ui, line, context, begin, middle, theme.raised, true);
    else draw_tokens_in(ui, line, context, middle, end, mixed(theme.pane, theme.selection, 0.6f), false);
  }
}

/// The rows whose means differ most between two windows.
std::vector<std::size_t> turned_most(const WindowMeans& means) {
  const auto turned = [&](std::size_t row) {
    const float by = std::fabs(means.recent[row] - means.before[row]);
    return std::isfinite(by) ? by : 0.0f;
  };
  std::vector<std::size_t> rows(means.before.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const std::size_t shown = std::min(kTurned, rows.size());
  std::ranges::partial_sort(rows, rows.begin() + static_cast<std::ptrdiff_t>(shown), std::greater(), turned);
  rows.resize(shown);
  return rows;
}

std::string mean_text(float value) { return fmt::format("{}{}", value < 0 ? "−" : "+", number_text(std::fabs(value), 3)); }

/// A channel's mean in the first window and in the second, on an axis from −most to +most.
void draw_turn(Ui& ui, Box box, float before, float recent, float most) {
  const Theme& theme = ui.theme();
  const auto place = [&](float value) { return box.middle_x() + value / most * (box.w / 2 - 4); };
  const float from = place(before), to = place(recent), y = std::floor(box.middle_y());
  ui.fill({std::min(from, to), y - 1, std::fabs(to - from), 2}, theme.axis);
  ui.fill({from - 3, y - 3, 6, 6}, theme.dim, 3);
  ui.fill({to - 3, y - 3, 6, 6}, theme.accent, 3);
}

/// The channels that turned most. A click chooses one.
void draw_turned(Ui& ui, Box& box, PaneContext& context, const TokenWindows& windows) {
  const Theme& theme = ui.theme();
  if (box.h < 28 + 2 * kLine) return;
  Box head = box.cut_top(28).inset(12, 0);
  const float end = ui.text_in(head, Face::title, theme.text, "Channels that turned most");
  head.cut_left(end - head.x + 8);
  const WindowMeans* means = context.derived.windows.get();
  const bool is_there = means && means->windows == windows;
  ui.text_in(head, Face::control, theme.dim,
             is_there ? fmt::format("mean {}, before → last {}", slice_text(context.snapshot, StateSlab{.state = windows.state}, false), windows.last - windows.middle)
             : context.derived.refusal.empty() ? "being computed" : context.derived.refusal);
  if (!is_there) return;
  std::vector<std::size_t> rows = turned_most(*means);
  rows.resize(std::min(rows.size(), static_cast<std::size_t>(std::max(0.0f, box.h - 28 - kLine) / kLine)));
  float most = 0;
  for (const std::size_t row : rows)
    for (const float mean : {means->before[row], means->recent[row]})
      if (std::isfinite(mean)) most = std::max(most, std::fabs(mean));
  Box all = box.cut_top(kLine * static_cast<float>(rows.size()));
  const Box axis{all.x + 12 + 176, all.y, std::max(0.0f, all.w - 24 - 176 - 200), all.h};
  if (axis.w > 40) ui.line_down(axis.middle_x(), axis.y + 4, axis.bottom() - 4, theme.line);
  for (const std::size_t row : rows) {
    const Box line = all.cut_top(kLine);
    const Hit hit = ui.hit(fmt::format("turned {}", row).c_str(), line);
    if (hit.hovered) ui.fill(line, theme.raised);
    Box inside = line.inset(12, 0);
    ui.text_in(inside.cut_left(96), Face::dense, theme.text, channel_text(context.snapshot, static_cast<std::int64_t>(row)));
    const float half_life = means->half_life[row];
    ui.text_in(inside.cut_left(80), Face::control, theme.dim, std::isfinite(half_life) ? "half-life " + number_text(half_life, 2) : "");
    ui.text_in(inside.cut_right(56), Face::dense, theme.accent, mean_text(means->recent[row] - means->before[row]), Align::right);
    ui.text_in(inside.cut_right(60), Face::dense, theme.text, mean_text(means->recent[row]), Align::right);
    ui.text_in(inside.cut_right(16), Face::dense, theme.dim, "→", Align::right);
    ui.text_in(inside.cut_right(60), Face::dense, theme.dim, mean_text(means->before[row]), Align::right);
    if (axis.w > 40 && most > 0) draw_turn(ui, {axis.x, line.y, axis.w, line.h}, means->before[row], means->recent[row], most);
    if (hit.hovered) ui.tooltip(fmt::format("{}\tmean over the window\nbefore\t{}\nlast {}\t{}", channel_text(context.snapshot, static_cast<std::int64_t>(row)),
                                            exact_text(means->before[row]), windows.last - windows.middle, exact_text(means->recent[row])));
    if (hit.clicked) context.send(command::Select{windows.layer, static_cast<std::int64_t>(row), -1});
  }
}

/// What the rule measured a few tokens before and after, in columns.
void draw_around(Ui& ui, Box& box, PaneContext& context, const AlertLog& log, const Alert& alert) {
  const Theme& theme = ui.theme();
  const Rule& rule = rule_of(log, alert);
  Box rows = box.cut_top(58).inset(12, 0);
  Box labels = rows.cut_left(kLabel);
  for (const char* label : {"t", "token", "value"}) ui.text_in(labels.cut_top(18), Face::control, theme.dim, label);
  const std::int64_t around = rows.w > 420 ? 5 : rows.w > 300 ? 3 : 2;
  const float width = rows.w / static_cast<float>(2 * around + 1);
  for (std::int64_t t = alert.finding.token - around; t <= alert.finding.token + around; ++t) {
    Box column = rows.cut_left(width);
    if (!has_token(context.snapshot, t)) continue;
    if (t == alert.finding.token) ui.fill({column.x, column.y, column.w, 56}, theme.selection, 3);
    Box inside = column.inset(3, 0);
    const float value = measured_at(log, alert.rule, alert.finding.layer, t);
    ui.text_in(inside.cut_top(18), Face::axis, t == alert.finding.token ? theme.dim_on_selection : theme.dim, std::to_string(t), Align::center);
    ui.text_in(inside.cut_top(18), Face::axis, theme.text, token_text(context.snapshot, t), Align::center);
    ui.text_in(inside.cut_top(18), Face::axis, is_beyond(value, alert.finding.limit, worse_of(rule)) ? theme.warning : theme.text,
               std::isnan(value) ? "–" : number_text(value, 3), Align::center);
  }
}

/// Other alerts of the same event: what else was found within a few tokens.
void draw_others(Ui& ui, Box box, PaneContext& context, const AlertLog& log, const Alert& alert) {
  const Theme& theme = ui.theme();
  std::vector<const Alert*> others;
  for (const Alert& other : log.alerts)
    if (&other != &alert && std::abs(other.finding.token - alert.finding.token) <= kNear) others.push_back(&other);
  if (box.h < 28 + kLine) return;
  Box head = box.cut_top(28).inset(12, 0);
  const float end = ui.text_in(head, Face::title, theme.text, "At the same time");
  head.cut_left(end - head.x + 8);
  ui.text_in(head, Face::control, theme.dim,
             others.empty() ? fmt::format("nothing else within {} tokens", kNear) : fmt::format("{} more within {} tokens", others.size(), kNear));
  std::ranges::stable_sort(others, {}, [&](const Alert* other) { return std::abs(other->finding.token - alert.finding.token); });
  const auto room = static_cast<std::size_t>(box.h / kLine);
  for (std::size_t i = 0; i < std::min(room, others.size()); ++i) {
    const Alert& other = *others[i];
    const Rule& rule = rule_of(log, other);
    const Box row = box.cut_top(kLine);
    const Hit hit = ui.hit(fmt::format("near {}", i).c_str(), row);
    if (hit.hovered) ui.fill(row, theme.raised);
    Box line = row.inset(12, 0);
    ui.text_in(line.cut_left(64), Face::dense, theme.text, fmt::format("t = {}", other.finding.token));
    ui.text_in(line.cut_left(68), Face::dense, theme.dim, where_text(other.finding.layer));
    ui.fill(line.cut_left(4).row(12), rule_color(ui, rule));
    line.cut_left(8);
    ui.text_in(line.cut_left(132), Face::control, theme.text, rule_title(rule));
    ui.text_in(line, Face::control, theme.dim, find_rule_kind(rule.kind)->sentence);
    if (hit.clicked) go_to(context, other);
  }
}

}  // namespace

void draw_evidence(Ui& ui, Box box, PaneContext& context) {
  const Theme& theme = ui.theme();
  const Alert* alert = alert_in_focus(context);
  context.memory.windows.reset();
  PaneHeader header(ui, box, alert ? rule_title(rule_of(*context.derived.alerts, *alert)) : "Evidence");
  const AlertLog* log = alerts_or_note(ui, box, context, "What an alert rests on is shown here.");
  if (!log) return;
  if (!alert) return empty_note(ui, box, "No rule has found anything.", "Read more, or change a limit by a click on its rule.");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("alert-evidence");
  header.subtitle(fmt::format("{}, t = {} · {}", where_text(alert->finding.layer), alert->finding.token, find_rule_kind(rule_of(*log, *alert).kind)->sentence));
  const Rule& rule = rule_of(*log, *alert);
  const bool is_shift = rule.kind == "context-shift";
  box.cut_top(2);
  const float used = ui.paragraph(box.inset(12, 0), Face::control, theme.text, sentence_of(*alert));
  box.cut_top(used);
  ui.text_in(box.cut_top(18).inset(12, 0), Face::control, theme.dim, fmt::format("Limit {}: {}.", measured_text(rule, alert->finding.limit), limit_origin(rule)));
  box.cut_top(4);
  // Of the residual stream and of a cache that grows there are no channels to compare.
  const bool has_channels = is_shift && rule.of == "state" && alert->finding.layer >= 0;
  const float below = is_shift ? 76 : 64, channels = has_channels ? 28 + 4 * kLine : 0;
  const Box page = box.cut_top(std::clamp(box.h - below - channels - 28 - 4 * kLine, 120.0f, 230.0f));
  FigureRequest request{.slot = "evidence", .kind = "alert-evidence", .left = kFigureLeft, .right = kFigureRight};
  request.options.rule = context.memory.rule_in_focus;
  request.adjust = [](Figure& figure) { figure.plots[0].x.label.clear(); };
  const KeptFigure& figure = kept_figure(ui, page, context, request);
  if (!draw_figure(ui, page, context, figure)) return;
  const Box frame = frame_of(figure, page);
  const PlotArea& area = figure.page.areas[0];
  if (const Hit hit = ui.hit("curve", frame); hit.hovered) {
    ui.line_down(hit.x, frame.y, frame.bottom(), faded(theme.cursor, 0.4f));
    const std::string tip = value_at("alert-evidence", context.snapshot, context.derived, request.options, 0, area.x_from(hit.x - page.x), 0);
    if (!tip.empty()) ui.tooltip(tip);
    if (hit.clicked) context.send(command::Seek{static_cast<std::int64_t>(std::floor(area.x_from(hit.x - page.x) + 0.5)), "a"});
  }
  box.cut_top(6);
  context.memory.windows = has_channels ? std::optional(windows_of(context, *log, *alert)) : std::nullopt;
  if (is_shift) draw_windows(ui, box, context, windows_of(context, *log, *alert), frame, area);
  else draw_around(ui, box, context, *log, *alert);
  if (has_channels) draw_turned(ui, box, context, *context.memory.windows);
  draw_others(ui, box, context, *log, *alert);
}

}  // namespace lab
