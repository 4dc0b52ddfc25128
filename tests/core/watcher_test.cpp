// Rules that watch a run: the same findings however it was read, and what they do where they find something.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "app/core/command_json.h"
#include "app/core/watcher.h"
#include "support.h"

namespace lab::test {
namespace {

const std::string kText = "state spaces remember what they have read, and forget it again; some of it they never wrote";

Rule above(double limit, const std::string& on_alert) {
  return {.kind = "track", .limit = limit, .origin = "yours", .layer = 1, .on_alert = on_alert, .dead_tokens = 8, .statistic = "h_norm"};
}

/// Norms of layer 1 after each token of the text, without any rule that acts.
std::vector<float> norms() {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{kText});
  carry_out(lab, command::ReadWaiting{});
  std::vector<float> values;
  for (std::int64_t t = 0; t < lab.snapshot()->count(); ++t) values.push_back(lab.snapshot()->trace->statistic(1, Statistic::h_norm, t).mean);
  return values;
}

/// A limit that the norm passes first well inside the text, and the token at which it does.
std::pair<double, std::int64_t> limit_passed() {
  const auto values = norms();
  float largest = 0;
  for (std::size_t t = 0; t + 20 < values.size(); ++t) {
    if (t > 20 && values[t] > largest) return {(static_cast<double>(values[t]) + largest) / 2, static_cast<std::int64_t>(t)};
    largest = std::max(largest, values[t]);
  }
  FAIL("the norm never rises");
  return {};
}

std::string text_of(const AlertLog& log) {
  std::string text = std::to_string(log.first) + "-" + std::to_string(log.seen);
  for (const Alert& alert : log.alerts)
    text += "\n" + std::to_string(alert.rule) + " " + std::to_string(alert.finding.token) + " " + std::to_string(alert.finding.layer) + " " + alert.finding.text;
  for (const auto& rows : log.measured)
    for (std::int64_t row = 0; row < rows.count(); ++row)
      for (const float value : rows[row]) text += " " + std::to_string(std::isnan(value) ? -1 : value);
  return text;
}

struct Followed {
  FreshLab& lab;
  Context<float> context;
  Watcher watcher;
  explicit Followed(FreshLab& of) : lab(of), watcher(*of.opened()->model, rules(), context) {}
  static std::vector<Rule> rules() {
    std::vector<Rule> all = rule_presets().front().rules;
    for (Rule& rule : all) rule.on = true;
    all.push_back(above(limit_passed().first, "mark"));
    return all;
  }
  std::string look() {
    const auto followed = watcher.follow(watched(*lab.snapshot()), lab.snapshot()->count(), {});
    REQUIRE(followed);
    CHECK(*followed);
    return text_of(*watcher.log());
  }
};

void read(Lab& lab, const std::string& text) {
  carry_out(lab, command::FeedText{text});
  carry_out(lab, command::ReadWaiting{});
}

}  // namespace

TEST_CASE("watcher: the same is measured and found token by token, in one go, and after the past was changed and changed back") {
  FreshLab lab("mamba2");
  Followed slowly(lab);
  for (const char c : kText) {
    read(lab, std::string(1, c));
    slowly.look();
  }
  const std::string expected = slowly.look();
  CHECK(expected.find("\n") != std::string::npos);
  CHECK(Followed(lab).look() == expected);
  carry_out(lab, command::TakeBack{30});
  CHECK(slowly.look() == Followed(lab).look());
  carry_out(lab, command::ScaleState{1, 40});
  read(lab, "and another end, longer than the one that was taken back");
  CHECK(slowly.look() == Followed(lab).look());
  CHECK(slowly.look() != expected);
  for (int i = 0; i < 4; ++i) carry_out(lab, command::Undo{});
  CHECK(slowly.look() == expected);
}

TEST_CASE("watcher: long runs go back to a checkpoint, and a reset begins anew") {
  FreshLab lab("mamba2");
  Followed watching(lab);
  for (int i = 0; i < 12; ++i) read(lab, kText);
  watching.look();
  carry_out(lab, command::TakeBack{500});
  CHECK(watching.look() == Followed(lab).look());
  carry_out(lab, command::Reset{});
  read(lab, kText);
  CHECK(watching.look() == Followed(lab).look());
}

