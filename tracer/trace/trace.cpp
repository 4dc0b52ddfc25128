#include "tracer/trace/trace.h"

#include <algorithm>
#include <utility>

#include "model/base/check.h"
#include "model/base/memory.h"
#include "tracer/trace/history.h"
#include "tracer/trace/view.h"

namespace lab {
namespace {

// Copies what a step shows into the tile being written.
class Recorder final : public Probe {
 public:
  explicit Recorder(std::shared_ptr<const TraceLayout> layout)
      : Probe(static_cast<int>(layout->layers().size())), layout_(std::move(layout)) {
    for (std::size_t layer = 0; layer < layout_->layers().size(); ++layer)
      for (const Driver& driver : layout_->layers()[layer].drivers) read(driver.point, static_cast<int>(layer));
    wants_statistics = true;
  }

  // The next call's token 0 goes into row `row` of the tile.
  void begin(const Tile& tile, std::int64_t row) {
    replay_ = tile.replay.memory.get();
    looked_at_ = tile.looked_at.memory.get();
    statistics_ = tile.statistics.get();
    row_ = row;
    driver_rows_ = statistic_rows_ = 0;
  }

  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    const std::vector<Driver>& drivers = layout_->layers()[static_cast<std::size_t>(layer)].drivers;
    const auto driver = std::find_if(drivers.begin(), drivers.end(), [&](const Driver& each) { return each.point == point; });
    LAB_CHECK(rows.width, ==, driver->width);
    LAB_CHECK(row_ + token + rows.count, <=, layout_->tile_tokens());
    float* part = driver->replay ? replay_ + layout_->replay()[static_cast<std::size_t>(layer)]
                                 : looked_at_ + layout_->looked_at()[static_cast<std::size_t>(layer)];
    float* to = layout_->driver(part, layer, static_cast<int>(driver - drivers.begin())) + (row_ + token) * rows.width;
    copy_past_caches(rows.data, rows.stride, rows.width, rows.count, to);
    driver_rows_ += rows.count;
  }

  void statistics(int layer, std::int64_t token, Rows<const float> rows) override {
    LAB_CHECK(row_ + token + rows.count, <=, layout_->tile_tokens());
    float* to = statistics_ + (layer * layout_->tile_tokens() + row_ + token) * kStatistics;
    for (std::int64_t t = 0; t < rows.count; ++t) std::copy_n(rows.row(t), kStatistics, to + t * kStatistics);
    statistic_rows_ += rows.count;
  }

  // Everything asked for came, for so many tokens.
  void check_complete(std::int64_t tokens) const {
    std::int64_t drivers = 0;
    for (const LayerInfo& layer : layout_->layers()) drivers += static_cast<std::int64_t>(layer.drivers.size());
    LAB_CHECK(driver_rows_, ==, drivers * tokens);
    LAB_CHECK(statistic_rows_, ==, static_cast<std::int64_t>(layout_->layers().size()) * tokens);
  }

 private:
  std::shared_ptr<const TraceLayout> layout_;
  float *replay_ = nullptr, *looked_at_ = nullptr, *statistics_ = nullptr;
  std::int64_t row_ = 0, driver_rows_ = 0, statistic_rows_ = 0;
};

}  // namespace

struct Trace::Parts {
  Parts(std::shared_ptr<const StateSchema> schema_, std::vector<LayerInfo> layers, const TraceOptions& options)
      : schema(std::move(schema_)),
        layout(std::make_shared<const TraceLayout>(*schema, std::make_shared<const std::vector<LayerInfo>>(std::move(layers)))),
        budget(options.budget_bytes), spilling{options.spill_folder, nullptr}, recorder(layout) {
    history.tiles.push_back(layout->new_tile());
    record_on();
  }
  // Goes on from a position of another trace; the tile that is written next is its own.
  Parts(const Parts& other, std::int64_t position)
      : schema(other.schema), layout(other.layout), budget(other.budget), spilling(other.spilling), recorder(layout), history(other.history),
        count(other.count), revision(other.revision) {
    cut(position);
  }

  std::int64_t row() const { return count % layout->tile_tokens(); }
  // What readers see from now on differs from what they saw.
  void changed() { published.reset(); view.reset(); }
  void record_on() { recorder.begin(history.tiles.back(), row()); }

