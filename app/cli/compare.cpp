// statelab compare: two traces, sessions or runs of models, point by point over time.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <type_traits>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/compare_many.h"
#include "app/cli/compare_report.h"
#include "app/cli/compare_sides.h"
#include "app/cli/subcommands.h"
#include "app/core/comparison.h"
#include "app/shell/figure_export.h"

namespace lab::cli {
namespace {

constexpr DifferenceOrder kOrders[] = {DifferenceOrder::time, DifferenceOrder::relative, DifferenceOrder::max_abs, DifferenceOrder::point};
constexpr AlignBy kAlignments[] = {AlignBy::position, AlignBy::token, AlignBy::first_difference};
constexpr TrajectoryBasis kBases[] = {TrajectoryBasis::joint, TrajectoryBasis::a, TrajectoryBasis::b};
constexpr const char* kKinds[] = {"compare-heatmap", "compare-norms", "compare-pca", "compare-multiples"};

struct Arguments {
  SideOptions sides;
  std::vector<std::string> more;  // beside A and B
  std::string align = "position", points, tolerance, sort = "time", kind, basis = "joint", size;
  std::vector<std::string> figures;
  std::optional<std::int64_t> layer;
  std::int64_t state = 0;
  bool shapes = false, data = false;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};

template <class Choice, std::size_t count>
std::vector<std::string> names_of(const Choice (&choices)[count]) {
  std::vector<std::string> names;
  for (const Choice& choice : choices)
    if constexpr (std::is_convertible_v<Choice, std::string>) names.emplace_back(choice);
    else names.emplace_back(name_of(choice));
  return names;
}

/// The choice of a name that the parser has let through.
template <class Choice, std::size_t count>
Choice named(const Choice (&choices)[count], const std::string& name) {
  for (const Choice choice : choices)
    if (name == name_of(choice)) return choice;
  return choices[0];
}

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc() && end == text.data() + text.size();
}

/// "position", "token", "first-difference", "offset=3".
Status read_alignment(const std::string& text, CompareOptions& options) {
  constexpr std::string_view kOffset = "offset=";
  if (text.starts_with(kOffset) && parse_number(std::string_view(text).substr(kOffset.size()), options.offset)) {
    options.by = AlignBy::offset;
    return {};
  }
  for (const AlignBy by : kAlignments)
    if (text == name_of(by)) {
      options.by = by;
      return {};
    }
  return Error{.code = Code::bad_argument, .field = "--align", .expected = "position, token, first-difference or offset=N", .found = printable(text),
               .message = "tokens are not aligned like that"};
}

/// "exact", or the largest relative L2 difference that counts as equal.
Status read_tolerance(const std::string& text, CompareOptions& options) {
  if (text.empty()) return {};
  if (text == "exact") {
    options.tolerance = DifferenceTolerance{.exact = true, .reason = "asked for"};
    return {};
  }
  double value = 0;
  if (!parse_number(std::string_view(text), value) || !(value >= 0) || !std::isfinite(value))
    return Error{.code = Code::bad_argument, .field = "--tolerance", .expected = "exact, or a relative L2 difference as 1e-5", .found = printable(text),
                 .message = "this is no tolerance"};
  options.tolerance = DifferenceTolerance{.exact = false, .point = value, .logits = value, .reason = "asked for"};
  return {};
}

Result<CompareOptions> options_of(const Arguments& given) {
  CompareOptions options{.points = given.points};
  LAB_TRY(read_alignment(given.align, options));
  LAB_TRY(read_tolerance(given.tolerance, options));
  return options;
}

Status check_figures(const Arguments& given) {
  for (const std::string& file : given.figures)
    if (!can_export_to(file))
      return Error{.code = Code::bad_argument, .file = file, .field = "--figure", .expected = "a name that ends in .pdf, .svg, .png or .csv", .found = printable(file),
                   .message = "a figure cannot be written to this file"};
  return {};
}

Result<std::vector<LayerShape>> shapes_of(Comparison& comparison, const ComparedRuns& compared) {
  std::vector<LayerShape> shapes;
  for (const int layer : compared.table.layers()) {
    const auto made = comparison.trajectories(layer, TrajectoryBasis::joint, 0, compared.alignment->count(), [] { return interrupted().load(); });
    if (!made) continue;  // a layer without a recurrent state has no path
    if (!*made) return Error{.code = Code::cancelled, .message = "interrupted"};
    shapes.push_back({layer, (*made)->procrustes, (*made)->cka, (*made)->approximation});
  }
  return shapes;
}

Status write_figures(const Arguments& given, const BothSides& sides, Comparison& comparison, std::shared_ptr<ComparedRuns> compared, std::vector<std::string>& files) {
  if (given.figures.empty()) return {};
  const Snapshot snapshot = snapshot_beside(sides.snapshot_a ? sides.snapshot_a : sides.snapshot_b, *compared, given.layer, given.state);
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const std::int64_t columns = compared->alignment->count();
  const TrajectoryBasis basis = named(kBases, given.basis);
  const std::string kind = given.kind.empty() ? kKinds[0] : given.kind;
  if (kind == "compare-heatmap") {
    LAB_ASSIGN(compared->slab, comparison.slab(layer, given.state, 0, columns));
  } else if (kind == "compare-pca") {
    LAB_ASSIGN(compared->trajectories, comparison.trajectories(layer, basis, 0, columns));
  }
  auto derived = std::make_shared<Derived>();
  derived->comparison = std::move(compared);
  FigureOptions options;
  options.comparison.basis = basis;
  LAB_ASSIGN(files, write_compared({.kind = kind, .files = given.figures, .size = given.size, .data = given.data}, snapshot, derived, options));
  return {};
}

/// What of the command line is for two only.
Status check_many(const Arguments& given) {
  if (given.sides.b.empty())
    return Error{.code = Code::bad_argument, .file = given.sides.a, .field = "B", .expected = "a second trace, session or model", .found = "nothing",
                 .message = "there is nothing to draw beside it", .next = "`statelab figure compare-multiples SESSION` draws the runs of one session"};
  const std::pair<const char*, bool> options[] = {{"--run-a", !given.sides.run_a.empty()}, {"--run-b", !given.sides.run_b.empty()}, {"--shapes", given.shapes},
                                                  {"--text-b", given.sides.input_b.is_given()}, {"--kind", !given.kind.empty() && given.kind != "compare-multiples"}};
  for (const auto& [name, is_given] : options)
    if (is_given)
      return Error{.code = Code::bad_argument, .field = name, .expected = "two to be compared", .found = std::to_string(2 + given.more.size()), .message = "this is for two only"};
  return {};
}

Result<int> run(const Arguments& given) {
  LAB_ASSIGN(const CompareOptions options, options_of(given));
  LAB_TRY(check_figures(given));
  if (!given.more.empty() || given.kind == "compare-multiples") {
    LAB_TRY(check_many(given));
    ManyOptions many{.paths = {given.sides.a, given.sides.b}, .input = given.sides.input, .compare = options, .figures = given.figures, .size = given.size, .layer = given.layer,
                     .state = given.state, .data = given.data, .order = named(kOrders, given.sort), .arithmetic = given.arithmetic, .history = given.history, .reporting = given.reporting};
    many.paths.insert(many.paths.end(), given.more.begin(), given.more.end());
    return compare_many(many);
  }
  LAB_ASSIGN(BothSides sides, open_sides(given.sides, given.arithmetic, given.history, given.reporting));
  LAB_ASSIGN(const auto comparison, Comparison::begin(std::move(sides.a), std::move(sides.b), options));
  LAB_TRY(finish(*comparison, given.reporting));
  const auto compared = std::make_shared<ComparedRuns>(*comparison->view());
  std::vector<LayerShape> shapes;
  if (given.shapes) {
    LAB_ASSIGN(shapes, shapes_of(*comparison, *compared));
  }
  std::vector<std::string> files;
  LAB_TRY(write_figures(given, sides, *comparison, compared, files));
  const DifferenceOrder order = named(kOrders, given.sort);
  if (given.reporting.json) {
    JsonValue report = json_of(*compared, order, shapes);
    report["files"] = files;
    print_json(report);
  } else {
    print_comparison(*compared, order, shapes);
    for (const std::string& file : files) fmt::print("wrote {}\n", file);
  }
  return compared->is_equal() ? kDone : kDifference;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("compare", "Compares two traces, sessions or models that read an input, point by point over time");
  sub->add_option("A", given->sides.a, "A trace (.safetensors, .npz), a session, or a model: a folder, a file in it, builtin:NAME")->required();
  sub->add_option("B", given->sides.b, "Likewise; a model without an input reads the tokens of the other. Without B: two runs of the session A");
  sub->add_option("MORE", given->more, "Up to four more: each is compared with A, and --figure draws how they differ from it, one below the other");
  add_input(*sub, given->sides.input, InputNeed::optional);
  add_second_input(*sub, given->sides.input_b);
  sub->add_option("--run-a", given->sides.run_a, "The run of the session A, by name or number. Default: the active one");
  sub->add_option("--run-b", given->sides.run_b, "The run of the session B, or the second one of A");
  sub->add_option("--align", given->align, "Which tokens stand beside each other: position, token, first-difference, offset=N (t beside t + N)")->capture_default_str();
  sub->add_option("--points", given->points, "Globs over the points that are compared, as 'L*.mix.h,logits'. Default: all that both have");
  sub->add_option("--tolerance", given->tolerance,
                  "exact, or the largest relative L2 that counts as equal. Default: exact for the same model computed by this program, otherwise what is usual for the type");
  sub->add_option("--sort", given->sort, "The order of the table")->check(CLI::IsMember(names_of(kOrders)))->capture_default_str();
  sub->add_flag("--shapes", given->shapes, "Also the Procrustes distance and CKA of each layer's states");
  sub->add_option("--figure", given->figures, "Draws a figure into a .pdf, .svg, .png or .csv file; may be given several times")->expected(1)->take_all();
  sub->add_option("--kind", given->kind, "What is drawn. Default: compare-heatmap of two, compare-multiples of more")->check(CLI::IsMember(names_of(kKinds)));
  sub->add_option("--layer", given->layer, "The layer that is drawn. Default: the one that differs first");
  sub->add_option("--state-index", given->state, "The state index n of compare-heatmap")->capture_default_str();
  sub->add_option("--basis", given->basis, "Whose principal axes compare-pca has")->check(CLI::IsMember(names_of(kBases)))->capture_default_str();
  sub->add_option("--size", given->size, "Width x height of the figure in inches. Default: 5.5 wide");
  sub->add_flag("--data", given->data, "Writes the data behind the figure beside the first file, as .csv");
  add_arithmetic(*sub, given->arithmetic);
  add_history(*sub, given->history);
  add_reporting(*sub, given->reporting);
  sub->footer(
      "Exit code 0: equal, 1: different, 2: refused.\n"
      "Example:\n  statelab compare builtin:prose builtin:prose --text 'In the beginning God' --text-b 'In the beginning man' --figure states.pdf\n"
      "  statelab compare a.statelab.json b.statelab.json c.statelab.json --figure all.pdf");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
