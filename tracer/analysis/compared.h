#pragma once
// What a comparison of two runs or traces has found so far: finished, immutable parts for views and reports.
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tracer/analysis/alignment.h"
#include "tracer/analysis/difference.h"
#include "tracer/analysis/trajectories.h"
#include "tracer/trace/row_log.h"

namespace lab {

/// One side of a comparison.
struct ComparedSide {
  std::string name;          // of the run ("main"), or the file's plain name
  std::string model;         // "builtin:prose"; the model_type of a trace
  std::string model_hash;    // "" where nobody knows it
  std::string dtype;         // of its arithmetic: "f32", "f64", "bf16", "f16"; "" where nobody says
  bool is_ours = true;       // computed by this program
  std::shared_ptr<const std::vector<std::int32_t>> tokens;  // -1 where a vector was fed
  std::shared_ptr<const std::vector<std::string>> pieces;   // display texts by id; null: unknown
  std::int64_t layers = 0;
  std::vector<std::int64_t> edits;  // positions at which the state was edited: before the token of that number was read

  std::int64_t count() const { return tokens ? static_cast<std::int64_t>(tokens->size()) : 0; }
  /// The text of an id: "␣the", "<17>" without a piece.
  std::string piece(std::int32_t id) const;
  /// Of a token; "vector" of one that has no id.
  std::string token_text(std::int64_t token) const;
};

/// What both sides expected after the tokens of a column, over the whole vocabulary. NaN and -1: unknown.
struct ExpectationDifference {
  float kl = std::numeric_limits<float>::quiet_NaN();        // KL(A || B), nat
  float reverse_kl = std::numeric_limits<float>::quiet_NaN();  // KL(B || A), nat
  float variation = std::numeric_limits<float>::quiet_NaN();   // total variation: half the L1 distance
  float entropy_a = std::numeric_limits<float>::quiet_NaN(), entropy_b = std::numeric_limits<float>::quiet_NaN();  // bit
  std::int32_t best_a = -1, best_b = -1;                     // the most probable token of each
  std::int32_t rank_in_b = -1, rank_in_a = -1;               // of best_a among B's, of best_b among A's; 0: the most probable
};
/// Sums in double precision. Logits that are not finite, or of different lengths, leave everything unknown.
ExpectationDifference compare_expectations(std::span<const float> logits_a, std::span<const float> logits_b);

/// One state index of a layer over the columns, of both sides and their difference. A column of the picture stands for `stride`
/// columns of the alignment: the signed value of largest magnitude is kept, of the difference too.
struct PairedSlab {
  std::int64_t layer = 0, state = 0;
  std::vector<std::int64_t> shape;           // of the state: [di, N], [H, P, N]
  std::int64_t first = 0, stride = 1;        // column of the alignment of picture column 0
  std::int64_t rows = 0, columns = 0;        // channels; of the picture
  std::vector<float> a, b, difference;       // [columns, rows]: B - A
  std::vector<std::uint8_t> has_a, has_b, has_both;  // whether a picture column holds a token of A, of B, a pair; without one its values are NaN
  std::vector<float> half_life;              // of each channel in A, in tokens, over the columns shown; empty where unknown
  std::vector<std::int32_t> by_half_life;    // channels, slowest first; by index where unknown
  float largest = 0, largest_difference = 0; // magnitudes, of A and B together and of B - A; finite values only
};

/// A comparison as far as it has come.
struct ComparedRuns {
  ComparedSide a, b;
  std::shared_ptr<const Alignment> alignment;
  DifferenceTable table;
  RowView<ExpectationDifference> expectations;  // [columns so far][1]; none where a side has no logits
  std::vector<std::string> left_out;            // why points are not compared: "L3.mix.h: only A has it", "logits: [512] and [256]"
  double progress = 0;                          // in [0, 1]
  bool is_whole = false;
  std::string refusal;                          // why rows are missing: "the history of A does not reach before token 4096"
  std::shared_ptr<const PairedSlab> slab;               // of what was asked for; null: not asked, or not there yet
  std::shared_ptr<const TrajectoryPair> trajectories;   // likewise

  /// Whether every pair is equal within the tolerance and no token lacks its partner (but for those that an offset leaves over).
  bool is_equal() const;
  /// The first difference beyond the tolerance, tokens that lack a partner counted as one of tok.ids; column -1: none.
  struct First {
    std::string point;
    std::int64_t column = -1;
  };
  First first_difference() const;
  /// The expectations of a column; unknown where there are none.
  ExpectationDifference expectation_at(std::int64_t column) const {
    return column >= 0 && column < expectations.count() ? expectations[column][0] : ExpectationDifference();
  }
};

/// A run beside A: how far one state of a layer is from that of A, over the tokens of A.
struct RunMultiple {
  std::int64_t run = -1;                   // its number, where it has one
  std::string name;
  std::int64_t apart = -1;                 // the first token of A at which the texts differ; -1: they do not
  std::shared_ptr<const Alignment> alignment;
  std::shared_ptr<const PairedSlab> slab;  // its columns are tokens of A; null where there is none
  std::string refusal;                     // why
};
struct RunMultiples {
  std::int64_t a = -1;                 // the number of A, where it has one
  std::string name;                    // of A
  std::int64_t tokens = 0;             // of A
  std::int64_t first = 0, last = 0;    // of them those shown: [first, last)
  std::int64_t layer = 0;
  std::vector<RunMultiple> runs;
};

}  // namespace lab
