#include "model/text/mapped_text.h"

#include "model/text/utf8.h"

namespace lab {

void MappedText::append_same(std::string_view part, std::size_t from) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    begin.push_back(from + i);
    end.push_back(from + i + 1);
  }
  text.append(part);
}

void MappedText::append_changed(std::string_view part, std::size_t from, std::size_t to) {
  begin.insert(begin.end(), part.size(), from);
  end.insert(end.end(), part.size(), to);
  text.append(part);
}

void MappedText::append_part(const MappedText& other, std::size_t from, std::size_t to) {
  const auto place = [](const std::vector<std::size_t>& list, std::size_t at) {
    return list.begin() + static_cast<std::ptrdiff_t>(at);
  };
  begin.insert(begin.end(), place(other.begin, from), place(other.begin, to));
  end.insert(end.end(), place(other.end, from), place(other.end, to));
  text.append(other.text, from, to - from);
}

MappedText mapped(std::string_view text) {
  MappedText out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    if (point.valid)
      out.append_same(text.substr(at, point.length), at);
    else
      out.append_changed("\xEF\xBF\xBD", at, at + point.length);
    at += point.length;
  }
  return out;
}

}  // namespace lab
