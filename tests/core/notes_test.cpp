// Notes at tokens, and where a run pauses by itself.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "app/core/session.h"
#include "app/core/watcher.h"
#include "support.h"
#include "tracer/detect/stop_expression.h"

namespace lab::test {
namespace {

void read(Lab& lab, const std::string& text) {
  carry_out(lab, command::FeedText{text});
  carry_out(lab, command::ReadWaiting{});
}

double value_of(const std::string& text, const StopExpression::Values& values = [](StopTrack, std::int64_t) { return 0.0; }) {
  // An expression only holds or not: its value is found by comparing.
  for (double guess = -200; guess <= 200; guess += 0.5)
    if (const auto read = StopExpression::parse("(" + text + ") - " + std::to_string(guess) + " = 0", 4); read && read->holds(values)) return guess;
  return std::numeric_limits<double>::quiet_NaN();
}

bool holds(const std::string& text, const StopExpression::Values& values = [](StopTrack, std::int64_t) { return 0.0; }) {
  const auto read = StopExpression::parse(text, 4);
  REQUIRE_MESSAGE(read, text);
  return read->holds(values);
}

Error wrong(const std::string& text) {
  const auto read = StopExpression::parse(text, 4);
  REQUIRE_FALSE_MESSAGE(read, text);
  return read.error();
}

/// Where a run with a breakpoint stops when it reads a text.
std::int64_t stops_at(const std::string& when, const std::string& text, std::int64_t sampled = 0) {
  FreshLab lab("mamba1");
  carry_out(lab, command::SetBreakpoint{0, when, true});
  read(lab, text);
  if (sampled > 0) carry_out(lab, command::Step{sampled});
  return lab.snapshot()->count() - 1;
}

const std::string kText = "In the beginning was the word, and a long text follows it so that much is read at once. ";

}  // namespace

TEST_CASE("notes: left, rewritten and removed, each is undone and done again, and computes nothing") {
  FreshLab lab("mamba1");
  read(lab, "abcdefghijkl");
  const std::string before = fingerprint(lab);
  carry_out(lab, command::SetNote{0, 4, "here it turns"});
  carry_out(lab, command::SetNote{1, 9, ""});
  carry_out(lab, command::SetNote{0, 5, "no, here"});
  carry_out(lab, command::RemoveNote{1});
  using Notes = std::vector<TokenNote>;
  const auto notes = [&] { return *lab.snapshot()->notes; };
  const std::vector<Notes> history{{}, {{4, "here it turns"}}, {{4, "here it turns"}, {9, ""}}, {{5, "no, here"}, {9, ""}}, {{5, "no, here"}}};
  CHECK(notes() == history[4]);
  for (std::size_t i = 4; i-- > 0;) {
    carry_out(lab, command::Undo{});
    CHECK(notes() == history[i]);
  }
  for (std::size_t i = 1; i <= 4; ++i) {
    carry_out(lab, command::Redo{});
    CHECK(notes() == history[i]);
  }
  CHECK(fingerprint(lab) == before);
  const std::size_t entries = lab.snapshot()->undo.size();
  carry_out(lab, command::SetNote{0, 5, "no, here"});  // the same again
  CHECK(lab.snapshot()->undo.size() == entries);
}

TEST_CASE("notes: a fork takes them along and has its own from there on") {
  FreshLab lab("mamba1");
  read(lab, "abcdefghijkl");
  carry_out(lab, command::SetNote{0, 2, "both"});
  carry_out(lab, command::Fork{6});
  carry_out(lab, command::SetNote{1, 3, "the fork's"});
  CHECK(lab.snapshot()->notes->size() == 2);
  carry_out(lab, command::SwitchRun{0});
  CHECK(lab.snapshot()->notes->size() == 1);
}

TEST_CASE("notes: what is no token, no text and no place among them is refused by field and changes nothing") {
  FreshLab lab("mamba1");
  CHECK(refusal_of(lab, command::SetNote{0, 0, "a"}).field == "token");
  read(lab, "abcdef");
  CHECK(refusal_of(lab, command::SetNote{0, 6, "a"}).field == "token");
  CHECK(refusal_of(lab, command::SetNote{0, -1, "a"}).field == "token");
  CHECK(refusal_of(lab, command::SetNote{1, 0, "a"}).field == "index");
  CHECK(refusal_of(lab, command::RemoveNote{0}).field == "index");
  CHECK(refusal_of(lab, command::SetNote{0, 0, "a\nb"}).field == "text");
  CHECK(refusal_of(lab, command::SetNote{0, 0, std::string(401, 'x')}).field == "text");
  CHECK(lab.snapshot()->notes->empty());
  Lab empty{LabOptions{}};
  CHECK(refusal_of(empty, command::SetNote{0, 0, "a"}).field == "model");
  CHECK(refusal_of(empty, command::SetBreakpoint{0, "t = 3", true}).field == "model");
}

TEST_CASE("breakpoints: expressions mean what they say") {
  CHECK(value_of("1 + 2 * 3") == 7);
  CHECK(value_of("(1 + 2) * 3") == 9);
  CHECK(value_of("7 - 2 - 1") == 4);
  CHECK(value_of("8 / 4 / 2") == 1);
  CHECK(value_of("-2 * -3") == 6);
  CHECK(value_of("- -1.5") == 1.5);
  CHECK(holds("1 < 2 and 2 <= 2 and 3 > 2 and 2 >= 2 and 1 = 1 and 1 == 1 and 1 != 2"));
  CHECK(holds("0 or 1"));
  CHECK(holds("1 or 0 and 0"));  // and is stronger
  CHECK_FALSE(holds("(1 or 0) and 0"));
  CHECK(holds("not 0"));
  CHECK(holds("! (1 > 2) && (0 || 1)"));
  CHECK_FALSE(holds("not 3 > 2"));
  CHECK_FALSE(holds("1 / 0"));          // not a number
  CHECK_FALSE(holds("1 / 0 != 3"));     // no comparison with it holds
  CHECK(holds("not (1 / 0 > 3)"));
  const auto tracks = [](StopTrack track, std::int64_t layer) { return track == StopTrack::norm ? 10.0 + static_cast<double>(layer) : track == StopTrack::t ? 7.0 : track == StopTrack::token ? 42.0 : NAN; };
  CHECK(value_of("norm(L3)", tracks) == 13);
  CHECK(value_of("norm( 2 ) - t", tracks) == 5);
  CHECK(holds("token = 42 and t=7", tracks));
  CHECK_FALSE(holds("entropy > 0 or entropy <= 0", tracks));
}

TEST_CASE("breakpoints: what is not understood is refused at its place") {
  const auto place = [](const std::string& text) { return wrong(text).message; };
  CHECK(place("") == "the expression is not understood at 1");
  CHECK(place("norm(L3) >") == "the expression is not understood at 11");
  CHECK(place("norm > 3") == "the expression is not understood at 6");
  CHECK(place("1 < 2 < 3") == "the expression is not understood at 7");
  CHECK(place("taste > 3") == "the expression is not understood at 1");
  CHECK(place("t > 3)") == "the expression is not understood at 6");
  CHECK(place("(t > 3") == "the expression is not understood at 7");
  CHECK(wrong("norm(L4) > 1").expected == "a layer, 0 to 3");
  CHECK(wrong("norm(L-1) > 1").expected == "a layer, 0 to 3");
  CHECK(wrong("norm(99999999999999999999)").expected == "a layer, 0 to 3");
  CHECK(wrong("entropies > 5").found == "entropies > 5");
  CHECK(wrong(std::string(401, '1')).code == Code::too_large);
  CHECK(wrong(std::string(200, '(')).expected == "fewer parts within each other");
  CHECK(wrong(std::string(200, '-')).expected == "fewer parts within each other");
  CHECK(wrong(std::string(200, '!')).expected == "fewer parts within each other");
  for (const Error& error : {wrong("1 +"), wrong("x")}) CHECK(error.field == "when");
}

TEST_CASE("breakpoints: whatever is typed is read or refused, and what is read holds or does not") {
  std::mt19937 random(11);
  const std::vector<std::string> parts = {"t", "token", "entropy", "surprise", "alerts", "norm(L1)", "delta(2)", "write(", ")", "(", " ", "and", "or", "not", "!", "&&", "||", "<", "<=", "=", "==", "!=", ">", "+", "-", "*", "/", "0", "1e3", ".5", "1e999", "L3", "\xff", "é", "norm"};
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n-- > 0;) text += parts[random() % parts.size()] + (random() % 2 ? " " : "");
    const auto made = StopExpression::parse(text, 3);
    if (!made) {
      CHECK(made.error().field == "when");
      CHECK_FALSE(made.error().expected.empty());
      continue;
    }
    ++read;
    const auto values = [&](StopTrack, std::int64_t layer) { return layer >= 3 ? throw std::out_of_range("layer") : random() % 3 == 0 ? NAN : static_cast<double>(random() % 5); };
    (void)made->holds(values);
  }
  CHECK(read > 100);
}

