// Locks of Turnstile, through the client of Redis.
#pragma once

#include <cstdint>
#include <memory>

#include "locker.h"

namespace bench {

std::unique_ptr<Locker> make_turnstile_locker(std::uint16_t port);

}  // namespace bench
