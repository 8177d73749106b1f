// What every request for a grant says, whatever it is that it asks for.
#pragma once

#include <cstdint>
#include <optional>

#include "base/text.h"
#include "base/time.h"

namespace command {

using base::Duration;

/// Not every command takes all of it: the parser leaves the rest as it is here.
struct Terms {
  Duration wait;  ///< zero: a try
  std::optional<Duration> lease;
  std::uint8_t priority = 0;
  base::Text note;
  base::Text agent;  ///< who waits, within the session; for the search for deadlocks
  std::optional<Duration>
      within;  ///< IFWITHIN: refuse at once if the wait is expected to be longer

  bool operator==(const Terms&) const = default;
};

template <class Archive>
void fields(Archive& archive, Terms& t) {
  archive(t.wait, t.lease, t.priority, t.note, t.agent, t.within);
}

}  // namespace command
