// Edits that take elements from elsewhere: from another run, a lane, a saved state; and runs that start with one.
#include <filesystem>
#include <functional>

#include <doctest/doctest.h>

#include "app/core/recorded_session.h"
#include "app/core/replay.h"
#include "app/core/state_edit.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"
#include "model/state_file.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

constexpr int kSsm = 1;  // the recurrent tensor of a layer

void read_text(Lab& lab, const std::string& text) {
  carry_out(lab, command::FeedText{text});
  carry_out(lab, command::ReadWaiting{});
}

/// Two runs of one model that have read different texts; the first is active.
struct TwoRuns : FreshLab {
  explicit TwoRuns(const char* family) : FreshLab(family) {
    read_text(*this, "In the beginning");
    carry_out(*this, command::Fork{.position = 0});
    read_text(*this, "The sons of Levi, and more");
    other = std::get<1>(states());
    carry_out(*this, command::SwitchRun{0});
  }
  /// What both hold at their ends.
  std::pair<State, State> states() {
    const std::int64_t active = snapshot()->active_run;
    carry_out(*this, command::SwitchRun{0});
    State first = state();
    carry_out(*this, command::SwitchRun{1});
    State second = state();
    carry_out(*this, command::SwitchRun{active});
    return {std::move(first), std::move(second)};
  }
  State other;  // of the second run
};

/// The state of a plain run that has read a text.
State state_after(const char* family, const std::string& text) {
  FreshLab lab(family);
  read_text(lab, text);
  return lab.state();
}

TEST_CASE("edits: a transplant from another run takes its elements, of any of its tokens, and leaves that run as it is") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    TwoRuns lab(family);
    const std::string before = fingerprint(lab);
    const State own = lab.state();
    for (const auto& [position, text] : {std::pair<std::int64_t, std::string>{26, "The sons of Levi, and more"}, {8, "The sons"}}) {
      const State expected = state_after(family, text);
      carry_out(lab, command::EditState{{.operation = "transplant", .layer = 1, .tensor = "*", .position = position, .from_run = 1}});
      const auto& tensors = lab.state().schema().layers()[1].tensors;
      for (int i = 0; i < std::ssize(tensors); ++i) {
        CHECK(lab.state().get(1, i) == expected.get(1, i));
        CHECK(lab.state().get(0, i) == own.get(0, i));
      }
      CHECK(lab.state().position == own.position);
      carry_out(lab, command::Undo{});
      CHECK(fingerprint(lab) == before);
    }
    CHECK(lab.states().second.hash() == lab.other.hash());
  }
}

TEST_CASE("edits: a state is mixed with that of a lane, and with another layer of it") {
  FreshLab lab("mamba2");
  carry_out(lab, command::OpenLanes{{"In the beginning", "The sons of Levi"}});
  carry_out(lab, command::StepLanes{0});
  const std::vector<float> own = lab.state().get(1, kSsm), lanes = state_after("mamba2", "In the be").get(2, kSsm);
  carry_out(lab, command::EditState{{.operation = "mix", .layer = 1, .at = "0, 3", .value = 0.25, .position = 9, .from_layer = 2, .from_run = 1}});
  const std::vector<float> mixed = lab.state().get(1, kSsm);
  const std::size_t columns = static_cast<std::size_t>(lab.state().shape(1, kSsm)[2]);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const double expected = 0.75 * static_cast<double>(own[i]) + 0.25 * static_cast<double>(lanes[i]);
    if (i / columns == 3) CHECK(static_cast<double>(mixed[i]) == doctest::Approx(expected).epsilon(1e-6));
    else CHECK(mixed[i] == own[i]);
  }
}

TEST_CASE("edits: what was taken from another run stays taken, whatever becomes of that run") {
  TwoRuns lab("mamba1");
  carry_out(lab, command::EditState{{.operation = "transplant", .position = 20, .from_run = 1, .name = "a loan"}});
  read_text(lab, " went on");
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::DeleteRun{1});
  carry_out(lab, command::TakeBack{10});  // the edit is taken back with the tokens
  CHECK(lab.snapshot()->edits->empty());
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == whole);
  carry_out(lab, command::Fork{.position = 18});  // one that goes on from behind the edit
  CHECK(lab.snapshot()->edits->size() == 1);
  const State forked = lab.state();
  carry_out(lab, command::TakeBack{3});
  carry_out(lab, command::Undo{});
  CHECK(lab.state().hash() == forked.hash());
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::TakeBack{lab.count() - 18});
  CHECK(lab.state().hash() == forked.hash());
}

