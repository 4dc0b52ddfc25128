// The lab without threads: feeding, working, cursors, edits and refusals.
#include <limits>

#include <doctest/doctest.h>

#include "model/builtin.h"
#include "support.h"

namespace lab::test {
namespace {

std::vector<std::int32_t> tokens_of(Lab& lab) {
  const auto snapshot = lab.snapshot();
  std::vector<std::int32_t> tokens;
  for (std::int64_t t = 0; t < snapshot->count(); ++t) tokens.push_back(snapshot->tokens[t][0]);
  return tokens;
}

TEST_CASE("lab: without a model only opening is possible") {
  Lab lab{LabOptions{}};
  CHECK(lab.snapshot()->state == EngineState::empty);
  CHECK(refusal_of(lab, command::Step{1}).field == "model");
  CHECK(refusal_of(lab, command::ZeroState{}).field == "model");
  CHECK(refusal_of(lab, command::Seek{}).field == "model");
  CHECK_FALSE(lab.has_work());
  CHECK(lab.snapshot()->notices.size() == 3);
}

TEST_CASE("lab: a model folder is opened with its tokenizer, its facts are told") {
  Lab lab{LabOptions{}};
  carry_out(lab, command::Open{source_path("tests/golden/mamba1")});
  const auto snapshot = lab.snapshot();
  CHECK(snapshot->state == EngineState::paused);
  REQUIRE(snapshot->model);
  CHECK(snapshot->model->name == "mamba1");
  CHECK(snapshot->model->family == "mamba1");
  CHECK_FALSE(snapshot->model->tokenizer.empty());
  CHECK(snapshot->model->hash.empty());
  CHECK(lab.model_hash() == content_hash(lab.opened()->checkpoint));
  CHECK(lab.snapshot()->model->hash == lab.model_hash());
  CHECK(snapshot->model->hash.empty());
}

TEST_CASE("lab: a built-in model is found by name, an unknown one is refused with the known ones") {
  const Result<std::string> folder = model_folder("builtin:copy");
  REQUIRE(folder);
  CHECK(folder->ends_with("assets/models/copy"));
  const Result<std::string> unknown = model_folder("builtin:nothing");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().expected.find("copy") != std::string::npos);
}

TEST_CASE("lab: a refused model leaves the open one with its run, and says so") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"hello"});
  carry_out(lab, command::Step{7});
  const std::string before = fingerprint(lab);
  CHECK(refusal_of(lab, command::Open{"/nowhere/at/all"}).code == Code::not_found);
  CHECK(fingerprint(lab) == before);
  CHECK(lab.snapshot()->notices.back().is_error);
  CHECK(lab.snapshot()->undo.size() == 2);
  carry_out(lab, command::Step{1});
}

TEST_CASE("lab: steps read what waits, then continue by sampling") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedTokens{{5, 6, 7}});
  CHECK(lab.snapshot()->waiting == std::vector<std::int32_t>{5, 6, 7});
  carry_out(lab, command::Step{2});
  CHECK(lab.snapshot()->waiting == std::vector<std::int32_t>{7});
  carry_out(lab, command::Step{3});
  const std::vector<std::int32_t> tokens = tokens_of(lab);
  REQUIRE(tokens.size() == 5);
  CHECK(std::vector(tokens.begin(), tokens.begin() + 3) == std::vector<std::int32_t>{5, 6, 7});
}

TEST_CASE("lab: one token at a time or all at once leaves the same run") {
  FreshLab slow("mamba2"), fast("mamba2");
  const std::string text(200, 'q');
  carry_out(slow, command::FeedText{text});
  for (int i = 0; i < 200; ++i) carry_out(slow, command::Step{1});
  carry_out(fast, command::FeedText{text});
  carry_out(fast, command::ReadWaiting{});
  CHECK(fingerprint(slow) == fingerprint(fast));
}

