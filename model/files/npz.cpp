#include "model/files/npz.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "model/files/output_file.h"

namespace lab {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr std::uint16_t kZip64Version = 45, kUtf8Names = 1 << 11, kZip64Field = 1;
constexpr std::uint16_t kFirstDay = (0 << 9) | (1 << 5) | 1;  // 1980-01-01: equal content gives equal bytes
constexpr std::uint16_t kIn64 = 0xFFFF;                       // "see the 64-bit field"
constexpr std::uint32_t kIn64Long = 0xFFFFFFFF;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int k = 0; k < 8; ++k) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}();

std::uint32_t crc_of(std::span<const std::byte> bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const std::byte byte : bytes) crc = kCrcTable[(crc ^ static_cast<std::uint32_t>(byte)) & 255] ^ (crc >> 8);
  return ~crc;
}

// Little-endian numbers, one behind the other.
class Record {
 public:
  template <class Number>
  Record& put(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      text_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    return *this;
  }
  Record& put_text(const std::string& text) {
    text_ += text;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class ZipWriter {
 public:
  explicit ZipWriter(OutputFile file) : file_(std::move(file)) {}

  // One member whose content is `head` followed by `body`.
  Status add(const std::string& name, const std::string& head, std::span<const std::byte> body) {
    const std::uint32_t crc = crc_of(body, crc_of(std::as_bytes(std::span(head)), 0));
    const std::uint64_t size = head.size() + body.size();
    Record local;
    local.put(kLocalHeader).put(kZip64Version);
    put_common(local, crc, name);
    local.put(std::uint16_t{20}).put_text(name).put(kZip64Field).put(std::uint16_t{16}).put(size).put(size);
    central_.put(kCentralHeader).put(kZip64Version).put(kZip64Version);
    put_common(central_, crc, name);
    central_.put(std::uint16_t{28})
        .put(std::uint16_t{0})
        .put(std::uint16_t{0})
        .put(std::uint16_t{0})
        .put(std::uint32_t{0});
    central_.put(kIn64Long).put_text(name).put(kZip64Field).put(std::uint16_t{24}).put(size).put(size).put(at_);
    ++members_;
    LAB_TRY(append(std::as_bytes(std::span(local.text()))));
    LAB_TRY(append(std::as_bytes(std::span(head))));
    return append(body);
  }

  Status finish() {
    const std::uint64_t begin = at_, size = central_.text().size(), end = begin + size;
    Record& r = central_;
    r.put(kEnd64)
        .put(std::uint64_t{44})
        .put(kZip64Version)
        .put(kZip64Version)
        .put(std::uint32_t{0})
        .put(std::uint32_t{0});
    r.put(members_).put(members_).put(size).put(begin);
    r.put(kEnd64Locator).put(std::uint32_t{0}).put(end).put(std::uint32_t{1});
    r.put(kEnd)
        .put(std::uint16_t{0})
        .put(std::uint16_t{0})
        .put(kIn64)
        .put(kIn64)
        .put(kIn64Long)
        .put(kIn64Long)
        .put(std::uint16_t{0});
    LAB_TRY(append(std::as_bytes(std::span(central_.text()))));
    return file_.commit(static_cast<std::int64_t>(at_));
  }

 private:
  // The fields that a member's two headers share, up to the length of its name.
  static void put_common(Record& record, std::uint32_t crc, const std::string& name) {
    record.put(kUtf8Names)
        .put(std::uint16_t{0})
        .put(std::uint16_t{0})
        .put(kFirstDay)
        .put(crc)
        .put(kIn64Long)
        .put(kIn64Long);
    record.put(static_cast<std::uint16_t>(name.size()));
  }
  Status append(std::span<const std::byte> bytes) {
    LAB_TRY(file_.write_at(static_cast<std::int64_t>(at_), bytes));
    at_ += bytes.size();
    return {};
  }

  OutputFile file_;
  Record central_;
  std::uint64_t at_ = 0, members_ = 0;
};

const char* numpy_type(DType type) {
  switch (type) {
    case DType::f64: return "<f8";
    case DType::f32: return "<f4";
    case DType::f16: return "<f2";
    case DType::i64: return "<i8";
    case DType::i32: return "<i4";
    case DType::i16: return "<i2";
    case DType::i8: return "|i1";
    case DType::u8: return "|u1";
    case DType::u16: return "<u2";
    case DType::u32: return "<u4";
    case DType::u64: return "<u8";
    case DType::boolean: return "|b1";
    default: return nullptr;  // BF16 and blocks
  }
}

// Version 1.0 of the format: magic, length, a Python dictionary, padded so that the data begins at a multiple of 64.
std::string npy_head(const char* type, const std::vector<std::int64_t>& shape) {
  std::string extents;
  for (const std::int64_t extent : shape) extents += std::to_string(extent) + ", ";
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.resize(extents.size() - 1);  // Python writes (3,)
  std::string text = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + extents + "), }";
  text.append((64 - (10 + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  return Record()
      .put_text("\x93NUMPY")
      .put(std::uint16_t{1})
      .put(static_cast<std::uint16_t>(text.size()))
      .put_text(text)
      .text();
}

}  // namespace

Status write_npz(const std::string& path, const TensorTable& table) {
  LAB_ASSIGN(OutputFile file, OutputFile::create(path));
  ZipWriter zip(std::move(file));
  for (const TensorView& tensor : table.all()) {
    const char* type = numpy_type(tensor.dtype);
    if (!type || tensor.name.size() + 4 > std::numeric_limits<std::uint16_t>::max())
      return Error{.code = Code::unsupported,
                   .file = path,
                   .field = printable(tensor.name),
                   .expected = "a number type that NumPy knows",
                   .found = name_of(tensor.dtype),
                   .message = "the tensor cannot be written to an .npz file"};
    LAB_TRY(zip.add(tensor.name + ".npy", npy_head(type, tensor.shape), {tensor.data, tensor.bytes}));
  }
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
  for (const auto& [key, value] : table.metadata()) metadata[key] = value;
  LAB_TRY(zip.add("metadata.json", metadata.dump(2, ' ', false, nlohmann::json::error_handler_t::replace), {}));
  return zip.finish();
}

}  // namespace lab
