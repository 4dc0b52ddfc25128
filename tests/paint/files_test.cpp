// Files that painters write: their formats, their fonts, and the same bytes twice.
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "views/paint/paint.h"
#include "views/paint/text.h"

using namespace lab;

namespace {

/// One of each operation, with text that files must escape and characters that no single font has.
DisplayList everything() {
  auto pixels = std::make_shared<Pixels>(Pixels{2, 1, {rgba(0xFF0000), rgba(0x0000FF)}});
  DisplayList list{160, 60, {}};
  list.ops = {FillRect{{0, 0, 160, 60}, rgba(0xFFFFFF)},
              Clip{{10, 10, 50, 40}},
              StrokeLine{{{0, 0}, {60.126, 60}}, rgba(0x2563C9), 1.2, 4, 2},
              FillPolygon{{{20, 20}, {30, 20}, {25, 30}}, rgba(0x00FF00, 128)},
              DrawImage{{10, 30, 20, 10}, pixels},
              Clip{{}, false},
              DrawText{{10, 20}, "<a & \"b\"> ‖h‖₂ −1", TextFace::label, 8, rgba(0)},
              DrawText{{50, 30}, "bold", TextFace::title, 9, rgba(0), TextAlign::center},
              DrawText{{80, 50}, "up␣", TextFace::mono, 7, rgba(0), TextAlign::right, true}};
  return list;
}
const FileInfo kInfo{"A <figure>", {{"model", "tiny & small"}, {"prompt", "Δ ≥ 0"}}};

std::string painted(const std::string& name) {
  auto bytes = paint_as(name, everything(), kInfo, 144);
  REQUIRE_MESSAGE(bytes, name);
  return bytes.take();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// What a program says of a PDF; empty where the program is not installed.
std::string output_of(const std::string& program, const std::string& pdf, const std::string& to = "") {
  const auto file = std::filesystem::temp_directory_path() / ("paint-test-" + std::to_string(getpid()) + ".pdf");
  std::ofstream(file, std::ios::binary) << pdf;
  std::string out;
  if (FILE* pipe = popen((program + " " + file.string() + " " + to + " 2>/dev/null").c_str(), "r")) {
    char buffer[4096];
    while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
    pclose(pipe);
  }
  std::filesystem::remove(file);
  return out;
}

/// Whether elements are closed in the order in which they are opened, quotes are even and nothing is unescaped.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (tag.empty() || tag.find('<') != std::string::npos || count(tag, "\"") % 2 != 0) return false;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" /", 1) - (tag[0] == '/'));
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag[0] != '?' && tag.back() != '/') {
      open.push_back(name);
    }
    at = end;
  }
  for (std::size_t at = xml.find('&'); at != std::string::npos; at = xml.find('&', at + 1))
    if (xml.find(';', at) > at + 6) return false;
  return open.empty();
}

}  // namespace

TEST_CASE("files: equal lists give equal bytes in every format") {
  for (const char* name : {"a.pdf", "a.svg", "a.png"}) CHECK_MESSAGE(painted(name) == painted(name), name);
}

TEST_CASE("pdf: it has a page of the list's size, the title, and a fixed date") {
  const std::string pdf = painted("a.pdf");
  CHECK(pdf.rfind("%PDF-1.", 0) == 0);
  CHECK(pdf.find("%%EOF") != std::string::npos);
  const std::string info = output_of("pdfinfo", pdf);
  if (info.empty()) {
    MESSAGE("pdfinfo is not installed: page and title were not looked at");
    return;
  }
  CHECK(info.find("A <figure>") != std::string::npos);
  CHECK(info.find("tiny & small") != std::string::npos);
  CHECK(info.find("160 x 60 pts") != std::string::npos);
  CHECK(info.find("1970") != std::string::npos);
}

