#include "model/files/pickle.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "model/files/pickle_names.h"
#include "model/files/record.h"

namespace lab {
namespace {

using Kind = PickleValue::Kind;
using Place = std::uint32_t;

constexpr std::size_t kMostBytes = 8u << 20;  // 80 000 tensors
constexpr std::size_t kMostValues = 1'000'000;
constexpr std::size_t kLongestName = 256;  // of a global
constexpr std::uint8_t kProtocol = 2;
constexpr Place kNothing = ~Place{0};
constexpr const char* kConvert = "Convert the weights to safetensors";

class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> bytes, const std::string& file, const std::string& field)
      : bytes_(bytes), file_(file), field_(field) {}

  Result<Pickle> run() {
    if (bytes_.size() > kMostBytes)
      return refuse(Code::too_large, "the pickle is too large", "at most 8 MiB", std::to_string(bytes_.size()));
    while (!stopped_) {
      start_ = at_;
      if (at_ == bytes_.size()) return refuse(Code::truncated, "the pickle ends without STOP", "more opcodes", "its end");
      LAB_TRY(step(static_cast<std::uint8_t>(bytes_[at_++])));
    }
    return std::move(pickle_);
  }

 private:
  Error refuse(Code code, std::string message, std::string expected = "", std::string found = "") const {
    return {.code = code,
            .file = file_,
            .field = field_,
            .offset = static_cast<std::int64_t>(start_),
            .expected = std::move(expected),
            .found = std::move(found),
            .message = std::move(message),
            .next = kConvert};
  }
  Error misplaced(const char* expected) const {
    return refuse(Code::malformed, "the opcode does not fit what stands before it", expected,
                  stack_.empty() ? "an empty stack" : name_of(pickle_.at(stack_.back()).kind));
  }

  Status step(std::uint8_t byte) {
    switch (static_cast<Opcode>(byte)) {
      case Opcode::proto: return protocol();
      case Opcode::stop: return stop();
      case Opcode::mark: marks_.push_back(stack_.size()); return {};
      case Opcode::none: return push({.kind = Kind::none});
      case Opcode::newtrue: return push({.kind = Kind::boolean, .integer = 1});
      case Opcode::newfalse: return push({.kind = Kind::boolean, .integer = 0});
      case Opcode::binint: return integer<std::int32_t>();
      case Opcode::binint1: return integer<std::uint8_t>();
      case Opcode::binint2: return integer<std::uint16_t>();
      case Opcode::long1: return long_integer();
      case Opcode::binfloat:
        LAB_TRY(need(8));
        at_ += 8;
        return push({.kind = Kind::real});
      case Opcode::binunicode: return text<std::uint32_t>();
      case Opcode::short_binstring: return text<std::uint8_t>();
      case Opcode::empty_tuple: return push({.kind = Kind::tuple});
      case Opcode::empty_list: return push({.kind = Kind::list});
      case Opcode::empty_dict: return push({.kind = Kind::dict});
      case Opcode::empty_set: return push({.kind = Kind::set});
      case Opcode::tuple1: return tuple(1);
      case Opcode::tuple2: return tuple(2);
      case Opcode::tuple3: return tuple(3);
      case Opcode::tuple: return marked_tuple();
      case Opcode::binput: return put<std::uint8_t>();
      case Opcode::long_binput: return put<std::uint32_t>();
      case Opcode::binget: return get<std::uint8_t>();
      case Opcode::long_binget: return get<std::uint32_t>();
      case Opcode::global: return global();
      case Opcode::binpersid: return storage();
      case Opcode::reduce:
      case Opcode::newobj: return call();
      case Opcode::build: return build();
      case Opcode::append: return extend(Kind::list, 1);
      case Opcode::setitem: return extend(Kind::dict, 2);
      case Opcode::appends: return extend_marked(Kind::list);
      case Opcode::setitems: return extend_marked(Kind::dict);
    }
    char code[8];
    std::snprintf(code, sizeof code, "0x%02x", byte);
    return refuse(Code::unsupported, "the opcode is not one of data", "a pickle of tensors",
                  std::string(foreign_opcode(byte)) + " (" + code + ")");
  }

