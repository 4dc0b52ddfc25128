#include "app/core/watcher.h"

#include <algorithm>
#include <cmath>

#include "app/core/interventions.h"
#include "app/core/layer_walk.h"
#include "model/base/check.h"

namespace lab {
namespace {

constexpr std::int64_t kPiece = 16;           // tokens between two questions whether to stop, and of which logits are made at once
constexpr std::int64_t kCheckpointEvery = 256;
constexpr std::size_t kMostCheckpoints = 32;

Error dropped(std::int64_t token) {
  return {.code = Code::out_of_range, .field = "token", .found = std::to_string(token), .message = "what rules look at was dropped to stay within the memory budget"};
}

bool is_same(const EditEvent& a, const EditEvent& b) { return a.position == b.position && a.layer == b.layer && a.label == b.label; }

/// How many tokens of both runs are the same and were read from the same states, at most `limit`.
std::int64_t common_tokens(const WatchedRun& a, const WatchedRun& b, std::int64_t limit) {
  if (a.number != b.number || !a.trace || !a.edits) return 0;
  std::int64_t same = std::min({a.tokens.count(), b.tokens.count(), limit});
  const auto [in_a, in_b] = std::mismatch(a.edits->begin(), a.edits->end(), b.edits->begin(), b.edits->end(), is_same);
  if (in_a != a.edits->end()) same = std::min(same, in_a->position);
  if (in_b != b.edits->end()) same = std::min(same, in_b->position);
  if (a.trace->revision() == b.trace->revision()) return same;
  for (std::int64_t t = 0; t < same; ++t)
    if (a.tokens[t][0] != b.tokens[t][0] || a.tokens[t][0] < 0) return t;  // two vectors may differ
  return same;
}

/// The time steps of a layer, empty where it has none.
std::vector<float> steps_of(const TraceView& trace, int layer, std::int64_t token) {
  const int driver = find_driver(trace.layers()[static_cast<std::size_t>(layer)], Point::dt);
  auto value = driver >= 0 ? trace.driver(layer, driver, token) : std::nullopt;
  return value ? std::move(*value) : std::vector<float>();
}

/// The recurrent state of fixed size that a layer's rules look at, or none.
int state_tensor(const LayerSchema& layer) {
  const int h = layer.find(Point::h);
  return h >= 0 ? h : layer.find(Point::att_state);
}

std::vector<std::vector<float>> rates_of(const Model& model) {
  std::vector<std::vector<float>> rates;
  for (int layer = 0; layer < model.layers(); ++layer) rates.push_back(model.rates(layer));
  return rates;
}

}  // namespace

WatchedRun watched(const Snapshot& snapshot) { return {snapshot.run, snapshot.tokens, snapshot.trace, snapshot.edits}; }

Watcher::Watcher(const Model& model, std::vector<Rule> rules, Context<float>& context)
    : model_(model), rules_(std::make_shared<const std::vector<Rule>>(std::move(rules))), context_(context),
      rates_(rates_of(model)), needs_(Monitor(*rules_, model.info().layers, rates_).needs()), monitor_(*rules_, model.info().layers, rates_),
      state_(model.schema()) {
  for (std::size_t i = 0; i < rules_->size(); ++i) measured_.emplace_back(model.layers() + 1);
}

std::shared_ptr<const AlertLog> Watcher::log() const {
  auto log = std::make_shared<AlertLog>();
  log->rules = rules_;
  log->alerts = alerts_;
  log->first = first_;
  log->seen = seen_;
  for (const RowLog<float>& each : measured_) log->measured.push_back(each.view());
  return log;
}

/// To the last checkpoint at or before a token, or to the beginning.
void Watcher::go_back(std::int64_t token) {
  while (!checkpoints_.empty() && checkpoints_.back().token > token) checkpoints_.pop_back();
  if (checkpoints_.empty()) {
    monitor_ = Monitor(*rules_, model_.info().layers, rates_);
    seen_ = first_;
  } else {
    monitor_ = checkpoints_.back().monitor;
    seen_ = checkpoints_.back().token;
  }
  std::erase_if(alerts_, [this](const Alert& alert) { return alert.finding.token >= seen_; });
  for (RowLog<float>& each : measured_) each.truncate(seen_ - first_);
  state_at_ = -1;
}

void Watcher::keep_checkpoint() {
  if (seen_ % kCheckpointEvery != 0 || seen_ == first_ || (!checkpoints_.empty() && checkpoints_.back().token == seen_)) return;
  checkpoints_.push_back({seen_, monitor_});
  if (checkpoints_.size() <= kMostCheckpoints) return;
  std::size_t kept = 0;  // of the older half every second one
  for (std::size_t i = 0; i < checkpoints_.size(); ++i)
    if (i >= kMostCheckpoints / 2 || i % 2 == 1) std::swap(checkpoints_[kept++], checkpoints_[i]);
  checkpoints_.resize(kept);
}

Result<bool> Watcher::follow(const WatchedRun& run, std::int64_t until, const std::function<bool()>& cancelled) {
  if (const std::int64_t same = common_tokens(run_, run, seen_); same < seen_) go_back(same);
  run_ = run;
  const TraceUse& use = run.trace->use();
  std::int64_t begin = use.exact_from;
  if (needs_.states || needs_.steps) begin = std::max(begin, use.replayable_from);
  if (needs_.residuals || needs_.logits) begin = std::max(begin, use.looked_at_from);
  if (seen_ < begin) {  // what lies between was dropped meanwhile: a new beginning
    checkpoints_.clear();
    first_ = begin;
    go_back(begin);
    alerts_.clear();
    for (RowLog<float>& each : measured_) each.truncate(0);
  }
  until = std::min(until, run.tokens.count());
  while (seen_ < until) {
    if (cancelled && cancelled()) return false;
    const std::int64_t to_checkpoint = kCheckpointEvery - seen_ % kCheckpointEvery;
    LAB_TRY(look(run, seen_, std::min({until, seen_ + kPiece, seen_ + to_checkpoint})));
    keep_checkpoint();
  }
  return true;
}

Status Watcher::look(const WatchedRun& run, std::int64_t first, std::int64_t last) {
  const auto layers = static_cast<std::size_t>(model_.layers());
  const std::int64_t count = last - first, hidden = model_.info().hidden, vocabulary = model_.info().vocabulary;
  std::vector<std::vector<float>> residuals(layers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (!needs_.residuals && !(needs_.logits && layer + 1 == layers)) continue;
    residuals[layer].resize(static_cast<std::size_t>(count * hidden));
    LAB_TRY(read_residuals(run, static_cast<int>(layer), first, {residuals[layer].data(), count, hidden}));
  }
  std::vector<float> logits;
  if (needs_.logits) {
    logits.resize(static_cast<std::size_t>(count * vocabulary));
    model_.read_out({residuals.back().data(), count, hidden}, {logits.data(), count, vocabulary}, context_);
  }
  std::vector<std::vector<float>> states(layers), steps(layers), statistics(layers, std::vector<float>(kStatistics));
  std::vector<LayerSample> samples(layers);
  for (std::int64_t token = first; token < last; ++token) {
    if (needs_.states) LAB_TRY(move_state(run, token));
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto index = static_cast<int>(layer);
      for (int which = 0; which < kStatistics; ++which)
        statistics[layer][static_cast<std::size_t>(which)] = run.trace->statistic(index, static_cast<Statistic>(which), token).mean;
      samples[layer] = {.statistics = statistics[layer]};
      const LayerSchema& schema = model_.schema()->layers()[layer];
      if (const int tensor = state_tensor(schema); needs_.states && tensor >= 0) {
        states[layer].resize(static_cast<std::size_t>(schema.tensors[static_cast<std::size_t>(tensor)].elements()));
        state_.get(index, tensor, states[layer]);
        samples[layer].state = states[layer];
      }
      if (needs_.steps) {
        steps[layer] = steps_of(*run.trace, index, token);
        samples[layer].steps = steps[layer];
      }
      if (needs_.residuals)
        samples[layer].residual = std::span(residuals[layer]).subspan(static_cast<std::size_t>((token - first) * hidden), static_cast<std::size_t>(hidden));
    }
    Sample sample{.token = token, .id = run.tokens[token][0], .layers = samples};
    if (needs_.logits) sample.logits = std::span(logits).subspan(static_cast<std::size_t>((token - first) * vocabulary), static_cast<std::size_t>(vocabulary));
    for (Alert& alert : monitor_.see(sample)) alerts_.push_back(std::move(alert));
    for (std::size_t rule = 0; rule < measured_.size(); ++rule) {
      const std::span<float> row = measured_[rule].append();
      for (int layer = -1; layer < static_cast<int>(layers); ++layer)
        row[static_cast<std::size_t>(layer + 1)] = monitor_.measured(static_cast<int>(rule), layer);
    }
    seen_ = token + 1;
  }
  return {};
}

