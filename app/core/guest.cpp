#include "app/core/guest.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "app/core/comparison.h"
#include "app/core/journal.h"
#include "app/core/model_facts.h"
#include "app/core/replay.h"

namespace lab {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kTellEvery = std::chrono::milliseconds(50);
constexpr std::size_t kLongestName = 40;

/// "granite" of a folder, "zeroed" of zeroed.statelab.json.
std::string short_name(const std::string& file) {
  const fs::path path = file;
  std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  for (const std::string_view ending : {".statelab.json", ".json", ".journal"}) {
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    break;
  }
  return printable(name, kLongestName);
}

/// Opens a model, or shares the host's where it is the same.
Result<std::shared_ptr<const OpenedModel>> open_beside(const std::string& model, const GuestHost& host, const OpeningSteps& steps) {
  std::error_code unknown;
  if (model == host.opened->path || fs::equivalent(model, host.opened->path, unknown)) return host.opened;
  return host.options.open(model, steps);
}

/// What a session does but compare: that it would do with files of its own. A look stands in the place of each, since a run may go on
/// up to it.
std::vector<SessionCommand> without_comparisons(std::vector<SessionCommand> commands) {
  for (SessionCommand& each : commands) {
    const Command& command = each.command;
    const bool compares = std::holds_alternative<command::Compare>(command) || std::holds_alternative<command::CompareWith>(command) ||
                          std::holds_alternative<command::CloseCompared>(command);
    if (compares) each.command = command::ShowRange{};
  }
  return commands;
}

/// The options of the lab that replays a session; says now and then how far it has come.
LabOptions options_of_replay(const GuestHost& host, std::size_t commands) {
  LabOptions options;
  options.arithmetic = host.options.arithmetic, options.trace = host.options.trace, options.stop = host.options.stop;
  options.opening = host.options.opening;
  options.open = [&host](const std::string& model, const OpeningSteps& steps) { return open_beside(model, host, steps); };
  if (!host.options.opening) return options;
  const auto done = std::make_shared<std::size_t>(0);
  const auto told = std::make_shared<Clock::time_point>();
  options.applied = [done](const SessionCommand&, const OpenedModel&) { ++*done; };
  options.reached = [&host, done, told, commands](std::int64_t position, bool) {
    if (Clock::now() - *told < kTellEvery) return;
    *told = Clock::now();
    host.options.opening(fmt::format("replaying, {} tokens", position).c_str(), static_cast<double>(*done) / static_cast<double>(commands + 1));
  };
  return options;
}

Result<GuestRun> replay_beside(const std::string& file, const GuestHost& host, std::vector<std::string>& warnings) {
  LAB_ASSIGN(Session session, read_session_or_journal(file, warnings));
  std::vector<std::string> known = host.options.opened_before ? host.options.opened_before() : std::vector<std::string>();
  known.insert(known.begin(), host.opened->path);
  LAB_ASSIGN(std::string model, find_session_model(session, file, known));
  Lab lab(options_of_replay(host, session.commands.size()));
  if (const Answer opening = lab.apply(command::Open{std::move(model), session.model_hash}); !opening.applied) return opening.refusal;
  LAB_TRY(replay(without_comparisons(std::move(session.commands)), lab, [](const command::ExportFigure&) { return Status(); }, host.options.stop));
  if (lab.opened() != host.opened) lab.model_hash();  // comparing asks whether both have one model
  const auto snapshot = lab.snapshot();
  const RunFacts& active = *snapshot->find_run(snapshot->active_run);
  GuestRun guest{.run = active, .file = file, .model = snapshot->model, .opened = lab.opened()};
  guest.run.name = short_name(file) + (snapshot->runs.size() > 1 ? " · " + active.name : "");
  return guest;
}

Result<GuestRun> model_beside(const std::string& file, const GuestHost& host) {
  const auto go_on = [&host](const char* doing, double progress) {
    if (host.options.opening) host.options.opening(doing, progress);
    return !host.context.cancelled();
  };
  GuestRun guest{.run = {.name = short_name(file)}, .file = file};
  LAB_ASSIGN(guest.opened, open_beside(file, host, go_on));
  auto facts = std::make_shared<ModelFacts>(*facts_of(*guest.opened, arithmetic_text(host.context)));
  if (guest.opened != host.opened && go_on("reading the weights", 0.95)) facts->hash = content_hash(guest.opened->checkpoint, host.options.stop);
  guest.model = std::move(facts);
  return guest;
}

Result<GuestRun> trace_beside(const std::string& file) {
  LAB_ASSIGN(auto recorded, open_trace(file));
  const auto source = trace_source(recorded);
  RowLog<std::int32_t> tokens;
  for (const std::int32_t id : *source->side().tokens) tokens.append()[0] = id;
  return GuestRun{.run = {.name = printable(source->side().name, kLongestName), .tokens = tokens.view(), .edits = std::make_shared<const std::vector<EditEvent>>()},
                  .file = file,
                  .recorded = std::move(recorded)};
}

}  // namespace

