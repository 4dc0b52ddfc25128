// A step allocates nothing once its scratch has grown: every allocation of the program is counted here.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "model/math/context.h"
#include "model/model.h"

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
  ++allocations;
  if (void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size ? size : 1); }
void* operator new[](std::size_t size) { return counted(size ? size : 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace lab;

namespace {

// Looks at everything and keeps nothing.
class Glance final : public Probe {
 public:
  using Probe::Probe;
  void visit(Point, int, std::int64_t, Rows<float> rows) override { seen += rows.count; }
  void statistics(int, std::int64_t, Rows<const float> rows) override { seen += rows.count; }
  std::int64_t seen = 0;
};

// Allocations of a call after one that was like it.
long allocations_of(const Model& model, std::int64_t tokens, int threads, Probe* probe) {
  Context<float> context({.threads = threads});
  State state(model.schema());
  const std::vector<std::int32_t> ids(static_cast<std::size_t>(tokens), 3);
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  long before = 0;
  for (int i = 0; i < 3; ++i) {
    Lane<float> lane{
        .tokens = ids, .state = &state, .probe = probe, .logits = {logits.data(), 1, model.info().vocabulary}};
    before = allocations;
    REQUIRE(model.advance(std::span(&lane, 1), context));
    if (i == 2) return allocations - before;
  }
  return -1;
}

}  // namespace

TEST_CASE("advance: a call like the one before allocates nothing, watched or not, for one token or many") {
  for (const char* family : {"mamba1", "mamba2"}) {
    const auto checkpoint = random_checkpoint({.family = family, .hidden = 128});
    const auto model = load_model(*checkpoint);
    for (const std::int64_t tokens : {1, 16}) {
      CAPTURE(family);
      CAPTURE(tokens);
      CHECK(allocations_of(**model, tokens, 1, nullptr) == 0);
      CHECK(allocations_of(**model, tokens, 2, nullptr) == 0);
      Glance glance((*model)->layers());
      for (int layer = 0; layer < (*model)->layers(); ++layer)
        glance.read(Point::h, layer), glance.read(Point::conv_state, layer);
      glance.wants_statistics = true;
      CHECK(allocations_of(**model, tokens, 1, &glance) == 0);
      CHECK(glance.seen > 0);
    }
  }
}
