#include "app/shell/error_help.h"

#include <fmt/format.h>

#include "model/files/file.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kLeading = 18;
constexpr std::size_t kMostText = 300;  // bytes of a part

const char* advice(Code code) {
  switch (code) {
    case Code::not_found: return "See whether the path is right; the file may have been moved, or its disk is not mounted.";
    case Code::not_readable: return "Allow yourself to read it, or copy it to a place of your own.";
    case Code::wrong_kind: return "Choose a folder with config.json, a .safetensors, .gguf, .bin or .pt file, or a session.";
    case Code::malformed: return "The file is damaged or was edited: get it once more.";
    case Code::truncated: return "The copy stopped early: copy or download the file again.";
    case Code::too_large: return "The file promises more than it holds: copy or download it again.";
    case Code::duplicate: return "Write the file again so that each name is there once.";
    case Code::missing: return "Put what is missing beside the other files, then open it again.";
    case Code::mismatch: return "Take all files from the same release of the model.";
    case Code::out_of_range: return "Correct the number, or take the original file.";
    case Code::overlap: return "The file is damaged: copy or download it again.";
    case Code::unsupported: return "`statelab models` lists what can be opened.";
    case Code::bad_argument: return "Correct it and try again.";
    case Code::no_memory: return "Close other programs, or give the history less memory in the settings.";
    case Code::environment: return "See whether disk, device and permissions are as they should be, then try again.";
    case Code::cancelled: return "Open it again whenever you like.";
  }
  return "";
}

}  // namespace

std::string next_step(const Error& error) { return error.next.empty() ? advice(error.code) : error.next; }

std::string headline(const Error& error) {
  const std::string what = error.message.empty() ? name_of(error.code) : error.message;
  return error.file.empty() ? printable(what, kMostText) : printable(plain_name(error.file), kMostText) + ": " + printable(what, kMostText);
}

float draw_refusal(Ui& ui, Box box, const Error& error) {
  const Theme& theme = ui.theme();
  const float top = box.y;
  box.h = 10000;
  ui.text_in({box.x, box.y, 20, 20}, Face::control, theme.bad, icon::kWarning);
  box.cut_left(24);
  box.cut_top(ui.paragraph(box, Face::body, theme.text, headline(error), 20));
  const auto fact = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    Box row = box;
    ui.text_in(row.cut_left(64).cut_top(kLeading), Face::control, theme.dim, name);
    box.cut_top(ui.paragraph(row, Face::dense, theme.text, printable(value, kMostText), kLeading));
  };
  fact("at", error.field + (error.offset >= 0 ? fmt::format("{}byte {}", error.field.empty() ? "" : ", ", error.offset) : ""));
  fact("expected", error.expected);
  fact("found", error.found);
  box.cut_top(2);
  box.cut_top(ui.paragraph(box, Face::control, theme.dim, next_step(error), kLeading));
  box.cut_top(8);
  if (button(ui, "Copy message", box.cut_top(kControlHeight).cut_left(112))) ImGui::SetClipboardText(error.text().c_str());
  return box.y - top;
}

}  // namespace lab
