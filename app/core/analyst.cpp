#include "app/core/analyst.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "model/base/thread_priority.h"

namespace lab {

struct Analyst::Parts {
  struct Question {
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const OpenedModel> opened;
    Query query;
  };

  explicit Parts(const ContextOptions& arithmetic, std::function<void()> published_)
      : deriver(arithmetic), published(std::move(published_)) {}

  // A question in work goes on when only tokens were added; when something else is looked at, its answer is not wanted any more.
  static bool supersedes(const Question& next, const Question& now) {
    Selection a = next.snapshot->selection, b = now.snapshot->selection;
    a.cursor_a = a.cursor_b = b.cursor_a = b.cursor_b = 0;
    const bool other_comparison = next.query.comparison != now.query.comparison || next.query.multiples != now.query.multiples;
    const bool other_rows = other_comparison || next.query.rows_axis != now.query.rows_axis || next.query.watched != now.query.watched;
    return a != b || other_rows || next.opened != now.opened;
  }

  void run();
  std::shared_ptr<const Derived> answer(const Question& question);

  Deriver deriver;
  const std::function<void()> published;
  mutable std::mutex mutex;
  std::condition_variable asked;
  std::optional<Question> waiting, in_work;
  std::shared_ptr<const Derived> latest = std::make_shared<const Derived>();
  bool closing = false;
  std::atomic<bool> cancelled = false;
  std::thread thread;
};

// Nothing that fails here may end the program: it is told in place of the answer.
std::shared_ptr<const Derived> Analyst::Parts::answer(const Question& question) {
  auto failed = std::make_shared<Derived>();
  failed->snapshot = question.snapshot->number;
  try {
    return deriver.derive(question.snapshot, question.opened, question.query,
                          [this] { return cancelled.load(std::memory_order_relaxed); });
  } catch (const std::exception& problem) {
    failed->refusal = problem.what();
  } catch (...) {
    failed->refusal = "an unknown failure";
  }
  return failed;
}

void Analyst::Parts::run() {
  give_way(Priority::background);  // what is derived may be a frame late
  std::unique_lock lock(mutex);
  while (true) {
    asked.wait(lock, [this] { return closing || waiting; });
    if (closing) return;
    in_work = std::exchange(waiting, {});
    cancelled = false;
    const Question question = *in_work;
    lock.unlock();
    std::shared_ptr<const Derived> answered = answer(question);
    lock.lock();
    if (answered) latest = std::move(answered);
    in_work.reset();
    if (closing) return;
    lock.unlock();
    published();
    lock.lock();
  }
}

Analyst::Analyst(const ContextOptions& arithmetic, std::function<void()> published)
    : parts_(std::make_shared<Parts>(arithmetic, std::move(published))) {
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
}

Analyst::~Analyst() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->closing = true;
    parts_->cancelled = true;
    parts_->asked.notify_one();
  }
  parts_->thread.join();
}

void Analyst::ask(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const OpenedModel> opened,
                  const Query& query) {
  const std::lock_guard lock(parts_->mutex);
  parts_->waiting = Parts::Question{std::move(snapshot), std::move(opened), query};
  if (parts_->in_work && Parts::supersedes(*parts_->waiting, *parts_->in_work)) parts_->cancelled = true;
  parts_->asked.notify_one();
}

std::shared_ptr<const Derived> Analyst::latest() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->latest;
}

bool Analyst::idle() const {
  const std::lock_guard lock(parts_->mutex);
  return !parts_->waiting && !parts_->in_work;
}

}  // namespace lab
