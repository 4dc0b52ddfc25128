#include "app/shell/input_queue.h"

#include <doctest/doctest.h>

#include <random>

using namespace lab;

namespace {

int presses(const std::vector<InputEvent>& events, InputEvent::Kind kind) {
  int count = 0;
  for (const InputEvent& event : events) count += event.kind == kind && event.down;
  return count;
}

}  // namespace

TEST_CASE("input queue: a click that begins and ends between two frames is seen as two frames") {
  InputQueue queue;
  queue.push(InputEvent::move(10, 20));
  queue.push(InputEvent::button(MouseButton::left, true));
  queue.push(InputEvent::button(MouseButton::left, false));
  const auto first = queue.take();
  REQUIRE(first.size() == 2);
  CHECK(first[1].down);
  const auto second = queue.take();
  REQUIRE(second.size() == 1);
  CHECK_FALSE(second[0].down);
  CHECK(queue.empty());
}

TEST_CASE("input queue: the mouse does not move away from a click in the same frame") {
  InputQueue queue;
  queue.push(InputEvent::button(MouseButton::left, true));
  queue.push(InputEvent::move(500, 500));
  CHECK(queue.take().size() == 1);
  CHECK(queue.take().size() == 1);
}

TEST_CASE("input queue: text and wheel never wait") {
  InputQueue queue;
  queue.push(InputEvent::button(MouseButton::left, true));
  queue.push(InputEvent::wheel(0, 1));
  for (const char32_t c : U"state") queue.push(InputEvent::text(c));
  CHECK(queue.take().size() == 8);
}

TEST_CASE("input queue: a held key repeats as often as the keyboard says") {
  InputQueue queue;
  queue.push(InputEvent::key(Key::right, true));
  for (int i = 0; i < 3; ++i) queue.push(InputEvent::key(Key::right, true, {}, true));
  CHECK(queue.take().size() == 4);
}

TEST_CASE("input queue: nothing is lost or reordered when frames are slow") {
  // Twenty clicks, twenty presses of one key and eighty typed characters arrive in bursts of random size.
  InputQueue queue;
  std::vector<InputEvent> sent;
  for (int i = 0; i < 20; ++i) {
    for (const bool down : {true, false}) sent.push_back(InputEvent::button(MouseButton::left, down));
    for (const bool down : {true, false}) sent.push_back(InputEvent::key(Key::f1, down));
    for (int c = 0; c < 4; ++c) sent.push_back(InputEvent::text(static_cast<char32_t>('a' + c)));
    sent.push_back(InputEvent::move(static_cast<float>(i), 0));
  }
  std::mt19937 random(7);
  std::vector<InputEvent> seen;
  int clicks = 0, keys = 0;
  for (std::size_t next = 0; next < sent.size() || !queue.empty();) {
    for (unsigned burst = random() % 12; burst > 0 && next < sent.size(); --burst) queue.push(sent[next++]);
    const auto frame = queue.take();
    CHECK(presses(frame, InputEvent::Kind::button) <= 1);
    clicks += presses(frame, InputEvent::Kind::button);
    keys += presses(frame, InputEvent::Kind::key);
    seen.insert(seen.end(), frame.begin(), frame.end());
  }
  CHECK(clicks == 20);
  CHECK(keys == 20);
  REQUIRE(seen.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    CHECK(seen[i].kind == sent[i].kind);
    CHECK(seen[i].code == sent[i].code);
    CHECK(seen[i].down == sent[i].down);
  }
}
