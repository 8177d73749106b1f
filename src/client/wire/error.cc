// The names of the error codes.
#include "turnstile/error.h"

namespace turnstile {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::Busy: return "BUSY";
    case ErrorCode::Deadlock: return "DEADLOCK";
    case ErrorCode::Stale: return "STALE";
    case ErrorCode::NotHolder: return "NOTHOLDER";
    case ErrorCode::NoSession: return "NOSESSION";
    case ErrorCode::Lost: return "LOST";
    case ErrorCode::Conflict: return "CONFLICT";
    case ErrorCode::Forgotten: return "FORGOTTEN";
    case ErrorCode::Cancelled: return "CANCELLED";
    case ErrorCode::Broken: return "BROKEN";
    case ErrorCode::Limit: return "LIMIT";
    case ErrorCode::Overloaded: return "OVERLOADED";
    case ErrorCode::Moved: return "MOVED";
    case ErrorCode::Denied: return "NOAUTH";
    case ErrorCode::Unavailable: return "UNAVAILABLE";
    case ErrorCode::Invalid: return "ERR";
    case ErrorCode::Protocol: return "NOPROTO";
    case ErrorCode::Other: return "OTHER";
  }
  return "OTHER";
}

}  // namespace turnstile
