// Configurations: the text is parsed, walked, and judged as a model's config.json.
#include <cstdint>
#include <memory>
#include <string_view>

#include "model/base/check.h"
#include "model/model.h"

using namespace lab;

namespace {

// Asks every value for everything, and counts the values.
std::size_t walk(const Json& json) {
  std::size_t values = 1;
  LAB_CHECK(json.brief().empty(), ==, false);
  const double number = json.number().value_or(0);
  if (const auto integer = json.integer()) LAB_CHECK(static_cast<double>(*integer), ==, number);
  for (const Json& item : json.items()) values += walk(item);
  for (const auto& [name, value] : json.members()) {
    LAB_CHECK(json.find(name), ==, &value);
    values += walk(value);
  }
  return values;
}

const Checkpoint& weights_of(const char* family) {
  static const Checkpoint first =
      random_checkpoint({.family = "mamba1", .hidden = 16, .layers = 1, .vocabulary = 8}).take();
  static const Checkpoint second =
      random_checkpoint({.family = "mamba2", .hidden = 16, .layers = 1, .vocabulary = 8, .head_dim = 8}).take();
  return std::string_view(family) == "mamba" ? first : second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const JsonLimits limits{.bytes = 1 << 20, .depth = 16, .values = 1000, .bare_non_finite = true};
  auto parsed = parse_json(text, limits, "config.json");
  if (!parsed) {
    LAB_CHECK(parsed.error().text().empty(), ==, false);
    return 0;
  }
  LAB_CHECK(walk(*parsed), <=, limits.values);
  const auto config = std::make_shared<const Json>(parsed.take());
  for (const char* family : {"mamba", "mamba2"}) {
    Checkpoint checkpoint = weights_of(family);
    checkpoint.config = config;
    for (const Error& problem : validate(checkpoint)) LAB_CHECK(problem.field.empty(), ==, false);
    if (auto model = load_model(checkpoint)) LAB_CHECK((*model)->info().hidden, ==, 16);
  }
  return 0;
}
