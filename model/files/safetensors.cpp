#include "model/files/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "model/files/file.h"
#include "model/files/looks_like.h"
#include "model/files/mapped_table.h"
#include "model/files/safetensors_header.h"

namespace lab {
namespace {

constexpr std::uint64_t kLargestHeader = 100'000'000;  // the reference reader's limit

// Checks one entry's size against its range; sizes are multiplied with care.
Status check_size(const HeaderEntry& entry) {
  auto bytes = static_cast<std::int64_t>(size_of(entry.tensor.dtype));
  for (std::int64_t extent : entry.tensor.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      return Error{.code = Code::too_large, .field = entry.tensor.name, .expected = "less than 2^63 bytes",
                   .found = shape_text(entry.tensor.shape), .message = "the element count overflows"};
  if (entry.begin > entry.end || entry.end - entry.begin != static_cast<std::uint64_t>(bytes))
    return Error{.code = Code::mismatch, .field = entry.tensor.name,
                 .expected = std::to_string(bytes) + " bytes for " + name_of(entry.tensor.dtype) + " " + shape_text(entry.tensor.shape),
                 .found = "data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]",
                 .message = "the size of the data disagrees with type and shape"};
  return {};
}

// Sorted by place, the ranges must cover the data without hole or overlap.
Status check_ranges(std::vector<HeaderEntry>& entries, std::uint64_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t at = 0;
  const std::string* before = nullptr;
  for (const HeaderEntry& entry : entries) {
    if (entry.end > data_bytes)
      return Error{.code = Code::truncated, .field = entry.tensor.name, .expected = std::to_string(entry.end) + " bytes of data",
                   .found = std::to_string(data_bytes), .message = "the file ends before the tensor does"};
    LAB_TRY(check_size(entry));
    if (entry.begin != at)
      return Error{.code = Code::overlap, .field = entry.tensor.name, .expected = "a tensor that begins at " + std::to_string(at),
                   .found = std::to_string(entry.begin),
                   .message = std::string(entry.begin < at ? "tensors overlap" : "there is a hole between tensors") +
                              (before ? ", after " + printable(*before) : std::string(" at the start of the data"))};
    at = entry.end;
    before = &entry.tensor.name;
  }
  if (at != data_bytes)
    return Error{.code = Code::mismatch, .field = "data", .expected = std::to_string(at) + " bytes of data",
                 .found = std::to_string(data_bytes), .message = "bytes are left over after the last tensor"};
  return {};
}

// The JSON text at the start of a file. Bytes that cannot be one are named by what they look like.
Result<std::string_view> header_text(std::span<const std::byte> image, std::size_t file_bytes, const std::string& file) {
  const auto refuse = [&](Code code, std::string expected, std::string found, const char* message) {
    const char* other = looks_like(image);
    return Error{.code = other ? Code::wrong_kind : code, .file = file, .field = "header", .offset = 0,
                 .expected = other ? "a safetensors file" : std::move(expected), .found = other ? other : std::move(found),
                 .message = other ? "this is another kind of file" : message};
  };
  if (image.size() < 8)
    return refuse(Code::truncated, "at least 8 bytes", std::to_string(image.size()), "the file is shorter than the 8-byte length");
  std::uint64_t length = 0;
  std::memcpy(&length, image.data(), 8);
  if (length > kLargestHeader)
    return refuse(Code::too_large, "at most 100000000 bytes of header", std::to_string(length), "the header is too large");
  if (length > file_bytes - 8 || length > image.size() - 8)
    return refuse(Code::truncated, std::to_string(length) + " bytes of header", std::to_string(image.size() - 8),
                  "the header exceeds the file");
  const std::string_view text(reinterpret_cast<const char*>(image.data()) + 8, length);
  if (!text.starts_with('{'))
    return refuse(Code::malformed, "a header that begins with {", text.empty() ? "nothing" : std::string(text.substr(0, 1)),
                  "the header is not an object");
  return text;
}

}  // namespace

Result<TensorTable> parse_safetensors(std::span<const std::byte> image, std::size_t file_bytes, const std::byte* base,
                                      const std::string& file) {
  LAB_ASSIGN(const std::string_view text, header_text(image, file_bytes, file));
  LAB_ASSIGN(SafetensorsHeader header, read_safetensors_header(text, file));
  if (Status status = check_ranges(header.entries, file_bytes - 8 - text.size()); !status) {
    status.error().file = file;
    return status.error();
  }
  TensorTable table;
  for (auto& [key, value] : header.metadata) table.add_metadata(std::move(key), std::move(value));
  for (std::string& warning : header.warnings) table.add_warning(std::move(warning));
  for (HeaderEntry& entry : header.entries) {
    entry.tensor.data = base ? base + 8 + text.size() + entry.begin : nullptr;
    entry.tensor.bytes = entry.end - entry.begin;
    table.add(std::move(entry.tensor));
  }
  return table;
}

Result<TensorTable> open_safetensors(const std::string& path) {
  return open_mapped(path, [](std::span<const std::byte> image, const std::string& file) {
    return parse_safetensors(image, image.size(), image.data(), file);
  });
}

Status write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                         const std::vector<std::pair<std::string, std::string>>& metadata) {
  nlohmann::ordered_json header;
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  std::size_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    std::int64_t elements = 1;
    for (std::int64_t extent : tensor.shape) elements *= extent;
    const std::size_t bytes = bytes_of(tensor.dtype, elements);
    header[tensor.name] = {{"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = tensors.empty() && metadata.empty() ? "{}" : header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string content;
  content.reserve(8 + text.size() + offset);
  const std::uint64_t length = text.size();
  content.append(reinterpret_cast<const char*>(&length), 8).append(text);
  std::size_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const std::size_t end = header[tensor.name]["data_offsets"][1];
    content.append(static_cast<const char*>(tensor.data), end - at);
    at = end;
  }
  return write_file_atomically(path, content);
}

}  // namespace lab
