// Two runs or recorded traces compared over time, against states replayed and compared by brute force.
#include "app/core/comparison.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include <doctest/doctest.h>

#include "app/core/comparison_maker.h"
#include "app/core/multiples.h"
#include "app/core/state_plane.h"
#include "deriver_support.h"
#include "model/files/safetensors.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

constexpr std::int64_t kTokens = 40, kForkedAt = 20;
const std::string kText = "a state holds what it has been told, or not";

/// A run that has read a text, and a fork of it in which the state of layer 1 was zeroed on the way.
class ForkedLab : public FreshLab {
 public:
  explicit ForkedLab(const std::string& family) : FreshLab(family) {
    carry_out(*this, command::FeedText{kText.substr(0, kTokens)});
    carry_out(*this, command::ReadWaiting{});
    carry_out(*this, command::Fork{kForkedAt, "zeroed", true});
    carry_out(*this, command::ZeroState{1});
    carry_out(*this, command::ReadWaiting{});
  }
  std::int64_t fork() { return snapshot()->runs[1].id; }
};

std::unique_ptr<CompareSource> source_of(Lab& lab, std::int64_t run) {
  auto source = run_source(*lab.snapshot(), run, lab.opened(), {});
  REQUIRE(source);
  return source.take();
}

std::unique_ptr<Comparison> begin(std::unique_ptr<CompareSource> a, std::unique_ptr<CompareSource> b, const CompareOptions& options = {}) {
  auto comparison = Comparison::begin(std::move(a), std::move(b), options);
  REQUIRE_MESSAGE(comparison, (comparison ? "" : comparison.error().text()));
  return comparison.take();
}

std::shared_ptr<const ComparedRuns> compared(std::unique_ptr<CompareSource> a, std::unique_ptr<CompareSource> b, const CompareOptions& options = {}) {
  const auto comparison = begin(std::move(a), std::move(b), options);
  REQUIRE(comparison->finish());
  return comparison->view();
}

/// The recurrent state of a layer after each token, replayed, in logical order.
std::vector<std::vector<float>> states_of(Lab& lab, std::int64_t run, int layer) {
  const auto snapshot = lab.snapshot();
  const auto facts = std::ranges::find(snapshot->runs, run, &RunFacts::id);
  const auto opened = lab.opened();
  Context<float> context;
  State state(opened->model->schema());
  std::vector<std::vector<float>> states;
  const Replayer replayer = [&](int of, std::span<const Rows<const float>> drivers, State& into) { opened->model->replay(of, drivers, into, context); };
  REQUIRE(facts->trace->walk(0, facts->tokens.count(), layer, state, replayer, [&](std::int64_t) {
    states.push_back(state.get(layer, kSsm));
    return true;
  }));
  return states;
}

double relative(const std::vector<float>& a, const std::vector<float>& b) {
  long double apart = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const long double x = a[i], y = b[i];
    apart += (y - x) * (y - x), norm += x * x;
  }
  return static_cast<double>(std::sqrt(apart / norm));
}

double norm(const std::vector<float>& a) {
  long double sum = 0;
  for (const float value : a) sum += static_cast<long double>(value) * static_cast<long double>(value);
  return static_cast<double>(std::sqrt(sum));
}

bool same_bits(const RowDifference& x, const RowDifference& y) { return std::memcmp(&x, &y, 5 * sizeof(float)) == 0 && x.is_equal == y.is_equal; }

const PointDifferences& point_of(const ComparedRuns& found, const std::string& name) {
  const int place = found.table.find(name);
  REQUIRE_MESSAGE(place >= 0, name);
  return found.table.points[static_cast<std::size_t>(place)];
}

