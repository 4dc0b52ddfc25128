#include <algorithm>

#include "app/core/lab_parts.h"
#include "app/core/sampler.h"

namespace lab {

constexpr std::int64_t kShareEvery = 64;  // tokens after which several runs share their budget anew

void Speed::add(std::int64_t tokens) {
  constexpr double kWindow = 0.5;
  tokens_ += tokens;
  const double seconds = std::chrono::duration<double>(Clock::now() - since_).count();
  if (seconds < kWindow) return;
  measured_ = static_cast<double>(tokens_) / seconds;
  tokens_ = 0;
  since_ = Clock::now();
}

double Speed::tokens_per_second() const {
  if (measured_ > 0) return measured_;
  const double seconds = std::chrono::duration<double>(Clock::now() - since_).count();
  return seconds > 0 ? static_cast<double>(tokens_) / seconds : 0;
}

// New work takes the place of what was announced before.
void Lab::Parts::announce(Work next) {
  stop_work();
  next.began = count();
  work = std::move(next);
  begin_entry();
  speed.restart();
}

bool Lab::Parts::is_done() const { return count() >= work->goal || (!work->samples && run->waiting.count() == 0); }

Result<std::int32_t> Lab::Parts::next_token() const {
  const Error nothing{.code = Code::missing,
                      .field = "waiting",
                      .expected = "tokens to read",
                      .found = "none",
                      .next = "feed something first"};
  Error refusal = nothing;
  refusal.message = run->has_vectors() ? "a run that was fed vectors does not go on by itself"
                                       : "before the first token nothing can be sampled";
  if (run->has_vectors() || run->logits().empty()) return refusal;
  LAB_ASSIGN(const NextToken next, sample(run->logits(), sampling, run->count(), sampleable));
  return next.id;
}

// One sampled token, or as many waiting ones as may be read at once.
Status Lab::Parts::do_piece(std::int64_t stop_at) {
  if (is_done() || count() >= stop_at) return {};
  LAB_ASSIGN(const bool has_caught_up, catch_up());
  if (has_caught_up) return {};
  const std::int64_t before = count();
  const bool asks_logits = std::ranges::any_of(stops, [](const auto& stop) { return stop && stop->needs_logits(); });
  const std::vector<float> logits_before = asks_logits ? run->logits() : std::vector<float>();
  if (run->waiting.count() == 0) {
    LAB_ASSIGN(const std::int32_t id, next_token());
    LAB_TRY(run->read({std::span(&id, 1), {}}));
  } else {
    const std::int64_t most = work->rate > 0 || !work->others.empty() || asks_logits ? 1 : std::min({run->reach(), work->goal - before, stop_at - before});
    const TokenSpan tokens = run->waiting.front(std::min(most, run->waiting.count()));
    LAB_TRY(run->read(tokens));
    run->waiting.drop(tokens.count());
  }
  LAB_TRY(step_others());
  if (tree.branches().size() > 1 && before / kShareEvery != count() / kShareEvery) tree.share_budget(options.trace.budget_bytes);
  speed.add(count() - before);
  if (!stops.empty()) LAB_TRY(pause_where_asked(before, logits_before));
  return react();
}

void Lab::Parts::stop_work() {
  if (!work) return;
  const Work stopped = std::move(*work);
  work.reset();
  record(stopped);
}

// What work has read since its entry began becomes an entry of the history.
void Lab::Parts::record(const Work& done) {
  GroupChange all;
  const auto add = [&](std::int64_t branch, std::int64_t from, const Waiting& before) {
    if (tree.run_of(branch).count() != from) all.parts.push_back({{done.label, from}, TokensChange{.position = from, .other = before}, branch});
  };
  add(tree.active(), done.from, done.waiting_before);
  for (const Work::Lane& lane : done.others) add(lane.branch, lane.from, lane.waiting_before);
  if (all.parts.empty()) return;
  if (all.parts.size() == 1) history.push(std::move(all.parts.front()));
  else history.push({{done.label, done.from}, std::move(all), tree.active()});
}

void Lab::Parts::begin_entry() {
  if (!work) return;
  work->from = count();
  work->waiting_before = run->waiting;
  for (Work::Lane& lane : work->others) lane.from = tree.run_of(lane.branch).count(), lane.waiting_before = tree.run_of(lane.branch).waiting;
}

// Around everything but work that changes the run: what was read before it is an entry of its own.
void Lab::Parts::begin_change() {
  if (work) record(*work);
  begin_entry();
}

void Lab::Parts::end_change(Change change) {
  change.branch = tree.active();
  history.push(std::move(change));
  begin_entry();
}

bool Lab::has_work() const { return parts_->work.has_value() || parts_->guests_lag; }

double Lab::rate() const { return parts_->work ? parts_->work->rate : 0; }

bool Lab::work(std::int64_t stop_at) {
  Parts& p = *parts_;
  if (!has_work()) return false;
  if (!p.work) {
    p.read_along();
    return true;
  }
  const std::int64_t before = p.count();
  const Status status = p.guarded([&] { return p.do_piece(stop_at); });
  if (!status) {
    p.break_off();
    if (p.fault.empty()) p.note(status.error().code != Code::cancelled, status.error().text());
  } else if (p.work && p.is_done()) {
    p.stop_work();
  }
  p.keep_cursors(before);
  p.look_at_guests();
  if (p.guests_lag) p.read_along();
  if (p.options.reached) p.options.reached(p.count(), p.work.has_value());
  return true;
}

void Lab::finish_work() {
  while (parts_->work && (parts_->work->goal != kNoEnd || !parts_->work->samples)) work();
  parts_->stop_work();
  while (parts_->guests_lag) parts_->read_along();
  while (plays()) play_on();
}

}  // namespace lab
