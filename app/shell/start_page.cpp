#include "app/shell/start_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/shell/error_help.h"
#include "app/shell/tour.h"
#include "app/shell/words.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kCardHeight = 232, kLeastCardHeight = 148;  // of studies
constexpr float kCardGap = 20;
constexpr float kModelsHeight = 98;  // with their heading
constexpr float kRecentHeight = 26;
constexpr float kRecoveredHeight = 36;
constexpr std::size_t kMostRecovered = 3;
constexpr float kTourHeight = 52;

void draw_dashed(Ui& ui, Box box, Color color) {
  ui.line_down(box.x, box.y, box.bottom(), color, true);
  ui.line_down(box.right() - 1, box.y, box.bottom(), color, true);
  for (const float y : {box.y, box.bottom() - 1})
    for (float x = box.x; x < box.right(); x += 7) ui.line_across(x, std::min(x + 4, box.right()), y, color);
}

void draw_drop_box(Ui& ui, Box box, StartPage& page, StartWish& wish) {
  const Theme& theme = ui.theme();
  draw_dashed(ui, box, theme.faint);
  Box body = box.inset(24, 16);
  ui.text_in(body.cut_top(24), Face::title, theme.text, "Drop a model or a session here", Align::center);
  ui.text_in(body.cut_top(20), Face::control, theme.dim, "a Hugging Face folder: config.json, model.safetensors, tokenizer.json",
             Align::center);
  body.cut_top(16);
  Box row = body.cut_top(kControlHeight);
  if (button(ui, "Browse…", row.cut_right(84), {.tip = std::string("Folders, built-in and recent models\t") + keys_of(Action::open)})) wish.action = Action::open;
  row.cut_right(8);
  const Box open = row.cut_right(64);
  row.cut_right(8);
  const bool entered = field(ui, "path", row, page.path, {.hint = "or type its path", .wrong = page.refusal != nullptr});
  const bool pressed = button(ui, "Open", open, {.primary = true, .enabled = !page.path.empty()});
  if (entered || pressed) wish.open = page.path;
}

/// The study's own figure in the colours of the window; until it is made the place stays empty.
void draw_picture(Ui& ui, Box box, const StartCard& card, StartPage& page, ImGuiPainter& painter) {
  ui.fill(box, ui.theme().background);
  const auto found = std::ranges::find(page.pictures, card.path, [](const auto& each) { return each->session; });
  if (found == page.pictures.end()) return;
  KeptPicture& kept = page.kept[card.path];
  const std::string look = fmt::format("{} {} {} {}", box.w, box.h, ui.scale(), ui.theme().name);
  if (kept.of != found->get() || kept.look != look) {
    PlotStyle style = plot_style(ui.theme());
    style.pixels_per_point = ui.scale();
    style.left = style.right = 0;
    kept = {found->get(), look, lay_out((*found)->figure, box.w, box.h, style, painter)};
  }
  painter.paint(kept.page.list, ui.list(), ui.px(box.x), ui.px(box.y));
}

/// Where a click opens something.
bool draw_ground(Ui& ui, Box box, const Hit& hit) {
  const Theme& theme = ui.theme();
  ui.fill(box, theme.pane, kRadius);
  if (hit.hovered) ui.outline(box, theme.accent, kRadius, 2);
  else if (!theme.dark || theme.has_edges) ui.outline(box, theme.line, kRadius);
  return hit.clicked;
}

bool draw_study(Ui& ui, Box box, const StartCard& card, StartPage& page, ImGuiPainter& painter) {
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(card.path.c_str(), box);
  const bool clicked = draw_ground(ui, box, hit);
  Box body = box.inset(12, 12);
  const Box foot = body.cut_bottom(18), sentence = body.cut_bottom(20), title = body.cut_bottom(24);
  body.cut_bottom(4);
  ui.clip(body);
  draw_picture(ui, body, card, page, painter);
  ui.unclip();
  ui.text_in(title, Face::title, theme.text, card.name);
  ui.text_in(sentence, Face::control, theme.dim, card.sentence);
  ui.text_in(foot, Face::dense, theme.dim, card.facts);
  if (hit.hovered) ui.text_in(foot, Face::control, theme.accent, "click opens", Align::right), ui.tooltip(wrapped(card.sentence));
  return clicked;
}

