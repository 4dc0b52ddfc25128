// Lanes: runs that are opened side by side, read together, and are reset apart from each other.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "app/core/replay.h"
#include "model/base/hash.h"
#include "model/lanes.h"
#include "support.h"

namespace lab::test {
namespace {

using Ids = std::vector<std::int32_t>;

/// Episodes of three lengths.
const std::vector<Ids> kEpisodes{{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3}, {2, 7, 1, 8, 2}, {1, 6, 1, 8, 0, 3, 3, 9, 8, 8, 7}};
const Ids kNext{9, 8, 6, 9, 6, 0, 4, 4};

/// Opens a lane for each episode, numbered from 1 on, beside the run 0, which reads nothing.
void open_lanes(Lab& lab) {
  carry_out(lab, command::OpenLanes{std::vector<std::string>(kEpisodes.size())});
  for (std::size_t i = 0; i < kEpisodes.size(); ++i) {
    carry_out(lab, command::SwitchRun{static_cast<std::int64_t>(i) + 1});
    carry_out(lab, command::FeedTokens{kEpisodes[i]});
  }
}

void read(Lab& lab, const Ids& ids) {
  carry_out(lab, command::FeedTokens{ids});
  carry_out(lab, command::ReadWaiting{});
}

std::string fingerprint_of(Lab& lab, std::int64_t run) {
  carry_out(lab, command::SwitchRun{run});
  return fingerprint(lab);
}

/// What every run holds; the active one stays active.
std::map<std::int64_t, std::string> fingerprints(Lab& lab) {
  std::map<std::int64_t, std::string> all;
  const auto snapshot = lab.snapshot();
  for (const RunFacts& each : snapshot->runs) all[each.id] = each.name + ": " + fingerprint_of(lab, each.id);
  carry_out(lab, command::SwitchRun{snapshot->active_run});
  return all;
}

/// The bits of the live state, wherever it stands, and what is expected after it.
std::string bits(Lab& lab) {
  State state = lab.state();
  state.position = 0;
  const auto snapshot = lab.snapshot();
  return hex_of(state.hash()) + " " + hex_of(hash_bytes(snapshot->last_logits.data(), snapshot->last_logits.size() * sizeof(float)));
}

TEST_CASE("lanes: however they step, each has the bits of a run that reads its text by itself") {
  for (const char* model : {"mamba1", "mamba2", "rwkv4", "llama", "granite-moe"}) {
    INFO(model);
    const auto lab = open_golden(model);
    open_lanes(*lab);
    for (const std::int64_t count : {1, 3, 0}) carry_out(*lab, command::StepLanes{count});
    for (std::size_t i = 0; i < kEpisodes.size(); ++i) {
      const auto alone = open_golden(model);
      read(*alone, kEpisodes[i]);
      CHECK(fingerprint_of(*lab, static_cast<std::int64_t>(i) + 1) == fingerprint(*alone));
    }
    carry_out(*lab, command::SwitchRun{0});
    CHECK(lab->snapshot()->count() == 0);
  }
}

TEST_CASE("lanes: one that has read all stays as it is while the others read on, and is told apart from them") {
  FreshLab lab("mamba2");
  carry_out(lab, command::OpenLanes{{"a long episode", "short", ""}});
  const auto snapshot = lab.snapshot();
  REQUIRE(snapshot->runs.size() == 4);
  CHECK(snapshot->active_run == 3);
  CHECK(snapshot->runs[2].name == "lane 2");
  CHECK(snapshot->runs[2].parent == -1);
  CHECK(snapshot->runs[2].waiting == 5);
  CHECK(snapshot->runs[3].waiting == 0);
  carry_out(lab, command::StepLanes{5});
  const std::string finished = fingerprint_of(lab, 2);
  const std::size_t undoable = lab.snapshot()->undo.size();
  carry_out(lab, command::StepLanes{3});
  CHECK(fingerprint_of(lab, 2) == finished);
  CHECK(lab.snapshot()->runs[1].tokens.count() == 8);
  carry_out(lab, command::StepLanes{0});
  CHECK(lab.snapshot()->runs[1].tokens.count() == 14);
  CHECK(lab.snapshot()->undo.size() == undoable + 2);
  carry_out(lab, command::StepLanes{1});  // nothing waits anywhere: nothing is done, and there is nothing to undo
  CHECK(lab.snapshot()->undo.size() == undoable + 2);
}

TEST_CASE("lanes: a reset leaves the others every bit, and a text after it is read from the lane's own neutral state") {
  for (const char* model : {"mamba1", "mamba2", "rwkv4"}) {
    INFO(model);
    const auto lab = open_golden(model), alone = open_golden(model);
    open_lanes(*lab);
    carry_out(*lab, command::StepLanes{5});
    auto before = fingerprints(*lab);
    carry_out(*lab, command::ResetLanes{{2}, 0});
    auto after = fingerprints(*lab);
    CHECK(before.at(2) != after.at(2));
    before.erase(2), after.erase(2);
    CHECK(before == after);
    carry_out(*lab, command::SwitchRun{2});
    State neutral(lab->opened()->model->schema());
    neutral.position = 5;
    CHECK(lab->state().hash() == neutral.hash());
    REQUIRE(lab->snapshot()->edits->size() == 1);
    const EditEvent event = lab->snapshot()->edits->front();
    CHECK((event.is_reset && event.position == 5 && event.kept == 0 && event.label == "reset lane 2" && event.brief == "reset"));
    carry_out(*lab, command::FeedTokens{kNext});
    carry_out(*lab, command::StepLanes{0});
    read(*alone, kNext);
    CHECK(bits(*lab) == bits(*alone));
    const auto first = open_golden(model);
    read(*first, kEpisodes[0]);
    CHECK(fingerprint_of(*lab, 1) == fingerprint(*first));
  }
}

TEST_CASE("lanes: after a soft reset a text is read from so much of the lane's own past") {
  for (const char* model : {"mamba2", "rwkv4"}) {
    INFO(model);
    const auto lab = open_golden(model);
    open_lanes(*lab);
    carry_out(*lab, command::StepLanes{0});
    carry_out(*lab, command::SwitchRun{2});
    State softened = lab->state();
    soften(softened, 0.25f);
    carry_out(*lab, command::ResetLanes{{2, 3}, 0.25});
    CHECK(lab->state().hash() == softened.hash());
    CHECK_FALSE(lab->snapshot()->edits->front().is_reset);
    CHECK(lab->snapshot()->edits->front().kept == 0.25);
    read(*lab, kNext);
    Lab alone{LabOptions{}};
    alone.put(lab->opened());
    softened.position = 0;
    REQUIRE(alone.start_from(softened).applied);
    read(alone, kNext);
    CHECK(bits(*lab) == bits(alone));
  }
}

/// Everything that is done to lanes, and what else is done to runs in between.
std::vector<Command> eventful_lanes() {
  return {command::OpenLanes{{"the first", "2nd", "a third one"}},
          command::StepLanes{2},
          command::StepLanes{4},
          command::ResetLanes{{2, 1}, 0},
          command::FeedText{" goes on"},
          command::StepLanes{0},
          command::TakeBack{9},
          command::SwitchRun{2},
          command::FeedText{"again"},
          command::StepLanes{3},
          command::ResetLanes{{2}, 0.5},
          command::Step{4},
          command::TakeBack{8, true},  // beyond both resets
          command::StepLanes{0},
          command::OpenLanes{{"late"}},
          command::StepLanes{1},
          command::DeleteRun{1},
          command::StepAll{2}};
}

TEST_CASE("lanes: all that is done to them is taken back and done again to the bit, in the order in which they stand") {
  for (const char* family : {"mamba1", "mamba2"}) {
    FreshLab lab(family);
    const auto order = [&] {
      std::string names;
      const auto snapshot = lab.snapshot();
      for (const RunFacts& run : snapshot->runs) names += run.name + ", ";
      return names;
    };
    std::vector<std::map<std::int64_t, std::string>> history{fingerprints(lab)};
    std::vector<std::string> orders{order()};
    for (const Command& command : eventful_lanes()) {
      carry_out(lab, command);
      if (std::holds_alternative<command::SwitchRun>(command)) continue;  // looking at another run is nothing to undo
      history.push_back(fingerprints(lab)), orders.push_back(order());
      CHECK(history.back() != history[history.size() - 2]);
    }
    REQUIRE(lab.snapshot()->undo.size() == history.size() - 1);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = history.size() - 1; i-- > 0;) {
        carry_out(lab, command::Undo{});
        INFO("undone to ", i);
        CHECK(fingerprints(lab) == history[i]);
        CHECK(order() == orders[i]);
      }
      for (std::size_t i = 1; i < history.size(); ++i) {
        carry_out(lab, command::Redo{});
        INFO("done again to ", i);
        CHECK(fingerprints(lab) == history[i]);
        CHECK(order() == orders[i]);
      }
    }
  }
}

