#include "app/core/exported_names.h"

#include <algorithm>

#include "model/files/file.h"

namespace lab {

std::string ExportedNames::name_for(const std::string& path) {
  std::string first = plain_name(path);
  if (first.starts_with('.')) first[0] = '_';
  const std::size_t dot = std::min(first.rfind('.'), first.size());
  std::string name = first;
  for (int number = 2; paths_.try_emplace(name, path).first->second != path; ++number)
    name = first.substr(0, dot) + "-" + std::to_string(number) + first.substr(dot);
  return name;
}

}  // namespace lab
