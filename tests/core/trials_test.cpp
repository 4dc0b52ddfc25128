// Trials of a live run: in force from where they are set, undone, taken back and done again like edits.
#include <doctest/doctest.h>

#include "app/core/trials.h"
#include "support.h"

namespace lab::test {
namespace {

constexpr command::SetTrials kNoRotation{.rotary = "none"};

std::shared_ptr<const OpenedModel> golden(const std::string& name) {
  auto opened = open_model(source_path("tests/golden/" + name));
  REQUIRE(opened);
  return opened.take();
}

std::vector<Command> read(std::vector<std::int32_t> ids) { return {command::FeedTokens{std::move(ids)}, command::ReadWaiting{}}; }

void carry_out_all(Lab& lab, const std::vector<Command>& commands) {
  for (const Command& command : commands) carry_out(lab, command);
}

// Logits of a forward pass that knows nothing of labs: some tokens without trials, the rest with them.
std::vector<float> logits_of(const Model& model, std::vector<std::int32_t> before, std::vector<std::int32_t> after, const Trials& trials) {
  Context<float> context;
  State state(model.schema());
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  for (const auto* ids : {&before, &after}) {
    if (ids->empty()) continue;
    Lane<float> lane{.tokens = *ids, .state = &state, .logits = {logits.data(), 1, model.info().vocabulary}};
    REQUIRE(model.advance(std::span(&lane, 1), context));
    context.trials = trials;
  }
  return logits;
}

}  // namespace

TEST_CASE("trials: in force from the next token on, with the bits of a forward pass that is told so") {
  const auto llama = golden("llama");
  Lab lab({});
  lab.put(llama);
  carry_out_all(lab, read({5, 9, 2}));
  const std::string before = fingerprint(lab);
  for (const command::SetTrials& trials : {command::SetTrials{.rotary = "adjacent"}, command::SetTrials{.at_position = 3},
                                           command::SetTrials{.no_cache = true}, command::SetTrials{.only_layer = 1}}) {
    INFO(label_of(trials));
    carry_out(lab, trials);
    carry_out_all(lab, read({7, 7, 1}));
    const auto snapshot = lab.snapshot();
    CHECK(snapshot->last_logits == logits_of(*llama->model, {5, 9, 2}, {7, 7, 1}, trials_of(trials)));
    CHECK(snapshot->last_logits != logits_of(*llama->model, {5, 9, 2}, {7, 7, 1}, {}));
    CHECK(trials_at(*snapshot->edits, 2) == command::SetTrials());
    CHECK(trials_at(*snapshot->edits, 3) == trials);
    for (int i = 0; i < 3; ++i) carry_out(lab, command::Undo{});
    CHECK(fingerprint(lab) == before);
    for (int i = 0; i < 3; ++i) carry_out(lab, command::Redo{});
    CHECK(lab.snapshot()->last_logits == snapshot->last_logits);
    for (int i = 0; i < 3; ++i) carry_out(lab, command::Undo{});
  }
}

TEST_CASE("trials: taking tokens back finds the logits of the time before they were set, and those of the time after") {
  const auto llama = golden("llama");
  Lab lab({});
  lab.put(llama);
  carry_out_all(lab, read({5, 9, 2}));
  carry_out(lab, kNoRotation);
  carry_out_all(lab, read({7, 7, 1}));
  carry_out(lab, command::TakeBack{1});
  CHECK(lab.snapshot()->last_logits == logits_of(*llama->model, {5, 9, 2}, {7, 7}, trials_of(kNoRotation)));
  carry_out(lab, command::TakeBack{3});
  CHECK(lab.snapshot()->last_logits == logits_of(*llama->model, {5, 9}, {}, {}));
  CHECK(lab.snapshot()->edits->empty());
}

TEST_CASE("trials: the same ones again change nothing, the defaults end them") {
  Lab lab({});
  lab.put(golden("llama"));
  carry_out(lab, kNoRotation);
  carry_out(lab, kNoRotation);
  CHECK(lab.snapshot()->undo.size() == 1);
  carry_out(lab, command::SetTrials{});
  CHECK(lab.snapshot()->undo.back().label == "end trials");
  CHECK(trials_at(*lab.snapshot()->edits, 0) == command::SetTrials());
}

TEST_CASE("trials: what a model cannot try is refused by its field, and nothing changes") {
  FreshLab mamba("mamba2");
  const std::string before = fingerprint(mamba);
  CHECK(refusal_of(mamba, kNoRotation).field == "rotary");
  CHECK(refusal_of(mamba, command::SetTrials{.at_position = 4}).field == "at_position");
  CHECK(refusal_of(mamba, command::SetTrials{.no_cache = true}).field == "no_cache");
  const Error error = refusal_of(mamba, command::SetTrials{.only_layer = 99});
  CHECK(error.code == Code::out_of_range);
  CHECK(error.field == "only_layer");
  CHECK(refusal_of(mamba, command::SetTrials{.rotary = "spiral"}).code == Code::bad_argument);
  CHECK(refusal_of(mamba, command::SetTrials{.at_position = -2}).code == Code::out_of_range);
  CHECK(fingerprint(mamba) == before);
  carry_out(mamba, command::SetTrials{.only_layer = 0});
}

}  // namespace lab::test
