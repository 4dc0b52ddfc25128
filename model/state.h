#pragma once
// A state is data with a schema: get, set, zero, scale, clone, hash, save and draw are written once for every family.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/row_tiles.h"
#include "model/stage.h"

namespace lab {

enum class Role : std::uint8_t { ssm, conv, kv, shift };
/// How a past value is found again from recorded drivers: by the recurrence, by appending a row a token, or as the last of them.
enum class Replay : std::uint8_t { scan, append, last };

/// How a tensor lies in the arena. Callers outside model/ use the logical order through get and set.
enum class Layout : std::uint8_t {
  rows,     // as its shape says, last axis fastest
  columns,  // [a, b] stored as [b][a]: time-major convolution windows
  tiles,    // [heads, p, n] or [p, n] stored as [heads][p/16][n][16]: sixteen channels side by side
};

struct TensorSchema {
  std::string name;                 // "ssm_state", "conv_state"
  Point point = Point::h;           // the trace point that shows it
  Role role = Role::ssm;
  Replay replay = Replay::scan;
  Layout layout = Layout::rows;
  std::vector<std::int64_t> shape;  // logical, as [di, N], [H, P, N] or [C, K]; of one row [Hkv, hd] where rows are appended
  float neutral = 0;                // the value of a fresh state
  std::int64_t stored = 0;          // elements in the arena, padding included; none of a tensor that grows
  std::int64_t offset = 0;          // first element in the arena
  int cache = -1;                   // which of the state's growing tensors it is, or -1

  bool grows() const { return replay == Replay::append; }
  std::int64_t elements() const;  // of a row, where the tensor grows
  /// Place in the tensor's part of the arena of a logical flat index.
  std::int64_t stored_index(std::int64_t flat) const;
};

struct LayerSchema {
  std::string kind;  // "mamba1", "mamba2"
  std::vector<TensorSchema> tensors;
  std::int64_t offset = 0;  // first element of the layer in the arena
  std::int64_t stored = 0;  // elements of the layer in the arena

  /// Index of the tensor shown by a point or with a role, or -1.
  int find(Point point) const;
  int find(const std::string& name) const;
};

/// The tensors of all layers and their places. Immutable once made.
class StateSchema {
 public:
  StateSchema(std::string model_type, std::vector<LayerSchema> layers);
  const std::string& model_type() const { return model_type_; }
  const std::vector<LayerSchema>& layers() const { return layers_; }
  std::int64_t stored() const { return stored_; }      // elements of the arena
  std::int64_t elements() const { return elements_; }  // logical elements of the tensors that do not grow
  /// Widths of the rows of all growing tensors, by TensorSchema::cache.
  const std::vector<std::int64_t>& caches() const { return caches_; }

 private:
  std::string model_type_;
  std::vector<LayerSchema> layers_;
  std::int64_t stored_ = 0, elements_ = 0;
  std::vector<std::int64_t> caches_;
};

/// Memory aligned to 64 bytes, zeroed.
template <class T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size);
  AlignedBuffer(const AlignedBuffer& other);
  AlignedBuffer& operator=(const AlignedBuffer& other);
  AlignedBuffer(AlignedBuffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_.get(), size_}; }
  std::span<const T> span() const { return {data_.get(), size_}; }
  /// Grows to at least `size`; the content is lost when it grows.
  T* ensure(std::size_t size);

 private:
  struct Free {
    std::size_t size = 0;
    void operator()(T* p) const;
  };
  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

/// What one layer or all of a state hold, apart from it. Full tiles of growing tensors are shared, not copied.
template <class Real>
struct StateContents {
  std::vector<Real> stored;
  std::vector<RowTiles<Real>> caches;

  std::int64_t bytes() const {
    auto bytes = static_cast<std::int64_t>(stored.size() * sizeof(Real));
    for (const RowTiles<Real>& cache : caches) bytes += cache.bytes();
    return bytes;
  }
};

/// All recurrent tensors of one lane, and how many tokens it has seen.
template <class Real>
class BasicState {
 public:
  BasicState() = default;
  explicit BasicState(std::shared_ptr<const StateSchema> schema);  // neutral values, position 0

  const StateSchema& schema() const { return *schema_; }
  std::shared_ptr<const StateSchema> schema_ptr() const { return schema_; }
  explicit operator bool() const { return schema_ != nullptr; }

  std::int64_t position = 0;  // tokens consumed

  std::span<Real> stored(int layer, int tensor);
  std::span<const Real> stored(int layer, int tensor) const;
  std::span<Real> stored_layer(int layer);
  std::span<const Real> stored_layer(int layer) const;
  std::span<Real> stored_all() { return arena_.span(); }
  std::span<const Real> stored_all() const { return arena_.span(); }

  /// The rows of a tensor that grows. Their count is that of the tokens since the layer was last zeroed, whatever the position.
  RowTiles<Real>& cache(int layer, int tensor);
  const RowTiles<Real>& cache(int layer, int tensor) const;
  std::vector<RowTiles<Real>>& caches() { return caches_; }
  const std::vector<RowTiles<Real>>& caches() const { return caches_; }
  std::int64_t cache_bytes() const;
  /// What a layer (-1: all) holds, taken out and put back.
  StateContents<Real> contents(int layer) const;
  void put(int layer, const StateContents<Real>& contents);

  /// Logical shape at present: [rows, Hkv, hd] of a tensor that grows.
  std::vector<std::int64_t> shape(int layer, int tensor) const;
  std::int64_t elements(int layer, int tensor) const;

  /// The tensor in logical order.
  std::vector<Real> get(int layer, int tensor) const;
  void get(int layer, int tensor, std::span<Real> out) const;
  /// Replaces a tensor; refuses another number of elements (of one that grows: no whole number of rows), naming layer and tensor.
  Status set(int layer, int tensor, std::span<const Real> values);

  /// Neutral values for one layer (or all with layer -1).
  void zero(int layer = -1);
  /// Multiplies the recurrent tensors (ssm, kv) of one layer (or all with layer -1).
  void scale(int layer, Real factor);
  /// Content hash over the logical values and the position.
  std::uint64_t hash() const;

 private:
  const TensorSchema& tensor_at(int layer, int tensor) const {
    return schema_->layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)];
  }
  /// Calls body(layer, tensor index, schema) for the tensors of one layer, or of all with layer -1.
  template <class Body>
  void for_each_tensor(int layer, Body body) const;

  std::shared_ptr<const StateSchema> schema_;
  AlignedBuffer<Real> arena_;
  std::vector<RowTiles<Real>> caches_;
};

using State = BasicState<float>;

extern template class BasicState<float>;
extern template class BasicState<double>;
extern template class AlignedBuffer<float>;
extern template class AlignedBuffer<double>;

}  // namespace lab
