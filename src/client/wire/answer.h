// Replies as what they mean. The server is not trusted to send what it should:
// each function returns nothing for a value that is not of the expected shape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "resp/value.h"
#include "turnstile/error.h"
#include "turnstile/grant.h"

namespace turnstile::client {

/// Tokens stay below 2^53, so that no language rounds them.
inline constexpr std::uint64_t kTokenEnd = std::uint64_t{1} << 53;

/// The code that stands for the first word of an error reply; Other if it is unknown.
ErrorCode find_code(std::string_view word);

/// An error reply as the library's error. Needs value.is_error().
Error to_error(const resp::Value& value);

/// The error of a call that nobody answered.
Error unavailable(std::string_view why, bool maybe_applied);

/// The answer to SESSION.OPEN.
struct Opened {
  std::uint64_t id = 0;
  std::string secret;
  base::Duration ttl;
};
std::optional<Opened> read_opened(const resp::Value& value);

/// The `ttl` of a map.
std::optional<base::Duration> read_ttl(const resp::Value& value);

/// The answer to an acquisition or a LOCK.RENEW, which has no `waited`.
struct Granted {
  std::uint64_t token = 0;
  base::Duration lease;
  base::Duration waited;
};
std::optional<Granted> read_granted(const resp::Value& value);

/// What a session has, as SESSION.ATTACH tells it.
struct ListedGrant {
  std::uint64_t token = 0;
  std::vector<std::string> keys;  ///< empty for a task
  std::string flow;               ///< of a task
  std::string task;
  base::Duration lease;
  std::uint64_t request = 0;  ///< 0: none
};
struct ListedWait {
  std::uint64_t request = 0;  ///< 0: none
  std::uint64_t ticket = 0;   ///< 0: not one of ours
};
struct Attached {
  base::Duration ttl;
  std::vector<ListedGrant> grants;
  std::vector<ListedWait> waits;
};
std::optional<Attached> read_attached(const resp::Value& value);

/// The token of a notice that a grant is no more, or 0.
std::uint64_t read_token(const resp::Value& map);

/// What a notice of the kind "lost" or "revoked", or "preempt", says beside the token.
Loss read_loss(std::string_view kind, const resp::Value& map);
Revocation read_revocation(const resp::Value& map);

/// A number of milliseconds that can be true.
std::optional<base::Duration> read_duration(const resp::Value& map, std::string_view key);

/// The text of a key of a map; empty if there is none.
std::string read_text(const resp::Value& map, std::string_view key);

/// A ticket of this library: a decimal number; 0 if it is something else.
std::uint64_t read_ticket(std::string_view text);

}  // namespace turnstile::client
