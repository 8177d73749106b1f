// Who acquires, as the server's search for deadlocks should see it.
#pragma once

#include <string>

#include "turnstile/options.h"

namespace turnstile::client {

/// The name of the calling thread: "t1", "t2" …, the same as long as it lives, and no
/// other thread's in this process.
const std::string& name_of_this_thread();

/// The options with an agent: the caller's word; else the owner, whom the server takes for it;
/// else this thread.
AcquireOptions with_agent(AcquireOptions options);

/// The same for an acquisition that no thread waits for. What is acquired so may be held by
/// one coroutine while another one waits on the same thread; a name of its own for each never
/// makes a deadlock out of that.
AcquireOptions with_agent_of_its_own(AcquireOptions options);

}  // namespace turnstile::client
