// Who wrote this: the value and why it is what it is, the text coloured by what each token gives, the same as bars, as a table.
#include "views/panels/who_wrote.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "views/figures/content_text.h"
#include "views/figures/parts.h"
#include "views/panels/edit_target.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr StatePart kParts[] = {StatePart::cell, StatePart::channel, StatePart::head, StatePart::layer, StatePart::read_out};
constexpr const char* kPartNames[] = {"Cell", "Channel", "Head", "Layer", "Read-out"};
constexpr float kLine = 24, kWord = 19, kGap = 4, kPadding = 5;  // of the coloured text
constexpr float kRow = 20;                                      // of the table
constexpr float kRoomForCurve = 300, kCurve = 132, kLeastTable = 62;

double value_of(const Content& content, std::int64_t token) { return content.tokens[static_cast<std::size_t>(token - content.first)].value; }

double deposited(const Content& content) {
  return std::accumulate(content.deposits.begin(), content.deposits.end(), 0.0, [](double sum, const Deposit& deposit) { return sum + deposit.is.value; });
}

/// A share of the whole; of parts many times larger than what they cancel to, how many times.
std::string share_of(double value, double sum) {
  const double share = sum != 0 ? value / sum : NAN;
  if (std::isnan(share)) return "–";
  return std::fabs(share) < 10 ? number_text(100 * share, 3) + " %" : "× " + number_text(share, 3);
}

/// The token that the buttons and the table speak of.
std::int64_t chosen_writer(PaneContext& context) {
  const Content& content = *context.derived.content;
  const std::int64_t chosen = context.memory.writer;
  if (chosen >= content.first && chosen <= content.token) return chosen;
  const KeptWriters& writers = kept_writers(context);
  return writers.largest.empty() ? -1 : writers.largest.front();
}

/// The ground of a token: a tint of the sign's colour, as strong as the square root of its share.
Color ground_of(const Theme& theme, double value, double largest) {
  const double share = largest > 0 ? std::fabs(value) / largest : 0;
  if (share < 1e-4) return mixed(theme.pane, theme.raised, 0.7f);
  return mixed(theme.pane, value > 0 ? theme.adds : theme.cancels, 0.08f + 0.52f * static_cast<float>(std::sqrt(share)));
}

/// Words of the text, laid out in lines from a first token on, with what stands for those before it.
class Text {
 public:
  Text(Ui& ui, Box box, PaneContext& context) : ui_(ui), box_(box), context_(context), content_(*context.derived.content) {
    const auto lines = static_cast<std::int64_t>((box.h + kLine - kWord - 4) / kLine);
    const auto most = static_cast<std::int64_t>(box.w / 14) * std::max<std::int64_t>(1, lines);
    from_ = std::max(content_.first, content_.token + 1 - most);
    for (std::int64_t t = from_; t <= content_.token; ++t) widths_.push_back(std::ceil(ui.width(Face::mono, token_text(context.snapshot, t))) + 2 * kPadding);
    first_ = first_that_fits(lines);
  }

  /// Of the lines that there are.
  float height() const { return static_cast<float>(flow(first_, [](std::int64_t, Box) {})) * kLine; }
  void draw() {
    flow(first_, [this](std::int64_t token, Box cell) {
      if (token < 0) draw_rest(cell);
      else draw_word(token, cell);
    });
  }

 private:
  std::string rest_text(std::int64_t first) const {
    double sum = deposited(content_);
    for (std::int64_t t = content_.first; t < first; ++t) sum += value_of(content_, t);
    const bool is_none = first == content_.first;
    return is_none ? fmt::format("before token {}: {}", first, signed_text(sum, 3)) : fmt::format("tokens {}–{}: {}", content_.first, first - 1, signed_text(sum, 3));
  }
  bool has_rest(std::int64_t first) const { return first > content_.first || deposited(content_) != 0; }

