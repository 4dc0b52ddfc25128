// The token strip: prompt, colours, search, ranges, and tokens that are hard to draw.
#include <doctest/doctest.h>
#include <imgui.h>

#include <cmath>

#include "tests/panels/window.h"
#include "views/panels/kept.h"
#include "views/panels/kit/readable.h"
#include "views/panels/strip.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

constexpr Box kStrip{0, 0, 1600, 260};  // lists open within

/// Types into the search and draws.
const KeptSearch& search(Window& window, const std::string& typed) {
  window.memory.search_tokens = true;
  window.memory.token_search = typed;
  window.frames("tokens");
  return window.memory.kept->search;
}

using Places = std::vector<std::pair<std::int64_t, std::int64_t>>;

std::string drawn(std::string_view text) {
  return readable(text, [](char32_t code) { return code < 0x3000; });
}

}  // namespace

TEST_CASE("strip: Enter feeds and reads, the button only feeds, an empty prompt does neither") {
  HandMade made;
  Window window(made, kStrip);
  window.click("tokens", "Feed");
  CHECK(window.sent.empty());
  window.memory.prompt = "the cat";
  window.click("tokens", "Feed");
  CHECK(only<command::FeedText>(window.sent).text == "the cat");
  CHECK(window.memory.prompt.empty());
  window.sent.clear();
  window.memory.prompt = "again";
  window.memory.focus_prompt = true;
  window.frames("tokens", 3);
  ImGuiIO& io = ImGui::GetIO();
  io.KeyMap[ImGuiKey_Enter] = 10;
  io.KeysDown[10] = true;
  window.frame("tokens");
  io.KeysDown[10] = false;
  window.frame("tokens");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::FeedText>(window.sent[0]).text == "again");
  CHECK(std::holds_alternative<command::ReadWaiting>(window.sent[1]));
}

TEST_CASE("strip: what waits can be read or dropped") {
  HandMade made;
  made.snapshot.waiting = {1, 2};
  Window window(made, kStrip);
  window.click("tokens", "read");
  only<command::ReadWaiting>(window.sent);
  window.sent.clear();
  window.click("tokens", "Drop");
  only<command::DropWaiting>(window.sent);
}

TEST_CASE("search: places begin and end within tokens, a space is a space, small letters find large ones") {
  HandMade made(7);  // ␣the ␣cat ↵ ␣the ␣cat ↵ ␣the
  Window window(made, kStrip);
  CHECK(search(window, "cat").matches == Places{{1, 1}, {4, 4}});
  CHECK(search(window, "e c").matches == Places{{0, 1}, {3, 4}});
  CHECK(search(window, " the").matches == Places{{0, 0}, {3, 3}, {6, 6}});
  CHECK(search(window, "T").matches.empty());
  CHECK(search(window, "↵ t").matches == Places{{2, 3}, {5, 6}});
  CHECK(search(window, "dog").matches.empty());
  CHECK(search(window, "").matches.empty());
  made.model->pieces[1] = "␣Cat";
  made.trace = std::make_shared<lab::test::HandTrace>(7);  // another text: another revision
  CHECK(search(window, "cAt").matches.empty());
}

TEST_CASE("search: places found grow with the run and shrink when it is taken back") {
  const HandMade longer(7), shorter(4);
  HandMade made(5);
  Window window(made, kStrip);
  CHECK(search(window, "e cat").matches == Places{{0, 1}, {3, 4}});
  made.snapshot.tokens = longer.snapshot.tokens, made.snapshot.trace = longer.trace;
  CHECK(search(window, "e cat").matches == Places{{0, 1}, {3, 4}});
  CHECK(search(window, "the").matches.back() == std::pair<std::int64_t, std::int64_t>{6, 6});
  made.snapshot.tokens = shorter.snapshot.tokens, made.snapshot.trace = shorter.trace;
  CHECK(search(window, "the").matches == Places{{0, 0}, {3, 3}});
}

TEST_CASE("search: a growing run finds what begins in what was there") {
  HandMade made(4);
  const HandMade longer(5);
  Window window(made, kStrip);
  CHECK(search(window, "the cat").matches == Places{{0, 1}});
  made.snapshot.tokens = longer.snapshot.tokens, made.snapshot.trace = longer.trace;
  CHECK(search(window, "the cat").matches == Places{{0, 1}, {3, 4}});
}

TEST_CASE("search: the buttons go from place to place and around the ends") {
  HandMade made(7);
  made.snapshot.selection.cursor_a = 2;
  Window window(made, kStrip);
  search(window, "the");
  const auto goes_to = [&](const char* button) {
    window.sent.clear();
    window.click("tokens", button);
    made.snapshot.selection.cursor_a = only<command::Seek>(window.sent).token;
    return made.snapshot.selection.cursor_a;
  };
  CHECK(goes_to("next-match") == 3);
  CHECK(goes_to("next-match") == 6);
  CHECK(goes_to("next-match") == 0);
  CHECK(goes_to("previous-match") == 6);
  CHECK(goes_to("previous-match") == 3);
}

