#include "views/paint/fonts.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "views/paint/paint.h"
#include "views/paint/text.h"

namespace lab {

namespace {

using Pattern = std::unique_ptr<FcPattern, void (*)(FcPattern*)>;

std::shared_ptr<const FontFile> open_match(const std::shared_ptr<FT_LibraryRec_>& library, const Pattern& wanted) {
  FcConfigSubstitute(nullptr, wanted.get(), FcMatchPattern);
  FcDefaultSubstitute(wanted.get());
  FcResult result = FcResultMatch;
  const Pattern found(FcFontMatch(nullptr, wanted.get(), &result), FcPatternDestroy);
  FcChar8* file = nullptr;
  int index = 0;
  if (!found || FcPatternGetString(found.get(), FC_FILE, 0, &file) != FcResultMatch) return nullptr;
  FcPatternGetInteger(found.get(), FC_INDEX, 0, &index);
  FT_Face face = nullptr;
  if (FT_New_Face(library.get(), reinterpret_cast<const char*>(file), index & 0xFFFF, &face) != 0) return nullptr;
  auto opened = std::make_shared<const FontFile>(library, face);
  return FT_IS_SCALABLE(face) ? opened : nullptr;
}

Pattern pattern_of(const char* family, int weight) {
  Pattern pattern(FcPatternCreate(), FcPatternDestroy);
  FcPatternAddString(pattern.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>(family));
  FcPatternAddInteger(pattern.get(), FC_WEIGHT, weight);
  FcPatternAddInteger(pattern.get(), FC_SLANT, FC_SLANT_ROMAN);
  FcPatternAddBool(pattern.get(), FC_SCALABLE, FcTrue);
  return pattern;
}

std::size_t index_of(TextFace face) { return face == TextFace::title ? 1 : face == TextFace::mono ? 2 : 0; }

/// Widths of figures; without any font the widths of tests, since measuring cannot fail.
class FigureMeasure final : public TextMeasure {
 public:
  explicit FigureMeasure(std::shared_ptr<const FigureFonts> fonts) : fonts_(std::move(fonts)) {}
  double width(TextFace face, double size, const std::string& text) const override {
    return fonts_->width(face, size, text);
  }

 private:
  std::shared_ptr<const FigureFonts> fonts_;
};

}  // namespace

FontFile::~FontFile() { FT_Done_Face(face); }

Result<std::shared_ptr<const FigureFonts>> FigureFonts::open() {
  const Error none{.code = Code::environment,
                   .expected = "DejaVu Sans or another scalable font",
                   .found = "none that fontconfig knows",
                   .message = "figures need a font",
                   .next = "install fonts-dejavu-core"};
  FT_Library library = nullptr;
  if (FT_Init_FreeType(&library) != 0) return none;
  auto fonts = std::make_shared<FigureFonts>();
  fonts->library_ = std::shared_ptr<FT_LibraryRec_>(library, FT_Done_FreeType);
  fonts->faces_ = {open_match(fonts->library_, pattern_of("DejaVu Sans", FC_WEIGHT_REGULAR)),
                   open_match(fonts->library_, pattern_of("DejaVu Sans", FC_WEIGHT_BOLD)),
                   open_match(fonts->library_, pattern_of("DejaVu Sans Mono", FC_WEIGHT_REGULAR))};
  for (const auto& face : fonts->faces_)
    if (!face) return none;
  return std::shared_ptr<const FigureFonts>(std::move(fonts));
}

std::shared_ptr<const FontFile> FigureFonts::font_with(char32_t code, TextFace face) const {
  const auto& own = faces_[index_of(face)];
  if (FT_Get_Char_Index(own->face, code) != 0) return own;
  if (FT_Get_Char_Index(faces_[0]->face, code) != 0) return faces_[0];
  if (const auto found = fallback_.find(code); found != fallback_.end()) return found->second ? found->second : own;
  const Pattern wanted = pattern_of("sans-serif", FC_WEIGHT_REGULAR);
  const std::unique_ptr<FcCharSet, void (*)(FcCharSet*)> set(FcCharSetCreate(), FcCharSetDestroy);
  FcCharSetAddChar(set.get(), code);
  FcPatternAddCharSet(wanted.get(), FC_CHARSET, set.get());
  auto& kept = fallback_[code];
  kept = open_match(library_, wanted);
  if (kept && FT_Get_Char_Index(kept->face, code) == 0) kept = nullptr;
  return kept ? kept : own;
}

std::vector<PlacedGlyph> FigureFonts::glyphs(TextFace face, const std::string& text) const {
  std::vector<PlacedGlyph> out;
  for (const Character& c : characters_of(text)) {
    PlacedGlyph placed{.font = font_with(c.code, face), .bytes = c.bytes};
    const FT_Face ft = placed.font->face;
    placed.glyph = FT_Get_Char_Index(ft, c.code);
    if (FT_Load_Glyph(ft, placed.glyph, FT_LOAD_NO_SCALE) == 0)
      placed.advance = static_cast<double>(ft->glyph->metrics.horiAdvance) / ft->units_per_EM;
    out.push_back(std::move(placed));
  }
  return out;
}

double FigureFonts::width(TextFace face, double size, const std::string& text) const {
  double em = 0;
  for (const PlacedGlyph& glyph : glyphs(face, clean_text(text))) em += glyph.advance;
  return em * size;
}

std::unique_ptr<TextMeasure> figure_measure() {
  auto fonts = FigureFonts::open();
  if (!fonts) return std::make_unique<FixedMeasure>();
  return std::make_unique<FigureMeasure>(fonts.take());
}

}  // namespace lab