TEST_CASE("lanes: stepping and resetting them leaves the run active that is looked at, also when it is taken back") {
  FreshLab lab("mamba1");
  carry_out(lab, command::OpenLanes{{"one", "two", "three"}});
  carry_out(lab, command::SwitchRun{2});
  for (const Command& command : {Command(command::StepLanes{0}), Command(command::ResetLanes{{1, 3}, 0})}) carry_out(lab, command);
  CHECK(lab.snapshot()->active_run == 2);
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Undo{});
  CHECK(lab.snapshot()->active_run == 2);
  carry_out(lab, command::Redo{});
  CHECK(lab.snapshot()->active_run == 2);
}

TEST_CASE("lanes: a session of them is replayed to the same bits of every lane, at 1, 2 and 4 threads") {
  FreshLab lab("mamba2");
  for (const Command& command : eventful_lanes()) carry_out(lab, command);
  Session session{.model = "it", .commands = commands_of(lab.snapshot()->record)};
  const Result<Session> read = parse_session(json_of(session), "");
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text()));
  for (const int threads : {1, 2, 4}) {
    LabOptions options;
    options.arithmetic.threads = threads;
    FreshLab again("mamba2", options);
    const Status status = replay(read->commands, again, {}, nullptr);
    REQUIRE_MESSAGE(status, (status ? "" : status.error().text()));
    CHECK(json_of(Session{.model = "it", .commands = commands_of(again.snapshot()->record)}) == json_of(session));
    CHECK(fingerprints(again) == fingerprints(lab));
  }
}

