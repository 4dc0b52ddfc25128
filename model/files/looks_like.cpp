#include "model/files/looks_like.h"

#include <algorithm>
#include <string_view>

namespace lab {

const char* looks_like(std::span<const std::byte> image) {
  const std::string_view start(reinterpret_cast<const char*>(image.data()), std::min<std::size_t>(image.size(), 64));
  const auto begins = [&](std::string_view magic) { return start.substr(0, magic.size()) == magic; };
  if (begins("GGUF")) return "a GGUF file";
  if (begins("PK\x03\x04")) return "a zip archive, as PyTorch writes it";
  if (begins("version https://git-lfs")) return "a Git LFS pointer: the real file was not downloaded";
  if (begins("<!DOCTYPE") || begins("<html") || begins("<!doctype")) return "a web page";
  if (begins("\x80\x02") || begins("\x80\x04")) return "a Python pickle";
  return nullptr;
}

}  // namespace lab
