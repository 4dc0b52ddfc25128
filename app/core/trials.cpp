#include "app/core/trials.h"

#include <algorithm>

#include <fmt/format.h>

namespace lab {
namespace {

auto find_rotary(const std::string& name) { return std::find(kRotaries.begin(), kRotaries.end(), name); }

}  // namespace

Status check(const command::SetTrials& trials, const Model& model) {
  if (find_rotary(trials.rotary) == kRotaries.end())
    return Error{.code = Code::bad_argument,
                 .field = "rotary",
                 .expected = "stored, halves, adjacent or none",
                 .found = printable(trials.rotary),
                 .message = "there are no such pairs"};
  if (trials.at_position < -1)
    return Error{.code = Code::out_of_range,
                 .field = "at_position",
                 .expected = "-1 or more",
                 .found = std::to_string(trials.at_position),
                 .message = "there is no such position"};
  if (trials.only_layer < -1 || trials.only_layer >= model.layers())
    return Error{.code = Code::out_of_range,
                 .field = "only_layer",
                 .expected = fmt::format("-1 to {}", model.layers() - 1),
                 .found = std::to_string(trials.only_layer),
                 .message = "the model has no such layer"};
  const bool of_attention = trials.rotary != "stored" || trials.at_position >= 0 || trials.no_cache;
  if (of_attention && model.schema()->caches().empty())
    return Error{.code = Code::unsupported,
                 .field = trials.no_cache ? "no_cache" : trials.at_position >= 0 ? "at_position" : "rotary",
                 .expected = "a model with layers of attention",
                 .found = "none",
                 .message = "there is nothing to try"};
  return {};
}

Trials trials_of(const command::SetTrials& trials) {
  Trials out{.own_row_only = trials.no_cache, .only_layer = static_cast<int>(trials.only_layer)};
  out.rotary = static_cast<Trials::Rotary>(find_rotary(trials.rotary) - kRotaries.begin());
  if (trials.at_position >= 0) out.position = trials.at_position;
  return out;
}

}  // namespace lab
