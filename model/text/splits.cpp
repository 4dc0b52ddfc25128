#include "model/text/splits.h"

#include <algorithm>
#include <array>

#include "model/text/unicode.h"
#include "model/text/utf8.h"

namespace lab {
namespace {

using Class = CharacterClass;
using Ends = std::vector<std::size_t>;

struct Character {
  Class kind;
  char32_t value;
  std::size_t end;
  bool is_newline() const { return value == '\r' || value == '\n'; }
};
using Characters = std::vector<Character>;

// Pieces by a function from the index of a piece's first character to the index after its last one.
template <class PieceEnd>
Ends split(std::string_view text, PieceEnd piece_end) {
  Characters characters;
  characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    at += point.length;
    characters.push_back({class_of(point.value), point.value, at});
  }
  Ends ends;
  for (std::size_t at = 0; at < characters.size();) {
    at = piece_end(characters, at);
    ends.push_back(characters[at - 1].end);
  }
  return ends;
}

// The end of a run of at most `longest` characters.
template <class Predicate>
std::size_t run_end(const Characters& text, std::size_t at, Predicate belongs, std::size_t longest = SIZE_MAX) {
  const std::size_t limit = at + std::min(longest, text.size() - at);
  while (at < limit && belongs(text[at])) ++at;
  return at;
}

std::size_t run_end(const Characters& text, std::size_t at, std::size_t longest = SIZE_MAX) {
  return run_end(
      text, at, [kind = text[at].kind](const Character& c) { return c.kind == kind; }, longest);
}

bool is(const Characters& text, std::size_t at, Class kind) { return at < text.size() && text[at].kind == kind; }

// \s+(?!\S)|\s+: white space before something else gives its last character back, unless it is the only one.
std::size_t space_end(const Characters& text, std::size_t at) {
  const std::size_t end = run_end(text, at);
  return end < text.size() && end - at > 1 ? end - 1 : end;
}

// Which letters a contraction may have: as they are, also capitals, or all that fold to them (the long s U+017F).
enum class Case : std::uint8_t { exact, ascii, folded };

// Characters in the contraction 's|'t|'re|'ve|'m|'ll|'d that begins at `at`, or 0.
std::size_t contraction(const Characters& text, std::size_t at, Case letters) {
  if (text[at].value != '\'') return 0;
  const auto letter = [&](std::size_t i) -> char32_t {
    if (i >= text.size()) return 0;
    const char32_t c = text[i].value;
    if (letters == Case::folded && c == 0x17F) return 's';
    return letters != Case::exact && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  };
  const char32_t a = letter(at + 1), b = letter(at + 2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

std::size_t gpt2_end(const Characters& text, std::size_t at) {
  if (const std::size_t length = contraction(text, at, Case::exact)) return at + length;
  if (text[at].kind != Class::space) return run_end(text, at);
  if (text[at].value == ' ' && at + 1 < text.size() && text[at + 1].kind != Class::space) return run_end(text, at + 1);
  return space_end(text, at);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t llama3_end(const Characters& text, std::size_t at, Case letters, std::size_t digits) {
  if (const std::size_t length = contraction(text, at, letters)) return at + length;
  const Character& first = text[at];
  if (first.kind == Class::letter) return run_end(text, at);
  if (first.kind == Class::number) return run_end(text, at, digits);
  if (!first.is_newline() && is(text, at + 1, Class::letter)) return run_end(text, at + 1);
  const std::size_t signs = first.value == ' ' && is(text, at + 1, Class::other) ? at + 1 : at;
  if (text[signs].kind == Class::other)
    return run_end(text, run_end(text, signs), [](const Character& c) { return c.is_newline(); });
  for (std::size_t end = run_end(text, at); end > at; --end)
    if (text[end - 1].is_newline()) return end;
  return space_end(text, at);
}

template <Case letters, std::size_t digits>
Ends split_llama3(std::string_view text) {
  return split(text, [](const Characters& c, std::size_t at) { return llama3_end(c, at, letters, digits); });
}

// Runs of at most `longest` characters that belong together are pieces, and so are the gaps between them.
template <class Predicate>
Ends split_runs(std::string_view text, std::size_t longest, Predicate belongs) {
  return split(text, [&](const Characters& c, std::size_t at) {
    if (!belongs(c[at])) return run_end(c, at, [&](const Character& other) { return !belongs(other); });
    return run_end(c, at, belongs, longest);
  });
}

bool is_number(const Character& c) { return c.kind == Class::number; }

// \p{N}
Ends split_numbers(std::string_view text) { return split_runs(text, 1, is_number); }

// \p{N}+
Ends split_number_runs(std::string_view text) { return split_runs(text, text.size(), is_number); }

// [\p{P}\$\+<=>\^~\|]+
Ends split_punctuation(std::string_view text) {
  return split_runs(text, text.size(), [](const Character& c) {
    return is_punctuation(c.value) || std::u32string_view(U"$+<=>^~|").find(c.value) != std::u32string_view::npos;
  });
}

// [0-9][0-9][0-9]: what is left of a run of digits belongs to the gap behind it.
Ends split_three_digits(std::string_view text) {
  const auto is_digit = [](const Character& c) { return c.value >= '0' && c.value <= '9'; };
  const auto has_three = [=](const Characters& c, std::size_t at) {
    return at + 2 < c.size() && is_digit(c[at]) && is_digit(c[at + 1]) && is_digit(c[at + 2]);
  };
  return split(text, [=](const Characters& c, std::size_t at) {
    if (has_three(c, at)) return at + 3;
    do ++at;
    while (at < c.size() && !has_three(c, at));
    return at;
  });
}

}  // namespace

Ends split_gpt2(std::string_view text) { return split(text, gpt2_end); }

Split split_of_pattern(std::string_view pattern) {
  struct Known {
    std::string_view pattern;
    Split split;
  };
  static constexpr std::array known{
      Known{R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", split_gpt2},
      // cl100k, Llama 3, Granite 4
      Known{
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          split_llama3<Case::folded, 3>},
      Known{
          R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          split_llama3<Case::ascii, 3>},
      // Qwen 2
      Known{
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          split_llama3<Case::folded, 1>},
      Known{R"(\p{N})", split_numbers}};
  const auto* found = std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.pattern == pattern; });
  return found == known.end() ? nullptr : found->split;
}

Ends split_by_all(const std::vector<Split>& splits, std::string_view text) {
  Ends ends{text.size()};
  for (const Split split : splits) {
    Ends finer;
    std::size_t from = 0;
    for (const std::size_t to : ends) {
      for (const std::size_t end : split(text.substr(from, to - from))) finer.push_back(from + end);
      from = to;
    }
    ends = std::move(finer);
  }
  return ends;
}

const NamedSplit* named_split(std::string_view name) {
  // Names and classes as llama.cpp has them (src/llama-vocab.cpp).
  static const std::vector<NamedSplit> known = [] {
    const std::vector<Split> gpt2{split_gpt2}, llama3{split_llama3<Case::ascii, 3>},
        qwen2{split_llama3<Case::ascii, 1>};
    std::vector<NamedSplit> list{
        {.name = "default", .splits = {split_punctuation, split_gpt2, split_number_runs, split_three_digits}}};
    for (const char* each :
         {"gpt-2", "mpt", "olmo", "phi-2", "jais", "exaone4", "trillion", "granite-docling", "modern-bert"})
      list.push_back({.name = each, .splits = gpt2});
    for (const char* each : {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2"})
      list.push_back({.name = each, .splits = llama3, .ignore_merges = true, .add_bos = true});
    for (const char* each : {"dbrx", "smaug-bpe"}) list.push_back({.name = each, .splits = llama3});
    for (const char* each : {"qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "grok-2"})
      list.push_back({.name = each, .splits = qwen2});
    for (const char* each : {"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"})
      list.push_back({.name = each, .splits = {split_numbers, split_gpt2}});
    return list;
  }();
  const auto found = std::find_if(known.begin(), known.end(), [&](const NamedSplit& k) { return k.name == name; });
  return found == known.end() ? nullptr : &*found;
}

}  // namespace lab
