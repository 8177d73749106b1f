// One entry of a journal on one line.
#pragma once

#include <string>

#include "command/entry.h"

namespace cli {

/// Index, cluster time in seconds, wall time in UTC, who, and the command in words:
///
///     12  +3.250000s  2026-01-31T17:05:09.042Z  alice connection=3 session=2  LOCK.ACQUIRE a WAIT
///     500
std::string entry_line(const command::Entry& entry);

/// The same for programs, JSON on one line. Times in microseconds, that of the wall also as text.
std::string entry_json(const command::Entry& entry);

/// An entry whose payload could not be decoded.
std::string unreadable_line(const command::Entry& entry, const std::string& error);
std::string unreadable_json(const command::Entry& entry, const std::string& error);

}  // namespace cli
