#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/monitor.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/transport.h"

namespace lab {
namespace {

constexpr float kAxis = 20, kLane = 20, kLowLane = 14;  // low: where the pane has little height

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

void draw_axis(Ui& ui, const KeptTimeAxis& axis, Box row, Box flag_a, Box flag_b) {
  const auto wanted = static_cast<int>(std::max(2.0f, (axis.right - axis.left) / 90));
  for (const double tick : ticks(axis.low, axis.high, wanted, true)) {
    const std::string text = number_text(tick, 9);
    const float width = ui.width(Face::axis, text), x = axis.place(tick);
    const auto is_under = [&](const Box& flag) {
      return flag.w > 0 && x + width / 2 > flag.x - 4 && x - width / 2 < flag.right() + 4;
    };
    if (!is_under(flag_a) && !is_under(flag_b)) ui.text(Face::axis, x - width / 2, row.y + 3, ui.theme().dim, text);
  }
}

void draw_lane_name(Ui& ui, const KeptTimeAxis& axis, Box lane, const char* name) {
  ui.text_in({axis.left - 60, lane.y, 52, lane.h}, Face::tick, ui.theme().dim, name, Align::right);
}

/// A diamond where each edit was made, its label beside it while there is room.
void draw_edits(Ui& ui, const KeptTimeAxis& axis, Box lane, const Snapshot& snapshot) {
  const Theme& theme = ui.theme();
  if (!snapshot.edits || snapshot.edits->empty()) {
    ui.text_in({axis.left, lane.y, axis.right - axis.left, lane.h}, Face::tick, theme.faint, "none");
    return;
  }
  float free_from = axis.left;
  for (std::size_t i = 0; i < snapshot.edits->size(); ++i) {
    const EditEvent& edit = (*snapshot.edits)[i];
    const float x = axis.place(static_cast<double>(edit.position) - 0.5), y = lane.middle_y();  // between two tokens
    if (x < axis.left - 1 || x > axis.right + 1) continue;
    const float cx = ui.px(x), cy = ui.px(y), r = 5 * ui.scale();
    ui.list()->AddQuadFilled({cx, cy - r}, {cx + r, cy}, {cx, cy + r}, {cx - r, cy}, theme.warning);
    const float next = i + 1 < snapshot.edits->size()
                           ? axis.place(static_cast<double>((*snapshot.edits)[i + 1].position) - 0.5) - 8
                           : axis.right + 60;
    const float width = ui.width(Face::tick, edit.label);
    if (x + 10 + width < next && x > free_from - 10)
      ui.text(Face::tick, x + 9, lane.y + 2, theme.dim, edit.label), free_from = x + 10 + width;
    const Hit hit = ui.hit(fmt::format("edit {}", i).c_str(), {x - 6, lane.y, 12, lane.h});
    if (hit.hovered) ui.tooltip(fmt::format("{}\tbefore token {}", edit.label, edit.position));
  }
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
  const AlertLog* log = context.derived.alerts.get();
  const bool has_alerts = log && !log->alerts.empty();
  const float lanes = has_alerts ? 3 : 2, lane = std::min(kLane, std::max(kLowLane, (box.h - kAxis - 1) / lanes));
  const Box row = box.cut_top(kAxis), edits = box.cut_top(lane), alerts = box.cut_top(has_alerts ? lane : 0), read = box.cut_top(lane);
  const Selection& s = snapshot.selection;
  const float bottom = read.bottom();
  const auto flag = [&](std::int64_t cursor, const char* name, bool is_a) {
    const float x = axis.place(static_cast<double>(cursor));
    if (cursor < 0 || x < axis.left || x > axis.right) return Box{};
    ui.line_down(x, row.bottom() - 3, bottom, ui.theme().cursor, !is_a);
    return draw_flag(ui, row.y, fmt::format("{} {}", name, cursor), x, is_a);
  };
  draw_lane_name(ui, axis, edits, "edits");
  draw_lane_name(ui, axis, read, "read");
  if (has_alerts) {
    draw_lane_name(ui, axis, alerts, "alerts");
    draw_alert_lane(ui, axis, alerts, context, *log);
  }
  draw_read(ui, axis, read, snapshot);
  const Hit hit = ui.hit("time", {axis.left, row.y, axis.right - axis.left, row.h});
  const Hit below = ui.hit("read", {axis.left, read.y, axis.right - axis.left, read.h});
  draw_edits(ui, axis, edits, snapshot);
  const Box flag_b = flag(s.cursor_b, "B", false), flag_a = flag(s.cursor_a, "A", true);
  draw_axis(ui, axis, row, flag_a, flag_b);
  if (!hit.held && !below.held) return;
  const auto last = snapshot.count() - 1;
  const auto token = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(axis.token(hit.x) + 0.5)), 0, last);
  const char* cursor = ImGui::GetIO().KeyAlt ? "b" : "a";
  if (token != (*cursor == 'a' ? s.cursor_a : s.cursor_b)) context.send(command::Seek{token, cursor});
}

}  // namespace lab
