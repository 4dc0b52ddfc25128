#include "model/files/npy.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "model/files/mapped_table.h"
#include "model/files/record.h"

namespace lab {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kMostHeader = 1 << 16, kMostExtents = 32;

constexpr std::pair<std::string_view, DType> kTypes[] = {{"<f8", DType::f64}, {"<f4", DType::f32}, {"<f2", DType::f16},
                                                         {"<i8", DType::i64}, {"<i4", DType::i32}, {"<i2", DType::i16},
                                                         {"|i1", DType::i8},  {"|u1", DType::u8},  {"<u2", DType::u16},
                                                         {"<u4", DType::u32}, {"<u8", DType::u64}, {"|b1", DType::boolean}};

struct NpyHeader {
  DType dtype = DType::f32;
  bool is_fortran = false;
  std::vector<std::int64_t> shape;
};

// The dict's text: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. A grammar of three keys, no evaluation.
class NpyHeaderReader {
 public:
  NpyHeaderReader(std::string_view text, std::size_t offset, const std::string& file, const std::string& name)
      : text_(text), offset_(offset), file_(file), name_(name) {}

  Result<NpyHeader> read() {
    bool has_type = false, has_order = false, has_shape = false;
    if (!take("{")) return refuse("{");
    while (!take("}")) {
      const auto key = quoted();
      if (!key || !take(":")) return refuse("a key and a colon");
      bool& seen = *key == "descr" ? has_type : *key == "fortran_order" ? has_order : has_shape;
      if ((*key != "descr" && *key != "fortran_order" && *key != "shape") || std::exchange(seen, true))
        return refuse("descr, fortran_order and shape, once each");
      LAB_TRY(*key == "descr" ? type() : *key == "fortran_order" ? order() : shape());
      if (!take(",") && !peek("}")) return refuse(", or }");
    }
    skip_space();
    if (at_ != text_.size()) return refuse("the end of the header");
    if (!has_type || !has_order || !has_shape) return refuse("descr, fortran_order and shape");
    return std::move(header_);
  }

