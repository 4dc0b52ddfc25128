#pragma once
// Strips of runs, one below the other: tokens across on one axis, layers down.
#include <cstdint>
#include <string>

#include "views/panels/kept.h"
#include "views/plot/color_map.h"

namespace lab {

/// Where the tokens of every strip of a pane lie.
struct StripAxis {
  Box axis;
  double tokens = 1;
  float at(double token) const { return axis.x + static_cast<float>(token / tokens) * axis.w; }
  std::int64_t token(float x) const;
};
/// The numbers of the tokens above the strips.
void draw_strip_axis(Ui& ui, const StripAxis& axis);

/// A picture that fills a box, painted again only when it changes.
void paint_strip(Ui& ui, Box box, PaneContext& context, const KeptStrip& strip);
/// The picture of a run in the pane that is being drawn, kept under what it is made from.
template <class Make>
const KeptStrip& kept_strip(Ui& ui, PaneContext& context, std::int64_t run, const std::string& key, Make make) {
  KeptStrip& kept = kept_of(context).strips[{ui.pane, run}];
  if (kept.key != key) kept = {.key = key, .of = context.derived.tree, .pixels = make()};
  return kept;
}

/// ‖h‖₂ of a run by layer and token, each over the layer's own mean in the run: where its text moved it, and where it was emptied.
void draw_norm_strip(Ui& ui, Box box, PaneContext& context, const RunFacts& run);
ColorScale norm_scale();

/// What the colours mean, cut off the left of a row.
void draw_ramp(Ui& ui, Box& row, const char* name, const ColorScale& scale, const std::string& low, const std::string& high);

}  // namespace lab
