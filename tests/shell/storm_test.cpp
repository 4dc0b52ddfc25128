// Whatever a person does with mouse and keyboard, in any order and at any moment, the window lives on and works afterwards.
//   tools/storm 100000 7     a longer storm, or another one, under sanitizers
#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <random>

#include "app/shell/shortcuts.h"
#include "tests/from_environment.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"

using namespace lab;

namespace {

/// Events at random: half of them aim at controls and keys that do something.
class Storm {
 public:
  Storm(HeadlessWindow& window, std::uint64_t seed) : window_(window), random_(seed) {}

  void event() {
    switch (below(16)) {
      case 0: case 1: case 2: return move();
      case 3: case 4: case 5: move(); return click(MouseButton::left, 1);
      case 6: move(); return click(MouseButton::left, 2);
      case 7: move(); return click(MouseButton::right, 1);
      case 8: return drag();
      case 9: return push(InputEvent::wheel(0, static_cast<float>(below(7)) - 3));
      case 10: case 11: case 12: return press_shortcut();
      case 13: return press_any();
      case 14: return type();
      default: return rare();
    }
  }

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

 private:
  void push(InputEvent event) { window_.input().push(std::move(event)); }

  void move() {
    const auto& items = window_.shell().items();
    if (!items.empty() && below(2)) {
      const Box& box = std::next(items.begin(), static_cast<std::ptrdiff_t>(below(items.size())))->second;
      return push(InputEvent::move(box.x + box.w * part(), box.y + box.h * part()));
    }
    push(InputEvent::move(2200 * part() - 100, 1300 * part() - 100));  // beside the window too
  }
  float part() { return static_cast<float>(below(1001)) / 1000; }

  void click(MouseButton button, int times) {
    for (int i = 0; i < times; ++i) push(InputEvent::button(button, true)), push(InputEvent::button(button, false));
  }
  void drag() {
    constexpr std::array kButtons{MouseButton::left, MouseButton::left, MouseButton::right, MouseButton::middle};
    const MouseButton button = kButtons[below(kButtons.size())];
    move();
    const auto held = modifiers();
    hold(held, true);
    push(InputEvent::button(button, true));
    for (std::size_t i = below(4); i > 0; --i) move();
    push(InputEvent::button(button, false));
    hold(held, false);
  }
  Modifiers modifiers() { return {.control = below(4) == 0, .shift = below(4) == 0, .alt = below(6) == 0}; }
  void hold(const Modifiers& held, bool down) {
    if (held.control) push(InputEvent::key(Key::left_control, down));
    if (held.shift) push(InputEvent::key(Key::left_shift, down));
    if (held.alt) push(InputEvent::key(Key::left_alt, down));
  }
  void press(Key key, const Modifiers& held) {
    hold(held, true);
    push(InputEvent::key(key, true, held));
    for (std::size_t i = below(8) == 0 ? 3 : 0; i > 0; --i) push(InputEvent::key(key, true, held, true));
    push(InputEvent::key(key, false, held));
    hold(held, false);
  }
  void press_shortcut() {
    const auto all = shortcuts();
    const Shortcut& chosen = all[below(all.size())];
    press(chosen.key, chosen.modifiers);
  }
  void press_any() {
    constexpr std::array kKeys{Key::enter, Key::tab, Key::escape, Key::up, Key::down, Key::left, Key::right, Key::page_up, Key::page_down,
                               Key::home,  Key::end, Key::space,  Key::del, Key::backspace, Key::a, Key::c, Key::x, Key::v};
    press(below(3) ? kKeys[below(kKeys.size())] : static_cast<Key>(below(kKeyCodes)), modifiers());
  }
  void type() {
    constexpr std::u32string_view kTexts[] = {U"light", U"0", U"-1e99", U"nan", U"L2", U"\u00e9\u4e2d\U0001f600", U"builtin:", U"/", U"12 > 3"};
    for (const char32_t c : kTexts[below(std::size(kTexts))]) push(InputEvent::text(c));
  }
  void rare() {
    switch (below(8)) {
      case 0: return push(InputEvent::focus(false)), push(InputEvent::focus(true));
      case 1: return push(InputEvent::drop("/nothing/here"));
      case 2: return push(InputEvent::drop(LAB_SOURCE_DIR "/assets/models/flipflop"));
      case 3: return push(InputEvent::drop(LAB_SOURCE_DIR "/assets/models/prose"));
      case 4: return push(InputEvent::drop(LAB_SOURCE_DIR "/tests/golden/granite-moe"));
      case 5: return push(InputEvent::drop(LAB_SOURCE_DIR "/tests/golden/rwkv4"));
      case 6: return resize();
      default: window_.shell().rebuild_gl();
    }
  }
  void resize() {
    constexpr std::pair<int, int> kSizes[] = {{200, 150}, {800, 480}, {1280, 720}, {1600, 1000}, {1920, 1080}, {3840, 2160}};
    constexpr float kScales[] = {1, 1, 1.5f, 2, 3};
    const auto [width, height] = kSizes[below(std::size(kSizes))];
    window_.resize(width, height, kScales[below(std::size(kScales))]);
  }