  Keyframe keyframe_of(const State& state, bool edited) const {
    const std::span<const float> values = state.stored_all();
    LAB_CHECK(static_cast<std::int64_t>(values.size()), ==, layout->states().back());
    Keyframe keyframe{.position = count, .state_position = state.position, .edited = edited, .arena = new_part(layout->states())};
    std::copy(values.begin(), values.end(), keyframe.arena.memory.get());
    keyframe.caches = std::make_shared<const std::vector<RowTiles<float>>>(state.caches());
    for (const RowTiles<float>& cache : *keyframe.caches) keyframe.rows.push_back(cache.count());
    return keyframe;
  }
  void add(Keyframe keyframe) {
    share_caches(history.keyframes, keyframe);
    history.keyframes.push_back(std::move(keyframe));
    changed();
  }

  void fit_budget() { note(fit(history, *layout, count, budget, spilling)); }

  // The first trouble with the disk waits for the next commit.
  void note(Status status) {
    if (trouble) trouble = std::move(status);
  }

  void cut(std::int64_t position);
  void own_tail();
  bool make_writable(Part& part, const LayerBounds& bounds);

  const std::shared_ptr<const StateSchema> schema;
  const std::shared_ptr<const TraceLayout> layout;
  std::int64_t budget;
  Spilling spilling;
  Recorder recorder;
  bool tail_is_shared = false;  // others read the tile that is written next: it is copied before
  History history;  // the writer's own; copied once for the views made until it changes again
  std::shared_ptr<const History> published;
  TraceUse use;     // of the published history
  std::shared_ptr<const TraceView> view;
  std::int64_t count = 0;
  std::uint64_t revision = 0;
  Status trouble;
};

// Puts a copy that no view shares into memory. False when there is nothing to copy, or the disk does not give it back.
bool Trace::Parts::make_writable(Part& part, const LayerBounds& bounds) {
  Part fresh = new_part(bounds);
  std::vector<float> buffer;
  bool is_there = static_cast<bool>(part);
  for (std::size_t layer = 0; is_there && layer + 1 < bounds.size(); ++layer) {
    const Result<const float*> values = layer_of(part, bounds, static_cast<int>(layer), history, buffer);
    if (values) {
      std::copy_n(*values, bounds[layer + 1] - bounds[layer], fresh.memory.get() + bounds[layer]);
    } else {
      note(values.error());
      is_there = false;
    }
  }
  part = std::move(fresh);
  return is_there;
}

// Before the tile at the end is written.
void Trace::Parts::own_tail() {
  if (!std::exchange(tail_is_shared, false)) return;
  make_writable(history.tiles.back().looked_at, layout->looked_at());
  make_writable(history.tiles.back().replay, layout->replay());
  changed();
  record_on();
}

// Makes `position` the end. Views still read what is forgotten of the tile it cuts, so that is not written over.
void Trace::Parts::cut(std::int64_t position) {
  const auto last = static_cast<std::size_t>(position / layout->tile_tokens());
  const bool between_tiles = position % layout->tile_tokens() == 0;
  Tile tile = between_tiles ? layout->new_tile() : history.tiles[last];
  bool looked_at_is_there = true, replay_is_there = true;
  const auto keep = [this](Part& part, const LayerBounds& bounds) { return part.memory || make_writable(part, bounds); };
  if (!between_tiles) {
    tile.statistics = layout->resampled_statistics(tile, 1);
    tile.step = 1;
    tile.summary.reset();
    looked_at_is_there = keep(tile.looked_at, layout->looked_at());
    replay_is_there = keep(tile.replay, layout->replay());
  }
  tail_is_shared = !between_tiles;
  count = position;
  history.tiles.resize(last + 1);
  history.tiles.back() = std::move(tile);
  history.looked_at_from = looked_at_is_there ? std::min(history.looked_at_from, position) : position;
  history.exact_from = std::min(history.exact_from, position);
  history.replay_from = replay_is_there ? std::min(history.replay_from, position) : position;
  if (replay_is_there) return;
  for (std::size_t i = 0; i < last; ++i) history.tiles[i].replay = {};
  history.keyframes.clear();  // nothing can be restored before the next commit makes a new beginning
}

Trace::Trace(std::shared_ptr<const StateSchema> schema, std::vector<LayerInfo> layers, const TraceOptions& options,
             const State& start)
    : parts_(std::make_unique<Parts>(std::move(schema), std::move(layers), options)) {
  parts_->add(parts_->keyframe_of(start, false));
}

