#pragma once
// Random numbers that belong to a place: the same whatever was drawn before, on every machine.
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace lab {

/// Scrambles a number, so that neighbours have nothing in common (SplitMix64, Steele et al. 2014).
inline std::uint64_t scrambled(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Nearly normal with mean 0 and variance 1, by sums that are exact in double precision.
inline double keyed_noise(std::int64_t seed, std::initializer_list<std::int64_t> place) {
  std::uint64_t at = scrambled(static_cast<std::uint64_t>(seed));
  for (const std::int64_t part : place) at = scrambled(at ^ static_cast<std::uint64_t>(part));
  double sum = -6;
  for (int i = 0; i < 6; ++i) {
    at = scrambled(at);
    sum += std::ldexp(static_cast<double>(at >> 32), -32) + std::ldexp(static_cast<double>(at & 0xffffffffu), -32);
  }
  return sum;
}

}  // namespace lab
