#pragma once
// What a frame may see of the engine: finished, immutable parts. Taken once a frame, never modified.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/core/command.h"
#include "app/core/weight_view.h"
#include "model/layer_info.h"
#include "model/state.h"
#include "tracer/detect/monitor.h"
#include "tracer/trace/row_log.h"
#include "tracer/trace/trace.h"

namespace lab {

enum class EngineState : std::uint8_t { empty, loading, paused, running, faulted };
const char* name_of(EngineState state);

/// The layers of a model that are of one kind.
struct LayerKind {
  std::string name, title;
  bool has_cache = false;
  std::int64_t count = 0;
};
/// In the order in which they appear.
std::vector<LayerKind> layer_kinds(const std::vector<LayerInfo>& layers);

/// What is known of the open model, without the model.
struct ModelFacts {
  std::string name, family, title, path, hash;  // hash: "" until it has been computed in the background
  std::int64_t parameters = 0, weight_bytes = 0, state_bytes = 0;
  std::int64_t hidden = 0, vocabulary = 0, inner = 0, state_size = 0, conv_kernel = 0;
  std::int64_t heads = 0, head_dim = 0, groups = 0, time_step_rank = 0;
  std::vector<std::string> dtypes;
  std::vector<LayerInfo> layers;
  std::vector<TensorFacts> tensors;  // in the order of the files
  std::vector<std::string> pieces;   // a token's display text, by id; ids beyond have none
  std::string tokenizer;             // its kind, "" without one
  std::string arithmetic;            // "f32, avx512, 2 threads"
  std::vector<std::string> warnings;

  std::string piece(std::int32_t id) const;  // "<N>" where there is none
};

/// An edit on the time axis: made at a position (before the token of that number was read).
struct EditEvent {
  std::int64_t position = 0;
  std::string label;
  std::int64_t layer = -1;
  std::optional<command::SetTrials> trials;  // not of the state, but of how it goes on
};
/// The trials that the token of a number is, or will be, read with.
command::SetTrials trials_at(const std::vector<EditEvent>& edits, std::int64_t token);

/// Something a person should know: a refusal, what was exported. Numbered, so that each is shown once.
struct Notice {
  std::uint64_t number = 0;
  bool is_error = false;
  std::string text;
};

struct Selection {
  std::int64_t cursor_a = -1, cursor_b = -1;  // tokens; -1: before the first
  std::int64_t layer = 0, channel = 0, state = 0;
  std::int64_t first = 0, last = 0;           // tokens shown; both 0: all, following
  std::string tensor, against;                // whose weights are looked at, and the model they are compared with; "": none
  friend bool operator==(const Selection&, const Selection&) = default;
};

/// A run among those of the model.
struct RunFacts {
  std::int64_t id = 0;
  std::string name;
  std::int64_t parent = -1, forked_at = 0;  // the run that it was forked from (-1: none), and the position
  std::uint64_t run = 0;                    // as Snapshot::run
  RowView<std::int32_t> tokens;
  std::int64_t waiting = 0;
  std::shared_ptr<const TraceView> trace;
  std::shared_ptr<const std::vector<EditEvent>> edits;
};

/// What an undo would take back, the latest last.
struct HistoryEntry {
  std::string label;
  std::int64_t position = 0;
};

struct Snapshot {
  std::uint64_t number = 0;  // grows with every one published
  EngineState state = EngineState::empty;
  std::string fault;         // why the engine stopped, in state faulted
  std::string working_on;    // "reading 512 tokens", "" when nothing long is going on
  double progress = 0;       // of that, in [0, 1]
  std::shared_ptr<const ModelFacts> model;  // null in state empty

  std::vector<RunFacts> runs;       // all, the first one first; what follows is of the active one
  std::int64_t active_run = 0;      // its RunFacts::id
  std::uint64_t run = 0;            // grows with every fresh run: after Open, Reset; revisions of the trace count within one
  RowView<std::int32_t> tokens;     // read so far, one a row
  std::vector<std::int32_t> waiting;
  bool has_vectors = false;         // the run was fed vectors: there are no ids
  std::shared_ptr<const TraceView> trace;  // null in state empty
  std::shared_ptr<const std::vector<EditEvent>> edits;
  Selection selection;
  Sampling sampling;
  std::shared_ptr<const std::vector<Rule>> rules;  // that watch the run; null in state empty
  double rate = 0;                  // asked for; 0: as fast as possible
  double tokens_per_second = 0;     // measured while running
  std::vector<HistoryEntry> undo, redo;
  std::vector<Notice> notices;      // the last few
  std::vector<float> last_logits;   // after the last token, empty before

