// PDF and PNG through Cairo.
#include <cairo-ft.h>
#include <cairo-pdf.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "views/paint/fonts.h"
#include "views/paint/paint.h"
#include "views/paint/png_file.h"
#include "views/paint/text.h"

namespace lab {

namespace {

using Surface = std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)>;
using Context = std::unique_ptr<cairo_t, void (*)(cairo_t*)>;
using CairoFont = std::unique_ptr<cairo_font_face_t, void (*)(cairo_font_face_t*)>;

/// Cairo may keep a font longer than we do, so it holds the file too.
CairoFont cairo_font(const std::shared_ptr<const FontFile>& file) {
  static const cairo_user_data_key_t key{};
  CairoFont font(cairo_ft_font_face_create_for_ft_face(file->face, FT_LOAD_NO_HINTING), cairo_font_face_destroy);
  auto* held = new std::shared_ptr<const FontFile>(file);
  const auto release = [](void* kept) { delete static_cast<std::shared_ptr<const FontFile>*>(kept); };
  if (cairo_font_face_set_user_data(font.get(), &key, held, release) != CAIRO_STATUS_SUCCESS) release(held);
  return font;
}

/// Translates operations into calls of Cairo. `cell_density`: pixels a point that images are at least enlarged to.
class CairoPainter {
 public:
  CairoPainter(cairo_t* to, const FigureFonts& fonts, double cell_density)
      : to_(to), fonts_(fonts), cell_density_(cell_density) {
    cairo_font_options_t* options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(to, options);
    cairo_font_options_destroy(options);
    cairo_set_line_join(to, CAIRO_LINE_JOIN_ROUND);
  }

  void operator()(const FillRect& op) {
    color(op.color);
    rectangle(op.rect);
    cairo_fill(to_);
  }

  void operator()(const StrokeLine& op) {
    if (op.points.empty()) return;
    color(op.color);
    const bool closed = op.points.size() > 2 && op.points.front().x == op.points.back().x &&
                        op.points.front().y == op.points.back().y;
    path(op.points);
    if (closed) cairo_close_path(to_);
    cairo_set_line_width(to_, op.width);
    const double dashes[] = {op.dash_on, op.dash_off};
    cairo_set_dash(to_, dashes, op.dash_on > 0 && op.dash_off > 0 ? 2 : 0, 0);
    cairo_stroke(to_);
  }

  void operator()(const FillPolygon& op) {
    color(op.color);
    path(op.points);
    cairo_close_path(to_);
    cairo_fill(to_);
  }

  void operator()(const DrawText& op) {
    const std::string text = clean_text(op.text);
    const std::vector<PlacedGlyph> glyphs = fonts_.glyphs(op.face, text);
    double width = 0;
    for (const PlacedGlyph& glyph : glyphs) width += glyph.advance * op.size;
    cairo_save(to_);
    cairo_translate(to_, op.at.x, op.at.y);
    if (op.upwards) cairo_rotate(to_, -M_PI / 2);
    color(op.color);
    cairo_set_font_size(to_, op.size);
    double x = op.align == TextAlign::left ? 0 : op.align == TextAlign::right ? -width : -width / 2;
    std::size_t byte = 0;
    for (std::size_t i = 0; i < glyphs.size();) x = show_run(glyphs, i, text, byte, x, op.size);
    cairo_restore(to_);
  }

