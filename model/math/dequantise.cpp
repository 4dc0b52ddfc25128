#include "model/math/dequantise.h"

#include <cstring>

#include "model/base/check.h"

namespace lab {
namespace {

template <class Number>
Number number_at(const std::byte* p) {
  Number number;
  std::memcpy(&number, p, sizeof number);  // blocks lie at any even address
  return number;
}
float half_at(const std::byte* p) { return float_from_f16(number_at<std::uint16_t>(p)); }
int byte_at(const std::byte* p) { return std::to_integer<int>(*p); }

// What a run of neighbouring values shares.
struct Run {
  float scale;
  float minimum = -0.0f;  // x + -0 is x, also where x is -0
};

// The layouts of ggml. In each: `run(block, i)` for the run that value i belongs to, and `quant(block, i)`.
struct Bytes8 {
  static constexpr int kRun = 32;
  static Run run(const std::byte* block, int) { return {half_at(block)}; }
  static int quant(const std::byte* block, int i) { return number_at<std::int8_t>(block + 2 + i); }
};

// Scale, perhaps minimum, perhaps the fifth bits of 32 values; then their nibbles: the low ones belong to the first half.
template <bool kMinimum, bool kFifth>
struct Nibbles {
  static constexpr int kRun = 32, kBits = kMinimum ? 4 : 2, kNibbles = kBits + (kFifth ? 4 : 0);
  static Run run(const std::byte* block, int) {
    if constexpr (kMinimum) return {half_at(block), half_at(block + 2)};
    else return {half_at(block)};
  }
  static int quant(const std::byte* block, int i) {
    const int both = byte_at(block + kNibbles + i % 16);
    int quant = i < 16 ? both & 15 : both >> 4;
    if constexpr (kFifth) quant += 16 * (number_at<std::uint32_t>(block + kBits) >> i & 1);
    return kMinimum ? quant : quant - (kFifth ? 16 : 8);
  }
};

// 256 values in eight runs, whose scales and minima have six bits in units of the block's own two.
template <bool kFifth>
struct SuperNibbles {
  static constexpr int kRun = 32, kBits = 16, kNibbles = kBits + (kFifth ? 32 : 0);
  static Run run(const std::byte* block, int i) {
    const std::byte* s = block + 4;
    const int j = i / 32;
    const int scale = j < 4 ? byte_at(s + j) & 63 : (byte_at(s + j + 4) & 15) + 16 * (byte_at(s + j - 4) >> 6);
    const int minimum = j < 4 ? byte_at(s + j + 4) & 63 : (byte_at(s + j + 4) >> 4) + 16 * (byte_at(s + j) >> 6);
    return {half_at(block) * static_cast<float>(scale), -(half_at(block + 2) * static_cast<float>(minimum))};
  }
  static int quant(const std::byte* block, int i) {
    const int j = i / 32, l = i % 32, both = byte_at(block + kNibbles + j / 2 * 32 + l);
    const int quant = j % 2 == 0 ? both & 15 : both >> 4;
    return kFifth ? quant + 16 * (byte_at(block + kBits + l) >> j & 1) : quant;
  }
};

// 256 values in sixteen runs: low nibbles, upper pairs of bits, scales, and the block's own scale last.
struct Super6 {
  static constexpr int kRun = 16;
  static Run run(const std::byte* block, int i) {
    return {half_at(block + 208) * static_cast<float>(number_at<std::int8_t>(block + 192 + i / 16))};
  }
  static int quant(const std::byte* block, int i) {
    const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
    const int both = byte_at(block + 64 * half + 32 * (quarter % 2) + l);
    const int upper = byte_at(block + 128 + 32 * half + l) >> (2 * quarter) & 3;
    return (quarter < 2 ? both & 15 : both >> 4) + 16 * upper - 32;
  }
};

// Calls body.template operator()<Layout>() with the layout of a block type.
template <class Body>
void with_layout(DType type, Body body) {
  switch (type) {
    case DType::q8_0: return body.template operator()<Bytes8>();
    case DType::q4_0: return body.template operator()<Nibbles<false, false>>();
    case DType::q4_1: return body.template operator()<Nibbles<true, false>>();
    case DType::q5_0: return body.template operator()<Nibbles<false, true>>();
    case DType::q5_1: return body.template operator()<Nibbles<true, true>>();
    case DType::q4_k: return body.template operator()<SuperNibbles<false>>();
    case DType::q5_k: return body.template operator()<SuperNibbles<true>>();
    case DType::q6_k: return body.template operator()<Super6>();
    default: LAB_CHECK(is_block(type), ==, true);
  }
}

float value_of(Run run, int quant) { return run.scale * static_cast<float>(quant) + run.minimum; }

float plain_value(DType type, const std::byte* p) {
  switch (type) {
    case DType::f32: return number_at<float>(p);
    case DType::f64: return static_cast<float>(number_at<double>(p));
    case DType::f16: return half_at(p);
    default: return float_from_bf16(number_at<std::uint16_t>(p));
  }
}

}  // namespace

void dequantise(DType type, const std::byte* data, std::span<float> out) {
  LAB_CHECK(is_weight(type), ==, true);
  if (!is_block(type)) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = plain_value(type, data + i * size_of(type));
    return;
  }
  with_layout(type, [&]<class Layout>() {
    const auto length = static_cast<int>(block_length(type));
    float* at = out.data();
    for (std::size_t left = out.size() / static_cast<std::size_t>(length); left > 0; --left, data += size_of(type))
      for (int first = 0; first < length; first += Layout::kRun) {
        const Run run = Layout::run(data, first);
        for (int i = first; i < first + Layout::kRun; ++i) *at++ = value_of(run, Layout::quant(data, i));
      }
  });
}

BlockValue block_value(const Matrix& w, std::int64_t row, std::int64_t column) {
  const std::byte* block = w.row(row) + bytes_of(w.type, column);
  if (!is_block(w.type)) return {.value = plain_value(w.type, block)};
  BlockValue result;
  with_layout(w.type, [&]<class Layout>() {
    const auto i = static_cast<int>(column % block_length(w.type));
    const Run run = Layout::run(block, i);
    const int quant = Layout::quant(block, i);
    result = {run.scale, run.minimum + 0.0f, quant, value_of(run, quant)};
  });
  return result;
}

}  // namespace lab
