// What the state machine can be asked.
//
// One struct a command, named as on the wire: LOCK.ACQUIRE is LockAcquire. Each
// has a stored number (kKind) that never changes, and lists its fields once for
// encoding and decoding. Those on tasks stand in task.h, those on signals in
// signal.h.
//
// To add a command: 1 the struct here, and its place in Command; 2 its row in
// table.cc; 3 its parse function in parse.cc; 4 its case in state/machine.cc;
// the compiler asks for the rest.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "command/limits.h"
#include "command/signal.h"
#include "command/task.h"
#include "command/terms.h"

namespace command {

using base::Duration;

// --- sessions

struct SessionOpen {
  static constexpr std::uint8_t kKind = 1;
  Duration ttl;
  std::string name;
  bool end_on_close = false;  ///< ONCLOSE END: the session ends with its last connection
  base::Sha256 secret_hash{};
};

/// The connection's session is in the entry's origin, its secret already verified.
struct SessionAttach {
  static constexpr std::uint8_t kKind = 2;
};

struct SessionKeepAlive {
  static constexpr std::uint8_t kKind = 3;
};

struct SessionClose {
  static constexpr std::uint8_t kKind = 4;
};

struct SessionInfo {
  static constexpr std::uint8_t kKind = 5;
  std::uint64_t id = 0;  ///< 0: the caller's own
};

struct SessionList {
  static constexpr std::uint8_t kKind = 6;
  std::uint64_t after = 0;
  std::int64_t count = 100;
};

// --- locks

struct KeyMode {
  base::Text key;
  bool shared = false;

  bool operator==(const KeyMode&) const = default;
};

/// Mostly one.
using KeyModes = absl::InlinedVector<KeyMode, 1>;

/// What becomes of the keys of a holder that is lost rather than releases.
struct OnLoss {
  enum class Kind : std::uint8_t {
    Free,   ///< handed on at once
    Delay,  ///< shut for `delay`
    Hold,   ///< shut until LOCK.RESOLVE
    Last = Hold,
  };
  Kind kind = Kind::Free;
  Duration delay;

