// The file of settings and layout, whole and broken.
#include "app/shell/preferences.h"

#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "app/shell/settings_page.h"
#include "app/shell/workspace.h"
#include "model/files/file.h"
#include "tests/temporary_folder.h"

using namespace lab;

namespace {

void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::string text_of(const std::string& file) {
  const auto text = read_file(file, 1 << 20);
  REQUIRE(text);
  return *text;
}

struct Read {
  Preferences preferences;
  std::vector<std::string> problems;
};
Read read(const std::string& file) {
  Read read;
  read.preferences = read_preferences(file, read.problems);
  return read;
}

void wait_for(const PreferencesFile& file) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!file.idle()) {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("preferences: no file is no fault, and everything is as the program comes") {
  const test::TemporaryFolder folder;
  for (const std::string& file : {std::string(), folder / "none.json"}) {
    const Read none = read(file);
    CHECK(none.problems.empty());
    CHECK(none.preferences.settings == Settings());
    CHECK(none.preferences.layout == PaneLayout());
  }
}

TEST_CASE("preferences: every setting that is changed is read again as it was, and so is the layout") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  Preferences wanted;
  std::set<std::string> changed{"layout"};
  for (const Setting& setting : all_settings()) {
    step(setting, wanted.settings, 1);
    if (is_default(setting, wanted.settings)) step(setting, wanted.settings, -1);  // it stood at its end
    CHECK_FALSE(is_default(setting, wanted.settings));
    changed.insert(setting.key);
  }
  wanted.layout = {.sizes = {{"wide/state-at", 0.25f}}, .views = {{"wide/pca", "lens"}}, .enlarged = "curves"};
  REQUIRE(write_preferences(file, wanted, changed));
  const Read again = read(file);
  CHECK(again.problems.empty());
  CHECK(again.preferences.settings == wanted.settings);
  CHECK(again.preferences.layout == wanted.layout);
}

TEST_CASE("preferences: only what was changed is written, and what a newer version wrote stays") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  write(file, R"({"format": "statelab-settings/9", "settings": {"theme": "sepia", "sound": [1, 2.5], "size": "125 %"}, "plugins": {"a": null}, "layout": {"floating": true}})");
  const Read newer = read(file);
  REQUIRE(newer.problems.size() == 2);
  CHECK(holds(newer.problems[0], "statelab-settings/9"));
  CHECK(holds(newer.problems[1], "theme"));
  CHECK(holds(newer.problems[1], "dark, light, high contrast"));
  CHECK(newer.preferences.settings.theme == 0);
  CHECK(newer.preferences.settings.factor() == 1.25f);
  Preferences wanted = newer.preferences;
  wanted.settings.reduced_motion = true;
  wanted.layout.enlarged = "pca";
  REQUIRE(write_preferences(file, wanted, {"reduced_motion", "layout"}));
  const std::string text = text_of(file);
  for (const char* part : {"statelab-settings/9", "\"sepia\"", "2.5", "\"plugins\"", "\"floating\": true", "\"reduced_motion\": true", "\"enlarged\": \"pca\""}) {
    CAPTURE(part);
    CHECK(holds(text, part));
  }
  CHECK_FALSE(holds(text, "threads"));
}

TEST_CASE("preferences: a broken file is told, does no harm, and is kept beside the new one") {
  const test::TemporaryFolder folder;
  for (const std::string& broken : {std::string("{\"settings\": {\"theme\": \"li"), std::string("[1, 2]"), std::string("\xFF\xFE{}"), std::string(),
                                    std::string("{\"settings\": {}, \"settings\": {}}"), std::string(100000, '[')}) {
    const std::string file = folder / "settings.json";
    write(file, broken);
    const Read faulty = read(file);
    REQUIRE(faulty.problems.size() == 1);
    CHECK(holds(faulty.problems[0], "settings.json.broken"));
    CHECK(faulty.preferences.settings == Settings());
    Preferences wanted;
    wanted.settings.theme = 1;
    REQUIRE(write_preferences(file, wanted, {"theme"}));
    CHECK(text_of(file + ".broken") == broken);
    CHECK(read(file).preferences.settings.theme == 1);
    CHECK(read(file).problems.empty());
  }
}

