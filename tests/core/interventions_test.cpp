// Interventions: what they replace and nothing else, the same bits however tokens are read, undone and forked like edits.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "app/core/analyst.h"
#include "app/core/command_json.h"
#include "app/core/content.h"
#include "app/core/controls.h"
#include "app/core/divergence.h"
#include "app/core/interventions.h"
#include "app/core/layer_walk.h"
#include "app/core/mixer_look.h"
#include "app/core/ruled_probe.h"
#include "app/core/sampler.h"
#include "app/core/watcher.h"
#include "model/base/hash.h"
#include "support.h"

namespace lab::test {
namespace {

using Ids = std::vector<std::int32_t>;

Ids some_ids(std::int64_t count, std::int64_t vocabulary, std::uint32_t seed = 3) {
  std::mt19937 random(seed);
  Ids ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(vocabulary)));
  return ids;
}

std::shared_ptr<const OpenedModel> golden(const std::string& name) {
  auto opened = open_model(source_path("tests/golden/" + name));
  REQUIRE(opened);
  return opened.take();
}

/// A seeded random one of the two families, or one of tests/golden.
std::shared_ptr<const OpenedModel> model_of(const std::string& name) { return name == "mamba1" || name == "mamba2" ? random_model(name) : golden(name); }

/// Everything that a step shows of some points, by name and token.
class Sight final : public Probe {
 public:
  Sight(int layers, std::initializer_list<Point> points) : Probe(layers) {
    for (const Point point : points)
      for (int layer = 0; layer < layers; ++layer) read(point, layer);
  }
  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    for (std::int64_t t = 0; t < rows.count; ++t)
      seen[{point_name(point, layer), first + token + t}] = std::vector<float>(rows.row(t), rows.row(t) + rows.width);
  }
  const std::vector<float>& at(Point point, int layer, std::int64_t token) const { return seen.at({point_name(point, layer), token}); }
  std::int64_t first = 0;
  std::map<std::pair<std::string, std::int64_t>, std::vector<float>> seen;
};

struct Read {
  State state;
  std::vector<std::vector<float>> logits;  // after each token
};

/// Reads tokens in calls of the given lengths, the last one repeated.
Read read(const Model& model, const Ids& ids, const std::vector<MannedRule>& rules, std::vector<std::int64_t> calls, int threads, Sight* sight = nullptr) {
  Context<float> context({.threads = threads});
  Read out{State(model.schema()), {}};
  RuledProbe probe(model, rules, sight);
  const std::int64_t vocabulary = model.info().vocabulary;
  for (std::int64_t t = 0, call = 0; t < std::ssize(ids); ++call) {
    const std::int64_t n = std::min(calls[static_cast<std::size_t>(std::min(call, std::ssize(calls) - 1))], std::ssize(ids) - t);
    std::vector<float> logits(static_cast<std::size_t>(n * vocabulary));
    probe.begin(t, out.state);
    if (sight) sight->first = t;
    Lane<float> lane{.tokens = std::span(ids).subspan(static_cast<std::size_t>(t), static_cast<std::size_t>(n)), .state = &out.state,
                     .probe = rules.empty() && !sight ? nullptr : &probe, .wants = LogitRows::all, .logits = {logits.data(), n, vocabulary}};
    REQUIRE(model.advance(std::span(&lane, 1), context));
    for (std::int64_t i = 0; i < n; ++i) out.logits.emplace_back(logits.begin() + i * vocabulary, logits.begin() + (i + 1) * vocabulary);
    t += n;
  }
  return out;
}

/// Equal to the bit: infinities and what is not a number too.
bool same(const Read& a, const Read& b) {
  if (a.state.hash() != b.state.hash() || a.logits.size() != b.logits.size()) return false;
  for (std::size_t t = 0; t < a.logits.size(); ++t)
    if (std::memcmp(a.logits[t].data(), b.logits[t].data(), a.logits[t].size() * sizeof(float)) != 0) return false;
  return true;
}

/// State and expectation of a run, without its history.
std::string hex_digest(Lab& lab) {
  const auto snapshot = lab.snapshot();
  return hex_of(lab.state().hash()) + " " + hex_of(hash_bytes(snapshot->last_logits.data(), snapshot->last_logits.size() * sizeof(float)));
}

std::vector<Intervention> of_every_kind(const std::vector<LayerInfo>& layers) {
  std::vector<Intervention> rules;
  for (const InterventionTarget& target : kTargets)
    for (const InterventionOperation& operation : kInterventionOperations) {
      Intervention rule{.target = target.name, .operation = operation.name, .first = 3, .last = 7, .value = 0.25, .seed = 5};
      if (*operation.acts_on != '\0' && std::string(target.name) != "h") continue;
      if (check(rule, layers)) rules.push_back(rule);
    }
  return rules;
}

