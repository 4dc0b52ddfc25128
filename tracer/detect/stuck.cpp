#include "tracer/detect/stuck.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kBlocks = kStuckWindow / kStuckBlock;
constexpr std::int64_t kDeadTime = 64;  // tokens for which what was found and found again is one event
constexpr std::size_t kLongestLoop = 64;

/// Whether something that holds at `token`, and did last at `last`, is a new event; moves `last` on.
bool is_new(std::int64_t token, std::int64_t& last) {
  const bool found = last < 0 || token - last > kDeadTime;
  last = token;
  return found;
}

/// Calls body(id, count) for each different id, -1 left out.
template <class Body>
void for_each_count(const std::vector<std::int32_t>& sorted, Body body) {
  for (auto at = std::lower_bound(sorted.begin(), sorted.end(), 0); at != sorted.end();) {
    const auto end = std::upper_bound(at, sorted.end(), *at);
    body(*at, static_cast<double>(end - at));
    at = end;
  }
}

/// The index of the largest; -1 where there is none: a tie, or a NaN.
std::int32_t first_choice(std::span<const float> logits) {
  const auto best = std::max_element(logits.begin(), logits.end());
  const bool unique = std::none_of(logits.begin(), logits.end(), [](float x) { return std::isnan(x); }) &&
                      std::find(best + 1, logits.end(), *best) == logits.end();
  return unique ? static_cast<std::int32_t>(best - logits.begin()) : -1;
}

double entropy(std::span<const double> shares) {
  double sum = 0;
  for (const double p : shares)
    if (!(p <= 0)) sum -= p * std::log(p);
  return sum;
}

}  // namespace

std::vector<std::int32_t> WindowTokens::sorted() const {
  std::vector<std::int32_t> sorted = ids_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

int WindowTokens::distinct() const {
  int distinct = 0;
  for_each_count(sorted(), [&](std::int32_t, double) { ++distinct; });
  return distinct;
}

double WindowTokens::share() const {
  double most = 0;
  for_each_count(sorted(), [&](std::int32_t, double count) { most = std::max(most, count); });
  return ids_.empty() ? 0 : most / static_cast<double>(ids_.size());
}

std::int32_t WindowTokens::commonest() const {
  double most = 0;
  std::int32_t commonest = -1;
  for_each_count(sorted(), [&](std::int32_t id, double count) {
    if (count > most) most = count, commonest = id;
  });
  return commonest;
}

int WindowTokens::run() const {
  int longest = 0, run = 0;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    run = ids_[i] < 0 ? 0 : i > 0 && ids_[i] == ids_[i - 1] ? run + 1 : 1;
    longest = std::max(longest, run);
  }
  return longest;
}

double WindowTokens::varying() const {
  double squares = 0, counted = 0;
  const auto n = static_cast<double>(ids_.size());
  for_each_count(sorted(), [&](std::int32_t, double count) { squares += count * count / (n * n), counted += count; });
  return counted == n ? 1 - squares : kNothing;
}

void ResidualVariation::add(const Sample& sample) {
  const std::size_t places = 1 + sample.layers.size();
  const auto row_of = [&](std::size_t place) {
    return place == 0 ? sample.embedding : sample.layers[place - 1].residual;
  };
  if (sums_.empty())
    for (std::size_t place = 0; place < places; ++place) sums_.emplace_back(row_of(place).size() + 1, kBlocks);
  LAB_CHECK(sums_.size(), ==, places);
  for (std::size_t place = 0; place < places; ++place) {
    const std::span<const float> row = row_of(place);
    const std::span<double> sums = sums_[place].block();
    LAB_CHECK(sums.size(), ==, row.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double x = row[i];
      sums[i] += x;
      sums[row.size()] += x * x;
    }
  }
}

void ResidualVariation::next() {
  for (WindowSums& sums : sums_) sums.next();
}

