// GGUF files: whatever the container accepts keeps every promise of a table, whatever opens as a model has a configuration,
// and whatever opens as a tokenizer encodes any text.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "model/base/check.h"
#include "model/base/hash.h"
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

void open_as_model(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("model", MFD_CLOEXEC);
  LAB_CHECK(file, >=, 0);
  LAB_CHECK(::write(file, data, size), ==, static_cast<ssize_t>(size));
  const auto checkpoint = open_gguf_checkpoint("/proc/self/fd/" + std::to_string(file));
  ::close(file);
  if (!checkpoint) {
    LAB_CHECK(checkpoint.error().text().empty(), ==, false);
    return;
  }
  for (const Error& problem : validate(*checkpoint)) LAB_CHECK(problem.field.empty(), ==, false);
  if (auto model = load_model(*checkpoint)) LAB_CHECK((*model)->info().parameters, >, 0);
}

// The file itself is the text.
void open_as_tokenizer(const Gguf& gguf, const std::uint8_t* data, std::size_t size) {
  const auto tokenizer = gguf_tokenizer(gguf, "input");
  if (!tokenizer) LAB_CHECK(tokenizer.error().field.empty(), ==, false);
  else if (*tokenizer) test::keep_promises(**tokenizer, {reinterpret_cast<const char*>(data), size}, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto gguf = parse_gguf({bytes, size}, "input");
  if (gguf) {
    for (const GgufEntry& entry : gguf->metadata) {
      LAB_CHECK(gguf->find(entry.key), ==, &entry.value);
      walk(entry.value);
    }
    std::size_t total = 0;
    for (const TensorView& tensor : gguf->tensors.all()) {
      LAB_CHECK(tensor.data >= bytes && tensor.data + tensor.bytes <= bytes + size, ==, true);
      LAB_CHECK(bytes_of(tensor.dtype, tensor.elements()), ==, tensor.bytes);
      LAB_CHECK(gguf->tensors.find(tensor.name), ==, &tensor);
      hash_bytes(tensor.data, tensor.bytes);
      total += tensor.bytes;
    }
    LAB_CHECK(total, <=, size);
    open_as_tokenizer(*gguf, data, size);
  } else {
    LAB_CHECK(gguf.error().text().empty(), ==, false);
  }
  open_as_model(data, size);
  return 0;
}