  bool operator==(const OnLoss&) const = default;
};

struct LockAcquire : Terms {
  static constexpr std::uint8_t kKind = 16;
  KeyModes keys;                       ///< no key twice: the parser keeps the stronger mode
  base::Text owner;                    ///< whose grant a further request may enter again
  std::optional<Duration> preemption;  ///< PREEMPT: the grace of holders of lower priority
  OnLoss on_loss;
};

struct LockRelease {
  static constexpr std::uint8_t kKind = 17;
  std::string key;
  std::uint64_t token = 0;
};

struct LockRenew {
  static constexpr std::uint8_t kKind = 18;
  std::string key;
  std::uint64_t token = 0;
  Duration lease;
};

struct LockCheck {
  static constexpr std::uint8_t kKind = 19;
  std::string key;
  std::uint64_t token = 0;
};

struct LockInfo {
  static constexpr std::uint8_t kKind = 20;
  std::string key;
};

struct LockList {
  static constexpr std::uint8_t kKind = 21;
  enum class State : std::uint8_t { Any, Held, Shut };
  std::string prefix;
  State state = State::Any;
  std::int64_t count = 100;
  std::string after;  ///< keys greater than this one
};

/// Makes a shared hold of the key an exclusive one, before all who wait for it.
struct LockUpgrade {
  static constexpr std::uint8_t kKind = 22;
  std::string key;
  std::uint64_t token = 0;
  Duration wait;
};

/// Makes an exclusive hold of the key a shared one.
struct LockDowngrade {
  static constexpr std::uint8_t kKind = 23;
  std::string key;
  std::uint64_t token = 0;
};

/// Opens what a lost holder left shut.
struct LockResolve {
  static constexpr std::uint8_t kKind = 24;
  std::string key;
  std::uint64_t token = 0;  ///< 0: all lost holders of the key
  std::string reason;       ///< kept in the journal
};

/// Takes a grant away from its holder.
struct LockRevoke {
  static constexpr std::uint8_t kKind = 25;
  std::string key;
  std::uint64_t token = 0;  ///< 0: all grants on the key
  bool resolved = false;  ///< the outcome of the holder's work is known: its ONLOSS does not apply
  std::string reason;     ///< kept in the journal
};

// --- semaphores

struct SemAcquire : Terms {
  static constexpr std::uint8_t kKind = 32;
  std::string key;
  std::int64_t limit = 0;  ///< 0: as it is; the first acquire must say it
  std::int64_t permits = 1;
};

struct SemRelease {
  static constexpr std::uint8_t kKind = 33;
  std::string key;
  std::uint64_t token = 0;
};

struct SemRenew {
  static constexpr std::uint8_t kKind = 34;
  std::string key;
  std::uint64_t token = 0;
  Duration lease;
};

struct SemInfo {
  static constexpr std::uint8_t kKind = 35;
  std::string key;
};

struct SemResize {
  static constexpr std::uint8_t kKind = 36;
  std::string key;
  std::int64_t limit = 1;
};

// --- elections

struct ElectionCampaign : Terms {
  static constexpr std::uint8_t kKind = 40;
  std::string name;
  std::string value;
};

struct ElectionProclaim {
  static constexpr std::uint8_t kKind = 41;
  std::string name;
  std::uint64_t token = 0;
  std::string value;
};

struct ElectionResign {
  static constexpr std::uint8_t kKind = 42;
  std::string name;
  std::uint64_t token = 0;
};

struct ElectionLeader {
  static constexpr std::uint8_t kKind = 43;
  std::string name;
};

/// Withdraws the wait that bears the ticket.
struct Cancel {
  static constexpr std::uint8_t kKind = 48;
  std::string ticket;
};

// --- what the service says to itself

/// Everything that decides what apply() does and is not an entry: it changes by Configure alone.
struct Rules {
  std::uint32_t version = 1;                        ///< of apply() itself
  Duration ageing_step = Duration::from_ms(1'000);  ///< what one level of PRIORITY is worth
  std::int64_t slack_percent = 10;                  ///< of the TTL, added twice; see slack()
  Duration slack_min = Duration::from_ms(500);
  Limits limits;

  bool operator==(const Rules&) const = default;

  /// How long after its TTL a session is ended: the server may be late, never early.
  Duration slack(Duration ttl) const {
    const Duration part = ttl * slack_percent / 100;
    return part + (part < slack_min ? slack_min : part);
  }
};

struct Configure {
  static constexpr std::uint8_t kKind = 64;
  Rules rules;
};

/// A server began to serve: connections of the time before are gone, and their waiters with them.
struct Start {
  static constexpr std::uint8_t kKind = 65;
  std::string server;  ///< version and process, for the audit
};

/// Time has come to a deadline: everything due ends in this entry.
struct Tick {
  static constexpr std::uint8_t kKind = 66;
};

/// A connection is gone: its waiters without a session end, or the session whose last it was.
struct Disconnect {
  static constexpr std::uint8_t kKind = 67;
};

using Command =
    std::variant<SessionOpen, SessionAttach, SessionKeepAlive, SessionClose, SessionInfo,
                 SessionList, LockAcquire, LockRelease, LockRenew, LockCheck, LockInfo, LockList,
                 LockUpgrade, LockDowngrade, LockResolve, LockRevoke, SemAcquire, SemRelease,
                 SemRenew, SemInfo, SemResize, ElectionCampaign, ElectionProclaim, ElectionResign,
                 ElectionLeader, TaskAdd, TaskJoin, TaskTake, TaskComplete, TaskFail, TaskRelease,
                 TaskExtend, TaskResult, TaskCancel, TaskRedrive, TaskWhy, FlowInfo, FlowList,
                 FlowCancel, FlowClose, EventSet, EventReset, EventWait, EventInfo, BarrierArrive,
                 BarrierInfo, LatchSet, LatchCountdown, LatchWait, LatchInfo, Cancel, Configure,
                 Start, Tick, Disconnect>;

// --- fields, once for both directions

template <class Archive>
void fields(Archive& archive, SessionOpen& c) {
  archive(c.ttl, c.name, c.end_on_close);
  for (std::uint8_t& byte : c.secret_hash) archive(byte);
}
template <class Archive>
void fields(Archive&, SessionAttach&) {}
template <class Archive>
void fields(Archive&, SessionKeepAlive&) {}
template <class Archive>
void fields(Archive&, SessionClose&) {}
template <class Archive>
void fields(Archive& archive, SessionInfo& c) {
  archive(c.id);
}
template <class Archive>
void fields(Archive& archive, SessionList& c) {
  archive(c.after, c.count);
}
template <class Archive>
void fields(Archive& archive, KeyMode& k) {
  archive(k.key, k.shared);
}
template <class Archive>
void fields(Archive& archive, OnLoss& o) {
  archive(o.kind, o.delay);
}
template <class Archive>
void fields(Archive& archive, LockAcquire& c) {
  archive(c.keys, static_cast<Terms&>(c), c.owner, c.preemption, c.on_loss);
}
template <class Archive>
void fields(Archive& archive, LockRelease& c) {
  archive(c.key, c.token);
}
template <class Archive>
void fields(Archive& archive, LockRenew& c) {
  archive(c.key, c.token, c.lease);
}
template <class Archive>
void fields(Archive& archive, LockCheck& c) {
  archive(c.key, c.token);
}
template <class Archive>
void fields(Archive& archive, LockInfo& c) {
  archive(c.key);
}
template <class Archive>
void fields(Archive& archive, LockList& c) {
  archive(c.prefix, c.state, c.count, c.after);
}
template <class Archive>
void fields(Archive& archive, LockUpgrade& c) {
  archive(c.key, c.token, c.wait);
}
template <class Archive>
void fields(Archive& archive, LockDowngrade& c) {
  archive(c.key, c.token);
}
template <class Archive>
void fields(Archive& archive, LockResolve& c) {
  archive(c.key, c.token, c.reason);
}
template <class Archive>
void fields(Archive& archive, LockRevoke& c) {
  archive(c.key, c.token, c.resolved, c.reason);
}
template <class Archive>
void fields(Archive& archive, SemAcquire& c) {
  archive(c.key, c.limit, c.permits, static_cast<Terms&>(c));
}
template <class Archive>
void fields(Archive& archive, SemRelease& c) {
  archive(c.key, c.token);
}
template <class Archive>
void fields(Archive& archive, SemRenew& c) {
  archive(c.key, c.token, c.lease);
}
template <class Archive>
void fields(Archive& archive, SemInfo& c) {
  archive(c.key);
}
template <class Archive>
void fields(Archive& archive, SemResize& c) {
  archive(c.key, c.limit);
}
template <class Archive>
void fields(Archive& archive, ElectionCampaign& c) {
  archive(c.name, c.value, static_cast<Terms&>(c));
}
template <class Archive>
void fields(Archive& archive, ElectionProclaim& c) {
  archive(c.name, c.token, c.value);
}
template <class Archive>
void fields(Archive& archive, ElectionResign& c) {
  archive(c.name, c.token);
}
template <class Archive>
void fields(Archive& archive, ElectionLeader& c) {
  archive(c.name);
}
template <class Archive>
void fields(Archive& archive, Cancel& c) {
  archive(c.ticket);
}
template <class Archive>
void fields(Archive& archive, Rules& r) {
  archive(r.version, r.ageing_step, r.slack_percent, r.slack_min, r.limits);
}
template <class Archive>
void fields(Archive& archive, Configure& c) {
  archive(c.rules);
}
template <class Archive>
void fields(Archive& archive, Start& c) {
  archive(c.server);
}
template <class Archive>
void fields(Archive&, Tick&) {}
template <class Archive>
void fields(Archive&, Disconnect&) {}

}  // namespace command