TEST_CASE("lanes: stopped on the way, none of them has read anything, and what was seen until then was the active run") {
  Lab* seen = nullptr;
  int pieces = 0;
  std::vector<std::int64_t> active;
  LabOptions options;
  options.go_on = [&] {
    active.push_back(seen->snapshot()->active_run);
    return --pieces > 0;
  };
  FreshLab lab("mamba1", options);
  seen = &lab;
  carry_out(lab, command::OpenLanes{{std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')}});
  carry_out(lab, command::SwitchRun{2});
  const auto before = fingerprints(lab);
  pieces = 4;  // the lane that is last is read whole, the one before it in part
  CHECK(refusal_of(lab, command::StepLanes{0}).code == Code::cancelled);
  CHECK(active == std::vector<std::int64_t>(4, 2));
  CHECK(fingerprints(lab) == before);
  pieces = 1000;
  carry_out(lab, command::StepLanes{0});
  for (const std::int64_t run : {1, 2, 3}) CHECK(lab.snapshot()->runs[static_cast<std::size_t>(run)].tokens.count() == 100);
}

TEST_CASE("lanes: while they read, all together stay within the budget") {
  Lab* seen = nullptr;
  std::int64_t most = 0;
  LabOptions options;
  options.trace.budget_bytes = 4 << 20;
  options.go_on = [&] {
    most = std::max(most, seen->history_bytes());
    return true;
  };
  FreshLab lab("mamba1", options);
  seen = &lab;
  carry_out(lab, command::OpenLanes{std::vector<std::string>(4, std::string(4000, 'x'))});
  carry_out(lab, command::StepLanes{0});
  CHECK(most > options.trace.budget_bytes / 2);
  CHECK(std::max(most, lab.history_bytes()) <= options.trace.budget_bytes + (1 << 20));  // the tiles that are being written are never dropped
}

TEST_CASE("lanes: what cannot be done is refused by field and changes nothing") {
  FreshLab lab("mamba1");
  carry_out(lab, command::OpenLanes{{"one", "two"}});
  carry_out(lab, command::StepLanes{2});
  const auto before = fingerprints(lab);
  const std::size_t undoable = lab.snapshot()->undo.size();
  CHECK(refusal_of(lab, command::OpenLanes{}).field == "texts");
  CHECK(refusal_of(lab, command::OpenLanes{std::vector<std::string>(1000)}).field == "texts");
  CHECK(refusal_of(lab, command::StepLanes{-1}).field == "count");
  CHECK(refusal_of(lab, command::ResetLanes{{}, 0}).field == "runs");
  CHECK(refusal_of(lab, command::ResetLanes{{1, 7}, 0}).field == "runs[1]");
  CHECK(refusal_of(lab, command::ResetLanes{{2, 1, 2}, 0}).field == "runs[0]");
  for (const double kept : {-0.5, 1.5, std::numeric_limits<double>::quiet_NaN()}) CHECK(refusal_of(lab, command::ResetLanes{{1}, kept}).field == "kept");
  CHECK(fingerprints(lab) == before);
  CHECK(lab.snapshot()->undo.size() == undoable);
  Lab empty{LabOptions{}};
  CHECK(refusal_of(empty, command::OpenLanes{{"a"}}).field == "model");
  auto model = std::make_shared<OpenedModel>(*random_model("mamba2"));
  model->tokenizer = nullptr;
  Lab without_tokenizer{LabOptions{}};
  without_tokenizer.put(model);
  CHECK(refusal_of(without_tokenizer, command::OpenLanes{{"", "a"}}).field == "tokenizer.json");
  CHECK(without_tokenizer.snapshot()->runs.size() == 1);
}

}  // namespace
}  // namespace lab::test
