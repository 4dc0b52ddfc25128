#pragma once
// The pages above the panes: how each is drawn, where keys go, what Esc closes. A new one is a line where the shell names them.
#include <functional>
#include <utility>
#include <vector>

#include "app/shell/input_queue.h"
#include "views/panels/kit/box.h"

namespace lab {

class Dialogs {
 public:
  using Draw = std::function<void(Box window)>;  // called in every frame; a closed page draws nothing
  using Close = std::function<void()>;

  /// Adds a page above those that there are. It has is_open(), close() unless `escape` is what Esc does, and it may have
  /// press(event, in_text), which returns whether the page used a key press. While it is open the keys of the window rest,
  /// unless it has kLeavesKeys.
  template <class Page>
  void add(Page& page, Draw draw, Close escape = {}) {
    Entry entry{.is_open = [&page] { return page.is_open(); }, .escape = std::move(escape), .draw = std::move(draw)};
    if constexpr (requires(InputEvent press) { page.press(press, true); })
      entry.press = [&page](const InputEvent& press, bool in_text) { return page.press(press, in_text); };
    if constexpr (requires { Page::kLeavesKeys; }) entry.takes_keys = !Page::kLeavesKeys;
    if (!entry.escape) entry.escape = [&page] { page.close(); };
    entries_.push_back(std::move(entry));
  }

  /// Whether a page is open that the keys belong to.
  bool take_keys() const;
  /// Offers a key press to the pages, the topmost first. `in_text`: a text field has the keyboard. Whether one used it.
  bool press(const InputEvent& press, bool in_text) const;
  /// Does what Esc does to the topmost open page; false when none is open.
  bool escape() const;
  void draw(Box window) const;

 private:
  struct Entry {
    std::function<bool()> is_open;
    std::function<bool(const InputEvent&, bool)> press = {};  // may be empty
    Close escape;
    Draw draw;
    bool takes_keys = true;
  };
  std::vector<Entry> entries_;  // the topmost last
};

}  // namespace lab
