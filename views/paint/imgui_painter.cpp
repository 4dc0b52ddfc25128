#include "views/paint/imgui_painter.h"

#include <imgui.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>

namespace lab {

namespace {

/// From the top of a line to its baseline, in pixels.
float ascent_of(const ScreenFont& font) {
#if IMGUI_VERSION_NUM >= 19200
  return font.font->GetFontBaked(font.px)->Ascent;
#else
  return font.font->Ascent * font.px / font.font->FontSize;
#endif
}

/// Draws into one draw list at one origin. Everything upright lies on whole pixels.
class Brush {
 public:
  Brush(ImDrawList* into, float x, float y, float scale, const ScreenFont* fonts)
      : into_(into), origin_(x, y), scale_(scale), fonts_(fonts) {}

  void operator()(const FillRect& op) {
    const auto [a, b] = corners(op.rect);
    into_->AddRectFilled(a, b, op.color);
  }

  void operator()(const StrokeLine& op) {
    if (op.points.size() < 2) return;
    points_.clear();
    for (const PointF& point : op.points) points_.push_back(at(point));
    const float width = std::max(1.0f, static_cast<float>(op.width) * scale_);
    if (op.dash_on > 0 && op.dash_off > 0)
      return dash(op.color, width, static_cast<float>(op.dash_on) * scale_, static_cast<float>(op.dash_off) * scale_);
    if (is_upright()) {
      for (std::size_t i = 1; i < points_.size(); ++i) bar(points_[i - 1], points_[i], op.color, width);
      return;
    }
    into_->AddPolyline(points_.data(), static_cast<int>(points_.size()), op.color, 0, width);
  }

  void operator()(const FillPolygon& op) {
    if (op.points.size() < 3) return;
    points_.clear();
    for (const PointF& point : op.points) points_.push_back(at(point));
    float area = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const ImVec2 a = points_[i], b = points_[(i + 1) % points_.size()];
      area += a.x * b.y - b.x * a.y;
    }
    if (area < 0) std::reverse(points_.begin(), points_.end());  // smooth edges want one turn
    into_->AddConvexPolyFilled(points_.data(), static_cast<int>(points_.size()), op.color);
  }

  void operator()(const DrawText& op) {
    const ScreenFont& font = fonts_[static_cast<std::size_t>(op.face)];
    if (!font.font || op.text.empty()) return;
    const char* end = op.text.data() + op.text.size();
    const float width = font.font->CalcTextSizeA(font.px, FLT_MAX, 0, op.text.data(), end).x;
    const float ascent = std::round(ascent_of(font));
    const float shift = op.align == TextAlign::left ? 0 : op.align == TextAlign::right ? -width : -width / 2;
    const ImVec2 base = at(op.at);
    const ImVec2 pivot(std::round(base.x), std::round(base.y));
    if (!op.upwards) {
      into_->AddText(font.font, font.px, ImVec2(std::round(base.x + shift), pivot.y - ascent), op.color, op.text.data(), end);
      return;
    }
    // Written level, without being cut, then turned about its base point.
    const int from = into_->VtxBuffer.Size;
    font.font->RenderText(into_, font.px, ImVec2(pivot.x + std::round(shift), pivot.y - ascent), op.color,
                          ImVec4(-FLT_MAX, -FLT_MAX, FLT_MAX, FLT_MAX), op.text.data(), end);
    for (int i = from; i < into_->VtxBuffer.Size; ++i) {
      ImVec2& corner = into_->VtxBuffer[i].pos;
      corner = ImVec2(pivot.x + (corner.y - pivot.y), pivot.y - (corner.x - pivot.x));
    }
  }

  void operator()(const DrawImage&) {}  // needs textures: drawn by the painter

  void image(const DrawImage& op, std::uintptr_t texture) {
    const auto [a, b] = corners(op.rect);
    into_->AddImage((ImTextureID)texture, a, b);
  }

  void operator()(const Clip& op) {
    if (!op.begin) return into_->PopClipRect();
    const auto [a, b] = corners(op.rect);
    into_->PushClipRect(a, b, true);
  }