/// A rule at random that fits the layers.
Intervention random_rule(std::mt19937& random, const std::vector<LayerInfo>& layers, std::int64_t tokens) {
  const auto below = [&](std::size_t n) { return static_cast<std::int64_t>(random() % n); };
  while (true) {
    Intervention rule{.target = kTargets[static_cast<std::size_t>(below(std::size(kTargets)))].name,
                      .operation = kInterventionOperations[static_cast<std::size_t>(below(std::size(kInterventionOperations)))].name,
                      .first = below(static_cast<std::size_t>(tokens)), .value = 0.125 * static_cast<double>(below(17)), .seed = below(100)};
    if (below(4) > 0) rule.last = rule.first + 1 + below(20);
    if (below(3) > 0) rule.layers = std::to_string(below(layers.size()));
    if (below(3) == 0) rule.channels = "0, 3:6";
    else if (below(3) == 0) rule.heads = "1";
    if (check(rule, layers)) return rule;
  }
}

TEST_CASE("interventions: any split into calls and any number of threads leaves the same bits, with rules of every kind") {
  for (const char* name : {"mamba1", "mamba2", "rwkv4", "granite-moe", "llama", "falcon_mamba", "mamba2-groups"}) {
    INFO(name);
    const auto opened = model_of(name);
    const Model& model = *opened->model;
    const Ids ids = some_ids(11, model.info().vocabulary);
    const Read plain = read(model, ids, {}, {11}, 1);
    const std::vector<Intervention> rules = of_every_kind(model.info().layers);
    CHECK(rules.size() >= 6);  // those on the residual stream, which every family has
    std::vector<std::vector<MannedRule>> cases;
    for (const Intervention& rule : rules)
      for (const RuleManner manner : {RuleManner::plain, RuleManner::noise, RuleManner::residual}) cases.push_back({{rule, manner}});
    std::mt19937 random(17);
    for (int i = 0; i < 6; ++i) {
      cases.emplace_back();
      for (int k = 0; k < 3; ++k) cases.back().push_back({random_rule(random, model.info().layers, 11)});
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
      INFO(words_of(cases[i].front().rule), " in manner ", static_cast<int>(cases[i].front().manner));
      const Read whole = read(model, ids, cases[i], {11}, 1);
      CHECK(same(read(model, ids, cases[i], {1}, 1), whole));
      CHECK(same(read(model, ids, cases[i], {4, 1, 3}, 2), whole));
      CHECK(same(read(model, ids, cases[i], {5, 6}, 4), whole));
      if (i >= 3 * rules.size()) continue;
      for (std::size_t t = 0; t < 3; ++t) CHECK(whole.logits[t] == plain.logits[t]);  // before the window
    }
  }
}

TEST_CASE("interventions: without rules, and with rules that are off or over, a run has the bits and the cost of one that has never had any") {
  for (const char* name : {"mamba1", "mamba2", "granite-moe"}) {
    INFO(name);
    Lab plain({}), ruled({});
    for (Lab* each : {&plain, &ruled}) each->put(model_of(name));
    const std::vector<LayerInfo>& layers = plain.opened()->model->info().layers;
    std::vector<Intervention> all = of_every_kind(layers);
    for (Intervention& rule : all) rule.on = false;
    Intervention later{.target = "residual", .operation = "zero", .first = 5000, .last = 5001};
    all.push_back(later);
    carry_out(ruled, command::UseInterventions{all});
    for (Lab* each : {&plain, &ruled}) {
      carry_out(*each, command::FeedTokens{some_ids(150, 90)});
      carry_out(*each, command::ReadWaiting{});
    }
    CHECK(plain.state().hash() == ruled.state().hash());
    CHECK(plain.snapshot()->last_logits == ruled.snapshot()->last_logits);
    const std::int64_t one_state = plain.state().schema().stored() * static_cast<std::int64_t>(sizeof(float));
    CHECK(ruled.snapshot()->trace->use().keyframes - plain.snapshot()->trace->use().keyframes == one_state);  // of the command itself
  }
}

