#include "app/core/run.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>

#include "app/core/content.h"
#include "app/core/ruled_probe.h"
#include "app/core/state_edit.h"
#include "app/core/state_plane.h"
#include "app/core/trials.h"
#include "model/base/check.h"
#include "model/lanes.h"

namespace lab {
namespace {

constexpr std::int64_t kSpan = 64;  // tokens read at once, so that a stop and a snapshot are never far

Error cancelled() {
  return {.code = Code::cancelled, .message = "stopped between two layers, the last token is not read"};
}

/// Whether it is the neutral state in which every family begins.
std::string start_text(const State& start) {
  return start.hash() == State(start.schema_ptr()).hash() ? "start from zero" : "start from a state";
}

}  // namespace

std::int64_t Edit::bytes() const {
  std::int64_t bytes = 0;
  std::set<const State*> counted;
  for (const auto& source : sources)
    if (source && counted.insert(source.get()).second) bytes += static_cast<std::int64_t>(source->stored_all().size_bytes()) + source->cache_bytes();
  return bytes;
}

Run::Run(std::uint64_t number, const Model& model, const TraceOptions& options, State start, Context<float>& context)
    : number_(number), model_(model), context_(context),
      replayer_([this](int layer, std::span<const Rows<const float>> drivers, State& state) {
        model_.replay(layer, drivers, state, context_);
      }),
      state_(std::move(start)), trace_(model.schema(), model.info().layers, options, state_),
      start_text_(start_text(state_)), vectors_(model.info().hidden) {}

Run::Run(std::uint64_t number, const Run& other, std::int64_t position, Standing at)
    : number_(number), model_(other.model_), context_(other.context_),
      replayer_([this](int layer, std::span<const Rows<const float>> drivers, State& replayed) {
        model_.replay(layer, drivers, replayed, context_);
      }),
      state_(std::move(at.state)), trace_(other.trace_.fork(position)), tokens_(other.tokens_.fork(position)),
      times_(other.times_.fork(position)), began_(other.began_), start_text_(other.start_text_), vectors_(other.vectors_.fork(position)), logits_(std::move(at.logits)) {
  std::vector<Edit> edits;
  std::ranges::copy_if(other.edits_, std::back_inserter(edits), [&](const Edit& e) { return e.event.position <= position; });
  set_edits(std::move(edits));
  ranges = other.ranges, notes = other.notes;
}

Result<std::unique_ptr<Run>> Run::fork(std::uint64_t number, std::int64_t position) const {
  LAB_CHECK(sound_, ==, true);
  Result<Standing> at = position == count() ? Result<Standing>(Standing{state_, logits_}) : standing_at(position);
  if (!at) return at.error();
  return std::unique_ptr<Run>(new Run(number, *this, position, at.take()));
}

std::int64_t Run::reach() const {
  const std::int64_t most = std::min(kSpan, trace_.tokens_until_keyframe());
  const auto rules = interventions_at(*events_, count());
  return rules ? tokens_alike(*rules, model_.info().layers, count(), most) : most;
}

/// Whether the state after the next token follows from what is recorded of it.
bool Run::goes_unrecorded() const {
  const auto rules = interventions_at(*events_, count());
  return rules && std::ranges::any_of(*rules, [&](const Intervention& rule) {
    return holds_in(rule, count(), count() + 1) && tokens_alike({rule}, model_.info().layers, count(), 2) == 1;
  });
}

/// The interventions that hold at some of the tokens [first, last).
std::vector<MannedRule> Run::rules_in(std::int64_t first, std::int64_t last) const {
  std::vector<MannedRule> rules;
  if (const auto all = interventions_at(*events_, first))
    for (const Intervention& rule : *all)
      if (holds_in(rule, first, last)) rules.push_back({rule});
  return rules;
}

// Reads tokens of the run from a position on, under the trials and interventions that were set by then.
bool Run::advance(std::int64_t position, TokenSpan tokens, State& state, Probe* probe, std::vector<float>& logits) const {
  const ModelInfo& info = model_.info();
  context_.trials = trials_of(trials_at(*events_, position));
  logits.resize(static_cast<std::size_t>(info.vocabulary));
  Lane<float> lane{.state = &state, .probe = probe, .logits = {logits.data(), 1, info.vocabulary}};
  std::optional<RuledProbe> ruled;
  if (const std::vector<MannedRule> rules = rules_in(position, position + tokens.count()); !rules.empty()) {
    ruled.emplace(model_, rules, probe).begin(position, state);
    lane.probe = &*ruled;
  }
  if (tokens.vectors.empty())
    lane.tokens = tokens.ids;
  else
    lane.vectors = {tokens.vectors.data(), tokens.count(), info.hidden};
  return model_.advance(std::span(&lane, 1), context_);
}

Status Run::read(TokenSpan tokens) {
  LAB_CHECK(tokens.count(), <=, reach());
  make_sound();
  const std::int64_t before = count();
  if (before == 0) began_ = std::chrono::steady_clock::now();
  try {
    std::vector<float> logits;
    const bool finished = advance(before, tokens, state_, &trace_.probe(), logits);
    const Keeping keeping = goes_unrecorded() ? Keeping::state : Keeping::drivers;
    if (const Status status = finished ? trace_.commit(tokens.count(), state_, keeping) : Status(cancelled()); !status) {
      recover();
      return status;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    for (std::int64_t t = 0; t < tokens.count(); ++t) {
      const TokenSpan token = tokens.part(t, 1);
      times_.append()[0] = seconds;  // tokens read at once were read at one time
      if (!token.vectors.empty()) std::copy(token.vectors.begin(), token.vectors.end(), vectors_.append().begin());
      tokens_.append()[0] = token.ids[0];
    }
    logits_ = std::move(logits);
    return {};
  } catch (...) {
    tokens_.truncate(before);
    recover();
    throw;
  }
}

// After a torn step: state and trace go back to the last token that was read whole.
void Run::recover() {
  sound_ = false;
  trace_.discard();
  if (trace_.count() > count()) trace_.truncate(count(), true);
  vectors_.truncate(count());
  times_.truncate(count());
  Result<State> state = state_at(count());
  if (!state) throw std::runtime_error("the state cannot be restored: " + state.error().text());
  state_ = state.take();
  sound_ = true;
}

void Run::make_sound() {
  if (!sound_) recover();
}

Result<State> Run::state_at(std::int64_t position) const {
  State state(model_.schema());
  LAB_TRY(trace_.view()->restore(position, state, replayer_));
  return state;
}

// The last token before it is read again: that makes the state, too, but for what was edited after it.
Result<Run::Standing> Run::standing_at(std::int64_t position) const {
  const std::int64_t last = std::max<std::int64_t>(position - 1, 0);
  Standing at{State(model_.schema()), {}};
  LAB_ASSIGN(at.state, state_at(last));
  if (position == 0) return at;
  const bool fed_vectors = vectors_.view().count() > 0;
  const std::span<const float> vector = fed_vectors ? vectors_.view()[last] : std::span<const float>();
  if (!advance(last, {tokens_.view()[last], vector}, at.state, nullptr, at.logits)) return cancelled();
  if (std::ranges::any_of(edits_, [&](const Edit& edit) { return edit.event.position == position; })) {
    LAB_ASSIGN(at.state, state_at(position));
  }
  return at;
}

// Exact in what is linear: what the token has done to the drivers of later tokens stays.
Status Run::forget(const StateEdit& edit, State& state, std::vector<Forgotten>& forgotten) const {
  Snapshot now;
  now.trace = trace_.view(), now.edits = events_;
  LAB_ASSIGN(const State remains, remains_in_state(model_, now, edit.layer, edit.position, count(), context_));
  LAB_TRY(apply(edit, remains, state));
  State nothing(model_.schema());
  LAB_TRY(apply(edit, remains, nothing));
  for (int layer = 0; layer < model_.layers(); ++layer) {
    const StatePlane plane(*model_.schema(), layer);
    if (plane.is_cache() || (edit.layer >= 0 && edit.layer != layer)) continue;
    std::vector<float> taken(static_cast<std::size_t>(plane.elements()));
    plane.read_all(nothing, taken);
    for (float& value : taken) value = -value;
    forgotten.push_back({layer, edit.position, std::move(taken)});
  }
  return {};
}

Status Run::change(const StateEdit& edit, const State* source, Past& past, State& state, std::vector<Forgotten>& forgotten) const {
  if (forgets(edit)) return forget(edit, state, forgotten);
  if (!takes_elements(edit)) return apply(edit, state, state);
  if (source) return apply(edit, *source, state);
  if (!past || past->first != edit.position) {
    LAB_ASSIGN(State from, state_at(edit.position));
    past.emplace(edit.position, std::move(from));
  }
  return apply(edit, past->second, state);
}

Result<State> Run::edited(const Edit& edit, EditEvent& event) const {
  const Command& command = edit.command;
  const auto source = [&edit](std::size_t part) { return part < edit.sources.size() ? edit.sources[part].get() : nullptr; };
  State next = state_;
  Past past;
  std::vector<Forgotten> forgotten;
  if (const auto* zero = std::get_if<command::ZeroState>(&command)) {
    next.zero(static_cast<int>(zero->layer));
  } else if (const auto* scale = std::get_if<command::ScaleState>(&command)) {
    next.scale(static_cast<int>(scale->layer), static_cast<float>(scale->factor));
  } else if (const auto* restore = std::get_if<command::RestoreState>(&command)) {
    const std::shared_ptr<const TraceView> recorded = trace_.view();
    if (restore->layer < 0)
      LAB_TRY(recorded->restore(restore->position, next, replayer_));
    else
      LAB_TRY(recorded->restore(restore->position, static_cast<int>(restore->layer), next, replayer_));
    next.position = state_.position;
  } else if (const auto* one = std::get_if<command::EditState>(&command)) {
    LAB_TRY(change(one->edit, source(0), past, next, forgotten));
  } else if (const auto* reset = std::get_if<command::ResetLanes>(&command)) {
    soften(next, static_cast<float>(reset->kept));
  } else if (const auto* patch = std::get_if<command::ApplyPatch>(&command)) {
    for (std::size_t i = 0; i < patch->edits.size(); ++i) LAB_TRY(change(patch->edits[i], source(i), past, next, forgotten));
  }
  if (!forgotten.empty()) event.forgotten = std::make_shared<const std::vector<Forgotten>>(std::move(forgotten));
  return next;  // trials and interventions leave the state as it is
}

Result<StateContents<float>> Run::edit(const Edit& edit) {
  make_sound();
  Edit made = edit;
  LAB_ASSIGN(const State next, edited(edit, made.event));
  StateContents<float> exchanged = next.contents(static_cast<int>(edit.event.layer));
  exchange(made, true, exchanged);
  return exchanged;
}

void Run::exchange(const Edit& edit, bool make, StateContents<float>& contents) {
  make_sound();
  const auto layer = static_cast<int>(edit.event.layer);
  State next = state_;
  next.put(layer, contents);
  StateContents<float> before = state_.contents(layer);
  std::vector<Edit> edits = edits_;
  if (make)
    edits.push_back(edit);
  else
    edits.pop_back();
  trace_.edited(next);
  set_edits(std::move(edits));
  state_ = std::move(next);
  contents = std::move(before);
}

void Run::set_edits(std::vector<Edit> edits) {
  auto events = std::make_shared<std::vector<EditEvent>>();
  for (const Edit& edit : edits) events->push_back(edit.event);
  events_ = std::move(events);
  edits_ = std::move(edits);
}

Tail Run::tail_from(std::int64_t position) const {
  Tail tail;
  const bool fed_vectors = vectors_.view().count() > 0;
  for (std::int64_t t = position; t < count(); ++t)
    tail.tokens.append({tokens_.view()[t], fed_vectors ? vectors_.view()[t] : std::span<const float>()});
  std::copy_if(edits_.begin(), edits_.end(), std::back_inserter(tail.edits),
               [&](const Edit& e) { return e.event.position > position; });
  return tail;
}

Result<Tail> Run::cut(std::int64_t position) {
  make_sound();
  LAB_ASSIGN(Standing at, standing_at(position));
  Tail tail = tail_from(position);
  rewind(position, std::move(at));
  return tail;
}

void Run::rewind(std::int64_t position, Standing at) {
  std::vector<Edit> edits = edits_;
  std::erase_if(edits, [&](const Edit& e) { return e.event.position > position; });
  set_edits(std::move(edits));
  trace_.truncate(position, true);
  tokens_.truncate(position);
  times_.truncate(position);
  vectors_.truncate(position);
  state_ = std::move(at.state);
  logits_ = std::move(at.logits);
  sound_ = true;
}

Status Run::append(const Tail& tail, const GoOn& go_on) {
  make_sound();
  const std::int64_t from = count();
  Standing before{state_, logits_};
  // Where the budget has meanwhile dropped the beginning, what was read stays.
  const auto go_back = [&] {
    if (trace_.view()->use().replayable_from <= from) rewind(from, std::move(before));
  };
  try {
    Status status = append_all(tail, go_on);
    if (!status) go_back();
    return status;
  } catch (...) {
    go_back();
    throw;
  }
}

Status Run::append_all(const Tail& tail, const GoOn& go_on) {
  const TokenSpan tokens = tail.tokens.span();
  const std::int64_t from = count();
  for (const Edit& edit : tail.edits) {
    LAB_TRY(append_tokens(tokens.part(count() - from, edit.event.position - count()), go_on));
    if (Result<StateContents<float>> made = this->edit(edit); !made) return made.error();
  }
  return append_tokens(tokens.part(count() - from, tokens.count() - (count() - from)), go_on);
}

Status Run::append_tokens(TokenSpan tokens, const GoOn& go_on) {
  for (std::int64_t done = 0; done < tokens.count();) {
    if (go_on && !go_on()) return cancelled();
    const std::int64_t n = std::min(tokens.count() - done, reach());
    LAB_TRY(read(tokens.part(done, n)));
    done += n;
  }
  return {};
}

}  // namespace lab
