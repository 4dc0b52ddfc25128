#pragma once
// Lists the fields of plain structs once; writing, strict reading and labels all walk the same list.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace lab {

/// A field of a struct: its name in JSON and where it is.
template <class Struct, class Value>
struct Field {
  static constexpr bool kMayBeAbsent = false;
  const char* name;
  Value Struct::*member;
};
template <class Struct, class Value>
constexpr Field<Struct, Value> field(const char* name, Value Struct::*member) {
  return {name, member};
}

/// A field that JSON may leave out, as what was written before there was one does: written where it differs from what a struct begins with.
template <class Struct, class Value>
struct OptionalField : Field<Struct, Value> {
  static constexpr bool kMayBeAbsent = true;
};
template <class Struct, class Value>
constexpr OptionalField<Struct, Value> optional_field(const char* name, Value Struct::*member) {
  return {{name, member}};
}

/// The fields of a struct: its own list, or one that is given beside it.
template <class Struct>
constexpr auto fields_of() {
  return Struct::fields();
}

}  // namespace lab
