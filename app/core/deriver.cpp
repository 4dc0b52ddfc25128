#include <cmath>
#include <limits>
#include <optional>

#include "app/core/analyst.h"
#include "app/core/attention_look.h"
#include "app/core/channel_track_maker.h"
#include "app/core/compared_next.h"
#include "app/core/comparison_maker.h"
#include "app/core/content.h"
#include "app/core/discretisation_look.h"
#include "app/core/lens.h"
#include "app/core/mixer_look.h"
#include "app/core/multiples.h"
#include "app/core/run_strips.h"
#include "app/core/sampler.h"
#include "app/core/slab_maker.h"
#include "app/core/surprise.h"
#include "app/core/token_track_maker.h"
#include "app/core/trajectory_maker.h"
#include "app/core/trials.h"
#include "app/core/watcher.h"
#include "app/core/weights.h"
#include "app/core/window_means.h"

namespace lab {
namespace {

// The part of a run that something was made from. Equal: it can be used again.
struct Place {
  std::uint64_t revision = 0;
  std::int64_t count = 0, position = 0, layer = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

template <class Part>
struct Kept {
  Place place;
  std::shared_ptr<const Part> part;  // null: nothing kept
};

}  // namespace

struct Deriver::Parts {
  explicit Parts(const ContextOptions& arithmetic) : context(arithmetic), comparison_maker(arithmetic), multiples_maker(arithmetic) {}

