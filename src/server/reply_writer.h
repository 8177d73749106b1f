// The machine's replies in the words of the wire.
#pragma once

#include <cstdint>

#include "command/reply.h"
#include "resp/writer.h"

namespace server {

/// Writes any reply but Opened, which only the conversation that asked can complete.
/// Waiting is `QUEUED`.
void write_reply(resp::Writer& out, const command::Reply& reply);

void write_value(resp::Writer& out, const command::Value& value);

/// Writes `CODE sentence` as an error reply.
void write_refusal(resp::Writer& out, const command::Refused& refused);

}  // namespace server
