#include "app/shell/status_bar.h"

#include <fmt/format.h>

#include "app/shell/words.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

std::string position_text(const Snapshot& snapshot) {
  if (snapshot.state == EngineState::empty) return "no model open";
  if (snapshot.state == EngineState::loading) return "loading";
  std::string text = fmt::format("{}, {} {}", snapshot.plays_back ? "playing back" : snapshot.plays ? "playing" : name_of(snapshot.state), snapshot.count(), snapshot.count() == 1 ? "token" : "tokens");
  if (snapshot.runs.size() > 1)
    for (const RunFacts& run : snapshot.runs)
      if (run.id == snapshot.active_run) text = fmt::format("{}, 1 of {} runs, {}", run.name, snapshot.runs.size(), text);
  if (!snapshot.waiting.empty()) text += fmt::format(", {} waiting", snapshot.waiting.size());
  return text;
}

std::string speed_text(const Snapshot& snapshot) {
  const double speed = snapshot.tokens_per_second;
  if (snapshot.state != EngineState::running || !(speed > 0)) return {};
  return fmt::format("{:.{}f} tokens/s", speed, speed < 100 ? 1 : 0);
}

std::string trace_text(const Snapshot& snapshot) {
  if (!snapshot.trace) return {};
  const TraceUse& use = snapshot.trace->use();
  return "trace " + memory_text(use.total()) + " of " + memory_text(use.budget);
}

/// "try rotary none", so that nobody forgets it.
std::string trials_text(const Snapshot& snapshot) {
  if (!snapshot.edits) return {};
  const command::SetTrials trials = trials_at(*snapshot.edits, snapshot.count());
  return trials == command::SetTrials() ? "" : label_of(trials);
}

std::string alerts_text(const AlertLog* log) {
  if (!log || log->alerts.empty()) return {};
  return log->alerts.size() == 1 ? "1 alert" : fmt::format("{} alerts", log->alerts.size());
}

/// One fact from the left, with a thin line before all but the first. Left out where there is no room.
void draw_fact(Ui& ui, Box& bar, float start, Color color, const std::string& text) {
  const float gap = bar.x > start ? 17 : 0, width = ui.width(Face::control, text);
  if (text.empty() || width + gap > bar.w) return;
  if (gap > 0) ui.line_down(bar.x + 8, bar.y + 6, bar.bottom() - 6, ui.theme().line);
  bar.cut_left(gap);
  ui.text_in(bar, Face::control, color, text);
  bar.cut_left(width);
}

/// What is being worked on, from the right: a bar, a sentence, the way out. Returns whether the way out was taken.
bool draw_work(Ui& ui, Box& bar, const std::string& text, double progress) {
  const Theme& theme = ui.theme();
  const Box way_out = bar.cut_right(ui.width(Face::control, "Esc cancels"));
  const Hit hit = ui.hit("cancel", way_out);
  ui.text_in(way_out, Face::control, hit.hovered ? theme.text : theme.dim, "Esc cancels");
  bar.cut_right(16);
  ui.text_in(bar.cut_right(std::min(ui.width(Face::control, text), bar.w / 2)), Face::control, theme.text, text);
  bar.cut_right(12);
  const Box track = bar.cut_right(120).row(4);
  ui.fill(track, theme.raised, 2);
  ui.fill({track.x, track.y, track.w * static_cast<float>(std::clamp(progress, 0.0, 1.0)), track.h}, theme.accent, 2);
  bar.cut_right(16);
  return hit.clicked;
}

}  // namespace

const Notice* StatusBar::shown(const Snapshot& snapshot) const {
  if (snapshot.notices.empty() || snapshot.notices.back().number <= closed_) return nullptr;
  return &snapshot.notices.back();
}

bool StatusBar::close_notice(const Snapshot& snapshot) {
  const Notice* notice = shown(snapshot);
  if (notice) closed_ = notice->number;
  return notice != nullptr;
}

void StatusBar::draw_notice(Ui& ui, Box& bar, const Snapshot& snapshot) {
  const Notice* notice = shown(snapshot);
  if (!notice) return;
  const Theme& theme = ui.theme();
  const float wanted = ui.width(Face::control, notice->text) + 52;
  Box box = bar.cut_right(std::min(wanted, bar.w * 0.7f));
  const bool closed = button(ui, icon::kClose, box.cut_right(24).row(20), {.plain = true, .tip = "Close\tEsc"});
  const Hit hit = ui.hit("notice", box);
  const Color color = notice->is_error ? theme.bad : theme.text;
  ui.text_in(box.cut_left(22), Face::control, notice->is_error ? theme.bad : theme.good, notice->is_error ? icon::kWarning : icon::kCheck);
  ui.text_in(box, Face::control, color, notice->text);
  if (hit.hovered) ui.tooltip(wrapped(notice->text));
  if (closed) close_notice(snapshot);
  bar.cut_right(12);
}

bool StatusBar::draw(Ui& ui, Box bar, const Snapshot& snapshot, bool deriving, const AlertLog* alerts, std::span<const std::string> facts,
                     const std::string& saved) {
  const Theme& theme = ui.theme();
  ui.pane = "status";
  ui.fill(bar, theme.background);
  ui.line_across(bar.x, bar.right(), bar.y, theme.line);
  bar = bar.inset(12, 0);
  bool cancelled = false;
  if (!snapshot.working_on.empty()) cancelled = draw_work(ui, bar, snapshot.working_on, snapshot.progress);
  else if (deriving) ui.text_in(bar.cut_right(140), Face::control, theme.dim, "computing the views …", Align::right);
  draw_notice(ui, bar, snapshot);
  const float start = bar.x;
  if (!snapshot.fault.empty()) draw_fact(ui, bar, start, theme.bad, "stopped: " + snapshot.fault);
  if (facts.empty()) draw_fact(ui, bar, start, theme.dim, position_text(snapshot));
  for (const std::string& fact : facts) draw_fact(ui, bar, start, theme.dim, fact);
  draw_fact(ui, bar, start, theme.dim, saved);
  draw_fact(ui, bar, start, theme.warning, trials_text(snapshot));
  draw_fact(ui, bar, start, theme.warning, alerts_text(alerts));
  draw_fact(ui, bar, start, theme.dim, speed_text(snapshot));
  if (!facts.empty()) return cancelled;
  draw_fact(ui, bar, start, theme.dim, trace_text(snapshot));
  if (snapshot.model) draw_fact(ui, bar, start, theme.dim, snapshot.model->arithmetic);
  return cancelled;
}

}  // namespace lab
