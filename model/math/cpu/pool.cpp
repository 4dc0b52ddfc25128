#include "model/math/cpu/pool.h"

#include "model/base/check.h"

namespace lab {
namespace {

constexpr int kBlockBits = 20;
constexpr std::uint64_t kBlockMask = (std::uint64_t{1} << kBlockBits) - 1;
constexpr int kSpins = 4000;      // about 0.2 ms before a worker sleeps
constexpr int kYieldEvery = 256;  // a spinning thread must not hold the core its partner needs

thread_local int thread_index = 0;

std::uint64_t next_of(std::uint64_t ticket) { return ticket & kBlockMask; }
std::uint64_t blocks_of(std::uint64_t ticket) { return (ticket >> kBlockBits) & kBlockMask; }

void pause(int spin) {
  if (spin % kYieldEvery == kYieldEvery - 1) {
    std::this_thread::yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Pool::Pool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

Pool::~Pool() {
  stop_ = true;
  job_.fetch_add(1);
  job_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// A compare-and-swap rather than an addition: the count of the next block must not run past its bits.
bool Pool::take_block() {
  std::uint64_t ticket = ticket_.load();
  do {
    if (next_of(ticket) >= blocks_of(ticket)) return false;
  } while (!ticket_.compare_exchange_weak(ticket, ticket + 1));
  // The job cannot end before this block is counted, so its call and context are still the ones to use.
  call_.load()(context_.load(), static_cast<std::int64_t>(next_of(ticket)));
  done_.fetch_add(1);
  return true;
}

void Pool::start(Call call, const void* context, std::int64_t blocks) {
  LAB_CHECK(static_cast<std::uint64_t>(blocks), <=, kBlockMask);
  call_ = call;
  context_ = context;
  done_ = 0;
  const std::uint64_t number = job_.load() + 1;
  ticket_ = (number << (2 * kBlockBits)) | (static_cast<std::uint64_t>(blocks) << kBlockBits);
  job_.fetch_add(1);
  if (sleepers_.load() > 0) job_.notify_all();
  while (take_block()) {
  }
  for (int spin = 0; done_.load() < blocks; ++spin) pause(spin);
}

int Pool::index() { return thread_index; }

void Pool::work(int index) {
  thread_index = index;
  while (!stop_) {
    const std::uint32_t job = job_.load();
    int spin = 0;
    while (take_block()) spin = 0;
    while (job_.load() == job && spin < kSpins) pause(spin++);
    if (job_.load() != job) continue;
    sleepers_.fetch_add(1);
    job_.wait(job);
    sleepers_.fetch_sub(1);
  }
}

}  // namespace lab
