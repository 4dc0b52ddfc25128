#include "app/core/lab.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/core/lab_parts.h"
#include "app/core/log.h"
#include "app/core/model_facts.h"

namespace lab {
namespace {

constexpr std::size_t kNotices = 16;

template <class... Kinds>
bool is_one_of(const Command& command) {
  return (std::holds_alternative<Kinds>(command) || ...);
}

bool ends_work(const Command& c) { return is_one_of<command::Pause, command::Reset, command::Open>(c); }

}  // namespace

Lab::Parts::Parts(const LabOptions& given) : options(given), context(given.arithmetic) { context.stop = options.stop; }

Lab::Lab(const LabOptions& options) : parts_(std::make_unique<Parts>(options)) {}
Lab::~Lab() = default;

// Once told to stop, nothing is written: whoever gave us the log may be gone.
void Lab::Parts::log(const std::string& kind, const std::string& text) const {
  if (options.log && !context.cancelled()) options.log->write(kind, text);
}

void Lab::Parts::note(bool is_error, const std::string& text, std::shared_ptr<const Error> error) {
  notices.push_back({++notices_so_far, is_error, text, std::move(error)});
  if (notices.size() > kNotices) notices.erase(notices.begin());
  log(is_error ? "refused" : "note", text);
}

void Lab::Parts::fail(const std::string& reason) {
  fault = printable(reason.empty() ? "an unknown failure" : reason, 400);
  log("fault", fmt::format("{} at token {}", fault, count()));
}

// Cursor A goes with the end it stood on; none stands beyond the end.
void Lab::Parts::keep_cursors(std::int64_t count_before) {
  const std::int64_t end = count() - 1;
  if (selection.cursor_a == count_before - 1) selection.cursor_a = end;
  selection.cursor_a = std::min(selection.cursor_a, end);
  selection.cursor_b = std::min(selection.cursor_b, end);
}

EngineState Lab::Parts::state() const {
  if (!fault.empty()) return EngineState::faulted;
  if (work || !under_way.empty()) return EngineState::running;
  return run ? EngineState::paused : EngineState::empty;
}

Answer Lab::apply(const Command& command) {
  Parts& p = *parts_;
  const std::int64_t before = p.count();
  const bool may_be_long = is_one_of<command::Undo, command::Redo, command::StepLanes>(command);
  const bool does_nothing = is_one_of<command::Pause>(command) && !p.work && !p.playing;
  if (may_be_long) p.under_way = label_of(command);
  const std::string fault_before = is_look(command) ? p.fault : std::exchange(p.fault, "");
  const Status status = p.guarded([&] { return std::visit([&](const auto& c) { return p.carry_out(c); }, command); });
  p.under_way.clear();
  if (!p.fault.empty() && !is_look(command)) p.break_off();
  if (p.count() != before) p.keep_cursors(before);
  if (!status) {
    if (p.fault.empty()) p.fault = fault_before;  // a refused command leaves everything as it was
    p.note(true, fmt::format("{}: {}", label_of(command), status.error().text()), std::make_shared<const Error>(status.error()));
    return {false, status.error()};
  }
  if (!is_look(command)) p.log("command", fmt::format("at {}: {}", before, json_of(command)));
  if (is_one_of<command::Pause>(command)) p.guests_rest = true;
  else if (!is_look(command) || is_one_of<command::CompareWith>(command)) p.guests_rest = false;
  p.look_at_guests();
  if (!does_nothing) p.remember({before, command});
  return {true, {}};
}

// Opening begins a record anew, with what has been set before: a session is of one model.
void Lab::Parts::remember(SessionCommand done) {
  if (!opened) return;
  if (auto* figure = std::get_if<command::ExportFigure>(&done.command)) figure->file = exported.name_for(figure->file);
  const bool begins = is_one_of<command::Open>(done.command);
  if (options.applied) options.applied(done, *opened);
  if (!begins) done_so_far = CommandRecord::with(std::move(done_so_far), std::move(done));
  else if (sampling != Sampling()) remember({0, command::SetSampling{sampling}});
  if (!begins && options.reached && count() != done_so_far->latest().step) options.reached(count(), work.has_value());
}

void Lab::Parts::break_off() {
  if (!work) return;
  stop_work();
  remember({count(), command::Pause{}});
}

void Lab::put(std::shared_ptr<const OpenedModel> opened) {
  parts_->put(std::move(opened));
  parts_->fault.clear();
}

Answer Lab::feed_vectors(std::vector<float> vectors) {
  Parts& p = *parts_;
  const Status status = p.guarded([&]() -> Status {
    LAB_TRY(p.need_run());
    const auto width = static_cast<std::size_t>(p.opened->model->info().hidden);
    if (vectors.size() % width != 0)
      return Error{.code = Code::mismatch,
                   .field = "vectors",
                   .expected = fmt::format("a multiple of {} numbers", width),
                   .found = std::to_string(vectors.size()),
                   .message = "the vectors have another width"};
    const std::size_t rows = vectors.size() / width;
    return p.feed({std::vector<std::int32_t>(rows, kVectorId), std::move(vectors)},
                  fmt::format("feed {} vectors", rows));
  });
  return status ? Answer{true, {}} : Answer{false, status.error()};
}

Answer Lab::start_from(const State& state) {
  Parts& p = *parts_;
  const Status status = p.guarded([&]() -> Status {
    LAB_TRY(p.need_run());
    if (p.count() > 0)
      return Error{.code = Code::bad_argument,
                   .field = "state",
                   .expected = "a run that has read nothing",
                   .found = fmt::format("{} tokens", p.count()),
                   .message = "a state can be put in place only before the first token",
                   .next = "reset the run first"};
    if (state.schema_ptr() != p.opened->model->schema())
      return Error{.code = Code::mismatch,
                   .field = "state",
                   .expected = "a state of this model",
                   .found = "one of another",
                   .message = "the state does not fit"};
    return p.replace_run(state, p.run->waiting, "start from a state");
  });
  return status ? Answer{true, {}} : Answer{false, status.error()};
}

bool Lab::should_wait(const Command& command) const {
  return parts_->work && parts_->work->waits_for && !is_look(command) && !ends_work(command);
}

bool Lab::may_overtake(const Command& command) {
  return is_look(command) || std::holds_alternative<command::Pause>(command);
}

void Lab::fail(const std::string& reason) {
  parts_->fail(reason);
  parts_->break_off();
}

void Lab::note(bool is_error, const std::string& text, std::shared_ptr<const Error> error) { parts_->note(is_error, text, std::move(error)); }

std::shared_ptr<const OpenedModel> Lab::opened() const { return parts_->opened; }

std::string Lab::model_hash() {
  if (!parts_->opened) return {};
  if (parts_->facts->hash.empty()) parts_->know_hash(content_hash(parts_->opened->checkpoint));
  return parts_->facts->hash;
}

void Lab::set_model_hash(const std::shared_ptr<const OpenedModel>& of, const std::string& hash) {
  if (of == parts_->opened && !hash.empty()) parts_->know_hash(hash);
}

void Lab::Parts::know_hash(const std::string& hash) {
  auto known = std::make_shared<ModelFacts>(*facts);
  known->hash = hash;
  facts = std::move(known);
  log("hash", facts->path + " " + hash);
}

std::int64_t Lab::count() const { return parts_->count(); }

std::int64_t Lab::history_bytes() const { return parts_->run ? parts_->tree.memory() : 0; }

const State& Lab::state() const { return parts_->run->state(); }

std::shared_ptr<const Snapshot> Lab::snapshot() {
  Parts& p = *parts_;
  auto s = std::make_shared<Snapshot>();
  s->number = ++p.snapshots_so_far;
  s->state = p.state();
  s->fault = p.fault;
  s->working_on = p.under_way;
  s->model = p.facts;
  s->selection = p.selection;
  s->selection.cursor_a = std::min(s->selection.cursor_a, p.count() - 1);  // a long undo is seen on its way, before the cursors follow
  s->selection.cursor_b = std::min(s->selection.cursor_b, p.count() - 1);
  s->sampling = p.sampling;
  s->ticket = p.ticket;
  s->rules = p.rules;
  s->controls = p.controls;
  s->controls_number = p.controls_so_far;
  s->breakpoints = p.run ? p.breakpoints : nullptr;
  s->undo = p.history.undoable();
  s->redo = p.history.redoable();
  s->notices = p.notices;
  s->record = p.done_so_far;
  if (!p.run) return s;
  s->run = p.run->number();
  s->tokens = p.run->tokens();
  s->times = p.run->times();
  s->start = p.run->start();
  s->ranges = p.run->ranges;
  s->notes = p.run->notes;
  s->plays = p.playing.has_value();
  s->plays_back = p.playing && p.playing->back;
  s->has_vectors = p.run->has_vectors();
  if (!s->has_vectors) s->waiting.assign(p.run->waiting.rest().ids.begin(), p.run->waiting.rest().ids.end());
  s->trace = p.run->trace();
  s->edits = p.run->edits();
  s->last_logits = p.run->logits();
  s->active_run = p.tree.active();
  for (const Branch& branch : p.tree.branches()) s->runs.push_back(p.run_facts(branch));
  for (const Beside& each : p.guests) {
    s->guests.push_back(each.guest->facts());
    if (s->guests.back().opened == p.opened) s->guests.back().model = p.facts;  // its hash may be known by now
    if (p.work || !p.guests_lag || p.behind(each) == 0) continue;
    s->working_on = fmt::format("{} reads {} tokens", s->guests.back().run.name, p.behind(each));
    s->progress = static_cast<double>(s->guests.back().run.tokens.count()) / static_cast<double>(std::max<std::int64_t>(1, p.tree.run_of(each.of).count()));
  }
  if (!p.work) return s;
  const Work& work = *p.work;
  const std::int64_t total = (work.samples ? work.goal : p.count() + p.run->waiting.count()) - work.began;
  s->rate = work.rate;
  s->tokens_per_second = p.speed.tokens_per_second();
  if (total > 1 && (work.goal != kNoEnd || !work.samples)) {
    s->working_on = fmt::format("reading {} tokens", total);
    s->progress = static_cast<double>(p.count() - work.began) / static_cast<double>(total);
  }
  return s;
}

}  // namespace lab
