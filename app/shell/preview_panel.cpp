#include "app/shell/preview_panel.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/core/snapshot.h"
#include "app/shell/error_help.h"
#include "app/shell/words.h"
#include "model/files/file.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kRow = 22;
constexpr float kLeading = 18;
constexpr float kSection = 16;          // between two sections, on both sides of the line
constexpr std::size_t kMostTold = 100;  // problems that are drawn; `statelab check` lists them all

/// Layers that keep a cache stand out from those whose state has a fixed size.
Color color_of(const Theme& theme, bool has_cache) { return has_cache ? theme.run_b : theme.accent; }

/// Numbers with thin spaces between thousands are for eyes: "340 300 288".
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), " ");
  return text;
}

/// The words of a problem: what it is, then everything that says where and why.
std::string place_of(const Error& problem) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() || part.empty() ? "" : "; ") + part; };
  add(problem.file.empty() ? "" : printable(plain_name(problem.file), 400));
  add(printable(problem.field));
  if (problem.offset >= 0) add(fmt::format("at byte {}", problem.offset));
  if (!problem.expected.empty()) add("expected " + problem.expected);
  if (!problem.found.empty()) add("found " + printable(problem.found));
  add(next_step(problem));
  return text;
}

class Panel {
 public:
  Panel(Ui& ui, Box box, const Preview& preview) : ui_(ui), theme_(ui.theme()), left_(box), preview_(preview) { left_.h = 1e6f; }

  void draw(const std::string& hash) {
    draw_heading();
    if (preview_.check.outline) {
      draw_layers();
      draw_facts(hash);
      draw_memory();
    }
    draw_findings();
  }
  float bottom() const { return left_.y; }

 private:
  const ModelInfo& info() const { return preview_.check.outline->info; }

  void separate() {
    ui_.line_across(left_.x, left_.right(), left_.cut_top(kSection).bottom() - 1, theme_.line);
    left_.cut_top(kSection - 4);
  }
  Box title(const char* text, const std::string& right) {
    Box row = left_.cut_top(24);
    const float end = ui_.text_in(row, Face::title, theme_.text, text);
    ui_.text_in({end + 12, row.y, row.right() - end - 12, row.h}, Face::control, theme_.dim, right, Align::right);
    row.cut_left(end - row.x + 16);
    return row;
  }

  void draw_heading();
  void draw_layers();
  void draw_legend(Box row);
  void draw_strip(Box strip);
  void draw_numbers(Box row, float step);
  void draw_facts(const std::string& hash);
  void draw_memory();
  void draw_findings();
  void draw_finding(bool is_problem, const std::string& sentence, const std::string& detail);

  Ui& ui_;
  const Theme& theme_;
  Box left_;  // what is not drawn yet
  const Preview& preview_;
};

void Panel::draw_heading() {
  const FileCheck& check = preview_.check;
  Box row = left_.cut_top(30);
  const bool good = preview_.can_open();
  const std::string verdict = good                         ? "can be opened"
                              : check.problems.size() == 1 ? "1 problem"
                                                           : fmt::format("{} problems", check.problems.size());
  const float width = ui_.width(Face::control, verdict) + 36;
  const Box badge = row.cut_right(width).row(24);
  const Color color = good ? theme_.good : theme_.bad;
  ui_.fill(badge, mixed(theme_.pane, color, 0.16f), kRadius);
  ui_.text_in({badge.x + 8, badge.y, 18, badge.h}, Face::control, color, good ? icon::kCheck : icon::kWarning);
  ui_.text_in({badge.x + 26, badge.y, badge.w - 30, badge.h}, Face::control, theme_.text, verdict);
  row.cut_right(12);
  const std::string name = preview_.name.empty() ? plain_name(preview_.path) : preview_.name;
  ui_.text_in(row, Face::heading, theme_.text, printable(name));
  const std::string family = check.outline ? info().title + ", " : "";
  std::string line = fmt::format("{}headers read in {:.0f} ms, nothing loaded yet", family, std::ceil(preview_.seconds * 1000));
  if (preview_.is_for_run()) line = check.problems.empty() ? check.detail + ", for the run that is open" : "";
  if (check.kind == "session") line = fmt::format("Session of {}: {}", check.detail, line);
  ui_.text_in(left_.cut_top(22), Face::control, theme_.dim, line);
  left_.cut_top(12);
}

void Panel::draw_layers() {
  draw_legend(title("Layers", ""));
  left_.cut_top(2);
  const Box strip = left_.cut_top(36);
  draw_strip(strip);
  draw_numbers(left_.cut_top(18), strip.w / static_cast<float>(info().layers.size()));
  left_.cut_top(8);
}

