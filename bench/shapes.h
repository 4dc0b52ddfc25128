#pragma once
// The models that are measured: made or opened when a case first needs them, one at a time.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace lab::bench {

constexpr const char* kShapes[] = {"mamba-130m", "mamba2-130m"};
constexpr const char* kProse = "prose";  // the built-in model
constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::f16};

/// As "f32" or "q4_k".
std::string lower_name(DType type);

/// What is measured: one of kShapes with random weights of a type, the built-in model, or the user's own by path.
struct Subject {
  std::string shape = "mamba-130m";  // or "prose", or "model"
  DType type = DType::f32;
  std::string path;                  // of the last two, whose weights have their own types

  std::string name() const { return path.empty() ? shape + "/" + lower_name(type) : shape; }
};

struct OpenedSubject {
  Checkpoint checkpoint;
  std::unique_ptr<const Model> model;
};

/// The subject, opened. The previous one is let go of when another is asked for.
Result<std::shared_ptr<const OpenedSubject>> open_subject(const Subject& subject);
/// A shape with two layers and a small vocabulary: what looks at one layer costs the same on it, and it is read sooner.
Result<std::unique_ptr<const Model>> short_model(const Subject& subject);
/// Lets go of the last one.
void close_subject();

/// Token ids that look like text: the same on every run, spread over the vocabulary.
std::vector<std::int32_t> tokens_for(const Model& model, std::int64_t count);

/// What no decoding can be faster than: by `threads` threads, every matrix of a checkpoint read once in address order, and
/// beside that the state read and written once.
class PlainPass {
 public:
  PlainPass(const OpenedSubject& subject, int threads);
  ~PlainPass();
  std::int64_t matrix_bytes() const { return bytes_; }
  double seconds_of_matrices();
  double seconds_of_state();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::int64_t bytes_ = 0;
};

}  // namespace lab::bench
