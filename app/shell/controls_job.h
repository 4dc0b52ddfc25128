#pragma once
// Runs the controls of an intervention on a thread of its own, as a snapshot asks for them.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/core/latest_answer.h"
#include "app/core/lab.h"
#include "views/panels/pane.h"

namespace lab {

class ControlsJob {
 public:
  /// `wake` is called from the thread when there is something new to see.
  ControlsJob(const ContextOptions& arithmetic, const std::function<void()>& wake);

  /// Begins what the snapshot asks for, stops what it no longer does, and gives the memory what is known.
  void follow(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened, PaneMemory& memory);
  /// Whether `follow` would change what the memory shows.
  bool has_news(const PaneMemory& memory) const;
  bool idle() const { return job_.idle(); }

 private:
  struct Question {
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const OpenedModel> opened;
  };
  struct Answer {
    std::uint64_t run = 0;
    std::shared_ptr<const ControlTable> table;
    std::string refusal;
  };
  /// One time that controls were asked for.
  struct Wish {
    std::uint64_t run = 0, number = 0;
    friend bool operator==(const Wish&, const Wish&) = default;
  };
  Answer answer(const Question& question, const std::function<bool()>& is_wanted);

  const ContextOptions arithmetic_;
  const std::function<void()> wake_;
  std::atomic<double> share_ = 0;
  std::optional<Wish> asked_;
  std::shared_ptr<const OpenedModel> opened_;
  std::shared_ptr<const Answer> taken_;
  LatestAnswer<Question, Answer> job_;  // last: its thread uses all of the above
};

}  // namespace lab