  static constexpr std::size_t kKeyCodes = static_cast<std::size_t>(kKeys);
  HeadlessWindow& window_;
  std::mt19937_64 random_;
};

/// A window whose dialogs look at an empty folder, and whose trace forgets early.
struct StormyWindow {
  StormyWindow(std::pair<int, int> seen = {}) : window(1280, 800, shell_options(folder.path.string()), lab_options(), seen) {
    std::filesystem::current_path(folder.path);  // what is exported to a plain name goes there
  }
  ~StormyWindow() { std::filesystem::current_path(LAB_SOURCE_DIR); }

  static ShellOptions shell_options(const std::string& folder) {
    ShellOptions options;
    options.start_folder = folder;
    return options;
  }
  static LabOptions lab_options() {
    LabOptions options;
    options.trace.budget_bytes = 8 << 20;
    return options;
  }

  test::TemporaryFolder folder;
  HeadlessWindow window;
};

/// Says where two pictures differ.
void check_same(const Image& a, const Image& b) {
  int left = a.width, right = -1, top = a.height, bottom = -1;
  for (int y = 0; y < a.height; ++y)
    for (int x = 0; x < a.width; ++x) {
      const auto at = static_cast<std::size_t>(y * a.width + x) * 4;
      if (std::equal(a.pixels.begin() + static_cast<std::ptrdiff_t>(at), a.pixels.begin() + static_cast<std::ptrdiff_t>(at + 4), b.pixels.begin() + static_cast<std::ptrdiff_t>(at))) continue;
      left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    }
  INFO("from ", left, ", ", top, " to ", right, ", ", bottom);
  CHECK(right < 0);
}

}  // namespace

TEST_CASE("storm: after thousands of random events on every screen the window still opens a model, reads, undoes and draws") {
  const std::int64_t events = test::from_environment("LAB_STORM_EVENTS", 10'000), seed = test::from_environment("LAB_STORM_SEED", 1);
  StormyWindow stormy({64, 48});
  HeadlessWindow& window = stormy.window;
  Storm storm(window, static_cast<std::uint64_t>(seed));
  for (std::int64_t i = 0; i < events; ++i) {
    storm.event();
    if (storm.below(4) == 0) window.frame();  // others come in bursts, as when frames are slow
    if (i % 1'000 == 999) {
      window.engine().interrupt();
      window.press(Key::escape);
    }
  }
  for (int i = 0; i < 8; ++i) window.engine().interrupt(), window.press(Key::escape);
  window.resize(1280, 800);
  window.open("prose");
  CHECK(window.snapshot()->model->name == "prose");
  window.play({command::Reset{}, command::FeedText{"And the river "}, command::ReadWaiting{}});
  const std::int64_t read = window.snapshot()->count();
  CHECK(read == 14);
  window.press(Key::z, {.control = true});
  CHECK(window.snapshot()->count() == 0);
}

TEST_CASE("storm: Compare of two runs lives on through random events, and still shows where they part") {
  StormyWindow stormy({64, 48});
  HeadlessWindow& window = stormy.window;
  Storm storm(window, 3);
  const auto compare = [&] {
    window.resize(1600, 1000);
    window.open("prose");
    window.play({command::Reset{}, command::FeedText{"The keeper wrote down every word."}, command::ReadWaiting{}, command::Fork{20, "zeroed", true}, command::ZeroState{1}, command::ReadWaiting{}});
    window.press(Key::four, {.control = true});
  };
  for (int round = 0; round < 8; ++round) {
    compare();
    for (int i = 0; i < 250; ++i) {
      storm.event();
      if (storm.below(4) == 0) window.frame();
    }
    for (int i = 0; i < 6; ++i) window.engine().interrupt(), window.press(Key::escape);
  }
  compare();
  window.play({command::Compare{}, command::ShowRange{}, command::Seek{5, "a"}});
  CHECK(window.shell().item("compare-bar/next difference"));
  CHECK(window.snapshot()->fault.empty());
}

TEST_CASE("storm: at any moment everything on the device can be made anew, to the same pixels") {
  StormyWindow stormy;
  HeadlessWindow& window = stormy.window;
  Storm storm(window, 2);
  window.open("prose");
  window.play({command::FeedText{"The keeper wrote down every word."}, command::ReadWaiting{}});
  for (int moment = 0; moment < 24; ++moment) {
    for (int i = 0; i < 6; ++i) storm.event();
    window.engine().interrupt();
    window.resize(1280, 800);
    window.move_to(1, 1);
    const Image before = window.picture();
    window.shell().rebuild_gl();
    window.frame();
    window.settle();
    const Image after = window.picture();
    if (after.pixels == before.pixels) continue;
    INFO("moment ", moment);
    check_same(after, before);
  }
}

TEST_CASE("storm: a window of 200 x 150 and back shows what it showed") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The keeper wrote down every word."}, command::ReadWaiting{}});
  window.move_to(1, 1);
  const Image before = window.picture();
  window.resize(200, 150);
  window.settle();
  window.resize(1600, 1000);
  window.settle();
  CHECK(window.picture().pixels == before.pixels);
}