TEST_CASE("edits: every part of a patch takes from where it says, whatever the others take from") {
  const TemporaryFolder folder;
  TwoRuns lab("mamba1"), plain("mamba1");
  for (const auto& [name, text] : {std::pair("a.safetensors", "And"), {"b.safetensors", "the LORD"}}) {
    FreshLab kept("mamba1");
    read_text(kept, text);
    REQUIRE(save_state(folder / name, kept.state(), ""));
  }
  std::vector<StateEdit> edits;
  for (int i = 0; i < 16; ++i) {
    StateEdit edit{.operation = i % 3 == 0 ? "mix" : "transplant", .layer = i % 2, .at = std::to_string(3 * i), .value = 0.25, .position = i % 4 < 2 ? 5 : 9};
    if (i % 5 == 1) edit.from_run = 1;
    if (i % 5 == 2) edit.from_run = 0;
    if (i % 5 >= 3) edit.from_file = folder / (i % 5 == 3 ? "a.safetensors" : "b.safetensors");
    edits.push_back(edit);
  }
  carry_out(lab, command::ApplyPatch{"a mosaic", edits});
  for (const StateEdit& edit : edits) carry_out(plain, command::EditState{edit});
  CHECK(lab.state().hash() == plain.state().hash());
}

TEST_CASE("edits: elements of a saved state are taken, and a run starts with one") {
  const TemporaryFolder folder;
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    const std::string file = folder / (std::string(family) + ".safetensors");
    FreshLab kept(family), lab(family), whole(family);
    read_text(kept, "In the beginning");
    REQUIRE(save_state(file, kept.state(), kept.model_hash()));
    read_text(lab, "The sons");
    const std::string before = fingerprint(lab);
    carry_out(lab, command::EditState{{.operation = "transplant", .tensor = "*", .from_file = file}});
    for (int layer = 0; layer < 3; ++layer) CHECK(lab.state().get(layer, kSsm) == kept.state().get(layer, kSsm));
    CHECK(lab.state().position == 8);
    CHECK(lab.snapshot()->edits->back().label == "take everything of all layers from " + std::string(family) + ".safetensors");
    carry_out(lab, command::Undo{});
    CHECK(fingerprint(lab) == before);
    carry_out(lab, command::Reset{file});
    CHECK(lab.snapshot()->start == "start from a state");
    CHECK(lab.count() == 0);
    CHECK(lab.state().hash() == kept.state().hash());
    read_text(lab, " was the word");
    read_text(whole, "In the beginning was the word");
    CHECK(lab.state().hash() == whole.state().hash());
    CHECK(lab.snapshot()->last_logits == whole.snapshot()->last_logits);
    carry_out(lab, command::TakeBack{13});
    carry_out(lab, command::Undo{});
    CHECK(lab.state().hash() == whole.state().hash());
    for (int i = 0; i < 2; ++i) carry_out(lab, command::Undo{});  // reading and feeding
    carry_out(lab, command::Undo{});                              // starting
    CHECK(fingerprint(lab) == before);
  }
}

TEST_CASE("edits: a run of any family starts with a saved state and goes on as if it had read it") {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> first{3, 1, 4, 1, 5, 9}, then{2, 6, 5, 3};
  const auto read = [](Lab& into, const std::vector<std::int32_t>& ids) {
    carry_out(into, command::FeedTokens{ids});
    carry_out(into, command::ReadWaiting{});
  };
  for (const char* model : {"llama", "granite-dense", "rwkv4", "falcon_mamba"}) {
    INFO(model);
    const auto kept = open_golden(model), lab = open_golden(model), whole = open_golden(model);
    read(*kept, first);
    REQUIRE(save_state(folder / "s.safetensors", kept->state(), kept->model_hash()));
    carry_out(*lab, command::Reset{folder / "s.safetensors"});
    read(*lab, then);
    read(*whole, first);
    read(*whole, then);
    CHECK(lab->state().hash() == whole->state().hash());
    CHECK(lab->snapshot()->last_logits == whole->snapshot()->last_logits);
  }
}

