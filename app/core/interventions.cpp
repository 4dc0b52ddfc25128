#include "app/core/interventions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "model/state_slice.h"

namespace lab {
namespace {

constexpr std::size_t kLongestName = 80, kLongestList = 1 << 16;

Error refusal(Code code, const char* field, std::string expected, const std::string& found, const char* message) {
  return {.code = code, .field = std::string("intervention.") + field, .expected = std::move(expected), .found = printable(found), .message = message};
}

bool acts_on_target(const Intervention& rule) {
  const InterventionOperation* operation = find_intervention_operation(rule.operation);
  return !operation || *operation->acts_on == '\0';
}

/// The stage that a rule replaces, whole and in units: channels, heads where a head has one value, or states of B and C.
std::optional<RuleSite> stage_of(const Intervention& rule, const LayerInfo& layer) {
  const InterventionTarget* target = find_target(rule.target);
  const Point point = rule.operation == "freeze_decay" ? Point::decay : rule.operation == "block_write" ? Point::h : target->point;
  const auto found = std::ranges::find(layer.points, point, &PointShape::point);
  if (found == layer.points.end()) return {};
  const std::vector<std::int64_t>& shape = found->shape;
  RuleSite site{.point = point, .units = elements_of(*found)};
  const bool is_state = point == Point::h || (point == Point::decay && shape.size() > 1);
  if (is_state) site.span = shape.back(), site.units /= site.span;
  if (layer.heads == 0) return site;
  if ((point == Point::dt || point == Point::decay) && site.units == layer.heads) site.per_head = 1;
  else if (point == Point::h || point == Point::x || point == Point::z) site.per_head = layer.head_dim;
  return site;
}

/// Numbers and ranges separated by commas, "3, 5:9", each once and in order.
Result<std::vector<std::int64_t>> numbers_of(const std::string& text, std::int64_t extent, const char* field) {
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, comma - at);
    if (part.find_first_not_of(' ') == part.npos) return refusal(Code::malformed, field, "numbers and ranges, as 3, 5:9", text, "this names nothing");
    auto slice = StateSlice::parse(part, {extent});
    if (!slice) return refusal(slice.error().code, field, fmt::format("numbers and ranges within 0 to {}, as 3, 5:9", extent - 1), text, "there is no such part");
    for (std::int64_t i = slice->ranges()[0].first; i < slice->ranges()[0].last; ++i) numbers.push_back(i);
    at = comma + 1;
  }
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

/// The layers that a rule names, or all of them.
Result<std::vector<std::int64_t>> layers_of(const Intervention& rule, const std::vector<LayerInfo>& layers) {
  if (!rule.layers.empty()) return numbers_of(rule.layers, std::ssize(layers), "layers");
  std::vector<std::int64_t> all(layers.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

Status choose_units(const Intervention& rule, const LayerInfo& layer, RuleSite& site) {
  const std::string what = fmt::format("{} of layer {}, {}", target_text(rule), site.layer, layer.title);
  if (!rule.heads.empty() && !rule.channels.empty())
    return refusal(Code::bad_argument, "channels", "either heads or channels", "both", "a rule is for one kind of part");
  if (!rule.heads.empty()) {
    if (site.per_head == 0) return refusal(Code::unsupported, "heads", "a target that has heads", what, "this has no heads");
    LAB_ASSIGN(const std::vector<std::int64_t> heads, numbers_of(rule.heads, site.units / site.per_head, "heads"));
    for (const std::int64_t head : heads)
      for (std::int64_t i = 0; i < site.per_head; ++i) site.chosen.push_back(head * site.per_head + i);
    return {};
  }
  if (rule.channels.empty()) {
    site.chosen.resize(static_cast<std::size_t>(site.units));
    std::iota(site.chosen.begin(), site.chosen.end(), std::int64_t{0});
    return {};
  }
  if (site.per_head == 1) return refusal(Code::unsupported, "channels", "heads, of which each has one value", what, "this has no channels of its own");
  LAB_ASSIGN(site.chosen, numbers_of(rule.channels, site.units, "channels"));
  return {};
}

/// What can be acted upon in a layer, for people.
std::string targets_in(const LayerInfo& layer) {
  std::string known;
  for (const InterventionTarget& target : kTargets)
    if (stage_of({.target = target.name}, layer)) known += (known.empty() ? "" : ", ") + std::string(target.name);
  return known;
}

Error no_target(const Intervention& rule, std::size_t index, const LayerInfo& layer) {
  return refusal(Code::unsupported, acts_on_target(rule) ? "target" : "operation", fmt::format("a target that layer {}, {}, has: {}", index, layer.title, targets_in(layer)),
                 acts_on_target(rule) ? rule.target : rule.operation, "there is nothing to act upon");
}

template <class Entries>
std::string names_in(const Entries& entries) {
  std::string names;
  for (const auto& each : entries) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

Status check_words(const Intervention& rule) {
  if (rule.name.size() > kLongestName || printable(rule.name, kLongestName) != rule.name)
    return refusal(Code::bad_argument, "name", fmt::format("at most {} bytes of printable text", kLongestName), rule.name, "the name cannot be shown");
  for (const auto& [field, text] : {std::pair{"layers", &rule.layers}, {"heads", &rule.heads}, {"channels", &rule.channels}})
    if (text->size() > kLongestList) return refusal(Code::too_large, field, fmt::format("at most {} bytes", kLongestList), fmt::format("{} bytes", text->size()), "the list is too long");
  const InterventionOperation* operation = find_intervention_operation(rule.operation);
  if (!operation) return refusal(Code::bad_argument, "operation", names_in(kInterventionOperations), rule.operation, "there is no such operation");
  if (!find_target(rule.target)) return refusal(Code::bad_argument, "target", names_in(kTargets), rule.target, "there is no such target");
  const bool is_size = rule.operation == "clamp" || rule.operation == "noise";
  if (*operation->value != '\0' && (!std::isfinite(static_cast<float>(rule.value)) || (is_size && rule.value < 0)))
    return refusal(Code::out_of_range, "value", is_size ? "a finite number, 0 or more" : "a finite number", fmt::format("{}", rule.value), "the stage would be lost");
  if (rule.first < 0) return refusal(Code::out_of_range, "first", "0 or more", std::to_string(rule.first), "there is no such token");
  if (rule.last != 0 && rule.last <= rule.first)
    return refusal(Code::out_of_range, "last", fmt::format("more than first = {}, or 0: without end", rule.first), std::to_string(rule.last), "the window is empty");
  return {};
}

bool is_driver(Point point, const LayerInfo& layer) { return std::ranges::find(layer.drivers, point, &Driver::point) != layer.drivers.end(); }

/// Whether a rule that is on acts in a layer (-1: in any) on a stage of which `is_meant(stage, layer info)` is true.
template <class Meant>
bool acts_somewhere(const Intervention& rule, const std::vector<LayerInfo>& layers, std::int64_t layer, Meant is_meant) {
  if (!rule.on) return false;
  const auto wanted = layers_of(rule, layers);
  return wanted && std::ranges::any_of(*wanted, [&](std::int64_t index) {
    if (layer >= 0 && index != layer) return false;
    const LayerInfo& info = layers[static_cast<std::size_t>(index)];
    const std::optional<RuleSite> stage = stage_of(rule, info);
    return stage && is_meant(*stage, info);
  });
}

std::int64_t end_of(const Intervention& rule) { return rule.last == 0 ? std::numeric_limits<std::int64_t>::max() : rule.last; }

}  // namespace

Result<std::vector<RuleSite>> sites_of(const Intervention& rule, const std::vector<LayerInfo>& layers) {
  LAB_TRY(check_words(rule));
  LAB_ASSIGN(const std::vector<std::int64_t> wanted, layers_of(rule, layers));
  std::vector<RuleSite> sites;
  for (const std::int64_t index : wanted) {
    const LayerInfo& layer = layers[static_cast<std::size_t>(index)];
    std::optional<RuleSite> site = stage_of(rule, layer);
    if (!site && rule.layers.empty()) continue;  // of all layers those that have it
    if (!site) return no_target(rule, static_cast<std::size_t>(index), layer);
    site->layer = static_cast<int>(index);
    LAB_TRY(choose_units(rule, layer, *site));
    sites.push_back(std::move(*site));
  }
  if (sites.empty()) return no_target(rule, 0, layers.front());
  return sites;
}

Status check(const Intervention& rule, const std::vector<LayerInfo>& layers) {
  const auto sites = sites_of(rule, layers);
  return sites ? Status() : Status(sites.error());
}

bool holds_in(const Intervention& rule, std::int64_t first, std::int64_t last) { return rule.on && rule.first < last && end_of(rule) > first; }

bool goes_unrecorded(const RuleSite& site, const LayerInfo& layer) {
  switch (site.point) {
    case Point::h: case Point::decay: return true;
    case Point::u: case Point::x: case Point::B: case Point::conv:
      return !is_driver(site.point, layer);
    default: return false;  // it reaches the state by later values that are recorded, or not at all
  }
}

bool goes_unrecorded(const Intervention& rule, const std::vector<LayerInfo>& layers, std::int64_t layer) {
  return acts_somewhere(rule, layers, layer, [](const RuleSite& stage, const LayerInfo& info) { return goes_unrecorded(stage, info); });
}

bool reads_unrecorded(const std::vector<EditEvent>& edits, const std::vector<LayerInfo>& layers, std::int64_t layer, std::int64_t token) {
  const auto rules = interventions_at(edits, token);
  const auto is_hidden = [](const RuleSite& stage, const LayerInfo& info) {
    const bool is_read = stage.point == Point::C || stage.point == Point::u || stage.point == Point::conv || (stage.point == Point::x && info.heads > 0);
    return is_read && !is_driver(stage.point, info);
  };
  return rules && std::ranges::any_of(*rules, [&](const Intervention& rule) { return holds_in(rule, token, token + 1) && acts_somewhere(rule, layers, layer, is_hidden); });
}

std::int64_t tokens_alike(const std::vector<Intervention>& rules, const std::vector<LayerInfo>& layers, std::int64_t position, std::int64_t most) {
  for (const Intervention& rule : rules) {
    if (end_of(rule) <= position || rule.first >= position + most || !goes_unrecorded(rule, layers, -1)) continue;
    if (rule.first <= position) return 1;
    most = rule.first - position;
  }
  return most;
}

TokenSpans unrecorded_tokens(const std::vector<EditEvent>& edits, const std::vector<LayerInfo>& layers, std::int64_t layer) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  TokenSpans spans;
  for (auto edit = edits.begin(); edit != edits.end(); ++edit) {
    if (!edit->interventions) continue;
    const auto next = std::find_if(edit + 1, edits.end(), [](const EditEvent& later) { return later.interventions != nullptr; });
    const std::int64_t until = next == edits.end() ? kNever : next->position;
    for (const Intervention& rule : *edit->interventions) {
      const std::int64_t first = std::max(rule.first, edit->position), last = std::min(end_of(rule), until);
      if (first < last && goes_unrecorded(rule, layers, layer)) spans.emplace_back(first, last);
    }
  }
  std::ranges::sort(spans);
  TokenSpans joined;
  for (const auto& span : spans) {
    if (!joined.empty() && span.first <= joined.back().second) joined.back().second = std::max(joined.back().second, span.second);
    else joined.push_back(span);
  }
  return joined;
}

bool is_within(const TokenSpans& spans, std::int64_t token) {
  return std::ranges::any_of(spans, [&](const auto& span) { return token >= span.first && token < span.second; });
}

const InterventionTarget* find_target(const std::string& name) {
  const auto found = std::ranges::find(kTargets, name, &InterventionTarget::name);
  return found == std::end(kTargets) ? nullptr : &*found;
}

const InterventionOperation* find_intervention_operation(const std::string& name) {
  const auto found = std::ranges::find(kInterventionOperations, name, &InterventionOperation::name);
  return found == std::end(kInterventionOperations) ? nullptr : &*found;
}

std::string target_text(const Intervention& rule) {
  const InterventionOperation* operation = find_intervention_operation(rule.operation);
  if (operation && *operation->acts_on != '\0') return operation->acts_on;
  const InterventionTarget* target = find_target(rule.target);
  return target ? target->label : printable(rule.target);
}

std::string tokens_text(const Intervention& rule) {
  if (rule.last == 0) return rule.first == 0 ? "all" : fmt::format("from {}", rule.first);
  return rule.last == rule.first + 1 ? std::to_string(rule.first) : fmt::format("{}–{}", rule.first, rule.last - 1);
}

namespace {

bool is_one(const std::string& text) { return text.find_first_of(",:") == text.npos; }

std::string parts_text(const char* kind, const std::string& text) {
  return text.empty() ? "" : fmt::format("{}{} {}", kind, is_one(text) ? "" : "s", printable(text));
}

std::string when_text(const Intervention& rule) {
  if (rule.last == 0) return rule.first == 0 ? "at every token" : fmt::format("from token {} on", rule.first);
  return rule.last == rule.first + 1 ? fmt::format("at token {}", rule.first) : fmt::format("at tokens {} to {}", rule.first, rule.last - 1);
}

}  // namespace

std::string words_of(const Intervention& rule) {
  const std::string part = parts_text("head", rule.heads) + parts_text("channel", rule.channels);
  const std::string where = (part.empty() ? "" : part + " of ") + (rule.layers.empty() ? "all layers" : parts_text("layer", rule.layers));
  const std::string target = target_text(rule) + " of " + where, when = when_text(rule), operation = rule.operation;
  if (operation == "clamp") return fmt::format("clamp {} to ±{} {}", target, rule.value, when);
  if (operation == "scale") return fmt::format("scale {} by {} {}", target, rule.value, when);
  if (operation == "replace") return fmt::format("replace {} by {} {}", target, rule.value, when);
  if (operation == "mean") return fmt::format("replace {} by its mean {}", target, when);
  if (operation == "noise") return fmt::format("add noise of {} to {} {}", rule.value, target, when);
  if (operation == "freeze_decay") return fmt::format("freeze the decay of {} {}", where, when);
  if (operation == "block_write") return fmt::format("block the write of {} {}", where, when);
  return fmt::format("{} {} {}", operation == "zero" ? "zero" : printable(operation), target, when);
}

std::string brief_words_of(const Intervention& rule) {
  const std::string layers = rule.layers.empty() ? "" : " L" + printable(rule.layers, 12), target = target_text(rule);
  if (rule.operation == "freeze_decay") return "freeze decay" + layers;
  if (rule.operation == "block_write") return "block write" + layers;
  if (rule.operation == "scale") return fmt::format("{} × {:.4g}{}", target, rule.value, layers);
  if (rule.operation == "clamp") return fmt::format("{} ± {:.4g}{}", target, rule.value, layers);
  if (rule.operation == "replace") return fmt::format("{} = {:.4g}{}", target, rule.value, layers);
  return fmt::format("{} {}{}", printable(rule.operation), target, layers);
}

}  // namespace lab
