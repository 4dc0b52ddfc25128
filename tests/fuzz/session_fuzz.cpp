// Sessions, patches and files of rules: what is read is written so that it is read the same again, and runs or is refused by name.
#include <cstdint>
#include <memory>
#include <string>

#include "app/core/named_files.h"
#include "app/core/rule_file.h"
#include "app/core/session.h"
#include "app/core/state_patch.h"
#include "model/base/check.h"
#include "model/checkpoint.h"

using namespace lab;

namespace {

std::shared_ptr<const OpenedModel> tiny_model() {
  auto opened = std::make_shared<OpenedModel>();
  opened->checkpoint = random_checkpoint({.family = "mamba1", .hidden = 16, .layers = 2, .vocabulary = 8}).take();
  opened->model = load_model(opened->checkpoint).take();
  opened->path = "tiny";
  return opened;
}

/// Commands that only take long, or reach for files, are left out.
bool is_worth_while(const Command& command) {
  if (std::holds_alternative<command::Open>(command)) return false;
  if (Command named = command; !files_of(named).empty()) return false;
  if (const auto* step = std::get_if<command::Step>(&command)) return step->count <= 64;
  if (const auto* all = std::get_if<command::StepAll>(&command)) return all->count <= 8;
  if (const auto* run = std::get_if<command::Run>(&command)) return run->until > 0 && run->until <= 64;
  return true;
}

void run(const Session& session) {
  static const auto model = tiny_model();
  LabOptions options;
  options.arithmetic.threads = 1;
  options.trace.budget_bytes = 1 << 20;
  Lab lab(options);
  lab.put(model);
  std::size_t commands = 0;
  for (const SessionCommand& each : session.commands) {
    if (++commands > 32 || !is_worth_while(each.command)) continue;
    const Answer answer = lab.apply(each.command);
    if (!answer.applied) LAB_CHECK(answer.refusal.text().empty(), ==, false);
    lab.finish_work();
    const auto snapshot = lab.snapshot();
    LAB_CHECK(snapshot->selection.cursor_a, <, snapshot->count());
    LAB_CHECK(snapshot->state != EngineState::faulted, ==, true);
  }
}

}  // namespace

/// What is read is written so that it is read the same again; what is refused says why.
template <class Read>
void check_round_trip(Read read, const std::string& text) {
  const auto file = read(text, "file");
  if (!file) {
    LAB_CHECK(file.error().text().empty(), ==, false);
    return;
  }
  const std::string written = json_of(*file);
  const auto again = read(written, "again");
  LAB_CHECK(static_cast<bool>(again), ==, true);
  LAB_CHECK(json_of(*again) == written, ==, true);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_round_trip(parse_patch, text);
  check_round_trip(parse_rule_file, text);
  const auto session = parse_session(text, "s.statelab.json");
  if (!session) {
    LAB_CHECK(session.error().text().empty(), ==, false);
    return 0;
  }
  const std::string written = json_of(*session);
  const auto again = parse_session(written, "again");
  LAB_CHECK(static_cast<bool>(again), ==, true);
  LAB_CHECK(json_of(*again) == written, ==, true);
  run(*session);
  return 0;
}
