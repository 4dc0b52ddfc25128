#include "app/core/content.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "app/core/interventions.h"
#include "app/core/recurrence_reader.h"
#include "app/core/state_plane.h"
#include "model/base/check.h"
#include "tracer/analysis/contributions.h"
#include "tracer/analysis/hidden_attention.h"

namespace lab {
namespace {

double norm_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

/// The rms of a layer's recurrent cells.
double layer_size(const State& state, int layer) {
  double squares = 0, cells = 0;
  const auto& tensors = state.schema().layers()[static_cast<std::size_t>(layer)].tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role != Role::ssm) continue;
    const double norm = norm_of(state.stored(layer, static_cast<int>(i)));
    squares += norm * norm;
    cells += static_cast<double>(tensors[i].elements());
  }
  return cells > 0 ? std::sqrt(squares / cells) : 0;
}

Error unsupported(std::string expected, std::string found, std::string message, std::string next) {
  return {.code = Code::unsupported, .field = "layer", .expected = std::move(expected), .found = std::move(found), .message = std::move(message),
          .next = std::move(next)};
}

Error no_recurrence(const Model& model, int layer) {
  return unsupported("a layer whose state is a sum of what tokens wrote",
                     "layer " + std::to_string(layer) + ", " + model.info().layers[static_cast<std::size_t>(layer)].title,
                     "Every row of a cache was written by its own token.", "Look at attention, or choose another layer.");
}

/// Moves unrollings of some ranges across the edit that a leg begins with, whose state is in the reader's. What the edit itself
/// put there goes to `deposit`, where one is wanted. False when nothing of what was there before is left.
Result<bool> cross_edit(const Leg& leg, const std::vector<ChannelRange>& ranges, RecurrenceReader& reader, std::vector<Unrolling>& unrollings,
                  Contribution* deposit) {
  std::vector<Recurrence> after;
  for (const ChannelRange range : ranges) after.push_back(reader.held(range));
  bool is_left = false;
  LAB_TRY(leg.restored >= 0 ? reader.restore(leg.restored) : reader.restore_left(leg.first));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Recurrence before = reader.held(ranges[i]);
    std::vector<double> put, kept;
    for (std::size_t cell = 0; cell < before.h.size(); ++cell) {
      const double then = static_cast<double>(before.h[cell]), now = static_cast<double>(after[i].h[cell]);
      kept.push_back(now == then && now != 0 ? 1 : leg.kept);  // an edit may leave cells alone
      is_left = is_left || kept.back() != 0;
      const double added = now - kept.back() * then;
      put.push_back(std::fabs(added) <= 0x1p-23 * std::fabs(now) ? 0 : added);
    }
    if (deposit) unrollings[i].put(put, after[i].exponents, *deposit);
    unrollings[i].pass(kept, after[i].exponents, before.exponents);
  }
  return is_left;
}

/// Puts one answer together.
class Taking {
 public:
  Taking(const Model& model, const Snapshot& snapshot, StatePart part, State& scratch, Context<float>& context)
      : model_(model), snapshot_(snapshot), layer_(static_cast<int>(snapshot.selection.layer)),
        reader_(model, snapshot, layer_, scratch, context), content_(std::make_shared<Content>()) {
    const Selection& s = snapshot.selection;
    *content_ = {.part = part, .layer = s.layer, .channel = s.channel, .state = s.state, .token = s.cursor_a, .weight = NAN, .read = NAN};
  }

  Status check() const;
  Status find_state();
  Status unroll(const std::function<bool()>& cancelled, bool& stopped);
  std::shared_ptr<const Content> finish();

 private:
  StatePart part() const { return content_->part; }
  Measure measure() const { return part() == StatePart::cell || part() == StatePart::read_out ? Measure::sum : Measure::norm; }
  bool has_found(std::int64_t token) const { return token >= 0 && part() != StatePart::head && part() != StatePart::layer; }
  void choose_ranges();
  Status read_token();
  void weigh();
  void judge_read(const Recurrence& held);
  Deposit before_history(const Leg& leg);

  const Model& model_;
  const Snapshot& snapshot_;
  const int layer_;
  RecurrenceReader reader_;
  std::shared_ptr<Content> content_;
  std::vector<ChannelRange> ranges_;
  std::optional<Recurrence> reading_;  // the token at the cursor, with what it reads
  std::int64_t position_ = 0;          // of the state that is taken apart
  std::size_t edits_ = 0;              // made before it
  double layer_size_ = 0;
  std::vector<Unrolling> unrollings_;
};

