#pragma once
// Number types of stored tensors: plain numbers and blocks of quantised ones, and the exact conversions between 16 and 32 bits.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lab {

enum class DType : std::uint8_t {
  f32, f16, bf16, f64, i64, i32, i16, i8, u8, u16, u32, u64, boolean,
  q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k  // blocks of quantised numbers with common scales
};

/// Values in one block: 1 for plain numbers.
constexpr std::int64_t block_length(DType type) {
  switch (type) {
    case DType::q8_0: case DType::q4_0: case DType::q4_1: case DType::q5_0: case DType::q5_1: return 32;
    case DType::q4_k: case DType::q5_k: case DType::q6_k: return 256;
    default: return 1;
  }
}

/// Whether the numbers are quantised in blocks.
constexpr bool is_block(DType type) { return block_length(type) > 1; }

/// Whether weights of this type can be multiplied; F64 is rounded to F32 on the way.
constexpr bool is_weight(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::f64 || is_block(type);
}

/// Bytes of one block, that is of one element where the numbers are plain.
constexpr std::size_t size_of(DType type) {
  switch (type) {
    case DType::f64: case DType::i64: case DType::u64: return 8;
    case DType::f32: case DType::i32: case DType::u32: return 4;
    case DType::f16: case DType::bf16: case DType::i16: case DType::u16: return 2;
    case DType::i8: case DType::u8: case DType::boolean: return 1;
    case DType::q4_0: return 2 + 16;
    case DType::q4_1: return 4 + 16;
    case DType::q5_0: return 2 + 4 + 16;
    case DType::q5_1: return 4 + 4 + 16;
    case DType::q8_0: return 2 + 32;
    case DType::q4_k: return 4 + 12 + 128;
    case DType::q5_k: return 4 + 12 + 32 + 128;
    case DType::q6_k: return 128 + 64 + 16 + 2;
  }
  return 0;
}

/// Bytes of n values in a row; n is a multiple of the block length, as the readers of files make sure.
constexpr std::size_t bytes_of(DType type, std::int64_t n) {
  return static_cast<std::size_t>(n / block_length(type)) * size_of(type);
}

/// The name safetensors or GGUF uses, as "F32" or "Q4_K".
constexpr const char* name_of(DType type) {
  switch (type) {
    case DType::f64: return "F64";
    case DType::f32: return "F32";
    case DType::f16: return "F16";
    case DType::bf16: return "BF16";
    case DType::i64: return "I64";
    case DType::i32: return "I32";
    case DType::i16: return "I16";
    case DType::i8: return "I8";
    case DType::u8: return "U8";
    case DType::u16: return "U16";
    case DType::u32: return "U32";
    case DType::u64: return "U64";
    case DType::boolean: return "BOOL";
    case DType::q8_0: return "Q8_0";
    case DType::q4_0: return "Q4_0";
    case DType::q4_1: return "Q4_1";
    case DType::q5_0: return "Q5_0";
    case DType::q5_1: return "Q5_1";
    case DType::q4_k: return "Q4_K";
    case DType::q5_k: return "Q5_K";
    case DType::q6_k: return "Q6_K";
  }
  return "?";
}

inline float float_from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Nearest, ties to even; NaN stays NaN.
inline std::uint16_t bf16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

/// Exact: every half-precision number is a single-precision number.
inline float float_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu, fraction = bits & 0x3FFu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

/// Nearest, ties to even; overflow becomes infinity, NaN stays NaN.
inline std::uint16_t f16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<std::uint16_t>(sign | 0x7E00u);
  if (magnitude >= 0x477FF000u) return static_cast<std::uint16_t>(sign | 0x7C00u);  // rounds to 65536 or more
  if (magnitude < 0x38800000u) {                                                    // subnormal half: add with the right ulp
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;                    // ulp of 0.5 is 2^-24
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000u));
  }
  const std::uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

}  // namespace lab
