#include "views/panels/kit/ui.h"

#include <cfloat>
#include <cmath>
#include <vector>

#include "views/panels/kit/readable.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

/// The longest prefix of UTF-8 text that ends at a code point and is at most `bytes` long.
std::string_view prefix(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(at, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

void Ui::begin(const Theme& theme, const Fonts& fonts, float scale) {
  theme_ = &theme;
  fonts_ = &fonts;
  scale_ = scale;
  items.clear();
}

float Ui::hairline() const { return std::max(1.0f, std::floor(scale_)); }
float Ui::px(float units) const { return std::floor(units * scale_ + 0.5f); }
ImDrawList* Ui::list() const { return ImGui::GetWindowDrawList(); }

void Ui::fill(Box box, Color color, float radius) const {
  const ImVec2 a(px(box.x), px(box.y)), b(px(box.right()), px(box.bottom()));
  if (b.x > a.x && b.y > a.y) list()->AddRectFilled(a, b, color, radius * scale_);
}

void Ui::outline(Box box, Color color, float radius, float thickness) const {
  const float t = std::max(1.0f, px(thickness));
  const ImVec2 a(px(box.x) + t / 2, px(box.y) + t / 2), b(px(box.right()) - t / 2, px(box.bottom()) - t / 2);
  // A draw list puts rectangles half a pixel off; this takes that back so that edges are sharp.
  list()->AddRect({a.x - 0.5f, a.y - 0.5f}, {b.x + 0.5f, b.y + 0.5f}, color, radius * scale_, 0, t);
}

void Ui::dashed_outline(Box box, Color color) const {
  const float left = px(box.x), right = px(box.right()), on = px(4), off = px(3);
  for (const float y : {px(box.y), px(box.bottom()) - 1})
    for (float x = left; x < right; x += on + off) list()->AddRectFilled({x, y}, {std::min(x + on, right), y + 1}, color);
  line_down(box.x, box.y, box.bottom(), color, true);
  line_down((right - 1) / scale_, box.y, box.bottom(), color, true);
}

void Ui::line_across(float x0, float x1, float y, Color color) const {
  list()->AddRectFilled({px(x0), px(y)}, {px(x1), px(y) + hairline()}, color);
}

void Ui::line_down(float x, float y0, float y1, Color color, bool dashed) const {
  const float at = px(x), end = at + hairline(), top = px(y0), bottom = px(y1), on = px(4), off = px(3);
  if (!dashed) {
    list()->AddRectFilled({at, top}, {end, bottom}, color);
    return;
  }
  for (float y = top; y < bottom; y += on + off) list()->AddRectFilled({at, y}, {end, std::min(y + on, bottom)}, color);
}

std::string Ui::drawable(Face face, std::string_view text) const {
  ImFont& glyphs = *font(face).font;
  return readable(text, [&](char32_t code) { return compat::has_glyph(glyphs, code); });
}

float Ui::width(Face face, std::string_view text) const {
  const FaceFont& f = font(face);
  std::string drawn;
  if (needs_care(text)) text = drawn = drawable(face, text);
  return f.font->CalcTextSizeA(f.px, FLT_MAX, 0, text.data(), text.data() + text.size()).x / scale_;
}

float Ui::height(Face face) const { return font(face).px / scale_; }

float Ui::text(Face face, float x, float y, Color color, std::string_view text) const {
  const FaceFont& f = font(face);
  std::string drawn;
  if (needs_care(text)) text = drawn = drawable(face, text);
  list()->AddText(f.font, f.px, {px(x), px(y)}, color, text.data(), text.data() + text.size());
  return x + width(face, text);
}

float Ui::text_in(Box box, Face face, Color color, std::string_view text, Align align) const {
  std::string drawn, shortened;
  if (needs_care(text)) text = drawn = drawable(face, text);
  float w = width(face, text);
  if (w > box.w) {
    const char* dots = compat::has_glyph(*font(face).font, 0x2026) ? "…" : ".";
    std::size_t low = 0, high = text.size();
    while (low < high) {
      const std::size_t middle = (low + high + 1) / 2;
      if (width(face, std::string(prefix(text, middle)) + dots) <= box.w) low = middle;
      else high = middle - 1;
    }
    if (low == 0) return box.x;
    shortened = std::string(prefix(text, low)) + dots;
    text = shortened;
    w = width(face, text);
  }
  float x = box.x;
  if (align == Align::center) x += (box.w - w) / 2;
  if (align == Align::right) x = box.right() - w;
  return this->text(face, x, box.y + (box.h - height(face)) / 2, color, text);
}

float Ui::paragraph(Box box, Face face, Color color, std::string_view text, float leading) const {
  float y = box.y;
  std::string line;
  const auto flush = [&] {
    text_in({box.x, y, box.w, leading}, face, color, line);
    y += leading;
    line.clear();
  };
  for (const std::string_view word : split(text, ' ')) {
    const std::string longer = line.empty() ? std::string(word) : line + " " + std::string(word);
    if (!line.empty() && width(face, longer) > box.w) {
      flush();
      line = word;
    } else {
      line = longer;
    }
  }
  if (!line.empty()) flush();
  return y - box.y;
}

Hit Ui::hit(const char* id, Box box) {
  if (record_items) items[pane + "/" + id] = box;
  ImGui::SetCursorScreenPos({px(box.x), px(box.y)});
  const ImVec2 size(std::max(1.0f, px(box.right()) - px(box.x)), std::max(1.0f, px(box.bottom()) - px(box.y)));
  Hit hit;
  hit.clicked = ImGui::InvisibleButton(id, size) && !ImGui::IsMouseDragging(ImGuiMouseButton_Left, 24 * scale_);
  hit.hovered = ImGui::IsItemHovered();
  hit.held = ImGui::IsItemActive();
  hit.pressed = ImGui::IsItemActivated();
  hit.double_clicked = hit.hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left);
  hit.right_clicked = hit.hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Right);
  const ImGuiIO& io = ImGui::GetIO();
  hit.x = io.MousePos.x / scale_;
  hit.y = io.MousePos.y / scale_;
  if (hit.held) hit.dragged_x = io.MouseDelta.x / scale_;
  if (hit.hovered) hit.wheel = io.MouseWheel;
  return hit;
}