/// Whole rows of a grid that fit into a height; rows that do not are scrolled to.
struct Grid {
  std::int64_t columns = 1, all_rows = 0, rows = 0;
  float width = 0, height = 0;
};
Grid grid_of(Box body, std::int64_t cards) {
  Grid grid{.columns = body.w > 900 ? 3 : body.w > 480 ? 2 : 1};
  grid.all_rows = (cards + grid.columns - 1) / grid.columns;
  grid.rows = std::clamp<std::int64_t>(static_cast<std::int64_t>((body.h + kCardGap) / (kLeastCardHeight + kCardGap)), 1, std::max<std::int64_t>(1, grid.all_rows));
  grid.width = (body.w - kCardGap * static_cast<float>(grid.columns - 1)) / static_cast<float>(grid.columns);
  grid.height = std::min(kCardHeight, std::floor((body.h - kCardGap * static_cast<float>(grid.rows - 1)) / static_cast<float>(grid.rows)));
  return grid;
}

Box draw_heading(Ui& ui, Box heading, const char* title, const char* subtitle) {
  const float end = ui.text_in(heading, Face::value, ui.theme().text, title);
  heading.cut_left(end - heading.x + 16);
  ui.text_in(heading, Face::control, ui.theme().dim, subtitle);
  return heading;
}

/// The studies in rows of cards; the wheel scrolls through those that have no room. Returns the path of the one that was clicked.
std::string draw_studies(Ui& ui, Box& body, StartPage& page, ImGuiPainter& painter) {
  Box heading = draw_heading(ui, body.cut_top(44), "Studies", "Each opens at its finding. Nothing to download.");
  body.cut_top(8);
  const Grid grid = grid_of(body, std::ssize(page.studies));
  const Box shown = body.cut_top(grid.height * static_cast<float>(grid.rows) + kCardGap * static_cast<float>(grid.rows - 1));
  const std::int64_t last_row = std::max<std::int64_t>(0, grid.all_rows - grid.rows);
  const ImGuiIO& io = ImGui::GetIO();
  const bool is_over = ImGui::IsWindowHovered() && shown.contains(io.MousePos.x / ui.scale(), io.MousePos.y / ui.scale());
  const auto turned = is_over ? static_cast<std::int64_t>(std::lround(io.MouseWheel)) : 0;
  page.first_row = std::clamp<std::int64_t>(page.first_row - turned, 0, last_row);
  std::string chosen;
  const std::int64_t first = page.first_row * grid.columns, end = std::min(std::ssize(page.studies), first + grid.rows * grid.columns);
  for (std::int64_t i = first; i < end; ++i) {
    const auto row = static_cast<float>((i - first) / grid.columns), column = static_cast<float>((i - first) % grid.columns);
    const Box card{shown.x + column * (grid.width + kCardGap), shown.y + row * (grid.height + kCardGap), grid.width, grid.height};
    const StartCard& study = page.studies[static_cast<std::size_t>(i)];
    if (draw_study(ui, card, study, page, painter)) chosen = study.path;
  }
  if (last_row > 0) {
    if (icon_button(ui, heading.cut_right(28).row(kControlHeight), icon::kAfter, "studies below", "More studies\twheel", false, page.first_row < last_row)) ++page.first_row;
    heading.cut_right(4);
    if (icon_button(ui, heading.cut_right(28).row(kControlHeight), icon::kBefore, "studies above", "The studies before", false, page.first_row > 0)) --page.first_row;
    heading.cut_right(8);
    ui.text_in(heading, Face::control, ui.theme().dim, fmt::format("{}–{} of {}", first + 1, end, page.studies.size()), Align::right);
  }
  return chosen;
}

