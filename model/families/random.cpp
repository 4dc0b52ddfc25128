// Models made without any file: random weights drawn as the papers initialise them, as a checkpoint in memory.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "model/model.h"

namespace lab {
namespace {

// A small counter-based generator: the same seed gives the same weights everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Uniform in [0, 1).
  double uniform() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  }
  double between(double low, double high) { return low + (high - low) * uniform(); }

 private:
  std::uint64_t state_;
};

class Builder {
 public:
  Builder(DType dtype, std::uint64_t seed) : dtype_(dtype), random_(seed) {}

  /// A tensor of `shape` filled by `draw(random, flat index)`; matrices in the asked type, the rest in float32.
  template <class Draw>
  void add(const std::string& name, std::vector<std::int64_t> shape, Draw draw) {
    const DType type = shape.size() == 2 && name.find("A_log") == std::string::npos ? dtype_ : DType::f32;
    TensorView tensor{.name = name, .dtype = type, .shape = std::move(shape), .file = "memory"};
    tensor.bytes = static_cast<std::size_t>(tensor.elements()) * size_of(type);
    auto memory = std::make_shared<AlignedBuffer<float>>((tensor.bytes + 3) / 4);
    auto* bytes = reinterpret_cast<std::byte*>(memory->data());
    for (std::int64_t i = 0; i < tensor.elements(); ++i) {
      const auto value = static_cast<float>(draw(random_, i));
      if (type == DType::f32) {
        std::memcpy(bytes + 4 * i, &value, 4);
      } else {
        const std::uint16_t half = type == DType::bf16 ? bf16_from_float(value) : f16_from_float(value);
        std::memcpy(bytes + 2 * i, &half, 2);
      }
    }
    tensor.data = bytes;
    weight_bytes += tensor.bytes;
    table->keep_alive(memory);
    table->add(std::move(tensor));
  }
  /// Uniform in +-1/sqrt(columns), as a linear layer begins.
  void matrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
    const double bound = 1 / std::sqrt(static_cast<double>(columns));
    add(name, {rows, columns}, [=](Random& r, std::int64_t) { return r.between(-bound, bound); });
  }
  void constant(const std::string& name, std::int64_t size, double value) {
    add(name, {size}, [=](Random&, std::int64_t) { return value; });
  }
  void conv(const std::string& mixer, std::int64_t channels, std::int64_t kernel) {
    const double bound = 1 / std::sqrt(static_cast<double>(kernel));
    add(mixer + "conv1d.weight", {channels, 1, kernel}, [=](Random& r, std::int64_t) { return r.between(-bound, bound); });
    add(mixer + "conv1d.bias", {channels}, [=](Random& r, std::int64_t) { return r.between(-bound, bound); });
  }
  /// Inverse softplus of time steps drawn log-uniformly from [0.001, 0.1].
  void step_bias(const std::string& name, std::int64_t size) {
    add(name, {size}, [](Random& r, std::int64_t) {
      const double step = std::exp(r.between(std::log(1e-3), std::log(1e-1)));
      return step + std::log(-std::expm1(-step));
    });
  }

  std::shared_ptr<TensorTable> table = std::make_shared<TensorTable>();
  std::size_t weight_bytes = 0;

 private:
  DType dtype_;
  Random random_;
};

void add_mamba1(Builder& make, const RandomModel& m, const std::string& p) {
  const std::int64_t di = m.expand * m.hidden, N = m.state_size, R = (m.hidden + 15) / 16;
  make.matrix(p + "in_proj.weight", 2 * di, m.hidden);
  make.conv(p, di, m.conv_kernel);
  make.matrix(p + "x_proj.weight", R + 2 * N, di);
  make.matrix(p + "dt_proj.weight", di, R);
  make.step_bias(p + "dt_proj.bias", di);
  make.add(p + "A_log", {di, N}, [=](Random&, std::int64_t i) { return std::log(static_cast<double>(i % N + 1)); });
  make.constant(p + "D", di, 1);
  make.matrix(p + "out_proj.weight", m.hidden, di);
}

void add_mamba2(Builder& make, const RandomModel& m, const std::string& p) {
  const std::int64_t di = m.expand * m.hidden, heads = di / m.head_dim, shared = 2 * m.groups * m.state_size;
  make.matrix(p + "in_proj.weight", 2 * di + shared + heads, m.hidden);
  make.conv(p, di + shared, m.conv_kernel);
  make.step_bias(p + "dt_bias", heads);
  make.add(p + "A_log", {heads}, [](Random& r, std::int64_t) { return std::log(r.between(1, 16)); });
  make.constant(p + "D", heads, 1);
  make.constant(p + "norm.weight", di, 1);
  make.matrix(p + "out_proj.weight", m.hidden, di);
}

