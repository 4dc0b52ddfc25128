#include "views/panels/figure_pane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr double kFewestTokens = 8;  // that zooming in leaves

template <class T>
const void* address(const std::shared_ptr<const T>& part) {
  return part.get();
}

/// A slab by its content: columns are written once and never moved, and the kept figure holds them.
std::string slab_key(const StateSlab& slab) {
  const std::int64_t count = slab.columns.count();
  const auto at = [&](std::int64_t i) {
    return static_cast<const void*>(count > 0 ? slab.columns[i].data() : nullptr);
  };
  return fmt::format(" | slab {} {} {} {} {} {} {}", slab.layer, slab.state, slab.first, slab.stride, count, at(0),
                     at(count - 1));
}

/// What was found, by content: the analyst hands the same findings over again and again.
std::string alerts_key(const PaneContext& context, const FigureOptions& options) {
  const AlertLog* log = context.derived.alerts.get();
  if (!log) return " | no alerts yet";
  return fmt::format(" | alerts {} {} {} {} {} | {} {} {}", static_cast<const void*>(log->rules.get()), log->first, log->seen, log->alerts.size(),
                     context.snapshot.trace ? context.snapshot.trace->revision() : 0, options.rule, options.first_row, options.rows);
}

std::string key_of(const Ui& ui, Box box, const PaneContext& context, const FigureRequest& request) {
  const Snapshot& s = context.snapshot;
  const Derived& d = context.derived;
  const FigureOptions& o = request.options;
  const Query& needs = find_figure(request.kind)->needs;
  std::string key =
      fmt::format("{} {} {} {} {} | {} {} {} {} {} {} {} {} {} {} {}", request.kind, box.w, box.h, ui.scale(),
                  ui.theme().name, static_cast<int>(o.map), static_cast<int>(o.scaling), o.locked, o.low, o.high,
                  static_cast<int>(o.order), o.yaw, o.pitch, o.all_layers, o.cursors, o.tokens_label);
  key += fmt::format(" | {} {} {} {} {} {}", static_cast<const void*>(s.model.get()), s.count(), s.selection.layer,
                     s.selection.first, s.selection.last, d.refusal);
  if (o.cursors) key += fmt::format(" | {} {}", s.selection.cursor_a, s.selection.cursor_b);
  if (needs.slab && d.slab) key += slab_key(*d.slab);
  if (needs.frame) key += fmt::format(" | {}", address(d.frame));
  if (needs.attention) key += fmt::format(" | {}", address(d.attention));
  if (needs.next) key += fmt::format(" | {}", address(d.next));
  if (needs.lens) key += fmt::format(" | {}", address(d.lens));
  if (needs.weights) key += fmt::format(" | {} {} {} {}", address(d.weights), s.selection.tensor, s.selection.against, o.log_counts);
  if (needs.trajectory) key += fmt::format(" | {}", address(d.trajectory));
  if (needs.alerts) key += alerts_key(context, o);
  if (needs == Query{} && s.trace) key += fmt::format(" | trace {} {}", s.trace->revision(), s.trace->count());
  return key;
}

}  // namespace

PlotStyle plot_style(const Theme& theme) {
  PlotStyle style = screen_style(theme.dark);
  style.background = theme.pane, style.frame = theme.axis, style.grid = theme.grid;
  style.run_a = theme.accent, style.run_b = theme.run_b, style.run_d = theme.good;
  style.text = theme.text, style.dim = theme.dim, style.faint = theme.faint, style.cursor = theme.cursor;
  style.warning = theme.warning, style.good = theme.good, style.bad = theme.bad;
  style.adds = theme.adds, style.cancels = theme.cancels;
  if (theme.has_edges) style.sequential_from = 0.35;  // black takes more of the dark end
  return style;
}

const KeptFigure& kept_figure(Ui& ui, Box box, PaneContext& context, const FigureRequest& request) {
  KeptFigure& kept = kept_of(context).figures[request.slot];
  std::string key = key_of(ui, box, context, request);
  if (kept.key == key) return kept;
  kept = {.key = std::move(key), .sources = context.derived};
  kept.subtitle = subtitle_of(request.kind, context.snapshot, context.derived);
  auto made = find_figure(request.kind)->make(context.snapshot, context.derived, request.options);
  kept.is_there = static_cast<bool>(made);
  if (!made) {
    kept.refusal = made.error();
    return kept;
  }
  kept.figure = made.take();
  if (request.adjust) request.adjust(kept.figure);
  PlotStyle style = plot_style(ui.theme());
  style.pixels_per_point = ui.scale();
  style.left = request.left, style.right = request.right;
  kept.page = lay_out(kept.figure, box.w, box.h, style, context.painter);
  return kept;
}