  void operator()(const DrawImage& op) {
    const Pixels& pixels = *op.pixels;
    if (pixels.width <= 0 || pixels.height <= 0) return;
    const int across = enlargement(op.rect.w, pixels.width), down = enlargement(op.rect.h, pixels.height);
    const Surface image = enlarged(pixels, across, down);
    const int width = pixels.width * across, height = pixels.height * down;
    cairo_save(to_);
    rectangle(op.rect);
    cairo_clip(to_);
    cairo_translate(to_, op.rect.x, op.rect.y);
    cairo_scale(to_, op.rect.w / width, op.rect.h / height);
    cairo_set_source_surface(to_, image.get(), 0, 0);
    double device_x = 1, device_y = 1;
    cairo_user_to_device_distance(to_, &device_x, &device_y);
    const bool shrinks = cell_density_ == 0 && std::min(std::abs(device_x), std::abs(device_y)) < 0.99;
    cairo_pattern_set_filter(cairo_get_source(to_), shrinks ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
    cairo_pattern_set_extend(cairo_get_source(to_), CAIRO_EXTEND_PAD);
    cairo_paint(to_);
    cairo_restore(to_);
  }

  void operator()(const Clip& op) {
    if (!op.begin) return cairo_restore(to_);
    cairo_save(to_);
    rectangle(op.rect);
    cairo_clip(to_);
  }

 private:
  void color(Rgba c) {
    cairo_set_source_rgba(to_, (c & 255) / 255.0, (c >> 8 & 255) / 255.0, (c >> 16 & 255) / 255.0, (c >> 24) / 255.0);
  }
  void rectangle(const RectF& r) { cairo_rectangle(to_, r.x, r.y, r.w, r.h); }
  void path(const std::vector<PointF>& points) {
    cairo_new_path(to_);
    for (const PointF& point : points) cairo_line_to(to_, point.x, point.y);
  }

  /// Shows the glyphs from `i` on that share a font, with their text, so that it can be searched and copied.
  double show_run(const std::vector<PlacedGlyph>& glyphs, std::size_t& i, const std::string& text, std::size_t& byte, double x,
                  double size) {
    const auto& font = glyphs[i].font;
    std::vector<cairo_glyph_t> placed;
    std::vector<cairo_text_cluster_t> clusters;
    const std::size_t from = byte;
    for (; i < glyphs.size() && glyphs[i].font == font; ++i) {
      placed.push_back({glyphs[i].glyph, x, 0});
      clusters.push_back({glyphs[i].bytes, 1});
      byte += static_cast<std::size_t>(glyphs[i].bytes);
      x += glyphs[i].advance * size;
    }
    auto known = cairo_fonts_.find(font.get());
    if (known == cairo_fonts_.end()) known = cairo_fonts_.emplace(font.get(), cairo_font(font)).first;
    cairo_set_font_face(to_, known->second.get());
    cairo_show_text_glyphs(to_, text.data() + from, static_cast<int>(byte - from), placed.data(),
                           static_cast<int>(placed.size()), clusters.data(), static_cast<int>(clusters.size()),
                           static_cast<cairo_text_cluster_flags_t>(0));
    return x;
  }

  /// How often a cell is repeated, since readers of PDF smooth images that they enlarge much.
  int enlargement(double points, int cells) const {
    return std::clamp(static_cast<int>(std::ceil(points * cell_density_ / cells - 1e-6)), 1, 64);
  }

  static Surface enlarged(const Pixels& pixels, int across, int down) {
    const bool opaque = std::all_of(pixels.rgba.begin(), pixels.rgba.end(), [](Rgba c) { return c >> 24 == 255; });
    Surface image(cairo_image_surface_create(opaque ? CAIRO_FORMAT_RGB24 : CAIRO_FORMAT_ARGB32, pixels.width * across,
                                             pixels.height * down),
                  cairo_surface_destroy);
    unsigned char* data = cairo_image_surface_get_data(image.get());
    if (!data) return image;
    const int stride = cairo_image_surface_get_stride(image.get());
    for (int y = 0; y < pixels.height * down; ++y) {
      auto* row = reinterpret_cast<std::uint32_t*>(data + static_cast<std::ptrdiff_t>(y) * stride);
      const Rgba* from = &pixels.rgba[static_cast<std::size_t>(y / down) * static_cast<std::size_t>(pixels.width)];
      for (int x = 0; x < pixels.width * across; ++x) row[x] = premultiplied(from[x / across]);
    }
    cairo_surface_mark_dirty(image.get());
    return image;
  }
  /// Cairo's order: alpha, red, green, blue from the highest byte down.
  static std::uint32_t premultiplied(Rgba c) {
    const std::uint32_t alpha = c >> 24;
    const auto part = [&](int shift) { return ((c >> shift & 255) * alpha + 127) / 255; };
    return alpha << 24 | part(0) << 16 | part(8) << 8 | part(16);
  }

  cairo_t* to_;
  const FigureFonts& fonts_;
  double cell_density_;
  std::map<const FontFile*, CairoFont> cairo_fonts_;
};

Error cairo_error(cairo_status_t status, const char* kind) {
  return {.code = status == CAIRO_STATUS_NO_MEMORY ? Code::no_memory : Code::environment,
          .found = cairo_status_to_string(status),
          .message = std::string("the ") + kind + " could not be drawn"};
}

Status paint_all(const DisplayList& list, cairo_t* to, double cell_density, const char* kind) {
  LAB_ASSIGN(const auto fonts, FigureFonts::open());
  CairoPainter painter(to, *fonts, cell_density);
  for (const DrawOp& op : list.ops) std::visit(painter, op);
  if (const auto status = cairo_status(to); status != CAIRO_STATUS_SUCCESS) return cairo_error(status, kind);
  return {};
}

cairo_status_t append(void* to, const unsigned char* bytes, unsigned count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

std::string date_text() {
  const auto seconds = static_cast<std::time_t>(file_date());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

}  // namespace

Result<std::string> paint_pdf(const DisplayList& list, const FileInfo& info) {
  std::string out;
  const Surface surface(cairo_pdf_surface_create_for_stream(append, &out, list.width, list.height), cairo_surface_destroy);
  std::string subject;
  for (const auto& [name, value] : info.notes) subject += (subject.empty() ? "" : "; ") + name + ": " + value;
  const auto say = [&](cairo_pdf_metadata_t what, const std::string& text) {
    if (!text.empty()) cairo_pdf_surface_set_metadata(surface.get(), what, clean_text(text).c_str());
  };
  say(CAIRO_PDF_METADATA_TITLE, info.title);
  say(CAIRO_PDF_METADATA_SUBJECT, subject);
  say(CAIRO_PDF_METADATA_CREATOR, "State Lab");
  say(CAIRO_PDF_METADATA_CREATE_DATE, date_text());
  say(CAIRO_PDF_METADATA_MOD_DATE, date_text());
  {
    const Context context(cairo_create(surface.get()), cairo_destroy);
    LAB_TRY(paint_all(list, context.get(), 600.0 / 72, "PDF"));
  }
  cairo_surface_finish(surface.get());
  if (const auto status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS)
    return cairo_error(status, "PDF");
  return out;
}

Result<std::string> paint_png(const DisplayList& list, const FileInfo& info, double dots_per_inch) {
  const double scale = dots_per_inch / 72;
  const double width = std::ceil(list.width * scale - 1e-6), height = std::ceil(list.height * scale - 1e-6);
  constexpr double limit = 30000;
  if (!(dots_per_inch > 0) || !(width >= 1 && width <= limit && height >= 1 && height <= limit))
    return Error{.code = Code::out_of_range,
                 .field = "dots per inch",
                 .expected = "1 to 30000 pixels a side",
                 .found = decimal_text(width, 0) + " x " + decimal_text(height, 0),
                 .message = "the picture cannot have this size"};
  const int w = static_cast<int>(width), h = static_cast<int>(height);
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, w, h), cairo_surface_destroy);
  {
    const Context context(cairo_create(surface.get()), cairo_destroy);
    cairo_scale(context.get(), scale, scale);
    LAB_TRY(paint_all(list, context.get(), 0, "PNG"));
  }
  cairo_surface_flush(surface.get());
  const unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  Pixels pixels{w, h, {}};
  pixels.rgba.reserve(static_cast<std::size_t>(w) * static_cast<std::size_t>(h));
  for (int y = 0; y < h; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < w; ++x) {
      const std::uint32_t alpha = row[x] >> 24;
      const auto part = [&](int shift) { return alpha == 0 ? 0 : std::min(255u, ((row[x] >> shift & 255) * 255 + alpha / 2) / alpha); };
      pixels.rgba.push_back(part(16) | part(8) << 8 | part(0) << 16 | alpha << 24);
    }
  }
  std::vector<std::pair<std::string, std::string>> texts{{"Title", info.title}, {"Software", "State Lab"}};
  if (info.title.empty()) texts.erase(texts.begin());
  texts.insert(texts.end(), info.notes.begin(), info.notes.end());
  return png_bytes(pixels, dots_per_inch, texts);
}

}  // namespace lab
