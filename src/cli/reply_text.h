// Answers of the server, for programs and for people.
#pragma once

#include <string>

#include "turnstile/reply.h"

namespace cli {

/// The reply as JSON, indented, its fields in the order in which the server gave them. An error
/// within it is `{"error": "..."}`; a key of a map that is no text becomes one.
std::string json_text(const turnstile::Reply& reply);

/// The reply in redis-cli's manner: `(integer) 1`, `1) "a"`, `1# "token" => (integer) 2`. A text
/// that is the whole reply stands as it is, with its line breaks.
std::string redis_text(const turnstile::Reply& reply);

}  // namespace cli
