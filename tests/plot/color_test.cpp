// Colours of single values, fitted ranges, and heatmaps: what pooling keeps.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "views/plot/color_map.h"

using namespace lab;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A matrix by columns, all zero at first.
struct Matrix {
  std::int64_t columns, rows;
  std::vector<float> values = std::vector<float>(static_cast<std::size_t>(columns * rows));

  float& at(std::int64_t column, std::int64_t row) { return values[static_cast<std::size_t>(column * rows + row)]; }
  std::shared_ptr<const Pixels> colored(int width, int height, const ColorScale& scale, Pooling pooling = Pooling::largest,
                                        bool grow_nans = false) const {
    const auto column = [this](std::int64_t i) { return values.data() + i * rows; };
    return color_matrix(column, columns, rows, {}, 0, static_cast<double>(columns), 0, static_cast<double>(rows), width,
                        height, scale, pooling, grow_nans);
  }
};

/// The colour of a heatmap of one cell.
Rgba shown(float value, const ColorScale& scale) {
  Matrix cell{1, 1};
  cell.at(0, 0) = value;
  return cell.colored(1, 1, scale)->rgba[0];
}

long count(const Pixels& pixels, Rgba color) { return std::count(pixels.rgba.begin(), pixels.rgba.end(), color); }
int red(Rgba color) { return static_cast<int>(color & 255); }
int blue(Rgba color) { return static_cast<int>(color >> 16 & 255); }

}  // namespace

TEST_CASE("colour maps: ends and middle are the published anchors") {
  CHECK(color_at(ColorMap::rd_bu, 0) == rgba(0x053061));
  CHECK(color_at(ColorMap::rd_bu, 0.5) == rgba(0xF7F7F7));
  CHECK(color_at(ColorMap::rd_bu, 1) == rgba(0x67001F));
  CHECK(color_at(ColorMap::viridis, 0) == rgba(0x440154));
  CHECK(color_at(ColorMap::viridis, 7) == rgba(0xFDE725));
  CHECK(color_at(ColorMap::gray, 0.5) == rgba(0x808080));
}

TEST_CASE("colour scales: zero has the middle of a diverging map under every scaling") {
  for (const Scaling scaling : {Scaling::linear, Scaling::log, Scaling::symlog}) {
    const ColorScale scale{ColorMap::rd_bu, scaling, -2, 2};
    CHECK(scale.share(0) == doctest::Approx(0.5));
    CHECK(scale.color(0) == rgba(0xF7F7F7));
    CHECK(scale.share(9) == 1);
    CHECK(scale.share(-9) == 0);
  }
}

TEST_CASE("colour scales: NaN and infinities have colours of their own") {
  const ColorScale scale;
  CHECK(scale.color(kNan) == kNanColor);
  CHECK(scale.color(kInfinity) == kInfinityColor);
  CHECK(scale.color(-kInfinity) == kMinusInfinityColor);
}

TEST_CASE("colour scales: symlog is linear within its threshold") {
  const ColorScale scale{ColorMap::rd_bu, Scaling::symlog, -10, 10, 1};
  const double step = scale.share(0.5) - scale.share(0);
  CHECK(scale.share(1) - scale.share(0.5) == doctest::Approx(step));
  CHECK(scale.share(10) - scale.share(9.5) < step / 5);
}

TEST_CASE("fitted scales: symmetric for diverging maps, robust against lone outliers, never without width") {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<float>(i % 11) - 3);
  values[500] = 1e6f;
  values[501] = kNan;
  values[502] = -kInfinity;
  const ColorScale robust = fitted_scale(ColorMap::rd_bu, Scaling::linear, values.data(), values.size(), true);
  CHECK(robust.high == 7);
  CHECK(robust.low == -7);
  const ColorScale full = fitted_scale(ColorMap::viridis, Scaling::linear, values.data(), values.size(), false);
  CHECK(full.low == -3);
  CHECK(full.high == 1e6);
  const std::vector<float> constant(8, 0.0f);
  for (const ColorMap map : {ColorMap::rd_bu, ColorMap::viridis}) {
    const ColorScale scale = fitted_scale(map, Scaling::linear, constant.data(), constant.size(), true);
    CHECK(scale.low < scale.high);
  }
  const ColorScale log = fitted_scale(ColorMap::magma, Scaling::log, values.data(), values.size(), true);
  CHECK(log.low > 0);
}

TEST_CASE("heatmaps: a lone spike stays where a pixel stands for many cells") {
  Matrix matrix{2000, 1500};
  matrix.at(1234, 777) = -5;
  const ColorScale scale{ColorMap::rd_bu, Scaling::linear, -5, 5};
  const auto pixels = matrix.colored(200, 100, scale);
  CHECK(count(*pixels, scale.color(-5)) == 1);
  CHECK(count(*pixels, scale.color(0)) == 200 * 100 - 1);
  CHECK(pixels->rgba[51 * 200 + 123] == scale.color(-5));
}

