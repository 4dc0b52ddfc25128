// Notes that people leave at tokens, and where a run pauses by itself.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/numbered.h"
#include "app/core/surprise.h"

namespace lab {
namespace {

constexpr Numbered kNotes{"a", "note", 1000}, kBreakpoints{"a", "breakpoint", 64};
constexpr std::size_t kMostNoteBytes = 400;

Status check(const command::SetNote& c, std::int64_t tokens) {
  if (c.token < 0 || c.token >= tokens)
    return Error{.code = Code::out_of_range,
                 .field = "token",
                 .expected = tokens == 0 ? "a run that has read something" : fmt::format("0 to {}", tokens - 1),
                 .found = std::to_string(c.token),
                 .message = "the run has no such token"};
  if (c.text.size() > kMostNoteBytes || printable(c.text, kMostNoteBytes) != c.text)
    return Error{.code = Code::bad_argument,
                 .field = "text",
                 .expected = fmt::format("at most {} bytes of printable text", kMostNoteBytes),
                 .found = printable(c.text),
                 .message = "a note is a text that can be shown"};
  return {};
}

/// Of a track of a layer the statistic that it is.
Statistic statistic_of(StopTrack track) {
  switch (track) {
    case StopTrack::delta: return Statistic::h_change;
    case StopTrack::write: return Statistic::write_norm;
    case StopTrack::decay: return Statistic::decay_mean;
    case StopTrack::step: return Statistic::dt_mean;
    case StopTrack::gate: return Statistic::gate_mean;
    case StopTrack::resid: return Statistic::resid_norm;
    default: return Statistic::h_norm;
  }
}

}  // namespace

void Lab::Parts::change_notes(std::vector<TokenNote> next, const std::string& label) {
  begin_change();
  NotesChange change{std::make_shared<const std::vector<TokenNote>>(std::move(next))};
  std::swap(run->notes, change.other);
  end_change({{label, count()}, std::move(change)});
}

Status Lab::Parts::carry_out(const command::SetNote& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, with_item(kNotes, *run->notes, c.index, TokenNote{c.token, c.text}));
  LAB_TRY(check(c, count()));
  if (next != *run->notes) change_notes(std::move(next), label_of(c));
  return {};
}

Status Lab::Parts::carry_out(const command::RemoveNote& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, without_item(kNotes, *run->notes, c.index));
  change_notes(std::move(next), fmt::format("remove the note at token {}", (*run->notes)[static_cast<std::size_t>(c.index)].token));
  return {};
}

void Lab::Parts::use_breakpoints(std::vector<Breakpoint> next) {
  breakpoints = std::make_shared<const std::vector<Breakpoint>>(std::move(next));
  mind_breakpoints();
}

void Lab::Parts::change_breakpoints(std::vector<Breakpoint> next, const std::string& label) {
  begin_change();
  BreakpointsChange change{breakpoints};
  use_breakpoints(std::move(next));
  end_change({{label, count()}, std::move(change)});
}

/// From here on the present breakpoints are those at which a run pauses.
void Lab::Parts::mind_breakpoints() {
  stops.clear();
  alarm.reset();
  for (const Breakpoint& each : *breakpoints) {
    if (!each.on) continue;
    if (auto stop = StopExpression::parse(each.when, opened->model->layers())) stops.emplace_back(stop.take());
    else stops.emplace_back();
  }
}

Status Lab::Parts::carry_out(const command::SetBreakpoint& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, with_item(kBreakpoints, *breakpoints, c.index, Breakpoint{c.when, c.on}));
  LAB_TRY(StopExpression::parse(c.when, opened->model->layers()));
  if (next != *breakpoints) change_breakpoints(std::move(next), label_of(c));
  return {};
}

Status Lab::Parts::carry_out(const command::RemoveBreakpoint& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, without_item(kBreakpoints, *breakpoints, c.index));
  change_breakpoints(std::move(next), fmt::format("remove the breakpoint {}", printable((*breakpoints)[static_cast<std::size_t>(c.index)].when)));
  return {};
}

// After a piece of reading: the first token for which a breakpoint holds is the last one read; those beyond it wait again.
Status Lab::Parts::pause_where_asked(std::int64_t before, const std::vector<float>& logits_before) {
  const bool asks_alerts = std::ranges::any_of(stops, [](const auto& stop) { return stop && stop->needs_alerts(); });
  if (asks_alerts) {
    if (!alarm || alarm_rules != rules) alarm.emplace(*opened->model, *rules, context), alarm_rules = rules;
    LAB_TRY(alarm->follow(watched_run(), count(), {}));
  }
  const auto trace = run->trace();
  for (std::int64_t t = before; t < count(); ++t) {
    const std::int32_t id = run->has_vectors() ? -1 : run->tokens()[t][0];
    const auto value = [&](StopTrack track, std::int64_t layer) -> double {
      constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
      switch (track) {
        case StopTrack::t: return static_cast<double>(t);
        case StopTrack::token: return id < 0 ? kNaN : static_cast<double>(id);
        case StopTrack::entropy: return t + 1 == count() ? uncertainty(run->logits(), -1, sampleable).entropy : kNaN;
        case StopTrack::surprise: return t == before && !logits_before.empty() ? uncertainty(logits_before, id, sampleable).surprise : kNaN;
        case StopTrack::alerts:
          return alarm ? static_cast<double>(std::ranges::count_if(alarm->alerts(), [t](const Alert& alert) { return alert.finding.token == t; })) : kNaN;
        default: return static_cast<double>(trace->statistic(static_cast<int>(layer), statistic_of(track), t).mean);
      }
    };
    std::size_t on = 0;
    for (const Breakpoint& each : *breakpoints) {
      if (!each.on) continue;
      const auto& stop = stops[on++];
      if (!stop || !stop->holds(value)) continue;
      LAB_TRY(go_back_to(t + 1));
      note(false, fmt::format("paused at t = {}: {}", t, each.when));
      stop_work();
      return {};
    }
  }
  return {};
}

}  // namespace lab
