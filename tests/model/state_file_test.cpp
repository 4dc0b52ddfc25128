// States as files: what is saved is opened again, and what does not fit is refused by name.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "model/files/file.h"
#include "model/state_file.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

namespace fs = std::filesystem;

// A path that is gone when the test ends.
struct Scratch {
  Scratch()
      : path(fs::temp_directory_path() /
             ("state_test." + std::to_string(counter++) + "." + std::to_string(std::random_device{}()))) {}
  ~Scratch() { fs::remove(path); }
  std::string string() const { return path.string(); }
  fs::path path;
  static inline int counter = 0;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Writes a state file by hand: schema names and shapes as given, all values one.
void write_by_hand(const std::string& path,
                   const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& tensors,
                   const Metadata& metadata, DType type = DType::f32) {
  static const std::vector<std::byte> zeros(1 << 16);
  std::vector<TensorToWrite> list;
  for (const auto& [name, shape] : tensors) list.push_back({name, type, shape, zeros.data()});
  REQUIRE(write_safetensors(path, list, metadata));
}

const std::vector<std::pair<std::string, std::vector<std::int64_t>>> kOdd = {
    {"layers.0.conv_state", {5, 3}}, {"layers.0.ssm_state", {2, 19, 3}}, {"layers.0.other", {7}},
    {"layers.1.conv_state", {5, 3}}, {"layers.1.ssm_state", {2, 19, 3}}, {"layers.1.other", {7}}};
const Metadata kPlain = {{"format", "statelab-state/1"}, {"model_type", "odd"}, {"position", "3"}};

Error refusal(const std::string& path, const std::string& hash = "") {
  auto loaded = load_state<float>(path, odd_schema(), hash);
  REQUIRE(!loaded);
  CHECK(loaded.error().file == path);
  CHECK_FALSE(loaded.error().message.empty());
  return loaded.error();
}

void check_refusal(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& tensors,
                   const Metadata& metadata, Code code, const std::string& field, DType type = DType::f32) {
  Scratch file;
  write_by_hand(file.string(), tensors, metadata, type);
  const Error error = refusal(file.string());
  CAPTURE(error.text());
  CHECK(error.code == code);
  CHECK(error.field == field);
}

bool mentions(const std::vector<std::string>& warnings, const std::string& word) {
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const std::string& warning) { return warning.find(word) != std::string::npos; });
}

}  // namespace

TEST_CASE_TEMPLATE("state file: what is saved is opened again, bit for bit and without a warning", Real, float,
                   double) {
  Scratch file;
  const BasicState<Real> state = filled<Real>(odd_schema());
  REQUIRE(save_state(file.string(), state, "0123456789abcdef"));
  CHECK(read_state_file(file.string()));
  auto loaded = load_state<Real>(file.string(), odd_schema(), "0123456789abcdef");
  REQUIRE_MESSAGE(loaded, loaded.error().text());
  CHECK(same_bits(loaded->state, state));
  CHECK(loaded->state.position == 12);
  CHECK(loaded->warnings.empty());
}

TEST_CASE("state file: a state continued from a file has the bits of the uninterrupted run") {
  const auto model = open_golden("mamba2");
  Context<float> context;
  const Tokens tokens = random_tokens(10, 256);
  const Outcome<float> whole = run<float>(*model, tokens, context);
  Scratch file;
  REQUIRE(save_state(file.string(), run<float>(*model, Tokens(tokens.begin(), tokens.begin() + 3), context).state, ""));
  auto loaded = load_state<float>(file.string(), model->schema(), "");
  REQUIRE(loaded);
  CHECK(same_bits(
      run<float>(*model, Tokens(tokens.begin() + 3, tokens.end()), context, {}, nullptr, &loaded->state).state,
      whole.state));
}

