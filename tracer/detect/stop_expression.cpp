#include "tracer/detect/stop_expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lab {
namespace {

constexpr std::size_t kLongest = 400;  // bytes
constexpr int kDeepest = 96;  // three for each pair of brackets

constexpr StopTrackName kTracks[] = {
    {"t", StopTrack::t, false},         {"token", StopTrack::token, false}, {"entropy", StopTrack::entropy, false}, {"surprise", StopTrack::surprise, false},
    {"alerts", StopTrack::alerts, false}, {"norm", StopTrack::norm, true},    {"delta", StopTrack::delta, true},      {"write", StopTrack::write, true},
    {"decay", StopTrack::decay, true},  {"step", StopTrack::step, true},    {"gate", StopTrack::gate, true},        {"resid", StopTrack::resid, true}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::span<const StopTrackName> stop_tracks() { return kTracks; }

/// Reads the grammar by recursive descent. The first refusal stays.
class StopParser {
 public:
  using Operation = StopExpression::Operation;

  StopParser(const std::string& text, std::int64_t layers) : text_(text), layers_(layers) {}

  Result<StopExpression> parse() {
    if (text_.size() > kLongest)
      return Error{.code = Code::too_large, .field = "when", .expected = fmt::format("at most {} bytes", kLongest), .found = fmt::format("{} bytes", text_.size()), .message = "the expression is too long"};
    LAB_TRY(either());
    skip_blanks();
    if (at_ < text_.size()) return wrong("an operator, or the end");
    return std::move(made_);
  }

 private:
  /// Counts how deep the parts lie within each other.
  struct Level {
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    int& depth_;
  };

  Error wrong(const std::string& expected) const {
    const std::string found = at_ < text_.size() ? printable(text_.substr(at_), 16) : "the end";
    return {.code = Code::bad_argument, .field = "when", .expected = expected, .found = found, .message = fmt::format("the expression is not understood at {}", at_ + 1),
            .next = "write it like norm(L3) > 8, entropy > 5, or token = 17"};
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (text_.compare(at_, sign.size(), sign) != 0) return false;
    const std::size_t end = at_ + sign.size();
    if (is_letter(sign[0]) && end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) return false;  // of a longer word
    at_ = end;
    return true;
  }

  std::size_t add(StopExpression::Node node) {
    made_.nodes_.push_back(node);
    return made_.nodes_.size() - 1;
  }
  std::size_t last() const { return made_.nodes_.size() - 1; }
  /// A chain of operations of one strength, from the left.
  template <class Operand>
  Status chain(std::initializer_list<std::pair<std::string_view, Operation>> signs, Operand operand, bool repeats = true) {
    LAB_TRY((this->*operand)());
    do {
      const auto sign = std::ranges::find_if(signs, [this](const auto& each) { return take(each.first); });
      if (sign == signs.end()) return {};
      const std::size_t left = last();
      LAB_TRY((this->*operand)());
      add({.does = sign->second, .left = left, .right = last()});
    } while (repeats);
    return {};
  }

  Status either() {
    const Level level(depth_);
    if (depth_ > kDeepest) return wrong("fewer parts within each other");
    return chain({{"or", Operation::either}, {"||", Operation::either}}, &StopParser::both);
  }
  Status both() { return chain({{"and", Operation::both}, {"&&", Operation::both}}, &StopParser::single); }
  Status single() {
    const Level level(depth_);
    if (depth_ > kDeepest) return wrong("fewer parts within each other");
    skip_blanks();
    const bool is_unequal = text_.compare(at_, 2, "!=") == 0;
    if (is_unequal || !(take("not") || take("!"))) return compare();
    LAB_TRY(single());
    add({.does = Operation::invert, .left = last()});
    return {};
  }
  Status compare() {
    return chain({{"<=", Operation::less_equal}, {">=", Operation::more_equal}, {"==", Operation::equal}, {"!=", Operation::unequal}, {"<", Operation::less}, {">", Operation::more}, {"=", Operation::equal}},
                 &StopParser::sum, false);
  }
  Status sum() { return chain({{"+", Operation::add}, {"-", Operation::subtract}}, &StopParser::product); }
  Status product() { return chain({{"*", Operation::multiply}, {"/", Operation::divide}}, &StopParser::factor); }

  Status factor() {
    const Level level(depth_);
    if (depth_ > kDeepest) return wrong("fewer parts within each other");
    if (take("-")) {
      LAB_TRY(factor());
      add({.does = Operation::negate, .left = last()});
      return {};
    }
    if (take("(")) {
      LAB_TRY(either());
      return take(")") ? Status() : Status(wrong(")"));
    }
    skip_blanks();
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
    return track();
  }

  Status number() {
    double value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (problem != std::errc()) return wrong("a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    add({.number = value});
    return {};
  }

  Status track() {
    for (const StopTrackName& each : kTracks) {
      if (!take(each.name)) continue;
      StopExpression::Node node{.does = Operation::track, .track = each.track};
      if (each.of_layer) LAB_TRY(layer(each.name, node.layer));
      add(node);
      return {};
    }
    std::string known;
    for (const StopTrackName& each : kTracks) known += (known.empty() ? "" : ", ") + std::string(each.name) + (each.of_layer ? "(L)" : "");
    return wrong("a number, or one of " + known);
  }

  Status layer(const char* name, std::int64_t& into) {
    if (!take("(")) return wrong(fmt::format("a layer, as {}(L0)", name));
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == 'L' || text_[at_] == 'l')) ++at_;
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), into);
    if (problem != std::errc() || into < 0 || into >= layers_) return wrong(fmt::format("a layer, 0 to {}", layers_ - 1));
    at_ = static_cast<std::size_t>(end - text_.data());
    return take(")") ? Status() : Status(wrong(")"));
  }

  const std::string& text_;
  const std::int64_t layers_;
  std::size_t at_ = 0;
  int depth_ = 0;
  StopExpression made_;
};

