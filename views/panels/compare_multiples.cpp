// Several runs beside A at once: small multiples in the place of one difference.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/compare.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kKind = "compare-multiples";
constexpr double kFewestTokens = 8;  // that zooming in leaves

const RunMultiple* multiple_of(const RunMultiples& all, std::int64_t run) {
  const auto found = std::ranges::find(all.runs, run, &RunMultiple::run);
  return found == all.runs.end() ? nullptr : &*found;
}

/// Where cursor A stands in the tokens of the run that the others are set beside; -1: nowhere.
std::int64_t cursor_in_a(const Snapshot& snapshot, const RunMultiples& all) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const RunMultiple* active = multiple_of(all, snapshot.active_run);
  const std::int64_t token = active && active->alignment ? token_of(*active->alignment, column_of(*active->alignment, cursor, true), false) : cursor;
  return token < all.tokens ? token : -1;
}

/// Puts cursor A on a token of that run: in the active one where it has the token beside it.
void seek_in_a(PaneContext& context, const RunMultiples& all, double place) {
  if (!std::isfinite(place) || all.tokens == 0) return;
  const auto token = static_cast<std::int64_t>(std::clamp(std::floor(place + 0.5), 0.0, static_cast<double>(all.tokens - 1)));
  const Snapshot& snapshot = context.snapshot;
  std::int64_t wanted = token;
  if (const RunMultiple* active = multiple_of(all, snapshot.active_run); active && active->alignment) {
    const std::int64_t column = active->alignment->column_of_a(token);
    wanted = column < 0 ? -1 : active->alignment->columns[static_cast<std::size_t>(column)].b;
  }
  const bool is_there = wanted >= 0 && wanted < snapshot.count();
  if (!is_there && !snapshot.find_run(all.a)) return;  // a file has no cursor
  if (!is_there) context.send(command::SwitchRun{all.a});
  context.send(command::Seek{is_there ? wanted : token, "a"});
}

void show_tokens(PaneContext& context, const RunMultiples& all, double first, double width) {
  const auto count = static_cast<double>(all.tokens);
  width = std::clamp(std::round(width), std::min(kFewestTokens, count), count);
  first = std::clamp(std::round(first), 0.0, count - width);
  if (width >= count) context.send(command::ShowRange{0, 0});
  else context.send(command::ShowRange{static_cast<std::int64_t>(first), static_cast<std::int64_t>(first + width)});
}

/// The run's name in its colour at the left; at the right where its text leaves that of A, that nothing differs, or that nothing is there.
void draw_name(Ui& ui, Box frame, const Snapshot& snapshot, const RunMultiple& each) {
  const auto write = [&](float x, Color color, const std::string& text) {
    const float width = ui.width(Face::tick, text);
    ui.fill({x - 2, frame.y + 1, width + 4, 14}, ui.theme().pane);
    ui.text_in({x, frame.y, width + 1, 16}, Face::tick, color, text);
  };
  write(frame.x + 4, run_color(ui.theme(), snapshot, each.run), each.name);
  if (!each.slab) return;
  const RunFacts* side = snapshot.find_side(each.run);
  const std::string text = side && side->tokens.count() == 0 ? "has read nothing" : each.slab->largest_difference == 0 ? "nothing differs" : each.apart >= 0 ? fmt::format("another text from t = {}", each.apart) : "the same text";
  const float width = ui.width(Face::tick, text);
  if (frame.w > width + ui.width(Face::tick, each.name) + 40) write(frame.right() - width - 4, ui.theme().dim, text);
}

void draw_cursor(Ui& ui, Box frame, const PlotArea& area, std::int64_t token) {
  const float x = frame.x + static_cast<float>(area.place_of_x(static_cast<double>(token)) - area.frame.x);
  if (token >= 0 && x >= frame.x && x < frame.right()) ui.line_down(x, frame.y, frame.bottom(), rgb(0x000000));
}

/// One run: its name, the cursor, and what the mouse does.
void draw_run(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const RunMultiples& all, std::size_t index, FigureOptions& options) {
  const RunMultiple& each = all.runs[index];
  draw_name(ui, frame, context.snapshot, each);
  if (!each.slab) return;
  draw_cursor(ui, frame, area, cursor_in_a(context.snapshot, all));
  const AxisView tokens{.all = all.tokens, .origin = -0.5, .show = [&](double first, double width) { show_tokens(context, all, first, width); }};
  const Hit hit = handle_axes(ui, frame, area, context, fmt::format("cells {}", each.run).c_str(), tokens, rows_view(options, each.slab->rows));
  const double x = area.x_from(hit.x - frame.x + area.frame.x), y = area.y_from(hit.y - frame.y + area.frame.y);
  if (hit.clicked && !hit.double_clicked) {
    seek_in_a(context, all, x);
    if (const std::int64_t row = slab_row(*each.slab, options, y); row >= 0) context.send(command::Select{context.snapshot.selection.layer, row, -1});
  }
  if (!hit.hovered) return;
  const std::string text = value_at(kKind, context.snapshot, context.derived, options, static_cast<int>(index), x, y);
  if (text.empty()) return;
  note_hover(ui, context, text, static_cast<std::int64_t>(std::floor(x + 0.5)));
  ui.tooltip(text);
}

