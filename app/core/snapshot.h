#pragma once
// What a frame may see of the engine: finished, immutable parts. Taken once a frame, never modified.
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/core/command.h"
#include "app/core/weight_view.h"
#include "model/base/result.h"
#include "model/layer_info.h"
#include "model/state.h"
#include "tracer/analysis/compared.h"
#include "tracer/analysis/discretisation.h"
#include "tracer/analysis/half_life.h"
#include "tracer/analysis/verdict.h"
#include "tracer/detect/monitor.h"
#include "tracer/trace/row_log.h"
#include "tracer/trace/trace.h"

namespace lab {

class CommandRecord;
struct OpenedModel;
struct RecordedTrace;

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
  std::shared_ptr<const StateSchema> schema;  // of its state
  std::vector<TensorFacts> tensors;  // in the order of the files
  std::vector<std::string> pieces;   // a token's display text, by id; ids beyond have none
  std::string tokenizer;             // its kind, "" without one
  std::string arithmetic;            // "f32, avx512, 2 threads"
  std::vector<std::string> warnings;

  std::string piece(std::int32_t id) const;  // "<N>" where there is none
};

/// What an edit took out of a layer's state because one token had written it: [rows, states] of its plane, as the state keeps it.
struct Forgotten {
  std::int64_t layer = 0, token = 0;
  std::vector<float> taken;
};

/// An edit on the time axis: made at a position (before the token of that number was read).
struct EditEvent {
  std::int64_t position = 0;
  std::string label;
  std::int64_t layer = -1;
  std::optional<command::SetTrials> trials;  // not of the state, but of how it goes on
  std::string brief;       // the label where there is little room: "zero L2"; "": the label itself
  bool is_reset = false;   // of the whole state to its neutral value
  double kept = 1;             // of what the recurrent state held before, so much is in what it held after
  std::int64_t restored = -1;  // of what it held at this position instead; -1: just before
  std::shared_ptr<const std::vector<Intervention>> interventions;  // not of the state, but of how it goes on: all that hold from here on
  std::shared_ptr<const std::vector<Forgotten>> forgotten = {};  // what it took of single tokens; null: nothing
};
/// The interventions that the token of a number is, or will be, read with; null: there have never been any.
std::shared_ptr<const std::vector<Intervention>> interventions_at(const std::vector<EditEvent>& edits, std::int64_t token);
/// The trials that the token of a number is, or will be, read with.
command::SetTrials trials_at(const std::vector<EditEvent>& edits, std::int64_t token);

/// Tokens [first, last) with a name. The run may by now be shorter.
struct NamedRange {
  std::string name;
  std::int64_t first = 0, last = 0;
  friend bool operator==(const NamedRange&, const NamedRange&) = default;
};

/// A note that somebody left at a token, a bookmark where it says nothing. The run may by now be shorter.
struct TokenNote {
  std::int64_t token = 0;
  std::string text;
  friend bool operator==(const TokenNote&, const TokenNote&) = default;
};

/// Where the run pauses: after a token for which the expression holds.
struct Breakpoint {
  std::string when;
  bool on = true;
  friend bool operator==(const Breakpoint&, const Breakpoint&) = default;
};

/// Something a person should know: a refusal, what was exported. Numbered, so that each is shown once.
struct Notice {
  std::uint64_t number = 0;
  bool is_error = false;
  std::string text;
  std::shared_ptr<const Error> error = {};  // what a refusal says in its parts, where it is one of a file or a command
};

/// How much one variant of a run changes what the model expects: KL(without || with it) of the next token, in nat.
struct EffectRow {
  std::string name;              // "intervention", "noise", "next layer", "random channels", "residual"
  std::string refusal;           // why there is no such variant, "" where there is one
  double after = 0, mean = 0;    // some tokens after the window, and the mean over the window
  std::vector<double> by_token;  // at each token from the window's first on
};
/// An intervention beside its matched controls.
struct ControlTable {
  Intervention intervention;
  std::int64_t first = 0, last = 0;  // tokens of its window that the run has
  std::int64_t at = 0;               // the token after which `EffectRow::after` was read
  std::vector<EffectRow> rows;       // the intervention first
  std::string reading;               // what they show, in one sentence
};

