// Attention of the past: the scores and probabilities that the model itself had when it read the token.
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "deriver_support.h"

namespace lab::test {
namespace {

/// The points of attention of one layer at one token, as the model shows them.
class LivePoints final : public Probe {
 public:
  LivePoints(int layers, int layer) : Probe(layers) {
    for (const Point point : {Point::scores, Point::probs, Point::attn_range, Point::attn_entropy}) read(point, layer);
  }
  void visit(Point point, int, std::int64_t, Rows<float> rows) override { values[point].assign(rows.row(0), rows.row(0) + rows.width); }
  std::map<Point, std::vector<float>> values;
};

int attention_layer(const Lab& lab) {
  const auto& layers = lab.opened()->model->info().layers;
  return static_cast<int>(std::ranges::find_if(layers, is_attention) - layers.begin());
}

/// A lab on a golden model with a layer of attention selected and tokens waiting.
std::unique_ptr<Lab> golden_lab(const std::string& name, LabOptions options = {}) {
  auto lab = std::make_unique<Lab>(options);
  carry_out(*lab, command::Open{source_path("tests/golden/" + name)});
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 40; ++i) ids.push_back((i * 7 + 3) % 90);
  carry_out(*lab, command::FeedTokens{ids});
  carry_out(*lab, command::Select{attention_layer(*lab), 0, 0});
  return lab;
}

/// Steps and returns what the model showed meanwhile: a copy of the state goes the same way under a probe.
std::map<Point, std::vector<float>> step_watched(Lab& lab) {
  const Model& model = *lab.opened()->model;
  State copy = lab.state();
  const std::int32_t id = lab.snapshot()->waiting.front();
  LivePoints points(model.layers(), attention_layer(lab));
  Context<float> context;
  Lane<float> lane{.tokens = {&id, 1}, .state = &copy, .probe = &points, .wants = LogitRows::none};
  REQUIRE(model.advance(std::span(&lane, 1), context));
  carry_out(lab, command::Step{1});
  return points.values;
}

std::shared_ptr<const Derived> derived_at(Deriver& deriver, Lab& lab, std::int64_t token) {
  carry_out(lab, command::Seek{token, "a"});
  return deriver.derive(lab.snapshot(), lab.opened(), {.frame = true, .attention = true});
}

}  // namespace

TEST_CASE("attention: of every past token it is the model's own to the bit, whatever was edited between") {
  for (const char* name : {"llama", "granite-dense", "llama3-rope", "granite-moe"}) {
    CAPTURE(name);
    const auto lab = golden_lab(name);
    std::vector<std::map<Point, std::vector<float>>> live;
    for (int t = 0; t < 40; ++t) {
      if (t == 11) carry_out(*lab, command::ScaleState{-1, 0.5});
      if (t == 20) carry_out(*lab, command::ZeroState{attention_layer(*lab)});
      if (t == 30) carry_out(*lab, command::RestoreState{.position = 9});
      live.push_back(step_watched(*lab));
    }
    Deriver deriver({});
    for (const std::int64_t token : {39, 0, 29, 30, 11, 10, 19, 20}) {
      CAPTURE(token);
      const auto seen = derived_at(deriver, *lab, token)->attention;
      REQUIRE(seen);
      auto& then = live[static_cast<std::size_t>(token)];
      CHECK(seen->token == token);
      CHECK(seen->probabilities == then[Point::probs]);
      CHECK(seen->scores == then[Point::scores]);
      CHECK(static_cast<std::size_t>(seen->heads * seen->rows) == seen->scores.size());
      for (std::int64_t head = 0; head < seen->heads; ++head) {
        const auto h = static_cast<std::size_t>(head);
        const auto* first = seen->probabilities.data() + head * seen->rows;
        // A sum of `rows` rounded shares.
        CHECK(std::abs(std::accumulate(first, first + seen->rows, 0.0) - 1) <= 0x1p-23 * static_cast<double>(seen->rows));
        CHECK(seen->low[h] == then[Point::attn_range][2 * h]);
        CHECK(seen->high[h] == then[Point::attn_range][2 * h + 1]);
        CHECK(seen->entropy_bits[h] * std::numbers::ln2_v<float> == doctest::Approx(then[Point::attn_entropy][h]).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("attention: rows of the cache are told apart by the tokens that brought them") {
  const auto lab = golden_lab("llama");
  const auto read = [&](std::int64_t tokens) { carry_out(*lab, command::Step{tokens}); };
  read(10);
  carry_out(*lab, command::ZeroState{attention_layer(*lab)});
  read(5);
  carry_out(*lab, command::RestoreState{.position = 3});
  read(5);
  Deriver deriver({});
  const auto whole = derived_at(deriver, *lab, 9)->attention;
  CHECK((whole->rows == 10 && whole->token_of(0) == 0 && whole->token_of(9) == 9));
  const auto emptied = derived_at(deriver, *lab, 14)->attention;
  CHECK((emptied->rows == 5 && emptied->token_of(0) == 10 && emptied->token_of(4) == 14));
  const auto restored = derived_at(deriver, *lab, 16)->attention;
  CHECK((restored->rows == 5 && restored->token_of(2) == -1 && restored->token_of(3) == 15 && restored->token_of(4) == 16));
}

TEST_CASE("attention: there is none before the first token and in other layers") {
  const auto lab = golden_lab("granite-dense");
  carry_out(*lab, command::Step{4});
  Deriver deriver({});
  CHECK_FALSE(derived_at(deriver, *lab, -1)->attention);
  REQUIRE(derived_at(deriver, *lab, 3)->attention);
  const int other = attention_layer(*lab) == 0 ? 1 : 0;
  carry_out(*lab, command::Select{other, 0, 0});
  const auto derived = derived_at(deriver, *lab, 3);
  CHECK_FALSE(derived->attention);
  CHECK(derived->refusal.empty());
  CHECK(derived->frame);
}

TEST_CASE("attention: a run that was fed vectors has it too") {
  const auto lab = golden_lab("llama");
  carry_out(*lab, command::Reset{});
  const auto hidden = static_cast<std::size_t>(lab->opened()->model->info().hidden);
  std::vector<float> vectors(6 * hidden);
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = std::sin(static_cast<float>(i));
  REQUIRE(lab->feed_vectors(vectors).applied);
  carry_out(*lab, command::ReadWaiting{});
  Deriver deriver({});
  const auto seen = derived_at(deriver, *lab, 4)->attention;
  REQUIRE(seen);
  CHECK(seen->rows == 5);
}

TEST_CASE("attention: what the budget has dropped is refused in words") {
  LabOptions options;
  options.trace.budget_bytes = 1'000'000;
  const auto lab = golden_lab("llama", options);
  carry_out(*lab, command::FeedTokens{std::vector<std::int32_t>(600, 5)});
  carry_out(*lab, command::ReadWaiting{});
  const TraceUse use = lab->snapshot()->trace->use();
  const std::int64_t earliest = std::max(use.looked_at_from, use.replayable_from);
  REQUIRE((earliest > 0 && earliest < lab->snapshot()->count()));
  CAPTURE(earliest);
  Deriver deriver({});
  const auto dropped = derived_at(deriver, *lab, earliest - 1);
  CHECK_FALSE(dropped->attention);
  CHECK(dropped->refusal.find("dropped") != std::string::npos);
  const auto there = derived_at(deriver, *lab, earliest);
  CHECK_MESSAGE(there->attention, there->refusal);
}

}  // namespace lab::test
