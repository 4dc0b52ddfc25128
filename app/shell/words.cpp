#include "app/shell/words.h"

#include <fmt/format.h>

#include <initializer_list>

namespace lab {
namespace {

/// A number below a thousand units of the largest unit that keeps it at one or more.
std::string scaled(double value, double step, std::initializer_list<const char*> units) {
  auto unit = units.begin();
  for (; value >= 999.5 && unit + 1 != units.end(); ++unit) value /= step;
  return fmt::format("{:.3g}{}", value, *unit);
}

}  // namespace

std::string memory_text(std::int64_t bytes) { return scaled(static_cast<double>(bytes), 1024, {" B", " KiB", " MiB", " GiB", " TiB"}); }

std::string amount_text(std::int64_t amount) { return scaled(static_cast<double>(amount), 1000, {"", " k", " M", " G"}); }

std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t line = 0;
  for (const char c : text) {
    const bool full = line >= 90 && c == ' ';
    out += full ? '\n' : c;
    line = full ? 0 : line + 1;
  }
  return out;
}

}  // namespace lab
