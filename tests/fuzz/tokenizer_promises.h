#pragma once
// What every tokenizer promises of every text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/check.h"
#include "model/text/tokenizer.h"
#include "model/text/utf8.h"

namespace lab::test {

/// Encodes and decodes a text. `whole`: the vocabulary has a token for everything, so that the pieces reach its end.
inline void keep_promises(const Tokenizer& tokenizer, std::string_view text, bool whole) {
  for (const bool parse_special : {true, false}) {
    auto pieces = tokenizer.encode_pieces(text, true, parse_special);
    if (!pieces) return;
    std::vector<std::int32_t> ids;
    std::size_t end = 0;
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const Piece& piece : *pieces) {
      LAB_CHECK(piece.begin, <=, piece.end);
      LAB_CHECK(piece.end, <=, text.size());
      LAB_CHECK(piece.end, >=, end);
      LAB_CHECK(tokenizer.has_token(piece.id), ==, true);
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
}

}  // namespace lab::test
