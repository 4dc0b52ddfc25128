#pragma once
// The number types of GGUF files by their ids: those that are read, and those that are known only to be refused by name.
#include <optional>

#include "model/base/dtype.h"

namespace lab {

struct BlockType {
  std::uint32_t id = 0;
  const char* name = "";
  std::int64_t length = 1;     // values in a block, 1 for plain numbers
  std::size_t bytes = 0;       // of a block
  std::optional<DType> dtype;  // nothing where the lab does not read the type

  constexpr BlockType(std::uint32_t number, DType type)
      : id(number), name(name_of(type)), length(block_length(type)), bytes(size_of(type)), dtype(type) {}
  constexpr BlockType(std::uint32_t number, const char* text, std::int64_t values, std::size_t size)
      : id(number), name(text), length(values), bytes(size) {}

  /// Whether weights of this type can be multiplied.
  constexpr bool is_supported() const { return dtype && is_weight(*dtype); }
};

/// Ids as ggml counts them; those left out were given up or never given.
inline constexpr BlockType kBlockTypes[] = {
    {0, DType::f32},          {1, DType::f16},          {2, DType::q4_0},         {3, DType::q4_1},
    {6, DType::q5_0},         {7, DType::q5_1},         {8, DType::q8_0},         {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, DType::q4_k},        {13, DType::q5_k},
    {14, DType::q6_k},        {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, DType::i8},          {25, DType::i16},
    {26, DType::i32},         {27, DType::i64},         {28, DType::f64},         {29, "IQ1_M", 256, 56},
    {30, DType::bf16},        {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36},    {41, "Q1_0", 128, 18}};

/// The type of an id, or null when nobody knows it.
constexpr const BlockType* find_block_type(std::uint32_t id) {
  for (const BlockType& type : kBlockTypes)
    if (type.id == id) return &type;
  return nullptr;
}

}  // namespace lab
