#include "app/core/journal_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "app/core/recorded_session.h"
#include "app/core/recovery.h"
#include "model/files/file_calls.h"

namespace lab {
namespace {

constexpr auto kPause = std::chrono::milliseconds(400);  // between two flushes; commands at rest are written at once

/// A journal begins.
struct JournalStart {
  JournalHeader header;
  Session session;
};
struct ReachedPosition {
  std::int64_t position = 0;
  bool goes_on = false;
};
/// Another model takes the place of its own.
struct JournalEnd {
  bool has_changes = false;
};
using JournalPiece = std::variant<JournalStart, SessionCommand, ReachedPosition, std::string, JournalEnd>;

/// The file on the disk, as the writer's thread alone knows it.
class JournalFile {
 public:
  explicit JournalFile(std::string folder) : folder_(std::move(folder)) {}
  ~JournalFile() { close(); }
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  const std::string& path() const { return path_; }

  void take(const JournalPiece& piece) {
    if (const auto* start = std::get_if<JournalStart>(&piece)) return begin(*start);
    if (const auto* done = std::get_if<SessionCommand>(&piece)) return add(journal_entry(*done));
    if (const auto* reached = std::get_if<ReachedPosition>(&piece)) return add(journal_position(reached->position, reached->goes_on));
    if (const auto* last = std::get_if<JournalEnd>(&piece)) return end(last->has_changes);
    add(std::get<std::string>(piece));
  }

  /// Puts on the disk what was taken. What cannot be written stays for the next time; after a failed flush nobody knows what the
  /// disk has, and this journal is given up.
  Status write() {
    if (is_given_up_) return problem(EIO, "the journal was given up");
    if (text_.empty()) return {};
    if (descriptor_ < 0) LAB_TRY(make());
    std::string_view rest = text_;
    while (!rest.empty()) {
      const ssize_t written = file_calls().write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const int number = written < 0 ? errno : EIO;
        if (::ftruncate(descriptor_, good_bytes_) != 0) is_given_up_ = true;  // half a line would end it for whoever reads it
        return problem(number, "the journal cannot be written");
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file_calls().flush_data(descriptor_) != 0) {
      is_given_up_ = true;
      return problem(errno, "the journal cannot be flushed to disk");
    }
    good_bytes_ += static_cast<off_t>(text_.size());
    text_.clear();
    return {};
  }

  /// Ends it: it goes where all of it was saved.
  void end(bool has_changes) {
    if (has_changes) {
      add(journal_closed());
      (void)static_cast<bool>(write());  // without its last line it is one that was not closed, and offered all the same
    } else if (descriptor_ >= 0) {
      ::unlink(path_.c_str());
    }
    forget();
  }

 private:
  void begin(const JournalStart& start) {
    forget();
    add(journal_header(start.header, start.session));
  }

  void add(const std::string& json) {
    if (!is_given_up_) text_ += journal_frame(next_++, json);
  }

  void close() {
    if (descriptor_ >= 0) file_calls().close(std::exchange(descriptor_, -1));
  }

  void forget() {
    close();
    path_.clear();
    text_.clear();
    next_ = 0, good_bytes_ = 0;
    is_given_up_ = false;
  }

  Status make() {
    const std::string name = folder_ + "/" + local_time("%Y%m%d-%H%M%S", std::time(nullptr)) + "-" + std::to_string(::getpid()) + "-";
    do path_ = name + std::to_string(made_++) + ".journal";
    while ((descriptor_ = file_calls().open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600)) < 0 && errno == EEXIST);
    if (descriptor_ < 0) return problem(errno, "a journal cannot be made");
    if (::flock(descriptor_, LOCK_EX) != 0) return problem(errno, "the journal cannot be locked");
    if (const int folder = file_calls().open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); folder >= 0) {
      file_calls().flush(folder);
      file_calls().close(folder);
    }
    return {};
  }

  Error problem(int number, const char* what) const {
    return {.code = Code::environment,
            .file = path_,
            .found = std::strerror(number),
            .message = std::string(what) + ": what you do is kept in memory alone, a crash loses it",
            .next = "save the session (Ctrl+S)"};
  }

  const std::string folder_;
  std::string path_, text_;  // text_: taken and not on the disk
  int descriptor_ = -1;
  std::int64_t next_ = 0, made_ = 0;
  off_t good_bytes_ = 0;
  bool is_given_up_ = false;
};

}  // namespace

struct JournalWriter::Parts {
  Parts(std::string folder, std::string program_, std::string arithmetic_, std::function<void()> woken_)
      : program(std::move(program_)), arithmetic(std::move(arithmetic_)), woken(std::move(woken_)), journal(std::move(folder)) {}

  void give(JournalPiece piece);
  void run();

  const std::string program, arithmetic;
  const std::function<void()> woken;

