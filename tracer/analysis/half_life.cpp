#include "tracer/analysis/half_life.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lab {

double nats_to(double share) { return -std::log(share); }

double steady_reach(double step, double rate, double nats) {
  const double a_token = step * std::fabs(rate);
  return a_token > 0 ? nats / a_token : std::numeric_limits<double>::infinity();
}

Reach exact_reach(std::span<const float> steps, double rate, double nats) {
  const double wanted = steady_reach(1, rate, nats);  // in time steps
  double passed = 0, tokens = 0;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const double next = passed + static_cast<double>(*step);
    if (next >= wanted) return {tokens + (wanted - passed) / static_cast<double>(*step)};
    passed = next;
    tokens += 1;
  }
  return {tokens, false};
}

ReachMap::ReachMap(std::int64_t channels, std::int64_t states, double nats)
    : states_(static_cast<std::size_t>(states)), nats_(nats), passed_(static_cast<std::size_t>(channels)),
      cells_(static_cast<std::size_t>(channels * states), Reach{0, false}) {}

bool ReachMap::take(const Recurrence& stretch) {
  std::size_t open = cells_.size();
  for (std::size_t t = static_cast<std::size_t>(stretch.tokens); t-- > 0;) {
    open = 0;
    for (std::size_t c = 0; c < passed_.size(); ++c) {
      const double step = static_cast<double>(stretch.steps[t * passed_.size() + c]), next = passed_[c] + step;
      for (std::size_t cell = c * states_; cell < (c + 1) * states_; ++cell) {
        if (cells_[cell].is_reached) continue;
        const double wanted = steady_reach(1, static_cast<double>(stretch.A[cell]), nats_);
        if (next >= wanted) cells_[cell] = {tokens_ + (wanted - passed_[c]) / step};
        else cells_[cell].tokens = tokens_ + 1, ++open;
      }
      passed_[c] = next;
    }
    tokens_ += 1;
    if (open == 0) return false;
  }
  return open > 0;
}

std::vector<Reach> ReachMap::channels() const {
  std::vector<Reach> longest;
  for (std::size_t cell = 0; cell < cells_.size(); cell += states_)
    longest.push_back(*std::max_element(cells_.begin() + static_cast<std::ptrdiff_t>(cell), cells_.begin() + static_cast<std::ptrdiff_t>(cell + states_),
                                        [](const Reach& a, const Reach& b) { return a.tokens < b.tokens; }));
  return longest;
}

}  // namespace lab
