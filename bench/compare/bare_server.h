// The floor of the comparison: a lock server with a sync and none of the features. One thread reads
// what has arrived, grants, writes and syncs once for all of it, and answers. There are no
// sessions, no deadlines, no limits, no checks of what is asked, and nothing is ever read back.
// What is faster than this on the same machine is not a lock server.
//
// It answers LOCK.ACQUIRE and LOCK.RELEASE as Turnstile does, and anything else with OK, so that
// Turnstile's client of the comparison can measure it.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

/// Serves on 127.0.0.1 until the process is ended. An empty `folder`: nothing is written. Throws
/// std::system_error.
[[noreturn]] void serve_bare(std::uint16_t port, const std::string& folder);

}  // namespace bench
