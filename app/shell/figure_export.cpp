#include "app/shell/figure_export.h"

#include <fmt/format.h>

#include <chrono>

#include "app/core/analyst.h"
#include "app/core/recorded_session.h"
#include "model/files/file.h"
#include "model/state_file.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr double kPointsPerInch = 72;
constexpr double kSmallest = 1, kLargest = 40;  // inches

Status check(const command::ExportFigure& wanted) {
  Error error;
  error.code = Code::bad_argument;
  error.file = wanted.file;
  if (!find_figure(wanted.kind)) {
    error.message = "there is no such kind of figure";
    error.found = printable(wanted.kind);
    for (const FigureKind& kind : figure_kinds()) error.expected += (error.expected.empty() ? "" : ", ") + std::string(kind.name);
    return error;
  }
  if (!can_export_to(wanted.file)) {
    error.message = "a figure cannot be written to this file";
    error.expected = "a name that ends in .pdf, .svg, .png or .csv";
    return error;
  }
  for (const double size : {wanted.width_in, wanted.height_in}) {
    if (size >= kSmallest && size <= kLargest) continue;
    error.code = Code::out_of_range;
    error.message = "a figure cannot have this size";
    error.expected = "1 to 40 inches a side";
    error.found = fmt::format("{} x {}", wanted.width_in, wanted.height_in);
    return error;
  }
  return {};
}

FileInfo info_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived) {
  FileInfo info;
  info.title = std::string(find_figure(kind)->title) + ", " + snapshot.model->name;
  info.notes = {{"model", snapshot.model->name},
                {"model hash", snapshot.model->hash},
                {"arithmetic", snapshot.model->arithmetic},
                {"shows", subtitle_of(kind, snapshot, derived)},
                {"tokens", std::to_string(snapshot.count())}};
  if (!snapshot.edits) return info;
  for (const EditEvent& edit : *snapshot.edits) info.notes.emplace_back(fmt::format("edit before token {}", edit.position), edit.label);
  return info;
}

Result<std::string> save_state_at_cursor(const Snapshot& snapshot, const OpenedModel& opened, const std::string& file) {
  const std::int64_t position = snapshot.selection.cursor_a + 1;
  LAB_ASSIGN(State state, state_at(snapshot, opened, position));
  LAB_TRY(save_state(file, state, snapshot.model->hash));
  return fmt::format("{}, the state after {} tokens", file, position);
}

}  // namespace

bool can_export_to(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot == 0 || path[dot - 1] == '/') return false;
  const std::string ending = path.substr(dot);
  return ending == ".pdf" || ending == ".svg" || ending == ".png" || ending == ".csv";
}

bool exports_state(const std::string& kind, const std::string& path) { return kind == "state-at" && path.ends_with(".safetensors"); }

Result<FigurePage> make_page(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                             const command::ExportFigure& wanted, FigureOptions options, const ContextOptions& arithmetic) {
  LAB_TRY(check(wanted));
  options.on_screen = false;
  return make_page(*snapshot, Deriver(arithmetic).derive(snapshot, opened, needs_of(*find_figure(wanted.kind), options)), wanted, options);
}

Result<FigurePage> make_page(const Snapshot& snapshot, std::shared_ptr<const Derived> derived, const command::ExportFigure& wanted, FigureOptions options) {
  LAB_TRY(check(wanted));
  options.cursors = options.on_screen = false;
  LAB_ASSIGN(const Figure figure, find_figure(wanted.kind)->make(snapshot, *derived, options));
  LaidOut laid_out = lay_out(figure, wanted.width_in * kPointsPerInch, wanted.height_in * kPointsPerInch, print_style(), *figure_measure());
  return FigurePage{std::move(laid_out.list), info_of(wanted.kind, snapshot, *derived), csv_of(wanted.kind, snapshot, *derived, options), std::move(derived)};
}

Status write_page(const FigurePage& page, const std::string& path) {
  if (path.ends_with(".csv")) return write_file_atomically(path, page.csv);
  LAB_ASSIGN(const std::string bytes, paint_as(path, page.list, page.info));
  return write_file_atomically(path, bytes);
}

Result<std::string> export_figure(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                  const command::ExportFigure& wanted, const ContextOptions& arithmetic) {
  if (exports_state(wanted.kind, wanted.file)) return save_state_at_cursor(*snapshot, *opened, wanted.file);
  LAB_ASSIGN(const FigureOptions options, options_of(wanted.look));
  LAB_ASSIGN(const FigurePage page, make_page(snapshot, opened, wanted, options, arithmetic));
  LAB_TRY(write_page(page, wanted.file));
  if (wanted.file.ends_with(".csv")) return wanted.file;
  return fmt::format("{}, {} × {} in", wanted.file, wanted.width_in, wanted.height_in);
}

bool ExportJob::busy() const {
  return running_.valid() && running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

void ExportJob::start(std::function<void()> work) { running_ = std::async(std::launch::async, std::move(work)); }

}  // namespace lab
