#include "model/files/gguf.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "model/files/looks_like.h"

namespace lab {
namespace {

// Budgets of the lab, far above any published file, which keep a refusal quick and small.
constexpr std::size_t kLargestHeader = 128u << 20;
constexpr std::uint64_t kMostKeys = 100'000, kMostTensors = 200'000, kMostElements = 4u << 20;
constexpr std::uint64_t kLongestKey = (1 << 16) - 1, kLongestString = 1 << 30;
// Of the reference reader.
constexpr std::uint64_t kLongestTensorName = 63;
constexpr std::uint32_t kMostDimensions = 4;
constexpr std::uint64_t kDefaultAlignment = 32;
// The fewest bytes that a key with its value, and a tensor's entry, take.
constexpr std::uint64_t kLeastKey = 8 + 1 + 4 + 1, kLeastTensor = 8 + 1 + 4 + 8 + 4 + 8;

struct StoredType {
  std::uint32_t id;
  DType dtype;
};
constexpr StoredType kStoredTypes[] = {{0, DType::f32},   {1, DType::f16},   {2, DType::q4_0}, {3, DType::q4_1},
                                       {6, DType::q5_0},  {7, DType::q5_1},  {8, DType::q8_0}, {12, DType::q4_k},
                                       {13, DType::q5_k}, {14, DType::q6_k}, {24, DType::i8},  {25, DType::i16},
                                       {26, DType::i32},  {27, DType::i64},  {28, DType::f64}, {30, DType::bf16}};
// Types that are named in refusals.
struct OtherType {
  std::uint32_t id;
  const char* name;
};
constexpr OtherType kOtherTypes[] = {{9, "Q8_1"},    {10, "Q2_K"},    {11, "Q3_K"},  {15, "Q8_K"},   {16, "IQ2_XXS"},
                                     {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"},
                                     {22, "IQ2_S"},  {23, "IQ4_XS"},  {29, "IQ1_M"}, {34, "TQ1_0"},  {35, "TQ2_0"},
                                     {39, "MXFP4"},  {40, "NVFP4"}};

// Little-endian numbers and strings from the start of an image, never beyond its end nor beyond the largest header.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> image) : image_(image), end_(std::min(image.size(), kLargestHeader)) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return end_ - at_; }
  const std::byte* here() const { return image_.data() + at_; }

  /// An error about what was read last.
  Error refuse(Code code, std::string field, std::string message, std::string expected, std::string found) const {
    return {.code = code,
            .field = std::move(field),
            .offset = static_cast<std::int64_t>(last_),
            .expected = std::move(expected),
            .found = std::move(found),
            .message = std::move(message)};
  }
  Status skip(std::uint64_t bytes, const std::string& field) {
    last_ = at_;
    if (bytes <= left()) {
      at_ += bytes;
      return {};
    }
    if (end_ < image_.size())
      return refuse(Code::too_large, field, "the header is too large", std::to_string(kLargestHeader) + " bytes",
                    "more");
    return refuse(Code::truncated, field, "the file ends within its header", std::to_string(bytes) + " bytes more",
                  std::to_string(left()));
  }
  template <class T>
  Result<T> number(const std::string& field) {
    const std::byte* data = here();
    LAB_TRY(skip(sizeof(T), field));
    T value;
    std::memcpy(&value, data, sizeof(T));
    return value;
  }
  Result<std::string_view> string(const std::string& field, std::uint64_t longest) {
    LAB_ASSIGN(const auto length, number<std::uint64_t>(field));
    if (length > longest)
      return refuse(Code::too_large, field, "a string is too long", "at most " + std::to_string(longest) + " bytes",
                    std::to_string(length));
    const char* text = reinterpret_cast<const char*>(here());
    LAB_TRY(skip(length, field));
    return std::string_view(text, length);
  }
  /// A name: a string that is not empty and holds no zero byte.
  Result<std::string_view> name(const std::string& field, std::uint64_t longest) {
    LAB_ASSIGN(const std::string_view name, string(field, longest));
    if (name.empty()) return refuse(Code::malformed, field, "a name is empty", "at least one byte", "none");
    if (name.find('\0') != name.npos)
      return refuse(Code::malformed, field, "a name holds a zero byte", "text", std::string(name));
    return name;
  }

 private:
  std::span<const std::byte> image_;
  std::size_t end_, at_ = 0, last_ = 0;
};

Status read_magic(Reader& reader, std::span<const std::byte> image) {
  constexpr std::string_view magic = "GGUF";
  if (image.size() >= magic.size() && std::memcmp(image.data(), magic.data(), magic.size()) == 0)
    return reader.skip(magic.size(), "magic");
  const char* other = looks_like(image);
  const std::string start(reinterpret_cast<const char*>(image.data()), std::min(image.size(), magic.size()));
  return reader.refuse(image.size() < magic.size() ? Code::truncated : Code::wrong_kind, "magic",
                       "this is no GGUF file", "a file that begins with GGUF", other ? other : "\"" + start + "\"");
}

Result<std::uint32_t> read_version(Reader& reader) {
  LAB_ASSIGN(const auto version, reader.number<std::uint32_t>("version"));
  if (version == 2 || version == 3) return version;
  const bool swapped = version != 0 && (version & 0xFFFFu) == 0;
  return reader.refuse(Code::unsupported, "version",
                       swapped ? "the file is big-endian" : "this version of GGUF cannot be read",
                       swapped ? "a little-endian file" : "2 or 3",
                       swapped ? "version " + std::to_string(__builtin_bswap32(version)) + " with its bytes swapped"
                               : std::to_string(version));
}

// How many entries follow, each of at least `least` bytes: believed only as far as the file can hold them.
Result<std::uint64_t> read_count(Reader& reader, const char* field, std::uint64_t least, std::uint64_t most) {
  LAB_ASSIGN(const auto count, reader.number<std::uint64_t>(field));
  if (count > reader.left() / least)
    return reader.refuse(Code::too_large, field, "the count is more than the file can hold",
                         "at most " + std::to_string(reader.left() / least), std::to_string(count));
  if (count > most)
    return reader.refuse(Code::too_large, field, "there are too many entries", "at most " + std::to_string(most),
                         std::to_string(count));
  return count;
}

Result<GgufType> read_type(Reader& reader, const std::string& key) {
  LAB_ASSIGN(const auto id, reader.number<std::uint32_t>(key));
  if (id > static_cast<std::uint32_t>(GgufType::f64))
    return reader.refuse(Code::unsupported, key, "the type of the value is not known", "0 to 12", std::to_string(id));
  return static_cast<GgufType>(id);
}

Result<GgufValue> read_array(Reader& reader, const std::string& key) {
  LAB_ASSIGN(const GgufType type, read_type(reader, key));
  if (type == GgufType::array)
    return reader.refuse(Code::unsupported, key, "arrays of arrays are not supported", "an array of single values",
                         "an array of arrays");
  const bool strings = type == GgufType::string;
  LAB_ASSIGN(const std::uint64_t count, read_count(reader, key.c_str(), strings ? 8 : width_of(type), kMostElements));
  const GgufValue value(type, reader.here(), static_cast<std::uint32_t>(count));
  if (!strings) LAB_TRY(reader.skip(count * width_of(type), key));
  for (std::uint64_t i = 0; strings && i < count; ++i) LAB_TRY(reader.string(key, kLongestString));
  return value;
}

Result<GgufValue> read_value(Reader& reader, const std::string& key) {
  LAB_ASSIGN(const GgufType type, read_type(reader, key));
  if (type == GgufType::array) return read_array(reader, key);
  const GgufValue value(type, reader.here());
  if (type == GgufType::string)
    LAB_TRY(reader.string(key, kLongestString));
  else
    LAB_TRY(reader.skip(width_of(type), key));
  return value;
}

Status read_metadata(Reader& reader, std::uint64_t count, std::vector<GgufEntry>& metadata) {
  std::unordered_set<std::string_view> seen;
  metadata.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    LAB_ASSIGN(const std::string_view key, reader.name("key " + std::to_string(i), kLongestKey));
    if (!seen.insert(key).second)
      return reader.refuse(Code::duplicate, std::string(key), "the same key appears twice", "each key once",
                           std::string(key));
    LAB_ASSIGN(const GgufValue value, read_value(reader, std::string(key)));
    metadata.push_back({key, value});
  }
  return {};
}

Result<std::uint64_t> read_alignment(const Gguf& gguf) {
  const GgufValue* given = gguf.find("general.alignment");
  if (!given) return kDefaultAlignment;
  const std::int64_t value = given->type() == GgufType::u32 ? given->integer().value_or(0) : 0;
  if (value < 8 || value > 4096 || (value & (value - 1)) != 0)
    return Error{.code = Code::out_of_range,
                 .field = "general.alignment",
                 .expected = "a u32, a power of two from 8 to 4096",
                 .found = given->brief() + (given->is_array() ? "" : std::string(" of type ") + name_of(given->type())),
                 .message = "the alignment cannot be used"};
  return static_cast<std::uint64_t>(value);
}

Result<DType> read_dtype(Reader& reader, const std::string& name) {
  LAB_ASSIGN(const auto id, reader.number<std::uint32_t>(name));
  std::string supported;
  for (const StoredType& type : kStoredTypes) {
    if (type.id == id) return type.dtype;
    supported.append(supported.empty() ? "" : ", ").append(name_of(type.dtype));
  }
  std::string found = "type " + std::to_string(id);
  for (const OtherType& type : kOtherTypes)
    if (type.id == id) found = type.name;
  return reader.refuse(Code::unsupported, name, found + " is not supported", "one of " + supported, found);
}

// A shape in row-major order from extents that the file lists fastest first.
Result<std::vector<std::int64_t>> read_shape(Reader& reader, const std::string& name) {
  LAB_ASSIGN(const auto dimensions, reader.number<std::uint32_t>(name));
  if (dimensions < 1 || dimensions > kMostDimensions)
    return reader.refuse(Code::out_of_range, name, "the number of dimensions cannot be", "1 to 4",
                         std::to_string(dimensions));
  std::vector<std::int64_t> shape(dimensions);
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    LAB_ASSIGN(const auto extent, reader.number<std::uint64_t>(name));
    if (extent > INT64_MAX)
      return reader.refuse(Code::too_large, name, "an extent is too large", "at most 2^63 - 1", std::to_string(extent));
    shape[dimensions - 1 - i] = static_cast<std::int64_t>(extent);
  }
  return shape;
}

