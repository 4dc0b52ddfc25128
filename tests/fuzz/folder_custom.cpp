// What libFuzzer does to model folders: it changes one file, whose length follows.
#include <algorithm>
#include <cstring>
#include <random>

#include "folder_parts.h"

using namespace lab::test;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  auto parts = folder_parts({reinterpret_cast<const char*>(data), size});
  if (parts.empty() || random() % 8 == 0) return LLVMFuzzerMutate(data, size, most);
  std::string& content = parts[random() % parts.size()].content;
  const std::size_t old_size = content.size(), room = most > size ? std::min<std::size_t>(most - size, 64) : 0;
  content.resize(old_size + std::max<std::size_t>(room, old_size == 0));
  content.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(content.data()), old_size, content.size()));
  const std::string input = folder_input(parts);
  if (input.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, input.data(), input.size());
  return input.size();
}
