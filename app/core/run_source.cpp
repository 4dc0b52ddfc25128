// A run as one side of a comparison: what its trace recorded, states replayed from that, logits made again by the head.
#include <algorithm>
#include <optional>

#include "app/core/cell_decay.h"
#include "app/core/comparison.h"
#include "app/core/layer_walk.h"
#include "app/core/state_plane.h"

namespace lab {
namespace {

constexpr std::int64_t kPassedOver = 64;  // so few tokens are replayed and not looked at rather than restored anew

const char* dtype_of(Rounding rounding) { return rounding == Rounding::bf16 ? "bf16" : rounding == Rounding::f16 ? "f16" : "f32"; }

class RunSource final : public CompareSource {
 public:
  RunSource(const RunFacts& run, const std::shared_ptr<const ModelFacts>& model, std::shared_ptr<const OpenedModel> opened, const ContextOptions& arithmetic)
      : opened_(std::move(opened)), model_(*opened_->model), run_(run.run), context_(alone(arithmetic)) {
    facts_.trace = run.trace;
    facts_.edits = run.edits;
    side_ = {.name = run.name, .model = model->path, .model_hash = model->hash, .dtype = dtype_of(arithmetic.rounding), .layers = model_.layers()};
    side_.pieces = {model, &model->pieces};
    auto tokens = std::make_shared<std::vector<std::int32_t>>();
    for (std::int64_t t = 0; t < run.tokens.count(); ++t) tokens->push_back(run.tokens[t][0]);
    side_.tokens = std::move(tokens);
    for (const EditEvent& edit : *run.edits) side_.edits.push_back(edit.position);
    list_points();
  }

  Status read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<float>>& rows, ValueOrder order) override {
    rows.assign(wanted.size(), {});
    std::vector<std::size_t> states;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Place& place = places_[static_cast<std::size_t>(wanted[i])];
      if (place.is == Kind::ids) read_ids(first, count, rows[i]);
      if (place.is == Kind::driver) read_driver(place, first, count, rows[i]);
      if (place.is == Kind::logits) read_logits(first, count, rows[i]);
      if (place.is == Kind::state) states.push_back(i);
    }
    return states.empty() ? Status() : read_states(wanted, states, first, count, order, rows);
  }
  using CompareSource::read;

  bool keeps_alike(const CompareSource& other) const override {
    const auto* run = dynamic_cast<const RunSource*>(&other);
    return run && (run->model_.schema() == model_.schema() || alike(*run->model_.schema(), *model_.schema()));
  }

  Status read_channels(int point, std::int64_t state, std::int64_t token, std::vector<float>& row) override {
    row.clear();
    const int layer = places_[static_cast<std::size_t>(point)].layer;
    return walk(layer, token, 1, [&] {
      const StatePlane plane(*model_.schema(), layer);
      const CellRange cells = plane.cells_along(-1, 0, state);
      row.resize(static_cast<std::size_t>(cells.count));
      plane.read(walk_->state(), cells, row);
    });
  }

  std::vector<float> half_lives(int layer, std::int64_t state, std::int64_t first, std::int64_t last) override {
    const StatePlane plane(*model_.schema(), layer);
    if (plane.is_cache() || model_.rates(layer).empty()) return {};
    CellDecay decay(model_, plane, layer);
    for (std::int64_t t = first; t < last; ++t) decay.take(*facts_.trace, t);
    return decay.half_lives(plane.cells_along(-1, 0, state));
  }

  bool grew_into(const CompareSource& later) const override {
    const auto* run = dynamic_cast<const RunSource*>(&later);
    return run && run->opened_ == opened_ && run->run_ == run_ && run->facts_.trace->revision() == facts_.trace->revision() && run->count() >= count();
  }

 private:
  // One layer's replay is too short a work to be shared among threads, and the bits are the same.
  static ContextOptions alone(ContextOptions arithmetic) {
    arithmetic.threads = 1;
    return arithmetic;
  }

