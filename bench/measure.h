#pragma once
// Time, spread and memory, for every case.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace lab::bench {

/// Seconds that a call takes.
template <class Work>
double seconds_of(Work&& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Calls round() as often as asked for, or fewer times (but three) when that would take more than ten seconds.
template <class Round>
void for_rounds(int rounds, Round&& round) {
  constexpr double kEnough = 10;
  double spent = 0;
  for (int i = 0; i < rounds && (i < 3 || spent < kEnough); ++i) spent += seconds_of(round);
}

/// The middle value; of an even count the mean of the two in the middle. Not empty.
double median(std::vector<double> values);
/// The value below which `share` of all values lie.
double percentile(std::vector<double> values, double share);

/// A measurement over rounds: median, smallest and largest of one value a round.
Measurement over_rounds(std::string name, std::string unit, const std::vector<double>& values);

/// A number of /proc/self/status in bytes ("VmHWM", "RssAnon"), 0 where there is none.
std::int64_t memory_of_process(const std::string& field);
/// Gives freed memory back and forgets the largest size so far, so that VmHWM begins anew.
void reset_memory_peak();

}  // namespace lab::bench
