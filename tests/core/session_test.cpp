// Session files: read strictly, written readably, moved between machines.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "app/core/log.h"
#include "app/core/session.h"
#include "model/files/file.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSession = R"({
  "format": "statelab-session/1",
  "model": "builtin:copy",
  "model_hash": "0123456789abcdef",
  "notes": "what we saw",
  "commands": [
    {"step":0,"command":"feed_tokens","ids":[1,2,3]},
    {"step":0,"command":"step","count":3},
    {"step":3,"command":"zero_state","layer":1}
  ],
  "expected": [
    {"step":3,"hash":"00ff00ff00ff00ff"}
  ]
}
)";

Error refused(const std::string& json) {
  const Result<Session> session = parse_session(json, "a.statelab.json");
  REQUIRE_FALSE(session);
  CHECK(session.error().file == "a.statelab.json");
  return session.error();
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = kSession;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("session: what was read is written as it was") {
  const Result<Session> session = parse_session(kSession, "a.statelab.json");
  REQUIRE(session);
  CHECK(session->model == "builtin:copy");
  CHECK(session->model_hash == "0123456789abcdef");
  CHECK(session->notes == "what we saw");
  REQUIRE(session->commands.size() == 3);
  CHECK(session->commands[2].step == 3);
  CHECK(std::get<command::ZeroState>(session->commands[2].command).layer == 1);
  CHECK(session->expected == std::vector<std::pair<std::int64_t, std::string>>{{3, "00ff00ff00ff00ff"}});
  CHECK(json_of(*session) == kSession);
}

TEST_CASE("session: fields it does not know are kept to the letter and reported") {
  const std::string text = with(
      "  \"notes\"", "  \"layout\": {\"panes\": [1.50, \"a\\\"b\", null, true, {}]},\n  \"zoom\": 1e2,\n  \"notes\"");
  const Result<Session> session = parse_session(text, "");
  REQUIRE(session);
  CHECK(session->unknown_fields == std::vector<std::string>{"layout", "zoom"});
  const std::string written = json_of(*session);
  CHECK(written.find(R"("layout": {"panes": [1.50, "a\"b", null, true, {}]})") != std::string::npos);
  CHECK(written.find("\"zoom\": 1e2") != std::string::npos);
  const Result<Session> again = parse_session(written, "");
  REQUIRE(again);
  CHECK(json_of(*again) == written);
}

TEST_CASE("session: other formats are refused") {
  CHECK(refused(with("session/1", "session/2")).field == "format");
  CHECK(refused(with("\"format\"", "\"fromat\"")).code == Code::missing);
  CHECK(refused("[]").code == Code::mismatch);
  CHECK_FALSE(parse_session("{", "a.statelab.json"));
}

TEST_CASE("session: a model named by a path is refused") {
  for (const char* path :
       {"/home/me/model", "../model", "models/copy", "builtin:../copy", "..", "C:\\model", "", "builtin:"}) {
    INFO(path);
    std::string escaped = path;
    if (const std::size_t at = escaped.find('\\'); at != std::string::npos) escaped.insert(at, "\\");
    CHECK(refused(with("builtin:copy", escaped)).field == "model");
  }
  CHECK(parse_session(with("builtin:copy", "mamba-130m-hf"), ""));
}

TEST_CASE("session: mistakes in commands are refused where they are") {
  CHECK(refused(with("\"count\":3", "\"cuont\":3")).field == "commands[1].cuont");
  CHECK(refused(with("\"command\":\"step\"", "\"command\":\"leap\"")).field == "commands[1].command");
  CHECK(refused(with("\"step\":3,\"command\"", "\"command\"")).field == "commands[2].step");
  CHECK(refused(with("\"step\":3,\"command\"", "\"step\":-3,\"command\"")).field == "commands[2].step");
  CHECK(refused(with("{\"step\":0,\"command\":\"step\",\"count\":3}", "3")).field == "commands[1]");
  CHECK(refused(with("\"hash\"", "\"hsah\"")).field == "expected[0].hash");
  CHECK(refused(with("\"step\":3,\"hash\"", "\"hash\"")).field == "expected[0].step");
  CHECK(refused(with("\"notes\": \"what we saw\"", "\"notes\": 5")).field == "notes");
}

