#pragma once
// Reading a configuration: every problem is noted, nothing is guessed.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/files/json.h"

namespace lab {

/// Reads typed fields of an object and collects what is wrong with them.
class ConfigReader {
 public:
  /// `place` stands before the names of fields in messages, as "ssm_cfg.".
  ConfigReader(const Json& config, std::vector<Error>& problems, std::string file = "config.json", std::string place = "")
      : config_(config), problems_(problems), file_(std::move(file)), place_(std::move(place)) {}

  /// An integer in [low, high]; `fallback` when the field is absent.
  std::int64_t integer(const char* name, std::int64_t fallback, std::int64_t low = 1, std::int64_t high = 1 << 24);
  /// A finite number in [low, high].
  double number(const char* name, double fallback, double low, double high);
  bool boolean(const char* name, bool fallback);
  /// Refuses any other text than those listed.
  std::string one_of(const char* name, const std::string& fallback, const std::vector<std::string>& allowed);
  const Json* find(const char* name) const { return config_.find(name); }
  void problem(const char* field, const std::string& expected, const std::string& found);
  /// Notes what is known and deliberately not done.
  void unsupported(const char* field, const std::string& expected, const std::string& message);

 private:
  const Json& config_;
  std::vector<Error>& problems_;
  std::string file_, place_;
};

}  // namespace lab
