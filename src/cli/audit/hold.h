// What a history tells of one hold, and of one wait that came to nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "command/command.h"
#include "state/model.h"

namespace cli {

/// A moment of a history.
struct Moment {
  std::uint64_t index = 0;  ///< of the entry
  base::Time at;            ///< cluster time
  base::Time wall;
};

/// Who asked, and for what.
struct Asker {
  state::Space space = state::Space::Lock;
  command::KeyModes keys;
  std::string user;
  std::uint64_t session = 0;  ///< 0: none
  std::string name;           ///< of the session, at that time
  std::uint64_t connection = 0;
  std::int64_t permits = 1;
  std::uint8_t priority = 0;
  std::string owner;
  std::string note;
};

struct Hold : Asker {
  std::uint64_t token = 0;
  std::uint64_t before = 0;              ///< an upgrade: the token it had until then
  Moment granted;                        ///< its index is the token
  std::optional<base::Duration> waited;  ///< unknown if it is older than the history

  /// It was asked to leave.
  struct Warning {
    Moment moment = {};
    std::string by;
  };
  std::optional<Warning> warning;

  struct End {
    Moment moment = {};
    std::string cause = {};   ///< "released", "expired", "preempted", "completed" and so on
    std::string by = {};      ///< whose doing it was, if not the holder's
    std::string reason = {};  ///< that was given for it, or the cause more exactly
    bool shuts = false;       ///< what the holder did is unknown, and its keys stay shut
  };
  std::optional<End> end;  ///< nothing: it is held still
};

struct Refusal : Asker {
  Moment asked;
  Moment refused;
  std::string code;  ///< as on the wire
  std::string sentence;
};

/// "till-7 (session 3)", "alice, connection 5".
std::string who_asked(const Asker& asker);

/// `acct/1`, `acct/1 shared, acct/2`; a task as `flow task`.
std::string what_asked(const Asker& asker);

/// "lock", "semaphore", "election", "task" and so on.
std::string_view kind_of(state::Space space);

}  // namespace cli