TEST_CASE("breakpoints: the run pauses after the first token for which one holds, and the rest waits") {
  CHECK(stops_at("t = 17", kText) == 17);
  CHECK(stops_at("token = 98", kText) == static_cast<std::int64_t>(kText.find('b')));
  CHECK(stops_at("t >= 30 and token = 97", kText) == static_cast<std::int64_t>(kText.find('a', 30)));
  CHECK(stops_at("t > 1000", kText) == std::ssize(kText) - 1);
  FreshLab whole("mamba1");
  read(whole, kText);
  const auto trace = whole.snapshot()->trace;
  float highest = 0;
  for (std::int64_t t = 0; t < 60; ++t) highest = std::max(highest, trace->statistic(1, Statistic::h_norm, t).mean);
  std::int64_t first = 0;
  while (trace->statistic(1, Statistic::h_norm, first).mean < 0.75f * highest) ++first;
  CHECK(stops_at("norm(L1) >= " + std::to_string(static_cast<double>(0.75f * highest)), kText) == first);
}

TEST_CASE("breakpoints: a paused run goes on with the same bits, and says why it paused") {
  FreshLab whole("mamba2"), lab("mamba2");
  read(whole, kText);
  carry_out(whole, command::Step{20});
  carry_out(lab, command::SetBreakpoint{0, "token = 32", true});  // every blank
  carry_out(lab, command::FeedText{kText});
  int pauses = 0;
  while (!lab.snapshot()->waiting.empty()) {
    carry_out(lab, command::ReadWaiting{});
    ++pauses;
    CHECK(lab.snapshot()->tokens[lab.snapshot()->count() - 1][0] == 32);
  }
  CHECK(pauses == std::ranges::count(kText, ' '));
  CHECK(lab.snapshot()->notices.back().text == "paused at t = " + std::to_string(kText.size() - 1) + ": token = 32");
  CHECK_FALSE(lab.snapshot()->notices.back().is_error);
  carry_out(lab, command::SetBreakpoint{0, "token = 32", false});
  carry_out(lab, command::Step{20});
  CHECK(lab.snapshot()->count() == whole.snapshot()->count());
  CHECK(lab.state().hash() == whole.state().hash());
}

