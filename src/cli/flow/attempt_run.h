// Running COMMAND for one attempt at a task, and telling the server what came of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/process.h"
#include "cli/signals.h"
#include "cli/supervisor.h"
#include "turnstile/attempt.h"

namespace cli {

/// The exit status by which COMMAND asks for another attempt: EX_TEMPFAIL of sysexits(3).
inline constexpr int kTryAgain = 75;

struct AttemptRules {
  std::vector<std::string> command;
  StopRules stop;
  bool extends = true;          ///< while COMMAND runs; else the time-out is its limit
  bool inherits_input = false;  ///< without predecessors, COMMAND reads what this process would
  bool reads_json = false;      ///< the results are JSON in any case
};

/// What came of an attempt.
enum class AttemptEnd {
  Completed,
  Failed,
  TriedAgain,   ///< it has another attempt, if one is left
  Wanted,       ///< given back for somebody of higher priority
  CannotStart,  ///< given back: COMMAND could not be started here
  Lost,
  Unknown,  ///< COMMAND was ended by a signal: only the end of the session tells the server
};

struct AttemptReport {
  AttemptEnd end = AttemptEnd::Unknown;
  int status = 0;                        ///< the exit status for it
  std::string result = {};               ///< if it completed
  std::string reason = {};               ///< if it failed, or shall be tried again
  std::optional<int> asked_to_end = {};  ///< the signal, if this process was told to end
};

/// Returns when COMMAND has ended and the server knows, or cannot be told; what went wrong is said
/// on the standard error.
AttemptReport run_attempt(turnstile::Attempt& attempt, const AttemptRules& rules,
                          SignalQueue& signals, const InheritedFiles& inherited);

}  // namespace cli
