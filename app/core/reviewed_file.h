#pragma once
// What the files have in common that people write by hand, review and hand on: a format, a title, a note, and one list, an item a line.
#include <string>
#include <vector>

#include "model/files/json.h"

namespace lab {

/// Fields that this program does not know are kept and reported.
struct ReviewedFile {
  std::string title, note;  // for people
  std::vector<std::string> unknown_fields;
  std::string unknown_json;  // kept verbatim for writing
};

/// Bounds of such a file.
inline constexpr JsonLimits kReviewedLimits{.bytes = 16 << 20, .depth = 32, .values = 1 << 20, .string_bytes = 1 << 20};

/// How the format names itself, and its list, as "statelab-patch/1" and "edits".
struct ReviewedFormat {
  const char* name;
  const char* list;
};

/// Reads all but the items of the list, which is there then. Refused by field: another format, no list, fields of another type.
Status read_reviewed(const Json& json, const ReviewedFormat& format, ReviewedFile& into);
/// What was made of a file, or why not, by the file's name.
template <class Made>
Result<Made> made_of(const std::string& file, Result<Made> made) {
  if (!made) made.error().file = file;
  return made;
}
/// The inverse of reading, with the items as they are.
std::string reviewed_json(const ReviewedFile& file, const ReviewedFormat& format, const std::vector<std::string>& items);

}  // namespace lab