TEST_CASE("state file: one made by another program continues to the reference's rows") {
  const auto model = open_golden("mamba1");
  Tokens ids;
  const auto references = read_reference(kGolden + "mamba1/reference.safetensors", ids);
  auto loaded = load_state<float>(kGolden + "states/mamba1/state.safetensors", model->schema(), "some hash");
  REQUIRE_MESSAGE(loaded, loaded.error().text());
  const std::int64_t position = loaded->state.position, left = static_cast<std::int64_t>(ids.size()) - position;
  CHECK(position == 12);
  CHECK(mentions(loaded->warnings, "model_hash"));
  CHECK(mentions(loaded->warnings, "checksum"));
  CHECK(loaded->warnings.size() == 2);
  Context<float> context;
  Recorder<float> recorder(model->layers());
  recorder.read_everything(model->layers());
  run<float>(*model, Tokens(ids.begin() + position, ids.end()), context, {}, &recorder, &loaded->state);
  for (const auto& [point, reference] : references) {
    const auto width = static_cast<std::ptrdiff_t>(reference.values.size()) / reference.tokens;
    const Reference rest{.tokens = left,
                         .values = {reference.values.begin() + position * width, reference.values.end()}};
    CAPTURE(point);
    CHECK(worst_row(recorder.values.at(point), rest) <= (point == "logits" ? 2e-5 : 1e-5));
  }
}

TEST_CASE("state file: other number types are opened and mentioned") {
  for (const auto& [type, word] :
       {std::pair{DType::f16, "float16"}, {DType::bf16, "bfloat16"}, {DType::f64, "float64"}}) {
    Scratch file;
    write_by_hand(file.string(), kOdd, kPlain, type);
    auto loaded = load_state<float>(file.string(), odd_schema(), "");
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    CHECK(mentions(loaded->warnings, word));
    CHECK(loaded->state.position == 3);
  }
  Scratch file;
  const BasicState<float> state = filled<float>(odd_schema());
  REQUIRE(save_state(file.string(), state, ""));
  auto exact = load_state<double>(file.string(), odd_schema(), "");
  REQUIRE(exact);
  CHECK(exact->state.get(1, 1)[5] == static_cast<double>(state.get(1, 1)[5]));
}

TEST_CASE("state file: values that are no numbers are opened and counted") {
  Scratch file;
  State state = filled<float>(odd_schema());
  std::vector<float> values = state.get(0, 1);
  values[1] = NAN;
  values[2] = INFINITY;
  values[3] = 1e-42f;
  REQUIRE(state.set(0, 1, values));
  REQUIRE(save_state(file.string(), state, ""));
  auto loaded = load_state<float>(file.string(), odd_schema(), "");
  REQUIRE(loaded);
  CHECK(mentions(loaded->warnings, "2 values are not finite"));
  CHECK(same_bits(loaded->state.get(0, 1), values));
}

TEST_CASE("state file: an absent position, hash or model type is a warning") {
  Scratch file;
  write_by_hand(file.string(), kOdd, {{"format", "statelab-state/1"}});
  auto loaded = load_state<float>(file.string(), odd_schema(), "hash");
  REQUIRE(loaded);
  for (const char* word : {"position", "model_type", "checksum", "model_hash"}) CHECK(mentions(loaded->warnings, word));
  CHECK(loaded->state.position == 0);
}

TEST_CASE("state file: one lane may be written with its axis") {
  Scratch file;
  auto tensors = kOdd;
  for (auto& [name, shape] : tensors) shape.insert(shape.begin(), 1);
  Metadata metadata = kPlain;
  metadata.emplace_back("lanes", "1");
  write_by_hand(file.string(), tensors, metadata);
  CHECK(load_state<float>(file.string(), odd_schema(), ""));
  check_refusal(tensors, kPlain, Code::mismatch, "layers.0.conv_state");
}