struct Selection {
  std::int64_t cursor_a = -1, cursor_b = -1;  // tokens; -1: before the first
  std::int64_t layer = 0, channel = 0, state = 0;
  std::int64_t first = 0, last = 0;           // tokens shown; both 0: all, following
  std::string tensor, against;                // whose weights are looked at, and the model they are compared with; "": none
  command::Compare compare;                   // which runs are compared, and how
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

/// A run of another file, or a recorded trace, that those of the open model are compared with. Nothing else is done with it.
struct GuestRun {
  RunFacts run;      // `id` is kFirstGuest or below, `name` that of the file; `trace` is null of a recorded trace
  std::string file;  // as it was opened
  std::shared_ptr<const ModelFacts> model;        // null of a recorded trace
  std::shared_ptr<const OpenedModel> opened;      // likewise
  std::shared_ptr<const RecordedTrace> recorded;  // null of a run
};
/// Guests are numbered downwards from here on; −1 is nobody.
constexpr std::int64_t kFirstGuest = -2;
constexpr std::size_t kMostGuests = 5;

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

  std::vector<GuestRun> guests;     // in the order in which they were opened
  std::vector<RunFacts> runs;       // all, the first one first; what follows is of the active one
  std::int64_t active_run = 0;      // its RunFacts::id
  std::uint64_t ticket = 0;         // of the command::Open that opened the model; 0: it had none
  std::uint64_t run = 0;            // grows with every fresh run: after Open, Reset; revisions of the trace count within one
  RowView<std::int32_t> tokens;     // read so far, one a row
  RowView<double> times;            // seconds from the beginning of the first reading until each of them had been read
  std::string start;                // how the run began: "start from zero"
  std::vector<std::int32_t> waiting;
  bool has_vectors = false;         // the run was fed vectors: there are no ids
  std::shared_ptr<const TraceView> trace;  // null in state empty
  std::shared_ptr<const std::vector<EditEvent>> edits;
  std::shared_ptr<const std::vector<NamedRange>> ranges;  // null in state empty
  std::shared_ptr<const std::vector<TokenNote>> notes;          // null in state empty
  std::shared_ptr<const std::vector<Breakpoint>> breakpoints;  // of all runs; null in state empty
  Selection selection;
  bool plays = false;               // cursor A moves by itself through what is there
  bool plays_back = false;          // and does so towards the beginning
  Sampling sampling;
  std::shared_ptr<const std::vector<Rule>> rules;  // that watch the run; null in state empty
  double rate = 0;                  // asked for; 0: as fast as possible
  double tokens_per_second = 0;     // measured while running
  std::optional<command::RunControls> controls;  // asked for, of the active run
  std::uint64_t controls_number = 0;             // grows with every time that they were
  std::vector<HistoryEntry> undo, redo;
  std::shared_ptr<const CommandRecord> record;  // what was done since the model was opened; null: nothing yet
  std::vector<Notice> notices;      // the last few
  std::vector<float> last_logits;   // after the last token, empty before

  std::int64_t count() const { return tokens.count(); }
  const RunFacts* find_run(std::int64_t id) const;  // or null
  const GuestRun* find_guest(std::int64_t id) const;
  const RunFacts* find_side(std::int64_t id) const;  // a run, or that of a guest
};

/// All that can be compared: the runs of the model, then the guests.
std::vector<const RunFacts*> sides_of(const Snapshot& snapshot);
/// The two of them that are compared: those that were chosen and, for one that is not there, the first, or the active or last other one; those
/// that have read nothing only where fewer than two have.
/// Both null while there are fewer than two.
struct RunPair {
  const RunFacts* a = nullptr;
  const RunFacts* b = nullptr;
};
RunPair runs_to_compare(const Snapshot& snapshot);
/// What a choice of the runs that are compared says of their tokens.
AlignBy aligned_by(const command::Compare& how);
/// Whether the cursor and the tokens shown are those of B: where B is the active run. Otherwise they are taken as those of A.
bool counts_in_b(const Snapshot& snapshot);
/// The column of an alignment in which a token of one side stands, and the token that a column has, -1 for none. Beyond the last token
/// both count on, so that a range may reach further than a run.
std::int64_t column_of(const Alignment& alignment, std::int64_t token, bool of_b);
std::int64_t token_of(const Alignment& alignment, std::int64_t column, bool of_b);
/// The columns that are shown, [first, last), and the one that cursor A stands in, -1 for none; both are counted in tokens of A or of B.
struct ShownColumns {
  std::int64_t first = 0, last = 0, cursor = -1;
};
ShownColumns shown_columns(const Snapshot& snapshot, const Alignment& alignment, bool in_b);