TEST_CASE("pdf: every font is embedded as a subset, none is Type 3, and text can be searched") {
  const std::string pdf = painted("a.pdf");
  const std::string fonts = output_of("pdffonts", pdf);
  if (fonts.empty()) {
    MESSAGE("pdffonts is not installed: fonts were not looked at");
    return;
  }
  CHECK(fonts.find("Type 3") == std::string::npos);
  CHECK(count(fonts, "+") >= 3);  // subsets have names such as ABCDEF+DejaVuSans
  CHECK(count(fonts, "\n") - 2 == count(fonts, "yes yes yes"));
  CHECK(output_of("pdftotext", pdf, "-").find("‖h‖₂ −1") != std::string::npos);
}

TEST_CASE("svg: it is well formed, keeps text as text and escapes it") {
  const std::string svg = painted("a.svg");
  CHECK(is_well_formed(svg));
  CHECK(count(svg, "<text") == 3);
  CHECK(svg.find("&lt;a &amp; &quot;b&quot;&gt; ‖h‖₂ −1</text>") != std::string::npos);
  CHECK(svg.find("<title>A &lt;figure&gt;</title>") != std::string::npos);
  CHECK(svg.find("60.13,60") != std::string::npos);  // two decimals at most
  CHECK(svg.find("image-rendering:pixelated") != std::string::npos);
  CHECK(svg.find("rotate(-90)") != std::string::npos);
  CHECK(svg.find("fill-opacity=\"0.5\"") != std::string::npos);
}

TEST_CASE("svg: bytes that are no text become a replacement, never broken markup") {
  DisplayList list{10, 10, {DrawText{{0, 5}, std::string("\x01 \xFF \xC0\x80 ok \xE2\x82", 13), TextFace::tick, 7, rgba(0)}}};
  const auto svg = paint_svg(list, {});
  REQUIRE(svg);
  CHECK(is_well_formed(*svg));
  CHECK(svg->find("� � �� ok ��") != std::string::npos);
  CHECK(paint_pdf(list, {}));
}

TEST_CASE("png: size and resolution are what was asked for, and notes are kept") {
  const std::string png = painted("a.png");
  CHECK(png.rfind("\x89PNG\r\n\x1A\n", 0) == 0);
  CHECK(big_endian(png, 16) == 320);
  CHECK(big_endian(png, 20) == 120);
  const std::size_t resolution = png.find("pHYs");
  REQUIRE(resolution != std::string::npos);
  CHECK(big_endian(png, resolution + 4) == 5669);  // 144 dots an inch in dots a metre
  CHECK(png[resolution + 12] == 1);
  CHECK(png.find(std::string("tEXtmodel\0tiny & small", 22)) != std::string::npos);
  CHECK(png.find("iTXtprompt") != std::string::npos);
}

TEST_CASE("files: other endings and impossible sizes are refused") {
  const auto other = paint_as("figure.jpg", everything(), kInfo);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Code::unsupported);
  for (const double dots : {0.0, -1.0, 1e9}) {
    const auto huge = paint_png(everything(), kInfo, dots);
    REQUIRE_FALSE(huge);
    CHECK(huge.error().code == Code::out_of_range);
  }
}

TEST_CASE("measure: widths grow with size, bold is wider, mono is even, rare characters have a width") {
  const auto measure = figure_measure();
  CHECK(measure->width(TextFace::label, 16, "state") == doctest::Approx(2 * measure->width(TextFace::label, 8, "state")));
  CHECK(measure->width(TextFace::title, 8, "state") > measure->width(TextFace::label, 8, "state"));
  CHECK(measure->width(TextFace::mono, 8, "iii") == doctest::Approx(measure->width(TextFace::mono, 8, "WWW")));
  CHECK(measure->width(TextFace::label, 8, "∇‖␣") > 8);
  CHECK(measure->width(TextFace::label, 8, "") == 0);
}

TEST_CASE("numbers in files: no superfluous digits, no minus zero") {
  CHECK(decimal_text(1.0) == "1");
  CHECK(decimal_text(-0.001) == "0");
  CHECK(decimal_text(12.3456) == "12.35");
  CHECK(decimal_text(-12.3, 3) == "-12.3");
  CHECK(base64("any carnal pleas") == "YW55IGNhcm5hbCBwbGVhcw==");
}
