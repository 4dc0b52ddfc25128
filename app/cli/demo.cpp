// statelab demo: the main job on a built-in model, written into a folder; the session it makes can be replayed.
#include <cmath>
#include <filesystem>
#include <span>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/figure_folder.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
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
constexpr double kFactor = 0.25;
constexpr double kLowNorm = 1;  // of the layer's state: a third of what it is in running text
constexpr double kWidth = 5.5;  // inches, one column and a half of a paper

struct Arguments {
  std::string folder = "demo";
  Arithmetic arithmetic;
  Reporting reporting;
};

// The kinds of figures that the model has something for.
std::vector<const FigureKind*> kinds_for(const Snapshot& snapshot) {
  std::vector<const FigureKind*> kinds;
  for (const FigureKind& kind : figure_kinds())
    if (!kind.applies || kind.applies(snapshot)) kinds.push_back(&kind);
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

// Reads the prompt, goes on, forgets what a layer knew, goes on, weakens another, goes on, and draws everything.
Session make_session(std::int64_t prompt_tokens, std::span<const FigureKind* const> kinds) {
  Session session{.model = kModel,
                  .notes =
                      "Reads a prompt, continues it, sets the state of a middle layer to zero, continues, "
                      "weakens the layer before it, continues, and draws every kind of figure."};
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
  for (const FigureKind* kind : kinds)
    for (const char* ending : {".pdf", ".svg", ".png"})
      add(command::ExportFigure{.kind = kind->name,
                                .file = std::string(kind->name) + ending,
                                .width_in = kWidth,
                                .height_in = std::round(kWidth * kind->aspect * 100) / 100});
  add(command::ShowWeights{});
  return session;
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.replace(at, 1, "\n> ");
  return "> " + text + "\n";
}

std::string text_between(const Snapshot& snapshot, const Tokenizer& tokenizer, std::int64_t first, std::int64_t last) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = first; t < last; ++t) ids.push_back(snapshot.tokens[t][0]);
  return tokenizer.decode(ids);
}

std::string summary_of(Lab& lab, const Session& session, std::span<const FigureKind* const> kinds, bool has_picture) {
  const auto snapshot = lab.snapshot();
  const Tokenizer& tokenizer = *lab.opened()->tokenizer;
  const std::int64_t prompt = session.expected[0].first, end = snapshot->count();
  std::string text = fmt::format(
      "# What the demo did\n\nModel: `{}`, {}, {} parameters, {} layers, {:.0f} kB of state; computed in {}.\n\n",
      kModel, snapshot->model->family, snapshot->model->parameters, snapshot->model->layers.size(),
      static_cast<double>(snapshot->model->state_bytes) / 1e3, snapshot->model->arithmetic);
  text += fmt::format("It read {} tokens:\n\n{}\n", prompt, quoted(text_between(*snapshot, tokenizer, 0, prompt)));
  std::int64_t from = prompt;
  for (const EditEvent& edit : *snapshot->edits) {
    text += fmt::format("went on to token {}:\n\n{}\nthen: **{}**,\n", edit.position,
                        quoted(text_between(*snapshot, tokenizer, from, edit.position)), edit.label);
    from = edit.position;
  }
  text += fmt::format("and went on to token {}:\n\n{}\n", end, quoted(text_between(*snapshot, tokenizer, from, end)));
  text += "## States\n\n| after token | hash of the state |\n|---|---|\n";
  for (const auto& [position, hash] : session.expected) text += fmt::format("| {} | `{}` |\n", position, hash);
  text += "\n## Figures\n\nEach as PDF, SVG and PNG.\n\n";
  for (const FigureKind* kind : kinds)
    text += fmt::format("* `{0}`: {1}\n\n  ![{1}]({0}.png)\n\n", kind->name, kind->title);
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
  const std::vector<const FigureKind*> kinds = kinds_for(*lab->snapshot());
  Session session = make_session(static_cast<std::int64_t>(prompt.size()), kinds);
  session.model_hash = lab->model_hash();
  FigureFolder figures(*lab, given.folder, given.arithmetic.context());
  LAB_TRY(replay(session.commands, *lab, [&](const command::ExportFigure& wanted) { return figures.write(wanted); }, &interrupted()));
  for (auto& [position, hash] : session.expected) {
    LAB_ASSIGN(hash, state_hash(*lab, position));
  }
  LAB_TRY(write_file_atomically((folder / kSessionName).string(), json_of(session)));
  LAB_ASSIGN(const bool has_picture, take_picture(given, folder));
  LAB_TRY(write_file_atomically((folder / "summary.md").string(), summary_of(*lab, session, kinds, has_picture)));
  std::vector<std::string> files = figures.files();
  if (has_picture) files.push_back((folder / kPictureName).string());
  for (const char* name : {kSessionName, "summary.md"}) files.push_back((folder / name).string());
  if (given.reporting.json)
    print_json({{"folder", given.folder}, {"files", files}, {"tokens", lab->snapshot()->count()}});
  else if (!given.reporting.quiet)
    fmt::print("{} tokens of {}, {} edits; wrote {} figures, {}the session {} and summary.md into {}\n",
               lab->snapshot()->count(), kModel, lab->snapshot()->edits->size(), figures.files().size(),
               has_picture ? "a picture of the window, " : "", kSessionName, given.folder);
  return kDone;
}

}  // namespace

void add_demo(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("demo", "The main job on a built-in model: steps, edits, figures");
  sub->add_option("-o", given->folder, "The folder that everything is written into")->capture_default_str();
  add_arithmetic(*sub, given->arithmetic);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab demo -o demo");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