/// A matrix over time: one column a token; its rows are cells of a layer's state that lie evenly, all through the selected one.
/// Cells are counted flat, the last axis fastest: row r is the cell start + r step.
struct StateSlab {
  std::int64_t layer = 0, state = 0;
  std::vector<std::int64_t> shape;  // of the state: [di, N], [H, P, N]
  std::int64_t axis = -1;           // of the shape, whose extent goes down; -1: all but the last together, which are the channels
  std::int64_t start = 0, step = 1;
  std::int64_t first = 0;     // token of column 0
  std::int64_t stride = 1;    // tokens a column stands for; the signed value of largest magnitude is kept
  std::int64_t rows = 0;      // cells of a column
  RowView<float> columns;     // one row of this log a column
  std::vector<std::int32_t> by_half_life;  // rows, slowest first
  std::vector<float> half_life;            // of each row, in tokens, over the tokens shown
  std::vector<float> rate;                 // |A| of each row: a token of step dt keeps exp(-dt |A|) of it
  std::vector<std::int32_t> channels_by_half_life;  // of the whole state at that state index; the same where rows are channels
  std::vector<float> mean, deviation;      // of each row over every token shown, finite values only
  std::vector<std::int32_t> by_norm, by_similarity;  // rows, largest first; neighbours alike (empty unless asked for)
  std::int64_t nonfinite = 0;              // NaN or infinite cells of every token shown
  std::int64_t nonfinite_token = -1, nonfinite_row = -1;  // the first of them
  std::uint64_t version = 0;

  std::int64_t cell_of(std::int64_t row) const { return start + row * step; }
  /// The row that shows a cell, or -1.
  std::int64_t row_of(std::int64_t cell) const {
    const std::int64_t row = (cell - start) / step;
    return cell >= start && (cell - start) % step == 0 && row < rows ? row : -1;
  }
};

/// Two windows of tokens, [first, middle) and [middle, last), in which one state index of a layer is compared.
struct TokenWindows {
  std::int64_t layer = 0, state = 0;
  std::int64_t first = 0, middle = 0, last = 0;
  friend bool operator==(const TokenWindows&, const TokenWindows&) = default;
};
/// The mean of each channel over both.
struct WindowMeans {
  TokenWindows windows;
  std::vector<float> before, recent;  // [rows]
  std::vector<float> half_life;       // of each row, in tokens, over both windows
};

/// The state of one layer at a position, in logical order.
struct StateFrame {
  std::int64_t layer = 0, position = 0;
  std::vector<std::int64_t> shape;    // [di, N] or [H, P, N]
  std::vector<float> h, conv;         // conv [C, K]
  std::vector<std::int64_t> conv_shape;
};

/// What the mixer of a layer made of one token, computed anew by its own code from what was recorded: to the bit what it was then.
struct MixerFrame {
  std::int64_t layer = 0, token = 0;
  std::map<Point, std::vector<float>> values;  // of the points that follow from what is recorded
  std::vector<float> before;                   // the state that the token found, flat; of a cache nothing

  /// A value of a point, or nothing.
  std::optional<float> at(Point point, std::int64_t index) const {
    const auto found = values.find(point);
    if (found == values.end() || index < 0 || index >= static_cast<std::int64_t>(found->second.size())) return {};
    return found->second[static_cast<std::size_t>(index)];
  }
};

/// What was recorded of one channel over the tokens shown.
struct ChannelTrack {
  std::int64_t layer = 0, channel = 0;
  std::int64_t first = 0, stride = 1;           // token of the first value, tokens from one to the next
  std::map<Point, std::vector<float>> values;   // NaN where a value was dropped
};

/// Tokens that are watched: their ids, -1 behind the last one.
constexpr std::size_t kMostWatched = 4;
using Watched = std::array<std::int32_t, kMostWatched>;
constexpr Watched kNoneWatched = {-1, -1, -1, -1};

