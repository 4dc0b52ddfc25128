#include "bench/long_run.h"

#include <utility>

namespace lab::bench {

Result<std::unique_ptr<Lab>> lab_on(const Subject& subject) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> of, open_subject(subject));
  auto opened = std::make_shared<OpenedModel>();
  opened->checkpoint = of->checkpoint;
  opened->model = std::shared_ptr<const Model>(of, of->model.get());
  opened->path = subject.name();
  auto lab = std::make_unique<Lab>(LabOptions{.trace = {.budget_bytes = std::int64_t{4} << 30}});
  lab->put(std::move(opened));
  return lab;
}

Status carry_out(Lab& lab, const Command& command) {
  if (const Answer answer = lab.apply(command); !answer.applied) return answer.refusal;
  lab.finish_work();
  const auto snapshot = lab.snapshot();
  if (snapshot->state != EngineState::faulted) return {};
  return Error{.code = Code::environment, .field = name_of(command), .message = snapshot->fault};
}

Status read(Lab& lab, std::vector<std::int32_t> tokens) {
  LAB_TRY(carry_out(lab, command::FeedTokens{std::move(tokens)}));
  return carry_out(lab, command::ReadWaiting{});
}

}  // namespace lab::bench
