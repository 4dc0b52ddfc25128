// Sessions in the window: saved, opened, recovered, copied, with the keys and the mouse.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "app/core/file_hold.h"
#include "app/core/journal.h"
#include "app/core/replay.h"
#include "app/core/rule_file.h"
#include "app/core/state_patch.h"
#include "app/shell/figure_export.h"
#include "model/checkpoint.h"
#include "model/files/file.h"
#include "model/state_file.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"
#include "views/panels/kit/ui_compat.h"

using namespace lab;

namespace {

namespace fs = std::filesystem;

constexpr Modifiers kControl{.control = true}, kControlShift{.control = true, .shift = true};

/// A window that keeps a journal in a folder, as the real one does.
struct KeptWindow {
  explicit KeptWindow(const std::string& folder, std::pair<int, int> size = {1280, 800}, LabOptions lab_options = {}) {
    setenv("STATELAB_MODELS", LAB_SOURCE_DIR "/assets/models", 1);
    ShellOptions options{.start_folder = folder, .shows_saved = true};
    options.keeper = {.journal_folder = folder + "/journals", .program = "statelab test", .arithmetic = "f32", .own_folders = {folder}};
    keep_journal(lab_options, options.keeper, [] {});
    journal = options.keeper.journal;
    window = std::make_unique<HeadlessWindow>(size.first, size.second, options, lab_options);
  }
  HeadlessWindow* operator->() const { return window.get(); }

  std::shared_ptr<JournalWriter> journal;
  std::unique_ptr<HeadlessWindow> window;
};

void read_prompt(HeadlessWindow& window) {
  window.click("tokens/prompt");
  window.type(U"The state of the ");
  window.press(Key::enter);
  REQUIRE(window.snapshot()->count() > 3);
  window.press(Key::escape);  // the keyboard leaves the prompt
}

void save_as(HeadlessWindow& window, const std::string& path) {
  window.press(Key::s, kControlShift);
  window.click("save/file");
  window.press(Key::a, kControl);
  window.type(std::u32string(path.begin(), path.end()));
  window.press(Key::enter);
}

std::string last_notice(const HeadlessWindow& window) {
  const auto snapshot = window.snapshot();
  return snapshot->notices.empty() ? "" : snapshot->notices.back().text;
}

std::size_t files_in(const std::string& folder) {
  std::error_code ignored;
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder, ignored), {}));
}

/// What a window that was killed left: its journal, without the last line that closing writes.
std::string crashed_journal(const std::string& folder) {
  std::string text;
  {
    KeptWindow window(folder);
    window->open("prose");
    read_prompt(*window.window);
    window->press(Key::z);
    REQUIRE(window.journal->flush());
    text = *read_file(window.journal->file(), 1 << 20);
    fs::remove_all(folder + "/journals");
  }
  fs::remove_all(folder + "/journals");
  fs::create_directory(folder + "/journals");
  std::ofstream(folder + "/journals/1.journal") << text;
  return folder + "/journals/1.journal";
}

}  // namespace

TEST_CASE("sessions: Ctrl+S asks once where, then saves there, and what is saved replays to the same state") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "study.statelab.json";
  std::int64_t count = 0;
  std::string hash;
  {
    KeptWindow window(folder.path.string());
    window->open("prose");
    CHECK(window->shell().title() == "prose – State Lab");
    read_prompt(*window.window);
    window->press(Key::s, kControl);
    CHECK(window->shell().item("save/file"));
    window->press(Key::escape);
    CHECK_FALSE(window->shell().item("save/file"));
    save_as(*window.window, folder / "study");  // the ending comes by itself
    CHECK(last_notice(*window.window) == "Saved " + path);
    CHECK(window->shell().title() == "study – prose – State Lab");
    const auto first = read_session(path);
    REQUIRE(first);
    CHECK(first->model == "prose");
    CHECK_FALSE(first->model_hash.empty());
    REQUIRE(first->expected.size() == 1);

    window->press(Key::z);
    CHECK(window->shell().title() == "study • – prose – State Lab");
    window->press(Key::s, kControl);
    CHECK_FALSE(window->shell().item("save/file"));
    CHECK(window->shell().title() == "study – prose – State Lab");
    const auto second = read_session(path);
    REQUIRE(second);
    CHECK(second->commands.size() > first->commands.size());
    CHECK(second->expected[0].second != first->expected[0].second);
    CHECK(files_in(folder / "journals") == 1);
    count = window->snapshot()->count(), hash = second->expected[0].second;
  }
  KeptWindow other(folder.path.string());
  other->shell().open(path);
  other->settle();
  REQUIRE(other->snapshot()->model);
  CHECK(other->shell().title() == "study – prose – State Lab");
  const auto snapshot = other->snapshot();
  CHECK(snapshot->count() == count);
  CHECK(*state_hash(*snapshot, *other->engine().opened(), count) == hash);
}

