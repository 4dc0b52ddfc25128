// statelab demo: the main job on a built-in model, written into a folder; the session it makes can be replayed.
#include <cmath>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/figure_folder.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/core/comparison.h"
#include "app/core/replay.h"
#include "app/shell/script.h"
#include "app/shell/shell.h"
#include "model/files/file.h"
#include "views/figures/figure.h"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModel = "builtin:prose";
constexpr const char* kPrompt =
    "In the beginning God created the heaven and the earth. And the earth was without form, and ";
constexpr const char* kSessionName = "demo.statelab.json";
constexpr const char* kPictureName = "window.png";
constexpr std::int64_t kPart = 64;  // tokens that are sampled before, between and after the edits
constexpr std::int64_t kLayer = 2;  // a middle one of four
constexpr std::int64_t kMain = 0, kFork = 1;  // the runs by their numbers
constexpr const char* kForkName = "zeroed";
constexpr double kFactor = 0.25;
constexpr double kLowNorm = 1;  // of the layer's state: a third of what it is in running text
constexpr double kWidth = 5.5;  // inches, one column and a half of a paper

struct Arguments {
  std::string folder = "demo";
  Arithmetic arithmetic;
  Reporting reporting;
};

using Kinds = std::vector<const FigureKind*>;

// The kinds of figures that the model has something for.
Kinds kinds_for(const Snapshot& snapshot) {
  Kinds kinds;
  for (const FigureKind& kind : figure_kinds())
    if (!kind.needs.comparison && (!kind.applies || kind.applies(snapshot))) kinds.push_back(&kind);
  return kinds;
}

// Those of two runs.
Kinds kinds_of_comparison() {
  Kinds kinds;
  for (const FigureKind& kind : figure_kinds())
    if (kind.needs.comparison) kinds.push_back(&kind);
  return kinds;
}

// Finds the token at which the layer that forgets holds next to nothing.
Rule watching_rule() {
  Rule rule = default_rule(*find_rule_kind("norm-low"));
  rule.on = true;
  rule.limit = kLowNorm;
  rule.layer = kLayer;
  rule.origin = "the demo";
  return rule;
}

void add_figures(const Kinds& kinds, std::int64_t at, const command::FigureLook& look, Session& session) {
  for (const FigureKind* kind : kinds)
    for (const char* ending : {".pdf", ".svg", ".png"})
      session.commands.push_back({at, command::ExportFigure{.kind = kind->name,
                                                            .file = std::string(kind->name) + ending,
                                                            .width_in = kWidth,
                                                            .height_in = std::round(kWidth * kind->aspect * 100) / 100,
                                                            .look = look}});
}

// Reads the prompt, goes on, forgets what a layer knew, goes on, weakens another, goes on, and draws everything.
void add_run(std::int64_t prompt_tokens, const Kinds& kinds, Session& session) {
  std::int64_t at = 0;
  const auto add = [&](Command command) { session.commands.push_back({at, std::move(command)}); };
  const auto sample = [&] {
    add(command::Step{kPart});
    session.expected.emplace_back(at += kPart, "");
  };
  add(command::SetRule{0, watching_rule()});
  add(command::SetSampling{{.temperature = 0.7, .seed = 1}});
  add(command::FeedText{kPrompt});
  add(command::ReadWaiting{});
  session.expected.emplace_back(at += prompt_tokens, "");
  sample();
  add(command::ZeroState{kLayer});
  sample();
  add(command::ScaleState{kLayer - 1, kFactor});
  sample();
  add(command::Select{.layer = kLayer});
  add(command::ShowWeights{fmt::format("backbone.layers.{}.mixer.in_proj.weight", kLayer), ""});
  add_figures(kinds, at, {}, session);
  add(command::ShowWeights{});
}

// Goes back to before the first edit, makes it there in a fork, lets both runs go on side by side, and draws them beside each other.
void add_fork(std::int64_t position, const Kinds& kinds, Session& session) {
  const std::int64_t end = session.expected.back().first;
  session.commands.push_back({end, command::Fork{position, kForkName, false}});
  session.commands.push_back({position, command::ZeroState{kLayer}});
  session.commands.push_back({position, command::StepAll{kPart}});
  add_figures(kinds, position + kPart, {.run_a = kMain, .run_b = kFork}, session);
  session.commands.push_back({position + kPart, command::SwitchRun{kMain}});
  session.expected.emplace_back(end + kPart, "");
}