 private:
  ImVec2 at(const PointF& point) const {
    return ImVec2(origin_.x + static_cast<float>(point.x) * scale_, origin_.y + static_cast<float>(point.y) * scale_);
  }
  std::pair<ImVec2, ImVec2> corners(const RectF& r) const {
    const ImVec2 a = at({r.x, r.y}), b = at({r.right(), r.bottom()});
    return {ImVec2(std::round(a.x), std::round(a.y)), ImVec2(std::round(b.x), std::round(b.y))};
  }
  bool is_upright() const {
    for (std::size_t i = 1; i < points_.size(); ++i)
      if (points_[i].x != points_[i - 1].x && points_[i].y != points_[i - 1].y) return false;
    return true;
  }

  /// A level or upright line as a filled rectangle of whole pixels.
  void bar(ImVec2 a, ImVec2 b, ImU32 color, float width) {
    const float thick = std::max(1.0f, std::round(width));
    const bool level = a.y == b.y;
    const float middle = level ? a.y : a.x;
    const float from = std::round(middle - thick / 2);
    float low = level ? std::min(a.x, b.x) : std::min(a.y, b.y), high = level ? std::max(a.x, b.x) : std::max(a.y, b.y);
    low = std::round(low), high = std::max(std::round(high), low + 1);
    if (level) into_->AddRectFilled(ImVec2(low, from), ImVec2(high, from + thick), color);
    else into_->AddRectFilled(ImVec2(from, low), ImVec2(from + thick, high), color);
  }

  /// Cuts the points into runs by arc length.
  void dash(ImU32 color, float width, float on, float off) {
    const bool upright = is_upright();
    std::vector<ImVec2> run;
    bool is_on = true;
    float left = on;
    const auto flush = [&] {
      if (run.size() > 1 && upright) bar(run.front(), run.back(), color, width);
      else if (run.size() > 1) into_->AddPolyline(run.data(), static_cast<int>(run.size()), color, 0, width);
      run.clear();
    };
    run.push_back(points_.front());
    for (std::size_t i = 1; i < points_.size(); ++i) {
      ImVec2 from = points_[i - 1];
      const ImVec2 to = points_[i];
      float length = std::hypot(to.x - from.x, to.y - from.y);
      while (length > left) {
        from = ImVec2(from.x + (to.x - from.x) * left / length, from.y + (to.y - from.y) * left / length);
        length -= left;
        if (is_on) run.push_back(from), flush();
        else run.assign(1, from);
        is_on = !is_on;
        left = is_on ? on : off;
      }
      left -= length;
      if (is_on) run.push_back(to);
      if (is_on && upright) flush(), run.assign(1, to);  // a bar ends where the line turns
    }
    flush();
  }

  ImDrawList* into_;
  ImVec2 origin_;
  float scale_;
  const ScreenFont* fonts_;
  std::vector<ImVec2> points_;
};

}  // namespace

ImGuiPainter::ImGuiPainter(std::unique_ptr<Textures> textures) : textures_(std::move(textures)) {}

ImGuiPainter::~ImGuiPainter() {
  for (const auto& [pixels, kept] : kept_) textures_->remove(kept.texture);
}

void ImGuiPainter::set_fonts(const ScreenFont (&fonts)[4], float scale) {
  std::copy(std::begin(fonts), std::end(fonts), fonts_);
  scale_ = scale;
}

double ImGuiPainter::width(TextFace face, double, const std::string& text) const {
  const ScreenFont& font = fonts_[static_cast<std::size_t>(face)];
  if (!font.font) return 0;
  return font.font->CalcTextSizeA(font.px, FLT_MAX, 0, text.data(), text.data() + text.size()).x / scale_;
}

void ImGuiPainter::paint(const DisplayList& list, ImDrawList* into, float x, float y) {
  Brush brush(into, x, y, scale_, fonts_);
  for (const DrawOp& op : list.ops) {
    const auto* image = std::get_if<DrawImage>(&op);
    if (!image) {
      std::visit(brush, op);
      continue;
    }
    Kept& kept = kept_[image->pixels.get()];
    if (!kept.pixels) kept = {image->pixels, textures_->make(*image->pixels)};
    kept.used = true;
    brush.image(*image, kept.texture);
  }
}

void ImGuiPainter::end_frame() {
  for (auto entry = kept_.begin(); entry != kept_.end();) {
    if (std::exchange(entry->second.used, false)) {
      ++entry;
      continue;
    }
    textures_->remove(entry->second.texture);
    entry = kept_.erase(entry);
  }
}

}  // namespace lab
