#pragma once
// SOURCE on the command line: a session that is replayed, or a model and an input that it reads.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/options.h"
#include "app/core/session.h"

namespace lab::cli {

struct SourceOptions {
  std::string source, state;
  InputOptions input;
  command::SetTrials trials;
  std::optional<std::int64_t> layer, channel, state_index, cursor;
  std::vector<std::int64_t> cell;  // channel and state index together
  std::string tensor, against;  // whose weights are shown, and another model that they are compared with
};
/// SOURCE, INPUT, the trials that it is read with, and what is selected of it.
void add_source(CLI::App& command, SourceOptions& options);

/// Whether a path names a session, or a journal, rather than a model.
bool is_session(const std::string& path);
/// The session in a file of either kind; what is missing of a journal is warned of.
Result<Session> read_source(const std::string& path, const Reporting& reporting);
/// The model a session was made with, opened, or the one that is `given` for it; warns when its hash differs.
Result<std::shared_ptr<const OpenedModel>> open_session_model(const Session& session, const std::string& path,
                                                              const Reporting& reporting, const std::string& given = "");

/// The models that a window has opened, the latest first; none where that is not known.
std::vector<std::string> models_opened_before();

/// A lab with single-precision arithmetic that Ctrl+C stops. States that its rules dump go into a folder, "" for none. Refuses
/// --dtype f64.
Result<std::unique_ptr<Lab>> make_lab(const Arithmetic& arithmetic, const History& history = {}, const std::string& dumps = "");

/// The commands that change a selection to what the options ask for.
std::vector<Command> selection_of(const SourceOptions& options, const Selection& now);

/// A lab that has done what the source says, with its selection.
Result<std::unique_ptr<Lab>> prepare(const SourceOptions& options, const Arithmetic& arithmetic, const History& history,
                                     const Reporting& reporting);

}  // namespace lab::cli
