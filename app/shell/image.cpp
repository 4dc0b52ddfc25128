#include "app/shell/image.h"

#include <png.h>

#include "model/base/check.h"

namespace lab {

std::string png_of(const Image& image) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGBA;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  LAB_CHECK(png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr), !=, 0);
  bytes.resize(size);
  return bytes;
}

}  // namespace lab
