// The things the state machine keeps: sessions, grants, waiters, keys.
//
// Plain data with no behaviour of its own; machine.h says who may change what.
// `fields` lists what a snapshot stores. A key's holders and queue are not
// stored: they follow from the grants and the waiters.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/inlined_vector.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "command/command.h"
#include "state/answers.h"

namespace state {

using base::Duration;
using base::Time;

/// A place in the one order of all queues: virtual arrival (arrival less
/// priority x ageing step), then index. Equals are first come, first served;
/// the key never changes while its owner waits.
struct Place {
  Time virtual_arrival;
  std::uint64_t index = 0;

  auto operator<=>(const Place&) const = default;
};

/// A hold given to somebody: one token for all its keys.
struct Grant {
  std::uint64_t token = 0;
  std::string user;
  std::uint64_t connection = 0;  ///< that asked for it
  std::uint64_t session = 0;     ///< 0: belongs to the user who knows the token
  std::uint64_t request = 0;
  std::string ticket;
  std::vector<command::KeyMode> keys;
  std::uint8_t priority = 0;
  std::string note;
  Time granted;
  Time granted_wall;
  Time lease_end = Time::never();
};

/// A request that waits. Its id is the index of the entry that began the wait.
struct Waiter {
  std::uint64_t id = 0;
  Place place;
  std::string user;
  std::uint64_t connection = 0;  ///< that asked last
  std::uint64_t session = 0;     ///< 0: the waiter ends with the connection
  std::uint64_t request = 0;
  std::uint64_t fingerprint = 0;
  std::string ticket;
  std::vector<command::KeyMode> keys;
  std::optional<Duration> lease;
  std::uint8_t priority = 0;
  std::string note;
  Time arrived;
  Time arrived_wall;
  Time asked;    ///< when it was asked for last: a repeat counts its waiting from there
  Time give_up;  ///< the end of its WAIT
};

/// The waits of one session, or of one connection without a session.
struct Party {
  absl::btree_set<std::uint64_t> waiters;
  absl::btree_map<std::string, std::uint64_t> tickets;  ///< ticket -> waiter
};

/// A client's life.
struct Session {
  std::uint64_t id = 0;  ///< index of the entry that opened it
  std::string user;
  std::string name;
  base::Sha256 secret_hash{};
  bool end_on_close = false;
  Duration ttl;
  Time opened_wall;
  Time renewed;
  Answers answers;

  // What follows is rebuilt from grants and waiters.
  absl::btree_set<std::uint64_t> grants;
  Party party;
  Time alarm;  ///< where its deadline stands in Deadlines; never later than it is due
};

/// A lock's name with its holders and its queue. Exists while it has either.
struct Key {
  /// Tokens in rising order; several only when all are shared.
  absl::InlinedVector<std::uint64_t, 1> holders;
  bool exclusive = false;  ///< the one holder excludes others

  struct Queue {
    absl::btree_map<Place, std::uint64_t> all;  ///< place -> waiter
    absl::btree_set<Place> exclusive;           ///< those of `all` that want the key alone
  };
  std::unique_ptr<Queue> queue;  ///< null: nobody waits

  bool is_idle() const { return holders.empty() && !queue; }
};

template <class Archive>
void fields(Archive& archive, Place& p) {
  archive(p.virtual_arrival, p.index);
}
template <class Archive>
void fields(Archive& archive, Grant& g) {
  archive(g.token, g.user, g.connection, g.session, g.request, g.ticket, g.keys, g.priority, g.note,
          g.granted, g.granted_wall, g.lease_end);
}
template <class Archive>
void fields(Archive& archive, Waiter& w) {
  archive(w.id, w.place, w.user, w.connection, w.session, w.request, w.fingerprint, w.ticket,
          w.keys, w.lease, w.priority, w.note, w.arrived, w.arrived_wall, w.asked, w.give_up);
}
template <class Archive>
void fields(Archive& archive, Session& s) {
  archive(s.id, s.user, s.name);
  for (std::uint8_t& byte : s.secret_hash) archive(byte);
  archive(s.end_on_close, s.ttl, s.opened_wall, s.renewed, s.answers);
}

}  // namespace state
