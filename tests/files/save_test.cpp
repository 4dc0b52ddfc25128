// Saving: whatever happens at whatever moment, there is the old file or the new one, and whoever asked is told which.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "model/files/file.h"
#include "model/files/file_calls.h"
#include "model/files/output_file.h"
#include "model/files/replacement.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace fs = std::filesystem;

namespace {

const std::string kOld(3000, 'o'), kNew(70000, 'n');

// What happens at a call of saving; the table of calls knows no more than this.
struct Disturbance {
  int at = -1;      // the number of the call, from 0; -1: none
  int error = 0;    // errno it fails with; 0: the program is killed
  bool after = false;  // killed once the call is done
  std::size_t most_written = SIZE_MAX;  // bytes that one call of write takes
  int interrupted = 0;                  // so many calls of write fail with EINTR first
  int calls = 0;
  std::vector<std::string> names;
};
Disturbance disturbance;
FileCalls system_calls;

template <class Call>
auto disturbed(const char* name, Call call) -> decltype(call()) {
  const bool is_due = disturbance.calls++ == disturbance.at;
  disturbance.names.emplace_back(name);
  if (is_due && disturbance.error == 0 && !disturbance.after) ::raise(SIGKILL);
  if (is_due && disturbance.error != 0) {
    errno = disturbance.error;
    return -1;
  }
  const auto result = call();
  if (is_due && disturbance.error == 0) ::raise(SIGKILL);
  return result;
}

/// Puts the table in place that `disturbance` steers, for as long as it lives.
struct DisturbedCalls {
  explicit DisturbedCalls(Disturbance wanted = {}) {
    disturbance = std::move(wanted);
    system_calls = file_calls();
    file_calls() = {
        [](const char* path, int flags, mode_t mode) { return disturbed("open", [&] { return system_calls.open(path, flags, mode); }); },
        [](int descriptor, mode_t mode) { return disturbed("permit", [&] { return system_calls.permit(descriptor, mode); }); },
        [](int descriptor, const void* bytes, std::size_t count) {
          return disturbed("write", [&]() -> ssize_t {
            if (disturbance.interrupted > 0) return --disturbance.interrupted, errno = EINTR, -1;
            return system_calls.write(descriptor, bytes, std::min(count, disturbance.most_written));
          });
        },
        [](int descriptor) { return disturbed("flush", [&] { return system_calls.flush(descriptor); }); },
        [](int descriptor) { return disturbed("flush_data", [&] { return system_calls.flush_data(descriptor); }); },
        [](int descriptor) { return disturbed("close", [&] { return system_calls.close(descriptor); }); },
        [](const char* from, const char* to) { return disturbed("rename", [&] { return system_calls.rename(from, to); }); },
        [](const char* path) { return disturbed("remove", [&] { return system_calls.remove(path); }); }};
  }
  ~DisturbedCalls() { file_calls() = system_calls; }
};

/// Runs `body` in a child; its status as of waitpid.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

std::size_t files_in(const Folder& folder) { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path), {})); }

/// How many calls a save makes that nothing disturbs.
int calls_of(const std::function<Status()>& save, std::size_t most_written = SIZE_MAX) {
  const DisturbedCalls calls({.most_written = most_written});
  REQUIRE(save());
  return disturbance.calls;
}

}  // namespace

TEST_CASE("save: killed before or after every call, the old or the new file is there, never another") {
  const Folder folder;
  const std::string path = folder.at("a.statelab.json"), link = folder.at("link");
  folder.put("a.statelab.json", kOld);
  fs::create_symlink("a.statelab.json", link);
  const auto save = [&](const std::string& to) { return write_file_atomically(to, kNew); };
  const int calls = calls_of([&] { return save(path); }, 30000);
  CHECK(calls == 11);
  int kept = 0, replaced = 0;
  for (const std::string& to : {path, link})
    for (int at = 0; at < calls; ++at)
      for (const bool after : {false, true}) {
        CAPTURE(at);
        CAPTURE(after);
        folder.put("a.statelab.json", kOld);
        const int status = in_child([&] {
          const DisturbedCalls disturbed({.at = at, .after = after, .most_written = 30000});
          return save(to) ? 0 : 1;
        });
        CHECK(WIFSIGNALED(status));
        const auto there = read_file(path, 1 << 20);
        REQUIRE(there);
        const bool is_old = *there == kOld, is_new = *there == kNew;
        CHECK((is_old || is_new));
        CHECK(fs::is_symlink(link));
        (is_old ? kept : replaced) += 1;
        remove_left_overs(folder.path.string());
        CHECK(files_in(folder) == 2);
      }
  CHECK(kept + replaced == 4 * calls);
  CHECK(kept > 0);
  CHECK(replaced > 0);
}