Status Taking::check() const {
  const std::string kind = model_.info().layers[static_cast<std::size_t>(layer_)].title;
  if (!reader_.has_recurrence()) return no_recurrence(model_, layer_);
  const Recurrence held = reader_.held({content_->channel, 1});
  if (part() == StatePart::cell && content_->state >= held.states)
    return unsupported("a cell that is a sum of what tokens wrote", "state " + std::to_string(content_->state),
                       "This is the exponent of the others: a maximum, and no sum.", "Choose another state.");
  if (part() == StatePart::head && model_.info().layers[static_cast<std::size_t>(layer_)].heads == 0)
    return unsupported("a layer with heads", "layer " + std::to_string(layer_) + ", " + kind, "This layer has no heads.", "Choose its channels.");
  return {};
}

void Taking::choose_ranges() {
  const std::int64_t channel = content_->channel;
  ranges_ = {{channel, 1}};
  if (part() == StatePart::layer) ranges_ = reader_.ranges();
  if (part() != StatePart::head) return;
  for (const ChannelRange range : reader_.ranges())
    if (channel >= range.first && channel < range.first + range.count) ranges_ = {range};
}

/// How the token at the cursor reads the channel, from the state that it found, which goes to the reader.
Status Taking::read_token() {
  const std::int64_t token = content_->token;
  if (!has_found(token)) return {};
  LAB_TRY(reader_.restore(token));
  if (reads_unrecorded(*snapshot_.edits, model_.info().layers, layer_, token)) {
    if (part() != StatePart::read_out) return {};
    return unsupported("a token that reads as was recorded", "t = " + std::to_string(token) + ", under an intervention", "A rule changed how this token reads the state, and that was not recorded.",
                       "Choose a cell or a channel, or another token.");
  }
  auto reading = reader_.tokens({content_->channel, 1}, {.writes = false, .reads = true}, token, token + 1, token);
  if (reading) reading_ = reading.take();
  else if (part() == StatePart::read_out) return reading.error();
  return {};
}

/// The state that is taken apart goes to the reader.
Status Taking::find_state() {
  choose_ranges();
  const std::int64_t token = content_->token;
  LAB_TRY(read_token());
  position_ = token + 1;
  edits_ = edits_before(snapshot_, position_);
  const bool is_read = part() == StatePart::read_out && token >= 0, is_found = has_found(token);
  if (is_read) edits_ = edits_before(snapshot_, token);
  if (is_read && reading_->reads_found) position_ = token;
  else if (is_found && edits_ == edits_before(snapshot_, token)) LAB_TRY(reader_.is_unrecorded(token) ? reader_.restore_ruled(token) : reader_.move_on(token));
  else LAB_TRY(reader_.restore(position_));
  layer_size_ = layer_size(reader_.state(), layer_);
  weigh();
  return {};
}

void Taking::weigh() {
  std::vector<Recurrence> held;
  double squares = 0;
  for (const ChannelRange range : ranges_) {
    held.push_back(reader_.held(range));
    squares += std::pow(norm_of(held.back().h), 2);
  }
  const double norm = std::sqrt(squares);
  for (const Recurrence& each : held) {
    std::vector<double> weights(each.h.size());
    if (part() == StatePart::cell) weights[static_cast<std::size_t>(content_->state)] = 1;
    for (std::size_t cell = 0; cell < weights.size(); ++cell) {
      if (part() == StatePart::read_out) weights[cell] = reading_ ? static_cast<double>(reading_->C[cell]) : 0;
      else if (part() != StatePart::cell && norm > 0) weights[cell] = static_cast<double>(each.h[cell]) / norm;
      content_->value += weights[cell] * static_cast<double>(each.h[cell]);
    }
    unrollings_.emplace_back(each.states, std::move(weights), each.exponents, measure());
  }
  if (reading_) judge_read(held.front());
}

/// By how much the token reads the cell, or the channel, as a share of what is usual.
void Taking::judge_read(const Recurrence& held) {
  if (part() == StatePart::read_out) content_->own = static_cast<double>(reading_->own[0]);
  if (reading_->reads_found) return;  // C is made of the state itself there
  const double size = norm_of(reading_->C);
  if (part() == StatePart::cell) {
    content_->weight = static_cast<double>(reading_->C[static_cast<std::size_t>(content_->state)]);
    content_->read = size > 0 ? std::fabs(content_->weight) * std::sqrt(static_cast<double>(held.states)) / size : 0;
  } else if (part() == StatePart::channel) {
    const double read = std::inner_product(held.h.begin(), held.h.end(), reading_->C.begin(), 0.0), most = size * norm_of(held.h);
    content_->read = most > 0 ? std::fabs(read) / most : 0;
  }
}

