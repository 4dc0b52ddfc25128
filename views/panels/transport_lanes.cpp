// The lanes of the time axis: named ranges, resets, alerts, what has been read.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/clock.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/notes.h"
#include "views/panels/ranges.h"
#include "views/panels/run_look.h"
#include "views/panels/transport.h"

namespace lab {
namespace {

constexpr float kTickSpacing = 69;                       // as on the plots above
constexpr float kAxis = 20, kLane = 17, kLowLane = 13;  // low: where the pane has little height

/// The axis of the panes above, or one of our own where none is drawn or it lies elsewhere.
KeptTimeAxis axis_for(const PaneContext& context, const KeptTimeAxis& above, Box box) {
  const Selection& s = context.snapshot.selection;
  const bool all = s.first == 0 && s.last == 0;
  const double low = (all ? 0.0 : static_cast<double>(s.first)) - 0.5;
  const double high =
      std::max(low + 1, (all ? static_cast<double>(context.snapshot.count()) : static_cast<double>(s.last)) - 0.5);
  if (above.right > above.left && above.left >= box.x + 48 && above.right <= box.right())
    return {above.left, above.right, low, high};
  return {box.x + kTimeLeft, std::max(box.x + kTimeLeft + 1, box.right() - kTimeRight), low, high};
}

/// A rounded flag with the name of a cursor on the axis; filled for A, outlined for B.
Box draw_flag(Ui& ui, float y, const std::string& text, float x, bool filled) {
  const Theme& theme = ui.theme();
  const float width = std::ceil(ui.width(Face::tick, text)) + 12;
  const Box flag{std::floor(x - width / 2), y + 1, width, kAxis - 4};
  ui.fill(flag, filled ? theme.cursor : theme.pane, 3);
  if (!filled) ui.outline(flag, theme.cursor, 3);
  ui.text_in(flag, Face::tick, filled ? theme.pane : theme.text, text, Align::center);
  return flag;
}

/// The numbers of the clock, where neither a flag nor another number is.
void draw_axis(Ui& ui, const KeptTimeAxis& axis, Box row, const PaneContext& context, Box flag_a, Box flag_b) {
  const Snapshot& snapshot = context.snapshot;
  const TimeClock clock = context.memory.clock;
  const auto wanted = static_cast<int>(std::clamp((axis.right - axis.left) / kTickSpacing + 1, 2.0f, 16.0f));
  double low = axis.low, high = axis.high;
  if (clock == TimeClock::layer) low *= static_cast<double>(snapshot.model->layers.size()), high *= static_cast<double>(snapshot.model->layers.size());
  if (clock == TimeClock::wall) {
    const std::int64_t last = snapshot.times.count() - 1;
    if (last < 0) return;
    const auto seconds_at = [&](double token) { return clock_value(snapshot, clock, std::clamp<std::int64_t>(static_cast<std::int64_t>(token + 0.5), 0, last)); };
    low = seconds_at(axis.low), high = seconds_at(axis.high - 0.5);
    if (!(high > low)) return;
  }
  float free_from = axis.left - 40;
  for (const double tick : ticks(low, high, wanted, clock != TimeClock::wall)) {
    const std::string text = clock == TimeClock::wall ? seconds_text(tick) : number_text(tick, 9);
    const float width = ui.width(Face::axis, text), x = axis.place(token_at(snapshot, clock, tick)), left = x - width / 2;
    const auto is_under = [&](const Box& flag) { return flag.w > 0 && left + width > flag.x - 4 && left < flag.right() + 4; };
    if (is_under(flag_a) || is_under(flag_b) || left < free_from || x > axis.right + 1) continue;
    ui.text(Face::axis, left, row.y + 3, ui.theme().dim, text);
    free_from = left + width + 8;
  }
}

void draw_lane_name(Ui& ui, const KeptTimeAxis& axis, Box lane, const char* name) {
  ui.text_in({axis.left - 60, lane.y, 52, lane.h}, Face::tick, ui.theme().dim, name, Align::right);
}

/// How the run began, and where its whole state was set back.
void draw_resets(Ui& ui, const KeptTimeAxis& axis, Box lane, const Snapshot& snapshot) {
  const Theme& theme = ui.theme();
  float free_from = axis.left - 12;
  const auto mark = [&](std::int64_t position, const std::string& text, const std::string& tip, const char* id) {
    const float x = place_of(axis, position);
    if (x < axis.left - 1 || x > axis.right + 1) return;
    const float cx = ui.px(x), cy = ui.px(lane.middle_y()), r = 4 * ui.scale();
    ui.list()->AddTriangleFilled({cx - r, cy - r * 0.8f}, {cx + r, cy - r * 0.8f}, {cx, cy + r}, theme.text);
    if (x + 9 > free_from) ui.text_in({x + 9, lane.y, 200, lane.h}, Face::tick, theme.dim, text), free_from = x + 17 + ui.width(Face::tick, text);
    if (ui.hit(id, {x - 6, lane.y, 12, lane.h}).hovered) ui.tooltip(tip);
  };
  mark(0, snapshot.start, snapshot.start + "\tbefore token 0", "start");
  for (std::size_t i = 0; snapshot.edits && i < snapshot.edits->size(); ++i)
    if (const EditEvent& edit = (*snapshot.edits)[i]; edit.is_reset)
      mark(edit.position, edit.brief, fmt::format("{}\tbefore token {}", edit.label, edit.position), fmt::format("reset {}", i).c_str());
}

/// Alerts, the higher the more layers have one there, in the colours of their rules. A click goes to the nearest one.
void draw_alert_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context, const AlertLog& log) {
  constexpr float kWidth = 3;  // units, of alerts that are drawn as one
  const float room = lane.h - 3, unit = std::max(4.0f, room / static_cast<float>(std::max<std::size_t>(3, context.snapshot.model->layers.size())));
  float column = -1, used = 0;
  for (const Alert& alert : log.alerts) {
    const float x = axis.place(static_cast<double>(alert.finding.token));
    if (x < axis.left || x > axis.right) continue;
    const float at = std::floor((x - axis.left) / kWidth) * kWidth;
    if (at != column) column = at, used = 0;
    const float height = std::min(unit, room - used);
    if (height <= 0) continue;
    ui.fill({axis.left + at, lane.bottom() - 1 - used - height, kWidth - 0.5f, height}, rule_color(ui, rule_of(log, alert)));
    used += height;
  }
  const Hit hit = ui.hit("alerts", {axis.left, lane.y, axis.right - axis.left, lane.h});
  if (!hit.hovered) return;
  const Alert* nearest = nullptr;
  float distance = 8;
  for (const Alert& alert : log.alerts)
    if (const float away = std::abs(axis.place(static_cast<double>(alert.finding.token)) - hit.x); away < distance) nearest = &alert, distance = away;
  if (!nearest) return;
  ui.tooltip(fmt::format("{}\tt = {}, {}", rule_title(rule_of(log, *nearest)), nearest->finding.token, where_text(nearest->finding.layer)));
  if (hit.clicked) go_to(context, *nearest);
}

/// What has been read, bold up to cursor A; waiting tokens follow as a thin line beyond the end.
void draw_read(Ui& ui, const KeptTimeAxis& axis, Box lane, const Snapshot& snapshot) {
  const Theme& theme = ui.theme();
  const auto at = [&](double token) { return std::max(axis.left, std::min(axis.place(token), axis.right)); };
  const float begin = at(-0.5), end = at(static_cast<double>(snapshot.count()) - 0.5);
  const float cursor = at(static_cast<double>(snapshot.selection.cursor_a));
  ui.fill({begin, lane.middle_y(), end - begin, 1}, theme.accent);
  ui.fill({begin, lane.middle_y() - 1, cursor - begin, 3}, theme.accent);
  if (!snapshot.waiting.empty())
    ui.text(Face::tick, std::min(end + 8, axis.right + 4), lane.y + 2, theme.dim,
            fmt::format("+{} wait", snapshot.waiting.size()));
}

/// From above to below; where there is little height, resets are among the edits.
struct Lanes {
  Box axis, ranges, resets, edits, alerts, notes, read;
};

Lanes lanes_in(Box box, bool has_notes) {
  box.cut_top(box.h > 110 ? 2 : 0);
  const float space = box.h - kAxis - 2, others = has_notes ? 5 : 4;
  const bool has_resets = space >= (others + 1) * (kLane - 0.5f);
  const float lane = std::clamp(space / (has_resets ? others + 1 : others), kLowLane, kLane);
  Lanes at;
  at.axis = box.cut_top(kAxis);
  at.ranges = box.cut_top(lane);
  at.resets = box.cut_top(has_resets ? lane : 0);
  at.edits = box.cut_top(lane);
  at.alerts = box.cut_top(lane);
  at.notes = box.cut_top(has_notes ? lane : 0);
  at.read = box.cut_top(lane);
  return at;
}

void draw_names(Ui& ui, const KeptTimeAxis& axis, const Lanes& at, bool has_forks) {
  draw_lane_name(ui, axis, at.ranges, "ranges");
  if (at.resets.h > 0) draw_lane_name(ui, axis, at.resets, "resets");
  draw_lane_name(ui, axis, at.edits, "edits");
  draw_lane_name(ui, axis, at.alerts, "alerts");
  if (at.notes.h > 0) draw_lane_name(ui, axis, at.notes, "notes");
  draw_lane_name(ui, axis, at.read, has_forks ? "forks" : "read");
}

/// The tokens that a Shift-drag has gone over, here or in the token strip.
void draw_drag(Ui& ui, const KeptTimeAxis& axis, const Lanes& at, PaneContext& context) {
  const KeptDrag& drag = kept_of(context).drag;
  if (drag.pane.empty()) return;
  const float left = std::max(axis.left, place_of(axis, drag.first())), right = std::min(axis.right, place_of(axis, drag.last()));
  if (right > left) ui.outline({left, at.axis.y + 1, right - left, at.ranges.bottom() - at.axis.y - 1}, ui.theme().accent, 2);
}

}  // namespace