Trace::~Trace() = default;
Trace::Trace(Trace&&) noexcept = default;
Trace& Trace::operator=(Trace&&) noexcept = default;

Probe& Trace::probe() {
  parts_->own_tail();
  return parts_->recorder;
}

std::int64_t Trace::tokens_until_keyframe() const {
  return parts_->history.keyframes.empty() ? 1 : parts_->layout->tile_tokens() - parts_->row();
}

Status Trace::commit(std::int64_t tokens, const State& after, Keeping keeping) {
  Parts& p = *parts_;
  const bool is_unrecorded = keeping == Keeping::state;
  if (is_unrecorded) LAB_CHECK(tokens, ==, 1);
  p.recorder.check_complete(tokens);
  p.count += tokens;
  p.view.reset();
  const bool tile_is_full = tokens > 0 && p.row() == 0;
  if (tile_is_full) {
    Tile& full = p.history.tiles.back();
    full.summary = p.layout->resampled_statistics(full, p.layout->tile_tokens());
    p.history.tiles.push_back(p.layout->new_tile());
  }
  if (tile_is_full || is_unrecorded || p.history.keyframes.empty()) {
    Keyframe keyframe = p.keyframe_of(after, false);
    keyframe.unrecorded = is_unrecorded;
    p.add(std::move(keyframe));
    p.fit_budget();
  }
  p.record_on();
  return std::exchange(p.trouble, Status());
}

Trace::Trace(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Trace Trace::fork(std::int64_t position) const {
  LAB_CHECK(position, >=, 0);
  LAB_CHECK(position, <=, parts_->count);
  Trace other(std::make_unique<Parts>(*parts_, position));
  other.truncate(position, true);
  return other;
}

void Trace::set_budget(std::int64_t bytes) {
  parts_->budget = bytes;
  parts_->changed();
  parts_->fit_budget();
  parts_->record_on();
}

void Trace::visit_memory(const std::function<void(const void* block, std::int64_t bytes)>& visit) const {
  const TraceLayout& layout = *parts_->layout;
  const auto bytes = [](std::int64_t floats) { return floats * static_cast<std::int64_t>(sizeof(float)); };
  const auto part = [&](const Part& each, const LayerBounds& bounds) {
    if (each.memory) visit(each.memory.get(), bytes(bounds.back()));
  };
  for (const Tile& tile : parts_->history.tiles) {
    part(tile.replay, layout.replay());
    part(tile.looked_at, layout.looked_at());
    if (tile.statistics) visit(tile.statistics.get(), bytes(layout.statistics_size(tile.step)));
    if (tile.summary) visit(tile.summary.get(), bytes(layout.statistics_size(layout.tile_tokens())));
  }
  for (const Keyframe& keyframe : parts_->history.keyframes) {
    part(keyframe.arena, layout.states());
    for (const RowTiles<float>& cache : *keyframe.caches)
      for (const auto& tile : cache.tiles()) visit(tile.get(), bytes(RowTiles<float>::kRows * cache.width()));
  }
}

void Trace::discard() { parts_->record_on(); }

void Trace::edited(const State& state) {
  Parts& p = *parts_;
  auto& keyframes = p.history.keyframes;
  Keyframe keyframe = p.keyframe_of(state, !keyframes.empty());
  if (!keyframes.empty() && keyframes.back().edited && keyframes.back().position == p.count) keyframes.pop_back();
  p.add(std::move(keyframe));
  ++p.revision;
  p.fit_budget();
}

void Trace::truncate(std::int64_t position, bool keep_edits_there) {
  Parts& p = *parts_;
  LAB_CHECK(position, >=, 0);
  LAB_CHECK(position, <=, p.count);
  if (position < p.count) p.cut(position);
  std::erase_if(p.history.keyframes, [&](const Keyframe& keyframe) {
    return keyframe.position > position || (keyframe.position == position && keyframe.edited && !keep_edits_there);
  });
  ++p.revision;
  p.changed();
  p.fit_budget();
  p.record_on();
}

std::int64_t Trace::count() const { return parts_->count; }

std::shared_ptr<const TraceView> Trace::view() const {
  Parts& p = *parts_;
  if (!p.published) {
    p.published = std::make_shared<const History>(p.history);
    p.use = measure(p.history, *p.layout, p.count, p.budget);
  }
  if (!p.view) p.view = std::make_shared<const RecordedView>(p.count, p.revision, p.schema, p.layout, p.published, p.use);
  return p.view;
}

}  // namespace lab