TEST_CASE("breakpoints: entropy, surprise and alerts are those of the token") {
  CHECK(stops_at("entropy > 0", kText) == 0);
  CHECK(stops_at("entropy > 100", kText.substr(0, 20)) == 19);
  CHECK(stops_at("surprise >= 0", kText) == 1);  // before the first token nothing was expected
  Rule high = default_rule(*find_rule_kind("norm-high"));
  high.on = true, high.self_calibrated = false, high.limit = 1e-3;
  FreshLab whole("mamba1"), paused("mamba1");
  for (FreshLab* lab : {&whole, &paused}) carry_out(*lab, command::SetRule{0, high});
  read(whole, kText);
  Context<float> context;
  Watcher watcher(*whole.opened()->model, *whole.snapshot()->rules, context);
  REQUIRE(watcher.follow(watched(*whole.snapshot()), whole.snapshot()->count(), {}));
  REQUIRE_FALSE(watcher.alerts().empty());
  carry_out(paused, command::SetBreakpoint{0, "alerts > 0", true});
  read(paused, kText);
  CHECK(paused.snapshot()->count() - 1 == watcher.alerts().front().finding.token);
}

TEST_CASE("breakpoints: they are numbered, switched, removed, refused by name, and gone with the model") {
  FreshLab lab("mamba1");
  carry_out(lab, command::SetBreakpoint{0, "t = 3", true});
  carry_out(lab, command::SetBreakpoint{1, "alerts > 0", false});
  const std::size_t layers = lab.snapshot()->model->layers.size();
  CHECK(refusal_of(lab, command::SetBreakpoint{3, "t = 3", true}).field == "index");
  CHECK(refusal_of(lab, command::SetBreakpoint{2, "norm(L" + std::to_string(layers) + ") > 1", true}).field == "when");
  CHECK(refusal_of(lab, command::RemoveBreakpoint{2}).field == "index");
  CHECK(*lab.snapshot()->breakpoints == std::vector<Breakpoint>{{"t = 3", true}, {"alerts > 0", false}});
  carry_out(lab, command::RemoveBreakpoint{0});
  CHECK(lab.snapshot()->breakpoints->front().when == "alerts > 0");
  lab.put(random_model("mamba1"));
  CHECK(lab.snapshot()->breakpoints->empty());
}