Deposit Taking::before_history(const Leg& leg) {
  Deposit deposit{.position = leg.first, .label = leg.first == 0 ? "before the trace" : "tokens that the history has dropped", .is = {}};
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const Recurrence held = reader_.held(ranges_[i]);
    unrollings_[i].put(std::vector<double>(held.h.begin(), held.h.end()), held.exponents, deposit.is);
  }
  return deposit;
}

Status Taking::unroll(const std::function<bool()>& cancelled, bool& stopped) {
  const std::vector<Leg> legs = legs_of(snapshot_, layer_, position_, edits_);
  content_->first = std::ranges::min_element(legs, {}, &Leg::first)->first;
  content_->tokens.resize(static_cast<std::size_t>(std::max<std::int64_t>(0, content_->token + 1 - content_->first)));
  const bool has_one = part() == StatePart::cell || part() == StatePart::channel || part() == StatePart::read_out;
  std::optional<ReachMap> reach;
  for (const Leg& leg : legs) {
    LAB_TRY(reader_.restore(leg.first));
    LAB_TRY(reader_.backwards(ranges_, {}, leg.first, leg.last, leg.first, [&](std::size_t i, const Recurrence& stretch, std::int64_t first) {
      if (!reach) reach.emplace(stretch.channels, stretch.states);
      if (has_one) reach->take(stretch);
      unrollings_[i].take(stretch, std::span(content_->tokens).subspan(static_cast<std::size_t>(first - content_->first), static_cast<std::size_t>(stretch.tokens)));
      stopped = cancelled && cancelled();
      return !stopped;
    }));
    if (stopped) return {};
    bool is_left = leg.is_edited;
    Deposit deposit{.position = leg.first, .label = leg.label, .is = {}};
    if (leg.is_edited) {
      LAB_ASSIGN(is_left, cross_edit(leg, ranges_, reader_, unrollings_, &deposit.is));
    } else {
      deposit = before_history(leg);
    }
    if (deposit.is.value != 0 || deposit.is.written != 0) content_->deposits.push_back(std::move(deposit));
    if (!is_left) break;
  }
  const auto cell = static_cast<std::size_t>(content_->state);
  content_->half_life = has_one && reach && cell < reach->cells().size() ? reach->cells()[cell] : Reach{NAN, false};
  return {};
}

std::shared_ptr<const Content> Taking::finish() {
  Unrolling::finish(content_->tokens, measure());
  for (Deposit& deposit : content_->deposits) Unrolling::finish(std::span(&deposit.is, 1), measure());
  for (const Contribution& one : content_->tokens) content_->sum += one.value;
  for (const Deposit& deposit : content_->deposits) content_->sum += deposit.is.value;
  for (const Unrolling& unrolling : unrollings_) content_->bound += unrolling.bound();
  const double scale = part() == StatePart::read_out && reading_ ? norm_of(reading_->C) : 1;
  content_->judgement = judgement_of(*content_, layer_size_ * scale);
  return content_;
}

}  // namespace

Result<std::shared_ptr<const Content>> take_apart(const Model& model, const Snapshot& snapshot, StatePart part, State& scratch,
                                                  Context<float>& context, const std::function<bool()>& cancelled) {
  Taking taking(model, snapshot, part, scratch, context);
  bool stopped = false;
  LAB_TRY(taking.check());
  LAB_TRY(taking.find_state());
  LAB_TRY(taking.unroll(cancelled, stopped));
  return stopped ? std::shared_ptr<const Content>() : taking.finish();
}

Result<std::vector<double>> remains_of(const Model& model, const Snapshot& snapshot, int layer, std::int64_t token, std::int64_t position,
                                       State& scratch, Context<float>& context) {
  RecurrenceReader reader(model, snapshot, layer, scratch, context);
  LAB_CHECK(reader.has_recurrence(), ==, true);
  const std::vector<ChannelRange>& ranges = reader.ranges();
  const StatePlane plane(*model.schema(), layer);
  std::vector<double> all(static_cast<std::size_t>(plane.elements()));
  std::vector<Unrolling> unrollings;
  LAB_TRY(reader.restore(position));
  for (const ChannelRange range : ranges) {
    const Recurrence held = reader.held(range);
    unrollings.emplace_back(held.states, std::vector<double>(held.h.size()), held.exponents, Measure::sum);
  }
  for (const Leg& leg : legs_of(snapshot, layer, position, edits_before(snapshot, position))) {
    const bool is_here = token >= leg.first && token < leg.last;
    LAB_TRY(reader.restore(leg.first));
    LAB_TRY(reader.backwards(ranges, {.writes = false}, is_here ? token + 1 : leg.first, leg.last, leg.first,
                             [&](std::size_t i, const Recurrence& stretch, std::int64_t) { return unrollings[i].skip(stretch), true; }));
    if (!is_here) {
      if (!leg.is_edited) break;
      LAB_ASSIGN(const bool is_left, cross_edit(leg, ranges, reader, unrollings, nullptr));
      if (!is_left) break;
      continue;
    }
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      LAB_ASSIGN(const Recurrence written, reader.tokens(ranges[i], {}, token, token + 1, leg.first));
      const std::vector<double> left = unrollings[i].remains(written);
      for (std::size_t cell = 0; cell < left.size(); ++cell) {
        const auto at = static_cast<std::int64_t>(cell), row = ranges[i].first + at / written.states;
        all[static_cast<std::size_t>(row * plane.states() + at % written.states)] = left[cell];
      }
    }
    break;
  }
  return all;
}

