#pragma once
// Moves the weights of an opened model into memory, a moment after it was opened, on a thread of its own.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "model/checkpoint.h"

namespace lab {

class MemoryJob {
 public:
  /// Small weights stay where they are, and large ones where the system has less memory available than twice their size.
  explicit MemoryJob(const Checkpoint& checkpoint);
  ~MemoryJob();
  MemoryJob(const MemoryJob&) = delete;
  MemoryJob& operator=(const MemoryJob&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace lab