TEST_CASE("interventions: each operation does to the chosen elements what its name says, and nothing to the others") {
  const auto opened = random_model("mamba2");
  const Model& model = *opened->model;
  const Ids ids = some_ids(6, 256);
  const auto shown = [&](const Intervention& rule, Point point, std::int64_t token) {
    Sight sight(model.layers(), {point});
    read(model, ids, {{rule}}, {6}, 1, &sight);
    return sight.at(point, 1, token);
  };
  Sight plain(model.layers(), {Point::z, Point::h, Point::decay, Point::dt, Point::x, Point::B});
  read(model, ids, {}, {6}, 1, &plain);
  const auto per_element = [&](const char* operation, double value, auto expected) {
    const auto after = shown({.target = "z", .operation = operation, .layers = "1", .channels = "2, 5:7", .first = 4, .last = 5, .value = value, .seed = 9}, Point::z, 4);
    const auto& before = plain.at(Point::z, 1, 4);
    for (std::size_t i = 0; i < before.size(); ++i) {
      INFO(operation, " ", i);
      const bool is_chosen = i == 2 || i == 5 || i == 6;
      CHECK(after[i] == (is_chosen ? expected(before[i]) : before[i]));
    }
    CHECK(shown({.target = "z", .operation = operation, .layers = "1", .channels = "2, 5:7", .first = 4, .last = 5, .value = value, .seed = 9}, Point::z, 3) == plain.at(Point::z, 1, 3));
  };
  per_element("zero", 7, [](float) { return 0.0f; });
  per_element("clamp", 0.01, [](float v) { return std::clamp(v, -0.01f, 0.01f); });
  per_element("scale", -2, [](float v) { return -2 * v; });
  per_element("replace", 3.5, [](float) { return 3.5f; });
  const auto& z = plain.at(Point::z, 1, 4);
  const auto mean = static_cast<float>((static_cast<double>(z[2]) + static_cast<double>(z[5]) + static_cast<double>(z[6])) / 3);
  per_element("mean", 0, [&](float) { return mean; });
  const auto noisy = shown({.target = "z", .operation = "noise", .layers = "1", .first = 4, .last = 5, .value = 2, .seed = 9}, Point::z, 4);
  double squares = 0;
  for (std::size_t i = 0; i < noisy.size(); ++i) squares += std::pow(static_cast<double>(noisy[i]) - static_cast<double>(z[i]), 2);
  CHECK(std::sqrt(squares / static_cast<double>(noisy.size())) == doctest::Approx(2).epsilon(0.35));  // of 64 numbers, each of deviation 2
  CHECK(shown({.target = "z", .operation = "noise", .layers = "1", .first = 4, .last = 5, .value = 2, .seed = 9}, Point::z, 4) == noisy);
  CHECK(shown({.target = "z", .operation = "noise", .layers = "1", .first = 4, .last = 5, .value = 2, .seed = 8}, Point::z, 4) != noisy);

  // h [H, P, N] of head 1: nothing fades, or nothing is written. The other heads are as they were.
  const std::int64_t P = model.info().head_dim, N = model.info().state_size;
  const auto frozen = shown({.operation = "freeze_decay", .layers = "1", .heads = "1", .first = 4, .last = 5}, Point::h, 4);
  const auto blocked = shown({.operation = "block_write", .layers = "1", .heads = "1", .first = 4, .last = 5}, Point::h, 4);
  const auto &before = plain.at(Point::h, 1, 3), &after = plain.at(Point::h, 1, 4), &decay = plain.at(Point::decay, 1, 4), &dt = plain.at(Point::dt, 1, 4), &x = plain.at(Point::x, 1, 4),
             &B = plain.at(Point::B, 1, 4);
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto channel = i / static_cast<std::size_t>(N), head = channel / static_cast<std::size_t>(P);
    if (head != 1) {
      CHECK(frozen[i] == after[i]);
      CHECK(blocked[i] == after[i]);
      continue;
    }
    const double write = static_cast<double>(dt[head]) * static_cast<double>(x[channel]) * static_cast<double>(B[i % static_cast<std::size_t>(N)]);
    // Two roundings of the write and one of the sum.
    CHECK(std::fabs(static_cast<double>(frozen[i]) - (static_cast<double>(before[i]) + write)) <= 0x1p-22 * (std::fabs(write) + std::fabs(static_cast<double>(before[i]))));
    CHECK(blocked[i] == decay[head] * before[i]);
  }
}

TEST_CASE("interventions: a blocked write in Mamba-1 leaves exactly what a step that writes zeros leaves") {
  const auto opened = random_model("mamba1");
  const Model& model = *opened->model;
  const Ids ids = some_ids(8, 256);
  // B replaced by zeros at one token: dt x B = 0 too, by another way, in all channels.
  const Read blocked = read(model, ids, {{{.operation = "block_write", .layers = "2", .first = 5, .last = 6}}}, {8}, 1);
  const Read empty = read(model, ids, {{{.target = "B", .operation = "zero", .layers = "2", .first = 5, .last = 6}}}, {8}, 1);
  CHECK(blocked.logits[5] == empty.logits[5]);
  CHECK(blocked.state.get(2, 1) == empty.state.get(2, 1));
  const Read plain = read(model, ids, {}, {8}, 1);
  CHECK(plain.state.get(2, 1) != empty.state.get(2, 1));
}

TEST_CASE("interventions: noise in the manner of a rule differs by the rule's own norm") {
  for (const char* name : {"mamba1", "mamba2"})
    for (const char* operation : {"zero", "scale", "freeze_decay", "block_write"}) {
      INFO(name, " ", operation);
      const auto opened = random_model(name);
      const Model& model = *opened->model;
      const Ids ids = some_ids(6, 256);
      const Intervention rule{.operation = operation, .layers = "1", .channels = "", .first = 5, .last = 6, .value = 0.5, .seed = 1};
      const auto state_after = [&](const std::vector<MannedRule>& rules) {
        Sight sight(model.layers(), {Point::h});
        read(model, ids, rules, {6}, 1, &sight);
        return sight.at(Point::h, 1, 5);
      };
      const auto plain = state_after({}), ruled = state_after({{rule}}), noisy = state_after({{rule, RuleManner::noise}});
      double by_rule = 0, by_noise = 0, along = 0;
      for (std::size_t i = 0; i < plain.size(); ++i) {
        const double a = static_cast<double>(ruled[i]) - static_cast<double>(plain[i]), b = static_cast<double>(noisy[i]) - static_cast<double>(plain[i]);
        by_rule += a * a, by_noise += b * b, along += a * b;
      }
      CHECK(by_rule > 0);
      CHECK(std::sqrt(by_noise) == doctest::Approx(std::sqrt(by_rule)).epsilon(1e-5));
      CHECK(std::fabs(along) < 0.5 * by_rule);  // and is not the same difference
    }
}

