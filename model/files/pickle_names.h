#pragma once
// Opcodes and global names of pickles: those that are accepted, and what the others are called.
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/files/pickle.h"

namespace lab {

/// The opcodes of data.
enum class Opcode : std::uint8_t {
  mark = '(',
  stop = '.',
  binfloat = 'G',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  none = 'N',
  binpersid = 'Q',
  reduce = 'R',
  short_binstring = 'U',
  binunicode = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  appends = 'e',
  binget = 'h',
  long_binget = 'j',
  empty_list = ']',
  empty_tuple = ')',
  empty_dict = '}',
  binput = 'q',
  long_binput = 'r',
  setitem = 's',
  tuple = 't',
  setitems = 'u',
  proto = 0x80,
  newobj = 0x81,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  empty_set = 0x8f,
};

/// The name of an opcode that is not one of data, as "INST".
std::string_view foreign_opcode(std::uint8_t byte);

/// What a global name stands for: a value of Kind::name, or nothing when it is not in the list.
std::optional<PickleValue> known_global(std::string_view module, std::string_view name);

}  // namespace lab
