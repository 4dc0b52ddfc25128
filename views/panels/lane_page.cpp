#include "views/panels/lane_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr const char* kPage = "lanes page";
constexpr float kWidth = 420, kRow = kControlHeight + 4;
constexpr std::size_t kFirstFields = 2, kMostFields = 8;

bool is_reset(const RunFacts& run) {
  return std::ranges::any_of(*run.edits, [&](const EditEvent& edit) { return edit.is_reset && edit.position == run.tokens.count(); });
}

/// Those that say something.
std::vector<std::string> texts_of(const LaneDraft& draft) {
  std::vector<std::string> texts;
  std::ranges::copy_if(draft.texts, std::back_inserter(texts), [](const std::string& text) { return !text.empty(); });
  return texts;
}

}  // namespace

std::vector<std::int64_t> finished_lanes(const Snapshot& snapshot) {
  std::vector<std::int64_t> finished;
  if (snapshot.runs.size() < 2) return finished;
  for (const RunFacts& run : snapshot.runs)
    if (run.tokens.count() > 0 && run.waiting == 0 && !is_reset(run)) finished.push_back(run.id);
  return finished;
}

bool any_lane_waits(const Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.runs, [](const RunFacts& run) { return run.waiting > 0; });
}

void draw_lane_page(Ui& ui, Box anchor, PaneContext& context) {
  LaneDraft& draft = context.memory.lanes;
  bool& is_open = kept_of(context).opening_lanes;
  const bool begins = draft.is_open && !is_open;
  if (begins) {
    draft.texts.assign(kFirstFields, "");
    ImGui::OpenPopup(kPage);
  } else if (is_open && !draft.texts.back().empty() && draft.texts.size() < kMostFields) {
    draft.texts.emplace_back();  // there is always a free one
  }
  const float rows = static_cast<float>(draft.texts.size()) * kRow, height = 20 + 18 + 8 + rows + 4 + kControlHeight + 24;
  Box page;
  if (!begin_popover(ui, kPage, {anchor.x, anchor.y - height - 8, anchor.w, 0}, kWidth, height, page)) {
    draft.is_open = is_open = false;
    return;
  }
  is_open = true;
  ui.text_in(page.cut_top(20), Face::title, ui.theme().text, "Open lanes");
  ui.text_in(page.cut_top(18), Face::control, ui.theme().dim, "A run for each text, from the neutral state. They read side by side.");
  page.cut_top(8);
  Box fields = page.cut_top(rows);
  bool entered = false;
  for (std::size_t i = 0; i < draft.texts.size(); ++i)
    if (field(ui, fmt::format("lane text {}", i).c_str(), fields.cut_top(kRow).row(kControlHeight), draft.texts[i],
              {.hint = i == 0 ? "the text of a lane" : "of another one", .take_focus = begins && i == 0}))
      entered = true;
  page.cut_top(4);
  const std::vector<std::string> texts = texts_of(draft);
  const std::string label = texts.empty() ? "Open##open lanes" : fmt::format("Open {} lane{}##open lanes", texts.size(), texts.size() == 1 ? "" : "s");
  const bool done = button(ui, label.c_str(), page.cut_top(kControlHeight).cut_right(120), {.primary = true, .enabled = !texts.empty()});
  if ((entered || done) && !texts.empty()) {
    context.send(command::OpenLanes{texts});
    draft.is_open = is_open = false;
    ImGui::CloseCurrentPopup();
  }
  end_popover();
}

}  // namespace lab