TEST_CASE("interventions: sessions at random are undone, done again, forked and replayed to the bit, at any number of threads") {
  for (const char* name : {"mamba1", "mamba2", "granite-moe", "rwkv4"}) {
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
      INFO(name, " seed ", seed);
      std::mt19937 random(seed + 100);
      const auto below = [&](std::size_t n) { return static_cast<std::int64_t>(random() % n); };
      const auto opened = model_of(name);
      const std::vector<LayerInfo>& layers = opened->model->info().layers;
      Lab lab({});
      lab.put(opened);
      std::vector<Command> done;
      std::vector<std::string> history{fingerprint(lab)};
      const auto apply = [&](const Command& command) {
        carry_out(lab, command);
        done.push_back(command);
        if (lab.snapshot()->undo.size() == history.size()) history.push_back(fingerprint(lab));
      };
      apply(command::FeedTokens{some_ids(60, opened->model->info().vocabulary, seed)});
      for (int i = 0; i < 24; ++i) {
        const auto snapshot = lab.snapshot();
        const auto present = interventions_at(*snapshot->edits, snapshot->count());
        const auto count = present ? static_cast<std::int64_t>(present->size()) : 0;
        switch (below(7)) {
          case 0: case 1: apply(command::SetIntervention{below(static_cast<std::size_t>(count + 1)), random_rule(random, layers, snapshot->count() + 20)}); break;
          case 2: if (count > 0) apply(command::RemoveIntervention{below(static_cast<std::size_t>(count))}); break;
          case 3: apply(command::ZeroState{below(layers.size())}); break;
          case 4: if (snapshot->count() > 3) apply(command::TakeBack{1 + below(3), true}); break;
          default:
            if (!snapshot->waiting.empty()) apply(command::Step{1 + below(std::min<std::size_t>(9, snapshot->waiting.size()))});
        }
      }
      const std::string end = fingerprint(lab);
      // Every position is restored to what the step left, whole and layer by layer.
      const auto snapshot = lab.snapshot();
      const Model& model = *opened->model;
      for (std::int64_t position = 0; position <= snapshot->count(); ++position) {
        State restored(model.schema());
        Context<float> context;
        const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& state) { model.replay(layer, drivers, state, context); };
        REQUIRE(snapshot->trace->restore(position, restored, replayer));
        if (position == snapshot->count()) CHECK(restored.hash() == lab.state().hash());
      }
      for (std::size_t i = history.size() - 1; i-- > 0;) {
        carry_out(lab, command::Undo{});
        INFO("undone to ", i);
        CHECK(fingerprint(lab) == history[i]);
      }
      for (std::size_t i = 1; i < history.size(); ++i) {
        carry_out(lab, command::Redo{});
        INFO("done again to ", i);
        CHECK(fingerprint(lab) == history[i]);
      }
      CHECK(fingerprint(lab) == end);
      for (const int threads : {2, 4}) {
        LabOptions options;
        options.arithmetic.threads = threads;
        Lab replayed(options);
        replayed.put(opened);
        for (const Command& command : done) {
          const auto parsed = parse_command(json_of(command), "");
          REQUIRE(parsed);
          carry_out(replayed, *parsed);
        }
        CHECK(fingerprint(replayed) == end);
      }
      // A fork goes on with the rules that hold now: alone from there with the same rules it is the same.
      const std::int64_t at = below(static_cast<std::size_t>(snapshot->count() + 1));
      carry_out(lab, command::Fork{at, "", true});
      carry_out(lab, command::ReadWaiting{});
      const std::string forked = fingerprint(lab);
      if (const std::int64_t beyond = lab.snapshot()->count() - at; beyond > 0) {
        carry_out(lab, command::TakeBack{beyond, true});
        carry_out(lab, command::ReadWaiting{});
        CHECK(fingerprint(lab) == forked);
      }
      carry_out(lab, command::SwitchRun{0});
      CHECK(fingerprint(lab) == end);
    }
  }
}

