#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "app/shell/headless.h"
#include "app/shell/shell.h"

namespace lab {
namespace {

Status check(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    const auto* run = std::get_if<command::Run>(&command);
    if (!run || run->until > 0) continue;
    Error error;
    error.code = Code::bad_argument;
    error.message = "a run without an end cannot be pictured";
    error.field = "run.until";
    error.expected = "the number of tokens to stop at";
    error.found = std::to_string(run->until);
    return error;
  }
  return {};
}

/// What was refused on the way, if anything: then there is nothing to take a picture of.
Status refusal_of(const Snapshot& snapshot) {
  const auto bad = std::find_if(snapshot.notices.begin(), snapshot.notices.end(), [](const Notice& notice) { return notice.is_error; });
  if (bad == snapshot.notices.end()) return {};
  Error error;
  error.code = Code::bad_argument;
  error.message = bad->text;
  return error;
}

void settle(Headless& headless, Shell& shell, InputQueue&& input = {}) {
  headless.bind();
  while (!input.empty() || !shell.settled()) {
    if (shell.needs_frame(input)) shell.frame(input, headless.width(), headless.height(), 1);
    else std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

Result<Image> take_screenshot(const std::string& model, const std::vector<Command>& commands, int width, int height,
                              const LabOptions& lab_options, const ShellOptions& options, const std::vector<InputEvent>& presses) {
  LAB_TRY(check(commands));
  LAB_ASSIGN(const auto headless, Headless::create(width, height));
  Engine engine(lab_options, [] {});
  Shell shell(engine, options, [] {});
  std::vector<Command> all;
  if (!model.empty()) all.push_back(command::Open{model});
  for (const Command& command : commands)
    if (!std::holds_alternative<command::ExportFigure>(command)) all.push_back(command);
  shell.play(std::move(all));
  settle(*headless, shell);
  for (InputEvent press : presses) {
    InputQueue keys;
    keys.push(press);
    press.down = false;
    keys.push(press);
    settle(*headless, shell, std::move(keys));
  }
  LAB_TRY(refusal_of(*engine.latest()));
  return headless->read();
}

Result<Image> take_dialog_screenshot(const std::string& chosen, int width, int height, const LabOptions& lab_options,
                                     const ShellOptions& options) {
  LAB_ASSIGN(const auto headless, Headless::create(width, height));
  Engine engine(lab_options, [] {});
  Shell shell(engine, options, [] {});
  shell.show_open_dialog(chosen);
  settle(*headless, shell);
  return headless->read();
}

}  // namespace lab
