// The systems that are compared, each with what is usual and good practice for it:
//
//   turnstile   LOCK.ACQUIRE with WAIT and LOCK.RELEASE with the token, in a session
//   redis       SET NX PX with a value of one's own and a script that deletes only that value; who
//               is refused tries again after a random pause, or (redis-pubsub) when a message says
//               that the key was released
//   etcd        Lock and Unlock of etcd's own lock service, with a lease for each worker
//   zookeeper   the lock recipe: ephemeral sequential nodes, each watches the one before it
//   postgres    pg_advisory_lock and pg_advisory_unlock, prepared
//   wakes       no server: what a library costs that has one thread for the connection
//
// Every worker has a connection of its own, except where the client library is one of
// the things compared (turnstile-library).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baton.h"
#include "locker.h"
#include "pipe.h"
#include "rings.h"

namespace bench {

/// How a system is reached, and how much is asked of it.
struct Reach {
  std::uint16_t port = 0;  ///< on 127.0.0.1
  int workers = 1;
  int keys = 0;  ///< as in Workload
};

/// One for each worker, connected. Throws std::invalid_argument if no system is called that.
std::vector<std::unique_ptr<Locker>> make_lockers(std::string_view system, const Reach& reach);

/// The same for requests that are sent many at a time.
std::vector<std::unique_ptr<Pipe>> make_pipes(std::string_view system, const Reach& reach);

/// What rings hand on with. Prepares the service for so many rings, which is done before the
/// processes of the rings are started.
MakeBaton make_batons(std::string_view system, std::uint16_t port, int rings);

}  // namespace bench
