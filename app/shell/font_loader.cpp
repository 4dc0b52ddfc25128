#include "app/shell/font_loader.h"

#include <fontconfig/fontconfig.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

struct FaceSpec {
  const char* family;
  Weight weight;
  float px;    // ascent + descent at scale 1
  bool icons;  // symbols are merged in
};

// In the order of Face. Sizes are ascent + descent, which is what ImGui calls a font's size.
constexpr FaceSpec kSpecs[kFaces] = {
    {"Inter", Weight::semi_bold, 16, true},          {"Inter", Weight::regular, 16, true},           {"Inter", Weight::regular, 14, true},
    {"Inter", Weight::regular, 13, false},          {"JetBrains Mono", Weight::regular, 16, false}, {"JetBrains Mono", Weight::regular, 15, false},
    {"JetBrains Mono", Weight::regular, 14, false}, {"Inter", Weight::semi_bold, 19, false},         {"Inter", Weight::semi_bold, 25, true},
};

constexpr float kRoom = 20e6f;  // pixels of the atlas for code points that were asked for

bool is_baked(char32_t c) {
  return c < 0x250 || (c >= 0x370 && c < 0x400) || (c >= 0x2000 && c < 0x2300) || (c >= 0x2400 && c < 0x2430) ||
         (c >= 0x25A0 && c < 0x2670);
}

/// The next code point of UTF-8 text; broken bytes count as themselves.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  const int length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (int i = 1; i < length; ++i) code = code << 6 | (byte(at + static_cast<std::size_t>(i)) & 0x3F);
  at += static_cast<std::size_t>(length);
  return code;
}

/// Ranges as ImGui wants them; they must outlive the atlas' build.
struct Ranges {
  ImVector<ImWchar> text, icons;

  Ranges(const CodePoints& code_points, float scale) {
    float pixels = 0;  // of a code point in all faces
    for (const FaceSpec& spec : kSpecs) pixels += std::pow(spec.px * scale + 1, 2.0f);
    auto room = static_cast<std::int64_t>(kRoom / pixels);
    ImFontGlyphRangesBuilder builder;
    for (ImWchar c = 0x20; c < 0x2670; ++c)
      if (is_baked(c)) builder.AddChar(c);
    for (const char32_t c : code_points.extra())
      if (room-- > 0) builder.AddChar(static_cast<ImWchar>(c));
    builder.BuildRanges(&text);
    for (const ImWchar c : {0xF000, 0xF2FF, 0}) icons.push_back(c);
  }
};

void merge(const std::string& file, float px, const ImVector<ImWchar>& ranges, const ImFontConfig& base) {
  ImFontConfig config = base;
  config.MergeMode = true;
  ImGui::GetIO().Fonts->AddFontFromFileTTF(file.c_str(), px, &config, ranges.Data);
}

}  // namespace

void CodePoints::note(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = next_code_point(text, at);
    if (code > 0x20 && code <= 0xFFFF && !is_baked(code)) news_ |= extra_.insert(code).second;
  }
}

bool CodePoints::take_news() { return std::exchange(news_, false); }

std::string find_font(const std::string& family, Weight weight) {
  const std::unique_ptr<FcPattern, void (*)(FcPattern*)> wanted(FcPatternCreate(), FcPatternDestroy);
  FcPatternAddString(wanted.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>(family.c_str()));
  FcPatternAddInteger(wanted.get(), FC_WEIGHT, weight == Weight::semi_bold ? FC_WEIGHT_DEMIBOLD : FC_WEIGHT_REGULAR);
  FcPatternAddInteger(wanted.get(), FC_SLANT, FC_SLANT_ROMAN);
  FcPatternAddBool(wanted.get(), FC_VARIABLE, FcFalse);
  FcConfigSubstitute(nullptr, wanted.get(), FcMatchPattern);
  FcDefaultSubstitute(wanted.get());
  FcResult result = FcResultNoMatch;
  const std::unique_ptr<FcPattern, void (*)(FcPattern*)> found(FcFontMatch(nullptr, wanted.get(), &result), FcPatternDestroy);
  if (!found) return {};
  // Fontconfig always answers with some font: take it only when it is of the family asked for.
  FcChar8 *name = nullptr, *file = nullptr;
  for (int i = 0; FcPatternGetString(found.get(), FC_FAMILY, i, &name) == FcResultMatch; ++i)
    if (family == reinterpret_cast<const char*>(name) &&
        FcPatternGetString(found.get(), FC_FILE, 0, &file) == FcResultMatch)
      return reinterpret_cast<const char*>(file);
  return {};
}

Fonts load_fonts(float scale, const CodePoints& code_points) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  compat::use_freetype(atlas);
  const Ranges ranges(code_points, scale);
  const std::string fallback = find_font("DejaVu Sans"), icons = find_font("forkawesome");
  const std::string cjk = code_points.extra().empty() ? "" : find_font("Droid Sans Fallback");
  Fonts fonts;
  for (std::size_t i = 0; i < fonts.size(); ++i) {
    const FaceSpec& spec = kSpecs[i];
    const float px = std::round(spec.px * scale);
    std::string file = find_font(spec.family, spec.weight);
    if (file.empty()) file = fallback;
    ImFontConfig config;
    config.SizePixels = px;
    if (file.empty()) {
      fonts[i] = {atlas.AddFontDefault(&config), px};
      continue;
    }
    fonts[i] = {atlas.AddFontFromFileTTF(file.c_str(), px, &config, ranges.text.Data), px};
    for (const std::string& next : {fallback, cjk})
      if (!next.empty() && next != file) merge(next, px, ranges.text, config);
    if (!spec.icons || icons.empty()) continue;
    config.GlyphOffset.y = std::round(scale);
    config.GlyphMinAdvanceX = std::round(px * 0.9f);
    merge(icons, std::round(px * 0.92f), ranges.icons, config);
  }
  atlas.Build();
  return fonts;
}

}  // namespace lab
