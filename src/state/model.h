// The things the state machine keeps: sessions, grants, waiters, keys, marks, semaphores.
//
// Plain data with no behaviour of its own; machine.h says who may change what.
// `fields` lists what a snapshot stores. A key's holders, queue and marks are
// not stored: they follow from the grants, the waiters and the marks.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/seldom.h"
#include "base/text.h"
#include "base/time.h"
#include "command/command.h"
#include "state/answers.h"
#include "state/ended_grants.h"
#include "state/tokens.h"

namespace state {

using base::Duration;
using base::Text;
using base::Time;

/// What a name is the name of: the same name in two spaces is two things.
enum class Space : std::uint8_t {
  Lock,
  Semaphore,
  Election,
  Task,    ///< task_key(): who runs a task, and who has joined it
  Pool,    ///< names of tasks: who would take one
  Result,  ///< task_key(): who waits for the end of a task
  Event,
  Barrier,
  Latch,
  Last = Latch
};
inline constexpr std::size_t kSpaceCount = static_cast<std::size_t>(Space::Last) + 1;

/// Whether who waits there is granted something, and so is in the way of others.
constexpr bool is_granting(Space space) { return space <= Space::Task; }

/// Whether what is granted there is found by the keys alone.
constexpr bool is_keyed(Space space) { return space <= Space::Election; }

constexpr bool is_signal(Space space) { return space >= Space::Event; }

/// A place in the one order of all queues: virtual arrival (arrival less
/// priority x ageing step), then index. Equals are first come, first served;
/// the key never changes while its owner waits.
struct Place {
  Time virtual_arrival;
  std::uint64_t index = 0;

  auto operator<=>(const Place&) const = default;
};

/// Before all places that come from an arrival: where an upgrade waits.
inline constexpr Time kBeforeAll = Time::from_us(-(std::int64_t{1} << 55));

/// What few claims say. A million of them are held, so it is kept apart.
struct Details {
  Text note;
  Text owner;  ///< whose claim it is, within the session; empty: nobody's
  Text value;  ///< what a candidate proclaims, who arrives brings; the prefix of a pool's flows
  command::OnLoss on_loss;
  std::int64_t permits = 1;  ///< of a semaphore

  // Of a grant.
  std::int64_t entries = 1;   ///< how often its owner entered it
  std::uint64_t upgrade = 0;  ///< the waiter that wants more of it; 0: none. Rebuilt.

  // Of a waiter.
  std::optional<Duration> grace;  ///< PREEMPT
  std::uint64_t generation = 0;   ///< an event's, after which it must have been set
  bool is_any_generation = true;  ///< it must be set now, whenever that happened
  Text participant;               ///< who has arrived at a barrier
  command::OnDeath on_death = command::OnDeath::Break;

  bool operator==(const Details&) const = default;
};

/// A request for a grant, while it waits and while it holds: who asks, for what, on which terms.
struct Claim {
  Space space = Space::Lock;
  std::uint8_t priority = 0;
  Text user;
  std::uint64_t connection = 0;  ///< that asked last
  std::uint64_t session = 0;     ///< 0: none
  std::uint64_t request = 0;
  Text ticket;
  Text agent;  ///< who waits, within the session; empty: the owner, or the session
  command::KeyModes keys;
  base::Seldom<Details> details;

