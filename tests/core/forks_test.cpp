// Forks: runs that share a past and go on by themselves.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "app/core/run_tree.h"
#include "support.h"

namespace lab::test {
namespace {

const RunFacts& facts(const Snapshot& snapshot, std::int64_t id) {
  const auto found = std::ranges::find(snapshot.runs, id, &RunFacts::id);
  REQUIRE(found != snapshot.runs.end());
  return *found;
}

/// What every run holds, by its number; the active one stays active.
std::map<std::int64_t, std::string> fingerprints(Lab& lab) {
  std::map<std::int64_t, std::string> all;
  const auto snapshot = lab.snapshot();
  for (const RunFacts& each : snapshot->runs) {
    carry_out(lab, command::SwitchRun{each.id});
    all[each.id] = each.name + " of " + std::to_string(each.parent) + " at " + std::to_string(each.forked_at) + " " + fingerprint(lab);
  }
  carry_out(lab, command::SwitchRun{snapshot->active_run});
  return all;
}

void read_and_sample(Lab& lab, const std::string& text, std::int64_t sampled) {
  carry_out(lab, command::FeedText{text});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Step{sampled});
}

TEST_CASE("forks: a fork without an edit goes on with the same bits, from wherever it began") {
  for (const char* model : {"mamba1", "mamba2", "rwkv4", "llama", "granite-moe"}) {
    INFO(model);
    const auto opened = open_golden(model);
    Lab& lab = *opened;
    carry_out(lab, command::FeedTokens{{3, 1, 4, 1, 5, 9, 2, 6}});
    carry_out(lab, command::ReadWaiting{});
    carry_out(lab, command::Step{174});
    const std::string whole = fingerprint(lab);
    for (const std::int64_t position : {0, 1, 63, 64, 65, 128, 150, 182}) {
      INFO(position);
      carry_out(lab, command::Fork{position, "", true});
      CHECK(lab.snapshot()->count() == position);
      CHECK(lab.snapshot()->active_run != 0);
      carry_out(lab, command::ReadWaiting{});
      CHECK(fingerprint(lab) == whole);
      carry_out(lab, command::SwitchRun{0});
      CHECK(fingerprint(lab) == whole);
    }
    CHECK(lab.snapshot()->runs.size() == 9);
  }
}

TEST_CASE("forks: what one run does, the others never see") {
  FreshLab lab("mamba2");
  read_and_sample(lab, "Let there be light. ", 80);
  const std::string main = fingerprint(lab);
  carry_out(lab, command::Fork{70, "dark"});
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::Step{100});
  const std::string dark = fingerprint(lab);
  carry_out(lab, command::Fork{170, "darker"});
  carry_out(lab, command::ScaleState{-1, -1});
  carry_out(lab, command::Step{10});
  carry_out(lab, command::SwitchRun{0});
  CHECK(fingerprint(lab) == main);
  carry_out(lab, command::Step{30});
  carry_out(lab, command::TakeBack{60});
  carry_out(lab, command::SwitchRun{1});
  CHECK(fingerprint(lab) == dark);
  const auto snapshot = lab.snapshot();
  CHECK(facts(*snapshot, 1).parent == 0);
  CHECK(facts(*snapshot, 1).forked_at == 70);
  CHECK(facts(*snapshot, 2).parent == 1);
  CHECK(facts(*snapshot, 2).name == "darker");
  CHECK(facts(*snapshot, 2).edits->size() == 2);
  CHECK(facts(*snapshot, 0).edits->empty());
}

TEST_CASE("forks: the past of a fork is replayed to the bit, also what its parent has dropped since") {
  FreshLab lab("mamba1");
  read_and_sample(lab, "In the beginning ", 200);
  carry_out(lab, command::Fork{});
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::TakeBack{190});
  const std::string early = fingerprint(lab);
  carry_out(lab, command::SwitchRun{1});
  carry_out(lab, command::TakeBack{190});
  CHECK(fingerprint(lab) == early);
}

TEST_CASE("forks: undo goes to the run that was changed, takes forks back and brings deleted ones back") {
  FreshLab lab("mamba1");
  std::vector<std::map<std::int64_t, std::string>> history;
  std::vector<std::int64_t> active;
  const std::vector<Command> commands{command::FeedText{"once upon a time"},
                                      command::Step{40},
                                      command::Fork{20, "a", true},
                                      command::ZeroState{0},
                                      command::ReadWaiting{},
                                      command::Fork{30, "b"},
                                      command::Step{9},
                                      command::SwitchRun{0},
                                      command::Step{3},
                                      command::StepAll{5},
                                      command::PromoteRun{2},
                                      command::DeleteRun{1},
                                      command::SwitchRun{2},
                                      command::Step{2}};
  const auto keep = [&] {
    history.push_back(fingerprints(lab));
    active.push_back(lab.snapshot()->active_run);
  };
  keep();
  for (const Command& command : commands) {
    carry_out(lab, command);
    if (!std::holds_alternative<command::SwitchRun>(command)) keep();  // looking at another run is nothing to undo
  }
  CHECK(history.back().size() == 2);
  CHECK(lab.snapshot()->undo.size() == history.size() - 1);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = history.size() - 1; i-- > 0;) {
      carry_out(lab, command::Undo{});
      INFO("undone to ", i);
      CHECK(fingerprints(lab) == history[i]);
    }
    for (std::size_t i = 1; i < history.size(); ++i) {
      carry_out(lab, command::Redo{});
      INFO("done again to ", i);
      CHECK(fingerprints(lab) == history[i]);
    }
  }
}

