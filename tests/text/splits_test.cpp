// The split patterns. Expected pieces are those of the `tokenizers` package with the patterns as regular expressions.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/text/splits.h"

using namespace lab;

namespace {

using Pieces = std::vector<std::string>;

constexpr const char* kText = "WE'LL it's x=12345.\n\n  \n y½ «ok»!\n 'ſ\t\tz  ";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Pieces pieces(const std::vector<Split>& splits, const std::string& text) {
  Pieces found;
  std::size_t from = 0;
  for (const std::size_t to : split_by_all(splits, text)) {
    found.push_back(text.substr(from, to - from));
    from = to;
  }
  return found;
}

Pieces named(const char* name) {
  const NamedSplit* split = named_split(name);
  REQUIRE(split);
  return pieces(split->splits, kText);
}

}  // namespace

TEST_CASE("splits: GPT-2 knows contractions in lower case and gives one space to the word behind") {
  CHECK(named("gpt-2") == Pieces{"WE", "'",  "LL", " it", "'s", " x", "=", "12345", ".",  "\n\n  \n", " y",
                                 "½",  " «", "ok", "»!",  "\n", " '", "ſ", "\t",    "\t", "z",        "  "});
}

TEST_CASE("splits: Llama 3 takes contractions in any case, three digits, and newlines to the signs before them") {
  const Pieces expected{"WE", "'LL", " it", "'s", " x",   "=",  "123", "45", ".\n\n", "  \n",
                        " y", "½",   " «",  "ok", "»!\n", " '", "ſ",   "\t", "\tz",   "  "};
  CHECK(named("llama-bpe") == expected);
  CHECK(named("dbrx") == expected);
  CHECK(pieces({split_of_pattern(kLlama3)}, kText) == expected);
}

TEST_CASE("splits: the long s ends a contraction only where the pattern folds cases") {
  CHECK(pieces({split_of_pattern(kLlama3)}, "it'ſx") == Pieces{"it", "'ſ", "x"});
  CHECK(pieces(named_split("llama-bpe")->splits, "it'ſx") == Pieces{"it", "'ſx"});
  CHECK(pieces({split_of_pattern(kLlama3)}, "it'ﬆ") == Pieces{"it", "'ﬆ"});
}

TEST_CASE("splits: Qwen 2 and StarCoder take single digits") {
  CHECK(named("qwen2") == Pieces{"WE",   "'LL", " it", "'s", " x", "=",    "1",  "2", "3",  "4",   "5", ".\n\n",
                                 "  \n", " y",  "½",   " «", "ok", "»!\n", " '", "ſ", "\t", "\tz", "  "});
  CHECK(named("starcoder") == Pieces{"WE", "'",  "LL", " it", "'s",       " x", "=", "1",  "2",
                                     "3",  "4",  "5",  ".",   "\n\n  \n", " y", "½", " «", "ok",
                                     "»!", "\n", " '", "ſ",   "\t",       "\t", "z", "  "});
}

TEST_CASE("splits: the default of GGUF cuts out punctuation first") {
  CHECK(named("default") == Pieces{"WE", "'", "LL", " it", "'",  "s",   " x", "=", "123", "45", ".", "\n\n  \n", " y",
                                   "½",  " ", "«",  "ok",  "»!", "\n ", "'",  "ſ", "\t",  "\t", "z", "  "});
}

TEST_CASE("splits: newlines end their white space in Llama 3 alone, and numbers are more than digits") {
  const std::string text = "a\n  b  \n\n c ½! Ⅷ¼x";
  CHECK(pieces({split_gpt2}, text) == Pieces{"a", "\n ", " b", "  \n\n", " c", " ½", "!", " Ⅷ¼", "x"});
  CHECK(pieces({split_of_pattern(kLlama3)}, text) ==
        Pieces{"a", "\n", " ", " b", "  \n\n", " c", " ", "½", "!", " ", "Ⅷ¼", "x"});
}

TEST_CASE("splits: a pattern that differs in one character is not known") {
  const std::string pattern = kLlama3;
  const auto is_known = [](const std::string& text) { return split_of_pattern(text) != nullptr; };
  CHECK(is_known(pattern));
  CHECK_FALSE(is_known(pattern + " "));
  CHECK_FALSE(is_known(pattern.substr(1)));
  CHECK_FALSE(is_known(""));
  CHECK_FALSE(named_split("llama"));
}

TEST_CASE("splits: no text has no pieces") { CHECK(pieces(named_split("default")->splits, "").empty()); }
