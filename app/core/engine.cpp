#include "app/core/engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "app/core/hash_job.h"
#include "model/base/thread_priority.h"

namespace lab {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kFrame = std::chrono::milliseconds(16);       // the least time between two snapshots while work goes on
constexpr auto kBehind = std::chrono::milliseconds(250);     // a pace missed by more starts anew
constexpr auto kPatience = std::chrono::milliseconds(1900);  // how long closing waits for a step

bool announces_work(const Command& c) {
  return std::holds_alternative<command::Step>(c) || std::holds_alternative<command::ReadWaiting>(c) ||
         std::holds_alternative<command::Run>(c);
}

}  // namespace

/// What the threads share. The engine's thread keeps it alive as long as it needs.
struct Engine::Parts {
  mutable std::mutex mutex;
  std::condition_variable input, ended;
  std::deque<Command> queue;
  std::vector<Notice> notes;
  std::optional<HashJob::Done> hash;
  bool interrupted = false, closing = false, has_ended = false;
  bool busy = false;  // something taken from the queue, or announced by it, is not done
  std::shared_ptr<const Snapshot> latest;
  std::shared_ptr<const OpenedModel> opened;

  std::mutex calling;  // held while `published` is called, so that none is under way once the engine is gone
  std::function<void()> published;

  std::atomic<bool> stop = false;
  std::thread thread;
};

/// The life of the engine's thread.
class Engine::Loop {
 public:
  Loop(std::shared_ptr<Parts> parts, LabOptions options)
      : parts_(std::move(parts)), lab_(with_hooks(std::move(options))) {
    publish(lab_.snapshot(), false);
  }

  void run() {
    while (std::optional<Input> input = wait()) {
      try {
        take(*input);
        if (!input->command && lab_.has_work() && Clock::now() >= due_) work();
        if (lab_.plays() && Clock::now() >= play_due_) play();
        publish_in_time();
      } catch (const std::exception& problem) {
        lab_.fail(problem.what());
        fresh_ = true;
      } catch (...) {
        lab_.fail("an unknown failure");
        fresh_ = true;
      }
    }
    hashing_.stop();
    const std::lock_guard lock(parts_->mutex);
    parts_->has_ended = true;
    parts_->ended.notify_all();
  }

 private:
  struct Input {
    std::optional<Command> command;
    std::vector<Notice> notes;
    std::optional<HashJob::Done> hash;
    bool interrupted = false;
  };

  LabOptions with_hooks(LabOptions options) {
    options.stop = &parts_->stop;
    options.opening = [this](const char* doing, double progress) { publish_loading(doing, progress); };
    options.go_on = [this] {
      if (Clock::now() - published_at_ >= kFrame) publish(lab_.snapshot(), true);
      const std::lock_guard lock(parts_->mutex);
      return !parts_->closing && !parts_->interrupted &&
             std::none_of(parts_->queue.begin(), parts_->queue.end(),
                          [](const Command& c) { return std::holds_alternative<command::Pause>(c); });
    };
    return options;
  }

  // The first command that may be applied now. While one waits for work to end, looks and Pause go past it.
  std::deque<Command>::iterator next_command() {
    auto& queue = parts_->queue;
    if (queue.empty() || !lab_.should_wait(queue.front())) return queue.begin();
    return std::find_if(queue.begin(), queue.end(), [&](const Command& c) { return lab_.may_overtake(c); });
  }

  bool is_busy() const { return lab_.has_work() || lab_.plays(); }

  // When a busy engine has to do something by itself: a piece of work, a move of the cursor, a snapshot.
  Clock::time_point next_due() const {
    const Clock::time_point at = !lab_.plays() ? due_ : !lab_.has_work() ? play_due_ : std::min(due_, play_due_);
    return fresh_ ? std::min(at, published_at_ + kFrame) : at;
  }

  // Sleeps until there is something to do and takes it; nothing when the engine closes.
  std::optional<Input> wait() {
    std::unique_lock lock(parts_->mutex);
    parts_->busy = is_busy();
    const auto has_input = [&] {
      return parts_->closing || parts_->interrupted || !parts_->notes.empty() || parts_->hash ||
             next_command() != parts_->queue.end();
    };
    if (!is_busy())
      parts_->input.wait(lock, has_input);
    else
      parts_->input.wait_until(lock, next_due(), has_input);
    if (parts_->closing) return std::nullopt;
    Input input{.notes = std::exchange(parts_->notes, {}),
                .hash = std::exchange(parts_->hash, {}),
                .interrupted = std::exchange(parts_->interrupted, false)};
    if (input.interrupted) {
      parts_->stop = false;
    } else if (const auto next = next_command(); next != parts_->queue.end()) {
      input.command = std::move(*next);
      parts_->queue.erase(next);
    }
    parts_->busy = true;
    return input;
  }

  void take(Input& input) {
    for (const Notice& note : input.notes) lab_.note(note.is_error, note.text, note.error);
    if (input.hash) lab_.set_model_hash(input.hash->opened, input.hash->hash);
    if (input.hash && input.hash->opened == lab_.opened())
      for (const Error& problem : input.hash->damage) lab_.note(true, problem.text());
    if (input.interrupted) lab_.apply(command::Pause{});
    fresh_ = fresh_ || !input.notes.empty() || input.hash || input.interrupted;
    if (!input.command) return;
    if (const auto* open = std::get_if<command::Open>(&*input.command)) {
      loading_ = label_of(*open);
      publish_loading("", 0);
    }
    lab_.apply(*input.command);
    if (announces_work(*input.command)) due_ = Clock::now();
    if (std::holds_alternative<command::Play>(*input.command)) play_due_ = Clock::now() + play_pause();
    if (lab_.opened() != hashed_) hash();
    fresh_ = true;
  }

