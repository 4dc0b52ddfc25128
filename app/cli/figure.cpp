// statelab figure: one figure from a model run or a session; several files share one layout.
#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/content_json.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/shell/figure_export.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string kind, size, map, scale, order, of;
  std::vector<std::string> outputs;
  bool data = false;
  SourceOptions source;
  FigureOptions options;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};

constexpr std::array kMaps{ColorMap::rd_bu,   ColorMap::pu_or, ColorMap::viridis,
                           ColorMap::cividis, ColorMap::magma, ColorMap::gray};
constexpr std::array kParts{StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::read_out};
constexpr std::array kScalings{Scaling::linear, Scaling::log, Scaling::symlog};

template <class Choices>
std::vector<std::string> names_of(const Choices& choices) {
  std::vector<std::string> names;
  for (const auto choice : choices) names.emplace_back(name_of(choice));
  return names;
}

template <class Choices, class Choice>
void choose(const Choices& choices, const std::string& name, Choice& into) {
  for (const auto choice : choices)
    if (name == name_of(choice)) into = choice;
}

// "5.5x3.4" inches; empty: 5.5 wide, as high as the kind wants.
Result<command::ExportFigure> wanted_figure(const Arguments& given) {
  command::ExportFigure wanted{.kind = given.kind, .file = given.outputs.front()};
  if (given.size.empty()) {
    if (const FigureKind* kind = find_figure(given.kind)) wanted.height_in = wanted.width_in * kind->aspect;
    return wanted;
  }
  const auto size = parse_size(given.size);
  if (!size) return size.error();
  wanted.width_in = size->first;
  wanted.height_in = size->second;
  return wanted;
}

Status check(const Arguments& given) {
  for (const std::string& output : given.outputs)
    if (!can_export_to(output))
      return Error{.code = Code::bad_argument,
                   .file = output,
                   .field = "-o",
                   .expected = "a name that ends in .pdf, .svg, .png or .csv",
                   .found = printable(std::filesystem::path(output).extension().string()),
                   .message = "a figure cannot be written to this file"};
  if (find_figure(given.kind)) return {};
  std::string known;
  for (const FigureKind& kind : figure_kinds()) known += (known.empty() ? "" : ", ") + std::string(kind.name);
  return Error{.code = Code::bad_argument,
               .field = "KIND",
               .expected = known,
               .found = printable(given.kind),
               .message = "there is no such kind of figure"};
}

Result<int> run(const Arguments& given) {
  LAB_TRY(check(given));
  LAB_ASSIGN(const command::ExportFigure wanted, wanted_figure(given));
  LAB_ASSIGN(const auto lab, prepare(given.source, given.arithmetic, given.history, given.reporting));
  FigureOptions options = given.options;
  choose(kMaps, given.map, options.map);
  choose(kScalings, given.scale, options.scaling);
  choose(kParts, given.of, options.part);
  if (given.order == "index") options.order = RowOrder::index;
  LAB_ASSIGN(const FigurePage page,
             make_page(lab->snapshot(), lab->opened(), wanted, options, given.arithmetic.context()));
  std::vector<std::string> files = given.outputs;
  if (given.data) files.push_back(std::filesystem::path(given.outputs.front()).replace_extension(".csv").string());
  for (const std::string& file : files) LAB_TRY(write_page(page, file));
  JsonValue report{{"kind", given.kind}, {"files", files}, {"width_in", wanted.width_in}, {"height_in", wanted.height_in}};
  if (page.derived->content) report["content"] = json_of(*page.derived->content);
  if (given.reporting.json)
    print_json(report);
  else if (!given.reporting.quiet)
    for (const std::string& file : files) fmt::print("wrote {}\n", file);
  return kDone;
}

}  // namespace

void add_figure(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("figure", "One figure from a model run or a session");
  std::string kinds;
  for (const FigureKind& kind : figure_kinds()) kinds += (kinds.empty() ? "" : ", ") + std::string(kind.name);
  sub->add_option("KIND", given->kind, kinds)->required();
  add_source(*sub, given->source);
  sub->add_option("-o", given->outputs, "A .pdf, .svg, .png or .csv file; may be given several times")
      ->required()
      ->expected(1)
      ->take_all();
  sub->add_option("--size", given->size, "Width x height in inches. Default: 5.5 wide");
  sub->add_option("--map", given->map, "The colour map")->check(CLI::IsMember(names_of(kMaps)));
  sub->add_option("--scale", given->scale, "How values become colours")->check(CLI::IsMember(names_of(kScalings)));
  sub->add_option("--order", given->order, "The order of channels")->check(CLI::IsMember({"half-life", "index"}));
  sub->add_option("--of", given->of, "The part of the layer's state whose writers are shown. Default: the cell")
      ->check(CLI::IsMember(names_of(kParts)));
  sub->add_flag("--all-layers", given->options.all_layers, "Curves of every layer instead of the chosen one");
  sub->add_flag("--data", given->data, "Writes the data behind the figure beside the first file, as .csv");
  add_arithmetic(*sub, given->arithmetic);
  add_history(*sub, given->history);
  add_reporting(*sub, given->reporting);
  sub->footer(
      "Example:\n  statelab figure state-heatmap builtin:prose --text 'In the beginning' --layer 2 -o state.pdf -o "
      "state.png");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
