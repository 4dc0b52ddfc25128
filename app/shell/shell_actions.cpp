// What keys, menus and the palette ask of the window itself.
#include <algorithm>
#include <utility>

#include "app/shell/actions.h"
#include "app/shell/copied_command.h"
#include "app/shell/shell_parts.h"
#include "model/builtin.h"
#include "views/figures/curves.h"
#include "views/panels/compare.h"
#include "views/panels/intervention_table.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/layer_filter.h"
#include "views/panels/notes.h"
#include "views/panels/ranges.h"
#include "views/panels/selection.h"
#include "views/panels/state_axes.h"
#include "views/panels/state_editor.h"
#include "views/panels/strip.h"
#include "views/panels/tensors.h"

namespace lab {
namespace {

bool shows_attention_layer(const Snapshot& snapshot) {
  return snapshot.model && is_attention(snapshot.model->layers[static_cast<std::size_t>(snapshot.selection.layer)]);
}

/// The kind of figure that a pane shows.
std::string figure_of(const std::string& pane, const PaneMemory& memory, const Snapshot& snapshot) {
  if (pane == "curves") return kind_of(memory.curves);
  if (pane == "selection") return "channel";
  if (pane == "state-at") return memory.show_attention && shows_attention_layer(snapshot) ? "attention" : "state-at";
  if (pane == "attention") return "attention";
  if (pane == "pca") return memory.pca_3d ? "pca3d" : "pca2d";
  if (pane == "next") return "next-token";
  if (pane == "lens") return "logit-lens";
  if (pane == "layers") return "norms";
  if (pane == "who-wrote") return "content";
  if (pane == "half-life") return "half-life";
  if (pane == "half-life-map") return "half-life-map";
  if (pane == "hidden-attention") return "attention-map";
  if (pane == "run-tree" || pane == "lanes") return "norms";
  if (pane == "rules" || pane == "alerts" || pane == "alert-table") return "alerts";
  if (pane == "evidence") return "alert-evidence";
  if (pane == "compare-next") return "next-token";
  if (pane == "compare-difference" && shows_multiples(snapshot, memory.compare)) return "compare-multiples";
  if (pane == "compare-pca" || pane == "compare-norms") return pane;
  if (pane.starts_with("compare-")) return "compare-heatmap";
  if (pane == "response") return "alert-limits";
  if (pane == "discretisation") return "discretisation";
  if (pane == "weight-values") return "weight-histogram";
  if (pane == "weight-map" || pane == "tensors") return memory.show_weight_error ? "weight-error" : "weight-heatmap";
  return "state-heatmap";
}


}  // namespace

void Shell::Parts::carry_out(const PaletteDeed& deed) {
  if (const auto* action = std::get_if<Action>(&deed)) perform(*action);
  else if (const auto* command = std::get_if<Command>(&deed)) {
    if (std::holds_alternative<command::Compare>(*command)) show_page(Page::compare);
    send(*command);
  }
  else if (const auto* change = std::get_if<std::function<void(PaneMemory&)>>(&deed)) (*change)(memory);
  else if (const auto* arranging = std::get_if<std::function<void(Workspace&)>>(&deed)) (*arranging)(workspace);
  else if (const auto* setting = std::get_if<std::function<void(Settings&)>>(&deed)) {
    Settings wanted = desk.settings();
    (*setting)(wanted);
    use(wanted);
  }
  else open(std::get<std::string>(deed));
}

void Shell::Parts::carry_out(RowWish wish) {
  switch (wish) {
    case RowWish::none: return;
    case RowWish::save: return perform(Action::save_rules);
    case RowWish::load: return perform(Action::open);
    case RowWish::copy_rule: return copy(line_of_rule(*snapshot, memory.wished_row));
    case RowWish::copy_edit: return copy(line_of_edit(*snapshot, memory.wished_row));
  }
}

/// Puts a line for a shell on the clipboard.
void Shell::Parts::copy(const std::string& line) {
  if (line.empty()) return engine.note(true, "That is not among what was done here: there is no command to copy.");
  ImGui::SetClipboardText(line.c_str());
  engine.note(false, "Copied a line for a shell that does all this again.");
}

/// Opens the page of weights on the tensor that was looked at last, or closes it.
void Shell::Parts::toggle_weights() {
  if (!snapshot->model || snapshot->model->tensors.empty()) return;
  const auto& tensors = snapshot->model->tensors;
  const bool is_open = !snapshot->selection.tensor.empty();
  const bool is_known = std::ranges::any_of(tensors, [&](const TensorFacts& each) { return each.name == memory.last_tensor; });
  send(command::ShowWeights{is_open ? "" : is_known ? memory.last_tensor : tensors.front().name, is_open ? "" : memory.weights_against});
}

/// Shows the run and its states, the rules that watch it, or two runs, in place of what is shown.
void Shell::Parts::show_page(Page page) {
  if (!snapshot->model) return;
  memory.show_monitor = page == Page::monitor;
  memory.show_compare = page == Page::compare;
  if (!snapshot->selection.tensor.empty()) toggle_weights();
}

/// Moves cursor A to the nearest token after or before it at which rules found something, and to the layer of the first alert there.
void Shell::Parts::go_to_alert(bool next) {
  const AlertLog* log = derived->alerts.get();
  if (!log) return;
  const auto token_of = [](const Alert& alert) { return alert.finding.token; };
  const std::int64_t cursor = snapshot->selection.cursor_a;
  auto at = next ? std::ranges::upper_bound(log->alerts, cursor, {}, token_of) : std::ranges::lower_bound(log->alerts, cursor, {}, token_of);
  if (!next && at != log->alerts.begin()) at = std::ranges::lower_bound(log->alerts, token_of(*std::prev(at)), {}, token_of);
  else if (!next) return;
  if (at == log->alerts.end() || at->finding.token >= snapshot->count()) return;
  send(command::Seek{at->finding.token, "a"});
  if (at->finding.layer >= 0) send(command::Select{at->finding.layer, -1, -1});
}

/// A and B of Compare change places.
void Shell::Parts::swap_runs() {
  const RunPair runs = runs_to_compare(*snapshot);
  if (!runs.a) return;
  command::Compare how = snapshot->selection.compare;
  how.a = runs.b->id, how.b = runs.a->id, how.offset = -how.offset;
  send(how);
}

/// Shows the active run beside another one.
void Shell::Parts::compare_next() {
  std::vector<Command> commands = commands_of(Action::compare_next, *snapshot, memory.rate, memory.clock);
  if (commands.empty()) return engine.note(false, "There is one run. Fork it (P), and compare the two.");
  show_page(Page::compare);
  send(std::move(commands.front()));
}

/// Chooses a neighbour among the tensors that the search leaves.
void Shell::Parts::move_in_tensors(std::ptrdiff_t by) {
  const Selection& selection = snapshot->selection;
  if (!snapshot->model || selection.tensor.empty()) return;
  const auto& tensors = snapshot->model->tensors;
  const auto shown = matching_tensors(tensors, memory.tensor_search);
  if (shown.empty()) return;
  const auto at = std::ranges::find_if(shown, [&](std::size_t i) { return tensors[i].name == selection.tensor; });
  const std::ptrdiff_t last = std::ssize(shown) - 1, from = at == shown.end() ? -by : at - shown.begin();
  const auto next = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(from + by, 0, last));
  send(command::ShowWeights{tensors[shown[next]].name, selection.against});
}