  enum class Kind : std::uint8_t { ids, driver, state, logits };
  /// Where a point's values come from.
  struct Place {
    Kind is = Kind::ids;
    int layer = -1, driver = -1;
    std::vector<int> tensors;  // of a state, one after the other
  };

  void list_points() {
    const int layers = model_.layers();
    add({.name = "tok.ids", .layer = -1, .point = Point::count_}, {}, true);
    for (int layer = 0; layer < layers; ++layer) {
      const LayerInfo& info = model_.info().layers[static_cast<std::size_t>(layer)];
      const auto& tensors = model_.schema()->layers()[static_cast<std::size_t>(layer)].tensors;
      for (const PointShape& shape : info.points) {
        Place place{.layer = layer};
        ComparedPoint point{.name = point_name(shape.point, layer), .layer = layer, .point = shape.point, .shape = shape.shape};
        place.driver = find_driver(info, shape.point);
        if (point.is_state())
          for (std::size_t i = 0; i < tensors.size(); ++i)
            if (tensors[i].point == shape.point && !tensors[i].grows()) place.tensors.push_back(static_cast<int>(i));
        if (place.driver < 0 && place.tensors.empty()) continue;
        place.is = place.driver >= 0 ? Kind::driver : Kind::state;
        add(std::move(point), std::move(place));
      }
    }
    add({.name = "logits", .layer = layers, .point = Point::logits, .shape = {model_.info().vocabulary}}, {.is = Kind::logits, .layer = layers});
  }
  void add(ComparedPoint point, Place place, bool is_double = false) {
    for (const std::int64_t extent : point.shape) point.width *= extent;
    points_.push_back({std::move(point), is_double});
    places_.push_back(std::move(place));
  }

  static bool alike(const StateSchema& a, const StateSchema& b) {
    return std::ranges::equal(a.layers(), b.layers(), [](const LayerSchema& x, const LayerSchema& y) {
      return std::ranges::equal(x.tensors, y.tensors, [](const TensorSchema& s, const TensorSchema& t) {
        return s.point == t.point && s.layout == t.layout && s.shape == t.shape && s.stored == t.stored;
      });
    });
  }

  // Ids are exact in single precision up to 2^24, beyond every vocabulary; in double precision always.
  void read_ids(std::int64_t first, std::int64_t count, std::vector<float>& row) const {
    const auto from = side_.tokens->begin() + first;
    row.assign(from, from + count);
  }
  void read_driver(const Place& place, std::int64_t first, std::int64_t count, std::vector<float>& row) const {
    const std::int64_t width = model_.info().layers[static_cast<std::size_t>(place.layer)].drivers[static_cast<std::size_t>(place.driver)].width;
    row.resize(static_cast<std::size_t>(count * width));
    if (!facts_.trace->columns(place.layer, place.driver, 0, first, {row.data(), count, width})) row.clear();
  }
  void read_logits(std::int64_t first, std::int64_t count, std::vector<float>& row) {
    const int last = model_.layers() - 1;
    std::vector<float> stream;
    read_driver({.layer = last, .driver = find_driver(model_.info().layers.back(), Point::resid_out)}, first, count, stream);
    if (stream.empty()) return;
    row.resize(static_cast<std::size_t>(count * model_.info().vocabulary));
    model_.read_out({stream.data(), count, model_.info().hidden}, {row.data(), count, model_.info().vocabulary}, context_);
  }

