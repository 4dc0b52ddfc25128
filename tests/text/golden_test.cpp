// Published pipelines against the reference implementation: its own texts, and random ones in every script
// (tools/tokenizer_cases.py, whose `check` does the same for 100 000).
#include <doctest/doctest.h>

#include <algorithm>

#include "golden_cases.h"

using namespace lab;
using namespace lab::test;

namespace {

constexpr const char* kKinds[] = {"neox", "granite", "llama", "gguf"};
constexpr const char* kFiles[] = {"cases.jsonl", "random.jsonl"};

// Calls test(tokenizer, case) for every line of every kind.
template <class Test>
void for_every_line(Test test) {
  for (const std::string kind : kKinds) {
    CAPTURE(kind);
    const auto tokenizer = golden_tokenizer(kind);
    for (const std::string file : kFiles) {
      CAPTURE(file);
      const std::vector<GoldenCase> cases = golden_cases(kind + "/" + file);
      CHECK(cases.size() > 400);
      for (const GoldenCase& line : cases) {
        CAPTURE(line.text);
        test(*tokenizer, line);
      }
    }
  }
}

}  // namespace

TEST_CASE("golden: every text gives the ids of the reference, with and without its template") {
  for_every_line([](const Tokenizer& tokenizer, const GoldenCase& line) {
    CHECK(*tokenizer.encode(line.text) == line.ids);
    CHECK(*tokenizer.encode(line.text, false) == line.ids_without_template);
  });
}

TEST_CASE("golden: ids give the texts of the reference, with and without special tokens") {
  for_every_line([](const Tokenizer& tokenizer, const GoldenCase& line) {
    CHECK(tokenizer.decode(line.ids) == line.decoded);
    CHECK(tokenizer.decode(line.ids, false) == line.decoded_without_special);
  });
}

TEST_CASE("golden: pieces follow each other and reach the end of the text") {
  for_every_line([](const Tokenizer& tokenizer, const GoldenCase& line) {
    std::size_t covered = 0;
    for (const Piece& piece : tokenizer.encode_pieces(line.text).take()) {
      CHECK(piece.begin <= piece.end);
      CHECK(piece.end >= covered);
      covered = piece.end;
    }
    CHECK(covered == line.text.size());
  });
}

TEST_CASE("golden: special tokens in a text are text where they are not asked for") {
  // Of the reference with encode_special_tokens.
  const auto granite = golden_tokenizer("granite"), llama = golden_tokenizer("llama");
  const auto ids = granite->encode("a<|pad|>", true, false).take();
  CHECK(ids.size() > 2);
  CHECK(granite->decode(ids) == "a<|pad|>");
  CHECK(*granite->encode("a<|pad|>") == std::vector<std::int32_t>{ids[0], 1096});
  const auto plain = llama->encode("</s>", true, false).take();
  CHECK(plain.front() == 1);
  CHECK(std::count(plain.begin(), plain.end(), 2) == 0);
  CHECK(llama->decode(plain, false) == "</s>");
}

TEST_CASE("golden: a megabyte without spaces is encoded in n log n by every model") {
  for (const std::string kind : kKinds) {
    CAPTURE(kind);
    const auto tokenizer = golden_tokenizer(kind);
    for (const std::string part : {"recurrencetheab", "7", "'", "\u65E5", "\r\n"}) {
      std::string text;
      while (text.size() < 1 << 20) text += part;
      const auto ids = tokenizer->encode(text).take();
      CHECK(tokenizer->decode(ids, false) == text);
    }
  }
}