  mutable std::mutex mutex;
  std::condition_variable asked, done;
  std::vector<JournalPiece> pending;
  std::int64_t given = 0, written = 0;  // pieces
  bool is_hurried = false, is_closing = false, has_failed = false;
  struct Expected {
    Session session;
    std::string recovers;
  };
  std::map<std::uint64_t, Expected> expected;  // by their tickets
  std::string path, problem;
  const OpenedModel* model = nullptr;  // that is open, to be compared alone
  std::int64_t changes = 0, position = 0, saved_changes = 0, saved_position = 0;

  JournalFile journal;  // of the thread
  std::thread thread;
};

// With the lock held.
void JournalWriter::Parts::give(JournalPiece piece) {
  ++given;
  const bool was_idle = pending.empty();
  pending.push_back(std::move(piece));
  if (was_idle) asked.notify_one();
}

void JournalWriter::Parts::run() {
  std::unique_lock lock(mutex);
  while (true) {
    asked.wait_for(lock, has_failed ? kPause : std::chrono::hours(1), [this] { return is_closing || is_hurried || !pending.empty(); });
    const std::vector<JournalPiece> pieces = std::exchange(pending, {});
    const std::int64_t taken = given;
    const bool ends = is_closing;
    is_hurried = false;
    lock.unlock();
    for (const JournalPiece& piece : pieces) journal.take(piece);
    Status status = journal.write();
    lock.lock();
    path = journal.path();
    written = status ? taken : written;
    const bool is_news = !status && !has_failed;
    has_failed = !status;
    if (is_news) problem = status.error().text();
    done.notify_all();
    if (is_news && woken) {
      lock.unlock();
      woken();
      lock.lock();
    }
    if (ends) break;
    asked.wait_for(lock, kPause, [this] { return is_closing || is_hurried; });
  }
  const bool has_changes = changes != saved_changes || position != saved_position;
  lock.unlock();
  journal.end(has_changes);
}

JournalWriter::JournalWriter(std::string folder, std::string program, std::string arithmetic, std::function<void()> woken)
    : parts_(std::make_unique<Parts>(std::move(folder), std::move(program), std::move(arithmetic), std::move(woken))) {
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->is_closing = true;
    parts_->asked.notify_all();
  }
  parts_->thread.join();
}

void JournalWriter::expect(Session kept, const std::string& recovers, std::uint64_t ticket) {
  const std::lock_guard lock(parts_->mutex);
  parts_->expected[ticket] = {std::move(kept), recovers};
}

void JournalWriter::applied(const SessionCommand& done, const OpenedModel& opened) {
  Parts& p = *parts_;
  const std::lock_guard lock(p.mutex);
  if (const auto* open = std::get_if<command::Open>(&done.command)) {
    const bool had_changes = p.model && (p.changes != p.saved_changes || p.position != p.saved_position);
    if (p.model) p.give(JournalEnd{had_changes});
    const Parts::Expected coming = std::exchange(p.expected[open->ticket], {});
    p.expected.erase(p.expected.begin(), p.expected.upper_bound(open->ticket));
    Session begun = session_of(Snapshot{}, opened, coming.session);
    p.model = &opened;
    p.changes = p.position = p.saved_changes = p.saved_position = 0;
    return p.give(JournalStart{{p.program, p.arithmetic, local_time("%Y-%m-%d %H:%M", std::time(nullptr)), coming.recovers}, std::move(begun)});
  }
  p.changes += changes_run(done.command) ? 1 : 0;
  p.position = done.step;
  auto* last = p.pending.empty() ? nullptr : std::get_if<SessionCommand>(&p.pending.back());
  if (last && replaces(done.command, last->command)) *last = done;
  else p.give(done);
}

void JournalWriter::reached(std::int64_t position, bool goes_on) {
  Parts& p = *parts_;
  const std::lock_guard lock(p.mutex);
  p.position = position;
  auto* last = p.pending.empty() ? nullptr : std::get_if<ReachedPosition>(&p.pending.back());
  if (last) *last = {position, goes_on};
  else p.give(ReachedPosition{position, goes_on});
}

void JournalWriter::hash_known(const std::string& hash) {
  const std::lock_guard lock(parts_->mutex);
  if (parts_->model) parts_->give(journal_hash(hash));
}

void JournalWriter::saved(const std::string& file, const OpenedModel& opened, std::int64_t changes, std::int64_t position) {
  Parts& p = *parts_;
  const std::lock_guard lock(p.mutex);
  if (p.model != &opened) return;
  p.saved_changes = changes, p.saved_position = position;
  p.give(journal_saved(file, changes != p.changes || position != p.position));
}

bool JournalWriter::flush() {
  Parts& p = *parts_;
  std::unique_lock lock(p.mutex);
  const std::int64_t wanted = p.given;
  p.is_hurried = true;
  p.asked.notify_all();
  p.done.wait(lock, [&] { return p.written >= wanted || (p.has_failed && !p.is_hurried); });
  return p.written >= wanted;
}

std::string JournalWriter::file() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->path;
}

std::string JournalWriter::take_problem() {
  const std::lock_guard lock(parts_->mutex);
  return std::exchange(parts_->problem, {});
}

}  // namespace lab
