// Who wrote a state: against runs, in double precision, in which one token alone writes.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

#include "app/core/content.h"
#include "deriver_support.h"

namespace lab::test {
namespace {

constexpr int kTokens = 40;

/// What drove one layer at every token, as the model showed it, and how its edits changed it.
struct Tape : Probe {
  Tape(int layers, int layer_) : Probe(layers), layer(layer_) {
    for (const Point point : {Point::u, Point::x, Point::dt, Point::B, Point::C, Point::y, Point::att_k, Point::att_v, Point::wkv}) read(point, layer);
  }
  void visit(Point point, int, std::int64_t, Rows<float> rows) override { tokens.back()[point].assign(rows.row(0), rows.row(0) + rows.width); }
  const int layer;
  std::vector<std::map<Point, std::vector<float>>> tokens;
};

struct Change {
  std::int64_t position;
  double factor;
  std::int64_t restored = -1;
};
const std::vector<Change> kChanges = {{11, 0.5}, {20, 0}, {26, -2}, {31, 1, 24}, {33, 0.25}};

/// A golden model that has read tokens with edits of one layer on the way.
struct Recorded {
  Recorded(const std::string& name, int layer_, bool edited) : layer(layer_) {
    carry_out(lab, command::Open{source_path("tests/golden/" + name)});
    const Model& model = *lab.opened()->model;
    State start(model.schema());
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0, 0.1f);
    for (std::size_t i = 0; i < model.schema()->layers().size(); ++i)
      for (std::size_t t = 0; t < model.schema()->layers()[i].tensors.size(); ++t)
        if (model.schema()->layers()[i].tensors[t].role == Role::ssm && model.schema()->layers()[i].kind != "rwkv4")
          for (float& value : start.stored(static_cast<int>(i), static_cast<int>(t))) value = normal(random);
    before = start;
    REQUIRE(lab.start_from(start).applied);
    std::vector<std::int32_t> ids;
    for (std::int32_t i = 0; i < kTokens; ++i) ids.push_back((i * 7 + 3) % 90);
    carry_out(lab, command::FeedTokens{ids});
    tape.emplace(model.layers(), layer);
    for (std::int64_t t = 0; t < kTokens; ++t) {
      for (const Change& change : kChanges)
        if (edited && change.position == t) make(change);
      step();
    }
    carry_out(lab, command::Select{layer, 0, 0});
  }
  void make(const Change& change) {
    if (change.restored >= 0) carry_out(lab, command::RestoreState{layer, change.restored});
    else if (change.factor == 0) carry_out(lab, command::ZeroState{layer});
    else carry_out(lab, command::ScaleState{layer, change.factor});
    changes.push_back(change);
  }
  void step() {
    const Model& model = *lab.opened()->model;
    State copy = lab.state();
    const std::int32_t id = lab.snapshot()->waiting.front();
    tape->tokens.emplace_back();
    Lane<float> lane{.tokens = {&id, 1}, .state = &copy, .probe = &*tape, .wants = LogitRows::none};
    Context<float> context;
    REQUIRE(model.advance(std::span(&lane, 1), context));
    carry_out(lab, command::Step{1});
  }

  std::shared_ptr<const Content> content(StatePart part, std::int64_t token, std::int64_t channel, std::int64_t state) {
    carry_out(lab, command::Seek{token, "a"});
    carry_out(lab, command::Select{layer, channel, state});
    State scratch(lab.opened()->model->schema());
    Context<float> context;
    auto made = take_apart(*lab.opened()->model, *lab.snapshot(), part, scratch, context, {});
    REQUIRE_MESSAGE(made, made.error().text());
    return made.take();
  }
  const LayerInfo& info() const { return lab.opened()->model->info().layers[static_cast<std::size_t>(layer)]; }
  bool is_rwkv() const { return info().kind == "rwkv4"; }

  Lab lab{LabOptions{}};
  int layer = 0;
  std::optional<State> before;
  std::optional<Tape> tape;
  std::vector<Change> changes;
};

/// One cell of the layer, its recurrence written out once more in double precision, from what the model showed.
class Cell {
 public:
  Cell(const Recorded& run, std::int64_t channel, std::int64_t state) : run_(run), channel_(static_cast<std::size_t>(channel)), state_(static_cast<std::size_t>(state)) {
    const ModelInfo& info = run.lab.opened()->model->info();
    const std::vector<float> rates = run.lab.opened()->model->rates(run.layer);
    width_ = static_cast<std::size_t>(info.state_size);
    if (run.info().heads > 0) {
      head_ = channel_ / static_cast<std::size_t>(run.info().head_dim);
      group_ = head_ / static_cast<std::size_t>(info.heads / info.groups);
      rate_ = static_cast<double>(rates[head_]);
    } else {
      rate_ = static_cast<double>(run.is_rwkv() ? rates[channel_] : rates[channel_ * width_ + state_]);
    }
    if (!run.is_rwkv()) start_ = static_cast<double>(run.before->get(run.layer, 1)[channel_ * width_ + state_]);
  }

