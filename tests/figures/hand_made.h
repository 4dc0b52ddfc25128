#pragma once
// A snapshot made by hand: two layers of four channels with two states each, five tokens.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "app/core/snapshot.h"

namespace lab::test {

constexpr int kLayers = 2, kChannels = 4, kStates = 2;

/// A trace whose statistics are a formula of layer, statistic and token, and which replays nothing.
class HandTrace final : public TraceView {
 public:
  explicit HandTrace(std::int64_t tokens) {
    count_ = tokens;
    revision_ = 1;
    layers_ = std::make_shared<const std::vector<LayerInfo>>(kLayers, LayerInfo{.kind = "mamba1", .drivers =
                                                                                {{Point::x, kChannels, true},
                                                                                 {Point::dt, kChannels, true},
                                                                                 {Point::B, kStates, true},
                                                                                 {Point::C, kStates, false},
                                                                                 {Point::z, kChannels, false},
                                                                                 {Point::resid_out, 3, false}}});
    use_.drivers = 3 << 20, use_.keyframes = 2 << 20, use_.statistics = 1 << 20, use_.budget = 64 << 20;
  }

  std::optional<std::vector<float>> driver(int, int driver, std::int64_t token) const override {
    const auto width = static_cast<std::size_t>((*layers_)[0].drivers[static_cast<std::size_t>(driver)].width);
    return std::vector<float>(width, 0.5f + static_cast<float>(token));
  }
  StatisticValue statistic(int layer, Statistic which, std::int64_t token) const override {
    if (token == nan_at) return {NAN, NAN, NAN};
    const float value = token == spike_at ? 1e6f
                                          : 10.0f * static_cast<float>(layer) + static_cast<float>(which) +
                                                0.25f * static_cast<float>(token);
    return {value, value, value};
  }
  Status restore(std::int64_t, int, State&, const Replayer&) const override { return {}; }
  Status walk(std::int64_t, std::int64_t, int, State&, const Replayer&,
              const std::function<bool(std::int64_t)>&) const override {
    return {};
  }

  std::int64_t nan_at = -1, spike_at = -1;
};

/// A snapshot with what was derived from it; every part may be changed before use.
struct HandMade {
  std::shared_ptr<ModelFacts> model = std::make_shared<ModelFacts>();
  std::shared_ptr<HandTrace> trace;
  std::shared_ptr<StateSlab> slab = std::make_shared<StateSlab>();
  std::shared_ptr<StateFrame> frame = std::make_shared<StateFrame>();
  std::shared_ptr<AttentionFrame> attention = std::make_shared<AttentionFrame>();
  std::shared_ptr<MixerFrame> mixer = std::make_shared<MixerFrame>();
  std::shared_ptr<ChannelTrack> channel = std::make_shared<ChannelTrack>();
  std::shared_ptr<TokenTrack> expected = std::make_shared<TokenTrack>();
  std::shared_ptr<NextTokens> next = std::make_shared<NextTokens>();
  std::shared_ptr<LogitLens> lens = std::make_shared<LogitLens>();
  std::shared_ptr<Trajectory> path = std::make_shared<Trajectory>();
  std::shared_ptr<AlertLog> alerts = std::make_shared<AlertLog>();
  std::shared_ptr<WeightView> weights = std::make_shared<WeightView>();
  std::shared_ptr<Content> content = std::make_shared<Content>();
  std::shared_ptr<LayerReach> reach = std::make_shared<LayerReach>();
  std::shared_ptr<HiddenAttentionMap> hidden = std::make_shared<HiddenAttentionMap>();
  std::shared_ptr<ComparedRuns> comparison = std::make_shared<ComparedRuns>();
  std::shared_ptr<RunMultiples> multiples = std::make_shared<RunMultiples>();
  std::shared_ptr<DiscretisationTable> discretisation = std::make_shared<DiscretisationTable>();
  std::shared_ptr<RunDifferences> tree = std::make_shared<RunDifferences>();
  std::shared_ptr<HalfLifeMap> half_lives = std::make_shared<HalfLifeMap>();
  Snapshot snapshot;
  Derived derived;

  /// The state of channel r after token t in the slab: distinct, with a sign.
  static float cell(std::int64_t t, int r) {
    return 0.1f * static_cast<float>(t + 1) * (r % 2 ? -1.0f : 1.0f) + 0.01f * static_cast<float>(r);
  }

