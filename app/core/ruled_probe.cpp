#include "app/core/ruled_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/core/keyed_noise.h"
#include "model/base/check.h"

namespace lab {
namespace {

/// Calls body(flat) for the chosen elements of a stage, in order.
template <class Body>
void for_each_element(const RuleSite& site, Body body) {
  for (const std::int64_t unit : site.chosen)
    for (std::int64_t i = unit * site.span; i < (unit + 1) * site.span; ++i) body(static_cast<std::size_t>(i));
}

std::int64_t place_of(const RuleSite& site) { return static_cast<std::int64_t>(site.layer) * kPoints + static_cast<std::int64_t>(site.point); }

}  // namespace

RuledProbe::RuledProbe(const Model& model, std::span<const MannedRule> rules, Probe* inner)
    : Probe(model.layers()), model_(model), inner_(inner), sites_(static_cast<std::size_t>(model.layers()) + 1),
      before_(static_cast<std::size_t>(model.layers())), needs_before_(before_.size()) {
  if (inner_) {
    wants_statistics = inner_->wants_statistics;
    for (int layer = -1; layer < model.layers(); ++layer)
      for (int point = 0; point < kPoints; ++point) {
        if (inner_->reads(layer) & bit(static_cast<Point>(point))) read(static_cast<Point>(point), layer);
        if (inner_->patches(layer) & bit(static_cast<Point>(point))) patch(static_cast<Point>(point), layer);
      }
  }
  for (const MannedRule& each : rules)
    if (each.rule.on) add(each);
}

void RuledProbe::add(const MannedRule& each) {
  const Intervention& rule = each.rule;
  const auto all = sites_of(rule, model_.info().layers);
  LAB_CHECK(static_cast<bool>(all), ==, true);
  constexpr std::pair<const char*, Deed> kDeeds[] = {{"zero", Deed::zero}, {"clamp", Deed::clamp}, {"scale", Deed::scale}, {"replace", Deed::replace},
                                                     {"mean", Deed::mean}, {"noise", Deed::noise}, {"freeze_decay", Deed::hold}, {"block_write", Deed::forget}};
  const auto deed = std::ranges::find_if(kDeeds, [&](const auto& known) { return rule.operation == known.first; });
  for (RuleSite at : *all) {
    const int layer = at.layer;
    Site site{.at = std::move(at), .deed = deed->second, .manner = each.manner, .first = rule.first,
              .last = rule.last == 0 ? std::numeric_limits<std::int64_t>::max() : rule.last, .seed = rule.seed, .value = static_cast<float>(rule.value)};
    if (each.manner == RuleManner::residual) {
      site.at = {.layer = layer, .point = Point::mixer_out, .units = model_.info().hidden};
      for (std::int64_t i = 0; i < site.at.units; ++i) site.at.chosen.push_back(i);
      site.deed = Deed::zero;
    } else if (each.manner == RuleManner::noise && site.deed == Deed::hold) {
      // What a frozen decay changes is seen in the state.
      Intervention of_state = rule;
      of_state.operation = "block_write";
      const auto states = sites_of(of_state, model_.info().layers);
      site.at = *std::ranges::find(*states, layer, &RuleSite::layer);
    }
    patch(site.at.point, layer);
    if (site.deed == Deed::forget || (site.deed == Deed::hold && site.at.point == Point::h)) {
      read(Point::decay, layer);
      needs_before_[static_cast<std::size_t>(layer)] = true;
    }
    sites(layer).push_back(std::move(site));
  }
}

void RuledProbe::begin(std::int64_t first, const State& state) {
  first_ = first;
  state_ = &state;
}

void RuledProbe::visit(Point point, int layer, std::int64_t token, Rows<float> rows) {
  const bool is_replaced = inner_ && (inner_->patches(layer) & bit(point));
  if (is_replaced) inner_->visit(point, layer, token, rows);
  for (std::int64_t t = 0; t < rows.count; ++t) {
    const std::int64_t at = first_ + token + t;
    // The state moves on once its decay has been shown: what is kept of it is what the token found.
    if (point == Point::decay && layer >= 0 && needs_before_[static_cast<std::size_t>(layer)]) keep_before(layer, at, rows.rows(t, 1));
    for (const Site& site : sites(layer))
      if (site.at.point == point && at >= site.first && at < site.last) act(site, at, rows[t]);
  }
  if (inner_ && !is_replaced && (inner_->reads(layer) & bit(point))) inner_->visit(point, layer, token, rows);
}

void RuledProbe::statistics(int layer, std::int64_t token, Rows<const float> rows) {
  if (inner_) inner_->statistics(layer, token, rows);
}

void RuledProbe::keep_before(int layer, std::int64_t token, Rows<float> decay) {
  const bool is_used = std::ranges::any_of(sites(layer), [&](const Site& site) { return token >= site.first && token < site.last; });
  if (!is_used) return;
  Before& before = before_[static_cast<std::size_t>(layer)];
  before.decay.assign(decay.data, decay.data + decay.width);
  before.h = state_->get(layer, state_->schema().layers()[static_cast<std::size_t>(layer)].find(Point::h));
}

void RuledProbe::act(const Site& site, std::int64_t token, std::span<float> values) {
  if (site.manner != RuleManner::noise) return change(site, token, values);
  // The same norm of difference, in a direction of its own.
  const std::vector<float> was(values.begin(), values.end());
  change(site, token, values);
  double changed = 0, drawn = 0;
  for_each_element(site.at, [&](std::size_t i) {
    const double difference = static_cast<double>(values[i]) - static_cast<double>(was[i]);
    const double random = keyed_noise(site.seed, {place_of(site.at), token, static_cast<std::int64_t>(i), 1});
    changed += difference * difference, drawn += random * random;
  });
  const double scale = drawn > 0 ? std::sqrt(changed / drawn) : 0;
  for_each_element(site.at, [&](std::size_t i) {
    const double random = keyed_noise(site.seed, {place_of(site.at), token, static_cast<std::int64_t>(i), 1});
    values[i] = static_cast<float>(static_cast<double>(was[i]) + scale * random);
  });
}

void RuledProbe::change(const Site& site, std::int64_t token, std::span<float> values) const {
  switch (site.deed) {
    case Deed::zero: return for_each_element(site.at, [&](std::size_t i) { values[i] = 0; });
    case Deed::clamp:
      return for_each_element(site.at, [&](std::size_t i) { values[i] = std::isnan(values[i]) ? values[i] : std::clamp(values[i], -site.value, site.value); });
    case Deed::scale: return for_each_element(site.at, [&](std::size_t i) { values[i] *= site.value; });
    case Deed::replace: return for_each_element(site.at, [&](std::size_t i) { values[i] = site.value; });
    case Deed::mean: {
      double sum = 0;
      for_each_element(site.at, [&](std::size_t i) { sum += static_cast<double>(values[i]); });
      const auto mean = static_cast<float>(sum / static_cast<double>(std::ssize(site.at.chosen) * site.at.span));
      return for_each_element(site.at, [&](std::size_t i) { values[i] = mean; });
    }
    case Deed::noise:
      return for_each_element(site.at, [&](std::size_t i) {
        const double random = keyed_noise(site.seed, {place_of(site.at), token, static_cast<std::int64_t>(i)});
        values[i] = static_cast<float>(static_cast<double>(values[i]) + static_cast<double>(site.value) * random);
      });
    case Deed::hold:
      if (site.at.point == Point::h) return stay(site, values);
      return for_each_element(site.at, [&](std::size_t i) { values[i] = 1; });
    case Deed::forget: return fade(site, values);
  }
}

/// h_t = exp(dt A) h_{t-1}, in the one rounding that the step has where it writes nothing.
void RuledProbe::fade(const Site& site, std::span<float> values) const {
  const Before& before = before_[static_cast<std::size_t>(site.at.layer)];
  const std::size_t cells_a_decay = values.size() / before.decay.size();
  for_each_element(site.at, [&](std::size_t i) { values[i] = before.decay[i / cells_a_decay] * before.h[i]; });
}

/// h_t = h_{t-1} + dt x B, as a difference from what the step made.
void RuledProbe::stay(const Site& site, std::span<float> values) const {
  const Before& before = before_[static_cast<std::size_t>(site.at.layer)];
  const std::size_t cells_a_decay = values.size() / before.decay.size();
  for_each_element(site.at, [&](std::size_t i) {
    const double lost = (1 - static_cast<double>(before.decay[i / cells_a_decay])) * static_cast<double>(before.h[i]);
    values[i] = static_cast<float>(static_cast<double>(values[i]) + lost);
  });
}

}  // namespace lab