TEST_CASE("sessions: what cannot be saved is told, and stays unsaved") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  fs::create_directory(folder / "taken.statelab.json");
  save_as(*window.window, folder / "taken.statelab.json");
  CHECK(window->snapshot()->notices.back().is_error);
  CHECK(last_notice(*window.window).find("a folder has this name") != std::string::npos);
  CHECK(window->shell().title() == "prose – State Lab");
}

TEST_CASE("sessions: one whose model is not there or has another content changes nothing that is open") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  const auto before = window->engine().opened();
  const std::int64_t count = window->snapshot()->count();
  std::ofstream(folder / "gone.statelab.json") << R"({"format": "statelab-session/1", "model": "nowhere", "commands": [{"step": 0, "command": "reset"}]})";
  std::ofstream(folder / "other.statelab.json")
      << R"({"format": "statelab-session/1", "model": "prose", "model_hash": "0123456789abcdef", "commands": [{"step": 0, "command": "feed_text", "text": "x"}]})";
  window->shell().open(folder / "gone.statelab.json");
  window->settle();
  CHECK(last_notice(*window.window).find((folder.path / "nowhere").string()) != std::string::npos);
  window->shell().open(folder / "other.statelab.json");
  window->settle();
  CHECK(last_notice(*window.window).find("0123456789abcdef") != std::string::npos);
  CHECK(last_notice(*window.window).find(window->snapshot()->model->hash) != std::string::npos);
  CHECK(window->engine().opened() == before);
  CHECK(window->snapshot()->count() == count);
  CHECK(window->snapshot()->waiting.empty());
}

TEST_CASE("sessions: the last edit is saved as a patch") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  window->press(Key::z);
  window->press(Key::k, kControl);
  window->type(U"save the last edit");
  window->press(Key::enter);
  REQUIRE(window->shell().item("save/file"));
  window->press(Key::enter);
  const auto patch = read_patch(folder / "prose.patch.json");
  REQUIRE(patch);
  REQUIRE(patch->edits.size() == 1);
  CHECK(patch->edits[0].operation == "zero");
  CHECK(patch->edits[0].layer == 0);
  const std::int64_t edits = std::ssize(*window->snapshot()->edits);
  window->shell().open(folder / "prose.patch.json");
  window->settle();
  CHECK(std::ssize(*window->snapshot()->edits) == edits + 1);
  window->press(Key::z);
  window->press(Key::s, kControl);  // the session, not once more a patch
  CHECK(window->shell().item("save/file"));
}

TEST_CASE("sessions: a file that is open in another window is opened as a copy, or not at all, and saved to by one of them") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "study.statelab.json";
  std::int64_t count = 0;
  {
    KeptWindow window(folder.path.string());
    window->open("prose");
    read_prompt(*window.window);
    save_as(*window.window, path);
    count = window->snapshot()->count();
    CHECK(FileHold::take(path).error().code == Code::environment);  // others are told
    window->shell().open(path);                                     // its own again
    window->settle();
    CHECK_FALSE(window->shell().item("question/Open a copy"));
    CHECK(window->shell().title() == "study – prose – State Lab");
  }
  const std::string saved = *read_file(path, 1 << 20);
  std::optional<FileHold> other = FileHold::take(path).take();
  KeptWindow window(folder.path.string());
  window->shell().open(path);
  window->settle();
  REQUIRE(window->shell().item("question/Open a copy"));
  CHECK_FALSE(window->snapshot()->model);
  window->press(Key::escape);
  CHECK_FALSE(window->shell().item("question/Open a copy"));
  CHECK_FALSE(window->snapshot()->model);
  window->shell().open(path);
  window->settle();
  window->press(Key::enter);
  REQUIRE(window->snapshot()->model);
  CHECK(window->snapshot()->count() == count);
  CHECK(window->shell().title() == "prose – State Lab");  // the copy has no file
  window->press(Key::z);
  save_as(*window.window, path);
  CHECK(last_notice(*window.window).find("the file is open in another window") != std::string::npos);
  CHECK(*read_file(path, 1 << 20) == saved);
  save_as(*window.window, folder / "copy");
  CHECK(window->shell().title() == "copy – prose – State Lab");
  other.reset();
  window->shell().open(path);  // nobody has it now
  window->shell().open(path);  // again, before it is there
  window->settle();
  CHECK_FALSE(window->shell().item("question/Open a copy"));
  window->shell().open(path);
  window->settle();
  CHECK(window->shell().title() == "study – prose – State Lab");
}

