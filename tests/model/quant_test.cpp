// Quantised blocks: their values against the published package, and their products against those of float32 matrices.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "model/base/block_types.h"
#include "model/families/reading.h"
#include "model/math/dequantise.h"
#include "tests/model/support.h"
#include "tests/temporary_folder.h"

using namespace lab;
using namespace lab::test;

namespace {

constexpr DType kBlocks[] = {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0,
                             DType::q5_1, DType::q4_k, DType::q5_k, DType::q6_k};

// Bytes at an address that is even and no more.
class Bytes2 {
 public:
  explicit Bytes2(std::span<const std::byte> bytes) : kept_(bytes.size() + 66) {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(kept_.data()) % 64;
    at_ = kept_.data() + (66 - past) % 64;
    std::copy(bytes.begin(), bytes.end(), at_);
  }
  const std::byte* data() const { return at_; }

 private:
  std::vector<std::byte> kept_;
  std::byte* at_;
};

// Random blocks whose values are finite and near 1: every byte random but the upper ones of the 16-bit scales.
std::vector<std::byte> random_blocks(DType type, std::int64_t values, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(bytes_of(type, values));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  const bool two = type == DType::q4_1 || type == DType::q5_1 || type == DType::q4_k || type == DType::q5_k;
  for (std::size_t at = type == DType::q6_k ? 208 : 0; at < bytes.size(); at += size_of(type)) {
    bytes[at + 1] = static_cast<std::byte>(random() % 2 * 0x80 + 0x1C);  // 2^-8 and a little more, of both signs
    if (two) bytes[at + 3] = static_cast<std::byte>(random() % 2 * 0x80 + 0x1C);
  }
  return bytes;
}

// Blocks and the float32 matrix that they stand for.
struct Pair {
  Pair(DType type, std::int64_t rows, std::int64_t cols)
      : stored(random_blocks(type, rows * cols, 9)), values(static_cast<std::size_t>(rows * cols)) {
    blocks = {stored.data(), type, rows, cols};
    dequantise(type, stored.data(), values);
    plain = {reinterpret_cast<const std::byte*>(values.data()), DType::f32, rows, cols};
  }
  Bytes2 stored;
  std::vector<float> values;
  Matrix blocks, plain;
};

std::vector<float> random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

template <class Real>
std::vector<Real> product(Math<Real>& math, const Matrix& w, const std::vector<Real>& bias, const std::vector<Real>& x) {
  const std::int64_t tokens = static_cast<std::int64_t>(x.size()) / w.cols;
  std::vector<Real> y(static_cast<std::size_t>(tokens * w.rows));
  math.linear(w, bias, {x.data(), tokens, w.cols}, {y.data(), tokens, w.rows});
  return y;
}

// A checkpoint whose matrices `replace` may change.
template <class Replace>
Checkpoint with_matrices(Checkpoint checkpoint, Replace replace) {
  auto table = std::make_shared<TensorTable>();
  for (TensorView tensor : checkpoint.tensors->all()) {
    if (tensor.shape.size() == 2) replace(tensor, *table);
    table->add(tensor);
  }
  table->keep_alive(checkpoint.tensors);
  checkpoint.tensors = table;
  return checkpoint;
}

template <class Number>
void put(TensorView& tensor, TensorTable& table, DType type, std::vector<Number> numbers) {
  auto kept = std::make_shared<std::vector<Number>>(std::move(numbers));
  tensor.dtype = type;
  tensor.data = reinterpret_cast<const std::byte*>(kept->data());
  tensor.bytes = kept->size() * sizeof(Number);
  table.keep_alive(kept);
}

std::vector<float> logits_of(const Checkpoint& checkpoint) {
  auto model = load_model(checkpoint);
  REQUIRE_MESSAGE(model, model.error().text());
  Context<float> context;
  return run(**model, random_tokens(5, (*model)->info().vocabulary), context).logits;
}

Checkpoint small_checkpoint() {
  auto checkpoint = random_checkpoint({.family = "mamba1", .hidden = 64, .vocabulary = 50, .state_size = 16});
  REQUIRE(checkpoint);
  return *checkpoint;
}

}  // namespace