std::string config_text(const RandomModel& m) {
  const auto number = [](std::int64_t n) { return std::to_string(n); };
  std::string text = "{\"model_type\": \"";
  text.append(m.family == "mamba1" ? "mamba" : "mamba2");
  text.append("\", \"hidden_size\": ").append(number(m.hidden)).append(", \"num_hidden_layers\": ").append(number(m.layers));
  text.append(", \"vocab_size\": ").append(number(m.vocabulary)).append(", \"expand\": ").append(number(m.expand));
  text.append(", \"state_size\": ").append(number(m.state_size)).append(", \"conv_kernel\": ").append(number(m.conv_kernel));
  text.append(", \"tie_word_embeddings\": ").append(m.tied_head ? "true" : "false");
  if (m.family == "mamba2")
    text.append(", \"num_heads\": ").append(number(m.expand * m.hidden / m.head_dim)).append(", \"head_dim\": ")
        .append(number(m.head_dim)).append(", \"n_groups\": ").append(number(m.groups));
  return text + "}";
}

Status check_sizes(const RandomModel& m) {
  const auto refuse = [](const char* field, const char* expected, const std::string& found) {
    return Error{.code = Code::bad_argument, .field = field, .expected = expected, .found = found,
                 .message = "a random model of these sizes cannot be made"};
  };
  if (m.family != "mamba1" && m.family != "mamba2") return refuse("family", "mamba1 or mamba2", m.family);
  for (const auto& [field, value] : {std::pair{"hidden", m.hidden}, {"layers", m.layers}, {"vocabulary", m.vocabulary},
                                     {"expand", m.expand}, {"state_size", m.state_size}, {"conv_kernel", m.conv_kernel},
                                     {"head_dim", m.head_dim}, {"groups", m.groups}})
    if (value < 1 || value > (1 << 20)) return refuse(field, "1 to 1048576", std::to_string(value));
  if (m.family == "mamba2" && m.expand * m.hidden % m.head_dim != 0)
    return refuse("head_dim", "a divisor of expand * hidden", std::to_string(m.head_dim));
  if (m.family == "mamba2" && m.expand * m.hidden / m.head_dim % m.groups != 0)
    return refuse("groups", "a divisor of the number of heads", std::to_string(m.groups));
  return {};
}

}  // namespace

Result<Checkpoint> random_checkpoint(const RandomModel& m) {
  LAB_TRY(check_sizes(m));
  Builder make(m.dtype, m.seed);
  const double bound = std::sqrt(3.0 / static_cast<double>(m.hidden));
  make.add("backbone.embeddings.weight", {m.vocabulary, m.hidden}, [=](Random& r, std::int64_t) { return r.between(-bound, bound); });
  for (std::int64_t i = 0; i < m.layers; ++i) {
    const std::string p = "backbone.layers." + std::to_string(i) + ".";
    make.constant(p + "norm.weight", m.hidden, 1);
    if (m.family == "mamba1") add_mamba1(make, m, p + "mixer.");
    else add_mamba2(make, m, p + "mixer.");
  }
  make.constant("backbone.norm_f.weight", m.hidden, 1);
  if (!m.tied_head) make.matrix("lm_head.weight", m.vocabulary, m.hidden);
  LAB_ASSIGN(Json config, parse_json(config_text(m), {}, "memory"));
  Checkpoint checkpoint{.path = "memory", .name = "random " + m.family, .model_type = m.family == "mamba1" ? "mamba" : "mamba2"};
  checkpoint.config = std::make_shared<const Json>(std::move(config));
  checkpoint.tensors = make.table;
  checkpoint.weight_bytes = make.weight_bytes;
  return checkpoint;
}

Result<RandomModel> known_shape(const std::string& name, DType dtype) {
  if (name == "mamba-130m")
    return RandomModel{.family = "mamba1", .hidden = 768, .layers = 24, .vocabulary = 50280, .state_size = 16, .dtype = dtype};
  if (name == "mamba2-130m")
    return RandomModel{.family = "mamba2", .hidden = 768, .layers = 24, .vocabulary = 50288, .state_size = 128, .head_dim = 64,
                       .dtype = dtype};
  return Error{.code = Code::bad_argument, .field = "shape", .expected = "mamba-130m or mamba2-130m", .found = name,
               .message = "this shape is not known"};
}

}  // namespace lab