// tr Cov = mean ||x||^2 - ||mean x||^2; in double the difference of the two keeps what floats can hold.
std::vector<double> ResidualVariation::measure(std::int64_t positions) const {
  std::vector<double> varying;
  const auto n = static_cast<double>(positions);
  for (const WindowSums& sums : sums_) {
    std::vector<double> total(sums.width());
    sums.total(total);
    const double squares = total.back() / n;
    double of_mean = 0;
    for (std::size_t i = 0; i + 1 < total.size(); ++i) of_mean += (total[i] / n) * (total[i] / n);
    varying.push_back(total.size() == 1 ? kNothing : squares == 0 ? 0 : std::max(0.0, squares - of_mean) / squares);
  }
  return varying;
}

std::optional<VariationLoss> first_loss(double tokens, const std::vector<double>& variation, double fraction) {
  double before = tokens;
  for (std::size_t place = 0; place < variation.size(); ++place) {
    if (place == 0 && std::isnan(variation[0]))
      continue;  // layer 0 is judged by the tokens where no embedding is known
    if (variation[place] < fraction * before)
      return VariationLoss{static_cast<int>(place) - 1, before, variation[place]};
    before = variation[place];
  }
  return std::nullopt;
}

void NonVaryingStates::see(const Sample& sample, std::vector<Finding>& found) {
  if (sample.layers.empty() || sample.layers[0].residual.empty()) {
    *this = NonVaryingStates(options_);
    return;
  }
  if (seen_ % kStuckBlock == 0) residuals_.next();
  tokens_.add(sample.id);
  residuals_.add(sample);
  if (++seen_ % kStuckBlock != 0 || !tokens_.full()) return;
  variation_ = residuals_.measure(kStuckWindow);
  tokens_vary_ = tokens_.varying();
  loss_ =
      tokens_.distinct() >= options_.distinct ? first_loss(tokens_vary_, variation_, options_.varying) : std::nullopt;
  if (!loss_ || !is_new(sample.token, last_loss_)) return;
  found.push_back(
      {.token = sample.token,
       .layer = loss_->layer,
       .value = loss_->after / loss_->before,
       .limit = options_.varying,
       .text = fmt::format("the residual stream hardly differs between tokens after {}: {:.2g} of it varies, {:.2g} "
                           "of what came in",
                           loss_->layer < 0 ? "the embedding" : fmt::format("layer {}", loss_->layer), loss_->after,
                           loss_->before)});
}

float NonVaryingStates::measured(int layer) const {
  const std::size_t place = static_cast<std::size_t>(layer + 1);
  if (place >= variation_.size()) return std::numeric_limits<float>::quiet_NaN();
  const bool by_tokens = place == 0 || (place == 1 && std::isnan(variation_[0]));
  return static_cast<float>(variation_[place] / (by_tokens ? tokens_vary_ : variation_[place - 1]));
}

std::int64_t loop_period(std::span<const std::int32_t> tokens, std::int64_t least) {
  const std::size_t n = std::min(tokens.size(), 3 * kLongestLoop);
  const auto at = [&](std::size_t i) { return tokens[tokens.size() - 1 - i]; };  // backwards from the end
  std::vector<std::size_t> same(n);  // Z: how far the tokens from i on are those from 0 on
  for (std::size_t i = 1, left = 0, right = 0; i < n && i <= kLongestLoop; ++i) {
    if (i < right) same[i] = std::min(right - i, same[i - left]);
    while (i + same[i] < n && at(same[i]) == at(i + same[i])) ++same[i];
    if (i + same[i] > right) left = i, right = i + same[i];
    if (i + same[i] >= std::max(3 * i, static_cast<std::size_t>(least))) return static_cast<std::int64_t>(i);
  }
  return 0;
}

void StuckTokens::see(const Sample& sample, std::vector<Finding>& found) {
  if (sample.logits.empty()) return restart();
  std::vector<Finding> of_states;  // said by the other rule; here only the layer is wanted
  states_.see(sample, of_states);
  if (sample.id >= 0 && sample.id == choice_)
    repeated_.push_back(sample.id);
  else
    repeated_.clear();
  if (repeated_.size() > 3 * kLongestLoop) repeated_.erase(repeated_.begin());
  if (seen_ % kStuckBlock == 0) sums_.next();
  inputs_.add(sample.id);
  choice_ = first_choice(sample.logits);
  choices_.add(choice_);
  add(sample.logits);
  if (++seen_ % kStuckBlock == 0 && inputs_.full()) judge_window(sample.token, found);
  judge_loop(sample.token, found);
}