TEST_CASE("blocks: values of every type are those of the published package, bit for bit, at any even address") {
  const auto table = open_safetensors(kGolden + "quant/blocks.safetensors");
  REQUIRE(table);
  for (const DType type : kBlocks)
    for (const char* part : {".rows", ".random"}) {
      const std::string name = std::string(name_of(type)) + part;
      CAPTURE(name);
      const TensorView *blocks = table->find(name + ".blocks"), *values = table->find(name + ".values");
      REQUIRE(blocks != nullptr);
      REQUIRE(values != nullptr);
      REQUIRE(bytes_of(type, values->elements()) == blocks->bytes);
      const Bytes2 stored({blocks->data, blocks->bytes});
      std::vector<float> ours(static_cast<std::size_t>(values->elements()));
      dequantise(type, stored.data(), ours);
      CHECK(std::memcmp(ours.data(), values->data, values->bytes) == 0);
      const Matrix w{stored.data(), type, values->shape[0], values->shape[1]};
      std::vector<float> row(static_cast<std::size_t>(w.cols));
      Math<float>().embed(w, w.rows - 1, row);
      CHECK(std::equal(row.begin(), row.end(), ours.end() - w.cols));
    }
}

TEST_CASE("blocks: scales and minima of Q4_K have six bits in twelve bytes") {
  std::vector<std::byte> block(size_of(DType::q4_k), std::byte{0x21});
  const std::uint8_t head[] = {0x00, 0x3C, 0x00, 0x3C, 0xC1, 0x82, 0x43, 0x3F, 0x45, 0xC6, 0x07, 0x88, 0x9A, 0x5B, 0xF1, 0x2E};
  std::memcpy(block.data(), head, sizeof head);  // both halves are 1
  const Matrix w{block.data(), DType::q4_k, 1, 256};
  const float scales[] = {1, 2, 3, 63, 58, 43, 17, 14}, minima[] = {5, 6, 7, 8, 25, 53, 15, 34};
  for (int run = 0; run < 8; ++run) {
    const BlockValue value = block_value(w, 0, 32 * run + 7);
    CAPTURE(run);
    CHECK(value.scale == scales[run]);
    CHECK(value.minimum == -minima[run]);
    CHECK(value.quant == 1 + run % 2);
    CHECK(value.value == scales[run] * static_cast<float>(1 + run % 2) - minima[run]);
  }
}

TEST_CASE("blocks: a Q8_0 block by hand") {
  std::vector<std::byte> block(size_of(DType::q8_0));
  const std::uint8_t head[] = {0x1F, 0x21, 50, 0x81, 30, 100};
  std::memcpy(block.data(), head, sizeof head);
  const Matrix w{block.data(), DType::q8_0, 1, 32};
  const int quants[] = {50, -127, 30, 100, 0};
  for (int i = 0; i < 5; ++i) {
    const BlockValue value = block_value(w, 0, i);
    CHECK(value.quant == quants[i]);
    CHECK(value.scale == 0.010002136230468750f);
    CHECK(value.value == 0.010002136230468750f * static_cast<float>(quants[i]));
  }
}

TEST_CASE("blocks: every value is its scale times its quant plus its minimum") {
  for (const DType type : kBlocks) {
    const Pair pair(type, 3, 512);
    int wrong = 0;
    for (std::int64_t i = 0; i < 3 * 512; ++i) {
      const BlockValue value = block_value(pair.blocks, i / 512, i % 512);
      wrong += value.value != pair.values[static_cast<std::size_t>(i)];
      wrong += value.scale * static_cast<float>(value.quant) + value.minimum != value.value;
      wrong += block_value(pair.plain, i / 512, i % 512).value != value.value;
    }
    CAPTURE(name_of(type));
    CHECK(wrong == 0);
  }
}

