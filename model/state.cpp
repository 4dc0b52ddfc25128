#include "model/state.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "model/base/check.h"
#include "model/base/hash.h"
#include "model/base/memory.h"

namespace lab {

namespace {

constexpr std::int64_t kTile = 16;  // channels side by side in Layout::tiles

// Heads, channels of a head and states of a channel of a tiled tensor: [H, P, N], or [di, N] as one head.
struct TiledShape {
  explicit TiledShape(const std::vector<std::int64_t>& shape)
      : heads(shape.size() == 3 ? shape[0] : 1), width(shape[shape.size() - 2]), states(shape.back()),
        tiles((width + kTile - 1) / kTile) {}
  std::int64_t heads, width, states, tiles;

  std::int64_t place(std::int64_t head, std::int64_t channel, std::int64_t state) const {
    return ((head * tiles + channel / kTile) * states + state) * kTile + channel % kTile;
  }
};

std::int64_t stored_size(const TensorSchema& tensor) {
  if (tensor.layout != Layout::tiles) return tensor.elements();
  const TiledShape shape(tensor.shape);
  return shape.heads * shape.tiles * shape.states * kTile;
}

std::string shape_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Calls body(flat, stored) for every logical element, in logical order.
template <class Body>
void for_each_element(const TensorSchema& tensor, Body body) {
  const std::int64_t n = tensor.elements();
  if (tensor.layout == Layout::rows) {
    for (std::int64_t i = 0; i < n; ++i) body(i, i);
  } else if (tensor.layout == Layout::columns) {
    const std::int64_t a = tensor.shape[0], b = tensor.shape[1];
    for (std::int64_t i = 0; i < a; ++i)
      for (std::int64_t j = 0; j < b; ++j) body(i * b + j, j * a + i);
  } else {
    const TiledShape shape(tensor.shape);
    std::int64_t flat = 0;
    for (std::int64_t head = 0; head < shape.heads; ++head)
      for (std::int64_t channel = 0; channel < shape.width; ++channel) {
        const std::int64_t first = shape.place(head, channel, 0);
        for (std::int64_t state = 0; state < shape.states; ++state) body(flat++, first + state * kTile);
      }
  }
}

}  // namespace

std::int64_t TensorSchema::elements() const {
  std::int64_t n = 1;
  for (std::int64_t extent : shape) n *= extent;
  return n;
}

std::int64_t TensorSchema::stored_index(std::int64_t flat) const {
  if (layout == Layout::rows) return flat;
  if (layout == Layout::columns) return (flat % shape[1]) * shape[0] + flat / shape[1];
  const TiledShape tiled(shape);
  const std::int64_t row = flat / tiled.states;
  return tiled.place(row / tiled.width, row % tiled.width, flat % tiled.states);
}

int LayerSchema::find(Point point) const {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].point == point) return static_cast<int>(i);
  return -1;
}

int LayerSchema::find(const std::string& name) const {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name) return static_cast<int>(i);
  return -1;
}

StateSchema::StateSchema(std::string model_type, std::vector<LayerSchema> layers)
    : model_type_(std::move(model_type)), layers_(std::move(layers)) {
  for (LayerSchema& layer : layers_) {
    layer.offset = stored_;
    for (TensorSchema& tensor : layer.tensors) {
      tensor.offset = stored_;
      if (tensor.grows()) {
        tensor.cache = static_cast<int>(caches_.size());
        caches_.push_back(tensor.elements());
        continue;
      }
      tensor.stored = stored_size(tensor);
      stored_ += (tensor.stored + kTile - 1) / kTile * kTile;  // every tensor begins on a cache line
      elements_ += tensor.elements();
    }
    layer.stored = stored_ - layer.offset;
  }
}

template <class T>
void AlignedBuffer<T>::Free::operator()(T* p) const {
  free_aligned(p, std::max<std::size_t>(size, 1) * sizeof(T));
}

template <class T>
AlignedBuffer<T>::AlignedBuffer(std::size_t size)
    : data_(static_cast<T*>(allocate_aligned(std::max<std::size_t>(size, 1) * sizeof(T))), Free{size}), size_(size) {
  std::fill_n(data_.get(), size, T{});
}