void StuckTokens::add(std::span<const float> logits) {
  if (sums_.width() == 0) sums_ = WindowSums(logits.size() + 1, kBlocks);
  const std::span<double> sums = sums_.block();
  LAB_CHECK(sums.size(), ==, logits.size() + 1);
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights(logits.size());
  double sum = 0, entropy = 0;
  for (std::size_t v = 0; v < logits.size(); ++v) sum += weights[v] = std::exp(logits[v] - largest);
  for (std::size_t v = 0; v < logits.size(); ++v) {
    const double p = weights[v] / sum;
    sums[v] += p;
    if (!(p <= 0)) entropy += p * (largest - logits[v]);
  }
  sums[logits.size()] += entropy + std::log(sum);
}

void StuckTokens::judge_window(std::int64_t token, std::vector<Finding>& found) {
  std::vector<double> mean(sums_.width());
  sums_.total(mean);
  for (double& x : mean) x /= static_cast<double>(kStuckWindow);
  const TokenWindow w{.mean_entropy = mean.back(),
                      .entropy_of_mean = entropy(std::span(mean).first(mean.size() - 1)),
                      .share = choices_.share(),
                      .run = choices_.run(),
                      .commonest = choices_.commonest()};
  window_ = w;
  verdict_ = StuckVerdict::none;
  if (inputs_.distinct() < options_.distinct || !(w.relative_information() < options_.information)) return;
  verdict_ = w.share > options_.stuck_share  ? StuckVerdict::stuck
             : w.share < options_.flat_share ? StuckVerdict::flat
                                             : StuckVerdict::none;
  if (verdict_ == StuckVerdict::none) return;
  const bool changed = verdict_ != said_;
  said_ = verdict_;
  if (!is_new(token, last_verdict_) && !changed) return;
  const std::optional<VariationLoss>& loss = states_.loss();
  const std::string where =
      loss ? fmt::format("the tokens get lost in {}",
                         loss->layer < 0 ? "the embedding" : fmt::format("layer {}", loss->layer))
      : states_.variation().empty()
          ? "the residual streams were not looked at"
          : "the hidden states vary up to the last layer, so the fault is behind it, in the final norm or the head";
  const std::string what =
      verdict_ == StuckVerdict::stuck
          ? fmt::format("stuck: token {} is the first choice at {:.0f} % of 64 positions ({} in a row)", w.commonest,
                        100 * w.share, w.run)
          : fmt::format("flat: no token is preferred (the commonest first choice stands at {:.0f} % of 64 positions)",
                        100 * w.share);
  found.push_back({.token = token,
                   .layer = loss ? loss->layer : -1,
                   .value = w.relative_information(),
                   .limit = options_.information,
                   .text = fmt::format("{}; {:.3f} nats of {:.2f} depend on the context; {}", what, w.information(),
                                       w.entropy_of_mean, where)});
}

void StuckTokens::judge_loop(std::int64_t token, std::vector<Finding>& found) {
  if (static_cast<std::int64_t>(repeated_.size()) < kLeastLoop) return;
  const std::int64_t period = loop_period(repeated_, kLeastLoop);
  if (period == 0) return;
  verdict_ = StuckVerdict::greedy_loop;
  if (is_new(token, last_loop_))
    found.push_back({.token = token,
                     .value = static_cast<double>(period),
                     .limit = static_cast<double>(kLongestLoop),
                     .text = fmt::format("greedy loop: the last {} tokens repeat {} of them, each the first choice",
                                         std::max(3 * period, kLeastLoop), period)});
}

float StuckTokens::measured(int layer) const {
  return layer < 0 && window_ ? static_cast<float>(window_->relative_information())
                              : std::numeric_limits<float>::quiet_NaN();
}

void StuckTokens::restart() { *this = StuckTokens(options_); }

}  // namespace lab
