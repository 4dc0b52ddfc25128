#pragma once
// What a session calls the figures that a window wrote: plain names, so that a replay writes into one folder and nowhere else.
#include <map>
#include <string>

namespace lab {

class ExportedNames {
 public:
  /// The last part of a path, the same for the same path; another one gets a number where its name is taken, and no name is hidden.
  std::string name_for(const std::string& path);
  void clear() { paths_.clear(); }

 private:
  std::map<std::string, std::string> paths_;  // by name
};

}  // namespace lab