TEST_CASE("blocks: a product has the bits of the product of their float32 values, on every set, for any tokens and threads") {
  constexpr std::int64_t rows = 61, tokens = 11;
  for (const DType type : kBlocks)
    for (const std::int64_t blocks : {1, 3}) {
      const std::int64_t cols = blocks * block_length(type);
      const Pair pair(type, rows, cols);
      const std::vector<float> x = random_values(tokens * cols, 6), bias = random_values(rows, 5);
      Math<float> plain(1, "generic");
      const std::vector<float> expected = product(plain, pair.plain, bias, x);
      for (const char* name : instruction_sets())
        for (const int threads : {1, 3}) {
          CAPTURE(name_of(type));
          CAPTURE(name);
          Math<float> math(threads, name);
          CHECK(same_bits(product(math, pair.blocks, bias, x), expected));
          for (std::int64_t t = 0; t < tokens; t += 5) {
            const std::vector<float> one(x.begin() + t * cols, x.begin() + (t + 1) * cols);
            CHECK(same_bits(std::span<const float>(product(math, pair.blocks, bias, one)),
                            std::span(expected).subspan(static_cast<std::size_t>(t * rows), rows)));
          }
        }
    }
}

TEST_CASE("blocks: an infinite scale reaches a product as it reaches float32 values") {
  int infinite = 0;
  for (const DType type : kBlocks) {
    const std::int64_t cols = block_length(type);
    std::vector<std::byte> bytes(size_of(type), std::byte{0x77});  // quants of one sign in most types
    const std::uint16_t scale = 0x7C00;
    std::memcpy(bytes.data() + (type == DType::q6_k ? 208 : 0), &scale, sizeof scale);
    std::vector<float> values(static_cast<std::size_t>(cols));
    dequantise(type, bytes.data(), values);
    const Matrix blocks{bytes.data(), type, 1, cols},
        plain{reinterpret_cast<const std::byte*>(values.data()), DType::f32, 1, cols};
    for (const char* name : instruction_sets()) {
      CAPTURE(name_of(type));
      CAPTURE(name);
      Math<float> math(1, name);
      const std::vector<float> x(static_cast<std::size_t>(cols), -1.0f);
      const float ours = product(math, blocks, {}, x)[0], expected = product(math, plain, {}, x)[0];
      CHECK((std::isnan(expected) ? std::isnan(ours) : ours == expected));
      infinite += std::isinf(expected);
    }
  }
  CHECK(infinite >= 6 * static_cast<int>(instruction_sets().size()));
}

TEST_CASE("blocks: the oracle multiplies the float32 values in double") {
  for (const DType type : kBlocks) {
    const Pair pair(type, 5, 512);
    const std::vector<float> x = random_values(2 * 512, 6);
    Math<double> oracle;
    const std::vector<double> exact(x.begin(), x.end());
    CHECK(same_bits(product(oracle, pair.blocks, {}, exact), product(oracle, pair.plain, {}, exact)));
    std::vector<double> row(512);
    oracle.embed(pair.blocks, 4, row);
    CHECK(std::equal(row.begin(), row.end(), pair.values.end() - 512));
  }
}

TEST_CASE("numbers: weights in double precision are rounded to float32") {
  constexpr std::int64_t rows = 29, cols = 37;
  std::vector<double> doubles;
  for (const float value : random_values(rows * cols, 2)) doubles.push_back(static_cast<double>(value) * (1 + 0x1.8p-25));
  const std::vector<float> floats(doubles.begin(), doubles.end()), x = random_values(4 * cols, 3);
  const std::vector<float> one(x.begin(), x.begin() + cols);
  const Matrix wide{reinterpret_cast<const std::byte*>(doubles.data()), DType::f64, rows, cols},
      plain{reinterpret_cast<const std::byte*>(floats.data()), DType::f32, rows, cols};
  for (const char* name : instruction_sets()) {
    Math<float> math(1, name);
    CAPTURE(name);
    CHECK(same_bits(product(math, wide, {}, x), product(math, plain, {}, x)));
    CHECK(same_bits(product(math, wide, {}, one), product(math, plain, {}, one)));
  }
  const TensorView tensor{.name = "w", .dtype = DType::f64, .shape = {rows, cols}, .data = wide.data, .bytes = wide.bytes()};
  CHECK(same_bits(rows_of(tensor, 3, 7), std::vector<float>(floats.begin() + 3 * cols, floats.begin() + 7 * cols)));
}

