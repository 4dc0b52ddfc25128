#include "bench/shapes.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstring>
#include <span>

#include "bench/measure.h"
#include "model/builtin.h"
#include "model/math/cpu/pool.h"

namespace lab::bench {
namespace {

Result<Checkpoint> checkpoint_of(const Subject& subject) {
  if (!subject.path.empty()) {
    LAB_ASSIGN(const std::string folder, model_folder(subject.path));
    return open_checkpoint(folder);
  }
  LAB_ASSIGN(const RandomModel sizes, known_shape(subject.shape, subject.type));
  return random_checkpoint(sizes);
}

struct Last {
  std::string name;
  std::shared_ptr<const OpenedSubject> opened;
};

Last& last_opened() {
  static Last last;
  return last;
}

// Reads without computing: the bits are folded together so that no load can be left out.
std::uint64_t fold(std::span<const std::byte> bytes) {
  using Quad = std::uint64_t __attribute__((vector_size(16)));
  constexpr std::size_t kQuads = 8;
  Quad lanes[kQuads] = {};
  for (std::size_t at = 0; at + sizeof lanes <= bytes.size(); at += sizeof lanes)
    for (std::size_t i = 0; i < kQuads; ++i) {
      Quad next;
      std::memcpy(&next, bytes.data() + at + i * sizeof next, sizeof next);
      lanes[i] ^= next;
    }
  for (std::size_t i = 1; i < kQuads; ++i) lanes[0] ^= lanes[i];
  return lanes[0][0] ^ lanes[0][1];
}

}  // namespace

std::string lower_name(DType type) {
  std::string name = name_of(type);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

Result<std::shared_ptr<const OpenedSubject>> open_subject(const Subject& subject) {
  Last& last = last_opened();
  const std::string name = subject.name() + subject.path;
  if (last.opened && last.name == name) return last.opened;
  close_subject();
  auto opened = std::make_shared<OpenedSubject>();
  LAB_ASSIGN(opened->checkpoint, checkpoint_of(subject));
  LAB_ASSIGN(opened->model, load_model(opened->checkpoint));
  const std::atomic<bool> stop = false;
  move_to_memory(opened->checkpoint, stop);  // as the lab has them a moment after opening
  last = {name, opened};
  return last.opened;
}

Result<std::unique_ptr<const Model>> short_model(const Subject& subject) {
  LAB_ASSIGN(RandomModel sizes, known_shape(subject.shape, subject.type));
  sizes.layers = 2;
  sizes.vocabulary = 256;
  LAB_ASSIGN(const Checkpoint checkpoint, random_checkpoint(sizes));
  return load_model(checkpoint);
}

void close_subject() { last_opened() = {}; }

std::vector<std::int32_t> tokens_for(const Model& model, std::int64_t count) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
  std::uint64_t random = 1;
  for (std::int32_t& token : tokens) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<std::int32_t>((random >> 33) % static_cast<std::uint64_t>(model.info().vocabulary));
  }
  return tokens;
}

struct PlainPass::Parts {
  Parts(const Model& model, int threads) : pool(threads), state(static_cast<std::size_t>(model.schema()->stored())) {}
  Pool pool;
  std::vector<std::span<const std::byte>> pieces;
  AlignedBuffer<float> state;
};

PlainPass::PlainPass(const OpenedSubject& subject, int threads) : parts_(std::make_unique<Parts>(*subject.model, threads)) {
  constexpr std::size_t kPiece = 1 << 20;
  const TensorTable& tensors = *subject.checkpoint.tensors;
  const bool head = tensors.find("lm_head.weight") != nullptr;
  for (const TensorView& tensor : tensors.all()) {
    const bool only_looked_up = head && tensor.name.starts_with("backbone.embedding");
    if (tensor.shape.size() != 2 || tensor.name.ends_with("A_log") || only_looked_up) continue;
    for (std::size_t at = 0; at < tensor.bytes; at += kPiece)
      parts_->pieces.emplace_back(tensor.data + at, std::min(kPiece, tensor.bytes - at));
    bytes_ += static_cast<std::int64_t>(tensor.bytes);
  }
}

PlainPass::~PlainPass() = default;

double PlainPass::seconds_of_matrices() {
  return seconds_of([&] {
    parts_->pool.run(static_cast<std::int64_t>(parts_->pieces.size()), [&](std::int64_t i) {
      const volatile std::uint64_t kept = fold(parts_->pieces[static_cast<std::size_t>(i)]);
      (void)kept;
    });
  });
}

double PlainPass::seconds_of_state() {
  constexpr std::size_t kPiece = 1 << 16;
  const std::span<float> all = parts_->state.span();
  return seconds_of([&] {
    parts_->pool.run(static_cast<std::int64_t>((all.size() + kPiece - 1) / kPiece), [&](std::int64_t i) {
      const std::size_t first = static_cast<std::size_t>(i) * kPiece;
      for (float& value : all.subspan(first, std::min(kPiece, all.size() - first))) value += 1;
    });
  });
}

}  // namespace lab::bench
