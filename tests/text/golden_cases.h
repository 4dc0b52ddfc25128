#pragma once
// Texts with the ids of the reference implementation: tests/golden/tokenizers/KIND/{cases,random}.jsonl.
#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "model/files/json.h"
#include "model/text/tokenizer.h"

namespace lab::test {

const std::string kTokenizers = LAB_SOURCE_DIR "/tests/golden/tokenizers/";

struct GoldenCase {
  std::string text, decoded, decoded_without_special;
  std::vector<std::int32_t> ids, ids_without_template;
};

inline std::vector<std::int32_t> ids_of(const Json& list) {
  std::vector<std::int32_t> ids;
  for (const Json& id : list.items()) ids.push_back(static_cast<std::int32_t>(*id.integer()));
  return ids;
}

/// The lines of a file; what a line leaves out equals what it has.
inline std::vector<GoldenCase> golden_cases(const std::string& file) {
  std::vector<GoldenCase> cases;
  std::ifstream lines(kTokenizers + file);
  for (std::string line; std::getline(lines, line);) {
    const auto json = parse_json(line, {.bytes = 16 << 20, .string_bytes = 16 << 20}, file);
    REQUIRE(json);
    const auto either = [&](const char* name, const char* otherwise) -> const Json& {
      return *json->find(json->find(name) ? name : otherwise);
    };
    cases.push_back({json->find("text")->text(), json->find("decoded")->text(),
                     either("decoded_skip", "decoded").text(), ids_of(*json->find("ids")),
                     ids_of(either("ids_plain", "ids"))});
  }
  return cases;
}

inline std::unique_ptr<Tokenizer> golden_tokenizer(const std::string& kind) {
  auto opened = open_tokenizer(kTokenizers + kind + "/tokenizer.json");
  REQUIRE_MESSAGE(opened, opened.error().text());
  return opened.take();
}

}  // namespace lab::test
