#include "app/core/cell_decay.h"

#include <cmath>
#include <numbers>

#include "app/core/layer_walk.h"
#include "model/base/check.h"

namespace lab {

CellDecay::CellDecay(const Model& model, const StatePlane& plane, int layer)
    : layer_(layer), rows_(plane.rows()), states_(plane.states()),
      dt_driver_(find_driver(model.info().layers[static_cast<std::size_t>(layer)], Point::dt)), rates_(model.rates(layer)) {
  const std::int64_t steps =
      dt_driver_ < 0 ? 1 : model.info().layers[static_cast<std::size_t>(layer)].drivers[static_cast<std::size_t>(dt_driver_)].width;
  LAB_CHECK(rows_ % steps, ==, 0);
  dt_rows_ = rows_ / steps;
  restart();
}

void CellDecay::restart() {
  tokens_ = 0;
  dt_sums_.assign(static_cast<std::size_t>(rows_ / dt_rows_), 0.0);
}

void CellDecay::take(const TraceView& trace, std::int64_t token) {
  ++tokens_;
  if (dt_driver_ < 0)
    for (double& sum : dt_sums_) sum += 1;
  else if (const auto dt = trace.driver(layer_, dt_driver_, token))
    for (std::size_t i = 0; i < dt_sums_.size(); ++i) dt_sums_[i] += static_cast<double>((*dt)[i]);
}

float CellDecay::rate_of(std::int64_t cell) const {
  const auto rates = static_cast<std::int64_t>(rates_.size());
  if (rates == 0) return 0;
  return std::fabs(rates_[static_cast<std::size_t>(rates == rows_ * states_ ? cell : channel_of(cell) / (rows_ / rates))]);
}

float CellDecay::half_life_of(std::int64_t cell) const {
  const double mean_dt = tokens_ > 0 ? dt_sums_[static_cast<std::size_t>(channel_of(cell) / dt_rows_)] / static_cast<double>(tokens_) : 0;
  return static_cast<float>(std::numbers::ln2 / (mean_dt * static_cast<double>(rate_of(cell))));
}

std::vector<float> CellDecay::half_lives(const CellRange& cells) const {
  std::vector<float> lives;
  for (std::int64_t i = 0; i < cells.count; ++i) lives.push_back(half_life_of(cells.start + i * cells.step));
  return lives;
}

}  // namespace lab