void Panel::draw_legend(Box row) {
  for (const LayerKind& kind : layer_kinds(info().layers)) {
    const std::string text = fmt::format("{} × {}", kind.count, kind.title);
    if (ui_.width(Face::control, text) + 34 > row.w) return;
    ui_.fill(row.cut_left(8).row(8), color_of(theme_, kind.has_cache), 2);
    row.cut_left(8);
    row.cut_left(ui_.text_in(row, Face::control, theme_.dim, text) - row.x + 18);
  }
}

/// One block a layer; below it a grey one where a feed-forward follows the mixer.
void Panel::draw_strip(Box strip) {
  const auto& layers = info().layers;
  const float step = strip.w / static_cast<float>(layers.size()), gap = step > 6 ? 2.0f : step > 3 ? 1.0f : 0.0f;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const float x = std::round(strip.x + step * static_cast<float>(i));
    const float w = std::max(1.0f, std::round(strip.x + step * static_cast<float>(i + 1)) - x - gap);
    ui_.fill({x, strip.y, w, 28}, color_of(theme_, layers[i].has_cache()), step > 12 ? 2.0f : 0.0f);
    const auto& points = layers[i].points;
    const bool feeds = std::any_of(points.begin(), points.end(), [](const PointShape& p) { return p.point == Point::ffn_out; });
    if (feeds) ui_.fill({x, strip.y + 30, w, 5}, theme_.axis);
  }
}

/// The numbers of the first and last layer, and of those of a rarer kind where they fit.
void Panel::draw_numbers(Box row, float step) {
  const auto& layers = info().layers;
  const auto kinds = layer_kinds(layers);
  const auto most = std::max_element(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
  const std::string last = std::to_string(layers.size() - 1);
  const float last_x = row.right() - ui_.width(Face::tick, last);
  float free = row.x;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i > 0 && i + 1 < layers.size() && layers[i].kind == most->name) continue;
    const std::string text = std::to_string(i);
    const float width = ui_.width(Face::tick, text), middle = row.x + step * (static_cast<float>(i) + 0.5f) - width / 2;
    const float x = i == 0 ? row.x : i + 1 == layers.size() ? last_x : middle;
    const bool fits = x >= free && (i + 1 >= layers.size() || x + width + 6 <= last_x);
    if (!fits) continue;
    ui_.text(Face::tick, x, row.y + 2, theme_.dim, text);
    free = x + width + 6;
  }
}

void Panel::draw_facts(const std::string& hash) {
  const ModelInfo& m = info();
  const auto& layers = preview_.check.outline->schema->layers();
  std::int64_t least = state_bytes(layers.front()), most = least;
  for (const LayerSchema& layer : layers) least = std::min(least, state_bytes(layer)), most = std::max(most, state_bytes(layer));
  std::vector<std::pair<const char*, std::string>> facts;
  const auto add = [&](const char* name, std::string text) { facts.emplace_back(name, std::move(text)); };
  add("parameters", fmt::format("{} ({})", grouped(m.parameters), amount_text(m.parameters)));
  add("hidden size", grouped(m.hidden));
  add("weights", memory_text(m.weight_bytes));
  add("state per layer", least == most ? memory_text(most) : memory_text(least) + " to " + memory_text(most));
  add("number types", types_text(preview_.types));
  if (m.state_size > 0) add("state size N", grouped(m.state_size));
  add("vocabulary", grouped(m.vocabulary) + (m.tied_head ? ", tied" : ""));
  if (m.heads > 0) add("heads", m.head_dim > 0 ? fmt::format("{} × {}", m.heads, m.head_dim) : grouped(m.heads));
  const bool refused = std::any_of(preview_.check.problems.begin(), preview_.check.problems.end(),
                                   [](const Error& problem) { return plain_name(problem.file).starts_with("tokenizer"); });
  const char* missing = refused ? "cannot be read" : "none: no tokenizer.json";
  add("tokenizer", preview_.check.tokenizer.empty() ? missing : preview_.check.tokenizer + ", found");
  if (m.conv_kernel > 0) add("convolution", grouped(m.conv_kernel) + (m.groups > 1 ? fmt::format(", {} groups", m.groups) : ""));
  if (m.inner > 0) add("inner width", grouped(m.inner));
  add("content hash", hash.empty() ? "known once open" : hash.substr(0, 16));
  constexpr float kGap = 28;
  const std::size_t columns = left_.w < 500 ? 1 : 2;
  const float width = columns == 1 ? left_.w : (left_.w - kGap) / 2;
  for (std::size_t i = 0; i < facts.size(); i += columns) {
    Box row = left_.cut_top(kRow);
    for (std::size_t j = i; j < std::min(i + columns, facts.size()); ++j) {
      Box cell = row.cut_left(width);
      row.cut_left(kGap);
      const float end = ui_.text_in(cell, Face::control, theme_.dim, facts[j].first);
      cell.cut_left(end - cell.x + 12);
      ui_.text_in(cell, Face::dense, theme_.text, facts[j].second, Align::right);
    }
  }
}