/// The pane that keys are about: the one that the keyboard chose, else the one under the mouse.
std::string Shell::Parts::pane_in_hand() const {
  if (workspace.panes().contains(keyboard_pane)) return keyboard_pane;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  return workspace.pane_at(mouse.x / scale, mouse.y / scale);
}

void Shell::Parts::take_in_hand(int by) {
  if (snapshot->model) keyboard_pane = workspace.neighbour(pane_in_hand(), by);
}

/// Searches the tensors on their page, and the tokens elsewhere.
void Shell::Parts::find() {
  if (!snapshot->model) return;
  if (page() == Page::weights) {
    memory.focus_tensor_search = true;
    return;
  }
  show_page(Page::inspect);
  memory.search_tokens = memory.focus_token_search = true;
}

/// Leaves what was chosen in time, one after the other: the search, the selected range, cursor B.
void Shell::Parts::clear_selection() {
  if (std::exchange(memory.search_tokens, false)) return;
  if (has_range()) memory.range = -1;
  else if (snapshot->model && snapshot->selection.cursor_b >= 0) send(command::Seek{-1, "b"});
}

/// Selects the cell beside the selected one: on an axis of the state (-1 the last one), or the next row of the heatmap for axis 0.
void Shell::Parts::move_in_state(int axis, std::int64_t by) {
  if (!snapshot->model || page() != Page::inspect || ImGui::GetIO().WantTextInput) return;
  auto moved = axis == 0 ? neighbour_row(*snapshot, *derived, memory.options["state-heatmap"], by) : neighbour_index(*snapshot, *derived, axis, by);
  if (moved) send(std::move(*moved));
}

