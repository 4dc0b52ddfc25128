#pragma once
// What a caller of a model brings along: threads, scratch memory, a way to stop, and rounding to emulate.
#include <atomic>
#include <vector>

#include "model/math/math.h"
#include "model/trials.h"

namespace lab {

/// Rounds every stage and the state to a 16-bit type, to study what narrow states do.
enum class Rounding : std::uint8_t { none, bf16, f16 };

struct ContextOptions {
  int threads = 1;                // 0: one per core
  const char* instruction_set = "";  // "avx512", "avx2", "generic"; "": the best
  Rounding rounding = Rounding::none;
  Trials trials;
};

/// One caller at a time. A context may be used with any model.
template <class Real>
class Context {
 public:
  explicit Context(const ContextOptions& options = {})
      : math(options.threads, options.instruction_set), rounding(options.rounding), trials(options.trials) {}

  Math<Real> math;
  Rounding rounding = Rounding::none;
  Trials trials;
  const std::atomic<bool>* stop = nullptr;  // polled between layers when set

  /// What a call knows of each of its lanes: the first of its rows, and the scan of the layer at work. Kept here so that
  /// a call allocates nothing once its like was made before.
  std::vector<std::int64_t> first_rows;
  std::vector<Scan<Real>> scans;

  bool cancelled() const { return stop && stop->load(std::memory_order_relaxed); }

  /// Scratch rows number `slot`, kept between calls and grown as needed; the content is whatever was there.
  Rows<Real> scratch(int slot, std::int64_t count, std::int64_t width) {
    if (slot >= static_cast<int>(scratch_.size())) scratch_.resize(static_cast<std::size_t>(slot) + 1);
    return {scratch_[static_cast<std::size_t>(slot)].ensure(static_cast<std::size_t>(count * width)), count, width};
  }

 private:
  std::vector<AlignedBuffer<Real>> scratch_;
};

}  // namespace lab