TEST_CASE("sessions: one that could not be opened is let go of") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "other.statelab.json";
  std::ofstream(path) << R"({"format": "statelab-session/1", "model": "prose", "model_hash": "0123456789abcdef", "commands": []})";
  KeptWindow window(folder.path.string());
  window->open("prose");
  window->shell().open(path);
  window->settle();
  CHECK(last_notice(*window.window).find("0123456789abcdef") != std::string::npos);
  CHECK(FileHold::take(path));
}

TEST_CASE("sessions: a file that somebody else has written is not saved over without asking") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "study.statelab.json";
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  save_as(*window.window, path);
  window->press(Key::z);
  window->press(Key::s, kControl);
  CHECK_FALSE(window->shell().item("question/Save over it"));  // it is its own
  const std::string theirs = "{}";
  REQUIRE(write_file_atomically(path, theirs));
  window->press(Key::z);
  window->press(Key::s, kControl);
  REQUIRE(window->shell().item("question/Save over it"));
  window->press(Key::escape);
  CHECK(*read_file(path, 1 << 20) == theirs);
  CHECK(window->shell().title() == "study • – prose – State Lab");
  window->press(Key::s, kControl);
  window->press(Key::enter);  // the harmless answer
  REQUIRE(window->shell().item("save/file"));
  window->press(Key::escape);
  CHECK(*read_file(path, 1 << 20) == theirs);
  window->press(Key::s, kControl);
  window->press(Key::left);
  window->press(Key::enter);
  CHECK(read_session(path));
  CHECK(window->shell().title() == "study – prose – State Lab");
  window->press(Key::z);
  window->press(Key::s, kControl);
  CHECK_FALSE(window->shell().item("question/Save over it"));
}

TEST_CASE("sessions: where the model is not found it is located, its content compared, and what it is not changes nothing") {
  const test::TemporaryFolder folder;
  const fs::path source = LAB_SOURCE_DIR "/assets/models";
  fs::create_directory(folder.path / "far");
  fs::copy(source / "flipflop", folder.path / "far/another name");
  fs::copy(source / "copy", folder.path / "far/wrong");
  KeptWindow window(folder.path.string());
  window->open("prose");
  const auto before = window->engine().opened();
  const std::string hash = content_hash(*open_checkpoint((folder.path / "far/another name").string()));
  std::ofstream(folder / "lost.statelab.json")
      << R"({"format": "statelab-session/1", "model": "gone", "model_hash": ")" << hash << R"(", "commands": [{"step": 0, "command": "feed_tokens", "ids": [1]}, {"step": 0, "command": "read_waiting"}]})";
  window->shell().open(folder / "lost.statelab.json");
  window->settle();
  REQUIRE(window->shell().item("open/path"));  // it asks
  CHECK(last_notice(*window.window).find("the session's model is not there") != std::string::npos);
  const auto choose = [&](const char* name) {
    const std::string path = folder / name;
    window->press(Key::a, kControl);
    window->type(std::u32string(path.begin(), path.end()));
    window->press(Key::enter);
  };
  choose("lost.statelab.json");  // no model
  CHECK(window->engine().opened() == before);
  choose("far/wrong");
  CHECK(last_notice(*window.window).find(hash) != std::string::npos);
  CHECK(window->engine().opened() == before);
  REQUIRE(window->shell().item("open/path"));  // it still asks
  choose("far/another name");
  CHECK(window->engine().opened() != before);
  CHECK(window->snapshot()->count() == 1);
  CHECK(window->shell().title() == "lost – another name – State Lab");
  CHECK_FALSE(window->shell().item("open/path"));
}

TEST_CASE("sessions: a session whose model is not found can be chosen in the open dialog, which then asks for it") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  std::ofstream(folder / "lost.statelab.json") << R"({"format": "statelab-session/1", "model": "gone", "commands": []})";
  window->press(Key::o, kControl);
  window->type(U"lost");
  window->press(Key::enter);
  REQUIRE(window->shell().item("open/path"));
  CHECK(last_notice(*window.window).find("the session's model is not there") != std::string::npos);
  const std::string path = LAB_SOURCE_DIR "/assets/models/flipflop";
  window->press(Key::a, kControl);
  window->type(std::u32string(path.begin(), path.end()));
  window->press(Key::enter);
  REQUIRE(window->snapshot()->model);
  CHECK(window->shell().title() == "lost – flipflop – State Lab");
}

