#include "app/shell/trials_dialog.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/core/trials.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kLabel = 96, kGap = 8;  // units of width of the words before the controls, and between rows
constexpr float kNumber = 84;
constexpr double kLastPosition = 1e9;

Box labelled_row(Ui& ui, Box& body, const char* label) {
  Box row = body.cut_top(kControlHeight);
  body.cut_top(kGap);
  ui.text_in(row.cut_left(kLabel), Face::control, ui.theme().dim, label);
  return row;
}

}  // namespace

void TrialsDialog::draw_attention(Ui& ui, Box& body, command::SetTrials& wanted) {
  Box row = labelled_row(ui, body, "Rotary pairs");
  const auto rotary = std::find(kRotaries.begin(), kRotaries.end(), wanted.rotary) - kRotaries.begin();
  wanted.rotary = kRotaries[static_cast<std::size_t>(segments(ui, "rotary", row, kRotaries, static_cast<int>(rotary)))];

  row = labelled_row(ui, body, "Position");
  const bool was_fixed = wanted.at_position >= 0;
  if (was_fixed) position_ = static_cast<double>(wanted.at_position);
  number_field(ui, "position", row.cut_right(kNumber), position_, 0, kLastPosition, "%.0f");
  row.cut_right(kGap);
  constexpr std::array<const char*, 2> kPositions = {"each its own", "all at one"};
  const bool is_fixed = segments(ui, "positions", row, kPositions, was_fixed) == 1;
  wanted.at_position = is_fixed ? static_cast<std::int64_t>(position_) : -1;

  row = labelled_row(ui, body, "A token sees");
  constexpr std::array<const char*, 2> kSeen = {"the cache", "itself alone"};
  wanted.no_cache = segments(ui, "cache", row, kSeen, wanted.no_cache) == 1;
}

void TrialsDialog::draw_layers(Ui& ui, Box row, const Snapshot& snapshot, command::SetTrials& wanted) {
  const bool was_alone = wanted.only_layer >= 0;
  const std::string alone = fmt::format("layer {} alone", was_alone ? wanted.only_layer : snapshot.selection.layer);
  const std::array<const char*, 2> layers = {"all", alone.c_str()};
  const bool is_alone = segments(ui, "layers", row, layers, was_alone) == 1;
  if (is_alone != was_alone) wanted.only_layer = is_alone ? snapshot.selection.layer : -1;
}

std::optional<command::SetTrials> TrialsDialog::draw(Ui& ui, Box window, const Snapshot& snapshot) {
  if (!snapshot.model) close();
  if (!is_open_) return {};
  const auto& layers = snapshot.model->layers;
  const bool has_attention = std::any_of(layers.begin(), layers.end(), [](const LayerInfo& layer) { return layer.has_cache(); });
  const Theme& theme = ui.theme();
  const Box page = Box{window.middle_x() - 240, window.middle_y() - 130, 480, has_attention ? 260.0f : 196.0f};
  begin_overlay(ui, "trials", page);
  Box body = page.inset(20, 16);
  Box title = body.cut_top(28);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  ui.text_in(title, Face::value, theme.text, "Trials");
  ui.text_in(body.cut_top(24), Face::control, theme.dim,
             fmt::format("What if? From the next token on, t = {}. Each switch can be undone.", snapshot.count()));
  body.cut_top(kGap);

  const command::SetTrials now = trials_at(*snapshot.edits, snapshot.count());
  command::SetTrials wanted = now;
  if (has_attention) {
    draw_attention(ui, body, wanted);
  } else {
    ui.text_in(body.cut_top(24), Face::control, theme.dim, "This model has no attention, whose positions and cache could be tried.");
    body.cut_top(kGap);
  }
  draw_layers(ui, labelled_row(ui, body, "Layers at work"), snapshot, wanted);
  Box foot = body.cut_bottom(kControlHeight);
  if (button(ui, "Close", foot.cut_right(84))) close();
  foot.cut_right(kGap);
  const bool is_trying = now != command::SetTrials();
  if (button(ui, "End all trials", foot.cut_right(108), {.enabled = is_trying})) wanted = {};
  end_overlay();
  if (wanted == now) return {};
  return wanted;
}

}  // namespace lab