void draw_lanes(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model || snapshot.count() == 0) {
    ui.text_in(box.inset(12, 0).cut_top(20), Face::control, ui.theme().dim,
               snapshot.waiting.empty() ? "Step samples a token; the time axis appears with the first one."
                                        : fmt::format("{} tokens wait to be read.", snapshot.waiting.size()));
    return;
  }
  const KeptTimeAxis axis = axis_for(context, kept_of(context).time, box);
  const bool has_notes = snapshot.notes && !snapshot.notes->empty(), has_forks = snapshot.runs.size() > 1;
  const Lanes at = lanes_in(box, has_notes);
  const Selection& s = snapshot.selection;
  draw_names(ui, axis, at, has_forks);
  const AlertLog* log = context.derived.alerts.get();
  if (log && !log->alerts.empty()) draw_alert_lane(ui, axis, at.alerts, context, *log);
  else if (log) ui.text_in({axis.left, at.alerts.y, 100, at.alerts.h}, Face::tick, ui.theme().faint, "none");
  if (has_forks) draw_fork_lane(ui, axis, at.read, context);
  else draw_read(ui, axis, at.read, snapshot);
  if (has_notes) draw_note_lane(ui, axis, at.notes, context);
  const Hit hit = ui.hit("time", {axis.left, at.axis.y, axis.right - axis.left, at.axis.h});
  const Hit below = ui.hit("read", {axis.left, at.read.y, axis.right - axis.left, at.read.h});
  draw_range_lane(ui, axis, at.ranges, context);
  if (at.resets.h > 0) draw_resets(ui, axis, at.resets, snapshot);
  draw_edit_lane(ui, axis, at.edits, context, at.resets.h == 0);
  draw_drag(ui, axis, at, context);
  if (context.memory.show_reach) draw_reach_ruler(ui, axis, at.axis, context);
  const auto flag = [&](std::int64_t cursor, const char* name, bool is_a) {
    const float x = axis.place(static_cast<double>(cursor));
    if (cursor < 0 || x < axis.left || x > axis.right) return Box{};
    ui.line_down(x, at.axis.bottom() - 3, at.read.bottom(), ui.theme().cursor, !is_a);
    return draw_flag(ui, at.axis.y, fmt::format("{} {}", name, clock_text(snapshot, context.memory.clock, cursor)), x, is_a);
  };
  const Box flag_b = flag(s.cursor_b, "B", false), flag_a = flag(s.cursor_a, "A", true);
  draw_axis(ui, axis, at.axis, context, flag_a, flag_b);

  const auto last = snapshot.count() - 1;
  const auto token = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(axis.token(hit.x) + 0.5)), 0, last);
  finish_drag(ui, context, token);
  if (drag_range(ui, context, hit, token) || drag_range(ui, context, below, token)) return;
  if (!hit.held && !below.held) return;
  const char* cursor = ImGui::GetIO().KeyAlt ? "b" : "a";
  if (token != (*cursor == 'a' ? s.cursor_a : s.cursor_b)) context.send(command::Seek{token, cursor});
}

}  // namespace lab
