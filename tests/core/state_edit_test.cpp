// Edits of single elements, heads, channels and layers: what they change, what they leave, and that they are taken back.
#include <doctest/doctest.h>

#include <cmath>

#include "app/core/state_edit.h"
#include "model/state_slice.h"
#include "support.h"

namespace lab::test {
namespace {

constexpr int kSsm = 1;  // the recurrent tensor of a layer

/// A lab whose states are all different.
struct Edited : FreshLab {
  explicit Edited(const char* family) : FreshLab(family) {
    carry_out(*this, command::FeedText{"In the beginning"});
    carry_out(*this, command::ReadWaiting{});
    carry_out(*this, command::Step{20});
  }
};

std::vector<float> ssm(const Lab& lab, int layer) { return lab.state().get(layer, kSsm); }

/// Applies an edit of layer 1 to `lab` and checks that exactly the elements of the slice became what `expected` says.
void check_edit(Lab& lab, StateEdit edit, const std::function<double(double old, std::size_t flat)>& expected) {
  edit.layer = 1;
  INFO(words_of(edit));
  std::vector<std::vector<float>> before;
  for (int layer = 0; layer < 3; ++layer) before.push_back(ssm(lab, layer));
  const std::vector<float> conv = lab.state().get(1, 0);
  carry_out(lab, command::EditState{edit});
  const auto slice = StateSlice::parse(edit.at, lab.state().shape(1, kSsm));
  REQUIRE(slice);
  std::vector<bool> is_meant(before[1].size());
  slice->for_each([&](std::int64_t flat) { is_meant[static_cast<std::size_t>(flat)] = true; });
  const std::vector<float> after = ssm(lab, 1);
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (is_meant[i]) CHECK(static_cast<double>(after[i]) == doctest::Approx(expected(static_cast<double>(before[1][i]), i)).epsilon(1e-6));
    else CHECK(after[i] == before[1][i]);
  }
  CHECK(ssm(lab, 0) == before[0]);
  CHECK(ssm(lab, 2) == before[2]);
  CHECK(lab.state().get(1, 0) == conv);
  carry_out(lab, command::Undo{});
  CHECK(ssm(lab, 1) == before[1]);
  carry_out(lab, command::Redo{});
  CHECK(ssm(lab, 1) == after);
  carry_out(lab, command::Undo{});
}

TEST_CASE("edits: every operation changes what it names, as it says, and nothing else") {
  for (const auto& [family, at] : {std::pair("mamba1", "3:7, 2"), std::pair("mamba2", "1, 3:7, 2")}) {
    Edited lab(family);
    std::vector<float> past, past_of_other;
    {
      Edited other(family);
      carry_out(other, command::TakeBack{other.snapshot()->count() - 9});
      past = ssm(other, 1), past_of_other = ssm(other, 2);
    }
    for (const char* where : {at, ""}) {
      check_edit(lab, {.operation = "zero", .at = where}, [](double, std::size_t) { return 0.0; });
      check_edit(lab, {.operation = "set", .at = where, .value = -1.25}, [](double, std::size_t) { return -1.25; });
      check_edit(lab, {.operation = "scale", .at = where, .value = -0.5}, [](double old, std::size_t) { return -0.5 * old; });
      check_edit(lab, {.operation = "clamp", .at = where, .value = 0.01}, [](double old, std::size_t) { return std::max(-0.01, std::min(0.01, old)); });
      check_edit(lab, {.operation = "mix", .at = where, .value = 0.25, .position = 9},
                 [&](double old, std::size_t i) { return 0.75 * old + 0.25 * static_cast<double>(past[i]); });
      check_edit(lab, {.operation = "transplant", .at = where, .position = 9}, [&](double, std::size_t i) { return static_cast<double>(past[i]); });
      check_edit(lab, {.operation = "transplant", .at = where, .position = 9, .from_layer = 2},
                 [&](double, std::size_t i) { return static_cast<double>(past_of_other[i]); });
    }
  }
}

TEST_CASE("edits: noise has the size it says, depends on its seed alone, and is another in every layer") {
  Edited lab("mamba1");
  std::vector<std::vector<double>> noise;
  for (const std::int64_t seed : {1, 1, 2}) {
    const std::vector<float> one = ssm(lab, 1), two = ssm(lab, 2);
    carry_out(lab, command::EditState{{.operation = "noise", .value = 3, .seed = seed}});
    for (const auto& [before, layer] : {std::pair(&one, 1), std::pair(&two, 2)}) {
      const std::vector<float> after = ssm(lab, layer);
      noise.emplace_back();
      for (std::size_t i = 0; i < after.size(); ++i) noise.back().push_back(static_cast<double>(after[i]) - static_cast<double>((*before)[i]));
    }
    carry_out(lab, command::Undo{});
  }
  for (const auto& values : noise) {
    double sum = 0, squares = 0;
    for (const double value : values) sum += value, squares += value * value;
    const auto n = static_cast<double>(values.size());
    CHECK(n == 512);
    CHECK(std::fabs(sum / n) < 4 * 3 / std::sqrt(n));  // four standard errors
    CHECK(std::fabs(squares / n - 9) < 4 * 9 * std::sqrt(2 / n));
  }
  const auto correlation = [](const std::vector<double>& a, const std::vector<double>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return ab / std::sqrt(aa * bb);
  };
  CHECK(correlation(noise[0], noise[2]) == doctest::Approx(1));
  CHECK(std::fabs(correlation(noise[0], noise[1])) < 0.2);
  CHECK(std::fabs(correlation(noise[0], noise[4])) < 0.2);
}

TEST_CASE("edits: what recurs is meant unless a tensor is named; in every layer unless one is") {
  Edited lab("mamba2");
  carry_out(lab, command::EditState{{.operation = "set", .tensor = "conv_state", .value = 2}});
  for (int layer = 0; layer < 3; ++layer)
    for (const float value : lab.state().get(layer, 0)) CHECK(value == 2);
  const std::vector<float> before = ssm(lab, 0);
  CHECK(before != std::vector<float>(before.size(), 2));
  carry_out(lab, command::EditState{{.operation = "set", .value = 3}});
  for (int layer = 0; layer < 3; ++layer)
    for (const float value : ssm(lab, layer)) CHECK(value == 3);
  CHECK(lab.state().get(0, 0).front() == 2);
  carry_out(lab, command::EditState{{.operation = "set", .layer = 2, .tensor = "*", .value = 4}});
  CHECK(lab.state().get(2, 0).front() == 4);
  CHECK(ssm(lab, 2).front() == 4);
  CHECK(ssm(lab, 1).front() == 3);
}

TEST_CASE("edits: the vectors of RWKV and the rows of an attention cache are edited by their schema") {
  const auto read = [](const char* model) {
    auto lab = open_golden(model);
    carry_out(*lab, command::FeedTokens{{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9}});
    carry_out(*lab, command::ReadWaiting{});
    return lab;
  };
  const auto rwkv_lab = read("rwkv4"), llama_lab = read("llama");
  Lab &rwkv = *rwkv_lab, &llama = *llama_lab;
  const auto& layer = rwkv.state().schema().layers()[1];
  const int pp = layer.find("att.pp");
  REQUIRE(pp >= 0);
  carry_out(rwkv, command::EditState{{.operation = "zero", .layer = 1, .tensor = "att.pp", .at = "0:3"}});
  CHECK(rwkv.state().get(1, pp)[2] == layer.tensors[static_cast<std::size_t>(pp)].neutral);
  CHECK(rwkv.state().get(1, pp)[3] != layer.tensors[static_cast<std::size_t>(pp)].neutral);

  const std::vector<float> keys = llama.state().get(0, 0);
  carry_out(llama, command::EditState{{.operation = "scale", .layer = 0, .at = "4", .value = 2}});
  const auto width = keys.size() / static_cast<std::size_t>(llama.snapshot()->count());
  const std::vector<float> after = llama.state().get(0, 0);
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(after[i] == (i / width == 4 ? 2 * keys[i] : keys[i]));
  // Of a past with fewer rows there is nothing to take for the newer ones.
  CHECK(refusal_of(llama, command::EditState{{.operation = "transplant", .layer = 0, .at = "12", .position = 9}}).code == Code::out_of_range);
  carry_out(llama, command::EditState{{.operation = "transplant", .layer = 0, .at = "4", .position = 9}});
  CHECK(llama.state().get(0, 0) == keys);
}

TEST_CASE("edits: an edited run that is taken back and read again is the same to the bit") {
  Edited lab("mamba2");
  carry_out(lab, command::EditState{{.operation = "noise", .layer = 1, .at = "0", .value = 0.5, .seed = 3, .name = "a shake"}});
  CHECK(lab.snapshot()->edits->back().label == "a shake");
  CHECK(lab.snapshot()->undo.back().label == "a shake");
  carry_out(lab, command::Step{7});
  carry_out(lab, command::EditState{{.operation = "mix", .value = 0.5, .position = 12}});
  carry_out(lab, command::Step{70});
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::TakeBack{85});
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == whole);
}

