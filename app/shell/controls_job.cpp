#include "app/shell/controls_job.h"

#include <algorithm>
#include <utility>

#include "app/core/controls.h"

namespace lab {
namespace {

constexpr double kShareShown = 0.01;  // of progress, before the window is woken for it

}  // namespace

ControlsJob::ControlsJob(const ContextOptions& arithmetic, const std::function<void()>& wake)
    : arithmetic_(arithmetic), wake_(wake),
      job_([this](const Question& question, const std::function<bool()>& is_wanted) { return answer(question, is_wanted); }, wake) {}

// Nothing that fails here may end the program: it is told in place of the answer.
ControlsJob::Answer ControlsJob::answer(const Question& question, const std::function<bool()>& is_wanted) {
  Answer answer{.run = question.snapshot->run};
  try {
    Context<float> context(arithmetic_);
    double shown = 0;
    auto table = run_controls(*question.opened, *question.snapshot, context, [&](double share) {
      share_ = share;
      if (share - shown >= kShareShown) shown = share, wake_();
      return is_wanted();
    });
    if (table) answer.table = table.take();
    else answer.refusal = table.error().text();
  } catch (const std::exception& problem) {
    answer.refusal = problem.what();
  }
  return answer;
}

void ControlsJob::follow(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened, PaneMemory& memory) {
  if (opened != opened_) {
    opened_ = opened;
    asked_.reset();
    job_.forget();
    memory.controls.clear();
    memory.controls_refusal.clear();
    memory.controls_share = -1;
    memory.intervention = -1;
  }
  const auto rules = snapshot->edits ? interventions_at(*snapshot->edits, snapshot->count()) : nullptr;
  const bool is_asked = asked_ && asked_ == Wish{snapshot->run, snapshot->controls_number};
  const bool is_wish = opened && snapshot->controls && (is_asked || (rules && snapshot->controls->index < std::ssize(*rules)));
  if (!is_wish) {
    if (asked_) asked_.reset(), job_.forget();
    memory.controls_share = -1;
    return;
  }
  const Wish wish{snapshot->run, snapshot->controls_number};
  if (asked_ != wish) {
    asked_ = wish;
    share_ = 0;
    taken_.reset();
    memory.controls_refusal.clear();
    job_.ask({snapshot, opened});
  }
  const std::shared_ptr<const Answer> latest = job_.latest();
  memory.controls_share = latest ? -1 : share_.load();
  if (!latest || latest == taken_) return;
  taken_ = latest;
  memory.controls_refusal = latest->refusal;
  if (!latest->table) return;
  std::erase_if(memory.controls, [&](const KnownControls& known) { return known.run == latest->run && known.table->intervention == latest->table->intervention; });
  memory.controls.push_back({latest->run, latest->table});
}

bool ControlsJob::has_news(const PaneMemory& memory) const {
  if (!asked_) return false;
  const std::shared_ptr<const Answer> latest = job_.latest();
  return latest ? latest != taken_ : share_.load() - memory.controls_share >= kShareShown;
}

}  // namespace lab