  /// The cell at a position after the run with those writes, and with what was there before or not; before the edits made at the
  /// position or after them. In RWKV-4 without its exponent.
  template <class Writes>
  double at(std::int64_t position, bool with_start, Writes writes, bool after_edits = true) const {
    std::vector<double> history{with_start ? start_ : 0};
    double h = history[0];
    for (std::int64_t t = 0;; ++t) {
      if (t == position && !after_edits) return h;
      for (const Change& change : run_.changes) {
        if (change.position != t) continue;
        if (change.restored >= 0) h = history[static_cast<std::size_t>(change.restored)];
        else if (!run_.is_rwkv() || state_ == 0 || change.factor == 0) h *= change.factor;  // of RWKV-4 aa is what is scaled
      }
      history.resize(static_cast<std::size_t>(t) + 1);
      history.back() = h;
      if (t == position) return h;
      h = std::exp(rate_ * step(t)) * h + (writes(t) ? write(t) : 0);
    }
  }
  double alone(std::int64_t token, std::int64_t position) const {
    return at(position, false, [&](std::int64_t t) { return t == token; });
  }
  double step(std::int64_t t) const {
    return run_.is_rwkv() ? 1 : static_cast<double>(value(t, Point::dt, run_.info().heads > 0 ? head_ : channel_));
  }
  double write(std::int64_t t) const {
    if (run_.is_rwkv()) return std::exp(static_cast<double>(value(t, Point::att_k, channel_))) * (state_ == 0 ? static_cast<double>(value(t, Point::att_v, channel_)) : 1);
    const float u = value(t, run_.info().heads > 0 ? Point::x : Point::u, channel_);
    const float du = static_cast<float>(step(t)) * u;  // rounded as the kernel rounds it
    return static_cast<double>(du) * static_cast<double>(value(t, Point::B, group_ * width_ + state_));
  }
  double read(std::int64_t t) const { return static_cast<double>(value(t, Point::C, group_ * width_ + state_)); }

 private:
  float value(std::int64_t t, Point point, std::size_t i) const { return run_.tape->tokens[static_cast<std::size_t>(t)].at(point)[i]; }

  const Recorded& run_;
  std::size_t channel_, state_, head_ = 0, group_ = 0, width_ = 0;
  double rate_ = 0, start_ = 0;
};

/// Products of up to 40 rounded exponentials against one of a rounded sum, which is above -745 where anything is left: relative.
constexpr double kDouble = 1000 * 0x1p-52;

struct Golden {
  std::string name;
  int layer;
};
const Golden kGolden[] = {{"mamba1", 1}, {"falcon_mamba", 0}, {"mamba1-bias", 0}, {"mamba2", 1}, {"mamba2-groups", 0}, {"granite-dense", 0}, {"rwkv4", 1}};

/// e^pp of RWKV-4, by which its state is divided; 1 elsewhere.
double kept_by(Recorded& run, std::int64_t channel, std::int64_t position) {
  if (!run.is_rwkv()) return 1;
  State scratch(run.lab.opened()->model->schema());
  Context<float> context;
  const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& state) {
    run.lab.opened()->model->replay(layer, drivers, state, context);
  };
  REQUIRE(run.lab.snapshot()->trace->restore(position, run.layer, scratch, replayer));
  const double kept = std::exp(static_cast<double>(scratch.get(run.layer, 3)[static_cast<std::size_t>(channel)]));
  return kept > 0 ? kept : 1;  // of a state that holds nothing
}

std::vector<std::pair<std::int64_t, std::int64_t>> some_cells(const Recorded& run) {
  const std::int64_t states = run.is_rwkv() ? 2 : run.lab.opened()->model->info().state_size;
  return {{0, 0}, {5, states - 1}, {run.lab.opened()->model->info().inner - 1, states / 2}};
}

}  // namespace

TEST_CASE("content: of every token it is what the layer holds when that token alone wrote, in every family, through edits") {
  for (const Golden& golden : kGolden)
    for (const bool edited : {false, true}) {
      CAPTURE(golden.name);
      CAPTURE(edited);
      Recorded run(golden.name, golden.layer, edited);
      for (const auto& [channel, state] : some_cells(run))
        for (const std::int64_t token : {0, 3, 10, 19, 25, 30, 32, 39}) {
          CAPTURE(channel);
          CAPTURE(state);
          CAPTURE(token);
          const Cell cell(run, channel, state);
          const auto content = run.content(StatePart::cell, token, channel, state);
          REQUIRE(content->first == 0);
          REQUIRE(std::ssize(content->tokens) == token + 1);
          const double kept = kept_by(run, channel, token + 1);
          for (std::int64_t j = 0; j <= token; ++j) {
            CAPTURE(j);
            const double alone = cell.alone(j, token + 1) / kept;
            CHECK(std::fabs(content->tokens[static_cast<std::size_t>(j)].value - alone) <= kDouble * std::fabs(alone) + 1e-300);
          }
          // And all of them, with what was there before, are the state.
          double sum = 0, size = 0;
          for (const Contribution& one : content->tokens) sum += one.value, size += one.size;
          for (const Deposit& deposit : content->deposits) sum += deposit.is.value, size += deposit.is.size;
          CHECK(sum == content->sum);
          CHECK(std::fabs(content->value - sum) <= content->bound);
          CHECK(content->bound <= 1e-4 * size + 1e-30);
          const double before = cell.at(token + 1, true, [](std::int64_t) { return false; });
          REQUIRE((content->deposits.empty() ? 0 : 1) == (before != 0 ? 1 : 0));
          if (before != 0) {
            CHECK(content->deposits.back().label == "before the trace");
            CHECK(content->deposits.back().is.value == doctest::Approx(before).epsilon(kDouble));
          }
        }
    }
}