void Ui::tooltip(std::string_view text, std::span<const Color> labels) {
  const auto lines = split(text, '\n');
  const float row = 18, gap = 16;
  float first = 0, second = 0;
  for (const auto line : lines) {
    const auto columns = split(line, '\t');
    first = std::max(first, width(Face::control, columns[0]));
    if (columns.size() > 1) second = std::max(second, width(Face::dense, columns[1]) + gap);
  }
  const ImGuiIO& io = ImGui::GetIO();
  const float w = first + second + 16, h = row * static_cast<float>(lines.size()) + 10;
  const float window_w = io.DisplaySize.x / scale_, window_h = io.DisplaySize.y / scale_;
  float x = io.MousePos.x / scale_ + 20, y = io.MousePos.y / scale_ + 8;
  if (x + w > window_w - 4) x = io.MousePos.x / scale_ - 20 - w;
  y = std::min(y, window_h - h - 4);
  ImDrawList* front = ImGui::GetForegroundDrawList();
  const ImVec2 a(px(x), px(y)), b(px(x + w), px(y + h));
  front->AddRectFilled(a, b, theme_->raised, 4 * scale_);
  front->AddRect(a, b, theme_->faint, 4 * scale_);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto columns = split(lines[i], '\t');
    const float top = y + 5 + row * static_cast<float>(i) + (row - height(Face::control)) / 2;
    const auto put = [&](Face face, float left, Color color, std::string_view part) {
      const FaceFont& f = font(face);
      std::string drawn;
      if (needs_care(part)) part = drawn = drawable(face, part);
      front->AddText(f.font, f.px, {px(left), px(top)}, color, part.data(), part.data() + part.size());
    };
    const Color usual = columns.size() > 1 ? theme_->dim : theme_->text;
    put(Face::control, x + 8, i < labels.size() && labels[i] ? labels[i] : usual, columns[0]);
    if (columns.size() > 1) put(Face::dense, x + w - 8 - width(Face::dense, columns[1]), theme_->text, columns[1]);
  }
}

void Ui::clip(Box box) const {
  list()->PushClipRect({px(box.x), px(box.y)}, {px(box.right()), px(box.bottom())}, true);
}
void Ui::unclip() const { list()->PopClipRect(); }

}  // namespace lab
