// A lab that fails in the middle of something: what is kept, what is told, and that it goes on after.
#include <atomic>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>

#include "app/core/log.h"
#include "support.h"

namespace lab::test {
namespace {

TEST_CASE("lab: a step that throws leaves the run at its last good token, faulted, and it goes on after") {
  bool broken = false;
  Lab lab{LabOptions{}};
  FreshLab good("mamba1");
  lab.put(disturbed(random_model("mamba1"), [&](Context<float>&) {
    if (broken) throw std::bad_alloc();
  }));
  for (Lab* each : std::initializer_list<Lab*>{&lab, &good}) {
    carry_out(*each, command::FeedText{"some text that waits"});
    carry_out(*each, command::Step{5});
  }
  const std::string before = fingerprint(lab);
  broken = true;
  REQUIRE(lab.apply(command::Step{3}).applied);
  CHECK(lab.work());
  CHECK_FALSE(lab.has_work());
  CHECK(lab.snapshot()->state == EngineState::faulted);
  CHECK(lab.snapshot()->fault == "out of memory");
  CHECK(fingerprint(lab) == before);
  carry_out(lab, command::Seek{1, "b"});  // looking does not make it well
  CHECK(lab.snapshot()->state == EngineState::faulted);
  broken = false;
  for (Lab* each : std::initializer_list<Lab*>{&lab, &good}) carry_out(*each, command::Step{30});
  CHECK(lab.snapshot()->state == EngineState::paused);
  CHECK(fingerprint(lab) == fingerprint(good));
}

TEST_CASE("lab: whatever is thrown becomes a fault with words") {
  int kind = 0;
  Lab lab{LabOptions{}};
  lab.put(disturbed(random_model("mamba1"), [&](Context<float>&) {
    if (kind == 1) throw std::runtime_error("the roof is on fire");
    if (kind == 2) throw 42;
  }));
  carry_out(lab, command::FeedText{"abc"});
  for (const auto& [thrown, words] : {std::pair{1, "the roof is on fire"}, {2, "an unknown failure"}}) {
    kind = thrown;
    REQUIRE(lab.apply(command::Step{1}).applied);
    lab.work();
    CHECK(lab.snapshot()->fault == words);
  }
  CHECK(lab.snapshot()->count() == 0);
}

TEST_CASE("lab: a failing undo is refused and can be tried again") {
  bool broken = false;
  Lab lab{LabOptions{}};
  lab.put(disturbed(random_model("mamba2"), [&](Context<float>&) {
    if (broken) throw std::runtime_error("no");
  }));
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::Step{3});
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::Step{2});
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::TakeBack{4});
  const std::string cut = fingerprint(lab);
  broken = true;
  refusal_of(lab, command::Undo{});
  CHECK(lab.snapshot()->state == EngineState::faulted);
  CHECK(fingerprint(lab) == cut);
  broken = false;
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == whole);
  CHECK(lab.snapshot()->state == EngineState::paused);
}

TEST_CASE("lab: a step stopped between two layers is not read") {
  std::atomic<bool> stop = false;
  LabOptions options;
  options.stop = &stop;
  FreshLab lab("mamba1", options);
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::Step{2});
  const std::string before = fingerprint(lab);
  stop = true;
  REQUIRE(lab.apply(command::Step{3}).applied);
  lab.finish_work();
  CHECK(fingerprint(lab) == before);
  CHECK(lab.snapshot()->state == EngineState::paused);
  CHECK_FALSE(lab.snapshot()->notices.back().is_error);
  stop = false;
  carry_out(lab, command::Step{1});
}

TEST_CASE("lab: a model that expects nothing any more stops the run with words") {
  FreshLab lab("mamba1");
  State start(lab.opened()->model->schema());
  std::vector<float> nan(start.get(0, 1).size(), std::numeric_limits<float>::quiet_NaN());
  REQUIRE(start.set(0, 1, nan));
  REQUIRE(lab.start_from(start).applied);
  carry_out(lab, command::FeedText{"a"});
  carry_out(lab, command::ReadWaiting{});
  CHECK(refusal_of(lab, command::Step{1}).field == "logits");
  CHECK(lab.snapshot()->state == EngineState::paused);
}

TEST_CASE("lab: everything applied and refused is in the log") {
  Log log("");
  LabOptions options;
  options.log = &log;
  FreshLab lab("mamba1", options);
  carry_out(lab, command::FeedText{"abc"});
  refusal_of(lab, command::ZeroState{17});
  const std::vector<std::string> lines = log.last_lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find("opened") != std::string::npos);
  CHECK(lines[1].find(R"({"command":"feed_text","text":"abc"})") != std::string::npos);
  CHECK(lines[2].find("zero state of layer 17") != std::string::npos);
}

}  // namespace
}  // namespace lab::test
