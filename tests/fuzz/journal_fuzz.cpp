// Journals: of any bytes as much is read as is whole; lines in good frames are read or end it by name, and what is read is a session
// that is written and read again the same. Cut anywhere, no more than the last line is lost.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/core/journal.h"
#include "model/base/check.h"

using namespace lab;

namespace {

std::string framed(std::string_view lines) {
  std::string text;
  for (std::int64_t number = 0; !lines.empty(); ++number) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += journal_frame(number, lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

void check(const std::string& text) {
  const auto journal = parse_journal(text, "j.journal");
  if (!journal) {
    LAB_CHECK(journal.error().text().empty(), ==, false);
    return;
  }
  LAB_CHECK(journal->damage.empty(), ==, journal->lost == 0);
  LAB_CHECK(journal->frames, >=, 1);
  const std::string written = json_of(session_of(*journal));
  const auto again = parse_session(written, "again");
  LAB_CHECK(static_cast<bool>(again), ==, true);
  LAB_CHECK(json_of(*again) == written, ==, true);
  JournalHeader header{journal->program, journal->arithmetic, journal->began, journal->recovers};
  const auto head = parse_journal(journal_frame(0, journal_header(header, journal->session)), "again");
  LAB_CHECK(static_cast<bool>(head), ==, true);
  LAB_CHECK(head->session.notes == journal->session.notes, ==, true);
  LAB_CHECK(head->session.unknown_fields == journal->session.unknown_fields, ==, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  check(raw);
  const std::string text = framed(raw);
  check(text);
  if (text.empty()) return 0;
  const std::size_t at = size * 2654435761u % text.size();
  check(text.substr(0, at));
  std::string turned = text;
  turned[at] = static_cast<char>(turned[at] ^ 1 << size % 8);
  check(turned);
  return 0;
}
