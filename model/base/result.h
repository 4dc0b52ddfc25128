#pragma once
// Errors as values: every refusal says what was expected, what was found and where.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lab {

/// Kinds of refusal. The name (see `name_of`) is part of the command-line contract and never changes.
enum class Code : std::uint8_t {
  not_found,         // a path, tensor or key that must exist does not
  not_readable,      // present, but cannot be read (permission, not a regular file)
  wrong_kind,        // the bytes are of another format
  malformed,         // syntax: broken JSON, bad magic, bad UTF-8
  truncated,         // the file ends before what it announces
  too_large,         // a count or size beyond a stated limit or the file itself
  duplicate,         // the same name twice
  missing,           // a required tensor, field or file is absent
  mismatch,          // two statements disagree: config and shape, size and dtype
  out_of_range,      // a number outside its legal range
  overlap,           // byte ranges that overlap or leave holes
  unsupported,       // known and deliberately not done
  bad_argument,      // a command or option value
  no_memory,         // the budget does not allow it
  environment,       // display, device, disk, permission
  cancelled,         // the user stopped it
};

/// Stable lower-case name of a code, as printed and written to JSON.
const char* name_of(Code code);

/// One refusal. `where` goes from the file inwards: file, then field or tensor, then byte offset (-1: unknown).
struct Error {
  Code code = Code::malformed;
  std::string file;
  std::string field;
  std::int64_t offset = -1;
  std::string expected;
  std::string found;
  std::string message;  // one sentence without the parts above
  std::string next;     // what the user can do, may be empty
  std::vector<Error> others;  // what else is wrong with the same input

  /// The whole refusal on one line: message, file, field, offset, expected, found, next step.
  std::string text() const;
};

/// The first of several problems, which carries the others and says how many there are.
Error all_of(std::vector<Error> problems);

/// Makes foreign text printable: control bytes and broken UTF-8 become \xNN, long text is cut to `limit` bytes with an ellipsis.
std::string printable(const std::string& text, std::size_t limit = 120);

/// A value or an Error. Check with `if (!r)`, take with `*r` or `take()`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const { return held_.index() == 0; }
  T& operator*() { return std::get<0>(held_); }
  const T& operator*() const { return std::get<0>(held_); }
  T* operator->() { return &std::get<0>(held_); }
  const T* operator->() const { return &std::get<0>(held_); }
  T take() { return std::move(std::get<0>(held_)); }
  Error& error() { return std::get<1>(held_); }
  const Error& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, Error> held_;
};

/// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_.has_value(); }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

/// Returns the error of `expression` from the enclosing function; otherwise goes on.
#define LAB_TRY(expression)                          \
  do {                                               \
    if (auto status_ = (expression); !status_) return std::move(status_.error()); \
  } while (false)

#define LAB_CONCAT_(a, b) a##b
#define LAB_CONCAT(a, b) LAB_CONCAT_(a, b)
#define LAB_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                        \
  if (!result) return std::move(result.error());     \
  declaration = result.take()
/// `LAB_ASSIGN(auto x, f());`: x becomes the value of f(), or its error is returned.
#define LAB_ASSIGN(declaration, expression) LAB_ASSIGN_(LAB_CONCAT(result_, __LINE__), declaration, expression)

}  // namespace lab
