// Words in lines, on grounds coloured by their values.
#include <algorithm>
#include <cmath>

#include "views/plot/layout_parts.h"

namespace lab {
namespace {

constexpr double kLine = 2.05, kGround = 1.45;     // line to line, and the height of a ground, for a text size of 1
constexpr double kInset = 0.35, kGap = 0.3;        // left and right of a word within its ground, between grounds
constexpr double kFaintest = 0.07, kFullest = 0.6;  // strength of a ground

/// Lays words from `first` on out in lines of a width, with what stands for those before them.
class Lines {
 public:
  Lines(const Sheet& sheet, const WordsLayer& layer, double width) : sheet_(sheet), layer_(layer), width_(width), size_(sheet.size(TextFace::mono)) {}

  double width_of(const std::string& text) const { return sheet_.width(TextFace::mono, text) + 2 * kInset * size_; }

  /// Calls place(index or -1 for the rest, x, line, width of the ground) and returns how many lines there are.
  template <class Place>
  std::int64_t flow(std::size_t first, Place place) const {
    double x = 0;
    std::int64_t line = 0;
    const auto put = [&](int index, const std::string& text) {
      const double width = std::min(width_of(text), width_);
      if (x > 0 && x + width > width_) x = 0, ++line;
      place(index, x, line, width);
      x += width + kGap * size_;
    };
    if (first > 0 && layer_.rest) put(-1, layer_.rest(first));
    for (std::size_t i = first; i < layer_.words.size(); ++i) put(static_cast<int>(i), layer_.words[i].text);
    return line + 1;
  }

  /// The first word, so that it and all behind it fit into so many lines.
  std::size_t first_that_fits(std::int64_t lines) const {
    std::size_t low = 0, high = layer_.words.empty() ? 0 : layer_.words.size() - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (flow(middle, [](int, double, std::int64_t, double) {}) <= lines) high = middle;
      else low = middle + 1;
    }
    return low;
  }

 private:
  const Sheet& sheet_;
  const WordsLayer& layer_;
  const double width_, size_;
};

}  // namespace

void draw_words(const Sheet& sheet, const PlotPlan& plan, const WordsLayer& layer) {
  const RectF& frame = plan.frame;
  const double size = sheet.size(TextFace::mono);
  const auto fit = static_cast<std::int64_t>(std::floor((frame.h + (kLine - kGround - 0.3) * size) / (kLine * size)));
  const Lines lines(sheet, layer, frame.w);
  double largest = 0;
  for (const WordsLayer::Word& word : layer.words) largest = std::max(largest, std::fabs(word.value));
  const std::size_t first = lines.first_that_fits(std::max<std::int64_t>(1, fit));
  lines.flow(first, [&](int index, double x, std::int64_t line, double width) {
    const RectF ground{frame.x + x, frame.y + static_cast<double>(line) * kLine * size, width, kGround * size};
    const bool is_rest = index < 0;
    const std::size_t i = is_rest ? 0 : static_cast<std::size_t>(index);
    const double value = is_rest ? 0 : layer.words[i].value, share = largest > 0 ? std::fabs(value) / largest : 0;
    const Rgba ink = sheet.style.color(value < 0 ? layer.negative : layer.positive);
    const Rgba plain = muted(sheet.style, sheet.style.faint, is_rest ? 0.35 : 0.18);
    sheet.fill(ground, share > 1e-4 ? muted(sheet.style, ink, kFaintest + (kFullest - kFaintest) * std::sqrt(share)) : plain);
    if (share > 0.005) sheet.fill({ground.x, ground.bottom() + 0.08 * size, ground.w * share, 0.2 * size}, ink);
    if (index >= 0 && index == layer.ringed) {
      const double x1 = ground.right(), y1 = ground.bottom();
      sheet.line({{ground.x, ground.y}, {x1, ground.y}, {x1, y1}, {ground.x, y1}, {ground.x, ground.y}}, sheet.style.text, 1);
    }
    const std::string text = is_rest ? layer.rest(first) : layer.words[i].text;
    sheet.text({ground.x + kInset * size, ground.y + (kGround / 2 + kHalfDigit) * size}, sheet.elided(TextFace::mono, text, width),
               TextFace::mono, is_rest ? sheet.style.dim : sheet.style.text);
  });
}

}  // namespace lab
