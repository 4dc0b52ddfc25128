#include "app/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lab::cli {

int exit_code(Code code) {
  switch (code) {
    case Code::environment:
    case Code::no_memory: return kEnvironment;
    case Code::cancelled: return kInterrupted;
    default: return kRefused;
  }
}

JsonValue error_json(const Error& error) {
  JsonValue out{{"code", name_of(error.code)}, {"field", error.field}, {"offset", nullptr},
                {"expected", error.expected},  {"found", error.found}, {"message", error.message},
                {"file", error.file},          {"next", error.next}};
  if (error.offset >= 0) out["offset"] = error.offset;
  return out;
}

void print_json(const JsonValue& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, JsonValue::error_handler_t::replace));
}

void print_json_line(const JsonValue& value) {
  fmt::print("{}\n", value.dump(-1, ' ', false, JsonValue::error_handler_t::replace));
}

int report(const Error& error, bool json) {
  if (json)
    print_json({{"error", error_json(error)}});
  else
    fmt::print(stderr, "statelab: {}\n", error.text());
  return exit_code(error.code);
}

void warn(const std::string& message) { fmt::print(stderr, "statelab: warning: {}\n", printable(message, 400)); }

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      if (i < right.size() && right[i])
        out += fmt::format("{:>{}}", row[i], widths[i]);
      else
        out += last ? row[i] : fmt::format("{:<{}}", row[i], widths[i]);
      out += last ? "\n" : "  ";
    }
  }
  return out;
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, units[unit]);
}

Progress::Progress(std::string label, std::int64_t total, bool quiet)
    : label_(std::move(label)), total_(total), visible_(!quiet && isatty(STDERR_FILENO)) {}

Progress::~Progress() {
  if (visible_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::show(std::int64_t done) {
  if (visible_) fmt::print(stderr, "\r{} {}/{}\x1b[K", label_, done, total_);
}

}  // namespace lab::cli
