// PyTorch checkpoints: tensors where they lie, whatever their strides, and a refusal for each way a file can lie.
#include <map>

#include "tests/files/archive_support.h"

using namespace lab;
using namespace lab::test;
using pickled::Tensor;

namespace {

const std::string kSix = raw<float>({0, 1, 2, 3, 4, 5});

Result<TensorTable> parse(const std::string& image) { return parse_torch(bytes_of(image), "f.bin"); }

// A file of tensors; `storages` are "0", "1", ...
std::string image_of(const std::vector<std::pair<std::string, std::string>>& tensors,
                     const std::vector<std::string>& storages = {kSix}) {
  return torch_image(pickled::whole(pickled::dict(tensors)), storages);
}

Error refused(const std::string& bytes) {
  auto table = parse(bytes);
  REQUIRE(!table);
  CHECK(table.error().file == "f.bin");
  CHECK_FALSE(table.error().message.empty());
  return table.error();
}
Error refused(const Tensor& tensor) { return refused(image_of({{"x", tensor.text()}})); }

}  // namespace

TEST_CASE("torch: a contiguous tensor is a view of the file, with every number type") {
  const std::string file = image_of({{"x", Tensor{}.text()}, {"row", Tensor{.offset = 3, .shape = {3}, .strides = {1}}.text()}});
  auto table = parse(file);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->find("x")->shape == std::vector<std::int64_t>{2, 3});
  CHECK(values_of<float>(*table->find("x")) == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(values_of<float>(*table->find("row")) == std::vector<float>{3, 4, 5});
  CHECK(table->find("row")->data == table->find("x")->data + 12);
  const auto* begin = reinterpret_cast<const std::byte*>(file.data());
  CHECK(table->find("x")->data >= begin);
  CHECK(table->find("x")->data < begin + file.size());

  const std::map<std::string, DType> types = {{"FloatStorage", DType::f32},     {"HalfStorage", DType::f16},
                                              {"BFloat16Storage", DType::bf16}, {"DoubleStorage", DType::f64},
                                              {"LongStorage", DType::i64},      {"IntStorage", DType::i32},
                                              {"ShortStorage", DType::i16},     {"CharStorage", DType::i8},
                                              {"ByteStorage", DType::u8},       {"BoolStorage", DType::boolean}};
  for (const auto& [name, dtype] : types) {
    const std::string typed = image_of({{"x", Tensor{.type = name}.text()}}, {std::string(6 * size_of(dtype), '\0')});
    auto read = parse(typed);
    REQUIRE_MESSAGE(read, read.error().text());
    CHECK(read->find("x")->dtype == dtype);
  }
}

