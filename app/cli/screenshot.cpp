// statelab screenshot: the real window, drawn without a display.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/shell/script.h"
#include "app/shell/shell.h"
#include "app/shell/shortcuts.h"
#include "model/files/file.h"
#include "views/panels/pane.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string output, size = "1600x1000", workspace = "inspect";
  std::vector<std::string> shown, keys, views;
  bool light = false, contrast = false;
  float scale = 1;
  SourceOptions source;
  Arithmetic arithmetic;
  Reporting reporting;
};

// Opening the source and all it says, as commands that the window carries out.
Result<std::vector<Command>> commands_for(const SourceOptions& source) {
  if (!source.state.empty())
    return Error{.code = Code::unsupported,
                 .field = "--state",
                 .expected = "a session or a model from its beginning",
                 .found = printable(source.state),
                 .message = "the window does not start from a state file"};
  LAB_ASSIGN(std::vector<Command> commands, commands_to_open(source.source));
  if (source.trials != command::SetTrials()) commands.push_back(source.trials);
  if (source.input.is_given()) {
    LAB_ASSIGN(const auto opened, open_model(source.source));
    LAB_ASSIGN(Input input, read_input(source.input, opened->tokenizer.get(), opened->model->info().vocabulary,
                                       opened->model->info().hidden));
    if (!input.vectors.empty())
      return Error{.code = Code::unsupported,
                   .field = "--input",
                   .expected = "tokens",
                   .found = printable(*source.input.synthetic),
                   .message = "the window is fed with tokens"};
    commands.push_back(command::FeedTokens{std::move(input.ids)});
    commands.push_back(command::ReadWaiting{});
  }
  for (Command& command : selection_of(source, {})) commands.push_back(std::move(command));
  return commands;
}

Status check_source(const SourceOptions& source) {
  if (!source.source.empty()) return {};
  return Error{.code = Code::bad_argument,
               .field = "SOURCE",
               .expected = "a session, or a model",
               .found = "none",
               .message = "there is nothing to show",
               .next = "`--workspace start` needs none"};
}

Result<std::vector<InputEvent>> presses_of(const std::vector<std::string>& keys) {
  std::vector<InputEvent> presses;
  for (const std::string& each : keys) {
    const auto press = press_of(each);
    if (!press)
      return Error{.code = Code::bad_argument,
                   .field = "--press",
                   .expected = "keys as F1 lists them, like Ctrl+E",
                   .found = printable(each),
                   .message = "these keys mean nothing to the window"};
    presses.push_back(*press);
  }
  return presses;
}

/// Places and what they show, from "pca=run-tree".
Result<std::map<std::string, std::string>> views_of(const std::vector<std::string>& given) {
  std::map<std::string, std::string> views;
  std::string known;
  for (const PaneKind& kind : pane_kinds())
    if (kind.view) known += (known.empty() ? "" : ", ") + std::string(kind.name);
  const auto is_view = [](const std::string& name) {
    const PaneKind* kind = find_pane(name);
    return kind && kind->view;
  };
  for (const std::string& each : given) {
    const std::size_t sign = each.find('=');
    const std::string place = each.substr(0, sign), view = sign == std::string::npos ? "" : each.substr(sign + 1);
    if (!is_view(place) || !is_view(view))
      return Error{.code = Code::bad_argument, .field = "--view", .expected = "PLACE=VIEW, each one of " + known, .found = printable(each), .message = "there is no such view"};
    views[place] = view;
  }
  return views;
}

Result<Image> picture(const Arguments& given, int width, int height) {
  LabOptions options;
  options.arithmetic = given.arithmetic.context();
  const auto shows = [&](const char* what) { return std::ranges::find(given.shown, what) != given.shown.end(); };
  LAB_ASSIGN(auto views, views_of(given.views));
  const ShellOptions look{.dark = !given.light,
                          .high_contrast = given.contrast,
                          .scale = given.scale,
                          .arithmetic = options.arithmetic,
                          .study_pictures = given.workspace == "start",
                          .show_attention = shows("attention"),
                          .show_weight_error = shows("error"),
                          .show_multiples = shows("multiples"),
                          .show_monitor = given.workspace == "monitor",
                          .show_compare = given.workspace == "compare",
                          .views = std::move(views)};
  if (given.workspace == "open") return take_dialog_screenshot(given.source.source, width, height, options, look);
  std::vector<Command> commands;
  if (given.workspace != "start") {
    LAB_TRY(check_source(given.source));
    LAB_ASSIGN(commands, commands_for(given.source));
  }
  LAB_ASSIGN(const std::vector<InputEvent> presses, presses_of(given.keys));
  return take_screenshot("", commands, width, height, options, look, presses);
}

Result<int> run(const Arguments& given) {
  if (!given.output.ends_with(".png"))
    return Error{.code = Code::bad_argument,
                 .file = given.output,
                 .field = "-o",
                 .expected = "a name that ends in .png",
                 .found = printable(given.output),
                 .message = "a screenshot cannot be written to this file"};
  if (given.arithmetic.is_double())
    return Error{.code = Code::unsupported,
                 .field = "--dtype",
                 .expected = "f32, bf16 or f16",
                 .found = "f64",
                 .message = "the window does not run in double precision",
                 .next = "`statelab trace --dtype f64` writes every value"};
  LAB_ASSIGN(const auto size, parse_size(given.size));
  LAB_ASSIGN(const Image image, picture(given, static_cast<int>(size.first), static_cast<int>(size.second)));
  LAB_TRY(write_file_atomically(given.output, png_of(image)));
  if (given.reporting.json)
    print_json({{"file", given.output}, {"width", image.width}, {"height", image.height}});
  else if (!given.reporting.quiet)
    fmt::print("wrote {}, {} x {} pixels\n", given.output, image.width, image.height);
  return kDone;
}

}  // namespace

void add_screenshot(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("screenshot", "A picture of the window, without a display");
  add_source(*sub, given->source);
  sub->get_option("SOURCE")->required(false);  // the start page has none
  sub->add_option("-o", given->output, "The .png file")->required();
  sub->add_option("--size", given->size, "Width x height in pixels")->capture_default_str();
  sub->add_option("--workspace", given->workspace, "What the window shows: the run and its states, the rules that watch it, two runs side by side, the dialog before it is opened, or the start page without it")
      ->check(CLI::IsMember({"inspect", "monitor", "compare", "open", "start"}))
      ->capture_default_str();
  sub->add_option("--show", given->shown, "What takes the place of the cache of a layer of attention, of weights, and of the difference of two runs: attention, error, multiples")
      ->check(CLI::IsMember({"attention", "error", "multiples"}));
  sub->add_option("--view", given->views, "Another view in the place of a pane, as pca=run-tree; may be given again");
  sub->add_flag("--light", given->light, "Dark text on a light ground");
  sub->add_flag("--contrast", given->contrast, "White on black, with a line around every control");
  sub->add_option("--scale", given->scale, "Size of everything, as on a display of high density")->check(CLI::Range(0.5, 4.0))->capture_default_str();
  sub->add_option("--press", given->keys, "Keys that are pressed before the picture is taken, as Ctrl+K or F1; may be given again");
  add_arithmetic(*sub, given->arithmetic);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab screenshot builtin:prose --text 'In the beginning' -o window.png --size 1600x1000");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
