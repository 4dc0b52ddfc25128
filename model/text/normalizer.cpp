#include "model/text/normalizer.h"

#include "model/text/unicode.h"
#include "model/text/utf8.h"

namespace lab {
namespace {

// Segment by segment, so that the place of what did not change stays exact.
MappedText composed_segments(const MappedText& text) {
  MappedText out;
  for (std::size_t at = 0; at < text.text.size();) {
    std::size_t stop = at + decode_utf8(text.text, at).length;
    while (stop < text.text.size() && !begins_segment(decode_utf8(text.text, stop).value))
      stop += decode_utf8(text.text, stop).length;
    const std::string_view segment = std::string_view(text.text).substr(at, stop - at);
    const std::string normal = composed(segment);
    if (normal == segment)
      out.append_part(text, at, stop);
    else
      out.append_changed(normal, text.begin[at], text.end[stop - 1]);
    at = stop;
  }
  return out;
}

}  // namespace

MappedText replaced(const MappedText& text, std::string_view from, std::string_view to) {
  MappedText out;
  std::size_t done = 0;
  for (std::size_t at = text.text.find(from); at != std::string::npos; at = text.text.find(from, done)) {
    out.append_part(text, done, at);
    done = at + from.size();
    out.append_changed(to, text.begin[at], text.end[done - 1]);
  }
  out.append_part(text, done, text.text.size());
  return out;
}

MappedText prepended(const MappedText& text, std::string_view prefix) {
  MappedText out;
  out.append_changed(prefix, text.begin[0], text.begin[0]);
  out.append_part(text, 0, text.text.size());
  return out;
}

MappedText normalized(const Normalizer& steps, const MappedText& text, std::size_t begin, std::size_t end) {
  MappedText out;
  out.append_part(text, begin, end);
  for (const NormalizerStep& step : steps) {
    if (out.text.empty()) break;
    switch (step.kind) {
      case NormalizerStep::Kind::nfc: out = composed_segments(out); break;
      case NormalizerStep::Kind::prepend: out = prepended(out, step.to); break;
      case NormalizerStep::Kind::replace: out = replaced(out, step.from, step.to); break;
    }
  }
  return out;
}

}  // namespace lab
