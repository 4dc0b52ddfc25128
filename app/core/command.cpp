#include "app/core/command.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/core/interventions.h"
#include "app/core/state_edit.h"
#include "model/files/file.h"

namespace lab {
namespace {

constexpr std::size_t kShownTextBytes = 32;

std::string of_layer(std::int64_t layer) { return layer < 0 ? "of all layers" : fmt::format("of layer {}", layer); }

std::string label(const command::Open& c) { return "open " + printable(c.model); }
std::string label(const command::FeedText& c) { return fmt::format("feed \"{}\"", printable(c.text, kShownTextBytes)); }
std::string label(const command::FeedTokens& c) {
  return fmt::format("feed {} token{}", c.ids.size(), c.ids.size() == 1 ? "" : "s");
}
std::string label(const command::DropWaiting&) { return "drop waiting tokens"; }
std::string label(const command::Step& c) { return fmt::format("step {}", c.count); }
std::string label(const command::ReadWaiting&) { return "read waiting tokens"; }
std::string label(const command::Run& c) { return c.until > 0 ? fmt::format("run to {} tokens", c.until) : "run"; }
std::string label(const command::Pause&) { return "pause"; }
std::string label(const command::TakeBack& c) { return fmt::format("take back {}", c.count); }
std::string label(const command::Reset& c) { return c.state.empty() ? "reset" : "start from " + printable(plain_name(c.state)); }
std::string label(const command::Seek& c) {
  return c.token < 0 ? fmt::format("put cursor {} before the first token", c.cursor)
                     : fmt::format("put cursor {} on token {}", c.cursor, c.token);
}
std::string label(const command::Select& c) {
  return fmt::format("select layer {}, channel {}, state {}", c.layer, c.channel, c.state);
}
std::string label(const command::ShowRange& c) {
  return c.first == 0 && c.last == 0 ? "show all tokens" : fmt::format("show tokens {} to {}", c.first, c.last - 1);
}
std::string label(const command::ShowWeights& c) {
  return c.tensor.empty() ? "close the weights" : "show the weights " + printable(c.tensor);
}
std::string label(const command::SetSampling& c) {
  return c.sampling.greedy ? "sample the most probable"
                           : fmt::format("sample at temperature {}", c.sampling.temperature);
}
std::string label(const command::ZeroState& c) { return "zero state " + of_layer(c.layer); }
std::string label(const command::ScaleState& c) {
  return fmt::format("scale state {} by {}", of_layer(c.layer), c.factor);
}
std::string label(const command::RestoreState& c) {
  return fmt::format("restore state {} from position {}", of_layer(c.layer), c.position);
}
std::string label(const command::EditState& c) { return printable(c.edit.name.empty() ? words_of(c.edit) : c.edit.name); }
std::string label(const command::ApplyPatch& c) {
  return c.title.empty() ? fmt::format("apply {} edit{}", c.edits.size(), c.edits.size() == 1 ? "" : "s") : "apply " + printable(c.title);
}
std::string label(const command::SetTrials& c) {
  std::string text;
  const auto add = [&](bool tries, const std::string& what) { text += tries ? (text.empty() ? "try " : ", ") + what : ""; };
  add(c.rotary != "stored", "rotary " + printable(c.rotary));
  add(c.at_position >= 0, fmt::format("position {}", c.at_position));
  add(c.no_cache, "no cache");
  add(c.only_layer >= 0, fmt::format("layer {} alone", c.only_layer));
  return text.empty() ? "end trials" : text;
}
std::string label(const command::SetRule& c) {
  return fmt::format("rule {} {}: {}", c.index, printable(c.rule.kind), !c.rule.on ? "off" : "limit " + fmt::format("{:.4g}, {}", c.rule.limit, printable(c.rule.on_alert)));
}
std::string label(const command::RemoveRule& c) { return fmt::format("remove rule {}", c.index); }
std::string label(const command::UseRules& c) { return "use the rules of " + printable(c.preset); }
std::string label(const command::Play& c) { return std::string(c.back ? "play back" : "play") + (c.by == "layer" ? " by layers" : ""); }
std::string label(const command::SetRange& c) {
  return fmt::format("name tokens {} to {} \"{}\"", c.first, c.last - 1, printable(c.name, kShownTextBytes));
}
std::string label(const command::RemoveRange& c) { return fmt::format("remove the name of range {}", c.index); }
std::string label(const command::SetNote& c) {
  return c.text.empty() ? fmt::format("bookmark token {}", c.token) : fmt::format("note \"{}\" at token {}", printable(c.text, kShownTextBytes), c.token);
}
std::string label(const command::RemoveNote& c) { return fmt::format("remove note {}", c.index); }
std::string label(const command::SetBreakpoint& c) { return fmt::format("{} when {}", c.on ? "pause" : "do not pause", printable(c.when, kShownTextBytes)); }
std::string label(const command::RemoveBreakpoint& c) { return fmt::format("remove breakpoint {}", c.index); }
std::string label(const command::Fork& c) {
  const std::string name = c.name.empty() ? "" : " " + printable(c.name);
  return c.position < 0 ? "fork" + name : fmt::format("fork{} at {}", name, c.position);
}
std::string label(const command::SwitchRun& c) { return fmt::format("switch to run {}", c.run); }
std::string label(const command::DeleteRun& c) { return fmt::format("delete run {}", c.run); }
std::string label(const command::RenameRun& c) { return fmt::format("call run {} {}", c.run, printable(c.name)); }
std::string label(const command::PromoteRun& c) { return fmt::format("promote run {}", c.run); }
std::string label(const command::StepAll& c) { return fmt::format("step all runs {}", c.count); }
std::string label(const command::OpenLanes& c) { return fmt::format("open {} lane{}", c.texts.size(), c.texts.size() == 1 ? "" : "s"); }
std::string label(const command::StepLanes& c) { return c.count == 0 ? "read what waits in all lanes" : fmt::format("step all lanes {}", c.count); }
std::string label(const command::ResetLanes& c) {
  const std::string lanes = fmt::format("lane{} {}", c.runs.size() == 1 ? "" : "s", fmt::join(c.runs, ", "));
  return c.kept == 0 ? "reset " + lanes : fmt::format("let {} keep {:.4g}", lanes, c.kept);
}
/// The files that are compared, counted from 1.
std::string file_number(std::int64_t run) { return fmt::format("file {}", -1 - run); }
std::string label(const command::Compare& c) {
  const auto run = [](std::int64_t id) { return id == -1 ? std::string("any run") : id < 0 ? file_number(id) : fmt::format("run {}", id); };
  const std::string how = c.align == "offset" ? fmt::format("offset {}", c.offset) : printable(c.align);
  return fmt::format("compare {} with {} by {}", run(c.a), run(c.b), how);
}
std::string label(const command::CompareWith& c) { return "compare with " + printable(c.file); }
std::string label(const command::CloseCompared& c) { return "close " + file_number(c.run); }
std::string label(const command::Undo&) { return "undo"; }
std::string label(const command::Redo&) { return "redo"; }
std::string label(const command::SetIntervention& c) {
  const Intervention& i = c.intervention;
  return (i.on ? "intervene: " : "switched off: ") + printable(i.name.empty() ? words_of(i) : i.name);
}
std::string label(const command::RemoveIntervention& c) { return fmt::format("remove intervention {}", c.index); }
std::string label(const command::UseInterventions& c) {
  return c.interventions.empty() ? "end all interventions" : fmt::format("use {} intervention{}", c.interventions.size(), c.interventions.size() == 1 ? "" : "s");
}
std::string label(const command::RunControls& c) {
  return c.index < 0 ? "ask for no controls" : fmt::format("run the controls of intervention {}", c.index);
}
std::string label(const command::ExportFigure& c) {
  return fmt::format("export {} to {}", printable(c.kind), printable(c.file));
}

std::string with_layer(const std::string& text, std::int64_t layer) {
  return layer < 0 ? text : fmt::format("{} L{}", text, layer);
}
std::string brief(const command::ZeroState& c) { return with_layer("zero", c.layer); }
std::string brief(const command::ScaleState& c) { return with_layer(fmt::format("× {:.4g}", c.factor), c.layer); }
std::string brief(const command::RestoreState& c) { return with_layer("restore", c.layer); }
std::string brief(const command::EditState& c) { return printable(brief_words_of(c.edit)); }
/// Of one edit in several places, as of a box, that edit; else the title.
std::string brief(const command::ApplyPatch& c) {
  const auto is_first = [&c](StateEdit edit) {
    edit.at = c.edits.front().at;
    return edit == c.edits.front();
  };
  if (c.edits.size() > 1 && std::ranges::all_of(c.edits, is_first)) return printable(brief_words_of(c.edits.front()));
  return c.title.empty() ? label(c) : printable(c.title);
}
std::string brief(const command::SetTrials& c) {
  const std::string text = label(c), sign = "try ";
  return text.starts_with(sign) ? text.substr(sign.size()) : text;
}
std::string brief(const command::SetIntervention& c) { return printable(c.intervention.name.empty() ? brief_words_of(c.intervention) : c.intervention.name); }
std::string brief(const command::ResetLanes& c) { return c.kept == 0 ? "reset" : fmt::format("keep {:.4g}", c.kept); }
std::string brief(const auto& c) { return label(c); }

}  // namespace

std::string label_of(const Command& command) {
  return std::visit([](const auto& c) { return label(c); }, command);
}

std::string brief_of(const Command& command) {
  return std::visit([](const auto& c) { return brief(c); }, command);
}

const char* name_of(const Command& command) {
  return std::visit([](const auto& c) { return c.kName; }, command);
}

}  // namespace lab
