#include "tracer/trace/inputs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>

namespace lab {
namespace {

constexpr std::int64_t kMostValues = std::int64_t{1} << 31;

Error refusal(std::string field, std::string expected, const std::string& found, const char* message) {
  return {.code = Code::bad_argument, .field = std::move(field), .expected = std::move(expected), .found = printable(found, 40),
          .message = message};
}

// The settings of a description: text by name, taken one by one; what is left over was not known.
class Settings {
 public:
  static Result<Settings> parse(const std::string& kind, const std::string& text) {
    Settings settings(kind);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size()), equals = text.find('=', at);
      if (equals >= end) return refusal(kind, "settings as key=value, separated by commas", text, "the input's settings are not readable");
      const std::string key = text.substr(at, equals - at);
      if (!settings.values_.emplace(key, text.substr(equals + 1, end - equals - 1)).second)
        return refusal(kind + "." + printable(key, 40), "once", "twice", "a setting of the input is given twice");
      at = end + 1;
    }
    return settings;
  }

  /// A number in [low, high], or `fallback` when it is not given.
  template <class T>
  Result<T> take(const std::string& key, T fallback, T low, T high) {
    const auto found = values_.find(key);
    if (found == values_.end()) return fallback;
    const std::string text = found->second;
    values_.erase(found);
    T value{};
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || stop != text.data() + text.size() || !(value >= low && value <= high))
      return refusal(kind_ + "." + key, range_text(low, high), text, "a setting of the input is not usable");
    return value;
  }

  Status finish(const std::string& known) const {
    if (values_.empty()) return {};
    return refusal(kind_ + "." + printable(values_.begin()->first, 40), known, values_.begin()->first, "the input has no such setting");
  }

 private:
  explicit Settings(std::string kind) : kind_(std::move(kind)) {}

  static std::string range_text(std::int64_t low, std::int64_t high) {
    return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  }
  static std::string range_text(double low, double) { return low > 0 ? "a number above 0, below 1e30" : "a number within 1e30"; }

  std::string kind_;
  std::map<std::string, std::string> values_;
};

// Standard normal numbers by the method of Box and Muller over a counter-based generator (splitmix64).
class Normal {
 public:
  explicit Normal(std::int64_t seed) : state_(static_cast<std::uint64_t>(seed) * 0xD1342543DE82EF95u) {}
  double next() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  double uniform() {  // in [0, 1)
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  }
  std::uint64_t state_;
};

constexpr double kLargest = 1e30, kSmallest = 1e-30;

Status fill_pulse(Settings settings, std::vector<float>& rows, std::int64_t length, std::int64_t width) {
  LAB_ASSIGN(const double amp, settings.take<double>("amp", 1, -kLargest, kLargest));
  LAB_ASSIGN(const std::int64_t at, settings.take<std::int64_t>("at", 0, 0, length - 1));
  LAB_TRY(settings.finish("amp or at"));
  std::fill_n(rows.begin() + at * width, width, static_cast<float>(amp));
  return {};
}

Status fill_sine(Settings settings, std::vector<float>& rows, std::int64_t length, std::int64_t width) {
  LAB_ASSIGN(const double amp, settings.take<double>("amp", 1, -kLargest, kLargest));
  LAB_ASSIGN(const double period, settings.take<double>("period", 32, kSmallest, kLargest));
  LAB_TRY(settings.finish("amp or period"));
  for (std::int64_t t = 0; t < length; ++t) {
    const double value = amp * std::sin(2 * std::numbers::pi * static_cast<double>(t) / period);
    std::fill_n(rows.begin() + t * width, width, static_cast<float>(value));
  }
  return {};
}

Status fill_random(Settings settings, std::vector<float>& rows) {
  LAB_ASSIGN(const double amp, settings.take<double>("amp", 1, -kLargest, kLargest));
  LAB_ASSIGN(const std::int64_t seed, settings.take<std::int64_t>("seed", 1, 0, INT64_MAX));
  LAB_TRY(settings.finish("amp or seed"));
  Normal normal(seed);
  for (float& value : rows) value = static_cast<float>(amp * normal.next());
  return {};
}

}  // namespace

Result<std::vector<float>> make_input(const std::string& spec, std::int64_t length, std::int64_t width) {
  if (length < 1 || width < 1 || length > kMostValues / width)
    return Error{.code = Code::out_of_range, .field = "length", .expected = "1 to " + std::to_string(kMostValues / std::max<std::int64_t>(width, 1)),
                 .found = std::to_string(length), .message = "an input of this size is not made"};
  const std::size_t colon = std::min(spec.find(':'), spec.size());
  const std::string kind = spec.substr(0, colon);
  if (kind != "pulse" && kind != "sine" && kind != "random" && kind != "zero")
    return refusal("input", "pulse, sine, random or zero", kind, "this kind of input is not known");
  LAB_ASSIGN(Settings settings, Settings::parse(kind, spec.substr(std::min(colon + 1, spec.size()))));
  std::vector<float> rows(static_cast<std::size_t>(length * width));
  if (kind == "pulse") LAB_TRY(fill_pulse(std::move(settings), rows, length, width));
  else if (kind == "sine") LAB_TRY(fill_sine(std::move(settings), rows, length, width));
  else if (kind == "random") LAB_TRY(fill_random(std::move(settings), rows));
  else LAB_TRY(settings.finish("nothing"));
  return rows;
}

}  // namespace lab
