#pragma once
// Computes a model's content hash on a thread of its own: it reads every byte of the weights once.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "app/core/lab.h"

namespace lab {

class HashJob {
 public:
  struct Done {
    std::shared_ptr<const OpenedModel> opened;
    std::string hash;
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
      if (!hash.empty()) done({opened, std::move(hash)});
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
