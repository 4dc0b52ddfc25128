#include "app/core/divergence.h"

#include <algorithm>
#include <cmath>

namespace lab {

std::vector<double> log_probabilities(std::span<const float> logits, const std::vector<bool>& sampleable) {
  std::vector<double> logs(logits.size(), -INFINITY);
  double largest = -INFINITY, sum = 0;
  for (std::size_t id = 0; id < logits.size(); ++id)
    if (sampleable[id]) logs[id] = static_cast<double>(logits[id]), largest = std::max(largest, logs[id]);
  for (const double log : logs) sum += std::exp(log - largest);
  const double total = largest + std::log(sum);
  for (double& log : logs) log -= total;
  return logs;
}

double divergence_nats(std::span<const double> log_p, std::span<const double> log_q) {
  double nats = 0;
  for (std::size_t id = 0; id < log_p.size(); ++id)
    if (!(log_p[id] == -INFINITY)) nats += std::exp(log_p[id]) * (log_p[id] - log_q[id]);
  return nats;
}

}  // namespace lab
