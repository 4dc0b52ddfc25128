// The exchange between a window and what works for it: commands go in, snapshots and what is derived from them come out, while every
// thread is held up at moments that nobody chose.
//   LAB_EXCHANGES=1000000 LAB_EXCHANGES_SEED=2 build/tsan/engine_test -tc="exchange*"     a longer one, or another one
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "app/core/analyst.h"
#include "app/core/engine.h"
#include "support.h"
#include "tests/from_environment.h"

namespace lab::test {
namespace {

constexpr std::int64_t kOfOneEngine = 500;  // exchanges: what an engine keeps of what was done stays short
constexpr std::int64_t kNoRun = 1'000'000;
constexpr std::int64_t kPrompt = 16;        // tokens that are always there
constexpr const char* kPromptText = "once upon a time";

std::atomic<std::uint32_t> seed_of_next_thread = 0;

/// Holds the calling thread up: most often not at all, at times until others had a turn, seldom for longer.
void hold_up() {
  thread_local std::minstd_rand random(++seed_of_next_thread);
  switch (random() % 16) {
    case 0: return std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
    case 1: case 2: case 3: return std::this_thread::yield();
    default: return;
  }
}

std::uint64_t last_notice(const Snapshot& snapshot) { return snapshot.notices.empty() ? 0 : snapshot.notices.back().number; }

/// All that a snapshot says is of one moment.
void check_whole(const Snapshot& s) {
  REQUIRE(s.model);
  REQUIRE(s.count() >= kPrompt);
  REQUIRE(s.trace->count() == s.count());
  REQUIRE(s.times.count() == s.count());
  REQUIRE_FALSE(s.last_logits.empty());
  REQUIRE(s.selection.cursor_a < s.count());
  const RunFacts* active = s.find_run(s.active_run);
  REQUIRE(active);
  REQUIRE(active->run == s.run);
  REQUIRE(active->trace->revision() == s.trace->revision());
  for (const RunFacts& each : s.runs) {
    REQUIRE(each.trace->count() == each.tokens.count());
    REQUIRE(each.forked_at <= each.tokens.count());
  }
  for (const EditEvent& edit : *s.edits) REQUIRE(edit.position <= s.count());
  for (std::size_t i = 1; i < s.notices.size(); ++i) REQUIRE(s.notices[i].number == s.notices[i - 1].number + 1);
}

/// A window that gives commands at random and looks after each.
class ExchangingWindow {
 public:
  explicit ExchangingWindow(std::uint64_t seed)
      : random_(seed), engine_(options(), hold_up), analyst_({.threads = 1}, hold_up), derived_(analyst_.latest()) {
    for (const Command& command : std::initializer_list<Command>{command::Open{"it"}, command::FeedText{kPromptText}, command::ReadWaiting{}}) engine_.submit(command);
    settle(engine_);
    applied_.clear();
    opened_ = engine_.opened();
    look();
  }

  void exchange() {
    const std::int64_t seed = seed_;
    for (Command& command : next()) submit(std::move(command));
    hold_up();
    look();
    if (seed_ != seed && below(64) == 0) wait_for_answer();
    hold_up();
  }

  /// Brings all to rest, and compares what was asked with what came of it.
  void end() {
    submit(command::SetSampling{{.seed = ++seed_}});
    wait_for_answer();  // nothing that could work is left in the queue
    submit(command::Pause{});
    settle(engine_);
    look();
    REQUIRE(eventually([&] { return analyst_.idle(); }));
    look();
    CHECK(seen_->state == EngineState::paused);
    CHECK(derived_->snapshot == seen_->number);
    check_answers();
  }

 private:
  LabOptions options() {
    LabOptions options = opening(disturbed(random_model("mamba1"), [](Context<float>&) { hold_up(); }));
    options.applied = [this](const SessionCommand& done, const OpenedModel&) { applied_.push_back(done.command); };
    return options;
  }

  std::int64_t below(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(0, n - 1)(random_); }

  std::vector<Command> next() {
    switch (below(14)) {
      case 0: return {command::Run{}};
      case 1: return {command::Pause{}};
      case 2: return {command::Step{1 + below(8)}};
      case 3: return {command::ZeroState{below(3)}, command::Undo{}};  // there is always something to undo beside the prompt
      case 4: return {command::ScaleState{-1, 0.5}};
      case 5: return {command::SwitchRun{below(2) == 0 ? 0 : kNoRun}};
      case 6: return {below(8) == 0 ? Command(command::Fork{}) : Command(command::StepAll{1})};
      case 7: return {command::Select{below(3), below(64), below(8)}};
      case 8: case 9: return {command::Seek{below(kPrompt), "a"}};
      default: return {command::SetSampling{{.seed = ++seed_}}};
    }
  }