TEST_CASE("comparison: a fork with a layer zeroed differs from that layer on, from the fork on, by what brute force says") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    ForkedLab lab(family);
    const auto found = compared(source_of(lab, 0), source_of(lab, lab.fork()));
    CHECK(found->is_whole);
    CHECK(found->progress == 1);
    CHECK(!found->is_equal());
    CHECK(found->table.tolerance.exact);
    CHECK(found->first_difference().column == kForkedAt);
    CHECK(found->first_difference().point == "L1.mix.conv_state");
    CHECK(found->table.first_of_layer(0).column == -1);
    CHECK(found->table.first_of_layer(1).column == kForkedAt);
    CHECK(found->table.first_of_layer(2).column == kForkedAt);
    CHECK(point_of(*found, "tok.ids").summary.differing == 0);
    CHECK(point_of(*found, "logits").summary.first == kForkedAt);
    for (int layer = 0; layer < 3; ++layer) {
      const auto a = states_of(lab, 0, layer), b = states_of(lab, lab.fork(), layer);
      const PointDifferences& point = point_of(*found, "L" + std::to_string(layer) + ".mix.h");
      REQUIRE(point.rows.count() == kTokens);
      for (std::int64_t t = 0; t < kTokens; ++t) {
        const auto i = static_cast<std::size_t>(t);
        CHECK(point.at(t).is_equal == (a[i] == b[i]));
        CHECK(static_cast<double>(point.at(t).relative) == doctest::Approx(relative(a[i], b[i])).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("comparison: what the next token is expected to be parts where the logits do") {
  ForkedLab lab("mamba2");
  const auto found = compared(source_of(lab, 0), source_of(lab, lab.fork()));
  REQUIRE(found->expectations.count() == kTokens);
  Deriver deriver({});
  carry_out(lab, command::SwitchRun{0});
  for (std::int64_t t = 0; t < kTokens; ++t) {
    const ExpectationDifference row = found->expectation_at(t);
    CHECK((row.kl == 0) == (t < kForkedAt));
    carry_out(lab, command::Seek{t, "a"});
    const auto next = deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next;
    CHECK(row.best_a == next->best[0].id);
    CHECK(row.entropy_a == doctest::Approx(next->entropy_bits).epsilon(1e-5));
  }
}

TEST_CASE("comparison: a run beside itself is equal; by an offset each token stands beside its own later one") {
  ForkedLab lab("mamba1");
  CHECK(compared(source_of(lab, 0), source_of(lab, 0))->is_equal());
  const auto shifted = compared(source_of(lab, 0), source_of(lab, 0), {.by = AlignBy::offset, .offset = 3});
  const auto states = states_of(lab, 0, 2);
  const PointDifferences& point = point_of(*shifted, "L2.mix.h");
  REQUIRE(point.rows.count() == kTokens + 3);
  CHECK(!point.at(0).is_compared);
  CHECK(std::isnan(point.at(0).norm_a));
  CHECK(static_cast<double>(point.at(0).norm_b) == doctest::Approx(norm(states[0])).epsilon(1e-6));
  CHECK(!point.at(kTokens + 2).is_compared);
  for (std::int64_t column = 3; column < kTokens; ++column) {
    const auto a = static_cast<std::size_t>(column - 3), b = static_cast<std::size_t>(column);
    CHECK(static_cast<double>(point.at(column).relative) == doctest::Approx(relative(states[a], states[b])).epsilon(1e-6));
  }
  const auto refused = Comparison::begin(source_of(lab, 0), source_of(lab, 0), {.by = AlignBy::offset, .offset = 1000});
  REQUIRE(!refused);
  CHECK(refused.error().field == "offset");
}

TEST_CASE("comparison: by token two texts that differ by a word in the middle meet again") {
  FreshLab first("mamba2"), second("mamba2");
  carry_out(first, command::FeedText{"the state of things"});
  carry_out(second, command::FeedText{"the old state of things"});
  for (Lab* lab : {static_cast<Lab*>(&first), static_cast<Lab*>(&second)}) carry_out(*lab, command::ReadWaiting{});
  const auto found = compared(source_of(first, 0), source_of(second, 0), {.by = AlignBy::token});
  CHECK(found->alignment->pairs == 19);
  CHECK(point_of(*found, "tok.ids").summary.differing == 0);
  CHECK(found->first_difference().point == "tok.ids");
  const auto a = states_of(first, 0, 1), b = states_of(second, 0, 1);
  for (std::int64_t i = 0; i < found->alignment->count(); ++i) {
    const TokenPair pair = found->alignment->columns[static_cast<std::size_t>(i)];
    const RowDifference row = point_of(*found, "L1.mix.h").at(i);
    CHECK(row.is_compared == pair.is_pair());
    if (pair.is_pair()) CHECK(static_cast<double>(row.relative) == doctest::Approx(relative(a[static_cast<std::size_t>(pair.a)], b[static_cast<std::size_t>(pair.b)])).epsilon(1e-6));
  }
}

TEST_CASE("comparison: it goes on with its runs and finds what a fresh one would") {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{kText.substr(0, 30)});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Fork{15, "other", true});
  carry_out(lab, command::ScaleState{2, 0.5});
  carry_out(lab, command::Step{4});
  const std::int64_t fork = lab.snapshot()->active_run;
  const auto growing = begin(source_of(lab, 0), source_of(lab, fork));
  REQUIRE(growing->finish());
  for (int round = 0; round < 4; ++round) {
    carry_out(lab, command::Step{5});
    auto a = source_of(lab, 0), b = source_of(lab, fork);
    REQUIRE(growing->follow(a, b));
    REQUIRE(growing->finish());
    const auto grown = growing->view(), fresh = compared(source_of(lab, 0), source_of(lab, fork));
    REQUIRE(grown->table.points.size() == fresh->table.points.size());
    CHECK(grown->alignment->columns == fresh->alignment->columns);
    for (std::size_t i = 0; i < fresh->table.points.size(); ++i) {
      const PointDifferences &one = grown->table.points[i], &other = fresh->table.points[i];
      REQUIRE(one.rows.count() == other.rows.count());
      CHECK(one.summary.first == other.summary.first);
      CHECK(one.summary.compared == other.summary.compared);
      CHECK(one.summary.worst == other.summary.worst);
      for (std::int64_t t = 0; t < other.rows.count(); ++t) CHECK(same_bits(one.at(t), other.at(t)));
    }
  }
  // An edit at the end counts as a past rewritten, as it does in the trace.
  carry_out(lab, command::ScaleState{0, 2});
  auto a = source_of(lab, 0), b = source_of(lab, fork);
  CHECK(!growing->follow(a, b));
  CHECK(a);
}

TEST_CASE("comparison: stopped, it keeps what it has, and goes on from there") {
  ForkedLab lab("mamba1");
  const auto comparison = begin(source_of(lab, 0), source_of(lab, lab.fork()));
  int asked = 0;
  CHECK(!comparison->finish([&] { return ++asked > 2; }));
  const double progress = comparison->view()->progress;
  CHECK((progress > 0 && progress < 1));
  CHECK(!comparison->view()->is_whole);
  CHECK(comparison->finish());
  CHECK(comparison->view()->is_whole);
  CHECK(comparison->view()->first_difference().column == kForkedAt);
}

TEST_CASE("comparison: only the points asked for; globs that match nothing are refused") {
  ForkedLab lab("mamba1");
  const auto found = compared(source_of(lab, 0), source_of(lab, lab.fork()), {.points = "L0.*,L2.mix.h"});
  for (const PointDifferences& point : found->table.points) CHECK((point.point.layer == 0 || point.point.name == "L2.mix.h"));
  CHECK(found->expectations.count() == 0);
  const auto refused = Comparison::begin(source_of(lab, 0), source_of(lab, 0), {.points = "L9.*"});
  REQUIRE(!refused);
  CHECK((refused.error().code == Code::bad_argument && refused.error().field == "--points"));
}

TEST_CASE("comparison: different models are compared where names and shapes agree, and the rest is named") {
  FreshLab first("mamba1"), second("mamba2");
  for (Lab* lab : {static_cast<Lab*>(&first), static_cast<Lab*>(&second)}) {
    carry_out(*lab, command::FeedText{"the same"});
    carry_out(*lab, command::ReadWaiting{});
  }
  const auto found = compared(source_of(first, 0), source_of(second, 0));
  CHECK(point_of(*found, "L0.resid_out").summary.differing == 8);
  CHECK(point_of(*found, "logits").summary.differing == 8);
  CHECK(found->table.find("L0.mix.h") == -1);
  const auto says = [&](const std::string& part) {
    return std::ranges::any_of(found->left_out, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  };
  CHECK(says("L0.mix.h: ["));
  CHECK(says("only A has it"));
}

TEST_CASE("comparison: the picture holds both states and their difference, pooled by magnitude where it is long") {
  ForkedLab lab("mamba2");
  const auto comparison = begin(source_of(lab, 0), source_of(lab, lab.fork()));
  const auto a = states_of(lab, 0, 1), b = states_of(lab, lab.fork(), 1);
  const auto made = comparison->slab(1, 3, 10, 30);
  REQUIRE(made);
  const PairedSlab& slab = **made;
  CHECK((slab.first == 10 && slab.stride == 1 && slab.columns == 20 && slab.rows == 64));
  CHECK(slab.by_half_life.size() == 64);
  float largest = 0;
  for (std::int64_t i = 0; i < slab.columns; ++i)
    for (std::int64_t channel = 0; channel < slab.rows; ++channel) {
      const auto cell = static_cast<std::size_t>(i * slab.rows + channel), at = static_cast<std::size_t>(channel * 8 + 3), t = static_cast<std::size_t>(i + 10);
      CHECK(slab.a[cell] == a[t][at]);
      CHECK(slab.b[cell] == b[t][at]);
      CHECK(slab.difference[cell] == b[t][at] - a[t][at]);
      largest = std::max(largest, std::fabs(slab.difference[cell]));
    }
  CHECK(slab.largest_difference == largest);
  CHECK(!comparison->slab(7, 0, 0, 10));
  CHECK(*comparison->slab(1, 3, 0, 40, [] { return true; }) == nullptr);
}

TEST_CASE("comparison: a long picture keeps the value of largest magnitude, with its sign") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{std::string(700, 'x')});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Step{500});
  const auto comparison = begin(source_of(lab, 0), source_of(lab, 0), {.by = AlignBy::offset, .offset = 1});
  const auto made = comparison->slab(0, 2, 0, comparison->view()->alignment->count());
  REQUIRE(made);
  const PairedSlab& slab = **made;
  CHECK((slab.stride == 2 && slab.columns == 601));
  CHECK((slab.has_a[0] && slab.has_b[0] && slab.has_both[0]));
  const auto states = states_of(lab, 0, 0);
  // Column 0 of the picture: B's token 0 alone, and A's token 0 beside B's token 1.
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(slab.rows); ++channel) {
    const float zero = states[0][channel * 8 + 2], one = states[1][channel * 8 + 2];
    CHECK(slab.a[channel] == zero);
    CHECK(slab.b[channel] == (std::fabs(one) > std::fabs(zero) ? one : zero));
    CHECK(slab.difference[channel] == one - zero);
  }
}

