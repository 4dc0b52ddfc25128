#pragma once
// What a run reads: token ids, or vectors in place of embeddings; and those that wait to be read.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lab {

/// Ids for tokens that were fed as vectors.
constexpr std::int32_t kVectorId = -1;

/// Tokens to be read, seen but not owned. With vectors [count, hidden] the ids are all kVectorId.
struct TokenSpan {
  std::span<const std::int32_t> ids;
  std::span<const float> vectors;

  std::int64_t count() const { return static_cast<std::int64_t>(ids.size()); }
  TokenSpan part(std::int64_t first, std::int64_t n) const {
    const std::size_t width = ids.empty() ? 0 : vectors.size() / ids.size();
    const auto at = static_cast<std::size_t>(first), size = static_cast<std::size_t>(n);
    return {ids.subspan(at, size), vectors.subspan(at * width, size * width)};
  }
};

/// The same, owned.
struct Tokens {
  std::vector<std::int32_t> ids;
  std::vector<float> vectors;

  TokenSpan span() const { return {ids, vectors}; }
  void append(TokenSpan more) {
    ids.insert(ids.end(), more.ids.begin(), more.ids.end());
    vectors.insert(vectors.end(), more.vectors.begin(), more.vectors.end());
  }
  std::int64_t bytes() const { return static_cast<std::int64_t>((ids.size() + vectors.size()) * 4); }
};

/// The tokens that wait to be read. A value: copies share what they hold, so that undo may keep them.
class Waiting {
 public:
  Waiting() = default;
  std::int64_t count() const { return all().count() - read_; }
  bool has_vectors() const { return count() > 0 && !tokens_->vectors.empty(); }
  TokenSpan rest() const { return front(count()); }
  TokenSpan front(std::int64_t n) const { return all().part(read_, n); }

  /// The first n have been read.
  void drop(std::int64_t n) { read_ += n; }
  void append(TokenSpan more) { *this = Waiting(rest(), more); }
  void prepend(TokenSpan more) { *this = Waiting(more, rest()); }
  std::int64_t bytes() const { return tokens_->bytes(); }

 private:
  Waiting(TokenSpan first, TokenSpan then) {
    auto tokens = std::make_shared<Tokens>();
    tokens->append(first);
    tokens->append(then);
    tokens_ = std::move(tokens);
  }
  TokenSpan all() const { return tokens_->span(); }

  std::shared_ptr<const Tokens> tokens_ = std::make_shared<const Tokens>();
  std::int64_t read_ = 0;
};

}  // namespace lab
