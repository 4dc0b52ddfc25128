// statelab generate: continues an input by sampling.
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/run_input.h"
#include "app/cli/subcommands.h"
#include "app/core/sampler.h"
#include "app/core/trials.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string model, state, save_state;
  std::int64_t count = 0;
  Sampling sampling;
  InputOptions input;
  Arithmetic arithmetic;
  command::SetTrials trials;
  Reporting reporting;
};

template <class Real>
class Generation {
 public:
  Generation(const Arguments& given, const OpenedModel& opened)
      : given_(given), opened_(opened), context_(given.arithmetic.context()),
        logits_(static_cast<std::size_t>(opened.model->info().vocabulary)) {
    context_.stop = &interrupted();
    context_.trials = trials_of(given.trials);
    if (opened.tokenizer && !given.reporting.json) decoder_.emplace(*opened.tokenizer);
  }

  Result<int> run(const Input& input) {
    const std::string hash = given_.state.empty() && given_.save_state.empty() ? "" : content_hash(opened_.checkpoint);
    LAB_ASSIGN(BasicState<Real> state, start_state<Real>(opened_, given_.state, hash, given_.reporting.quiet));
    const Feed<Real> feed(input, opened_.model->info().hidden);
    LAB_ASSIGN(const std::int64_t read, read_all(feed, input.length, state));
    if (read < input.length) return interruption(read, input.length, "");
    LAB_ASSIGN(const std::int64_t done, continue_from(state));
    if (!given_.save_state.empty()) LAB_TRY(save_state(given_.save_state, state, hash));
    finish(done < given_.count);
    return done < given_.count ? kInterrupted : kDone;
  }

 private:
  Result<std::int64_t> read_all(const Feed<Real>& feed, std::int64_t length, BasicState<Real>& state) {
    Progress progress("reading", length, given_.reporting.quiet);
    return run_pieces<Real>(length, state, progress, [&](std::int64_t first, std::int64_t count) -> Result<bool> {
      Lane<Real> lane = next_lane(state);
      lane.wants = first + count == length ? LogitRows::last : LogitRows::none;
      feed.put(lane, first, count);
      return opened_.model->advance(std::span(&lane, 1), context_);
    });
  }

  // Samples and reads what was sampled, token by token: the state has seen all that was said.
  Result<std::int64_t> continue_from(BasicState<Real>& state) {
    const std::vector<bool> sampleable = sampleable_tokens(opened_.tokenizer.get(), opened_.model->info().vocabulary);
    BasicState<Real> before = state;
    std::vector<float> single;
    std::int64_t done = 0;
    for (; done < given_.count && !interrupted(); ++done) {
      single.assign(logits_.begin(), logits_.end());
      LAB_ASSIGN(const NextToken next, sample(single, given_.sampling, state.position, sampleable));
      Lane<Real> lane = next_lane(state);
      lane.tokens = std::span(&next.id, 1);
      before = state;
      if (!opened_.model->advance(std::span(&lane, 1), context_)) {
        state = before;
        break;
      }
      say(next);
    }
    return done;
  }

  Lane<Real> next_lane(BasicState<Real>& state) {
    return {.state = &state, .logits = {logits_.data(), 1, static_cast<std::int64_t>(logits_.size())}};
  }

  void say(const NextToken& next) {
    ids_.push_back(next.id);
    probabilities_.push_back(next.probability);
    if (!decoder_) return;
    fmt::print("{}", decoder_->feed(next.id));
    std::fflush(stdout);
  }

  void finish(bool was_interrupted) {
    if (!given_.reporting.json) {
      if (decoder_)
        fmt::print("{}\n", decoder_->flush());
      else
        fmt::print("{}\n", fmt::join(ids_, ","));
      return;
    }
    JsonValue out{{"ids", ids_}, {"text", nullptr}, {"probabilities", probabilities_}, {"seed", given_.sampling.seed}};
    if (opened_.tokenizer) out["text"] = opened_.tokenizer->decode(ids_);
    if (was_interrupted) out["interrupted"] = true;
    print_json(out);
  }

  const Arguments& given_;
  const OpenedModel& opened_;
  Context<Real> context_;
  std::vector<Real> logits_;  // after the last token
  std::optional<StreamDecoder> decoder_;
  std::vector<std::int32_t> ids_;
  std::vector<float> probabilities_;
};

Result<int> run(const Arguments& given) {
  LAB_TRY(check_device(given.arithmetic));
  LAB_TRY(check(given.sampling));
  LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
  LAB_TRY(check(given.trials, *opened->model));
  const ModelInfo& info = opened->model->info();
  LAB_ASSIGN(const Input input, read_input(given.input, opened->tokenizer.get(), info.vocabulary, info.hidden));
  if (given.arithmetic.is_double()) return Generation<double>(given, *opened).run(input);
  return Generation<float>(given, *opened).run(input);
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("generate", "Continues an input");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  sub->add_option("-n", given->count, "How many tokens")->required()->check(CLI::Range(0, 1 << 24));
  sub->add_flag("--greedy", given->sampling.greedy, "Always the most probable token");
  sub->add_option("--temperature", given->sampling.temperature)->capture_default_str();
  sub->add_option("--top-k", given->sampling.top_k, "Only from so many tokens; 0: all")->capture_default_str();
  sub->add_option("--top-p", given->sampling.top_p, "Only from the fewest that hold this probability")
      ->capture_default_str();
  sub->add_option("--seed", given->sampling.seed, "Equal seeds give equal tokens")->capture_default_str();
  sub->add_option("--state", given->state, "The state to start from; its position continues");
  sub->add_option("--save-state", given->save_state, "Writes the state after the last token");
  add_input(*sub, given->input);
  add_arithmetic(*sub, given->arithmetic);
  add_trials(*sub, given->trials);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab generate builtin:prose --text 'The state of a' -n 40 --seed 7");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