/// The built-in models in one row; what each is stands in its tooltip.
std::string draw_models(Ui& ui, Box body, const std::vector<StartCard>& models) {
  if (models.empty()) {
    ui.text_in(body.cut_top(44), Face::control, ui.theme().dim, "No built-in model is installed.");
    return {};
  }
  draw_heading(ui, body.cut_top(36), "Built-in models", "Small, trained for this program.");
  constexpr float kGap = 12;
  const float width = (body.w - kGap * static_cast<float>(models.size() - 1)) / static_cast<float>(models.size());
  std::string chosen;
  for (const StartCard& card : models) {
    const Box box = body.cut_left(width);
    body.cut_left(kGap);
    const Hit hit = ui.hit(card.path.c_str(), box);
    if (draw_ground(ui, box, hit)) chosen = card.path;
    if (hit.hovered) ui.tooltip(card.path + "\n" + wrapped(card.sentence));
    Box text = box.inset(12, 8);
    ui.text_in(text.cut_top(20), Face::title, ui.theme().text, card.name);
    ui.text_in(text.cut_top(18), Face::control, ui.theme().dim, card.facts);
  }
  return chosen;
}

/// What earlier windows left: each can be opened, or thrown away.
void draw_recovered(Ui& ui, Box& box, const std::vector<RecoveredCard>& recovered, StartWish& wish) {
  const Theme& theme = ui.theme();
  if (recovered.empty()) return;
  Box heading = box.cut_top(28);
  const float end = ui.text_in(heading, Face::title, theme.text, "Recovered");
  heading.cut_left(end - heading.x + 12);
  ui.text_in(heading, Face::control, theme.dim, "not saved by the window before");
  const std::size_t shown = std::min(recovered.size(), kMostRecovered);
  for (std::size_t i = 0; i < shown; ++i) {
    const RecoveredCard& card = recovered[i];
    Box row = box.cut_top(kRecoveredHeight);
    ui.fill(row.inset(0, 2), theme.pane, kRadius);
    if (!theme.dark || theme.has_edges) ui.outline(row.inset(0, 2), theme.line, kRadius);
    row = row.inset(8, 0);
    const std::string dismiss = fmt::format("Dismiss##dismiss {}", i), open = fmt::format("Open##recover {}", i);
    if (button(ui, dismiss.c_str(), row.cut_right(72).row(kControlHeight), {.plain = true, .tip = "Removes it for good"})) wish.dismiss = card.journal;
    row.cut_right(6);
    if (button(ui, open.c_str(), row.cut_right(56).row(kControlHeight), {.primary = i == 0, .tip = "Does all of it again"})) wish.recover = card.journal;
    row.cut_right(8);
    ui.text_in(row.cut_left(28), Face::control, theme.accent, icon::kHistory);
    const Hit hit = ui.hit(("recovered " + card.journal).c_str(), row);
    ui.text_in(row, Face::control, theme.text, card.text);
    if (hit.hovered) ui.tooltip(wrapped(card.text));
  }
  if (recovered.size() > shown) ui.text_in(box.cut_top(20), Face::control, theme.dim, fmt::format("and {} more: {}", recovered.size() - shown, "Ctrl+K, recover"));
  box.cut_top(16);
}

/// What was opened last: name and kind.
std::string draw_recent(Ui& ui, Box& box, const std::vector<StartCard>& recent) {
  const Theme& theme = ui.theme();
  if (recent.empty()) return {};
  ui.text_in(box.cut_top(28), Face::title, theme.text, "Recent");
  std::string chosen;
  for (const StartCard& card : recent) {
    Box row = box.cut_top(kRecentHeight);
    const Hit hit = ui.hit(("recent " + card.path).c_str(), row);
    if (hit.hovered) ui.fill(row, theme.raised, kRadius), ui.tooltip(card.path);
    row = row.inset(8, 0);
    ui.text_in(row.cut_left(28), Face::control, theme.accent, card.facts == "session" ? icon::kHistory : icon::kModel);
    ui.text_in(row.cut_right(132), Face::control, theme.dim, card.facts, Align::right);
    ui.text_in(row, Face::control, theme.text, printable(card.name));
    if (hit.clicked) chosen = card.path;
  }
  box.cut_top(16);
  return chosen;
}