TEST_CASE("forks: all runs step side by side, each from its own state") {
  FreshLab lab("mamba2"), alone("mamba2");
  read_and_sample(lab, "step by step ", 20);
  read_and_sample(alone, "step by step ", 20);
  carry_out(lab, command::Fork{});
  carry_out(lab, command::ZeroState{2});
  carry_out(lab, command::StepAll{30});
  carry_out(alone, command::Step{30});
  const auto both = fingerprints(lab);
  CHECK(lab.snapshot()->count() == 63);
  CHECK(both.at(0) == "main of -1 at 0 " + fingerprint(alone));
  carry_out(alone, command::Undo{});
  carry_out(alone, command::ZeroState{2});
  carry_out(alone, command::Step{30});
  CHECK(both.at(1) == "fork 1 of 0 at 33 " + fingerprint(alone));
}

TEST_CASE("forks: a hundred forks of a long run cost little more than the run") {
  FreshLab lab("mamba1");
  read_and_sample(lab, "long ", 5000);
  const auto use = lab.snapshot()->trace->use();
  for (int i = 0; i < 100; ++i) {
    carry_out(lab, command::Fork{5000 - 40 * i, ""});
    carry_out(lab, command::Step{3});
    carry_out(lab, command::SwitchRun{0});
  }
  CHECK(lab.snapshot()->runs.size() == 101);
  CHECK(lab.history_bytes() >= use.total());
  CHECK(lab.history_bytes() < 3 * use.total());  // each has the tile that it writes for itself, where a copy would have everything
}

TEST_CASE("forks: all runs together stay within the budget") {
  LabOptions options;
  options.trace.budget_bytes = 4 << 20;
  FreshLab lab("mamba1", options);
  read_and_sample(lab, "much to remember ", 1500);
  for (int i = 0; i < 4; ++i) {
    carry_out(lab, command::Fork{});
    carry_out(lab, command::Step{1500});
    CHECK(lab.history_bytes() <= options.trace.budget_bytes + (1 << 20));  // the tiles that are being written are never dropped
  }
}

TEST_CASE("forks: runs at random are what each would be alone") {
  std::mt19937 random(5);
  const auto below = [&](std::size_t n) { return static_cast<std::int64_t>(random() % n); };
  for (int round = 0; round < 6; ++round) {
    FreshLab lab(round % 2 ? "mamba2" : "mamba1");
    read_and_sample(lab, "x", 5 + below(100));
    std::map<std::int64_t, std::vector<Command>> plain{{0, {command::FeedText{"x"}, command::ReadWaiting{}, command::Step{lab.snapshot()->count() - 1}}}};
    for (int i = 0; i < 30; ++i) {
      const auto snapshot = lab.snapshot();
      const std::int64_t active = snapshot->active_run;
      switch (below(5)) {
        case 0: {
          const std::int64_t position = 1 + below(static_cast<std::size_t>(snapshot->count()));
          carry_out(lab, command::Fork{position});
          std::vector<Command> past = plain[active];
          if (position < snapshot->count()) past.push_back(command::TakeBack{snapshot->count() - position});
          plain[lab.snapshot()->active_run] = past;
          break;
        }
        case 1: carry_out(lab, command::SwitchRun{snapshot->runs[static_cast<std::size_t>(below(snapshot->runs.size()))].id}); break;
        case 2: {
          const command::ScaleState scale{below(3), 0.25 * static_cast<double>(below(9))};
          carry_out(lab, scale);
          plain[active].push_back(scale);
          break;
        }
        default: {
          const command::Step step{1 + below(70)};
          carry_out(lab, step);
          plain[active].push_back(step);
        }
      }
    }
    for (const auto& [id, commands] : plain) {
      FreshLab alone(round % 2 ? "mamba2" : "mamba1");
      for (const Command& command : commands) carry_out(alone, command);
      carry_out(lab, command::SwitchRun{id});
      CHECK(fingerprint(lab) == fingerprint(alone));
    }
  }
}

TEST_CASE("forks: what cannot be done is refused by field and changes nothing") {
  FreshLab lab("mamba1");
  read_and_sample(lab, "abc", 5);
  const auto before = fingerprints(lab);
  CHECK(refusal_of(lab, command::Fork{9}).field == "position");
  CHECK(refusal_of(lab, command::Fork{-2}).field == "position");
  CHECK(refusal_of(lab, command::Fork{1, std::string(81, 'n')}).field == "name");
  CHECK(refusal_of(lab, command::SwitchRun{1}).field == "run");
  CHECK(refusal_of(lab, command::DeleteRun{0}).next == "reset it instead");
  CHECK(refusal_of(lab, command::RenameRun{0, ""}).field == "name");
  CHECK(refusal_of(lab, command::PromoteRun{3}).expected == "0");
  CHECK(refusal_of(lab, command::StepAll{0}).field == "count");
  CHECK(fingerprints(lab) == before);
}

}  // namespace
}  // namespace lab::test
