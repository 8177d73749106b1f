// The default place for the user's callbacks: one thread, apart from the one that
// reads the network, so that a callback may wait and call the library back.
#pragma once

#include "client/session/listener.h"

namespace turnstile::client {

/// An executor with a thread of its own, which is started when it is first needed and
/// ends with the last copy of the executor. Runs one function after another, in order.
/// If the system has no thread left, the first call throws std::system_error.
Executor make_callback_thread();

}  // namespace turnstile::client
