// The open dialog, driven with keys and mouse without a display.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "app/core/recent_models.h"
#include "app/shell/folder_list.h"
#include "model/files/file.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"

using namespace lab;

namespace {

namespace fs = std::filesystem;

constexpr Modifiers kControl{.control = true};

/// A folder with two models, one of them broken, a plain folder with a third, a session and a file of no kind.
struct Models {
  Models() {
    const fs::path source = LAB_SOURCE_DIR "/assets/models";
    fs::copy(source / "copy", folder.path / "a-copy");
    fs::copy(source / "flipflop", folder.path / "b-broken");
    fs::create_directory(folder.path / "inner");
    fs::copy(source / "flipflop", folder.path / "inner/flipflop");
    fs::copy_file(LAB_SOURCE_DIR "/sessions/copy-forgets.statelab.json", folder.path / "study.statelab.json");
    REQUIRE(write_file_atomically(folder / "notes.txt", "hello"));
    auto config = read_file(folder / "b-broken/config.json", 1 << 20);
    REQUIRE(config);
    const std::size_t at = config->find("\"num_hidden_layers\": ");
    REQUIRE(at != std::string::npos);
    REQUIRE(write_file_atomically(folder / "b-broken/config.json", config->insert(at + 21, "9")));
  }
  ShellOptions options() const { return {.start_folder = folder.path.string(), .recent_file = folder / ".recent.json"}; }
  test::TemporaryFolder folder;
};

std::u32string wide(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("folder: models come first, then sessions, then folders; other files are counted") {
  const Models models;
  const FolderList list = list_place(models.folder.path.string() + "/", "");
  std::vector<std::string> names;
  for (const FolderEntry& entry : list.entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"a-copy", "b-broken", "study.statelab.json", "inner"});
  CHECK(list.entries[0].kind == EntryKind::model_folder);
  CHECK(list.entries[0].bytes == static_cast<std::int64_t>(fs::file_size(models.folder.path / "a-copy/model.safetensors")));
  CHECK(list.entries[2].kind == EntryKind::session);
  CHECK(list.entries[3].kind == EntryKind::folder);
  CHECK(list.others == 1);
  CHECK_FALSE(list.is_model);
  CHECK(list_place(models.folder / "a-copy/", "").is_model);
  CHECK_FALSE(list_place(models.folder / "nowhere/", "").problem.empty());
}

TEST_CASE("folder: weights are known by the endings of their names") {
  for (const char* good : {"a.safetensors", "a.gguf", "a.bin", "a.pt", "a.pth", "model.safetensors.index.json"})
    CHECK(is_model_file(good));
  for (const char* bad : {"a.txt", "config.json", "gguf", "a.gguf.part", ""}) CHECK_FALSE(is_model_file(bad));
}

TEST_CASE("open dialog: arrows choose, Enter looks into a folder and opens a model, Backspace goes up") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.press(Key::o, kControl);
  window.press(Key::up);  // the last one
  window.press(Key::enter);
  CHECK(window.shell().item("open/flipflop"));
  CHECK_FALSE(window.snapshot()->model);
  window.press(Key::backspace);
  CHECK(window.shell().item("open/a-copy"));
  CHECK_FALSE(window.shell().item("open/flipflop"));
  window.press(Key::enter);  // the folder that was left is selected
  window.press(Key::down);
  window.press(Key::enter);
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->path == models.folder / "inner/flipflop");
  CHECK_FALSE(window.shell().item("open/path"));
}

TEST_CASE("open dialog: nothing is loaded while a model is looked at") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.press(Key::o, kControl);
  window.press(Key::down);
  CHECK(window.snapshot()->state == EngineState::empty);
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("open/path"));
  CHECK_FALSE(window.snapshot()->model);
}