/// What the model expected after each token shown.
struct TokenTrack {
  /// The entropy in bits, what came next (probability, rank), then the same two of each watched token. Ranks count from 1; NaN: unknown.
  static constexpr std::int64_t kWidth = 3 + 2 * static_cast<std::int64_t>(kMostWatched);
  Watched watched = kNoneWatched;
  std::int64_t first = 0, stride = 1;  // token of the first row, tokens from one to the next
  RowView<float> rows;                 // [.., kWidth]
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
/// How much each token surprised the model, -log2 of its probability, and how unsure the model was after it, in bits. NaN where
/// nothing is known: before the first token nothing was expected, and old tokens may have been dropped from the history.
struct SurpriseTrack {
  std::vector<float> surprise, entropy;  // by token
  bool is_whole = false;                 // false: made in pieces, ask again for the tokens that follow
};
/// The state of a layer at both cursors.
struct CursorPair {
  std::shared_ptr<const StateFrame> a, b;
  double cosine = 0, distance = 0;  // of the angle between the two, and ||a - b||; NaN where they have no angle or differ in shape
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

/// The part of a layer's state that is taken apart by who wrote it.
enum class StatePart : std::uint8_t { none, cell, channel, head, layer, read_out };
const char* name_of(StatePart part);

/// What no token wrote: the state before the trace, or what an edit put there.
struct Deposit {
  std::int64_t position = 0;
  std::string label;  // "before the trace", "scale layer 1 by 0.5"
  Contribution is;
};
/// Who wrote a part of a layer's state after a token: cell h[c, n], the cells of a channel, a head or the layer, or what the token
/// reads of channel c, y[c] = C h. Values sum to `value`: of several cells, the norm of them, to which each gives its projection.
struct Content {
  StatePart part = StatePart::none;
  std::int64_t layer = 0, channel = 0, state = 0, token = 0;
  std::int64_t first = 0;              // token of tokens[0]
  std::vector<Contribution> tokens;    // [token + 1 - first]; nothing of those that an edit took away
  std::vector<Deposit> deposits;       // the latest first
  double value = 0;                    // of single precision, as the state has it
  double sum = 0, bound = 0;           // of the above in double precision, and how far rounding may carry `value` from it
  double own = 0;                      // of a read-out: what the token gives to it past the state
  double weight = 0, read = 0;         // C[n] by which the token reads the cell, and that or how the channel is read as a share of the
                                       // usual; NaN where it is not known
  Reach half_life;                     // of the cell, from the token back
  Judgement judgement;                 // `strongest` is a place in the list of judged()
};
/// What its verdict is about: deposits and tokens in the order of time.
std::vector<Contribution> judged(const Content& content);
/// The verdict, where the rms of what a cell of the layer holds, or of what is read of it, is `usual`.
Judgement judgement_of(const Content& content, double usual);

/// How far back the cells of a layer see from a token on: in how many tokens what was written fades to a half, and to kHorizon.
constexpr double kHorizon = 0.01;
struct LayerReach {
  std::int64_t layer = 0, token = 0, states = 0;
  std::vector<Reach> half, horizon;  // [channels, states]
  std::vector<Reach> tenth = {};     // the same to a tenth
};

/// The half-life of every channel of every layer, from a token back: of the slowest cell of each. Nothing of caches.
struct HalfLifeMap {
  std::int64_t token = 0;
  std::vector<std::vector<Reach>> layers;  // [channels] each
};

/// What each token of a window reads of each earlier one in a channel of a layer.
struct HiddenAttentionMap {
  std::int64_t layer = 0, channel = 0;  // -1: the mean magnitude over all
  std::int64_t first = 0, tokens = 0;
  std::vector<float> rows;              // [tokens, tokens]: token t reads token j; zero where j > t
};

/// What both runs expect after one column of their alignment.
struct ComparedNext {
  std::int64_t column = -1;
  std::shared_ptr<const NextTokens> a, b;  // null where a run has no token there, or what it expected was dropped
  std::vector<std::int64_t> a_in_b, b_in_a;  // rank in B of each of A's best, and the other way round; 0: the most probable
};

/// Two runs to be compared, of the model or of guests, and what is drawn of them: of the selected layer and state index, over the tokens shown.
struct ComparisonQuery {
  std::int64_t a = -1, b = -1;  // RunFacts::id of a run or a guest; a -1: the active run; b -1: the one that a was forked from or, without one, the first other
  AlignBy by = AlignBy::position;
  std::int64_t offset = 0;
  bool slab = false, trajectories = false;
  TrajectoryBasis basis = TrajectoryBasis::joint;
  bool whole = false;  // waits for all of it; otherwise a piece is made and there is more to come while it is not whole
  friend bool operator==(const ComparisonQuery&, const ComparisonQuery&) = default;
};

/// Runs by their numbers, −1 behind the last one; none of them means all that there are.
constexpr std::size_t kMostMultiples = 5;
using RunList = std::array<std::int64_t, kMostMultiples>;
constexpr RunList kNoRuns = {-1, -1, -1, -1, -1};

/// Runs that are set beside A at once, what is drawn of each as in ComparisonQuery::slab.
struct MultiplesQuery {
  std::int64_t a = -1;     // as in ComparisonQuery
  RunList runs = kNoRuns;  // beside it; none: the first others
  AlignBy by = AlignBy::position;
  std::int64_t offset = 0;
  friend bool operator==(const MultiplesQuery&, const MultiplesQuery&) = default;
};

/// A layer's recurrence under several rules of discretisation, over the tokens [first, last). The exact one comes first.
struct DiscretisationTable {
  std::int64_t layer = 0, first = 0, last = 0;
  std::vector<DiscretisationCurve> curves;
};

/// How far the states of a run are from those of the first one, from where the two part: ||h − h₁||₂ / ||h₁||₂, by layer.
struct RunStrip {
  std::int64_t run = 0;              // RunFacts::id
  std::int64_t first = 0, last = 0;  // tokens compared: [first, last)
  std::int64_t stride = 1;           // tokens from one column to the next
  std::int64_t layers = 0;
  std::vector<float> difference;     // [columns, layers]; NaN where a state is not finite or was dropped

