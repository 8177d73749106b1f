// Errors of the world outside: files, sockets, settings.
//
// There are three ways to fail. A *refusal* is an ordinary answer to a client
// (command/reply.h). An *error* is this: something outside did not work, and a
// person must be told what and where. A *broken* invariant is a CHECK.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace base {

/// What kind of thing went wrong; each has its own exit status, the same as in sysexits(3).
enum class Fault {
  Usage = 64,        ///< the command line or a setting is wrong
  Corrupt = 65,      ///< stored data is not what was written
  Unavailable = 69,  ///< the other side cannot be reached
  Broken = 70,       ///< a program error
  InUse = 73,        ///< a port or a data directory that somebody else holds, or cannot be created
  Io = 74,           ///< the disk failed or is full
  Config = 78,       ///< a configuration file is wrong or asks for something unsafe
};

/// One clear sentence for a person, and the kind of fault for a script.
struct Error {
  Fault fault = Fault::Broken;
  std::string message;

  int exit_status() const { return static_cast<int>(fault); }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(Fault fault, std::string message) {
  return std::unexpected(Error{fault, std::move(message)});
}

/// `what: reason` for an errno value, e.g. "cannot open /x/y: Permission denied".
std::unexpected<Error> failure_errno(Fault fault, const std::string& what, int error_number);

}  // namespace base
