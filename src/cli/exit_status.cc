// From errors to exit statuses.
#include "cli/exit_status.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/text.h"

namespace cli {

ExitStatus status_of(turnstile::ErrorCode code) {
  using turnstile::ErrorCode;
  switch (code) {
    case ErrorCode::Busy:
    case ErrorCode::Deadlock:
    case ErrorCode::Overloaded: return ExitStatus::NotGranted;
    case ErrorCode::Unavailable:
    case ErrorCode::Moved: return ExitStatus::Unavailable;
    case ErrorCode::Stale:
    case ErrorCode::NoSession:
    case ErrorCode::Lost: return ExitStatus::LockLost;
    case ErrorCode::Denied: return ExitStatus::Denied;
    case ErrorCode::Ended: return ExitStatus::TaskEnded;
    case ErrorCode::Invalid:
    case ErrorCode::Limit: return ExitStatus::Usage;
    case ErrorCode::Protocol: return ExitStatus::Internal;
    case ErrorCode::NotHolder:
    case ErrorCode::Conflict:
    case ErrorCode::Forgotten:
    case ErrorCode::Cancelled:
    case ErrorCode::Broken:
    case ErrorCode::Other: return ExitStatus::Refused;
  }
  return ExitStatus::Internal;
}

int complain(const std::string& sentence, ExitStatus status) {
  fmt::print(stderr, "turnstile: {}\n", printable_lines(sentence));
  return number_of(status);
}

int complain(const base::Error& error) {
  return complain(error.message, static_cast<ExitStatus>(error.exit_status()));
}

int complain(const turnstile::Error& error) {
  return complain(error.what(), status_of(error.code()));
}

std::string exit_status_table() {
  std::string out = "Exit status:\n";
#define TURNSTILE_EXIT_STATUS(name, number, sentence) \
  out += fmt::format("  {:>3}  {}\n", number, sentence);
  TURNSTILE_EXIT_STATUSES(TURNSTILE_EXIT_STATUS)
#undef TURNSTILE_EXIT_STATUS
  return out;
}

}  // namespace cli