/// A lab whose rules reach the state by ways that drivers show and do not show, with the live states beside.
struct Ruled {
  explicit Ruled(const std::string& name) {
    lab.put(model_of(name));
    carry_out(lab, command::FeedTokens{some_ids(40, 90)});
    const std::vector<LayerInfo>& layers = lab.opened()->model->info().layers;
    std::vector<Intervention> rules{{.target = "residual", .operation = "scale", .layers = "0", .first = 4, .last = 9, .value = 0.5},
                                    {.operation = "block_write", .layers = "1", .channels = "0:5", .first = 8, .last = 11},
                                    {.operation = "scale", .layers = "1", .first = 14, .last = 16, .value = 0.25},
                                    {.operation = "freeze_decay", .layers = "1", .first = 18, .last = 20},
                                    {.target = "conv", .operation = "clamp", .layers = "1", .first = 22, .last = 24, .value = 0.01}};
    for (const Intervention& rule : rules) REQUIRE(check(rule, layers));
    carry_out(lab, command::UseInterventions{rules});
    states.push_back(lab.state());
    for (std::int64_t t = 0; t < 40; ++t) {
      carry_out(lab, command::Step{1});
      states.push_back(lab.state());
    }
  }
  Lab lab{LabOptions{}};
  std::vector<State> states;  // by position
};

TEST_CASE("interventions: every past state is restored and walked through as the step left it, read at once or token by token") {
  for (const char* name : {"mamba1", "mamba2"}) {
    INFO(name);
    Ruled run(name);
    const auto snapshot = run.lab.snapshot();
    const Model& model = *run.lab.opened()->model;
    Context<float> context;
    const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& state) { model.replay(layer, drivers, state, context); };
    for (std::int64_t position = 0; position <= 40; ++position) {
      State restored(model.schema());
      REQUIRE(snapshot->trace->restore(position, restored, replayer));
      CHECK(restored.hash() == run.states[static_cast<std::size_t>(position)].hash());
    }
    for (int layer = 0; layer < model.layers(); ++layer) {
      LayerWalk walk(model, layer, context);
      std::int64_t visited = 0;
      for (const auto& [first, last] : {std::pair{0, 10}, {10, 15}, {15, 19}, {19, 40}})  // goes on where it stopped
        REQUIRE(walk.walk(*snapshot, first, last, [&](std::int64_t token) {
          ++visited;
          CHECK(walk.state().get(layer, 1) == run.states[static_cast<std::size_t>(token) + 1].get(layer, 1));
          return true;
        }));
      CHECK(visited == 40);
    }
    Lab at_once({});
    at_once.put(model_of(name));
    carry_out(at_once, command::FeedTokens{some_ids(40, 90)});
    carry_out(at_once, command::UseInterventions{*interventions_at(*snapshot->edits, 40)});
    carry_out(at_once, command::ReadWaiting{});
    CHECK(at_once.state().hash() == run.lab.state().hash());
    CHECK(at_once.snapshot()->last_logits == snapshot->last_logits);
  }
}

TEST_CASE("interventions: tokens and what rules did add up to every part of a state") {
  for (const char* name : {"mamba1", "mamba2"}) {
    INFO(name);
    Ruled run(name);
    const Model& model = *run.lab.opened()->model;
    State scratch(model.schema());
    Context<float> context;
    for (const StatePart part : {StatePart::cell, StatePart::channel, StatePart::read_out})
      for (const std::int64_t token : {7, 8, 10, 14, 15, 16, 19, 23, 30, 39})
        for (const std::int64_t channel : {1, 6}) {
          INFO(name_of(part), " at ", token, " channel ", channel);
          carry_out(run.lab, command::Seek{token, "a"});
          carry_out(run.lab, command::Select{1, channel, 2});
          const auto content = take_apart(model, *run.lab.snapshot(), part, scratch, context, {});
          if (part == StatePart::read_out && token == 23) {  // the convolution was clamped, which what it reads comes from in Mamba-2
            CHECK(content.error().code == Code::unsupported);
            continue;
          }
          REQUIRE_MESSAGE(content, content.error().text());
          CHECK(std::fabs((*content)->sum - (*content)->value) <= (*content)->bound);
          if (part == StatePart::cell) CHECK((*content)->value == static_cast<double>(run.states[static_cast<std::size_t>(token) + 1].get(1, 1)[static_cast<std::size_t>(channel * model.info().state_size + 2)]));
        }
    // A write that was blocked is taken away again: by name.
    carry_out(run.lab, command::Seek{10, "a"});
    carry_out(run.lab, command::Select{1, 1, 2});
    const auto content = take_apart(model, *run.lab.snapshot(), StatePart::cell, scratch, context, {});
    REQUIRE(content);
    CHECK(std::ranges::any_of((*content)->deposits, [](const Deposit& deposit) { return deposit.label == "block write L1" && deposit.position == 11; }));
  }
}

TEST_CASE("interventions: what a mixer made of a token under a rule is shown as it was") {
  for (const char* name : {"mamba1", "mamba2"}) {
    Ruled run(name);
    const Model& model = *run.lab.opened()->model;
    const auto rules = *interventions_at(*run.lab.snapshot()->edits, 40);
    std::vector<MannedRule> manned;
    for (const Intervention& rule : rules) manned.push_back({rule});
    Sight sight(model.layers(), {Point::y, Point::conv, Point::dt, Point::decay});
    read(model, some_ids(40, 90), manned, {40}, 1, &sight);
    State scratch(model.schema());
    Context<float> context;
    for (const std::int64_t token : {3, 6, 9, 15, 18, 23, 30}) {
      INFO(name, " at ", token);
      carry_out(run.lab, command::Seek{token, "a"});
      carry_out(run.lab, command::Select{1, 0, 0});
      const auto frame = look_at_mixer(model, *run.lab.snapshot(), scratch, context);
      REQUIRE(frame);
      for (const Point point : {Point::y, Point::conv, Point::dt}) CHECK(frame->values.at(point) == sight.at(point, 1, token));
      CHECK(frame->values.at(Point::decay) == sight.at(Point::decay, 1, token));
    }
  }
}