TEST_CASE("search: the number of a token goes there first, then from place to place") {
  HandMade made(40);
  made.model->pieces[2] = "7";
  made.snapshot.selection.cursor_a = 30;
  Window window(made, kStrip);
  search(window, "7");
  window.click("tokens", "next-match");
  CHECK(only<command::Seek>(window.sent).token == 7);
  made.snapshot.selection.cursor_a = 7;
  window.sent.clear();
  window.click("tokens", "next-match");
  CHECK(only<command::Seek>(window.sent).token == 8);  // the next one that says 7
}

TEST_CASE("strip: a Shift-drag from token to token begins a name for them, and is no click") {
  HandMade made(9);
  Window window(made, kStrip);
  window.frames("tokens");
  const Box from = window.ui.items["tokens/token 2"], to = window.ui.items["tokens/token 5"];
  ImGuiIO& io = ImGui::GetIO();
  io.KeyShift = true;
  io.MousePos = {from.middle_x(), from.middle_y()};
  window.frames("tokens", 2);
  io.MouseDown[0] = true;
  window.frame("tokens");
  io.MousePos = {to.middle_x(), to.middle_y()};
  window.frames("tokens", 2);
  io.MouseDown[0] = false;
  window.frames("tokens", 2);
  CHECK(window.sent.empty());
  CHECK(window.memory.draft.is_open);
  CHECK(window.memory.draft.first == 2);
  CHECK(window.memory.draft.last == 6);
}

TEST_CASE("strip: surprise and entropy colour the tokens once they are known, and are asked for only then") {
  HandMade made(9);
  Window window(made, kStrip);
  CHECK_FALSE(needs_surprise(window.memory));
  window.click("tokens", "measure");
  window.click("tokens", "surprise −log₂ p, bits");
  CHECK(needs_surprise(window.memory));
  window.frames("tokens");  // nothing is known yet
  auto track = std::make_shared<SurpriseTrack>();
  track->surprise.assign(9, 1.5f), track->entropy.assign(9, 0.5f);
  track->surprise[0] = NAN, track->surprise[4] = 6;
  made.derived.surprise = track;
  window.frames("tokens");
  CHECK(window.memory.kept->surprise.high == 6);
  CHECK(window.memory.kept->entropy.high == 0.5);
}

TEST_CASE("strip: its menu searches, names, and moves cursor B") {
  HandMade made(9);
  made.snapshot.selection.cursor_a = 6;
  Window window(made, kStrip);
  const auto choose = [&](const char* item) {
    window.sent.clear();
    window.click("tokens", "strip-more");
    window.click("tokens", item);
  };
  choose("Cursor B to A");
  CHECK(json_of(only<command::Seek>(window.sent)) == json_of(command::Seek{6, "b"}));
  choose("Swap A and B");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == 1);
  choose("Take cursor B away");
  CHECK(only<command::Seek>(window.sent).token == -1);
  choose("Name a range…");
  CHECK(window.memory.draft.first == 1);
  CHECK(window.memory.draft.last == 7);
  choose("Search the tokens");
  CHECK(window.memory.search_tokens);
  window.ui.items.clear();
  window.frames("tokens");
  CHECK(window.has_item("tokens/token search"));
  CHECK_FALSE(window.has_item("tokens/prompt"));
}

TEST_CASE("strip: a very long token takes little room, and rows stay within the strip") {
  HandMade made(30);
  made.model->pieces[1] = std::string(100'000, 'x');
  Window window(made, {0, 0, 900, 112});
  window.frames("tokens");
  for (const auto& [name, box] : window.ui.items)
    if (name.starts_with("tokens/token ")) {
      CAPTURE(name);
      CHECK(box.w <= 240);
      CHECK(box.right() <= 900 - 12);
    }
  const Box cell = window.ui.items["tokens/token 28"];
  ImGui::GetIO().MousePos = {cell.middle_x(), cell.middle_y()};
  window.frames("tokens", 2);  // with its tooltip
}

TEST_CASE("readable: letters, signs and what the font has stay as they are") {
  for (const char* text : {"", "plain", "naïve", "␣hollow", "‖h‖₂"}) CHECK(drawn(text) == text);
  CHECK(readable("中文", [](char32_t) { return true; }) == "中文");
}

TEST_CASE("readable: what no font has, or nobody would see, is escaped") {
  CHECK(drawn("中") == "\\u{4E2D}");
  CHECK(drawn("a😀b") == "a\\u{1F600}b");
  CHECK(drawn("a\u200Db") == "a\\u{200D}b");
  CHECK(drawn("\uFEFF") == "\\u{FEFF}");
  CHECK(drawn("\u00AD") == "\\xAD");
  CHECK(drawn("\u202E!") == "\\u{202E}!");
}

TEST_CASE("readable: a combining mark alone stands on a ring, one on a letter does not") {
  CHECK(drawn("\u0301") == "\u25CC\u0301");
  CHECK(drawn("e\u0301") == "e\u0301");
  CHECK(drawn(" \u0301") == " \u25CC\u0301");
  CHECK(drawn("😀\u0301") == "\\u{1F600}\u25CC\u0301");
  CHECK(drawn(drawn("\u0301😀")) == drawn("\u0301😀"));
}

TEST_CASE("readable: broken UTF-8 is written byte by byte") {
  CHECK(drawn("a\xFF") == "a\\xFF");
  CHECK(drawn("\xE4\xB8") == "\\xE4\\xB8");
  CHECK(drawn("\xC3(") == "\\xC3(");
}
