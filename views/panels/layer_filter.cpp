#include "views/panels/layer_filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>

namespace lab {
namespace {

using Test = std::function<bool(int layer)>;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return lower(std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1)));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// A statistic of a layer at the cursor; NaN counts as infinite, so that it is found among the largest.
double statistic_of(const Snapshot& snapshot, int layer, Statistic which) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  if (!snapshot.trace || cursor < 0 || cursor >= snapshot.trace->count()) return 0;
  const auto value = static_cast<double>(snapshot.trace->statistic(layer, which, cursor).mean);
  return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
}

/// "8", "l8", "8-15", "l8-l15".
std::optional<Test> range_test(std::string_view part) {
  const auto end_of = [](std::string_view text) {
    if (!text.empty() && text[0] == 'l') text.remove_prefix(1);
    return number<int>(text);
  };
  const auto dash = part.find('-');
  const auto first = end_of(part.substr(0, dash)), last = dash == std::string_view::npos ? first : end_of(part.substr(dash + 1));
  if (!first || !last) return {};
  return [low = *first, high = *last](int layer) { return layer >= low && layer <= high; };
}

/// "norm > 20"; nothing where the part has no comparison, and no test where it is a wrong one.
std::optional<Test> comparison_test(const Snapshot& snapshot, const std::string& part) {
  const auto at = part.find_first_of("<>");
  if (at == std::string::npos) return {};
  const std::string name = trimmed(std::string_view(part).substr(0, at));
  const bool or_equal = part.size() > at + 1 && part[at + 1] == '=', is_less = part[at] == '<';
  const auto limit = number<double>(trimmed(std::string_view(part).substr(at + 1 + or_equal)));
  const bool is_norm = name == "norm" || name == "h" || name == "‖h‖₂", is_change = name == "change" || name == "dh" || name == "δh" || name == "Δh";
  if (!limit || (!is_norm && !is_change)) return Test();
  const Statistic which = is_norm ? Statistic::h_norm : Statistic::h_change;
  return [&snapshot, which, is_less, or_equal, limit = *limit](int layer) {
    const double value = statistic_of(snapshot, layer, which);
    return (is_less ? value < limit : value > limit) || (or_equal && value == limit);
  };
}

Test alert_test(const Snapshot& snapshot, const AlertLog* alerts) {
  return [&snapshot, alerts](int layer) {
    return alerts && std::ranges::any_of(alerts->alerts, [&](const Alert& alert) {
      return alert.finding.layer == layer && alert.finding.token <= snapshot.selection.cursor_a;
    });
  };
}

Test kind_test(const Snapshot& snapshot, const std::string& word) {
  return [&snapshot, word](int layer) {
    const LayerInfo& info = snapshot.model->layers[static_cast<std::size_t>(layer)];
    return lower(info.title).find(word) != std::string::npos || lower(info.kind).find(word) != std::string::npos;
  };
}

}  // namespace

ShownLayers shown_layers(const Snapshot& snapshot, const AlertLog* alerts, const std::string& filter, LayerSort sort) {
  ShownLayers shown;
  if (!snapshot.model) return shown;
  shown.layers.resize(snapshot.model->layers.size());
  std::iota(shown.layers.begin(), shown.layers.end(), 0);
  const std::vector<int> all = shown.layers;
  for (std::size_t begin = 0; begin <= filter.size();) {
    const std::size_t comma = std::min(filter.find(',', begin), filter.size());
    const std::string part = trimmed(std::string_view(filter).substr(begin, comma - begin));
    begin = comma + 1;
    if (part.empty()) continue;
    std::optional<Test> test = range_test(part);
    if (!test) test = comparison_test(snapshot, part);
    if (!test) test = part == "alert" || part == "alerts" ? alert_test(snapshot, alerts) : kind_test(snapshot, part);
    if (!*test) return {all, "Not understood: " + part + ". As: L8-15, norm > 20, change > 3, alert, attention"};
    std::erase_if(shown.layers, [&](int layer) { return !(*test)(layer); });
  }
  if (sort == LayerSort::index) return shown;
  const Statistic by = sort == LayerSort::norm ? Statistic::h_norm : Statistic::h_change;
  std::ranges::stable_sort(shown.layers, [&](int a, int b) { return statistic_of(snapshot, a, by) > statistic_of(snapshot, b, by); });
  return shown;
}

}  // namespace lab