TEST_CASE("interventions: rules that watch the run see the states that rules left") {
  Ruled run("mamba1");
  const auto snapshot = run.lab.snapshot();
  Context<float> context;
  Rule rule = default_rule(*find_rule_kind("track"));
  rule.on = true;
  rule.statistic = "h_norm";
  rule.limit = 1e9;
  Rule shift = default_rule(*find_rule_kind("context-shift"));
  shift.on = true, shift.window = 4, shift.reference = 8;
  Watcher at_once(*run.lab.opened()->model, {rule, shift}, context), in_pieces(*run.lab.opened()->model, {rule, shift}, context);
  REQUIRE(at_once.follow(watched(*snapshot), 40, {}));
  for (const std::int64_t until : {5, 9, 12, 15, 17, 23, 24, 40}) REQUIRE(in_pieces.follow(watched(*snapshot), until, {}));
  const auto a = at_once.log(), b = in_pieces.log();
  REQUIRE(a->measured.size() == 2);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::int64_t t = 0; t < 40; ++t)
      for (std::size_t layer = 0; layer < a->measured[i][t].size(); ++layer) {
        const float one = a->measured[i][t][layer], other = b->measured[i][t][layer];
        CHECK((one == other || (std::isnan(one) && std::isnan(other))));
      }
}

TEST_CASE("interventions: what was read stays, and a notice says where to fork; a fork there applies the rule to the past") {
  FreshLab lab("mamba1"), fresh("mamba1");
  for (Lab* each : std::initializer_list<Lab*>{&lab, &fresh}) carry_out(*each, command::FeedTokens{some_ids(30, 256)});
  carry_out(lab, command::Step{20});
  const std::string before = hex_digest(lab);
  const Intervention rule{.name = "forget", .operation = "zero", .layers = "1", .first = 12, .last = 25};
  carry_out(lab, command::SetIntervention{0, rule});
  CHECK(hex_digest(lab) == before);
  CHECK(lab.snapshot()->notices.back().text == "forget: it holds from token 20 on; fork at token 12 to apply it to the past");
  CHECK(lab.snapshot()->undo.back().label == "intervene: forget");
  carry_out(lab, command::Fork{12, "", true});
  carry_out(lab, command::ReadWaiting{});
  carry_out(fresh, command::SetIntervention{0, rule});
  carry_out(fresh, command::Step{20});
  CHECK(hex_digest(lab) == hex_digest(fresh));
  CHECK(hex_digest(lab) != before);
  Intervention over = rule;
  over.name.clear(), over.first = 2, over.last = 4;
  carry_out(lab, command::SetIntervention{0, over});
  CHECK(lab.snapshot()->notices.back().text == "zero h of layer 1 at tokens 2 to 3: its tokens have been read and stay as they were; fork at token 2 to apply it to the past");
}

TEST_CASE("interventions: what does not fit is refused by field and changes nothing") {
  FreshLab mamba("mamba2");
  const auto refused = [](Lab& lab, const Intervention& rule) { return refusal_of(lab, command::SetIntervention{0, rule}); };
  carry_out(mamba, command::FeedTokens{{1, 2, 3}});
  carry_out(mamba, command::Step{2});
  const std::string before = fingerprint(mamba);
  CHECK(refused(mamba, {.target = "v"}).field == "intervention.target");
  CHECK(refused(mamba, {.operation = "melt"}).field == "intervention.operation");
  CHECK(refused(mamba, {.layers = "3"}).field == "intervention.layers");
  CHECK(refused(mamba, {.layers = "0,,1"}).code == Code::malformed);
  CHECK(refused(mamba, {.channels = "4:900"}).field == "intervention.channels");
  CHECK(refused(mamba, {.heads = "x"}).field == "intervention.heads");
  CHECK(refused(mamba, {.heads = "0", .channels = "1"}).expected == "either heads or channels");
  CHECK(refused(mamba, {.target = "dt", .channels = "1"}).expected == "heads, of which each has one value");
  CHECK(refused(mamba, {.target = "B", .heads = "1"}).field == "intervention.heads");
  CHECK(refused(mamba, {.first = -1}).field == "intervention.first");
  CHECK(refused(mamba, {.first = 4, .last = 4}).field == "intervention.last");
  CHECK(refused(mamba, {.operation = "scale", .value = INFINITY}).field == "intervention.value");
  CHECK(refused(mamba, {.operation = "clamp", .value = -1}).expected == "a finite number, 0 or more");
  CHECK(refused(mamba, {.name = std::string(81, 'n')}).field == "intervention.name");
  CHECK(refusal_of(mamba, command::SetIntervention{1, {}}).field == "index");
  CHECK(refusal_of(mamba, command::RemoveIntervention{0}).expected == "none: there is no intervention");
  CHECK(refusal_of(mamba, command::UseInterventions{{{}, {.operation = "melt"}}}).field == "interventions[1].operation");
  CHECK(refusal_of(mamba, command::RunControls{0}).field == "index");
  const Error none = refused(mamba, {.target = "u"});
  CHECK(none.code == Code::unsupported);
  CHECK(none.expected == "a target that layer 0, Mamba-2, has: h, B, C, dt, x, z, conv, residual");
  CHECK(fingerprint(mamba) == before);

  const auto granite = open_golden("granite-moe");
  const auto& layers = granite->opened()->model->info().layers;
  const auto attention = std::ranges::find_if(layers, is_attention) - layers.begin();
  const Error of_attention = refused(*granite, {.layers = std::to_string(attention)});
  CHECK(of_attention.expected == "a target that layer " + std::to_string(attention) + ", attention, has: residual");
  CHECK(of_attention.found == "h");
  carry_out(*granite, command::SetIntervention{0, {}});  // of all layers, those that have a state of this kind
  const auto llama = open_golden("llama");
  CHECK(refused(*llama, {.operation = "block_write"}).field == "intervention.operation");
  carry_out(*llama, command::SetIntervention{0, {.target = "residual"}});
}

