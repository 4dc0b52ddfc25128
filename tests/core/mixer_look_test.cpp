// What a mixer made of tokens of the past: what the model itself had when it read them, to the bit.
#include <cmath>
#include <map>
#include <numbers>

#include "app/core/layer_walk.h"
#include "app/core/sampler.h"
#include "app/core/slab_maker.h"
#include "deriver_support.h"

namespace lab::test {
namespace {

constexpr Point kSeen[] = {Point::u, Point::x, Point::B, Point::C, Point::dt, Point::y, Point::z, Point::wkv, Point::att_k, Point::att_v, Point::att_r};

/// The points of one layer at one token, as the model shows them.
class LivePoints final : public Probe {
 public:
  LivePoints(int layers, int layer) : Probe(layers) {
    for (const Point point : kSeen) read(point, layer);
  }
  void visit(Point point, int, std::int64_t, Rows<float> rows) override { values[point].assign(rows.row(0), rows.row(0) + rows.width); }
  std::map<Point, std::vector<float>> values;
};

/// Steps and returns what the model showed of a layer meanwhile: a copy of the state goes the same way under a probe.
std::map<Point, std::vector<float>> step_watched(Lab& lab, int layer) {
  const Model& model = *lab.opened()->model;
  State copy = lab.state();
  const std::int32_t id = lab.snapshot()->waiting.front();
  LivePoints points(model.layers(), layer);
  Context<float> context;
  Lane<float> lane{.tokens = {&id, 1}, .state = &copy, .probe = &points, .wants = LogitRows::none};
  REQUIRE(model.advance(std::span(&lane, 1), context));
  carry_out(lab, command::Step{1});
  return points.values;
}

std::unique_ptr<Lab> golden_lab(const std::string& name, int tokens) {
  auto lab = std::make_unique<Lab>(LabOptions{});
  carry_out(*lab, command::Open{source_path("tests/golden/" + name)});
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < tokens; ++i) ids.push_back((i * 7 + 3) % 50);
  carry_out(*lab, command::FeedTokens{ids});
  carry_out(*lab, command::Select{1, 0, 0});
  return lab;
}

}  // namespace

TEST_CASE("mixer: drivers of every past token are the model's own to the bit, whatever was edited between") {
  for (const char* name : {"mamba1", "mamba2", "mamba2-groups", "falcon_mamba", "rwkv4"}) {
    CAPTURE(name);
    const auto lab = golden_lab(name, 80);
    std::vector<std::map<Point, std::vector<float>>> live;
    for (int t = 0; t < 80; ++t) {
      if (t == 11) carry_out(*lab, command::ScaleState{-1, 0.5});
      if (t == 70) carry_out(*lab, command::ZeroState{1});
      live.push_back(step_watched(*lab, 1));
    }
    Deriver deriver({});
    for (const std::int64_t token : {79, 0, 10, 11, 12, 64, 69, 70}) {
      CAPTURE(token);
      carry_out(*lab, command::Seek{token, "a"});
      const auto seen = deriver.derive(lab->snapshot(), lab->opened(), {.mixer = true})->mixer;
      REQUIRE(seen);
      CHECK(seen->token == token);
      int compared = 0;
      for (const auto& [point, values] : live[static_cast<std::size_t>(token)]) {
        const auto found = seen->values.find(point);
        if (found == seen->values.end()) continue;
        ++compared;
        CHECK_MESSAGE(found->second == values, short_name(point));
      }
      CHECK(compared >= 4);
      for (const Point needed : {Point::B, Point::C, Point::y})
        if (live[0].count(needed)) CHECK_MESSAGE(seen->values.count(needed) == 1, short_name(needed));
    }
  }
}

