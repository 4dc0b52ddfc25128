// Recorded statistics and drivers say what the states and stages say.
#include <cmath>

#include <doctest/doctest.h>

#include "tests/tracer/recording.h"

using namespace lab;
using lab::test::Recording;

namespace {

constexpr double kRounding = 6e-8;  // of a float

struct Direct {
  double norm = 0, largest = 0, mean = 0, magnitude = 0, change = 0;
};

Direct direct(const std::vector<float>& h, const std::vector<float>& before) {
  Direct d;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double value = h[i], difference = value - before[i];
    d.norm += value * value;
    d.largest = std::max(d.largest, std::abs(value));
    d.mean += value;
    d.magnitude += std::abs(value);
    d.change += difference * difference;
  }
  const auto n = static_cast<double>(h.size());
  return {std::sqrt(d.norm), d.largest, d.mean / n, d.magnitude / n, std::sqrt(d.change)};
}

// Keeps the values of one point of one layer, row by row.
class Keeper final : public Probe {
 public:
  Keeper(int layers, Point point, int layer) : Probe(layers) { read(point, layer); }
  void visit(Point, int, std::int64_t, Rows<float> rows) override {
    for (std::int64_t t = 0; t < rows.count; ++t) kept.emplace_back(rows.row(t), rows.row(t) + rows.width);
  }
  std::vector<std::vector<float>> kept;
};

}  // namespace

TEST_CASE("statistics: norm, maximum, mean and change of a state are those computed from it in double precision") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    Recording r(family);
    r.read(150, 41);
    const auto view = r.trace.view();
    for (int layer = 0; layer < r.model->layers(); ++layer) {
      const int h = r.model->schema()->layers()[static_cast<std::size_t>(layer)].find(Point::h);
      for (std::int64_t t = 0; t < 150; ++t) {
        const std::vector<float> after = r.live[static_cast<std::size_t>(t) + 1].get(layer, h);
        const Direct d = direct(after, r.live[static_cast<std::size_t>(t)].get(layer, h));
        const auto recorded = [&](Statistic which) { return static_cast<double>(view->statistic(layer, which, t).mean); };
        // A sum of n positive terms: at most one rounding an addition, one more for the root.
        const double sum_error = kRounding * static_cast<double>(after.size() + 1);
        REQUIRE(std::abs(recorded(Statistic::h_norm) - d.norm) <= sum_error * d.norm);
        REQUIRE(recorded(Statistic::h_max) == d.largest);
        REQUIRE(std::abs(recorded(Statistic::h_mean) - d.mean) <= sum_error * d.magnitude);
        REQUIRE(std::abs(recorded(Statistic::h_change) - d.change) <= sum_error * d.change + kRounding * d.norm);
        REQUIRE(recorded(Statistic::h_nonfinite) == 0);
      }
    }
  }
}

TEST_CASE("statistics: a recorded driver is the stage it is named after, at its token and layer") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    Recording r(family);
    r.read(100, 27);
    const auto view = r.trace.view();
    for (int layer = 0; layer < r.model->layers(); ++layer)
      for (std::size_t i = 0; i < view->layers()[0].drivers.size(); ++i) {
        Keeper keeper(r.model->layers(), view->layers()[0].drivers[i].point, layer);
        State state(r.model->schema());
        test::advance(*r.model, 0, 100, state, &keeper, r.context);
        REQUIRE(keeper.kept.size() == 100);
        std::int64_t different = 0;
        for (std::int64_t t = 0; t < 100; ++t)
          if (view->driver(layer, static_cast<int>(i), t) != keeper.kept[static_cast<std::size_t>(t)]) ++different;
        CHECK(different == 0);
      }
  }
}