TEST_CASE("breakpoints: added, changed, switched and removed, each is undone and done again, what pauses with it, and computes nothing") {
  FreshLab lab("mamba1");
  const std::string before = fingerprint(lab);
  using Breakpoints = std::vector<Breakpoint>;
  std::vector<Breakpoints> history{{}};
  for (const Command& command : std::initializer_list<Command>{command::SetBreakpoint{0, "t = 3", true}, command::SetBreakpoint{1, "alerts > 0", true}, command::SetBreakpoint{0, "t = 5", true},
                                                               command::SetBreakpoint{1, "alerts > 0", false}, command::RemoveBreakpoint{0}}) {
    carry_out(lab, command);
    history.push_back(*lab.snapshot()->breakpoints);
    CHECK(history.back() != history[history.size() - 2]);
  }
  CHECK(lab.snapshot()->undo.size() == history.size() - 1);
  CHECK(lab.snapshot()->undo.back().label == "remove the breakpoint t = 5");
  for (std::size_t i = history.size() - 1; i-- > 0;) {
    carry_out(lab, command::Undo{});
    CHECK(*lab.snapshot()->breakpoints == history[i]);
  }
  for (std::size_t i = 1; i < history.size(); ++i) {
    carry_out(lab, command::Redo{});
    CHECK(*lab.snapshot()->breakpoints == history[i]);
  }
  CHECK(fingerprint(lab) == before);
  carry_out(lab, command::SetBreakpoint{0, "alerts > 0", false});  // the same again
  CHECK(lab.snapshot()->undo.size() == history.size() - 1);
}

TEST_CASE("breakpoints: a run pauses at those that undo and redo brought back, and at no other") {
  FreshLab lab("mamba1");
  carry_out(lab, command::SetBreakpoint{0, "t = 3", true});
  carry_out(lab, command::SetBreakpoint{0, "t = 6", true});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::FeedText{"abcdefghijkl"});
  carry_out(lab, command::ReadWaiting{});
  CHECK(lab.count() == 4);
  for (int i = 0; i < 3; ++i) carry_out(lab, command::Undo{});  // what was read, what was fed, the breakpoint
  CHECK(lab.snapshot()->breakpoints->empty());
  for (int i = 0; i < 2; ++i) carry_out(lab, command::Redo{});
  CHECK(lab.count() == 0);
  carry_out(lab, command::ReadWaiting{});
  CHECK(lab.count() == 4);
}

TEST_CASE("breakpoints: a session with notes and breakpoints reads back as it was written and does the same again") {
  Session session{.model = "it"};
  FreshLab first("mamba1"), second("mamba1");
  for (const Command& command : std::initializer_list<Command>{command::SetBreakpoint{0, "t = 4", true}, command::FeedText{"abcdefgh"}, command::ReadWaiting{}, command::SetNote{0, 4, "paused „here“"},
                                                               command::SetBreakpoint{0, "t = 4", false}, command::ReadWaiting{}}) {
    session.commands.push_back({first.snapshot()->count(), command});
    carry_out(first, command);
  }
  CHECK(session.commands[3].step == 5);
  const Result<Session> read = parse_session(json_of(session), "");
  REQUIRE(read);
  CHECK(json_of(*read) == json_of(session));
  for (const SessionCommand& each : read->commands) {
    CHECK(second.snapshot()->count() == each.step);
    carry_out(second, each.command);
  }
  CHECK(*first.snapshot()->notes == *second.snapshot()->notes);
  CHECK(fingerprint(first) == fingerprint(second));
}

}  // namespace lab::test