TEST_CASE("lab: the same seed gives the same tokens, another one others") {
  FreshLab a("mamba1"), b("mamba1"), c("mamba1");
  carry_out(c, command::SetSampling{{.seed = 1}});
  for (Lab* lab : std::initializer_list<Lab*>{&a, &b, &c}) {
    carry_out(*lab, command::FeedText{"x"});
    carry_out(*lab, command::Step{60});
  }
  CHECK(tokens_of(a) == tokens_of(b));
  CHECK(tokens_of(a) != tokens_of(c));
}

TEST_CASE("lab: a token that the tokenizer lacks is never sampled") {
  Lab lab{LabOptions{}};
  auto padded = random_model("mamba1", 4096);  // 256 bytes and 3,840 rows of padding
  lab.put(padded);
  carry_out(lab, command::FeedText{"x"});
  carry_out(lab, command::SetSampling{{.temperature = 100}});
  carry_out(lab, command::Step{100});
  for (const std::int32_t id : tokens_of(lab)) CHECK(id < 256);
}

TEST_CASE("lab: a run goes to its end and no further") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abc"});
  REQUIRE(lab.apply(command::Run{0, 50}).applied);
  CHECK(lab.snapshot()->state == EngineState::running);
  CHECK(lab.snapshot()->working_on == "reading 50 tokens");
  lab.finish_work();
  CHECK(lab.snapshot()->count() == 50);
  CHECK(lab.snapshot()->state == EngineState::paused);
  REQUIRE(lab.apply(command::Run{}).applied);
  lab.finish_work();  // without an end it is paused, not followed for ever
  CHECK(lab.snapshot()->count() == 50);
}

TEST_CASE("lab: a paced run reads one token a piece") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdefgh"});
  REQUIRE(lab.apply(command::Run{10, 0}).applied);
  CHECK(lab.rate() == 10);
  REQUIRE(lab.work());
  CHECK(lab.snapshot()->count() == 1);
  REQUIRE(lab.work());
  CHECK(lab.snapshot()->count() == 2);
}

TEST_CASE("lab: commands out of range are refused by field and change nothing") {
  FreshLab lab("mamba1");
  CHECK(refusal_of(lab, command::Step{1}).field == "waiting");
  carry_out(lab, command::FeedText{"abc"});
  carry_out(lab, command::Step{3});
  const std::string before = fingerprint(lab);
  CHECK(refusal_of(lab, command::Step{0}).field == "count");
  CHECK(refusal_of(lab, command::Run{-1, 0}).field == "rate");
  CHECK(refusal_of(lab, command::Run{std::numeric_limits<double>::quiet_NaN(), 0}).field == "rate");
  CHECK(refusal_of(lab, command::Run{0, -5}).field == "until");
  CHECK(refusal_of(lab, command::FeedTokens{{1, 256}}).field == "ids[1]");
  CHECK(refusal_of(lab, command::FeedTokens{{-1}}).field == "ids[0]");
  CHECK(refusal_of(lab, command::TakeBack{4}).field == "count");
  CHECK(refusal_of(lab, command::TakeBack{0}).field == "count");
  CHECK(refusal_of(lab, command::Seek{3, "a"}).field == "token");
  CHECK(refusal_of(lab, command::Seek{-2, "a"}).field == "token");
  CHECK(refusal_of(lab, command::Seek{0, "c"}).field == "cursor");
  CHECK(refusal_of(lab, command::Select{3, 0, 0}).field == "layer");
  CHECK(refusal_of(lab, command::Select{-1, 0, 0}).field == "layer");
  CHECK(refusal_of(lab, command::Select{0, 64, 0}).field == "channel");
  CHECK(refusal_of(lab, command::Select{0, 0, 8}).field == "state");
  CHECK(refusal_of(lab, command::ShowRange{-1, 2}).field == "first");
  CHECK(refusal_of(lab, command::ShowRange{2, 2}).field == "last");
  CHECK(refusal_of(lab, command::SetSampling{{.temperature = -1}}).field == "temperature");
  CHECK(refusal_of(lab, command::ZeroState{3}).field == "layer");
  CHECK(refusal_of(lab, command::ScaleState{0, std::numeric_limits<double>::infinity()}).field == "factor");
  CHECK(refusal_of(lab, command::ScaleState{-2, 1}).field == "layer");
  CHECK(refusal_of(lab, command::RestoreState{0, 4}).field == "position");
  CHECK(refusal_of(lab, command::ExportFigure{}).field == "file");
  CHECK(fingerprint(lab) == before);
  CHECK(lab.snapshot()->notices.size() == 16);
}