Session make_session(std::int64_t prompt_tokens, const Kinds& kinds, const Kinds& compared) {
  Session session{.model = kModel,
                  .notes =
                      "Reads a prompt, continues it, sets the state of a middle layer to zero, continues, "
                      "weakens the layer before it, continues, and draws every kind of figure. Then it sets the state "
                      "of the layer to zero earlier, in a fork, continues both runs side by side, and compares them."};
  add_run(prompt_tokens, kinds, session);
  add_fork(prompt_tokens + kPart / 2, compared, session);
  return session;
}

// Where the two runs first differ.
struct Parting {
  std::string point;
  std::int64_t token = -1;
};
Result<Parting> parting_of(Lab& lab, const ContextOptions& arithmetic) {
  const auto snapshot = lab.snapshot();
  LAB_ASSIGN(auto a, run_source(*snapshot, kMain, lab.opened(), arithmetic));
  LAB_ASSIGN(auto b, run_source(*snapshot, kFork, lab.opened(), arithmetic));
  LAB_ASSIGN(const auto comparison, Comparison::begin(std::move(a), std::move(b), {}));
  if (!comparison->finish([] { return interrupted().load(); })) return Error{.code = Code::cancelled, .message = "interrupted"};
  const ComparedRuns::First first = comparison->view()->first_difference();
  return Parting{first.point, first.column};  // aligned by position: a column is a token of both
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.replace(at, 1, "\n> ");
  return "> " + text + "\n";
}

std::string text_between(const RowView<std::int32_t>& tokens, const Tokenizer& tokenizer, std::int64_t first, std::int64_t last) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = first; t < last; ++t) ids.push_back(tokens[t][0]);
  return quoted(tokenizer.decode(ids));
}

// The text of the first run with its edits, up to a token.
std::string story_of(const Snapshot& snapshot, const Tokenizer& tokenizer, std::int64_t prompt, std::int64_t end) {
  std::string text = fmt::format("It read {} tokens:\n\n{}\n", prompt, text_between(snapshot.tokens, tokenizer, 0, prompt));
  std::int64_t from = prompt;
  for (const EditEvent& edit : *snapshot.edits) {
    text += fmt::format("went on to token {}:\n\n{}\nthen: **{}**,\n", edit.position,
                        text_between(snapshot.tokens, tokenizer, from, edit.position), edit.label);
    from = edit.position;
  }
  return text + fmt::format("and went on to token {}:\n\n{}\n", end, text_between(snapshot.tokens, tokenizer, from, end));
}

// Both runs from where the fork left the first one.
std::string futures_of(const Snapshot& snapshot, const Tokenizer& tokenizer, const Parting& parting) {
  const RunFacts& run = *snapshot.find_run(kMain);
  const RunFacts& fork = *snapshot.find_run(kFork);
  std::string text = fmt::format(
      "## Two futures\n\nThen it went back to token {}, forked there, made **{}** in the fork, and both runs went on side by side "
      "for {} tokens. From there on the first run says\n\n{}\nand the fork\n\n{}\n",
      fork.forked_at, fork.edits->back().label, kPart, text_between(run.tokens, tokenizer, fork.forked_at, run.tokens.count()),
      text_between(fork.tokens, tokenizer, fork.forked_at, fork.tokens.count()));
  return text + fmt::format("The first difference is at token {}, in `{}`.\n\n", parting.token, parting.point);
}

std::string list_of(const Kinds& kinds) {
  std::string text;
  for (const FigureKind* kind : kinds) text += fmt::format("* `{0}`: {1}\n\n  ![{1}]({0}.png)\n\n", kind->name, kind->title);
  return text;
}

