#include "tracer/analysis/compared.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace lab {
namespace {

// A distribution as log-probabilities can be had from it: ln p = logit - shift.
struct Distribution {
  double shift = 0;
  std::int32_t best = -1;     // of equal logits the first
  std::vector<double> p;
};

// Nothing where a logit is NaN or positive infinity, or none is finite.
bool find_distribution(std::span<const float> logits, Distribution& found) {
  float largest = -INFINITY;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (std::isnan(logits[id])) return false;
    if (logits[id] > largest) largest = logits[id], found.best = static_cast<std::int32_t>(id);
  }
  if (!std::isfinite(largest)) return false;
  double sum = 0;
  found.p.reserve(logits.size());
  for (const float logit : logits) sum += found.p.emplace_back(std::exp(static_cast<double>(logit) - static_cast<double>(largest)));
  for (double& p : found.p) p /= sum;
  found.shift = static_cast<double>(largest) + std::log(sum);
  return true;
}

std::int32_t rank_of(std::span<const float> logits, std::int32_t id) {
  const float own = logits[static_cast<std::size_t>(id)];
  std::int32_t rank = 0;
  for (std::size_t other = 0; other < logits.size(); ++other)
    rank += logits[other] > own || (logits[other] == own && static_cast<std::int32_t>(other) < id);
  return rank;
}

}  // namespace

std::string ComparedSide::token_text(std::int64_t token) const {
  if (token < 0 || token >= count()) return "";
  const std::int32_t id = (*tokens)[static_cast<std::size_t>(token)];
  return id < 0 ? "vector" : piece(id);
}

std::string ComparedSide::piece(std::int32_t id) const {
  if (pieces && id >= 0 && static_cast<std::size_t>(id) < pieces->size() && !(*pieces)[static_cast<std::size_t>(id)].empty()) return (*pieces)[static_cast<std::size_t>(id)];
  return fmt::format("<{}>", id);
}

ExpectationDifference compare_expectations(std::span<const float> logits_a, std::span<const float> logits_b) {
  ExpectationDifference found;
  Distribution a, b;
  if (logits_a.size() != logits_b.size() || !find_distribution(logits_a, a) || !find_distribution(logits_b, b)) return found;
  double kl = 0, reverse = 0, apart = 0, entropy_a = 0, entropy_b = 0;
  for (std::size_t id = 0; id < logits_a.size(); ++id) {
    const double log_p = static_cast<double>(logits_a[id]) - a.shift, log_q = static_cast<double>(logits_b[id]) - b.shift;
    const double p = a.p[id], q = b.p[id];
    if (p > 0) kl += p * (log_p - log_q), entropy_a -= p * log_p;
    if (q > 0) reverse += q * (log_q - log_p), entropy_b -= q * log_q;
    apart += std::fabs(p - q);
  }
  // Rounding may leave the sum of equal distributions a little below zero.
  found.kl = static_cast<float>(std::max(0.0, kl));
  found.reverse_kl = static_cast<float>(std::max(0.0, reverse));
  found.variation = static_cast<float>(apart / 2);
  found.entropy_a = static_cast<float>(entropy_a / std::numbers::ln2);
  found.entropy_b = static_cast<float>(entropy_b / std::numbers::ln2);
  found.best_a = a.best, found.best_b = b.best;
  found.rank_in_b = rank_of(logits_b, a.best), found.rank_in_a = rank_of(logits_a, b.best);
  return found;
}

ComparedRuns::First ComparedRuns::first_difference() const {
  const TablePlace place = table.first_beyond();
  First first;
  if (place.column >= 0) first = {table.points[static_cast<std::size_t>(place.point)].point.name, place.column};
  if (!alignment) return first;
  const std::int64_t texts = alignment->first_difference;
  if (texts >= 0 && (first.column < 0 || texts <= first.column)) first = {"tok.ids", texts};
  return first;
}

bool ComparedRuns::is_equal() const { return first_difference().column < 0; }

}  // namespace lab