TEST_CASE("save: a new file is there whole or not at all") {
  const Folder folder;
  const auto save = [&] { return write_file_atomically(folder.at("b"), kNew); };
  const int calls = calls_of(save);
  for (int at = 0; at < calls; ++at) {
    fs::remove(folder.at("b"));
    in_child([&] {
      const DisturbedCalls disturbed({.at = at});
      return save() ? 0 : 1;
    });
    remove_left_overs(folder.path.string());
    CAPTURE(at);
    if (fs::exists(folder.at("b"))) CHECK(*read_file(folder.at("b"), 1 << 20) == kNew);
    CHECK(files_in(folder) == (fs::exists(folder.at("b")) ? 1 : 0));
  }
}

TEST_CASE("save: a call that fails is told with what is kept and what to do, and is not tried again") {
  const Folder folder;
  const std::string path = folder.put("a", kOld);
  const int calls = calls_of([&] { return write_file_atomically(path, kNew); });
  for (int at = 0; at < calls; ++at)
    for (const int number : {EIO, ENOSPC, EDQUOT, EFBIG, EACCES, EROFS}) {
      folder.put("a", kOld);
      const DisturbedCalls disturbed({.at = at, .error = number});
      const Status status = write_file_atomically(path, kNew);
      const std::string failed = disturbance.names[static_cast<std::size_t>(at)];
      CAPTURE(at);
      CAPTURE(failed);
      const auto there = read_file(path, 1 << 20);
      REQUIRE(there);
      const bool is_after = *there == kNew;  // what comes behind the rename: the flush of the folder
      CHECK((is_after || *there == kOld));
      CHECK(files_in(folder) == 1);
      if (status) {
        CHECK(is_after);
        CHECK(failed != "flush");
        continue;
      }
      CHECK(status.error().file == path);
      CHECK_FALSE(status.error().next.empty());
      CHECK(status.error().found.find(std::strerror(number)) != std::string::npos);
      CHECK((status.error().message.find("the old file is kept") != std::string::npos || (is_after && status.error().message.find("written") == 0)));
      if (!is_after && failed == "flush") CHECK(std::ranges::count(disturbance.names, "flush") == 1);
      if (failed == "close" && !is_after) CHECK(std::ranges::count(disturbance.names, "close") == 1);
    }
}

TEST_CASE("save: a full disk is told with what is needed and what there is") {
  const Folder folder;
  const std::string path = folder.put("a", kOld);
  const DisturbedCalls disturbed({.at = 2, .error = ENOSPC});
  const Status status = write_file_atomically(path, kNew);
  REQUIRE_FALSE(status);
  CHECK(disturbance.names[2] == "write");
  CHECK(status.error().code == Code::environment);
  CHECK(status.error().expected == "0.070 MB of free space");
  CHECK(status.error().found.find(" free") != std::string::npos);
  CHECK(status.error().next.find("make room") != std::string::npos);
}

TEST_CASE("save: calls that write little or are interrupted are gone on with") {
  const Folder folder;
  const DisturbedCalls disturbed({.most_written = 7, .interrupted = 3});
  const std::string content(100, 'x');
  REQUIRE(write_file_atomically(folder.at("a"), content));
  CHECK(*read_file(folder.at("a"), 1000) == content);
  CHECK(std::ranges::count(disturbance.names, "write") == 3 + 15);
}

