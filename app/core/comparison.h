#pragma once
// Two runs, or recorded traces, compared point by point over time: in pieces, with bounded memory, for the command line and the window.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/core/lab.h"
#include "app/core/snapshot.h"
#include "tracer/analysis/compared.h"

namespace lab {

/// A point that a side can give, in the order of computation.
struct SidePoint {
  ComparedPoint point;
  bool is_double = false;  // its values need double precision (F64 and I64 of files)
};

/// How the values of a state are put in a row.
enum class ValueOrder : std::uint8_t {
  logical,    // as the shape says, last axis fastest
  as_stored,  // as they lie in memory, which is quicker: for two sides that keep_alike
};

/// One side: rows of named points, read forward. Used by one thread at a time; a side is for one comparison.
class CompareSource {
 public:
  virtual ~CompareSource() = default;
  const ComparedSide& side() const { return side_; }
  const std::vector<SidePoint>& points() const { return points_; }
  std::int64_t count() const { return side_.count(); }

  /// Rows of some points of one layer at tokens [first, first + count): rows[i] becomes [count, width of points()[wanted[i]]], flat,
  /// or empty where the history of these tokens was dropped. Going on where the last call for that layer stopped is cheap; a jump
  /// replays up to a keyframe's distance.
  virtual Status read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<float>>& rows,
                      ValueOrder order = ValueOrder::logical) = 0;
  /// The same in double precision.
  virtual Status read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<double>>& rows);
  /// Whether both keep their states in the same order in memory.
  virtual bool keeps_alike(const CompareSource& other) const;

  /// One state index of every channel, in the order of the channels, of a layer's recurrent state after one token; empty where that
  /// was dropped.
  virtual Status read_channels(int point, std::int64_t state, std::int64_t token, std::vector<float>& row);

  /// Half-lives of the channels of a layer at a state index over tokens [first, last); empty where the layer has none or nobody knows.
  virtual std::vector<float> half_lives(int layer, std::int64_t state, std::int64_t first, std::int64_t last);
  /// Whether `later` is this side, perhaps with tokens added and nothing rewritten.
  virtual bool grew_into(const CompareSource& later) const;

 protected:
  ComparedSide side_;
  std::vector<SidePoint> points_;
};

/// Channels and state indexes of a state's point: the last axis counts the indexes, but of att.state [3, channels] the first.
struct StateAxes {
  explicit StateAxes(const ComparedPoint& point);
  std::size_t at(std::int64_t channel, std::int64_t state) const {
    return static_cast<std::size_t>(indexes_first ? state * channels + channel : channel * states + state);
  }
  bool indexes_first = false;
  std::int64_t channels = 0, states = 1;
};

/// A run of a lab, or one of its guests: tok.ids, the recorded drivers (mix.x, mix.B, mix.dt, resid_out ...), every state but caches, which is replayed,
/// and the logits, which the head makes again of the residual stream. A state is the one that its token left, before an edit made
/// after it, as in recorded traces. `run` is the id of one of snapshot.runs, which `opened` is the model of, or of snapshot.guests.
Result<std::unique_ptr<CompareSource>> run_source(const Snapshot& snapshot, std::int64_t run, std::shared_ptr<const OpenedModel> opened,
                                                  const ContextOptions& arithmetic);
/// A statelab-reference/1 file (.safetensors or .npz), opened and checked: its tensors are read where they lie in the mapped file.
struct RecordedTrace;
/// Refuses what `statelab check` refuses, by file and field, and a trace that was thinned (`every` other than 1).
Result<std::shared_ptr<const RecordedTrace>> open_trace(const std::string& path);
/// Every tensor with a row a token is a point.
std::unique_ptr<CompareSource> trace_source(std::shared_ptr<const RecordedTrace> trace);
/// Both.
Result<std::unique_ptr<CompareSource>> trace_source(const std::string& path);
/// Whether a path names a recorded trace, by its ending and its metadata.
bool is_trace(const std::string& path);

struct CompareOptions {
  AlignBy by = AlignBy::position;
  std::int64_t offset = 0;
  std::string points;                            // globs separated by commas; "": all that both have
  std::optional<DifferenceTolerance> tolerance;  // nothing: see default_tolerance
};
/// Exact bits where both sides were computed by this program in the same arithmetic with the same model; otherwise what is usual for
/// the coarser of their number types (models.md, section L): float32 1e-4 of a point and 1e-3 of the logits, half types 2e-2 and 5e-2.
DifferenceTolerance default_tolerance(const ComparedSide& a, const ComparedSide& b);

/// Refuses two sides that share no point but their tokens: nothing says how they were computed.
Status can_be_compared(const CompareSource& a, const CompareSource& b);

/// A comparison under way. Not for several threads at once; `view` may be handed to others.
class Comparison {
 public:
  /// Refuses globs that match nothing that both have, and sides that share no point but their tokens.
  static Result<std::unique_ptr<Comparison>> begin(std::unique_ptr<CompareSource> a, std::unique_ptr<CompareSource> b, const CompareOptions& options);
  ~Comparison();

  /// Compares the next piece, some tens of milliseconds of work, unless `cancelled` (may be empty) says so. False when nothing is left.
  bool work(const std::function<bool()>& cancelled = {});
  /// All that is left; false when it was cancelled.
  bool finish(const std::function<bool()>& cancelled = {});
  /// As far as it has come.
  std::shared_ptr<const ComparedRuns> view() const;
  /// Goes on with the same sides after tokens were added to either: what was found of earlier columns stays where the alignment does.
  /// False where they are not the same sides, or their past was rewritten (an edit counts as that); then nothing has changed, the sides are the caller's still,
  /// and a new comparison is needed.
  bool follow(std::unique_ptr<CompareSource>& a, std::unique_ptr<CompareSource>& b);

  /// The logits of a side after one of its tokens; empty where it has none, or they were dropped.
  std::vector<float> logits_after(bool of_b, std::int64_t token);

  /// What is drawn of one layer, over the columns [first, last) of the alignment. Null when cancelled; refused where the layer has no
  /// state of the same shape in both.
  Result<std::shared_ptr<const PairedSlab>> slab(int layer, std::int64_t state, std::int64_t first, std::int64_t last,
                                                 const std::function<bool()>& cancelled = {});
  Result<std::shared_ptr<const TrajectoryPair>> trajectories(int layer, TrajectoryBasis basis, std::int64_t first, std::int64_t last,
                                                             const std::function<bool()>& cancelled = {});

 private:
  struct Parts;
  explicit Comparison(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lab
