// Assertions that stay on in every build.
//
// CHECK guards what this program itself must keep true: when it fails, the
// process has lost its way, prints the expression with the values that broke
// it, and aborts; the journal brings a new process back to the last durable
// state. Never CHECK bytes that come from a socket or a disk: those are
// answered with an error (see result.h).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace base {

/// Prints `file:line: CHECK failed: expression (details)` and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* expression,
                               const std::string& details);

/// Formats the values of a failed comparison; a type that fmt cannot print shows as `?`.
template <class A, class B>
std::string compared(const A& a, const B& b) {
  if constexpr (fmt::is_formattable<A>::value && fmt::is_formattable<B>::value) {
    return fmt::format("{} vs {}", a, b);
  } else {
    return "? vs ?";
  }
}

}  // namespace base

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::base::check_failed(__FILE__, __LINE__, #condition, {}); \
  } while (false)

#define CHECK_COMPARED_(a, op, b)                                 \
  do {                                                            \
    const auto& check_a_ = (a);                                   \
    const auto& check_b_ = (b);                                   \
    if (!(check_a_ op check_b_)) [[unlikely]]                     \
      ::base::check_failed(__FILE__, __LINE__, #a " " #op " " #b, \
                           ::base::compared(check_a_, check_b_)); \
  } while (false)

#define CHECK_EQ(a, b) CHECK_COMPARED_(a, ==, b)
#define CHECK_NE(a, b) CHECK_COMPARED_(a, !=, b)
#define CHECK_LT(a, b) CHECK_COMPARED_(a, <, b)
#define CHECK_LE(a, b) CHECK_COMPARED_(a, <=, b)
#define CHECK_GT(a, b) CHECK_COMPARED_(a, >, b)
#define CHECK_GE(a, b) CHECK_COMPARED_(a, >=, b)