TEST_CASE("edits: a source that is not there, or does not fit, is refused by field and changes nothing") {
  const TemporaryFolder folder;
  TwoRuns lab("mamba1");
  FreshLab other_model("mamba2");
  REQUIRE(save_state(folder / "mamba2.safetensors", other_model.state(), ""));
  REQUIRE(save_state(folder / "stranger.safetensors", lab.state(), "0123456789abcdef"));
  REQUIRE(write_file_atomically(folder / "torn.safetensors", "torn"));
  const std::string before = fingerprint(lab);
  struct Case {
    StateEdit edit;
    Code code;
    std::string field, file;
  };
  const auto file = [&](const char* name) { return StateEdit{.operation = "transplant", .from_file = folder / name}; };
  for (const Case& c : std::vector<Case>{{{.operation = "transplant", .from_run = 7}, Code::not_found, "edit.from_run", ""},
                                         {{.operation = "mix", .position = 27, .from_run = 1}, Code::out_of_range, "edit.position", ""},
                                         {{.operation = "mix", .from_run = 1, .from_file = "x"}, Code::bad_argument, "edit.from_file", ""},
                                         {file("none.safetensors"), Code::not_found, "", "none.safetensors"},
                                         {file("torn.safetensors"), Code::truncated, "", "torn.safetensors"},
                                         {file("mamba2.safetensors"), Code::mismatch, "__metadata__.model_type", "mamba2.safetensors"},
                                         {file("stranger.safetensors"), Code::mismatch, "__metadata__.model_hash", "stranger.safetensors"}}) {
    const Error error = refusal_of(lab, command::EditState{c.edit});
    INFO(error.text());
    CHECK(error.code == c.code);
    if (!c.field.empty()) CHECK(error.field == c.field);
    CHECK(error.file.ends_with(c.file));
    if (c.edit.from_file.size() > 1) CHECK(refusal_of(lab, command::Reset{c.edit.from_file}).code == c.code);
  }
  CHECK(refusal_of(lab, command::ApplyPatch{"", {{.operation = "zero"}, {.operation = "transplant", .from_run = 7}}}).field == "edits[1].from_run");
  CHECK(fingerprint(lab) == before);
  carry_out(lab, command::EditState{{.operation = "scale", .value = 2, .from_run = 7, .from_file = "none"}});  // of no use to it
}

TEST_CASE("edits: sessions and patches name states by their way from their folder, and replay them") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "states");
  const std::string file = folder / "states/kept.safetensors", path = folder / "a.statelab.json", patch_path = folder / "states/a.patch.json";
  FreshLab lab("mamba2");
  read_text(lab, "In the beginning");
  REQUIRE(save_state(file, lab.state(), lab.model_hash()));
  carry_out(lab, command::Reset{file});
  read_text(lab, " was");
  const StateEdit edit{.operation = "mix", .layer = 1, .value = 0.5, .from_file = file};
  carry_out(lab, command::EditState{edit});
  carry_out(lab, command::ApplyPatch{"", {{.operation = "scale", .value = 0.5}, edit}});
  const std::uint64_t hash = lab.state().hash();
  REQUIRE(save_session(session_of(*lab.snapshot(), *lab.opened()), path));
  const std::string text = read_file(path, 1 << 20).take();
  CHECK(text.find(R"("from_file":"states/kept.safetensors")") != text.npos);
  CHECK(text.find(R"("command":"reset","state":"states/kept.safetensors")") != text.npos);
  CHECK(text.find(file) == text.npos);
  const auto session = read_session(path);
  REQUIRE(session);
  FreshLab again("mamba2");
  REQUIRE(replay(session->commands, again, [](const command::ExportFigure&) { return Status(); }, nullptr));
  CHECK(again.state().hash() == hash);

  StatePatch patch;
  patch.edits = {edit, {.operation = "zero"}};
  REQUIRE(write_file_atomically(patch_path, json_of(as_written(patch, patch_path))));
  CHECK(read_file(patch_path, 1 << 20)->find(R"("from_file":"kept.safetensors")") != std::string::npos);
  const auto read = read_patch(patch_path);
  REQUIRE(read);
  CHECK(read->edits[0] == edit);
  CHECK(read->edits[1] == patch.edits[1]);
}

TEST_CASE("edits: what is taken from elsewhere is new in the state, whatever it held before") {
  CHECK(keeps_of({.operation = "transplant", .position = 3}).restored == 3);
  CHECK(keeps_of({.operation = "transplant", .position = 3, .from_run = 1}).restored == -1);
  CHECK(keeps_of({.operation = "transplant", .position = 3, .from_run = 1}).kept == 0);
  CHECK(keeps_of({.operation = "transplant", .from_file = "f"}).restored == -1);
  CHECK(keeps_of({.operation = "mix", .value = 0.25, .from_run = 1}).kept == 0.75);
  CHECK(words_of({.operation = "transplant", .layer = 2, .position = 3, .from_layer = 1, .from_run = 4}) == "take state of layer 2 from layer 1 at position 3 of run 4");
  CHECK(words_of({.operation = "mix", .layer = 2, .value = 0.5, .from_file = "/a/b.safetensors"}) == "mix 0.5 of b.safetensors into state of layer 2");
}

}  // namespace
}  // namespace lab::test
