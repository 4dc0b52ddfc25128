#include "model/text/unicode.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <vector>

namespace lab {
namespace {

const icu::Normalizer2& nfc() {
  UErrorCode status = U_ZERO_ERROR;
  return *icu::Normalizer2::getNFCInstance(status);
}

// The canonical decomposition in canonical order: between starters, marks by class, equal ones as they came.
icu::UnicodeString ordered(const icu::UnicodeString& text) {
  struct Mark {
    UChar32 value;
    std::uint8_t order;
  };
  std::vector<Mark> marks;
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    icu::UnicodeString parts;
    if (!nfc().getDecomposition(text.char32At(at), parts)) parts = icu::UnicodeString(text.char32At(at));
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1))
      marks.push_back({parts.char32At(i), nfc().getCombiningClass(parts.char32At(i))});
  }
  const auto is_starter = [](const Mark& mark) { return mark.order == 0; };
  for (auto from = marks.begin(); from != marks.end();) {
    const auto to = std::find_if(from + 1, marks.end(), is_starter);
    std::stable_sort(is_starter(*from) ? from + 1 : from, to,
                     [](const Mark& a, const Mark& b) { return a.order < b.order; });
    from = to;
  }
  icu::UnicodeString out;
  for (const Mark& mark : marks) out.append(mark.value);
  return out;
}

}  // namespace

CharacterClass class_of(char32_t c) {
  const std::uint32_t category = U_GET_GC_MASK(static_cast<UChar32>(c));
  if (category & U_GC_L_MASK) return CharacterClass::letter;
  if (category & U_GC_N_MASK) return CharacterClass::number;
  return is_space(c) ? CharacterClass::space : CharacterClass::other;
}

bool is_space(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE); }

bool is_punctuation(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_P_MASK) != 0; }

bool is_word_character(char32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ALPHABETIC);
}

bool begins_segment(char32_t c) { return nfc().hasBoundaryBefore(static_cast<UChar32>(c)); }

std::string composed(std::string_view text) {
  // ICU orders combining marks one by one, which takes quadratic time: long runs are decomposed and sorted beforehand.
  constexpr std::size_t long_run = 256;
  auto units = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  if (text.size() > long_run) units = ordered(units);
  UErrorCode status = U_ZERO_ERROR;
  std::string normal;
  nfc().normalize(units, status).toUTF8String(normal);
  return normal;
}

}  // namespace lab
