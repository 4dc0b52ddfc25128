#include "app/core/preview.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>

#include <fmt/format.h>

#include "app/core/comparison.h"
#include "app/core/snapshot.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMeminfoBytes = 1 << 16;

void describe(Preview& preview, std::int64_t history_budget) {
  preview.check = check_to_open(preview.path);
  std::error_code ignored;
  preview.is_folder = !preview.check.checkpoint && fs::is_directory(preview.path, ignored) && !is_model_folder(preview.path);
  if (const auto& checkpoint = preview.check.checkpoint) {
    preview.name = checkpoint->name;
    preview.types = number_types(*checkpoint->tensors);
  }
  if (!preview.can_open() && is_trace(preview.path))
    if (const FileCheck trace = check_path(preview.path); trace.problems.empty()) preview.recorded = trace.detail;
  if (preview.check.outline) preview.memory = memory_need(*preview.check.outline, history_budget);
  preview.check.checkpoint.reset();  // gives the mappings back
}

}  // namespace

std::vector<NumberType> number_types(const TensorTable& table) {
  std::vector<NumberType> types;
  for (const TensorView& tensor : table.all()) {
    const std::string name = name_of(tensor.dtype);
    auto type = std::find_if(types.begin(), types.end(), [&](const NumberType& known) { return known.name == name; });
    if (type == types.end()) type = types.insert(types.end(), {name});
    ++type->tensors;
    type->bytes += static_cast<std::int64_t>(tensor.bytes);
  }
  std::stable_sort(types.begin(), types.end(), [](const NumberType& a, const NumberType& b) { return a.bytes > b.bytes; });
  return types;
}

std::string types_text(const std::vector<NumberType>& types) {
  std::string text;
  for (const NumberType& type : types)
    text += fmt::format("{}{} ({} tensor{})", text.empty() ? "" : ", ", type.name, type.tensors, type.tensors == 1 ? "" : "s");
  return text;
}

std::string layers_text(const std::vector<LayerInfo>& layers) {
  std::string text;
  for (const LayerKind& kind : layer_kinds(layers)) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind.count, kind.name);
  return text;
}

std::int64_t state_bytes(const LayerSchema& layer) {
  std::int64_t elements = 0;
  for (const TensorSchema& tensor : layer.tensors) elements += tensor.grows() ? 0 : tensor.elements();
  return elements * static_cast<std::int64_t>(sizeof(float));
}

MemoryNeed memory_need(const ModelOutline& outline, std::int64_t history_budget) {
  constexpr auto kReal = static_cast<std::int64_t>(sizeof(float));
  MemoryNeed need{.weights = outline.info.weight_bytes, .state = outline.schema->stored() * kReal, .history = history_budget};
  for (const std::int64_t width : outline.schema->caches()) need.cache_token += width * kReal;
  return need;
}

std::optional<std::int64_t> available_memory(std::string_view meminfo) {
  constexpr std::string_view kField = "MemAvailable:";
  std::size_t at = meminfo.find(kField);
  if (at == std::string_view::npos) return {};
  at = meminfo.find_first_not_of(' ', at + kField.size());
  if (at == std::string_view::npos) return {};
  std::int64_t kibibytes = 0;
  const auto [end, error] = std::from_chars(meminfo.data() + at, meminfo.data() + meminfo.size(), kibibytes);
  const bool is_told = error == std::errc() && kibibytes >= 0 && kibibytes < INT64_MAX / 1024;
  if (!is_told || !meminfo.substr(static_cast<std::size_t>(end - meminfo.data())).starts_with(" kB")) return {};
  return kibibytes * 1024;
}

std::optional<std::int64_t> available_memory() {
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (!file) return {};
  std::string text(kMeminfoBytes, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return available_memory(std::string_view(text));
}

Preview make_preview(const std::string& path, std::int64_t history_budget) {
  const auto begun = std::chrono::steady_clock::now();
  Preview preview{.path = path};
  try {
    describe(preview, history_budget);
  } catch (const std::exception& problem) {
    preview.check = {.path = path, .kind = "unknown"};
    preview.check.problems = {
        {.code = Code::no_memory, .file = path, .found = problem.what(), .message = "the file could not be looked at"}};
  }
  preview.available = available_memory();
  preview.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return preview;
}

}  // namespace lab
