#include "model/files/row_file.h"

#include <nlohmann/json.hpp>

#include "model/base/check.h"

namespace lab {
namespace {

std::int64_t bytes_of(const RowTensor& tensor, std::int64_t row_bytes, std::int64_t rows) {
  return tensor.has_rows ? row_bytes * rows : row_bytes;
}

// Bytes of a row, or nothing when a whole tensor would not fit into 62 bits.
Result<std::int64_t> row_bytes_of(const RowTensor& tensor, std::int64_t rows) {
  auto bytes = static_cast<std::int64_t>(size_of(tensor.dtype));
  bool fits = true;
  for (const std::int64_t extent : tensor.shape) fits = fits && !__builtin_mul_overflow(bytes, extent, &bytes);
  std::int64_t whole = bytes;
  fits = fits && !__builtin_mul_overflow(bytes, rows, &whole) && whole < INT64_MAX / 4;
  if (fits) return bytes;
  return Error{.code = Code::too_large,
               .field = tensor.name,
               .found = std::to_string(rows) + " rows of " + shape_text(tensor.shape),
               .message = "no file can hold so many rows"};
}

// The 8-byte length and the header, its data beginning at a multiple of 8.
std::string header_of(const std::vector<RowTensor>& tensors, const std::vector<std::int64_t>& row_bytes,
                      std::int64_t rows, const RowFile::Metadata& metadata) {
  nlohmann::ordered_json header;
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::vector<std::int64_t> shape = tensors[i].shape;
    if (tensors[i].has_rows) shape.insert(shape.begin(), rows);
    const std::int64_t bytes = bytes_of(tensors[i], row_bytes[i], rows);
    header[tensors[i].name] = {
        {"dtype", name_of(tensors[i].dtype)}, {"shape", shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

Status write_header(OutputFile& file, std::string text, std::int64_t header_bytes) {
  LAB_CHECK(static_cast<std::int64_t>(text.size()) + 8, <=, header_bytes);
  text.append(static_cast<std::size_t>(header_bytes) - 8 - text.size(), ' ');
  const std::uint64_t length = text.size();
  LAB_TRY(file.write_at(0, std::as_bytes(std::span(&length, 1))));
  return file.write_at(8, std::as_bytes(std::span(text)));
}

}  // namespace

Result<RowFile> RowFile::create(const std::string& path, std::vector<RowTensor> tensors, std::int64_t rows,
                                const Metadata& metadata) {
  std::vector<std::int64_t> row_bytes, offsets;
  for (const RowTensor& tensor : tensors) {
    LAB_ASSIGN(const std::int64_t bytes, row_bytes_of(tensor, rows));
    row_bytes.push_back(bytes);
  }
  const std::int64_t header_bytes = 8 + static_cast<std::int64_t>(header_of(tensors, row_bytes, rows, metadata).size());
  std::int64_t end = header_bytes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    offsets.push_back(end);
    if (__builtin_add_overflow(end, bytes_of(tensors[i], row_bytes[i], rows), &end))
      return Error{.code = Code::too_large,
                   .file = path,
                   .found = std::to_string(rows) + " rows",
                   .message = "no file can hold so many rows"};
  }
  LAB_ASSIGN(OutputFile file, OutputFile::create(path, end));
  RowFile made(std::move(file), std::move(tensors));
  made.offsets_ = std::move(offsets);
  made.row_bytes_ = std::move(row_bytes);
  made.header_bytes_ = header_bytes;
  made.bytes_ = end;
  return made;
}

Status RowFile::write(std::size_t tensor, std::int64_t row, const void* data, std::int64_t rows) {
  const std::int64_t bytes = row_bytes_[tensor];
  return file_.write_at(offsets_[tensor] + row * bytes,
                        {static_cast<const std::byte*>(data), static_cast<std::size_t>(rows * bytes)});
}

Status RowFile::finish(std::int64_t rows, const Metadata& metadata) {
  std::int64_t end = header_bytes_;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const std::int64_t bytes = bytes_of(tensors_[i], row_bytes_[i], rows);
    LAB_TRY(file_.move_down(offsets_[i], end, bytes));
    end += bytes;
  }
  bytes_ = end;
  LAB_TRY(write_header(file_, header_of(tensors_, row_bytes_, rows, metadata), header_bytes_));
  return file_.commit(end);
}

}  // namespace lab
