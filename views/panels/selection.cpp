// The chosen cell of the state in numbers: its value, where it came from, how fast it fades, other readings of its bits.
#include "views/panels/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "model/base/dtype.h"
#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/index_map.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/who_wrote.h"

namespace lab {
namespace {

constexpr const char* kTabs[] = {"Cell", "Writers", "Edit", "Memory"};
constexpr float kRoomForAll = 690, kRow = 18;
constexpr float kRoomForBelow = 204, kRoomForWriters = 114 + kRoomForBelow, kRoomForReadings = 49;  // edit and memory; those and who wrote it

/// A number of the cell, with what it is called and what it means.
struct Fact {
  std::string name, meaning, value;
};

/// What is known of the chosen cell at cursor A.
struct Cell {
  std::int64_t layer = 0, row = 0, state = 0, head = 0, flat = 0, token = -1;
  std::int64_t slab_row = -1;  // in the slab, where that shows the cell
  std::optional<float> value, before;
  float half_life = NAN;
  std::optional<double> step, rate;  // Δ and A, where the trace and the model tell them
  std::optional<float> key, query, input, output, gate;  // B, C, x after the convolution, y, z

  /// How much of the state before is kept.
  std::optional<double> decay() const {
    if (!step || !rate) return {};
    return std::exp(*step * *rate);
  }
  /// What the token added: Δ x B, or the rest of h = decay h₋₁ + write.
  std::optional<double> write() const {
    if (step && input && key) return *step * static_cast<double>(*input) * static_cast<double>(*key);
    if (!decay() || !value || !before) return {};
    return static_cast<double>(*value) - *decay() * static_cast<double>(*before);
  }
};

/// The column of the slab that holds exactly one token.
std::optional<float> from_slab(const PaneContext& context, const Cell& cell, std::int64_t token) {
  const auto& slab = context.derived.slab;
  if (cell.slab_row < 0 || slab->stride != 1) return {};
  const std::int64_t column = token - slab->first;
  if (column < 0 || column >= slab->columns.count()) return {};
  return slab->columns[column][static_cast<std::size_t>(cell.slab_row)];
}

/// The drivers of the cell, from what the mixer made of the token.
void add_drivers(const PaneContext& context, Cell& cell, std::int64_t states, std::int64_t rows) {
  const auto& mixer = context.derived.mixer;
  if (!mixer || mixer->layer != cell.layer || mixer->token != cell.token) return;
  if (cell.flat < static_cast<std::int64_t>(mixer->before.size())) cell.before = mixer->before[static_cast<std::size_t>(cell.flat)];
  const auto size = [&](Point point) {
    const auto found = mixer->values.find(point);
    return found == mixer->values.end() ? 0 : static_cast<std::int64_t>(found->second.size());
  };
  const auto shared = [&](Point point) {  // one value a channel, or one a head
    const std::int64_t width = size(point);
    return width > 0 && rows % width == 0 ? mixer->at(point, cell.row / (rows / width)) : std::nullopt;
  };
  const auto keyed = [&](Point point) {  // one value a state index, for each group of channels
    const std::int64_t groups = size(point) / states;
    return groups > 0 && rows % groups == 0 ? mixer->at(point, cell.row / (rows / groups) * states + cell.state) : std::nullopt;
  };
  if (const auto step = shared(Point::dt)) cell.step = static_cast<double>(*step);
  cell.key = keyed(Point::B), cell.query = keyed(Point::C);
  cell.input = size(Point::u) > 0 ? shared(Point::u) : shared(Point::x);
  cell.output = shared(Point::y), cell.gate = shared(Point::z);
}

Cell cell_of(PaneContext& context) {
  const Selection& s = context.snapshot.selection;
  Cell cell{.layer = s.layer, .row = s.channel, .state = s.state, .token = s.cursor_a};
  const LayerInfo* layer = selected_layer(context.snapshot);
  const bool is_cache = layer && layer->has_cache();  // the chosen cell is in the row that the token added
  if (layer && layer->heads > 0) cell.head = cell.row / layer->head_dim;
  const auto& slab = context.derived.slab;
  const auto& frame = context.derived.frame;
  const bool has_frame = !is_cache && frame && frame->layer == cell.layer && !frame->shape.empty(), has_slab = slab && slab->layer == cell.layer && !slab->shape.empty();
  const std::vector<std::int64_t>* shape = has_frame ? &frame->shape : has_slab ? &slab->shape : nullptr;
  if (!shape) return cell;
  const std::int64_t states = shape->back();
  cell.flat = selected_cell(context.snapshot, *shape);
  if (has_slab) cell.slab_row = slab->row_of(cell.flat);
  if (has_frame && frame->position == cell.token + 1 && cell.flat < static_cast<std::int64_t>(frame->h.size())) cell.value = frame->h[static_cast<std::size_t>(cell.flat)];
  if (!cell.value) cell.value = from_slab(context, cell, cell.token);
  cell.before = from_slab(context, cell, cell.token - 1);
  if (cell.slab_row >= 0) {
    cell.half_life = slab->half_life[static_cast<std::size_t>(cell.slab_row)];
    cell.rate = -static_cast<double>(slab->rate[static_cast<std::size_t>(cell.slab_row)]);
  }
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape->size(); ++i) rows *= (*shape)[i];
  add_drivers(context, cell, states, rows);
  return cell;
}

/// Every driver of the cell that is known.
std::vector<Fact> facts_of(const PaneContext& context, const Cell& cell) {
  std::vector<Fact> facts;
  const auto add = [&](const std::optional<double>& value, std::string name, std::string meaning) {
    if (value) facts.push_back({std::move(name), std::move(meaning), number_text(*value, 6)});
  };
  const LayerInfo* layer = selected_layer(context.snapshot);
  const bool in_heads = layer && layer->heads > 0;
  add(cell.step, "Δ", in_heads ? "head's step" : "step");
  if (cell.step) add(cell.rate, "A", "rate");
  add(cell.decay(), "exp(ΔA)", "decay");
  add(cell.key, fmt::format("B[{}]", cell.state), "write key");
  add(cell.query, fmt::format("C[{}]", cell.state), "read key");
  add(cell.input, "x", "after conv, SiLU");
  if (cell.step) add(cell.write(), "Δ·x·B", "write");
  add(cell.output, "C·h + D·x", in_heads ? fmt::format("output y[{}, {}]", cell.head, cell.row % layer->head_dim) : fmt::format("output y[{}]", cell.row));
  if (cell.gate) add(static_cast<double>(*cell.gate) / (1 + std::exp(-static_cast<double>(*cell.gate))), "SiLU(z)", "gate");
  const auto& mixer = context.derived.mixer;
  if (!mixer || mixer->layer != cell.layer || mixer->token != cell.token) return facts;
  for (const auto& [point, name, meaning] : {std::tuple{Point::att_k, "k", "key"}, {Point::att_v, "v", "value"}, {Point::att_r, "σ(r)", "receptance"}, {Point::wkv, "wkv", "weighted mean of values"}})
    if (const auto value = mixer->at(point, cell.row)) add(static_cast<double>(*value), name, meaning);
  return facts;
}

void draw_fact(Ui& ui, Box& box, PaneContext& context, const Fact& fact) {
  const Theme& theme = ui.theme();
  Box row = box.cut_top(kRow);
  const Hit hit = ui.hit(("fact " + fact.name).c_str(), row);
  if (hit.hovered) ui.fill({row.x - 4, row.y, row.w + 8, row.h}, theme.raised, 2), note_hover(ui, context, fact.value);
  const Box left = row.cut_left(std::max(76.0f, row.w * 0.3f));
  ui.text_in(left, Face::dense, theme.text, fact.name);
  const float width = ui.width(Face::dense, fact.value);
  ui.text_in(row.cut_right(width), Face::dense, theme.text, fact.value);
  row.cut_right(8);
  ui.text_in(row, Face::control, theme.dim, fact.meaning);
}

void draw_rule(Ui& ui, Box& box) {
  const Box gap = box.cut_top(13);
  ui.line_across(gap.x, gap.right(), gap.y + 6, ui.theme().line);
}

void draw_value(Ui& ui, Box& box, PaneContext& context, const Cell& cell) {
  const Theme& theme = ui.theme();
  Box row = box.cut_top(26);
  const bool is_finite = std::isfinite(cell.value.value_or(0));
  const char* formula = cell.step ? "= decay · h₋₁ + write" : "";
  const std::string text = cell.value ? exact_text(*cell.value) : "…";
  const float end = ui.text_in(row, Face::value, is_finite ? theme.text : theme.nan, text);
  if (cell.value && ui.hit("value", {row.x, row.y, end - row.x, row.h}).hovered) note_hover(ui, context, text);
  if (end + 12 + ui.width(Face::control, formula) < row.right())
    ui.text_in(row, Face::control, theme.dim, formula, Align::right);
  row = box.cut_top(20);
  const auto write = cell.write();
  if (write && cell.decay() && cell.before)
    ui.text_in(row, Face::dense, theme.text,
               fmt::format("{} × {} {} {}", number_text(*cell.decay(), 5), number_text(static_cast<double>(*cell.before), 5),
                           *write < 0 ? "−" : "+", number_text(std::abs(*write), 4)));
  else
    ui.text_in(row, Face::control, theme.dim,
               cell.token < 0 ? "before the first token" : cell.step ? "the value before is not at hand" : "");
}

/// The cell over the tokens shown, with both cursors.
void draw_history(Ui& ui, Box& box, PaneContext& context, const Cell& cell) {
  box.cut_top(6);
  const Box well = box.cut_top(44);
  const Theme& theme = ui.theme();
  ui.fill(well, theme.background);
  const auto& slab = context.derived.slab;
  if (cell.slab_row < 0 || slab->columns.count() == 0) return;
  const std::int64_t columns = slab->columns.count();
  const auto row = static_cast<std::size_t>(cell.slab_row);
  float high = 0;
  for (std::int64_t i = 0; i < columns; ++i)
    if (const float v = std::abs(slab->columns[i][row]); std::isfinite(v)) high = std::max(high, v);
  if (high == 0) high = 1;
  ui.line_across(well.x, well.right(), well.middle_y(), theme.line);
  std::vector<ImVec2> points;
  const auto pixels = static_cast<std::int64_t>(ui.px(well.w));
  const std::int64_t step = std::max<std::int64_t>(1, columns / (2 * pixels));
  const auto flush = [&] {
    if (points.size() > 1)
      ui.list()->AddPolyline(points.data(), static_cast<int>(points.size()), theme.accent, 0, 1.2f * ui.scale());
    points.clear();
  };
  const TokenRange range = shown_tokens(context.snapshot);
  const auto place = [&](double token) {
    return well.x + static_cast<float>((token - static_cast<double>(range.first) + 0.5) /
                                       static_cast<double>(std::max<std::int64_t>(1, range.count()))) *
                        well.w;
  };
  for (std::int64_t i = 0; i < columns; i += step) {
    float value = slab->columns[i][row];  // of the largest magnitude among those that share the place
    for (std::int64_t j = i + 1; j < std::min(i + step, columns); ++j)
      if (std::abs(slab->columns[j][row]) > std::abs(value)) value = slab->columns[j][row];
    if (!std::isfinite(value)) {
      flush();
      continue;
    }
    points.push_back({ui.px(place(static_cast<double>(slab->first + i * slab->stride))),
                      ui.px(well.middle_y()) - value / high * ui.px(well.h / 2 - 3)});
  }
  ui.clip(well);
  flush();
  ui.unclip();
  const std::string limit = number_text(static_cast<double>(high), 2);
  for (const auto& [top, text] : {std::pair{well.y + 2, "+" + limit}, {well.bottom() - 16, "−" + limit}}) {
    ui.fill({well.x + 4, top, ui.width(Face::tick, text) + 4, 14}, theme.background);
    ui.text(Face::tick, well.x + 6, top, theme.dim, text);
  }
  const Selection& s = context.snapshot.selection;
  for (const std::int64_t cursor : {s.cursor_b, s.cursor_a})
    if (cursor >= range.first && cursor < range.last)
      ui.line_down(place(static_cast<double>(cursor)), well.y, well.bottom(), theme.cursor,
                   cursor == s.cursor_b && cursor != s.cursor_a);
}

/// A bar on a logarithmic scale from 1 to 1000 tokens.
void draw_half_life(Ui& ui, Box& box, const Cell& cell) {
  if (!(cell.half_life > 0) || !std::isfinite(cell.half_life)) return;
  draw_rule(ui, box);
  const Theme& theme = ui.theme();
  Box row = box.cut_top(20);
  ui.text_in(row, Face::control, theme.dim, "Half-life");
  ui.text_in({row.x + row.w * 0.3f, row.y, row.w, row.h}, Face::dense, theme.text,
             number_text(cell.half_life, 3) + " tokens");
  if (row.w > 250)
    ui.text_in(row, Face::control, theme.dim, "1 % after " + number_text(cell.half_life * std::log2(100.0), 3),
               Align::right);
  const auto share = [](double tokens) { return std::clamp(static_cast<float>(std::log10(tokens) / 3), 0.0f, 1.0f); };
  box.cut_top(4);
  const Box track = box.cut_top(6);
  ui.fill(track, theme.raised, 2);
  ui.fill({track.x, track.y, track.w * share(cell.half_life), track.h}, theme.accent, 2);
  const Box labels = box.cut_top(18);
  for (const int tokens : {1, 10, 100, 1000}) {
    const float at = labels.x + labels.w * share(tokens);
    const std::string text = std::to_string(tokens);
    const float width = ui.width(Face::axis, text);
    ui.text(Face::axis, std::max(labels.x, std::min(at - width / 2, labels.right() - width)), labels.y + 3, theme.dim,
            text);
  }
}

/// The share of the layer's cells at this token that are smaller, in percent.
double percentile_of(PaneContext& context, const Cell& cell) {
  PaneMemory::Kept& kept = kept_of(context);
  const auto& frame = context.derived.frame;
  const std::string key = fmt::format("{} {} {}", static_cast<const void*>(frame.get()), frame->position, cell.flat);
  if (kept.percentile_key == key) return kept.percentile;
  const auto below = std::ranges::count_if(frame->h, [&](float value) { return value < *cell.value; });
  kept.percentile_key = key;
  kept.percentile = 100 * static_cast<double>(below) / static_cast<double>(frame->h.size());
  return kept.percentile;
}

/// Sign, exponent and fraction.
std::string bits_text(float value) {
  const std::string digits = fmt::format("{:032b}", std::bit_cast<std::uint32_t>(value));
  return digits.substr(0, 1) + " " + digits.substr(1, 8) + " " + digits.substr(9);
}

/// One value as other number types would hold it, its bits, where it stands among the others, and its place.
std::vector<Fact> readings_of(PaneContext& context, const Cell& cell) {
  std::vector<Fact> readings;
  if (!cell.value) return readings;
  const float value = *cell.value;
  readings.push_back({"f32", "", fmt::format("0x{:08X}", std::bit_cast<std::uint32_t>(value))});
  const auto rounded = [&](const char* name, float other) {
    const double error = static_cast<double>(other) - static_cast<double>(value);
    readings.push_back({name, !std::isfinite(error) ? "overflow" : error == 0 ? "exact" : "err " + number_text(error, 2), number_text(static_cast<double>(other), 6)});
  };
  rounded("bf16", float_from_bf16(bf16_from_float(value)));
  rounded("f16", float_from_f16(f16_from_float(value)));
  const auto& frame = context.derived.frame;
  if (frame && frame->layer == cell.layer && frame->position == cell.token + 1 && std::isfinite(value))
    readings.push_back({"percentile", "of the state", number_text(percentile_of(context, cell), 4)});
  readings.push_back({"bits", "", bits_text(value)});
  return readings;
}

void draw_readings(Ui& ui, Box& box, PaneContext& context, const std::vector<Fact>& readings) {
  if (readings.empty()) return;
  draw_rule(ui, box);
  const Theme& theme = ui.theme();
  for (const Fact& reading : readings) {
    const bool is_bits = reading.name == "bits";
    std::string text = reading.value, rest;  // bits may need a second line, for the fraction
    if (is_bits && ui.width(Face::axis, text) > box.w - 34) rest = text.substr(11), text.resize(10);
    if (box.h < (rest.empty() ? 18 : 36)) return;
    Box line = box.cut_top(18);
    const Box whole{line.x, line.y, line.w, rest.empty() ? 18.0f : 36.0f};
    if (ui.hit(("reading " + reading.name).c_str(), whole).hovered) ui.fill({whole.x - 4, whole.y, whole.w + 8, whole.h}, theme.raised, 2), note_hover(ui, context, reading.value);
    ui.text_in(line, Face::dense, theme.text, reading.name);
    ui.text_in(line, Face::control, theme.dim, reading.meaning, Align::right);
    line.cut_left(is_bits ? 34 : std::max(76.0f, line.w * 0.3f));
    ui.text_in(line, is_bits ? Face::axis : Face::dense, theme.text, text, is_bits ? Align::right : Align::left);
    if (!rest.empty()) ui.text_in(box.cut_top(18), Face::axis, theme.text, rest, Align::right);
  }
}

/// All that the pane says of the cell, one a line, tab-separated.
std::string values_of(const PaneContext& context, const Cell& cell, const std::vector<Fact>& facts, const std::vector<Fact>& readings) {
  if (!cell.value) return "";
  std::string text = fmt::format("cell\t{}\nlayer\t{}\ntoken\t{}\noffset\t{}\nvalue\t{}\n", cell_text(context.snapshot, cell.row, cell.state), cell.layer, cell.token, cell.flat, csv_text(*cell.value));
  if (cell.half_life > 0) text += fmt::format("half-life\t{}\n", csv_text(cell.half_life));
  for (const auto* list : {&facts, &readings})
    for (const Fact& fact : *list) text += fact.name + "\t" + fact.value + "\n";
  return text;
}

}  // namespace

