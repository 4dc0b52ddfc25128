#include "views/plot/ticks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "views/plot/layout.h"

namespace lab {

namespace {

constexpr const char* kMinus = "\u2212";

// Talbot, Lin and Hanrahan, "An Extension of Wilkinson's Algorithm for Positioning Tick Labels on Axes" (2010), with
// labels inside the range, at multiples of their step (their j is 1: no 2.5, 10, 17.5), and legibility always 1.
constexpr std::array kNice{1.0, 5.0, 2.0, 2.5, 4.0, 3.0};
constexpr double kSimplicity = 0.25, kCoverage = 0.2, kDensity = 0.5, kLegibility = 0.05;

double simplicity(int nice, bool has_zero) { return 1 - static_cast<double>(nice) / (kNice.size() - 1) + has_zero; }
double coverage(double low, double high, double first, double last) {
  const double tenth = 0.1 * (high - low);
  return 1 - 0.5 * ((high - last) * (high - last) + (low - first) * (low - first)) / (tenth * tenth);
}
double most_coverage(double range, double span) {
  if (span <= range) return 1;
  const double half = (span - range) / 2;
  return 1 - half * half / (0.01 * range * range);
}
double density(int count, int wanted, double low, double high, double first, double last) {
  const double has = (count - 1) / (last - first);
  const double wants = (wanted - 1) / (std::max(last, high) - std::min(low, first));
  return 2 - std::max(has / wants, wants / has);
}
double most_density(int count, int wanted) {
  return count >= wanted ? 2 - static_cast<double>(count - 1) / (wanted - 1) : 1;
}
double score(double simple, double covered, double dense) {
  return kSimplicity * simple + kCoverage * covered + kDensity * dense + kLegibility;
}

struct Labelling {
  double first = 0, step = 0;
  int count = 0;
  double score = -2;
};

/// Tries the starts of labels `step` apart that stay inside the range.
void try_starts(double low, double high, int wanted, int nice, int count, double step, Labelling& best) {
  const double slack = 1e-9 * (high - low);
  const double last_start = std::floor((high + slack) / step) - (count - 1);
  for (double start = std::ceil((low - slack) / step); start <= last_start; ++start) {
    const double first = start * step, last = first + (count - 1) * step;
    const bool has_zero = first <= slack && last >= -slack;
    const double s = score(simplicity(nice, has_zero), coverage(low, high, first, last),
                           density(count, wanted, low, high, first, last));
    if (s > best.score) best = {first, step, count, s};
  }
}

/// Ends each loop as soon as nothing behind it can beat the best labelling found.
Labelling best_labelling(double low, double high, int wanted, bool whole_numbers) {
  Labelling best;
  for (int nice = 0; nice < static_cast<int>(kNice.size()); ++nice) {
    const double simple = simplicity(nice, true);
    if (score(simple, 1, 1) < best.score) break;
    for (int count = 2; count < 64; ++count) {
      if (score(simple, 1, most_density(count, wanted)) < best.score) break;
      const double room = (high - low) / (count + 1) / kNice[static_cast<std::size_t>(nice)];
      for (double power = std::ceil(std::log10(room));; ++power) {
        const double step = kNice[static_cast<std::size_t>(nice)] * std::pow(10, power);
        const double span = step * (count - 1);
        if (span > (high - low) * (1 + 1e-9)) break;
        if (score(simple, most_coverage(high - low, span), most_density(count, wanted)) < best.score) break;
        if (whole_numbers && std::abs(step - std::round(step)) > 1e-9) continue;
        try_starts(low, high, wanted, nice, count, step, best);
      }
    }
  }
  return best;
}

std::string superscript(int number) {
  constexpr const char* digits[] = {"\u2070", "\u00B9", "\u00B2", "\u00B3", "\u2074",
                                    "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string out = number < 0 ? "\u207B" : "";
  for (const char c : std::to_string(std::abs(number))) out += digits[c - '0'];
  return out;
}

std::string tick_label(double value, bool as_power, bool with_sign) {
  const std::string sign = value < 0 ? kMinus : with_sign && value > 0 ? "+" : "";
  if (!as_power || value == 0) return sign + number_text(std::abs(value));
  const int power = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  const double factor = std::abs(value) / std::pow(10, power);
  return sign + (std::abs(factor - 1) < 1e-6 ? "" : number_text(factor) + "\u00B7") + "10" + superscript(power);
}

std::vector<Tick> labelled(const std::vector<double>& values, const Stretch& stretch, const TickRoom& room) {
  const auto far = [](double value) { return value != 0 && (std::abs(value) < 0.999e-3 || std::abs(value) > 0.999e5); };
  const bool as_power = stretch.scaling != Scaling::linear && std::any_of(values.begin(), values.end(), far);
  std::vector<Tick> out;
  for (const double value : values)
    out.push_back({value, stretch.share(value) * room.length, tick_label(value, as_power, room.signed_labels)});
  return out;
}

bool overlap(std::vector<Tick> found, const TickRoom& room) {
  std::sort(found.begin(), found.end(), [](const Tick& a, const Tick& b) { return a.place < b.place; });
  for (std::size_t i = 1; i < found.size(); ++i) {
    const double apart = found[i].place - found[i - 1].place;
    if (apart < (room.extent(found[i].label) + room.extent(found[i - 1].label)) / 2 + room.gap) return true;
  }
  return false;
}

using Factors = std::vector<int>;

/// Powers of ten times `factors`, every `every`-th decade, within [low, high] > 0.
std::vector<double> decades(double low, double high, const Factors& factors, int every) {
  std::vector<double> out;
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  for (int power = static_cast<int>(std::floor(std::log10(low) + 1e-9)); power <= last; ++power) {
    if (power % every != 0) continue;
    for (const int factor : factors) {
      const double value = factor * std::pow(10.0, power);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) out.push_back(value);
    }
  }
  return out;
}

std::vector<double> logarithmic(const Stretch& stretch, const Factors& factors, int every) {
  const double low = std::min(stretch.low, stretch.high), high = std::max(stretch.low, stretch.high);
  if (stretch.scaling == Scaling::log) return decades(low, high, factors, every);
  std::vector<double> out;
  if (-low > stretch.threshold) {
    out = decades(stretch.threshold, -low, factors, every);
    std::reverse(out.begin(), out.end());
    for (double& value : out) value = -value;
  }
  if (low <= 0 && high >= 0) out.push_back(0);
  if (high > stretch.threshold)
    for (const double value : decades(std::max(low, stretch.threshold), high, factors, every)) out.push_back(value);
  return out;
}

/// Powers of ten where there are enough of them, otherwise the finest pattern of round numbers whose labels have room;
/// empty where none has two ticks.
std::vector<Tick> logarithmic_ticks(const Stretch& stretch, const TickRoom& room) {
  const double wanted = room.length / room.spacing;
  const auto fits = [&](const std::vector<Tick>& found) {
    return static_cast<double>(found.size()) <= std::max(3.0, wanted * 2) && !overlap(found, room);
  };
  const auto powers = labelled(logarithmic(stretch, {1}, 1), stretch, room);
  if (powers.size() >= (stretch.scaling == Scaling::log ? 3 : 5) && fits(powers)) return powers;
  for (const Factors& factors : {Factors{1, 2, 5}, Factors{1, 3}, Factors{1}}) {
    const auto found = labelled(logarithmic(stretch, factors, 1), stretch, room);
    if (found.size() >= 2 && fits(found)) return found;
  }
  for (int every = 2; every < 64; ++every) {
    const auto found = labelled(logarithmic(stretch, {1}, every), stretch, room);
    if (found.size() < 2) break;
    if (fits(found)) return found;
  }
  return {};
}

void add_minor(const Stretch& stretch, const TickRoom& room, std::vector<Tick>& found) {
  const std::vector<Tick> major = found;
  std::vector<double> values = logarithmic(stretch, {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1);
  if (static_cast<double>(values.size()) * 3 > room.length) values = logarithmic(stretch, {1}, 1);
  for (const double value : values) {
    const double place = stretch.share(value) * room.length;
    const bool is_major =
        std::any_of(major.begin(), major.end(), [&](const Tick& tick) { return std::abs(tick.place - place) < 0.01; });
    if (!is_major) found.push_back({value, place, ""});
  }
}

}  // namespace

std::vector<double> ticks(double low, double high, int wanted, bool whole_numbers) {
  if (low > high) std::swap(low, high);
  if (!std::isfinite(low) || !std::isfinite(high)) return {};
  if (!(high - low > 1e-12 * std::max(std::abs(low), std::abs(high)))) return {low};
  const Labelling best = best_labelling(low, high, std::max(wanted, 2), whole_numbers);
  std::vector<double> out;
  for (int i = 0; i < best.count; ++i) {
    const double value = best.first + i * best.step;
    out.push_back(std::abs(value) < 1e-9 * best.step ? 0 : value);
  }
  if (out.empty() && whole_numbers && std::ceil(low) <= high) out.push_back(std::ceil(low));
  return out;
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "\u221E" : std::string(kMinus) + "\u221E";
  if (value == 0) return "0";
  char text[64];
  const auto write = [&](std::chars_format format, int decimals) {
    return std::string(text, std::to_chars(text, text + sizeof text, std::abs(value), format, decimals).ptr);
  };
  const auto trimmed = [](std::string number) {
    if (number.find('.') == std::string::npos) return number;
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
    return number;
  };
  // Rounding may carry into the next power of ten, so the power is read off the rounded number.
  const std::string rounded = write(std::chars_format::scientific, digits - 1);
  const std::size_t e = rounded.find('e');
  const int power = std::atoi(rounded.c_str() + e + 1);
  const std::string sign = value < 0 ? kMinus : "";
  if (power >= -4 && power < 7) return sign + trimmed(write(std::chars_format::fixed, std::max(0, digits - 1 - power)));
  return sign + trimmed(rounded.substr(0, e)) + "e" + (power < 0 ? kMinus : "") + std::to_string(std::abs(power));
}

std::vector<Tick> ticks_of(const Stretch& stretch, bool whole_numbers, const TickRoom& room) {
  if (room.length <= 0 || !std::isfinite(stretch.low) || !std::isfinite(stretch.high)) return {};
  if (stretch.scaling != Scaling::linear) {
    auto found = logarithmic_ticks(stretch, room);
    if (!found.empty()) {
      add_minor(stretch, room, found);
      return found;
    }
  }
  std::vector<Tick> found;
  // Fewer than four are asked for only where four have no room: three often give two.
  for (int wanted = std::clamp(static_cast<int>(room.length / room.spacing) + 1, 4, 16); wanted >= 2; --wanted) {
    found = labelled(ticks(stretch.low, stretch.high, wanted, whole_numbers), stretch, room);
    if (!overlap(found, room)) return found;
  }
  if (found.size() > 1) found.resize(1);
  return found;
}

std::vector<Tick> ticks_of(const std::vector<std::pair<double, std::string>>& marks, const Stretch& stretch,
                           const TickRoom& room) {
  std::vector<Tick> found;
  for (const auto& [value, label] : marks) {
    const double share = stretch.share(value);
    if (!(share >= -1e-9 && share <= 1 + 1e-9)) continue;
    found.push_back({value, share * room.length, label});
    if (found.size() < 2) continue;
    const bool hides = std::any_of(found.begin(), found.end() - 1, [&](const Tick& kept) {
      return std::abs(kept.place - found.back().place) < (room.extent(kept.label) + room.extent(label)) / 2 + room.gap;
    });
    if (hides) found.pop_back();
  }
  return found;
}

}  // namespace lab
