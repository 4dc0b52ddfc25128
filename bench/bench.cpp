#include "bench/bench.h"

#include "bench/cases.h"

namespace lab::bench {
namespace {

void add_speed(const Subject& subject, int rounds, std::vector<Case>& cases) {
  for (const int threads : {1, 2})
    for (const bool capture : {false, true}) add_decode({subject, threads, capture, rounds}, cases);
  for (const std::int64_t tokens : {64, 512})
    for (const int threads : {1, 2})
      for (const bool capture : {false, true}) add_prefill({subject, threads, capture, rounds}, tokens, cases);
}

void add_history(const Subject& subject, int rounds, std::vector<Case>& cases) {
  for (const bool all_layers : {false, true})
    for (const int threads : {1, 2}) add_replay({subject, threads, false, rounds}, all_layers, cases);
  add_state_copy(subject, rounds, cases);
  for (const int lanes : {1, 8})
    for (const int threads : {1, 2}) add_lanes({subject, threads, false, rounds}, lanes, cases);
}

}  // namespace

std::vector<Case> cases(const BenchOptions& options) {
  std::vector<Case> all;
  if (!options.model.empty()) {
    const Subject own{.shape = "model", .path = options.model};
    add_speed(own, options.rounds, all);
    add_history(own, options.rounds, all);
    add_runs(own, options.rounds, all);
    add_open(own, options.rounds, all);
    add_memory(own, all);
  }
  for (const char* shape : kShapes) {
    for (const DType type : kTypes) {
      const Subject subject{.shape = shape, .type = type};
      add_speed(subject, options.rounds, all);
      if (type == DType::f32) add_history(subject, options.rounds, all);
      add_open(subject, options.rounds, all);
    }
    add_memory({.shape = shape}, all);
    add_seek({.shape = shape}, all);
    add_runs({.shape = shape}, options.rounds, all);
    add_content({.shape = shape}, options.rounds, all);
  }
  add_runs({.shape = kProse, .path = "builtin:prose"}, options.rounds, all);
  add_pca(options.rounds, all);
  add_compare(options.rounds, all);
  add_frame(all);
  add_drawing(all);
  add_kernels(options.rounds, all);
  return all;
}

}  // namespace lab::bench
