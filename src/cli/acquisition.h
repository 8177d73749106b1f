// Getting the lock, with an ear for signals: whoever waits for hours must be
// able to give up, and must not leave a grant behind that nobody uses.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "cli/signals.h"
#include "turnstile/client.h"

namespace cli {

struct AcquisitionRequest {
  std::string url;
  turnstile::Options client;
  turnstile::AcquireOptions options;
  /// Waits for the grant, as the options say. Throws what the library throws.
  std::function<turnstile::Grant(turnstile::Client&, turnstile::AcquireOptions)> acquire;
};

/// A grant and the client that keeps it alive.
struct HeldLock {
  turnstile::Client client;
  turnstile::Grant grant;
};

struct Interrupted {
  int signal = 0;
};

/// Connects, and waits for the grant. A signal withdraws the request; what was granted all the same
/// is given back before this returns. Throws what Client::connect() and the request's `acquire`
/// throw.
std::variant<HeldLock, Interrupted> acquire(AcquisitionRequest request, SignalQueue& signals);

}  // namespace cli
