// Tokenizers: a tokenizer.json, and after a zero byte a text, which the file's tokenizer and a real one encode.
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "tokenizer_promises.h"

using namespace lab;
using namespace lab::test;

namespace {

std::unique_ptr<Tokenizer> golden(const std::string& kind) {
  return open_tokenizer(LAB_SOURCE_DIR "/tests/golden/tokenizers/" + kind + "/tokenizer.json").take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Tokenizer> real[] = {golden("neox"), golden("granite"), golden("llama")};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = std::min(input.find('\0'), size);
  const std::string_view json = input.substr(0, zero), text = input.substr(std::min(zero + 1, size));
  keep_promises(*real[size % std::size(real)], text, true);
  auto tokenizer = parse_tokenizer(json, "tokenizer.json");
  if (!tokenizer) {
    LAB_CHECK(tokenizer.error().text().empty(), ==, false);
    return 0;
  }
  keep_promises(**tokenizer, text, false);
  keep_promises(**tokenizer, json, false);
  return 0;
}