TEST_CASE("edits: what would do nothing or cannot be done is refused by field, and changes nothing") {
  Edited lab("mamba1");
  const std::string before = fingerprint(lab);
  struct Case {
    StateEdit edit;
    Code code;
    const char* field;
  };
  for (const Case& c : std::vector<Case>{{{.operation = "square"}, Code::bad_argument, "edit.operation"},
                                         {{.layer = 3}, Code::out_of_range, "edit.layer"},
                                         {{.layer = -2}, Code::out_of_range, "edit.layer"},
                                         {{.tensor = "kv.k"}, Code::not_found, "edit.tensor"},
                                         {{.layer = 1, .at = "64"}, Code::out_of_range, "edit.at"},
                                         {{.at = "a"}, Code::malformed, "edit.at"},
                                         {{.operation = "scale", .value = INFINITY}, Code::out_of_range, "edit.value"},
                                         {{.operation = "set", .value = 1e300}, Code::out_of_range, "edit.value"},
                                         {{.operation = "noise", .value = -1}, Code::out_of_range, "edit.value"},
                                         {{.operation = "clamp", .value = NAN}, Code::out_of_range, "edit.value"},
                                         {{.operation = "mix", .position = 37}, Code::out_of_range, "edit.position"},
                                         {{.operation = "transplant", .position = -1}, Code::out_of_range, "edit.position"},
                                         {{.operation = "transplant", .from_layer = 3}, Code::out_of_range, "edit.from_layer"}}) {
    const Error error = refusal_of(lab, command::EditState{c.edit});
    INFO(error.text());
    CHECK(error.code == c.code);
    CHECK(error.field == c.field);
  }
  CHECK(fingerprint(lab) == before);
}

TEST_CASE("edits: a session may leave out what an edit does not need") {
  const auto read = parse_command(R"({"command": "edit_state", "edit": {"operation": "scale", "at": "3", "value": 0.5}})", "");
  REQUIRE(read);
  CHECK(std::get<command::EditState>(*read).edit == StateEdit{.operation = "scale", .at = "3", .value = 0.5});
  const auto misspelt = parse_command(R"({"command": "edit_state", "edit": {"operation": "scale", "vlaue": 0.5}})", "");
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().field == "edit.vlaue");
}

}  // namespace
}  // namespace lab::test
