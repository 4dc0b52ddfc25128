// What the studies of sessions/ are about is there when they are replayed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "app/core/replay.h"
#include "app/core/session.h"
#include "model/math/context.h"
#include "model/model.h"
#include "tests/model/support.h"
#include "tests/phenomena/streams.h"

namespace lab {
namespace {

using test::Ids;

Context<float>& context() {
  static Context<float> one;
  return one;
}

Result<Session> read_study(const std::string& name) { return read_session(LAB_SOURCE_DIR "/sessions/" + name + ".statelab.json"); }

/// A lab in which a session has been replayed to its end.
std::unique_ptr<Lab> replayed(const std::string& name, const ContextOptions& arithmetic = {}) {
  const auto session = read_study(name);
  REQUIRE_MESSAGE(session, session.error().text());
  CHECK_FALSE(session->title.empty());
  CHECK_FALSE(session->notes.empty());
  LabOptions options;
  options.arithmetic = arithmetic;
  auto lab = std::make_unique<Lab>(options);
  REQUIRE(lab->apply(command::Open{LAB_SOURCE_DIR "/assets/models/" + session->model.substr(std::string("builtin:").size())}).applied);
  const Status status = replay(session->commands, *lab, [](const command::ExportFigure&) { return Status(); }, nullptr);
  REQUIRE_MESSAGE(status, status.error().text());
  return lab;
}

/// The state of a run after so many tokens.
State state_at(const Lab& lab, const RunFacts& run, std::int64_t position) {
  const Model& model = *lab.opened()->model;
  State state(model.schema());
  const Status status = run.trace->restore(position, state, [&](int layer, std::span<const Rows<const float>> drivers, State& into) { model.replay(layer, drivers, into, context()); });
  REQUIRE_MESSAGE(status, status.error().text());
  return state;
}

/// ||a - b|| / ||a|| of the recurrent state of a layer.
double distance(const State& a, const State& b, int layer) {
  const int h = a.schema().layers()[static_cast<std::size_t>(layer)].find(Point::h);
  REQUIRE(h >= 0);
  const std::vector<float> of_a = a.get(layer, h), of_b = b.get(layer, h);
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const double x = static_cast<double>(of_a[i]), y = static_cast<double>(of_b[i]);
    difference += (x - y) * (x - y), size += x * x;
  }
  return std::sqrt(difference / size);
}

/// Reads tokens; the most probable next one after each.
Ids expected(const Model& model, State& state, const Ids& ids) {
  const auto vocabulary = static_cast<std::size_t>(model.info().vocabulary);
  std::vector<float> logits(ids.size() * vocabulary);
  Lane<float> lane{.tokens = ids, .state = &state, .wants = LogitRows::all, .logits = {logits.data(), static_cast<std::int64_t>(ids.size()), model.info().vocabulary}};
  REQUIRE(model.advance(std::span(&lane, 1), context()));
  Ids best;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(t * vocabulary);
    best.push_back(static_cast<std::int32_t>(std::max_element(row, row + static_cast<std::ptrdiff_t>(vocabulary)) - row));
  }
  return best;
}

/// The letters that a run of the copy model gives to its last four tokens, the questions.
Ids answers(const Lab& lab, const RunFacts& run) {
  State state = state_at(lab, run, run.tokens.count() - 4);
  return expected(*lab.opened()->model, state, Ids(4, test::kCopyMarker));
}

/// The letters among the tokens [first, last) of a run.
Ids letters(const RunFacts& run, std::int64_t first, std::int64_t last) {
  Ids found;
  for (std::int64_t t = first; t < last; ++t)
    if (const std::int32_t id = run.tokens[t][0]; id != 0 && id != test::kCopyMarker) found.push_back(id);
  return found;
}

TEST_CASE("studies: every session comes to its hashes on one, two and four threads and on every instruction set") {
  std::vector<ContextOptions> ways = {{.threads = 1}, {.threads = 2}, {.threads = 4}};
  for (const char* set : test::instruction_sets()) ways.push_back({.threads = 2, .instruction_set = set});
  int sessions = 0;
  for (const auto& file : std::filesystem::directory_iterator(LAB_SOURCE_DIR "/sessions")) {
    const std::string whole = file.path().filename().string(), ending = ".statelab.json";
    if (!whole.ends_with(ending)) continue;
    const std::string name = whole.substr(0, whole.size() - ending.size());
    const auto session = read_study(name);
    REQUIRE_MESSAGE(session, session.error().text());
    REQUIRE_FALSE(session->expected.empty());
    ++sessions;
    for (const ContextOptions& way : ways) {
      CAPTURE(name);
      CAPTURE(way.threads);
      CAPTURE(std::string(way.instruction_set));
      const auto lab = replayed(name, way);
      for (const auto& [position, hash] : session->expected) {
        const auto found = state_hash(*lab, position);
        REQUIRE_MESSAGE(found, found.error().text());
        CHECK(*found == hash);
      }
    }
  }
  CHECK(sessions >= 10);
}

