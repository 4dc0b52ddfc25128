// Journals: whatever is left of one can be read up to its last good line, and what was flushed survives any death.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "app/core/file_check.h"
#include "app/core/file_hold.h"
#include "app/core/journal.h"
#include "app/core/journal_writer.h"
#include "app/core/recovery.h"
#include "model/files/file.h"
#include "model/files/file_calls.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

namespace fs = std::filesystem;

const Session kSession{.model = "builtin:copy", .notes = "what we saw", .unknown_json = "\"zoom\": 1.50,\n  \"layout\": {}"};
const JournalHeader kHeader{"statelab 1, abc", "f32, generic, 1 thread", "2026-11-29 08:29", ""};

std::vector<std::string> frames() {
  return {journal_header(kHeader, kSession), journal_entry({0, command::FeedText{"a\nb"}}), journal_entry({0, command::Step{3}}), journal_position(3, false),
          journal_entry({3, command::ZeroState{1}}), journal_hash("0123456789abcdef"), journal_entry({3, command::Run{}}), journal_position(7, true)};
}

std::string text_of(const std::vector<std::string>& frames) {
  std::string text;
  for (std::size_t i = 0; i < frames.size(); ++i) text += journal_frame(static_cast<std::int64_t>(i), frames[i]);
  return text;
}

std::string replayed(const Journal& journal) {
  std::string all;
  for (const SessionCommand& each : session_of(journal).commands) all += std::to_string(each.step) + json_of(each.command) + "\n";
  return all;
}

Journal read(std::string_view text) {
  Result<Journal> journal = parse_journal(text, "j.journal");
  REQUIRE_MESSAGE(journal, (journal ? "" : journal.error().text()));
  return journal.take();
}

/// A model as it was opened, for whoever only asks for its name.
std::shared_ptr<const OpenedModel> copy_model() {
  auto opened = std::make_shared<OpenedModel>(*random_model("mamba1"));
  opened->path = "builtin:copy";
  return opened;
}

std::string only_journal(const std::string& folder) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) found.push_back(entry.path().string());
  REQUIRE(found.size() == 1);
  return found[0];
}

TEST_CASE("journal: what was written is read, with notes and unknown fields of the session it went on with") {
  const Journal journal = read(text_of(frames()));
  CHECK(journal.program == "statelab 1, abc");
  CHECK(journal.began == "2026-11-29 08:29");
  CHECK(journal.session.model == "builtin:copy");
  CHECK(journal.session.model_hash == "0123456789abcdef");
  CHECK(journal.session.notes == "what we saw");
  CHECK(journal.session.unknown_fields == std::vector<std::string>{"zoom", "layout"});
  CHECK(journal.frames == 8);
  CHECK(journal.position == 7);
  CHECK(journal.goes_on);
  CHECK(journal.has_changes);
  CHECK(journal.damage.empty());
  CHECK(loss_text(journal).empty());
  const Session session = session_of(journal);
  REQUIRE(session.commands.size() == 5);
  CHECK(json_of(session.commands[0].command) == json_of(command::FeedText{"a\nb"}));
  CHECK(session.commands[4].step == 7);  // where it was still running
  CHECK(std::holds_alternative<command::Pause>(session.commands[4].command));
}

TEST_CASE("journal: cut at every byte it is read up to the last whole line, and the loss is told") {
  const std::string text = text_of(frames());
  const std::size_t header = text.find('\n') + 1;
  for (std::size_t cut = 0; cut < header; ++cut) CHECK_FALSE(parse_journal(std::string_view(text).substr(0, cut), "j.journal"));
  for (std::size_t cut = header; cut <= text.size(); ++cut) {
    const std::string_view part = std::string_view(text).substr(0, cut);
    const Journal journal = read(part);
    const auto whole = static_cast<std::int64_t>(std::ranges::count(part, '\n'));
    const bool is_torn = !part.ends_with('\n');
    CAPTURE(cut);
    CHECK(journal.frames == whole);
    CHECK(journal.lost == (is_torn ? 1 : 0));
    CHECK(journal.damage == (is_torn ? "the last line is torn" : ""));
  }
}

