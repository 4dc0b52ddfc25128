#include "app/shell/dialogs.h"

#include <algorithm>
#include <ranges>

namespace lab {

bool Dialogs::take_keys() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) { return entry.takes_keys && entry.is_open(); });
}

bool Dialogs::press(const InputEvent& press, bool in_text) const {
  return std::ranges::any_of(entries_ | std::views::reverse,
                             [&](const Entry& entry) { return entry.press && entry.press(press, in_text); });
}

bool Dialogs::escape() const {
  for (const Entry& entry : entries_ | std::views::reverse)
    if (entry.is_open()) return entry.escape(), true;
  return false;
}

void Dialogs::draw(Box window) const {
  for (const Entry& entry : entries_) entry.draw(window);
}

}  // namespace lab