TEST_CASE("study: two prompts that are followed by the same text come together in every layer") {
  const auto lab = replayed("prose-converges");
  const auto snapshot = lab->snapshot();
  const RunFacts &a = snapshot->runs.at(1), &b = snapshot->runs.at(2);
  const std::int64_t begin = snapshot->notes->at(0).token, end = a.tokens.count();
  REQUIRE(end == b.tokens.count());
  REQUIRE(a.tokens[0][0] != b.tokens[0][0]);
  for (std::int64_t t = begin; t < end; ++t) REQUIRE(a.tokens[t][0] == b.tokens[t][0]);
  for (int layer = 0; layer < lab->opened()->model->layers(); ++layer) {
    INFO("layer ", layer);
    std::vector<double> apart;
    for (const std::int64_t position : {begin, begin + (end - begin) / 4, end}) apart.push_back(distance(state_at(*lab, a, position), state_at(*lab, b, position), layer));
    INFO(apart[0], ", ", apart[1], ", ", apart[2]);
    CHECK(apart[0] >= 1);
    CHECK(apart[1] <= 0.2);
    CHECK(apart[2] <= 0.01);
  }
}

TEST_CASE("study: a run that is given the memory of another one knows the letters that the other has read, and not its own") {
  const auto lab = replayed("copy-transplant");
  const auto snapshot = lab->snapshot();
  const RunFacts &given = snapshot->runs.at(0), &donor = snapshot->runs.at(1), &own = snapshot->runs.at(2);
  REQUIRE(given.edits->size() == 1);
  const std::int64_t asked = given.edits->front().position;
  const Ids read = letters(given, 0, asked), foreign = letters(donor, 0, asked);
  REQUIRE(read.size() == 4);
  for (const std::int32_t letter : foreign) CHECK(std::ranges::find(read, letter) == read.end());
  CHECK(answers(*lab, given) == foreign);
  CHECK(answers(*lab, own) == read);
  CHECK(letters(own, 0, asked) == read);
}

TEST_CASE("study: a lane that was reset knows its new letters alone, one that was not mixes in the old ones, and a third is what it would be alone") {
  const auto lab = replayed("copy-lane-reset");
  const auto snapshot = lab->snapshot();
  const Model& model = *lab->opened()->model;
  const RunFacts &other = snapshot->runs.at(1), &reset = snapshot->runs.at(2), &kept = snapshot->runs.at(3);
  REQUIRE(reset.edits->size() == 1);
  const std::int64_t episode = reset.edits->front().position, end = reset.tokens.count();
  CHECK(reset.edits->front().is_reset);
  CHECK((other.edits->empty() && kept.edits->empty()));
  for (std::int64_t t = 0; t < end; ++t) REQUIRE(reset.tokens[t][0] == kept.tokens[t][0]);
  CHECK(answers(*lab, reset) == letters(reset, episode, end));
  const Ids mixed = answers(*lab, kept), old = letters(kept, 0, episode);
  CHECK(std::ranges::any_of(mixed, [&](std::int32_t letter) { return std::ranges::find(old, letter) != old.end(); }));
  CHECK(answers(*lab, other) == letters(other, 0, other.tokens.count()));

  Ids ids, again;
  for (std::int64_t t = 0; t < other.tokens.count(); ++t) ids.push_back(other.tokens[t][0]);
  for (std::int64_t t = episode; t < end; ++t) again.push_back(reset.tokens[t][0]);
  State alone(model.schema()), fresh(model.schema());
  expected(model, alone, ids), expected(model, fresh, again);
  CHECK(state_at(*lab, other, other.tokens.count()).hash() == alone.hash());
  fresh.position = end;  // apart from where it stands, the reset lane is one that has read its new episode only
  CHECK(state_at(*lab, reset, end).hash() == fresh.hash());
}

}  // namespace
}  // namespace lab