TEST_CASE("open dialog: a model with problems cannot be opened, neither by Enter nor by a double click nor by the button") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.press(Key::o, kControl);
  window.press(Key::down);
  window.press(Key::down);
  window.press(Key::enter);
  window.click("open/choose");
  const Box row = window.item("open/b-broken");
  window.click_at(row.middle_x(), row.middle_y());
  window.click_at(row.middle_x(), row.middle_y());
  CHECK_FALSE(window.snapshot()->model);
  CHECK(window.snapshot()->notices.empty());
  CHECK(window.shell().item("open/path"));
}

TEST_CASE("open dialog: a path that is typed with Enter behind it is opened, however slow frames are") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.input().push(InputEvent::key(Key::o, true, kControl));
  for (const char32_t c : wide(models.folder / "a-copy")) window.input().push(InputEvent::text(c));
  window.input().push(InputEvent::key(Key::enter, true));
  window.settle();
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->path == models.folder / "a-copy");
}

TEST_CASE("open dialog: the beginning of a name chooses, builtin: lists the built-in models") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.press(Key::o, kControl);
  window.type(U"builtin:");
  CHECK(window.shell().item("open/prose"));
  window.press(Key::escape);
  window.press(Key::o, kControl);
  window.click("open/Built in");
  window.type(U"flip");
  window.press(Key::enter);
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->path == "builtin:flipflop");
}

TEST_CASE("open dialog: a session is opened with its model, and is among the recent ones afterwards") {
  const Models models;
  HeadlessWindow window(1280, 800, models.options());
  window.press(Key::o, kControl);
  const Box row = window.item("open/study.statelab.json");
  window.click_at(row.middle_x(), row.middle_y());
  window.click("open/choose");
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->count() == 36);
  const auto recent = read_recent(models.folder / ".recent.json");
  REQUIRE(recent);
  CHECK(*recent == std::vector<std::string>{models.folder / "study.statelab.json"});
  window.press(Key::o, kControl);
  window.click("open/Recent");
  CHECK(window.shell().item("open/study.statelab.json"));
}

TEST_CASE("open dialog: Esc while a model is being opened keeps what was open, and the dialog") {
  const Models models;
  std::mutex mutex;
  std::condition_variable opened;
  std::atomic<bool> holds = false, holding = false;
  LabOptions slow;
  slow.open = [&](const std::string& name, const OpeningSteps& steps) {
    return open_model(name, [&](const char* doing, double progress) {
      std::unique_lock lock(mutex);
      if (holds) holding = true, opened.wait(lock, [&] { return !holds; });
      return steps(doing, progress);
    });
  };
  HeadlessWindow window(1280, 800, models.options(), slow);
  window.open("prose");
  const auto before = window.engine().opened();
  holds = true;
  window.press(Key::o, kControl);
  window.press(Key::down);
  window.input().push(InputEvent::key(Key::enter, true));
  window.input().push(InputEvent::key(Key::enter, false));
  for (int i = 0; i < 20000 && !holding; ++i) {
    if (window.shell().needs_frame(window.input())) window.frame();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  REQUIRE(holding);
  CHECK(window.snapshot()->state == EngineState::loading);
  window.input().push(InputEvent::key(Key::escape, true));
  window.input().push(InputEvent::key(Key::escape, false));
  while (!window.input().empty()) window.frame();
  {
    const std::lock_guard lock(mutex);
    holds = false;
    opened.notify_all();
  }
  window.settle();
  CHECK(window.engine().opened() == before);
  CHECK(window.shell().item("open/path"));
  window.press(Key::enter);
  CHECK(window.engine().opened() != before);
}

TEST_CASE("open dialog: no size of the window is too small for it") {
  const Models models;
  for (const auto& [width, height] : {std::pair(320, 240), std::pair(640, 400), std::pair(2560, 1440)}) {
    HeadlessWindow window(width, height, models.options());
    window.press(Key::o, kControl);
    window.press(Key::down);
    window.press(Key::down);
    CHECK(window.shell().item("open/a-copy"));
  }
}
