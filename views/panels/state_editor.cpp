#include "views/panels/state_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "app/core/state_edit.h"
#include "model/state_slice.h"
#include "views/panels/draft_page.h"
#include "views/panels/kept.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/selection.h"
#include "views/panels/state_axes.h"

namespace lab {
namespace {

constexpr float kWidth = 440, kWide = 176;
constexpr std::int64_t kAnyRows = std::int64_t{1} << 40;  // of a cache, which the snapshot does not count

Error wrong(const char* field, std::string expected, const std::string& found, const char* message) {
  return {.code = Code::bad_argument, .field = std::string("edit.") + field, .expected = std::move(expected), .found = printable(found), .message = message};
}

/// A number alone, with spaces around it.
template <class Number>
Status read(const char* field, const std::string& text, const char* expected, Number& number) {
  const char *first = text.data(), *last = first + text.size();
  while (first != last && *first == ' ') ++first;
  while (first != last && last[-1] == ' ') --last;
  const auto [end, problem] = std::from_chars(first, last, number);
  if (first != last && problem == std::errc() && end == last) return {};
  return wrong(field, expected, text, "this is no number");
}

/// A number from 0 on, or a word for -1.
Status read_or(const char* field, const std::string& text, const char* word, std::int64_t& number) {
  if (text == word || text.empty()) return number = -1, Status();
  const std::string expected = std::string("a number from 0 on, or ") + word;
  LAB_TRY(read(field, text, expected.c_str(), number));
  return number >= 0 && number < kAnyRows ? Status() : wrong(field, expected, text, "there is no such number");
}

std::string text_or(std::int64_t number, const char* word) { return number < 0 ? word : std::to_string(number); }

Result<StateEdit> typed_edit(const StateDraft& draft) {
  StateEdit edit{.operation = draft.edit.operation, .tensor = draft.edit.tensor, .at = draft.edit.at, .name = draft.edit.name};
  const EditOperation* operation = find_operation(edit.operation);
  LAB_TRY(read_or("layer", draft.layer, "all", edit.layer));
  if (operation && *operation->value != '\0') LAB_TRY(read("value", draft.value, "a number", edit.value));
  if (edit.operation == "noise") LAB_TRY(read("seed", draft.seed, "a whole number", edit.seed));
  if (forgets(edit)) LAB_TRY(read("position", draft.token, "the number of a token", edit.position));
  if (!takes_elements(edit)) return edit;
  LAB_TRY(read_or("from_layer", draft.from_layer, "same", edit.from_layer));
  if (draft.takes_file) {
    edit.from_file = draft.edit.from_file;
    if (edit.from_file.empty()) return wrong("from_file", "the path of a saved state", "nothing", "no file is named");
    return edit;
  }
  LAB_TRY(read_or("position", draft.token, "start", edit.position));
  ++edit.position;  // after that token
  edit.from_run = draft.edit.from_run;
  return edit;
}

/// The shape of a tensor at present; a cache has any number of rows.
std::vector<std::int64_t> shape_of(const StateSchema& schema, int layer, int tensor) {
  const TensorSchema& of = schema.layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)];
  std::vector<std::int64_t> shape = of.shape;
  if (of.grows()) shape.insert(shape.begin(), kAnyRows);
  return shape;
}

Status check_slices(StateEdit edit, const StateSchema& schema, std::int64_t count) {
  const std::vector<std::string> slices = slices_in(edit.at);
  if (slices.size() > 1 && forgets(edit)) return wrong("operation", "one range of elements", edit.at, "a token is forgotten once in a layer");
  for (const std::string& slice : slices) {
    if (slices.size() > 1 && slice.find_first_not_of(' ') == slice.npos) return wrong("at", "a range between two semicolons", edit.at, "this names no elements");
    edit.at = slice;
    LAB_TRY(check(edit, schema, [&schema](int layer, int tensor) { return shape_of(schema, layer, tensor); }, count));
  }
  return {};
}

std::int64_t cells_in(const std::string& at, const std::vector<std::int64_t>& shape) {
  std::int64_t cells = 0;
  for (const std::string& slice : slices_in(at))
    if (const auto part = StateSlice::parse(slice, shape)) cells += part->count();
  return cells;
}