TEST_CASE("comparison: paths are one until the fork and two from there on") {
  ForkedLab lab("mamba2");
  const auto comparison = begin(source_of(lab, 0), source_of(lab, lab.fork()));
  const auto made = comparison->trajectories(1, TrajectoryBasis::joint, 0, kTokens);
  REQUIRE(made);
  const TrajectoryPair& paths = **made;
  REQUIRE(paths.columns.size() == kTokens);
  for (std::size_t i = 0; i < kTokens; ++i) CHECK((paths.a[i] == paths.b[i]) == (i < kForkedAt));
  CHECK((paths.procrustes > 0 && paths.cka < 1));
  const auto below = comparison->trajectories(0, TrajectoryBasis::a, 0, kTokens);
  REQUIRE(below);
  CHECK((*below)->procrustes < 1e-6);
  CHECK((*below)->cka == doctest::Approx(1).epsilon(1e-12));
}

/// A trace file of the states of a run.
class TraceFile {
 public:
  TraceFile(Lab& lab, std::int64_t run) {
    for (int layer = 0; layer < 3; ++layer)
      for (const auto& state : states_of(lab, run, layer)) states_[layer].insert(states_[layer].end(), state.begin(), state.end());
    const auto snapshot = lab.snapshot();
    const auto facts = std::ranges::find(snapshot->runs, run, &RunFacts::id);
    for (std::int64_t t = 0; t < facts->tokens.count(); ++t) ids_.push_back(facts->tokens[t][0]);
    shape_ = lab.opened()->model->schema()->layers()[0].tensors[kSsm].shape;
  }
  std::vector<float>& states(int layer) { return states_[layer]; }
  std::vector<std::int64_t>& ids() { return ids_; }

