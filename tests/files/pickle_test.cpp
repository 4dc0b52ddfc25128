// Pickles: the opcodes of data run, everything else is refused by its name and place, and nothing can be made to grow.
#include "model/files/pickle.h"

#include "tests/files/archive_support.h"

using namespace lab;
using namespace lab::test;
using Kind = PickleValue::Kind;

namespace {

Result<Pickle> read(const std::string& text) { return read_pickle(bytes_of(text), "f.bin", "data.pkl"); }

Error refused(const std::string& text) {
  auto pickle = read(text);
  REQUIRE(!pickle);
  CHECK(pickle.error().file == "f.bin");
  CHECK(pickle.error().field == "data.pkl");
  CHECK(pickle.error().offset >= 0);
  CHECK(pickle.error().next.find("safetensors") != std::string::npos);
  return pickle.error();
}
Error refused_opcodes(const std::string& opcodes) { return refused(pickled::whole(opcodes)); }

// The root of a pickle of one value.
PickleValue value_of(const std::string& opcodes) {
  const std::string text = pickled::whole(opcodes);
  auto pickle = read(text);
  REQUIRE_MESSAGE(pickle, pickle.error().text());
  PickleValue root = pickle->at(pickle->root);
  root.text = {};  // it points into `text`
  return root;
}

}  // namespace

TEST_CASE("pickle: integers of every width have their value") {
  CHECK(value_of("K\xff").integer == 255);
  CHECK(value_of("M\x01\x02").integer == 0x0201);
  CHECK(value_of("J\xfe\xff\xff\xff").integer == -2);
  CHECK(value_of(std::string("\x8a\x00", 2)).integer == 0);
  CHECK(value_of("\x8a\x01\xff").integer == -1);
  CHECK(value_of(std::string("\x8a\x02\xff\x00", 4)).integer == 255);
  CHECK(value_of("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f").integer == INT64_MAX);
}

TEST_CASE("pickle: containers hold what was put into them, and the memo gives it again") {
  const std::string memo = std::string("r\2\1\0\0", 5), again = std::string("j\2\1\0\0", 5);
  const std::string padded = std::string(300, ')');  // so that the index 258 is within the pickle's size
  const PickleValue root = value_of("(](N\x88\x89" + ("G" + std::string(8, '\0')) + "e" + padded + "(" + pickled::text("a") +
                                    "U\1bt" + memo + again + "t");
  CHECK(root.kind == Kind::tuple);
  CHECK(root.items.size() == 303);
  CHECK(root.items[301] == root.items[302]);
}

TEST_CASE("pickle: a dict built item by item is the dict built at once") {
  const auto items = [](const std::string& opcodes) { return value_of(opcodes).items.size(); };
  CHECK(items("}" + pickled::text("a") + "NsK\1Ns") == 4);
  CHECK(items("}(" + pickled::text("a") + "NK\1Nu") == 4);
  CHECK(items(pickled::global("collections", "OrderedDict") + ")R" + pickled::text("a") + "Ns") == 2);
  CHECK(items(pickled::global("collections", "OrderedDict") + ")\x81" + pickled::text("a") + "Ns") == 2);
  CHECK(items("}" + ("}" + pickled::text("_metadata") + "}s") + "b") == 0);
}

TEST_CASE("pickle: names that import something are refused with what they name and where; nothing runs") {
  for (const auto& [module, name] : {std::pair<std::string, std::string>{"os", "system"},
                                     {"posix", "system"},
                                     {"builtins", "eval"},
                                     {"__builtin__", "getattr"},
                                     {"torch", "load"},
                                     {"torch._utils", "_rebuild_tensor_v3"},
                                     {"torch.storage", "_load_from_bytes"},
                                     {"collections", "OrderedDict.fromkeys"},
                                     {"", ""}}) {
    const Error error = refused_opcodes(pickled::global(module, name) + "(" + pickled::text("echo owned") + "tR");
    CHECK(error.code == Code::unsupported);
    CHECK(error.found == module + "." + name);
    CHECK(error.offset == 2);
  }
}

TEST_CASE("pickle: opcodes that are not of data are refused by name and place") {
  for (const auto& [opcode, name] : {std::pair<std::string, std::string>{"i", "INST (0x69)"},
                                     {"o", "OBJ (0x6f)"},
                                     {"\x93", "STACK_GLOBAL (0x93)"},
                                     {"\x82", "EXT1 (0x82)"},
                                     {"0", "POP (0x30)"},
                                     {"2", "DUP (0x32)"},
                                     {"I", "INT (0x49)"},
                                     {"P", "PERSID (0x50)"},
                                     {"\x95", "FRAME (0x95)"},
                                     {"\x92", "NEWOBJ_EX (0x92)"},
                                     {"\xff", "no opcode (0xff)"}}) {
    const Error error = refused_opcodes("N" + opcode);
    CHECK(error.code == Code::unsupported);
    CHECK(error.found == name);
    CHECK(error.offset == 3);
  }
  CHECK(refused("\x80\x04N.").found == "4");
}

