// What to do about an alert: go there, switch its rule off, or look whether its limit is right.
#include <fmt/format.h>

#include <cmath>

#include "views/figures/alert_limits.h"
#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/monitor.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kWords = 172;

void draw_buttons(Ui& ui, Box row, PaneContext& context, const AlertLog& log, const Alert& alert) {
  const float width = std::floor((row.w - 16) / 3);
  const std::string jump = fmt::format("{}  Jump to t = {}##jump", icon::kJump, alert.finding.token);
  if (button(ui, jump.c_str(), row.cut_left(width), {.primary = true, .tip = "Put cursor A and the layer there"})) go_to(context, alert);
  row.cut_left(8);
  const std::string inspect = "Inspect the state##inspect";
  if (button(ui, inspect.c_str(), row.cut_left(width), {.tip = "The same token and layer in Inspect\tCtrl+1"})) {
    go_to(context, alert);
    context.memory.show_monitor = false;
  }
  row.cut_left(8);
  if (button(ui, fmt::format("{}  Mute this rule##mute", icon::kMute).c_str(), row.cut_left(width), {.tip = "Switch the rule off; its box switches it on again"})) {
    Rule rule = rule_of(log, alert);
    rule.on = false;
    set_rule(context, alert.rule, std::move(rule));
  }
}

/// The two shares at the limit that holds, in words beside the curves.
void draw_shares(Ui& ui, Box box, const LimitShares& shares) {
  const Theme& theme = ui.theme();
  const auto put = [&](const std::string& what, double share, Color color) {
    ui.text_in(box.cut_top(18), Face::control, color, what);
    ui.text_in(box.cut_top(22), Face::dense, theme.text, std::isnan(share) ? "–" : percent_text(share) + " beyond");
    box.cut_top(6);
  };
  put(where_text(shares.layer), shares.own, theme.accent);
  put("all layers", shares.all, theme.run_b);
}

/// The shares at the present limit, computed when something has changed: they walk over all numbers.
LimitShares shares_at_limit(PaneContext& context, const AlertLog& log, const KeptFigure& figure, const FigureOptions& options) {
  KeptMonitor& kept = kept_of(context).monitor;
  if (kept.shares_key != figure.key) {
    kept.shares_key = figure.key;
    kept.shares = limit_shares(context.snapshot, log, options);
  }
  return kept.shares;
}

}  // namespace

void draw_response(Ui& ui, Box box, PaneContext& context) {
  const AlertLog* log = context.derived.alerts.get();
  const Alert* alert = alert_in_focus(context);
  if (alert && context.snapshot.model) {
    PaneHeader header(ui, box, "What to do");
    box.cut_top(2);
    draw_buttons(ui, box.cut_top(kControlHeight).inset(12, 0), context, *log, *alert);
    box.cut_top(4);
  }
  PaneHeader header(ui, box, "Is the limit right?");
  if (!alerts_or_note(ui, box, context, "What a limit would find is shown here.")) return;
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("alert-limits");
  FigureRequest request{.slot = "limits", .kind = "alert-limits", .left = 68, .right = 12};
  request.options.rule = context.memory.rule_in_focus;
  request.adjust = [](Figure& figure) {
    Plot& plot = figure.plots[0];
    plot.y.label.clear();
    for (Layer& layer : plot.layers)
      if (auto* line = std::get_if<LineLayer>(&layer)) line->name.clear();
  };
  Box page = box;
  page.cut_bottom(4);
  const Box words = page.cut_right(std::min(kWords, page.w * 0.3f));
  const KeptFigure& figure = kept_figure(ui, page, context, request);
  header.subtitle(figure.subtitle);
  if (!draw_figure(ui, page, context, figure)) return;
  draw_shares(ui, words.inset(12, 8), shares_at_limit(context, *log, figure, request.options));
  const Box frame = frame_of(figure, page);
  const Hit hit = ui.hit("limits", frame);
  if (!hit.hovered) return;
  ui.line_down(hit.x, frame.y, frame.bottom(), faded(ui.theme().cursor, 0.4f));
  ui.tooltip(value_at("alert-limits", context.snapshot, context.derived, request.options, 0, figure.page.areas[0].x_from(hit.x - page.x), 0));
}

}  // namespace lab
