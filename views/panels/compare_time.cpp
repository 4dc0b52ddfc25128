// Both runs along one axis of time: what moves, the part that is shown, the cursor.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/clock.h"
#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr float kControls = 196, kRight = 24;

/// All columns of the alignment between two places.
struct TimeLine {
  float left, right;
  double count;
  float place(double column) const { return left + static_cast<float>((column + 0.5) / count) * (right - left); }
  double column(float x) const { return static_cast<double>((x - left) / (right - left)) * count - 0.5; }
};

void draw_controls(Ui& ui, Box box, PaneContext& context, const CompareScene* scene) {
  const Snapshot& snapshot = context.snapshot;
  const bool moves = time_state(snapshot) != TimeState::paused;
  const bool ready = snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
  Box row = box.row(kControlHeight);
  const auto send_all = [&](std::vector<Command> commands) {
    for (Command& command : commands) context.send(std::move(command));
  };
  const auto put = [&](const char* symbol, const char* id, const char* tip, bool enabled, bool primary = false) {
    const Box at = row.cut_left(32);
    row.cut_left(4);
    return button(ui, (std::string(symbol) + "##" + id).c_str(), at, {.primary = primary, .enabled = enabled, .tip = tip});
  };
  if (put(icon::kBack, "previous", "One token back\tLeft", ready && snapshot.selection.cursor_a >= 0)) send_all(step_on(snapshot, TimeClock::token, false));
  if (put(moves ? icon::kPause : icon::kPlay, "run", moves ? "Pause\tSpace" : "Play; at the end the active run goes on\tSpace", ready, true))
    send_all(commands_to(moves ? TimeState::paused : is_at_end(snapshot) ? TimeState::follow : TimeState::play, snapshot, context.memory.rate, TimeClock::token));
  if (put(icon::kStep, "next", "One token on; at the end both step\tRight", ready)) {
    if (is_at_end(snapshot)) context.send(command::StepAll{1});
    else send_all(step_on(snapshot, TimeClock::token, true));
  }
  row.cut_left(8);
  ui.text_in(row, Face::mono, ui.theme().text, scene && scene->shown.cursor >= 0 ? "t = " + scene->number_text(scene->shown.cursor) : "t = –");
}

/// Where a run has tokens, from where it has its own.
void draw_run(Ui& ui, const TimeLine& line, float y, const CompareScene& scene, bool of_b) {
  const RunFacts& run = of_b ? scene.b : scene.a;
  const RunFacts& other = of_b ? scene.a : scene.b;
  const std::int64_t count = run.tokens.count();
  if (count == 0) return;
  const bool is_fork = run.parent == other.id;
  const std::int64_t first = column_of(scene.alignment, is_fork ? std::min(run.forked_at, count - 1) : 0, of_b), last = column_of(scene.alignment, count - 1, of_b);
  if (last < 0) return;
  const float left = line.place(static_cast<double>(std::max<std::int64_t>(0, first)) - 0.5), right = line.place(static_cast<double>(last) + 0.5);
  ui.fill({left, y, std::max(2.0f, right - left), 3}, run_color(ui.theme(), scene.snapshot, run.id), 1);
}

void draw_ticks(Ui& ui, const TimeLine& line, Box row, const CompareScene& scene) {
  const Axis axis = column_axis(scene.alignment, 0, scene.alignment.count());
  const auto wanted = static_cast<int>(std::clamp((line.right - line.left) / 120, 2.0f, 14.0f));
  std::vector<std::pair<double, std::string>> marks = axis.marks;
  if (scene.alignment.by == AlignBy::position)
    for (const double tick : ticks(0, line.count - 1, wanted, true)) marks.emplace_back(tick, lab::number_text(tick, 9));
  float free_from = line.left - 20;
  for (const auto& [at, text] : marks) {
    const float width = ui.width(Face::axis, text), left = line.place(at) - width / 2;
    if (left < free_from || left + width > line.right + 12) continue;
    ui.text_in({left, row.y, width + 1, row.h}, Face::axis, ui.theme().dim, text);
    free_from = left + width + 8;
  }
}

