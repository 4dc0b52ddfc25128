// Named ranges of tokens, and cursor A moving by itself through the tokens that are there.
#include <algorithm>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/numbered.h"

namespace lab {
namespace {

constexpr Numbered kRanges{"a", "range", 256};
constexpr std::size_t kMostNameBytes = 64;
constexpr double kMostRate = 1e6;

Status check(const command::SetRange& c, std::int64_t tokens) {
  const bool is_blank = c.name.find_first_not_of(' ') == std::string::npos;
  if (is_blank || c.name.size() > kMostNameBytes || printable(c.name, kMostNameBytes) != c.name)
    return Error{.code = Code::bad_argument,
                 .field = "name",
                 .expected = fmt::format("1 to {} bytes of printable text", kMostNameBytes),
                 .found = printable(c.name),
                 .message = "a range needs a name that can be shown"};
  if (c.first < 0 || c.first >= tokens)
    return Error{.code = Code::out_of_range,
                 .field = "first",
                 .expected = tokens == 0 ? "a run that has read something" : fmt::format("0 to {}", tokens - 1),
                 .found = std::to_string(c.first),
                 .message = "the run has no such token"};
  if (c.last <= c.first || c.last > tokens)
    return Error{.code = Code::out_of_range,
                 .field = "last",
                 .expected = fmt::format("{} to {}, one more than the last token", c.first + 1, tokens),
                 .found = std::to_string(c.last),
                 .message = "the range is empty or leaves the run"};
  return {};
}

}  // namespace

void Lab::Parts::change_ranges(std::vector<NamedRange> next, const std::string& label) {
  begin_change();
  RangesChange change{std::make_shared<const std::vector<NamedRange>>(std::move(next))};
  std::swap(run->ranges, change.other);
  end_change({{label, count()}, std::move(change)});
}

Status Lab::Parts::carry_out(const command::SetRange& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, with_item(kRanges, *run->ranges, c.index, NamedRange{c.name, c.first, c.last}));
  LAB_TRY(check(c, count()));
  if (next != *run->ranges) change_ranges(std::move(next), label_of(c));
  return {};
}

Status Lab::Parts::carry_out(const command::RemoveRange& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(auto next, without_item(kRanges, *run->ranges, c.index));
  change_ranges(std::move(next), fmt::format("remove the name \"{}\"", (*run->ranges)[static_cast<std::size_t>(c.index)].name));
  return {};
}

Status Lab::Parts::carry_out(const command::Play& c) {
  LAB_TRY(need_run());
  if (!(c.rate >= 0 && c.rate <= kMostRate))
    return Error{.code = Code::out_of_range,
                 .field = "rate",
                 .expected = fmt::format("0 to {} a second", kMostRate),
                 .found = fmt::format("{}", c.rate),
                 .message = "there is no such rate"};
  if (c.by != "token" && c.by != "layer")
    return Error{.code = Code::bad_argument, .field = "by", .expected = "token or layer", .found = printable(c.by), .message = "one cannot play by this"};
  playing = c;
  if (is_at_end()) playing.reset();
  return {};
}

/// Whether there is no next move for what plays.
bool Lab::Parts::is_at_end() const {
  if (playing->back) return selection.cursor_a < 0;
  const bool is_last_layer = playing->by == "token" || selection.layer + 1 >= opened->model->layers();
  return selection.cursor_a + 1 >= count() && is_last_layer;
}

/// What plays is no row of commands: where it has come is remembered as if somebody had put the cursor there.
void Lab::Parts::note_played() {
  if (!playing) return;
  remember({count(), command::Seek{selection.cursor_a, "a"}});
  if (playing->by == "layer") remember({count(), command::Select{selection.layer, -1, -1}});
}

void Lab::Parts::end_playing() {
  note_played();
  playing.reset();
}

bool Lab::plays() const { return parts_->playing.has_value(); }

double Lab::play_rate() const { return parts_->playing ? parts_->playing->rate : 0; }

void Lab::play_on() {
  Parts& p = *parts_;
  if (!p.playing) return;
  if (p.is_at_end()) return p.end_playing();  // the run has become shorter
  const std::int64_t step = p.playing->back ? -1 : 1, layers = p.opened->model->layers(), beside = p.selection.layer + step;
  const bool by_layer = p.playing->by == "layer";
  const bool stays = by_layer && p.selection.cursor_a >= 0 && beside >= 0 && beside < layers;
  const std::int64_t layer = !by_layer ? p.selection.layer : stays ? beside : p.playing->back ? layers - 1 : 0;
  if (!stays) p.selection.cursor_a += step;
  if (layer != p.selection.layer) (void)p.carry_out(command::Select{layer, -1, -1});  // a layer of the model is never refused
  if (p.is_at_end()) p.end_playing();
}

}  // namespace lab
