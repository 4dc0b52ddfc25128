#pragma once
// Computes a model's content hash on a thread of its own, and compares the weights with the checksums of their files: it reads every
// byte of them once, and of PyTorch files twice.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/core/lab.h"

namespace lab {

class HashJob {
 public:
  struct Done {
    std::shared_ptr<const OpenedModel> opened;
    std::string hash;
    std::vector<Error> damage;  // the weights that disagree with the checksums of their files
  };

  HashJob() = default;
  ~HashJob() { stop(); }
  HashJob(const HashJob&) = delete;
  HashJob& operator=(const HashJob&) = delete;

  /// Stops what is going on and begins with this model. `done` is called on the job's thread unless it was stopped.
  void start(std::shared_ptr<const OpenedModel> opened, std::function<void(Done)> done) {
    stop();
    stopped_ = false;
    thread_ = std::thread([this, opened = std::move(opened), done = std::move(done)] {
      std::string hash = content_hash(opened->checkpoint, &stopped_);
      if (hash.empty()) return;
      std::vector<Error> damage = opened->checkpoint.tensors->damage(&stopped_);
      if (!stopped_) done({opened, std::move(hash), std::move(damage)});
    });
  }

  /// Returns when the thread has ended: after the tensor that it is at.
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace lab