// Bytes of a tensor whose rows are whole blocks.
Result<std::uint64_t> stored_bytes(const Reader& reader, const TensorView& tensor) {
  const std::int64_t values = block_length(tensor.dtype);
  if (tensor.shape.back() % values != 0)
    return reader.refuse(
        Code::mismatch, tensor.name, std::string("rows of ") + name_of(tensor.dtype) + " are whole blocks",
        "a multiple of " + std::to_string(values) + " values in a row", std::to_string(tensor.shape.back()));
  // A zero must not hide what overflows beside it.
  std::int64_t elements = 1, bytes = 0;
  bool overflows = false;
  for (std::int64_t extent : tensor.shape)
    overflows |= __builtin_mul_overflow(elements, std::max<std::int64_t>(extent, 1), &elements);
  overflows |= __builtin_mul_overflow(elements / values, static_cast<std::int64_t>(size_of(tensor.dtype)), &bytes);
  if (overflows)
    return reader.refuse(Code::too_large, tensor.name, "the element count overflows", "less than 2^63 bytes",
                         shape_text(tensor.shape));
  return tensor.elements() == 0 ? 0 : static_cast<std::uint64_t>(bytes);
}

struct Placed {
  TensorView tensor;
  std::uint64_t offset = 0;  // from the start of the data
};

