// `turnstile serve`: the whole server, from settings to exit status.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "journal/shared_log.h"
#include "server/config.h"

namespace server {

/// Opens the journal of a cluster; given by the program, because this folder knows no etcd.
using OpenSharedLog =
    std::function<base::Result<std::unique_ptr<journal::SharedLog>>(const Config& config)>;

/// Recovers the state, listens, serves until SIGTERM or SIGINT, and ends cleanly: no new work,
/// everything answered is durable. Returns the exit status: 0, or that of the fault
/// (base/result.h), after one clear sentence on stderr. `open_shared_log` may be empty: then there
/// are no clusters.
int serve(const ServeOptions& options, const OpenSharedLog& open_shared_log);

}  // namespace server
