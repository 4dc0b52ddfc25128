// The chosen tensor: a picture of all its elements, and the distribution of their values beside what is said of them in numbers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kNumbers = 400;  // width of the numbers beside the histogram
constexpr float kLine = 20, kLabel = 88;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string share_text(std::int64_t part, std::int64_t whole) {
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
  return fmt::format("{} ({} %)", part, number_text(percent, 3));
}

Lines lines_of(const WeightView& view) {
  const TensorFacts& t = view.tensor;
  const WeightStatistics& s = view.statistics;
  Lines lines{{"type", fmt::format("{}, {} elements", t.type, t.count)}};
  lines.emplace_back(t.shape.size() == 2 ? "[out, in]" : "shape", fmt::format("[{}]", fmt::join(t.shape, ", ")));
  if (t.is_gguf) lines.emplace_back("GGUF order", fmt::format("[{}]", fmt::join(t.stored_shape, ", ")));
  if (t.stored_name != t.name) lines.emplace_back("in the file", t.stored_name);
  lines.emplace_back("range", number_text(s.low, 6) + " to " + number_text(s.high, 6));
  lines.emplace_back("mean, std", number_text(s.mean, 6) + ", " + number_text(s.deviation, 6));
  lines.emplace_back("zero", share_text(s.zeros, s.count));
  lines.emplace_back("NaN, ∞", fmt::format("{}, {}", s.nans, s.infinities));
  if (const auto& twin = view.twin) {
    lines.emplace_back("error, rms",
                       fmt::format("{} ({} %)", number_text(twin->rms), number_text(100 * twin->relative, 3)));
    lines.emplace_back("largest", fmt::format("{} at [{}, {}]", number_text(twin->largest), twin->row, twin->column));
  }
  return lines;
}

/// The end of a path.
std::string file_name(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  return path.substr(0, end + 1).substr(path.substr(0, end + 1).find_last_of('/') + 1);
}

/// The model to compare with: typed here, or as the selection has it.
void draw_comparison(Ui& ui, Box box, PaneContext& context, const WeightView& view) {
  const Theme& theme = ui.theme();
  const std::string& against = context.snapshot.selection.against;
  std::string& typed = context.memory.weights_against;
  if (std::string& followed = kept_of(context).followed_against; followed != against) followed = typed = against;
  box.cut_top(4);
  Box row = box.cut_top(kControlHeight);
  ui.text_in(row.cut_left(kLabel), Face::control, theme.dim, "compare with");
  const FieldLook look{.hint = "path of another model", .wrong = !view.note.empty(), .face = Face::dense};
  if (field(ui, "against", row, typed, look)) context.send(command::ShowWeights{view.tensor.name, typed});
  box.cut_left(kLabel);
  box.cut_top(2);
  if (view.twin)
    ui.text_in(box.cut_top(kLine), Face::control, theme.dim, view.twin->type + " in " + file_name(view.twin->path));
  else
    ui.paragraph(box, Face::control, view.note.empty() ? theme.dim : theme.bad, view.note.empty() ? "A folder or a file. Enter compares." : view.note);
}

void draw_numbers(Ui& ui, Box box, PaneContext& context, const WeightView& view) {
  const Theme& theme = ui.theme();
  for (const auto& [label, text] : lines_of(view)) {
    Box line = box.cut_top(kLine);
    ui.text_in(line.cut_left(kLabel), Face::control, theme.dim, label);
    const bool is_bad = label == "NaN, ∞" && view.statistics.nans + view.statistics.infinities > 0;
    ui.text_in(line, Face::dense, is_bad ? theme.nan : theme.text, text);
  }
  draw_comparison(ui, box, context, view);
}

/// The mouse over a figure: its exact value, and on request a copy of it.
void handle_mouse(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, const char* kind) {
  const Box frame = frame_of(figure, body);
  const Hit hit = ui.hit(kind, frame);
  const PlotArea& area = figure.page.areas[0];
  const std::string value = hit.hovered
                                ? value_at(kind, context.snapshot, context.derived, context.memory.options[kind], 0,
                                           area.x_from(hit.x - body.x), area.y_from(hit.y - body.y))
                                : "";
  note_hover(ui, context, value);
  if (!value.empty()) ui.tooltip(value);
}

}  // namespace

void draw_weight_map(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  constexpr const char* kSegments[] = {"weights", "error"};
  bool& shows_error = context.memory.show_weight_error;
  PaneHeader header(ui, box, "Weights");
  const Box export_box = header.control(28);
  const Box what = header.control(136);
  shows_error = segments(ui, "what", what, kSegments, shows_error) == 1;
  const char* kind = shows_error ? "weight-error" : "weight-heatmap";
  FigureOptions& options = context.memory.options[kind];
  if (icon_button(ui, export_box, icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view(kind);
  choose_colors(ui, header, options);
  const Box body = box.inset(8, 8);
  const KeptFigure& figure = kept_figure(ui, body, context, {.slot = "weight-map", .kind = kind, .options = options});
  header.subtitle(context.snapshot.selection.tensor + (figure.is_there ? " · " + figure.subtitle : ""));
  if (draw_figure(ui, body, context, figure)) handle_mouse(ui, body, context, figure, kind);
  pane_menu(ui, pane, context, {.kind = kind, .shown = options, .lockable = &options, .figure = &figure});
}

void draw_weight_values(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  constexpr const char* kKind = "weight-histogram";
  FigureOptions& options = context.memory.options[kKind];
  PaneHeader header(ui, box, "Values");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view(kKind);
  constexpr const char* kCounts[] = {"linear", "log"};
  int counts = options.log_counts;
  if (combo(ui, "counts", header.control(84), kCounts, counts)) options.log_counts = counts == 1;
  header.subtitle("how many elements have which value");
  Box body = box.inset(8, 8);
  const auto& view = context.derived.weights;
  if (view) {
    const Box numbers = body.cut_right(kNumbers);
    draw_numbers(ui, numbers.inset(12, 0), context, *view);
  }
  const KeptFigure& figure =
      kept_figure(ui, body, context, {.slot = "weight-values", .kind = kKind, .options = options});
  if (draw_figure(ui, body, context, figure)) handle_mouse(ui, body, context, figure, kKind);
  pane_menu(ui, pane, context, {.kind = kKind, .shown = options, .figure = &figure});
}

}  // namespace lab
