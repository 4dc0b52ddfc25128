#pragma once
// Sessions that a window left without saving them: found by their journals when the next one starts.
#include <ctime>
#include <string>
#include <vector>

#include "app/core/journal.h"

namespace lab {

/// A journal whose window is gone and that holds something which is in no other file.
struct Leftover {
  std::string file;
  Journal journal;
  std::string when;  // it was last written, "08:29", with the day where that was another one
  std::string text;  // "128 tokens of prose from 08:29, 2 commands lost"
};

/// Those in a folder, the latest first. Journals in which nothing is left to save are removed, as are the oldest of more than
/// kMostClosed whose windows were closed by their owners; nothing else is touched. Reads them all: a job.
constexpr std::size_t kMostClosed = 8;
std::vector<Leftover> find_leftovers(const std::string& folder);

/// How the present program differs from the one that wrote a journal, where that may change the last bits; "" where it does not.
std::string difference_text(const Journal& journal, const std::string& program, const std::string& arithmetic);

/// A time of this place, in the words of strftime; and the time of day, with the day where it is not the one of `now`.
std::string local_time(const char* format, std::time_t time);
std::string time_text(std::time_t time, std::time_t now);

}  // namespace lab