TEST_CASE("mixer: the recurrence of a cell holds in double precision, from the state that its token found") {
  for (const char* name : {"mamba1", "mamba2-groups"}) {
    CAPTURE(name);
    const auto lab = golden_lab(name, 30);
    carry_out(*lab, command::ReadWaiting{});
    carry_out(*lab, command::Seek{21, "a"});
    Deriver deriver({});
    const auto derived = deriver.derive(lab->snapshot(), lab->opened(), {.frame = true, .mixer = true});
    const Model& model = *lab->opened()->model;
    const MixerFrame& seen = *derived->mixer;
    const StateFrame& frame = *derived->frame;
    const std::vector<float> A = model.rates(1);
    const std::int64_t N = frame.shape.back(), rows = static_cast<std::int64_t>(frame.h.size()) / N;
    const auto at = [&](Point point, std::int64_t i) { return static_cast<double>(*seen.at(point, i)); };
    const std::int64_t heads = static_cast<std::int64_t>(seen.values.at(Point::dt).size()), groups = static_cast<std::int64_t>(seen.values.at(Point::B).size()) / N;
    const Point input = seen.values.count(Point::u) ? Point::u : Point::x;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t n = 0; n < N; ++n) {
        const std::int64_t cell = row * N + n, head = row / (rows / heads), group = row / (rows / groups);
        const double rate = static_cast<double>(A[static_cast<std::size_t>(static_cast<std::int64_t>(A.size()) == rows * N ? cell : head)]);
        const double step = at(Point::dt, head), decayed = std::exp(step * rate) * static_cast<double>(seen.before[static_cast<std::size_t>(cell)]);
        const double written = step * at(input, row) * at(Point::B, group * N + n);
        // Four roundings of products and a sum, and an exponential that is good to some more.
        const double tolerance = 16 * 0x1p-24 * (std::abs(decayed) + std::abs(written)) + 1e-30;
        CHECK(std::abs(static_cast<double>(frame.h[static_cast<std::size_t>(cell)]) - (decayed + written)) <= tolerance);
      }
  }
}

TEST_CASE("mixer: before the first token there is nothing, and what the budget has dropped is not made up") {
  LabOptions options;
  options.trace.budget_bytes = 200'000;
  FreshLab lab("mamba2", options);
  carry_out(lab, command::FeedText{std::string(1000, 'x')});
  carry_out(lab, command::ReadWaiting{});
  Deriver deriver({});
  carry_out(lab, command::Seek{0, "a"});
  CHECK_FALSE(deriver.derive(lab.snapshot(), lab.opened(), {.mixer = true})->mixer);
  carry_out(lab, command::Seek{-1, "a"});
  CHECK_FALSE(deriver.derive(lab.snapshot(), lab.opened(), {.mixer = true})->mixer);
  carry_out(lab, command::Seek{999, "a"});
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), {.mixer = true})->mixer);
}

TEST_CASE("slab: any axis of the state goes down through the selected cell") {
  FreshLab lab("mamba2");  // [4, 16, 8]
  std::vector<std::vector<float>> live;
  step_through(lab, 40, [&] { live.push_back(recurrent(lab, 2)); });
  const std::int64_t head = 2, p = 5, n = 3;
  carry_out(lab, command::Select{2, head * 16 + p, n});
  Deriver deriver({});
  const auto flat = [](std::int64_t h, std::int64_t q, std::int64_t s) { return (h * 16 + q) * 8 + s; };
  for (const std::int64_t axis : {-1, 0, 1, 2}) {
    CAPTURE(axis);
    const auto slab = deriver.derive(lab.snapshot(), lab.opened(), {.slab = true, .rows_axis = axis})->slab;
    REQUIRE(slab);
    CHECK(slab->shape == std::vector<std::int64_t>{4, 16, 8});
    CHECK(slab->rows == (axis == 0 ? 4 : axis == 1 ? 16 : axis == 2 ? 8 : 64));
    CHECK(slab->row_of(flat(head, p, n)) == (axis == 0 ? head : axis == 1 ? p : axis == 2 ? n : head * 16 + p));
    CHECK(slab->channels_by_half_life.size() == 64);
    for (std::int64_t row = 0; row < slab->rows; ++row) {
      const std::int64_t cell = axis == 0 ? flat(row, p, n) : axis == 1 ? flat(head, row, n) : axis == 2 ? flat(head, p, row) : flat(0, row, n);
      CHECK(slab->cell_of(row) == cell);
      for (const std::size_t t : {0u, 17u, 39u}) CHECK(slab->columns[static_cast<std::int64_t>(t)][static_cast<std::size_t>(row)] == live[t][static_cast<std::size_t>(cell)]);
    }
  }
}