TEST_CASE("rules: pausing stops right behind the token, however much is read at once, and what is left waits") {
  const auto [limit, token] = limit_passed();
  std::string stepped;
  for (const bool at_once : {false, true}) {
    FreshLab lab("mamba2");
    carry_out(lab, command::SetRule{0, above(limit, "pause")});
    carry_out(lab, command::FeedText{kText});
    if (at_once) carry_out(lab, command::ReadWaiting{});
    else carry_out(lab, command::Step{60});
    const auto snapshot = lab.snapshot();
    CHECK(snapshot->count() == token + 1);
    CHECK(snapshot->count() + std::ssize(snapshot->waiting) == std::ssize(norms()));
    CHECK(snapshot->state == EngineState::paused);
    CHECK_FALSE(snapshot->notices.back().is_error);
    if (at_once) CHECK(fingerprint(lab) == stepped);
    stepped = fingerprint(lab);
    const std::string after = stepped;
    carry_out(lab, command::Undo{});
    CHECK(lab.snapshot()->count() == 0);
    carry_out(lab, command::Redo{});
    CHECK(fingerprint(lab) == after);
    carry_out(lab, command::Step{3});  // goes on: the event is over once it was found
    CHECK(lab.snapshot()->count() == token + 4);
  }
}

TEST_CASE("rules: a reset zeroes the state behind the token and reading goes on") {
  const auto [limit, token] = limit_passed();
  FreshLab lab("mamba2");
  carry_out(lab, command::SetRule{0, above(limit, "reset")});
  read(lab, kText);
  const auto snapshot = lab.snapshot();
  CHECK(snapshot->count() == std::ssize(norms()));
  REQUIRE_FALSE(snapshot->edits->empty());
  CHECK(snapshot->edits->front().position == token + 1);
  FreshLab by_hand("mamba2");
  carry_out(by_hand, command::FeedText{kText});
  std::int64_t at = 0;
  for (const EditEvent& edit : *snapshot->edits) {
    carry_out(by_hand, command::Step{edit.position - at});
    carry_out(by_hand, command::ZeroState{-1});
    at = edit.position;
  }
  carry_out(by_hand, command::ReadWaiting{});
  CHECK(fingerprint(lab) == fingerprint(by_hand));
}

TEST_CASE("rules: rolling back takes tokens back and pauses; a dump writes the state behind the token") {
  const auto [limit, token] = limit_passed();
  Rule back = above(limit, "roll_back");
  back.roll_back = 5;
  FreshLab lab("mamba2");
  carry_out(lab, command::SetRule{0, back});
  read(lab, kText);
  CHECK(lab.snapshot()->count() == token + 1 - 5);
  CHECK(lab.snapshot()->count() + std::ssize(lab.snapshot()->waiting) == std::ssize(norms()));

  std::vector<std::pair<std::int64_t, std::string>> dumped;
  LabOptions options;
  options.dump = [&](const State& state, const std::string& name, const std::string&) {
    dumped.emplace_back(state.position, name);
    return Status();
  };
  FreshLab writing("mamba2", options);
  carry_out(writing, command::SetRule{0, above(limit, "dump")});
  read(writing, kText);
  REQUIRE_FALSE(dumped.empty());
  CHECK(dumped.front().first == token + 1);
  CHECK(dumped.front().second == "alert-track-t" + std::to_string(token) + ".safetensors");
  CHECK(writing.snapshot()->count() == std::ssize(norms()));
}

TEST_CASE("rules: what lanes read side by side is not acted upon, only what a run reads by itself") {
  const auto [limit, token] = limit_passed();
  FreshLab lab("mamba2");
  carry_out(lab, command::SetRule{0, above(limit, "pause")});
  carry_out(lab, command::OpenLanes{{kText}});
  carry_out(lab, command::StepLanes{token + 3});
  CHECK(lab.snapshot()->count() == token + 3);
  carry_out(lab, command::Step{1});
  CHECK(lab.snapshot()->count() == token + 4);
}

