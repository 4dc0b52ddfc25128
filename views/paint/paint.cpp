#include "views/paint/paint.h"

namespace lab {

Result<std::string> paint_as(const std::string& path, const DisplayList& list, const FileInfo& info, double dots_per_inch) {
  if (path.ends_with(".pdf")) return paint_pdf(list, info);
  if (path.ends_with(".svg")) return paint_svg(list, info);
  if (path.ends_with(".png")) return paint_png(list, info, dots_per_inch);
  return Error{.code = Code::unsupported,
               .file = path,
               .expected = "a name that ends in .pdf, .svg or .png",
               .found = printable(path.substr(path.find_last_of('/') + 1)),
               .message = "this kind of picture is not written"};
}

}  // namespace lab
