// The lane of edits on the time axis: those of the active run, and those of the others in the colours of their runs.
#include <fmt/format.h>

#include <algorithm>

#include "views/panels/intervention_table.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/run_look.h"
#include "views/panels/transport.h"

namespace lab {
namespace {

constexpr float kHalf = 5;  // units of a diamond

/// The lane, and whether resets of the whole state are among the edits.
struct EditLane {
  Ui& ui;
  const KeptTimeAxis& axis;
  Box lane;
  const Snapshot& snapshot;
  bool with_resets = false;

  bool shows(const EditEvent& edit) const { return with_resets || !edit.is_reset; }
  bool is_diamond(const EditEvent& edit) const { return !edit.trials && !edit.interventions; }
  bool is_within(float x) const { return x >= axis.left - 1 && x <= axis.right + 1; }
  /// The bar over tokens, cut to the axis; of no width where it lies elsewhere.
  Box bar(std::int64_t first, std::int64_t last) const {
    const float left = std::max(axis.left, place_of(axis, first)), right = std::min(axis.right, place_of(axis, last));
    return right < axis.left || left > axis.right ? Box{} : Box{left, lane.y + 1, std::max(4.0f, right - left), lane.h - 3};
  }
  Box around(float x) const { return {x - kHalf - 1, lane.y, 2 * kHalf + 2, lane.h}; }
  void diamond(float x, Color color) const {
    const float cx = ui.px(x), cy = ui.px(lane.middle_y()), r = kHalf * ui.scale();
    ui.list()->AddQuadFilled({cx, cy - r}, {cx + r, cy}, {cx, cy + r}, {cx - r, cy}, color);
  }
  /// One run alone needs no colour of its own.
  Color color_of(std::int64_t run, Color alone) const { return snapshot.runs.size() < 2 ? alone : run_color(ui.theme(), snapshot, run); }
  Color color_of(const EditEvent& edit, Color alone) const {
    const RunFacts* active = active_run(snapshot);
    return active ? color_of(maker_of(snapshot, *active, edit), alone) : alone;
  }
};

/// Until where a trial holds: the next one, or the end of what has been read.
std::int64_t end_of_trial(const std::vector<EditEvent>& edits, std::size_t i, std::int64_t count) {
  const auto next = std::find_if(edits.begin() + static_cast<std::ptrdiff_t>(i) + 1, edits.end(), [](const EditEvent& edit) { return edit.trials.has_value(); });
  return next == edits.end() ? count : next->position;
}

/// Whether a trial begins here. The end of trials is no mark of its own.
bool begins_trial(const EditEvent& edit) { return edit.trials && *edit.trials != command::SetTrials(); }

/// A trial holds from its edit on until the next one: a bar.
void draw_trials(const EditLane& in, const std::vector<EditEvent>& edits, std::int64_t count) {
  Ui& ui = in.ui;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!begins_trial(edits[i])) continue;
    const Box bar = in.bar(edits[i].position, end_of_trial(edits, i, count));
    if (bar.w <= 0) continue;
    ui.fill(bar, in.color_of(edits[i], ui.theme().good), 2);
    if (bar.w >= std::min(60.0f, ui.width(Face::tick, edits[i].brief) + 16)) ui.text_in(bar.inset(8, 0), Face::tick, ui.theme().on_accent, edits[i].brief);
    if (ui.hit(fmt::format("edit {}", i).c_str(), bar).hovered) ui.tooltip(fmt::format("{}\tfrom token {}", edits[i].label, edits[i].position));
  }
}

std::string name_of(const Intervention& rule) { return rule.name.empty() ? brief_words_of(rule) : rule.name; }

std::string tip_of(const InterventionBar& bar) { return fmt::format("{}\ttokens {} to {}", words_of(*bar.rule), bar.first, bar.last - 1); }

/// A rule is a bar over the tokens at which it holds: solid where they have been read, outlined beyond.
void draw_rule(const EditLane& in, const InterventionBar& rule, const Box& bar, std::int64_t count, Color color) {
  const float read = std::min(bar.right(), place_of(in.axis, count));
  if (read > bar.x) in.ui.fill({bar.x, bar.y, std::max(4.0f, read - bar.x), bar.h}, color, 2);
  if (std::min(in.axis.right, place_of(in.axis, rule.last)) > read) in.ui.outline(bar, color, 2);
}

void draw_rules(const EditLane& in, const std::vector<EditEvent>& edits, std::int64_t count) {
  Ui& ui = in.ui;
  const RunFacts* active = active_run(in.snapshot);
  int number = 0;
  for (const InterventionBar& each : intervention_bars(edits, count)) {
    const Box bar = in.bar(each.first, each.last);
    if (bar.w <= 0) continue;
    draw_rule(in, each, bar, count, active ? in.color_of(owner_at(in.snapshot, *active, each.first), ui.theme().good) : ui.theme().good);
    const float read = std::min(bar.right(), place_of(in.axis, count));
    if (read - bar.x >= ui.width(Face::tick, name_of(*each.rule)) + 16) ui.text_in({bar.x + 8, in.lane.y, bar.w - 16, in.lane.h}, Face::tick, ui.theme().on_accent, name_of(*each.rule));
    if (ui.hit(fmt::format("intervention {}", number++).c_str(), bar).hovered) ui.tooltip(tip_of(each));
  }
}