TEST_CASE("lab: text needs a tokenizer") {
  auto model = std::make_shared<OpenedModel>(*random_model("mamba1"));
  model->tokenizer = nullptr;
  Lab lab{LabOptions{}};
  lab.put(model);
  CHECK(refusal_of(lab, command::FeedText{"abc"}).field == "tokenizer.json");
  carry_out(lab, command::FeedTokens{{1, 2}});
}

TEST_CASE("lab: a run reads tokens or vectors, never both, and vectors do not go on by themselves") {
  FreshLab lab("mamba1");
  CHECK(lab.feed_vectors(std::vector<float>(33)).refusal.field == "vectors");
  REQUIRE(lab.feed_vectors(std::vector<float>(64, 0.5f)).applied);
  CHECK(lab.snapshot()->has_vectors);
  CHECK(refusal_of(lab, command::FeedText{"abc"}).field == "input");
  carry_out(lab, command::ReadWaiting{});
  CHECK(lab.snapshot()->count() == 2);
  CHECK(refusal_of(lab, command::Step{1}).field == "waiting");
  carry_out(lab, command::Reset{});
  carry_out(lab, command::FeedText{"abc"});
  CHECK_FALSE(lab.feed_vectors(std::vector<float>(32)).applied);
}

TEST_CASE("lab: cursor A follows the end while it stands there") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdefghij"});
  CHECK(lab.snapshot()->selection.cursor_a == -1);
  carry_out(lab, command::Step{6});
  CHECK(lab.snapshot()->selection.cursor_a == 5);
  CHECK(lab.snapshot()->selection.cursor_b == -1);
  carry_out(lab, command::Seek{2, "a"});
  carry_out(lab, command::Seek{4, "b"});
  carry_out(lab, command::Step{2});
  CHECK(lab.snapshot()->selection.cursor_a == 2);
  carry_out(lab, command::TakeBack{5});
  CHECK(lab.snapshot()->selection.cursor_a == 2);
  CHECK(lab.snapshot()->selection.cursor_b == 2);
  carry_out(lab, command::Step{1});
  CHECK(lab.snapshot()->selection.cursor_a == 3);
  carry_out(lab, command::Reset{});
  CHECK(lab.snapshot()->selection.cursor_a == -1);
  CHECK(lab.snapshot()->selection.cursor_b == -1);
}

TEST_CASE("lab: edits do what they say, at the end of the run, and are marked there") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::Step{6});
  const State before = lab.state();
  carry_out(lab, command::ScaleState{1, 2});
  const auto value = [](const State& s, int layer) { return s.get(layer, 1); };
  for (std::size_t i = 0; i < value(before, 1).size(); ++i) CHECK(value(lab.state(), 1)[i] == 2 * value(before, 1)[i]);
  CHECK(value(lab.state(), 0) == value(before, 0));
  CHECK(lab.state().get(1, 0) == before.get(1, 0));  // the convolution's inputs are not scaled
  carry_out(lab, command::ZeroState{});
  for (int layer = 0; layer < 3; ++layer)
    for (const float x : value(lab.state(), layer)) CHECK(x == 0);
  carry_out(lab, command::RestoreState{2, 6});
  const auto edits = lab.snapshot()->edits;
  REQUIRE(edits->size() == 3);
  CHECK((*edits)[0].position == 6);
  CHECK((*edits)[0].label == "scale state of layer 1 by 2");
  CHECK((*edits)[0].layer == 1);
  CHECK((*edits)[1].layer == -1);
}

TEST_CASE("lab: a restored state is that of the position, edits included") {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{"abcdefghij"});
  carry_out(lab, command::Step{4});
  carry_out(lab, command::ScaleState{-1, 3});
  const State then = lab.state();
  carry_out(lab, command::Step{5});
  carry_out(lab, command::RestoreState{-1, 4});
  for (int layer = 0; layer < 3; ++layer)
    for (int tensor = 0; tensor < 2; ++tensor) CHECK(lab.state().get(layer, tensor) == then.get(layer, tensor));
  CHECK(lab.state().position == 9);
}

