#include "app/core/journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/core/command_json.h"
#include "model/base/hash.h"
#include "model/files/file.h"

namespace lab {
namespace {

using Value = nlohmann::ordered_json;

constexpr const char* kFormat = "statelab-journal/1";
constexpr std::size_t kJournalBytes = std::size_t{256} << 20;
constexpr JsonLimits kFrameLimits{.bytes = 64 << 20, .depth = 32, .values = 16 << 20, .string_bytes = 64 << 20};
constexpr std::size_t kHashDigits = 16;
constexpr std::array<std::string_view, 8> kKnownInHeader{"format", "program", "arithmetic", "began", "recovers", "model", "place", "session"};

std::string dumped(const Value& value) { return value.dump(-1, ' ', false, Value::error_handler_t::replace); }

std::string checksum(std::int64_t number, std::string_view json) {
  return hex_of(hash_bytes(json.data(), json.size(), static_cast<std::uint64_t>(number)));
}

/// A number from the front of a text, and the space behind it.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || number < 0 || end == text.data() + text.size() || *end != ' ') return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

struct JournalLine {
  std::int64_t number = 0;
  std::string_view json;
  std::size_t bytes = 0;  // with the end of the line
};

/// The line at the front of a text, when all of it is there and its checksum holds.
std::optional<JournalLine> line_at(std::string_view text) {
  const std::string_view all = text;
  const auto number = take_number(text), length = number ? take_number(text) : std::nullopt;
  if (!length || text.size() < kHashDigits + 1 || text[kHashDigits] != ' ') return {};
  const std::string_view hash = text.substr(0, kHashDigits);
  text.remove_prefix(kHashDigits + 1);
  if (static_cast<std::uint64_t>(*length) >= text.size() || text[static_cast<std::size_t>(*length)] != '\n') return {};
  const std::string_view json = text.substr(0, static_cast<std::size_t>(*length));
  if (checksum(*number, json) != hash) return {};
  return JournalLine{*number, json, all.size() - text.size() + json.size() + 1};
}

Status read_header(const Json& json, Journal& journal) {
  std::string format;
  LAB_TRY(read_text_field(json, "format", true, format));
  if (format != kFormat) return wrong_field(Code::unsupported, "format", kFormat, json.find("format"), "this program does not know the format");
  LAB_TRY(read_text_field(json, "program", false, journal.program));
  LAB_TRY(read_text_field(json, "arithmetic", false, journal.arithmetic));
  LAB_TRY(read_text_field(json, "began", false, journal.began));
  LAB_TRY(read_text_field(json, "recovers", false, journal.recovers));
  Session session;
  LAB_TRY(read_text_field(json, "model", true, session.model));
  const Json* kept = json.find("session");  // the file that was opened: all of it but commands
  if (kept && !kept->is_object()) return wrong_field(Code::mismatch, "session", "what is kept of the session that was opened", kept, "the field has another type");
  if (kept) {
    const std::string text = "{\"format\": \"statelab-session/1\", \"model\": " + quoted_json(session.model) + ", \"commands\": []" +
                             (kept->members().empty() ? "}" : ", " + verbatim_json(*kept).substr(1));
    LAB_ASSIGN(session, parse_session(text, ""));
  } else if (const Result<Session> checked = parse_session(json_of(session), ""); !checked) {
    return checked.error();  // its name of a model
  }
  LAB_TRY(read_text_field(json, "place", false, session.place));
  journal.session = std::move(session);
  for (const auto& [name, value] : json.members())
    if (std::ranges::find(kKnownInHeader, name) == kKnownInHeader.end()) journal.unknown.push_back("header." + name);
  return {};
}

/// Takes one frame in. What a newer program wrote beside it is left out; a command that there is not ends the journal.
Status take_frame(const Json& json, Journal& journal) {
  constexpr std::array<std::string_view, 1> kStep{"step"};
  if (!json.is_object()) return wrong_field(Code::mismatch, "", "an object", &json, "this is no frame");
  if (json.find("command")) {
    const Json* step = json.find("step");
    const auto position = step ? step->integer() : std::nullopt;
    if (!position || *position < 0) return wrong_field(Code::mismatch, "step", "the position, 0 or more", step, "there is no such position");
    LAB_ASSIGN(Command command, command_from(json, "", kStep));
    journal.position = *position;
    journal.goes_on = false;
    journal.has_changes = journal.has_changes || changes_run(command);
    journal.session.commands.push_back({*position, std::move(command)});
  } else if (const Json* reached = json.find("reached")) {
    const auto position = reached->integer();
    if (!position || *position < 0) return wrong_field(Code::mismatch, "reached", "the position, 0 or more", reached, "there is no such position");
    journal.has_changes = journal.has_changes || *position != journal.position;
    journal.position = *position;
    const Json* goes_on = json.find("goes_on");
    journal.goes_on = goes_on && goes_on->boolean().value_or(false);
  } else if (json.find("model_hash")) {
    LAB_TRY(read_text_field(json, "model_hash", true, journal.session.model_hash));
  } else if (json.find("saved")) {
    LAB_TRY(read_text_field(json, "saved", true, journal.saved_to));
    const Json* since = json.find("changed_since");
    journal.has_changes = since && since->boolean().value_or(false);
  } else if (json.find("closed")) {
    journal.is_closed = true;
  } else {
    journal.unknown.push_back(json.members().empty() ? "{}" : json.members().front().first);
  }
  return {};
}

/// At least how many frames lie in what could not be read: up to the highest number that is known, and one in any case.
std::int64_t count_lost(std::string_view rest, std::int64_t next) {
  std::int64_t last = next;
  while (!rest.empty()) {
    const auto line = line_at(rest);
    if (line) last = std::max(last, line->number);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    rest.remove_prefix(line ? line->bytes : end + 1);
  }
  return last - next + 1;
}

const char* damage_of(std::string_view rest, std::int64_t next) {
  const auto line = line_at(rest);
  if (line && line->number > next) return "lines are missing";
  if (line) return "lines of two writers are mixed";
  if (rest.find_first_not_of('\0') == std::string_view::npos) return "the end of the file is zeros";
  return rest.find('\n') == std::string_view::npos ? "the last line is torn" : "a line is damaged";
}

}  // namespace

bool is_journal(const std::string& path) { return path.ends_with(".journal"); }

Result<Journal> parse_journal(std::string_view text, const std::string& file) {
  Journal journal;
  const auto header = line_at(text);
  if (!header || header->number != 0)
    return Error{.code = text.empty() ? Code::truncated : Code::wrong_kind, .file = file, .expected = std::string("a header of ") + kFormat,
                 .found = text.empty() ? "nothing" : printable(std::string(text.substr(0, 40))), .message = "this is no journal, or its first line is damaged"};
  LAB_ASSIGN(const Json first, parse_json(header->json, kFrameLimits, file));
  if (Status status = read_header(first, journal); !status) {
    status.error().file = file;
    return status.error();
  }
  journal.frames = 1;
  text.remove_prefix(header->bytes);
  while (!text.empty()) {
    const auto line = line_at(text);
    std::string refusal;
    if (line && line->number == journal.frames) {
      const Result<Json> json = parse_json(line->json, kFrameLimits, file);
      const Status status = json ? take_frame(*json, journal) : Status(json.error());
      if (status) {
        ++journal.frames;
        text.remove_prefix(line->bytes);
        continue;
      }
      refusal = status.error().text();
    }
    journal.lost = count_lost(text, journal.frames);
    journal.damage = refusal.empty() ? damage_of(text, journal.frames) : "a line cannot be understood: " + refusal;
    journal.has_changes = true;
    journal.is_closed = false;
    break;
  }
  return journal;
}

Result<Journal> read_journal(const std::string& path) {
  LAB_ASSIGN(const std::string text, read_file(path, kJournalBytes));
  return parse_journal(text, path);
}

Session session_of(const Journal& journal) {
  Session session = journal.session;
  if (journal.goes_on && !session.commands.empty()) session.commands.push_back({journal.position, command::Pause{}});
  return session;
}

std::string loss_text(const Journal& journal) {
  if (journal.damage.empty()) return {};
  return journal.damage + ": at least " + std::to_string(journal.lost) + (journal.lost == 1 ? " command is" : " commands are") + " lost";
}

Result<Session> read_session_or_journal(const std::string& path, std::vector<std::string>& warnings) {
  if (!is_journal(path)) return read_session(path);
  LAB_ASSIGN(const Journal journal, read_journal(path));
  if (const std::string loss = loss_text(journal); !loss.empty()) warnings.push_back(loss);
  for (const std::string& kind : journal.unknown) warnings.push_back("unknown part " + printable(kind) + " of the journal is not used");
  return session_of(journal);
}

std::string journal_frame(std::int64_t number, std::string_view json) {
  return std::to_string(number) + " " + std::to_string(json.size()) + " " + checksum(number, json) + " " + std::string(json) + "\n";
}

std::string journal_header(const JournalHeader& header, const Session& session) {
  std::string json = "{\"format\": " + quoted_json(kFormat);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json += ", " + quoted_json(name) + ": " + quoted_json(value);
  };
  add("program", header.program);
  add("arithmetic", header.arithmetic);
  add("began", header.began);
  add("recovers", header.recovers);
  add("model", session.model);
  add("place", session.place);
  std::string kept;
  if (!session.title.empty()) kept += "\"title\": " + quoted_json(session.title);
  if (!session.model_hash.empty()) kept += (kept.empty() ? "" : ", ") + std::string("\"model_hash\": ") + quoted_json(session.model_hash);
  if (!session.notes.empty()) kept += (kept.empty() ? "" : ", ") + std::string("\"notes\": ") + quoted_json(session.notes);
  if (!session.unknown_json.empty()) kept += (kept.empty() ? "" : ", ") + session.unknown_json;
  if (!kept.empty()) json += ", \"session\": {" + kept + "}";
  std::ranges::replace(json, '\n', ' ');  // between members only: inside texts it is escaped
  return json + "}";
}

std::string journal_entry(const SessionCommand& command) {
  Value json{{"step", command.step}};
  json.update(json_value_of(command.command));
  return dumped(json);
}

std::string journal_position(std::int64_t position, bool goes_on) {
  return "{\"reached\": " + std::to_string(position) + ", \"goes_on\": " + (goes_on ? "true" : "false") + "}";
}
std::string journal_hash(const std::string& model_hash) { return "{\"model_hash\": " + quoted_json(model_hash) + "}"; }
std::string journal_saved(const std::string& file, bool has_changes) {
  return "{\"saved\": " + quoted_json(file) + ", \"changed_since\": " + (has_changes ? "true" : "false") + "}";
}
std::string journal_closed() { return "{\"closed\": true}"; }

}  // namespace lab