/// A diamond where each edit was made, its name on the side that has room.
void draw_diamonds(const EditLane& in, const std::vector<EditEvent>& edits) {
  Ui& ui = in.ui;
  float free_from = in.axis.left - 12;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const EditEvent& edit = edits[i];
    const float x = place_of(in.axis, edit.position);
    if (!in.is_diamond(edit) || !in.shows(edit) || !in.is_within(x)) continue;
    in.diamond(x, in.color_of(edit, ui.theme().warning));
    const std::string& name = edit.brief.empty() ? edit.label : edit.brief;
    const float next = i + 1 < edits.size() ? place_of(in.axis, edits[i + 1].position) - 8 : in.axis.right + 60;
    const float width = ui.width(Face::tick, name);
    const auto write = [&](float left) { ui.text_in({left, in.lane.y, width + 1, in.lane.h}, Face::tick, ui.theme().dim, name); };
    if (x + 10 + width < next) write(x + 9), free_from = x + 14 + width;
    else if (x - 10 - width > free_from) write(x - 9 - width), free_from = x + 8;
    if (ui.hit(fmt::format("edit {}", i).c_str(), in.around(x)).hovered) ui.tooltip(fmt::format("{}\tbefore token {}", edit.label, edit.position));
  }
}

/// What was drawn of a run that is not active, for the mouse: marks of the active run lie above and react first.
struct OtherMark {
  Box box;
  const RunFacts* run;
  std::string id, tip;
};

/// Whether an edit of another run is in the past of the active one, too.
bool is_shared(const Snapshot& snapshot, const RunFacts& run, const EditEvent& edit) {
  const RunFacts* active = active_run(snapshot);
  return active && snapshot.edits && std::ranges::any_of(*snapshot.edits, [&](const EditEvent& own) {
           return own.position == edit.position && own.label == edit.label && maker_of(snapshot, *active, own) == run.id;
         });
}

/// The edits that were made in a run itself, not in its past, and not in that of the active one.
void draw_other_run(const EditLane& in, const RunFacts& run, std::vector<OtherMark>& marks) {
  const Color color = run_color(in.ui.theme(), in.snapshot, run.id);
  const std::vector<EditEvent>& edits = *run.edits;
  const std::int64_t count = run.tokens.count();
  const auto mark = [&](const Box& box, const std::string& what, std::string tip) { marks.push_back({box, &run, fmt::format("{} of run {}", what, run.id), std::move(tip)}); };
  int number = 0;
  for (const InterventionBar& each : intervention_bars(edits, count)) {
    const Box bar = in.bar(each.first, each.last);
    if (bar.w <= 0 || owner_at(in.snapshot, run, each.first) != run.id) continue;
    draw_rule(in, each, bar, count, color);
    mark(bar, fmt::format("intervention {}", number++), tip_of(each));
  }
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (maker_of(in.snapshot, run, edits[i]) != run.id || is_shared(in.snapshot, run, edits[i])) continue;
    const float x = place_of(in.axis, edits[i].position);
    const Box bar = begins_trial(edits[i]) ? in.bar(edits[i].position, end_of_trial(edits, i, count)) : Box{};
    if (bar.w > 0) in.ui.fill(bar, color, 2);
    else if (in.is_diamond(edits[i]) && in.is_within(x)) in.diamond(x, color);
    else continue;
    mark(bar.w > 0 ? bar : in.around(x), fmt::format("edit {}", i), fmt::format("{}\tbefore token {}", edits[i].label, edits[i].position));
  }
}

}  // namespace

void draw_edit_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context, bool with_resets) {
  static const std::vector<EditEvent> kNone;
  const Snapshot& snapshot = context.snapshot;
  const EditLane in{ui, axis, lane, snapshot, with_resets};
  const std::vector<EditEvent>& edits = snapshot.edits ? *snapshot.edits : kNone;
  std::vector<OtherMark> others;
  for (const RunFacts& run : snapshot.runs)
    if (run.id != snapshot.active_run && run.edits) draw_other_run(in, run, others);
  draw_trials(in, edits, snapshot.count());
  draw_rules(in, edits, snapshot.count());
  draw_diamonds(in, edits);
  for (const OtherMark& each : others) {
    const Hit hit = ui.hit(each.id.c_str(), each.box);
    if (hit.hovered) ui.tooltip(fmt::format("{}\n{}\t", each.tip, each.run->name));
    if (hit.clicked) context.send(command::SwitchRun{each.run->id});
  }
  const bool has_any = !others.empty() || std::ranges::any_of(edits, [&](const EditEvent& edit) { return in.shows(edit); });
  if (!has_any) ui.text_in({axis.left, lane.y, axis.right - axis.left, lane.h}, Face::tick, ui.theme().faint, "none");
}

}  // namespace lab
