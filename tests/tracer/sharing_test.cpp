// Views beside the writer: what was published never changes, on any thread.
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/tracer/recording.h"
#include "tracer/trace/row_log.h"

using namespace lab;
using lab::test::Recording;

TEST_CASE("row log: a view keeps its rows while rows are added, cut off and written again") {
  RowLog<int> log(2, 4);
  const auto add = [&](int value) {
    const auto row = log.append();
    row[0] = value;
    row[1] = -value;
  };
  for (int i = 0; i < 10; ++i) add(i);
  const RowView<int> ten = log.view();
  log.truncate(6);
  const RowView<int> six = log.view();
  for (int i = 0; i < 7; ++i) add(100 + i);
  CHECK(ten.count() == 10);
  CHECK(six.count() == 6);
  CHECK(log.view().count() == 13);
  for (int i = 0; i < 10; ++i) CHECK(ten[i][1] == -i);
  for (int i = 0; i < 6; ++i) CHECK(six[i][0] == i);
  for (int i = 0; i < 13; ++i) CHECK(log.view()[i][0] == (i < 6 ? i : 94 + i));
  CHECK(log.bytes() == 4 * 4 * 2 * static_cast<std::int64_t>(sizeof(int)));
  log.truncate(8);
  log.truncate(0);
  CHECK(log.view().count() == 0);
  CHECK(log.bytes() == 0);
}

TEST_CASE("row log: what two views share is what was neither cut off nor written by one of them alone") {
  RowLog<int> log(1, 4);
  const auto add = [](RowLog<int>& to, int count) {
    for (int i = 0; i < count; ++i) to.append()[0] = i;
  };
  add(log, 10);
  const RowView<int> ten = log.view();
  CHECK(ten.shared_with(ten) == 10);
  CHECK(ten.shared_with(RowView<int>()) == 0);
  add(log, 5);
  CHECK(ten.shared_with(log.view()) == 10);
  CHECK(log.view().shared_with(ten) == 10);
  RowLog<int> fork = log.fork(7);
  add(fork, 9);
  CHECK(ten.shared_with(fork.view()) == 4);
  log.truncate(9);
  add(log, 3);
  CHECK(ten.shared_with(log.view()) == 8);  // row 8 is the same, but in a block of its own
  log.truncate(4);
  add(log, 6);
  CHECK(ten.shared_with(log.view()) == 4);
  log.truncate(0);
  add(log, 10);
  CHECK(ten.shared_with(log.view()) == 0);
}

TEST_CASE("trace: a view made before a token does not know it, one made after does, and adding tokens keeps the revision") {
  Recording r("mamba1");
  const auto before = r.trace.view();
  CHECK(before == r.trace.view());
  r.read(1, 1);
  const auto after = r.trace.view();
  CHECK(before->count() == 0);
  CHECK(before->driver(0, 0, 0) == std::nullopt);
  CHECK(after->count() == 1);
  CHECK(after->driver(0, 0, 0).has_value());
  CHECK(after->revision() == before->revision());
  r.zero(0);
  CHECK(r.trace.view()->revision() != after->revision());
}

TEST_CASE("trace: a fork shares the tile at its end until it goes on, and then neither writes into what the other reads") {
  Recording r("mamba2");
  r.read(100, 16);
  const auto recorded = [](const TraceView& view, std::int64_t from, std::int64_t to) {
    std::vector<float> all;
    for (std::int64_t t = from; t < to; ++t)
      for (int layer = 0; layer < 2; ++layer)
        for (int driver = 0;; ++driver) {
          const auto values = view.driver(layer, driver, t);
          if (!values) break;
          all.insert(all.end(), values->begin(), values->end());
          if (driver + 1 == std::ssize(view.layers()[static_cast<std::size_t>(layer)].drivers)) break;
        }
    return all;
  };
  const auto own_bytes = [&](const Trace& fork) {
    std::set<const void*> shared;
    r.trace.visit_memory([&](const void* block, std::int64_t) { shared.insert(block); });
    std::int64_t bytes = 0;
    fork.visit_memory([&](const void* block, std::int64_t size) { bytes += shared.contains(block) ? 0 : size; });
    return bytes;
  };
  const std::vector<float> whole = recorded(*r.trace.view(), 0, 100);
  State state(r.model->schema());
  REQUIRE(r.trace.view()->restore(80, state, r.replay));
  Trace fork = r.trace.fork(80);
  const auto before = fork.view();
  const std::int64_t own = own_bytes(fork);
  test::advance(*r.model, 500, 5, state, &fork.probe(), r.context);  // other tokens
  REQUIRE(fork.commit(5, state));
  CHECK(own_bytes(fork) > 4 * own);
  CHECK(recorded(*r.trace.view(), 0, 100) == whole);
  r.read(20, 4);  // goes on in the tile that was shared
  CHECK(recorded(*r.trace.view(), 0, 100) == whole);
  const auto after = fork.view();
  CHECK(after->count() == 85);
  const std::vector<float> past = recorded(*r.trace.view(), 0, 80);
  CHECK(recorded(*before, 0, 80) == past);
  CHECK(recorded(*after, 0, 80) == past);
  CHECK(recorded(*after, 80, 85) != recorded(*r.trace.view(), 80, 85));
  State restored(r.model->schema());
  REQUIRE(after->restore(85, restored, r.replay));
  CHECK(restored.hash() == state.hash());
  CHECK(r.wrong_positions(*r.trace.view()).empty());
}

TEST_CASE("trace: readers replay published views to the live bits while the writer records, edits, truncates and spills") {
  Recording r("mamba1", {.budget_bytes = 260 << 10, .spill_folder = std::filesystem::temp_directory_path().string()});
  std::mutex mutex;
  std::shared_ptr<const TraceView> latest = r.trace.view();
  std::vector<std::uint64_t> hashes = {r.state.hash()};  // by position, belonging to `latest`
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0, wrong = 0;

  const auto reader = [&](std::uint64_t seed) {
    Context<float> context;
    const Replayer replay = test::replayer_of(*r.model, context);
    State state(r.model->schema());
    do {
      std::shared_ptr<const TraceView> view;
      std::uint64_t expected = 0;
      std::int64_t position = 0;
      {
        const std::lock_guard lock(mutex);
        view = latest;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        position = static_cast<std::int64_t>((seed >> 33) % static_cast<std::uint64_t>(view->count() + 1));
        expected = hashes[static_cast<std::size_t>(position)];
      }
      if (!view->restore(position, state, replay) || state.hash() != expected) ++wrong;
      if (view->count() > 0 && (!view->driver(1, 4, view->count() - 1) || view->statistic(0, Statistic::h_max, 0).high < 0)) ++wrong;
      ++reads;
    } while (!done);
  };
  std::thread first(reader, 1), second(reader, 2);
  const auto publish = [&] {
    const std::lock_guard lock(mutex);
    latest = r.trace.view();
    hashes.resize(static_cast<std::size_t>(r.trace.count()) + 1);
    for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = r.live[i].hash();
  };
  for (int round = 0; round < 40; ++round) {
    r.read(37, 5);
    if (round % 5 == 1) r.zero(round % 2);
    if (round % 8 == 7) r.truncate(r.trace.count() - 150);
    publish();
  }
  done = true;
  first.join();
  second.join();
  CHECK(reads > 0);
  CHECK(wrong == 0);
  CHECK(r.trace.view()->use().spilled > 0);
}
