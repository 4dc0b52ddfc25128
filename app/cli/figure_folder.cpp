#include "app/cli/figure_folder.h"

#include <filesystem>

#include "app/shell/figure_export.h"

namespace lab::cli {

Status make_folder(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (!problem) return {};
  return Error{.code = Code::environment,
               .file = folder,
               .expected = "a folder that can be made",
               .found = problem.message(),
               .message = "the folder cannot be made"};
}

Status FigureFolder::write(command::ExportFigure wanted) {
  if (wanted.file.empty() || wanted.file.find('/') != std::string::npos || wanted.file.starts_with('.'))
    return Error{.code = Code::bad_argument,
                 .field = "file",
                 .expected = "a plain file name",
                 .found = printable(wanted.file),
                 .message = "a session writes only into the folder of -o"};
  if (folder_.empty()) return left_out_.push_back(wanted.file), Status();
  LAB_TRY(make_folder(folder_));
  wanted.file = (std::filesystem::path(folder_) / wanted.file).string();
  std::error_code ignored;
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(wanted.file, ignored)))
    return Error{.code = Code::bad_argument,
                 .file = wanted.file,
                 .field = "file",
                 .expected = "a file of the folder itself",
                 .found = "a link to another place",
                 .message = "a session writes only into the folder of -o",
                 .next = "remove the link, or name another folder"};
  lab_.model_hash();  // figures say it
  LAB_ASSIGN(const std::string said, export_figure(lab_.snapshot(), lab_.opened(), wanted, arithmetic_));
  files_.push_back(wanted.file);
  return {};
}

}  // namespace lab::cli
