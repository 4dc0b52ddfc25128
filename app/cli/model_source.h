#pragma once
// MODEL on the command line: a folder, a file in it, or builtin:NAME.
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace lab::cli {

struct BuiltinModel {
  std::string name;      // "prose"
  std::string folder;    // where it was found
  std::string sentence;  // the first one of its card, may be empty
};

/// Folders that are searched for built-in models, in this order: $STATELAB_ASSETS/models, the installed ones, and those
/// of the source tree that the program was built in.
std::vector<std::string> builtin_folders();
/// The built-in models of all those folders; of equal names the first.
std::vector<BuiltinModel> builtin_models();

/// The folder that MODEL means. builtin:NAME is searched; a file stands for the folder that it lies in.
Result<std::string> model_folder(const std::string& model);

/// Opens and validates a model; weights stay mapped. Warnings go to standard error unless `quiet`.
struct LoadedModel {
  Checkpoint checkpoint;
  std::unique_ptr<const Model> model;
};
Result<LoadedModel> load(const std::string& model, bool quiet);

}  // namespace lab::cli