TEST_CASE("journal: no bit can be turned without being noticed") {
  const std::string text = text_of(frames());
  const std::size_t header = text.find('\n') + 1;
  const std::string whole = replayed(read(text));
  for (std::size_t at = 0; at < text.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string turned = text;
      turned[at] = static_cast<char>(turned[at] ^ 1 << bit);
      const Result<Journal> journal = parse_journal(turned, "j.journal");
      if (at < header) {
        CHECK_FALSE(journal);
        continue;
      }
      REQUIRE(journal);
      CAPTURE(at);
      CHECK_FALSE(journal->damage.empty());
      CHECK(journal->frames < 8);
      CHECK(journal->lost >= 1);
      CHECK(whole.starts_with(replayed(Journal{.session = {.commands = journal->session.commands}})));
    }
}

TEST_CASE("journal: lines that are missing, zeros at the end and lines of two writers end it, counted [JR1]") {
  std::vector<std::string> all = frames();
  const std::string whole = text_of(all);
  std::string gap;
  for (const std::int64_t i : {0, 1, 2, 5, 6, 7}) gap += journal_frame(i, all[static_cast<std::size_t>(i)]);
  Journal journal = read(gap);
  CHECK(journal.frames == 3);
  CHECK(journal.lost == 5);  // two that are missing, three behind them
  CHECK(journal.damage == "lines are missing");
  CHECK(loss_text(journal) == "lines are missing: at least 5 commands are lost");

  journal = read(whole + std::string(4096, '\0'));
  CHECK(journal.frames == 8);
  CHECK(journal.lost == 1);
  CHECK(journal.damage == "the end of the file is zeros");

  std::string mixed;
  for (std::size_t i = 0; i < all.size(); ++i) mixed += journal_frame(static_cast<std::int64_t>(i), all[i]) + (i >= 2 ? journal_frame(static_cast<std::int64_t>(i), all[i]) : "");
  journal = read(mixed);
  CHECK(journal.frames == 3);
  CHECK(journal.damage == "lines of two writers are mixed");
  CHECK(journal.lost == 5);
}

TEST_CASE("journal: kinds of lines of a newer program are left out, commands that there are not end it by name") {
  std::vector<std::string> all = frames();
  all.insert(all.begin() + 2, "{\"camera\": [1, 2]}");
  Journal journal = read(text_of(all));
  CHECK(journal.unknown == std::vector<std::string>{"camera"});
  CHECK(journal.session.commands.size() == 4);
  all[3] = "{\"step\": 0, \"command\": \"leap\", \"count\": 3}";
  journal = read(text_of(all));
  CHECK(journal.session.commands.size() == 1);
  CHECK(journal.damage.find("leap") != std::string::npos);
  CHECK(journal.lost == 6);
}

TEST_CASE("journal: one of another format or model name is refused by field") {
  const auto refused = [](std::string header, const std::string& from, const std::string& to) {
    header.replace(header.find(from), from.size(), to);
    const auto journal = parse_journal(journal_frame(0, header), "j.journal");
    REQUIRE_FALSE(journal);
    return journal.error().field;
  };
  CHECK(refused(frames()[0], "journal/1", "journal/2") == "format");
  CHECK(refused(frames()[0], "builtin:copy", "../copy") == "model");
  CHECK_FALSE(parse_journal("hello\n", "j.journal"));
  CHECK_FALSE(parse_journal("", "j.journal"));
  CHECK_FALSE(parse_journal(journal_frame(1, frames()[0]), "j.journal"));
}

TEST_CASE("journal: what is checked says how much of it there is") {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.journal") << text_of(frames()) << "8 2";
  const FileCheck check = check_path(folder / "a.journal");
  CHECK(check.kind == "journal");
  CHECK(check.problems.empty());
  CHECK(check.detail == "4 commands on builtin:copy, 7 tokens, not all of it saved");
  REQUIRE(check.warnings.size() == 1);
  CHECK(check.warnings[0] == "the last line is torn: at least 1 command is lost");
}

