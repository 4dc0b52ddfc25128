#pragma once
// A strided view of rows: one row a token (or a lane), one column a channel.
#include <cstddef>
#include <cstdint>
#include <span>

namespace lab {

template <class T>
struct Rows {
  T* data = nullptr;
  std::int64_t count = 0;   // rows
  std::int64_t width = 0;   // columns
  std::int64_t stride = 0;  // elements from one row to the next, >= width

  Rows() = default;
  Rows(T* data_, std::int64_t count_, std::int64_t width_) : data(data_), count(count_), width(width_), stride(width_) {}
  Rows(T* data_, std::int64_t count_, std::int64_t width_, std::int64_t stride_)
      : data(data_), count(count_), width(width_), stride(stride_) {}

  T* row(std::int64_t i) const { return data + i * stride; }
  std::span<T> operator[](std::int64_t i) const { return {row(i), static_cast<std::size_t>(width)}; }
  Rows rows(std::int64_t first, std::int64_t n) const { return {row(first), n, width, stride}; }
  Rows columns(std::int64_t first, std::int64_t n) const { return {data + first, count, n, stride}; }
  operator Rows<const T>() const { return {data, count, width, stride}; }
};

}  // namespace lab
