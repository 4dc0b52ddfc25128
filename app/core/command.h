#pragma once
// Everything a person can do to a run, as plain structs: buttons, keys, scripts and session files make the same ones.
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "app/core/fields.h"
#include "model/base/result.h"
#include "model/stage.h"
#include "tracer/detect/rules.h"

namespace lab {

/// How the next token is chosen when nothing waits to be read.
struct Sampling {
  bool greedy = false;
  double temperature = 1;
  std::int64_t top_k = 0;  // 0: all
  double top_p = 1;
  std::int64_t seed = 0;
  friend bool operator==(const Sampling&, const Sampling&) = default;
  static constexpr auto fields() {
    return std::tuple(field("greedy", &Sampling::greedy), field("temperature", &Sampling::temperature), field("top_k", &Sampling::top_k),
                      field("top_p", &Sampling::top_p), field("seed", &Sampling::seed));
  }
};

template <>
constexpr auto fields_of<Rule>() {
  return std::tuple(field("kind", &Rule::kind), field("on", &Rule::on), field("limit", &Rule::limit),
                    field("layer_limits", &Rule::layer_limits), field("self_calibrated", &Rule::self_calibrated), field("origin", &Rule::origin),
                    field("layer", &Rule::layer), field("on_alert", &Rule::on_alert), field("roll_back", &Rule::roll_back),
                    field("dead_tokens", &Rule::dead_tokens), field("held", &Rule::held), field("of", &Rule::of),
                    field("window", &Rule::window), field("reference", &Rule::reference), field("statistic", &Rule::statistic),
                    field("side", &Rule::side));
}

/// A change of some elements of the state, at a step boundary. What an operation has no use for is ignored.
struct StateEdit {
  std::string operation = "zero";  // see kOperations
  std::int64_t layer = -1;         // -1: every layer that has such a tensor
  std::string tensor;              // by its name in the schema, as "conv_state"; "": those that recur; "*": all
  std::string at;                  // elements: "3, :, 5"; "": all (StateSlice)
  double value = 0;                // that is set, multiplied by, a standard deviation, a bound, a share
  std::int64_t seed = 0;           // of noise
  std::int64_t position = 0;       // after so many tokens: of the state that elements are taken from; of "forget" the token
  std::int64_t from_layer = -1;    // and its layer; -1: the same
  std::int64_t from_run = -1;      // and its run, by its number; -1: this one
  std::string from_file;           // or a saved state, whatever its position; in session files and patches relative to their folder
  std::string name;                // of the edit, for people; "": what it does
  friend bool operator==(const StateEdit&, const StateEdit&) = default;
};

template <>
constexpr auto fields_of<StateEdit>() {
  return std::tuple(field("operation", &StateEdit::operation), field("layer", &StateEdit::layer), field("tensor", &StateEdit::tensor),
                    field("at", &StateEdit::at), field("value", &StateEdit::value), field("seed", &StateEdit::seed),
                    field("position", &StateEdit::position), field("from_layer", &StateEdit::from_layer),
                    optional_field("from_run", &StateEdit::from_run), optional_field("from_file", &StateEdit::from_file), field("name", &StateEdit::name));
}

/// A rule that holds over a window of tokens: what the forward pass makes of a stage is replaced inside the step, before anything is
/// recorded. What an operation has no use for is ignored.
struct Intervention {
  std::string name;                  // for people; "": what it does
  bool on = true;
  std::string target = "h";          // see kTargets
  std::string operation = "zero";    // see kInterventionOperations
  std::string layers;                // "3, 5:9"; "": every layer that has the target
  std::string heads, channels;       // the same of parts of the target; "": all
  std::int64_t first = 0, last = 0;  // tokens [first, last); last 0: without end
  double value = 0;                  // that is put there, multiplied by, a bound, a standard deviation
  std::int64_t seed = 0;             // of noise
  friend bool operator==(const Intervention&, const Intervention&) = default;
};

/// What Intervention::target may say: a trace point of a layer, and how people write it.
struct InterventionTarget {
  const char* name;
  const char* label;
  Point point;
};
inline constexpr InterventionTarget kTargets[] = {
    {"h", "h", Point::h},       // the state that the token leaves, before the token reads it
    {"B", "B", Point::B},
    {"C", "C", Point::C},
    {"dt", "Δ", Point::dt},
    {"x", "x", Point::x},       // of Mamba-1 before the convolution, of Mamba-2 after it
    {"u", "u", Point::u},       // Mamba-1: x after the convolution and silu
    {"z", "z", Point::z},
    {"conv", "conv", Point::conv},
    {"residual", "residual", Point::resid_out},  // as it leaves the layer
};
/// What Intervention::operation may say.
struct InterventionOperation {
  const char* name;
  const char* label;   // of a menu
  const char* value;   // what Intervention::value is, for people; "": not used
  const char* acts_on = "";  // what it acts on, whatever the target says; "": the target
};
inline constexpr InterventionOperation kInterventionOperations[] = {
    {"zero", "zero", ""},
    {"clamp", "clamp to ±", "bound"},                 // what is not a number stays
    {"scale", "scale by", "factor"},
    {"replace", "replace by", "value"},
    {"mean", "replace by its mean", ""},              // of what is chosen of it, at each token
    {"noise", "add noise of", "standard deviation"},  // by place and token, so that it does not depend on how tokens are read
    {"freeze_decay", "freeze decay", "", "exp(ΔA)"},  // exp(dt A) = 1: nothing fades
    {"block_write", "block write", "", "Δ·x·B"},      // dt x B = 0: the state only fades
};
/// Null for an unknown name.
const InterventionTarget* find_target(const std::string& name);
const InterventionOperation* find_intervention_operation(const std::string& name);
/// "scale h of layers 3, 5:9 by 0.5 at tokens 150 to 167"; where there is little room "scale h × 0.5 L3"; its target, "Δ·x·B".
std::string words_of(const Intervention& intervention);
std::string brief_words_of(const Intervention& intervention);
std::string target_text(const Intervention& intervention);
/// "150–167", "from 150", "all".
std::string tokens_text(const Intervention& intervention);

template <>
constexpr auto fields_of<Intervention>() {
  return std::tuple(field("name", &Intervention::name), field("on", &Intervention::on), field("target", &Intervention::target),
                    field("operation", &Intervention::operation), field("layers", &Intervention::layers), field("heads", &Intervention::heads),
                    field("channels", &Intervention::channels), field("first", &Intervention::first), field("last", &Intervention::last),
                    field("value", &Intervention::value), field("seed", &Intervention::seed));
}

namespace command {

/// Opens a model folder, or builtin:NAME, in place of the present one, which stays when the new one is refused.
struct Open {
  std::string model;
  std::string expected_hash;  // what a session says of the model's content; not written again
  std::uint64_t ticket = 0;   // of whoever asks: snapshots of the model have it; not written
  static constexpr const char* kName = "open";
  static constexpr auto fields() { return std::tuple(field("model", &Open::model)); }
};
/// Adds text to the tokens that wait to be read.
struct FeedText {
  std::string text;
  static constexpr const char* kName = "feed_text";
  static constexpr auto fields() { return std::tuple(field("text", &FeedText::text)); }
};
struct FeedTokens {
  std::vector<std::int32_t> ids;
  static constexpr const char* kName = "feed_tokens";
  static constexpr auto fields() { return std::tuple(field("ids", &FeedTokens::ids)); }
};
/// Drops the tokens that wait.
struct DropWaiting {
  static constexpr const char* kName = "drop_waiting";
  static constexpr auto fields() { return std::tuple(); }
};
/// Reads waiting tokens, then continues by sampling.
struct Step {
  std::int64_t count = 1;
  static constexpr const char* kName = "step";
  static constexpr auto fields() { return std::tuple(field("count", &Step::count)); }
};
/// Reads all that waits, as fast as possible.
struct ReadWaiting {
  static constexpr const char* kName = "read_waiting";
  static constexpr auto fields() { return std::tuple(); }
};
/// Goes on until paused, or until `until` tokens are there (0: no end), at most `rate` tokens a second (0: as fast as possible).
struct Run {
  double rate = 0;
  std::int64_t until = 0;
  static constexpr const char* kName = "run";
  static constexpr auto fields() { return std::tuple(field("rate", &Run::rate), field("until", &Run::until)); }
};
struct Pause {
  static constexpr const char* kName = "pause";
  static constexpr auto fields() { return std::tuple(); }
};
/// Takes the last tokens back: the run is as it was before them. They wait again when `keep` is set.
struct TakeBack {
  std::int64_t count = 1;
  bool keep = false;
  static constexpr const char* kName = "take_back";
  static constexpr auto fields() { return std::tuple(field("count", &TakeBack::count), field("keep", &TakeBack::keep)); }
};
/// Starts over: no tokens, the neutral state or a saved one.
struct Reset {
  std::string state = {};  // a file; "": neutral; in session files relative to their folder
  static constexpr const char* kName = "reset";
  static constexpr auto fields() { return std::tuple(optional_field("state", &Reset::state)); }
};
/// Puts a cursor on a token: 0 is the first, -1 the state before it. Cursor "a" follows the end while it stands there.
struct Seek {
  std::int64_t token = 0;
  std::string cursor = "a";  // or "b"
  static constexpr const char* kName = "seek";
  static constexpr auto fields() { return std::tuple(field("token", &Seek::token), field("cursor", &Seek::cursor)); }
};
/// Chooses what the views show: a layer, and within it a channel (row) and a state index (column) of the recurrent state; -1
/// keeps the present one, or the layer's last where it has fewer.
struct Select {
  std::int64_t layer = 0, channel = 0, state = 0;
  static constexpr const char* kName = "select";
  static constexpr auto fields() {
    return std::tuple(field("layer", &Select::layer), field("channel", &Select::channel), field("state", &Select::state));
  }
};
/// The tokens that time axes show: [first, last); both 0: all of them, following the end.
struct ShowRange {
  std::int64_t first = 0, last = 0;
  static constexpr const char* kName = "show_range";
  static constexpr auto fields() { return std::tuple(field("first", &ShowRange::first), field("last", &ShowRange::last)); }
};
/// Opens the page of weights on a tensor, compared with the same one of another model (a path, "" for none); no tensor: closes it.
struct ShowWeights {
  std::string tensor, against;
  static constexpr const char* kName = "show_weights";
  static constexpr auto fields() {
    return std::tuple(field("tensor", &ShowWeights::tensor), field("against", &ShowWeights::against));
  }
};
struct SetSampling {
  Sampling sampling;
  static constexpr const char* kName = "set_sampling";
  static constexpr auto fields() { return std::tuple(field("sampling", &SetSampling::sampling)); }
};
/// Sets the state of a layer (-1: all) to its neutral value, at the end of the run.
struct ZeroState {
  std::int64_t layer = -1;
  static constexpr const char* kName = "zero_state";
  static constexpr auto fields() { return std::tuple(field("layer", &ZeroState::layer)); }
};
/// Multiplies the recurrent state of a layer (-1: all).
struct ScaleState {
  std::int64_t layer = -1;
  double factor = 1;
  static constexpr const char* kName = "scale_state";
  static constexpr auto fields() { return std::tuple(field("layer", &ScaleState::layer), field("factor", &ScaleState::factor)); }
};
/// Gives a layer (-1: all) the state it had at a position: after that many tokens.
struct RestoreState {
  std::int64_t layer = -1, position = 0;
  static constexpr const char* kName = "restore_state";
  static constexpr auto fields() { return std::tuple(field("layer", &RestoreState::layer), field("position", &RestoreState::position)); }
};
/// Changes some elements of the state, at the end of the run.
struct EditState {
  StateEdit edit;
  static constexpr const char* kName = "edit_state";
  static constexpr auto fields() { return std::tuple(field("edit", &EditState::edit)); }
};
/// Makes the edits of a patch, one after the other, as one.
struct ApplyPatch {
  std::string title;
  std::vector<StateEdit> edits;
  static constexpr const char* kName = "apply_patch";
  static constexpr auto fields() { return std::tuple(field("title", &ApplyPatch::title), field("edits", &ApplyPatch::edits)); }
};
/// Tries from here on what would happen if: other pairs of rotary positions ("stored", "halves", "adjacent", "none"), every
/// token at one position (-1: at its own), attention without its cache, one layer alone (-1: all). The defaults end all trials.
struct SetTrials {
  std::string rotary = "stored";
  std::int64_t at_position = -1;
  bool no_cache = false;
  std::int64_t only_layer = -1;
  friend bool operator==(const SetTrials&, const SetTrials&) = default;
  static constexpr const char* kName = "set_trials";
  static constexpr auto fields() {
    return std::tuple(field("rotary", &SetTrials::rotary), field("at_position", &SetTrials::at_position),
                      field("no_cache", &SetTrials::no_cache), field("only_layer", &SetTrials::only_layer));
  }
};
/// Puts a rule that watches the run in the place of another, or behind the last one.
struct SetRule {
  std::int64_t index = 0;
  Rule rule;
  static constexpr const char* kName = "set_rule";
  static constexpr auto fields() { return std::tuple(field("index", &SetRule::index), field("rule", &SetRule::rule)); }
};
struct RemoveRule {
  std::int64_t index = 0;
  static constexpr const char* kName = "remove_rule";
  static constexpr auto fields() { return std::tuple(field("index", &RemoveRule::index)); }
};
/// Takes a named set of rules in place of the present ones: "default", "document 2".
struct UseRules {
  std::string preset;
  static constexpr const char* kName = "use_rules";
  static constexpr auto fields() { return std::tuple(field("preset", &UseRules::preset)); }
};
/// Another run that goes on by itself from a position (-1: the end) of the active one, and is active from now on. The tokens beyond
/// wait in it when `keep` is set.
struct Fork {
  std::int64_t position = -1;
  std::string name;  // "": fork 1, fork 2, ...
  bool keep = false;
  static constexpr const char* kName = "fork";
  static constexpr auto fields() { return std::tuple(field("position", &Fork::position), field("name", &Fork::name), field("keep", &Fork::keep)); }
};
/// Makes another run the active one, to which commands go. Runs are named by their number, in the order in which they were made.
struct SwitchRun {
  std::int64_t run = 0;
  static constexpr const char* kName = "switch_run";
  static constexpr auto fields() { return std::tuple(field("run", &SwitchRun::run)); }
};
struct DeleteRun {
  std::int64_t run = 0;
  static constexpr const char* kName = "delete_run";
  static constexpr auto fields() { return std::tuple(field("run", &DeleteRun::run)); }
};
struct RenameRun {
  std::int64_t run = 0;
  std::string name;
  static constexpr const char* kName = "rename_run";
  static constexpr auto fields() { return std::tuple(field("run", &RenameRun::run), field("name", &RenameRun::name)); }
};
/// Gives a run the first place and its name; the one that had them gets the other's.
struct PromoteRun {
  std::int64_t run = 0;
  static constexpr const char* kName = "promote_run";
  static constexpr auto fields() { return std::tuple(field("run", &PromoteRun::run)); }
};
/// Every run reads or samples so many tokens, side by side.
struct StepAll {
  std::int64_t count = 1;
  static constexpr const char* kName = "step_all";
  static constexpr auto fields() { return std::tuple(field("count", &StepAll::count)); }
};
/// Lanes: a run for each text, which waits in it, beside those that there are. Each begins in the neutral state and is named after its
/// place, "lane 1"; the last one is active from now on.
struct OpenLanes {
  std::vector<std::string> texts;  // "": nothing waits
  static constexpr const char* kName = "open_lanes";
  static constexpr auto fields() { return std::tuple(field("texts", &OpenLanes::texts)); }
};
/// Every run in which tokens wait reads so many of them (0: all), side by side; those in which none wait stay as they are.
struct StepLanes {
  std::int64_t count = 1;
  static constexpr const char* kName = "step_lanes";
  static constexpr auto fields() { return std::tuple(field("count", &StepLanes::count)); }
};
/// Lets the chosen runs, and no others, forget all but a share of their past, each at its end: at 0 the state is neutral, whatever it
/// was. What is read next goes on from there; the tokens stay on the time axis.
struct ResetLanes {
  std::vector<std::int64_t> runs;  // by their numbers
  double kept = 0;                 // in [0, 1], see lab::soften
  static constexpr const char* kName = "reset_lanes";
  static constexpr auto fields() { return std::tuple(field("runs", &ResetLanes::runs), field("kept", &ResetLanes::kept)); }
};
/// Moves cursor A on by itself through the tokens that are there, up to the last one or, with `back`, down to before the first, and adds
/// none: `rate` tokens a second (0: as fast as can be seen), or with `by` "layer" as many layers a second, the last of a token before the
/// first of the next.
struct Play {
  double rate = 8;
  std::string by = "token";  // or "layer"
  bool back = false;
  static constexpr const char* kName = "play";
  static constexpr auto fields() {
    return std::tuple(field("rate", &Play::rate), field("by", &Play::by), optional_field("back", &Play::back));
  }
};
/// Gives the tokens [first, last) a name, in the place of another named range or behind the last one.
struct SetRange {
  std::int64_t index = 0;
  std::string name;
  std::int64_t first = 0, last = 0;
  static constexpr const char* kName = "set_range";
  static constexpr auto fields() {
    return std::tuple(field("index", &SetRange::index), field("name", &SetRange::name), field("first", &SetRange::first),
                      field("last", &SetRange::last));
  }
};
struct RemoveRange {
  std::int64_t index = 0;
  static constexpr const char* kName = "remove_range";
  static constexpr auto fields() { return std::tuple(field("index", &RemoveRange::index)); }
};
/// Chooses the two runs that are compared, by their numbers (-1: nobody has chosen; -2, -3 and so on: the files that CompareWith has
/// opened, in their order), and which of their tokens belong together: those of
/// one number ("position"), the same from the first that differs on ("first-difference"), equal ones ("token"), or token t of A and
/// t + `offset` of B ("offset").
struct Compare {
  std::int64_t a = -1, b = -1;
  std::string align = "position";
  std::int64_t offset = 0;  // tokens by which B is ahead, for "offset"
  friend bool operator==(const Compare&, const Compare&) = default;
  static constexpr const char* kName = "compare";
  static constexpr auto fields() {
    return std::tuple(field("a", &Compare::a), field("b", &Compare::b), field("align", &Compare::align), field("offset", &Compare::offset));
  }
};
/// Opens a session, a recorded trace or another model beside the runs of this one, and compares the active run with it. A model reads
/// what the run that is active now reads, as it does. Nothing that is open changes when the file is refused.
struct CompareWith {
  std::string file;  // in session files relative to their folder; builtin:NAME
  std::string side = "b";  // that it is, or "a"
  static constexpr const char* kName = "compare_with";
  static constexpr auto fields() { return std::tuple(field("file", &CompareWith::file), field("side", &CompareWith::side)); }
};
/// Lets go of such a file.
struct CloseCompared {
  std::int64_t run = -2;  // as in Compare
  static constexpr const char* kName = "close_compared";
  static constexpr auto fields() { return std::tuple(field("run", &CloseCompared::run)); }
};
/// Leaves a note at a token, in the place of another note or behind the last one. Without a text it is a bookmark.
struct SetNote {
  std::int64_t index = 0, token = 0;
  std::string text;
  static constexpr const char* kName = "set_note";
  static constexpr auto fields() { return std::tuple(field("index", &SetNote::index), field("token", &SetNote::token), field("text", &SetNote::text)); }
};
struct RemoveNote {
  std::int64_t index = 0;
  static constexpr const char* kName = "remove_note";
  static constexpr auto fields() { return std::tuple(field("index", &RemoveNote::index)); }
};
/// The run pauses after every token that it reads or samples for which an expression holds, as "norm(L3) > 8" (StopExpression). In
/// the place of another breakpoint or behind the last one.
struct SetBreakpoint {
  std::int64_t index = 0;
  std::string when;
  bool on = true;
  static constexpr const char* kName = "set_breakpoint";
  static constexpr auto fields() {
    return std::tuple(field("index", &SetBreakpoint::index), field("when", &SetBreakpoint::when), field("on", &SetBreakpoint::on));
  }
};
struct RemoveBreakpoint {
  std::int64_t index = 0;
  static constexpr const char* kName = "remove_breakpoint";
  static constexpr auto fields() { return std::tuple(field("index", &RemoveBreakpoint::index)); }
};
struct Undo {
  static constexpr const char* kName = "undo";
  static constexpr auto fields() { return std::tuple(); }
};
struct Redo {
  static constexpr const char* kName = "redo";
  static constexpr auto fields() { return std::tuple(); }
};
/// How a figure shows what is selected, by the names of the command line. What a session does not say is as here.
struct FigureLook {
  std::string map = "RdBu", scale = "symlog", order = "half-life";
  std::vector<double> range;  // of the colours, low and high; empty: fitted to the values
  std::int64_t rows_axis = -1, across_axis = -1;  // of the state: the axis that goes down over time, the one that stays at t; -1: neither
  std::int64_t first_row = 0, rows = 0, first_column = 0, columns = 0;  // of heatmaps, as displayed; 0: all
  std::vector<std::int32_t> watched;  // tokens among those expected
  std::string of = "cell";            // the part of the state whose writers are shown: "cell", "channel", "head", "layer", "read-out"
  bool all_layers = false, log_counts = true;
  double yaw = 0.6, pitch = 0.35, zoom = 1;
  std::vector<double> center;  // of what a zoom shows: x and y
  std::int64_t run_a = -1, run_b = -1, offset = 0;       // of comparisons, as in ComparisonQuery
  std::vector<std::int64_t> runs;                        // of several runs: those beside run_a; empty: all others
  std::string align = "position", basis = "joint";       // "position", "token", "first-difference", "offset"; "joint", "a", "b"
  std::vector<double> step_bounds;    // of time steps, low and high, under other rules of discretisation; empty: none
  friend bool operator==(const FigureLook&, const FigureLook&) = default;
  static constexpr auto fields() {
    return std::tuple(field("map", &FigureLook::map), field("scale", &FigureLook::scale), field("order", &FigureLook::order), field("range", &FigureLook::range),
                      field("rows_axis", &FigureLook::rows_axis), field("across_axis", &FigureLook::across_axis), field("first_row", &FigureLook::first_row),
                      field("rows", &FigureLook::rows), field("first_column", &FigureLook::first_column), field("columns", &FigureLook::columns),
                      field("watched", &FigureLook::watched), field("of", &FigureLook::of), field("all_layers", &FigureLook::all_layers), field("log_counts", &FigureLook::log_counts),
                      field("yaw", &FigureLook::yaw), field("pitch", &FigureLook::pitch), field("zoom", &FigureLook::zoom),
                      field("center", &FigureLook::center), field("run_a", &FigureLook::run_a), field("run_b", &FigureLook::run_b),
                      field("runs", &FigureLook::runs), field("offset", &FigureLook::offset), field("align", &FigureLook::align), field("basis", &FigureLook::basis),
                      field("step_bounds", &FigureLook::step_bounds));
  }
};

/// Writes a figure of what is selected to a file (.pdf, .svg, .png). Carried out by the front end, noted by the lab.
struct ExportFigure {
  std::string kind;  // "state-heatmap", "norms", "gates", "pca2d", "pca3d", "state-at", "next-token"
  std::string file;  // a plain name in sessions, a path where the window writes it
  double width_in = 5.5, height_in = 3.4;
  FigureLook look = {};  // may be left out
  static constexpr const char* kName = "export_figure";
  static constexpr auto fields() {
    return std::tuple(field("kind", &ExportFigure::kind), field("file", &ExportFigure::file), field("width_in", &ExportFigure::width_in),
                      field("height_in", &ExportFigure::height_in), optional_field("look", &ExportFigure::look));
  }
};

/// Puts an intervention in the place of another, or behind the last one. What was read before stays as it was: it holds from the
/// next token on.
struct SetIntervention {
  std::int64_t index = 0;
  Intervention intervention;
  static constexpr const char* kName = "set_intervention";
  static constexpr auto fields() { return std::tuple(field("index", &SetIntervention::index), field("intervention", &SetIntervention::intervention)); }
};
struct RemoveIntervention {
  std::int64_t index = 0;
  static constexpr const char* kName = "remove_intervention";
  static constexpr auto fields() { return std::tuple(field("index", &RemoveIntervention::index)); }
};
/// Takes other interventions in place of all the present ones.
struct UseInterventions {
  std::vector<Intervention> interventions;
  static constexpr const char* kName = "use_interventions";
  static constexpr auto fields() { return std::tuple(field("interventions", &UseInterventions::interventions)); }
};
/// Asks how much an intervention changes what the model expects so many tokens after its window, beside matched controls; index -1
/// asks for nothing any more. Computed aside: the run stays as it is.
struct RunControls {
  std::int64_t index = 0, after = 3;
  friend bool operator==(const RunControls&, const RunControls&) = default;
  static constexpr const char* kName = "run_controls";
  static constexpr auto fields() { return std::tuple(field("index", &RunControls::index), field("after", &RunControls::after)); }
};

}  // namespace command

using Command = std::variant<command::Open, command::FeedText, command::FeedTokens, command::DropWaiting, command::Step,
                             command::ReadWaiting, command::Run, command::Pause, command::TakeBack, command::Reset, command::Seek,
                             command::Select, command::ShowRange, command::SetSampling, command::ZeroState, command::ScaleState,
                             command::RestoreState, command::EditState, command::ApplyPatch, command::SetTrials, command::SetRule, command::RemoveRule,
                             command::UseRules, command::Fork, command::SwitchRun, command::DeleteRun, command::RenameRun, command::PromoteRun,
                             command::StepAll, command::Undo, command::Redo, command::ExportFigure, command::ShowWeights,
                             command::Play, command::SetRange, command::RemoveRange, command::Compare,
                             command::SetIntervention, command::RemoveIntervention, command::UseInterventions, command::RunControls,
                             command::SetNote, command::RemoveNote, command::SetBreakpoint, command::RemoveBreakpoint, command::CompareWith,
                             command::CloseCompared, command::OpenLanes, command::StepLanes, command::ResetLanes>;

/// {"command": "step", "count": 3}.
std::string json_of(const Command& command);
/// The inverse. Unknown commands, and missing, mistyped or unknown fields are refused by name.
Result<Command> parse_command(const std::string& json, const std::string& where);
/// What the history and the log call it: "step 3", "zero state of layer 2".
std::string label_of(const Command& command);
/// Of an edit, what a mark on the time axis has room for: "zero L2", "× 0.5". Of others the label.
std::string brief_of(const Command& command);
const char* name_of(const Command& command);

}  // namespace lab
