#pragma once
// How much the values of named points differ between two runs, column by column, and where that begins.
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "model/stage.h"
#include "tracer/trace/row_log.h"

namespace lab {

/// What two rows of a point, a of A and b of B, differ by. Sums are made in double precision. Not compared, all numbers are NaN but
/// the norm of the one that is there: the other has no token there, or values were dropped.
struct RowDifference {
  float relative = std::numeric_limits<float>::quiet_NaN();  // ||b - a|| / ||a||; 0 where both are equal, infinite where only a is zero
  float max_abs = std::numeric_limits<float>::quiet_NaN();   // largest |b - a|
  float cosine = std::numeric_limits<float>::quiet_NaN();    // of the angle between them; 1 where both are zero, 0 where one is
  float norm_a = std::numeric_limits<float>::quiet_NaN();    // ||a||
  float norm_b = std::numeric_limits<float>::quiet_NaN();
  bool is_compared = false;
  bool is_equal = false;  // bit by bit, so that 0 and -0 differ, and a NaN equals the same NaN
  bool is_finite = true;  // false: one of them holds NaN or infinities, and the numbers follow from that
};

/// Adds up what rows differ by, in pieces if wanted. Values are float or double, of either side.
class DifferenceSums {
 public:
  void add(std::span<const float> a, std::span<const float> b);
  void add(std::span<const double> a, std::span<const double> b);
  RowDifference result() const;

 private:
  template <class Value>
  void take(std::span<const Value> a, std::span<const Value> b);

  double aa_ = 0, bb_ = 0, ab_ = 0, apart_ = 0, largest_ = 0;
  bool is_equal_ = true;
};
RowDifference difference_of(std::span<const float> a, std::span<const float> b);
RowDifference difference_of(std::span<const double> a, std::span<const double> b);

/// How large a relative L2 difference counts. Below or equal to it rows are "equal within tolerance"; of tok.ids none ever is.
struct DifferenceTolerance {
  bool exact = true;        // bit by bit; the numbers below do not matter then
  double point = 0;         // of every point but
  double logits = 0;        // the logits
  std::string reason;       // "both were computed by this program in f32", as people read it

  bool allows(const RowDifference& row, Point point_of_row) const;
};

/// A point that both sides have, in the same shape.
struct ComparedPoint {
  std::string name;                 // "L3.mix.h", "logits", "tok.ids"
  int layer = -1;                   // -1: before the layers; their number: behind the last
  Point point = Point::count_;      // count_ for tok.ids
  std::vector<std::int64_t> shape;  // of one token
  std::int64_t width = 1;           // elements of that

  bool is_state() const { return point == Point::h || point == Point::conv_state || point == Point::att_state; }
};

/// What is known of a point over all columns compared so far. Columns are counted as in Alignment; -1: none.
struct PointSummary {
  std::int64_t compared = 0, differing = 0, beyond = 0;  // columns; not bit-equal; beyond the tolerance
  std::int64_t first = -1, first_beyond = -1;            // the first column of either kind
  std::int64_t worst = -1;                               // the column with the largest relative difference (NaN counts as the largest)
  std::int64_t nonfinite = 0;                            // columns with NaN or infinities on either side
  float relative = 0, max_abs = 0, cosine = 1;           // largest, largest, smallest of all columns

  /// Takes one more column.
  void add(std::int64_t column, const RowDifference& row, bool is_allowed);
};

struct PointDifferences {
  ComparedPoint point;
  PointSummary summary;
  RowView<RowDifference> rows;  // [columns compared so far][1]

  /// Of a column; not compared where it has not been reached.
  RowDifference at(std::int64_t column) const { return column >= 0 && column < rows.count() ? rows[column][0] : RowDifference(); }
};

/// A place in the table.
struct TablePlace {
  std::int64_t column = -1;
  int point = -1;  // index into DifferenceTable::points
  friend bool operator==(const TablePlace&, const TablePlace&) = default;
};

/// In the order of computation: before the layers, layer after layer, behind them.
struct DifferenceTable {
  std::vector<PointDifferences> points;
  DifferenceTolerance tolerance;

  /// The layers that have points, in their order.
  std::vector<int> layers() const;
  /// The point of a name, or -1; the one of a layer, or -1.
  int find(const std::string& name) const;
  int find(Point point, int layer) const;
  /// The first difference of all, by column and then in the order of computation: of any bit, or beyond the tolerance.
  TablePlace first() const;
  TablePlace first_beyond() const;
  /// The first difference of one layer; column -1: it has none.
  TablePlace first_of_layer(int layer) const;
};

enum class DifferenceOrder : std::uint8_t {
  time,      // by column, then in the order of computation
  relative,  // largest relative L2 first; what is not a number before all
  max_abs,   // largest absolute difference first
  point,     // in the order of computation, then by column
};
/// "time", "relative", "max-abs", "point".
const char* name_of(DifferenceOrder order);

struct ListedDifference {
  TablePlace place;
  RowDifference row;
};
/// Those of the columns [first, last) and the points that a glob matches ("" or "*": all) that are beyond the tolerance: the first
/// `most` in an order, and how many there are.
struct DifferenceList {
  std::vector<ListedDifference> listed;
  std::int64_t total = 0;
};
struct DifferenceFilter {
  std::int64_t first = 0, last = std::numeric_limits<std::int64_t>::max();
  std::string glob;
  int layer = -2;  // -2: all
};
DifferenceList list_differences(const DifferenceTable& table, DifferenceOrder order, const DifferenceFilter& filter = {}, std::size_t most = 1000);

}  // namespace lab