TEST_CASE("sessions: a figure that was exported is in the session, and a replay writes the same one") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  window->play({command::Seek{3, "a"}, command::ExportFigure{"next-token", folder / "next.csv", 5, 3}, command::ExportFigure{"norms", folder / "norms.csv", 5, 3}, command::Seek{5, "a"}});
  REQUIRE(fs::exists(folder / "norms.csv"));
  save_as(*window.window, folder / "study");
  const auto session = read_session(folder / "study.statelab.json");
  REQUIRE(session);
  Lab lab(LabOptions{.arithmetic = plain_arithmetic()});
  lab.put(window->engine().opened());
  std::vector<std::string> names;
  const auto write = [&](command::ExportFigure figure) -> Status {
    names.push_back(figure.file);
    figure.file = folder / ("again-" + figure.file);
    const auto written = export_figure(lab.snapshot(), lab.opened(), figure, plain_arithmetic());
    return written ? Status() : Status(written.error());
  };
  REQUIRE(replay(session->commands, lab, write, nullptr));
  CHECK(names == std::vector<std::string>{"next.csv", "norms.csv"});
  for (const std::string& name : names) CHECK(*read_file(folder / name, 1 << 20) == *read_file(folder / ("again-" + name), 1 << 20));
  fs::remove(folder / "norms.csv");
  window.window.reset(), window.journal.reset();
  KeptWindow other(folder.path.string());
  other->shell().open(folder / "study.statelab.json");
  other->settle();
  CHECK_FALSE(fs::exists(folder / "norms.csv"));  // opening a session writes nothing
  CHECK(std::ranges::any_of(other->snapshot()->notices, [](const Notice& notice) { return notice.text.find("2 figures that the session exports are not written here") == 0; }));
  other->press(Key::z);
  other->press(Key::s, kControl);
  const auto again = read_session(folder / "study.statelab.json");
  REQUIRE(again);
  CHECK(std::ranges::count_if(again->commands, [](const SessionCommand& each) { return std::holds_alternative<command::ExportFigure>(each.command); }) == 2);
}

TEST_CASE("sessions: rules are saved, end, and are loaded again; one of them is copied as a line that runs its controls") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  const Intervention rule{.name = "gentle", .operation = "scale", .layers = "1", .first = 1, .last = 4, .value = 0.5};
  window->play({command::SetIntervention{0, rule}});
  const auto find = [&](const std::u32string& typed) {
    window->press(Key::k, kControl);
    window->type(typed);
    window->press(Key::enter);
  };
  find(U"save the rules");
  REQUIRE(window->shell().item("save/file"));
  window->press(Key::enter);
  const auto saved = read_rule_file(folder / "prose.rules.json");
  REQUIRE(saved);
  CHECK(saved->interventions == std::vector<Intervention>{rule});
  find(U"copy as command gentle");
  window->settle();
  const std::string line = ImGui::GetClipboardText();
  CHECK(line.find("\"run_controls\"") != std::string::npos);
  CHECK(line.ends_with("> part.statelab.json && statelab run part.statelab.json"));
  find(U"end all interventions");
  const auto present = [&] { return interventions_at(*window->snapshot()->edits, window->snapshot()->count()); };
  CHECK(present()->empty());
  window->shell().open(folder / "prose.rules.json");
  window->settle();
  REQUIRE(present()->size() == 1);
  CHECK(present()->front() == rule);
}

void write(const std::string& path, const std::string& notes, const std::string& text) {
  Session session{.model = "builtin:copy", .commands = {{0, command::FeedText{text}}, {0, command::ReadWaiting{}}}, .notes = notes};
  REQUIRE(save_session(session, path));
}

