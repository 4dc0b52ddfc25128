#pragma once
// Figures of the present selection as files.
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "app/core/lab.h"
#include "views/figures/figure.h"
#include "views/paint/paint.h"

namespace lab {

/// Whether a path ends in something that can be written: .pdf, .svg, .png, or .csv for the data behind the figure.
bool can_export_to(const std::string& path);
/// Whether what is written is no figure: "state-at" into a .safetensors file is the state of all layers at cursor A itself.
bool exports_state(const std::string& kind, const std::string& path);

/// A figure laid out for paper: one layout for files of any kind.
struct FigurePage {
  DisplayList list;
  FileInfo info;
  std::string csv;  // the data behind it
  std::shared_ptr<const Derived> derived;
};
/// Computes what a kind of figure needs and lays it out; of `options`, what belongs to the screen is left out.
Result<FigurePage> make_page(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                             const command::ExportFigure& wanted, FigureOptions options, const ContextOptions& arithmetic);
/// The same of what has been computed already.
Result<FigurePage> make_page(const Snapshot& snapshot, std::shared_ptr<const Derived> derived, const command::ExportFigure& wanted, FigureOptions options);
/// Writes a page by the ending of the path, whole or not at all.
Status write_page(const FigurePage& page, const std::string& path);

/// Both for one file, or the state that is asked for. Says what was written: "figure.pdf, 5.5 x 3.4 in".
Result<std::string> export_figure(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                  const command::ExportFigure& wanted, const ContextOptions& arithmetic);

/// One export at a time beside the window.
class ExportJob {
 public:
  bool busy() const;
  /// Begins on a thread of its own. Not while busy.
  void start(std::function<void()> work);

 private:
  std::future<void> running_;  // waits for the end of the work when it goes
};

}  // namespace lab