TEST_CASE("slab: means and deviations are of every token in double precision, also where columns are pooled") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{std::string(1500, 'a') + std::string(700, 'b')});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Select{1, 0, 5});
  Deriver deriver({});
  const auto slab = deriver.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
  REQUIRE(slab->stride == 2);
  std::vector<double> sum(64), squares(64);
  Context<float> context;
  LayerWalk all(*lab.opened()->model, 1, context);
  REQUIRE(all.walk(*lab.snapshot(), 0, 2200, [&](std::int64_t) {
    const std::vector<float> h = all.state().get(1, kSsm);
    for (std::size_t r = 0; r < 64; ++r) {
      const auto value = static_cast<double>(h[r * 8 + 5]);
      sum[r] += value, squares[r] += value * value;
    }
    return true;
  }));
  for (std::size_t r = 0; r < 64; ++r) {
    const double mean = sum[r] / 2200, deviation = std::sqrt(squares[r] / 2200 - mean * mean);
    CHECK(static_cast<double>(slab->mean[r]) == doctest::Approx(mean).epsilon(1e-6));
    CHECK(static_cast<double>(slab->deviation[r]) == doctest::Approx(deviation).epsilon(1e-5));
  }
  for (std::size_t i = 1; i < 64; ++i)
    CHECK(squares[static_cast<std::size_t>(slab->by_norm[i - 1])] >= squares[static_cast<std::size_t>(slab->by_norm[i])] * (1 - 1e-6));
}

TEST_CASE("similarity: rows that go the same way stand together, whatever their size, and those that do not vary are last") {
  constexpr std::int64_t rows = 60, tokens = 300;
  RowLog<float> columns(rows, 16);
  // Two shapes, one of them also upside down, shuffled over the rows at different sizes and offsets; row 7 is constant.
  const auto kind = [](std::int64_t row) { return row * 7 % 3; };
  for (std::int64_t t = 0; t < tokens; ++t) {
    const auto column = columns.append();
    for (std::int64_t row = 0; row < rows; ++row) {
      const double slow = std::sin(0.05 * static_cast<double>(t)), fast = std::cos(0.9 * static_cast<double>(t) + 0.3);
      const double shape = kind(row) == 0 ? slow : kind(row) == 1 ? -slow : fast;
      column[static_cast<std::size_t>(row)] = row == 7 ? 3.0f : static_cast<float>((1 + 0.3 * static_cast<double>(row)) * shape + static_cast<double>(row % 5));
    }
  }
  const std::vector<std::int32_t> order = order_by_similarity(columns.view(), rows);
  REQUIRE(order.size() == rows);
  CHECK(order.back() == 7);
  int changes = 0;
  for (std::size_t i = 1; i + 1 < order.size(); ++i) changes += kind(order[i]) != kind(order[i - 1]);
  CHECK(changes == 2);
  std::vector<std::int32_t> sorted = order;
  std::ranges::sort(sorted);
  for (std::int32_t row = 0; row < rows; ++row) CHECK(sorted[static_cast<std::size_t>(row)] == row);
  CHECK(order_by_similarity(columns.view(), rows) == order);
  CHECK(order_by_similarity(RowLog<float>(3).view(), 3) == std::vector<std::int32_t>{0, 1, 2});
}