TEST_CASE("content: the state that is taken apart is the one that the cursor shows") {
  Recorded run("mamba1", 0, true);
  Deriver deriver({});
  for (const std::int64_t token : {10, 11, 19, 20, 30, 39}) {
    carry_out(run.lab, command::Seek{token, "a"});
    carry_out(run.lab, command::Select{0, 7, 3});
    const auto derived = deriver.derive(run.lab.snapshot(), run.lab.opened(), {.frame = true, .content = StatePart::cell});
    REQUIRE(derived->content);
    CHECK(derived->content->value == static_cast<double>(derived->frame->h[static_cast<std::size_t>(7 * run.lab.opened()->model->info().state_size + 3)]));
  }
}

TEST_CASE("content: a read-out is what the model read, and its shares are those of the cells by C") {
  for (const Golden& golden : kGolden) {
    CAPTURE(golden.name);
    Recorded run(golden.name, golden.layer, true);
    const std::int64_t states = run.is_rwkv() ? 1 : run.lab.opened()->model->info().state_size;
    for (const std::int64_t channel : {0, 9})
      for (const std::int64_t token : {1, 10, 11, 20, 30, 31, 39}) {
        CAPTURE(channel);
        CAPTURE(token);
        const auto content = run.content(StatePart::read_out, token, channel, 0);
        const float shown = run.tape->tokens[static_cast<std::size_t>(token)].at(run.is_rwkv() ? Point::wkv : Point::y)[static_cast<std::size_t>(channel)];
        double size = std::fabs(content->own);
        for (const Contribution& one : content->tokens) size += one.size;
        for (const Deposit& deposit : content->deposits) size += deposit.is.size;
        CHECK(std::fabs(content->value - content->sum) <= content->bound);
        CHECK(std::fabs(static_cast<double>(shown) - content->value - content->own) <= 0x1p-24 * static_cast<double>(states + 6) * 4 * size);
        if (run.is_rwkv()) continue;
        for (const std::int64_t j : {token, token - 1, token / 2}) {
          double expected = 0, parts = 0;
          for (std::int64_t n = 0; n < states; ++n) {
            const Cell cell(run, channel, n);
            const double part = cell.read(token) * cell.at(token + 1, false, [&](std::int64_t t) { return t == j; }, false);
            expected += part, parts += std::fabs(part);
          }
          CHECK(std::fabs(content->tokens[static_cast<std::size_t>(j)].value - expected) <= kDouble * parts);
        }
      }
  }
}

TEST_CASE("content: of a channel, a head and the layer the projections sum to the norm") {
  for (const char* name : {"mamba1", "mamba2", "mamba2-groups", "rwkv4"}) {
    CAPTURE(name);
    Recorded run(name, 0, true);
    for (const StatePart part : {StatePart::channel, StatePart::head, StatePart::layer}) {
      if (part == StatePart::head && run.info().heads == 0) continue;
      const auto content = run.content(part, 39, 3, 0);
      CAPTURE(name_of(part));
      CHECK(content->value > 0);
      CHECK(std::fabs(content->value - content->sum) <= content->bound);
      for (const Contribution& one : content->tokens) CHECK(std::fabs(one.value) <= one.size * (1 + 1e-9));
    }
  }
}

TEST_CASE("content: a channel's part of one token is the projection of its cells") {
  Recorded run("mamba2", 1, true);
  const std::int64_t N = run.lab.opened()->model->info().state_size;
  const auto content = run.content(StatePart::channel, 39, 4, 0);
  const std::vector<float> h = run.lab.state().get(1, 1);
  double norm = 0, value = 0, squares = 0;
  for (std::int64_t n = 0; n < N; ++n) {
    const double now = static_cast<double>(h[static_cast<std::size_t>(4 * N + n)]), alone = Cell(run, 4, n).alone(36, 40);
    norm += now * now, value += now * alone, squares += alone * alone;
  }
  CHECK(content->value == doctest::Approx(std::sqrt(norm)).epsilon(1e-12));
  CHECK(content->tokens[36].value == doctest::Approx(value / std::sqrt(norm)).epsilon(1e-11));
  CHECK(content->tokens[36].size == doctest::Approx(std::sqrt(squares)).epsilon(1e-11));
}