  Status read_states(std::span<const int> wanted, const std::vector<std::size_t>& states, std::int64_t first, std::int64_t count, ValueOrder order,
                     std::vector<std::vector<float>>& rows) {
    for (const std::size_t i : states) rows[i].reserve(static_cast<std::size_t>(count * points_[static_cast<std::size_t>(wanted[i])].point.width));
    return walk(places_[static_cast<std::size_t>(wanted[states[0]])].layer, first, count, [&] {
      for (const std::size_t i : states) append(places_[static_cast<std::size_t>(wanted[i])], order, rows[i]);
    });
  }
  // Calls visit() with the layer's state as each of some tokens left it; not at all where the history does not reach there.
  template <class Visit>
  Status walk(int layer, std::int64_t first, std::int64_t count, Visit visit) {
    if (first < facts_.trace->use().replayable_from) return {};
    if (walked_ != layer) walk_.emplace(model_, layer, context_), walked_ = layer, next_ = -1;
    const bool goes_on = next_ >= 0 && next_ <= first && first - next_ <= kPassedOver;
    return walk_->walk(facts_, goes_on ? next_ : first, first + count, [&](std::int64_t token) {
      next_ = token + 1;
      if (token >= first) visit();
      return true;
    });
  }
  void append(const Place& place, ValueOrder order, std::vector<float>& row) const {
    const State& state = walk_->state();
    for (const int tensor : place.tensors) {
      const std::span<const float> stored = state.stored(place.layer, tensor);
      const auto elements = static_cast<std::size_t>(state.elements(place.layer, tensor));
      // With padding between them values are put in order: nobody promises what the padding holds.
      if (order == ValueOrder::as_stored && stored.size() == elements) {
        row.insert(row.end(), stored.begin(), stored.end());
        continue;
      }
      row.resize(row.size() + elements);
      state.get(place.layer, tensor, std::span(row).last(elements));
    }
  }

  const std::shared_ptr<const OpenedModel> opened_;
  const Model& model_;
  const std::uint64_t run_;
  Context<float> context_;
  Snapshot facts_;  // trace and edits, for the walk
  std::vector<Place> places_;
  std::optional<LayerWalk> walk_;
  int walked_ = -1;
  std::int64_t next_ = -1;  // the token that the walk's state finds
};

}  // namespace

Status CompareSource::read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<double>>& rows) {
  std::vector<std::vector<float>> single;
  LAB_TRY(read(wanted, first, count, single));
  rows.assign(single.size(), {});
  for (std::size_t i = 0; i < single.size(); ++i) rows[i].assign(single[i].begin(), single[i].end());
  return {};
}

StateAxes::StateAxes(const ComparedPoint& point) : indexes_first(point.point == Point::att_state) {
  states = point.shape.empty() ? 1 : indexes_first ? point.shape.front() : point.shape.back();
  channels = point.width / std::max<std::int64_t>(1, states);
}

Status CompareSource::read_channels(int point, std::int64_t state, std::int64_t token, std::vector<float>& row) {
  std::vector<std::vector<float>> rows;
  LAB_TRY(read(std::span(&point, 1), token, 1, rows));
  row.clear();
  if (rows[0].empty()) return {};
  const StateAxes axes(points_[static_cast<std::size_t>(point)].point);
  for (std::int64_t channel = 0; channel < axes.channels; ++channel) row.push_back(rows[0][axes.at(channel, state)]);
  return {};
}

bool CompareSource::keeps_alike(const CompareSource&) const { return false; }
std::vector<float> CompareSource::half_lives(int, std::int64_t, std::int64_t, std::int64_t) { return {}; }
bool CompareSource::grew_into(const CompareSource&) const { return false; }

Result<std::unique_ptr<CompareSource>> run_source(const Snapshot& snapshot, std::int64_t run, std::shared_ptr<const OpenedModel> opened,
                                                  const ContextOptions& arithmetic) {
  if (const GuestRun* guest = snapshot.find_guest(run)) {
    if (guest->recorded) return trace_source(guest->recorded);
    return std::unique_ptr<CompareSource>(std::make_unique<RunSource>(guest->run, guest->model, guest->opened, arithmetic));
  }
  const RunFacts* found = snapshot.find_run(run);
  if (!found)
    return Error{.code = Code::not_found, .field = "run", .expected = "one of " + std::to_string(snapshot.runs.size()) + " runs", .found = std::to_string(run),
                 .message = "there is no such run"};
  if (!opened || !found->trace || found->trace->schema() != opened->model->schema())
    return Error{.code = Code::mismatch, .field = "run", .expected = "a run of the open model", .found = printable(found->name),
                 .message = "the run belongs to another model"};
  return std::unique_ptr<CompareSource>(std::make_unique<RunSource>(*found, snapshot.model, std::move(opened), arithmetic));
}

}  // namespace lab
