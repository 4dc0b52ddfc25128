#pragma once
// Files that commands name beside the model: in sessions and patches by their way from the file that names them, in memory by whole paths.
#include <string>
#include <vector>

#include "app/core/command.h"

namespace lab {

/// The names in a command, to be read or changed: of what it compares with, of saved states. Built-in models are none.
std::vector<std::string*> files_of(Command& command);
/// The name in an edit, or null.
std::string* file_of(StateEdit& edit);

/// A name as it stands in the file at `path`, as a whole path; and the inverse.
std::string whole_name(const std::string& name, const std::string& path);
std::string name_within(const std::string& name, const std::string& path);

}  // namespace lab
