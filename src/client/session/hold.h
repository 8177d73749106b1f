// What a Grant points to: shared between the caller's threads, which ask, and
// the conversation's thread, which knows. Everything that changes is atomic.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/session/alarm.h"
#include "turnstile/attempt.h"

namespace turnstile::client {

/// One session, from its opening to its loss. Its end is the end of all its holds.
struct SessionLife {
  std::uint64_t id = 0;
  /// Until when it is sure to live, in microseconds of the clock of deadlines.
  std::atomic<std::int64_t> until_us{0};
  std::stop_source lost;
};

/// What a grant is of: it says which commands are for it.
enum class HoldKind { Lock, Semaphore, Leadership, Task };

/// What somebody who runs a task is told with it.
struct Assignment {
  std::string flow;
  std::string task;
  int number = 0;  ///< of the attempt
  Milliseconds timeout{0};
  std::string input;
  std::string checkpoint;
  std::vector<TaskResult> results;
};

/// One grant, from its arrival to its release or loss; of a grant that is entered several
/// times, one of the levels.
struct Hold {
  HoldKind kind = HoldKind::Lock;
  std::vector<std::string> keys;                 ///< empty for a task
  std::shared_ptr<const Assignment> assignment;  ///< of a task
  std::shared_ptr<SessionLife> session;
  bool is_owned = false;  ///< acquired with OWNER: its token may be that of others, too
  /// Changes when a shared hold becomes exclusive, and never else.
  std::atomic<std::uint64_t> token{0};
  std::atomic<std::int64_t> waited_ms{0};
  /// When its own LEASE ends; as good as never if it has none.
  std::atomic<std::int64_t> lease_until_us{std::numeric_limits<std::int64_t>::max()};
  std::atomic<bool> is_over{false};  ///< released or lost
  /// An outcome of the task is on its way: nothing is given back any more.
  std::atomic<bool> is_settled{false};
  Alarm alarm;

  base::Time lease_until() const {
    return base::Time::from_us(lease_until_us.load(std::memory_order_acquire));
  }
  base::Time deadline() const {
    const auto session_until = session->until_us.load(std::memory_order_acquire);
    return std::min(base::Time::from_us(session_until), lease_until());
  }
  bool is_held(base::Time now) const {
    return !is_over.load(std::memory_order_acquire) && now < deadline();
  }
};

}  // namespace turnstile::client
