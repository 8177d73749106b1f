// Getting the lock, with an ear for signals: whoever waits for hours must be
// able to give up, and must not leave a grant behind that nobody uses.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/signals.h"
#include "turnstile/client.h"

namespace cli {

struct AcquisitionRequest {
  std::string url;
  turnstile::Options client;
  std::vector<std::string> keys;
  turnstile::AcquireOptions acquire;
};

/// A grant and the client that keeps it alive.
struct HeldLock {
  turnstile::Client client;
  turnstile::Grant grant;
};

struct Interrupted {
  int signal = 0;
};

/// Connects, and waits for all the keys. A signal withdraws the request; what was granted all the
/// same is given back before this returns. Throws what Client::connect() and lock_all() throw.
std::variant<HeldLock, Interrupted> acquire(AcquisitionRequest request, SignalQueue& signals);

}  // namespace cli
