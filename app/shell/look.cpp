#include "app/shell/look.h"

#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kScrollbar = 11;

}  // namespace

void apply_look(const Theme& theme, float scale) {
  ImGuiStyle style;  // ImGui's defaults, so that a second call does not scale twice
  theme.dark ? ImGui::StyleColorsDark(&style) : ImGui::StyleColorsLight(&style);
  style.WindowPadding = {0, 0};
  style.WindowRounding = style.ChildRounding = 0;
  style.WindowBorderSize = style.ChildBorderSize = style.FrameBorderSize = 0;
  style.PopupRounding = style.FrameRounding = style.GrabRounding = style.ScrollbarRounding = kRadius;
  style.PopupBorderSize = 1;
  style.ItemSpacing = style.ItemInnerSpacing = {0, 0};
  style.ScrollbarSize = kScrollbar;
  style.ScaleAllSizes(scale);
  style.WindowMinSize = {1, 1};  // ImGui stops the program at less
  const auto set = [&](ImGuiCol which, Color color) { style.Colors[which] = ImGui::ColorConvertU32ToFloat4(color); };
  set(ImGuiCol_Text, theme.text);
  set(ImGuiCol_TextDisabled, theme.dim);
  set(ImGuiCol_TextSelectedBg, theme.selection);
  set(ImGuiCol_WindowBg, theme.pane);
  set(ImGuiCol_ChildBg, 0);
  set(ImGuiCol_PopupBg, theme.pane);
  set(ImGuiCol_Border, theme.faint);
  set(ImGuiCol_FrameBg, 0);  // field() draws the frame
  set(ImGuiCol_ScrollbarBg, 0);
  set(ImGuiCol_ScrollbarGrab, theme.hover);
  set(ImGuiCol_ScrollbarGrabHovered, theme.axis);
  set(ImGuiCol_ScrollbarGrabActive, theme.axis);
  set(ImGuiCol_NavHighlight, theme.accent);
  set(ImGuiCol_ModalWindowDimBg, 0);
  ImGui::GetStyle() = style;
}

}  // namespace lab