TEST_CASE("content: an edit that nobody explains is a deposit of its own") {
  Recorded run("mamba1", 0, false);
  auto snapshot = std::make_shared<Snapshot>(*run.lab.snapshot());
  carry_out(run.lab, command::ScaleState{0, 3});
  carry_out(run.lab, command::FeedTokens{{5, 6, 7}});
  carry_out(run.lab, command::ReadWaiting{});
  *snapshot = *run.lab.snapshot();
  auto edits = *snapshot->edits;
  edits.back().kept = 1;  // as of an edit that adds something
  snapshot->edits = std::make_shared<const std::vector<EditEvent>>(edits);
  State scratch(run.lab.opened()->model->schema());
  Context<float> context;
  const auto content = take_apart(*run.lab.opened()->model, *snapshot, StatePart::cell, scratch, context, {});
  REQUIRE(content);
  REQUIRE((*content)->deposits.size() == 2);
  CHECK((*content)->deposits[0].position == kTokens);
  CHECK((*content)->deposits[0].label == edits.back().label);
  CHECK(std::fabs((*content)->value - (*content)->sum) <= (*content)->bound);
}

TEST_CASE("content: caches, exponents and layers without heads are refused in words") {
  Recorded run("rwkv4", 0, false);
  State scratch(run.lab.opened()->model->schema());
  Context<float> context;
  const auto refusal = [&](StatePart part) {
    const auto made = take_apart(*run.lab.opened()->model, *run.lab.snapshot(), part, scratch, context, {});
    REQUIRE_FALSE(made);
    return made.error().text();
  };
  carry_out(run.lab, command::Select{0, 0, 2});
  CHECK(refusal(StatePart::cell).find("maximum") != std::string::npos);
  CHECK(refusal(StatePart::head).find("no heads") != std::string::npos);
  Lab llama{LabOptions{}};
  carry_out(llama, command::Open{source_path("tests/golden/llama")});
  carry_out(llama, command::FeedTokens{{1, 2, 3}});
  carry_out(llama, command::ReadWaiting{});
  State cache(llama.opened()->model->schema());
  const auto made = take_apart(*llama.opened()->model, *llama.snapshot(), StatePart::cell, cache, context, {});
  REQUIRE_FALSE(made);
  CHECK(made.error().text().find("cache") != std::string::npos);
}

TEST_CASE("content: before the first token there is what was there") {
  Recorded run("mamba1", 0, false);
  const auto content = run.content(StatePart::cell, -1, 2, 1);
  CHECK(content->tokens.empty());
  REQUIRE(content->deposits.size() == 1);
  CHECK(content->deposits[0].is.value == content->value);
}

TEST_CASE("content: where the history was dropped, what it held then is one deposit") {
  LabOptions options;
  options.trace.budget_bytes = 1'000'000;
  Lab lab(options);
  carry_out(lab, command::Open{source_path("tests/golden/mamba1")});
  carry_out(lab, command::FeedTokens{std::vector<std::int32_t>(3000, 5)});
  carry_out(lab, command::ReadWaiting{});
  const std::int64_t from = lab.snapshot()->trace->use().replayable_from;
  REQUIRE(from > 0);
  carry_out(lab, command::Select{0, 1, 1});
  for (const std::int64_t token : {from + 1, lab.snapshot()->count() - 1}) {
    carry_out(lab, command::Seek{token, "a"});
    State scratch(lab.opened()->model->schema());
    Context<float> context;
    const auto content = take_apart(*lab.opened()->model, *lab.snapshot(), StatePart::cell, scratch, context, {});
    REQUIRE_MESSAGE(content, content.error().text());
    CHECK((*content)->first == from);
    CHECK(std::fabs((*content)->value - (*content)->sum) <= (*content)->bound);
  }
}

namespace {

/// Keeps one token's write out of one layer: its state only fades.
class Blocking final : public Probe {
 public:
  Blocking(const Model& model, int layer, bool is_rwkv, std::span<const float> found) : Probe(model.layers()), is_rwkv_(is_rwkv), found_(found.begin(), found.end()), w_(model.rates(layer)) {
    if (!is_rwkv) read(Point::decay, layer);
    patch(is_rwkv ? Point::att_state : Point::h, layer);
  }
  void visit(Point point, int, std::int64_t, Rows<float> rows) override {
    const auto values = rows[0];
    if (point == Point::decay) {
      decay_.assign(values.begin(), values.end());
    } else if (is_rwkv_) {
      std::ranges::copy(found_, values.begin());
      for (std::size_t c = 0; c < w_.size(); ++c) values[2 * w_.size() + c] += w_[c];
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = decay_[i * decay_.size() / values.size()] * found_[i];
    }
  }

 private:
  const bool is_rwkv_;
  std::vector<float> found_, decay_, w_;
};

}  // namespace

