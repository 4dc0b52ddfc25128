// Which two runs are compared and how their tokens belong together: chosen by a command, told by the snapshot, looked at by the analyst.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "app/core/analyst.h"
#include "app/core/session.h"
#include "support.h"

namespace lab::test {
namespace {

/// Twelve tokens, and a fork after six of them that goes on otherwise, without a layer's state.
void fork_in_the_middle(Lab& lab) {
  carry_out(lab, command::FeedTokens{{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Fork{6, "other", false});
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::FeedTokens{{2, 6, 7, 7}});
  carry_out(lab, command::ReadWaiting{});
}

Query asked(std::int64_t a, std::int64_t b) { return {.comparison = ComparisonQuery{.a = a, .b = b, .slab = true, .whole = true}, .compared_next = true}; }

TEST_CASE("compare: a command chooses the runs, and what does not exist is refused by its field") {
  FreshLab lab("mamba1");
  CHECK(runs_to_compare(*lab.snapshot()).a == nullptr);
  fork_in_the_middle(lab);
  carry_out(lab, command::Fork{});
  const std::size_t undoable = lab.snapshot()->undo.size();
  carry_out(lab, command::Compare{2, 1, "offset", -2});
  CHECK(lab.snapshot()->selection.compare == command::Compare{2, 1, "offset", -2});
  CHECK(refusal_of(lab, command::Compare{7, 0}).field == "a");
  CHECK(refusal_of(lab, command::Compare{0, 7}).field == "b");
  CHECK(refusal_of(lab, command::Compare{1, 1}).field == "b");
  CHECK(refusal_of(lab, command::Compare{0, 1, "colour"}).field == "align");
  CHECK(refusal_of(lab, command::Compare{0, 1, "offset", std::numeric_limits<std::int64_t>::min()}).field == "offset");
  CHECK(lab.snapshot()->selection.compare == command::Compare{2, 1, "offset", -2});  // a refused one changes nothing
  CHECK(lab.snapshot()->undo.size() == undoable);                                    // and choosing is nothing to undo
}

TEST_CASE("compare: a run that has read nothing stands beside another where it was chosen, or where no other is left") {
  FreshLab lab("mamba1");
  fork_in_the_middle(lab);
  carry_out(lab, command::Fork{});
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::TakeBack{lab.snapshot()->count()});
  const auto ids = [&] {
    const auto snapshot = lab.snapshot();
    const RunPair runs = runs_to_compare(*snapshot);
    return std::pair{runs.a->id, runs.b->id};
  };
  REQUIRE(lab.snapshot()->count() == 0);
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{1, 2});  // though run 0 is the first, and active
  carry_out(lab, command::Compare{0, 2});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{0, 2});
  carry_out(lab, command::Compare{-1, -1});
  carry_out(lab, command::DeleteRun{2});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{0, 1});
}

TEST_CASE("compare: what nobody chose is the first run and the active one; who is gone is replaced") {
  FreshLab lab("mamba1");
  fork_in_the_middle(lab);
  const auto ids = [&] {
    const auto snapshot = lab.snapshot();
    const RunPair runs = runs_to_compare(*snapshot);
    return std::pair{runs.a->id, runs.b->id};
  };
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{0, 1});
  carry_out(lab, command::SwitchRun{0});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{0, 1});
  carry_out(lab, command::Fork{});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{0, 2});
  carry_out(lab, command::Compare{1, 0});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{1, 0});
  carry_out(lab, command::DeleteRun{1});
  CHECK(ids() == std::pair<std::int64_t, std::int64_t>{2, 0});
  carry_out(lab, command::DeleteRun{2});
  CHECK(runs_to_compare(*lab.snapshot()).a == nullptr);
}

TEST_CASE("compare: a session keeps the choice, and reads it back strictly") {
  Session session{.model = "builtin:copy", .commands = {{0, command::Fork{}}, {0, command::Compare{0, 1, "first-difference", 0}}}};
  const Result<Session> read = parse_session(json_of(session), "a.statelab.json");
  REQUIRE(read);
  CHECK(std::get<command::Compare>(read->commands.at(1).command) == command::Compare{0, 1, "first-difference", 0});
  CHECK(json_of(*read) == json_of(session));
}

