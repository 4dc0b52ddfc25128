// Looking back: the state of one layer at a random past token, and a plain copy of the whole state.
#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/session.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kHistory = 10'000;  // tokens
constexpr std::int64_t kSeeks = 400;

Result<Measurement> measure_seek(const std::string& name, const Subject& subject) {
  close_subject();
  LAB_ASSIGN(const std::unique_ptr<const Model> model, short_model(subject));
  Session session(*model, 1, std::int64_t{4} << 30);
  LAB_TRY(session.read(tokens_for(*model, kHistory), true));
  const std::shared_ptr<const TraceView> view = session.trace().view();
  const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& state) {
    model->replay(layer, drivers, state, session.context());
  };
  State state(model->schema());
  std::vector<double> ms;
  std::uint64_t random = 1;
  for (std::int64_t i = 0; i < kSeeks; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const auto position = static_cast<std::int64_t>((random >> 33) % static_cast<std::uint64_t>(kHistory));
    Status status;
    ms.push_back(1e3 * seconds_of([&] { status = view->restore(position, static_cast<int>(i % 2), state, replayer); }));
    LAB_TRY(std::move(status));
  }
  Measurement m = over_rounds(name, "ms", ms);
  m.more = {{"median_ms", m.value}};
  m.value = percentile(ms, 0.99);
  return m;
}

Result<Measurement> measure_copy(const std::string& name, const Subject& subject, int rounds) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(subject));
  State from(opened->model->schema()), to(from);
  std::vector<double> ms;
  for_rounds(rounds, [&] {
    from.stored_all()[0] += 1;
    ms.push_back(1e3 * seconds_of([&] { to = from; }));
  });
  Measurement m = over_rounds(name, "ms", ms);
  m.more = {{"megabytes", static_cast<double>(from.stored_all().size_bytes()) * 1e-6}};
  return m;
}

}  // namespace

void add_seek(const Subject& subject, std::vector<Case>& cases) {
  const std::string name = "seek/" + subject.shape;
  cases.push_back({name, [=] { return measure_seek(name, subject); }});
}

void add_state_copy(const Subject& subject, int rounds, std::vector<Case>& cases) {
  const std::string name = "state-copy/" + subject.shape;
  cases.push_back({name, [=] { return measure_copy(name, subject, rounds); }});
}

}  // namespace lab::bench