TEST_CASE("lab: tokens taken back wait again when they are kept") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedTokens{{1, 2, 3, 4}});
  carry_out(lab, command::Step{3});
  carry_out(lab, command::TakeBack{2, true});
  CHECK(lab.snapshot()->waiting == std::vector<std::int32_t>{2, 3, 4});
  carry_out(lab, command::TakeBack{1, false});
  CHECK(lab.snapshot()->waiting == std::vector<std::int32_t>{2, 3, 4});
  CHECK(lab.snapshot()->count() == 0);
  CHECK(lab.snapshot()->last_logits.empty());
}

TEST_CASE("lab: a run taken back is as if the tokens had never been read") {
  FreshLab lab("mamba1"), other("mamba1");
  for (Lab* each : std::initializer_list<Lab*>{&lab, &other}) {
    carry_out(*each, command::FeedTokens{{1, 2, 3}});
    carry_out(*each, command::ReadWaiting{});
    carry_out(*each, command::ScaleState{0, 2});
  }
  carry_out(lab, command::Step{30});
  carry_out(lab, command::TakeBack{30});
  CHECK(fingerprint(lab) == fingerprint(other));
}

TEST_CASE("lab: a state can be put in place before the first token, and is taken back") {
  FreshLab lab("mamba1"), other("mamba1");
  carry_out(other, command::FeedText{"abc"});
  carry_out(other, command::ReadWaiting{});
  State start(lab.opened()->model->schema());
  for (int layer = 0; layer < 3; ++layer) REQUIRE(start.set(layer, 1, other.state().get(layer, 1)));
  start.position = 3;
  CHECK(lab.start_from(other.state()).refusal.field == "state");  // of another model
  REQUIRE(lab.start_from(start).applied);
  CHECK(lab.state().hash() == start.hash());
  carry_out(lab, command::FeedText{"de"});
  carry_out(lab, command::ReadWaiting{});
  CHECK(lab.state().position == 5);
  CHECK_FALSE(lab.start_from(start).applied);
  for (int i = 0; i < 3; ++i) carry_out(lab, command::Undo{});
  CHECK(lab.state().hash() == State(lab.opened()->model->schema()).hash());
}

}  // namespace

TEST_CASE("lab: a layer with fewer channels takes the selection to its last, and refuses what it was asked for outright") {
  Lab lab{LabOptions{}};
  carry_out(lab, command::Open{source_path("tests/golden/granite-dense")});
  carry_out(lab, command::FeedTokens{{1, 2, 3}});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Select{0, 95, 11});
  carry_out(lab, command::Select{1, -1, -1});  // attention: 2 x 2 heads of 8, three cached tokens
  CHECK(lab.snapshot()->selection.channel == 31);
  CHECK(lab.snapshot()->selection.state == 2);
  CHECK(refusal_of(lab, command::Select{1, 32, 0}).field == "channel");
  CHECK(refusal_of(lab, command::Select{1, 0, 3}).field == "state");
}

TEST_CASE("lab: caches that would outgrow the budget are told of before they are read") {
  LabOptions options;
  options.trace.budget_bytes = 1 << 20;  // two layers of 2 x 2 heads of 16: 512 bytes a token
  Lab lab{options};
  carry_out(lab, command::Open{source_path("tests/golden/llama")});
  carry_out(lab, command::FeedTokens{std::vector<std::int32_t>(2048, 5)});
  CHECK(lab.snapshot()->notices.empty());
  carry_out(lab, command::FeedTokens{{5}});
  REQUIRE(lab.snapshot()->notices.size() == 1);
  CHECK(lab.snapshot()->notices[0].text.find("2049 tokens") != std::string::npos);
  carry_out(lab, command::FeedTokens{{5}});  // once
  CHECK(lab.snapshot()->notices.size() == 1);
}

}  // namespace lab::test
