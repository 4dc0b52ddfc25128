#pragma once
// A few threads that share the blocks of one job at a time. Which thread does a block never changes a result.
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace lab {

class Pool {
 public:
  /// `threads` in all, the caller of `run` included.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  /// Which of a pool's threads calls this from a body: in [0, threads()), 0 for the caller of `run`.
  static int index();

  /// Calls body(block) for every block in [0, blocks) and returns when all are done. One caller at a time; blocks < 2^20.
  template <class Body>
  void run(std::int64_t blocks, const Body& body) {
    if (workers_.empty() || blocks < 2) {
      for (std::int64_t i = 0; i < blocks; ++i) body(i);
      return;
    }
    start([](const void* context, std::int64_t block) { (*static_cast<const Body*>(context))(block); }, &body, blocks);
  }

 private:
  using Call = void (*)(const void*, std::int64_t);
  void start(Call call, const void* context, std::int64_t blocks);
  void work(int index);
  bool take_block();

  // One word holds a job's number, its count of blocks and the next block to do, so that a late thread can never take a
  // block of another job than the one it read.
  std::atomic<std::uint64_t> ticket_{0};
  std::atomic<std::int64_t> done_{0};
  std::atomic<std::uint32_t> job_{0}, sleepers_{0};
  std::atomic<bool> stop_{false};
  std::atomic<Call> call_{nullptr};
  std::atomic<const void*> context_{nullptr};
  std::vector<std::thread> workers_;
};

}  // namespace lab
