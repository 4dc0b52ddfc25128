#include "app/core/replay.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/core/recorded_session.h"
#include "model/base/hash.h"

namespace lab {
namespace {

// What has become of announced work: an interruption, a fault or a refusal along the way.
Status outcome(Lab& lab, const std::atomic<bool>* stop) {
  if (stop && *stop) return Error{.code = Code::cancelled, .message = "interrupted"};
  const auto snapshot = lab.snapshot();
  if (snapshot->state == EngineState::faulted) return Error{.code = Code::environment, .message = snapshot->fault};
  const auto bad = std::find_if(snapshot->notices.begin(), snapshot->notices.end(),
                                [](const Notice& notice) { return notice.is_error; });
  if (bad != snapshot->notices.end()) return Error{.code = Code::out_of_range, .message = bad->text};
  return {};
}

Status work_until(Lab& lab, std::int64_t position, const std::atomic<bool>* stop) {
  while (lab.has_work() && lab.snapshot()->count() < position) lab.work(position);
  return outcome(lab, stop);
}

Status apply(const SessionCommand& next, Lab& lab, const OnFigure& on_figure, const std::atomic<bool>* stop) {
  if (lab.should_wait(next.command)) lab.finish_work();
  LAB_TRY(work_until(lab, next.step, stop));
  const std::int64_t position = lab.snapshot()->count();
  if (position != next.step)
    return Error{.code = Code::mismatch,
                 .field = "step",
                 .expected = fmt::format("{}, where the run is", position),
                 .found = std::to_string(next.step),
                 .message = "the command is written for another position"};
  if (const auto* figure = std::get_if<command::ExportFigure>(&next.command)) return on_figure(*figure);
  const Answer answer = lab.apply(next.command);
  return answer.applied ? Status() : Status(answer.refusal);
}

}  // namespace

Status replay(const std::vector<SessionCommand>& commands, Lab& lab, const OnFigure& on_figure, const std::atomic<bool>* stop) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Status status = apply(commands[i], lab, on_figure, stop);
    if (status) continue;
    const std::string& field = status.error().field;
    status.error().field =
        fmt::format("commands[{}] {}{}{}", i, name_of(commands[i].command), field.empty() ? "" : ".", field);
    return status;
  }
  lab.finish_work();
  return outcome(lab, stop);
}

Status read_all(Lab& lab, std::vector<std::int32_t> ids, const std::atomic<bool>* stop) {
  return replay({{0, command::FeedTokens{std::move(ids)}}, {0, command::ReadWaiting{}}}, lab, {}, stop);
}

Result<std::string> state_hash(Lab& lab, std::int64_t position) {
  const auto snapshot = lab.snapshot();
  if (position == snapshot->count()) return hex_of(lab.state().hash());
  return state_hash(*snapshot, *lab.opened(), position);
}

}  // namespace lab