/// "48 of 24 × 64 × 128", and how many times: of what a checked edit changes.
std::string size_text(const StateEdit& edit, const StateSchema& schema) {
  const auto meant = tensors_of(edit, schema);
  const std::vector<std::int64_t> first = shape_of(schema, meant.front().first, meant.front().second);
  const bool are_equal = std::ranges::all_of(meant, [&](const auto& each) { return shape_of(schema, each.first, each.second) == first; });
  if (!are_equal) return fmt::format("in {} tensors", meant.size());
  const std::int64_t cells = cells_in(edit.at, first);
  std::string text = cells >= kAnyRows ? "all" : std::to_string(cells);
  for (std::size_t i = 0; i < first.size(); ++i) text += (i > 0 ? " × " : " of ") + (first[i] == kAnyRows ? "rows" : std::to_string(first[i]));
  return meant.size() > 1 ? text + fmt::format(", {} times", meant.size()) : text;
}

/// What a command calls several ranges.
std::string what_of(const StateEdit& edit, const StateSchema* schema) {
  const std::size_t ranges = slices_in(edit.at).size();
  if (!schema || ranges == 1) return fmt::format("{} ranges", ranges);
  const auto [layer, tensor] = tensors_of(edit, *schema).front();
  return fmt::format("{} cells", cells_in(edit.at, shape_of(*schema, layer, tensor)));
}

/// What a checked edit does.
std::string words_of_ranges(StateEdit edit, const StateSchema* schema) {
  if (slices_in(edit.at).size() > 1) edit.at = what_of(edit, schema);
  return words_of(edit);
}

std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

std::string sentence_of(const Error& error) { return sentence(error.message) + (error.expected.empty() ? "" : " Expected: " + error.expected + "."); }

struct Editor {
  Ui& ui;
  PaneContext& context;
  StateDraft& draft;
  DraftPage page;
  std::string wrong_field;  // of what is refused
  bool entered = false;

  const Snapshot& snapshot() const { return context.snapshot; }
  FieldLook look(const char* field, const char* hint = "") const { return {.hint = hint, .wrong = wrong_field == std::string("edit.") + field, .face = Face::dense}; }
  void text(const char* label, std::string& value, const FieldLook& look, const std::string& said, float width = DraftPage::kField) {
    entered |= page.text(label, value, look, said, width);
  }
};

void draw_part(Editor& editor) {
  const std::vector<EditPart> parts = edit_parts(editor.snapshot(), editor.context.memory.box);
  std::vector<const char*> names;
  int shown = -1;
  for (const EditPart& part : parts) {
    const StateEdit& where = part.where;
    if (text_or(where.layer, "all") == editor.draft.layer && where.tensor == editor.draft.edit.tensor && where.at == editor.draft.edit.at) shown = static_cast<int>(names.size());
    names.push_back(part.name);
  }
  const int now = segments(editor.ui, "part", editor.page.line("part"), names, shown);
  if (now == shown) return;
  const StateEdit& where = parts[static_cast<std::size_t>(now)].where;
  editor.draft.layer = text_or(where.layer, "all"), editor.draft.edit.tensor = where.tensor, editor.draft.edit.at = where.at;
}

/// Those that recur, all of them, and each that the layer has.
void draw_tensor(Editor& editor) {
  std::vector<std::string> names = {"", "*"};
  StateEdit all{.tensor = "*"};
  if (!read_or("layer", editor.draft.layer, "all", all.layer)) all.layer = -1;
  std::string& chosen = editor.draft.edit.tensor;
  if (const auto& schema = editor.snapshot().model->schema)
    for (const auto& [layer, tensor] : tensors_of(all, *schema)) names.push_back(schema->layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)].name);
  names.push_back(chosen);
  for (auto at = names.begin(); at != names.end();) at = std::find(names.begin(), at, *at) == at ? at + 1 : names.erase(at);
  std::vector<const char*> labels;
  for (const std::string& name : names) labels.push_back(name.empty() ? "what recurs" : name == "*" ? "everything" : name.c_str());
  int now = static_cast<int>(std::ranges::find(names, chosen) - names.begin());
  if (combo(editor.ui, "tensor", editor.page.line("tensor").cut_left(kWide), labels, now)) chosen = names[static_cast<std::size_t>(now)];
}

