// What a worker locks with, and the two ways to the server that are compared: bare RESP, with a
// connection and a session for every worker, and the client library, one Client for all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class Way { Bare, Library };

/// "bare" or "library".
std::string_view to_string(Way way);

/// What a locker returns whose server gives no fencing tokens.
inline constexpr std::uint64_t kNoToken = 0;

/// What one worker locks with: at most one key at a time. Not thread-safe; each has a thread of
/// its own.
class Locker {
 public:
  virtual ~Locker() = default;

  /// Waits until the key is held and returns its token. Throws if it cannot be had.
  virtual std::uint64_t lock(const std::string& key) = 0;

  /// Gives the key back and waits for the answer. Throws if it was not held any more.
  virtual void unlock() = 0;
};

/// One for each worker, connected. Throws if the server cannot be reached.
std::vector<std::unique_ptr<Locker>> make_lockers(Way way, std::uint16_t port, int workers);

}  // namespace bench