TEST_CASE("interventions: words, JSON and lists") {
  CHECK(words_of({.layers = "12", .first = 100, .last = 101}) == "zero h of layer 12 at token 100");
  CHECK(words_of({.operation = "scale", .layers = "8:11", .first = 140, .value = 0.5}) == "scale h of layers 8:11 by 0.5 from token 140 on");
  CHECK(words_of({.operation = "block_write", .layers = "12", .heads = "3", .first = 150, .last = 168}) == "block the write of head 3 of layer 12 at tokens 150 to 167");
  CHECK(words_of({.target = "dt", .operation = "clamp", .value = 0.5}) == "clamp Δ of all layers to ±0.5 at every token");
  CHECK(tokens_text({.first = 150, .last = 168}) == "150–167");
  CHECK(target_text({.operation = "freeze_decay"}) == "exp(ΔA)");
  CHECK(brief_words_of({.operation = "scale", .layers = "8:11", .value = 0.5}) == "h × 0.5 L8:11");
  const Intervention rule{.operation = "block_write", .layers = "1", .first = 4, .last = 8};
  CHECK(brief_json(rule) == R"({"operation":"block_write","layers":"1","first":4,"last":8})");
  const auto parsed = parse_json(R"({"interventions": [{"operation": "block_write", "layers": "1", "first": 4, "last": 8}]})", {}, "");
  REQUIRE(parsed);
  CHECK(*interventions_from(*parsed, "") == std::vector<Intervention>{rule});
  const auto unknown = parse_json(R"({"operation": "zero", "layer": 1})", {}, "");
  REQUIRE(unknown);
  CHECK(interventions_from(*unknown, "--rule").error().field == "--rule.layer");
}

TEST_CASE("controls: effects are those of two runs, computed once more from their logits") {
  for (const char* name : {"mamba1", "mamba2"}) {
    INFO(name);
    const auto opened = random_model(name);
    const Model& model = *opened->model;
    const Ids ids = some_ids(40, 256);
    const std::vector<Intervention> rules{{.target = "residual", .operation = "scale", .layers = "2", .first = 3, .last = 30, .value = 0.9},
                                          {.operation = "zero", .layers = "1", .channels = "0:8", .first = 20, .last = 23}};
    Context<float> context;
    double last_share = 0;
    const auto table = run_controls(*opened, State(model.schema()), 0, ids, rules, 1, {.after = 3, .seed = 4}, context, [&](double share) {
      CHECK(share >= last_share);
      last_share = share;
      return true;
    });
    REQUIRE_MESSAGE(table, table.error().text());
    CHECK(last_share == 1);
    CHECK((*table)->at == 25);
    REQUIRE((*table)->rows.size() == 5);
    // Two plain readings, and the divergence of their softmax in double precision.
    const Read without = read(model, ids, {{rules[0]}}, {40}, 1), with = read(model, ids, {{rules[0]}, {rules[1]}}, {40}, 1);
    const auto nats = [](const std::vector<float>& p, const std::vector<float>& q) {
      double sum_p = 0, sum_q = 0, sum = 0;
      for (std::size_t i = 0; i < p.size(); ++i) sum_p += std::exp(static_cast<double>(p[i])), sum_q += std::exp(static_cast<double>(q[i]));
      for (std::size_t i = 0; i < p.size(); ++i)
        sum += std::exp(static_cast<double>(p[i])) / sum_p * (static_cast<double>(p[i]) - std::log(sum_p) - static_cast<double>(q[i]) + std::log(sum_q));
      return sum;
    };
    const EffectRow& effect = (*table)->rows.front();
    CHECK(effect.after == doctest::Approx(nats(without.logits[25], with.logits[25])).epsilon(1e-9));
    CHECK(effect.mean == doctest::Approx((nats(without.logits[20], with.logits[20]) + nats(without.logits[21], with.logits[21]) + nats(without.logits[22], with.logits[22])) / 3).epsilon(1e-9));
    CHECK(effect.by_token.size() == 6);
    CHECK(effect.after > 0);
    // The controls are the rule elsewhere, or in other manners.
    Intervention next = rules[1];
    next.layers = "2";
    CHECK((*table)->rows[2].after == doctest::Approx(nats(without.logits[25], read(model, ids, {{rules[0]}, {next}}, {40}, 1).logits[25])).epsilon(1e-9));
    CHECK((*table)->rows[4].after == doctest::Approx(nats(without.logits[25], read(model, ids, {{rules[0]}, {rules[1], RuleManner::residual}}, {40}, 1).logits[25])).epsilon(1e-9));
    for (const EffectRow& row : (*table)->rows) CHECK(row.refusal == "");
    CHECK((*table)->reading.starts_with("zero h L1: "));
  }
}