TEST_CASE("state file: what does not fit is refused by name") {
  const auto with = [](const char* key, const char* value) {
    Metadata metadata = kPlain;
    for (auto& [name, text] : metadata)
      if (name == key) text = value;
    if (std::none_of(metadata.begin(), metadata.end(), [&](const auto& entry) { return entry.first == key; }))
      metadata.emplace_back(key, value);
    return metadata;
  };
  const auto tensor = [](std::size_t index, const char* name, std::vector<std::int64_t> shape) {
    auto tensors = kOdd;
    tensors[index] = {name, std::move(shape)};
    return tensors;
  };
  check_refusal(kOdd, {}, Code::wrong_kind, "__metadata__.format");
  check_refusal(kOdd, with("format", "statelab-reference/1"), Code::wrong_kind, "__metadata__.format");
  check_refusal(kOdd, with("format", "statelab-state/2"), Code::unsupported, "__metadata__.format");
  check_refusal(kOdd, with("model_type", "mamba"), Code::mismatch, "__metadata__.model_type");
  for (const char* position : {"", "-1", "3.5", "three", "99999999999999999999", " 3"})
    check_refusal(kOdd, with("position", position), Code::malformed, "__metadata__.position");
  check_refusal(kOdd, with("lanes", "2"), Code::unsupported, "__metadata__.lanes");
  check_refusal(kOdd, with("lanes", "many"), Code::malformed, "__metadata__.lanes");
  check_refusal(kOdd, with("checksum", "0000000000000000"), Code::mismatch, "__metadata__.checksum");
  check_refusal({}, kPlain, Code::missing, "layers.0.ssm_state");
  check_refusal({kOdd.begin(), kOdd.begin() + 3}, kPlain, Code::missing, "layers.1.conv_state");
  check_refusal(tensor(1, "layers.0.ssm_state", {2, 3, 19}), kPlain, Code::mismatch, "layers.0.ssm_state");
  check_refusal(tensor(1, "layers.0.ssm_state", {114}), kPlain, Code::mismatch, "layers.0.ssm_state");
  check_refusal(tensor(4, "weights", {2}), kPlain, Code::mismatch, "weights");
  check_refusal(tensor(4, "layers.x.ssm_state", {2}), kPlain, Code::mismatch, "layers.x.ssm_state");
  check_refusal(kOdd, kPlain, Code::unsupported, "layers.0.conv_state", DType::i32);
  auto more = kOdd;
  more.push_back({"layers.2.ssm_state", {1}});
  check_refusal(more, kPlain, Code::mismatch, "layers.2.ssm_state");
  more.back().first = "layers.0.third";
  check_refusal(more, kPlain, Code::mismatch, "layers.0.third");
  more.back().first = "layers.00.other";
  check_refusal(more, kPlain, Code::mismatch, "layers.00.other");
}

TEST_CASE("state file: another model's hash is refused with both") {
  Scratch file;
  REQUIRE(save_state(file.string(), filled<float>(odd_schema()), "aaaa"));
  const Error error = refusal(file.string(), "bbbb");
  CHECK(error.code == Code::mismatch);
  CHECK(error.field == "__metadata__.model_hash");
  CHECK(error.expected == "bbbb");
  CHECK(error.found == "aaaa");
}

TEST_CASE("state file: taken apart without a model it has every value, and says what they are like") {
  Scratch file;
  State state = filled<float>(odd_schema());
  std::vector<float> values = state.get(1, 1);
  values[0] = NAN;
  values[1] = -INFINITY;
  values[2] = 1e-42f;
  values[3] = 0;
  REQUIRE(state.set(1, 1, values));
  REQUIRE(save_state(file.string(), state, "0123456789abcdef"));
  const auto contents = read_state_file(file.string());
  REQUIRE_MESSAGE(contents, contents.error().text());
  CHECK(contents->state.model_type == "odd");
  CHECK(contents->state.position == 12);
  CHECK(contents->model_hash == "0123456789abcdef");
  CHECK(contents->bytes == 2 * 4 * (15 + 114 + 7));
  CHECK(contents->tensors.size() == 6);
  CHECK(same_bits(get_model_state(state).layers.at(0).tensors[1].values, converted<float>(contents->state).layers.at(0).tensors[1].values));
  State again;
  ModelState read = converted<float>(contents->state);
  read.layers.at(1).tensors[1].values[0] = NAN;
  REQUIRE(set_model_state(again, odd_schema(), read));
  CHECK(same_bits(again.get(0, 0), state.get(0, 0)));
  const StateFileTensor& info = contents->tensors[4];
  CHECK(info.name == "ssm_state");
  CHECK(info.layer == 1);
  CHECK(info.shape == std::vector<std::int64_t>{2, 19, 3});
  CHECK(info.nonfinite == 2);
  CHECK(info.subnormal == 1);
  CHECK(info.zeros == 1);
  double squares = 0, largest = 0;
  for (std::size_t i = 2; i < values.size(); ++i) {
    squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    largest = std::max(largest, static_cast<double>(std::fabs(values[i])));
  }
  CHECK(info.norm == doctest::Approx(std::sqrt(squares)).epsilon(1e-14));
  CHECK(info.largest == largest);
  CHECK(mentions(contents->warnings, "2 values are not finite, the first in layers.1.ssm_state"));
  CHECK(mentions(contents->warnings, "1 value is subnormal, the first in layers.1.ssm_state"));
  CHECK(contents->warnings.size() == 2);
}