/// Selects a neighbour in the list of layers as it is filtered and sorted; of a layer that it leaves out, its first.
void Shell::Parts::move_in_layers(std::ptrdiff_t by) {
  const auto shown = shown_layers(*snapshot, derived->alerts.get(), memory.layer_filter, memory.layer_sort).layers;
  if (shown.empty()) return;
  const auto at = std::ranges::find(shown, static_cast<int>(snapshot->selection.layer)) - shown.begin();
  const std::ptrdiff_t next = at == std::ssize(shown) ? 0 : at + by;
  if (next >= 0 && next < std::ssize(shown)) send(command::Select{shown[static_cast<std::size_t>(next)], -1, -1});
}

/// Of a layer of attention its cache or what it attends to, of weights themselves or their error.
void Shell::Parts::show_other_view() {
  if (!snapshot->selection.tensor.empty()) memory.show_weight_error = !memory.show_weight_error;
  else if (shows_attention_layer(*snapshot)) memory.show_attention = !memory.show_attention;
}

/// Shows the tour beside what is open, or beside a built-in model that has read a little.
void Shell::Parts::begin_tour() {
  const bool is_installed = std::ranges::any_of(builtin_models(), [](const BuiltinModel& each) { return each.name == "prose"; });
  if (!snapshot->model && !is_installed) return engine.note(true, "The tour needs a model. Open one and begin it again.");
  if (!snapshot->model)
    script = {command::Open{"builtin:prose"}, command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. "}, command::ReadWaiting{}};
  show_page(Page::inspect);
  if (workspace.is_enlarged()) workspace.toggle_enlarged("");
  help.close();
  tour.begin();
}

void Shell::Parts::close_or_cancel() {
  if (dialogs.escape()) return;
  if (ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel)) ui.closes_popups = true;
  else if (!snapshot->working_on.empty() || snapshot->state == EngineState::running || snapshot->plays) cancel();
  else if (status.close_notice(*snapshot)) return;
  else if (workspace.is_enlarged()) workspace.toggle_enlarged("");
  else if (!snapshot->selection.tensor.empty()) toggle_weights();
  else clear_selection();
}

