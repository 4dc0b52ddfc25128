#pragma once
// What the tests of app/core share: small models, labs with something in them, and models that misbehave on demand.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "app/core/lab.h"

namespace lab {
class Engine;
}

namespace lab::test {

std::string source_path(const std::string& inside);

/// A seeded model of the family with byte tokens; small enough that a step takes microseconds.
std::shared_ptr<const OpenedModel> random_model(const std::string& family, std::int64_t vocabulary = 256);

/// A lab with a random model that has read nothing.
class FreshLab : public Lab {
 public:
  explicit FreshLab(const std::string& family, const LabOptions& options = {}) : Lab(options) {
    put(random_model(family));
  }
};

/// A lab on a model of tests/golden that has read nothing.
std::unique_ptr<Lab> open_golden(const std::string& name, const LabOptions& options = {});

/// Applies a command that must be accepted, and does the work it announces.
void carry_out(Lab& lab, const Command& command);
/// Applies a command that must be refused, and returns why.
Error refusal_of(Lab& lab, const Command& command);

/// Everything a run consists of, as text: equal texts, equal runs.
std::string fingerprint(Lab& lab);

/// Waits for something another thread does; false after a long time.
bool eventually(const std::function<bool()>& condition);

/// Options of an engine that opens this model by the name "it", and nothing else.
LabOptions opening(const std::shared_ptr<const OpenedModel>& model);
/// Waits until an engine has done all it was asked, as `eventually`.
void settle(const Engine& engine);
/// Everything that a reader of a snapshot with a model may look at, hashed.
std::string digest(const Snapshot& snapshot);

/// A gate that a thread waits at until it is opened.
class Gate {
 public:
  void open();
  void pass();
  int waiting() const { return waiting_; }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  std::atomic<int> waiting_ = 0;
};

/// A model that does something before each call of advance.
std::shared_ptr<const OpenedModel> disturbed(const std::shared_ptr<const OpenedModel>& model,
                                             std::function<void(Context<float>&)> before);

}  // namespace lab::test
