#include "views/panels/norm_strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"

namespace lab {

std::int64_t StripAxis::token(float x) const { return static_cast<std::int64_t>(std::floor(static_cast<double>((x - axis.x) / axis.w) * tokens)); }

void draw_strip_axis(Ui& ui, const StripAxis& axis) {
  const auto wanted = static_cast<int>(std::clamp(axis.axis.w / 70, 2.0f, 14.0f));
  for (const double tick : ticks(0, axis.tokens, wanted, true)) {
    const std::string text = number_text(tick, 9);
    const float width = ui.width(Face::axis, text), x = std::min(axis.at(tick) - width / 2, axis.axis.right() - width);
    ui.text(Face::axis, std::max(axis.axis.x, x), axis.axis.y + 3, ui.theme().dim, text);
  }
  ui.text_in({axis.axis.right() + 4, axis.axis.y, 40, axis.axis.h}, Face::tick, ui.theme().dim, "token");
}

void paint_strip(Ui& ui, Box box, PaneContext& context, const KeptStrip& strip) {
  if (!strip.pixels) return;
  const DisplayList list{box.w, box.h, {DrawImage{{0, 0, box.w, box.h}, strip.pixels}}};
  context.painter.paint(list, ui.list(), ui.px(box.x), ui.px(box.y));
}

ColorScale norm_scale() { return {.map = ColorMap::gray, .low = 0.5, .high = 1.7}; }

void draw_norm_strip(Ui& ui, Box box, PaneContext& context, const RunFacts& run) {
  const std::int64_t layers = std::ssize(context.snapshot.model->layers), count = run.tokens.count();
  const auto width = static_cast<int>(ui.px(box.w)), height = static_cast<int>(ui.px(box.h));
  if (width < 2 || height < 2 || count == 0) return;
  const std::string key = fmt::format("norms {} {} {} {} {}", run.run, run.trace->revision(), count, width, height);
  paint_strip(ui, box, context, kept_strip(ui, context, run.id, key, [&] {
    const std::int64_t stride = std::max<std::int64_t>(1, count / (2 * width)), columns = (count + stride - 1) / stride;
    std::vector<float> values(static_cast<std::size_t>(columns * layers));
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      double sum = 0;
      std::int64_t known = 0;
      for (std::int64_t i = 0; i < columns; ++i) {
        const float norm = run.trace->statistic(static_cast<int>(layer), Statistic::h_norm, i * stride).mean;
        values[static_cast<std::size_t>(i * layers + layer)] = norm;
        if (std::isfinite(norm)) sum += static_cast<double>(norm), ++known;
      }
      const double mean = known > 0 && sum > 0 ? sum / static_cast<double>(known) : 1;
      for (std::int64_t i = 0; i < columns; ++i) values[static_cast<std::size_t>(i * layers + layer)] /= static_cast<float>(mean);
    }
    return color_matrix([&](std::int64_t i) { return values.data() + i * layers; }, columns, layers, {}, 0, static_cast<double>(columns), 0, static_cast<double>(layers), width,
                        height, norm_scale(), Pooling::mean);
  }));
}

void draw_ramp(Ui& ui, Box& row, const char* name, const ColorScale& scale, const std::string& low, const std::string& high) {
  const Theme& theme = ui.theme();
  row.cut_left(ui.text_in(row, Face::control, theme.dim, name) - row.x + 8);
  row.cut_left(ui.text_in(row, Face::axis, theme.dim, low) - row.x + 6);
  const Box ramp = row.cut_left(80).row(8);
  for (int i = 0; i < 20; ++i) {
    const Rgba color = scale.color(scale.value((static_cast<double>(i) + 0.5) / 20));
    ui.fill({ramp.x + static_cast<float>(i) * 4, ramp.y, 4, ramp.h}, static_cast<Color>(color));
  }
  row.cut_left(6);
  row.cut_left(ui.text_in(row, Face::axis, theme.dim, high) - row.x + 20);
}

}  // namespace lab
