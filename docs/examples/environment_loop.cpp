// Lanes in a reinforcement-learning loop: several environments, one model, and a memory for each that ends with its episode.
//   environment_loop [MODEL [ENVIRONMENTS [STEPS]]]
//
// An environment says one character a step. The model earns 1 where it had foreseen that character. When an environment's episode
// ends, its lane alone is made fresh: the others, in the middle of theirs, keep every bit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/lanes.h"
#include "model/opened_model.h"

namespace {

/// Says a text one character at a time; every episode is another text.
class Environment {
 public:
  explicit Environment(int number) : episode_(number) {}

  struct Step {
    std::int32_t observation;
    double reward;
    bool done;
  };
  /// The next character, what the guess that was made before it is worth, and whether the episode ends with it.
  Step step(std::int32_t guess) {
    static const std::string kTexts[] = {"In the beginning was the word.", "The state of a man is what he remembers.", "And so it was.",
                                         "He said that the night was dark and the way was long."};
    const std::string& text = kTexts[episode_ % 4];
    const auto said = static_cast<unsigned char>(text[at_++]);
    const bool done = at_ == text.size();
    if (done) at_ = 0, ++episode_;
    return {said, guess == said ? 1.0 : 0.0, done};
  }

 private:
  std::size_t episode_ = 0, at_ = 0;
};

std::int32_t likeliest(std::span<const float> logits) {
  return logits.empty() ? -1 : static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

int main(int count, char** words) {
  const auto opened = lab::open_model(count > 1 ? words[1] : "builtin:prose");
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().text().c_str()), 2;
  const int environments = count > 2 ? std::atoi(words[2]) : 4, steps = count > 3 ? std::atoi(words[3]) : 160;
  if (environments < 1 || (*opened)->model->info().vocabulary < 256) return std::fprintf(stderr, "needs an environment and a model of bytes\n"), 2;

  std::vector<Environment> worlds;
  for (int i = 0; i < environments; ++i) worlds.emplace_back(i);
  std::vector<double> returns(worlds.size());
  std::vector<std::int32_t> observations(worlds.size());
  std::vector<bool> done(worlds.size());
  lab::Lanes lanes(*(*opened)->model, environments);
  lab::Context<float> context({.threads = 0});
  for (int t = 0; t < steps; ++t) {
    for (int i = 0; i < environments; ++i) {
      const auto n = static_cast<std::size_t>(i);
      const Environment::Step step = worlds[n].step(likeliest(lanes.logits(i)));
      observations[n] = step.observation;
      returns[n] += step.reward;
      done[n] = step.done;
    }
    if (const lab::Status status = lanes.step(observations, context); !status) return std::fprintf(stderr, "%s\n", status.error().text().c_str()), 2;
    for (int i = 0; i < environments; ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (!done[n]) continue;
      std::printf("step %d: environment %d ends after %lld characters, return %g\n", t, i, static_cast<long long>(lanes.position(i)), returns[n]);
      returns[n] = 0;
    }
    if (const lab::Status status = lanes.reset(done); !status) return 2;
  }
}
