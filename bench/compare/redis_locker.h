// Locks of Redis, as its documentation and its lock clients make them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "locker.h"

namespace bench {

/// Who is refused tries again after a random pause.
std::unique_ptr<Locker> make_redis_locker(std::uint16_t port);

/// Who is refused tries again when it hears that the key was released. The workers of a process
/// share one subscription, which wakes one of them for each message: no herd within the process.
std::vector<std::unique_ptr<Locker>> make_redis_pubsub_lockers(std::uint16_t port, int workers,
                                                               int keys);

}  // namespace bench