void draw_source(Editor& editor) {
  StateDraft& draft = editor.draft;
  std::vector<std::string> names = {"this run"};
  std::vector<std::int64_t> runs = {-1};
  for (const RunFacts& run : editor.snapshot().runs)
    if (run.id != editor.snapshot().active_run) names.push_back(fmt::format("{} (run {})", run.name, run.id)), runs.push_back(run.id);
  names.push_back("a saved state …");
  std::vector<const char*> labels;
  for (const std::string& name : names) labels.push_back(name.c_str());
  const auto at = std::ranges::find(runs, draft.edit.from_run);
  int now = static_cast<int>(draft.takes_file ? std::ssize(runs) : at == runs.end() ? 0 : at - runs.begin());
  if (combo(editor.ui, "from", editor.page.line("from").cut_left(kWide), labels, now)) {
    draft.takes_file = now == std::ssize(runs);
    draft.edit.from_run = draft.takes_file ? -1 : runs[static_cast<std::size_t>(now)];
  }
  if (draft.takes_file) return editor.text("file", draft.edit.from_file, editor.look("from_file", "path of a saved state"), "", kWidth);
  const RunFacts* run = editor.snapshot().find_run(draft.edit.from_run);
  const std::int64_t count = run ? run->tokens.count() : editor.snapshot().count();
  editor.text("after token", draft.token, editor.look("position"), count > 0 ? fmt::format("0 to {}, or start", count - 1) : "start");
}

bool has_value(const StateEdit& edit) {
  const EditOperation* operation = find_operation(edit.operation);
  return operation && *operation->value != '\0';
}

float height_of(const StateDraft& draft) {
  const bool takes = takes_elements(draft.edit);
  const int lines = 6 + (has_value(draft.edit) ? 1 : 0) + (draft.edit.operation == "noise" || forgets(draft.edit) ? 1 : 0) + (takes ? 3 : 0);
  return 20 + 24 + DraftPage::kLine * static_cast<float>(lines) + 4 + 52 + kControlHeight + 8;
}

void draw_lines(Editor& editor, const std::string& size) {
  StateDraft& draft = editor.draft;
  const bool appears = ImGui::IsWindowAppearing();
  editor.text("name", draft.edit.name, editor.look("name"), "what the history calls it", kWide);
  editor.page.choose("what", kOperations, draft.edit.operation, kWide);
  draw_part(editor);
  editor.text("layer", draft.layer, editor.look("layer", "all"), "a number, or all");
  draw_tensor(editor);
  FieldLook at = editor.look("at", "all");
  at.take_focus = appears && !has_value(draft.edit);
  editor.text("elements", draft.edit.at, at, size, kWide);
  if (has_value(draft.edit)) {
    FieldLook value = editor.look("value");
    value.take_focus = appears;
    editor.text("value", draft.value, value, find_operation(draft.edit.operation)->value);
  }
  if (draft.edit.operation == "noise") editor.text("seed", draft.seed, editor.look("seed"), "equal seeds, equal noise");
  if (forgets(draft.edit)) editor.text("token", draft.token, editor.look("position"), "what is left of its write goes");
  if (!takes_elements(draft.edit)) return;
  draw_source(editor);
  editor.text("its layer", draft.from_layer, editor.look("from_layer", "same"), "a number, or same");
}

}  // namespace

void edit_state(PaneMemory& memory, const StateEdit& edit, Box anchor) {
  StateDraft draft{.edit = edit, .takes_file = !edit.from_file.empty(), .anchor = anchor, .opens = true};
  draft.layer = text_or(edit.layer, "all"), draft.from_layer = text_or(edit.from_layer, "same");
  draft.value = fmt::format("{}", edit.value), draft.seed = std::to_string(edit.seed);
  draft.token = forgets(edit) ? std::to_string(edit.position) : text_or(edit.position - 1, "start");
  memory.state_draft = std::move(draft);
}

void edit_clicked(Ui& ui, PaneContext& context, const std::vector<std::int64_t>& shape) {
  const PaneMemory::Kept& kept = kept_of(context);
  const CellBox& box = context.memory.box;
  StateEdit edit = present_edit(context);
  const std::int64_t cell = kept.menu_cell;
  const bool is_in_box = is_standing(box, context.snapshot) && has_cell(box, cell);
  if (cell >= 0 && !shape.empty() && !is_in_box) {
    const StateEdit where = edit_of_cell(context.snapshot, cell / shape.back(), cell % shape.back());
    edit.layer = where.layer, edit.tensor = where.tensor, edit.at = where.at;
    context.send(select_cell(context.snapshot, shape, cell));
  } else if (is_in_box) {
    edit.layer = box.layer, edit.tensor = "", edit.at = box.at;
  }
  edit_state(context.memory, edit, {ImGui::GetIO().MousePos.x / ui.scale(), ImGui::GetIO().MousePos.y / ui.scale(), 1, 1});
}

