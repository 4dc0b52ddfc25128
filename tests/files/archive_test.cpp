// Zip archives and NumPy's arrays in them.
#include <zlib.h>

#include "model/files/npy.h"
#include "model/files/npz.h"
#include "model/files/zip.h"
#include "tests/files/archive_support.h"

using namespace lab;
using namespace lab::test;

namespace {

Error refused_zip(const std::string& image) {
  auto members = read_zip(bytes_of(image), "a.zip");
  REQUIRE(!members);
  CHECK(members.error().file == "a.zip");
  CHECK(members.error().offset >= 0);
  return members.error();
}

// An array as NumPy writes it: version 1, header, data.
std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
  Record record;
  record.put_text("\x93NUMPY").put(version).put(char{0});
  if (version == 1)
    record.put(static_cast<std::uint16_t>(dictionary.size()));
  else
    record.put(static_cast<std::uint32_t>(dictionary.size()));
  return record.put_text(dictionary).text() + data;
}
std::string header(const std::string& type, const std::string& shape, const char* order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }  \n";
}

std::shared_ptr<const void> owner;
Result<TensorView> parse(const std::string& image) { return parse_npy(bytes_of(image), "x", "f.npz", owner); }
Code refused_npy(const std::string& image) {
  auto tensor = parse(image);
  REQUIRE(!tensor);
  CHECK(tensor.error().field == "x");
  return tensor.error().code;
}

std::string deflated(const std::string& content) {
  std::string packed(content.size() + 100, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}
Member compressed(const std::string& name, const std::string& content) {
  Member member(name, content);
  member.content = deflated(content);
  member.method = 8;
  return member;
}

Result<TensorTable> parse_archive(const std::vector<Member>& members) {
  static std::string image;  // outlives the table
  image = zip_image(members);
  return parse_npz(bytes_of(image), "f.npz");
}

const std::string kThree = raw<float>({1, 2, 3});

}  // namespace

TEST_CASE("zip: names that lead out of the archive, or occur twice, are refused") {
  for (const std::string& name : {std::string("../x"), std::string("/x"), std::string("a/../x"), std::string("a\\x"),
                                  std::string("a\0b", 3), std::string("a/.."), std::string()})
    CHECK(refused_zip(zip_image({Member(name, "1")})).code == Code::malformed);
  CHECK(refused_zip(zip_image({Member("a", "1"), Member("a", "2")})).code == Code::duplicate);
  CHECK(read_zip(bytes_of(zip_image({Member("a/..b", "1"), Member("a/b..", "2")})), ""));
}

TEST_CASE("zip: headers that disagree with the directory are refused by the member") {
  Member renamed("a", "1");
  renamed.local_name = "b";
  CHECK(refused_zip(zip_image({renamed})).code == Code::mismatch);
  Member sized("a", "1");
  sized.size = 2;
  CHECK(refused_zip(zip_image({sized})).code == Code::mismatch);
  Member locked("a", "1");
  locked.flags = zip::kEncrypted;
  CHECK(refused_zip(zip_image({locked})).code == Code::unsupported);
}

TEST_CASE("zip: what lies beyond the file is refused: counts, the directory, members, extra fields") {
  const std::string whole = zip_image({Member("a", "12345")});
  const std::size_t end = whole.size() - zip::kEndBytes, directory = end - zip::kCentralBytes - 1;
  const auto with = [&](std::size_t at, const std::string& bytes) { return std::string(whole).replace(at, bytes.size(), bytes); };
  const std::string most("\xff\xff", 2), huge("\xfe\xff\xff\xff", 4);
  CHECK(refused_zip("").code == Code::truncated);
  CHECK(refused_zip("PK\5\6").code == Code::truncated);
  CHECK(refused_zip(with(end + 10, most)).code == Code::too_large);
  CHECK(refused_zip(with(end + 12, huge)).code == Code::truncated);
  CHECK(refused_zip(with(end + 16, huge)).code == Code::truncated);
  CHECK(refused_zip(with(end + 16, std::string("\1", 1))).code == Code::malformed);
  CHECK(refused_zip(with(directory + 28, most)).code == Code::truncated);
  CHECK(refused_zip(with(directory + 42, huge)).code == Code::truncated);
  CHECK(refused_zip(with(directory + 20, huge + huge)).code == Code::truncated);
  CHECK(refused_zip(with(end + 10, std::string(1, '\0'))).code == Code::mismatch);
}

TEST_CASE("zip: members that overlap are refused with both names") {
  std::string image = zip_image({Member("a", "12345"), Member("b", "1")});
  // The first member says it reaches into the second.
  const std::size_t directory = image.find("PK\1\2");
  for (const std::size_t size : {std::size_t{18}, std::size_t{22}, directory + 20, directory + 24}) image[size] = 20;
  const Error error = refused_zip(image);
  CHECK(error.code == Code::overlap);
  CHECK(error.field == "b");
}

