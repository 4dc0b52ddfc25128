#pragma once
// A published trace: a history that nobody changes any more, and replay from its keyframes.
#include <cstdint>
#include <memory>

#include "tracer/trace/history.h"
#include "tracer/trace/trace.h"

namespace lab {

class RecordedView final : public TraceView {
 public:
  RecordedView(std::int64_t count, std::uint64_t revision, std::shared_ptr<const StateSchema> schema,
               std::shared_ptr<const TraceLayout> layout, std::shared_ptr<const History> history, const TraceUse& use);

  std::optional<std::vector<float>> driver(int layer, int driver, std::int64_t token) const override;
  bool columns(int layer, int driver, std::int64_t first_column, std::int64_t first, Rows<float> out) const override;
  StatisticValue statistic(int layer, Statistic which, std::int64_t token) const override;
  StatisticValue pooled(int layer, Statistic which, std::int64_t first, std::int64_t last) const override;
  using TraceView::restore;
  Status restore(std::int64_t position, int layer, State& state, const Replayer& replay) const override;
  Status walk(std::int64_t first, std::int64_t last, int layer, State& state, const Replayer& replay,
              const std::function<bool(std::int64_t token)>& visit) const override;

 private:
  std::shared_ptr<const TraceLayout> layout_;
  std::shared_ptr<const History> history_;
};

}  // namespace lab