  void write(const std::string& path, std::vector<std::pair<std::string, std::string>> metadata = {{"format", "statelab-reference/1"}, {"producer", "statelab test"}, {"dtype", "float32"}}) const {
    const auto tokens = static_cast<std::int64_t>(ids_.size());
    std::vector<TensorToWrite> tensors{{"tok.ids", DType::i64, {tokens}, ids_.data()}};
    for (int layer = 0; layer < 3; ++layer) {
      std::vector<std::int64_t> shape{tokens};
      shape.insert(shape.end(), shape_.begin(), shape_.end());
      tensors.push_back({"L" + std::to_string(layer) + ".mix.h", DType::f32, shape, states_[layer].data()});
    }
    REQUIRE(write_safetensors(path, tensors, metadata));
  }

 private:
  std::vector<float> states_[3];
  std::vector<std::int64_t> ids_, shape_;
};

std::unique_ptr<CompareSource> source_of(const std::string& path) {
  auto source = trace_source(path);
  REQUIRE_MESSAGE(source, (source ? "" : source.error().text()));
  return source.take();
}

TEST_CASE("comparison: a recorded trace is equal to its run, and a single bit in it is found") {
  ForkedLab lab("mamba2");
  TemporaryFolder folder;
  TraceFile file(lab, 0);
  file.write(folder / "a.safetensors");
  CHECK(is_trace(folder / "a.safetensors"));
  const auto equal = compared(source_of(folder / "a.safetensors"), source_of(lab, 0));
  CHECK(equal->is_equal());
  CHECK(equal->table.points.size() == 4);
  CHECK(equal->table.points[0].point.name == "tok.ids");
  CHECK(!equal->left_out.empty());
  float& value = file.states(2)[file.states(2).size() / 2];
  value = std::nextafter(value, 1e9f);
  file.write(folder / "b.safetensors");
  const auto found = compared(source_of(folder / "a.safetensors"), source_of(folder / "b.safetensors"));
  CHECK(found->first_difference().point == "L2.mix.h");
  CHECK(found->first_difference().column == kTokens / 2);
  CHECK(point_of(*found, "L2.mix.h").summary.differing == 1);
  const auto tolerant = compared(source_of(folder / "a.safetensors"), source_of(folder / "b.safetensors"), {.tolerance = DifferenceTolerance{.exact = false, .point = 1e-5, .logits = 1e-5}});
  CHECK(tolerant->is_equal());
  CHECK(point_of(*tolerant, "L2.mix.h").summary.first == kTokens / 2);
  CHECK(point_of(*tolerant, "L2.mix.h").summary.first_beyond == -1);
}