Result<StopExpression> StopExpression::parse(const std::string& text, std::int64_t layers) { return StopParser(text, layers).parse(); }

double StopExpression::value(std::size_t at, const Values& values) const {
  const Node& node = nodes_[at];
  if (node.does == Operation::number) return node.number;
  if (node.does == Operation::track) return values(node.track, node.layer);
  const double a = value(node.left, values);
  const auto is_true = [](double x) { return x != 0 && !std::isnan(x); };
  if (node.does == Operation::negate) return -a;
  if (node.does == Operation::invert) return is_true(a) ? 0 : 1;
  const double b = value(node.right, values);
  switch (node.does) {
    case Operation::add: return a + b;
    case Operation::subtract: return a - b;
    case Operation::multiply: return a * b;
    case Operation::divide: return b == 0 ? std::numeric_limits<double>::quiet_NaN() : a / b;
    case Operation::less: return a < b ? 1 : 0;
    case Operation::less_equal: return a <= b ? 1 : 0;
    case Operation::more: return a > b ? 1 : 0;
    case Operation::more_equal: return a >= b ? 1 : 0;
    case Operation::equal: return a == b ? 1 : 0;
    case Operation::unequal: return a < b || a > b ? 1 : 0;
    case Operation::both: return is_true(a) && is_true(b) ? 1 : 0;
    default: return is_true(a) || is_true(b) ? 1 : 0;
  }
}

bool StopExpression::holds(const Values& values) const {
  const double whole = nodes_.empty() ? 0 : value(nodes_.size() - 1, values);
  return whole != 0 && !std::isnan(whole);
}

bool StopExpression::asks(StopTrack track) const {
  return std::ranges::any_of(nodes_, [track](const Node& node) { return node.does == Operation::track && node.track == track; });
}
bool StopExpression::needs_logits() const { return asks(StopTrack::entropy) || asks(StopTrack::surprise); }
bool StopExpression::needs_alerts() const { return asks(StopTrack::alerts); }

}  // namespace lab