  std::int64_t count() const { return tokens.count(); }
};

/// A matrix over time: one column a token, channels down, one state index of the recurrent state of a layer.
struct StateSlab {
  std::int64_t layer = 0, state = 0;
  std::int64_t first = 0;     // token of column 0
  std::int64_t stride = 1;    // tokens a column stands for; the signed value of largest magnitude is kept
  std::int64_t rows = 0;      // channels
  RowView<float> columns;     // one row of this log a column
  std::vector<std::int32_t> by_half_life;  // rows, slowest first
  std::vector<float> half_life;            // of each row, in tokens, over the tokens shown
  std::vector<float> rate;                 // |A| of each row: a token of step dt keeps exp(-dt |A|) of it
  std::uint64_t version = 0;
};

/// The state of one layer at a position, in logical order.
struct StateFrame {
  std::int64_t layer = 0, position = 0;
  std::vector<std::int64_t> shape;    // [di, N] or [H, P, N]
  std::vector<float> h, conv;         // conv [C, K]
  std::vector<std::int64_t> conv_shape;
};

/// Whether a layer is one of attention.
bool is_attention(const LayerInfo& layer);

/// What the query of one token found in the cache of a layer of attention: a row of the cache for each token it saw, its own
/// the last.
struct AttentionFrame {
  std::int64_t layer = 0, token = 0;
  std::int64_t heads = 0, rows = 0;          // query heads, rows of the cache
  std::int64_t own_rows = 0;                 // the last so many rows are those of the tokens up to this one; others were put there
  std::vector<float> scores, probabilities;  // [heads, rows]
  std::vector<float> entropy_bits, low, high;  // of each head: of its probabilities, and the range of its scores

  /// The token that a row came with, or -1 where nobody knows.
  std::int64_t token_of(std::int64_t row) const { return rows - row <= own_rows ? token - (rows - 1 - row) : -1; }
};

struct NextToken {
  std::int32_t id = 0;
  float probability = 0;
};
/// What the model expects after a token.
struct NextTokens {
  std::int64_t position = 0;          // after so many tokens
  std::vector<NextToken> best;        // most probable first, at most 32
  float entropy_bits = 0;
  std::int32_t came = -1;             // the token that was read next, if any
  float came_probability = 0;
  std::int64_t came_rank = -1;        // 0: the most probable
};

/// What the head would say of the residual stream that left a layer.
struct LensRow {
  std::int64_t layer = 0;
  NextToken best;             // the most probable token
  float entropy_bits = 0;
  float divergence_bits = 0;  // KL(last layer || this one)
  float came_probability = 0;
  std::int64_t came_rank = -1;  // 0: the most probable
};
/// The logit lens at one token, from the first layer to the last.
struct LogitLens {
  std::int64_t token = 0;
  std::vector<LensRow> rows;
  std::int32_t came = -1;  // the token that was read next, if any
};

/// What the rules of a run have measured and found.
struct AlertLog {
  std::shared_ptr<const std::vector<Rule>> rules;
  std::vector<Alert> alerts;             // in the order of their tokens
  std::int64_t first = 0, seen = 0;      // tokens looked at: [first, seen); earlier ones were dropped from the history
  std::vector<RowView<float>> measured;  // by rule: row t - first holds the number of the model, then of each layer, in the rule's unit
};

/// PCA of a layer's state over the tokens, on stable axes.
struct Trajectory {
  std::int64_t layer = 0, first = 0;       // token of the first point
  std::int64_t stride = 1;                 // tokens from one point to the next
  std::vector<std::vector<float>> points;  // up to 8 coordinates each; NaN where the state was not finite
  std::vector<float> explained;            // share of the variance, by component
  float lost = 0;                          // energy the sketch has thrown away, as a share
  std::string approximation;               // what was done to make it fit, "" when nothing
};

/// What views ask for beside the snapshot: computed aside, never by a frame.
struct Query {
  bool slab = false, frame = false, attention = false, next = false, lens = false, trajectory = false, weights = false, alerts = false;
  friend bool operator==(const Query&, const Query&) = default;
};
struct Derived {
  std::uint64_t snapshot = 0;          // number of the snapshot it was made from
  std::shared_ptr<const StateSlab> slab;
  std::shared_ptr<const StateFrame> frame;
  std::shared_ptr<const AttentionFrame> attention;  // null too where the layer is none of attention
  std::shared_ptr<const NextTokens> next;
  std::shared_ptr<const LogitLens> lens;
  std::shared_ptr<const Trajectory> trajectory;
  std::shared_ptr<const WeightView> weights;  // of the selected tensor
  std::shared_ptr<const AlertLog> alerts;
  std::string refusal;                 // why something is not there: what was dropped from the history
};

}  // namespace lab
