#pragma once
// Figures of the present selection as files.
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "app/core/lab.h"

namespace lab {

/// Whether a path ends in something that can be written: .pdf, .svg, .png, or .csv for the data behind the figure.
bool can_export_to(const std::string& path);

/// Computes what the figure needs and writes it, whole or not at all. Says what was written: "figure.pdf, 5.5 x 3.4 in".
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
