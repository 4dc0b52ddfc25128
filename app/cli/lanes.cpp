// statelab lanes: several states of one model that step together, as a script says.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/lanes_script.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "app/core/sampler.h"
#include "model/base/hash.h"
#include "model/lanes.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string model, script;
  Arithmetic arithmetic;
  Reporting reporting;
};

class LanesRun {
 public:
  LanesRun(const Arguments& given, const OpenedModel& opened, int lanes)
      : given_(given), lanes_(*opened.model, lanes), context_(given.arithmetic.context()),
        sampleable_(sampleable_tokens(opened.tokenizer.get(), opened.model->info().vocabulary)) {
    context_.stop = &interrupted();
  }

  Result<int> run(const LaneScript& script) {
    for (std::size_t i = 0; i < script.events.size(); ++i) {
      read_.assign(static_cast<std::size_t>(lanes_.count()), {});
      Status done = apply(script.events[i]);
      if (!done) {
        done.error().file = given_.script;
        done.error().field = fmt::format("events[{}].{}", i, done.error().field);
        return done.error();
      }
      note(script.events[i]);
    }
    if (given_.reporting.json) print_json({{"lanes", lanes_.count()}, {"events", events_}});
    return kDone;
  }

 private:
  Status apply(const LaneScriptEvent& event) {
    switch (event.kind) {
      case LaneScriptEvent::Kind::feed: read_ = event.tokens; return feed(event.tokens);
      case LaneScriptEvent::Kind::generate: return generate(event.count);
      case LaneScriptEvent::Kind::reset: return lanes_.reset(event.chosen);
      case LaneScriptEvent::Kind::soft_reset: return lanes_.soft_reset(event.chosen, event.factor);
    }
    return {};
  }

  Status feed(const std::vector<std::vector<std::int32_t>>& tokens) {
    std::vector<LaneInput> inputs;
    for (const std::vector<std::int32_t>& of_lane : tokens) inputs.push_back({.tokens = of_lane});
    return lanes_.advance(inputs, context_);
  }

  Status generate(std::int64_t count) {
    std::vector<std::int32_t> next(static_cast<std::size_t>(lanes_.count()));
    for (std::int64_t i = 0; i < count; ++i) {
      for (int lane = 0; lane < lanes_.count(); ++lane) next[static_cast<std::size_t>(lane)] = likeliest(lane);
      LAB_TRY(lanes_.step(next, context_));
      for (std::size_t lane = 0; lane < next.size(); ++lane)
        if (next[lane] >= 0) read_[lane].push_back(next[lane]);
    }
    return {};
  }

  /// The likeliest next token of a lane, -1 where it has read nothing.
  std::int32_t likeliest(int lane) const {
    if (lanes_.logits(lane).empty()) return -1;
    const Result<NextToken> next = sample(lanes_.logits(lane), {.greedy = true}, lanes_.position(lane), sampleable_);
    return next ? next->id : -1;
  }

  void note(const LaneScriptEvent& event) {
    JsonValue list = JsonValue::array();
    std::vector<std::vector<std::string>> rows;
    for (int lane = 0; lane < lanes_.count(); ++lane) {
      const auto i = static_cast<std::size_t>(lane);
      const std::string hash = hex_of(lanes_.state(lane).hash());
      const std::int32_t next = likeliest(lane);
      const bool chosen = !event.chosen.empty() && event.chosen[i];
      list.push_back({{"lane", lane}, {"read", read_[i]}, {"chosen", chosen}, {"position", lanes_.position(lane)}, {"state_hash", hash},
                      {"next", next < 0 ? JsonValue() : JsonValue(next)}});
      rows.push_back({fmt::format("  lane {}", lane), chosen ? name_of(event.kind) : fmt::format("read {}", read_[i].size()),
                      fmt::format("at {}", lanes_.position(lane)), hash, next < 0 ? "" : fmt::format("next {}", next)});
    }
    events_.push_back({{"event", name_of(event.kind)}, {"lanes", list}});
    if (!given_.reporting.json) fmt::print("{}\n{}", name_of(event.kind), table(rows));
  }

  const Arguments& given_;
  Lanes lanes_;
  Context<float> context_;
  const std::vector<bool> sampleable_;
  std::vector<std::vector<std::int32_t>> read_;  // by lane, of the event at work
  JsonValue events_ = JsonValue::array();
};

Result<int> run(const Arguments& given) {
  LAB_TRY(check_device(given.arithmetic));
  if (given.arithmetic.is_double())
    return Error{.code = Code::unsupported, .field = "--dtype", .expected = "f32, bf16 or f16", .found = "f64",
                 .message = "lanes run in single precision"};
  LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
  LAB_ASSIGN(const LaneScript script, read_lane_script(given.script, opened->tokenizer.get()));
  return LanesRun(given, *opened, script.lanes).run(script);
}

}  // namespace

void add_lanes(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("lanes", "Steps several states together, as a script says, and prints where each stands");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  sub->add_option("--script", given->script, "A JSON file of events: feed, generate, reset, soft_reset")->required();
  add_arithmetic(*sub, given->arithmetic);
  add_reporting(*sub, given->reporting);
  sub->footer(
      "Example script:\n"
      "  {\"format\": \"statelab-lanes/1\", \"lanes\": 2, \"events\": [\n"
      "    {\"feed\": [\"In the beginning\", \"And\"]}, {\"reset\": [1]}, {\"feed\": [[], \"The state of a\"]}, {\"generate\": 8}]}\n"
      "Example:\n  statelab lanes builtin:prose --script lanes.json --json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
