#pragma once
// Answers the latest of many questions on a thread of its own: what a frame wants to know and must not wait for.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lab {

/// Asking again replaces the question before; its answer, should it come, is thrown away.
template <class Question, class Answer>
class LatestAnswer {
 public:
  /// `answer` is called on the thread and must not throw; it may give up, with whatever answer, once `is_wanted` says no.
  /// `published` is called there after each answer and must not block. A question is taken up once no other has come for
  /// `patience`.
  using Work = std::function<Answer(const Question& question, const std::function<bool()>& is_wanted)>;
  LatestAnswer(Work answer, std::function<void()> published, std::chrono::milliseconds patience = {})
      : answer_(std::move(answer)), published_(std::move(published)), patience_(patience), thread_([this] { run(); }) {}
  ~LatestAnswer() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      asked_.notify_one();
    }
    thread_.join();
  }
  LatestAnswer(const LatestAnswer&) = delete;
  LatestAnswer& operator=(const LatestAnswer&) = delete;

  void ask(Question question) {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(question);
    latest_.reset();
    is_new_ = true;
    is_wanted_ = false;
    asked_.notify_one();
  }
  /// Nothing is wanted any more.
  void forget() {
    const std::lock_guard lock(mutex_);
    waiting_.reset();
    latest_.reset();
    is_wanted_ = false;
    asked_.notify_one();
  }
  /// The answer to the latest question, or null before it is there.
  std::shared_ptr<const Answer> latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return !waiting_ && !is_wanted_;
  }

 private:
  // Takes the question that has been the latest for a while; false when there is none any more.
  bool take(std::unique_lock<std::mutex>& lock, Question& question) {
    const auto is_news = [this] { return closing_ || !waiting_ || is_new_; };
    do is_new_ = false;
    while (asked_.wait_for(lock, patience_, is_news) && !closing_ && waiting_);
    if (closing_ || !waiting_) return false;
    question = *std::exchange(waiting_, {});
    return is_wanted_ = true;
  }
  void run();
  bool is_wanted() const {
    const std::lock_guard lock(mutex_);
    return is_wanted_ && !closing_;
  }

  const Work answer_;
  const std::function<void()> published_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  std::optional<Question> waiting_;
  std::shared_ptr<const Answer> latest_;
  bool is_new_ = false;     // the question that waits came after the wait for others began
  bool is_wanted_ = false;  // a question is worked on, and nobody has asked another one
  bool closing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

template <class Question, class Answer>
void LatestAnswer<Question, Answer>::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [this] { return closing_ || waiting_; });
    if (closing_) return;
    Question question;
    if (!take(lock, question)) continue;
    lock.unlock();
    auto answer = std::make_shared<const Answer>(answer_(question, [this] { return is_wanted(); }));
    lock.lock();
    if (!std::exchange(is_wanted_, false)) continue;
    latest_ = std::move(answer);
    lock.unlock();
    published_();
    lock.lock();
  }
}

}  // namespace lab
