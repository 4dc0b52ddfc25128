// A recorded trace as one side of a comparison.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "app/core/comparison.h"
#include "app/core/file_check.h"
#include "model/files/npz.h"
#include "model/files/safetensors.h"
#include "model/math/dequantise.h"

namespace lab {

struct RecordedTrace {
  std::string path;
  TensorTable table;
};

namespace {

namespace fs = std::filesystem;

constexpr int kMostLayers = 65536;

Result<TensorTable> open_table(const std::string& path) { return path.ends_with(".npz") ? open_npz(path) : open_safetensors(path); }

bool can_be_read(DType type) { return type == DType::i64 || (is_weight(type) && !is_block(type)); }

/// "float32" of the metadata as options say it.
std::string short_dtype(const std::string* said) {
  if (!said) return "";
  for (const auto& [long_name, name] : {std::pair{"float32", "f32"}, {"float64", "f64"}, {"bfloat16", "bf16"}, {"float16", "f16"}})
    if (*said == long_name) return name;
  return printable(*said, 20);
}

// Tensors are read where they lie in the mapped file.
class TraceSource final : public CompareSource {
 public:
  explicit TraceSource(std::shared_ptr<const RecordedTrace> trace) : trace_(std::move(trace)) {
    const auto text = [&](const char* key) {
      const std::string* value = table().metadata(key);
      return value ? printable(*value) : std::string();
    };
    side_ = {.name = fs::path(trace_->path).filename().string(), .model = text("model_type"), .model_hash = text("model_hash"),
             .dtype = short_dtype(table().metadata("dtype")), .is_ours = text("producer").starts_with("statelab ")};
    list_points();
    read_tokens();
  }

  Status read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<float>>& rows, ValueOrder) override {
    rows.assign(wanted.size(), {});
    for (std::size_t i = 0; i < wanted.size(); ++i) read_row(static_cast<std::size_t>(wanted[i]), first, count, rows[i]);
    return {};
  }
  Status read(std::span<const int> wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<double>>& rows) override {
    rows.assign(wanted.size(), {});
    for (std::size_t i = 0; i < wanted.size(); ++i) read_row(static_cast<std::size_t>(wanted[i]), first, count, rows[i]);
    return {};
  }

  bool grew_into(const CompareSource& later) const override {
    const auto* other = dynamic_cast<const TraceSource*>(&later);
    return other && other->trace_ == trace_;
  }

 private:
  struct Listed {
    SidePoint side;
    const TensorView* tensor;
  };
  void list_points() {
    std::vector<Listed> listed;
    for (const TensorView& tensor : table().all()) {
      if (tensor.name.ends_with(".mix.h0") || tensor.shape.empty() || !can_be_read(tensor.dtype)) continue;
      ComparedPoint point{.name = tensor.name, .point = Point::count_, .shape = {tensor.shape.begin() + 1, tensor.shape.end()}};
      if (const auto id = parse_point(tensor.name)) point.layer = id->layer, point.point = id->point;
      for (const std::int64_t extent : point.shape) point.width *= extent;
      side_.layers = std::max<std::int64_t>(side_.layers, point.layer + 1);
      listed.push_back({{std::move(point), tensor.dtype == DType::f64 || tensor.dtype == DType::i64}, &tensor});
    }
    for (Listed& one : listed)
      if (one.side.point.point == Point::final_norm || one.side.point.point == Point::logits) one.side.point.layer = static_cast<int>(side_.layers);
    // A file's order is its own. Ids come first; names that this program does not compute come last in their layer.
    std::ranges::stable_sort(listed, {}, [](const Listed& one) {
      const ComparedPoint& point = one.side.point;
      return std::pair(point.layer, point.name == "tok.ids" ? -1 : static_cast<int>(point.point));
    });
    for (Listed& one : listed) points_.push_back(std::move(one.side)), tensors_.push_back(one.tensor);
  }
  void read_tokens() {
    const TensorView* ids = table().find("tok.ids");
    const std::int64_t count = ids ? ids->shape[0] : tensors_.empty() ? 0 : tensors_[0]->shape[0];
    auto tokens = std::make_shared<std::vector<std::int32_t>>(static_cast<std::size_t>(count), -1);
    for (std::size_t t = 0; ids && t < tokens->size(); ++t) {
      std::int64_t id = 0;
      std::memcpy(&id, ids->data + t * sizeof id, sizeof id);
      (*tokens)[t] = static_cast<std::int32_t>(std::clamp<std::int64_t>(id, -1, INT32_MAX));
    }
    side_.tokens = std::move(tokens);
  }