TEST_CASE("comparison: a changed token is a difference whatever the tolerance, and so is a missing one") {
  ForkedLab lab("mamba2");
  TemporaryFolder folder;
  TraceFile file(lab, 0);
  file.write(folder / "a.safetensors");
  file.ids()[7] += 1;
  file.write(folder / "b.safetensors");
  const CompareOptions tolerant{.tolerance = DifferenceTolerance{.exact = false, .point = 1, .logits = 1}};
  const auto found = compared(source_of(folder / "a.safetensors"), source_of(folder / "b.safetensors"), tolerant);
  CHECK(found->first_difference().point == "tok.ids");
  CHECK(found->first_difference().column == 7);
  FreshLab shorter("mamba2");
  carry_out(shorter, command::FeedText{kText.substr(0, 12)});
  carry_out(shorter, command::ReadWaiting{});
  const auto missing = compared(source_of(folder / "a.safetensors"), source_of(shorter, 0), tolerant);
  CHECK(missing->first_difference().point == "tok.ids");
  CHECK(missing->first_difference().column == 12);
}

TEST_CASE("comparison: double precision is compared as such") {
  TemporaryFolder folder;
  std::vector<std::int64_t> ids{1, 2};
  std::vector<double> values{1, 2, 3, 4};
  const auto write = [&](const std::string& name) {
    REQUIRE(write_safetensors(folder / name, {{"tok.ids", DType::i64, {2}, ids.data()}, {"L0.mix.y", DType::f64, {2, 2}, values.data()}}, {{"format", "statelab-reference/1"}}));
  };
  write("a.safetensors");
  values[3] += 1e-12;
  write("b.safetensors");
  const auto found = compared(source_of(folder / "a.safetensors"), source_of(folder / "b.safetensors"), {.tolerance = DifferenceTolerance{}});
  CHECK(found->first_difference().column == 1);
  CHECK(point_of(*found, "L0.mix.y").at(1).relative == doctest::Approx(1e-12 / 5).epsilon(1e-3));
}

