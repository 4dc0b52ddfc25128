#include "app/core/recurrence_reader.h"

#include <algorithm>
#include <iterator>

#include "app/core/interventions.h"
#include "app/core/layer_walk.h"
#include "app/core/state_plane.h"

namespace lab {
namespace {

constexpr std::int64_t kTokensAtOnce = 256, kChannelsAtOnce = 64;  // what is read of them stays in the cache

/// Whether an edit changes the state of a layer, and not only how it goes on.
bool touches(const EditEvent& edit, std::int64_t layer) { return !edit.trials && !edit.interventions && (edit.layer < 0 || edit.layer == layer); }

/// The last position up to `position` whose state an intervention left there, or -1.
std::int64_t last_unrecorded(const TokenSpans& spans, std::int64_t position) {
  std::int64_t last = -1;
  for (const auto& [begin, end] : spans)
    if (begin < position) last = std::min(end, position);
  return last;
}

/// Takes the interventions that a token was read with into account. One that multiplies the state keeps a share of what was there.
void add_rules(const Snapshot& snapshot, std::int64_t layer, std::int64_t token, Leg& leg) {
  int acting = 0;
  double kept = 1;
  const auto rules = interventions_at(*snapshot.edits, token);
  for (const Intervention& rule : *rules) {
    if (!holds_in(rule, token, token + 1) || !goes_unrecorded(rule, snapshot.trace->layers(), layer)) continue;
    leg.label += (leg.label.empty() ? "" : ", ") + (rule.name.empty() ? brief_words_of(rule) : rule.name);
    const bool is_of_state = rule.target == "h";
    if (is_of_state && rule.operation == "zero") kept = 0;
    else if (is_of_state && rule.operation == "scale") kept = static_cast<double>(static_cast<float>(rule.value));
    else kept = 1;
    ++acting;
  }
  if (acting == 1) leg.kept = kept;
}

/// Takes the edits of a layer at one position, [first, last) of all, into account.
void add_edits(const Snapshot& snapshot, std::int64_t layer, std::size_t first, std::size_t last, Leg& leg, std::size_t& restored_at) {
  for (std::size_t i = first; i < last; ++i) {
    const EditEvent& edit = (*snapshot.edits)[i];
    if (!touches(edit, layer)) continue;
    leg.label += (leg.label.empty() ? "" : ", ") + edit.label;
    leg.kept *= edit.kept;
    if (edit.restored < 0 || edit.restored >= edit.position) continue;
    leg.restored = edit.restored;
    leg.kept = 1;
    restored_at = i;
  }
}

}  // namespace

std::size_t edits_before(const Snapshot& snapshot, std::int64_t token) {
  return static_cast<std::size_t>(std::ranges::count_if(*snapshot.edits, [&](const EditEvent& edit) { return edit.position <= token; }));
}

std::vector<Leg> legs_of(const Snapshot& snapshot, std::int64_t layer, std::int64_t position, std::size_t edits) {
  const std::int64_t from = snapshot.trace->use().replayable_from;
  const TokenSpans unrecorded = unrecorded_tokens(*snapshot.edits, snapshot.trace->layers(), layer);
  std::vector<Leg> legs;
  bool is_crossed = false;  // what an intervention did at `position` has been taken into account
  while (true) {
    Leg leg{.first = from, .last = position};
    std::size_t end = edits, begin = edits;
    while (end > 0 && (!touches((*snapshot.edits)[end - 1], layer) || (*snapshot.edits)[end - 1].position > position)) --end;
    const std::int64_t edited = end > 0 ? (*snapshot.edits)[end - 1].position : -1, ruled = last_unrecorded(unrecorded, is_crossed ? position - 1 : position);
    leg.first = std::max({from, edited, ruled});
    leg.is_edited = leg.first > from;
    if (!leg.is_edited) {
      legs.push_back(std::move(leg));
      return legs;
    }
    if (ruled == leg.first) add_rules(snapshot, layer, leg.first - 1, leg);
    if (edited == leg.first) {
      begin = end;
      while (begin > 0 && (*snapshot.edits)[begin - 1].position == leg.first) --begin;
      std::size_t next = begin;
      add_edits(snapshot, layer, begin, end, leg, next);
      edits = next;
    }
    is_crossed = leg.restored < 0;
    position = leg.restored >= 0 ? leg.restored : leg.first;
    const bool is_end = position < from;
    legs.push_back(std::move(leg));
    if (is_end) return legs;
  }
}

std::int64_t unedited_from(const Snapshot& snapshot, std::int64_t layer, std::int64_t first, std::int64_t last) {
  for (const EditEvent& edit : *snapshot.edits)
    if (touches(edit, layer) && edit.position < last) first = std::max(first, edit.position);
  for (const auto& [begin, end] : unrecorded_tokens(*snapshot.edits, snapshot.trace->layers(), layer))
    if (begin < last) first = std::max(first, std::min(end, last));
  return first;
}

RecurrenceReader::RecurrenceReader(const Model& model, const Snapshot& snapshot, int layer, State& state, Context<float>& context)
    : model_(model), snapshot_(snapshot), layer_(layer), state_(state), context_(context) {
  const LayerInfo& info = model.info().layers[static_cast<std::size_t>(layer)];
  const std::int64_t rows = StatePlane(*model.schema(), layer).rows(), at_once = info.heads > 0 ? info.head_dim : kChannelsAtOnce;
  for (std::int64_t row = 0; row < rows; row += at_once) ranges_.push_back({row, std::min(at_once, rows - row)});
}

bool RecurrenceReader::has_recurrence() const { return !model_.recurrence_source(layer_, {0, 1}, {}).columns.empty(); }

Replayer RecurrenceReader::replayer() const {
  return [this](int layer, std::span<const Rows<const float>> drivers, State& state) { model_.replay(layer, drivers, state, context_); };
}

Status RecurrenceReader::restore(std::int64_t position) { return snapshot_.trace->restore(position, layer_, state_, replayer()); }

Status RecurrenceReader::restore_left(std::int64_t position) {
  if (position == 0) return restore(0);
  LAB_TRY(restore(position - 1));
  return move_on(position - 1);
}

Status RecurrenceReader::restore_ruled(std::int64_t token) {
  return snapshot_.trace->walk(token, token + 1, layer_, state_, replayer(), [](std::int64_t) { return true; });
}

bool RecurrenceReader::is_unrecorded(std::int64_t token) const {
  return is_within(unrecorded_tokens(*snapshot_.edits, model_.info().layers, layer_), token);
}

Status RecurrenceReader::move_on(std::int64_t token) { return replay_token(model_, *snapshot_.trace, layer_, token, state_, context_); }

Recurrence RecurrenceReader::held(ChannelRange channels) const {
  const RecurrenceWants wants{.writes = false};
  std::vector<Rows<const float>> none;
  for (const DriverColumns& columns : model_.recurrence_source(layer_, channels, wants).columns) none.emplace_back(nullptr, 0, columns.width);
  return model_.recurrence(layer_, channels, wants, none, 0, state_, context_);
}

Result<Recurrence> RecurrenceReader::tokens(ChannelRange channels, RecurrenceWants wants, std::int64_t first, std::int64_t last,
                                            std::int64_t leg_first) const {
  const RecurrenceSource source = model_.recurrence_source(layer_, channels, wants);
  const std::int64_t lead = std::min(source.lead, first - leg_first), count = last - first + lead;
  std::vector<std::vector<float>> values;
  std::vector<Rows<const float>> rows;
  for (const DriverColumns& columns : source.columns) {
    const int driver = find_driver(model_.info().layers[static_cast<std::size_t>(layer_)], columns.point);
    std::vector<float>& part = values.emplace_back(static_cast<std::size_t>(count * columns.width));
    if (!snapshot_.trace->columns(layer_, driver, columns.first, first - lead, {part.data(), count, columns.width}))
      return Error{.code = Code::out_of_range,
                   .field = "token",
                   .expected = std::to_string(snapshot_.trace->use().looked_at_from) + " or later",
                   .found = std::to_string(first),
                   .message = "what this token wrote or read was dropped to stay within the memory budget"};
    rows.emplace_back(part.data(), count, columns.width);
  }
  return model_.recurrence(layer_, channels, wants, rows, lead, state_, context_);
}

Status RecurrenceReader::backwards(const std::vector<ChannelRange>& ranges, RecurrenceWants wants, std::int64_t first, std::int64_t last,
                                   std::int64_t leg_first, const Visit& visit) const {
  while (last > first) {
    const std::int64_t begin = std::max(first, last - kTokensAtOnce);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      LAB_ASSIGN(const Recurrence stretch, tokens(ranges[i], wants, begin, last, leg_first));
      if (!visit(i, stretch, begin)) return {};
    }
    last = begin;
  }
  return {};
}

}  // namespace lab