TEST_CASE("forgetting: without what remains of a token the state is that of the run in which its write was blocked") {
  for (const Golden& golden : kGolden)
    for (const bool edited : {false, true}) {
      CAPTURE(golden.name);
      CAPTURE(edited);
      Recorded run(golden.name, golden.layer, edited);
      const Model& model = *run.lab.opened()->model;
      const std::int64_t states = run.is_rwkv() ? 3 : model.info().state_size;
      for (const std::int64_t token : {7, 22, 36}) {
        CAPTURE(token);
        State scratch(model.schema());
        Context<float> context;
        const auto remains = remains_of(model, *run.lab.snapshot(), golden.layer, token, kTokens, scratch, context);
        REQUIRE_MESSAGE(remains, remains.error().text());
        for (const auto& [channel, state] : some_cells(run)) {
          const Cell cell(run, channel, state);
          const double with = cell.at(kTokens, true, [](std::int64_t) { return true; });
          const double without = cell.at(kTokens, true, [&](std::int64_t t) { return t != token; });
          const double left = (*remains)[static_cast<std::size_t>(channel * states + state)] * kept_by(run, channel, kTokens);
          double size = 0;
          for (std::int64_t j = 0; j < kTokens; ++j) size += std::fabs(cell.alone(j, kTokens));
          CHECK(std::fabs(with - left - without) <= kDouble * (size + std::fabs(with)));
        }
      }
      // The same with the model itself, in single precision: two runs, each within its bound.
      if (edited) continue;
      const std::int64_t token = 33;
      State state = *run.before;
      Context<float> context;
      for (std::int64_t t = 0; t < kTokens; ++t) {
        const std::int32_t id = run.lab.snapshot()->tokens[t][0];
        std::vector<float> found;
        if (run.is_rwkv())
          for (const int tensor : {1, 2, 3}) {
            const auto part = state.get(golden.layer, tensor);
            found.insert(found.end(), part.begin(), part.end());
          }
        else found = state.get(golden.layer, 1);
        Blocking blocking(model, golden.layer, run.is_rwkv(), found);
        Lane<float> lane{.tokens = {&id, 1}, .state = &state, .probe = t == token ? &blocking : nullptr, .wants = LogitRows::none};
        REQUIRE(model.advance(std::span(&lane, 1), context));
      }
      State scratch(model.schema());
      const auto remains = remains_of(model, *run.lab.snapshot(), golden.layer, token, kTokens, scratch, context);
      REQUIRE(remains);
      int visible = 0;
      for (const auto& [channel, n] : some_cells(run)) {
        CAPTURE(channel);
        const auto content = run.content(StatePart::cell, kTokens - 1, channel, n);
        const double left = (*remains)[static_cast<std::size_t>(channel * states + n)];
        CHECK(left == doctest::Approx(content->tokens[static_cast<std::size_t>(token)].value).epsilon(1e-12));
        double blocked = 0;
        if (run.is_rwkv()) {
          const double there = static_cast<double>(state.get(golden.layer, 3)[static_cast<std::size_t>(channel)]);
          blocked = static_cast<double>(state.get(golden.layer, n == 0 ? 1 : 2)[static_cast<std::size_t>(channel)]) * std::exp(there) / kept_by(run, channel, kTokens);
        } else {
          blocked = static_cast<double>(state.get(golden.layer, 1)[static_cast<std::size_t>(channel * states + n)]);
        }
        CHECK(std::fabs(content->value - left - blocked) <= 2 * content->bound);
        visible += std::fabs(left) > 2 * content->bound;  // not hidden by rounding
      }
      CHECK(visible > 0);
    }
}

namespace {

/// What the layer holds in a cell, as its state keeps it.
double held_in(const Recorded& run, std::int64_t channel, std::int64_t state) {
  const std::int64_t states = run.lab.opened()->model->info().state_size;
  if (run.is_rwkv()) return static_cast<double>(run.lab.state().get(run.layer, state == 0 ? 1 : 2)[static_cast<std::size_t>(channel)]);
  return static_cast<double>(run.lab.state().get(run.layer, 1)[static_cast<std::size_t>(channel * states + state)]);
}

std::vector<float> all_of(const Lab& lab) {
  const auto stored = lab.state().stored_all();
  return {stored.begin(), stored.end()};
}

double sum_of(const Content& content) {
  double sum = 0;
  for (const Contribution& one : content.tokens) sum += one.value;
  for (const Deposit& deposit : content.deposits) sum += deposit.is.value;
  return sum;
}

}  // namespace

