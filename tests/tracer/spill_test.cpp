// Old history on disk: all of it comes back, and trouble with the disk costs history, never the run.
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/temporary_folder.h"
#include "tests/tracer/recording.h"
#include "tracer/trace/spill.h"

using namespace lab;
using lab::test::Recording;
using lab::test::TemporaryFolder;

namespace {

using Positions = std::vector<std::int64_t>;
namespace fs = std::filesystem;

// Files of this process that were made in a folder and have lost their name.
std::vector<int> nameless_files(const std::string& folder) {
  std::vector<int> files;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    if (target.starts_with(folder)) files.push_back(std::stoi(entry.path().filename().string()));
  }
  return files;
}

// No file of this process grows beyond `bytes` while it lives, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("spill: values come back bit for bit, and the file has no name") {
  const TemporaryFolder folder;
  auto file = SpillFile::create(folder.path.string());
  REQUIRE(file);
  const std::vector<float> a = {1.5f, -0.0f, 3e-42f, std::numeric_limits<float>::infinity()}, b(3000, 2.25f), none;
  const auto place_a = (*file)->write(a), place_none = (*file)->write(none), place_b = (*file)->write(b);
  REQUIRE(place_a);
  REQUIRE(place_none);
  REQUIRE(place_b);
  CHECK(place_b->bytes < 500);
  std::vector<float> read_a(4), read_b(3000), read_none;
  REQUIRE((*file)->read(*place_b, read_b));
  REQUIRE((*file)->read(*place_a, read_a));
  REQUIRE((*file)->read(*place_none, read_none));
  CHECK(read_a == a);
  CHECK(std::signbit(read_a[1]));
  CHECK(read_b == b);
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("spill: with a folder nothing of a long run is lost, and memory stays within the budget") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    const TemporaryFolder folder;
    TraceOptions options{.budget_bytes = 400 << 10, .spill_folder = folder.path};
    Recording r(family, options), unlimited(family);
    for (const auto& [n, span] : {std::pair{700, 64}, {300, 7}, {600, 31}}) {
      r.read(n, span);
      unlimited.read(n, span);
      REQUIRE(r.trace.view()->use().total() <= options.budget_bytes);
      if (n == 700) {
        r.zero(0);
        unlimited.zero(0);
      }
    }
    CHECK(r.troubles.empty());
    const auto view = r.trace.view(), all = unlimited.trace.view();
    CHECK(view->use().spilled > 0);
    CHECK(view->use().replayable_from == 0);
    CHECK(view->use().looked_at_from == 0);
    CHECK(r.wrong_positions(*view) == Positions{});
    const int drivers = static_cast<int>(view->layers()[0].drivers.size());
    std::int64_t different = 0;
    for (std::int64_t t = 0; t < 1600; t += 13)
      for (int driver = 0; driver < drivers; ++driver)
        if (!view->driver(1, driver, t) || view->driver(1, driver, t) != all->driver(1, driver, t)) ++different;
    CHECK(different == 0);
    CHECK(fs::is_empty(folder.path));
  }
}

TEST_CASE("spill: with a folder no state is lost even when the budget is nothing") {
  const TemporaryFolder folder;
  Recording r("mamba1", {.budget_bytes = 0, .spill_folder = folder.path});
  r.read(500, 64);
  r.zero(0);
  r.read(500, 64);
  CHECK(r.trace.view()->use().exact_from > 0);
  CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
}

TEST_CASE("spill: a run goes on from a truncated place that lies on disk") {
  const TemporaryFolder folder;
  Recording r("mamba2", {.budget_bytes = 250 << 10, .spill_folder = folder.path});
  r.read(1000, 64);
  REQUIRE(r.trace.view()->use().spilled > 0);
  const auto before = r.trace.view();
  r.truncate(150);
  r.zero(1);
  r.read(700, 50);
  CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
  CHECK(before->driver(0, 0, 151).has_value());
  CHECK(r.troubles.empty());
}

TEST_CASE("spill: a folder that is not there is refused once, then old history is dropped") {
  const std::int64_t budget = 250 << 10;
  Recording r("mamba1", {.budget_bytes = budget, .spill_folder = "/nowhere/at/all"});
  r.read(1000, 64);
  REQUIRE(r.troubles.size() == 1);
  CHECK(r.troubles[0].code == Code::environment);
  CHECK(r.troubles[0].file == "/nowhere/at/all");
  const TraceUse use = r.trace.view()->use();
  CHECK(use.spilled == 0);
  CHECK(use.total() <= budget);
  CHECK(use.replayable_from > 0);
  CHECK(r.wrong_positions(*r.trace.view(), use.replayable_from) == Positions{});
}

TEST_CASE("spill: a full disk ends spilling; the run goes on and what is on disk stays readable as long as it is kept") {
  const TemporaryFolder folder;
  const std::int64_t budget = 300 << 10;
  Recording r("mamba1", {.budget_bytes = budget, .spill_folder = folder.path});
  const FullDisk full(150 << 10);
  r.read(1500, 64);
  REQUIRE(r.troubles.size() == 1);
  CHECK(r.troubles[0].code == Code::environment);
  const TraceUse use = r.trace.view()->use();
  CHECK(use.total() <= budget);
  CHECK(use.replayable_from > 0);
  CHECK(r.wrong_positions(*r.trace.view(), use.replayable_from) == Positions{});
}

TEST_CASE("spill: a damaged file is noticed by its checksum, and a run that needs it begins a new history") {
  const TemporaryFolder folder;
  Recording r("mamba1", {.budget_bytes = 250 << 10, .spill_folder = folder.path});
  r.read(1000, 64);
  State state(r.model->schema());
  REQUIRE(r.trace.view()->restore(100, state, r.replay));
  const std::vector<int> files = nameless_files(folder.path.string());
  REQUIRE(files.size() == 1);
  REQUIRE(::ftruncate(files[0], 10) == 0);

  const auto view = r.trace.view();
  State other(r.model->schema());
  const Status unreadable = view->restore(100, other, r.replay);
  REQUIRE(!unreadable);
  CHECK(unreadable.error().code == Code::environment);
  CHECK(view->driver(0, 0, 100) == std::nullopt);

  r.trace.truncate(100, true);
  CHECK(r.trace.tokens_until_keyframe() == 1);
  CHECK(r.trace.view()->driver(0, 0, 99) == std::nullopt);
  CHECK(!r.trace.view()->restore(100, other, r.replay));
  r.state = state;
  r.live.resize(101);
  r.read(1, 1);
  REQUIRE(r.troubles.size() == 1);
  CHECK(r.troubles[0].code == Code::environment);
  r.read(200, 30);
  CHECK(r.trace.view()->use().replayable_from == 101);
  CHECK(r.wrong_positions(*r.trace.view(), 101) == Positions{});
}