TEST_CASE("torch: strides that are not those of a packed row-major tensor are gathered into one") {
  const std::string file = image_of({{"transposed", Tensor{.shape = {3, 2}, .strides = {1, 3}}.text()},
                                     {"column", Tensor{.offset = 1, .shape = {2}, .strides = {3}}.text()},
                                     {"expanded", Tensor{.offset = 5, .shape = {2, 2}, .strides = {0, 0}}.text()},
                                     {"unit", Tensor{.shape = {1, 6, 1}, .strides = {77, 1, INT64_MAX}}.text()},
                                     {"both", Tensor{.shape = {3, 1, 2}, .strides = {1, INT64_MAX, 3}}.text()},
                                     {"scalar", Tensor{.offset = 4, .shape = {}, .strides = {}}.text()},
                                     {"none", Tensor{.offset = 6, .shape = {0, 3}, .strides = {3, 1}}.text()}});
  auto table = parse(file);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(values_of<float>(*table->find("transposed")) == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(values_of<float>(*table->find("both")) == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(values_of<float>(*table->find("column")) == std::vector<float>{1, 4});
  CHECK(values_of<float>(*table->find("expanded")) == std::vector<float>{5, 5, 5, 5});
  CHECK(values_of<float>(*table->find("unit")) == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(values_of<float>(*table->find("scalar")) == std::vector<float>{4});
  CHECK(values_of<float>(*table->find("none")).empty());
}

TEST_CASE("torch: tensors that share a storage go on sharing it, whether memoized or written twice") {
  const std::string file = torch_image(pickled::whole("}(" + pickled::text("a") + Tensor{}.text() + "q\7" + pickled::text("b") +
                                                      "h\7" + pickled::text("c") + Tensor{}.text() + "u"),
                                       {kSix});
  auto table = parse(file);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->find("a")->data == table->find("b")->data);
  CHECK(table->find("a")->data == table->find("c")->data);
  CHECK(table->stored_bytes() == 24);
}

TEST_CASE("torch: a state dict one level down is unwrapped; what is no tensor beside it is not read") {
  const std::string inner = pickled::dict({{"x", Tensor{}.text()}});
  for (const char* key : {"model", "state_dict"}) {
    const std::string file = image_of({{"epoch", "K\5"}, {key, inner}, {"optimizer", pickled::dict({{"step", "K\1"}})}});
    auto table = parse(file);
    REQUIRE_MESSAGE(table, table.error().text());
    CHECK(table->all().size() == 1);
    CHECK(table->find("x"));
  }
  CHECK(refused(image_of({{"a", pickled::dict({{"model", inner}})}})).code == Code::missing);
  CHECK(refused(image_of({})).code == Code::missing);
  CHECK(refused(torch_image(pickled::whole("]"), {})).code == Code::unsupported);
}

TEST_CASE("torch: parameters, metadata and values that are no tensors do not keep a file from loading") {
  const std::string parameter = pickled::global("torch._utils", "_rebuild_parameter") + "(" + Tensor{}.text() + "\x88" +
                                pickled::global("collections", "OrderedDict") + ")RtR";
  const std::string root = pickled::global("collections", "OrderedDict") + ")R(" + pickled::text("p") + parameter +
                           pickled::text("count") + "K\3" + pickled::text("type") + pickled::global("torch", "float32") + "u}" +
                           pickled::text("_metadata") + "}sb";
  const std::string file = torch_image(pickled::whole(root), {kSix});
  auto table = parse(file);
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(table->find("p"));
  CHECK(table->warnings().size() == 2);
}

TEST_CASE("torch: a view beyond its storage is refused, whatever overflows on the way") {
  for (const Tensor& tensor :
       {Tensor{.offset = 1}, Tensor{.offset = -1}, Tensor{.offset = INT64_MAX}, Tensor{.shape = {7}, .strides = {1}},
        Tensor{.shape = {2, 3}, .strides = {4, 1}}, Tensor{.shape = {-2, 3}}, Tensor{.strides = {3, -1}},
        Tensor{.shape = {INT64_MAX, INT64_MAX}, .strides = {INT64_MAX, INT64_MAX}},
        Tensor{.shape = {1 << 30, 1 << 30, 1 << 30}, .strides = {0, 0, 0}},
        Tensor{.shape = {INT64_MAX, INT64_MAX, 0}, .strides = {0, 0, 0}},
        Tensor{.offset = INT64_MAX, .shape = {2}, .strides = {INT64_MAX}}}) {
    const Error error = refused(tensor);
    CHECK(error.code == Code::out_of_range);
    CHECK(error.field == "x");
    CHECK(error.expected == "6 elements");
  }
}

TEST_CASE("torch: a small storage spread over a huge tensor is refused before memory is taken") {
  const Error error = refused(Tensor{.shape = {1 << 30, 1 << 20}, .strides = {0, 0}});
  CHECK(error.code == Code::too_large);
  CHECK(error.field == "x");
}

TEST_CASE("torch: a storage that is not there, or not of the announced size, is named with its tensor") {
  CHECK(refused(Tensor{.key = "9"}).code == Code::missing);
  CHECK(refused(Tensor{.key = "../../etc/passwd"}).code == Code::missing);
  for (const std::int64_t count : {5, 7, -6}) CHECK(refused(Tensor{.count = count}).code == Code::mismatch);
  CHECK(refused(Tensor{.type = "DoubleStorage"}).code == Code::mismatch);
  CHECK(refused(image_of({{"x", Tensor{}.text()}}, {kSix.substr(1)})).code == Code::mismatch);
}

TEST_CASE("torch: shapes of other forms and names that occur twice are refused") {
  CHECK(refused(Tensor{.shape = {2}}).code == Code::mismatch);
  CHECK(refused(Tensor{.shape = std::vector<std::int64_t>(33, 1), .strides = std::vector<std::int64_t>(33, 1)}).code ==
        Code::too_large);
  CHECK(refused(image_of({{"x", Tensor{}.text()}, {"x", Tensor{}.text()}})).code == Code::duplicate);
  CHECK(refused(torch_image(pickled::whole("}(K\1" + Tensor{}.text() + "u"), {kSix})).code == Code::malformed);
}

TEST_CASE("torch: big-endian, compressed and scripted archives are refused by name, with what to do") {
  const std::string pickle = pickled::whole(pickled::dict({{"x", Tensor{}.text()}}));
  Error error = refused(zip_image({Member("m/data.pkl", pickle), Member("m/data/0", kSix), Member("m/byteorder", "big")}));
  CHECK(error.field == "m/byteorder");
  CHECK(error.found == "big");
  error = refused(zip_image({Member("m/data.pkl", pickle, 8), Member("m/data/0", kSix)}));
  CHECK(error.field == "m/data.pkl");
  CHECK(error.code == Code::unsupported);
  for (const char* extra : {"m/code/__torch__.py", "m/constants.pkl", "other/data/0", "m/data/"}) {
    error = refused(torch_image(pickle, {kSix}, {Member(extra, "x")}));
    CHECK(error.code == Code::unsupported);
    CHECK(error.field == extra);
    CHECK(error.next.find("safetensors") != std::string::npos);
  }
}

TEST_CASE("torch: the pickles of old versions are refused with the advice to save again") {
  const Error error = refused(std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15));
  CHECK(error.code == Code::unsupported);
  CHECK(error.next.find("again") != std::string::npos);
}

TEST_CASE("torch: other files are recognised by their bytes") {
  CHECK(refused("GGUF\3").found == "a GGUF file");
  CHECK(refused("<!DOCTYPE html>").found == "a web page");
  CHECK(refused(image("{}", 0)).found == "a safetensors file");
  CHECK(refused("").code == Code::wrong_kind);
  CHECK(refused(zip_image({Member("x.npy", "")})).code == Code::wrong_kind);
}

TEST_CASE("torch: a pickle whose bytes changed is refused by its checksum, and a hostile one by its place") {
  Member damaged("m/data.pkl", pickled::whole("}"));
  damaged.crc ^= 1;
  CHECK(refused(zip_image({damaged})).field == "m/data.pkl");
  const Error error = refused(torch_image(pickled::whole(pickled::global("os", "system") + pickled::text("x") + "\x85R"), {}));
  CHECK(error.found == "os.system");
  CHECK(error.field == "m/data.pkl");
  CHECK(error.offset == 2);
}

TEST_CASE("torch: storages that stay unread at opening are compared with their checksums when somebody asks") {
  const std::string pickle = pickled::whole(pickled::dict({{"x", Tensor{}.text()}}));
  const auto file_with = [&](const std::string& storage) {
    std::string file = torch_image(pickle, {kSix});
    return file.replace(file.find(kSix), storage.size(), storage);
  };
  const std::string good = file_with(kSix), bad = file_with(raw<float>({0, 1, 2, 3, 4, 6}));
  CHECK(parse(good)->damage().empty());
  const auto table = parse(bad);
  REQUIRE_MESSAGE(table, table.error().text());
  const std::vector<Error> damage = table->damage();
  REQUIRE(damage.size() == 1);
  CHECK(damage[0].code == Code::mismatch);
  CHECK(damage[0].field == "m/data/0");
  CHECK(damage[0].file == "f.bin");
}

TEST_CASE("torch: storages that are copied are compared with their checksums before") {
  const std::string pickle = pickled::whole(pickled::dict({{"x", Tensor{.shape = {3, 2}, .strides = {1, 3}}.text()}}));
  std::string file = torch_image(pickle, {kSix});
  CHECK(parse(file));
  ++file[file.find(kSix)];
  const Error error = refused(file);
  CHECK(error.code == Code::mismatch);
  CHECK(error.field == "m/data/0");
}
