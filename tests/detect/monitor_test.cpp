// Rules as data, and all of them together over one run.
#include "tracer/detect/monitor.h"

#include <bit>
#include <random>

#include "tests/detect/feed.h"

using namespace lab;
using namespace lab::test;

namespace {

/// A run in which much happens, the same every time.
class Story {
 public:
  void tell(Watched& watched, int tokens) {
    for (int t = 0; t < tokens; ++t) watched.see({layer(0.5f), layer(1.5f)});
  }

 private:
  Made layer(float size) {
    const auto t = static_cast<float>(told_++);
    std::vector<float> state(24);
    for (std::size_t i = 0; i < state.size(); ++i)
      state[i] = size * (std::sin(std::floor(t / 700) * static_cast<float>(i)) + 0.3f * normal_(random_)) * std::exp(t * 4e-4f);
    Made made = of_state(std::move(state));
    made.residual.assign(3, t == 3001 ? kNan : 1.0f);
    made.set(Statistic::gate_shut, std::fmod(t, 1000) < 100 ? 0.9 : 0.1).set(Statistic::decay_mean, 0.9 + 0.1 * std::sin(t / 300));
    if (static_cast<int>(t) % 901 == 17) made.set(Statistic::h_norm, 300);
    return made;
  }
  std::mt19937 random_{99};
  std::normal_distribution<float> normal_;
  int told_ = 0;
};

std::vector<Rule> every_rule() {
  std::vector<Rule> rules;
  for (const RuleKind& kind : rule_kinds()) rules.push_back(rule_of(kind.name));
  for (const Rule& rule : rule_presets()[1].rules) rules.push_back(rule);
  Rule residual = rule_of("context-shift", 0.5);
  residual.of = "residual";
  rules.push_back(residual);
  return rules;
}

bool same(const Alert& a, const Alert& b) {
  const auto bits = [](double x) { return std::bit_cast<std::uint64_t>(x); };
  return a.rule == b.rule && a.finding.token == b.finding.token && a.finding.layer == b.finding.layer && a.finding.text == b.finding.text &&
         bits(a.finding.value) == bits(b.finding.value) && bits(a.finding.limit) == bits(b.finding.limit);
}

}  // namespace

TEST_CASE("monitor: a copy made anywhere finds and measures the same, bit for bit") {
  Watched whole(every_rule(), 2);
  Story told;
  told.tell(whole, 4500);
  CHECK(whole.alerts.size() > 30);
  std::vector<char> fired(whole.monitor.rules().size());
  for (const Alert& alert : whole.alerts) fired[static_cast<std::size_t>(alert.rule)] = 1;
  CHECK(std::count(fired.begin(), fired.end(), 1) >= 10);

  Watched parts(every_rule(), 2);
  Story again;
  for (int i = 0; i < 9; ++i) {
    again.tell(parts, 500);
    const Monitor copy = parts.monitor;
    parts.monitor = Monitor(every_rule(), parts.layers);  // nothing of the old one may be needed
    parts.monitor = copy;
  }
  REQUIRE(parts.alerts.size() == whole.alerts.size());
  for (std::size_t i = 0; i < whole.alerts.size(); ++i) REQUIRE(same(whole.alerts[i], parts.alerts[i]));
  for (int rule = 0; rule < static_cast<int>(fired.size()); ++rule) {
    CHECK(whole.monitor.count(rule) == parts.monitor.count(rule));
    for (int layer = -1; layer < 2; ++layer)
      CHECK(std::bit_cast<std::uint32_t>(whole.monitor.measured(rule, layer)) == std::bit_cast<std::uint32_t>(parts.monitor.measured(rule, layer)));
  }
}

TEST_CASE("monitor: a copy and its original do not disturb each other") {
  Watched one({rule_of("norm-jump")});
  for (int t = 0; t < 30; ++t) one.see(of_norm(1));
  Watched two({rule_of("norm-jump")});
  two.monitor = one.monitor;
  two.token = one.token;
  two.see(of_norm(9));
  one.see(of_norm(1));
  CHECK(two.alerts.size() == 1);
  CHECK(one.alerts.empty());
  CHECK(one.monitor.measured(0, 0) == 1);
}

