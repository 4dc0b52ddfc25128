// What the model expects after the token at the cursor, and the token that came.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20;
constexpr std::int64_t kMostRows = 12;

bool is_watched(const PaneMemory& memory, std::int32_t id) { return std::ranges::find(memory.watched, id) != memory.watched.end(); }

/// Watches a token or no longer; of too many the one that was watched first is left.
void toggle_watched(PaneMemory& memory, std::int32_t id) {
  std::vector<std::int32_t> ids;
  for (const std::int32_t each : memory.watched)
    if (each >= 0 && each != id) ids.push_back(each);
  if (!is_watched(memory, id)) ids.push_back(id);
  if (ids.size() > kMostWatched) ids.erase(ids.begin());
  memory.watched = kNoneWatched;
  std::ranges::copy(ids, memory.watched.begin());
  if (!ids.empty()) memory.curves = CurveSet::expected;
}

void draw_row(Ui& ui, Box row, PaneContext& context, const NextToken& token, std::int64_t rank, bool is_extra) {
  const Theme& theme = ui.theme();
  const NextTokens& next = *context.derived.next;
  const std::string piece = context.snapshot.model->piece(token.id);
  const bool came = token.id == next.came;
  const bool watched = is_watched(context.memory, token.id);
  const Hit pin = ui.hit(fmt::format("watch {}", rank + 1).c_str(), {row.x, row.y, 16, row.h});
  const Hit hit = ui.hit(fmt::format("rank {}", rank + 1).c_str(), {row.x + 16, row.y, row.w - 16, row.h});
  const bool hovered = hit.hovered || pin.hovered;
  if (hovered) ui.fill(row, theme.raised);
  if (hovered || watched) ui.text_in({row.x, row.y, 14, row.h}, Face::control, watched ? theme.accent : theme.faint, icon::kPin, Align::center);
  if (pin.hovered) ui.tooltip(watched ? "No longer watch this token" : "Watch this token: its probability over time, among the curves");
  if (pin.clicked) toggle_watched(context.memory, token.id);
  Box line = row.inset(14, 0);
  ui.text_in(line.cut_right(42), Face::mono, theme.text, fmt::format("{:.3f}", token.probability), Align::right);
  const Box mark = line.cut_right(22);
  if (came) ui.text_in(mark, Face::control, theme.good, icon::kCheck, Align::center);
  const float largest = next.best[0].probability;
  const float share = largest > 0 && std::isfinite(token.probability) ? token.probability / largest : 0;
  const Color fill = came ? theme.selection : mixed(theme.selection, theme.pane, 0.4f);
  ui.fill({line.x, line.y + 1, std::max(2.0f, line.w * share), line.h - 2}, fill, 2);
  line.cut_left(6);
  line.cut_left(ui.text_in(line, Face::mono, theme.text, piece) - line.x + 10);
  if (is_extra) ui.text_in(line, Face::tick, theme.dim, fmt::format("rank {}", rank + 1));
  if (hovered) {
    const std::string value = fmt::format("{}\tid {}\nprobability\t{}\nrank\t{}\nsurprise\t{} bit", piece, token.id, number_text(token.probability, 9), rank + 1,
                                          number_text(-std::log2(static_cast<double>(token.probability)), 4));
    note_hover(ui, context, value, token.id);
    if (hit.hovered) ui.tooltip(value + "\ndouble click\treads it");
  }
  if (hit.double_clicked && context.snapshot.state == EngineState::paused) {
    context.send(command::FeedTokens{{token.id}});
    context.send(command::ReadWaiting{});
  }
}

}  // namespace

void draw_next(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Next token");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view("next-token");
  const auto& next = context.derived.next;
  if (!next || !context.snapshot.model || next->best.empty()) {
    if (context.snapshot.count() == 0) empty_note(ui, box, "No tokens have been read.", "Feed a prompt, or step the model.");
    else pending_note(ui, box, context.derived.refusal);
    return;
  }
  header.subtitle(subtitle_of("next-token", context.snapshot, context.derived));
  const auto fitting = static_cast<std::int64_t>(std::max(0.0f, (box.h - 4) / kRow));
  const std::int64_t rows = std::min({fitting, kMostRows, static_cast<std::int64_t>(next->best.size())});
  const bool came_below = next->came >= 0 && next->came_rank >= rows && rows > 1;  // then it takes the last row
  for (std::int64_t i = 0; i < rows - (came_below ? 1 : 0); ++i)
    draw_row(ui, box.cut_top(kRow), context, next->best[static_cast<std::size_t>(i)], i, false);
  if (came_below) draw_row(ui, box.cut_top(kRow), context, {next->came, next->came_probability}, next->came_rank, true);
  const auto chosen = static_cast<std::int32_t>(kept_of(context).menu_token);
  const MenuItem watch{.label = is_watched(context.memory, chosen) ? "No longer watch" : "Watch over time", .enabled = chosen >= 0};
  if (pane_menu(ui, pane, context, {.kind = "next-token", .more = {watch}}) == 0 && chosen >= 0) toggle_watched(context.memory, chosen);
}

}  // namespace lab