  bool may_shut() const { return details->on_loss.kind != command::OnLoss::Kind::Free; }
};

/// A hold given to somebody: one token for all its keys. Without a session it belongs to the user
/// who knows the token.
struct Grant : Claim {
  std::uint64_t token = 0;
  Time granted;
  Time granted_wall;
  Time lease_end = Time::never();
};

/// A request that waits. Its id is the index of the entry that began the wait. Without a session
/// it ends with the connection.
struct Waiter : Claim {
  std::uint64_t id = 0;
  Place place;
  std::optional<Duration> lease;
  Time cut_off = Time::never();  ///< when it takes its keys from those who hold them
  std::uint64_t upgrades = 0;    ///< the token of the grant that is to become exclusive
  Time arrived;
  Time arrived_wall;
  Time asked;           ///< when it was asked for last: a repeat counts its waiting from there
  Time give_up;         ///< the end of its WAIT
  bool parked = false;  ///< one of its keys is shut, so it reserves nothing. Rebuilt.
};

/// The bytes that one who has arrived at a barrier brought for the others; 0 for any other wait.
inline std::int64_t bytes_of_arrival(const Waiter& waiter) {
  if (waiter.space != Space::Barrier) return 0;
  return static_cast<std::int64_t>(waiter.details->participant.size() +
                                   waiter.details->value.size());
}

/// What a lost holder left behind: while it stands, nothing new is granted on the keys.
struct Mark {
  std::uint64_t token = 0;
  Claim lost;          ///< as it was
  std::string holder;  ///< who it was, in words
  EndCause cause = EndCause::SessionExpired;
  Time since;
  Time since_wall;
  Time until = Time::never();  ///< when it goes by itself
};

struct Semaphore {
  std::uint64_t id = 0;  ///< index of the entry that made it
  std::string name;
  std::int64_t limit = 0;
  Time forget = Time::never();  ///< when it is forgotten, while nobody uses it
};

/// The waits of one session, or of one connection without a session.
struct Party {
  absl::btree_set<std::uint64_t> waiters;
  absl::btree_map<Text, std::uint64_t, std::less<>> tickets;  ///< ticket -> waiter
};

/// What one agent holds and waits for.
struct AgentClaims {
  absl::btree_set<std::uint64_t> grants;
  absl::btree_set<std::uint64_t> waiters;
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
  absl::btree_map<Text, AgentClaims, std::less<>> agents;  ///< by what agent_name() says
  Time alarm;  ///< where its deadline stands in Deadlines; never later than it is due
};

/// A name with its holders, its queue and what shuts it. Exists while it has any of them.
struct Key {
  /// Tokens in rising order; several only when all are shared, or permits.
  [[no_unique_address]] Tokens holders;
  bool exclusive = false;    ///< the one holder excludes others
  std::int64_t permits = 0;  ///< of a semaphore: how many are out

  struct Queue {
    absl::btree_map<Place, std::uint64_t> all;     ///< place -> waiter
    absl::btree_set<Place> exclusive;              ///< those of `all` that want the key alone
    absl::btree_map<Place, std::uint64_t> parked;  ///< those that reserve nothing
    std::size_t preempting = 0;                    ///< how many said PREEMPT
    std::uint64_t preemptor = 0;  ///< the one of them whose cut-off is set; 0: none

    bool empty() const { return all.empty() && parked.empty(); }
    std::size_t size() const { return all.size() + parked.size(); }
  };
  std::unique_ptr<Queue> queue;  ///< null: nobody waits

  std::unique_ptr<absl::btree_set<std::uint64_t>> marks;  ///< of tokens; null: the key is open

  bool is_idle() const { return holders.empty() && !queue && !marks; }
};
static_assert(sizeof(Key) == 40);  // there is one for each lock that is held

template <class Archive>
void fields(Archive& archive, Place& p) {
  archive(p.virtual_arrival, p.index);
}
/// The details are stored among the rest, as if they were kept with it.
template <class Archive>
void fields(Archive& archive, Claim& c, Details& d) {
  archive(c.space, c.user, c.connection, c.session, c.request, c.ticket, c.keys, c.priority, d.note,
          d.owner, c.agent, d.on_loss, d.permits, d.value);
}
/// `list(details)` lists the fields.
template <class Archive, class List>
void with_details(Archive&, Claim& claim, List list) {
  if constexpr (requires(Archive& archive) { archive.ok(); }) {
    Details details;
    list(details);
    claim.details = base::Seldom<Details>(std::move(details));
  } else {
    list(const_cast<Details&>(*claim.details));  // a writer only reads
  }
}
template <class Archive>
void fields(Archive& archive, Claim& c) {
  with_details(archive, c, [&](Details& d) { fields(archive, c, d); });
}
template <class Archive>
void fields(Archive& archive, Grant& g) {
  with_details(archive, g, [&](Details& d) {
    fields(archive, g, d);
    archive(g.token, g.granted, g.granted_wall, g.lease_end, d.entries);
  });
}
template <class Archive>
void fields(Archive& archive, Waiter& w) {
  with_details(archive, w, [&](Details& d) {
    fields(archive, w, d);
    archive(w.id, w.place, w.lease, d.grace, w.cut_off, w.upgrades, w.arrived, w.arrived_wall,
            w.asked, w.give_up, d.generation, d.is_any_generation, d.participant, d.on_death);
  });
}
template <class Archive>
void fields(Archive& archive, Mark& m) {
  archive(m.token, m.lost, m.holder, m.cause, m.since, m.since_wall, m.until);
}
template <class Archive>
void fields(Archive& archive, Semaphore& s) {
  archive(s.id, s.name, s.limit, s.forget);
}
template <class Archive>
void fields(Archive& archive, Session& s) {
  archive(s.id, s.user, s.name);
  for (std::uint8_t& byte : s.secret_hash) archive(byte);
  archive(s.end_on_close, s.ttl, s.opened_wall, s.renewed, s.answers);
}

}  // namespace state
