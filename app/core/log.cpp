#include "app/core/log.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>

#include <fmt/format.h>

#include "model/base/result.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFileBytes = 4 << 20;
constexpr std::size_t kLines = 200, kLineBytes = 2000;

/// A file in the program's folder in the place that a variable names, or in its default below the home folder.
std::string own_file(const char* variable, const char* in_home, const std::string& name) {
  const char* place = std::getenv(variable);
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (place && fs::path(place).is_absolute())
    folder = place;
  else if (home && fs::path(home).is_absolute())
    folder = fs::path(home) / in_home;
  else
    return {};
  folder /= "statelab";
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? "" : (folder / name).string();
}

}  // namespace

struct Log::Parts {
  explicit Parts(std::string file_) : file(std::move(file_)) { open(); }
  ~Parts() {
    if (stream) std::fclose(stream);
  }

  // A log that cannot be written keeps its lines in memory: nothing may fail because of it.
  void open() {
    if (file.empty()) return;
    std::error_code ignored;
    fs::create_directories(fs::path(file).parent_path(), ignored);
    stream = std::fopen(file.c_str(), "ae");
    if (!stream) return;
    std::fseek(stream, 0, SEEK_END);
    bytes = std::ftell(stream);
  }

  void start_new_file() {
    std::fclose(stream);
    std::error_code ignored;
    fs::rename(file, file + ".1", ignored);
    open();
  }

  const std::string file;
  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::FILE* stream = nullptr;
  std::int64_t bytes = 0;
  std::deque<std::string> lines;
};

Log::Log(const std::string& file) : parts_(std::make_unique<Parts>(file)) {}
Log::~Log() = default;

void Log::write(const std::string& kind, const std::string& text) {
  Parts& p = *parts_;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - p.start).count();
  std::string line = fmt::format("{:10.3f} {:<8} {}", seconds, kind, printable(text, kLineBytes));
  const std::lock_guard lock(p.mutex);
  if (p.stream && p.bytes > kFileBytes) p.start_new_file();
  if (p.stream) {
    fmt::print(p.stream, "{}\n", line);
    std::fflush(p.stream);
    p.bytes += static_cast<std::int64_t>(line.size()) + 1;
  }
  p.lines.push_back(std::move(line));
  if (p.lines.size() > kLines) p.lines.pop_front();
}

const std::string& Log::file() const { return parts_->file; }

std::vector<std::string> Log::last_lines() const {
  const std::lock_guard lock(parts_->mutex);
  return {parts_->lines.begin(), parts_->lines.end()};
}

std::string Log::default_file() { return state_file("log.txt"); }

std::string state_file(const std::string& name) { return own_file("XDG_STATE_HOME", ".local/state", name); }
std::string config_file(const std::string& name) { return own_file("XDG_CONFIG_HOME", ".config", name); }

}  // namespace lab
