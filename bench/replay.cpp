// Past states from recorded drivers: of one layer and of all.
#include <algorithm>

#include "bench/cases.h"
#include "bench/measure.h"
#include "model/math/context.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kTokens = 64;  // a keyframe's worth

// Keeps what replay needs of every layer for kTokens tokens.
class DriverProbe final : public Probe {
 public:
  explicit DriverProbe(const Model& model) : Probe(model.layers()), drivers_(static_cast<std::size_t>(model.layers())) {
    for (int layer = 0; layer < model.layers(); ++layer)
      for (const Driver& driver : model.info().layers[static_cast<std::size_t>(layer)].drivers)
        if (driver.replay) {
          read(driver.point, layer);
          of(layer).push_back({driver.point, driver.width, std::vector<float>(static_cast<std::size_t>(driver.width * kTokens))});
        }
  }

  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    for (Kept& kept : of(layer))
      if (kept.point == point)
        for (std::int64_t t = 0; t < rows.count; ++t)
          std::copy_n(rows.row(t), kept.width, kept.values.data() + (token + t) * kept.width);
  }

  std::vector<Rows<const float>> rows(int layer) {
    std::vector<Rows<const float>> all;
    for (const Kept& kept : of(layer)) all.emplace_back(kept.values.data(), kTokens, kept.width);
    return all;
  }

 private:
  struct Kept {
    Point point;
    std::int64_t width;
    std::vector<float> values;
  };
  std::vector<Kept>& of(int layer) { return drivers_[static_cast<std::size_t>(layer)]; }
  std::vector<std::vector<Kept>> drivers_;
};

Result<Measurement> measure(const std::string& name, const Setting& setting, bool all_layers) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(setting.subject));
  const Model& model = *opened->model;
  Context<float> context({.threads = setting.threads});
  const State fresh(model.schema());
  State live(fresh), replayed(fresh);
  DriverProbe probe(model);
  const std::vector<std::int32_t> tokens = tokens_for(model, kTokens);
  Lane<float> lane{.tokens = tokens, .state = &live, .probe = &probe, .wants = LogitRows::none};
  model.advance({&lane, 1}, context);

  const int layers = all_layers ? model.layers() : 1, repeats = all_layers ? 8 : 64;
  std::vector<std::vector<Rows<const float>>> drivers;
  for (int layer = 0; layer < layers; ++layer) drivers.push_back(probe.rows(layer));
  bool same = true;
  std::vector<double> rates;
  for_rounds(setting.rounds, [&] {
    std::vector<double> seconds;
    for (int i = 0; i < repeats; ++i) {
      replayed = fresh;
      seconds.push_back(seconds_of([&] {
        for (int layer = 0; layer < layers; ++layer) model.replay(layer, drivers[static_cast<std::size_t>(layer)], replayed, context);
      }));
    }
    rates.push_back(static_cast<double>(kTokens) / median(seconds));
    for (int layer = 0; layer < layers; ++layer) same = same && std::ranges::equal(live.stored_layer(layer), replayed.stored_layer(layer));
  });
  Measurement m = over_rounds(name, "tokens/s", rates);
  m.more = {{"same_bits_as_live", same ? 1.0 : 0.0}};
  return m;
}

}  // namespace

void add_replay(const Setting& setting, bool all_layers, std::vector<Case>& cases) {
  const std::string name = "replay/" + setting.subject.shape + "/" + (all_layers ? "all" : "one") + "/threads=" + std::to_string(setting.threads);
  cases.push_back({name, [=] { return measure(name, setting, all_layers); }});
}

}  // namespace lab::bench