template <class T>
AlignedBuffer<T>::AlignedBuffer(const AlignedBuffer& other) : AlignedBuffer(other.size_) {
  std::copy_n(other.data(), size_, data());
}

template <class T>
AlignedBuffer<T>& AlignedBuffer<T>::operator=(const AlignedBuffer& other) {
  if (this == &other) return *this;
  if (size_ != other.size_) *this = AlignedBuffer(other.size_);
  std::copy_n(other.data(), size_, data());
  return *this;
}

template <class T>
T* AlignedBuffer<T>::ensure(std::size_t size) {
  if (size > size_) *this = AlignedBuffer(size);
  return data();
}

template <class Real>
BasicState<Real>::BasicState(std::shared_ptr<const StateSchema> schema)
    : schema_(std::move(schema)), arena_(static_cast<std::size_t>(schema_->stored())) {
  for (const std::int64_t width : schema_->caches()) caches_.emplace_back(width);
  zero();
}

template <class Real>
template <class Body>
void BasicState<Real>::for_each_tensor(int layer, Body body) const {
  const int first = layer < 0 ? 0 : layer, last = layer < 0 ? static_cast<int>(schema_->layers().size()) : layer + 1;
  for (int l = first; l < last; ++l) {
    const auto& tensors = schema_->layers()[static_cast<std::size_t>(l)].tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) body(l, static_cast<int>(i), tensors[i]);
  }
}

template <class Real>
std::span<Real> BasicState<Real>::stored(int layer, int tensor) {
  const TensorSchema& t = tensor_at(layer, tensor);
  return arena_.span().subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.stored));
}

template <class Real>
std::span<const Real> BasicState<Real>::stored(int layer, int tensor) const {
  return const_cast<BasicState*>(this)->stored(layer, tensor);
}

template <class Real>
std::span<Real> BasicState<Real>::stored_layer(int layer) {
  const LayerSchema& l = schema_->layers()[static_cast<std::size_t>(layer)];
  return arena_.span().subspan(static_cast<std::size_t>(l.offset), static_cast<std::size_t>(l.stored));
}

template <class Real>
std::span<const Real> BasicState<Real>::stored_layer(int layer) const {
  return const_cast<BasicState*>(this)->stored_layer(layer);
}

template <class Real>
RowTiles<Real>& BasicState<Real>::cache(int layer, int tensor) {
  const TensorSchema& t = tensor_at(layer, tensor);
  LAB_CHECK(t.grows(), ==, true);
  return caches_[static_cast<std::size_t>(t.cache)];
}

template <class Real>
const RowTiles<Real>& BasicState<Real>::cache(int layer, int tensor) const {
  return const_cast<BasicState*>(this)->cache(layer, tensor);
}

template <class Real>
std::int64_t BasicState<Real>::cache_bytes() const {
  std::int64_t bytes = 0;
  for (const RowTiles<Real>& cache : caches_) bytes += cache.bytes();
  return bytes;
}

template <class Real>
StateContents<Real> BasicState<Real>::contents(int layer) const {
  const std::span<const Real> values = layer < 0 ? stored_all() : stored_layer(layer);
  StateContents<Real> contents{{values.begin(), values.end()}, {}};
  for_each_tensor(layer, [&](int l, int i, const TensorSchema& t) {
    if (t.grows()) contents.caches.push_back(cache(l, i));
  });
  return contents;
}

template <class Real>
void BasicState<Real>::put(int layer, const StateContents<Real>& contents) {
  const std::span<Real> place = layer < 0 ? stored_all() : stored_layer(layer);
  LAB_CHECK(contents.stored.size(), ==, place.size());
  std::copy(contents.stored.begin(), contents.stored.end(), place.begin());
  auto next = contents.caches.begin();
  for_each_tensor(layer, [&](int l, int i, const TensorSchema& t) {
    if (t.grows()) cache(l, i) = *next++;
  });
}

