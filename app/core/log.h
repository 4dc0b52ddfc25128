#pragma once
// The log file a bug report can carry: what was opened, run, edited and refused, with times and hashes. Bounded.
#include <memory>
#include <string>
#include <vector>

namespace lab {

/// A file of this name in $XDG_STATE_HOME/statelab or its default; "" when no such place can be made.
std::string state_file(const std::string& name);
/// The same in $XDG_CONFIG_HOME/statelab: what a person has set.
std::string config_file(const std::string& name);

class Log {
 public:
  /// Appends to a file (made when missing, the old one kept as .1 beyond 4 MB); without one, keeps the last lines only.
  explicit Log(const std::string& file);
  ~Log();
  /// One line with time since start; safe from any thread. Foreign text is made printable.
  void write(const std::string& kind, const std::string& text);
  const std::string& file() const;
  std::vector<std::string> last_lines() const;

  /// The state file log.txt.
  static std::string default_file();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lab
