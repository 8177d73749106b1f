// The commands on events, barriers and latches.
//
// A generation is the index of the entry that set, released or made the thing:
// it grows for ever, even if the thing is forgotten and made anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace command {

using base::Duration;

// --- events

struct EventSet {
  static constexpr std::uint8_t kKind = 104;
  std::string name;
  std::string payload;
  bool automatic = false;  ///< AUTO: one waiter gets it, and it is reset
};

struct EventReset {
  static constexpr std::uint8_t kKind = 105;
  std::string name;
};

struct EventWait {
  static constexpr std::uint8_t kKind = 106;
  std::string name;
  std::optional<std::uint64_t> after;  ///< a generation: only a later one will do
  Duration wait;
};

struct EventInfo {
  static constexpr std::uint8_t kKind = 107;
  std::string name;
};

// --- barriers

/// What becomes of a barrier when one who has arrived dies.
enum class OnDeath : std::uint8_t {
  Break,   ///< all are told that it is broken
  Shrink,  ///< it needs one party less
  Last = Shrink,
};

struct BarrierArrive {
  static constexpr std::uint8_t kKind = 112;
  std::string name;
  std::int64_t parties = 1;
  std::string participant;  ///< empty: nobody in particular
  OnDeath on_death = OnDeath::Break;
  Duration wait;
  std::string payload;
};

struct BarrierInfo {
  static constexpr std::uint8_t kKind = 113;
  std::string name;
};

// --- latches

struct LatchSet {
  static constexpr std::uint8_t kKind = 120;
  std::string name;
  std::int64_t count = 1;
};

struct LatchCountdown {
  static constexpr std::uint8_t kKind = 121;
  std::string name;
  std::string participant;  ///< counts once; empty: counts each time
};

struct LatchWait {
  static constexpr std::uint8_t kKind = 122;
  std::string name;
  Duration wait;
};

struct LatchInfo {
  static constexpr std::uint8_t kKind = 123;
  std::string name;
};

template <class Archive>
void fields(Archive& archive, EventSet& c) {
  archive(c.name, c.payload, c.automatic);
}
template <class Archive>
void fields(Archive& archive, EventReset& c) {
  archive(c.name);
}
template <class Archive>
void fields(Archive& archive, EventWait& c) {
  archive(c.name, c.after, c.wait);
}
template <class Archive>
void fields(Archive& archive, EventInfo& c) {
  archive(c.name);
}
template <class Archive>
void fields(Archive& archive, BarrierArrive& c) {
  archive(c.name, c.parties, c.participant, c.on_death, c.wait, c.payload);
}
template <class Archive>
void fields(Archive& archive, BarrierInfo& c) {
  archive(c.name);
}
template <class Archive>
void fields(Archive& archive, LatchSet& c) {
  archive(c.name, c.count);
}
template <class Archive>
void fields(Archive& archive, LatchCountdown& c) {
  archive(c.name, c.participant);
}
template <class Archive>
void fields(Archive& archive, LatchWait& c) {
  archive(c.name, c.wait);
}
template <class Archive>
void fields(Archive& archive, LatchInfo& c) {
  archive(c.name);
}

}  // namespace command
