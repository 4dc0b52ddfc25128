// What libFuzzer does to GGUF files: mostly changes of the table, sometimes of bytes, so that a header can lie about lengths too.
#include <algorithm>
#include <cstring>

#include "gguf_mutator.h"

using namespace lab::test;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

void mutate_text(std::string& text, std::size_t most) {
  const std::size_t size = text.size();
  most = std::max(most, size);
  text.resize(most);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, most));
}

std::string text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// The size of what was written; 0 where there is no room for it.
std::size_t write(const std::string& bytes, std::uint8_t* out, std::size_t most) {
  if (bytes.size() > most) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  auto parts = random() % 8 > 0 ? GgufParts::of(text_of(data, size)) : std::nullopt;
  if (parts) {
    for (unsigned count = 1 + random() % 3; count > 0; --count) parts->mutate(random, mutate_text);
    if (const std::size_t written = write(parts->bytes(), data, most)) return written;
  }
  return LLVMFuzzerMutate(data, size, most);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data, std::size_t size, const std::uint8_t* other,
                                                 std::size_t other_size, std::uint8_t* out, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  auto parts = GgufParts::of(text_of(data, size));
  const auto others = GgufParts::of(text_of(other, other_size));
  if (!parts || !others) return 0;
  parts->cross_over(random, *others);
  return write(parts->bytes(), out, most);
}