Result<Placed> read_tensor(Reader& reader, std::uint64_t index, const std::string& file) {
  LAB_ASSIGN(const std::string_view name, reader.name("tensor " + std::to_string(index), kLongestTensorName));
  Placed placed{.tensor = {.name = std::string(name), .file = file}};
  LAB_ASSIGN(placed.tensor.shape, read_shape(reader, placed.tensor.name));
  LAB_ASSIGN(placed.tensor.dtype, read_dtype(reader, placed.tensor.name));
  LAB_ASSIGN(placed.tensor.bytes, stored_bytes(reader, placed.tensor));
  LAB_ASSIGN(placed.offset, reader.number<std::uint64_t>(placed.tensor.name));
  return placed;
}

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Tensors lie one after the other from the first aligned byte behind the header.
Status place_tensors(std::vector<Placed>& placed, std::span<const std::byte> image, std::size_t header,
                     std::uint64_t alignment, TensorTable& table) {
  const std::uint64_t begin = std::min<std::uint64_t>(rounded_up(header, alignment), image.size()),
                      size = image.size() - begin;
  std::uint64_t at = 0;
  for (auto& [tensor, offset] : placed) {
    const std::string name = tensor.name;
    if (offset != at)
      return Error{.code = offset % alignment != 0 ? Code::malformed : Code::overlap,
                   .field = name,
                   .expected = "offset " + std::to_string(at),
                   .found = std::to_string(offset),
                   .message = offset % alignment != 0
                                  ? "the tensor's offset is not aligned to " + std::to_string(alignment) + " bytes"
                              : offset < at ? "the tensor overlaps the one before it"
                                            : "there is a hole before the tensor"};
    if (tensor.bytes > size || at > size - tensor.bytes)
      return Error{.code = Code::truncated,
                   .field = name,
                   .expected = std::to_string(tensor.bytes) + " bytes of data at offset " + std::to_string(at),
                   .found = std::to_string(size - std::min(at, size)),
                   .message = "the file ends before the tensor does"};
    tensor.data = image.data() + begin + at;
    at = rounded_up(at + tensor.bytes, alignment);
    if (!table.add(std::move(tensor)))
      return Error{.code = Code::duplicate,
                   .field = name,
                   .expected = "each name once",
                   .found = name,
                   .message = "the same tensor appears twice"};
  }
  if (size > at) table.add_warning(std::to_string(size - at) + " bytes after the last tensor are ignored");
  return {};
}

