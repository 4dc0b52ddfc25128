// The numbers a step counts about itself, against plain sums over the values it shows.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

constexpr std::int64_t kTokens = 6;

// The rows of one point, in double.
struct Values {
  Values(const Recorder<float>& recorder, Point point, int layer) {
    const std::vector<float>& kept = recorder.values.at(point_name(point, layer));
    all.assign(kept.begin(), kept.end());
    width = all.size() / kTokens;
  }
  std::span<const double> at(std::int64_t token) const {
    return std::span(all).subspan(static_cast<std::size_t>(token) * width, width);
  }
  std::vector<double> all;
  std::size_t width = 0;
};

double norm(std::span<const double> values) {
  double squares = 0;
  for (double value : values) squares += value * value;
  return std::sqrt(squares);
}
double largest(std::span<const double> values) {
  double most = 0;
  for (double value : values) most = std::max(most, std::fabs(value));
  return most;
}
double mean(std::span<const double> values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}
double silu(double x) { return x / (1 + std::exp(-x)); }

// ||dt u B|| over all elements of the state.
double write_norm(const ModelInfo& info, std::span<const double> dt, std::span<const double> u,
                  std::span<const double> B) {
  const bool per_head = info.heads > 0;
  const std::size_t heads = per_head ? static_cast<std::size_t>(info.heads) : 1,
                    groups = per_head ? static_cast<std::size_t>(info.groups) : 1;
  const std::size_t width = u.size() / heads, states = B.size() / groups;
  double squares = 0;
  for (std::size_t channel = 0; channel < u.size(); ++channel)
    for (std::size_t n = 0; n < states; ++n) {
      const std::size_t head = channel / width, group = head / (heads / groups);
      squares += std::pow(dt[per_head ? head : channel] * u[channel] * B[group * states + n], 2);
    }
  return std::sqrt(squares);
}

void check_layer(const Model& model, const Recorder<float>& recorder, int layer) {
  const Values h(recorder, Point::h, layer), decay(recorder, Point::decay, layer), dt(recorder, Point::dt, layer),
      z(recorder, Point::z, layer);
  const Values u(recorder, model.info().heads > 0 ? Point::x : Point::u, layer), B(recorder, Point::B, layer),
      y(recorder, Point::y, layer);
  const Values mixer(recorder, Point::mixer_out, layer), resid(recorder, Point::resid_out, layer);
  for (std::int64_t t = 0; t < kTokens; ++t) {
    std::vector<double> change(h.at(t).begin(), h.at(t).end()), opening;
    for (std::size_t i = 0; t > 0 && i < change.size(); ++i) change[i] -= h.at(t - 1)[i];
    double shut = 0;
    for (double gate : z.at(t)) opening.push_back(std::fabs(silu(gate)));
    for (double open : opening) shut += open < 0.01;
    const std::pair<Statistic, double> expected[] = {
        {Statistic::h_norm, norm(h.at(t))},
        {Statistic::h_max, largest(h.at(t))},
        {Statistic::h_mean, mean(h.at(t))},
        {Statistic::h_change, norm(change)},
        {Statistic::h_nonfinite, 0},
        {Statistic::write_norm, write_norm(model.info(), dt.at(t), u.at(t), B.at(t))},
        {Statistic::decay_mean, mean(decay.at(t))},
        {Statistic::dt_mean, mean(dt.at(t))},
        {Statistic::dt_max, largest(dt.at(t))},
        {Statistic::gate_mean, mean(opening)},
        {Statistic::gate_shut, shut / static_cast<double>(opening.size())},
        {Statistic::x_norm, norm(u.at(t))},
        {Statistic::y_norm, norm(y.at(t))},
        {Statistic::mixer_norm, norm(mixer.at(t))},
        {Statistic::resid_norm, norm(resid.at(t))},
        {Statistic::resid_max, largest(resid.at(t))}};
    static_assert(std::size(expected) == static_cast<std::size_t>(Statistic::entropy_mean));  // the others are attention's
    for (const auto& [which, value] : expected) {
      const float ours =
          recorder.numbers.at(layer)[static_cast<std::size_t>(t * kStatistics + static_cast<std::int64_t>(which))];
      CAPTURE(lab::name_of(which));
      CAPTURE(t);
      // Sums of a few thousand float32 terms in sixteen lanes; a mean of both signs is judged by the sizes it is made of.
      CHECK(std::fabs(ours - value) <=
            1e-5 * std::max(std::fabs(value), which == Statistic::h_mean ? largest(h.at(t)) : 0.0));
    }
  }
}

}  // namespace

TEST_CASE("statistics: those of a scan are what their names say") {
  for (const RandomModel& sizes :
       {RandomModel{.family = "mamba1", .hidden = 33, .vocabulary = 50, .state_size = 5, .seed = 5},
        RandomModel{.family = "mamba2",
        .hidden = 36,
        .vocabulary = 50,
        .state_size = 7,
        .head_dim = 24,
        .groups = 3,
        .seed = 5}}) {
    INFO(sizes.family);
    const auto model = make_random(sizes);
    Context<float> context;
    Recorder<float> recorder(model->layers());
    recorder.read_everything(model->layers());
    recorder.wants_statistics = true;
    run<float>(*model, random_tokens(kTokens, sizes.vocabulary), context, {}, &recorder);
    for (int layer = 0; layer < model->layers(); ++layer) check_layer(*model, recorder, layer);
  }
}

