#pragma once
// What happens to a text before it is cut into words.
#include <string>
#include <vector>

#include "model/text/mapped_text.h"

namespace lab {

/// One change of the whole text.
struct NormalizerStep {
  enum class Kind : std::uint8_t { nfc, prepend, replace };
  Kind kind = Kind::nfc;
  std::string from, to;  // replace: from, not empty, becomes to; prepend: to
};

/// The steps in order. Places in the original survive: where a step changed something, as the whole changed segment.
using Normalizer = std::vector<NormalizerStep>;

/// Bytes [begin, end) of a text after all steps; an empty part stays empty.
MappedText normalized(const Normalizer& steps, const MappedText& text, std::size_t begin, std::size_t end);
/// One step on a text that is not empty.
MappedText replaced(const MappedText& text, std::string_view from, std::string_view to);
MappedText prepended(const MappedText& text, std::string_view prefix);

}  // namespace lab
