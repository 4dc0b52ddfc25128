#pragma once
// What the command line prints: results to standard output, everything else to standard error.
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/base/result.h"

namespace lab::cli {

using JsonValue = nlohmann::ordered_json;

/// Exit codes of the contract.
enum Exit : int { kDone = 0, kDifference = 1, kRefused = 2, kEnvironment = 3, kInterrupted = 130 };

/// 3 where the machine lacks something, 130 for an interruption, 2 for everything else.
int exit_code(Code code);

/// {"code", "field", "offset", "expected", "found", "message", ...}; offset is null when unknown.
JsonValue error_json(const Error& error);

/// One document and a newline on standard output. Bytes that are no UTF-8 become replacement characters.
void print_json(const JsonValue& value);

/// The same without indentation: one document a line.
void print_json_line(const JsonValue& value);

/// Reports a refusal, as `{"error": ...}` or as a line on standard error, and returns the exit code.
int report(const Error& error, bool json);

/// A line of standard error that begins with "statelab: warning:"; foreign text in it is made printable.
void warn(const std::string& message);

/// Rows of cells in columns, two spaces apart; `right` says which columns are numbers.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right = {});

/// "1.2 MB": decimal units, three digits.
std::string bytes_text(std::int64_t bytes);

/// One line on a terminal that counts up; silent elsewhere.
class Progress {
 public:
  Progress(std::string label, std::int64_t total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::int64_t done);

 private:
  std::string label_;
  std::int64_t total_ = 0;
  bool visible_ = false;
};

}  // namespace lab::cli
