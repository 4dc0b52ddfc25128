#include "gguf_mutator.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/base/block_types.h"

namespace lab::test {
namespace {

constexpr std::uint32_t kString = 8, kArray = 9;
constexpr std::size_t kMostItems = 1024, kMostData = 1 << 14, kLongestText = 200;

// Little-endian numbers and strings; once something lies beyond the end, all that follows is nothing.
class Cursor {
 public:
  explicit Cursor(const std::string& bytes) : bytes_(bytes) {}
  bool is_good() const { return is_good_; }
  std::string take(std::uint64_t count) {
    is_good_ = is_good_ && count <= bytes_.size() - at_;
    if (!is_good_) return {};
    return bytes_.substr(std::exchange(at_, at_ + count), count);
  }
  template <class T>
  T number() {
    T value{};
    const std::string raw = take(sizeof value);
    std::memcpy(&value, raw.data(), raw.size());
    return value;
  }
  std::string text() { return take(number<std::uint64_t>()); }
  std::string value(std::uint32_t type) {
    if (type == kString) return text();
    is_good_ = is_good_ && type <= 12 && type != kArray;
    return is_good_ ? take(width_of(static_cast<GgufType>(type))) : std::string();
  }
  void align(std::size_t alignment) { at_ = std::min(bytes_.size(), (at_ + alignment - 1) / alignment * alignment); }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
  bool is_good_ = true;
};

std::size_t alignment_of(const std::vector<GgufParts::Key>& keys) {
  for (const GgufParts::Key& key : keys)
    if (key.name == "general.alignment" && key.type == 4 && !key.is_array && !key.items.empty()) {
      std::uint32_t value = 0;
      std::memcpy(&value, key.items[0].data(), std::min(sizeof value, key.items[0].size()));
      if (value >= 8 && value <= 4096 && (value & (value - 1)) == 0) return value;
    }
  return 32;
}

GgufParts::Key read_key(Cursor& from) {
  GgufParts::Key key{.name = from.text(), .type = from.number<std::uint32_t>()};
  std::uint64_t count = 1;
  key.is_array = key.type == kArray;
  if (key.is_array) {
    key.type = from.number<std::uint32_t>();
    count = from.number<std::uint64_t>();
  }
  for (std::uint64_t i = 0; i < count && i <= kMostItems && from.is_good(); ++i) key.items.push_back(from.value(key.type));
  if (count > kMostItems) from.take(~std::uint64_t{0});
  return key;
}

GgufParts::Tensor read_tensor(Cursor& from) {
  GgufParts::Tensor tensor{.name = from.text()};
  tensor.extents.resize(std::min(from.number<std::uint32_t>(), 8u));
  for (std::uint64_t& extent : tensor.extents) extent = from.number<std::uint64_t>();
  tensor.type = from.number<std::uint32_t>();
  tensor.offset = from.number<std::uint64_t>();
  return tensor;
}

// One mutation of a file.
class Mutation {
 public:
  Mutation(GgufParts& parts, std::mt19937& random, MutateText mutate_text)
      : parts_(parts), random_(random), mutate_text_(mutate_text) {}

  void run() {
    const std::uint32_t kind = below(20);
    if (kind < 8 && !parts_.keys.empty())
      change(any(parts_.keys));
    else if (kind < 11)
      rearrange(parts_.keys);
    else if (kind < 16 && !parts_.tensors.empty())
      change(any(parts_.tensors));
    else if (kind < 18)
      rearrange(parts_.tensors);
    else if (kind == 18)
      mutate_text_(parts_.data, kMostData);
    else
      parts_.version = below(2) ? 3 : number();
    if (below(4) > 0) lay_out();
  }

 private:
  std::uint32_t below(std::size_t count) { return static_cast<std::uint32_t>(random_() % std::max<std::size_t>(count, 1)); }
  template <class T>
  T& any(std::vector<T>& list) {
    return list[below(list.size())];
  }

  // Numbers at which readers go wrong: small ones, the limits of every type, and what wraps when it is rounded or multiplied.
  std::uint64_t wide_number() {
    const std::uint64_t edge = std::uint64_t{1} << below(64);
    switch (below(5)) {
      case 0: return below(16);
      case 1: return edge - 1;
      case 2: return ~std::uint64_t{0} - below(64);
      case 3: return edge + below(3);
      default: return edge;
    }
  }
  std::uint32_t number() { return static_cast<std::uint32_t>(wide_number()); }

  std::string number_of(std::uint32_t type) {
    if (type == kString) return "1";
    constexpr float floats[] = {0.0f, -0.0f, 1.0f, -1.0f, 1e-5f, 1e30f, 1e-45f};
    const std::uint32_t not_finite[] = {0x7F800000, 0xFF800000, 0x7FC00000};
    if (type == 6) return below(2) ? bytes_of(floats[below(7)]) : bytes_of(not_finite[below(3)]);
    const std::string all = bytes_of(wide_number());
    return type <= 12 && type != kArray ? all.substr(0, width_of(static_cast<GgufType>(type))) : all;
  }
  std::uint32_t type_of_value() { return below(16) ? below(13) : number(); }