Result<Gguf> parse(std::span<const std::byte> image, const std::string& file) {
  Reader reader(image);
  Gguf gguf;
  LAB_TRY(read_magic(reader, image));
  LAB_ASSIGN(gguf.version, read_version(reader));
  LAB_ASSIGN(const std::uint64_t tensors, read_count(reader, "tensor_count", kLeastTensor, kMostTensors));
  LAB_ASSIGN(const std::uint64_t keys, read_count(reader, "metadata_kv_count", kLeastKey, kMostKeys));
  LAB_TRY(read_metadata(reader, keys, gguf.metadata));
  LAB_ASSIGN(const std::uint64_t alignment, read_alignment(gguf));
  std::vector<Placed> placed;
  placed.reserve(tensors);
  for (std::uint64_t i = 0; i < tensors; ++i) {
    LAB_ASSIGN(Placed next, read_tensor(reader, i, file));
    placed.push_back(std::move(next));
  }
  LAB_TRY(place_tensors(placed, image, reader.at(), alignment, gguf.tensors));
  return gguf;
}

}  // namespace

Result<Gguf> parse_gguf(std::span<const std::byte> image, const std::string& file) {
  Result<Gguf> parsed = parse(image, file);
  if (!parsed) parsed.error().file = file;
  return parsed;
}

}  // namespace lab