TEST_CASE("sessions: a file that is opened while another one is loaded takes neither its name nor its notes") {
  const test::TemporaryFolder folder;
  const std::string first = folder / "first.statelab.json", second = folder / "second.statelab.json";
  write(first, "the first", "A B");
  write(second, "the second", "C D E");
  std::atomic<int> begun = 0, allowed = 0;  // how many are loaded, and may be
  LabOptions options;
  options.open = [&](const std::string& model, const OpeningSteps& steps) {
    for (const int mine = ++begun; mine > allowed;) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return open_to_run(model, steps);
  };
  KeptWindow window(folder.path.string(), {1280, 800}, options);
  const auto wait_for = [&](int loads) {
    while (begun < loads) window->frame();
  };
  window->shell().open(first);
  wait_for(1);
  window->shell().open(second);
  allowed = 1;
  wait_for(2);
  window->frame();
  CHECK(window->shell().title() == "first – copy – State Lab");
  const auto journal_notes = [&] {
    REQUIRE(window.journal->flush());
    const auto journal = read_journal(window.journal->file());
    REQUIRE(journal);
    return journal->session.notes;
  };
  CHECK(journal_notes() == "the first");
  allowed = 2;
  window->settle();
  CHECK(window->shell().title() == "second – copy – State Lab");
  CHECK(journal_notes() == "the second");
}

TEST_CASE("sessions: of files that are opened at once each is what its name says, and the last one is what is open") {
  const test::TemporaryFolder folder;
  const std::string first = folder / "first.statelab.json", second = folder / "second.statelab.json";
  write(first, "the first", "A B");
  write(second, "the second", "C D E");
  for (const bool is_model_last : {false, true}) {
    KeptWindow window(folder.path.string());
    window->shell().open(first);
    window->shell().open(is_model_last ? "builtin:flipflop" : second);
    if (is_model_last) window->shell().open(first);
    window->settle();
    CHECK(window->snapshot()->count() == (is_model_last ? 2 : 3));
    CHECK(window->shell().title() == std::string(is_model_last ? "first" : "second") + " – copy – State Lab");
    window->press(Key::z);
    window->press(Key::s, kControl);
    window->settle();
    const auto saved = read_session(is_model_last ? first : second);
    REQUIRE(saved);
    CHECK(saved->notes == (is_model_last ? "the first" : "the second"));
    CHECK(saved->commands.size() == 3);
    if (!is_model_last) CHECK(read_session(first)->commands.size() == 2);
    REQUIRE(window.journal->flush());
    const auto journal = read_journal(window.journal->file());
    REQUIRE(journal);
    CHECK(journal->session.notes == (is_model_last ? "the first" : "the second"));
    write(first, "the first", "A B");
    write(second, "the second", "C D E");
  }
}

TEST_CASE("sessions: the state at the cursor is saved, and a run starts with it when it is opened; undo brings the old one back") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  const std::string whole = *state_hash(*window->snapshot(), *window->engine().opened(), 9);
  window->play({command::Seek{8, "a"}});
  window->press(Key::k, kControl);
  window->type(U"save the state at t = 8");
  window->press(Key::enter);
  REQUIRE(window->shell().item("save/file"));
  window->press(Key::enter);
  window->settle();
  REQUIRE(is_state_file(folder / "prose.safetensors"));
  CHECK(last_notice(*window.window).ends_with("the state after 9 tokens"));
  const std::int64_t count = window->snapshot()->count();
  window->shell().open(folder / "prose.safetensors");
  window->settle();
  CHECK(window->snapshot()->count() == 0);
  CHECK(window->snapshot()->start == "start from a state");
  CHECK(*state_hash(*window->snapshot(), *window->engine().opened(), 0) == whole);
  window->press(Key::z, kControl);
  CHECK(window->snapshot()->count() == count);
  window->open("copy");
  window->shell().open(folder / "prose.safetensors");  // of another model
  window->settle();
  CHECK(window->snapshot()->notices.back().is_error);
  CHECK(last_notice(*window.window).find("prose.safetensors") != std::string::npos);
  CHECK(window->snapshot()->start == "start from zero");
}

TEST_CASE("sessions: what was done is copied as a command, and as a line for a shell") {
  const test::TemporaryFolder folder;
  KeptWindow window(folder.path.string());
  window->open("prose");
  read_prompt(*window.window);
  window->press(Key::z);
  window->press(Key::h, kControl);
  window->press(Key::enter);
  CHECK(std::string(ImGui::GetClipboardText()) == json_of(command::ZeroState{0}));
  window->press(Key::h, kControl);
  window->type(U"feed run");
  window->press(Key::enter);
  const std::string line = ImGui::GetClipboardText();
  CHECK(line.starts_with("printf %s '{"));
  CHECK(line.find("The state of the") != std::string::npos);
  CHECK(line.find("zero_state") == std::string::npos);
  window->press(Key::k, kControl);
  window->type(U"copy zero state");
  window->press(Key::enter);
  CHECK(std::string(ImGui::GetClipboardText()) == json_of(command::ZeroState{0}));
}

