// Files that are held, and files that somebody else has written.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "app/core/file_hold.h"
#include "model/files/file.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("hold: a file has one holder, who lets go of it by going, and where there is none nothing is held") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.statelab.json";
  CHECK(FileHold::take(path).error().code == Code::not_found);
  REQUIRE(write_file_atomically(path, "one"));
  {
    auto hold = FileHold::take(path);
    REQUIRE(hold);
    CHECK(hold->is_of(path));
    CHECK(FileHold::take(path).error().code == Code::environment);
    FileHold moved = hold.take();
    CHECK(FileHold::take(path).error().code == Code::environment);
  }
  CHECK(FileHold::take(path));
}

TEST_CASE("hold: what is saved in the place of a held file is another file") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.statelab.json";
  REQUIRE(write_file_atomically(path, "one"));
  const auto hold = FileHold::take(path);
  REQUIRE(hold);
  fs::create_symlink(path, folder.path / "link");
  CHECK(hold->is_of(folder / "link"));
  REQUIRE(write_file_atomically(path, "two"));
  CHECK_FALSE(hold->is_of(path));
  CHECK(FileHold::take(path));
}

TEST_CASE("hold: a killed process holds nothing") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.statelab.json";
  REQUIRE(write_file_atomically(path, "one"));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    const auto hold = FileHold::take(path);
    const char said = hold ? 'y' : 'n';
    if (::write(ends[1], &said, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char said = 0;
  REQUIRE(::read(ends[0], &said, 1) == 1);
  CHECK(said == 'y');
  CHECK(FileHold::take(path).error().code == Code::environment);
  ::kill(other, SIGKILL);
  REQUIRE(::waitpid(other, nullptr, 0) == other);
  CHECK(FileHold::take(path));
  ::close(ends[0]), ::close(ends[1]);
}

TEST_CASE("stamp: it is another one once a file was written, and the same as long as it was only read") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.statelab.json";
  CHECK_FALSE(stamp_of(path).is_there());
  REQUIRE(write_file_atomically(path, "one"));
  const FileStamp first = stamp_of(path);
  CHECK(first.is_there());
  CHECK(*read_file(path, 10) == "one");
  CHECK(stamp_of(path) == first);
  REQUIRE(write_file_atomically(path, "two"));
  CHECK(stamp_of(path) != first);
}

}  // namespace
}  // namespace lab::test
