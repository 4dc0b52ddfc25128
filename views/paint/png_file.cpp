#include "views/paint/png_file.h"

#include <png.h>

#include <algorithm>
#include <cmath>

#include "model/base/check.h"
#include "views/paint/text.h"

namespace lab {

namespace {

/// libpng reports by jumping, which must not cross our objects. What we pass it is always right, so a report is our bug.
[[noreturn]] void stop(png_structp, png_const_charp message) {
  LAB_CHECK(std::string("libpng: ") + message, ==, "");
  std::abort();
}
void append(png_structp png, png_bytep bytes, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}
void keep(png_structp) {}

/// Keys as the format wants them: 1 to 79 printable Latin-1 characters.
std::string key_of(const std::string& name) {
  std::string key;
  for (const char c : name.substr(0, 79)) key += c >= 0x21 && c < 0x7F ? c : '_';
  return key.empty() ? "Note" : key;
}

}  // namespace

std::string png_bytes(const Pixels& pixels, double dots_per_inch,
                      const std::vector<std::pair<std::string, std::string>>& texts) {
  LAB_CHECK(pixels.rgba.size(), ==, static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height));
  const bool opaque = std::all_of(pixels.rgba.begin(), pixels.rgba.end(), [](Rgba c) { return c >> 24 == 255; });
  const std::size_t channels = opaque ? 3 : 4;
  std::string out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, stop, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &out, append, keep);
  png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width), static_cast<png_uint_32>(pixels.height), 8,
               opaque ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGBA, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (dots_per_inch > 0) {
    const auto per_meter = static_cast<png_uint_32>(std::lround(dots_per_inch / 0.0254));
    png_set_pHYs(png, info, per_meter, per_meter, PNG_RESOLUTION_METER);
  }
  for (const auto& [name, value] : texts) {
    std::string key = key_of(name), text = clean_text(value), language, translated;
    const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    png_text chunk{};
    chunk.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    chunk.key = key.data(), chunk.text = text.data(), chunk.text_length = ascii ? text.size() : 0;
    chunk.itxt_length = ascii ? 0 : text.size();
    chunk.lang = language.data(), chunk.lang_key = translated.data();
    png_set_text(png, info, &chunk, 1);
  }
  png_write_info(png, info);
  std::vector<png_byte> row(static_cast<std::size_t>(pixels.width) * channels);
  for (std::size_t y = 0; y < static_cast<std::size_t>(pixels.height); ++y) {
    const Rgba* from = &pixels.rgba[y * static_cast<std::size_t>(pixels.width)];
    for (std::size_t x = 0; x < static_cast<std::size_t>(pixels.width); ++x)
      for (std::size_t c = 0; c < channels; ++c) row[x * channels + c] = static_cast<png_byte>(from[x] >> (8 * c));
    png_write_row(png, row.data());
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
}

}  // namespace lab