TEST_CASE("state file: the axis of the one lane is gone in what is taken apart") {
  Scratch file;
  auto tensors = kOdd;
  for (auto& [name, shape] : tensors) shape.insert(shape.begin(), 1);
  Metadata metadata = kPlain;
  metadata.emplace_back("lanes", "1");
  write_by_hand(file.string(), tensors, metadata);
  const auto contents = read_state_file(file.string());
  REQUIRE(contents);
  State state;
  CHECK(set_model_state(state, odd_schema(), converted<float>(contents->state)));
}

// A foreign file has no checksum, so nothing but its values can tell.
TEST_CASE("state file: numbers in the other byte order are refused, small and large numbers are not") {
  const std::vector<std::byte> good = [] {
    const auto table = open_safetensors(kGolden + "states/mamba1/state.safetensors");
    std::vector<std::byte> bytes;
    for (const TensorView& tensor : table->all()) bytes.insert(bytes.end(), tensor.data, tensor.data + tensor.bytes);
    return bytes;
  }();
  const auto table = open_safetensors(kGolden + "states/mamba1/state.safetensors");
  const auto model = open_golden("mamba1");
  for (const float factor : {0.0f, 1.0f, 1e-30f, 1e25f}) {  // 0: swapped
    Scratch file;
    std::vector<std::byte> bytes = good;
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
      float value;
      std::memcpy(&value, bytes.data() + i, 4);
      value *= factor == 0 ? 1 : factor;
      std::memcpy(bytes.data() + i, &value, 4);
      if (factor == 0) std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i) + 4);
    }
    std::vector<TensorToWrite> list;
    std::size_t at = 0;
    for (const TensorView& tensor : table->all()) {
      list.push_back({tensor.name, tensor.dtype, tensor.shape, bytes.data() + at});
      at += tensor.bytes;
    }
    REQUIRE(write_safetensors(file.string(), list, table->metadata()));
    const auto loaded = load_state<float>(file.string(), model->schema(), "");
    const auto contents = read_state_file(file.string());
    CAPTURE(factor);
    CHECK(static_cast<bool>(loaded) == (factor != 0));
    CHECK(static_cast<bool>(contents) == (factor != 0));
    if (loaded) continue;
    CHECK(loaded.error().code == Code::mismatch);
    CHECK(loaded.error().field == "byte order");
    CHECK(contents.error().field == "byte order");
  }
}

TEST_CASE("state file: a missing file and a model's weights are refused") {
  CHECK(refusal("/nowhere/state.safetensors").code == Code::not_found);
  const std::string weights = kGolden + "mamba1/model.safetensors";
  CHECK(refusal(weights).code == Code::wrong_kind);
  CHECK_FALSE(read_state_file(weights));
}

// Values are compared with what was saved: a flip in the name of an entry that nobody needs may leave the file valid.
TEST_CASE("state file: cut at any byte, or with any bit flipped, it is refused or unharmed") {
  Scratch file;
  const auto schema = std::make_shared<const StateSchema>(
      "tiny", std::vector<LayerSchema>{{.kind = "tiny",
                                        .tensors = {{.name = "conv_state", .layout = Layout::columns, .shape = {2, 3}},
                                                    {.name = "ssm_state", .layout = Layout::tiles, .shape = {3, 2}}}}});
  const State state = filled<float>(schema);
  REQUIRE(save_state(file.string(), state, "0123456789abcdef"));
  const std::string good = read_file(file.string(), 1 << 20).take();
  const auto opened = [&] { return load_state<float>(file.string(), schema, "0123456789abcdef"); };
  std::fstream bytes(file.path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t at, char byte) { bytes.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
  int unharmed = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    put(bit / 8, static_cast<char>(good[bit / 8] ^ (1 << bit % 8)));
    auto loaded = opened();
    put(bit / 8, good[bit / 8]);
    if (!loaded) continue;
    CAPTURE(bit);
    ++unharmed;
    REQUIRE(same_bits(loaded->state, state));
    REQUIRE(mentions(loaded->warnings, "checksum"));
  }
  CHECK(unharmed < 64);  // only flips of the eight letters of "checksum" itself
  CHECK(opened());
  for (std::size_t size = good.size(); size-- > 0;) {
    fs::resize_file(file.path, size);
    REQUIRE_FALSE(opened());
  }
}