TEST_CASE("comparison: what is no sound trace is refused, with the field") {
  ForkedLab lab("mamba1");
  TemporaryFolder folder;
  TraceFile file(lab, 0);
  const auto refusal = [&](std::vector<std::pair<std::string, std::string>> metadata) {
    file.write(folder / "t.safetensors", std::move(metadata));
    const auto refused = trace_source(folder / "t.safetensors");
    REQUIRE(!refused);
    return refused.error();
  };
  CHECK(refusal({{"format", "statelab-reference/9"}}).field == "__metadata__.format");
  CHECK(refusal({}).code == Code::wrong_kind);
  CHECK(refusal({{"format", "statelab-reference/1"}, {"every", "3"}}).field == "__metadata__.every");
  const std::vector<std::int64_t> ids{1, 2};
  const std::vector<float> values(6);
  REQUIRE(write_safetensors(folder / "t.safetensors", {{"tok.ids", DType::i64, {2}, ids.data()}, {"L0.mix.h", DType::f32, {3, 2}, values.data()}},
                            {{"format", "statelab-reference/1"}}));
  const auto refused = trace_source(folder / "t.safetensors");
  REQUIRE(!refused);
  CHECK((refused.error().field == "L0.mix.h" && refused.error().expected == "2 rows, one a token"));
  CHECK(!trace_source(folder / "nothing.safetensors"));
}

TEST_CASE("comparison: how much may differ follows from who computed both") {
  const ComparedSide ours{.model_hash = "1", .dtype = "f32"}, other{.model_hash = "2", .dtype = "f32"}, half{.model_hash = "1", .dtype = "bf16"};
  ComparedSide foreign = ours;
  foreign.is_ours = false;
  CHECK(default_tolerance(ours, ours).exact);
  CHECK(default_tolerance(ours, other).point == 1e-4);
  CHECK(default_tolerance(ours, foreign).logits == 1e-3);
  CHECK(default_tolerance(ours, half).point == 2e-2);
  CHECK(default_tolerance(half, half).exact);
}

TEST_CASE("comparison: a view asks for the active run beside the one it came from, piece by piece or whole") {
  ForkedLab lab("mamba2");
  carry_out(lab, command::Select{1, 0, 3});
  Deriver deriver({});
  const ComparisonQuery whole{.slab = true, .trajectories = true, .whole = true};
  const auto found = deriver.derive(lab.snapshot(), lab.opened(), {.comparison = whole})->comparison;
  REQUIRE(found);
  CHECK((found->a.name == "zeroed" && found->b.name == lab.snapshot()->runs[0].name));
  CHECK(found->is_whole);
  REQUIRE(found->slab);
  CHECK((found->slab->layer == 1 && found->slab->state == 3));
  REQUIRE(found->trajectories);
  CHECK(runs_to_compare(*lab.snapshot(), {.a = 0, .b = lab.fork()}).b == lab.fork());
  Deriver other({});
  std::shared_ptr<const ComparedRuns> grown;
  int asked = 0;
  do grown = other.derive(lab.snapshot(), lab.opened(), {.comparison = ComparisonQuery{}})->comparison;
  while (!grown->is_whole && ++asked < 1000);
  CHECK(grown->is_whole);
  FreshLab alone("mamba2");
  carry_out(alone, command::FeedText{"x"});
  carry_out(alone, command::ReadWaiting{});
  CHECK(!deriver.derive(alone.snapshot(), alone.opened(), {.comparison = whole})->comparison);
}