TEST_CASE("sessions: a window that ends cleanly leaves its journal where something was not saved, and none where all was") {
  const test::TemporaryFolder folder;
  {
    KeptWindow window(folder.path.string());
    window->open("prose");
  }
  CHECK(files_in(folder / "journals") == 0);
  {
    KeptWindow window(folder.path.string());
    window->open("prose");
    read_prompt(*window.window);
    save_as(*window.window, folder / "a");
  }
  CHECK(files_in(folder / "journals") == 0);
  {
    KeptWindow window(folder.path.string());
    window->shell().open(folder / "a.statelab.json");  // opened and left as it is
    window->settle();
  }
  CHECK(files_in(folder / "journals") == 0);
  {
    KeptWindow window(folder.path.string());
    window->shell().open(folder / "a.statelab.json");
    window->settle();
    window->press(Key::z);
  }
  CHECK(files_in(folder / "journals") == 1);
}

TEST_CASE("sessions: what a killed window did is offered, done again, and kept until it is saved") {
  const test::TemporaryFolder folder;
  const std::string journal = crashed_journal(folder.path.string());
  std::int64_t count = 0;
  std::string hash;
  {
    KeptWindow window(folder.path.string());
    window->settle();
    REQUIRE(window->shell().item("start/recover 0"));
    window->click("start/recover 0");
    REQUIRE(window->snapshot()->model);
    CHECK(window->snapshot()->edits->size() == 1);
    CHECK(std::ranges::any_of(window->snapshot()->notices, [](const Notice& notice) { return notice.text.find("Recovered 17 tokens of prose") == 0; }));
    CHECK(fs::exists(journal));
    count = window->snapshot()->count();
    hash = *state_hash(*window->snapshot(), *window->engine().opened(), count);
    CHECK(find_leftovers(folder / "journals").empty());  // another window does not offer what this one holds
  }
  CHECK(fs::exists(journal));  // nobody has saved it
  KeptWindow window(folder.path.string());
  window->settle();
  REQUIRE(window->shell().item("start/recover 0"));
  CHECK_FALSE(window->shell().item("start/recover 1"));  // the journal that went on with it stands for both
  window->click("start/recover 0");
  CHECK(window->snapshot()->count() == count);
  CHECK(*state_hash(*window->snapshot(), *window->engine().opened(), count) == hash);
  save_as(*window.window, folder / "recovered");
  CHECK_FALSE(fs::exists(journal));
  CHECK(files_in(folder / "journals") == 1);  // its own
  const auto saved = read_session(folder / "recovered.statelab.json");
  REQUIRE(saved);
  CHECK(saved->expected[0].second == hash);
}

TEST_CASE("sessions: what is dismissed is gone, and a damaged journal is done again as far as it goes") {
  const test::TemporaryFolder folder;
  const std::string journal = crashed_journal(folder.path.string());
  fs::resize_file(journal, fs::file_size(journal) - 5);
  KeptWindow window(folder.path.string());
  window->settle();
  window->click("start/recover 0");
  REQUIRE(window->snapshot()->model);
  CHECK(window->snapshot()->count() == 17);
  CHECK(std::ranges::any_of(window->snapshot()->notices, [](const Notice& notice) { return notice.is_error && notice.text.find("1 command lost") != std::string::npos; }));
  window.window.reset();
  window.journal.reset();
  fs::remove_all(folder / "journals");
  crashed_journal(folder.path.string());
  KeptWindow next(folder.path.string());
  next->settle();
  next->click("start/dismiss 0");
  CHECK_FALSE(next->shell().item("start/recover 0"));
  CHECK_FALSE(fs::exists(journal));
}

TEST_CASE("sessions: what could not be replayed is said, and what could is there") {
  const test::TemporaryFolder folder;
  const std::string journal = crashed_journal(folder.path.string());
  std::string text = *read_file(journal, 1 << 20);
  const auto frames = std::ranges::count(text, '\n');
  text += journal_frame(frames, journal_entry({17, command::ZeroState{99}})) + journal_frame(frames + 1, journal_entry({17, command::Step{3}}));
  std::ofstream(journal) << text;
  KeptWindow window(folder.path.string());
  window->settle();
  window->click("start/recover 0");
  CHECK(window->snapshot()->count() == 17);
  CHECK(window->snapshot()->edits->size() == 1);
  CHECK(last_notice(*window.window).find("the session was replayed up to command") == 0);
  CHECK(fs::exists(journal));
}
