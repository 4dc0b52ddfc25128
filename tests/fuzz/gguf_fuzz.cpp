// GGUF files: whatever the container accepts keeps every promise of a table, whatever opens as a model has a configuration,
// and whatever opens as a tokenizer encodes any text.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tensor_promises.h"
#include "model/layouts/gguf.h"
#include "model/model.h"
#include "model/text/gguf_vocabulary.h"
#include "tokenizer_promises.h"

using namespace lab;

namespace {

// Asks every value for everything.
void walk(const GgufValue& value) {
  LAB_CHECK(value.brief().empty(), ==, false);
  if (const auto integer = value.integer()) LAB_CHECK(value.number().has_value(), ==, true);
  if (const auto text = value.string()) hash_bytes(text->data(), text->size());
  const auto items = value.items();
  LAB_CHECK(items.size(), ==, value.is_array() ? value.size() : 0);
  for (const GgufValue& item : items) walk(item);
}

void open_as_model(Gguf gguf) {
  const auto checkpoint = gguf_checkpoint(std::make_shared<const Gguf>(std::move(gguf)), "input.gguf");
  if (!checkpoint) {
    LAB_CHECK(checkpoint.error().text().empty(), ==, false);
    return;
  }
  const std::vector<Error> problems = validate(*checkpoint);
  for (const Error& problem : problems) LAB_CHECK(problem.field.empty(), ==, false);
  if (!problems.empty()) return;
  if (auto model = load_model(*checkpoint)) LAB_CHECK((*model)->info().parameters, >, 0);
}

// The file's first bytes are the text.
void open_as_tokenizer(const Gguf& gguf, const std::uint8_t* data, std::size_t size) {
  const auto tokenizer = gguf_tokenizer(gguf, "input");
  if (!tokenizer) LAB_CHECK(tokenizer.error().field.empty(), ==, false);
  else if (*tokenizer) test::keep_promises(**tokenizer, {reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 64)}, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  auto gguf = parse_gguf({bytes, size}, "input");
  if (!gguf) {
    LAB_CHECK(gguf.error().text().empty(), ==, false);
    return 0;
  }
  for (const GgufEntry& entry : gguf->metadata) {
    LAB_CHECK(gguf->find(entry.key), ==, &entry.value);
    walk(entry.value);
  }
  test::keep_promises(gguf->tensors);
  std::size_t total = 0;
  for (const TensorView& tensor : gguf->tensors.all()) {
    LAB_CHECK(tensor.data >= bytes && tensor.data + tensor.bytes <= bytes + size, ==, true);
    total += tensor.bytes;
  }
  LAB_CHECK(total, <=, size);
  open_as_tokenizer(*gguf, data, size);
  open_as_model(gguf.take());
  return 0;
}