  void use(const std::shared_ptr<const OpenedModel>& model, std::uint64_t another_run);
  std::optional<std::shared_ptr<const StateSlab>> slab(const Snapshot& snapshot, const Query& query, std::string& refusal,
                                                       const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const Trajectory>> trajectory(const Snapshot& snapshot, std::string& refusal,
                                                              const std::function<bool()>& cancelled);
  std::shared_ptr<const StateFrame> frame(const Snapshot& snapshot, std::int64_t cursor, Kept<StateFrame>& kept, std::string& refusal);
  std::shared_ptr<const CursorPair> pair(const Snapshot& snapshot);
  std::shared_ptr<const AttentionFrame> attention(const Snapshot& snapshot, std::string& refusal);
  std::shared_ptr<const MixerFrame> mixer(const Snapshot& snapshot);
  std::optional<std::shared_ptr<const ChannelTrack>> channel(const Snapshot& snapshot, std::string& refusal,
                                                             const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const TokenTrack>> expected(const Snapshot& snapshot, const Watched& watched, std::string& refusal,
                                                            const std::function<bool()>& cancelled);
  std::shared_ptr<const NextTokens> next(const Snapshot& snapshot, std::string& refusal);
  std::optional<std::shared_ptr<const AlertLog>> alerts(const Snapshot& snapshot, std::string& refusal,
                                                        const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const LogitLens>> lens(const Snapshot& snapshot, std::string& refusal,
                                                       const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const WindowMeans>> windows(const Snapshot& snapshot, const TokenWindows& which, std::string& refusal,
                                                            const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const Content>> content(const Snapshot& snapshot, StatePart part, std::string& refusal,
                                                        const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const LayerReach>> reach(const Snapshot& snapshot, std::string& refusal,
                                                         const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const HiddenAttentionMap>> hidden(const Snapshot& snapshot, std::string& refusal,
                                                                  const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const DiscretisationTable>> discretisation(const Snapshot& snapshot, const std::optional<StepBounds>& bounds, std::string& refusal,
                                                                           const std::function<bool()>& cancelled);
  std::optional<std::shared_ptr<const HalfLifeMap>> half_lives(const Snapshot& snapshot, std::string& refusal,
                                                               const std::function<bool()>& cancelled);
  bool fill(const Snapshot& snapshot, const Query& query, const std::function<bool()>& cancelled, Derived& derived);
  std::optional<std::vector<float>> logits_after(const Snapshot& snapshot, std::int64_t position);

  Context<float> context;
  ComparedNextMaker compared_next_maker;
  std::shared_ptr<const OpenedModel> opened;
  std::uint64_t run = 0;
  std::vector<bool> sampleable;
  std::optional<SlabMaker> slab_maker;
  std::optional<TrajectoryMaker> trajectory_maker;
  std::optional<ChannelTrackMaker> channel_maker;
  std::optional<TokenTrackMaker> track_maker;
  WeightViewer weight_viewer;
  std::optional<Watcher> watcher;
  std::shared_ptr<const std::vector<Rule>> watched_by;  // the rules of the watcher
  std::optional<State> scratch;
  Kept<StateFrame> kept_frame, kept_frame_b;
  std::shared_ptr<const CursorPair> kept_pair;
  SurpriseMaker surprise_maker;
  Kept<AttentionFrame> kept_attention;
  Kept<MixerFrame> kept_mixer;
  Kept<NextTokens> kept_next;
  Kept<LogitLens> kept_lens;
  Kept<WindowMeans> kept_windows;
  Kept<Content> kept_content;
  Kept<LayerReach> kept_reach;
  Kept<HiddenAttentionMap> kept_hidden;
  ComparisonMaker comparison_maker;  // of all runs: it stays when another one becomes active
  MultiplesMaker multiples_maker;
  Kept<DiscretisationTable> kept_discretisation;
  std::optional<StepBounds> kept_bounds;  // that it was made with
  Kept<HalfLifeMap> kept_half_lives;
  RunStripMaker strip_maker;
};

Deriver::Deriver(const ContextOptions& arithmetic) : parts_(std::make_unique<Parts>(arithmetic)) {}
Deriver::~Deriver() = default;

void Deriver::Parts::use(const std::shared_ptr<const OpenedModel>& model, std::uint64_t another_run) {
  if (model != opened) strip_maker = {};
  if (model == opened && another_run == run) return;
  slab_maker.reset();
  trajectory_maker.reset();
  kept_frame = kept_frame_b = {};
  kept_pair.reset();
  surprise_maker = {};
  channel_maker.reset();
  track_maker.reset();
  kept_mixer = {};
  kept_attention = {};
  kept_next = {};
  kept_lens = {};
  kept_windows = {};
  kept_content = {};
  kept_reach = {};
  kept_hidden = {};
  kept_discretisation = {};
  kept_half_lives = {};
  watcher.reset();
  opened = model;
  run = another_run;
  scratch.emplace(model->model->schema());
  sampleable = sampleable_tokens(model->tokenizer.get(), model->model->info().vocabulary);
}

namespace {

// The tokens shown whose states can still be replayed; what was dropped is said.
ShownRange replayable_range(const Snapshot& snapshot, std::string& refusal) {
  ShownRange range = shown_range(snapshot);
  const std::int64_t from = snapshot.trace->use().replayable_from;
  if (range.first < from)
    refusal = "the states before token " + std::to_string(from) + " were dropped to stay within the memory budget";
  range.first = std::max(range.first, from);
  range.last = std::max(range.last, range.first);
  return range;
}

// A maker's answer: a part, nothing because it was cancelled, or a refusal in words.
template <class Part>
std::optional<std::shared_ptr<const Part>> unless_cancelled(Result<std::shared_ptr<const Part>> made,
                                                            std::string& refusal) {
  if (!made) {
    refusal = made.error().text();
    return nullptr;
  }
  if (!*made) return std::nullopt;
  return made.take();
}

}  // namespace

std::optional<std::shared_ptr<const StateSlab>> Deriver::Parts::slab(const Snapshot& snapshot, const Query& query, std::string& refusal,
                                                                     const std::function<bool()>& cancelled) {
  const ShownRange range = replayable_range(snapshot, refusal);
  const Selection& s = snapshot.selection;
  const SlabMaker::Cells cells{.layer = s.layer, .axis = query.rows_axis, .channel = s.channel, .state = s.state};
  if (!slab_maker || !slab_maker->fits(cells, range.first)) slab_maker.emplace(*opened->model, cells, range.first, context);
  return unless_cancelled(slab_maker->make(snapshot, range.last, query.similarity, cancelled), refusal);
}

std::optional<std::shared_ptr<const ChannelTrack>> Deriver::Parts::channel(const Snapshot& snapshot, std::string& refusal,
                                                                           const std::function<bool()>& cancelled) {
  const ShownRange range = replayable_range(snapshot, refusal);
  const Selection& s = snapshot.selection;
  if (!channel_maker || !channel_maker->fits(s.layer, s.channel, range.first))
    channel_maker.emplace(opened->model->info().layers[static_cast<std::size_t>(s.layer)], s.layer, s.channel,
                          StatePlane(*opened->model->schema(), s.layer).rows(), range.first);
  auto made = channel_maker->make(snapshot, range.last, cancelled);
  if (!made) return std::nullopt;
  return made;
}

std::optional<std::shared_ptr<const TokenTrack>> Deriver::Parts::expected(const Snapshot& snapshot, const Watched& watched, std::string& refusal,
                                                                          const std::function<bool()>& cancelled) {
  if (snapshot.has_vectors) return nullptr;
  ShownRange range = shown_range(snapshot);
  range.first = std::max(range.first, snapshot.trace->use().looked_at_from);
  range.last = std::max(range.last, range.first);
  if (!track_maker || !track_maker->fits(watched, range.first))
    track_maker.emplace(*opened->model, sampleable, watched, range.first, context);
  return unless_cancelled(track_maker->make(snapshot, range.last, cancelled), refusal);
}

std::shared_ptr<const MixerFrame> Deriver::Parts::mixer(const Snapshot& snapshot) {
  const std::int64_t layer = snapshot.selection.layer, token = snapshot.selection.cursor_a;
  if (token < 0) return nullptr;
  const Place place{snapshot.trace->revision(), 0, token, layer};
  if (kept_mixer.part && kept_mixer.place == place) return kept_mixer.part;
  context.trials = trials_of(trials_at(*snapshot.edits, token));
  auto made = look_at_mixer(*opened->model, snapshot, *scratch, context);
  if (!made) return nullptr;  // the frame says why: it needs the same part of the history
  kept_mixer = {place, std::make_shared<const MixerFrame>(made.take())};
  return kept_mixer.part;
}

std::optional<std::shared_ptr<const Trajectory>> Deriver::Parts::trajectory(const Snapshot& snapshot,
                                                                            std::string& refusal,
                                                                            const std::function<bool()>& cancelled) {
  const ShownRange range = replayable_range(snapshot, refusal);
  if (!trajectory_maker || !trajectory_maker->fits(snapshot.selection.layer, range.first))
    trajectory_maker.emplace(*opened->model, snapshot.selection.layer, range.first, context);
  return unless_cancelled(trajectory_maker->make(snapshot, range.last, cancelled), refusal);
}

std::shared_ptr<const StateFrame> Deriver::Parts::frame(const Snapshot& snapshot, std::int64_t cursor, Kept<StateFrame>& kept,
                                                        std::string& refusal) {
  const std::int64_t layer = snapshot.selection.layer, position = cursor + 1;
  // At the same revision only tokens were added, and they do not change a state of the past.
  const Place place{snapshot.trace->revision(), 0, position, layer};
  if (kept.part && kept.place == place) return kept.part;
  const Replayer replayer = [this](int l, std::span<const Rows<const float>> drivers, State& state) {
    opened->model->replay(l, drivers, state, context);
  };
  const auto index = static_cast<int>(layer);
  if (const Status status = snapshot.trace->restore(position, index, *scratch, replayer); !status) {
    refusal = status.error().text();
    return nullptr;
  }
  const StateSchema& schema = *opened->model->schema();
  const LayerSchema& of_layer = schema.layers()[static_cast<std::size_t>(layer)];
  auto frame = std::make_shared<StateFrame>();
  frame->layer = layer;
  frame->position = position;
  frame->h = StatePlane(schema, layer).frame(*scratch, frame->shape);
  if (const int conv = of_layer.find(Point::conv_state); conv >= 0) {
    frame->conv_shape = of_layer.tensors[static_cast<std::size_t>(conv)].shape;
    frame->conv = scratch->get(index, conv);
  }
  kept = {place, frame};
  return frame;
}

std::shared_ptr<const CursorPair> Deriver::Parts::pair(const Snapshot& snapshot) {
  const Selection& s = snapshot.selection;
  std::string refusal;  // what cursor B stands on may be gone: the views of cursor A need not say so
  if (s.cursor_b < 0) return nullptr;
  auto a = frame(snapshot, s.cursor_a, kept_frame, refusal), b = frame(snapshot, s.cursor_b, kept_frame_b, refusal);
  if (!a || !b) return nullptr;
  if (kept_pair && kept_pair->a == a && kept_pair->b == b) return kept_pair;
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  auto both = std::make_shared<CursorPair>(CursorPair{a, b, kNaN, kNaN});
  if (a->shape == b->shape) {
    double aa = 0, bb = 0, ab = 0, apart = 0;
    for (std::size_t i = 0; i < a->h.size(); ++i) {
      const auto x = static_cast<double>(a->h[i]), y = static_cast<double>(b->h[i]);
      aa += x * x, bb += y * y, ab += x * y, apart += (x - y) * (x - y);
    }
    both->cosine = ab / std::sqrt(aa * bb), both->distance = std::sqrt(apart);
  }
  kept_pair = both;
  return both;
}

std::shared_ptr<const AttentionFrame> Deriver::Parts::attention(const Snapshot& snapshot, std::string& refusal) {
  const std::int64_t layer = snapshot.selection.layer, token = snapshot.selection.cursor_a;
  if (token < 0 || !is_attention(snapshot.trace->layers()[static_cast<std::size_t>(layer)])) return nullptr;
  const Place place{snapshot.trace->revision(), 0, token, layer};
  if (kept_attention.part && kept_attention.place == place) return kept_attention.part;
  // Rotations are in what was recorded; whether the token saw the cache at all is not.
  context.trials = trials_of(trials_at(*snapshot.edits, token));
  auto made = look_at_attention(*opened->model, snapshot, *scratch, context);
  if (!made) {
    refusal = made.error().text();
    return nullptr;
  }
  kept_attention = {place, std::make_shared<const AttentionFrame>(made.take())};
  return kept_attention.part;
}

// The head over what the last layer gave to the residual stream: the bits that the step itself had.
std::optional<std::vector<float>> Deriver::Parts::logits_after(const Snapshot& snapshot, std::int64_t position) {
  if (position == snapshot.count()) return snapshot.last_logits;
  const Model& model = *opened->model;
  const int layer = model.layers() - 1;
  auto resid_out = snapshot.trace->driver(layer, find_driver(model.info().layers.back(), Point::resid_out), position - 1);
  if (!resid_out) return std::nullopt;
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  model.read_out({resid_out->data(), 1, model.info().hidden}, {logits.data(), 1, model.info().vocabulary}, context);
  return logits;
}

std::shared_ptr<const NextTokens> Deriver::Parts::next(const Snapshot& snapshot, std::string& refusal) {
  const std::int64_t position = snapshot.selection.cursor_a + 1;
  if (position == 0) return nullptr;  // before the first token nothing has been said
  const bool at_end = position == snapshot.count();
  const Place place{snapshot.trace->revision(), at_end ? position : -1, position, 0};
  if (kept_next.part && kept_next.place == place) return kept_next.part;
  const auto logits = logits_after(snapshot, position);
  if (!logits) {
    refusal = "what the model expected after token " + std::to_string(position - 1) +
              " was dropped to stay within the memory budget";
    return nullptr;
  }
  auto next = std::make_shared<NextTokens>(
      next_tokens(*logits, position, at_end ? -1 : snapshot.tokens[position][0], sampleable));
  kept_next = {place, next};
  return next;
}

std::optional<std::shared_ptr<const LogitLens>> Deriver::Parts::lens(const Snapshot& snapshot, std::string& refusal,
                                                                     const std::function<bool()>& cancelled) {
  const std::int64_t token = snapshot.selection.cursor_a;
  if (token < 0) return nullptr;
  const bool at_end = token + 1 == snapshot.count();
  const Place place{snapshot.trace->revision(), at_end ? token : -1, token, 0};
  if (kept_lens.part && kept_lens.place == place) return kept_lens.part;
  auto made = unless_cancelled(look_through_lens(*opened->model, snapshot, sampleable, context, cancelled), refusal);
  if (made && *made) kept_lens = {place, *made};
  return made;
}

std::optional<std::shared_ptr<const AlertLog>> Deriver::Parts::alerts(const Snapshot& snapshot, std::string& refusal,
                                                                      const std::function<bool()>& cancelled) {
  if (!watcher || watched_by != snapshot.rules) {
    watcher.emplace(*opened->model, *snapshot.rules, context);
    watched_by = snapshot.rules;
  }
  const Result<bool> followed = watcher->follow(watched(snapshot), snapshot.count(), cancelled);
  if (!followed) refusal = followed.error().text();
  else if (!*followed) return std::nullopt;
  return watcher->log();
}

std::optional<std::shared_ptr<const WindowMeans>> Deriver::Parts::windows(const Snapshot& snapshot, const TokenWindows& which,
                                                                         std::string& refusal, const std::function<bool()>& cancelled) {
  const Place place{snapshot.trace->revision(), 0, which.last, which.layer};
  if (kept_windows.part && kept_windows.place == place && kept_windows.part->windows == which) return kept_windows.part;
  auto made = unless_cancelled(compare_windows(*opened->model, snapshot, which, context, cancelled), refusal);
  if (made && *made) kept_windows = {place, *made};
  return made;
}

std::optional<std::shared_ptr<const Content>> Deriver::Parts::content(const Snapshot& snapshot, StatePart part, std::string& refusal,
                                                                      const std::function<bool()>& cancelled) {
  const Selection& s = snapshot.selection;
  const Place place{snapshot.trace->revision(), 0, s.cursor_a, s.layer};
  const auto& kept = kept_content.part;
  if (kept && kept_content.place == place && kept->part == part && kept->channel == s.channel && kept->state == s.state) return kept;
  auto made = unless_cancelled(take_apart(*opened->model, snapshot, part, *scratch, context, cancelled), refusal);
  if (made && *made) kept_content = {place, *made};
  return made;
}

std::optional<std::shared_ptr<const LayerReach>> Deriver::Parts::reach(const Snapshot& snapshot, std::string& refusal,
                                                                       const std::function<bool()>& cancelled) {
  const Place place{snapshot.trace->revision(), 0, snapshot.selection.cursor_a, snapshot.selection.layer};
  if (kept_reach.part && kept_reach.place == place) return kept_reach.part;
  auto made = unless_cancelled(reach_of(*opened->model, snapshot, static_cast<int>(place.layer), *scratch, context, cancelled), refusal);
  if (made && *made) kept_reach = {place, *made};
  return made;
}

std::optional<std::shared_ptr<const HalfLifeMap>> Deriver::Parts::half_lives(const Snapshot& snapshot, std::string& refusal,
                                                                            const std::function<bool()>& cancelled) {
  const Place place{snapshot.trace->revision(), 0, snapshot.selection.cursor_a, 0};
  if (kept_half_lives.part && kept_half_lives.place == place) return kept_half_lives.part;
  auto made = unless_cancelled(map_half_lives(*opened->model, snapshot, *scratch, context, cancelled), refusal);
  if (made && *made) kept_half_lives = {place, *made};
  return made;
}

// Of the tokens shown the last that a map can hold.
std::optional<std::shared_ptr<const HiddenAttentionMap>> Deriver::Parts::hidden(const Snapshot& snapshot, std::string& refusal,
                                                                                const std::function<bool()>& cancelled) {
  ShownRange range = replayable_range(snapshot, refusal);
  range.first = std::max(range.first, range.last - kMostMapped);
  if (range.first >= range.last) return nullptr;
  const Selection& s = snapshot.selection;
  const Place place{snapshot.trace->revision(), range.first, range.last, s.layer};
  if (kept_hidden.part && kept_hidden.place == place && kept_hidden.part->channel == s.channel) return kept_hidden.part;
  auto made = unless_cancelled(map_attention(*opened->model, snapshot, static_cast<int>(s.layer), s.channel, range.first, range.last, *scratch, context,
                                             cancelled), refusal);
  if (made && *made) kept_hidden = {place, *made};
  return made;
}

std::optional<std::shared_ptr<const DiscretisationTable>> Deriver::Parts::discretisation(const Snapshot& snapshot, const std::optional<StepBounds>& bounds,
                                                                                         std::string& refusal, const std::function<bool()>& cancelled) {
  const ShownRange range = replayable_range(snapshot, refusal);
  if (range.first >= range.last) return nullptr;
  const Place place{snapshot.trace->revision(), range.first, range.last, snapshot.selection.layer};
  if (kept_discretisation.part && kept_discretisation.place == place && kept_bounds == bounds) return kept_discretisation.part;
  auto made = unless_cancelled(compare_discretisations(*opened->model, snapshot, static_cast<int>(place.layer), range.first, range.last, bounds ? &*bounds : nullptr,
                                                       *scratch, context, cancelled), refusal);
  if (made && *made) kept_discretisation = {place, *made}, kept_bounds = bounds;
  return made;
}

bool Deriver::Parts::fill(const Snapshot& snapshot, const Query& query, const std::function<bool()>& cancelled,
                          Derived& derived) {
  if (query.frame) derived.frame = frame(snapshot, snapshot.selection.cursor_a, kept_frame, derived.refusal);
  if (query.pair) derived.pair = pair(snapshot);
  if (query.attention) derived.attention = attention(snapshot, derived.refusal);
  if (query.mixer) derived.mixer = mixer(snapshot);
  if (query.next) derived.next = next(snapshot, derived.refusal);
  if (query.lens) {
    auto made = lens(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.lens = std::move(*made);
  }
  if (query.slab) {
    auto made = slab(snapshot, query, derived.refusal, cancelled);
    if (!made) return false;
    derived.slab = std::move(*made);
  }
  if (query.channel) {
    auto made = channel(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.channel = std::move(*made);
  }
  if (query.expected) {
    auto made = expected(snapshot, query.watched, derived.refusal, cancelled);
    if (!made) return false;
    derived.expected = std::move(*made);
  }
  if (query.trajectory) {
    auto made = trajectory(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.trajectory = std::move(*made);
  }
  if (query.content != StatePart::none) {
    auto made = content(snapshot, query.content, derived.refusal, cancelled);
    if (!made) return false;
    derived.content = std::move(*made);
  }
  if (query.reach) {
    auto made = reach(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.reach = std::move(*made);
  }
  if (query.half_lives) {
    auto made = half_lives(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.half_lives = std::move(*made);
  }
  if (query.hidden) {
    auto made = hidden(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.hidden = std::move(*made);
  }
  if (query.discretisation) {
    auto made = discretisation(snapshot, query.step_bounds, derived.refusal, cancelled);
    if (!made) return false;
    derived.discretisation = std::move(*made);
  }
  if (query.tree) {
    auto made = unless_cancelled(strip_maker.make(*opened->model, snapshot, context, cancelled), derived.refusal);
    if (!made) return false;
    derived.tree = std::move(*made);
  }
  if (query.alerts) {
    auto made = alerts(snapshot, derived.refusal, cancelled);
    if (!made) return false;
    derived.alerts = std::move(*made);
  }
  if (query.windows) {
    auto made = windows(snapshot, *query.windows, derived.refusal, cancelled);
    if (!made) return false;
    derived.windows = std::move(*made);
  }
  if (const Selection& s = snapshot.selection; query.weights && !s.tensor.empty()) {
    auto made = unless_cancelled(weight_viewer.look(opened->checkpoint, s.tensor, s.against, cancelled), derived.refusal);
    if (!made) return false;
    derived.weights = std::move(*made);
  }
  if (query.comparison) {
    auto made = comparison_maker.make(snapshot, opened, *query.comparison, derived.refusal, cancelled);
    if (!made) return false;
    derived.comparison = std::move(*made);
    const ComparedIds ids = runs_to_compare(snapshot, *query.comparison);
    derived.compared_a = ids.a, derived.compared_b = ids.b;
  }
  if (query.compared_next && derived.comparison)
    derived.compared_next = compared_next_maker.make(snapshot, *derived.comparison, sampleable,
                                                     [this](bool of_b, std::int64_t token) { return comparison_maker.logits_after(of_b, token); });
  if (query.multiples) {
    auto made = multiples_maker.make(snapshot, opened, *query.multiples, cancelled);
    if (!made) return false;
    derived.multiples = std::move(*made);
  }
  if (query.surprise)
    derived.surprise = surprise_maker.make(snapshot, sampleable, [&](std::int64_t position) { return logits_after(snapshot, position); }, cancelled);
  return true;
}

std::shared_ptr<const Derived> Deriver::derive(const std::shared_ptr<const Snapshot>& snapshot,
                                               const std::shared_ptr<const OpenedModel>& opened, const Query& query,
                                               const std::function<bool()>& cancelled) {
  auto derived = std::make_shared<Derived>();
  derived->snapshot = snapshot->number;
  // Between two models a snapshot and a model taken one after the other may not belong together.
  const bool belong = opened && snapshot->trace && snapshot->trace->schema() == opened->model->schema();
  if (!belong) return derived;
  parts_->use(opened, snapshot->run);
  return parts_->fill(*snapshot, query, cancelled, *derived) ? derived : nullptr;
}

}  // namespace lab
