// Words on and beside the data: names of lines, labels of marks and rules, notes of bars. None covers another.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "views/plot/layout_parts.h"

namespace lab {

namespace {

struct Name {
  double end = 0;   // of the line, on the page
  double at = 0;    // of the name
  const LineLayer* line = nullptr;
};

/// The last point of a line that the frame shows.
bool end_of(const PlotArea& area, const LineLayer& line, double& y) {
  const double low = std::min(area.x.low, area.x.high), high = std::max(area.x.low, area.x.high);
  for (std::size_t i = std::min(line.x.size(), line.y.size()); i-- > 0;) {
    if (line.x[i] < low || line.x[i] > high || std::isnan(line.y[i])) continue;
    y = area.place_of_y(line.y[i]);
    return std::isfinite(y);
  }
  return false;
}

/// Moves places apart to `pitch` and keeps them in [low, high]: down from the top, then up again from the bottom.
void spread(std::vector<Name>& names, double low, double high, double pitch) {
  std::stable_sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.end < b.end; });
  for (Name& name : names) name.at = std::clamp(name.end, low, high);
  // Groups that touch share their shift evenly: the mean of the members' wishes decides where a group lies.
  struct Group {
    double start, count;
  };
  std::vector<Group> groups;
  for (const Name& name : names) {
    groups.push_back({name.at, 1});
    while (groups.size() > 1) {
      const Group last = groups.back();
      Group& before = groups[groups.size() - 2];
      const double end = before.start + before.count * pitch;
      if (last.start >= end) break;
      const double wish = (before.start * before.count + (last.start - before.count * pitch) * last.count) /
                          (before.count + last.count);
      before = {wish, before.count + last.count};
      groups.pop_back();
    }
  }
  std::size_t next = 0;
  for (const Group& group : groups)
    for (int i = 0; i < static_cast<int>(group.count); ++i) names[next++].at = group.start + i * pitch;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i].at = std::max(names[i].at, i == 0 ? low : names[i - 1].at + pitch);
  for (std::size_t i = names.size(); i-- > 0;)
    names[i].at = std::min(names[i].at, i + 1 == names.size() ? high : names[i + 1].at - pitch);
}

bool overlaps(const RectF& a, const RectF& b) {
  return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}
bool is_inside(const RectF& a, const RectF& frame) {
  return a.x >= frame.x && a.y >= frame.y && a.right() <= frame.right() && a.bottom() <= frame.bottom();
}

/// Places along a plot's curves, which labels avoid where they can.
std::vector<PointF> places_along(const PlotPlan& plan, double pixel) {
  constexpr double apart = 4;
  std::vector<PointF> out;
  const PlotArea area = plan.area();
  const auto add = [&](const PointF& next, bool joined) {
    if (joined && !out.empty()) {
      const PointF last = out.back();
      const double distance = std::hypot(next.x - last.x, next.y - last.y);
      const int between = distance < 2000 ? static_cast<int>(distance / apart) : 0;
      for (int i = 1; i <= between; ++i)
        out.push_back({last.x + (next.x - last.x) * i / (between + 1), last.y + (next.y - last.y) * i / (between + 1)});
    }
    out.push_back(next);
  };
  for (const Layer& layer : plan.plot->layers) {
    if (const auto* path = std::get_if<PathLayer>(&layer))
      for (std::size_t i = 0; i < path->at.size(); ++i)
        add({area.place_of_x(path->at[i].x), area.place_of_y(path->at[i].y)}, path->joined && i > 0);
    if (const auto* line = std::get_if<LineLayer>(&layer)) {
      bool joined = false;
      for_each_point(plan, *line, pixel, [&](PointF at) { add(at, std::exchange(joined, true)); });
    }
  }
  return out;
}

constexpr std::ptrdiff_t kSides = 8;  // places around a mark at one distance

class Labels {
 public:
  Labels(const Sheet& sheet, const PlotPlan& plan) : sheet_(sheet), plan_(plan) {}