template <class Real>
std::vector<std::int64_t> BasicState<Real>::shape(int layer, int tensor) const {
  std::vector<std::int64_t> shape = tensor_at(layer, tensor).shape;
  if (tensor_at(layer, tensor).grows()) shape.insert(shape.begin(), cache(layer, tensor).count());
  return shape;
}

template <class Real>
std::int64_t BasicState<Real>::elements(int layer, int tensor) const {
  const TensorSchema& t = tensor_at(layer, tensor);
  return t.elements() * (t.grows() ? cache(layer, tensor).count() : 1);
}

template <class Real>
void BasicState<Real>::get(int layer, int tensor, std::span<Real> out) const {
  const TensorSchema& t = tensor_at(layer, tensor);
  LAB_CHECK(static_cast<std::int64_t>(out.size()), ==, elements(layer, tensor));
  if (t.grows()) {
    const RowTiles<Real>& rows = cache(layer, tensor);
    for (std::int64_t i = 0; i < rows.count(); ++i) std::copy_n(rows.row(i), rows.width(), out.data() + i * rows.width());
    return;
  }
  const Real* from = stored(layer, tensor).data();
  for_each_element(t, [&](std::int64_t flat, std::int64_t at) { out[static_cast<std::size_t>(flat)] = from[at]; });
}

template <class Real>
std::vector<Real> BasicState<Real>::get(int layer, int tensor) const {
  std::vector<Real> out(static_cast<std::size_t>(elements(layer, tensor)));
  get(layer, tensor, out);
  return out;
}

template <class Real>
Status BasicState<Real>::set(int layer, int tensor, std::span<const Real> values) {
  const TensorSchema& t = tensor_at(layer, tensor);
  const auto size = static_cast<std::int64_t>(values.size());
  if (t.grows() ? size % t.elements() != 0 : size != t.elements())
    return Error{.code = Code::mismatch,
                 .field = "layers." + std::to_string(layer) + "." + t.name,
                 .expected = std::to_string(t.elements()) + (t.grows() ? " values a row of shape " : " values of shape ") + shape_of(t.shape),
                 .found = std::to_string(values.size()),
                 .message = "the state has another size"};
  if (t.grows()) {
    RowTiles<Real> rows(t.elements());
    for (std::int64_t i = 0; i < size; i += t.elements()) rows.append(values.data() + i);
    cache(layer, tensor) = std::move(rows);
    return {};
  }
  std::span<Real> part = stored(layer, tensor);
  std::fill(part.begin(), part.end(), Real(0));  // also what lies between the elements: nothing that was there survives
  Real* to = part.data();
  for_each_element(t, [&](std::int64_t flat, std::int64_t at) { to[at] = values[static_cast<std::size_t>(flat)]; });
  return {};
}

template <class Real>
void BasicState<Real>::zero(int layer) {
  for_each_tensor(layer, [&](int l, int i, const TensorSchema& t) {
    if (t.grows()) {
      cache(l, i).truncate(0);
      return;
    }
    auto part = stored(l, i);
    std::fill(part.begin(), part.end(), static_cast<Real>(t.neutral));
  });
}

template <class Real>
void BasicState<Real>::scale(int layer, Real factor) {
  for_each_tensor(layer, [&](int l, int i, const TensorSchema& t) {
    if (t.grows()) cache(l, i).transform([&](Real value) { return value * factor; });
    if (t.role != Role::ssm) return;
    for (Real& value : stored(l, i)) value *= factor;
  });
}

template <class Real>
std::uint64_t BasicState<Real>::hash() const {
  std::uint64_t hash = hash_bytes(&position, sizeof position);
  std::vector<Real> values;
  for_each_tensor(-1, [&](int l, int i, const TensorSchema&) {
    values.resize(static_cast<std::size_t>(elements(l, i)));
    get(l, i, values);
    hash = hash_bytes(values.data(), values.size() * sizeof(Real), hash);
  });
  return hash;
}

template class BasicState<float>;
template class BasicState<double>;
template class AlignedBuffer<float>;
template class AlignedBuffer<double>;

}  // namespace lab