Result<Command> command_of(const StateDraft& draft, const Snapshot& snapshot, bool as_fork) {
  LAB_ASSIGN(StateEdit edit, typed_edit(draft));
  std::int64_t count = edit_position(snapshot, as_fork);
  const bool is_of_run = takes_elements(edit) && edit.from_file.empty();
  if (as_fork && is_of_run && edit.from_run < 0 && edit.position > count) edit.from_run = snapshot.active_run;  // what the fork will not have read
  if (is_of_run && edit.from_run >= 0) {
    const RunFacts* run = snapshot.find_run(edit.from_run);
    if (!run) return wrong("from_run", "a run that there is", std::to_string(edit.from_run), "the run is not there any more");
    count = run->tokens.count();
  }
  const StateSchema* schema = snapshot.model ? snapshot.model->schema.get() : nullptr;
  if (schema) LAB_TRY(check_slices(edit, *schema, count));
  return command_of(edit, what_of(edit, schema));
}

std::int64_t edit_position(const Snapshot& snapshot, bool as_fork) { return as_fork ? std::min(snapshot.selection.cursor_a + 1, snapshot.count()) : snapshot.count(); }

std::string edit_place(const Snapshot& snapshot, bool as_fork) {
  const std::int64_t cursor = snapshot.selection.cursor_a;
  if (!as_fork) return snapshot.count() == 0 ? "Before the first token" : fmt::format("At the end of this run, after t = {}", snapshot.count() - 1);
  return cursor + 1 >= snapshot.count() ? "Another run from the end on, with this edit" : fmt::format("Another run from t = {} on, with this edit; the text after it waits there", cursor);
}

void send_edit(PaneContext& context, const Command& edit, bool as_fork) {
  const std::int64_t position = edit_position(context.snapshot, as_fork);
  const bool is_end = position >= context.snapshot.count();
  if (as_fork) context.send(command::Fork{is_end ? -1 : position, brief_of(edit), !is_end});
  context.send(edit);
}

void draw_state_editor(Ui& ui, PaneContext& context) {
  StateDraft& draft = context.memory.state_draft;
  if (std::exchange(draft.opens, false)) {
    if (draft.anchor.w <= 0) draft.anchor = kept_of(context).edit_button;
    if (draft.anchor.w <= 0) draft.anchor = {ImGui::GetIO().DisplaySize.x / ui.scale() / 2 - kWidth / 2, 92, kWidth, 0};
    ImGui::OpenPopup("state");
  }
  Box inside;
  if (!context.snapshot.model || !begin_popover(ui, "state", draft.anchor, kWidth, height_of(draft), inside)) return;
  const Result<Command> here = command_of(draft, context.snapshot, false), forked = command_of(draft, context.snapshot, true);
  const auto typed = typed_edit(draft);
  const StateSchema* schema = context.snapshot.model->schema.get();
  Editor editor{ui, context, draft, {ui, inside}, here ? "" : here.error().field};
  ui.text_in(editor.page.page.cut_top(24), Face::title, ui.theme().text, "Edit the state");
  draw_lines(editor, here && typed && schema ? size_text(*typed, *schema) : "");
  editor.page.page.cut_top(4);
  const std::string words = here ? sentence(words_of_ranges(*typed, schema)) : sentence_of(here.error());
  ui.paragraph(editor.page.page.cut_top(52), Face::tick, here ? ui.theme().dim : ui.theme().bad, words, 16);
  Box buttons = editor.page.page.cut_bottom(kControlHeight);
  const bool is_paused = context.snapshot.state == EngineState::paused, enter_forks = editor.entered && ImGui::GetIO().KeyCtrl;
  const std::string no_fork = !is_paused ? "Pause first" : forked ? edit_place(context.snapshot, true) + "\tCtrl+Enter" : sentence_of(forked.error());
  const std::string not_here = !is_paused ? "Pause first" : edit_place(context.snapshot, false) + "\tEnter";
  const bool forks = button(ui, (std::string(icon::kFork) + "  Apply as a fork##fork").c_str(), buttons.cut_left(136), {.primary = true, .enabled = is_paused && forked, .tip = no_fork}) || enter_forks;
  buttons.cut_left(8);
  const bool applies = button(ui, "Apply", buttons.cut_left(72), {.enabled = is_paused && here, .tip = not_here}) || (editor.entered && !enter_forks);
  if (button(ui, "Copy", buttons.cut_right(64), {.enabled = static_cast<bool>(here), .tip = "Copy the command, as sessions have it"})) ImGui::SetClipboardText(json_of(*here).c_str());
  const Result<Command>* made = forks ? &forked : applies ? &here : nullptr;
  if (!made || !*made || !is_paused) return end_popover();
  ImGui::CloseCurrentPopup();
  end_popover();
  send_edit(context, **made, forks);
}

}  // namespace lab