TEST_CASE("save: content, its flush, the name, the flush of the folder come in this order") {
  const Folder folder;
  const std::string path = folder.put("a", kOld);
  const DisturbedCalls calls;
  REQUIRE(write_file_atomically(path, kNew));
  CHECK(disturbance.names == std::vector<std::string>{"open", "permit", "write", "flush", "close", "rename", "open", "flush", "close"});
}

TEST_CASE("save: a limit on the size of files is an error and no death [RT2]") {
  const Folder folder;
  const std::string path = folder.put("a", kOld);
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);  // as the program does at its start
    const struct rlimit limit {10000, 10000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const Status saved = write_file_atomically(path, kNew);
    return !saved && saved.error().expected.find("10000 bytes") != std::string::npos && saved.error().next.find("limit") != std::string::npos ? 0 : 1;
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(*read_file(path, 1 << 20) == kOld);
  CHECK(files_in(folder) == 1);
}

TEST_CASE("save: a folder that may not be written to is named with a way out [RT6]") {
  const Folder folder;
  fs::create_directory(folder.path / "closed");
  ::chmod(folder.at("closed").c_str(), 0500);
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 3;  // root may write anywhere
    const Status saved = write_file_atomically(folder.at("closed/a"), kNew);
    return !saved && saved.error().next.find("may write") != std::string::npos && saved.error().message.find("nothing was written") != std::string::npos ? 0 : 1;
  });
  CHECK(WEXITSTATUS(status) != 1);
  ::chmod(folder.at("closed").c_str(), 0700);
}

TEST_CASE("save: links stay, also one to a file that is not there yet") {
  const Folder folder;
  fs::create_directory(folder.path / "deep");
  fs::create_symlink("deep/target", folder.at("link"));
  fs::create_symlink("link", folder.at("second"));
  REQUIRE(write_file_atomically(folder.at("second"), "made"));
  CHECK(fs::is_symlink(folder.at("link")));
  CHECK(fs::is_symlink(folder.at("second")));
  CHECK(*read_file(folder.at("deep/target"), 10) == "made");
  CHECK(files_in(folder) == 3);
}

TEST_CASE("save: a device is not replaced by a file") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  CHECK_FALSE(write_file_atomically(folder.at("pipe"), "x"));
  CHECK(fs::is_fifo(folder.at("pipe")));
  CHECK(files_in(folder) == 1);
}

TEST_CASE("save: what others are still saving is left alone, what ended programs left is removed") {
  const Folder folder;
  const int gone = in_child([] { return 0; });
  CHECK(gone == 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const std::string ended = ".a." + std::to_string(child) + ".3.saving";
  folder.put(ended, "half");
  folder.put(".a." + std::to_string(::getpid()) + ".0.saving", "mine");
  for (const char* other : {".a.x.0.saving", ".saving", "a.1.0.saving", ".bashrc"}) folder.put(other, "keep");
  CHECK(remove_left_overs(folder.path.string()) == 1);
  CHECK_FALSE(fs::exists(folder.at(ended)));
  CHECK(files_in(folder) == 5);
  CHECK(remove_left_overs("/nowhere") == 0);
}

TEST_CASE("save: what is written piece by piece goes the same way") {
  const Folder folder;
  const std::string path = folder.put("t.npz", kOld);
  fs::create_symlink("t.npz", folder.at("link"));
  {
    auto file = OutputFile::create(folder.at("link"), 10);
    REQUIRE(file);
    REQUIRE(file->write_at(0, std::as_bytes(std::span(kNew).first(10))));
    CHECK(*read_file(path, 1 << 20) == kOld);
  }
  CHECK(files_in(folder) == 2);  // given up
  auto file = OutputFile::create(folder.at("link"), 10);
  REQUIRE(file);
  REQUIRE(file->write_at(0, std::as_bytes(std::span(kNew).first(10))));
  REQUIRE(file->commit(10));
  CHECK(*read_file(path, 1 << 20) == std::string(10, 'n'));
  CHECK(fs::is_symlink(folder.at("link")));
}
