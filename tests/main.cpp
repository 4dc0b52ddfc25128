// The main function of every test program. LAB_TEST_CASE, when set, limits the run to the test cases that match it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  if (const char* filter = std::getenv("LAB_TEST_CASE")) context.addFilter("test-case", filter);
  return context.run();
}
