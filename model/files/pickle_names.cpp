#include "model/files/pickle_names.h"

#include <utility>

namespace lab {
namespace {

constexpr std::pair<std::uint8_t, std::string_view> kForeign[] = {{'0', "POP"},
                                                                  {'1', "POP_MARK"},
                                                                  {'2', "DUP"},
                                                                  {'F', "FLOAT"},
                                                                  {'I', "INT"},
                                                                  {'L', "LONG"},
                                                                  {'P', "PERSID"},
                                                                  {'S', "STRING"},
                                                                  {'T', "BINSTRING"},
                                                                  {'V', "UNICODE"},
                                                                  {'B', "BINBYTES"},
                                                                  {'C', "SHORT_BINBYTES"},
                                                                  {'d', "DICT"},
                                                                  {'l', "LIST"},
                                                                  {'g', "GET"},
                                                                  {'i', "INST"},
                                                                  {'o', "OBJ"},
                                                                  {'p', "PUT"},
                                                                  {0x82, "EXT1"},
                                                                  {0x83, "EXT2"},
                                                                  {0x84, "EXT4"},
                                                                  {0x8b, "LONG4"},
                                                                  {0x8c, "SHORT_BINUNICODE"},
                                                                  {0x8d, "BINUNICODE8"},
                                                                  {0x8e, "BINBYTES8"},
                                                                  {0x90, "ADDITEMS"},
                                                                  {0x91, "FROZENSET"},
                                                                  {0x92, "NEWOBJ_EX"},
                                                                  {0x93, "STACK_GLOBAL"},
                                                                  {0x94, "MEMOIZE"},
                                                                  {0x95, "FRAME"},
                                                                  {0x96, "BYTEARRAY8"},
                                                                  {0x97, "NEXT_BUFFER"},
                                                                  {0x98, "READONLY_BUFFER"}};

constexpr std::pair<std::string_view, DType> kStorages[] = {
    {"FloatStorage", DType::f32}, {"HalfStorage", DType::f16},    {"BFloat16Storage", DType::bf16}, {"DoubleStorage", DType::f64},
    {"LongStorage", DType::i64},  {"IntStorage", DType::i32},     {"ShortStorage", DType::i16},     {"CharStorage", DType::i8},
    {"ByteStorage", DType::u8},   {"BoolStorage", DType::boolean}};

constexpr std::string_view kNumberTypes[] = {"float32", "float", "float16", "half",  "bfloat16", "float64", "double", "int64",
                                             "long",    "int32", "int",     "int16", "short",    "int8",    "uint8",  "bool"};

PickleValue value_of(PickleName name, DType dtype = DType::f32) {
  return {.kind = PickleValue::Kind::name, .name = name, .dtype = dtype};
}

}  // namespace

std::string_view foreign_opcode(std::uint8_t byte) {
  for (const auto& [code, name] : kForeign)
    if (code == byte) return name;
  return "no opcode";
}

std::optional<PickleValue> known_global(std::string_view module, std::string_view name) {
  if (module == "collections" && name == "OrderedDict") return value_of(PickleName::ordered_dict);
  if (module == "torch._utils" && name == "_rebuild_tensor_v2") return value_of(PickleName::rebuild_tensor);
  if (module == "torch._utils" && name == "_rebuild_parameter") return value_of(PickleName::rebuild_parameter);
  if (module != "torch") return std::nullopt;
  if (name == "Size") return value_of(PickleName::size);
  for (const auto& [storage, dtype] : kStorages)
    if (name == storage) return value_of(PickleName::storage_type, dtype);
  for (const std::string_view type : kNumberTypes)
    if (name == type) return value_of(PickleName::number_type);
  return std::nullopt;
}

}  // namespace lab
