// From a path to the first logits, and what memory that and some work takes beside the mapped weights.
#include "app/core/builtin.h"
#include "bench/cases.h"
#include "bench/folder.h"
#include "bench/measure.h"
#include "bench/session.h"

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

Result<Measurement> measure_open(const std::string& name, const Subject& subject, int rounds) {
  std::unique_ptr<const CheckpointFolder> written;
  std::string path = subject.path;
  if (path.empty()) {
    LAB_ASSIGN(written, CheckpointFolder::write(subject));
    path = written->path();
  }
  close_subject();
  std::vector<double> ms, own;
  Status trouble;
  const auto open_once = [&]() -> Status {
    reset_memory_peak();
    const std::int64_t before = memory_of_process("RssAnon");
    const auto began = std::chrono::steady_clock::now();
    LAB_ASSIGN(const OpenedSubject opened, open_path(path));
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
  LAB_ASSIGN(const std::unique_ptr<const CheckpointFolder> folder, CheckpointFolder::write(subject));
  close_subject();
  reset_memory_peak();
  const std::int64_t before = memory_of_process("VmRSS");
  LAB_ASSIGN(const OpenedSubject opened, open_path(folder->path()));
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