TEST_CASE("controls: those that there cannot be say why, a stop stops, and a run asks for its own by a command") {
  const auto opened = random_model("mamba1");
  const Ids ids = some_ids(20, 256);
  Context<float> context;
  const State start(opened->model->schema());
  const auto table = run_controls(*opened, start, 0, ids, std::vector<Intervention>{{.first = 5, .last = 6}}, 0, {}, context);
  REQUIRE(table);
  CHECK((*table)->rows[2].refusal == "all used");  // of layers
  CHECK((*table)->rows[3].refusal == "all used");  // of channels
  CHECK((*table)->rows[1].refusal == "");
  const auto noise = run_controls(*opened, start, 0, ids, std::vector<Intervention>{{.target = "residual", .operation = "noise", .layers = "1", .first = 5, .value = 1}}, 0, {}, context);
  REQUIRE(noise);
  CHECK((*noise)->rows[1].refusal == "is noise");
  CHECK((*noise)->rows[4].refusal == "is the residual");
  CHECK((*noise)->at == 19);
  const auto beyond = run_controls(*opened, start, 0, ids, std::vector<Intervention>{{.first = 20}}, 0, {}, context);
  CHECK(beyond.error().field == "intervention.first");
  const auto stopped = run_controls(*opened, start, 0, ids, std::vector<Intervention>{{.first = 5}}, 0, {}, context, [](double share) { return share < 0.1; });
  CHECK(stopped.error().code == Code::cancelled);

  FreshLab lab("mamba1");
  carry_out(lab, command::FeedTokens{ids});
  const Intervention rule{.operation = "block_write", .layers = "1", .first = 8, .last = 10};
  carry_out(lab, command::SetIntervention{0, rule});
  CHECK(refusal_of(lab, command::RunControls{0}).next == "read on first");
  carry_out(lab, command::ReadWaiting{});
  const std::string before = fingerprint(lab);
  CHECK_FALSE(lab.snapshot()->controls);
  carry_out(lab, command::RunControls{0, 4});
  CHECK(fingerprint(lab) == before);
  const auto asked = run_controls(*lab.opened(), *lab.snapshot(), context);
  REQUIRE(asked);
  REQUIRE(*asked);
  const auto expected = run_controls(*opened, start, 0, ids, std::vector<Intervention>{rule}, 0, {.after = 4}, context);
  REQUIRE(expected);
  for (std::size_t i = 0; i < 5; ++i) CHECK((*asked)->rows[i].by_token == (*expected)->rows[i].by_token);
  carry_out(lab, command::RunControls{-1});
  CHECK_FALSE(lab.snapshot()->controls);
}

TEST_CASE("controls: the sentence says whether the content matters") {
  ControlTable table{.intervention = {.name = "zero L12"}, .first = 100, .last = 101, .at = 103};
  const auto reading = [&](double effect, std::vector<std::pair<std::string, double>> controls) {
    table.rows = {{.name = "intervention", .after = effect}};
    for (const auto& [name, after] : controls) table.rows.push_back({.name = name, .after = after});
    return reading_of(table);
  };
  CHECK(reading(0.74, {{"noise", 0.06}, {"next layer", 0.41}}) == "zero L12: effect 0.74 against 0.06 for noise of the same norm: the content matters, not its size.");
  CHECK(reading(0.11, {{"noise", 0.0901}, {"next layer", 0.08}}) == "zero L12: 0.11 is hardly above its controls (noise 0.09, next layer 0.08): nothing shown.");
  CHECK(reading(0.11, {{"noise", 0.2}}) == "zero L12: 0.11 is not above its controls (noise 0.20): nothing shown.");
  CHECK(reading(0.3, {{"noise", 0.15}}) == "zero L12: effect 0.30 against at most 0.15 for its controls (noise).");
  CHECK(reading(0, {{"noise", 0.15}}) == "zero L12: no effect 3 tokens later.");
  CHECK(reading(NAN, {}) == "zero L12: what the model expects is not a number any more.");
}

}  // namespace
}  // namespace lab::test
