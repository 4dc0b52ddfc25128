#pragma once
// Files cut and flipped in every place: each is refused, or is the valid file that it now is, quickly and in little memory.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>

#include "model/base/result.h"

namespace lab::test {

inline long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// Opens a file's bytes and reads all that it then holds.
using OpenBytes = std::function<Status(const std::string& bytes)>;

/// What the limits of a refusal are measured by: begins with it, and ends with `check`. Time is this process's own, so that others
/// on the same processor do not count; sanitizers need several times as much of both.
class Spent {
 public:
  void check() const {
#ifdef __SANITIZE_ADDRESS__
    constexpr int times = 10;
#else
    constexpr int times = 1;
#endif
    CHECK(static_cast<double>(std::clock() - begun_) / CLOCKS_PER_SEC <= 2 * times);
    CHECK(peak_kilobytes() - kilobytes_ <= (256 << 10) * times);
  }

 private:
  std::clock_t begun_ = std::clock();
  long kilobytes_ = peak_kilobytes();
};

inline void check_opening(const std::string& bytes, const OpenBytes& open, bool& opened) {
  const Spent spent;
  const Status status = open(bytes);
  spent.check();
  opened = static_cast<bool>(status);
  if (opened) return;
  REQUIRE_FALSE(status.error().message.empty());
  REQUIRE_FALSE(status.error().file.empty());
}

/// Every beginning of a file is refused; `padding` bytes at its end say nothing.
inline void check_truncations(const std::string& good, const OpenBytes& open, std::size_t padding = 0) {
  REQUIRE(open(good));
  for (std::size_t size = 0; size < good.size() - padding; ++size) {
    CAPTURE(size);
    bool opened = true;
    check_opening(good.substr(0, size), open, opened);
    CHECK_FALSE(opened);
  }
}

/// Flips each bit from byte `begin` to `end`, alone; tells how many of the files opened.
inline std::size_t check_flips(const std::string& good, std::size_t begin, std::size_t end, const OpenBytes& open) {
  REQUIRE(open(good));
  std::size_t count = 0;
  for (std::size_t bit = begin * 8; bit < end * 8; ++bit) {
    CAPTURE(bit);
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    bool opened = false;
    check_opening(bad, open, opened);
    count += opened;
  }
  return count;
}

}  // namespace lab::test
