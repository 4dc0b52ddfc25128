// From a path to the first logits, and what memory that and some work takes beside the mapped weights.
#include "bench/cases.h"
#include "bench/folder.h"
#include "bench/measure.h"
#include "bench/session.h"
#include "model/builtin.h"

namespace lab::bench {
namespace {

constexpr double kMega = 1e-6;
constexpr std::int64_t kBudget = 256 << 20;  // of the history

Result<OpenedSubject> open_path(const std::string& path) {
  OpenedSubject opened;
  LAB_ASSIGN(const std::string folder, model_folder(path));
  LAB_ASSIGN(opened.checkpoint, open_checkpoint(folder));
  LAB_ASSIGN(opened.model, load_model(opened.checkpoint));
  return opened;
}

// The user's own model where it is, or a shape written into a folder of its own.
struct Place {
  std::unique_ptr<const CheckpointFolder> written;
  std::string path;
};

Result<Place> place_of(const Subject& subject) {
  Place place{.written = nullptr, .path = subject.path};
  if (place.path.empty()) {
    LAB_ASSIGN(place.written, CheckpointFolder::write(subject));
    place.path = place.written->path();
  }
  close_subject();
  return place;
}

Result<Measurement> measure_open(const std::string& name, const Subject& subject, int rounds) {
  LAB_ASSIGN(const Place place, place_of(subject));
  std::vector<double> ms, own;
  Status trouble;
  const auto open_once = [&]() -> Status {
    reset_memory_peak();
    const std::int64_t before = memory_of_process("RssAnon");
    const auto began = std::chrono::steady_clock::now();
    LAB_ASSIGN(const OpenedSubject opened, open_path(place.path));
    Session session(*opened.model, 0, kBudget);
    LAB_TRY(session.read(tokens_for(*opened.model, 1), false));
    ms.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() * 1e3);
    own.push_back(static_cast<double>(memory_of_process("RssAnon") - before) * kMega);
    return {};
  };
  LAB_TRY(open_once());  // brings the file into the page cache
  ms.clear();
  for_rounds(rounds, [&] {
    if (Status status = open_once(); !status) trouble = std::move(status);
  });
  LAB_TRY(std::move(trouble));
  Measurement m = over_rounds(name, "ms", ms);
  m.more = {{"own_megabytes", median(own)}};
  return m;
}

Result<Measurement> measure_memory(const std::string& name, const Subject& subject) {
  LAB_ASSIGN(const Place place, place_of(subject));
  reset_memory_peak();
  const std::int64_t before = memory_of_process("VmRSS");
  LAB_ASSIGN(const OpenedSubject opened, open_path(place.path));
  Session session(*opened.model, 0, kBudget);
  const std::vector<std::int32_t> tokens = tokens_for(*opened.model, 256);
  LAB_TRY(session.fill_history(tokens));
  for (std::size_t i = 0; i < 64; ++i) LAB_TRY(session.read({&tokens[i], 1}, true));
  const auto peak = static_cast<double>(memory_of_process("VmHWM") - before);
  const auto weights = static_cast<double>(opened.checkpoint.weight_bytes);
  Measurement m = over_rounds(name, "MB", {(peak - weights - static_cast<double>(kBudget)) * kMega});
  m.more = {{"peak_megabytes", peak * kMega},
            {"weights_megabytes", weights * kMega},
            {"budget_megabytes", static_cast<double>(kBudget) * kMega},
            {"state_megabytes", static_cast<double>(session.state().stored_all().size_bytes()) * kMega}};
  return m;
}

}  // namespace

void add_open(const Subject& subject, int rounds, std::vector<Case>& cases) {
  const std::string name = "open/" + subject.name();
  cases.push_back({name, [=] { return measure_open(name, subject, rounds); }});
}

void add_memory(const Subject& subject, std::vector<Case>& cases) {
  const std::string name = "memory/" + subject.shape;
  cases.push_back({name, [=] { return measure_memory(name, subject); }});
}

}  // namespace lab::bench
