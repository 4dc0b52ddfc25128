// Tokenizers: a tokenizer.json, and after a zero byte a text, which the file's tokenizer and a real one encode.
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "model/base/check.h"
#include "model/text/tokenizer.h"
#include "model/text/utf8.h"

using namespace lab;

namespace {

void encode(const Tokenizer& tokenizer, std::string_view text, bool whole) {
  auto pieces = tokenizer.encode_pieces(text);
  if (!pieces) return;
  std::vector<std::int32_t> ids;
  std::size_t end = 0;
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const Piece& piece : *pieces) {
    LAB_CHECK(piece.begin, <=, piece.end);
    LAB_CHECK(piece.end, <=, text.size());
    LAB_CHECK(piece.end, >=, end);
    end = piece.end;
    ids.push_back(piece.id);
    tokenizer.display(piece.id);
    streamed += stream.feed(piece.id);
  }
  streamed += stream.flush();
  const std::string decoded = tokenizer.decode(ids);
  LAB_CHECK(decoded, ==, streamed);
  LAB_CHECK(decoded, ==, repaired_utf8(decoded));
  if (whole) LAB_CHECK(end, ==, text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto neox = open_tokenizer(LAB_SOURCE_DIR "/tests/golden/tokenizers/neox/tokenizer.json").take();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = std::min(input.find('\0'), size);
  const std::string_view json = input.substr(0, zero), text = input.substr(std::min(zero + 1, size));
  encode(*neox, text, true);
  auto tokenizer = parse_tokenizer(json, "tokenizer.json");
  if (!tokenizer) {
    LAB_CHECK(tokenizer.error().text().empty(), ==, false);
    return 0;
  }
  encode(**tokenizer, text, false);
  encode(**tokenizer, json, false);
  return 0;
}
