// The clock of all deadlines: steady, and running while the machine is suspended.
#pragma once

#include "base/time.h"

namespace turnstile::client {

/// CLOCK_BOOTTIME: a laptop or a virtual machine that slept finds its leases expired, where
/// CLOCK_MONOTONIC would still believe in them. Thread-safe.
base::Time boot_now() noexcept;

}  // namespace turnstile::client
