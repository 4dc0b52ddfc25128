// Who wrote a channel: one row of contributions over a long history.
#include <memory>

#include "app/core/content.h"
#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/session.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kHistory = 10'000;  // tokens

Result<Measurement> measure(const std::string& name, const Subject& subject, int rounds) {
  close_subject();
  LAB_ASSIGN(const std::unique_ptr<const Model> model, short_model(subject));
  Session session(*model, 1, std::int64_t{4} << 30);
  LAB_TRY(session.read(tokens_for(*model, kHistory), true));
  Snapshot snapshot;
  snapshot.trace = session.trace().view();
  snapshot.edits = std::make_shared<const std::vector<EditEvent>>();
  State scratch(model->schema());
  std::vector<double> ms;
  Status status;
  std::int64_t channel = 0;
  for_rounds(std::max(rounds, 20), [&] {
    snapshot.selection = {.cursor_a = kHistory - 1 - channel % 128, .layer = 1, .channel = channel};
    channel = (channel + 37) % model->info().inner;
    ms.push_back(1e3 * seconds_of([&] {
      const auto content = take_apart(*model, snapshot, StatePart::channel, scratch, session.context(), {});
      if (!content) status = content.error();
    }));
  });
  LAB_TRY(std::move(status));
  return over_rounds(name, "ms", ms);
}

}  // namespace

void add_content(const Subject& subject, int rounds, std::vector<Case>& cases) {
  const std::string name = "content/" + subject.shape + "/channel";
  cases.push_back({name, [=] { return measure(name, subject, rounds); }});
}

}  // namespace lab::bench
