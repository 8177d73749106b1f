// The floor of a library with one connection for all threads: every request wakes the one thread
// that would send it, which wakes the one that asked. There is no server, no request and no lock.
#pragma once

#include <memory>
#include <vector>

#include "locker.h"

namespace bench {

/// For keys of one's own only: they exclude nobody.
std::vector<std::unique_ptr<Locker>> make_wake_lockers(int workers);

}  // namespace bench
