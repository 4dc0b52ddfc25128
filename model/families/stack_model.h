#pragma once
// The model of every family: an embedding, a stack of blocks on a residual stream, a head.
#include <memory>
#include <mutex>
#include <vector>

#include "model/families/block.h"

namespace lab {

/// The tensors around the layers and those of all layers.
std::vector<Expected> expected_tensors(const Architecture& architecture, const TensorTable& table);

/// The points of a layer in the order of computation, those around the mixer included.
LayerInfo complete_info(const Architecture& architecture, std::int64_t layer);

class StackModel final : public Model {
 public:
  StackModel(std::unique_ptr<const Architecture> architecture, const Checkpoint& checkpoint, ModelInfo info,
             std::shared_ptr<const StateSchema> schema);

  bool advance(std::span<Lane<float>> lanes, Context<float>& context) const override;
  bool advance(std::span<Lane<double>> lanes, Context<double>& context) const override;
  void mix(int layer, Rows<const float> inputs, Rows<float> outputs, State& state, Probe* probe,
           Context<float>& context) const override;
  void read_out(Rows<const float> resid_out, Rows<float> logits, Context<float>& context) const override;
  void replay(int layer, std::span<const Rows<const float>> drivers, State& state, Context<float>& context) const override;
  std::vector<float> rates(int layer) const override;
  RecurrenceSource recurrence_source(int layer, ChannelRange channels, RecurrenceWants wants) const override;
  Recurrence recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const float>> columns,
                        std::int64_t lead, const State& start, Context<float>& context) const override;

 private:
  template <class Real>
  struct Parts;

  const Parts<double>& oracle() const;
  template <class Real>
  bool run(const Parts<Real>& parts, std::span<Lane<Real>> lanes, Context<Real>& context) const;
  template <class Real>
  void embed(const Parts<Real>& parts, Batch<Real>& batch, Rows<Real> resid) const;
  template <class Real>
  void run_block(const Block<Real>& block, int layer, Batch<Real>& batch, Rows<Real> resid) const;
  template <class Real>
  void add(Rows<Real> branch, int layer, Context<Real>& context, Rows<Real> resid) const;
  template <class Real>
  void finish(const Parts<Real>& parts, Batch<Real>& batch, Rows<Real> resid) const;
  template <class Real>
  void logits_of(Rows<const Real> normed, Context<Real>& context, Rows<Real> logits) const;

  const std::unique_ptr<const Architecture> architecture_;
  const Stream& stream_;
  const std::shared_ptr<const TensorTable> table_;
  Matrix embeddings_, head_;
  std::shared_ptr<const Parts<float>> single_;
  mutable std::once_flag oracle_once_;
  mutable std::shared_ptr<const Parts<double>> double_;
};

}  // namespace lab
