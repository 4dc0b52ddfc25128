// The program: without a subcommand the window, otherwise the subcommand, without a display.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"

namespace lab::cli {
namespace {

constexpr int kBug = 70;

// The first Ctrl+C asks for an orderly end, the second one ends at once.
void on_interrupt(int) {
  if (interrupted().exchange(true)) _exit(kInterrupted);
}

void install_signals() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is noticed when writing,
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a limit on the size of files
}

// --json counts even where the rest of the line cannot be understood.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--json") == 0) return true;
  return false;
}

Error no_memory() {
  return {.code = Code::no_memory,
          .field = "memory",
          .expected = "more of it",
          .found = "an allocation failed",
          .message = "there is not enough memory",
          .next = "choose fewer --points, fewer tokens or a smaller model"};
}

Result<int> dispatch(int argc, char** argv) {
  CLI::App app("State Lab: step a state-space language model token by token and see every inner state.", "statelab");
  Action action;
  for (auto add : {add_models, add_info, add_check, add_weights, add_tokenize, add_trace, add_generate, add_run, add_figure,
                   add_screenshot, add_demo, add_bench, add_compare, add_intervene, add_discretise, add_state, add_lanes})
    add(app, action);
  app.set_version_flag("--version", version_text);
  app.footer("Without a subcommand the window opens. `statelab SUBCOMMAND --help` shows an example of each.");
  std::vector<std::string> targets;
  app.add_option("TARGET", targets, "Opens the window with this model or session; with two, also recorded traces, Compare shows one beside the other");
  History history;
  add_history(app, history);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help and --version
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    if (app.get_subcommands().empty())
      LAB_TRY(check_targets(targets));  // a misspelt subcommand is named, not its options
    return Error{.code = Code::bad_argument,
                 .field = "command line",
                 .message = error.what(),
                 .next = "`statelab SUBCOMMAND --help` lists the options"};
  }
  return action ? action() : open_window(targets, history, app.count("--budget") > 0);
}

// What is still in the buffer may fail to be written; a reader that has left is no failure.
int flushed(int code) {
  if (std::fflush(stdout) == 0 || errno == EPIPE) return code;
  fmt::print(stderr, "statelab: standard output cannot be written: {}\n", std::strerror(errno));
  return kEnvironment;
}

int run(int argc, char** argv) {
  const bool json = wants_json(argc, argv);
  try {
    const Result<int> result = dispatch(argc, argv);
    return flushed(result ? *result : report(result.error(), json));
  } catch (const std::bad_alloc&) {
    return flushed(report(no_memory(), json));
  } catch (const std::length_error&) {
    return flushed(report(no_memory(), json));
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) return kDone;
    fmt::print(stderr, "statelab: the system refused: {}\n", error.what());
    return kEnvironment;
  } catch (const std::exception& error) {
    fmt::print(stderr, "statelab: internal error: {}\nThis is a bug of ours; please report it with the command line.\n",
               error.what());
    return kBug;
  }
}

}  // namespace
}  // namespace lab::cli

int main(int argc, char** argv) {
  lab::cli::install_signals();
  return lab::cli::run(argc, argv);
}
