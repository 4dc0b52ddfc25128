#include "app/shell/preferences.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/files/file.h"
#include "model/files/json.h"

namespace lab {
namespace {

using Value = nlohmann::ordered_json;

constexpr const char* kFormat = "statelab-settings/1";
constexpr const char* kLayout = "layout";
constexpr JsonLimits kLimits{.bytes = 1 << 20, .depth = 16, .values = 20000};
constexpr std::size_t kMostEntries = 1000;  // of the layout
constexpr double kMostUnits = 1e6;
constexpr std::chrono::milliseconds kPatience{150};  // until changes have stopped coming

/// The whole document; an empty one where there is no file.
Result<Value> read_document(const std::string& file) {
  std::error_code ignored;
  if (file.empty() || !std::filesystem::exists(file, ignored)) return Value::object();
  LAB_ASSIGN(const std::string text, read_file(file, kLimits.bytes));
  LAB_ASSIGN(const Json checked, parse_json(text, kLimits, file));  // its limits and its words for what is wrong
  if (!checked.is_object())
    return Error{.code = Code::malformed, .file = file, .expected = "an object", .found = checked.kind_name(), .message = "these are no settings"};
  return Value::parse(text, nullptr, false);
}

/// The member of an object, or null.
const Value* member(const Value& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// What a value of a setting may be, in words, where it is something else; "" where it was taken.
std::string take(const Setting::Choice& choice, const Value& value, Settings& settings) {
  std::string names;
  for (std::size_t i = 0; i < choice.names.size(); ++i) {
    if (value.is_string() && value.get_ref<const std::string&>() == choice.names[i]) {
      settings.*choice.member = static_cast<int>(i);
      return {};
    }
    names += (i == 0 ? "" : ", ") + std::string(choice.names[i]);
  }
  return names;
}

std::string take(const Setting::Number& number, const Value& value, Settings& settings) {
  const double given = value.is_number() ? value.get<double>() : NAN;
  if (!(given >= number.low && given <= number.high)) return fmt::format("{:g} to {:g}", number.low, number.high);
  settings.*number.member = given;
  return {};
}

std::string take(const Setting::Flag& flag, const Value& value, Settings& settings) {
  if (!value.is_boolean()) return "true or false";
  settings.*flag.member = value.get<bool>();
  return {};
}

Value value_of(const Setting& setting, const Settings& settings) {
  if (const auto* choice = std::get_if<Setting::Choice>(&setting.kind)) return choice->names[static_cast<std::size_t>(settings.*choice->member)];
  if (const auto* number = std::get_if<Setting::Number>(&setting.kind)) return settings.*number->member;
  return settings.*std::get<Setting::Flag>(setting.kind).member;
}

void read_settings(const Value& document, Settings& settings, std::vector<std::string>& problems) {
  const Value* values = member(document, "settings");
  if (!values) return;
  for (const Setting& setting : all_settings()) {
    const Value* value = member(*values, setting.key);
    if (!value) continue;
    const std::string expected = std::visit([&](const auto& kind) { return take(kind, *value, settings); }, setting.kind);
    if (!expected.empty()) problems.push_back(fmt::format("setting {}: expected {}; found {}. The default holds", setting.key, expected, printable(value->dump(-1, ' ', false, Value::error_handler_t::replace), 40)));
  }
}

/// Names and sizes are checked where they are used: a pane or a split of another version is none of ours.
void read_layout(const Value& document, PaneLayout& layout) {
  const Value* kept = member(document, kLayout);
  if (!kept) return;
  if (const Value* sizes = member(*kept, "sizes"); sizes && sizes->is_object() && sizes->size() <= kMostEntries)
    for (const auto& [name, size] : sizes->items())
      if (size.is_number()) layout.sizes[name] = static_cast<float>(std::clamp(size.get<double>(), -kMostUnits, kMostUnits));
  if (const Value* views = member(*kept, "views"); views && views->is_object() && views->size() <= kMostEntries)
    for (const auto& [name, view] : views->items())
      if (view.is_string()) layout.views[name] = view.get<std::string>();
  if (const Value* enlarged = member(*kept, "enlarged"); enlarged && enlarged->is_string()) layout.enlarged = enlarged->get<std::string>();
}

/// Makes a member an object, if it is none.
Value& object_in(Value& document, const char* name) {
  Value& object = document[name];
  if (!object.is_object()) object = Value::object();
  return object;
}

void put_layout(Value& document, const PaneLayout& layout) {
  Value& kept = object_in(document, kLayout);
  kept["sizes"] = layout.sizes;
  kept["views"] = layout.views;
  kept["enlarged"] = layout.enlarged;
}

}  // namespace

Preferences read_preferences(const std::string& file, std::vector<std::string>& problems) {
  Preferences preferences;
  const auto document = read_document(file);
  if (!document) {
    problems.push_back(document.error().text() + ". The defaults hold; what you change is written anew, the old file stays as " + plain_name(file) + ".broken");
    return preferences;
  }
  const Value* format = member(*document, "format");
  const bool is_ours = format && format->is_string() && format->get_ref<const std::string&>() == kFormat;
  if (!document->empty() && !is_ours)
    problems.push_back(fmt::format("{}: expected format {}; found {}. What is understood is used, all else is left as it is", plain_name(file), kFormat,
                                   format ? printable(format->dump(-1, ' ', false, Value::error_handler_t::replace), 40) : "none"));
  read_settings(*document, preferences.settings, problems);
  read_layout(*document, preferences.layout);
  return preferences;
}

Status write_preferences(const std::string& file, const Preferences& preferences, const std::set<std::string>& changed) {
  auto document = read_document(file);
  if (!document) {
    std::error_code error;
    std::filesystem::rename(file, file + ".broken", error);
    if (error) return document.error();
    document = Value::object();
  }
  if (!document->contains("format")) (*document)["format"] = kFormat;
  for (const Setting& setting : all_settings())
    if (changed.contains(setting.key)) object_in(*document, "settings")[setting.key] = value_of(setting, preferences.settings);
  if (changed.contains(kLayout)) put_layout(*document, preferences.layout);
  return write_file_atomically(file, document->dump(2, ' ', false, Value::error_handler_t::replace) + "\n");
}

PreferencesFile::PreferencesFile(std::string file, std::function<void()> wake)
    : file_(std::move(file)), latest_(read_preferences(file_, problems_)),
      writer_(std::make_unique<Writer>([path = file_](const Wanted& wanted, const auto&) { return write_preferences(path, wanted.preferences, wanted.changed); },
                                       std::move(wake), kPatience)) {}

PreferencesFile::~PreferencesFile() {
  const bool is_written = !is_asked_ || writer_->latest();
  writer_.reset();
  if (!is_written) (void)static_cast<bool>(write_preferences(file_, latest_, changed_));  // nobody is there to be told of a failure
}

void PreferencesFile::keep(const Settings& settings) {
  if (settings == latest_.settings) return;
  for (const Setting& setting : all_settings())
    if (value_of(setting, settings) != value_of(setting, latest_.settings)) changed_.insert(setting.key);
  latest_.settings = settings;
  ask();
}

void PreferencesFile::keep(const PaneLayout& layout) {
  if (layout == latest_.layout) return;
  changed_.insert(kLayout);
  latest_.layout = layout;
  ask();
}

void PreferencesFile::ask() {
  if (file_.empty()) return;
  is_asked_ = true;
  writer_->ask({latest_, changed_});
}

bool PreferencesFile::has_problem() const {
  const auto answer = writer_->latest();
  return answer && answer != told_ && !*answer;
}

std::string PreferencesFile::take_problem() {
  if (!has_problem()) return {};
  told_ = writer_->latest();
  return told_->error().text() + ". Settings hold until the window closes";
}

}  // namespace lab
