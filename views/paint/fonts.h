#pragma once
// The fonts of figures: found by fontconfig, measured and drawn by FreeType outlines without hinting.
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "views/plot/display_list.h"

struct FT_LibraryRec_;
struct FT_FaceRec_;

namespace lab {

/// An opened font file. Keeps the library alive that it belongs to.
struct FontFile {
  std::shared_ptr<FT_LibraryRec_> library;
  FT_FaceRec_* face = nullptr;

  FontFile(std::shared_ptr<FT_LibraryRec_> from, FT_FaceRec_* opened) : library(std::move(from)), face(opened) {}
  ~FontFile();
  FontFile(const FontFile&) = delete;
  FontFile& operator=(const FontFile&) = delete;
};

/// One character as a glyph of some font.
struct PlacedGlyph {
  std::shared_ptr<const FontFile> font;
  unsigned glyph = 0;
  int bytes = 0;       // of the character in UTF-8
  double advance = 0;  // in em
};

class FigureFonts {
 public:
  static Result<std::shared_ptr<const FigureFonts>> open();

  /// Glyphs of clean text. Where the face lacks one, DejaVu Sans and then any font that has it takes its place.
  std::vector<PlacedGlyph> glyphs(TextFace face, const std::string& text) const;
  double width(TextFace face, double size, const std::string& text) const;

 private:
  std::shared_ptr<const FontFile> font_with(char32_t code, TextFace face) const;

  std::shared_ptr<FT_LibraryRec_> library_;
  std::array<std::shared_ptr<const FontFile>, 3> faces_;                 // regular, bold, mono
  mutable std::map<char32_t, std::shared_ptr<const FontFile>> fallback_;  // found when first met
};

}  // namespace lab