  void submit(Command command) {
    asked_.push_back(command);
    engine_.submit(std::move(command));
  }

  void wait_for_answer() {
    REQUIRE(eventually([&] { return look(), seen_->sampling.seed == seed_; }));
  }

  void look() {
    if (auto snapshot = engine_.latest(); snapshot != seen_) take(std::move(snapshot));
    if (auto derived = analyst_.latest(); derived != derived_) take(std::move(derived));
  }

  void take(std::shared_ptr<const Snapshot> snapshot) {
    check_whole(*snapshot);
    if (seen_) {
      REQUIRE(snapshot->number > seen_->number);
      REQUIRE(snapshot->sampling.seed >= seen_->sampling.seed);
      REQUIRE(snapshot->record->changes() >= seen_->record->changes());
      REQUIRE(last_notice(*snapshot) >= last_notice(*seen_));
    }
    REQUIRE(snapshot->sampling.seed <= seed_);
    seen_ = std::move(snapshot);
    keep_one(below(64) == 0);
    questions_[seen_->number] = {seen_->selection.layer, seen_->selection.cursor_a + 1};
    analyst_.ask(seen_, opened_, {.frame = true, .next = true});
  }

  /// Once in a while a snapshot is kept for as long as others come: nothing of it may change.
  void keep_one(bool another) {
    if (!another) return;
    if (kept_) REQUIRE(digest(*kept_) == kept_digest_);
    kept_ = seen_, kept_digest_ = digest(*kept_);
  }

  void take(std::shared_ptr<const Derived> derived) {
    REQUIRE(derived->snapshot >= derived_->snapshot);
    derived_ = std::move(derived);
    const auto question = questions_.find(derived_->snapshot);
    REQUIRE(question != questions_.end());
    const auto [layer, position] = question->second;
    REQUIRE_MESSAGE(derived_->frame, derived_->refusal);
    REQUIRE(derived_->frame->layer == layer);
    REQUIRE(derived_->frame->position == position);
    REQUIRE_MESSAGE(derived_->next, derived_->refusal);
    REQUIRE(derived_->next->position == position);
    questions_.erase(questions_.begin(), question);
  }

  /// Looks go past commands that wait; those among themselves, and the others, keep their order. Whether a Pause had something to
  /// pause is not told.
  std::vector<std::string> texts(const std::vector<Command>& commands, bool looks) const {
    std::vector<std::string> all;
    for (const Command& command : commands)
      if (is_look(command) == looks && !std::holds_alternative<command::Pause>(command)) all.push_back(json_of(command));
    return all;
  }

  void check_answers() {
    CHECK(texts(applied_, true) == texts(asked_, true));
    const std::vector<std::string> asked = texts(asked_, false), applied = texts(applied_, false);
    const std::string no_run = json_of(command::SwitchRun{kNoRun}), undo = json_of(command::Undo{});  // the latter when a Pause stops it
    std::size_t at = 0;
    std::uint64_t refused = 0;
    for (const std::string& each : asked) {
      if (at < applied.size() && applied[at] == each) {
        ++at;
        continue;
      }
      ++refused;
      CHECK_MESSAGE((each == no_run || each == undo), each);
    }
    CHECK(at == applied.size());
    CHECK(refused == last_notice(*seen_));
  }

  std::mt19937_64 random_;
  std::vector<Command> applied_;  // written by the engine's thread, read when it is at rest
  Engine engine_;
  Analyst analyst_;
  std::shared_ptr<const OpenedModel> opened_;
  std::shared_ptr<const Snapshot> seen_, kept_;
  std::shared_ptr<const Derived> derived_;
  std::string kept_digest_;
  std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> questions_;  // by snapshot: the layer and the position asked about
  std::vector<Command> asked_;
  std::int64_t seed_ = 0;  // of sampling: numbers the commands that set it
};

TEST_CASE("exchange: every command is answered once, and whatever is published is whole and never goes back") {
  const std::int64_t exchanges = from_environment("LAB_EXCHANGES", 2'000), seed = from_environment("LAB_EXCHANGES_SEED", 1);
  INFO("seed ", seed);
  seed_of_next_thread = static_cast<std::uint32_t>(seed) * 1'000;
  for (std::int64_t done = 0; done < exchanges;) {
    ExchangingWindow window(static_cast<std::uint64_t>(seed * 1'000'000 + done));
    for (const std::int64_t last = std::min(exchanges, done + kOfOneEngine); done < last; ++done) window.exchange();
    window.end();
  }
}

}  // namespace
}  // namespace lab::test