 private:
  Error refuse(const char* expected) const {
    return {.code = Code::malformed,
            .file = file_,
            .field = name_,
            .offset = static_cast<std::int64_t>(offset_ + at_),
            .expected = expected,
            .found = std::string(text_.substr(at_, 20)),
            .message = "the array's header is broken"};
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool peek(std::string_view word) {
    skip_space();
    return text_.substr(at_).starts_with(word);
  }
  bool take(std::string_view word) {
    if (!peek(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string_view> quoted() {
    const char quote = peek("'") ? '\'' : '"';
    if (!take(std::string_view(&quote, 1))) return std::nullopt;
    const std::size_t end = text_.find(quote, at_);
    if (end == text_.npos) return std::nullopt;
    return text_.substr(std::exchange(at_, end + 1), end - at_);
  }

  Status type() {
    const bool is_record = peek("[");
    const auto descr = is_record ? std::nullopt : quoted();
    if (!descr && !is_record) return refuse("a quoted type");
    if (descr)
      for (const auto& [name, dtype] : kTypes)
        if (*descr == name) {
          header_.dtype = dtype;
          return {};
        }
    const std::string found = is_record ? "a record" : *descr == "|O" ? "Python objects ('|O')" : "'" + std::string(*descr) + "'";
    return Error{.code = Code::unsupported,
                 .file = file_,
                 .field = name_,
                 .offset = static_cast<std::int64_t>(offset_ + at_),
                 .expected = "little-endian numbers, as '<f4'",
                 .found = found,
                 .message = "arrays of this type are not read"};
  }
  Status order() {
    header_.is_fortran = take("True");
    return header_.is_fortran || take("False") ? Status() : refuse("True or False");
  }
  Status shape() {
    if (!take("(")) return refuse("a tuple");
    while (!take(")")) {
      skip_space();
      std::int64_t extent = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0 || header_.shape.size() == kMostExtents)
        return refuse("at most 32 extents from 0 to 2^63 - 1");
      at_ += static_cast<std::size_t>(end - begin);
      header_.shape.push_back(extent);
      if (!take(",") && !peek(")")) return refuse(", or )");
    }
    return {};
  }

  std::string_view text_;
  std::size_t offset_, at_ = 0;
  std::string file_, name_;
  NpyHeader header_;
};

// From first-index-fastest to last-index-fastest.
std::shared_ptr<std::vector<std::byte>> transposed(const TensorView& tensor) {
  const std::size_t width = size_of(tensor.dtype), rank = tensor.shape.size();
  auto copy = std::make_shared<std::vector<std::byte>>(tensor.bytes);
  std::vector<std::size_t> index(rank, 0), stride(rank, width);
  for (std::size_t d = 1; d < rank; ++d) stride[d] = stride[d - 1] * static_cast<std::size_t>(tensor.shape[d - 1]);
  std::size_t from = 0;
  for (std::size_t to = 0; to < tensor.bytes; to += width) {
    std::memcpy(copy->data() + to, tensor.data + from, width);
    for (std::size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < static_cast<std::size_t>(tensor.shape[d])) break;
      from -= stride[d] * index[d];
      index[d] = 0;
    }
  }
  return copy;
}

const char* type_of(DType dtype) {
  for (const auto& [name, type] : kTypes)
    if (type == dtype) return name.data();
  return nullptr;
}

}  // namespace

Result<TensorView> parse_npy(std::span<const std::byte> image, const std::string& name, const std::string& file,
                             std::shared_ptr<const void>& owner) {
  const auto refuse = [&](Code code, const char* message, std::string expected, std::string found) {
    return Error{.code = code,
                 .file = file,
                 .field = name,
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .message = message};
  };
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  if (!text.starts_with(kMagic))
    return refuse(Code::wrong_kind, "this is no NumPy array", "the bytes \\x93NUMPY", std::string(text.substr(0, 6)));
  if (image.size() < 12)
    return refuse(Code::truncated, "the array has no header", "at least 12 bytes", std::to_string(image.size()));
  const auto version = static_cast<unsigned>(image[6]);
  if (version < 1 || version > 3)
    return refuse(Code::unsupported, "the array's version is not known", "1 to 3", std::to_string(version));
  const std::size_t begin = version == 1 ? 10 : 12;
  const std::size_t length = version == 1 ? number_at<std::uint16_t>(image, 8) : number_at<std::uint32_t>(image, 8);
  if (length > kMostHeader)
    return refuse(Code::too_large, "the array's header is too large", std::to_string(kMostHeader) + " bytes",
                  std::to_string(length));
  if (length > image.size() - begin)
    return refuse(Code::truncated, "the array's header exceeds the file", std::to_string(length) + " bytes",
                  std::to_string(image.size() - begin));
  LAB_ASSIGN(NpyHeader header, NpyHeaderReader(text.substr(begin, length), begin, file, name).read());

  std::int64_t bytes = static_cast<std::int64_t>(size_of(header.dtype));
  for (const std::int64_t extent : header.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      return refuse(Code::too_large, "the element count overflows", "less than 2^63 bytes", shape_text(header.shape));
  const std::size_t have = image.size() - begin - length;
  if (static_cast<std::uint64_t>(bytes) != have)
    return refuse(
        static_cast<std::uint64_t>(bytes) > have ? Code::truncated : Code::mismatch, "the array's size disagrees with its shape",
        std::to_string(bytes) + " bytes for " + name_of(header.dtype) + " " + shape_text(header.shape), std::to_string(have));
  TensorView tensor{.name = name,
                    .dtype = header.dtype,
                    .shape = std::move(header.shape),
                    .data = image.data() + begin + length,
                    .bytes = static_cast<std::size_t>(bytes),
                    .file = file};
  if (header.is_fortran && tensor.shape.size() > 1) {
    const auto copy = transposed(tensor);
    tensor.data = copy->data();
    owner = copy;
  }
  return tensor;
}

Result<TensorTable> open_npy(const std::string& path) {
  return open_mapped(path, [](std::span<const std::byte> image, const std::string& file) -> Result<TensorTable> {
    std::shared_ptr<const void> owner;
    LAB_ASSIGN(TensorView tensor, parse_npy(image, file.substr(0, file.rfind('.')), file, owner));
    TensorTable table;
    table.add(std::move(tensor));
    table.keep_alive(owner);
    return table;
  });
}

// Magic, version, length, a Python dictionary, padded so that the data begins at a multiple of 64.
std::string npy_head(const TensorView& tensor) {
  const char* type = type_of(tensor.dtype);
  if (!type) return {};
  std::string extents;
  for (const std::int64_t extent : tensor.shape) extents += std::to_string(extent) + ", ";
  if (tensor.shape.size() > 1) extents.resize(extents.size() - 2);
  if (tensor.shape.size() == 1) extents.resize(extents.size() - 1);  // Python writes (3,)
  std::string text = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + extents + "), }";
  text.append((64 - (10 + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  return Record()
      .put_text(std::string(kMagic))
      .put(std::uint16_t{1})
      .put(static_cast<std::uint16_t>(text.size()))
      .put_text(text)
      .text();
}

}  // namespace lab
