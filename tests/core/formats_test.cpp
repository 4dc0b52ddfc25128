// A kept file of every format version that there was: each is read for ever, and written again as it was.
#include <doctest/doctest.h>

#include "app/core/file_check.h"
#include "app/core/journal.h"
#include "app/core/rule_file.h"
#include "app/core/session.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"
#include "support.h"

namespace lab::test {
namespace {

std::string kept(const std::string& name) { return source_path("tests/data/formats/" + name); }

/// What is written is read the same again, and the lines that a newer program added are in it to the letter.
template <class Document>
void check_kept(const std::string& written, const Result<Document>& again, const std::string& file) {
  REQUIRE(again);
  CHECK(json_of(*again) == written);
  const std::size_t added = file.rfind("],\n") + 3;
  CHECK(written.substr(written.rfind("],\n") + 3) == file.substr(added));
  CHECK(file.find("reviewed_by") > added);
}

TEST_CASE("formats: a session of version 1 is read and written as it was, with fields it does not know") {
  const auto session = read_session(kept("session-1.statelab.json"));
  REQUIRE_MESSAGE(session, (session ? "" : session.error().text()));
  CHECK(session->model == "builtin:copy");
  CHECK(session->commands.size() == 35);  // every command that there was, but the opening of another model
  CHECK(session->expected.size() == 1);
  CHECK(session->unknown_fields == std::vector<std::string>{"layout", "reviewed_by"});
  check_kept(json_of(*session), parse_session(json_of(*session), ""), *read_file(kept("session-1.statelab.json"), 1 << 20));
  CHECK(session->notes == "What we saw.");
}

TEST_CASE("formats: a patch of version 1 is read and written as it was, with fields it does not know") {
  const auto patch = read_patch(kept("patch-1.patch.json"));
  REQUIRE_MESSAGE(patch, (patch ? "" : patch.error().text()));
  CHECK(patch->edits.size() == 4);
  CHECK(patch->unknown_fields == std::vector<std::string>{"reviewed_by"});
  check_kept(json_of(*patch), parse_patch(json_of(*patch), ""), *read_file(kept("patch-1.patch.json"), 1 << 20));
}

TEST_CASE("formats: rules of version 1 are read and written as they were, with fields they do not know") {
  const auto rules = read_rule_file(kept("rules-1.rules.json"));
  REQUIRE_MESSAGE(rules, (rules ? "" : rules.error().text()));
  CHECK(rules->interventions.size() == 2);
  CHECK(rules->unknown_fields == std::vector<std::string>{"reviewed_by"});
  CHECK(json_of(*rules) == *read_file(kept("rules-1.rules.json"), 1 << 20));
}

TEST_CASE("formats: a journal of version 1 is read to its end, with what it does not know") {
  const auto journal = read_journal(kept("journal-1.journal"));
  REQUIRE_MESSAGE(journal, (journal ? "" : journal.error().text()));
  CHECK(journal->damage.empty());
  CHECK(journal->session.model == "builtin:copy");
  CHECK(journal->session.model_hash == "0123456789abcdef");
  CHECK(journal->session.notes == "what we saw");
  CHECK(journal->session.commands.size() == 3);
  CHECK(journal->position == 5);
  CHECK(journal->goes_on);
  CHECK(journal->saved_to == "/home/me/a.statelab.json");
  CHECK(journal->has_changes);
  CHECK_FALSE(journal->is_closed);
  CHECK(journal->unknown == std::vector<std::string>{"camera"});
}

TEST_CASE("formats: a state of version 1 is read") {
  const FileCheck check = check_path(kept("state-1.safetensors"));
  CHECK(check.kind == "state");
  CHECK(check.problems.empty());
  CHECK(check.warnings.empty());
  CHECK(check.detail == "after 5 tokens");
}

}  // namespace
}  // namespace lab::test