void Shell::Parts::perform(Action action) {
  const std::string pane = pane_in_hand();
  switch (action) {
    case Action::next_pane: take_in_hand(1); break;
    case Action::previous_pane: take_in_hand(-1); break;
    case Action::palette: palette.open(sessions.recovered()); break;
    case Action::trials:
      if (snapshot->model) trials_dialog.toggle();
      break;
    case Action::weights: toggle_weights(); break;
    case Action::show_inspect: show_page(Page::inspect); break;
    case Action::show_monitor: show_page(Page::monitor); break;
    case Action::show_compare: show_page(Page::compare); break;
    case Action::compare_next: compare_next(); break;
    case Action::next_alert:
    case Action::previous_alert:
      if (page() != Page::compare) go_to_alert(action == Action::next_alert);
      else if (PaneContext context = pane_context(); snapshot->model) go_to_difference(context, action == Action::previous_alert);
      break;
    case Action::swap_cursors:
      if (page() == Page::compare) return swap_runs();
      for (Command& command : commands_of(action, *snapshot, memory.rate, memory.clock)) send(std::move(command));
      break;
    case Action::show_weights:
      if (snapshot->selection.tensor.empty()) toggle_weights();
      break;
    case Action::find_tensor: find(); break;
    case Action::next_match: memory.search_step = 1; break;
    case Action::previous_match: memory.search_step = -1; break;
    case Action::name_range:
      if (has_time_panel()) begin_naming_between_cursors(memory.draft, *snapshot);
      break;
    case Action::rename_range:
      if (has_time_panel()) begin_renaming(memory.draft, *snapshot, memory.range);
      break;
    case Action::remove_range:
      if (has_range()) send(command::RemoveRange{memory.range});
      memory.range = -1;
      break;
    case Action::note:
      if (snapshot->model && page() != Page::weights) begin_note(memory.note, *snapshot);
      break;
    case Action::reach: memory.show_reach = !memory.show_reach; break;
    case Action::breakpoints: memory.stops = !memory.stops && snapshot->model && page() != Page::weights; break;
    case Action::open_lanes: memory.lanes.is_open = has_time_panel(); break;
    case Action::next_clock: memory.clock = static_cast<TimeClock>((static_cast<int>(memory.clock) + 1) % 3); break;
    case Action::playback: memory.playback = !memory.playback && has_time_panel(); break;
    case Action::previous_tensor: page() == Page::weights ? move_in_tensors(-1) : move_in_state(0, -1); break;
    case Action::next_tensor: page() == Page::weights ? move_in_tensors(1) : move_in_state(0, 1); break;
    case Action::previous_index: move_in_state(-1, -1); break;
    case Action::next_index: move_in_state(-1, 1); break;
    case Action::previous_head: move_in_state(-3, -1); break;
    case Action::next_head: move_in_state(-3, 1); break;
    case Action::previous_layer: move_in_layers(-1); break;
    case Action::next_layer: move_in_layers(1); break;
    case Action::index_map: memory.show_index_map = snapshot->model && page() == Page::inspect; break;
    case Action::edit_state:
      if (PaneContext context = pane_context(); snapshot->model && page() == Page::inspect) edit_state(memory, present_edit(context));
      break;
    case Action::filter_layers: memory.focus_layer_filter = snapshot->model && page() == Page::inspect; break;
    case Action::sort_layers: memory.layer_sort = static_cast<LayerSort>((static_cast<int>(memory.layer_sort) + 1) % 3); break;
    case Action::copy_values: memory.wish_pane = pane, memory.wish = PaneWish::copy; break;
    case Action::lock_range: memory.wish_pane = pane, memory.wish = PaneWish::lock; break;
    case Action::fit:
      if (page() != Page::compare) memory.wish_pane = pane, memory.wish = PaneWish::fit;  // there it flips
      break;
    case Action::explain: memory.wish_pane = pane, memory.wish = PaneWish::explain; break;
    case Action::pane_menu: memory.wish_pane = pane, memory.wish = PaneWish::menu; break;
    case Action::other_view: show_other_view(); break;
    case Action::focus_prompt:
      show_page(Page::inspect);
      memory.search_tokens = false;
      memory.focus_prompt = snapshot->model != nullptr;
      break;
    case Action::save: sessions.save(false); break;
    case Action::save_as: sessions.save(true); break;
    case Action::save_patch: sessions.ask_for(SaveDialog::Kind::patch); break;
    case Action::save_rules:
      if (present_interventions(*snapshot).empty()) engine.note(true, "There are no rules to save.");
      else sessions.ask_for(SaveDialog::Kind::rules);
      break;
    case Action::save_state: sessions.ask_for(SaveDialog::Kind::state); break;
    case Action::history: palette.open_for_history(); break;
    case Action::open: open_dialog.open(opened ? opened->path : ""); break;
    case Action::compare_file:
      if (snapshot->model) open_dialog.open(opened ? opened->path : "", OpenPurpose::compare);
      break;
    case Action::export_view:
      if (snapshot->model) export_dialog.open(figure_of(pane, memory, *snapshot), *snapshot, options.start_folder);
      break;
    case Action::maximise: workspace.toggle_enlarged(pane); break;
    case Action::larger: use(resized(desk.settings(), 1)); break;
    case Action::smaller: use(resized(desk.settings(), -1)); break;
    case Action::normal_size: use(resized(desk.settings(), 0)); break;
    case Action::switch_theme: use(with_other_theme(desk.settings())); break;
    case Action::settings: settings_page.open(); break;
    case Action::tour: begin_tour(); break;
    case Action::change_view: {
      const PaneKind* kind = snapshot->model ? find_pane(pane) : nullptr;
      if (kind && kind->view) palette.open_for(pane);
      else engine.note(false, "Put the mouse over a pane whose view shall change, or take one in hand with F6.");
      break;
    }
    case Action::undo_layout: desk.undo(workspace); break;
    case Action::redo_layout: desk.redo(workspace); break;
    case Action::reset_layout: workspace.arrange({}); break;
    case Action::help: help.toggle(); break;
    case Action::close: close_or_cancel(); break;
    case Action::quit: closing = true; break;
    default:
      for (Command& command : commands_of(action, *snapshot, memory.rate, memory.clock)) send(std::move(command));
  }
}

}  // namespace lab