/// The runs that can be shown, ticked where they are.
void draw_menu(Ui& ui, Box pane, PaneContext& context, const RunMultiples& all, FigureOptions& options, const KeptFigure& figure) {
  PaneMenu offered{.kind = kKind, .shown = options, .figure = &figure};
  offered.fit = [&] { context.send(command::ShowRange{0, 0}), options.first_row = options.rows = 0; };
  std::vector<std::int64_t> others;
  for (const RunFacts* side : sides_of(context.snapshot)) {
    if (side->id == all.a) continue;
    const bool is_shown = multiple_of(all, side->id) != nullptr;
    others.push_back(side->id);
    offered.more.push_back({.label = "Show " + side->name, .enabled = is_shown ? all.runs.size() > 1 : all.runs.size() < kMostMultiples, .marked = is_shown});
  }
  const int chosen = pane_menu(ui, pane, context, offered);
  if (chosen < 0) return;
  auto& left_out = context.memory.compare.left_out;
  const std::int64_t run = others[static_cast<std::size_t>(chosen)];
  if (std::erase(left_out, run) == 0) left_out.push_back(run);
}

std::string key_of(const RunMultiples& all, const FigureOptions& options) {
  std::string key = fmt::format("{} {} {} {} | {} {} {} {} {}", all.a, all.name, all.first, all.last, static_cast<int>(options.map), static_cast<int>(options.scaling),
                                static_cast<int>(options.order), options.first_row, options.rows);
  for (const RunMultiple& each : all.runs) key += fmt::format(" | {} {} {} {}", each.run, each.name, static_cast<const void*>(each.slab.get()), each.refusal);
  return key;
}

}  // namespace

bool shows_multiples(const Snapshot& snapshot, const CompareMemory& memory) { return memory.shows_all && sides_of(snapshot).size() > 2; }

MultiplesQuery multiples_query(const Snapshot& snapshot, const CompareMemory& memory) {
  const command::Compare& how = snapshot.selection.compare;
  MultiplesQuery query{.a = runs_to_compare(snapshot).a->id, .by = aligned_by(how), .offset = how.offset};
  std::size_t next = 0;
  for (const RunFacts* side : sides_of(snapshot)) {
    const bool is_left_out = std::ranges::find(memory.left_out, side->id) != memory.left_out.end();
    if (side->id != query.a && !is_left_out && next < query.runs.size()) query.runs[next++] = side->id;
  }
  return query;
}

void choose_multiples(Ui& ui, PaneHeader& header, PaneContext& context) {
  constexpr const char* kChoices[] = {"B", "All"};
  if (sides_of(context.snapshot).size() < 3) return;
  bool& shows_all = context.memory.compare.shows_all;
  shows_all = segments(ui, "several", header.control(84), kChoices, shows_all) == 1;
}

void draw_multiples(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Runs − A");
  choose_multiples(ui, header, context);
  const auto& all = context.derived.multiples;
  if (!all || all->runs.empty()) return pending_note(ui, box, context.derived.refusal);
  FigureOptions& options = context.memory.options["compare-heatmap"];
  Box body = box;
  body.cut_bottom(8);
  const KeptFigure& figure = kept_plot(ui, body, context, "compare-multiples", key_of(*all, options), kCompareInner, kCompareRight, [&] {
    Figure made = compare_multiples(context.snapshot, *all, options);
    for (Plot& plot : made.plots) plot.x.label.clear(), plot.y.label.clear(), plot.y.ticks = false, plot.color_bar.reset();
    return made;
  });
  if (const auto shown = std::ranges::find_if(figure.figure.plots, [](const Plot& plot) { return std::holds_alternative<HeatLayer>(plot.layers.front()); });
      shown != figure.figure.plots.end() && box.w >= kRoomForLegend)
    draw_color_legend(ui, header, std::get<HeatLayer>(shown->layers.front()).scale);
  const std::size_t others = sides_of(context.snapshot).size() - 1;
  header.subtitle(fmt::format("less {}, one range{}", all->name, others > all->runs.size() ? fmt::format(", {} of {} runs", all->runs.size(), others) : ""));
  draw_figure(ui, body, context, figure);
  for (std::size_t i = 0; i < all->runs.size(); ++i) draw_run(ui, frame_of(figure, body, i), figure.page.areas[i], context, *all, i, options);
  draw_menu(ui, pane, context, *all, options, figure);
}

}  // namespace lab