bool draw_figure(Ui& ui, Box box, PaneContext& context, const KeptFigure& figure) {
  if (!figure.is_there) {
    empty_note(ui, box, figure.refusal.message, figure.refusal.next);
    return false;
  }
  context.painter.paint(figure.page.list, ui.list(), ui.px(box.x), ui.px(box.y));
  return true;
}

Box frame_of(const KeptFigure& figure, Box box, std::size_t plot) {
  const RectF& frame = figure.page.areas[plot].frame;
  return {box.x + static_cast<float>(frame.x), box.y + static_cast<float>(frame.y), static_cast<float>(frame.w),
          static_cast<float>(frame.h)};
}

bool icon_button(Ui& ui, Box box, const char* symbol, const char* id, std::string_view tip, bool selected,
                 bool enabled) {
  return button(ui, (std::string(symbol) + "##" + id).c_str(), box,
                {.selected = selected, .enabled = enabled, .tip = tip});
}

void choose_colors(Ui& ui, PaneHeader& header, FigureOptions& options) {
  int scaling = static_cast<int>(options.scaling), map = static_cast<int>(options.map);
  if (combo(ui, "scaling", header.control(84), kScalingNames, scaling)) options.scaling = static_cast<Scaling>(scaling);
  if (combo(ui, "map", header.control(84), kMapNames, map)) options.map = static_cast<ColorMap>(map);
}

void draw_time_cursors(Ui& ui, Box frame, const PlotArea& area, const Snapshot& snapshot, bool on_heatmap) {
  const Color color = on_heatmap ? rgb(0x000000) : ui.theme().cursor;
  const auto line = [&](std::int64_t token, bool dashed) {
    const auto x = frame.x + static_cast<float>(area.place_of_x(static_cast<double>(token)) - area.frame.x);
    if (token >= 0 && x >= frame.x && x < frame.right()) ui.line_down(x, frame.y, frame.bottom(), color, dashed);
  };
  line(snapshot.selection.cursor_b, true);
  line(snapshot.selection.cursor_a, false);
}

Hit handle_time_axis(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const char* id) {
  PaneMemory::Kept& kept = kept_of(context);
  const Snapshot& snapshot = context.snapshot;
  kept.time = {frame.x, frame.right(), area.x.low, area.x.high};
  Hit hit = ui.hit(id, frame);
  const double per_unit = (area.x.high - area.x.low) / std::max(1.0f, frame.w);
  const auto count = static_cast<double>(snapshot.count());
  const auto show = [&](double first, double width) {
    width = std::clamp(std::round(width), std::min(kFewestTokens, count), count);
    first = std::clamp(std::round(first), 0.0, count - width);
    const auto from = static_cast<std::int64_t>(first), to = static_cast<std::int64_t>(first + width);
    const bool all = from == 0 && to == snapshot.count();
    context.send(command::ShowRange{all ? 0 : from, all ? 0 : to});
  };
  const double first = area.x.low + 0.5, width = area.x.high - area.x.low;
  if (hit.pressed) kept.pan = 0, kept.has_panned = false;
  if (hit.held) {
    kept.pan -= static_cast<double>(hit.dragged_x) * per_unit;
    const bool far_enough = kept.has_panned || std::abs(kept.pan) > 4 * per_unit;
    if (far_enough && width < count && std::abs(kept.pan) >= 1) {
      show(first + std::trunc(kept.pan), width);
      kept.pan -= std::trunc(kept.pan);
      kept.has_panned = true;
    }
  }
  if (hit.hovered && hit.wheel != 0) {
    const double factor = std::pow(1.25, -static_cast<double>(hit.wheel));
    const double at = kept.time.token(hit.x) + 0.5;
    show(at - (at - first) * factor, width * factor);
  }
  if (hit.double_clicked) context.send(command::ShowRange{0, 0});
  hit.clicked = hit.clicked && !kept.has_panned;
  if (hit.clicked) {
    const auto token = static_cast<std::int64_t>(std::floor(kept.time.token(hit.x) + 0.5));
    if (token >= 0 && token < snapshot.count()) context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
  }
  return hit;
}

}  // namespace lab