TEST_CASE("forgetting: the edit leaves the state of the run whose write was blocked, and goes and comes back to the bit") {
  for (const Golden& golden : kGolden)
    for (const std::int64_t token : {22, 36}) {
      CAPTURE(golden.name);
      CAPTURE(token);
      Recorded run(golden.name, golden.layer, true);
      const std::int64_t states = run.is_rwkv() ? 2 : run.lab.opened()->model->info().state_size, channels = run.lab.opened()->model->info().inner;
      const std::vector<float> before = all_of(run.lab);
      std::vector<double> held;
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t n = 0; n < states; ++n) held.push_back(held_in(run, c, n));
      carry_out(run.lab, command::EditState{{.operation = "forget", .layer = golden.layer, .position = token}});
      const std::vector<float> after = all_of(run.lab);
      double apart = 0, norm = 0, taken = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const double kept = kept_by(run, c, kTokens);
        for (std::int64_t n = 0; n < states; ++n) {
          const Cell cell(run, c, n);
          const double blocked = cell.at(kTokens, true, [&](std::int64_t t) { return t != token; }) / kept, now = held_in(run, c, n);
          const double then = held[static_cast<std::size_t>(c * states + n)];
          apart += (now - blocked) * (now - blocked), norm += then * then, taken += (now - then) * (now - then);
        }
      }
      CHECK(std::sqrt(apart) <= 1e-6 * std::sqrt(norm));
      CHECK(std::sqrt(taken) > 1e-4 * std::sqrt(norm));  // there was something to forget
      carry_out(run.lab, command::Undo{});
      CHECK(all_of(run.lab) == before);
      carry_out(run.lab, command::Redo{});
      CHECK(all_of(run.lab) == after);
    }
}

TEST_CASE("forgetting: who wrote a state no longer names the token, the others are what they were, and twice takes nothing more") {
  for (const char* name : {"mamba1", "mamba2-groups", "rwkv4"}) {
    CAPTURE(name);
    Recorded run(name, 0, true);
    const Model& model = *run.lab.opened()->model;
    for (const auto& [channel, state] : some_cells(run)) {
      CAPTURE(channel);
      const auto before = run.content(StatePart::cell, 39, channel, state);
      const auto in_channel = run.content(StatePart::channel, 39, channel, state);
      for (const std::int64_t token : {34, 37}) carry_out(run.lab, command::EditState{{.operation = "forget", .layer = 0, .position = token}});
      const auto after = run.content(StatePart::cell, 39, channel, state);
      double largest = 0;
      for (const Contribution& one : before->tokens) largest = std::max(largest, std::fabs(one.value));
      for (std::int64_t t = 0; t < 40; ++t) {
        const double was = before->tokens[static_cast<std::size_t>(t)].value, is = after->tokens[static_cast<std::size_t>(t)].value;
        if (t == 34 || t == 37) CHECK(std::fabs(is) <= 1e-6 * (std::fabs(was) + 0x1p-20 * largest));
        else CHECK(is == doctest::Approx(was).epsilon(1e-12));
      }
      CHECK(std::fabs(after->value - sum_of(*after)) <= after->bound);
      const auto channel_after = run.content(StatePart::channel, 39, channel, state);
      CHECK(channel_after->tokens[37].size <= 1e-3 * in_channel->tokens[37].size);
      // Once more: what is left of it is rounding.
      State scratch(model.schema());
      Context<float> context;
      const auto remains = remains_of(model, *run.lab.snapshot(), 0, 37, kTokens, scratch, context);
      REQUIRE(remains);
      const auto at = static_cast<std::size_t>(channel * (run.is_rwkv() ? 3 : model.info().state_size) + state);
      CHECK(std::fabs((*remains)[at]) * kept_by(run, channel, kTokens) <= 1e-6 * (std::fabs(before->tokens[37].value) + 0x1p-20 * largest));
      // Scaled afterwards, at the same position.
      carry_out(run.lab, command::ScaleState{0, 0.5});
      const auto scaled = run.content(StatePart::cell, 39, channel, state);
      CHECK(std::fabs(scaled->value - sum_of(*scaled)) <= scaled->bound);
      CHECK(std::fabs(scaled->tokens[37].value) <= 1e-6 * (std::fabs(before->tokens[37].value) + 0x1p-20 * largest));
      for (int i = 0; i < 3; ++i) carry_out(run.lab, command::Undo{});
    }
  }
}

TEST_CASE("forgetting: of one channel it leaves the others alone, and later tokens keep what they made of the token") {
  Recorded run("mamba1", 1, false);
  const std::int64_t states = run.lab.opened()->model->info().state_size;
  const std::vector<float> before = run.lab.state().get(1, 1), other = run.lab.state().get(0, 1);
  carry_out(run.lab, command::EditState{{.operation = "forget", .layer = 1, .at = "5", .position = 38}});
  const std::vector<float> after = run.lab.state().get(1, 1);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (static_cast<std::int64_t>(i) / states != 5) CHECK(after[i] == before[i]);
  CHECK(std::vector<float>(after.begin() + 5 * states, after.begin() + 6 * states) != std::vector<float>(before.begin() + 5 * states, before.begin() + 6 * states));
  CHECK(run.lab.state().get(0, 1) == other);
  CHECK(run.lab.snapshot()->edits->back().label == "forget token 38 in h[5] of layer 1");
  CHECK(run.lab.snapshot()->edits->back().brief == "forget 38 L1");
}

