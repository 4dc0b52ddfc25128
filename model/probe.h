#pragma once
// Who wants to see or replace which stage of a step.
#include <cstdint>
#include <vector>

#include "model/rows.h"
#include "model/stage.h"

namespace lab {

/// Receives the values of chosen stages while a step runs. With nothing chosen it costs one branch a stage.
template <class Real>
class BasicProbe {
 public:
  /// Points of one layer (bits of `bit(Point)`) or, for layer -1, of the places outside the layers.
  explicit BasicProbe(int layers) : reads_(static_cast<std::size_t>(layers) + 1), patches_(reads_.size()) {}
  virtual ~BasicProbe() = default;

  void read(Point point, int layer) { reads_[index(layer)] |= bit(point); }
  void patch(Point point, int layer) { patches_[index(layer)] |= bit(point); }
  std::uint64_t reads(int layer) const { return reads_[index(layer)]; }
  std::uint64_t patches(int layer) const { return patches_[index(layer)]; }
  std::uint64_t mask(int layer) const { return reads(layer) | patches(layer); }

  /// Called with the rows of the tokens token .. token + rows.count of this lane's call, in token order. State points
  /// (h, decay, conv_state) come one token at a time, flat in the order of their shape. Rows may be written only
  /// where a patch was announced; what is written then goes on in place of the computed value.
  virtual void visit(Point point, int layer, std::int64_t token, Rows<Real> rows) = 0;

  /// Statistics of one layer for consecutive tokens, [rows, kStatistics]; called once a layer when wants_statistics.
  virtual void statistics(int layer, std::int64_t token, Rows<const float> rows) { (void)layer, (void)token, (void)rows; }
  bool wants_statistics = false;

 private:
  static std::size_t index(int layer) { return static_cast<std::size_t>(layer + 1); }
  std::vector<std::uint64_t> reads_, patches_;
};

using Probe = BasicProbe<float>;

}  // namespace lab