  void change(GgufParts::Key& key) {
    switch (below(key.is_array ? 8 : 5)) {
      case 0: rename(key.name, any(parts_.keys).name); return;
      case 1: retype(key, type_of_value()); return;
      case 2: key.is_array = !key.is_array; return;
      case 3: case 4: break;
      case 5: rearrange(key.items); return;
      case 6: key.items.resize(below(2) ? key.items.size() / 2 : key.items.size() + 1, number_of(key.type)); return;
      default: break;
    }
    if (key.items.empty()) return;
    std::string& item = any(key.items);
    if (key.type == kString)
      rename(item, any(key.items));
    else
      item = number_of(key.type);
  }

  void retype(GgufParts::Key& key, std::uint32_t type) {
    key.type = type;
    for (std::string& item : key.items)
      if (type != kString && type <= 12 && type != kArray) item.resize(width_of(static_cast<GgufType>(type)));
  }

  void rename(std::string& name, const std::string& other) {
    const std::string same = other;
    if (below(4) == 0) name = same;
    else mutate_text_(name, kLongestText);
  }

  void change(GgufParts::Tensor& tensor) {
    switch (below(7)) {
      case 0: rename(tensor.name, any(parts_.tensors).name); return;
      case 1: tensor.type = below(4) ? kBlockTypes[below(std::size(kBlockTypes))].id : number(); return;
      case 2: tensor.offset = wide_number(); return;
      case 3: tensor.offset += below(2) ? 32 : std::uint64_t{0} - 32; return;
      case 4: tensor.extents.resize(below(6), 1); return;
      case 5: std::reverse(tensor.extents.begin(), tensor.extents.end()); return;
      default:
        if (!tensor.extents.empty()) any(tensor.extents) = below(2) ? wide_number() : below(64);
    }
  }

  // One fewer, one twice, or another order.
  template <class T>
  void rearrange(std::vector<T>& list) {
    if (list.empty()) return;
    const std::size_t one = below(list.size()), other = below(list.size());
    switch (below(3)) {
      case 0: list.erase(list.begin() + static_cast<std::ptrdiff_t>(one)); return;
      case 1: if (list.size() < kMostItems) list.insert(list.begin() + static_cast<std::ptrdiff_t>(other), T(list[one])); return;
      default: std::swap(list[one], list[other]);
    }
  }

  // Puts small tensors where they belong, so that what lies behind the container's rules is reached too.
  void lay_out() {
    const std::size_t alignment = alignment_of(parts_.keys);
    std::size_t at = 0;
    for (const GgufParts::Tensor& tensor : parts_.tensors) {
      std::uint64_t count = 1;
      for (const std::uint64_t extent : tensor.extents)
        if (__builtin_mul_overflow(count, extent, &count) || count > kMostData) return;
      at += count * 8 + alignment;
    }
    if (at > kMostData) return;
    at = 0;
    for (GgufParts::Tensor& tensor : parts_.tensors) {
      tensor.offset = at;
      at = (at + stored_bytes(tensor) + alignment - 1) / alignment * alignment;
    }
    parts_.data.resize(at, '\x3c');
  }
  static std::size_t stored_bytes(const GgufParts::Tensor& tensor) {
    std::size_t count = 1;
    for (const std::uint64_t extent : tensor.extents) count *= extent;
    const BlockType* type = find_block_type(tensor.type);
    return type ? count / static_cast<std::size_t>(type->length) * type->bytes : count * 4;
  }

  GgufParts& parts_;
  std::mt19937& random_;
  MutateText mutate_text_;
};

}  // namespace

std::optional<GgufParts> GgufParts::of(const std::string& bytes) {
  Cursor from(bytes);
  GgufParts parts;
  if (from.take(4) != "GGUF") return std::nullopt;
  parts.version = from.number<std::uint32_t>();
  const auto tensors = from.number<std::uint64_t>(), keys = from.number<std::uint64_t>();
  if (tensors > kMostItems || keys > kMostItems) return std::nullopt;
  for (std::uint64_t i = 0; i < keys && from.is_good(); ++i) parts.keys.push_back(read_key(from));
  for (std::uint64_t i = 0; i < tensors && from.is_good(); ++i) parts.tensors.push_back(read_tensor(from));
  if (!from.is_good()) return std::nullopt;
  from.align(alignment_of(parts.keys));
  parts.data = from.take(from.left());
  return parts;
}

std::string GgufParts::bytes() const {
  GgufImage image;
  image.version = version;
  image.alignment = alignment_of(keys);
  for (const Key& key : keys) {
    std::string items;
    for (const std::string& item : key.items) items += key.type == kString ? counted(item) : item;
    if (key.is_array)
      image.value(key.name, kArray, bytes_of(key.type) + bytes_of<std::uint64_t>(key.items.size()) + items);
    else
      image.value(key.name, key.type, items);
  }
  for (const Tensor& tensor : tensors) image.info(tensor.name, tensor.extents, tensor.type, tensor.offset);
  image.data = data;
  return image.bytes();
}

void GgufParts::mutate(std::mt19937& random, MutateText mutate_text) { Mutation(*this, random, mutate_text).run(); }

void GgufParts::cross_over(std::mt19937& random, const GgufParts& other) {
  for (const Key& key : other.keys)
    if (random() % 4 == 0) keys.push_back(key);
  for (const Tensor& tensor : other.tensors)
    if (random() % 4 == 0) tensors.push_back(tensor);
  if (random() % 2 == 0) data = other.data;
}

}  // namespace lab::test