TEST_CASE("pickle: calls, states and references other than a tensor's are refused") {
  const std::string size = pickled::global("torch", "Size"), ordered = pickled::global("collections", "OrderedDict");
  for (const std::string& opcodes : std::vector<std::string>{
           size + "]R", size + ")R", size + "K\1\x85R", ordered + "K\1\x85R", pickled::global("torch", "FloatStorage") + ")R",
           pickled::global("torch", "float32") + ")R", pickled::global("torch._utils", "_rebuild_tensor_v2") + ")R",
           pickled::global("torch._utils", "_rebuild_parameter") + "N\x88N\x87R", "))R", "}Nb",
           "}}(" + pickled::text("_metadata") + "N" + pickled::text("more") + "Nub", "}}" + pickled::text("__setstate__") + "Nsb",
           "]}b", "NQ", ")Q", "(" + pickled::text("storage") + "NNNNtQ",
           "(" + pickled::text("module") + pickled::global("torch", "FloatStorage") + pickled::text("0") + pickled::text("cpu") +
               "K\1tQ"}) {
    CAPTURE(printable(opcodes));
    const Error error = refused_opcodes(opcodes);
    CHECK((error.code == Code::unsupported || error.code == Code::malformed));
  }
}

TEST_CASE("pickle: claimed sizes and counts beyond the pickle are refused before anything is kept") {
  const std::string huge = "\xff\xff\xff\x7f";
  CHECK(refused_opcodes("X" + huge + "abc").code == Code::truncated);
  CHECK(refused_opcodes("U\xff").code == Code::truncated);
  CHECK(refused_opcodes("\x8a\xff").code == Code::truncated);
  CHECK(refused_opcodes("\x8a\x09" + std::string(9, '\1')).code == Code::too_large);
  const Error memo = refused_opcodes("Nr" + std::string("\0\0\0\x80", 4));
  CHECK(memo.code == Code::too_large);
  CHECK(memo.found == "2147483648");
  CHECK(refused_opcodes("h\1").code == Code::malformed);
  CHECK(refused_opcodes("Nq\1h\2").code == Code::malformed);
  CHECK(refused_opcodes(pickled::global(std::string(300, 'x'), "y")).code == Code::malformed);
  CHECK(refused(std::string((8u << 20) + 1, 'N')).code == Code::too_large);
  CHECK(refused(pickled::whole(std::string(1'000'001, 'N'))).code == Code::too_large);
}

TEST_CASE("pickle: stacks that do not fit an opcode are refused") {
  for (const char* opcodes :
       {"t",   "e",   "u",  "s", "a",    "\x85", "\x87", "R",   "Q",   "b",  "q\1",  "NNa",   "NNNs", "(\x85",
        "N(R", "](N", "NN", "",  "}(Nu", "K",    "M\1",  "J\1", "G\1", "(N", "N(t(", "cos\n", "cos"}) {
    CAPTURE(opcodes);
    const Code code = refused_opcodes(opcodes).code;
    CHECK((code == Code::malformed || code == Code::truncated));
  }
  CHECK(refused("").code == Code::truncated);
  CHECK(refused("N").code == Code::truncated);
  CHECK(refused("\x80\x02N.N").code == Code::mismatch);
}

TEST_CASE("pickle: deep nesting, values that hold themselves and repeated calls end at once") {
  std::string deep(400'000, ']');
  CHECK(read(pickled::whole("]" + deep + std::string(400'000, 'a'))));
  CHECK(read(pickled::whole("]q\1h\1a")));
  CHECK(refused(pickled::whole(std::string(900'000, '('))).code == Code::malformed);
  // One tuple of many numbers, given to a call again and again: each call is as cheap as the first.
  std::string bomb = "(" + pickled::global("torch", "Size") + "q\1(";
  for (int i = 0; i < 100'000; ++i) bomb += "K\1";
  bomb += "t\x85q\2";
  for (int i = 0; i < 300'000; ++i) bomb += "h\1h\2R";
  CHECK(read(pickled::whole(bomb + "t")));
  std::string ids = "((";
  for (int i = 0; i < 100'000; ++i) ids += "K\1";
  CHECK(refused(pickled::whole(ids + "tQt")).code == Code::unsupported);
}
