#include "app/shell/start_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/shell/error_help.h"
#include "app/shell/tour.h"
#include "app/shell/words.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kCardHeight = 144, kLeastCardHeight = 108;  // a card that is not whole says no path
constexpr float kCardGap = 20;
constexpr float kStudyHeight = 46;
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

bool draw_card(Ui& ui, Box box, const StartCard& card) {
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(card.path.c_str(), box);
  ui.fill(box, theme.pane, kRadius);
  if (hit.hovered) ui.outline(box, theme.accent, kRadius, 2);
  else if (!theme.dark || theme.has_edges) ui.outline(box, theme.line, kRadius);
  Box body = box.inset(16, 12);
  Box title = body.cut_top(24);
  const float end = ui.text_in(title, Face::title, theme.text, card.name);
  title.cut_left(end - title.x + 10);
  ui.text_in(title, Face::control, theme.dim, card.facts);
  if (box.h >= kCardHeight) {
    const Box foot = body.cut_bottom(20);
    ui.text_in(foot, Face::dense, theme.dim, card.shown);
    if (hit.hovered) ui.text_in(foot, Face::control, theme.accent, "click opens", Align::right);
  }
  ui.clip(body);
  ui.paragraph(body, Face::control, theme.dim, card.sentence);
  ui.unclip();
  return hit.clicked;
}

/// A heading and cards in columns below it; returns the path of the card that was clicked, or an empty string.
std::string draw_cards(Ui& ui, Box& body, const char* title, const char* subtitle, const std::vector<StartCard>& cards) {
  Box heading = body.cut_top(44);
  const float end = ui.text_in(heading, Face::value, ui.theme().text, title);
  heading.cut_left(end - heading.x + 16);
  ui.text_in(heading, Face::control, ui.theme().dim, subtitle);
  body.cut_top(12);
  const int columns = body.w > 900 ? 3 : body.w > 560 ? 2 : 1;
  const float width = (body.w - kCardGap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  const float rows = std::ceil(static_cast<float>(cards.size()) / static_cast<float>(columns));
  const bool is_tight = rows * (kCardHeight + kCardGap) - kCardGap > body.h;
  const float gap = is_tight ? 12 : kCardGap, height = is_tight ? std::max(kLeastCardHeight, std::floor(body.h / rows - gap)) : kCardHeight;
  std::string chosen;
  Box row;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    if (i % static_cast<std::size_t>(columns) == 0) {
      row = body.cut_top(height);
      body.cut_top(gap);
    }
    if (row.h < height) break;  // no room for another row
    if (draw_card(ui, row.cut_left(width), cards[i])) chosen = cards[i].path;
    row.cut_left(kCardGap);
  }
  return chosen;
}

/// The sessions, one below the other: name, what it shows; the whole of it while hovered.
std::string draw_studies(Ui& ui, Box& box, const std::vector<StartCard>& studies) {
  const Theme& theme = ui.theme();
  if (studies.empty()) return {};
  Box heading = box.cut_top(28);
  const float end = ui.text_in(heading, Face::title, theme.text, "Studies");
  heading.cut_left(end - heading.x + 12);
  ui.text_in(heading, Face::control, theme.dim, "open at what they found");
  std::string chosen;
  for (const StartCard& study : studies) {
    Box row = box.cut_top(kStudyHeight);
    if (row.h < kStudyHeight) break;
    const Hit hit = ui.hit(study.path.c_str(), row);
    if (hit.hovered) ui.fill(row, theme.raised, kRadius);
    row = row.inset(8, 4);
    ui.text_in(row.cut_left(28), Face::body, theme.accent, icon::kPlay);
    Box first = row.cut_top(20);
    const float name_end = ui.text_in(first, Face::control, theme.text, study.name);
    first.cut_left(name_end - first.x + 10);
    ui.text_in(first, Face::dense, theme.dim, study.facts);
    ui.text_in(row, Face::control, theme.dim, study.sentence);
    if (hit.hovered) ui.tooltip(wrapped(study.sentence));
    if (hit.clicked) chosen = study.path;
  }
  box.cut_top(16);
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
    const std::string dismiss = fmt::format("Dismiss##{}", i), open = fmt::format("Open##{}", i);
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
  constexpr const char* kPromise = "Two minutes; Esc leaves at any time.";
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

StartWish draw_start_page(Ui& ui, Box window, StartPage& page) {
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
  choose(draw_studies(ui, left, page.studies));
  if (left.h > 110) draw_first_keys(ui, left);

  Box strip = body.cut_bottom(kTourHeight);
  body.cut_bottom(kCardGap);
  if (page.models.empty()) ui.text_in(body.cut_top(44), Face::control, theme.dim, "No built-in model is installed.");
  else choose(draw_cards(ui, body, "Built-in models", "Small, trained for this program. Nothing to download.", page.models));
  strip.y = std::min(strip.y, body.y);
  if (draw_tour_strip(ui, strip)) wish.action = Action::tour;
  return wish;
}

}  // namespace lab
