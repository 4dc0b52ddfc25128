#pragma once
// The bar at the bottom: where the run is, what is being worked on, what somebody should know.
#include <cstdint>
#include <span>
#include <string>

#include "app/core/snapshot.h"
#include "views/panels/kit/ui.h"

namespace lab {

class StatusBar {
 public:
  /// Draws the bar. `deriving`: the views are behind, which takes a while. `alerts`: what
  /// rules have found, if it is known. `facts` take the place of what is known of the run. `saved`: whether the session is in a file, ""
  /// to say nothing. Returns whether the work shall be cancelled.
  bool draw(Ui& ui, Box bar, const Snapshot& snapshot, bool deriving, const AlertLog* alerts, std::span<const std::string> facts = {},
            const std::string& saved = {});
  /// Puts the notice away that is shown. False when there was none.
  bool close_notice(const Snapshot& snapshot);
  /// The notice that has not been put away, null where there is none.
  const Notice* shown(const Snapshot& snapshot) const;

 private:
  void draw_notice(Ui& ui, Box& bar, const Snapshot& snapshot);

  std::uint64_t closed_ = 0;  // notices up to this number have been put away
};

}  // namespace lab