TEST_CASE("zip: more than 4096 members are refused") {
  std::vector<Member> members;
  for (int i = 0; i < 4097; ++i) members.emplace_back(std::to_string(i), "");
  CHECK(refused_zip(zip_image(members)).code == Code::too_large);
  members.pop_back();
  CHECK(read_zip(bytes_of(zip_image(members)), "")->size() == 4096);
}

TEST_CASE("npz: what is written is read again, 64-bit sizes and metadata included") {
  const Folder folder;
  TensorTable table;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  table.add({.name = "L0.mix.h", .shape = {2, 3}, .data = reinterpret_cast<const std::byte*>(values.data()), .bytes = 24});
  table.add({.name = "scalar", .shape = {}, .data = reinterpret_cast<const std::byte*>(values.data()), .bytes = 4});
  table.add_metadata("format", "statelab-reference/1");
  REQUIRE(write_npz(folder.at("a.npz"), table));
  auto read = open_npz(folder.at("a.npz"));
  REQUIRE_MESSAGE(read, read.error().text());
  CHECK(values_of<float>(*read->find("L0.mix.h")) == values);
  CHECK(read->find("L0.mix.h")->shape == std::vector<std::int64_t>{2, 3});
  CHECK(read->find("scalar")->shape.empty());
  CHECK(*read->metadata("format") == "statelab-reference/1");
  CHECK(read->warnings().empty());
}

TEST_CASE("npz: compressed members are read like stored ones") {
  const std::string array = npy(header("<f4", "(3,)"), kThree);
  auto table = parse_archive({compressed("a.npy", array), Member("b.npy", array), Member("notes.txt", "x")});
  REQUIRE_MESSAGE(table, table.error().text());
  for (const char* name : {"a", "b"}) CHECK(values_of<float>(*table->find(name)) == std::vector<float>{1, 2, 3});
  CHECK(table->warnings().size() == 1);
}

TEST_CASE("npz: content that disagrees with its checksum or its announced size is refused") {
  const std::string array = npy(header("<f4", "(3,)"), kThree);
  for (const Member& whole : {Member("a.npy", array), compressed("a.npy", array)}) {
    Member member = whole;
    member.crc ^= 1;
    CHECK(parse_archive({member}).error().code == Code::mismatch);
  }
  Member longer = compressed("a.npy", array);
  ++longer.size;
  CHECK(parse_archive({longer}).error().code == Code::malformed);
  Member cut = compressed("a.npy", array);
  cut.content.pop_back();
  CHECK(parse_archive({cut}).error().code == Code::malformed);
  Member other("a.npy", array, 12);
  CHECK(parse_archive({other}).error().code == Code::unsupported);
}

TEST_CASE("npz: an archive that announces more than it can hold, or inflates to too much, is refused before it is") {
  Member lie = compressed("a.npy", "abc");
  lie.size = 1u << 30;
  Error error = parse_archive({lie}).error();
  CHECK(error.code == Code::too_large);
  Member bomb = compressed("a.npy", std::string(1 << 20, '\0'));
  while (bomb.content.size() < (256u << 10)) bomb.content += bomb.content;
  bomb.size = 200u << 20;
  error = parse_archive({bomb}).error();
  CHECK(error.code == Code::too_large);
  CHECK(error.found == std::to_string(200u << 20));
}

TEST_CASE("npz: other files are recognised by their bytes") {
  const std::string web = "<!DOCTYPE html>";
  CHECK(parse_npz(bytes_of(web), "f").error().found == "a web page");
  CHECK(parse_npz({}, "f").error().code == Code::wrong_kind);
}

TEST_CASE("npy: every number type and version is read") {
  const std::pair<const char*, DType> types[] = {{"<f2", DType::f16},    {"<f4", DType::f32}, {"<f8", DType::f64},
                                                 {"<i4", DType::i32},    {"<i8", DType::i64}, {"|u1", DType::u8},
                                                 {"|b1", DType::boolean}};
  for (const auto& [name, dtype] : types)
    for (const char version : {1, 2, 3}) {
      const std::string image = npy(header(name, "(2, 3)"), std::string(6 * size_of(dtype), '\1'), version);
      auto tensor = parse(image);
      REQUIRE_MESSAGE(tensor, tensor.error().text());
      CHECK(tensor->dtype == dtype);
      CHECK(tensor->shape == std::vector<std::int64_t>{2, 3});
    }
  const Folder folder;
  auto table = open_npy(folder.put("weights.npy", npy(header("<f4", "(3,)"), kThree)));
  REQUIRE_MESSAGE(table, table.error().text());
  CHECK(values_of<float>(*table->find("weights")) == std::vector<float>{1, 2, 3});
}

