#include "model/text/byte_level.h"

#include <unicode/uchar.h>

#include <queue>

#include "model/text/utf8.h"

namespace lab {

const std::array<char32_t, 256>& byte_alphabet() {
  static const std::array<char32_t, 256> table = [] {
    std::array<char32_t, 256> t{};
    char32_t next = 0x100;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      t[b] = printable ? b : next++;
    }
    return t;
  }();
  return table;
}

std::string bytes_from_alphabet(std::string_view token) {
  static const std::unordered_map<char32_t, char> inverse = [] {
    std::unordered_map<char32_t, char> map;
    for (std::size_t b = 0; b < 256; ++b) map[byte_alphabet()[b]] = static_cast<char>(b);
    return map;
  }();
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const CodePoint point = decode_utf8(token, at);
    if (!inverse.contains(point.value)) return std::string(token);
    bytes.push_back(inverse.at(point.value));
    at += point.length;
  }
  return bytes;
}

bool is_space(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE); }

bool is_word_character(char32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ALPHABETIC);
}

namespace {

enum class Kind : std::uint8_t { letter, number, space, other };

Kind kind_of(char32_t c) {
  const std::uint32_t category = U_GET_GC_MASK(static_cast<UChar32>(c));
  if (category & U_GC_L_MASK) return Kind::letter;
  if (category & U_GC_N_MASK) return Kind::number;
  return is_space(c) ? Kind::space : Kind::other;
}

struct Character {
  Kind kind;
  char32_t value;
  std::size_t end;
};

// Characters in the contraction that begins at `at`, or 0.
std::size_t contraction(const std::vector<Character>& text, std::size_t at) {
  if (text[at].value != '\'') return 0;
  const auto value = [&](std::size_t i) { return i < text.size() ? text[i].value : 0; };
  const char32_t a = value(at + 1), b = value(at + 2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
  return 0;
}

// Index after the piece that begins at `at`.
std::size_t piece_end(const std::vector<Character>& text, std::size_t at) {
  if (const std::size_t n = contraction(text, at)) return at + n;
  const auto run = [&](std::size_t from) {
    std::size_t end = from + 1;
    while (end < text.size() && text[end].kind == text[from].kind) ++end;
    return end;
  };
  if (text[at].kind != Kind::space) return run(at);
  if (text[at].value == ' ' && at + 1 < text.size() && text[at + 1].kind != Kind::space) return run(at + 1);
  const std::size_t end = run(at);
  // \s+(?!\S): a run of white space before something else gives its last character back, unless it is the only one.
  return end < text.size() && end - at > 1 ? end - 1 : end;
}

}  // namespace

std::vector<std::size_t> split_gpt2(std::string_view text) {
  std::vector<Character> characters;
  characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    at += point.length;
    characters.push_back({kind_of(point.value), point.value, at});
  }
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < characters.size();) {
    at = piece_end(characters, at);
    ends.push_back(characters[at - 1].end);
  }
  return ends;
}

namespace {
std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}
}  // namespace

void Merges::add(std::int32_t left, std::int32_t right, std::int32_t result) {
  merges_.emplace(key_of(left, right), Merge{static_cast<std::int32_t>(merges_.size()), result});
}

const Merges::Merge* Merges::find(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(key_of(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Merges::apply(std::vector<std::int32_t>& symbols, std::vector<std::size_t>& ends) const {
  struct Candidate {
    std::int32_t rank;
    std::size_t left, right;
    std::int32_t left_id, right_id, result;
    bool operator<(const Candidate& other) const {  // the queue serves the greatest first
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  const std::size_t n = symbols.size();
  std::vector<std::size_t> next(n), previous(n);
  std::vector<bool> gone(n);
  std::priority_queue<Candidate> queue;
  const auto consider = [&](std::size_t left, std::size_t right) {
    if (left == none || right == none) return;
    if (const Merge* merge = find(symbols[left], symbols[right]))
      queue.push({merge->rank, left, right, symbols[left], symbols[right], merge->result});
  };
  for (std::size_t i = 0; i < n; ++i) {
    next[i] = i + 1 < n ? i + 1 : none;
    previous[i] = i > 0 ? i - 1 : none;
  }
  for (std::size_t i = 0; i + 1 < n; ++i) consider(i, i + 1);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const bool stale = gone[best.left] || gone[best.right] || next[best.left] != best.right ||
                       symbols[best.left] != best.left_id || symbols[best.right] != best.right_id;
    if (stale) continue;
    symbols[best.left] = best.result;
    ends[best.left] = ends[best.right];
    gone[best.right] = true;
    next[best.left] = next[best.right];
    if (next[best.left] != none) previous[next[best.left]] = best.left;
    consider(previous[best.left], best.left);
    consider(best.left, next[best.left]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (gone[i]) continue;
    symbols[kept] = symbols[i];
    ends[kept++] = ends[i];
  }
  symbols.resize(kept);
  ends.resize(kept);
}

}  // namespace lab
