#pragma once
// A safetensors file that is written row by row while a run goes on: every tensor has the same first axis, time.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/files/output_file.h"
#include "model/files/tensor_table.h"

namespace lab {

/// One tensor of a RowFile. `shape` is that of one row; without rows it is the whole tensor's.
struct RowTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  bool has_rows = true;
};

class RowFile {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  /// Claims the space of `rows` rows. Refuses sizes that no file can have.
  static Result<RowFile> create(const std::string& path, std::vector<RowTensor> tensors, std::int64_t rows,
                                const Metadata& metadata);

  /// Writes consecutive rows of a tensor, packed (or the whole of one without rows, as row 0).
  Status write(std::size_t tensor, std::int64_t row, const void* data, std::int64_t rows = 1);
  /// Completes the file with its first `rows` rows; its metadata may have become shorter, not longer.
  Status finish(std::int64_t rows, const Metadata& metadata);

  std::int64_t bytes() const { return bytes_; }

 private:
  RowFile(OutputFile file, std::vector<RowTensor> tensors) : file_(std::move(file)), tensors_(std::move(tensors)) {}

  OutputFile file_;
  std::vector<RowTensor> tensors_;
  std::vector<std::int64_t> offsets_;  // of each tensor in the file
  std::vector<std::int64_t> row_bytes_;
  std::int64_t header_bytes_ = 0, bytes_ = 0;
};

}  // namespace lab
