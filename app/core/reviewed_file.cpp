#include "app/core/reviewed_file.h"

#include <utility>

#include "app/core/command_json.h"

namespace lab {

Status read_reviewed(const Json& json, const ReviewedFormat& format, ReviewedFile& into) {
  const std::string whole = std::string("an object, as {\"format\": \"") + format.name + "\", \"" + format.list + "\": [...]}";
  if (!json.is_object()) return wrong_field(Code::mismatch, "", whole.c_str(), &json, "the file holds something else");
  std::string said;
  LAB_TRY(read_text_field(json, "format", false, said));
  if (said != format.name) return wrong_field(Code::unsupported, "format", format.name, json.find("format"), "this program does not know the format");
  LAB_TRY(read_text_field(json, "title", false, into.title));
  LAB_TRY(read_text_field(json, "note", false, into.note));
  const std::string expected = std::string("a list of ") + format.list;
  const Json* list = json.find(format.list);
  if (!list) return wrong_field(Code::missing, format.list, expected.c_str(), nullptr, "a field is missing");
  if (!list->is_array()) return wrong_field(Code::mismatch, format.list, expected.c_str(), list, "the field has another type");
  for (const auto& [name, value] : json.members()) {
    if (name == "format" || name == "title" || name == "note" || name == format.list) continue;
    into.unknown_fields.push_back(name);
    into.unknown_json += (into.unknown_json.empty() ? "" : ",\n  ") + quoted_json(name) + ": " + verbatim_json(value);
  }
  return {};
}

std::string reviewed_json(const ReviewedFile& file, const ReviewedFormat& format, const std::vector<std::string>& items) {
  std::string out = "{\n  \"format\": " + quoted_json(format.name);
  if (!file.title.empty()) out += ",\n  \"title\": " + quoted_json(file.title);
  if (!file.note.empty()) out += ",\n  \"note\": " + quoted_json(file.note);
  out += ",\n  " + quoted_json(format.list) + ": [";
  const char* separator = "\n    ";
  for (const std::string& item : items) out += std::exchange(separator, ",\n    ") + item;
  out += items.empty() ? "]" : "\n  ]";
  if (!file.unknown_json.empty()) out += ",\n  " + file.unknown_json;
  return out + "\n}\n";
}

}  // namespace lab