TEST_CASE("rules: those set later act on what is read from then on, after the past was looked at") {
  const auto [limit, token] = limit_passed();
  FreshLab lab("mamba2");
  read(lab, kText);
  const std::int64_t before = lab.snapshot()->count();
  carry_out(lab, command::SetRule{0, above(limit / 2, "pause")});
  read(lab, kText);
  CHECK(lab.snapshot()->count() > before);
}

TEST_CASE("rules: sets by name, replaced, added and removed; what cannot be is refused by field") {
  FreshLab lab("mamba2");
  const auto count = std::ssize(*lab.snapshot()->rules);
  CHECK(count > 8);
  carry_out(lab, command::SetRule{count, above(3, "mark")});
  CHECK(lab.snapshot()->rules->back().limit == 3);
  carry_out(lab, command::RemoveRule{count});
  CHECK(std::ssize(*lab.snapshot()->rules) == count);
  carry_out(lab, command::UseRules{"document 2"});
  CHECK(lab.snapshot()->rules->front().origin == "document 2");
  CHECK(refusal_of(lab, command::UseRules{"none"}).field == "preset");
  CHECK(refusal_of(lab, command::RemoveRule{99}).field == "index");
  CHECK(refusal_of(lab, command::SetRule{99, above(3, "mark")}).field == "index");
  Rule wrong = above(3, "mark");
  wrong.statistic = "h_norms";
  CHECK(refusal_of(lab, command::SetRule{0, wrong}).field == "statistic");
  wrong = above(3, "shout");
  CHECK(refusal_of(lab, command::SetRule{0, wrong}).field == "on_alert");
}

TEST_CASE("rules: a changed rule is undone and done again, what it does with it, and the same again is no entry") {
  const auto [limit, token] = limit_passed();
  FreshLab lab("mamba2");
  const std::vector<Rule> first = *lab.snapshot()->rules;
  carry_out(lab, command::SetRule{0, above(limit, "pause")});
  const std::vector<Rule> second = *lab.snapshot()->rules;
  carry_out(lab, command::UseRules{"document 2"});
  const std::size_t entries = lab.snapshot()->undo.size();
  carry_out(lab, command::Undo{});
  CHECK(*lab.snapshot()->rules == second);
  carry_out(lab, command::SetRule{0, above(limit, "pause")});
  CHECK(lab.snapshot()->undo.size() == entries - 1);
  CHECK(lab.snapshot()->redo.size() == 1);
  carry_out(lab, command::Undo{});
  CHECK(*lab.snapshot()->rules == first);
  read(lab, kText);  // nothing pauses
  CHECK(lab.snapshot()->count() > token + 1);
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::TakeBack{lab.snapshot()->count(), false});
  carry_out(lab, command::SetRule{0, above(limit, "pause")});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Redo{});
  read(lab, kText);  // the rule that is there again does
  CHECK(lab.snapshot()->count() == token + 1);
  carry_out(lab, command::ReadWaiting{});
  while (!lab.snapshot()->waiting.empty()) carry_out(lab, command::ReadWaiting{});
  CHECK(fingerprint(lab) == whole);
}

TEST_CASE("rules: a session may leave out what is as the kind has it, and says all when it is written") {
  const auto short_form = parse_command(R"({"command": "set_rule", "index": 2, "rule": {"kind": "context-shift", "on_alert": "pause"}})", "");
  REQUIRE(short_form);
  const auto& set = std::get<command::SetRule>(*short_form);
  CHECK(set.rule.on_alert == "pause");
  CHECK(set.rule.limit == default_rule(*find_rule_kind("context-shift")).limit);
  const auto again = parse_command(json_of(*short_form), "");
  REQUIRE(again);
  CHECK(json_of(*again) == json_of(*short_form));
  CHECK(parse_command(R"({"command": "set_rule", "index": 2, "rule": {"kind": "drift", "limits": 1}})", "").error().field == "rule.limits");
  CHECK(parse_command(R"({"command": "set_rule", "index": 2, "rule": {"kind": "drift", "layer": 1e99}})", "").error().field == "rule.layer");
}

}  // namespace lab::test
