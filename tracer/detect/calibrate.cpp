#include "tracer/detect/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lab {

namespace {

double never(Worse worse) {
  return worse == Worse::higher ? std::numeric_limits<double>::max() : std::numeric_limits<double>::lowest();
}

// P(X <= count) of a Poisson variable.
double poisson_at_most(std::int64_t count, double mean) {
  double sum = 0;
  for (std::int64_t k = 0; k <= count; ++k) {
    const auto n = static_cast<double>(k);
    sum += std::exp(n * std::log(mean) - mean - std::lgamma(n + 1));
  }
  return sum;
}

// The mean for which P(X <= count) is `probability`: it falls as the mean grows.
double mean_with(std::int64_t count, double probability) {
  double low = 1e-9, high = 10 + 3 * static_cast<double>(count);
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (poisson_at_most(count, middle) > probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::string with_commas(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (auto i = std::ssize(text) - 3; i > 0; i -= 3) text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

}  // namespace

std::int64_t count_alarms(std::span<const float> values, double limit, Worse worse, std::int64_t dead_tokens) {
  std::int64_t alarms = 0;
  for (std::int64_t t = 0; t < std::ssize(values); ++t) {
    if (!is_beyond(values[static_cast<std::size_t>(t)], limit, worse)) continue;
    ++alarms;
    t += std::max<std::int64_t>(0, dead_tokens - 1);
  }
  return alarms;
}

PoissonInterval poisson_interval(std::int64_t count) {
  return {count == 0 ? 0 : mean_with(count - 1, 0.975), mean_with(count, 0.025)};
}

CalibratedLimit mildest_limit(const MeasuredRuns& runs, Worse worse, std::int64_t dead_tokens, double every) {
  const auto alarms_with = [&](double limit) {
    std::int64_t sum = 0;
    for (const auto& values : runs) sum += count_alarms(values, limit, worse, dead_tokens);
    return sum;
  };
  CalibratedLimit made{.limit = never(worse), .every = every};
  std::vector<float> limits;  // from the strictest to the mildest: nothing is beyond the last
  for (const auto& values : runs) {
    made.tokens += std::ssize(values);
    std::copy_if(values.begin(), values.end(), std::back_inserter(limits), [](float value) { return !std::isnan(value); });
  }
  std::sort(limits.begin(), limits.end());
  if (worse == Worse::lower) std::reverse(limits.begin(), limits.end());
  if (limits.empty()) return made;
  const double allowed = static_cast<double>(made.tokens) / every;
  std::size_t low = 0, high = limits.size() - 1;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (static_cast<double>(alarms_with(limits[middle])) <= allowed) high = middle;
    else low = middle + 1;
  }
  made.limit = limits[high];
  made.alarms = alarms_with(made.limit);
  const PoissonInterval interval = poisson_interval(made.alarms);
  made.in_so_many = {interval.low / allowed, interval.high / allowed};
  return made;
}

Rule with_limits(Rule rule, const std::vector<MeasuredRuns>& measured, double every, const std::string& name) {
  const auto measures = [](const MeasuredRuns& runs) {
    return std::any_of(runs.begin(), runs.end(), [](const auto& values) {
      return std::any_of(values.begin(), values.end(), [](float value) { return !std::isnan(value); });
    });
  };
  const auto measuring = static_cast<double>(std::count_if(measured.begin(), measured.end(), measures));
  const double each = every * std::max(1.0, measuring);
  std::vector<double> limits;
  for (const MeasuredRuns& runs : measured) limits.push_back(mildest_limit(runs, worse_of(rule), rule.dead_tokens, each).limit);
  rule.limit = limits.front();
  rule.layer_limits.assign(limits.begin() + 1, limits.end());
  rule.origin = fmt::format("calibrated on {}, 1 in {}", name, with_commas(std::llround(every)));
  return rule;
}

Calibration::Calibration(const Rule& rule, std::span<const LayerInfo> layers)
    : rule_(rule), layers_(layers.begin(), layers.end()), values_(layers.size() + 1) {
  rule_.limit = never(worse_of(rule));
  rule_.layer_limits.clear();
  rule_.self_calibrated = false;
  next_run();
}

void Calibration::next_run() {
  detector_ = find_rule_kind(rule_.kind)->make(rule_, {layers_, {}});
  for (auto& runs : values_) runs.emplace_back();
}

void Calibration::see(const Sample& sample) {
  std::vector<Finding> found;
  detector_->see(sample, found);
  ++tokens_;
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i].back().push_back(detector_->measured(static_cast<int>(i) - 1));
}

CalibratedLimit Calibration::limit(int layer, double every) const {
  return mildest_limit(values_[static_cast<std::size_t>(layer + 1)], worse_of(rule_), rule_.dead_tokens, every);
}

Rule Calibration::calibrated(double every, const std::string& name) const { return with_limits(rule_, values_, every, name); }

}  // namespace lab
