// Events, barriers and latches: what is kept of them beside those who wait.
#pragma once

#include <absl/container/btree_set.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace state {

using base::Time;

struct Signal {
  std::uint64_t id = 0;  ///< index of the entry that made it
  std::string name;
  std::uint64_t generation = 0;  ///< index of the entry that set, released or made it last
  Time forget = Time::never();   ///< when it is forgotten, if nobody uses it
  std::int64_t bytes = 0;        ///< counted of it. Rebuilt.
};

struct Event : Signal {
  bool is_set = false;
  bool is_automatic = false;
  std::string payload;
};

/// What one who arrived brought.
struct Arrival {
  std::string participant;
  std::string payload;
};

/// Those who have arrived are its waiters.
struct Barrier : Signal {
  std::int64_t parties = 0;           ///< of the round that is under way; 0: none is
  std::int64_t shrunk = 0;            ///< parties that died in it
  absl::btree_set<std::string> dead;  ///< those of them that had a name, in case they come back
  std::vector<Arrival> brought;       ///< in the last round, in the order of arrival
};

struct Latch : Signal {
  std::int64_t count = 0;
  std::int64_t left = 0;
  absl::btree_set<std::string> participants;  ///< that have counted
};

/// The bytes of what it keeps for others.
inline std::int64_t bytes_of(const Event& event) {
  return static_cast<std::int64_t>(event.payload.size());
}
inline std::int64_t bytes_of(const Barrier& barrier) {
  std::size_t bytes = 0;
  for (const Arrival& arrival : barrier.brought) {
    bytes += arrival.participant.size() + arrival.payload.size();
  }
  for (const std::string& participant : barrier.dead) bytes += participant.size();
  return static_cast<std::int64_t>(bytes);
}
inline std::int64_t bytes_of(const Latch& latch) {
  std::size_t bytes = 0;
  for (const std::string& participant : latch.participants) bytes += participant.size();
  return static_cast<std::int64_t>(bytes);
}

template <class Archive>
void fields(Archive& archive, Signal& s) {
  archive(s.id, s.name, s.generation, s.forget);
}
template <class Archive>
void fields(Archive& archive, Event& e) {
  archive(static_cast<Signal&>(e), e.is_set, e.is_automatic, e.payload);
}
template <class Archive>
void fields(Archive& archive, Arrival& a) {
  archive(a.participant, a.payload);
}
/// A set, as a list without repeats.
template <class Archive>
void names_in(Archive& archive, absl::btree_set<std::string>& names) {
  std::vector<std::string> list(names.begin(), names.end());
  archive(list);
  if constexpr (requires { archive.ok(); }) {
    names = {list.begin(), list.end()};
    if (names.size() != list.size()) archive.fail();
  }
}
template <class Archive>
void fields(Archive& archive, Barrier& b) {
  archive(static_cast<Signal&>(b), b.parties, b.shrunk, b.brought);
  names_in(archive, b.dead);
}
template <class Archive>
void fields(Archive& archive, Latch& l) {
  archive(static_cast<Signal&>(l), l.count, l.left);
  names_in(archive, l.participants);
}

}  // namespace state
