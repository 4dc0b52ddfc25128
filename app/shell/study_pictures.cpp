#include "app/shell/study_pictures.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "app/core/analyst.h"
#include "app/core/replay.h"
#include "app/core/session.h"
#include "model/base/thread_priority.h"
#include "views/figures/figure.h"

namespace lab {
namespace {

/// Leaves what is drawn: no titles, axes, scales and numbers.
void leave_out_words(Figure& figure) {
  for (Plot& plot : figure.plots) {
    plot.title.clear(), plot.subtitle.clear(), plot.color_label.clear();
    plot.color_bar.reset();
    plot.columns.clear();
    for (Axis* axis : {&plot.x, &plot.y}) axis->label.clear(), axis->visible = axis->ticks = false;
    for (Layer& layer : plot.layers)
      if (auto* bars = std::get_if<BarLayer>(&layer)) bars->labels.clear(), bars->notes.clear();
      else if (auto* mark = std::get_if<MarkLayer>(&layer)) mark->label.clear();
      else if (auto* rule = std::get_if<RuleLayer>(&layer)) rule->label.clear();
    std::erase_if(plot.layers, [](const Layer& layer) { return std::holds_alternative<NoteLayer>(layer); });
  }
}

}  // namespace

Result<StudyPicture> picture_of_session(const std::string& path, const std::atomic<bool>* stop) {
  LAB_ASSIGN(const Session session, read_session(path));
  LAB_ASSIGN(const std::string model, find_session_model(session, path));
  LAB_ASSIGN(const auto opened, open_model(model));
  Lab lab({.arithmetic = {.threads = 1}, .stop = stop, .go_on = [stop] { return !*stop; }});
  lab.put(opened);
  std::vector<SessionCommand> commands = session.commands;
  command::ExportFigure wanted{.kind = "state-heatmap"};
  const auto first = std::ranges::find_if(commands, [](const SessionCommand& each) {
    const auto* figure = std::get_if<command::ExportFigure>(&each.command);
    return figure && figure->kind != "next-token";  // of which little is left without words
  });
  if (first != commands.end()) wanted = std::get<command::ExportFigure>(first->command);
  commands.erase(first, commands.end());
  LAB_TRY(replay(commands, lab, [](const command::ExportFigure&) { return Status(); }, stop));
  const FigureKind* kind = find_figure(wanted.kind);
  if (!kind) return Error{.code = Code::bad_argument, .file = path, .field = "kind", .found = printable(wanted.kind), .message = "there is no such kind of figure"};
  LAB_ASSIGN(FigureOptions options, options_of(wanted.look));
  options.cursors = false;
  const auto snapshot = lab.snapshot();
  Query needs = needs_of(*kind, options);
  if (needs.comparison) needs.comparison->whole = true;  // nobody asks for the rest of it
  const auto derived = Deriver({.threads = 1}).derive(snapshot, opened, needs, [stop] { return stop->load(); });
  if (!derived) return Error{.code = Code::cancelled, .message = "interrupted"};
  LAB_ASSIGN(Figure figure, kind->make(*snapshot, *derived, options));
  leave_out_words(figure);
  return StudyPicture{path, std::move(figure), derived};
}

void StudyPictures::begin(std::vector<std::string> sessions) {
  idle_ = stopped_ = false;
  thread_ = std::thread([this, sessions = std::move(sessions)] { run(sessions); });
}

void StudyPictures::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
  idle_ = true;
}

void StudyPictures::run(const std::vector<std::string>& sessions) {
  give_way(Priority::background);
  for (std::size_t i = 0; i < sessions.size() && !stopped_; ++i) {
    const bool is_known = std::ranges::any_of(pictures(), [&](const auto& each) { return each->session == sessions[i]; });
    if (is_known) continue;
    std::optional<StudyPicture> made;
    try {
      if (auto picture = picture_of_session(sessions[i], &stopped_)) made = picture.take();
    } catch (const std::exception&) {
      continue;  // a picture may be missing, and nothing else
    }
    if (!made) continue;
    {
      const std::lock_guard lock(mutex_);
      made_.push_back(std::make_shared<const StudyPicture>(std::move(*made)));
      count_ = made_.size();
    }
    wake_();
  }
  idle_ = true;
  wake_();
}

std::vector<std::shared_ptr<const StudyPicture>> StudyPictures::pictures() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

}  // namespace lab
