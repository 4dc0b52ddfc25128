#include "tests/shell/golden_image.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <imgui.h>
#include <png.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "app/shell/font_loader.h"
#include "model/base/hash.h"
#include "model/files/file.h"

namespace lab {
namespace {

constexpr int kMostDifference = 2;       // of a channel: rounding of blended edges in another build of the renderer
constexpr double kMostPixels = 0.001;    // share of pixels that may differ at all

bool blesses() {
  const char* wish = std::getenv("LAB_BLESS");
  return wish && std::string(wish) == "1";
}

std::string folder() { return fmt::format("{}/tests/shell/golden/imgui-{}", LAB_SOURCE_DIR, IMGUI_VERSION_NUM); }

/// One line a font: family, weight, hash of the file.
std::string fonts_here() {
  const std::pair<const char*, Weight> faces[] = {{"Inter", Weight::regular}, {"Inter", Weight::semi_bold}, {"JetBrains Mono", Weight::regular},
                                                  {"DejaVu Sans", Weight::regular}, {"forkawesome", Weight::regular}};
  std::string text;
  for (const auto& [family, weight] : faces) {
    const auto bytes = read_file(find_font(family, weight), 32 << 20);
    const std::string hash = bytes ? hex_of(hash_bytes(bytes->data(), bytes->size())) : "missing";
    text += fmt::format("{} {} {}\n", family, weight == Weight::regular ? "regular" : "semi-bold", hash);
  }
  return text;
}

Image read_png(const std::string& path) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  REQUIRE_MESSAGE(png_image_begin_read_from_file(&header, path.c_str()) != 0, path, " cannot be read");
  header.format = PNG_FORMAT_RGBA;
  Image image{static_cast<int>(header.width), static_cast<int>(header.height), std::vector<std::uint8_t>(PNG_IMAGE_SIZE(header))};
  REQUIRE(png_image_finish_read(&header, nullptr, image.pixels.data(), 0, nullptr) != 0);
  return image;
}

void write_png(const std::string& path, const Image& image) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  REQUIRE(write_file_atomically(path, png_of(image)));
}

struct Difference {
  std::int64_t pixels = 0;
  int largest = 0;
  Image picture;  // black where equal
};

Difference difference(const Image& a, const Image& b) {
  Difference out;
  out.picture = {a.width, a.height, std::vector<std::uint8_t>(a.pixels.size(), 255)};
  for (std::size_t pixel = 0; pixel < a.pixels.size(); pixel += 4) {
    int largest = 0;
    for (std::size_t c = pixel; c < pixel + 3; ++c) {
      const int here = std::abs(a.pixels[c] - b.pixels[c]);
      out.picture.pixels[c] = static_cast<std::uint8_t>(std::min(255, here * 8));
      largest = std::max(largest, here);
    }
    out.pixels += largest > 0;
    out.largest = std::max(out.largest, largest);
  }
  return out;
}

}  // namespace

std::string golden_refusal() {
  if (blesses()) return {};
  const auto kept = read_file(folder() + "/fonts.txt", 1 << 16);
  if (!kept) return fmt::format("there are no pictures for ImGui {}", IMGUI_VERSION_NUM);
  if (*kept != fonts_here()) return "the fonts here are not those of the pictures:\n" + fonts_here();
  return {};
}

void check_golden(const Image& actual, const std::string& name) {
  const std::string path = folder() + "/" + name + ".png";
  if (blesses()) {
    write_png(path, actual);
    REQUIRE(write_file_atomically(folder() + "/fonts.txt", fonts_here()));
    MESSAGE("kept as the new ", path);
    return;
  }
  const Image expected = read_png(path);
  REQUIRE(expected.width == actual.width);
  REQUIRE(expected.height == actual.height);
  if (expected.pixels == actual.pixels) return;
  const Difference found = difference(actual, expected);
  const auto most = static_cast<std::int64_t>(kMostPixels * actual.width * actual.height);
  const std::string place = std::string(LAB_SOURCE_DIR "/build/golden/") + name;
  write_png(place + "-actual.png", actual);
  write_png(place + "-difference.png", found.picture);
  MESSAGE(name, ": not bit-equal: ", found.pixels, " pixels differ, by at most ", found.largest, " of 255; see ", place, "-*.png");
  CHECK(found.largest <= kMostDifference);
  CHECK(found.pixels <= most);
}

}  // namespace lab