  /// Writes a text in the emptiest of some places, the first ones preferred, and says which: null where none is free.
  const RectF* write(const std::vector<RectF>& places, const std::string& text, Rgba color, bool must = false) {
    if (!points_) points_ = places_along(plan_, 1 / sheet_.style.pixels_per_point);  // many: only where something is written
    const RectF* best = nullptr;
    long least = 0;
    for (const RectF& box : places) {
      const bool is_free = std::none_of(taken_.begin(), taken_.end(), [&](const RectF& t) { return overlaps(t, box); });
      if (!is_free || !is_inside(box, plan_.frame)) continue;
      const long hidden = std::count_if(points_->begin(), points_->end(),
                                        [&](const PointF& p) { return box.contains(p.x, p.y); });
      const long cost = 2 * hidden + (&box - places.data()) / kSides;  // later places are farther away
      if (!best || cost < least) best = &box, least = cost;
    }
    if (!best && must && !places.empty()) best = &places.front();
    if (!best) return nullptr;
    taken_.push_back(*best);
    if (!plan_.has_heat || !must) sheet_.fill(*best, sheet_.style.background);
    const double size = sheet_.style.label_size;
    sheet_.text({best->x + pad(), best->y + best->h / 2 + kHalfDigit * size}, text, TextFace::label, color);
    return best;
  }
  void take(const RectF& box) { taken_.push_back(box); }

  double pad() const { return 0.25 * sheet_.style.label_size; }
  double box_width(const std::string& text) const { return sheet_.width(TextFace::label, text) + 2 * pad(); }
  double box_height() const { return 1.2 * sheet_.style.label_size; }

 private:
  const Sheet& sheet_;
  const PlotPlan& plan_;
  std::optional<std::vector<PointF>> points_;
  std::vector<RectF> taken_;
};

void write_mark(const Sheet& sheet, const PlotPlan& plan, const MarkLayer& mark, Labels& labels) {
  if (mark.label.empty()) return;
  const PlotArea area = plan.area();
  const PointF at{area.place_of_x(mark.at.x), area.place_of_y(mark.at.y)};
  if (!plan.frame.contains(at.x, at.y)) return;
  const double w = labels.box_width(mark.label), h = labels.box_height();
  std::vector<RectF> places;
  const double size = sheet.style.label_size, near = mark.radius + 0.6 * size;
  for (const double away : {mark.radius + 1, near, mark.radius + 1.5 * size, mark.radius + 2.5 * size}) {
    const double aslant = 0.7 * away;
    places.insert(places.end(), {{at.x + away, at.y - h / 2, w, h}, {at.x - away - w, at.y - h / 2, w, h},
                                 {at.x + aslant, at.y - aslant - h, w, h}, {at.x - aslant - w, at.y - aslant - h, w, h},
                                 {at.x + aslant, at.y + aslant, w, h}, {at.x - aslant - w, at.y + aslant, w, h},
                                 {at.x - w / 2, at.y - away - h, w, h}, {at.x - w / 2, at.y + away, w, h}});
  }
  const RectF* box = labels.write(places, mark.label, sheet.style.color(mark.ink == Ink::cursor ? Ink::text : mark.ink));
  if (!box) return;
  const PointF edge{std::clamp(at.x, box->x, box->right()), std::clamp(at.y, box->y, box->bottom())};
  const double distance = std::hypot(edge.x - at.x, edge.y - at.y);
  if (distance <= near + 0.1) return;
  const double from = std::max(mark.radius, 1.5) / distance;  // a far label is tied to its mark
  sheet.line({{at.x + from * (edge.x - at.x), at.y + from * (edge.y - at.y)}, edge}, sheet.style.dim,
             sheet.style.is_screen ? 1 : 0.5);
}

void write_rule(const Sheet& sheet, const PlotPlan& plan, const RuleLayer& rule, Labels& labels) {
  if (rule.label.empty()) return;
  const PlotArea area = plan.area();
  const RectF& frame = plan.frame;
  const double w = labels.box_width(rule.label), h = labels.box_height(), away = 2;
  const double place = rule.vertical ? area.place_of_x(rule.at) : area.place_of_y(rule.at);
  const Rgba color = sheet.style.color(rule.ink == Ink::cursor ? Ink::text : rule.ink);
  if (rule.vertical)
    labels.write({{place + away, frame.y + away, w, h}, {place - away - w, frame.y + away, w, h},
                  {place + away, frame.bottom() - away - h, w, h}, {place - away - w, frame.bottom() - away - h, w, h}},
                 rule.label, color);
  else
    labels.write({{frame.right() - away - w, place - away - h, w, h}, {frame.right() - away - w, place + away, w, h},
                  {frame.x + away, place - away - h, w, h}, {frame.x + away, place + away, w, h}},
                 rule.label, color);
}

