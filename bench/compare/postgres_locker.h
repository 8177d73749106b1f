// Advisory locks of PostgreSQL.
#pragma once

#include <cstdint>
#include <memory>

#include "locker.h"

namespace bench {

std::unique_ptr<Locker> make_postgres_locker(std::uint16_t port);

}  // namespace bench