/// The part of the tokens that is shown: dragged as a whole, named in numbers.
void draw_range(Ui& ui, const TimeLine& line, Box row, PaneContext& context, const CompareScene& scene) {
  const Theme& theme = ui.theme();
  const ShownColumns& shown = scene.shown;
  if (shown.last - shown.first >= scene.alignment.count()) return;
  const float left = line.place(static_cast<double>(shown.first) - 0.5), right = line.place(static_cast<double>(shown.last) - 0.5);
  const std::string text = fmt::format("range {}–{}", scene.number_text(shown.first), scene.number_text(shown.last - 1));
  const float width = std::max(right - left, ui.width(Face::tick, text) + 12), x = std::clamp((left + right - width) / 2, line.left, std::max(line.left, line.right - width));
  const Box box{x, row.y, width, row.h};
  const Hit hit = ui.hit("range", box);
  ui.fill(box, hit.hovered || hit.held ? theme.hover : theme.raised, 3);
  ui.fill({left, row.bottom() - 2, std::max(2.0f, right - left), 2}, theme.accent);
  ui.text_in(box, Face::tick, theme.text, text, Align::center);
  if (hit.hovered) ui.tooltip("The tokens shown\tdrag moves, a double click shows all");
  if (hit.double_clicked) return context.send(command::ShowRange{0, 0});
  KeptCompare& kept = kept_of(context).compare;
  if (hit.pressed) kept.dragged = 0;
  if (!hit.held) return;
  kept.dragged += static_cast<double>(hit.dragged_x / (line.right - line.left)) * line.count;
  const double whole = std::trunc(kept.dragged);
  if (whole == 0) return;
  kept.dragged -= whole;
  show_columns(context, scene, static_cast<double>(shown.first) + whole, static_cast<double>(shown.last - shown.first));
}

}  // namespace

void draw_compare_time(Ui& ui, Box box, PaneContext& context) {
  const Theme& theme = ui.theme();
  if (!context.snapshot.model) {
    ui.text_in(box.inset(12, 0), Face::mono, theme.dim, "t = –");
    return;
  }
  const auto scene = compare_scene(context);
  Box line_box = box.inset(12, 0);
  draw_controls(ui, line_box.cut_left(kControls), context, scene ? &*scene : nullptr);
  if (!scene || scene->alignment.count() == 0) return;
  const TimeLine line{line_box.x, std::max(line_box.x + 1, line_box.right() - kRight + 12), static_cast<double>(scene->alignment.count())};
  Box lanes = line_box;
  const Box axis = lanes.cut_bottom(18);
  const Box runs{lanes.x, lanes.y + 8, lanes.w, 14};
  draw_run(ui, line, runs.y + 2, *scene, false);
  draw_run(ui, line, runs.y + 9, *scene, true);
  draw_ticks(ui, line, axis, *scene);
  draw_range(ui, line, {line.left, axis.y, line.right - line.left, 16}, context, *scene);
  const Hit hit = ui.hit("time", {line.left, box.y + 1, line.right - line.left, box.h - 2});  // behind the range, which reacts first
  const auto mark = [&](std::int64_t column, double shift, Color color, float width) {
    if (column >= 0) ui.fill({line.place(static_cast<double>(column) + shift) - width / 2, runs.y - 1, width, axis.y - runs.y + 3}, color);
  };
  mark(scene->alignment.first_difference, -0.5, theme.bad, 2);
  mark(scene->shown.cursor, 0, theme.cursor, 2);
  if (hit.hovered && !hit.held) {
    const auto column = std::clamp<std::int64_t>(std::llround(line.column(hit.x)), 0, scene->alignment.count() - 1);
    ui.tooltip(fmt::format("t = {}\t{}", scene->number_text(column), scene->token_text(column)));
  }
  if (hit.hovered && hit.wheel != 0) {
    const double at = line.column(hit.x), factor = std::pow(1.25, -static_cast<double>(hit.wheel));
    const auto first = static_cast<double>(scene->shown.first), width = static_cast<double>(scene->shown.last - scene->shown.first);
    show_columns(context, *scene, at - (at - first) * factor, width * factor);
  }
  if (hit.held && std::llround(line.column(hit.x)) != scene->shown.cursor) seek_column(context, *scene, line.column(hit.x));
}

}  // namespace lab