TEST_CASE("forgetting: what cannot be forgotten is refused by name, and nothing changes") {
  Recorded run("mamba1", 0, false);
  const std::vector<float> before = all_of(run.lab);
  const auto refused = [&](StateEdit edit) { return refusal_of(run.lab, command::EditState{std::move(edit)}); };
  CHECK(refused({.operation = "forget", .position = kTokens}).field == "edit.position");
  CHECK(refused({.operation = "forget", .position = -1}).field == "edit.position");
  CHECK(refused({.operation = "forget", .layer = 7, .position = 3}).field == "edit.layer");
  CHECK(refusal_of(run.lab, command::ApplyPatch{"", {{.operation = "zero", .at = "1"}, {.operation = "forget", .position = 3}}}).field == "edits[1].operation");
  CHECK(refusal_of(run.lab, command::ApplyPatch{"", {{.operation = "forget", .position = 3}, {.operation = "forget", .layer = 0, .position = 3}}}).field == "edits[1].operation");
  CHECK(all_of(run.lab) == before);
  CHECK(run.lab.snapshot()->edits->empty());
  Lab llama{LabOptions{}};
  carry_out(llama, command::Open{source_path("tests/golden/llama")});
  carry_out(llama, command::FeedTokens{{1, 2, 3}});
  carry_out(llama, command::ReadWaiting{});
  CHECK(refusal_of(llama, command::EditState{{.operation = "forget", .position = 1}}).message.find("cache") != std::string::npos);
}

TEST_CASE("content: shares stay exact across edits of single elements, and what an edit leaves alone keeps its writers") {
  for (const char* name : {"mamba1", "mamba2"}) {
    CAPTURE(name);
    Recorded run(name, 0, false);
    const std::int64_t states = run.lab.opened()->model->info().state_size;
    const std::string row = run.info().heads > 0 ? "0, 5" : "5";
    const auto past = [&](std::int64_t channel, std::int64_t state) { return run.content(StatePart::cell, 19, channel, state)->value; };
    struct Case {
      StateEdit edit;
      double tokens;                // what is kept of every token's part in channel 5
      std::optional<double> deposit;  // and what lies beside them; nothing: the change that the edit made
    };
    const double then = past(5, states - 1);
    const Case cases[] = {{{.operation = "scale", .at = row, .value = 0.5}, 0.5, 0},
                          {{.operation = "scale", .at = row, .value = -3}, -3, 0},
                          {{.operation = "zero", .at = row}, 0, 0},
                          {{.operation = "set", .at = row, .value = 2}, 0, 2},
                          {{.operation = "noise", .at = row, .value = 0.1, .seed = 4}, 1, {}},
                          {{.operation = "clamp", .at = row, .value = 1e-3}, 1, {}},
                          {{.operation = "mix", .at = row, .value = 0.25, .position = 20}, 0.75, 0.25 * then},
                          {{.operation = "transplant", .at = row, .position = 20}, 0, then}};
    for (const Case& each : cases) {
      CAPTURE(each.edit.operation);
      const auto mine = run.content(StatePart::cell, 39, 5, states - 1), others = run.content(StatePart::cell, 39, 4, 0);
      StateEdit edit = each.edit;
      edit.layer = 0;
      carry_out(run.lab, command::EditState{edit});
      const auto mine_after = run.content(StatePart::cell, 39, 5, states - 1), others_after = run.content(StatePart::cell, 39, 4, 0);
      CHECK(std::fabs(mine_after->value - sum_of(*mine_after)) <= mine_after->bound);
      CHECK(std::fabs(others_after->value - sum_of(*others_after)) <= others_after->bound);
      CHECK(others_after->value == others->value);
      for (std::size_t t = 0; t < mine->tokens.size(); ++t) {
        CHECK(mine_after->tokens[t].value == doctest::Approx(each.tokens * mine->tokens[t].value).epsilon(1e-12));
        CHECK(others_after->tokens[t].value == doctest::Approx(others->tokens[t].value).epsilon(1e-12));
      }
      double here = 0;
      for (const Deposit& deposit : mine_after->deposits)
        if (deposit.position == kTokens) here += deposit.is.value;
      CHECK(here == doctest::Approx(each.deposit ? *each.deposit : mine_after->value - mine->value).epsilon(1e-5));
      carry_out(run.lab, command::Undo{});
    }
    // All of a layer from its own past: the writers are those of that time.
    const auto at_19 = run.content(StatePart::cell, 19, 5, 0);
    carry_out(run.lab, command::EditState{{.operation = "transplant", .layer = 0, .position = 20}});
    const auto restored = run.content(StatePart::cell, 39, 5, 0);
    CHECK(restored->value == at_19->value);
    for (std::size_t t = 0; t < restored->tokens.size(); ++t) CHECK(restored->tokens[t].value == doctest::Approx(t < 20 ? at_19->tokens[t].value : 0).epsilon(1e-12));
    carry_out(run.lab, command::Undo{});
    // All of it from another run: none of these tokens has written it.
    carry_out(run.lab, command::Fork{.position = 0});
    carry_out(run.lab, command::FeedTokens{std::vector<std::int32_t>(24, 9)});
    carry_out(run.lab, command::ReadWaiting{});
    carry_out(run.lab, command::SwitchRun{0});
    carry_out(run.lab, command::EditState{{.operation = "transplant", .layer = 0, .position = 20, .from_run = 1}});
    const auto foreign = run.content(StatePart::cell, 39, 5, 0);
    CHECK(std::fabs(foreign->value - sum_of(*foreign)) <= foreign->bound);
    CHECK(foreign->value != 0);
    for (const auto& token : foreign->tokens) CHECK(token.value == 0);
    REQUIRE(foreign->deposits.size() == 1);
    CHECK(foreign->deposits[0].is.value == doctest::Approx(foreign->value).epsilon(1e-6));
    carry_out(run.lab, command::Undo{});
    // A patch that treats two channels differently is told by what it adds.
    carry_out(run.lab, command::ApplyPatch{"two", {{.operation = "zero", .layer = 0, .at = row}, {.operation = "scale", .layer = 0, .at = run.info().heads > 0 ? "0, 6" : "6", .value = 2}}});
    for (const std::int64_t channel : {5, 6, 7}) {
      const auto patched = run.content(StatePart::cell, 39, channel, 1);
      CHECK(std::fabs(patched->value - sum_of(*patched)) <= patched->bound);
    }
  }
}

