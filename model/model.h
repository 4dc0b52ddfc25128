#pragma once
// A model: immutable weights and the function that consumes tokens.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/layer_info.h"
#include "model/probe.h"
#include "model/recurrence.h"
#include "model/rows.h"
#include "model/state.h"

namespace lab {

template <class Real>
class Context;  // threads, instruction set and scratch memory of a caller: model/math/context.h

/// Sizes of everything a reader of a run wants to know. Symbols as in the papers.
struct ModelInfo {
  std::string family, title;  // "mamba2", "Mamba-2"
  std::string model_type;  // as in config.json
  std::string name;
  std::int64_t parameters = 0;
  std::int64_t weight_bytes = 0;
  std::int64_t hidden = 0, vocabulary = 0, inner = 0, state_size = 0, conv_kernel = 0;
  std::int64_t heads = 0, head_dim = 0, groups = 0, time_step_rank = 0;  // 0 where the family has none
  bool tied_head = false;
  std::string embedding, head;  // names of their tensors
  double logits_scaling = 1;    // divides what the head gives
  std::vector<std::string> dtypes;  // of the weights, as "F32"
  std::vector<LayerInfo> layers;
  std::vector<std::string> warnings;
};

/// Which rows of logits a lane wants: none, the last token's, or all.
enum class LogitRows : std::uint8_t { none, last, all };

/// One lane's part of a call: its tokens (or vectors fed in place of embeddings) continue its own state.
template <class Real>
struct Lane {
  std::span<const std::int32_t> tokens;  // ids in [0, vocabulary), checked by the caller
  Rows<const Real> vectors;              // [T, hidden], used when tokens is empty
  BasicState<Real>* state = nullptr;     // moved on by T tokens; its position is the lane's own
  BasicProbe<Real>* probe = nullptr;     // may be null
  LogitRows wants = LogitRows::last;
  Rows<Real> logits;                     // [1 or T, vocabulary], filled as wanted

  std::int64_t length() const { return tokens.empty() ? vectors.count : static_cast<std::int64_t>(tokens.size()); }
};

class Model {
 public:
  virtual ~Model() = default;
  const ModelInfo& info() const { return info_; }
  const std::shared_ptr<const StateSchema>& schema() const { return schema_; }
  int layers() const { return static_cast<int>(info_.layers.size()); }

  /// Consumes the tokens of all lanes. Any split of a lane's tokens into calls, any number of lanes beside it, of
  /// threads and of watched stages leaves the same bits. Returns false when context.cancelled() became true between
  /// two layers; the states are then unusable.
  virtual bool advance(std::span<Lane<float>> lanes, Context<float>& context) const = 0;
  /// The oracle: the same layer code in double precision over plain loops.
  virtual bool advance(std::span<Lane<double>> lanes, Context<double>& context) const = 0;

  /// One layer's mixer alone, without norm and residual: inputs [T, hidden] to outputs [T, hidden].
  virtual void mix(int layer, Rows<const float> inputs, Rows<float> outputs, State& state, Probe* probe,
                   Context<float>& context) const = 0;

  /// What the head makes of residual streams [R, hidden] as they leave the last layer: final norm, then logits [R, vocabulary].
  virtual void read_out(Rows<const float> resid_out, Rows<float> logits, Context<float>& context) const = 0;

  /// Moves one layer of a state on by the tokens whose drivers are given, in the order of LayerInfo::drivers (those
  /// with `replay`; others may be empty). Same scan code as advance, so the same bits. Other layers are untouched.
  virtual void replay(int layer, std::span<const Rows<const float>> drivers, State& state, Context<float>& context) const = 0;

  /// The rates A of a layer in logical order, all negative: [di, N] or [H]. A state forgets half of itself in ln 2 / (dt |A|) tokens.
  virtual std::vector<float> rates(int layer) const = 0;

  /// What `recurrence` is to be given; no columns where the layer's state is no sum of decayed writes.
  virtual RecurrenceSource recurrence_source(int layer, ChannelRange channels, RecurrenceWants wants) const {
    return (void)layer, (void)channels, (void)wants, RecurrenceSource();
  }
  /// The recurrence of channels that belong to one head, or to a layer without heads, over T >= 0 tokens. `columns` are those of
  /// the source, [lead + T] rows each; their first row follows `start`, and `lead` may be less than the source wants where
  /// `start` is no further away. Made of the same bits as the step.
  virtual Recurrence recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const float>> columns,
                                std::int64_t lead, const State& start, Context<float>& context) const {
    return (void)layer, (void)channels, (void)wants, (void)columns, (void)lead, (void)start, (void)context, Recurrence();
  }

 protected:
  ModelInfo info_;
  std::shared_ptr<const StateSchema> schema_;
};

/// Everything wrong with a checkpoint for its family (shapes, missing tensors, config fields), at once. Reads no weights.
std::vector<Error> validate(const Checkpoint& checkpoint);

/// How far a look into a checkpoint goes.
enum class Depth : std::uint8_t {
  headers,  // configuration, names, shapes and types
  weights,  // beyond them, whether a head says what the embedding says that it should be tied to: may read both
};

/// What is known of a model before it is loaded.
struct ModelOutline {
  ModelInfo info;
  std::shared_ptr<const StateSchema> schema;
};
/// Describes the model of a checkpoint as `load_model` would make it, or refuses it with all that `validate` finds.
Result<ModelOutline> describe_model(const Checkpoint& checkpoint, Depth depth = Depth::headers);

/// Builds the model of a checkpoint (weights stay mapped), or refuses it with the first problem of `validate`.
Result<std::unique_ptr<const Model>> load_model(const Checkpoint& checkpoint);

/// Sizes of a model made without any file, initialised as the papers describe, seeded.
struct RandomModel {
  std::string family = "mamba1";  // or "mamba2"
  std::int64_t hidden = 64, layers = 2, vocabulary = 256;
  std::int64_t expand = 2, state_size = 16, conv_kernel = 4, head_dim = 32, groups = 1;
  bool tied_head = true;
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
};
/// A checkpoint in memory; `load_model` opens it like any other.
Result<Checkpoint> random_checkpoint(const RandomModel& sizes);
/// The benchmark shapes "mamba-130m" and "mamba2-130m".
Result<RandomModel> known_shape(const std::string& name, DType dtype);

}  // namespace lab
