#pragma once
// A checkpoint: validated tensors, configuration and tokenizer location of one model, before it becomes a Model.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "model/files/json.h"
#include "model/files/tensor_table.h"

namespace lab {

struct Gguf;

/// What a model folder holds. Values only: copying shares the mappings.
struct Checkpoint {
  std::string path;            // the folder, or the GGUF file
  std::string name;            // its own name, for titles and sessions
  std::string model_type;      // config.json's "model_type"
  std::shared_ptr<const Json> config;          // in Hugging Face's words
  std::shared_ptr<const TensorTable> tensors;
  std::string tokenizer_path;  // "" when the folder has none
  std::vector<std::string> warnings;
  std::size_t weight_bytes = 0;
  std::shared_ptr<const Gguf> gguf;  // where the model came from a GGUF file: its own keys, the tokenizer among them
};

/// Opens a model or refuses it: a folder with config.json (or Codestral's params.json) and weights in safetensors or PyTorch
/// files, one or several with their index; one such file, whose folder holds the configuration (original RWKV-4 files need
/// none); or a GGUF file. Other layouts are brought to Hugging Face's. Reads headers only.
Result<Checkpoint> open_checkpoint(const std::string& path);

/// Moves the weights from their files into memory (MappedFile::move_to_memory). False where that was stopped or did not succeed.
bool move_to_memory(const Checkpoint& checkpoint, const std::atomic<bool>& stop);

/// Opens one file of weights, or an index and the files it names, by the ending of its name.
Result<TensorTable> open_weights(const std::string& path);

/// Adds a warning that names tensors stored as F64: they are rounded to F32 when they are used.
void note_rounding(Checkpoint& checkpoint);

/// Hash of configuration, tensor names, shapes, types and all weight bytes: reads every byte once. "" when `stop` became true.
std::string content_hash(const Checkpoint& checkpoint, const std::atomic<bool>* stop = nullptr);

}  // namespace lab