TEST_CASE("blocks: a model with quantised matrices runs as one with their float32 values") {
  for (const DType type : {DType::q8_0, DType::q5_1}) {
    const Checkpoint blocks = with_matrices(small_checkpoint(), [&](TensorView& tensor, TensorTable& table) {
      if (tensor.shape[1] % 32 == 0)
        put(tensor, table, type, random_blocks(type, tensor.elements(), static_cast<unsigned>(tensor.shape[0])));
    });
    const Checkpoint plain = with_matrices(blocks, [](TensorView& tensor, TensorTable& table) {
      put(tensor, table, DType::f32, rows_of(tensor, 0, tensor.shape[0]));
    });
    const std::vector<float> logits = logits_of(blocks);
    CHECK(same_bits(logits, logits_of(plain)));
    CHECK(!same_bits(logits, logits_of(small_checkpoint())));
  }
}

TEST_CASE("weights: a vector stored in blocks is read as its values") {
  TensorTable table;
  TensorView tensor{.name = "v", .shape = {64}};
  put(tensor, table, DType::q4_0, random_blocks(DType::q4_0, 64, 1));
  const std::vector<float> expected = rows_of(tensor, 0, 1);
  table.add(tensor);
  CHECK(same_bits(vector_of<float>(table, "v"), expected));
  CHECK(vector_of<double>(table, "v") == std::vector<double>(expected.begin(), expected.end()));
}

TEST_CASE("weights: tensors in double precision are noted when a folder is opened, and used") {
  const TemporaryFolder folder;
  std::filesystem::copy_file(kGolden + "mamba1/config.json", folder / "config.json");
  auto golden = open_checkpoint(kGolden + "mamba1");
  REQUIRE(golden);
  const Checkpoint wide = with_matrices(*golden, [](TensorView& tensor, TensorTable& table) {
    const std::vector<float> values = rows_of(tensor, 0, tensor.shape[0]);
    put(tensor, table, DType::f64, std::vector<double>(values.begin(), values.end()));
  });
  std::vector<TensorToWrite> tensors;
  for (const TensorView& tensor : wide.tensors->all()) tensors.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.data});
  REQUIRE(write_safetensors(folder / "model.safetensors", tensors, {}));
  const auto opened = open_checkpoint(folder.path.string());
  REQUIRE(opened);
  REQUIRE(opened->warnings.size() == 1);
  CHECK(opened->warnings[0].find("F64") != std::string::npos);
  CHECK(same_bits(logits_of(*opened), logits_of(*golden)));
}

TEST_CASE("numbers: types of GGUF are found by their ids, with what a block takes") {
  std::set<std::uint32_t> ids;
  for (const BlockType& type : kBlockTypes) {
    CHECK(ids.insert(type.id).second);
    CHECK(find_block_type(type.id) == &type);
    if (type.dtype) CHECK(std::string(type.name) == name_of(*type.dtype));
  }
  const BlockType* q4_k = find_block_type(12);
  REQUIRE(q4_k != nullptr);
  CHECK(std::string(q4_k->name) == "Q4_K");
  CHECK(q4_k->length == 256);
  CHECK(q4_k->bytes == 144);
  CHECK(q4_k->is_supported());
  CHECK(bytes_of(*q4_k->dtype, 512) == 288);
  REQUIRE(find_block_type(26) != nullptr);
  CHECK(!find_block_type(26)->is_supported());  // I32
  REQUIRE(find_block_type(10) != nullptr);
  CHECK(!find_block_type(10)->is_supported());  // Q2_K
  CHECK(find_block_type(4) == nullptr);         // Q4_2, given up
}
