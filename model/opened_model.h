#pragma once
// A model that is ready to run: found by name or path, validated, its tokenizer beside it.
#include <functional>
#include <memory>
#include <string>

#include "model/builtin.h"
#include "model/model.h"
#include "model/text/tokenizer.h"

namespace lab {

/// A model that is open: immutable, shared with whoever computes from it.
struct OpenedModel {
  Checkpoint checkpoint;
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Tokenizer> tokenizer;  // may be null
  std::string path;                            // as asked for: "builtin:prose"
  std::shared_ptr<const void> company;         // what is to end when the model is let go of; may be null
};
/// Told what opening does next ("reading headers") and which share is done; false stops it. May be empty.
using OpeningSteps = std::function<bool(const char* doing, double progress)>;
/// Opens and validates a model by path or builtin:NAME, its tokenizer too. Refused as cancelled where a step was stopped.
Result<std::shared_ptr<const OpenedModel>> open_model(const std::string& model, const OpeningSteps& steps = {},
                                                      const std::string& assets = LAB_PACKAGE_ASSETS);

}  // namespace lab