TEST_CASE("multiples: each run less A over the tokens of A, whatever it is aligned by, is what brute force says") {
  ForkedLab lab("mamba2");
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::Fork{5, "longer", false});
  carry_out(lab, command::FeedText{"an other text than that of the first one, and a longer one"});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::Select{1, 0, 3});
  Deriver deriver({});
  const auto all = deriver.derive(lab.snapshot(), lab.opened(), {.multiples = MultiplesQuery{}})->multiples;
  REQUIRE(all);
  CHECK((all->a == 0 && all->tokens == kTokens && all->layer == 1));
  REQUIRE(all->runs.size() == 2);
  CHECK(all->runs[0].name == "zeroed");
  CHECK((all->runs[0].apart == -1 && all->runs[1].apart == 5));
  const auto a = states_of(lab, 0, 1);
  for (const RunMultiple& each : all->runs) {
    const auto b = states_of(lab, each.run, 1);
    REQUIRE((each.slab && each.slab->columns == kTokens));
    for (std::size_t t = 0; t < static_cast<std::size_t>(kTokens); ++t)
      for (std::size_t channel = 0; channel < static_cast<std::size_t>(each.slab->rows); ++channel)
        CHECK(each.slab->difference[t * static_cast<std::size_t>(each.slab->rows) + channel] == b[t][channel * 8 + 3] - a[t][channel * 8 + 3]);
  }
  const auto shifted = deriver.derive(lab.snapshot(), lab.opened(), {.multiples = MultiplesQuery{.runs = {1, -1, -1, -1, -1}, .by = AlignBy::offset, .offset = 4}})->multiples;
  REQUIRE((shifted && shifted->runs.size() == 1));
  const PairedSlab& slab = *shifted->runs[0].slab;
  CHECK(slab.columns == kTokens);
  const auto zeroed = states_of(lab, 1, 1);
  CHECK(slab.difference[0] == zeroed[4][3] - a[0][3]);
  CHECK((slab.has_both[kTokens - 5] && !slab.has_both[kTokens - 4]));
}

TEST_CASE("multiples: what has not changed is kept, what was cancelled is not there, and what cannot be drawn says why") {
  ForkedLab lab("mamba2");
  carry_out(lab, command::Fork{10, "third", false});
  const MultiplesQuery query{.a = 0};
  MultiplesMaker maker({});
  const auto make = [&](const std::function<bool()>& cancelled = {}) { return maker.make(*lab.snapshot(), lab.opened(), query, cancelled); };
  const auto first = *make();
  carry_out(lab, command::Step{1});  // of the third run
  carry_out(lab, command::RenameRun{1, "called otherwise"});
  const auto second = *make();
  CHECK(second->runs[0].slab == first->runs[0].slab);
  CHECK(second->runs[0].name == "called otherwise");
  CHECK(second->runs[1].slab != first->runs[1].slab);
  carry_out(lab, command::Select{1, 0, 0});
  CHECK_FALSE(make([] { return true; }));
  FreshLab alone("mamba2");
  CHECK(*maker.make(*alone.snapshot(), alone.opened(), {}, {}) == nullptr);
  FreshLab other("mamba1");
  carry_out(other, command::FeedText{"x"});
  carry_out(other, command::ReadWaiting{});
  const auto refused = set_beside(*source_of(lab, 0), *source_of(other, 0), {.last = 1});
  REQUIRE(refused);
  CHECK_FALSE(refused->slab);
  CHECK(refused->refusal.find("states of different shapes") != std::string::npos);
}

}  // namespace
}  // namespace lab::test