  void hash() {
    hashed_ = lab_.opened();
    hashing_.start(hashed_, [parts = parts_](HashJob::Done done) {
      const std::lock_guard lock(parts->mutex);
      parts->hash = std::move(done);
      parts->input.notify_one();
    });
  }

  void work() {
    lab_.work();
    fresh_ = true;
    const double rate = lab_.rate();
    const Clock::time_point now = Clock::now();
    if (rate <= 0)
      due_ = now;
    else
      due_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
    if (due_ + kBehind < now) due_ = now;
  }

  Clock::duration play_pause() const {
    const double rate = lab_.play_rate();
    return rate <= 0 ? kFrame : std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
  }

  void play() {
    play_due_ += play_pause();
    if (play_due_ + kBehind < Clock::now()) play_due_ = Clock::now();
    lab_.play_on();
    fresh_ = true;
  }

  // While work goes on, a few times a frame would be too often; at rest, what there is to see is there at once.
  void publish_in_time() {
    if (fresh_ && (!is_busy() || Clock::now() - published_at_ >= kFrame)) publish(lab_.snapshot(), is_busy());
  }

  void publish_loading(const std::string& doing, double progress) {
    auto snapshot = std::make_shared<Snapshot>(*lab_.snapshot());
    snapshot->state = EngineState::loading;
    snapshot->working_on = loading_ + (doing.empty() ? "" : ": " + doing);
    snapshot->progress = progress;
    publish(std::move(snapshot), true);
  }

  void publish(std::shared_ptr<const Snapshot> snapshot, bool busy) {
    published_at_ = Clock::now();
    fresh_ = false;
    {
      const std::lock_guard lock(parts_->mutex);
      parts_->latest = std::move(snapshot);
      parts_->opened = lab_.opened();
      parts_->busy = busy;  // before the front end is woken: it may ask at once
    }
    const std::lock_guard lock(parts_->calling);
    if (parts_->published) parts_->published();
  }

  const std::shared_ptr<Parts> parts_;
  Clock::time_point published_at_ = Clock::now(), due_ = Clock::now(), play_due_ = Clock::now();
  bool fresh_ = false;   // something has changed that no snapshot shows
  std::string loading_;  // "open X", while it is being opened
  Lab lab_;
  std::shared_ptr<const OpenedModel> hashed_;
  HashJob hashing_;
};

Engine::Engine(LabOptions options, std::function<void()> published) : parts_(std::make_shared<Parts>()) {
  std::promise<void> begun;
  parts_->thread = std::thread([parts = parts_, &options, &begun] {
    give_way(Priority::steps);  // before the loop starts the threads that compute
    std::optional<Loop> loop;
    try {
      loop.emplace(parts, std::move(options));
    } catch (...) {
      return begun.set_exception(std::current_exception());
    }
    begun.set_value();
    loop->run();
  });
  try {
    begun.get_future().get();  // the first snapshot is there
  } catch (...) {
    parts_->thread.join();
    throw;
  }
  const std::lock_guard lock(parts_->calling);
  parts_->published = std::move(published);
}

Engine::~Engine() {
  {
    const std::lock_guard lock(parts_->calling);
    parts_->published = nullptr;
  }
  std::thread thread = std::move(parts_->thread);
  std::unique_lock lock(parts_->mutex);
  parts_->closing = true;
  parts_->stop = true;
  parts_->input.notify_all();
  const bool has_ended = parts_->ended.wait_for(lock, kPatience, [&] { return parts_->has_ended; });
  lock.unlock();
  if (has_ended)
    thread.join();
  else
    thread.detach();
}

void Engine::submit(Command command) {
  const std::lock_guard lock(parts_->mutex);
  parts_->queue.push_back(std::move(command));
  parts_->input.notify_one();
}

void Engine::interrupt() {
  const std::lock_guard lock(parts_->mutex);
  const auto is_open = [](const Command& command) { return std::holds_alternative<command::Open>(command); };
  if (std::erase_if(parts_->queue, is_open) > 0) parts_->notes.push_back({.is_error = true, .text = "opening was cancelled"});
  parts_->interrupted = true;
  parts_->stop = true;
  parts_->input.notify_one();
}

void Engine::note(bool is_error, std::string text) {
  const std::lock_guard lock(parts_->mutex);
  parts_->notes.push_back({.is_error = is_error, .text = std::move(text)});
  parts_->input.notify_one();
}

void Engine::note(Error error) {
  const std::lock_guard lock(parts_->mutex);
  parts_->notes.push_back({.is_error = true, .text = error.text(), .error = std::make_shared<const Error>(std::move(error))});
  parts_->input.notify_one();
}

std::shared_ptr<const Snapshot> Engine::latest() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->latest;
}

std::shared_ptr<const OpenedModel> Engine::opened() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->opened;
}

bool Engine::idle() const {
  const std::lock_guard lock(parts_->mutex);
  return !parts_->busy && parts_->queue.empty() && parts_->notes.empty() && !parts_->interrupted;
}

}  // namespace lab
