#pragma once
// Each kind of case adds itself to the list.
#include <vector>

#include "bench/bench.h"
#include "bench/shapes.h"

namespace lab::bench {

/// What a case measures on: a subject, threads, with or without capture, for so many rounds.
struct Setting {
  Subject subject;
  int threads = 1;
  bool capture = false;
  int rounds = 5;

  /// "threads=1/capture=on".
  std::string suffix() const { return "threads=" + std::to_string(threads) + "/capture=" + (capture ? "on" : "off"); }
};

void add_decode(const Setting& setting, std::vector<Case>& cases);
void add_prefill(const Setting& setting, std::int64_t tokens, std::vector<Case>& cases);
void add_replay(const Setting& setting, bool all_layers, std::vector<Case>& cases);
void add_seek(const Subject& subject, std::vector<Case>& cases);
void add_state_copy(const Subject& subject, int rounds, std::vector<Case>& cases);
/// `lanes` states that read a token each in one call.
void add_lanes(const Setting& setting, int lanes, std::vector<Case>& cases);
/// Forks, what is taken back, and of the built-in model long ways of the cursor and many forks.
void add_runs(const Subject& subject, int rounds, std::vector<Case>& cases);
void add_content(const Subject& subject, int rounds, std::vector<Case>& cases);
void add_compare(int rounds, std::vector<Case>& cases);
void add_pca(int rounds, std::vector<Case>& cases);
void add_open(const Subject& subject, int rounds, std::vector<Case>& cases);
void add_memory(const Subject& subject, std::vector<Case>& cases);
void add_frame(std::vector<Case>& cases);
void add_drawing(std::vector<Case>& cases);
void add_kernels(int rounds, std::vector<Case>& cases);

}  // namespace lab::bench
