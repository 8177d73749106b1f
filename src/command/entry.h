// An entry: a command with everything that decides its outcome.
//
// The state machine sees nothing but entries. Index and times are stored in the
// journal's record; the rest is the record's payload, encoded here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "command/command.h"

namespace command {

/// Who asks. Session 0 is none; connection 0 is the service itself.
struct Origin {
  std::string user;
  std::uint64_t connection = 0;
  std::uint64_t session = 0;  ///< its secret was verified before the entry was made
};

struct Entry {
  std::uint64_t index = 0;
  base::Time now;   ///< cluster time
  base::Time wall;  ///< since 1970, for people; decides nothing
  Origin origin;
  std::uint64_t request = 0;  ///< REQUEST number; 0: none
  std::string ticket;         ///< ASYNC ticket; empty: the caller blocks or tries
  std::string trace;          ///< trace context, passed on for the audit
  Command command;
};

/// Appends the entry's payload (all but index and times) to `out`.
void encode(const Entry& entry, std::string& out);

/// Reads a payload back. Index and times stay as they are in `entry`.
base::Result<void> decode(std::string_view payload, Entry& entry);

/// The stored number and the wire name of the entry's command, for dumps and logs.
std::uint8_t kind_of(const Command& command);
std::string_view kind_name(std::uint8_t kind);

/// A digest of what a command asks for, without how long the caller listens:
/// two requests under one REQUEST number must agree on it.
std::uint64_t fingerprint(const Command& command);

}  // namespace command
