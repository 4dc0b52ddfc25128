#pragma once
// Which token of one text belongs to which of another.
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lab {

enum class AlignBy : std::uint8_t {
  position,          // token t beside token t
  token,             // equal tokens beside equal tokens: a longest common subsequence
  first_difference,  // as by position, from the first token that differs on; all of both where none does
  offset,            // token t of A beside token t + offset of B
};
/// "position", "token", "first-difference", "offset".
const char* name_of(AlignBy by);

/// A column of a comparison: a token of A beside one of B; -1 where one of them has none there.
struct TokenPair {
  std::int64_t a = -1, b = -1;
  bool is_pair() const { return a >= 0 && b >= 0; }
  friend bool operator==(const TokenPair&, const TokenPair&) = default;
};

struct Alignment {
  AlignBy by = AlignBy::position;
  std::int64_t offset = 0;             // of AlignBy::offset
  std::vector<TokenPair> columns;      // tokens of A rise from column to column, and so do those of B
  std::int64_t pairs = 0, equal = 0;   // columns with a token of both, and those of them whose tokens are equal
  std::int64_t first_difference = -1;  // the first column whose tokens differ or of which one is missing; -1: none
  bool is_longest = true;              // false: a shorter common subsequence than the longest, since the texts differ too much

  std::int64_t count() const { return static_cast<std::int64_t>(columns.size()); }
  /// The column of a token of A or B, or -1.
  std::int64_t column_of_a(std::int64_t token) const;
  std::int64_t column_of_b(std::int64_t token) const;
  /// Columns [first, last) that hold the tokens [first_token, last_token) of A, and what stands between them; both 0: all.
  std::pair<std::int64_t, std::int64_t> columns_of(std::int64_t first_token, std::int64_t last_token) const;
  /// The next column after `from` (before it, where `backwards`) at which the texts begin to differ after having been equal, or -1.
  std::int64_t next_difference(std::span<const std::int32_t> a, std::span<const std::int32_t> b, std::int64_t from, bool backwards) const;
};

/// Aligns two texts by their ids; -1 stands for a token that has none (a vector), which equals every other such. By position and by
/// offset the tokens that only one text has stand in columns of their own at the ends; from the first difference on, what lies
/// before it is left out.
///
/// By token the columns are those of a shortest edit script (Myers 1986): time O((|A| + |B|) D) for D unpaired tokens. After
/// `most_edits` of them in a stretch the furthest path is kept and the search begins again behind it, so that memory stays within
/// 4 most_edits^2 bytes; `is_longest` says whether that happened. Tokens that were replaced stand in two columns, A's first.
Alignment align(std::span<const std::int32_t> a, std::span<const std::int32_t> b, AlignBy by, std::int64_t offset = 0,
                std::int64_t most_edits = 2048);

}  // namespace lab
