#pragma once
// Feeding an input to a model on the command line: piece by piece, so that it can be watched and stopped.
#include <algorithm>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "model/state_file.h"

namespace lab::cli {

inline constexpr std::int64_t kPiece = 64;  // tokens of one call; any split gives the same bits

/// The state that a run begins with: that of a file, or the neutral one. Warnings go to standard error unless `quiet`.
template <class Real>
Result<BasicState<Real>> start_state(const OpenedModel& opened, const std::string& file, const std::string& model_hash,
                                     bool quiet) {
  if (file.empty()) return BasicState<Real>(opened.model->schema());
  LAB_ASSIGN(LoadedState<Real> loaded, load_state<Real>(file, opened.model->schema(), model_hash));
  if (!quiet)
    for (const std::string& warning : loaded.warnings) warn(warning);
  return std::move(loaded.state);
}

/// Input tokens as lanes take them, in the run's own precision.
template <class Real>
class Feed {
 public:
  Feed(const Input& input, std::int64_t width) : input_(input), width_(width) {
    if constexpr (sizeof(Real) != sizeof(float)) converted_.assign(input.vectors.begin(), input.vectors.end());
  }
  void put(Lane<Real>& lane, std::int64_t first, std::int64_t count) const {
    if (input_.vectors.empty())
      lane.tokens = std::span(input_.ids).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    else
      lane.vectors = rows(first, count);
  }
  Rows<const Real> rows(std::int64_t first, std::int64_t count) const {
    if constexpr (sizeof(Real) != sizeof(float))
      return {converted_.data() + first * width_, count, width_};
    else
      return {input_.vectors.data() + first * width_, count, width_};
  }

 private:
  const Input& input_;
  std::int64_t width_ = 0;
  std::vector<Real> converted_;
};

/// Calls step(first, count) for the whole input until it is done, fails or is interrupted, and returns how many tokens
/// were finished. `step` returns false when it was stopped on the way; then the state is put back to where it was.
template <class Real>
Result<std::int64_t> run_pieces(std::int64_t length, BasicState<Real>& state, Progress& progress,
                                const std::function<Result<bool>(std::int64_t first, std::int64_t count)>& step) {
  BasicState<Real> before = state;
  for (std::int64_t done = 0; done < length;) {
    const std::int64_t count = std::min<std::int64_t>(kPiece, length - done);
    if (interrupted()) return done;
    LAB_ASSIGN(const bool finished, step(done, count));
    if (!finished) {
      state = before;
      return done;
    }
    before = state;
    done += count;
    progress.show(done);
  }
  return length;
}

/// What an interrupted run is reported as.
inline Error interruption(std::int64_t done, std::int64_t length, const std::string& kept) {
  return {
      .code = Code::cancelled,
      .field = "INPUT",
      .expected = fmt::format("{} tokens", length),
      .found = fmt::format("{} done", done),
      .message = kept.empty() ? "interrupted, nothing was finished" : "interrupted, what was finished is in " + kept};
}

}  // namespace lab::cli