TEST_CASE("session: commands replayed from a session give the same run") {
  FreshLab first("mamba1"), second("mamba1");
  Session session{.model = "it"};
  for (const Command& command : std::initializer_list<Command>{
           command::FeedText{"abcdef"}, command::SetSampling{{.temperature = 0.7, .seed = 5}}, command::Step{20},
           command::ScaleState{1, 0.25}, command::Step{5}, command::TakeBack{2, true}, command::Undo{}}) {
    session.commands.push_back({first.snapshot()->count(), command});
    carry_out(first, command);
  }
  const Result<Session> read = parse_session(json_of(session), "");
  REQUIRE(read);
  for (const SessionCommand& each : read->commands) {
    CHECK(second.snapshot()->count() == each.step);
    carry_out(second, each.command);
  }
  CHECK(fingerprint(first) == fingerprint(second));
}

TEST_CASE("session: its model is built in, beside it, or in a folder of STATELAB_MODELS") {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path / "a.statelab.json").string();
  REQUIRE(write_file_atomically(file, with("builtin:copy", "tiny")));
  const Result<Session> session = read_session(file);
  REQUIRE(session);
  const Result<std::string> missing = find_session_model(*session, file);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  CHECK(missing.error().found.find((folder.path / "tiny").string()) != std::string::npos);

  fs::create_directories(folder.path / "elsewhere/tiny");
  REQUIRE(write_file_atomically((folder.path / "elsewhere/tiny/config.json").string(), "{}"));
  setenv("STATELAB_MODELS", ("/nowhere::" + (folder.path / "elsewhere").string()).c_str(), 1);
  CHECK(*find_session_model(*session, file) == (folder.path / "elsewhere/tiny").string());
  fs::create_directories(folder.path / "tiny");
  REQUIRE(write_file_atomically((folder.path / "tiny/config.json").string(), "{}"));
  CHECK(*find_session_model(*session, file) == (folder.path / "tiny").string());
  unsetenv("STATELAB_MODELS");
  CHECK(*find_session_model(*parse_session(kSession, ""), file) == "builtin:copy");
  CHECK_FALSE(find_session_model(*parse_session(with("builtin:copy", "builtin:none"), ""), file));
}

TEST_CASE("session: a file that is not there is refused by name") {
  CHECK(read_session("/nowhere/a.statelab.json").error().file == "/nowhere/a.statelab.json");
}

TEST_CASE("log: lines go to the file with foreign bytes made printable, a full file is put aside") {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path / "deep/log.txt").string();
  {
    Log log(file);
    log.write("note", "a\nb\x01");
    for (int i = 0; i < 2200; ++i) log.write("filler", std::string(2000, 'x'));
    CHECK(log.last_lines().size() == 200);
    CHECK(log.file() == file);
  }
  CHECK(fs::file_size(file + ".1") > 4u << 20);
  CHECK(fs::file_size(file) < 1u << 20);
  const Result<std::string> old = read_file(file + ".1", 8 << 20);
  REQUIRE(old);
  CHECK(old->substr(0, old->find('\n')).find("a\\x0ab\\x01") != std::string::npos);
}

TEST_CASE("log: one that cannot be written keeps its lines") {
  Log log("/proc/nothing/log.txt");
  log.write("note", "still here");
  REQUIRE(log.last_lines().size() == 1);
  CHECK(log.last_lines()[0].find("still here") != std::string::npos);
}

TEST_CASE("log: its place follows XDG_STATE_HOME") {
  const test::TemporaryFolder folder;
  setenv("XDG_STATE_HOME", folder.path.c_str(), 1);
  CHECK(Log::default_file() == (folder.path / "statelab/log.txt").string());
  setenv("XDG_STATE_HOME", "/proc/nothing", 1);
  CHECK(Log::default_file().empty());
  unsetenv("XDG_STATE_HOME");
}

}  // namespace
}  // namespace lab::test