  explicit HandMade(std::int64_t tokens = 5, std::int64_t stride = 1) : trace(std::make_shared<HandTrace>(tokens)) {
    model->name = "hand", model->family = "mamba1";
    model->layers = trace->layers();
    model->inner = kChannels, model->state_size = kStates, model->vocabulary = 3;
    model->pieces = {"␣the", "␣cat", "↵"};
    snapshot.number = 1, snapshot.state = EngineState::paused;
    snapshot.model = model, snapshot.trace = trace;
    snapshot.edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{{2, "zero layer 1", 1}});
    RowLog<std::int32_t> ids;
    for (std::int64_t t = 0; t < tokens; ++t) ids.append()[0] = static_cast<std::int32_t>(t % 3);
    snapshot.tokens = ids.view();
    snapshot.selection = {.cursor_a = tokens - 1, .cursor_b = 1, .layer = 1, .channel = 2, .state = 1};

    RowLog<float> columns(kChannels, 4);
    for (std::int64_t t = 0; t < tokens; t += stride) {
      const auto column = columns.append();
      for (int r = 0; r < kChannels; ++r) column[static_cast<std::size_t>(r)] = cell(t, r);
    }
    *slab = {.layer = 1,
             .state = 1,
             .shape = {kChannels, kStates},
             .start = 1,
             .step = kStates,
             .stride = stride,
             .rows = kChannels,
             .columns = columns.view(),
             .by_half_life = {2, 0, 3, 1},
             .half_life = {20, 0.5f, 200, 2},
             .rate = {0.1f, 4, 0.01f, 1},
             .channels_by_half_life = {2, 0, 3, 1},
             .mean = {0.5f, 0, 1, 0},
             .deviation = {0.25f, 1, 0.5f, 0},
             .by_norm = {3, 2, 1, 0},
             .version = 1};
    *frame = {.layer = 1, .position = tokens, .shape = {kChannels, kStates}, .h = {1, 2, 3, 4, 5, 6, 7, 8}};
    *next = {.position = tokens,
             .best = {{1, 0.5f}, {0, 0.3f}, {2, 0.2f}},
             .entropy_bits = 1.5f,
             .came = 0,
             .came_probability = 0.3f,
             .came_rank = 1};
    *lens = {.token = tokens - 1,
             .rows = {{0, {2, 0.25f}, 3.5f, 2.5f, 0.1f, 2}, {1, {1, 0.5f}, 1.5f, 0, 0.3f, 1}},
             .came = 0};
    path->layer = 1;
    for (std::int64_t t = 0; t < tokens; ++t)
      path->points.push_back({static_cast<float>(t), 0.5f * static_cast<float>(t * t), -1.0f});
    path->explained = {0.7f, 0.2f, 0.1f};
    make_drivers(tokens);
    make_attention(tokens);
    make_content(tokens);
    *reach = {.layer = 1, .token = tokens - 1, .states = 2, .half = {{2}, {1}, {3.5}, {4}, {1.5}, {1}, {5, false}, {2}}, .horizon = {{5, false}, {5, false}, {5, false}, {5, false}, {4}, {3}, {5, false}, {5, false}}};
    *half_lives = {.token = tokens - 1, .layers = {{{1}, {8}, {2}, {4}}, {{2}, {4}, {1.5}, {5, false}}}};
    *hidden = {.layer = 1, .channel = 2, .first = 0, .tokens = tokens, .rows = std::vector<float>(static_cast<std::size_t>(tokens * tokens))};
    for (std::int64_t t = 0; t < tokens; ++t)
      for (std::int64_t j = 0; j <= t; ++j) hidden->rows[static_cast<std::size_t>(t * tokens + j)] = static_cast<float>(j + 1) / static_cast<float>(t + 1) * (j % 2 ? -1.0f : 1.0f);
    make_weights();
    make_comparison(tokens);
    make_discretisation(tokens);
    make_alerts(tokens);
    derive();
  }
  HandMade(const HandMade&) = delete;

