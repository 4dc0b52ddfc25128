#include "app/shell/error_help.h"

#include <doctest/doctest.h>

using namespace lab;

TEST_CASE("refusals: whatever is refused, there is something to do next") {
  for (int code = 0; code <= static_cast<int>(Code::cancelled); ++code) {
    CAPTURE(name_of(static_cast<Code>(code)));
    const std::string next = next_step({.code = static_cast<Code>(code)});
    CHECK(next.size() > 10);
    CHECK(next.ends_with('.'));
    for (int other = 0; other < code; ++other) CHECK(next != next_step({.code = static_cast<Code>(other)}));
  }
}

TEST_CASE("refusals: what the error itself advises goes first, and the headline names the file alone") {
  const Error error{.code = Code::truncated, .file = "/home/somebody/model/model.safetensors", .message = "the file ends early", .next = "copy it"};
  CHECK(next_step(error) == "copy it");
  CHECK(headline(error) == "model.safetensors: the file ends early");
  CHECK(headline({.code = Code::missing}) == "missing");
  CHECK(headline({.file = "a\nb", .message = "x"}) == "a\\x0ab: x");
}