std::string summary_of(Lab& lab, const Session& session, const Kinds& kinds, const Kinds& compared, const Parting& parting, bool has_picture) {
  const auto snapshot = lab.snapshot();
  const Tokenizer& tokenizer = *lab.opened()->tokenizer;
  std::string text = fmt::format(
      "# What the demo did\n\nModel: `{}`, {}, {} parameters, {} layers, {:.0f} kB of state; computed in {}.\n\n",
      kModel, snapshot->model->family, snapshot->model->parameters, snapshot->model->layers.size(),
      static_cast<double>(snapshot->model->state_bytes) / 1e3, snapshot->model->arithmetic);
  text += story_of(*snapshot, tokenizer, session.expected.front().first, snapshot->count() - kPart);
  text += futures_of(*snapshot, tokenizer, parting) + list_of(compared);
  text += "## States\n\nOf the first run:\n\n| after token | hash of the state |\n|---|---|\n";
  for (const auto& [position, hash] : session.expected) text += fmt::format("| {} | `{}` |\n", position, hash);
  text += "\n## Figures\n\nEach as PDF, SVG and PNG; of the first run before it was forked.\n\n" + list_of(kinds);
  if (has_picture) text += fmt::format("## The window\n\n![window]({})\n\n", kPictureName);
  return text +
         fmt::format("## Again\n\n`statelab run {} -o figures --expect` repeats all of this and compares the states.\n",
                     kSessionName);
}

// The window with the session played. A machine that cannot draw it still gets the rest.
Result<bool> take_picture(const Arguments& given, const fs::path& folder) {
  LAB_ASSIGN(const std::vector<Command> commands, commands_to_open((folder / kSessionName).string()));
  LabOptions options;
  options.arithmetic = given.arithmetic.context();
  const auto image = take_screenshot("", commands, 1600, 1000, options, {.arithmetic = given.arithmetic.context()});
  if (!image && image.error().code == Code::environment) {
    warn(image.error().text());
    return false;
  }
  if (!image) return image.error();
  LAB_TRY(write_file_atomically((folder / kPictureName).string(), png_of(*image)));
  return true;
}

Result<int> run(const Arguments& given) {
  const fs::path folder = given.folder;
  LAB_TRY(make_folder(given.folder));
  LAB_ASSIGN(const auto lab, make_lab(given.arithmetic));
  LAB_ASSIGN(const auto opened, open(kModel, given.reporting));
  lab->put(opened);
  LAB_ASSIGN(const std::vector<std::int32_t> prompt, opened->tokenizer->encode(kPrompt));
  const Kinds kinds = kinds_for(*lab->snapshot()), compared = kinds_of_comparison();
  Session session = make_session(static_cast<std::int64_t>(prompt.size()), kinds, compared);
  session.model_hash = lab->model_hash();
  FigureFolder figures(*lab, given.folder, given.arithmetic.context());
  LAB_TRY(replay(session.commands, *lab, [&](const command::ExportFigure& wanted) { return figures.write(wanted); }, &interrupted()));
  for (auto& [position, hash] : session.expected) {
    LAB_ASSIGN(hash, state_hash(*lab, position));
  }
  LAB_ASSIGN(const Parting parting, parting_of(*lab, given.arithmetic.context()));
  LAB_TRY(write_file_atomically((folder / kSessionName).string(), json_of(session)));
  LAB_ASSIGN(const bool has_picture, take_picture(given, folder));
  LAB_TRY(write_file_atomically((folder / "summary.md").string(), summary_of(*lab, session, kinds, compared, parting, has_picture)));
  std::vector<std::string> files = figures.files();
  if (has_picture) files.push_back((folder / kPictureName).string());
  for (const char* name : {kSessionName, "summary.md"}) files.push_back((folder / name).string());
  if (given.reporting.json)
    print_json({{"folder", given.folder},
                {"files", files},
                {"tokens", lab->snapshot()->count()},
                {"first_difference", {{"point", parting.point}, {"token", parting.token}}}});
  else if (!given.reporting.quiet)
    fmt::print("{} tokens of {}, {} edits and a fork; wrote {} figures, {}the session {} and summary.md into {}\n"
               "first difference of the fork: {} at t = {}\n",
               lab->snapshot()->count(), kModel, lab->snapshot()->edits->size(), figures.files().size(),
               has_picture ? "a picture of the window, " : "", kSessionName, given.folder, parting.point, parting.token);
  return kDone;
}

}  // namespace

void add_demo(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("demo", "The main job on a built-in model: steps, edits, a fork compared with its run, figures");
  sub->add_option("-o", given->folder, "The folder that everything is written into")->capture_default_str();
  add_arithmetic(*sub, given->arithmetic);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab demo -o demo");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