TEST_CASE("journal: the lab writes it as it goes, and a replay of it is the same run") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  std::string expected;
  Session session;
  {
    JournalWriter writer(folder.path.string(), "statelab 1", "f32");
    LabOptions options;
    options.open = [&](const std::string&, const OpeningSteps&) -> Result<std::shared_ptr<const OpenedModel>> { return model; };
    options.applied = [&](const SessionCommand& done, const OpenedModel& opened) { writer.applied(done, opened); };
    options.reached = [&](std::int64_t position, bool goes_on) { writer.reached(position, goes_on); };
    Lab lab(options);
    carry_out(lab, command::Open{"it"});
    carry_out(lab, command::FeedText{"abcdef"});
    carry_out(lab, command::SetSampling{{.temperature = 0.7, .seed = 3}});
    carry_out(lab, command::Step{9});
    carry_out(lab, command::ScaleState{1, 0.5});
    carry_out(lab, command::TakeBack{2});
    carry_out(lab, command::Undo{});
    lab.apply(command::Run{});
    for (int i = 0; i < 5; ++i) lab.work();
    REQUIRE(writer.flush());
    const Journal journal = read(*read_file(writer.file(), 1 << 20));
    CHECK(journal.position == 14);
    CHECK(journal.goes_on);
    session = session_of(journal);
    lab.apply(command::Pause{});
    expected = fingerprint(lab);
  }
  FreshLab again("mamba1");
  for (const SessionCommand& each : session.commands) {
    while (again.has_work() && again.count() < each.step) again.work(each.step);
    CHECK(again.count() == each.step);
    CHECK(again.apply(each.command).applied);
    if (!std::holds_alternative<command::Run>(each.command)) again.finish_work();
  }
  CHECK(fingerprint(again) == expected);
}

TEST_CASE("journal: it stays where something was not saved, and goes where all of it was") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  const auto use = [&](const std::function<void(JournalWriter&)>& body) {
    JournalWriter writer(folder.path.string(), "p", "a");
    writer.applied({0, command::Open{"it"}}, *model);
    body(writer);
    writer.flush();
  };
  use([](JournalWriter&) {});
  CHECK(fs::is_empty(folder.path));
  use([&](JournalWriter& writer) { writer.applied({0, command::SetSampling{}}, *model); });
  CHECK(fs::is_empty(folder.path));
  use([&](JournalWriter& writer) {
    writer.applied({0, command::FeedText{"a"}}, *model);
    writer.saved("/s/a.statelab.json", *model, 1, 0);
  });
  CHECK(fs::is_empty(folder.path));
  use([&](JournalWriter& writer) {
    writer.applied({0, command::FeedText{"a"}}, *model);
    writer.saved("/s/a.statelab.json", *model, 1, 0);
    writer.applied({0, command::ReadWaiting{}}, *model);
    writer.reached(1, false);
  });
  const Journal journal = read(*read_file(only_journal(folder.path.string()), 1 << 20));
  CHECK(journal.is_closed);
  CHECK(journal.has_changes);
  CHECK(journal.saved_to == "/s/a.statelab.json");
  CHECK(journal.position == 1);
}

TEST_CASE("journal: another model begins another one, the first stays where something was not saved") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  {
    JournalWriter writer(folder.path.string(), "p", "a");
    writer.applied({0, command::Open{"it"}}, *model);
    writer.applied({0, command::FeedText{"first"}}, *model);
    writer.applied({0, command::Open{"it"}}, *model);
    CHECK(writer.flush());
    writer.applied({0, command::Open{"it"}}, *model);
    writer.applied({0, command::FeedText{"third"}}, *model);
  }
  std::string all;
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path)) all += replayed(read(*read_file(entry.path().string(), 1 << 20))), ++count;
  CHECK(count == 2);
  CHECK(all.find("first") != std::string::npos);
  CHECK(all.find("third") != std::string::npos);
}

std::atomic<int> failing_after = -1;  // calls of write that still succeed, the last one by half; -1: all
std::atomic<int (*)(int)> failing_flush = nullptr;
FileCalls real_calls;

struct FailingDisk {
  FailingDisk() {
    real_calls = file_calls();
    file_calls().write = [](int descriptor, const void* bytes, std::size_t count) -> ssize_t {
      if (failing_after == 0) return errno = ENOSPC, -1;
      if (failing_after > 0 && --failing_after == 0) return real_calls.write(descriptor, bytes, count / 2);
      return real_calls.write(descriptor, bytes, count);
    };
    file_calls().flush_data = [](int descriptor) {
      const auto failing = failing_flush.load();
      return failing ? failing(descriptor) : real_calls.flush_data(descriptor);
    };
  }
  ~FailingDisk() {
    file_calls() = real_calls;
    failing_after = -1, failing_flush = nullptr;
  }
};

