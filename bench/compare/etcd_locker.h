// Locks of etcd, by its own lock service.
#pragma once

#include <cstdint>
#include <memory>

#include "locker.h"

namespace bench {

std::unique_ptr<Locker> make_etcd_locker(std::uint16_t port);

}  // namespace bench