/// Notes stand at the ends of their bars; where the frame ends inside them, or else beyond zero.
void write_notes(const Sheet& sheet, const PlotPlan& plan, const BarLayer& bars) {
  const PlotArea area = plan.area();
  const double away = 0.4 * sheet.style.tick_size, drop = kHalfDigit * sheet.style.tick_size;
  for (std::size_t i = 0; i < std::min(bars.notes.size(), bars.values.size()); ++i) {
    const double value = std::isfinite(bars.values[i]) ? bars.values[i] : 0, at = static_cast<double>(i);
    const std::string& note = bars.notes[i];
    if (!bars.across) {
      const double y = area.place_of_y(value);
      sheet.text({area.place_of_x(at), value < 0 ? y + away + 2 * drop : y - away}, note, TextFace::tick, sheet.style.text,
                 TextAlign::center);
      continue;
    }
    const double x = area.place_of_x(value), zero = area.place_of_x(0), baseline = area.place_of_y(at) + drop;
    const bool to_right = x >= zero;
    const double width = sheet.width(TextFace::tick, note) + 2 * away;
    const bool fits = to_right ? x + width <= plan.frame.right() : x - width >= plan.frame.x;
    const bool fits_inside = !fits && std::abs(x - zero) > width;
    const bool is_muted = bars.highlight >= 0 && bars.highlight != static_cast<int>(i);
    const bool rightwards = fits == to_right;
    const double from = fits || fits_inside ? x : zero;
    sheet.text({rightwards ? from + away : from - away, baseline}, note, TextFace::tick,
               fits_inside && !is_muted ? sheet.style.background : sheet.style.text,
               rightwards ? TextAlign::left : TextAlign::right);
  }
}

void write_note(const Sheet& sheet, const PlotPlan& plan, const NoteLayer& note, Labels& labels) {
  const PlotArea area = plan.area();
  const double x = area.place_of_x(note.at.x), y = area.place_of_y(note.at.y);
  if (note.text.empty() || !std::isfinite(x) || !std::isfinite(y)) return;
  const double w = labels.box_width(note.text), h = labels.box_height();
  const double left = note.align == TextAlign::left ? x : note.align == TextAlign::right ? x - w : x - w / 2;
  labels.write({{left, y - h / 2, w, h}}, note.text, sheet.style.color(note.ink), true);
}

}  // namespace

double width_of_names(const Sheet& sheet, const Plot& plot) {
  double width = 0;
  for (const Layer& layer : plot.layers)
    if (const auto* line = std::get_if<LineLayer>(&layer))
      width = std::max(width, sheet.width(TextFace::label, line->name));
  return width;
}

void draw_names(const Sheet& sheet, const PlotPlan& plan) {
  const PlotArea area = plan.area();
  std::vector<Name> names;
  for (const Layer& layer : plan.plot->layers) {
    const auto* line = std::get_if<LineLayer>(&layer);
    Name name{.line = line};
    if (line && !line->name.empty() && end_of(area, *line, name.end)) names.push_back(name);
  }
  const RectF& frame = plan.frame;
  const double size = sheet.style.label_size, pitch = 1.15 * size, half = 0.5 * size;
  const auto room = static_cast<std::size_t>(std::max(1.0, std::floor((frame.h - 2 * half) / pitch) + 1));
  if (names.size() > room) names.resize(room);
  spread(names, frame.y + half, std::max(frame.y + half, frame.bottom() - half), pitch);
  const double gap = spaces_of(sheet.style).name_gap;
  for (const Name& name : names) {
    const Rgba color = ink_color(plan, sheet.style, name.line->ink);
    const double end = std::clamp(name.end, frame.y, frame.bottom());
    if (std::abs(end - name.at) > half)  // a short link shows whose name this is
      sheet.line({{frame.right() + 1, end}, {frame.right() + gap + 0.4 * size, name.at}}, color, 0.5);
    const double shift = std::abs(end - name.at) > half ? 0.6 * size : 0;
    sheet.text({frame.right() + gap + shift, name.at + kHalfDigit * size}, name.line->name, TextFace::label, color);
  }
}

void draw_labels(const Sheet& sheet, const PlotPlan& plan) {
  Labels labels(sheet, plan);
  const PlotArea area = plan.area();
  for (const Layer& layer : plan.plot->layers)
    if (const auto* mark = std::get_if<MarkLayer>(&layer)) {
      const double x = area.place_of_x(mark->at.x), y = area.place_of_y(mark->at.y), r = mark->radius;
      labels.take({x - r, y - r, 2 * r, 2 * r});
    }
  for (const Layer& layer : plan.plot->layers) {
    if (const auto* mark = std::get_if<MarkLayer>(&layer)) write_mark(sheet, plan, *mark, labels);
    if (const auto* rule = std::get_if<RuleLayer>(&layer)) write_rule(sheet, plan, *rule, labels);
    if (const auto* bars = std::get_if<BarLayer>(&layer)) write_notes(sheet, plan, *bars);
    if (const auto* note = std::get_if<NoteLayer>(&layer)) write_note(sheet, plan, *note, labels);
  }
}

}  // namespace lab
