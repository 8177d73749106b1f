// What can go wrong, for callers of the client library.
//
// A function that gives what it promises or throws has a twin named `try_…`
// that returns a Result instead. Both carry the same Error: a code to branch
// on, and one sentence for a person.
//
// The codes are never blurred. Busy means that the server decided "not now":
// somebody else holds the lock. Unavailable means that nobody decided: the
// server could not be asked, or its answer never came. Code that takes the
// first for the second, or the second for the first, moves money twice.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace turnstile {

enum class ErrorCode {
  Busy,         ///< not granted within the wait allowed; somebody else holds the key
  Deadlock,     ///< this wait could never have ended; the message spells out the cycle
  Stale,        ///< the token is not, or no longer, a live grant on the key
  NotHolder,    ///< the key is held, but not by this session
  NoSession,    ///< the session ended, and with it all it held
  Lost,         ///< granted, and ended by something else than a release
  Conflict,     ///< says something else than what was said before under the same name or number
  Forgotten,    ///< a repeat that comes too late to be recognised
  Cancelled,    ///< withdrawn by the caller (a stop token)
  Ended,        ///< the task has ended, or was skipped, so that nobody runs it any more
  Broken,       ///< a barrier whose member died
  Limit,        ///< larger, longer or more than is allowed
  Overloaded,   ///< the server takes no new work now; try again later
  Moved,        ///< another node answers for this key
  Denied,       ///< not logged in, or not allowed
  Unavailable,  ///< no answer: the server cannot be reached, or stops, or the client was closed
  Invalid,      ///< the request makes no sense: a wrong URL, name, option, or argument
  Protocol,     ///< the other side does not speak as a Turnstile server does
  Other,        ///< an error the server named that this library does not know; see the message
};

/// "BUSY", "DEADLOCK", …: the word on the wire, or what comes nearest to it.
std::string_view name(ErrorCode code);

/// Thrown by all functions of the library that throw. Copies do not throw.
/// `what()` is one sentence that starts with the word of the wire.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what, bool maybe_applied = false)
      : std::runtime_error(what), code_(code), maybe_applied_(maybe_applied) {}

  ErrorCode code() const noexcept { return code_; }

  /// True if the request may have had its effect although no success was
  /// answered. Never true of lock(), try_lock() and their kin: a grant that
  /// arrives after its caller has given up is given back by the library.
  bool maybe_applied() const noexcept { return maybe_applied_; }

  /// For Busy: how long the server expects one to wait now, if it knows.
  std::optional<std::chrono::milliseconds> expected_wait() const noexcept;

 private:
  ErrorCode code_;
  bool maybe_applied_;
};

/// Either a T or the Error that stands in its place; like std::expected, for
/// C++20. Converts to true when it holds the T. Not thread-safe.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value, or throws the error.
  T& value() & { return check(), std::get<0>(content_); }
  const T& value() const& { return check(), std::get<0>(content_); }
  T&& value() && { return check(), std::get<0>(std::move(content_)); }

  /// The value. Needs has_value(); throws std::bad_variant_access otherwise.
  T& operator*() & { return std::get<0>(content_); }
  const T& operator*() const& { return std::get<0>(content_); }
  T&& operator*() && { return std::get<0>(std::move(content_)); }
  T* operator->() { return &std::get<0>(content_); }
  const T* operator->() const { return &std::get<0>(content_); }

  /// The error. Needs !has_value(); throws std::bad_variant_access otherwise.
  const Error& error() const { return std::get<1>(content_); }

  /// True if this is an error of that code.
  bool failed_with(ErrorCode code) const noexcept {
    const Error* error = std::get_if<1>(&content_);
    return error != nullptr && error->code() == code;
  }

 private:
  void check() const {
    if (!has_value()) throw error();
  }

  std::variant<T, Error> content_;
};

}  // namespace turnstile