  /// Calls place(token or -1 for what stands before them, cell) and returns how many lines there are.
  template <class Place>
  std::int64_t flow(std::int64_t first, Place place) const {
    float x = 0;
    std::int64_t line = 0;
    const auto put = [&](std::int64_t token, float width) {
      width = std::min(width, box_.w);
      if (x > 0 && x + width > box_.w) x = 0, ++line;
      place(token, Box{box_.x + x, box_.y + static_cast<float>(line) * kLine, width, kWord});
      x += width + kGap;
    };
    if (has_rest(first)) put(-1, ui_.width(Face::control, rest_text(first)) + 2 * kPadding);
    for (std::int64_t t = first; t <= content_.token; ++t) put(t, widths_[static_cast<std::size_t>(t - from_)]);
    return line + 1;
  }

  std::int64_t first_that_fits(std::int64_t lines) const {
    std::int64_t low = from_, high = content_.token;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (flow(middle, [](std::int64_t, Box) {}) <= std::max<std::int64_t>(1, lines)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  void draw_rest(Box cell) const {
    ui_.fill(cell, ui_.theme().raised, 2);
    ui_.text_in(cell.inset(kPadding, 0), Face::control, ui_.theme().dim, rest_text(first_));
  }

  void draw_word(std::int64_t token, Box cell) {
    const Theme& theme = ui_.theme();
    const double value = value_of(content_, token), largest = kept_writers(context_).largest_part, share = largest > 0 ? std::fabs(value) / largest : 0;
    ui_.fill(cell, ground_of(theme, value, largest), 2);
    if (share > 0.005) ui_.fill({cell.x, cell.bottom() + 1, std::max(2.0f, cell.w * static_cast<float>(share)), 2}, value > 0 ? theme.adds : theme.cancels);
    ui_.text_in(cell.inset(kPadding - 1, 0), Face::mono, theme.text, token_text(context_.snapshot, token), Align::center);
    if (token == content_.token) ui_.outline(cell.inset(-1), theme.cursor, 3, 2);
    else if (token == chosen_writer(context_)) ui_.outline(cell.inset(-1), theme.accent, 3, 1);
    const Hit hit = ui_.hit(fmt::format("word {}", token).c_str(), cell);
    if (hit.hovered) {
      const std::string tip = writer_tip(context_.snapshot, content_, token);
      ui_.tooltip(tip), note_hover(ui_, context_, tip, token);
    }
    if (hit.double_clicked) context_.send(command::Seek{token, "a"});
    else if (hit.clicked) context_.memory.writer = token;
  }

  Ui& ui_;
  const Box box_;
  PaneContext& context_;
  const Content& content_;
  std::int64_t from_ = 0, first_ = 0;  // first token measured, and shown
  std::vector<float> widths_;
};

/// The value, the verdict and the rule that decided it.
void draw_verdict(Ui& ui, Box row, const Content& content) {
  const Theme& theme = ui.theme();
  const float end = ui.text_in({row.x, row.y, row.w * 0.3f, 36}, Face::value, theme.text, signed_text(content.value, 5));
  row.cut_left(std::max(84.0f, end - row.x + 16));
  const Hit hit = ui.hit("verdict", row);
  ui.text_in(row.cut_top(18), Face::control, theme.text, verdict_text(content.judgement));
  std::string why = rule_of(content.judgement, content.value, content.read);
  if (content.half_life.tokens > 0) why += fmt::format(" Half-life {}{} tokens.", content.half_life.is_reached ? "" : "more than ", number_text(content.half_life.tokens, 3));
  if (std::isfinite(content.weight) && content.part == StatePart::cell) why += fmt::format(" Read with C[{}] = {}.", content.state, number_text(content.weight, 3));
  ui.text_in(row.cut_top(18), Face::control, theme.dim, why);
  if (hit.hovered)
    ui.tooltip(fmt::format("verdict\t{}\n{}\t\nsum of all parts\t{}\nthe state holds\t{}\nrounding may part them by\t{}", name_of(content.judgement.verdict), why,
                           signed_text(content.sum, 9), signed_text(content.value, 9), number_text(content.bound, 3)));
}

void draw_legend(Ui& ui, Box row) {
  const Theme& theme = ui.theme();
  for (const auto& [name, color] : {std::pair{"adds", theme.adds}, {"cancels", theme.cancels}}) {
    ui.fill({row.x, row.y + 6, 8, 8}, color, 2);
    row.cut_left(13);
    row.cut_left(ui.text_in(row, Face::control, theme.dim, name) - row.x + 12);
  }
  ui.text_in(row, Face::control, theme.dim, "bar under a token: its share, linear; colour: square root");
}

/// What each token gives as bars, and below what they sum to so far.
void draw_curve(Ui& ui, Box box, PaneContext& context, const FigureOptions& options) {
  Box title = box.cut_top(22);
  title.cut_left(ui.text_in(title, Face::title, ui.theme().text, "Contribution over source token j") - title.x + 12);
  if (title.w > 150) ui.text_in(title, Face::control, ui.theme().dim, "decay × write, exact sum", Align::right);
  FigureRequest request{.slot = ui.pane + " bars", .kind = "content", .options = options, .left = 56, .right = 12};
  request.options.cursors = false;
  const bool has_sum = box.h >= 96;
  request.adjust = [has_sum](Figure& figure) {
    figure.plots.erase(figure.plots.begin());
    figure.heights.erase(figure.heights.begin());
    if (!has_sum) figure.plots.resize(1), figure.heights.resize(1);
    for (Plot& plot : figure.plots) plot.title.clear(), plot.subtitle.clear(), plot.x.label.clear(), plot.y.label.clear(), plot.x.ticks = true;
    if (has_sum) figure.plots[0].x.ticks = false;
  };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  if (!draw_figure(ui, box, context, figure)) return;
  for (std::size_t plot = 0; plot < figure.page.areas.size(); ++plot) {
    const Box frame = frame_of(figure, box, plot);
    const Hit hit = ui.hit(plot == 0 ? "bars" : "sums", frame);
    if (!hit.hovered && !hit.clicked) continue;
    const double x = figure.page.areas[plot].x_from(hit.x - box.x);
    const std::string value = value_at("content", context.snapshot, figure.sources, request.options, static_cast<int>(plot) + 1, x, 0);
    const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
    note_hover(ui, context, value, token);
    if (hit.hovered && !value.empty()) ui.tooltip(value);
    if (hit.clicked) context.memory.writer = token;
  }
  if (has_sum) {
    const Box frame = frame_of(figure, box, 1);
    ui.text_in({frame.x + 6, frame.y + 1, frame.w - 12, 14}, Face::tick, ui.theme().dim, "sum so far, % of the whole");
  }
}

/// Where the columns of the table lie: right edges of the numbers, from the left edge of a row.
struct Columns {
  bool has_terms;
  float token = 52, write = 0, decay = 0, share, bar, bar_w, percent;
  explicit Columns(float width) : has_terms(width >= 470) {
    percent = width - 8;
    const float after_token = token + (has_terms ? width * 0.18f : width * 0.3f);
    write = after_token + 62, decay = write + 70;
    share = (has_terms ? decay : after_token) + 78;
    bar = share + 14, bar_w = std::max(0.0f, percent - 62 - bar);
  }
};

void draw_heads(Ui& ui, Box row, const Content& content) {
  const Columns at(row.w);
  const Color dim = ui.theme().dim;
  const auto head = [&](float right, const std::string& text) { ui.text_in({row.x + right - 90, row.y, 90, row.h}, Face::tick, dim, text, Align::right); };
  head(40, "j");
  ui.text_in({row.x + at.token, row.y, 60, row.h}, Face::tick, dim, "token");
  if (at.has_terms) head(at.write, content.part == StatePart::cell ? "write Δ·x·B" : "written"), head(at.decay, fmt::format("decay to {}", content.token));
  head(at.share, content.part == StatePart::cell || content.part == StatePart::read_out ? "share of it" : "of the norm");
  head(at.percent, "per cent");
}

/// One line of the table; a token or, with j = -1, several.
void draw_line(Ui& ui, Box row, PaneContext& context, std::int64_t token, const std::string& name, double value, bool is_dim) {
  const Theme& theme = ui.theme();
  const Content& content = *context.derived.content;
  const Columns at(row.w);
  const bool is_token = token >= 0, is_chosen = is_token && token == chosen_writer(context);
  if (is_token) {
    const Hit hit = ui.hit(fmt::format("writer {}", token).c_str(), row);
    if (is_chosen || hit.hovered) ui.fill(row, is_chosen ? theme.selection : theme.raised, 2);
    if (hit.hovered) {
      const std::string tip = writer_tip(context.snapshot, content, token);
      ui.tooltip(tip), note_hover(ui, context, tip, token);
    }
    if (hit.double_clicked) context.send(command::Seek{token, "a"});
    else if (hit.clicked) context.memory.writer = token;
  }
  const Color color = is_dim ? theme.dim : theme.text, faint = is_chosen ? theme.dim_on_selection : theme.dim;
  const auto number = [&](float right, Color ink, const std::string& text) { ui.text_in({row.x + right - 78, row.y, 78, row.h}, Face::dense, ink, text, Align::right); };
  if (is_token) number(40, color, std::to_string(token));
  const float end = at.has_terms ? at.write - 62 : at.share - 78;
  ui.text_in({row.x + at.token, row.y, end - at.token, row.h}, is_token ? Face::mono : Face::control, color, name);
  if (is_token && at.has_terms) {
    const Contribution& one = content.tokens[static_cast<std::size_t>(token - content.first)];
    const bool is_sum = content.part == StatePart::cell || content.part == StatePart::read_out;
    number(at.write, color, is_sum ? signed_text(std::copysign(one.written, one.value), 3) : number_text(one.written, 3));
    number(at.decay, faint, one.written > 0 ? number_text(one.size / one.written, 3) : "–");
  }
  number(at.share, color, signed_text(value, 3));
  const double largest = kept_writers(context).largest_part;
  if (is_token && largest > 0)
    ui.fill({row.x + at.bar, row.y + 5, std::max(1.0f, at.bar_w * static_cast<float>(std::min(1.0, std::fabs(value) / largest))), row.h - 10}, value > 0 ? theme.adds : theme.cancels);
  number(at.percent, faint, share_of(value, content.sum));
}

void draw_table(Ui& ui, Box box, PaneContext& context) {
  const Content& content = *context.derived.content;
  const KeptWriters& writers = kept_writers(context);
  draw_heads(ui, box.cut_top(18), content);
  const auto deposits = std::min<std::size_t>(content.deposits.size(), 2);
  const auto rows = static_cast<std::int64_t>(box.h / kRow) - static_cast<std::int64_t>(deposits) - 1;
  const std::int64_t shown = std::clamp<std::int64_t>(rows, 0, std::ssize(writers.largest));
  double rest = writers.sum;
  for (std::int64_t i = 0; i < shown; ++i) {
    const std::int64_t token = writers.largest[static_cast<std::size_t>(i)];
    draw_line(ui, box.cut_top(kRow), context, token, token_text(context.snapshot, token), value_of(content, token), false);
    rest -= value_of(content, token);
  }
  if (const std::int64_t others = std::ssize(writers.largest) - shown; others > 0)
    draw_line(ui, box.cut_top(kRow), context, -1, fmt::format("{} other{}", others, others == 1 ? "" : "s"), rest, true);
  for (std::size_t i = 0; i < deposits && box.h >= kRow; ++i) draw_line(ui, box.cut_top(kRow), context, -1, content.deposits[i].label, content.deposits[i].is.value, true);
}

void draw_buttons(Ui& ui, Box row, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const std::int64_t token = chosen_writer(context);
  if (token < 0) return;
  const bool can_edit = snapshot.state == EngineState::paused, is_end = snapshot.selection.cursor_a + 1 == snapshot.count();
  const bool has_slice = slice_of_part(snapshot, context.derived.content->part).has_value();
  const std::string tip = !has_slice ? "Edits cannot name this part: choose its channel or the layer" : !can_edit ? "Pause first"
      : is_end ? "Takes what is left of its write out of the state; later tokens keep what they made of it"
               : "The same as a fork from the cursor on; the text after it waits there";
  const float width = std::min(190.0f, (row.w - 8) / 2);
  const std::string forget = fmt::format("{}  Forget token {}{}##forget", icon::kClose, token, is_end ? "" : " in a fork"), jump = fmt::format("{}  Jump to t = {}##jump", icon::kJump, token);
  if (button(ui, forget.c_str(), row.cut_left(width), {.enabled = can_edit && has_slice, .tip = tip})) forget_token(context, token);
  row.cut_left(8);
  if (button(ui, jump.c_str(), row.cut_left(width), {.tip = "Cursor A goes there"})) context.send(command::Seek{token, "a"});
  const Content& content = *context.derived.content;
  const std::string sum = fmt::format("sum of {} parts − state: {}", std::ssize(content.tokens) + std::ssize(content.deposits), number_text(content.sum - content.value, 2));
  row.cut_left(12);
  if (row.w > ui.width(Face::control, sum)) ui.text_in(row, Face::control, ui.theme().dim, sum, Align::right);
}

/// Which part is asked about; heads only where there are some.
void choose_part(Ui& ui, PaneHeader& header, const Snapshot& snapshot, FigureOptions& options, float width) {
  const LayerInfo* layer = selected_layer(snapshot);
  const bool has_heads = layer && layer->heads > 0;
  std::vector<const char*> names;
  std::vector<StatePart> parts;
  int chosen = 0;
  for (std::size_t i = 0; i < std::size(kParts); ++i) {
    if (kParts[i] == StatePart::head && !has_heads) continue;
    if (kParts[i] == options.part) chosen = static_cast<int>(parts.size());
    names.push_back(kPartNames[i]), parts.push_back(kParts[i]);
  }
  if (width >= 560) chosen = segments(ui, "part", header.control(62 * static_cast<float>(parts.size())), names, chosen);
  else combo(ui, "part", header.control(92), names, chosen);
  options.part = parts[static_cast<std::size_t>(chosen)];
}

void draw_body(Ui& ui, Box box, PaneContext& context, const FigureOptions& options) {
  box = box.inset(12, 2);
  draw_verdict(ui, box.cut_top(40), *context.derived.content);
  if (box.h < 60) return;
  const Box buttons = box.h >= 110 ? box.cut_bottom(kControlHeight) : Box{};
  if (buttons.h > 0) box.cut_bottom(6);
  const bool has_room = box.h >= kRoomForCurve;
  Text text(ui, {box.x, box.y, box.w, std::max(kLine, has_room ? std::min(box.h * 0.3f, 6 * kLine) : box.h >= 4 * kLine ? box.h * 0.5f : box.h)}, context);
  text.draw();
  box.cut_top(text.height());
  const bool has_curve = box.h >= kCurve + 22 + kLeastTable;
  if (has_curve) draw_legend(ui, box.cut_top(22)), draw_curve(ui, box.cut_top(kCurve + (box.h > 420 ? 26 : 0)), context, options), box.cut_top(6);
  if (box.h >= kLeastTable) draw_table(ui, box, context);
  if (buttons.h > 0) draw_buttons(ui, buttons, context);
}

}  // namespace

const KeptWriters& kept_writers(PaneContext& context) {
  KeptWriters& kept = kept_of(context).writers;
  if (kept.of == context.derived.content) return kept;
  kept = {.of = context.derived.content};
  if (!kept.of) return kept;
  const Content& content = *kept.of;
  kept.largest.resize(content.tokens.size());
  std::iota(kept.largest.begin(), kept.largest.end(), content.first);
  std::ranges::stable_sort(kept.largest, [&](std::int64_t a, std::int64_t b) { return std::fabs(value_of(content, a)) > std::fabs(value_of(content, b)); });
  for (const Contribution& one : content.tokens) kept.sum += one.value;
  if (!kept.largest.empty()) kept.largest_part = std::fabs(value_of(content, kept.largest.front()));
  return kept;
}

StatePart written_part(const PaneMemory& memory) {
  const auto found = memory.options.find("content");
  return found == memory.options.end() ? StatePart::cell : found->second.part;
}

std::string writer_tip(const Snapshot& snapshot, const Content& content, std::int64_t token) {
  const Contribution& one = content.tokens[static_cast<std::size_t>(token - content.first)];
  return fmt::format("{}\tt = {}\nits part\t{}\nshare\t{}\nwritten\t{}\nleft of it\t{}", token_text(snapshot, token), token, signed_text(one.value, 5), share_text(one, content),
                     number_text(one.written, 5), one.written > 0 ? percent_text(one.size / one.written) : "nothing was written");
}

void forget_token(PaneContext& context, std::int64_t token) {
  const Snapshot& snapshot = context.snapshot;
  const auto slice = slice_of_part(snapshot, written_part(context.memory));
  if (!slice) return;
  const std::int64_t at = snapshot.selection.cursor_a + 1;
  if (at < snapshot.count()) context.send(command::Fork{at, fmt::format("without token {}", token), true});
  context.send(command::EditState{{.operation = "forget", .layer = snapshot.selection.layer, .at = *slice, .position = token}});
}

void draw_written_by(Ui& ui, Box& box, PaneContext& context, int rows) {
  const Theme& theme = ui.theme();
  const auto& content = context.derived.content;
  const Selection& s = context.snapshot.selection;
  Box title = box.cut_top(24);
  title.cut_left(ui.text_in(title, Face::title, theme.text, "Written by") - title.x + 8);
  const bool is_here = content && !content->tokens.empty() && content->layer == s.layer;
  if (is_here) {
    const std::string what = content->part == StatePart::cell ? fmt::format("exact share of h, {} tokens", content->tokens.size())
                                                              : "exact share of " + part_text(context.snapshot, *content);
    ui.text_in(title, Face::control, theme.dim, what, Align::right);
  }
  const KeptWriters& writers = kept_writers(context);
  for (int i = 0; i < rows; ++i) {
    Box row = box.cut_top(kRow);
    if (!is_here || i >= std::ssize(writers.largest)) {
      if (i == 0) ui.text_in(row, Face::control, theme.dim, !context.derived.refusal.empty() ? "" : selected_layer(context.snapshot) && selected_layer(context.snapshot)->has_cache() ? "every row of a cache by its own token" : "");
      continue;
    }
    const std::int64_t token = writers.largest[static_cast<std::size_t>(i)];
    const double value = value_of(*content, token);
    const Hit hit = ui.hit(fmt::format("writer {}", i).c_str(), row);
    if (hit.hovered) {
      ui.fill({row.x - 4, row.y, row.w + 8, row.h}, theme.raised, 2);
      const std::string tip = writer_tip(context.snapshot, *content, token);
      ui.tooltip(tip), note_hover(ui, context, tip, token);
    }
    if (hit.double_clicked) context.send(command::Seek{token, "a"});
    else if (hit.clicked) context.memory.writer = token;
    ui.text_in(row.cut_left(36), Face::dense, theme.text, std::to_string(token));
    ui.text_in(row.cut_left(std::min(96.0f, row.w * 0.3f)), Face::mono, theme.text, token_text(context.snapshot, token));
    ui.text_in(row.cut_right(58), Face::dense, theme.dim, share_of(value, content->sum), Align::right);
    ui.text_in(row.cut_right(66), Face::dense, theme.text, signed_text(value, 3), Align::right);
    row.cut_left(4), row.cut_right(6);
    if (writers.largest_part > 0) ui.fill({row.x, row.y + 4, std::max(1.0f, row.w * static_cast<float>(std::fabs(value) / writers.largest_part)), row.h - 8}, value > 0 ? theme.adds : theme.cancels, 2);
  }
}

void draw_who_wrote(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Who wrote this");
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  FigureOptions& options = context.memory.options["content"];
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("content");
  choose_part(ui, header, snapshot, options, pane.w);
  const auto& content = context.derived.content;
  if (!content || content->tokens.empty() || content->layer != snapshot.selection.layer) {
    const auto made = find_figure("content")->make(snapshot, context.derived, options);
    if (made) pending_note(ui, box, "");
    else empty_note(ui, box, made.error().message, made.error().next);
  } else {
    header.subtitle(fmt::format("{} · layer {} · t = {}", part_text(snapshot, *content), content->layer, content->token));
    draw_body(ui, box, context, options);
  }
  pane_menu(ui, pane, context, {.kind = "content", .shown = options});
}

}  // namespace lab
