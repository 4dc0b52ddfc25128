// statelab figure: one figure from a model run or a session; several files share one layout.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/content_json.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/shell/figure_export.h"
#include "views/figures/parts.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string kind, size, rows, across;
  std::vector<std::string> outputs, watched;
  std::vector<std::int64_t> part;
  command::FigureLook look;
  bool data = false;
  SourceOptions source;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};

constexpr const char* kMaps[] = {"RdBu", "PuOr", "viridis", "cividis", "magma", "gray"};
constexpr const char* kParts[] = {"cell", "channel", "head", "layer", "read-out"};

template <std::size_t count>
std::vector<std::string> names_of(const char* const (&choices)[count]) {
  return {std::begin(choices), std::end(choices)};
}

// The axis of the selected layer's state with a name, or its number; "channels" and "" are none.
Result<std::int64_t> axis_of(const char* option, const std::string& name, const Snapshot& snapshot) {
  if (name.empty() || name == "channels") return std::int64_t{-1};
  const LayerInfo* layer = selected_layer(snapshot);
  const std::vector<std::string> names = axis_names(snapshot, layer && layer->heads > 0 ? 3 : 2);
  std::string known = "channels";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<std::int64_t>(i);
    known += ", " + names[i];
  }
  return Error{.code = Code::bad_argument, .field = option, .expected = known, .found = printable(name), .message = "the state of this layer has no such axis"};
}

// Ids of tokens by number, or by how they are displayed.
Result<std::vector<std::int32_t>> watched_tokens(const std::vector<std::string>& wanted, const ModelFacts& model) {
  std::vector<std::int32_t> ids;
  for (const std::string& text : wanted) {
    const auto piece = std::ranges::find(model.pieces, text);
    std::int32_t id = -1;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
    const bool is_id = problem == std::errc() && end == text.data() + text.size() && id >= 0 && id < model.vocabulary;
    if (!is_id && piece == model.pieces.end())
      return Error{.code = Code::bad_argument, .field = "--watch", .expected = "the id of a token, or one as it is displayed, as ␣the", .found = printable(text), .message = "the vocabulary has no such token"};
    ids.push_back(piece != model.pieces.end() ? static_cast<std::int32_t>(piece - model.pieces.begin()) : id);
  }
  if (ids.size() > kMostWatched)
    return Error{.code = Code::out_of_range, .field = "--watch", .expected = fmt::format("at most {} tokens", kMostWatched), .found = std::to_string(ids.size()), .message = "more tokens than a figure follows"};
  return ids;
}

// What the figure looks like, once it is known of what.
Result<command::FigureLook> look_of(const Arguments& given, const Snapshot& snapshot) {
  command::FigureLook look = given.look;
  LAB_ASSIGN(look.rows_axis, axis_of("--rows", given.rows, snapshot));
  LAB_ASSIGN(look.across_axis, axis_of("--across", given.across, snapshot));
  LAB_ASSIGN(look.watched, watched_tokens(given.watched, *snapshot.model));
  if (given.part.size() == 2) look.first_row = given.part[0], look.rows = given.part[1] - given.part[0];
  return look;
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
  LAB_ASSIGN(const command::FigureLook look, look_of(given, *lab->snapshot()));
  LAB_ASSIGN(const FigureOptions options, options_of(look));
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
  sub->add_option("--map", given->look.map, "The colour map")->check(CLI::IsMember(names_of(kMaps)))->capture_default_str();
  sub->add_option("--scale", given->look.scale, "How values become colours")->check(CLI::IsMember(names_of(kColouringNames)))->capture_default_str();
  sub->add_option("--range", given->look.range, "The ends of the colour scale: LOW HIGH. Default: fitted to the values")->expected(2);
  sub->add_option("--order", given->look.order, "The order of rows")->check(CLI::IsMember(names_of(kOrderNames)))->capture_default_str();
  sub->add_option("--rows", given->rows, "The axis of the state that goes down over time: channels, head, p, n");
  sub->add_option("--across", given->across, "At t: the plane through the selected cell across this axis");
  sub->add_option("--show-rows", given->part, "Only the displayed rows FIRST to LAST, that one not among them")->expected(2);
  sub->add_option("--watch", given->watched, "A token whose probability and rank are followed, by id or as displayed; may be given several times")->expected(1)->take_all();
  sub->add_option("--of", given->look.of, "The part of the layer's state whose writers are shown")->check(CLI::IsMember(names_of(kParts)))->capture_default_str();
  sub->add_flag("--all-layers", given->look.all_layers, "Curves of every layer instead of the chosen one");
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