TEST_CASE("expected: probabilities, ranks and entropy of past tokens are those seen live, watched ones in double precision") {
  FreshLab lab("mamba1");
  std::vector<std::vector<float>> logits;
  step_through(lab, 50, [&] { logits.push_back(lab.snapshot()->last_logits); });
  Deriver deriver({});
  const Watched watched = {97, 3, -1, -1};
  const auto track = deriver.derive(lab.snapshot(), lab.opened(), {.expected = true, .watched = watched})->expected;
  REQUIRE(track);
  REQUIRE((track->rows.count() == 50 && track->first == 0 && track->stride == 1));
  const std::vector<bool> sampleable = sampleable_tokens(lab.opened()->tokenizer.get(), lab.opened()->model->info().vocabulary);
  for (std::size_t t = 0; t < 50; ++t) {
    double sum = 0, entropy = 0, largest = -1e30;
    for (std::size_t id = 0; id < logits[t].size(); ++id)
      if (sampleable[id]) largest = std::max(largest, static_cast<double>(logits[t][id]));
    for (std::size_t id = 0; id < logits[t].size(); ++id)
      if (sampleable[id]) sum += std::exp(static_cast<double>(logits[t][id]) - largest);
    const auto p = [&](std::size_t id) { return std::exp(static_cast<double>(logits[t][id]) - largest) / sum; };
    for (std::size_t id = 0; id < logits[t].size(); ++id)
      if (sampleable[id]) entropy -= p(id) * std::log2(p(id));
    const auto row = track->rows[static_cast<std::int64_t>(t)];
    CHECK(static_cast<double>(row[0]) == doctest::Approx(entropy).epsilon(1e-6));
    const auto check = [&](std::int32_t token, std::size_t at) {
      const auto id = static_cast<std::size_t>(token);
      int rank = 1;
      for (std::size_t other = 0; other < logits[t].size(); ++other)
        rank += sampleable[other] && (logits[t][other] > logits[t][id] || (logits[t][other] == logits[t][id] && other < id));
      CHECK(static_cast<double>(row[at]) == doctest::Approx(p(id)).epsilon(1e-6));
      CHECK(row[at + 1] == static_cast<float>(rank));
    };
    check(97, 3), check(3, 5);
    CHECK(std::isnan(row[7]));
    if (t < 49) check(lab.snapshot()->tokens[static_cast<std::int64_t>(t) + 1][0], 1);
    else CHECK((std::isnan(row[1]) && std::isnan(row[2])));
  }
  carry_out(lab, command::Step{1});  // now it is known what came
  const auto next = deriver.derive(lab.snapshot(), lab.opened(), {.expected = true, .watched = watched})->expected;
  CHECK(next->rows.count() == 51);
  CHECK(std::isfinite(next->rows[49][1]));
  CHECK(track->rows.count() == 50);
  carry_out(lab, command::TakeBack{20});
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), {.expected = true, .watched = watched})->expected->rows.count() == 31);
}

TEST_CASE("channel: its time step and gate are what was recorded of it, or of its head") {
  for (const char* family : {"mamba1", "mamba2"}) {
    CAPTURE(family);
    FreshLab lab(family);
    step_through(lab, 30, [] {});
    carry_out(lab, command::Select{1, 37, 0});
    carry_out(lab, command::ShowRange{4, 24});
    Deriver deriver({});
    const auto track = deriver.derive(lab.snapshot(), lab.opened(), {.channel = true})->channel;
    REQUIRE(track);
    CHECK((track->channel == 37 && track->first == 4 && track->values.at(Point::dt).size() == 20));
    const LayerInfo& info = lab.opened()->model->info().layers[1];
    for (std::int64_t t = 4; t < 24; ++t) {
      const auto dt = *lab.snapshot()->trace->driver(1, find_driver(info, Point::dt), t), z = *lab.snapshot()->trace->driver(1, find_driver(info, Point::z), t);
      CHECK(track->values.at(Point::dt)[static_cast<std::size_t>(t - 4)] == dt[info.heads > 0 ? 37 / 16 : 37]);
      CHECK(track->values.at(Point::z)[static_cast<std::size_t>(t - 4)] == z[37]);
    }
    carry_out(lab, command::Step{5});
    carry_out(lab, command::ShowRange{4, 30});
    CHECK(deriver.derive(lab.snapshot(), lab.opened(), {.channel = true})->channel->values.at(Point::z).size() == 26);
  }
}

}  // namespace lab::test