  /// Hands the parts over again after one was replaced.
  void derive() { derived = {.snapshot = 1, .slab = slab, .frame = frame, .attention = attention, .mixer = mixer, .channel = channel, .expected = expected, .next = next, .lens = lens, .trajectory = path, .weights = weights, .alerts = alerts, .content = content, .reach = reach, .hidden = hidden, .discretisation = discretisation, .tree = tree, .half_lives = half_lives, .comparison = comparison, .multiples = multiples}; }
  /// Run B was edited before token 2, where layer 1 begins to differ: it holds half of what A holds. The last token is another one.
  void make_comparison(std::int64_t tokens) {
    std::vector<std::int32_t> a, b;
    for (std::int64_t t = 0; t < tokens; ++t) a.push_back(static_cast<std::int32_t>(t % 3)), b.push_back(static_cast<std::int32_t>((t + 1 == tokens ? t + 1 : t) % 3));
    comparison->a = {.name = "main", .tokens = std::make_shared<const std::vector<std::int32_t>>(a), .pieces = {model, &model->pieces}, .layers = kLayers};
    comparison->b = {.name = "zeroed", .tokens = std::make_shared<const std::vector<std::int32_t>>(b), .pieces = {model, &model->pieces}, .layers = kLayers, .edits = {2}};
    comparison->alignment = std::make_shared<const Alignment>(align(a, b, AlignBy::position));
    comparison->is_whole = true, comparison->progress = 1;
    for (int layer = 0; layer < kLayers; ++layer) {
      PointDifferences point{.point = {.name = "L" + std::to_string(layer) + ".mix.h", .layer = layer, .point = Point::h, .shape = {kChannels, kStates}, .width = kChannels * kStates}};
      RowLog<RowDifference> rows(1);
      for (std::int64_t t = 0; t < tokens; ++t) {
        const bool differs = layer == 1 && t >= 2;
        const auto norm = static_cast<float>(t + 1);
        const RowDifference row{.relative = differs ? 0.5f : 0, .max_abs = differs ? norm : 0, .cosine = 1, .norm_a = norm, .norm_b = differs ? norm / 2 : norm, .is_compared = true, .is_equal = !differs};
        point.summary.add(t, row, !differs);
        rows.append()[0] = row;
      }
      point.rows = rows.view();
      comparison->table.points.push_back(std::move(point));
    }
    auto pair = std::make_shared<PairedSlab>();
    *pair = {.layer = 1, .state = 1, .shape = {kChannels, kStates}, .rows = kChannels, .columns = tokens, .half_life = {20, 0.5f, 200, 2}, .by_half_life = {2, 0, 3, 1}};
    for (auto* has : {&pair->has_a, &pair->has_b, &pair->has_both}) has->assign(static_cast<std::size_t>(tokens), 1);
    for (std::int64_t t = 0; t < tokens; ++t)
      for (int r = 0; r < kChannels; ++r) {
        const float of_a = cell(t, r), of_b = t < 2 ? of_a : of_a / 2;
        pair->a.push_back(of_a), pair->b.push_back(of_b), pair->difference.push_back(of_b - of_a);
        pair->largest = std::max(pair->largest, std::fabs(of_a)), pair->largest_difference = std::max(pair->largest_difference, std::fabs(of_b - of_a));
      }
    comparison->slab = pair;
    auto paths = std::make_shared<TrajectoryPair>();
    *paths = {.layer = 1, .kept_a = {0.7f, 0.2f, 0}, .kept_b = {0.5f, 0.3f, 0}, .explained = {0.6f, 0.25f}, .procrustes = 0.4, .cka = 0.9};
    for (std::int64_t t = 0; t < tokens; ++t) {
      const auto x = static_cast<float>(t), y = 0.5f * static_cast<float>(t * t);
      paths->columns.push_back(t), paths->a.push_back({x, y, 0}), paths->b.push_back(t < 2 ? TrajectoryPair::Coordinates{x, y, 0} : TrajectoryPair::Coordinates{x, -y, 0});
    }
    comparison->trajectories = paths;
    *multiples = {.a = 0, .name = "main", .tokens = tokens, .last = tokens, .layer = 1,
                  .runs = {{.run = 1, .name = "zeroed", .apart = tokens - 1, .alignment = comparison->alignment, .slab = pair},
                           {.run = 2, .name = "of another shape", .alignment = comparison->alignment, .refusal = "states of different shapes have no difference"}}};
  }
  /// A fork of the first run at token 2, which reads another token there; its states are half of the first run's size away.
  void fork_one() {
    RowLog<std::int32_t> ids;
    for (std::int64_t t = 0; t < snapshot.count(); ++t) ids.append()[0] = static_cast<std::int32_t>(t == 2 ? 1 : t % 3);
    const auto none = std::make_shared<const std::vector<EditEvent>>();
    snapshot.runs = {{.id = 0, .name = "main", .run = 1, .tokens = snapshot.tokens, .trace = trace, .edits = none},
                     {.id = 1, .name = "other", .parent = 0, .forked_at = 2, .run = 2, .tokens = ids.view(), .waiting = 3, .trace = trace, .edits = none}};
    tree->strips = {{.run = 1, .first = 2, .last = snapshot.count(), .layers = kLayers, .difference = std::vector<float>(static_cast<std::size_t>((snapshot.count() - 2) * kLayers), 0.5f)}};
    derive();
  }
  /// What moves channel 2 at the last token, and over all of them; and what was expected: token 1 twice as often as the others.
  void make_drivers(std::int64_t tokens) {
    *mixer = {.layer = 1, .token = tokens - 1,
              .values = {{Point::x, {9, 9, 9, 9}}, {Point::u, {1, 2, 3, 4}}, {Point::dt, {0.1f, 0.2f, 0.5f, 0.4f}}, {Point::B, {5, 6}}, {Point::C, {7, 8}}, {Point::y, {10, 20, 30, 40}}, {Point::z, {1, 1, 0.5f, 1}}},
              .before = {-1, -2, -3, -4, -5, -6, -7, -8}};
    *channel = {.layer = 1, .channel = 2};
    RowLog<float> rows(TokenTrack::kWidth);
    for (std::int64_t t = 0; t < tokens; ++t) {
      channel->values[Point::dt].push_back(0.5f), channel->values[Point::z].push_back(static_cast<float>(t));
      const auto row = rows.append();
      std::fill(row.begin(), row.end(), NAN);
      row[0] = 1.5f, row[1] = 0.25f, row[2] = 2;
      row[3] = 0.5f, row[4] = 1;
    }
    *expected = {.watched = {1, -1, -1, -1}, .rows = rows.view()};
  }
  /// Half a unit lay in the cell before; every second token takes away, the last one gives most.
  void make_content(std::int64_t tokens) {
    *content = {.part = StatePart::cell, .layer = 1, .channel = 2, .state = 1, .token = tokens - 1, .deposits = {{0, "before the trace", {0.5, 0.5, 4}}}, .value = 0.5, .sum = 0.5, .read = 1};
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double value = (t % 2 ? -0.125 : 0.25) * (t + 1 == tokens ? 3 : 1);
      content->tokens.push_back({value, std::fabs(value), 2 * std::fabs(value)});
      content->sum += value, content->value = content->sum;
    }
    content->judgement = judgement_of(*content, 1);
  }
  /// The selected layer attends: of two heads the first looks everywhere alike, the second half at the first token, half at the last.
  void make_attention(std::int64_t tokens) {
    model->layers[1].points = {{Point::probs, {2, kCachedRows}}};
    const auto rows = static_cast<std::size_t>(tokens);
    *attention = {.layer = 1, .token = tokens - 1, .heads = 2, .rows = tokens, .own_rows = tokens};
    attention->probabilities.assign(2 * rows, 0);
    attention->scores.assign(2 * rows, -3.5f);
    if (rows == 0) return;
    std::fill_n(attention->probabilities.begin(), rows, 1 / static_cast<float>(tokens));
    attention->probabilities[rows] += 0.5f, attention->probabilities[2 * rows - 1] += 0.5f;
    attention->scores[rows] = 1.25f;
    attention->entropy_bits = {std::log2(static_cast<float>(tokens)), 1};
    attention->low = {-3.5f, -3.5f}, attention->high = {-3.5f, 1.25f};
  }
  /// The norm jumps in layer 1 at tokens 1 and 3, and the text changes in layer 0 at token 3; a third rule is off.
  void make_alerts(std::int64_t tokens) {
    Rule jump = default_rule(*find_rule_kind("norm-jump")), shift = default_rule(*find_rule_kind("context-shift")), turn = default_rule(*find_rule_kind("turn"));
    jump.limit = 1.8;
    shift.self_calibrated = false, shift.limit = 0.36;
    alerts->rules = std::make_shared<const std::vector<Rule>>(std::vector<Rule>{jump, shift, turn});
    snapshot.rules = std::make_shared<const std::vector<Rule>>(*alerts->rules);
    alerts->seen = tokens;
    for (int rule = 0; rule < 3; ++rule) {
      RowLog<float> rows(1 + kLayers);
      for (std::int64_t t = 0; t < tokens; ++t) {
        const auto row = rows.append();
        std::fill(row.begin(), row.end(), NAN);
        if (rule == 0) row[1] = 1, row[2] = t == 1 || t == 3 ? 2.5f : 1.25f;
        if (rule == 1) row[1] = t == 3 ? 0.25f : 0.75f, row[2] = 0.5f;
      }
      alerts->measured.push_back(rows.view());
    }
    if (tokens <= 3) return;
    alerts->alerts = {{{1, 1, 2.5, 1.8, "the norm jumped"}, 0}, {{3, 1, 2.5, 1.8, "the norm jumped again"}, 0}, {{3, 0, 0.25, 0.36, "the text changed"}, 1}};
  }
  /// Euler triples its error with every token and soon leaves single precision; zero-order hold is a tenth off.
  void make_discretisation(std::int64_t tokens) {
    *discretisation = {.layer = 1, .first = 0, .last = tokens, .curves = {{.name = "exact"}, {.rule = Discretisation::euler, .name = "Euler", .first_overflow = tokens - 1, .largest_keep = 3, .growing = 0.25},
                                                                          {.rule = Discretisation::zero_order_hold, .name = "zero-order hold"}, {.rule = Discretisation::bilinear, .name = "bilinear"}}};
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double errors[] = {0, 0.01 * std::pow(3, static_cast<double>(t)), 0.1, 0.05};
      for (std::size_t i = 0; i < 4; ++i) discretisation->curves[i].error.push_back(errors[i]);
    }
  }
  /// A quantised matrix of 3 x 4: element (r, c) is r + 10 c, one of them is NaN, and two columns share a cell.
  void make_weights() {
    model->tensors = {{.name = "a.weight", .stored_name = "a.weight", .type = "F32", .shape = {2}, .count = 2},
                      {.name = "w.weight", .stored_name = "blk.w", .type = "Q4_1", .shape = {3, 4}, .count = 12}};
    snapshot.selection.tensor = "w.weight";
    weights->tensor = model->tensors[1];
    weights->statistics = {.count = 12, .zeros = 1, .nans = 1, .mean = 16, .deviation = 11, .low = 0, .high = 32};
    weights->histogram = {.low = 0, .high = 32, .counts = {3, 0, 8, 0}};
    weights->image = {.rows = 3, .columns = 2, .column_stride = 2, .cells = {10, 11, 12, 30, NAN, 32}};
    weights->against = snapshot.selection.against = "exact";
    weights->twin = WeightTwin{.path = "exact", .type = "F32", .compared = 11, .largest = 0.25, .rms = 0.25, .relative = 0.01, .row = 2, .column = 1};
    weights->error = {.rows = 3, .columns = 2, .column_stride = 2, .cells = {-0.25f, -0.25f, -0.25f, -0.25f, NAN, -0.25f}};
    weights->element = [](std::int64_t row, std::int64_t column) {
      const auto quant = static_cast<int>(row + 10 * column);
      return WeightElement{static_cast<float>(quant), true, 0.5f, -2, 2 * quant + 4, static_cast<float>(quant) + 0.25f};
    };
  }
  void put_nan(std::int64_t token, int row) {
    RowLog<float> columns(kChannels, 4);
    for (std::int64_t i = 0; i < slab->columns.count(); ++i) {
      const auto column = columns.append();
      std::copy(slab->columns[i].begin(), slab->columns[i].end(), column.begin());
      if (i == token) column[static_cast<std::size_t>(row)] = NAN;
    }
    slab->columns = columns.view();
    slab->nonfinite = 1, slab->nonfinite_token = token * slab->stride, slab->nonfinite_row = row;
  }
};

}  // namespace lab::test
