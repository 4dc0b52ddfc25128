#pragma once
// What studies look like before they are opened: the first figure of each session, from its own run.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/core/lab.h"
#include "views/plot/plot.h"

namespace lab {

/// A figure without words, to be laid out in any look.
struct StudyPicture {
  std::string session;  // its path
  Figure figure;
  std::shared_ptr<const Derived> sources;  // held, so that what the figure reads stays alive
};

/// The picture of a session: it is replayed to the first figure that it exports (next tokens apart), or to its end, where the state over time is shown.
Result<StudyPicture> picture_of_session(const std::string& path, const std::atomic<bool>* stop);

/// Makes pictures on a thread of its own, one after the other, where nobody else needs the processor.
class StudyPictures {
 public:
  explicit StudyPictures(std::function<void()> wake) : wake_(std::move(wake)) {}
  ~StudyPictures() { stop(); }

  bool has_begun() const { return thread_.joinable(); }
  /// Begins with these sessions. Not while it has begun. A session that cannot be replayed gets no picture.
  void begin(std::vector<std::string> sessions);
  /// Gives up what is not made yet; the next begin goes on there.
  void stop();
  bool idle() const { return idle_; }
  /// How many there are, and those that are there.
  std::size_t count() const { return count_; }
  std::vector<std::shared_ptr<const StudyPicture>> pictures() const;

 private:
  void run(const std::vector<std::string>& sessions);

  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const StudyPicture>> made_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> idle_ = true, stopped_ = false;
  std::thread thread_;
};

}  // namespace lab
