// The machine's replies as a client of the wire reads them, for histories that are made without
// one: by the simulator, by tests.
#pragma once

#include "command/reply.h"
#include "resp/value.h"

namespace checker {

/// Of Opened the answer to SESSION.OPEN, with a secret of no use.
resp::Value value_of(const command::Reply& reply);

}  // namespace checker
