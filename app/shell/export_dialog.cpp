#include "app/shell/export_dialog.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "app/shell/figure_export.h"
#include "views/figures/figure.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kLabel = 72;  // units of width of the words before the controls

struct Width {
  const char* label;
  const char* inches;
};
constexpr Width kWidths[] = {{"1 column", "3.5"}, {"1.5 columns", "5.5"}, {"2 columns", "7.16"}, {"Slide", "10"}};

void label(Ui& ui, Box& row, const char* text) { ui.text_in(row.cut_left(kLabel), Face::control, ui.theme().dim, text); }

/// What will be in the file.
const char* note_on(const std::string& kind, const std::string& path) {
  if (exports_state(kind, path)) return "The state of all layers at cursor A, which edits can take from and runs can start with.";
  if (exports_state(kind, ".safetensors")) return "White ground, as papers want it. .csv is the data alone, .safetensors the state of all layers.";
  return "White ground, as papers want it. PDF with embedded fonts; .csv is the data alone.";
}

/// A number of inches, or nothing.
std::optional<double> inches(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value >= 1 && value <= 40)) return {};
  return value;
}

}  // namespace

void ExportDialog::open(const std::string& kind, const Snapshot& snapshot, const std::string& folder) {
  std::error_code ignored;
  if (folder_.empty()) folder_ = folder.empty() ? std::filesystem::current_path(ignored).string() : folder;
  is_open_ = take_focus_ = true;
  path_ = proposed_;
  const auto kinds = figure_kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i].name == kind) choose_kind(static_cast<int>(i), snapshot);
}

std::string ExportDialog::proposal(const Snapshot& snapshot) const {
  std::string name = snapshot.model ? snapshot.model->name : "figure";
  for (char& c : name)
    if (c == '/') c = '-';
  const FigureKind& kind = figure_kinds()[static_cast<std::size_t>(kind_)];
  const std::string of = kind.needs.weights ? snapshot.selection.tensor : fmt::format("layer{}", snapshot.selection.layer);
  return fmt::format("{}{}{}-{}-{}.pdf", folder_, folder_.ends_with('/') ? "" : "/", name, kind.name, of);
}

/// Takes the proportions of the kind, and its file name as long as nobody has typed another one.
void ExportDialog::choose_kind(int kind, const Snapshot& snapshot) {
  kind_ = kind;
  const std::string next = proposal(snapshot);
  if (path_ == proposed_) path_ = next;
  proposed_ = next;
  const double width = inches(width_).value_or(5.5);
  height_ = fmt::format("{:.3g}", width * figure_kinds()[static_cast<std::size_t>(kind)].aspect);
}

void ExportDialog::draw_kind(Ui& ui, Box row, const Snapshot& snapshot) {
  label(ui, row, "Figure");
  std::vector<const char*> titles;
  for (const FigureKind& kind : figure_kinds()) titles.push_back(kind.title);
  int chosen = kind_;
  if (combo(ui, "kind", row.cut_left(240), titles, chosen)) choose_kind(chosen, snapshot);
}

void ExportDialog::draw_size(Ui& ui, Box row) {
  label(ui, row, "Size");
  field(ui, "width", row.cut_left(64), width_, {.wrong = !inches(width_), .face = Face::dense});
  ui.text_in(row.cut_left(24), Face::control, ui.theme().dim, "×", Align::center);
  field(ui, "height", row.cut_left(64), height_, {.wrong = !inches(height_), .face = Face::dense});
  row.cut_left(8);
  ui.text_in(row.cut_left(28), Face::control, ui.theme().dim, "in");
  std::vector<const char*> labels;
  int selected = -1;
  for (int i = 0; i < static_cast<int>(std::size(kWidths)); ++i) {
    labels.push_back(kWidths[i].label);
    if (width_ == kWidths[i].inches) selected = i;
  }
  const int chosen = segments(ui, "widths", row, labels, selected);
  if (chosen == selected) return;
  const double ratio = inches(height_).value_or(3.4) / inches(width_).value_or(5.5);
  width_ = kWidths[chosen].inches;
  height_ = fmt::format("{:.3g}", *inches(width_) * ratio);
}

/// Why nothing can be exported yet, "" when it can.
std::string ExportDialog::problem() const {
  std::error_code ignored;
  const auto folder = std::filesystem::path(path_).parent_path();
  const std::string kind = figure_kinds()[static_cast<std::size_t>(kind_)].name;
  if (!can_export_to(path_) && !exports_state(kind, path_)) return exports_state(kind, ".safetensors") ? "The name must end in .pdf, .svg, .png, .csv or .safetensors." : "The name must end in .pdf, .svg, .png or .csv.";
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) return "There is no such folder.";
  if (!inches(width_) || !inches(height_)) return "A side has 1 to 40 inches.";
  return {};
}

std::optional<command::ExportFigure> ExportDialog::draw(Ui& ui, Box window, const Snapshot& snapshot) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  const Box page{window.middle_x() - 320, window.middle_y() - 120, 640, 240};
  begin_overlay(ui, "export", page);
  Box body = page.inset(20, 16);
  Box title = body.cut_top(32);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  ui.text_in(title, Face::value, theme.text, "Export a figure");
  draw_kind(ui, body.cut_top(kControlHeight), snapshot);
  body.cut_top(8);
  Box file = body.cut_top(kControlHeight);
  label(ui, file, "File");
  const bool entered = field(ui, "file", file, path_, {.take_focus = take_focus_, .face = Face::dense});
  take_focus_ = false;
  body.cut_top(8);
  draw_size(ui, body.cut_top(kControlHeight));
  body.cut_top(10);
  Box foot = body.cut_bottom(kControlHeight);
  const std::string wrong = problem();
  std::error_code ignored;
  Box note = body.cut_top(20);
  note.cut_left(kLabel);
  if (!wrong.empty()) ui.text_in(note, Face::control, theme.bad, wrong);
  else if (std::filesystem::exists(path_, ignored)) ui.text_in(note, Face::control, theme.warning, "Replaces the file that is there.");
  else ui.text_in(note, Face::control, theme.dim, note_on(figure_kinds()[static_cast<std::size_t>(kind_)].name, path_));
  const bool pressed = button(ui, "Export", foot.cut_right(84), {.primary = true, .enabled = wrong.empty()});
  foot.cut_right(8);
  if (button(ui, "Cancel", foot.cut_right(84))) close();
  end_overlay();
  if (!(entered || pressed) || !wrong.empty()) return {};
  folder_ = std::filesystem::path(path_).parent_path().string();
  close();
  return command::ExportFigure{figure_kinds()[static_cast<std::size_t>(kind_)].name, path_, *inches(width_), *inches(height_)};
}

}  // namespace lab
