// What the model expects after the token at the cursor, and the token that came.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20;

void draw_row(Ui& ui, Box row, PaneContext& context, const NextToken& token, float largest, std::size_t index) {
  const Theme& theme = ui.theme();
  const bool came = token.id == context.derived.next->came;
  const Hit hit = ui.hit(fmt::format("{}", index).c_str(), row);
  if (hit.hovered) ui.fill(row, theme.raised);
  Box line = row.inset(12, 0);
  ui.text_in(line.cut_right(42), Face::mono, theme.text, fmt::format("{:.3f}", token.probability), Align::right);
  const Box mark = line.cut_right(22);
  if (came) ui.text_in(mark, Face::control, theme.good, icon::kCheck, Align::center);
  const float share = largest > 0 && std::isfinite(token.probability) ? token.probability / largest : 0;
  const Color fill = came ? theme.selection : mixed(theme.selection, theme.pane, 0.4f);
  ui.fill({line.x, line.y + 1, std::max(2.0f, line.w * share), line.h - 2}, fill, 2);
  ui.text_in({line.x + 6, line.y, line.w - 6, line.h}, Face::mono, theme.text, context.snapshot.model->piece(token.id));
  if (hit.hovered)
    ui.tooltip(value_at("next-token", context.snapshot, context.derived, {}, 0, 0, static_cast<double>(index)) +
               "\ndouble click\treads it");
  if (hit.double_clicked && context.snapshot.state == EngineState::paused) {
    context.send(command::FeedTokens{{token.id}});
    context.send(command::ReadWaiting{});
  }
}

}  // namespace

void draw_next(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Next token");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("next-token");
  const auto& next = context.derived.next;
  if (!next || !context.snapshot.model || next->best.empty()) {
    const bool is_empty = context.snapshot.count() == 0;
    empty_note(ui, box, is_empty ? "No tokens have been read." : context.derived.refusal.empty() ? "Being computed." : context.derived.refusal,
               is_empty ? "Feed a prompt below." : "");
    return;
  }
  header.subtitle(subtitle_of("next-token", context.snapshot, context.derived));
  const auto rows = std::min<std::size_t>(static_cast<std::size_t>(std::max(0.0f, (box.h - 4) / kRow)), next->best.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(rows, 12); ++i) draw_row(ui, box.cut_top(kRow), context, next->best[i], next->best[0].probability, i);
}

}  // namespace lab
