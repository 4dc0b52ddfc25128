#pragma once
// Pixels of a rendered frame.
#include <cstdint>
#include <string>
#include <vector>

namespace lab {

/// Red, green, blue, 255 a pixel; the top row first.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;
};

/// The bytes of a PNG file.
std::string png_of(const Image& image);

}  // namespace lab
