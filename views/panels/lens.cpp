// The logit lens: layer by layer, the token that the head would choose already.
#include <fmt/format.h>

#include <algorithm>

#include "views/figures/lens.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr float kRow = 20;

/// Where the columns lie, from the left edge of a row.
struct Columns {
  float layer = 36, token = 50, bar, bar_w, probability, entropy;  // right edges of the numbers
  explicit Columns(float width) : probability(width - 76), entropy(width - 12) {
    bar = token + std::max(64.0f, (width - 190) * 0.45f);
    bar_w = std::max(0.0f, probability - 40 - bar);
  }
};

void draw_row(Ui& ui, Box row, PaneContext& context, const LogitLens& lens, const LensRow& of, bool is_last) {
  const Theme& theme = ui.theme();
  const Columns at(row.w);
  const Hit hit = ui.hit(fmt::format("layer {}", of.layer).c_str(), row);
  const bool selected = of.layer == context.snapshot.selection.layer;
  if (selected || hit.hovered) ui.fill(row, selected ? theme.selection : theme.raised);
  ui.text_in({row.x, row.y, at.layer, row.h}, Face::mono, theme.text, std::to_string(of.layer), Align::right);
  const bool came = of.best.id == lens.came;
  ui.text_in({row.x + at.token, row.y, at.bar - at.token - 6, row.h}, Face::mono, came ? theme.good : theme.text,
             context.snapshot.model->piece(of.best.id));
  const float share = std::clamp(of.best.probability, 0.0f, 1.0f);
  const Color fill = is_last ? theme.accent : mixed(theme.accent, theme.pane, 0.45f);
  ui.fill({row.x + at.bar, row.y + 3, std::max(2.0f, at.bar_w * share), row.h - 6}, fill, 2);
  const auto number = [&](float right, const std::string& text) {
    ui.text_in({row.x + right - 60, row.y, 60, row.h}, Face::dense, theme.text, text, Align::right);
  };
  number(at.probability, fmt::format("{:.2f}", of.best.probability));
  number(at.entropy, fmt::format("{:.2f}", of.entropy_bits));
  if (hit.hovered) {
    const std::string value = lens_text(context.snapshot, lens, of);
    note_hover(ui, context, value);
    ui.tooltip(value);
  }
  if (hit.clicked) context.send(command::Select{of.layer, -1, -1});
}

void draw_heads(Ui& ui, Box row) {
  const Columns at(row.w);
  const Color dim = ui.theme().dim;
  ui.text_in({row.x + 12, row.y, 40, row.h}, Face::tick, dim, "layer");
  ui.text_in({row.x + at.token, row.y, 60, row.h}, Face::tick, dim, "token");
  ui.text_in({row.x + at.probability - 60, row.y, 60, row.h}, Face::tick, dim, "p", Align::right);
  ui.text_in({row.x + at.entropy - 70, row.y, 70, row.h}, Face::tick, dim, "entropy, bit", Align::right);
}

}  // namespace

void draw_lens(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Logit lens");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("logit-lens");
  const auto& lens = context.derived.lens;
  if (!lens || !context.snapshot.model || lens->rows.empty()) {
    if (context.snapshot.count() == 0) empty_note(ui, box, "No tokens have been read.", "Feed a prompt, or step the model.");
    else if (context.snapshot.selection.cursor_a < 0) empty_note(ui, box, "Before the first token no layer has said anything.", "Move the cursor to a token.");
    else pending_note(ui, box, context.derived.refusal);
    return;
  }
  header.subtitle("best token by layer");
  draw_heads(ui, box.cut_top(18));
  const auto layers = static_cast<std::int64_t>(lens->rows.size());
  const std::int64_t shown = std::min(layers, static_cast<std::int64_t>(std::max(1.0f, (box.h - 4) / kRow)));
  for (std::int64_t i = 0; i < shown; ++i) {  // evenly spaced, the last one among them
    const auto layer = static_cast<std::size_t>((i + 1) * layers / shown - 1);
    draw_row(ui, box.cut_top(kRow), context, *lens, lens->rows[layer], i + 1 == shown);
  }
  pane_menu(ui, pane, context, {.kind = "logit-lens"});
}

}  // namespace lab