TEST_CASE("compare: columns are counted in the tokens of the active run, on beyond its end") {
  FreshLab lab("mamba1");
  fork_in_the_middle(lab);
  const std::vector<std::int32_t> a{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}, b{3, 1, 4, 1, 5, 9, 2, 6, 7, 7};
  const Alignment ahead = align(a, b, AlignBy::offset, 2);  // token t of A beside t + 2 of B
  for (std::int64_t token = 0; token < 8; ++token) CHECK(column_of(ahead, token, false) == column_of(ahead, token + 2, true));
  const std::int64_t last = column_of(ahead, 9, true);
  CHECK(token_of(ahead, last, true) == 9);
  CHECK(column_of(ahead, 12, true) == last + 3);
  CHECK(token_of(ahead, last + 3, true) == 12);
  CHECK(column_of(ahead, -1, false) == -1);
  carry_out(lab, command::Seek{8, "a"});
  carry_out(lab, command::ShowRange{4, 9});
  const ShownColumns in_b = shown_columns(*lab.snapshot(), ahead, counts_in_b(*lab.snapshot()));
  CHECK(counts_in_b(*lab.snapshot()));
  CHECK(token_of(ahead, in_b.cursor, true) == 8);
  CHECK(token_of(ahead, in_b.first, true) == 4);
  CHECK(token_of(ahead, in_b.last - 1, true) == 8);
  carry_out(lab, command::SwitchRun{0});
  const ShownColumns in_a = shown_columns(*lab.snapshot(), ahead, counts_in_b(*lab.snapshot()));
  CHECK(token_of(ahead, in_a.cursor, false) == 8);
  CHECK(in_a.cursor == in_b.cursor + 2);
}

TEST_CASE("compare: what both expect is what each run expects by itself, with the ranks of the other") {
  FreshLab lab("mamba2");
  fork_in_the_middle(lab);
  carry_out(lab, command::Seek{8, "a"});
  Deriver deriver({});
  const auto both = deriver.derive(lab.snapshot(), lab.opened(), asked(0, 1));
  REQUIRE(both->compared_next);
  CHECK(both->compared_a == 0);
  CHECK(both->compared_b == 1);
  std::vector<std::shared_ptr<const NextTokens>> alone;
  for (const std::int64_t run : {0, 1}) {
    carry_out(lab, command::SwitchRun{run});
    carry_out(lab, command::Seek{8, "a"});
    alone.push_back(deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next);
  }
  const ComparedNext& next = *both->compared_next;
  for (const auto& [compared, own] : {std::pair{next.a, alone[0]}, {next.b, alone[1]}}) {
    REQUIRE(compared);
    CHECK(compared->came == own->came);
    REQUIRE(compared->best.size() == own->best.size());
    for (std::size_t i = 0; i < own->best.size(); ++i) {
      CHECK(compared->best[i].id == own->best[i].id);
      CHECK(compared->best[i].probability == own->best[i].probability);  // the same bits
    }
  }
  for (std::size_t i = 0; i < next.a->best.size(); ++i) {
    const auto there = std::ranges::find(next.b->best, next.a->best[i].id, &NextToken::id);
    if (there != next.b->best.end()) CHECK(next.a_in_b[i] == there - next.b->best.begin());
    else CHECK(next.a_in_b[i] >= static_cast<std::int64_t>(next.b->best.size()));
  }
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), asked(0, 1))->compared_next == both->compared_next);  // kept
}

TEST_CASE("compare: the picture is of the columns shown, of both runs, whichever is active") {
  FreshLab lab("mamba1");
  fork_in_the_middle(lab);
  carry_out(lab, command::ShowRange{2, 9});
  Deriver deriver({});
  for (const std::int64_t active : {1, 0}) {
    carry_out(lab, command::SwitchRun{active});
    const auto derived = deriver.derive(lab.snapshot(), lab.opened(), asked(0, 1));
    REQUIRE(derived->comparison);
    const auto& slab = derived->comparison->slab;
    REQUIRE(slab);
    CHECK(slab->first == 2);
    CHECK(slab->columns == 7);
    for (std::int64_t column = 0; column < slab->columns; ++column)
      for (std::int64_t row = 0; row < slab->rows; ++row) {
        const auto at = static_cast<std::size_t>(column * slab->rows + row);
        CHECK(slab->difference[at] == slab->b[at] - slab->a[at]);
        if (column + 2 < 6) CHECK(slab->difference[at] == 0);  // before the edit
      }
  }
}

}  // namespace
}  // namespace lab::test
