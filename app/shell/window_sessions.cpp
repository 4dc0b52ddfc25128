#include "app/shell/window_sessions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/core/recent_models.h"
#include "model/files/file.h"

namespace lab {

WindowSessions::WindowSessions(Engine& engine, KeeperOptions options, std::string recent_file, std::string start_folder, const std::function<void()>& wake)
    : engine_(engine), recent_file_(std::move(recent_file)), start_folder_(std::move(start_folder)), keeper_(std::move(options), wake) {}

std::string WindowSessions::follow(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const OpenedModel> opened, bool opened_anew, bool idle) {
  snapshot_ = std::move(snapshot), opened_ = std::move(opened);
  keeper_.follow(*snapshot_, opened_, opened_anew, idle);
  if (const std::string problem = keeper_.take_problem(); !problem.empty()) engine_.note(true, problem);
  const auto outcome = keeper_.take_outcome();
  if (!outcome) return {};
  if (!outcome->status) return engine_.note(outcome->status.error()), "";
  engine_.note(false, (outcome->is_session ? "Saved " : "Wrote ") + outcome->path);
  return outcome->is_session ? outcome->path : "";
}

/// What was opened last, where models of sessions are looked for too.
std::vector<std::string> WindowSessions::opened_before() const {
  std::vector<std::string> paths;
  if (opened_) paths.push_back(opened_->path);
  if (const auto recent = read_recent(recent_file_)) paths.insert(paths.end(), recent->begin(), recent->end());
  return paths;
}

std::optional<BegunOpening> WindowSessions::open(const std::string& path, const std::string& located) {
  lacking_.reset();
  const auto leftover = std::ranges::find(keeper_.leftovers(), path, &Leftover::file);
  return leftover != keeper_.leftovers().end() ? recover(*leftover, located) : open_file(path, located);
}

std::optional<BegunOpening> WindowSessions::open_file(const std::string& path, const std::string& located) {
  if (is_journal(path) || !is_session(path) || is_for_run(path)) return begin(plan_to_open(path, opened_before(), located), path, located);
  Result<KeptFile> file = keeper_.keep(path);  // before it is read: what is written from now on is another content
  if (file) return begin(plan_to_open(path, opened_before(), located), path, located, file.take());
  copied_ = path, located_ = located;
  question_.open(printable(plain_name(path)) + " is open in another window", "What is saved there and what is saved here would take the place of each other. A copy does all that was done again and has no file yet.",
                 {"Open a copy"});
  return {};
}

std::optional<BegunOpening> WindowSessions::draw_question(Ui& ui, Box window) {
  const auto answer = question_.draw(ui, window);
  if (!answer) return {};
  const std::string copied = std::exchange(copied_, {});
  if (!copied.empty()) return begin(plan_to_open(copied, opened_before(), located_), copied, located_);
  if (*answer == 0) ask_for(SaveDialog::Kind::session);
  else if (opened_ && !keeper_.busy()) keeper_.save(snapshot_, opened_, keeper_.file());
  return {};
}

std::optional<BegunOpening> WindowSessions::begin(Result<OpeningPlan> plan, const std::string& path, const std::string& located, KeptFile file, FileHold recovered) {
  if (!plan) {
    if (lacks_model(plan.error())) lacking_ = {path, plan.error().expected};
    engine_.note(plan.error());
    return {};
  }
  for (const std::string& warning : plan->warnings) engine_.note(true, plain_name(path) + ": " + warning);
  if (!plan->remark.empty()) engine_.note(false, plan->remark);
  BegunOpening begun;
  if (!located.empty()) begun.remembered.push_back(located);
  const bool opens_model = std::holds_alternative<command::Open>(plan->commands.front());
  if (!is_journal(path) && opens_model) begun.remembered.push_back(path);
  if (opens_model) keeper_.expect(*plan, std::move(file), std::move(recovered));
  if (plan->is_session) engine_.replay(std::move(plan->commands.front()), std::move(plan->replayed));
  else begun.script.assign(std::make_move_iterator(plan->commands.begin()), std::make_move_iterator(plan->commands.end()));
  return begun;
}

/// Does again what a window left without saving it.
std::optional<BegunOpening> WindowSessions::recover(const Leftover& leftover, const std::string& located) {
  FileHold hold;
  std::string remark;
  auto plan = keeper_.recover(leftover, opened_before(), located, hold, remark);
  if (plan) engine_.note(!leftover.journal.damage.empty(), remark);
  return begin(std::move(plan), leftover.file, located, {}, std::move(hold));
}

std::vector<RecoveredCard> WindowSessions::recovered() const {
  std::vector<RecoveredCard> cards;
  for (const Leftover& left : keeper_.leftovers()) cards.push_back({left.file, left.text});
  return cards;
}

void WindowSessions::ask_for(SaveDialog::Kind kind) {
  if (!snapshot_->model || keeper_.busy()) return;
  dialog_.open(kind, *snapshot_, kind == SaveDialog::Kind::session ? keeper_.file() : "", start_folder_);
}

void WindowSessions::save(bool under_another_name) {
  if (!snapshot_->model) return engine_.note(true, "There is nothing to save yet.");
  if (keeper_.busy()) return engine_.note(true, "The last file is still being saved.");
  if (under_another_name || keeper_.file().empty()) return ask_for(SaveDialog::Kind::session);
  if (!keeper_.was_written_elsewhere()) return save_to(SaveDialog::Kind::session, keeper_.file());
  copied_.clear();
  question_.open(printable(plain_name(keeper_.file())) + " was changed since it was opened here", "Another program, or another window, has written it. Saving over it loses what it holds now.",
                 {"Save under another name…", "Save over it"});
}

void WindowSessions::save_to(SaveDialog::Kind kind, const std::string& path) {
  if (!opened_ || keeper_.busy()) return;
  switch (kind) {
    case SaveDialog::Kind::session:
      if (const auto file = keeper_.keep(path); !file) return engine_.note(file.error());
      keeper_.save(snapshot_, opened_, path);
      break;
    case SaveDialog::Kind::patch: keeper_.save_patch(*snapshot_, path); break;
    case SaveDialog::Kind::rules: keeper_.save_rules(*snapshot_, path); break;
    case SaveDialog::Kind::state: engine_.submit(command::ExportFigure{.kind = "state-at", .file = path}); break;
  }
}

void WindowSessions::draw_dialog(Ui& ui, Box window) {
  if (const auto path = dialog_.draw(ui, window)) save_to(dialog_.kind(), *path);
}

}  // namespace lab