// To the state that the token leaves.
Status Watcher::move_state(const WatchedRun& run, std::int64_t token) {
  const bool edited = std::any_of(run.edits->begin(), run.edits->end(), [&](const EditEvent& edit) { return edit.position == token; });
  const bool goes_on = state_at_ == token && !edited;
  const Replayer replayer = [this](int layer, std::span<const Rows<const float>> drivers, State& state) {
    model_.replay(layer, drivers, state, context_);
  };
  state_at_ = -1;
  for (int layer = 0; layer < model_.layers(); ++layer) {
    if (goes_on && !is_within(unrecorded_tokens(*run.edits, model_.info().layers, layer), token))
      LAB_TRY(replay_token(model_, *run.trace, layer, token, state_, context_));
    else
      LAB_TRY(run.trace->walk(token, token + 1, layer, state_, replayer, [](std::int64_t) { return true; }));
  }
  state_at_ = token + 1;
  return {};
}

Status Watcher::read_residuals(const WatchedRun& run, int layer, std::int64_t first, Rows<float> rows) const {
  const int driver = find_driver(model_.info().layers[static_cast<std::size_t>(layer)], Point::resid_out);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const auto value = run.trace->driver(layer, driver, first + i);
    if (!value) return dropped(first + i);
    std::ranges::copy(*value, rows.row(i));
  }
  return {};
}

}  // namespace lab
