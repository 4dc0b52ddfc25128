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

/// Whether it reads a file, which takes its time and can be stopped.
bool opens_file(const Command& c) { return std::holds_alternative<command::Open>(c) || std::holds_alternative<command::CompareWith>(c); }

}  // namespace

/// A command that waits to be applied.
struct QueuedCommand {
  Command command;
  std::int64_t at = -1;    // of a session: the position it was written for; -1: wherever the run is
  std::int64_t index = -1;  // of a session: its place there
  std::int64_t of = 0;      // of a session: how many there are
  bool is_replayed() const { return of > 0; }
};

/// What the threads share. The engine's thread keeps it alive as long as it needs.
struct Engine::Parts {
  mutable std::mutex mutex;
  std::condition_variable input, ended;
  std::deque<QueuedCommand> queue;
  std::vector<Notice> notes;
  std::vector<AskedFigure> figures;
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
        if (!input->command && lab_.has_work() && (hurries_ || Clock::now() >= due_)) work();
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
    std::optional<QueuedCommand> command;
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
                          [](const QueuedCommand& c) { return !c.is_replayed() && std::holds_alternative<command::Pause>(c.command); });
    };
    return options;
  }

  // The first command that may be applied now. While one waits for work to end, looks and Pause go past it.
  std::deque<QueuedCommand>::iterator next_command() {
    auto& queue = parts_->queue;
    if (queue.empty() || !waits(queue.front())) return queue.begin();
    return std::find_if(queue.begin(), queue.end(), [&](const QueuedCommand& c) { return !c.is_replayed() && lab_.may_overtake(c.command); });
  }

  bool waits(const QueuedCommand& next) const {
    if (next.at >= 0 && lab_.has_work() && lab_.count() < next.at) return true;
    return lab_.should_wait(next.command);
  }

  bool is_busy() const { return lab_.has_work() || lab_.plays(); }

  // When a busy engine has to do something by itself: a piece of work, a move of the cursor, a snapshot.
  Clock::time_point next_due() const {
    if (hurries_ && lab_.has_work()) return Clock::now();
    const Clock::time_point at = !lab_.plays() ? due_ : !lab_.has_work() ? play_due_ : std::min(due_, play_due_);
    return fresh_ ? std::min(at, published_at_ + kFrame) : at;
  }

  // Sleeps until there is something to do and takes it; nothing when the engine closes.
  std::optional<Input> wait() {
    std::unique_lock lock(parts_->mutex);
    parts_->busy = is_busy();
    replayed_to_ = parts_->queue.empty() ? -1 : parts_->queue.front().at;
    hurries_ = replayed_to_ >= 0;
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
    const QueuedCommand& next = *input.command;
    if (opens_file(next.command)) {
      loading_ = label_of(next.command);
      publish_loading("", 0);
    }
    if (!next.is_replayed()) apply(next.command);
    else if (!apply_replayed(next)) end_replay(next);
    if (announces_work(next.command)) due_ = Clock::now();
    if (std::holds_alternative<command::Play>(next.command)) play_due_ = Clock::now() + play_pause();
    if (lab_.opened() != hashed_) hash();
    fresh_ = true;
  }

  void apply(const Command& command) {
    const bool is_applied = lab_.apply(command).applied;
    const auto* figure = std::get_if<command::ExportFigure>(&command);
    if (!is_applied || !figure) return;
    AskedFigure asked{lab_.snapshot(), lab_.opened(), *figure};
    const std::lock_guard lock(parts_->mutex);
    parts_->figures.push_back(std::move(asked));
  }

  bool apply_replayed(const QueuedCommand& next) {
    // What looks on may be gone, as a file that was compared: the run does not depend on it.
    if (next.at < 0 || next.at == lab_.count()) return lab_.apply(next.command).applied || is_look(next.command);
    lab_.note(true, "commands[" + std::to_string(next.index) + "] " + name_of(next.command) + " is written for position " + std::to_string(next.at) +
                        ", the run is at " + std::to_string(lab_.count()));
    return false;
  }

  // What would follow was meant for a run that is not there.
  void end_replay(const QueuedCommand& refused) {
    {
      const std::lock_guard lock(parts_->mutex);
      std::erase_if(parts_->queue, [](const QueuedCommand& c) { return c.is_replayed(); });
    }
    if (refused.index >= 0)
      lab_.note(true, "the session was replayed up to command " + std::to_string(refused.index) + " of " + std::to_string(refused.of) + ": what it did so far is here, the rest is not");
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
    lab_.work(hurries_ && lab_.count() < replayed_to_ ? replayed_to_ : INT64_MAX);
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
  std::int64_t replayed_to_ = -1;  // where the next command of a session is due
  bool hurries_ = false;           // the pace of a run does not count: a session is replayed
  bool fresh_ = false;   // something has changed that no snapshot shows
  std::string loading_;  // "open X", "compare with X", while it is being opened
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
  parts_->queue.push_back({.command = std::move(command)});
  parts_->input.notify_one();
}

void Engine::replay(Command open, std::vector<SessionCommand> commands) {
  const std::lock_guard lock(parts_->mutex);
  const auto count = static_cast<std::int64_t>(commands.size());
  std::erase_if(parts_->queue, [](const QueuedCommand& next) { return next.is_replayed(); });
  parts_->queue.push_back({.command = std::move(open), .of = count + 1});
  for (std::int64_t i = 0; i < count; ++i) {
    SessionCommand& next = commands[static_cast<std::size_t>(i)];
    parts_->queue.push_back({.command = std::move(next.command), .at = next.step, .index = i, .of = count});
  }
  parts_->input.notify_one();
}

void Engine::interrupt() {
  const std::lock_guard lock(parts_->mutex);
  const auto opens_one = [](const QueuedCommand& next) { return opens_file(next.command); };
  const bool opens = std::ranges::any_of(parts_->queue, opens_one);
  std::erase_if(parts_->queue, [&](const QueuedCommand& next) { return opens_one(next) || next.is_replayed(); });
  if (opens) parts_->notes.push_back({.is_error = true, .text = "opening was cancelled"});
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

std::vector<AskedFigure> Engine::take_figures() {
  const std::lock_guard lock(parts_->mutex);
  return std::exchange(parts_->figures, {});
}

bool Engine::idle() const {
  const std::lock_guard lock(parts_->mutex);
  return !parts_->busy && parts_->queue.empty() && parts_->notes.empty() && !parts_->interrupted;
}

}  // namespace lab