TEST_CASE("monitor: the dead time is of a rule and a layer") {
  Rule first = rule_of("norm-high", 2), second = rule_of("norm-high", 5);
  first.dead_tokens = 10;
  Watched watched({first, second}, 2);
  for (int t = 0; t < 20; ++t) watched.see({of_norm(t % 2 ? 3 : 1), of_norm(t == 4 ? 6 : 1)});
  std::vector<std::array<std::int64_t, 3>> found;
  for (const Alert& alert : watched.alerts) found.push_back({alert.finding.token, alert.rule, alert.finding.layer});
  CHECK(found == std::vector<std::array<std::int64_t, 3>>{{1, 0, 0}, {4, 0, 1}, {4, 1, 1}, {11, 0, 0}});
  CHECK(watched.monitor.count(0) == 3);
}

TEST_CASE("monitor: needs what its rules need, and nothing of those that are off") {
  Rule shift = rule_of("context-shift"), residual = shift;
  residual.of = "residual";
  residual.on = false;
  const auto layers = quiet_layers(1);
  const Monitor monitor({rule_of("norm-high"), shift, residual}, layers);
  CHECK(monitor.needs().states);
  CHECK_FALSE(monitor.needs().residuals);
  CHECK_FALSE(monitor.needs().logits);
  CHECK(std::isnan(monitor.measured(2, 0)));
  CHECK_FALSE(Monitor({rule_of("drift"), rule_of("explosion"), rule_of("non-finite")}, layers).needs().states);
}

TEST_CASE("rules: kinds have names of their own, and a rule made of each is accepted") {
  std::vector<std::string> names;
  for (const RuleKind& kind : rule_kinds()) {
    names.push_back(kind.name);
    CHECK(find_rule_kind(kind.name) == &kind);
    CHECK(std::string(kind.sentence).ends_with("."));
    CHECK(std::string(kind.source) != "");
    const Status status = check_rule(default_rule(kind), 2);
    CHECK_MESSAGE(status, kind.name);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(find_rule_kind("shift") == nullptr);
}

TEST_CASE("rules: what cannot be obeyed is refused by its field") {
  const auto refused = [](auto change) {
    Rule rule = rule_of("context-shift");
    change(rule);
    const Status status = check_rule(rule, 2);
    return status ? "" : status.error().field + " " + name_of(status.error().code);
  };
  CHECK(refused([](Rule&) {}) == "");
  CHECK(refused([](Rule& r) { r.kind = "shift"; }) == "kind bad_argument");
  CHECK(refused([](Rule& r) { r.on_alert = "shout"; }) == "on_alert bad_argument");
  CHECK(refused([](Rule& r) { r.of = "logits"; }) == "of bad_argument");
  CHECK(refused([](Rule& r) { r.side = "beside"; }) == "side bad_argument");
  CHECK(refused([](Rule& r) { r.statistic = "h"; }) == "statistic bad_argument");
  CHECK(refused([](Rule& r) { r.limit = kNan; }) == "limit out_of_range");
  CHECK(refused([](Rule& r) { r.layer_limits = {1}; }) == "layer_limits mismatch");
  CHECK(refused([](Rule& r) { r.layer_limits = {1, kNan}; }) == "layer_limits out_of_range");
  CHECK(refused([](Rule& r) { r.layer = 2; }) == "layer out_of_range");
  CHECK(refused([](Rule& r) { r.roll_back = 0; }) == "roll_back out_of_range");
  CHECK(refused([](Rule& r) { r.dead_tokens = -1; }) == "dead_tokens out_of_range");
  CHECK(refused([](Rule& r) { r.held = 0; }) == "held out_of_range");
  CHECK(refused([](Rule& r) { r.window = 0; }) == "window out_of_range");
  CHECK(refused([](Rule& r) { r.reference = 2000; }) == "reference out_of_range");
}

TEST_CASE("presets: document 2 has its own numbers and its own reaction") {
  REQUIRE(rule_presets().size() == 2);
  CHECK(rule_presets()[0].name == "default");
  const RulePreset& preset = rule_presets()[1];
  CHECK(preset.name == "document 2");
  std::vector<std::pair<std::string, double>> limits;
  for (const Rule& rule : preset.rules) {
    limits.emplace_back(rule.kind, rule.limit);
    CHECK(rule.origin == "document 2");
    CHECK(rule.on);
    CHECK_FALSE(rule.self_calibrated);
  }
  CHECK(limits == std::vector<std::pair<std::string, double>>{{"non-finite", 0}, {"norm-low", 0.1}, {"norm-high", 10}, {"norm-high", 100},
                                                              {"drift-document-2", 10}, {"successive-cosine", 0.8}});
  CHECK(preset.rules.back().on_alert == "reset");
}