Result<std::unique_ptr<Guest>> Guest::open(const std::string& file, const GuestHost& host, std::vector<std::string>& warnings) {
  const bool is_recorded = is_trace(file), is_replayed = !is_recorded && (is_session(file) || is_journal(file));
  auto guest = std::make_unique<Guest>();
  LAB_ASSIGN(guest->facts_, is_recorded ? trace_beside(file) : is_replayed ? replay_beside(file, host, warnings) : model_beside(file, host));
  if (host.context.cancelled()) return Error{.code = Code::cancelled, .file = file, .message = "opening was cancelled"};
  RunFacts& run = guest->facts_.run;
  run.id = host.id, run.run = host.run, run.parent = -1, run.forked_at = 0, run.waiting = 0;
  if (is_recorded || is_replayed) return guest;
  const Model& model = *guest->facts_.opened->model;
  guest->reader_ = std::make_unique<Run>(host.run, model, host.options.trace, State(model.schema()), host.context);
  guest->tell();
  return guest;
}

void Guest::tell() {
  facts_.run.tokens = reader_->tokens();
  facts_.run.trace = reader_->trace();
  facts_.run.edits = reader_->edits();
}

/// How many tokens from the first on are the same. What was compared before and is still there is not compared again.
std::int64_t Guest::agreed(const RowView<std::int32_t>& tokens) {
  const RowView<std::int32_t>& own = facts_.run.tokens;
  const std::int64_t most = std::min(own.count(), tokens.count());
  agreed_ = std::min({agreed_, most, seen_.shared_with(tokens)});
  while (agreed_ < most && own[agreed_][0] == tokens[agreed_][0]) ++agreed_;
  seen_ = tokens;
  return agreed_;
}

std::int64_t Guest::behind(const RowView<std::int32_t>& tokens) {
  const std::int64_t same = agreed(tokens);
  return facts_.run.tokens.count() - same + tokens.count() - same;
}

Status Guest::follow(const RowView<std::int32_t>& tokens) {
  const std::int64_t same = agreed(tokens);
  if (same < reader_->count()) {
    if (const Result<Tail> beyond = reader_->cut(same); !beyond) return beyond.error();
    tell();
    return {};
  }
  std::vector<std::int32_t> ids;
  const std::int64_t vocabulary = facts_.model->vocabulary, last = std::min(tokens.count(), same + reader_->reach());
  for (std::int64_t t = same; t < last; ++t) {
    const std::int32_t id = tokens[t][0];
    if (id < 0 || id >= vocabulary) break;
    ids.push_back(id);
  }
  if (ids.empty())
    return Error{.code = Code::out_of_range, .file = facts_.file, .field = fmt::format("token {}", same), .expected = fmt::format("an id below {}", vocabulary),
                 .found = std::to_string(tokens[same][0]), .message = "the model has no such token"};
  LAB_TRY(reader_->read({ids, {}}));
  tell();
  return {};
}

}  // namespace lab
