#pragma once
// Commands as JSON values, for whoever writes or reads them inside a larger document.
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "app/core/command.h"
#include "model/files/json.h"

namespace lab {

nlohmann::ordered_json json_value_of(const Command& command);

/// Reads a command strictly. `where` begins the field names of errors; members named in `beside` are not the command's.
Result<Command> command_from(const Json& json, const std::string& where, std::span<const std::string_view> beside = {});

/// An edit, of which absent fields keep their defaults; and with only those fields that differ from them, on one line.
Result<StateEdit> state_edit_from(const Json& json, const std::string& where);
std::string brief_json(const StateEdit& edit);
/// Interventions, one, a list of them or {"interventions": [...]}, of which absent fields keep their defaults; and one in the same brief form.
Result<std::vector<Intervention>> interventions_from(const Json& json, const std::string& where);
std::string brief_json(const Intervention& intervention);

/// What is wrong with a member of a document; `found` may be null.
Error wrong_field(Code code, const std::string& field, const char* expected, const Json* found, const char* message);
/// A member that must be a string; an absent one is refused where it is required, else what is there stays.
Status read_text_field(const Json& json, const char* name, bool required, std::string& into);

/// A text in quotes, and foreign JSON as it was read: numbers keep their digits.
std::string quoted_json(const std::string& text);
std::string verbatim_json(const Json& json);

}  // namespace lab