TEST_CASE("npy: Fortran order is brought to rows") {
  const std::string image = npy(header("<f4", "(2, 3)", "True"), raw<float>({0, 3, 1, 4, 2, 5}));
  auto tensor = parse(image);
  REQUIRE_MESSAGE(tensor, tensor.error().text());
  CHECK(values_of<float>(*tensor) == std::vector<float>{0, 1, 2, 3, 4, 5});
  const std::string cube = npy(header("|u1", "(2, 1, 2)", "True"), "abcd");
  CHECK(values_of<char>(*parse(cube)) == std::vector<char>{'a', 'c', 'b', 'd'});
}

TEST_CASE("npy: headers that are not those of plain numbers are refused by code and array [NZ2]") {
  const auto of_type = [](const std::string& type) { return npy(header(type, "(3,)"), kThree); };
  const auto of_shape = [](const std::string& shape) { return npy(header("<f4", shape), kThree); };
  const auto of_order = [](const std::string& order) { return npy(header("<f4", "(3,)", order.c_str()), kThree); };
  const auto whole = [](const std::string& text) { return npy(text, kThree); };
  struct Case {
    std::string image;
    Code code;
  };
  std::vector<Case> cases;
  const auto all = [&](Code code, const auto& make, std::initializer_list<const char*> texts) {
    for (const char* text : texts) cases.push_back({make(text), code});
  };
  all(Code::unsupported, of_type,
      {"|O", ">f4", "<U5", "<c8", "|S3", "<M8[ns]", "<f16", "", "f4", "=f4", "|f4", "!f4", "<f4 ", " <f4", "<F4", "<f", "<f3", "<i3", "<b1",
       "<?", "|V4", "|V0", "<m8", "<f4,<f4", "float32", "<g", "4"});
  all(Code::malformed, of_shape,
      {"3", "[3]", "(3", "3,)", "()x", "(3 3)", "(-3,)", "(+3,)", "(,)", "(,3)", "(3,,)", "(3.0,)", "(3e0,)", "(0x3,)", "(3L,)", "(3_0,)", "((3,),)",
       "(None,)", "(True,)", "('3',)", "(99999999999999999999,)", "(9223372036854775808,)", "(__import__('os'),)", "{3}"});
  all(Code::malformed, of_order, {"1", "0", "true", "TRUE", "None", "'False'", "", "False or True", "Falsey"});
  all(Code::malformed, whole,
      {"", "{", "{}", "}", "[]", "{'descr': '<f4'", "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (3,)}",
       "{'fortran_order': False, 'shape': (3,)}", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
       "{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (3,)}",
       "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'shape': (3,)}",
       "{'Descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "{'x': 1, 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
       "{descr: '<f4', 'fortran_order': False, 'shape': (3,)}", "{'descr' '<f4', 'fortran_order': False, 'shape': (3,)}",
       "{'descr': <f4, 'fortran_order': False, 'shape': (3,)}", "{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}",
       "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}}",
       "dict(descr='<f4', fortran_order=False, shape=(3,))"});
  std::string ones = "(1";
  for (int i = 0; i < 32; ++i) ones += ",1";
  cases.push_back({of_shape(ones + ")"), Code::malformed});
  cases.push_back({whole(std::string("{'descr': '<f4\0', 'fortran_order': False, 'shape': (3,)}", 55)), Code::unsupported});
  cases.push_back({whole("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n"), Code::unsupported});
  all(Code::truncated, of_shape, {"(4,)", "(2, 2)", "(3, 3)", "(4294967296,)"});
  all(Code::mismatch, of_shape, {"(2,)", "()", "(0,)", "(0, 3)"});
  all(Code::too_large, of_shape, {"(9223372036854775807,)", "(1099511627776, 1099511627776)"});
  cases.push_back({npy(header("<f4", "(3,)"), kThree + "x"), Code::mismatch});
  cases.push_back({npy(header("<f4", "(3,)"), kThree.substr(1)), Code::truncated});
  for (const char version : {'\0', '\4', '\xff'}) cases.push_back({npy(header("<f4", "(3,)"), kThree, version), Code::unsupported});
  cases.push_back({std::string("\x93NUMPY\1\0", 8), Code::truncated});
  cases.push_back({std::string("\x93NUMPY\1\0\xff\xff{}{}", 14), Code::truncated});
  cases.push_back({std::string("\x93NUMPY\2\0\0\0\x80\0{}", 14), Code::too_large});
  for (const char* start : {"", "\x93NUMP", "NUMPY", "\x93numpy\1", "PK\3\4", "GGUF"}) cases.push_back({start, Code::wrong_kind});
  CHECK(cases.size() >= 100);
  for (const Case& one : cases) {
    CAPTURE(printable(one.image));
    CHECK(name_of(refused_npy(one.image)) == std::string(name_of(one.code)));
  }
  CHECK(parse(npy(header("|O", "(1,)"), "")).error().found == "Python objects ('|O')");
}
