// The names of the error codes, and what a sentence says beside them.
#include "turnstile/error.h"

#include <charconv>

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
    case ErrorCode::Ended: return "ENDED";
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

std::optional<std::chrono::milliseconds> Error::expected_wait() const noexcept {
  constexpr std::string_view kBefore = "; expect to wait ";
  constexpr std::string_view kAfter = " ms";
  const std::string_view sentence = what();
  const auto before = sentence.rfind(kBefore);
  if (code_ != ErrorCode::Busy || before == std::string_view::npos) return std::nullopt;
  const auto number = sentence.substr(before + kBefore.size());
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ms);
  const std::string_view rest = number.substr(static_cast<std::size_t>(end - number.data()));
  if (error != std::errc() || rest != kAfter || ms < 0) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

}  // namespace turnstile
