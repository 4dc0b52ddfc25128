// Streaming principal components of a large state, sample by sample.
#include <random>

#include "bench/cases.h"
#include "bench/measure.h"
#include "tracer/analysis/pca.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kDimensions = 24'576, kSamples = 256, kDirections = 24;

/// States that move slowly in a few directions, with noise: new at every token.
std::vector<std::vector<float>> samples() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> axes(kDirections, std::vector<float>(kDimensions)), all;
  for (auto& axis : axes)
    for (float& value : axis) value = normal(random);
  std::vector<float> at(kDirections);
  for (std::int64_t t = 0; t < kSamples; ++t) {
    for (float& value : at) value = 0.95f * value + normal(random);
    std::vector<float> sample(kDimensions);
    for (std::size_t k = 0; k < axes.size(); ++k)
      for (std::size_t i = 0; i < sample.size(); ++i) sample[i] += at[k] / static_cast<float>(k + 1) * axes[k][i];
    all.push_back(std::move(sample));
  }
  return all;
}

Result<Measurement> measure(const std::string& name, int rounds) {
  const auto states = samples();
  std::vector<double> ms;
  for_rounds(rounds, [&] {
    StreamingPca pca(kDimensions);
    const double seconds = seconds_of([&] {
      for (const auto& state : states) pca.add(state);
    });
    ms.push_back(1e3 * seconds / static_cast<double>(kSamples));
  });
  return over_rounds(name, "ms", ms);
}

}  // namespace

void add_pca(int rounds, std::vector<Case>& cases) {
  const std::string name = "pca/" + std::to_string(kDimensions);
  cases.push_back({name, [=] { return measure(name, rounds); }});
}

}  // namespace lab::bench