TEST_CASE("journal: a full disk is told once, leaves no half line, and is gone on with when there is room [RT1]") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  const FailingDisk disk;
  JournalWriter writer(folder.path.string(), "p", "a");
  writer.applied({0, command::Open{"it"}}, *model);
  REQUIRE(writer.flush());
  failing_after = 1;
  writer.applied({0, command::FeedText{"kept in memory"}}, *model);
  CHECK_FALSE(writer.flush());
  const std::string problem = writer.take_problem();
  CHECK(problem.find("No space left") != std::string::npos);
  CHECK(problem.find("Ctrl+S") != std::string::npos);
  CHECK(writer.take_problem().empty());
  CHECK(read(*read_file(writer.file(), 1 << 20)).damage.empty());
  failing_after = -1;
  REQUIRE(eventually([&] { return writer.flush(); }));
  CHECK(replayed(read(*read_file(writer.file(), 1 << 20))).find("kept in memory") != std::string::npos);
}

TEST_CASE("journal: a flush that fails is not tried again, and is told [RT4]") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  const FailingDisk disk;
  static std::atomic<int> flushes;
  flushes = 0;
  JournalWriter writer(folder.path.string(), "p", "a");
  writer.applied({0, command::Open{"it"}}, *model);
  REQUIRE(writer.flush());
  failing_flush = [](int) { return ++flushes, errno = EIO, -1; };
  writer.applied({0, command::FeedText{"a"}}, *model);
  CHECK_FALSE(writer.flush());
  CHECK(writer.take_problem().find("cannot be flushed") != std::string::npos);
  writer.applied({0, command::FeedText{"b"}}, *model);
  writer.flush();
  CHECK(flushes == 1);
}

/// A lab that runs on and on and keeps a journal; it tells through a pipe up to which step everything was flushed.
int run_until_killed(const std::string& folder, const std::shared_ptr<const OpenedModel>& model, int told) {
  JournalWriter writer(folder, "p", "a");
  LabOptions options;
  options.arithmetic.threads = 1;
  options.open = [&](const std::string&, const OpeningSteps&) -> Result<std::shared_ptr<const OpenedModel>> { return model; };
  options.applied = [&](const SessionCommand& done, const OpenedModel& opened) { writer.applied(done, opened); };
  options.reached = [&](std::int64_t position, bool goes_on) { writer.reached(position, goes_on); };
  Lab lab(options);
  lab.apply(command::Open{"it"});
  lab.apply(command::FeedText{std::string(20000, 'a')});
  for (std::int64_t i = 0; i < 20000; ++i) {
    lab.apply(command::Step{1});
    lab.finish_work();
    if (i % 7 == 6 && (!writer.flush() || ::write(told, &i, sizeof i) != sizeof i)) return 1;
  }
  return 0;
}

TEST_CASE("journal: a lab that is killed at any moment has lost nothing that was flushed") {
  std::mt19937 random(5);
  const auto model = copy_model();
  int whole = 0;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const TemporaryFolder folder;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run_until_killed(folder.path.string(), model, ends[1]));
    ::close(ends[1]);
    std::int64_t flushed = -1, told = 0;
    const int wanted = 1 + static_cast<int>(random() % 20);
    for (int i = 0; i < wanted && ::read(ends[0], &told, sizeof told) == sizeof told; ++i) flushed = told;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &told, sizeof told) == sizeof told) flushed = told;
    ::close(ends[0]);
    const Journal journal = read(*read_file(only_journal(folder.path.string()), 64 << 20));
    const auto& commands = journal.session.commands;
    CHECK(std::ssize(commands) > flushed + 1);  // the text, and the steps 0 to `flushed`
    CHECK(journal.position >= flushed + 1);
    bool in_order = true;
    for (std::size_t i = 1; i < commands.size(); ++i) in_order = in_order && commands[i].step == static_cast<std::int64_t>(i) - 1;
    CHECK(in_order);
    whole += std::ssize(commands) > flushed + 1 && in_order;
  }
  CHECK(whole == kRounds);
}