/// What the tour is, and where it begins.
bool draw_tour_strip(Ui& ui, Box box) {
  const Theme& theme = ui.theme();
  ui.fill(box, theme.pane, kRadius);
  if (!theme.dark || theme.has_edges) ui.outline(box, theme.line, kRadius);
  box = box.inset(16, 0);
  const bool begins = button(ui, "Start the tour", box.cut_right(116).row(28), {.primary = true, .tip = keys_of(Action::tour)});
  box.cut_right(12);
  box.cut_left(ui.text_in(box, Face::title, theme.text, "New here?") - box.x + 16);
  int number = 0;
  for (const TourStep& step : tour_steps()) {
    const std::string text = fmt::format("{} {}", ++number, step.name);
    const float width = ui.width(Face::control, text) + 16;
    if (box.w < width + 40) return begins;
    if (number > 1) ui.text_in(box.cut_left(18), Face::control, theme.dim, icon::kAfter, Align::center);
    const Box chip = box.cut_left(width).row(kControlHeight);
    ui.fill(chip, number == 1 ? theme.selection : theme.raised, kRadius);
    ui.text_in(chip, Face::control, theme.text, text, Align::center);
  }
  box.cut_left(16);
  constexpr const char* kPromise = "Esc leaves at any time.";
  if (ui.width(Face::control, kPromise) <= box.w) ui.text_in(box, Face::control, theme.dim, kPromise);
  return begins;
}

void draw_first_keys(Ui& ui, Box box) {
  for (const Action action : {Action::open, Action::run_or_pause, Action::step, Action::help}) {
    for (const Shortcut& shortcut : shortcuts()) {
      if (shortcut.action != action || *shortcut.keys == '\0') continue;
      Box row = box.cut_top(26);
      const Box cap{row.x, row.y + 3, ui.width(Face::dense, shortcut.keys) + 14, 20};
      ui.fill(cap, ui.theme().raised, kRadius);
      ui.text_in(cap, Face::dense, ui.theme().text, shortcut.keys, Align::center);
      row.cut_left(84);
      ui.text_in(row, Face::control, ui.theme().dim, shortcut.meaning);
    }
  }
}

}  // namespace

void draw_logo(Ui& ui, float x, float y, float size) {
  const float part = size * 0.44f, far = size - part;
  const Theme& theme = ui.theme();
  const Color second = mixed(theme.accent, theme.pane, 0.55f);
  ui.fill({x, y, part, part}, theme.accent, size / 10);
  ui.fill({x + far, y, part, part}, second, size / 10);
  ui.fill({x, y + far, part, part}, second, size / 10);
  ui.fill({x + far, y + far, part, part}, rgb(0xE69F00), size / 10);
}

StartWish draw_start_page(Ui& ui, Box window, StartPage& page, ImGuiPainter& painter) {
  const Theme& theme = ui.theme();
  ui.pane = "start";
  ui.fill(window, theme.background);
  Box body = window.inset(std::max(24.0f, std::min(64.0f, window.w * 0.04f)), 48);
  Box left = body.cut_left(440);
  body.cut_left(std::min(64.0f, window.w * 0.04f));

  Box title = left.cut_top(44);
  draw_logo(ui, title.x, title.y + 5, 34);
  title.cut_left(52);
  ui.text_in(title.cut_top(26), Face::heading, theme.text, "State Lab");
  ui.text_in(title, Face::control, theme.dim, "Step a state-space model, see and edit every inner state.");
  left.cut_top(24);
  StartWish wish;
  const auto choose = [&](std::string path) {
    if (!path.empty()) wish.open = std::move(path);
  };
  draw_drop_box(ui, left.cut_top(124), page, wish);
  left.cut_top(20);
  if (page.refusal) left.cut_top(draw_refusal(ui, left, *page.refusal) + 20);
  draw_recovered(ui, left, page.recovered, wish);
  choose(draw_recent(ui, left, page.recent));
  if (left.h > 110) draw_first_keys(ui, left);

  const float below = kCardGap + kModelsHeight + kCardGap + kTourHeight;
  Box studies{body.x, body.y, body.w, body.h - below};
  if (!page.studies.empty()) choose(draw_studies(ui, studies, page, painter)), body.cut_top(studies.y - body.y + kCardGap);
  choose(draw_models(ui, body.cut_top(kModelsHeight), page.models));
  body.cut_top(kCardGap);
  if (draw_tour_strip(ui, body.cut_top(kTourHeight))) wish.action = Action::tour;
  return wish;
}

}  // namespace lab
