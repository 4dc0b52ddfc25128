#pragma once
// Where models are found: built in by name, or a path; and the tokenizer that belongs to a model folder.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "model/text/tokenizer.h"

namespace lab {

struct Gguf;

/// Where the package that a program is built with keeps its assets; its CMake configuration defines it. "" in the source tree.
#ifndef LAB_PACKAGE_ASSETS
#define LAB_PACKAGE_ASSETS ""
#endif

struct BuiltinModel {
  std::string name;      // "prose"
  std::string folder;    // where it was found
  std::string sentence;  // the first one of its card, may be empty
};

/// Folders that are searched for built-in models, in this order: $STATELAB_ASSETS/models, those of the package in `assets`, the
/// ones installed beside the program, and those of the source tree that the program was built in.
std::vector<std::string> builtin_folders(const std::string& assets = LAB_PACKAGE_ASSETS);
/// The built-in models of all those folders, by name; of equal names the first found.
std::vector<BuiltinModel> builtin_models(const std::string& assets = LAB_PACKAGE_ASSETS);

/// The folder that a model's name or path means. builtin:NAME is searched; a file of a model folder, as its
/// config.json, stands for the folder.
Result<std::string> model_folder(const std::string& model, const std::string& assets = LAB_PACKAGE_ASSETS);

/// The tokenizer of a model: tokenizer.json in its folder, what its GGUF file carries, vocabulary.json, or plain bytes for
/// a model of 256 tokens without any. Null when there is none; a broken file is refused.
Result<std::unique_ptr<Tokenizer>> folder_tokenizer(const std::string& folder, std::int64_t vocabulary,
                                                    const Gguf* gguf = nullptr);

}  // namespace lab
