#pragma once
// The differences between Dear ImGui 1.86, 1.90.1 and 1.92.2b that we meet, in one place.
#include <imgui.h>
#include <imgui_freetype.h>
#include <imgui_stdlib.h>

namespace lab::compat {

/// Makes a font of the given pixel size current, until pop_font.
inline void push_font(ImFont* font, float px) {
#if IMGUI_VERSION_NUM >= 19200
  ImGui::PushFont(font, px);
#else
  (void)px;  // the size is baked into the font
  ImGui::PushFont(font);
#endif
}
inline void pop_font() { ImGui::PopFont(); }

/// Lets FreeType draw the glyphs, hinted only vertically so that spacing stays as designed.
inline void use_freetype(ImFontAtlas& atlas) {
#if IMGUI_VERSION_NUM >= 19200
  atlas.SetFontLoader(ImGuiFreeType::GetFontLoader());
  atlas.FontLoaderFlags = ImGuiFreeTypeLoaderFlags_LightHinting;
#else
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
#endif
}

/// A scrolling part of the current window, without border. Always matched by ImGui::EndChild.
inline bool begin_child(const char* id, ImVec2 size, ImGuiWindowFlags flags) {
  return ImGui::BeginChild(id, size, 0, flags | ImGuiWindowFlags_NoBackground);
}

/// Whether a font has a glyph of its own for a character up to U+FFFF.
inline bool has_glyph(ImFont& font, char32_t code) {
#if IMGUI_VERSION_NUM >= 19200
  return font.IsGlyphInFont(static_cast<ImWchar>(code));
#else
  return font.FindGlyphNoFallback(static_cast<ImWchar>(code)) != nullptr;
#endif
}

/// An OpenGL texture as ImGui passes it on: a pointer until 1.91, an integer since.
inline ImTextureID texture_id(unsigned gl_texture) { return (ImTextureID)(intptr_t)gl_texture; }

}  // namespace lab::compat
