// Locks of ZooKeeper, by its lock recipe.
#pragma once

#include <cstdint>
#include <memory>

#include "locker.h"

namespace bench {

std::unique_ptr<Locker> make_zookeeper_locker(std::uint16_t port);

}  // namespace bench
