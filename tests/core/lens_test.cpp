// The logit lens against the model's own head and against sums in double.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "app/core/lens.h"
#include "app/core/sampler.h"
#include "support.h"

namespace lab::test {
namespace {

const auto kNever = [] { return false; };

struct Looked {
  std::shared_ptr<const OpenedModel> opened = random_model("mamba2");
  Lab lab{LabOptions{}};
  Context<float> context;
  std::vector<bool> sampleable = sampleable_tokens(opened->tokenizer.get(), opened->model->info().vocabulary);

  Looked() {
    lab.put(opened);
    carry_out(lab, command::FeedText{"state spaces and more"});
    carry_out(lab, command::ReadWaiting{});
  }
  std::shared_ptr<const LogitLens> at(std::int64_t token) {
    carry_out(lab, command::Seek{token, "a"});
    auto lens = look_through_lens(*opened->model, *lab.snapshot(), sampleable, context, kNever);
    REQUIRE(lens);
    return lens.take();
  }
};

}  // namespace

TEST_CASE("lens: the last layer says what the model says, and what came is where it is in that order") {
  Looked looked;
  const auto end = looked.lab.snapshot()->count() - 1;
  const auto lens = looked.at(end);
  REQUIRE(static_cast<int>(lens->rows.size()) == looked.opened->model->layers());
  const NextTokens next = next_tokens(looked.lab.snapshot()->last_logits, end + 1, -1, looked.sampleable);
  CHECK(lens->rows.back().best.id == next.best[0].id);
  CHECK(lens->rows.back().best.probability == next.best[0].probability);
  CHECK(lens->rows.back().entropy_bits == next.entropy_bits);
  CHECK(lens->rows.back().divergence_bits == 0);
  CHECK(lens->came == -1);
  const auto before = looked.at(3);
  CHECK(before->came == looked.lab.snapshot()->tokens[4][0]);
  CHECK(before->rows.back().came_rank >= 0);
}

TEST_CASE("lens: divergence and entropy of every layer are those of sums in double over the head of its residual stream") {
  Looked looked;
  const auto lens = looked.at(7);
  const Model& model = *looked.opened->model;
  const auto vocabulary = model.info().vocabulary;
  std::vector<std::vector<double>> p;
  for (int layer = 0; layer < model.layers(); ++layer) {
    const auto& drivers = model.info().layers[static_cast<std::size_t>(layer)].drivers;
    int index = 0;
    while (drivers[static_cast<std::size_t>(index)].point != Point::resid_out) ++index;
    auto residual = looked.lab.snapshot()->trace->driver(layer, index, 7);
    REQUIRE(residual);
    std::vector<float> logits(static_cast<std::size_t>(vocabulary));
    model.read_out({residual->data(), 1, model.info().hidden}, {logits.data(), 1, vocabulary}, looked.context);
    double sum = 0;
    auto& row = p.emplace_back();
    for (const float logit : logits) sum += row.emplace_back(std::exp(static_cast<double>(logit)));
    for (double& each : row) each /= sum;
  }
  for (std::size_t layer = 0; layer < p.size(); ++layer) {
    double entropy = 0, divergence = 0;
    for (std::size_t id = 0; id < p[layer].size(); ++id) {
      entropy -= p[layer][id] * std::log2(p[layer][id]);
      divergence += p.back()[id] * std::log2(p.back()[id] / p[layer][id]);
    }
    CHECK(lens->rows[layer].entropy_bits == doctest::Approx(entropy).epsilon(1e-5));
    CHECK(std::abs(lens->rows[layer].divergence_bits - divergence) < 1e-5 * (1 + divergence));
  }
  CHECK(lens->rows[0].divergence_bits > 0);
}

TEST_CASE("lens: looking stops when it is told to") {
  Looked looked;
  carry_out(looked.lab, command::Seek{2, "a"});
  const auto lens = look_through_lens(*looked.opened->model, *looked.lab.snapshot(), looked.sampleable, looked.context, [] { return true; });
  REQUIRE(lens);
  CHECK(*lens == nullptr);
}

}  // namespace lab::test