TEST_CASE("recovery: journals of windows that are gone are offered, those of living ones are not") {
  const TemporaryFolder folder;
  const auto model = copy_model();
  JournalWriter writer(folder.path.string(), "p", "a");
  writer.applied({0, command::Open{"it"}}, *model);
  writer.applied({0, command::FeedText{"mine"}}, *model);
  REQUIRE(writer.flush());
  CHECK(find_leftovers(folder.path.string()).empty());

  const std::string crashed = folder / "1.journal", torn = folder / "2.journal", nothing = folder / "3.journal", saved = folder / "4.journal";
  std::ofstream(crashed) << text_of(frames());
  std::ofstream(torn) << text_of(frames()) << "8 20 01";
  std::ofstream(nothing) << text_of({frames()[0]});
  std::vector<std::string> all = frames();
  all.push_back(journal_saved("/s/a.statelab.json", false));
  std::ofstream(saved) << text_of(all);
  std::ofstream(folder / "5.journal") << "no journal";
  const auto left = find_leftovers(folder.path.string());
  REQUIRE(left.size() == 2);
  for (const Leftover& each : left) {
    const bool is_torn = each.file == torn;
    CHECK(each.text == "7 tokens of copy from " + each.when + (is_torn ? ", at least 1 command lost" : ""));
  }
  CHECK(fs::exists(crashed));
  CHECK(fs::exists(torn));
  CHECK_FALSE(fs::exists(nothing));
  CHECK_FALSE(fs::exists(saved));
  CHECK(fs::exists(folder / "5.journal"));  // whatever it is, it is not ours to remove
  CHECK(fs::exists(writer.file()));

  auto hold = FileHold::take(crashed);
  REQUIRE(hold);
  CHECK(find_leftovers(folder.path.string()).size() == 1);
  CHECK_FALSE(FileHold::take(crashed));
  CHECK_FALSE(FileHold::take(writer.file()));
  hold->remove();
  CHECK_FALSE(fs::exists(crashed));
  CHECK_FALSE(FileHold::take(crashed));
}

TEST_CASE("recovery: what was gone on with is offered once, and of closed windows only the last few") {
  const TemporaryFolder folder;
  const auto put = [&](const std::string& name, const std::string& recovers, bool is_closed, int age) {
    JournalHeader header = kHeader;
    header.recovers = recovers;
    std::vector<std::string> all = frames();
    all[0] = journal_header(header, kSession);
    if (is_closed) all.push_back(journal_closed());
    std::ofstream(folder / name) << text_of(all);
    fs::last_write_time(folder / name, fs::file_time_type::clock::now() - std::chrono::hours(age));
  };
  put("old.journal", "", false, 50);
  put("new.journal", folder / "old.journal", false, 40);
  auto left = find_leftovers(folder.path.string());
  REQUIRE(left.size() == 1);
  CHECK(left[0].file == folder / "new.journal");
  CHECK(fs::exists(folder / "old.journal"));
  for (int i = 0; i < 12; ++i) put("closed" + std::to_string(i) + ".journal", "", true, i);
  left = find_leftovers(folder.path.string());
  CHECK(left.size() == kMostClosed + 1);
  CHECK(left[0].file == folder / "closed0.journal");
  CHECK_FALSE(fs::exists(folder / "closed11.journal"));
}

TEST_CASE("recovery: another program or instruction set is said, another number of threads is not [JR2]") {
  Journal journal{.program = "statelab 1, abc", .arithmetic = "f32, avx512, 2 threads"};
  CHECK(difference_text(journal, "statelab 1, abc", "f32, avx512, 8 threads").empty());
  CHECK(difference_text(journal, "statelab 1, abc", "f32, avx2, 2 threads") == "the last bits may differ: f32, avx512 then, f32, avx2 now");
  CHECK(difference_text(journal, "statelab 2, def", "f32, avx512, 2 threads") == "the last bits may differ: statelab 1, abc then, statelab 2, def now");
  CHECK(difference_text({}, "statelab 2", "f32").empty());
}

TEST_CASE("recovery: a time says its day where that is another one") {
  const std::time_t now = 1'800'000'000;
  CHECK(time_text(now, now) == local_time("%H:%M", now));
  CHECK(time_text(now - 3 * 86400, now) == local_time("%Y-%m-%d %H:%M", now - 3 * 86400));
}

}  // namespace
}  // namespace lab::test