  std::int64_t columns() const { return layers > 0 ? std::ssize(difference) / layers : 0; }
};
/// One strip for every run but the first, in their order.
struct RunDifferences {
  std::vector<RunStrip> strips;
};

/// What views ask for beside the snapshot: computed aside, never by a frame.
struct Query {
  bool slab = false, frame = false, attention = false, next = false, lens = false, trajectory = false, weights = false, alerts = false, pair = false, surprise = false;
  bool mixer = false, channel = false, expected = false;
  bool reach = false, hidden = false, tree = false, half_lives = false;
  StatePart content = StatePart::none;
  std::int64_t rows_axis = -1;        // of the slab
  bool similarity = false;            // the slab's rows are ordered by it too
  Watched watched = kNoneWatched;     // of what was expected
  std::optional<TokenWindows> windows;  // to be compared channel by channel
  std::optional<ComparisonQuery> comparison;
  bool compared_next = false;           // what both runs of the comparison expect after the column of cursor A
  std::optional<MultiplesQuery> multiples;
  bool discretisation = false;
  std::optional<StepBounds> step_bounds;  // of its second set of curves
  friend bool operator==(const Query&, const Query&) = default;
};
struct Derived {
  std::uint64_t snapshot = 0;          // number of the snapshot it was made from
  std::shared_ptr<const StateSlab> slab;
  std::shared_ptr<const StateFrame> frame;
  std::shared_ptr<const AttentionFrame> attention;  // null too where the layer is none of attention
  std::shared_ptr<const MixerFrame> mixer;          // at the cursor
  std::shared_ptr<const ChannelTrack> channel;      // of the selected channel
  std::shared_ptr<const TokenTrack> expected;
  std::shared_ptr<const NextTokens> next;
  std::shared_ptr<const LogitLens> lens;
  std::shared_ptr<const Trajectory> trajectory;
  std::shared_ptr<const WeightView> weights;  // of the selected tensor
  std::shared_ptr<const AlertLog> alerts;
  std::shared_ptr<const WindowMeans> windows;
  std::shared_ptr<const CursorPair> pair;  // null while cursor B is not set
  std::shared_ptr<const SurpriseTrack> surprise;
  std::shared_ptr<const Content> content;  // of the selected part at the cursor
  std::shared_ptr<const LayerReach> reach;           // of the selected layer at the cursor
  std::shared_ptr<const HiddenAttentionMap> hidden;  // of the selected channel over the tokens shown
  std::shared_ptr<const DiscretisationTable> discretisation;  // of the selected layer over the tokens shown
  std::shared_ptr<const RunDifferences> tree;        // of all runs
  std::shared_ptr<const HalfLifeMap> half_lives;     // of all layers at the cursor
  std::string refusal;                 // why something is not there: what was dropped from the history
  std::shared_ptr<const ComparedRuns> comparison;    // as far as it has come; null where there are no two runs
  std::int64_t compared_a = -1, compared_b = -1;     // the runs that it is of
  std::shared_ptr<const ComparedNext> compared_next;
  std::shared_ptr<const RunMultiples> multiples;
};

}  // namespace lab
