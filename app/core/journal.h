#pragma once
// The journal of a window: what it did, written as it goes, so that a crash costs no more than the last moment. Lines of text, each
// with its number, length and checksum; a damaged one ends what can be replayed, and everything before it counts.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/core/session.h"

namespace lab {

/// "statelab-journal/1", as far as it can be read.
struct Journal {
  std::string program;     // that wrote it, with its revision; "" when not stated
  std::string arithmetic;  // "f32, avx512, 2 threads"
  std::string began;       // local time, "2026-11-29 08:29"
  std::string recovers;    // the journal whose session it goes on with, "" for none
  Session session;         // its model, commands, notes; `place` is where the model was
  std::int64_t position = 0;   // how many tokens the run was known to have read in the end
  bool goes_on = false;        // it was still reading then
  std::string saved_to;        // the file that the session was saved to last, "" for none
  bool has_changes = false;    // since it was saved, or since it began
  bool is_closed = false;      // by a window that ended as it should
  std::int64_t frames = 0;     // good ones
  std::int64_t lost = 0;       // frames behind the last good one, at least; each is a command or a note of progress
  std::string damage;          // why it ends there, "" when it is whole
  std::vector<std::string> unknown;  // kinds of frames of a newer program, which were left out
};

/// Whether a path names a journal: it ends in .journal.
bool is_journal(const std::string& path);
/// Refused where its first line is no header of this format; whatever is wrong further on ends it, and is told.
Result<Journal> read_journal(const std::string& path);
Result<Journal> parse_journal(std::string_view text, const std::string& file);

/// What a journal holds, as a session that can be replayed.
Session session_of(const Journal& journal);
/// A session file, or the session of a journal with what was lost of it in `warnings`.
Result<Session> read_session_or_journal(const std::string& path, std::vector<std::string>& warnings);
/// "the last line is torn: at least 1 command is lost"; "" of a whole one.
std::string loss_text(const Journal& journal);

/// Frames, each a line. Numbers count from 0, the header's.
struct JournalHeader {
  std::string program, arithmetic, began, recovers;
};
std::string journal_frame(std::int64_t number, std::string_view json);
std::string journal_header(const JournalHeader& header, const Session& session);
std::string journal_entry(const SessionCommand& command);
std::string journal_position(std::int64_t position, bool goes_on);
std::string journal_hash(const std::string& model_hash);
std::string journal_saved(const std::string& file, bool has_changes);
std::string journal_closed();

}  // namespace lab
