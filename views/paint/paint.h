#pragma once
// Painters of display lists. Each translates six operations and decides nothing.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "views/plot/display_list.h"

namespace lab {

/// What PDF, SVG and PNG files say of themselves.
struct FileInfo {
  std::string title;
  std::vector<std::pair<std::string, std::string>> notes;  // PNG text chunks, PDF subject, SVG metadata
};

/// Measures with the fonts of figures: DejaVu Sans, its bold face for titles, DejaVu Sans Mono. Hinting off.
std::unique_ptr<TextMeasure> figure_measure();

/// The bytes of a file. Dates are fixed (SOURCE_DATE_EPOCH, else 1970), so equal lists give equal bytes.
Result<std::string> paint_pdf(const DisplayList& list, const FileInfo& info);
Result<std::string> paint_svg(const DisplayList& list, const FileInfo& info);  // text stays text
Result<std::string> paint_png(const DisplayList& list, const FileInfo& info, double dots_per_inch = 300);

/// Paints by the ending of a file name: .pdf, .svg or .png; refuses any other.
Result<std::string> paint_as(const std::string& path, const DisplayList& list, const FileInfo& info, double dots_per_inch = 300);

}  // namespace lab
