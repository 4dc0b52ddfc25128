// Two states, tensor by tensor.
#include <doctest/doctest.h>

#include "model/state_compare.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

BasicModelState<double> odd(unsigned seed = 1) { return get_model_state(filled<double>(odd_schema(), seed)); }

StateDifference compared(const BasicModelState<double>& a, const BasicModelState<double>& b) {
  auto difference = compare_states(a, b);
  REQUIRE_MESSAGE(difference, difference.error().text());
  return difference.take();
}

}  // namespace

TEST_CASE("state compare: a state equals itself, tensors that are not finite among it") {
  BasicModelState<double> state = odd();
  state.layers.at(0).tensors[0].values[0] = NAN;
  const StateDifference all = compared(state, state);
  CHECK(all.equal);
  REQUIRE(all.tensors.size() == 6);
  CHECK(all.tensors[1].tensor == "ssm_state");
  CHECK(all.tensors[3].layer == 1);
  for (const StateTensorDifference& d : all.tensors) {
    CHECK(d.equal);
    CHECK(d.rel_l2 == 0);
    CHECK(d.max_abs == 0);
    CHECK(d.cosine == doctest::Approx(1).epsilon(1e-15));
  }
  CHECK(all.tensors[0].nonfinite == 1);
}

TEST_CASE("state compare: the numbers are those of plain vectors") {
  BasicModelState<double> a = odd(), b = a;
  std::vector<double>& x = a.layers.at(1).tensors[2].values;
  std::vector<double>& y = b.layers.at(1).tensors[2].values;
  x = {3, 4, 0, 0, 0, 0, 0};
  y = {3, 0, 4, 0, 0, 0, 0};
  const StateTensorDifference d = compared(a, b).tensors[5];
  CHECK_FALSE(compared(a, b).equal);
  CHECK_FALSE(d.equal);
  CHECK(d.rel_l2 == doctest::Approx(std::sqrt(32.0) / 5).epsilon(1e-15));
  CHECK(d.max_abs == 4);
  CHECK(d.cosine == doctest::Approx(9.0 / 25).epsilon(1e-15));
  CHECK(d.differing == 2);
  x.assign(7, 0);
  CHECK(compared(a, b).tensors[5].rel_l2 == 1);
  CHECK(std::isnan(compared(a, b).tensors[5].cosine));
  CHECK(std::isinf(compared(b, a).tensors[5].rel_l2));
  y.assign(7, 0);
  y[0] = -0.0;
  CHECK(compared(a, b).tensors[5].differing == 1);  // another bit, though no other value
  CHECK(compared(a, b).tensors[5].rel_l2 == 0);
}

TEST_CASE("state compare: another position alone makes states differ") {
  BasicModelState<double> a = odd(), b = a;
  b.position = 13;
  const StateDifference all = compared(a, b);
  CHECK_FALSE(all.equal);
  CHECK(all.position_b == 13);
  for (const StateTensorDifference& d : all.tensors) CHECK(d.equal);
}

TEST_CASE("state compare: attention caches of different lengths are compared over the rows of both") {
  const auto model = open_golden("llama");
  Context<float> context;
  const Tokens tokens = random_tokens(8, model->info().vocabulary);
  const auto after = [&](std::ptrdiff_t count) {
    return converted<double>(get_model_state(run<float>(*model, Tokens(tokens.begin(), tokens.begin() + count), context).state));
  };
  const StateDifference all = compared(after(5), after(8));
  CHECK_FALSE(all.equal);
  for (const StateTensorDifference& d : all.tensors) {
    CHECK(d.shape[0] == 5);
    CHECK(d.shape_b[0] == 8);
    CHECK(d.differing == 0);
    CHECK_FALSE(d.equal);
  }
}

TEST_CASE("state compare: states that do not fit each other are refused by what is missing or has another shape") {
  BasicModelState<double> a = odd(), b = a;
  b.layers.erase(1);
  auto refused = compare_states(a, b);
  REQUIRE(!refused);
  CHECK(refused.error().code == Code::missing);
  CHECK(refused.error().field == "layers.1.conv_state");
  CHECK(refused.error().others.size() == 2);
  CHECK(compare_states(b, a).error().message.find("first state lacks") != std::string::npos);
  b = a;
  b.layers.at(0).tensors[1].shape = {4, 19, 3};
  refused = compare_states(a, b);
  REQUIRE(!refused);
  CHECK(refused.error().field == "layers.0.ssm_state");
  CHECK(refused.error().expected == "[2, 19, 3]");
  CHECK(refused.error().found == "[4, 19, 3]");
  b = a;
  b.model_type = "mamba";
  CHECK(compare_states(a, b).error().field == "model_type");
  b.model_type = "";
  CHECK(compare_states(a, b));
}