void Panel::draw_memory() {
  separate();
  const MemoryNeed& need = preview_.memory;
  const auto& available = preview_.available;
  title("Memory needed", available ? memory_text(*available) + " available now" : "available memory: unknown");
  left_.cut_top(2);
  const std::pair<Color, std::int64_t> parts[] = {
      {theme_.accent, need.weights}, {theme_.run_b, need.state}, {mixed(theme_.accent, theme_.pane, 0.5f), need.history}};
  const Box bar = left_.cut_top(12);
  ui_.fill(bar, theme_.raised, 2);
  const auto scale = static_cast<double>(std::max({need.total(), available.value_or(0), std::int64_t{1}}));
  std::int64_t before = 0;
  for (const auto& [color, bytes] : parts) {
    const float from = bar.x + static_cast<float>(static_cast<double>(before) / scale) * bar.w;
    before += bytes;
    const float to = bar.x + static_cast<float>(static_cast<double>(before) / scale) * bar.w;
    ui_.fill({from, bar.y, std::max(bytes > 0 ? 1.0f : 0.0f, to - from), bar.h}, color);
  }
  left_.cut_top(6);
  const auto row_of = [&](Color mark, const char* name, const std::string& note, const std::string& amount) {
    Box row = left_.cut_top(kRow);
    ui_.fill(row.cut_left(8).row(8), mark, 2);
    row.cut_left(8);
    ui_.text_in(row.cut_left(150), Face::control, theme_.text, name);
    ui_.text_in(row.cut_right(110), Face::dense, theme_.text, amount, Align::right);
    ui_.text_in(row, Face::control, theme_.dim, note);
  };
  row_of(parts[0].first, "weights, mapped", "as they lie on the disk", memory_text(need.weights));
  row_of(parts[1].first, "state of one run",
         need.cache_token > 0 ? "grows by " + memory_text(need.cache_token) + " a token" : "does not grow", memory_text(need.state));
  row_of(parts[2].first, "history", "at most: the budget of a run", memory_text(need.history));
  const bool is_short = available && need.total() > *available;
  row_of(theme_.pane, "total", is_short ? "more than is available now" : "", memory_text(need.total()));
}

void Panel::draw_finding(bool is_problem, const std::string& sentence, const std::string& detail) {
  left_.cut_top(4);
  const Box mark{left_.x, left_.y, 20, kLeading};
  ui_.text_in(mark, Face::control, is_problem ? theme_.bad : theme_.warning, icon::kWarning);
  const Box text{left_.x + 24, left_.y, left_.w - 24, 1000};
  left_.cut_top(ui_.paragraph(text, Face::control, theme_.text, sentence, kLeading));
  if (detail.empty()) return;
  left_.cut_top(ui_.paragraph({text.x, left_.y, text.w, 1000}, Face::control, theme_.dim, detail, kLeading));
}

void Panel::draw_findings() {
  const FileCheck& check = preview_.check;
  if (check.outline) separate();
  const std::string counts = fmt::format("{} problem{}, {} warning{}", check.problems.size(), check.problems.size() == 1 ? "" : "s",
                                         check.warnings.size(), check.warnings.size() == 1 ? "" : "s");
  const bool is_clean = check.problems.empty() && check.warnings.empty();
  title("Problems found", is_clean ? "" : counts);
  std::size_t told = 0;
  for (const Error& problem : check.problems)
    if (told++ < kMostTold)
      draw_finding(true, problem.message.empty() ? name_of(problem.code) : problem.message, place_of(problem));
  for (const std::string& warning : check.warnings)
    if (told++ < kMostTold) draw_finding(false, printable(warning, 400), "");
  if (is_clean) ui_.text_in(left_.cut_top(kRow), Face::control, theme_.dim, "None.");
  if (told > kMostTold)
    ui_.text_in(left_.cut_top(kRow), Face::control, theme_.dim,
                fmt::format("And {} more: `statelab check` lists them all.", told - kMostTold));
}

}  // namespace

float draw_preview(Ui& ui, Box box, const Preview& preview, const std::string& hash) {
  Panel panel(ui, box, preview);
  panel.draw(hash);
  return panel.bottom() - box.y;
}

}  // namespace lab
