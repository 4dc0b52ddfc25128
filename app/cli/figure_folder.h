#pragma once
// The folder that a session's figures are written into, where there is one.
#include <string>
#include <vector>

#include "app/core/lab.h"

namespace lab::cli {

class FigureFolder {
 public:
  FigureFolder(Lab& lab, std::string folder, const ContextOptions& arithmetic)
      : lab_(lab), folder_(std::move(folder)), arithmetic_(arithmetic) {}

  /// Writes a figure of the lab as it is now. Its file must be a plain name, and nothing is written through a link that lies there; the
  /// folder is made when it is missing. Without a folder ("") the figure is left out.
  Status write(command::ExportFigure wanted);
  /// What has been written, as paths, and what was left out.
  const std::vector<std::string>& files() const { return files_; }
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  Lab& lab_;
  std::string folder_;
  ContextOptions arithmetic_;
  std::vector<std::string> files_, left_out_;
};

/// Makes a folder and its parents.
Status make_folder(const std::string& folder);

}  // namespace lab::cli
