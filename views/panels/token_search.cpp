// The search in the text that was read. Pieces are searched one behind the other: a place may begin and end within tokens.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "views/figures/parts.h"
#include "views/panels/strip.h"

namespace lab {
namespace {

char lowered(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// As it is looked for in pieces, where a space is a sign of its own. Small letters find large ones too.
std::string pattern_of(const std::string& typed) {
  std::string pattern;
  for (const char c : typed) pattern += c == ' ' ? std::string("␣") : std::string(1, c);
  return pattern;
}

bool ignores_case(const std::string& typed) {
  return std::none_of(typed.begin(), typed.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::optional<std::int64_t> number_in(const std::string& typed, std::int64_t count) {
  std::int64_t number = -1;
  const auto [end, problem] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
  if (problem != std::errc() || end != typed.data() + typed.size() || number < 0 || number >= count) return {};
  return number;
}

/// Adds the pieces that have come.
void extend_text(KeptSearch& search, const Snapshot& snapshot) {
  for (auto t = std::ssize(search.begins); t < snapshot.count(); ++t) {
    search.begins.push_back(search.text.size());
    search.text += token_text(snapshot, t);
  }
}

std::int64_t token_of(const KeptSearch& search, std::size_t place) {
  return std::upper_bound(search.begins.begin(), search.begins.end(), place) - search.begins.begin() - 1;
}

/// Places of the pattern that begin at `from` or later.
void find_places(KeptSearch& search, std::size_t from) {
  const std::string pattern = pattern_of(search.typed);
  const bool any_case = ignores_case(search.typed);
  const auto equal = [any_case](char a, char b) { return any_case ? lowered(a) == b : a == b; };
  auto at = search.text.begin() + static_cast<std::ptrdiff_t>(from);
  while ((at = std::search(at, search.text.end(), pattern.begin(), pattern.end(), equal)) != search.text.end()) {
    const auto place = static_cast<std::size_t>(at - search.text.begin());
    search.matches.emplace_back(token_of(search, place), token_of(search, place + pattern.size() - 1));
    ++at;
  }
  search.matches.erase(std::unique(search.matches.begin(), search.matches.end()), search.matches.end());
}

}  // namespace

const KeptSearch& search_tokens(PaneContext& context) {
  KeptSearch& search = kept_of(context).search;
  const Snapshot& snapshot = context.snapshot;
  const std::string& typed = context.memory.token_search;
  const std::uint64_t revision = snapshot.trace ? snapshot.trace->revision() : 0;
  const bool is_new = search.typed != typed || search.revision != revision || std::ssize(search.begins) > snapshot.count();
  if (!is_new && std::ssize(search.begins) == snapshot.count()) return search;
  if (is_new) {
    const bool has_gone = search.typed == typed && search.has_gone;
    search = {.typed = typed, .revision = revision, .has_gone = has_gone};
  }
  const std::size_t before = search.text.size();
  extend_text(search, snapshot);
  if (typed.empty()) return search;
  const std::size_t reach = pattern_of(typed).size() - 1;  // a place may begin in what was there
  find_places(search, is_new || before < reach ? 0 : before - reach);
  std::sort(search.matches.begin(), search.matches.end());
  if (const auto number = number_in(typed, snapshot.count())) search.matches.emplace_back(*number, *number), std::sort(search.matches.begin(), search.matches.end());
  search.matches.erase(std::unique(search.matches.begin(), search.matches.end()), search.matches.end());
  return search;
}

void go_to_match(PaneContext& context, bool forward) {
  const auto& matches = search_tokens(context).matches;
  KeptSearch& search = kept_of(context).search;
  if (matches.empty()) return;
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  const auto number = number_in(search.typed, context.snapshot.count());
  std::int64_t token = 0;
  if (number && !search.has_gone) {
    token = *number;
  } else if (forward) {
    const auto next = std::ranges::find_if(matches, [cursor](const auto& match) { return match.first > cursor; });
    token = next == matches.end() ? matches.front().first : next->first;
  } else {
    const auto before = std::find_if(matches.rbegin(), matches.rend(), [cursor](const auto& match) { return match.first < cursor; });
    token = before == matches.rend() ? matches.back().first : before->first;
  }
  search.has_gone = true;
  if (token != cursor) context.send(command::Seek{token, "a"});
}

}  // namespace lab
