// Every refusal the service can answer with, in one table.
//
// A refusal is an ordinary answer: on the wire an error reply that begins with
// its code. "Not granted" is never a nil that could be taken for a grant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace command {

// clang-format off
//   enumerator, first word on the wire, may the command have been applied?, sentence
#define TURNSTILE_ERRORS(X)                                                             \
  X(Malformed, "ERR", false, "the request is not a valid command; nothing was changed") \
  X(NoProtocol, "NOPROTO", false, "HELLO asked for a protocol version other than 2 or 3") \
  X(Busy, "BUSY", false, "somebody holds the key or is before you, and the WAIT is over") \
  X(Deadlock, "DEADLOCK", false, "waiting would never have ended")                      \
  X(Stale, "STALE", false, "the token is no live grant on this key; the cause follows") \
  X(NotHolder, "NOTHOLDER", false, "the grant belongs to somebody else")                \
  X(NoSession, "NOSESSION", false, "the session has ended, never was, or is not yours") \
  X(Cancelled, "CANCELLED", false, "the wait was withdrawn by CANCEL")                  \
  X(Conflict, "CONFLICT", false, "the name or number is already used for something else") \
  X(Forgotten, "FORGOTTEN", true, "the REQUEST number is older than the answers kept")  \
  X(Lost, "LOST", true, "the REQUEST was granted earlier, and that grant has ended")    \
  X(Ended, "ENDED", false, "the task has ended, so nobody runs it any more; how follows") \
  X(Broken, "BROKEN", false, "the barrier was broken: one who had arrived died")        \
  X(Limit, "LIMIT", false, "a limit of the service is reached")                         \
  X(Overloaded, "OVERLOADED", false, "nothing new is taken on for now; releases work")  \
  X(Moved, "MOVED", false, "another node leads; the reply says which")                  \
  X(Unavailable, "UNAVAILABLE", true, "the service stops, or cannot reach its journal")
// clang-format on

enum class Code : std::uint8_t {
#define TURNSTILE_ERROR_ENUMERATOR(name, wire, applied, sentence) name,
  TURNSTILE_ERRORS(TURNSTILE_ERROR_ENUMERATOR)
#undef TURNSTILE_ERROR_ENUMERATOR
};

struct ErrorInfo {
  Code code;
  std::string_view wire;      ///< first word of the error reply
  bool may_be_applied;        ///< true: only a repeat with the same REQUEST tells
  std::string_view sentence;  ///< for the documentation
};

const ErrorInfo& error_info(Code code);
std::optional<Code> find_error(std::string_view wire);

/// A refusal: the code for programs, the sentence for people.
struct Refused {
  Code code = Code::Malformed;
  std::string sentence;

  bool operator==(const Refused&) const = default;
};

}  // namespace command
