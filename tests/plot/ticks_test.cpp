// Ticks: sets known from the paper's rules, scales, and numbers as they are written.
#include <doctest/doctest.h>

#include <cmath>

#include "views/plot/layout.h"
#include "views/plot/ticks.h"

using namespace lab;

namespace {

std::string joined(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) out += (out.empty() ? "" : " ") + number_text(value);
  return out;
}

std::string labels(const std::vector<Tick>& found) {
  std::string out;
  for (const Tick& tick : found)
    if (!tick.label.empty()) out += (out.empty() ? "" : " ") + tick.label;
  return out;
}

TickRoom room(double length, double spacing) {
  TickRoom out{.length = length, .spacing = spacing};
  out.extent = [](const std::string& label) { return 5.0 * static_cast<double>(label.size()); };
  return out;
}

}  // namespace

TEST_CASE("ticks: round steps are chosen as a person would") {
  CHECK(joined(ticks(0, 256, 6, false)) == "0 50 100 150 200 250");
  CHECK(joined(ticks(0, 1, 5, false)) == "0 0.25 0.5 0.75 1");
  CHECK(joined(ticks(-3, 3, 7, false)) == "−3 −2 −1 0 1 2 3");
  CHECK(joined(ticks(0, 100, 5, false)) == "0 25 50 75 100");
  CHECK(joined(ticks(-0.01, 0.05, 6, false)) == "−0.01 0 0.01 0.02 0.03 0.04 0.05");
}

TEST_CASE("ticks: an axis that crosses zero has a tick there") {
  for (const double low : {-0.01, -0.3, -7.7, -123.0})
    for (const double high : {0.05, 1.1, 31.0})
      for (const int wanted : {2, 4, 6}) {
        const auto found = ticks(low, high, wanted, false);
        CHECK_MESSAGE(std::find(found.begin(), found.end(), 0.0) != found.end(), low, " ", high, " ", wanted);
      }
}

TEST_CASE("ticks: all lie inside the range, at equal steps") {
  for (const double low : {-1e6, -3.7, 0.001, 12.0, 1e5})
    for (const double width : {1e-3, 0.7, 19.0, 3e4}) {
      const auto found = ticks(low, low + width, 5, false);
      REQUIRE(found.size() >= 2);
      CHECK(found.front() >= low - 1e-9 * width);
      CHECK(found.back() <= low + width * (1 + 1e-9));
      for (std::size_t i = 2; i < found.size(); ++i)
        CHECK(found[i] - found[i - 1] == doctest::Approx(found[1] - found[0]).epsilon(1e-6));
    }
}

TEST_CASE("ticks: labels are multiples of their step") {
  for (const double low : {1.3, -17.0, 0.61})
    for (const double high : {19.2, 500.0})
      for (const int wanted : {2, 3, 4, 7}) {
        const auto found = ticks(low, high, wanted, false);
        REQUIRE(found.size() >= 2);
        const double step = found[1] - found[0];
        CHECK_MESSAGE(std::abs(std::remainder(found[0], step)) < 1e-9 * step, low, " ", high, " ", wanted);
      }
}

TEST_CASE("ticks: whole numbers stay whole, and a range without width has one tick") {
  for (const double value : ticks(0, 3, 6, true)) CHECK(value == std::round(value));
  CHECK(joined(ticks(0, 3, 6, true)) == "0 1 2 3");
  CHECK(joined(ticks(2, 2, 5, false)) == "2");
  CHECK(ticks(0, std::nan(""), 5, false).empty());
  CHECK(joined(ticks(10, 0, 5, false)) == joined(ticks(0, 10, 5, false)));
}

TEST_CASE("ticks: labels never overlap, however little room there is") {
  for (const double length : {8.0, 30.0, 90.0, 400.0}) {
    const auto found = ticks_of(Stretch{Scaling::linear, -123456, 123456}, false, room(length, 10));
    for (std::size_t i = 1; i < found.size(); ++i) {
      const double free = (5.0 * static_cast<double>(found[i].label.size() + found[i - 1].label.size())) / 2;
      CHECK(found[i].place - found[i - 1].place >= free);
    }
  }
}

TEST_CASE("ticks: logarithmic axes have powers of ten, and what is between them where there is room") {
  CHECK(labels(ticks_of(Stretch{Scaling::log, 1, 1000}, false, room(200, 40))) == "1 10 100 1000");
  CHECK(labels(ticks_of(Stretch{Scaling::log, 2, 200}, false, room(200, 20))) == "2 5 10 20 50 100 200");
  CHECK(labels(ticks_of(Stretch{Scaling::log, 1e-6, 1}, false, room(300, 40))) == "10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰");
}

TEST_CASE("ticks: symlog axes are symmetric around zero") {
  TickRoom signed_room = room(400, 40);
  signed_room.signed_labels = true;
  CHECK(labels(ticks_of(Stretch{Scaling::symlog, -1, 1, 0.01}, false, signed_room)) == "−1 −0.1 −0.01 0 +0.01 +0.1 +1");
}

TEST_CASE("ticks: a mark that would cover an earlier one is left out") {
  const std::vector<std::pair<double, std::string>> marks{{0, "first"}, {1, "second"}, {50, "third"}, {200, "outside"}};
  CHECK(labels(ticks_of(marks, Stretch{Scaling::linear, 0, 100}, room(100, 20))) == "first third");
}

TEST_CASE("numbers: true minus sign, no trailing zeros, powers only where needed") {
  CHECK(number_text(-0.5) == "−0.5");
  CHECK(number_text(1.0) == "1");
  CHECK(number_text(0.0) == "0");
  CHECK(number_text(-0.0) == "0");
  CHECK(number_text(0.20011, 5) == "0.20011");
  CHECK(number_text(3.14159) == "3.142");
  CHECK(number_text(123456) == "123456");
  CHECK(number_text(9999.96, 4) == "10000");
  CHECK(number_text(-8.4e-5) == "−8.4e−5");
  CHECK(number_text(2.5e9) == "2.5e9");
  CHECK(number_text(std::nan("")) == "NaN");
  CHECK(number_text(-INFINITY) == "−∞");
}

TEST_CASE("scales: places and values turn into each other") {
  for (const Scaling scaling : {Scaling::linear, Scaling::log, Scaling::symlog})
    for (const double value : {0.02, 0.3, 1.0, 7.5, 40.0}) {
      const Stretch stretch{scaling, 0.01, 50, 0.5};
      CHECK(stretch.value(stretch.share(value)) == doctest::Approx(value).epsilon(1e-12));
    }
  const PlotArea area{{10, 20, 100, 50}, {"", 0, 10}, {"", 5, -5}};
  CHECK(area.place_of_x(5) == doctest::Approx(60));
  CHECK(area.place_of_y(5) == doctest::Approx(70));  // high < low turns the axis around: 5 is at the bottom
  CHECK(area.y_from(area.place_of_y(-2.5)) == doctest::Approx(-2.5));
}
