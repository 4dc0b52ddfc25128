#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/model_facts.h"
#include "app/core/sampler.h"
#include "app/core/state_edit.h"
#include "app/core/state_plane.h"
#include "app/core/trials.h"
#include "app/core/weights.h"
#include "model/files/file.h"

namespace lab {
namespace {

constexpr double kMostRate = 1e6;

Error out_of_range(const char* field, const std::string& expected, std::int64_t found, const char* message) {
  return {.code = Code::out_of_range,
          .field = field,
          .expected = expected,
          .found = std::to_string(found),
          .message = message};
}

std::string range(std::int64_t first, std::int64_t last) { return fmt::format("{} to {}", first, last); }

}  // namespace

Status Lab::Parts::need_run() const {
  if (run) return {};
  return Error{.code = Code::missing,
               .field = "model",
               .expected = "an open model",
               .found = "none",
               .message = "there is no model",
               .next = "open one first, as builtin:prose"};
}

Status Lab::Parts::need_layer(std::int64_t layer, bool or_all) const {
  const std::int64_t first = or_all ? -1 : 0, last = opened->model->layers() - 1;
  if (layer >= first && layer <= last) return {};
  return out_of_range("layer", range(first, last), layer, "the model has no such layer");
}

void Lab::Parts::put(std::shared_ptr<const OpenedModel> model) {
  auto fresh =
      std::make_unique<lab::Run>(++runs_so_far, *model->model, options.trace, State(model->model->schema()), context);
  std::vector<bool> tokens = sampleable_tokens(model->tokenizer.get(), model->model->info().vocabulary);
  auto told = facts_of(*model, arithmetic_text(context));
  work.reset();
  history.clear();
  done_so_far.reset();
  guests.clear();
  next_guest = kFirstGuest, guests_lag = guests_rest = false;
  tree.begin(std::move(fresh));
  opened = std::move(model);
  ticket = 0;
  facts = std::move(told);
  sampleable = std::move(tokens);
  selection = {};
  playing.reset();
  exported.clear();
  controls.reset();
  use_rules(rule_presets().front().rules);
  use_breakpoints({});
  log("opened", fmt::format("{}: {}, {} parameters, {} layers, {}; memory at most {} bytes of weights, {} of history",
                            facts->path, facts->family, facts->parameters, facts->layers.size(), facts->arithmetic,
                            facts->weight_bytes, options.trace.budget_bytes));
}

Status Lab::Parts::carry_out(const command::Open& c) {
  const auto go_on = [this](const char* doing, double progress) {
    if (options.opening) options.opening(doing, progress);
    return !context.cancelled();
  };
  LAB_ASSIGN(std::shared_ptr<const OpenedModel> model, options.open(c.model, go_on));
  std::string hash;
  if (!c.expected_hash.empty() && go_on("comparing the content", 0.95)) hash = content_hash(model->checkpoint, options.stop);
  if (context.cancelled()) return Error{.code = Code::cancelled, .message = "opening was cancelled"};
  if (hash != c.expected_hash)
    return Error{.code = Code::mismatch,
                 .file = model->path,
                 .field = "model_hash",
                 .expected = c.expected_hash + ", with which the session was made",
                 .found = hash,
                 .message = "the model has another content now; what is open stays",
                 .next = "put the old model back, or take model_hash out of the session to replay it on this one"};
  put(std::move(model));
  ticket = c.ticket;
  if (!hash.empty()) {
    auto known = std::make_shared<ModelFacts>(*facts);
    known->hash = std::move(hash);
    facts = std::move(known);
  }
  return {};
}

Status Lab::Parts::feed(Tokens tokens, const std::string& label) {
  if (tokens.ids.empty()) return {};
  const std::int64_t waiting = run->waiting.count();
  if ((count() > 0 || waiting > 0) && run->has_vectors() == tokens.vectors.empty())
    return Error{.code = Code::bad_argument,
                 .field = "input",
                 .expected = run->has_vectors() ? "vectors" : "tokens",
                 .found = run->has_vectors() ? "tokens" : "vectors",
                 .message = "a run reads either tokens or vectors",
                 .next = "reset it first"};
  if (waiting + tokens.span().count() > kMostWaiting)
    return out_of_range("waiting", fmt::format("at most {} tokens", kMostWaiting), waiting + tokens.span().count(),
                        "too many tokens wait");
  begin_change();
  const Waiting before = run->waiting;
  run->waiting.append(tokens.span());
  end_change({{label, count()}, WaitingChange{before}});
  warn_of_caches(count() + waiting);
  return {};
}

// Says so when the rows of attention caches outgrow the budget with what was fed last: they cannot be thinned.
void Lab::Parts::warn_of_caches(std::int64_t tokens_before) {
  std::int64_t row = 0;
  for (const std::int64_t width : opened->model->schema()->caches()) row += width * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t tokens = count() + run->waiting.count(), budget = options.trace.budget_bytes;
  if (tokens_before * row > budget || tokens * row <= budget) return;
  note(true, fmt::format("the attention caches of {} tokens take {} MiB, the budget is {} MiB: they are kept, and nearly all other history is dropped",
                         tokens, tokens * row >> 20, budget >> 20));
}

/// The tokens of a text. Those that a template puts before it stand at the beginning of a run only.
Result<std::vector<std::int32_t>> Lab::Parts::encode(const std::string& text, bool is_first) const {
  if (opened->tokenizer) return opened->tokenizer->encode(text, is_first);
  return Error{.code = Code::missing,
               .field = "tokenizer.json",
               .expected = "a tokenizer in the model's folder",
               .found = "none",
               .message = "text needs a tokenizer",
               .next = "feed token ids instead"};
}

Status Lab::Parts::carry_out(const command::FeedText& c) {
  LAB_TRY(need_run());
  LAB_ASSIGN(std::vector<std::int32_t> ids, encode(c.text, count() == 0 && run->waiting.count() == 0));
  return carry_out(command::FeedTokens{std::move(ids)});
}

Status Lab::Parts::carry_out(const command::FeedTokens& c) {
  LAB_TRY(need_run());
  const std::int64_t vocabulary = opened->model->info().vocabulary;
  for (std::size_t i = 0; i < c.ids.size(); ++i)
    if (c.ids[i] < 0 || c.ids[i] >= vocabulary)
      return out_of_range(fmt::format("ids[{}]", i).c_str(), range(0, vocabulary - 1), c.ids[i],
                          "the model has no such token");
  return feed({c.ids, {}}, label_of(c));
}

Status Lab::Parts::carry_out(const command::DropWaiting& c) {
  LAB_TRY(need_run());
  if (run->waiting.count() == 0) return {};
  begin_change();
  const Waiting before = std::exchange(run->waiting, Waiting());
  end_change({{label_of(c), count()}, WaitingChange{before}});
  return {};
}

// Whether the active run can go on by so many tokens.
Status Lab::Parts::need_steps(std::int64_t count) const {
  LAB_TRY(need_run());
  if (count < 1 || count > kMostSteps)
    return out_of_range("count", range(1, kMostSteps), count, "there is no such number of steps");
  if (run->waiting.count() == 0)
    if (const Result<std::int32_t> next = next_token(); !next) return next.error();
  return {};
}

Status Lab::Parts::carry_out(const command::Step& c) {
  LAB_TRY(need_steps(c.count));
  announce({.label = label_of(c), .goal = count() + c.count, .waits_for = true});
  return {};
}

Status Lab::Parts::carry_out(const command::ReadWaiting& c) {
  LAB_TRY(need_run());
  if (run->waiting.count() > 0) announce({.label = label_of(c), .samples = false, .waits_for = true});
  return {};
}

Status Lab::Parts::carry_out(const command::Run& c) {
  LAB_TRY(need_run());
  if (!(c.rate >= 0 && c.rate <= kMostRate))
    return Error{.code = Code::out_of_range,
                 .field = "rate",
                 .expected = fmt::format("0 to {} tokens a second", kMostRate),
                 .found = fmt::format("{}", c.rate),
                 .message = "there is no such rate"};
  if (c.until < 0) return out_of_range("until", "0 or more", c.until, "there is no such number of tokens");
  if (c.until > 0 && c.until <= count()) return {};
  if (run->waiting.count() == 0)
    if (const Result<std::int32_t> next = next_token(); !next) return next.error();
  end_playing();
  announce({.label = label_of(c), .goal = c.until > 0 ? c.until : kNoEnd, .rate = c.rate});
  return {};
}

Status Lab::Parts::carry_out(const command::Pause&) {
  end_playing();
  stop_work();
  return {};
}

Status Lab::Parts::carry_out(const command::TakeBack& c) {
  LAB_TRY(need_run());
  if (c.count < 1 || c.count > count())
    return out_of_range("count", count() > 0 ? range(1, count()) : "1, once a token has been read", c.count,
                        "the run has not so many tokens");
  stop_work();
  TokensChange change{.position = count() - c.count, .other = run->waiting, .there = false};
  LAB_ASSIGN(change.tail, run->cut(change.position));
  if (c.keep) run->waiting.prepend(change.tail.tokens.span());
  end_change({{label_of(c), change.position}, std::move(change)});
  return {};
}

Status Lab::Parts::replace_run(State start, Waiting waiting, const std::string& label) {
  auto fresh = std::make_unique<lab::Run>(++runs_so_far, *opened->model, options.trace, std::move(start), context);
  stop_work();
  end_playing();
  fresh->waiting = std::move(waiting);
  const std::int64_t position = count();
  std::swap(run, fresh);
  end_change({{label, position}, RunChange{std::move(fresh)}});
  return {};
}

Status Lab::Parts::carry_out(const command::Reset& c) {
  LAB_TRY(need_run());
  State start(opened->model->schema());
  if (!c.state.empty()) {
    LAB_ASSIGN(start, saved_state(c.state));
  }
  return replace_run(std::move(start), Waiting(), label_of(c));
}

Status Lab::Parts::carry_out(const command::Seek& c) {
  LAB_TRY(need_run());
  if (c.cursor != "a" && c.cursor != "b")
    return Error{.code = Code::bad_argument,
                 .field = "cursor",
                 .expected = "a or b",
                 .found = printable(c.cursor),
                 .message = "there is no such cursor"};
  if (c.token < -1 || c.token >= count())
    return out_of_range("token", range(-1, count() - 1), c.token, "the run has no such token");
  (c.cursor == "a" ? selection.cursor_a : selection.cursor_b) = c.token;
  if (playing && is_at_end()) end_playing();
  return {};
}

Status Lab::Parts::carry_out(const command::Select& c) {
  LAB_TRY(need_run());
  LAB_TRY(need_layer(c.layer, false));
  const StatePlane plane(*opened->model->schema(), c.layer);
  const std::int64_t states = plane.is_cache() ? std::max<std::int64_t>(count(), 1) : plane.states();  // a cache shows its tokens
  if (c.channel < -1 || c.channel >= plane.rows())
    return out_of_range("channel", range(0, plane.rows() - 1), c.channel, "the layer has no such channel");
  if (c.state < -1 || c.state >= states) return out_of_range("state", range(0, states - 1), c.state, "a channel has no such state");
  selection.layer = c.layer;
  selection.channel = c.channel >= 0 ? c.channel : std::min(selection.channel, plane.rows() - 1);
  selection.state = c.state >= 0 ? c.state : std::min(selection.state, states - 1);
  return {};
}

Status Lab::Parts::carry_out(const command::ShowRange& c) {
  LAB_TRY(need_run());
  const bool all = c.first == 0 && c.last == 0;
  if (!all && c.first < 0) return out_of_range("first", "0 or more", c.first, "there is no such token");
  if (!all && c.last <= c.first)
    return out_of_range("last", fmt::format("more than first = {}", c.first), c.last, "the range is empty");
  selection.first = c.first;
  selection.last = c.last;
  return {};
}

Status Lab::Parts::carry_out(const command::ShowWeights& c) {
  LAB_TRY(need_run());
  std::string name;
  if (!c.tensor.empty()) {
    LAB_ASSIGN(const TensorFacts tensor, find_tensor(opened->checkpoint, c.tensor));
    name = tensor.name;
  }
  selection.tensor = name;
  selection.against = c.against;
  return {};
}

Status Lab::Parts::carry_out(const command::SetSampling& c) {
  LAB_TRY(check(c.sampling));
  sampling = c.sampling;
  return {};
}

Status Lab::Parts::carry_out(const command::Undo&) {
  return walk_history([this] { return history.undo(tree, options.go_on); });
}

Status Lab::Parts::carry_out(const command::Redo&) {
  return walk_history([this] { return history.redo(tree, options.go_on); });
}

Status Lab::Parts::walk_history(const std::function<Status()>& step) {
  stop_work();
  const auto rules_before = rules;
  const auto breakpoints_before = breakpoints;
  LAB_TRY(step());
  if (rules != rules_before) watch();
  if (breakpoints != breakpoints_before) mind_breakpoints();
  tree.share_budget(options.trace.budget_bytes);
  return {};
}

// Whoever drives the lab makes the figure; here it is noted what is shown, in the order of all that is done.
Status Lab::Parts::carry_out(const command::ExportFigure& c) {
  LAB_TRY(need_run());
  if (plain_name(c.file).empty())
    return Error{.code = Code::bad_argument, .field = "file", .expected = "a file name", .found = printable(c.file), .message = "the figure has no name"};
  note_played();
  return {};
}

}  // namespace lab