TEST_CASE("statistics: elements that are no numbers are counted, each once") {
  for (const RandomModel& sizes :
       {RandomModel{.family = "mamba1", .hidden = 9, .vocabulary = 20, .state_size = 5},
        RandomModel{.family = "mamba2", .hidden = 12, .vocabulary = 20, .state_size = 5, .head_dim = 8}}) {
    INFO(sizes.family);
    const auto model = make_random(sizes);
    Context<float> context;
    State state(model->schema());
    const int h = state.schema().layers()[0].find(Point::h);
    std::vector<float> values = state.get(0, h);
    values[3] = INFINITY;
    values[7] = NAN;
    values.back() = -INFINITY;
    REQUIRE(state.set(0, h, values));
    Recorder<float> recorder(model->layers());
    recorder.wants_statistics = true;
    run<float>(*model, {1}, context, {}, &recorder, &state);
    CHECK(recorder.numbers.at(0)[static_cast<std::size_t>(Statistic::h_nonfinite)] == 3);
  }
}

TEST_CASE("statistics: a state that was set after an explosion has finite numbers again") {
  const auto model = make_random({.family = "mamba1", .hidden = 9, .vocabulary = 20, .state_size = 5});
  Context<float> context;
  class Explode final : public BasicProbe<float> {
   public:
    using BasicProbe::BasicProbe;
    void visit(Point, int, std::int64_t, Rows<float> rows) override { std::fill_n(rows.data, rows.width, NAN); }
  };
  Explode explode(model->layers());
  explode.patch(Point::B, 0);
  State state = run<float>(*model, {1}, context, {}, &explode).state;
  for (int layer = 0; layer < model->layers(); ++layer)
    for (int i = 0; i < 2; ++i) REQUIRE(state.set(layer, i, std::vector<float>(state.get(layer, i).size(), 0.5f)));
  Recorder<float> recorder(model->layers());
  recorder.wants_statistics = true;
  run<float>(*model, {1}, context, {}, &recorder, &state);
  for (const auto& [layer, numbers] : recorder.numbers)
    for (int i = 0; i < static_cast<int>(Statistic::entropy_mean); ++i) CHECK(std::isfinite(numbers[static_cast<std::size_t>(i)]));
}

TEST_CASE("statistics: those of attention are what their names say, whatever the cut") {
  const auto model = open_golden("llama");
  const Tokens tokens = random_tokens(kTokens, model->info().vocabulary);
  Context<float> context;
  Recorder<float> recorder(model->layers());
  recorder.read_everything(model->layers());
  recorder.pad(*model, kTokens);
  recorder.wants_statistics = true;
  run<float>(*model, tokens, context, {2, kTokens - 2}, &recorder);
  for (int layer = 0; layer < model->layers(); ++layer) {
    const Values keys(recorder, Point::k_rot, layer), values(recorder, Point::v, layer), probs(recorder, Point::probs, layer);
    const Values scores(recorder, Point::scores, layer), q(recorder, Point::q_rot, layer), ctx(recorder, Point::ctx, layer);
    const auto heads = static_cast<std::size_t>(model->info().heads);
    double squares = 0;
    for (std::int64_t t = 0; t < kTokens; ++t) {
      const auto number = [&](Statistic which) {
        return static_cast<double>(recorder.numbers.at(layer)[static_cast<std::size_t>(t * kStatistics + static_cast<std::int64_t>(which))]);
      };
      const double write = std::hypot(norm(keys.at(t)), norm(values.at(t)));
      squares += write * write;
      double entropy = 0, high = -1e30, low = 1e30;
      for (std::size_t head = 0; head < heads; ++head)
        for (std::size_t s = 0; s <= static_cast<std::size_t>(t); ++s) {
          const std::size_t at = head * static_cast<std::size_t>(kTokens) + s;
          const double p = probs.at(t)[at];
          entropy -= p * std::log(p);
          high = std::max(high, static_cast<double>(scores.at(t)[at]));
          low = std::min(low, static_cast<double>(scores.at(t)[at]));
        }
      CHECK(number(Statistic::h_norm) == doctest::Approx(std::sqrt(squares)).epsilon(1e-5));
      CHECK(number(Statistic::write_norm) == doctest::Approx(write).epsilon(1e-5));
      CHECK(number(Statistic::h_change) == doctest::Approx(write).epsilon(1e-5));
      CHECK(number(Statistic::x_norm) == doctest::Approx(norm(q.at(t))).epsilon(1e-5));
      CHECK(number(Statistic::y_norm) == doctest::Approx(norm(ctx.at(t))).epsilon(1e-5));
      CHECK(number(Statistic::entropy_mean) == doctest::Approx(entropy / static_cast<double>(heads)).epsilon(1e-4));
      CHECK(number(Statistic::score_high) == doctest::Approx(high).epsilon(1e-5));
      CHECK(number(Statistic::score_low) == doctest::Approx(low).epsilon(1e-5));
      CHECK(std::isnan(number(Statistic::dt_mean)));
    }
  }
}
