#include "app/shell/words.h"

#include <doctest/doctest.h>

#include "app/shell/figure_export.h"

using namespace lab;

TEST_CASE("words: memory is told in binary units with three digits") {
  CHECK(memory_text(0) == "0 B");
  CHECK(memory_text(412 * 1024 * 1024LL) == "412 MiB");
  CHECK(memory_text(2LL << 30) == "2 GiB");
  CHECK(memory_text(1000) == "0.977 KiB");
  CHECK(memory_text(1536) == "1.5 KiB");
}

TEST_CASE("words: amounts are told in decimal units with three digits") {
  CHECK(amount_text(999) == "999");
  CHECK(amount_text(67'520) == "67.5 k");
  CHECK(amount_text(1'053'008) == "1.05 M");
  CHECK(amount_text(130'000'000'000) == "130 G");
}

TEST_CASE("export: only the four endings can be written, and not as a whole name") {
  for (const char* good : {"a.pdf", "/tmp/a.svg", "a.b.png", "x.csv"}) CHECK(can_export_to(good));
  for (const char* bad : {"", "pdf", "a.txt", "a.PDF2", ".pdf", "/tmp/.pdf", "a.pdf/"}) CHECK_FALSE(can_export_to(bad));
}
