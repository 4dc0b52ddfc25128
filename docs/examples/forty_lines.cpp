// Opens a model, reads a text and lets it go on, with its state as it is and with one layer made to forget.
//   forty_lines [MODEL [TEXT [LAYER]]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "model/math/context.h"
#include "model/opened_model.h"
#include "model/state_api.h"

// Reads tokens and answers with the likeliest one after them.
std::int32_t read_on(const lab::Model& model, lab::State& state, std::span<const std::int32_t> tokens, lab::Context<float>& context) {
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  lab::Lane<float> lane{.tokens = tokens, .state = &state, .logits = {logits.data(), 1, model.info().vocabulary}};
  model.advance({&lane, 1}, context);
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

int main(int count, char** words) {
  const auto opened = lab::open_model(count > 1 ? words[1] : "builtin:prose");
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().text().c_str()), 2;
  const lab::OpenedModel& it = **opened;
  if (!it.tokenizer) return std::fprintf(stderr, "the model has no tokenizer\n"), 2;
  const auto prompt = it.tokenizer->encode(count > 2 ? words[2] : "In the beginning ");
  if (!prompt) return std::fprintf(stderr, "%s\n", prompt.error().text().c_str()), 2;
  lab::Context<float> context;
  lab::State state(it.model->schema());
  const std::int32_t first = read_on(*it.model, state, *prompt, context);
  for (const bool forgets : {false, true}) {
    lab::State run = state;  // a copy: the other one stays as it is
    if (forgets) lab::zero_layer_state(run, count > 3 ? std::atoi(words[3]) : 0);
    std::vector<std::int32_t> said;
    for (std::int32_t next = first; said.size() < 40; next = read_on(*it.model, run, {&next, 1}, context)) said.push_back(next);
    std::printf("%s: %s\n", forgets ? "one layer forgets" : "as it is", it.tokenizer->decode(said).c_str());
  }
}