  const std::byte* at(std::size_t point, std::int64_t first) const {
    return tensors_[point]->data + bytes_of(tensors_[point]->dtype, first * points_[point].point.width);
  }
  void read_row(std::size_t point, std::int64_t first, std::int64_t count, std::vector<float>& row) const {
    const DType type = tensors_[point]->dtype;
    if (type == DType::i64) {
      std::vector<double> wide;
      read_row(point, first, count, wide);
      row.assign(wide.begin(), wide.end());
      return;
    }
    row.resize(static_cast<std::size_t>(count * points_[point].point.width));
    dequantise(type, at(point, first), row);
  }
  void read_row(std::size_t point, std::int64_t first, std::int64_t count, std::vector<double>& row) const {
    const DType type = tensors_[point]->dtype;
    row.resize(static_cast<std::size_t>(count * points_[point].point.width));
    const std::byte* from = at(point, first);
    if (type == DType::f64) {
      std::memcpy(row.data(), from, row.size() * sizeof(double));
    } else if (type == DType::i64) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        std::int64_t value = 0;
        std::memcpy(&value, from + i * sizeof value, sizeof value);
        row[i] = static_cast<double>(value);
      }
    } else {
      std::vector<float> single;
      read_row(point, first, count, single);
      std::ranges::copy(single, row.begin());
    }
  }

  const TensorTable& table() const { return trace_->table; }

  const std::shared_ptr<const RecordedTrace> trace_;
  std::vector<const TensorView*> tensors_;  // by point
};

}  // namespace

bool is_trace(const std::string& path) {
  std::error_code ignored;
  if (!(path.ends_with(".safetensors") || path.ends_with(".npz")) || !fs::is_regular_file(path, ignored)) return false;
  const auto table = open_table(path);
  const std::string* format = table ? table->metadata("format") : nullptr;
  // What cannot be read is called a trace too unless a model's folder holds it: reading it says what is wrong.
  return format ? format->starts_with("statelab-reference/") : !table && !fs::exists(fs::path(path).parent_path() / "config.json", ignored);
}

Result<std::shared_ptr<const RecordedTrace>> open_trace(const std::string& path) {
  FileCheck check = check_path(path);
  if (!check.problems.empty()) {
    Error problem = all_of(std::move(check.problems));
    if (problem.file.empty()) problem.file = path;
    return problem;
  }
  if (check.kind != "trace")
    return Error{.code = Code::wrong_kind, .file = path, .field = "__metadata__.format", .expected = "statelab-reference/1", .found = check.kind,
                 .message = "this is no recorded trace"};
  LAB_ASSIGN(TensorTable table, open_table(path));
  for (const TensorView& tensor : table.all())
    if (const auto id = parse_point(tensor.name); id && id->layer >= kMostLayers)
      return Error{.code = Code::too_large, .file = path, .field = printable(tensor.name), .expected = "layers below " + std::to_string(kMostLayers),
                   .found = std::to_string(id->layer), .message = "no model has so many layers"};
  if (const std::string* every = table.metadata("every"); every && *every != "1")
    return Error{.code = Code::unsupported, .file = path, .field = "__metadata__.every", .expected = "every token", .found = "one token in " + printable(*every),
                 .message = "a thinned trace is not compared", .next = "record it without --every"};
  return std::make_shared<const RecordedTrace>(RecordedTrace{path, std::move(table)});
}

std::unique_ptr<CompareSource> trace_source(std::shared_ptr<const RecordedTrace> trace) { return std::make_unique<TraceSource>(std::move(trace)); }

Result<std::unique_ptr<CompareSource>> trace_source(const std::string& path) {
  LAB_ASSIGN(auto trace, open_trace(path));
  return trace_source(std::move(trace));
}

}  // namespace lab
