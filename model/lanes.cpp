#include "model/lanes.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "model/base/check.h"
#include "model/files/tensor_table.h"

namespace lab {
namespace {

// A neutral value that stands for minus infinity: of a logarithm, which scaling does not apply to.
constexpr float kNever = -1e30f;

Error refusal(Code code, std::string field, std::string expected, std::string found, const char* message) {
  return {.code = code, .field = std::move(field), .expected = std::move(expected), .found = std::move(found), .message = message};
}

void keep_newest(RowTiles<float>& rows, float share) {
  const auto kept = static_cast<std::int64_t>(std::ceil(static_cast<double>(share) * static_cast<double>(rows.count())));
  RowTiles<float> newest(rows.width());
  for (std::int64_t i = rows.count() - kept; i < rows.count(); ++i) newest.append(rows.row(i));
  rows = std::move(newest);
}

}  // namespace

void soften(State& state, float factor) {
  if (factor == 1) return;
  if (factor == 0) return state.zero();
  for (int layer = 0; layer < static_cast<int>(state.schema().layers().size()); ++layer) {
    const auto& tensors = state.schema().layers()[static_cast<std::size_t>(layer)].tensors;
    for (int i = 0; i < static_cast<int>(tensors.size()); ++i) {
      const TensorSchema& tensor = tensors[static_cast<std::size_t>(i)];
      if (tensor.grows()) keep_newest(state.cache(layer, i), factor);
      else if (tensor.neutral > kNever)
        for (float& value : state.stored(layer, i)) value = tensor.neutral + factor * (value - tensor.neutral);
    }
  }
}

Lanes::Lanes(const Model& model, int count)
    : model_(model), vocabulary_(model.info().vocabulary), states_(static_cast<std::size_t>(count), State(model.schema())),
      logits_(static_cast<std::size_t>(count * vocabulary_)), has_logits_(static_cast<std::size_t>(count)),
      call_(static_cast<std::size_t>(count)), single_(static_cast<std::size_t>(count)) {
  LAB_CHECK(count, >, 0);
}

std::span<const float> Lanes::logits(int lane) const {
  if (!has_logits_[static_cast<std::size_t>(lane)]) return {};
  return {logits_.data() + lane * vocabulary_, static_cast<std::size_t>(vocabulary_)};
}

Status Lanes::check(std::span<const LaneInput> inputs) const {
  if (inputs.size() != states_.size())
    return refusal(Code::bad_argument, "inputs", fmt::format("one for each of {} lanes", states_.size()), std::to_string(inputs.size()),
                   "there are as many inputs as lanes");
  const std::int64_t hidden = model_.info().hidden;
  for (std::size_t lane = 0; lane < inputs.size(); ++lane) {
    const LaneInput& input = inputs[lane];
    for (const std::int32_t id : input.tokens)
      if (id < 0 || id >= vocabulary_)
        return refusal(Code::out_of_range, fmt::format("lanes[{}]", lane), fmt::format("ids from 0 to {}", vocabulary_ - 1), std::to_string(id),
                       "the model has no such token");
    if (input.tokens.empty() && input.vectors.count > 0 && input.vectors.width != hidden)
      return refusal(Code::mismatch, fmt::format("lanes[{}]", lane), shape_text({input.vectors.count, hidden}),
                     shape_text({input.vectors.count, input.vectors.width}), "the vectors have another width");
  }
  return {};
}

Status Lanes::check(const std::vector<bool>& chosen) const {
  if (chosen.size() == states_.size()) return {};
  return refusal(Code::bad_argument, "mask", fmt::format("one for each of {} lanes", states_.size()), std::to_string(chosen.size()),
                 "there are as many marks as lanes");
}

Status Lanes::advance(std::span<const LaneInput> inputs, Context<float>& context) {
  LAB_TRY(check(inputs));
  std::vector<State> before;  // a call that is stopped leaves states that nobody can use
  if (context.stop) before = states_;
  for (std::size_t lane = 0; lane < inputs.size(); ++lane)
    call_[lane] = {.tokens = inputs[lane].tokens, .vectors = inputs[lane].vectors, .state = &states_[lane], .probe = inputs[lane].probe,
                   .wants = LogitRows::last, .logits = {row(static_cast<int>(lane)).data(), 1, vocabulary_}};
  if (!model_.advance(call_, context)) {
    states_ = std::move(before);
    return Error{.code = Code::cancelled, .message = "the step was stopped"};
  }
  for (std::size_t lane = 0; lane < inputs.size(); ++lane)
    if (call_[lane].length() > 0) has_logits_[lane] = true;
  return {};
}

Status Lanes::step(std::span<const std::int32_t> tokens, Context<float>& context) {
  if (tokens.size() != states_.size())
    return refusal(Code::bad_argument, "tokens", fmt::format("one for each of {} lanes", states_.size()), std::to_string(tokens.size()),
                   "there are as many tokens as lanes");
  for (std::size_t lane = 0; lane < tokens.size(); ++lane) single_[lane] = {.tokens = tokens.subspan(lane, tokens[lane] < 0 ? 0 : 1)};
  return advance(single_, context);
}

Status Lanes::reset(const std::vector<bool>& chosen) {
  LAB_TRY(check(chosen));
  for (std::size_t lane = 0; lane < chosen.size(); ++lane) {
    if (!chosen[lane]) continue;
    states_[lane].zero();
    states_[lane].position = 0;
    has_logits_[lane] = false;
  }
  return {};
}

Status Lanes::soft_reset(const std::vector<bool>& chosen, float factor) {
  LAB_TRY(check(chosen));
  if (!(factor >= 0 && factor <= 1))
    return refusal(Code::out_of_range, "factor", "0 to 1", fmt::format("{}", factor), "a share of the past lies between nothing and all");
  for (std::size_t lane = 0; lane < chosen.size(); ++lane)
    if (chosen[lane]) soften(states_[lane], factor);
  return {};
}

}  // namespace lab