TEST_CASE("half-life: of a layer's cells it is that of the recorded time steps") {
  Recorded run("mamba1", 0, true);
  const Model& model = *run.lab.opened()->model;
  carry_out(run.lab, command::Seek{39, "a"});
  State scratch(model.schema());
  Context<float> context;
  const auto reach = reach_of(model, *run.lab.snapshot(), 0, scratch, context, {});
  REQUIRE(reach);
  const auto rates = model.rates(0);
  REQUIRE((*reach)->half.size() == rates.size());
  const auto width = static_cast<std::size_t>(model.info().state_size);
  for (std::size_t cell = 0; cell < rates.size(); cell += 13) {
    std::vector<float> steps;
    for (const auto& token : run.tape->tokens) steps.push_back(token.at(Point::dt)[cell / width]);
    const Reach expected = exact_reach(steps, static_cast<double>(rates[cell]));
    CHECK((*reach)->half[cell].tokens == doctest::Approx(expected.tokens).epsilon(1e-12));
    CHECK((*reach)->half[cell].is_reached == expected.is_reached);
    CHECK((*reach)->tenth[cell].tokens == doctest::Approx(exact_reach(steps, static_cast<double>(rates[cell]), nats_to(0.1)).tokens).epsilon(1e-12));
    CHECK((*reach)->horizon[cell].tokens == doctest::Approx(exact_reach(steps, static_cast<double>(rates[cell]), nats_to(kHorizon)).tokens).epsilon(1e-12));
  }
  // Of all layers the slowest cell of each channel.
  const auto map = map_half_lives(model, *run.lab.snapshot(), scratch, context, {});
  REQUIRE(map);
  REQUIRE((*map)->layers.size() == static_cast<std::size_t>(model.layers()));
  CHECK((*map)->token == 39);
  for (std::size_t channel = 0; channel < rates.size() / width; ++channel) {
    double slowest = 0;
    for (std::size_t n = 0; n < width; ++n) slowest = std::max(slowest, (*reach)->half[channel * width + n].tokens);
    CHECK((*map)->layers[0][channel].tokens == slowest);
  }
  const auto content = run.content(StatePart::cell, 39, 4, 2);
  CHECK(content->half_life.tokens == (*reach)->half[4 * width + 2].tokens);
}

TEST_CASE("hidden attention: what a token reads of each is what it read, by the values") {
  for (const Golden& golden : kGolden) {
    CAPTURE(golden.name);
    Recorded run(golden.name, golden.layer, true);
    const Model& model = *run.lab.opened()->model;
    State scratch(model.schema());
    Context<float> context;
    const auto map = map_attention(model, *run.lab.snapshot(), golden.layer, 6, 0, kTokens, scratch, context, {});
    REQUIRE_MESSAGE(map, map.error().text());
    CHECK((*map)->first == kChanges.back().position);
    CHECK((*map)->tokens == kTokens - (*map)->first);
    for (const std::int64_t token : {36, 39}) {
      const auto content = run.content(StatePart::read_out, token, 6, 0);
      for (std::int64_t j = (*map)->first; j < token; ++j) {
        const float alpha = (*map)->rows[static_cast<std::size_t>((token - (*map)->first) * (*map)->tokens + j - (*map)->first)];
        const auto& shown = run.tape->tokens[static_cast<std::size_t>(j)];
        const double value = static_cast<double>(shown.at(run.is_rwkv() ? Point::att_v : run.info().heads > 0 ? Point::x : Point::u)[6]);
        CHECK(static_cast<double>(alpha) * value == doctest::Approx(content->tokens[static_cast<std::size_t>(j)].value).epsilon(1e-5));
      }
    }
    const auto mean = map_attention(model, *run.lab.snapshot(), golden.layer, -1, 35, 40, scratch, context, {});
    REQUIRE(mean);
    for (const float alpha : (*mean)->rows) CHECK(alpha >= 0);
  }
}

}  // namespace lab::test
