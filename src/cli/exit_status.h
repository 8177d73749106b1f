// With what the program exits; the same numbers as in sysexits(3) where that has one.
//
// To add one: its line here with a sentence, and its row in docs/cli.md; every
// --help shows this table.
#pragma once

#include <string>

#include "base/result.h"
#include "turnstile/error.h"

namespace cli {

// clang-format off
#define TURNSTILE_EXIT_STATUSES(X)                                                       \
  X(Success,       0, "done; `lock` and `task` exit as COMMAND does")                    \
  X(Refused,       1, "the server answered with an error")                               \
  X(Usage,        64, "the command line is wrong, or asks for more than is allowed") \
  X(Corrupt,      65, "a journal is not what was written, or a history breaks a promise") \
  X(Unavailable,  69, "no server answered")                                              \
  X(Internal,     70, "an error in this program, or an answer that it does not understand") \
  X(CannotCreate, 73, "a port or a data directory is in use, or cannot be created")      \
  X(Io,           74, "reading or writing failed")                                       \
  X(NotGranted,   75, "not granted in time (BUSY); or COMMAND shall be tried again") \
  X(LockLost,     76, "the lock or the task was lost while COMMAND ran; COMMAND was stopped") \
  X(Denied,       77, "not logged in, or not allowed")                                   \
  X(Config,       78, "a configuration file is wrong")                                   \
  X(TaskEnded,    79, "the task has ended without being completed, so COMMAND did not run") \
  X(CannotRun,   126, "COMMAND was found and could not be started")                      \
  X(NotFound,    127, "COMMAND was not found")                                           \
  X(BySignal,    128, "plus n: COMMAND, or `lock` while it waited, was ended by signal n")
// clang-format on

enum class ExitStatus : int {
#define TURNSTILE_EXIT_STATUS(name, number, sentence) name = number,
  TURNSTILE_EXIT_STATUSES(TURNSTILE_EXIT_STATUS)
#undef TURNSTILE_EXIT_STATUS
};

constexpr int number_of(ExitStatus status) { return static_cast<int>(status); }

/// Below 256, whatever the signal.
constexpr int status_of_signal(int signal) { return number_of(ExitStatus::BySignal) + signal; }

/// With what a subcommand exits that failed with this error. What the server refused for a
/// reason that has no status of its own is Refused.
ExitStatus status_of(turnstile::ErrorCode code);

/// Prints the sentence on the standard error, after the program's name, and gives the status.
int complain(const std::string& sentence, ExitStatus status);
int complain(const base::Error& error);
int complain(const turnstile::Error& error);

/// The table for people, one line a status.
std::string exit_status_table();

}  // namespace cli
