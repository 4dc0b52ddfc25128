// One small file of each kind, cut at every byte and with every bit flipped. Archives have checksums: what still opens holds the
// same numbers. The others promise a table of ranges within the file, and no more.
#include <zlib.h>

#include "damage.h"
#include "model/base/hash.h"
#include "model/files/npy.h"
#include "model/files/npz.h"
#include "model/files/shards.h"
#include "model/model.h"
#include "tests/files/archive_support.h"
#include "tests/files/gguf_image.h"

using namespace lab;
using namespace lab::test;

namespace {

const std::string kSix = raw<float>({0, 1, 2, 3, 4, 5});

// Reads every byte of a table whose tensors lie within `bytes`, or in copies.
Status read_all(const Result<TensorTable>& table) {
  if (!table) return table.error();
  for (const TensorView& tensor : table->all()) {
    REQUIRE(bytes_of(tensor.dtype, tensor.elements()) == tensor.bytes);
    hash_bytes(tensor.data, tensor.bytes);
    REQUIRE(table->find(tensor.name) == &tensor);
  }
  if (const std::vector<Error> damage = table->damage(); !damage.empty()) return damage.front();
  return {};
}

// The same, and each tensor that opens holds 0 to 5.
Status read_six(const Result<TensorTable>& table) {
  LAB_TRY(read_all(table));
  for (const TensorView& tensor : table->all()) REQUIRE(std::string(reinterpret_cast<const char*>(tensor.data), tensor.bytes) == kSix);
  return {};
}

std::string npy_image(const std::string& order = "False") {
  const std::string header = "{'descr': '<f4', 'fortran_order': " + order + ", 'shape': (2, 3), }\n";
  return Record().put_text("\x93NUMPY").put(std::uint16_t{1}).put(static_cast<std::uint16_t>(header.size())).put_text(header).text() + kSix;
}

Member deflated(Member member) {
  std::string packed(member.content.size() + 100, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(member.content.data());
  stream.avail_in = static_cast<uInt>(member.content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  member.content = packed;
  member.method = 8;
  return member;
}

std::string torch_file(const pickled::Tensor& tensor) {
  return torch_image(pickled::whole(pickled::dict({{"x", tensor.text()}})), {kSix});
}

std::string gguf_file() {
  GgufImage image;
  image.string("general.architecture", "mamba").integer("mamba.block_count", 2).number("mamba.epsilon", 1e-5f);
  image.array("list", GgufType::i32, 2, bytes_of(1) + bytes_of(-2)).array("texts", GgufType::string, 2, counted("a") + counted(""));
  return image.boolean("yes", true).ones("a.weight", {3, 2}).ones("b", {5}).bytes();
}

Status open_torch_bytes(const std::string& bytes) { return read_all(parse_torch(bytes_of(bytes), "f.bin")); }
Status open_six_in_torch(const std::string& bytes) { return read_six(parse_torch(bytes_of(bytes), "f.bin")); }
Status open_six_in_npz(const std::string& bytes) { return read_six(parse_npz(bytes_of(bytes), "f.npz")); }
Status open_gguf_bytes(const std::string& bytes) {
  const auto gguf = gguf_of(bytes, "f.gguf");
  if (!gguf) return gguf.error();
  for (const GgufEntry& entry : gguf->metadata) REQUIRE_FALSE(entry.value.brief().empty());
  return read_all(gguf->tensors);
}
Status open_npy_bytes(const std::string& bytes) {
  std::shared_ptr<const void> owner;
  const auto tensor = parse_npy(bytes_of(bytes), "x", "f.npy", owner);
  if (!tensor) return tensor.error();
  REQUIRE(bytes_of(tensor->dtype, tensor->elements()) == tensor->bytes);
  hash_bytes(tensor->data, tensor->bytes);
  return {};
}
Status open_index_text(const std::string& text) {
  const OpenShard open = [](const std::string& path) -> Result<TensorTable> {
    REQUIRE(path.starts_with("m/"));
    REQUIRE(path.find_first_of(std::string_view("/\\\0", 3), 2) == path.npos);
    TensorTable table;
    for (const char* name : {"a", "b"})
      if (path == std::string("m/") + name)
        table.add({.name = name, .dtype = DType::u8, .shape = {1}, .data = reinterpret_cast<const std::byte*>(name), .bytes = 1});
    if (table.all().empty()) return Error{.code = Code::not_found, .file = path, .message = "there is no such file"};
    return table;
  };
  return read_all(read_shards(text, "m/i.json", open));
}

}  // namespace

TEST_CASE("damage: a PyTorch file cut anywhere is refused; with any bit flipped it is too, or holds the same numbers") {
  for (const pickled::Tensor& tensor : {pickled::Tensor{}, pickled::Tensor{.shape = {1, 6}, .strides = {77, 1}}}) {
    const std::string good = torch_file(tensor);
    check_truncations(good, open_six_in_torch);
    const std::size_t opened = check_flips(good, 0, good.size(), open_six_in_torch);
    CHECK(opened > 0);  // what nobody reads: versions, times, attributes
    CHECK(opened < good.size() * 8 / 4);
  }
  const std::string strided = torch_file({.shape = {3, 2}, .strides = {1, 3}});
  check_truncations(strided, open_torch_bytes);
  check_flips(strided, 0, strided.size(), open_torch_bytes);
}

TEST_CASE("damage: a NumPy archive cut anywhere is refused; with any bit flipped it is too, or holds the same numbers") {
  for (const bool is_compressed : {false, true}) {
    Member member("x.npy", npy_image());
    const std::string good = zip_image({is_compressed ? deflated(member) : member});
    check_truncations(good, open_six_in_npz);
    const std::size_t opened = check_flips(good, 0, good.size(), open_six_in_npz);
    CHECK(opened > 0);
    CHECK(opened < good.size() * 8 / 4);
  }
}

TEST_CASE("damage: a NumPy array cut anywhere, or with any bit of its header flipped, is refused or a valid one") {
  for (const char* order : {"False", "True"}) {
    const std::string good = npy_image(order);
    check_truncations(good, open_npy_bytes);
    check_flips(good, 0, good.size() - kSix.size(), open_npy_bytes);
  }
}

TEST_CASE("damage: a GGUF file cut anywhere, or with any bit flipped, is refused or a valid one") {
  const std::string good = gguf_file();
  check_truncations(good, open_gguf_bytes);
  check_flips(good, 0, good.size(), open_gguf_bytes);
}

TEST_CASE("damage: an index of shards cut anywhere, or with any bit flipped, is refused or names files that are there") {
  const std::string good = R"({"metadata": {"total_size": 2}, "weight_map": {"a": "a", "b": "b"}})";
  check_truncations(good, open_index_text);
  const std::size_t opened = check_flips(good, 0, good.size(), open_index_text);
  CHECK(opened > 0);
  CHECK(opened < good.size() * 8 / 2);
}

TEST_CASE("damage: every part of a split GGUF model cut anywhere, or with any bit flipped, is refused or a valid one") {
  const Folder folder;
  const auto name = [](int part) { return "m-0000" + std::to_string(part) + "-of-00002.gguf"; };
  const auto part = [](std::uint16_t number) {
    GgufImage image;
    image.value("split.no", GgufType::u16, number).value("split.count", GgufType::u16, std::uint16_t{2});
    return image.value("split.tensors.count", GgufType::i32, std::int32_t{2}).ones(number ? "b" : "a", {2});
  };
  for (const int damaged : {1, 2}) {
    for (const int number : {1, 2}) folder.put(name(number), part(static_cast<std::uint16_t>(number - 1)).bytes());
    const auto open = [&](const std::string& bytes) -> Status {
      folder.put(name(damaged), bytes);
      const auto gguf = open_gguf(folder.at(name(1)));
      if (!gguf) return gguf.error();
      return read_all((*gguf)->tensors);
    };
    const std::string good = part(static_cast<std::uint16_t>(damaged - 1)).bytes();
    check_truncations(good, open);
    check_flips(good, 0, good.size(), open);
  }
}

TEST_CASE("damage: a folder whose configuration is cut or flipped anywhere is refused, or a model that makes a step") {
  const Folder folder;
  for (const char* family : {"mamba1", "mamba2"}) {
    const RandomModel sizes{.family = family, .hidden = 8, .layers = 1, .vocabulary = 5, .state_size = 2, .head_dim = 8};
    const Checkpoint made = random_checkpoint(sizes).take();
    std::vector<TensorToWrite> list;
    for (const TensorView& tensor : made.tensors->all()) list.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.data});
    REQUIRE(write_safetensors(folder.at("model.safetensors"), list, {}));
    const auto open = [&](const std::string& bytes) -> Status {
      folder.put("config.json", bytes);
      LAB_ASSIGN(const Checkpoint checkpoint, open_checkpoint(folder.path.string()));
      LAB_ASSIGN(const auto model, load_model(checkpoint));
      REQUIRE(model->info().hidden == 8);
      return {};
    };
    const std::string good = std::string(R"({"model_type": ")") + (family == std::string("mamba1") ? "mamba" : "mamba2") +
                             R"(", "hidden_size": 8, "num_hidden_layers": 1, "vocab_size": 5, "expand": 2, "state_size": 2, )" +
                             R"("conv_kernel": 4, )" +
                             R"("time_step_rank": 1, "num_heads": 2, "head_dim": 8, "n_groups": 1, "time_step_limit": [0.0, Infinity], )" +
                             R"("layer_norm_epsilon": 1e-5, "tie_word_embeddings": true})";
    check_truncations(good, open);
    check_flips(good, 0, good.size(), open);
  }
}