void draw_selection(Ui& ui, Box box, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const bool has_all = box.h >= kRoomForAll;
  const Box pane = box;
  PaneHeader header(ui, box, "Selection");
  if (!snapshot.model) {
    empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
    return;
  }
  draw_index_map(ui, header.control(28), context);
  const Cell cell = cell_of(context);
  const std::string when = cell.token < 0 ? "start" : fmt::format("t = {}", cell.token);
  header.subtitle(fmt::format("{} · layer {} · {}", cell_text(snapshot, cell.row, cell.state), cell.layer, when));
  box = box.inset(12, 0);
  const auto separator = [&] {
    box.cut_top(5);
    ui.line_across(pane.x, pane.right() - 1, box.y, ui.theme().line);
    box.cut_top(5);
  };
  int& tab = kept_of(context).selection_tab;
  if (!has_all) {
    tab = segments(ui, "tabs", box.cut_top(24), kTabs, tab);
    box.cut_top(6);
  }
  bool has_writers = false;
  const std::vector<Fact> facts = facts_of(context, cell), readings = readings_of(context, cell);
  if (has_all || tab == 0) {
    draw_value(ui, box, context, cell);
    draw_history(ui, box, context, cell);
    box.cut_top(8);
    for (const Fact& fact : facts) draw_fact(ui, box, context, fact);
    draw_half_life(ui, box, cell);
    has_writers = has_all && box.h >= kRoomForWriters + kRoomForReadings;
    Box space = box;
    if (has_all) space.h = std::max(0.0f, box.h - (has_writers ? kRoomForWriters : kRoomForBelow));
    draw_readings(ui, space, context, readings);
    box.cut_top(space.y - box.y);
  }
  if (has_writers) separator();
  if (has_writers || (!has_all && tab == 1)) draw_written_by(ui, box, context, has_all ? 4 : static_cast<int>((box.h - 24) / 20));
  if (has_all) separator();
  if (has_all || tab == 2) draw_edit(ui, box, context);
  if (has_all) separator();
  if (has_all || tab == 3) draw_memory(ui, box, context);
  pane_menu(ui, pane, context, {.kind = "channel", .values = values_of(context, cell, facts, readings)});
}

}  // namespace lab