  // Reading.
  Status need(std::size_t bytes) const {
    if (bytes_.size() - at_ >= bytes) return {};
    return refuse(Code::truncated, "the pickle ends within an opcode", std::to_string(bytes) + " bytes",
                  std::to_string(bytes_.size() - at_));
  }
  template <class Number>
  Result<Number> number() {
    LAB_TRY(need(sizeof(Number)));
    at_ += sizeof(Number);
    return number_at<Number>(bytes_, at_ - sizeof(Number));
  }
  std::string_view characters(std::size_t count) {
    at_ += count;
    return {reinterpret_cast<const char*>(bytes_.data()) + at_ - count, count};
  }
  Status protocol() {
    LAB_ASSIGN(const auto version, number<std::uint8_t>());
    if (version == kProtocol) return {};
    return refuse(Code::unsupported, "the pickle's protocol is not PyTorch's", "protocol 2", std::to_string(version));
  }
  template <class Number>
  Status integer() {
    LAB_ASSIGN(const auto value, number<Number>());
    return push({.kind = Kind::integer, .integer = value});
  }
  // Little-endian two's complement of any length; those of up to 8 bytes are taken.
  Status long_integer() {
    LAB_ASSIGN(const auto length, number<std::uint8_t>());
    LAB_TRY(need(length));
    if (length > 8) return refuse(Code::too_large, "the integer is too large", "at most 8 bytes", std::to_string(length));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < length; ++i) value |= std::uint64_t{static_cast<std::uint8_t>(bytes_[at_ + i])} << (8 * i);
    if (length > 0 && length < 8 && (value >> (8 * length - 1)) & 1) value |= ~std::uint64_t{0} << (8 * length);
    at_ += length;
    return push({.kind = Kind::integer, .integer = static_cast<std::int64_t>(value)});
  }
  template <class Length>
  Status text() {
    LAB_ASSIGN(const auto length, number<Length>());
    LAB_TRY(need(length));
    return push({.kind = Kind::text, .text = characters(length)});
  }
  Result<std::string_view> line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, std::min(bytes_.size() - at_, kLongestName));
    const std::size_t length = rest.find('\n');
    if (length == rest.npos)
      return refuse(Code::malformed, "a name does not end", "a line of at most 255 bytes", std::string(rest.substr(0, 40)));
    at_ += length + 1;
    return rest.substr(0, length);
  }

  // The stack, its marks and the memo: each opcode adds at most one entry, so all are bounded by the pickle's size.
  Status push(PickleValue value) {
    if (pickle_.values.size() == kMostValues)
      return refuse(Code::too_large, "the pickle holds too many values", std::to_string(kMostValues), "more");
    stack_.push_back(static_cast<Place>(pickle_.values.size()));
    pickle_.values.push_back(std::move(value));
    return {};
  }
  // How many values may be taken: those above the last mark.
  std::size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  Result<std::vector<Place>> pop(std::size_t count) {
    if (available() < count) return misplaced("more values");
    std::vector<Place> values(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return values;
  }
  Result<std::vector<Place>> pop_marked() {
    if (marks_.empty()) return misplaced("a MARK");
    auto values = pop(available());
    marks_.pop_back();
    return values;
  }
  template <class Number>
  Status put() {
    LAB_ASSIGN(const std::size_t index, number<Number>());
    if (available() == 0) return misplaced("a value");
    if (index >= bytes_.size())
      return refuse(Code::too_large, "the memo's index is beyond the pickle's size", std::to_string(bytes_.size()),
                    std::to_string(index));
    if (index >= memo_.size()) memo_.resize(index + 1, kNothing);
    memo_[index] = stack_.back();
    return {};
  }
  template <class Number>
  Status get() {
    LAB_ASSIGN(const std::size_t index, number<Number>());
    if (index >= memo_.size() || memo_[index] == kNothing)
      return refuse(Code::malformed, "the memo holds nothing here", "an index that was put", std::to_string(index));
    stack_.push_back(memo_[index]);
    return {};
  }
  Status stop() {
    if (!marks_.empty() || stack_.size() != 1) return misplaced("one value in the end");
    if (at_ != bytes_.size())
      return refuse(Code::mismatch, "bytes are left over after STOP", std::to_string(at_) + " bytes",
                    std::to_string(bytes_.size()));
    pickle_.root = stack_.back();
    stopped_ = true;
    return {};
  }

  // Values of values.
  Status tuple(std::size_t count) {
    LAB_ASSIGN(auto items, pop(count));
    return push({.kind = Kind::tuple, .items = std::move(items)});
  }
  Status marked_tuple() {
    LAB_ASSIGN(auto items, pop_marked());
    return push({.kind = Kind::tuple, .items = std::move(items)});
  }
  Status extend(Kind kind, std::size_t count) {
    LAB_ASSIGN(const auto items, pop(count));
    return extend_by(kind, items);
  }
  Status extend_marked(Kind kind) {
    LAB_ASSIGN(const auto items, pop_marked());
    return extend_by(kind, items);
  }
  Status extend_by(Kind kind, const std::vector<Place>& items) {
    if (available() == 0 || pickle_.at(stack_.back()).kind != kind) return misplaced(name_of(kind));
    if (kind == Kind::dict && items.size() % 2 != 0)
      return refuse(Code::malformed, "a key has no value", "pairs", std::to_string(items.size()));
    std::vector<Place>& to = pickle_.values[stack_.back()].items;
    to.insert(to.end(), items.begin(), items.end());
    return {};
  }

  // Names and calls.
  Status global() {
    LAB_ASSIGN(const auto module, line());
    LAB_ASSIGN(const auto name, line());
    if (auto known = known_global(module, name)) return push(std::move(*known));
    return refuse(Code::unsupported, "the pickle names something that is not a tensor's part; nothing was run",
                  "tensors and their containers", std::string(module) + "." + std::string(name));
  }
  bool holds(const std::vector<Place>& items, std::initializer_list<Kind> kinds) const {
    std::size_t i = 0;
    for (const Kind kind : kinds)
      if (i >= items.size() || pickle_.at(items[i++]).kind != kind) return false;
    return true;
  }
  // ("storage", type, key, device, element count)
  Status storage() {
    LAB_ASSIGN(const auto id, pop(1));
    const std::vector<Place>& items = pickle_.at(id[0]).items;
    const bool fits = pickle_.at(id[0]).kind == Kind::tuple && items.size() == 5 &&
                      holds(items, {Kind::text, Kind::name, Kind::text, Kind::text, Kind::integer}) &&
                      pickle_.at(items[0]).text == "storage" && pickle_.at(items[1]).name == PickleName::storage_type;
    if (!fits)
      return refuse(Code::unsupported, "the pickle refers to something outside that is not a storage",
                    "('storage', type, key, device, count)", "another id");
    return push({.kind = Kind::storage, .items = {items.begin() + 1, items.end()}});
  }
  Status call() {
    LAB_ASSIGN(const auto operands, pop(2));
    const PickleValue &callee = pickle_.at(operands[0]), &arguments = pickle_.at(operands[1]);
    if (callee.kind != Kind::name || arguments.kind != Kind::tuple)
      return refuse(Code::malformed, "what is called is not a name", "a name and a tuple", name_of(callee.kind));
    const std::vector<Place>& items = arguments.items;
    switch (callee.name) {
      case PickleName::ordered_dict:
        if (items.empty()) return push({.kind = Kind::dict});
        break;
      case PickleName::size:
        if (items.size() == 1 && holds(items, {Kind::tuple})) return again(items[0]);
        break;
      case PickleName::rebuild_parameter:
        if (items.size() == 3 && holds(items, {Kind::tensor})) return again(items[0]);
        break;
      case PickleName::rebuild_tensor:
        if (items.size() >= 6 && items.size() <= 7 && holds(items, {Kind::storage, Kind::integer, Kind::tuple, Kind::tuple}))
          return push({.kind = Kind::tensor, .items = {items[0], items[1], items[2], items[3]}});
        break;
      case PickleName::storage_type:
      case PickleName::number_type: break;
    }
    return refuse(Code::unsupported, "a call that no tensor needs; nothing was run", "the arguments PyTorch writes",
                  std::to_string(items.size()) + " others");
  }
  Status again(Place place) {
    stack_.push_back(place);
    return {};
  }
  // The one state that is met, {"_metadata": ...} of a module's OrderedDict, says nothing about tensors.
  Status build() {
    LAB_ASSIGN(const auto state, pop(1));
    const PickleValue& value = pickle_.at(state[0]);
    if (available() == 0 || pickle_.at(stack_.back()).kind != Kind::dict) return misplaced("an OrderedDict");
    if (value.kind == Kind::dict && value.items.size() == 2 && pickle_.at(value.items[0]).text == "_metadata") return {};
    return refuse(Code::unsupported, "an object's state is set", "an OrderedDict's _metadata", name_of(value.kind));
  }

  std::span<const std::byte> bytes_;
  std::string file_, field_;
  std::size_t at_ = 0, start_ = 0;  // of the next byte, of the opcode at work
  bool stopped_ = false;
  std::vector<Place> stack_, memo_;
  std::vector<std::size_t> marks_;
  Pickle pickle_;
};

}  // namespace

const char* name_of(PickleValue::Kind kind) {
  static constexpr const char* names[] = {"None",   "a boolean", "an integer", "a number", "a string",  "a tuple",
                                          "a list", "a dict",    "a set",      "a name",   "a storage", "a tensor"};
  return names[static_cast<int>(kind)];
}

Result<Pickle> read_pickle(std::span<const std::byte> bytes, const std::string& file, const std::string& field) {
  return PickleMachine(bytes, file, field).run();
}

}  // namespace lab
