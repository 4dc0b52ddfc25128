#include "app/core/memory_job.h"

#include <chrono>

#include "app/core/preview.h"
#include "model/base/thread_priority.h"

namespace lab {
namespace {

constexpr std::size_t kLeastBytes = 16 << 20;  // below, the caches of the processor hide where they lie
constexpr auto kFirstToken = std::chrono::milliseconds(100);  // which comes first

}  // namespace

MemoryJob::MemoryJob(const Checkpoint& checkpoint) {
  if (checkpoint.weight_bytes < kLeastBytes) return;
  thread_ = std::thread([this, checkpoint] {
    give_way(Priority::background);
    {
      std::unique_lock lock(mutex_);
      if (stopped_.wait_for(lock, kFirstToken, [this] { return stop_.load(); })) return;
    }
    const auto available = available_memory();
    if (available && *available / 2 >= static_cast<std::int64_t>(checkpoint.weight_bytes)) move_to_memory(checkpoint, stop_);
  });
}

MemoryJob::~MemoryJob() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace lab
