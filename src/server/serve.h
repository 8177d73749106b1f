// `turnstile serve`: the whole server, from settings to exit status.
#pragma once

#include "server/config.h"

namespace server {

/// Recovers the state, listens, serves until SIGTERM or SIGINT, and ends cleanly: no new work,
/// everything answered is durable. Returns the exit status: 0, or that of the fault
/// (base/result.h), after one clear sentence on stderr.
int serve(const ServeOptions& options);

}  // namespace server