Result<std::shared_ptr<const LayerReach>> reach_of(const Model& model, const Snapshot& snapshot, int layer, State& scratch,
                                                   Context<float>& context, const std::function<bool()>& cancelled) {
  RecurrenceReader reader(model, snapshot, layer, scratch, context);
  if (!reader.has_recurrence()) return no_recurrence(model, layer);
  const std::int64_t from = snapshot.trace->use().replayable_from, token = snapshot.selection.cursor_a;
  LAB_TRY(reader.restore(token + 1));
  auto reach = std::make_shared<LayerReach>();
  reach->layer = layer, reach->token = token;
  bool stopped = false;
  for (const ChannelRange range : reader.ranges()) {
    reach->states = reader.held(range).states;
    ReachMap half(range.count, reach->states), horizon(range.count, reach->states, nats_to(kHorizon));
    LAB_TRY(reader.backwards({range}, {.writes = false}, from, token + 1, from, [&](std::size_t, const Recurrence& stretch, std::int64_t) {
      half.take(stretch);
      stopped = cancelled && cancelled();
      return horizon.take(stretch) && !stopped;
    }));
    if (stopped) return std::shared_ptr<const LayerReach>();
    reach->half.insert(reach->half.end(), half.cells().begin(), half.cells().end());
    reach->horizon.insert(reach->horizon.end(), horizon.cells().begin(), horizon.cells().end());
  }
  return std::shared_ptr<const LayerReach>(reach);
}

namespace {

/// One channel of every head, or every channel of a layer without heads: those whose hidden attention differs.
std::vector<ChannelRange> different_channels(const RecurrenceReader& reader, bool by_head) {
  std::vector<ChannelRange> channels;
  for (const ChannelRange range : reader.ranges())
    for (std::int64_t c = 0; c < (by_head ? 1 : range.count); ++c) channels.push_back({range.first + c, 1});
  return channels;
}

}  // namespace

Result<std::shared_ptr<const HiddenAttentionMap>> map_attention(const Model& model, const Snapshot& snapshot, int layer, std::int64_t channel,
                                                               std::int64_t first, std::int64_t last, State& scratch, Context<float>& context,
                                                               const std::function<bool()>& cancelled) {
  RecurrenceReader reader(model, snapshot, layer, scratch, context);
  if (!reader.has_recurrence()) return no_recurrence(model, layer);
  first = unedited_from(snapshot, layer, first, last);
  if (first < 0 || last > snapshot.trace->count() || last <= first || last - first > kMostMapped)
    return Error{.code = Code::out_of_range,
                 .field = "tokens",
                 .expected = "1 to " + std::to_string(kMostMapped) + " tokens of the run",
                 .found = std::to_string(first) + " to " + std::to_string(last),
                 .message = "this window cannot be mapped"};
  auto map = std::make_shared<HiddenAttentionMap>();
  *map = {layer, channel, first, last - first, std::vector<float>(static_cast<std::size_t>((last - first) * (last - first)))};
  LAB_TRY(reader.restore(first));
  const bool is_one = channel >= 0, by_head = model.info().layers[static_cast<std::size_t>(layer)].heads > 0;
  const std::vector<ChannelRange> channels = is_one ? std::vector<ChannelRange>{{channel, 1}} : different_channels(reader, by_head);
  for (const ChannelRange range : channels) {
    if (cancelled && cancelled()) return std::shared_ptr<const HiddenAttentionMap>();
    LAB_ASSIGN(const Recurrence window, reader.tokens(range, {.weights = true, .reads = true}, first, last, first));
    HiddenAttention attention(window);
    for (std::int64_t t = 0; t < map->tokens; ++t) {
      const std::vector<double> row = attention.next_row();
      float* to = map->rows.data() + t * map->tokens;
      for (std::size_t j = 0; j < row.size(); ++j)
        to[j] += static_cast<float>(is_one ? row[j] : std::fabs(row[j]) / static_cast<double>(channels.size()));
    }
  }
  return std::shared_ptr<const HiddenAttentionMap>(map);
}

}  // namespace lab
