#pragma once
// Checks of our own promises. A failing check is a bug in the lab, never bad input.
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace lab::detail {

template <class A, class B>
[[noreturn]] void check_failed(const char* file, int line, const char* text, const A& a, const B& b) {
  std::ostringstream out;
  out << a << " vs " << b;
  std::fprintf(stderr, "%s:%d: check failed: %s (%s)\n", file, line, text, out.str().c_str());
  std::abort();
}

}  // namespace lab::detail

/// Stops the program when a relation between two values does not hold, printing both.
#define LAB_CHECK(a, relation, b)                                                            \
  do {                                                                                       \
    const auto& check_a_ = (a);                                                              \
    const auto& check_b_ = (b);                                                              \
    if (!(check_a_ relation check_b_))                                                       \
      ::lab::detail::check_failed(__FILE__, __LINE__, #a " " #relation " " #b, check_a_, check_b_); \
  } while (false)

#ifdef NDEBUG
#define LAB_DCHECK(a, relation, b) \
  do {                             \
  } while (false)
#else
#define LAB_DCHECK(a, relation, b) LAB_CHECK(a, relation, b)
#endif