TEST_CASE("preferences: a value of the wrong kind or beyond its range is told by name, and the others hold") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  for (const char* value : {"\"many\"", "-1", "1e9", "null", "[]", "{}", "true"}) {
    write(file, std::string(R"({"format": "statelab-settings/1", "settings": {"size": "150 %", "threads": )") + value + "}}");
    const Read wrong = read(file);
    CAPTURE(value);
    REQUIRE(wrong.problems.size() == 1);
    CHECK(holds(wrong.problems[0], "setting threads: expected 0 to 256"));
    CHECK(wrong.preferences.settings.threads == 0);
    CHECK(wrong.preferences.settings.factor() == 1.5f);
  }
}

TEST_CASE("preferences: a layout of nonsense is passed over") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  write(file, R"({"format": "statelab-settings/1", "layout": {"sizes": {"wide/state-at": 1e300, "wide/nothing": 5, "wide/selection": "wide", "wide/pca": -3},
    "views": {"wide/pca": "nothing", "wide/lens": "transport", "wide/tokens": "curves", "wide/next": "layers", "wide/curves": 7}, "enlarged": "nowhere"}})");
  const Read read_layout = read(file);
  CHECK(read_layout.problems.empty());
  Workspace workspace;
  const PaneLayout before = workspace.layout();
  workspace.arrange(read_layout.preferences.layout);
  CHECK(workspace.layout() == before);  // two places for the layers are one too many, so no view moves
}

TEST_CASE("preferences: two windows that change different things do not take them from each other") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  PreferencesFile one(file, [] {}), other(file, [] {});
  Settings settings;
  settings.theme = 1;
  one.keep(settings);
  wait_for(one);
  settings = {};
  settings.size = 5;
  other.keep(settings);
  wait_for(other);
  const Read both = read(file);
  CHECK(both.preferences.settings.theme == 1);
  CHECK(both.preferences.settings.size == 5);
}

TEST_CASE("preferences: what was changed last is written though the window closes at once") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  {
    PreferencesFile kept(file, [] {});
    Settings settings;
    settings.theme = 2;
    kept.keep(settings);
    kept.keep(PaneLayout{.enlarged = "pca"});
  }
  CHECK(read(file).preferences.settings.theme == 2);
  CHECK(read(file).preferences.layout.enlarged == "pca");
}

TEST_CASE("preferences: a place that cannot be written is told once and keeps nothing from working") {
  const test::TemporaryFolder folder;
  PreferencesFile kept(folder / "no/such/folder/settings.json", [] {});
  CHECK(kept.problems().empty());
  Settings settings;
  settings.theme = 1;
  kept.keep(settings);
  wait_for(kept);
  CHECK(kept.has_problem());
  CHECK(holds(kept.take_problem(), "settings.json"));
  CHECK(kept.take_problem().empty());
  CHECK(kept.latest().settings.theme == 1);
}

TEST_CASE("settings: they are found by words of their names and sentences, and stepped within their ends") {
  CHECK(matching_settings("").size() == all_settings().size());
  const auto found = matching_settings("MOTION pictures");
  REQUIRE(found.size() == 1);
  CHECK(std::string(found[0]->key) == "reduced_motion");
  CHECK(matching_settings("no such thing").empty());
  Settings settings;
  const Setting& size = *matching_settings("size").front();
  step(size, settings, 100);
  CHECK(settings.factor() == 3);
  step(size, settings, -100);
  CHECK(settings.factor() == 0.75f);
  set_default(size, settings);
  CHECK(settings == Settings());
}

TEST_CASE("settings: views take them where they were changed, and keep their own choice elsewhere") {
  PaneMemory memory;
  memory.options["state-heatmap"].map = ColorMap::magma;
  Settings before, now;
  now.state_scale = 0, now.pca_3d = true;
  apply_to_views(before, now, memory);
  CHECK(memory.options["state-heatmap"].map == ColorMap::magma);
  CHECK(memory.options["state-heatmap"].scaling == Scaling::linear);
  CHECK(memory.pca_3d);
}

TEST_CASE("settings: the views begin as the settings do") {
  const FigureOptions views;
  const Settings settings;
  CHECK(static_cast<int>(views.map) == settings.state_colors);
  CHECK(static_cast<int>(views.scaling) == settings.state_scale);
  CHECK(views.order == static_cast<RowOrder>(settings.state_rows));
}