TEST_CASE("heatmaps: the larger magnitude wins with its sign, infinity beats it, NaN beats both") {
  const ColorScale scale{ColorMap::rd_bu, Scaling::linear, -4, 4};
  Matrix matrix{2, 2};
  matrix.at(0, 0) = 3, matrix.at(1, 1) = -4;
  CHECK(matrix.colored(1, 1, scale)->rgba[0] == scale.color(-4));
  matrix.at(0, 1) = kInfinity;
  CHECK(matrix.colored(1, 1, scale)->rgba[0] == kInfinityColor);
  matrix.at(1, 0) = -kNan;
  CHECK(matrix.colored(1, 1, scale)->rgba[0] == kNanColor);
}

TEST_CASE("heatmaps: a lone NaN is kept by pooling and, where asked, covers 3 x 3 pixels") {
  Matrix matrix{640, 480};
  matrix.at(321, 200) = kNan;
  CHECK(count(*matrix.colored(64, 48, {}), kNanColor) == 1);
  CHECK(count(*matrix.colored(64, 48, {}, Pooling::largest, true), kNanColor) == 9);
  CHECK(count(*matrix.colored(64, 48, {}, Pooling::mean), kNanColor) == 1);
  matrix.at(321, 200) = std::bit_cast<float>(0x7F800001u);  // a NaN whose upper half is that of infinity
  CHECK(count(*matrix.colored(64, 48, {}), kNanColor) == 1);
}

TEST_CASE("heatmaps: mean averages, nearest takes the middle") {
  Matrix matrix{1, 3};
  matrix.at(0, 0) = 3, matrix.at(0, 1) = -1, matrix.at(0, 2) = 1;
  const ColorScale scale{ColorMap::rd_bu, Scaling::linear, -4, 4};
  CHECK(matrix.colored(1, 1, scale, Pooling::mean)->rgba[0] == shown(1, scale));
  CHECK(matrix.colored(1, 1, scale, Pooling::nearest)->rgba[0] == shown(-1, scale));
}

TEST_CASE("heatmaps: the table of colours agrees with the exact colour to what an eye can see") {
  for (const ColorScale& scale : {ColorScale{ColorMap::gray, Scaling::linear, -3, 3}, ColorScale{ColorMap::gray, Scaling::symlog, -3, 3},
                                  ColorScale{ColorMap::gray, Scaling::log, 1e-4, 10}, ColorScale{ColorMap::gray, Scaling::linear, 100, 101}}) {
    Matrix matrix{100, 1};
    for (int i = 0; i < 100; ++i) matrix.at(i, 0) = static_cast<float>(scale.value(i / 99.0));
    const auto pixels = matrix.colored(100, 1, scale);
    for (int i = 0; i < 100; ++i) {
      const Rgba exact = scale.color(matrix.at(i, 0)), shown = pixels->rgba[static_cast<std::size_t>(i)];
      CHECK(std::abs(red(exact) - red(shown)) <= 2);  // 255 levels / 128 steps of the mantissa
    }
  }
}

TEST_CASE("heatmaps: rows follow their order, columns that are not there are transparent, a turned one is turned") {
  Matrix matrix{2, 3};
  matrix.at(1, 0) = -4, matrix.at(1, 2) = 4;
  const ColorScale scale{ColorMap::rd_bu, Scaling::linear, -4, 4};
  const auto column = [&](std::int64_t i) { return i == 0 ? nullptr : matrix.values.data() + i * 3; };
  const auto ordered = color_matrix(column, 2, 3, {2, 0, 1}, 0, 2, 0, 3, 2, 3, scale, Pooling::largest);
  CHECK(ordered->rgba == std::vector<Rgba>{0, scale.color(4), 0, scale.color(-4), 0, scale.color(0)});
  const auto turned = color_matrix(column, 2, 3, {}, 2, -2, 3, -3, 2, 3, scale, Pooling::largest);
  CHECK(turned->rgba == std::vector<Rgba>{scale.color(4), 0, scale.color(0), 0, scale.color(-4), 0});
}

TEST_CASE("heatmaps: cells larger than a pixel become blocks of one colour") {
  Matrix matrix{2, 1};
  matrix.at(0, 0) = -1, matrix.at(1, 0) = 1;
  const auto pixels = matrix.colored(6, 2, {});
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 6; ++x) {
      const Rgba color = pixels->rgba[static_cast<std::size_t>(y * 6 + x)];
      CHECK((x < 3 ? blue(color) > red(color) : red(color) > blue(color)));
    }
}
