// How each thing the library asks for looks on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/conversation/operation.h"

namespace turnstile::client {

/// Who logs in, and what for.
struct Introduction {
  std::string name;  ///< of the session; empty: none
  std::string user;
  std::string password;  ///< empty, with an empty user: no login
};

/// All append one request to `out`. A "burn" is a renewal that uses a REQUEST number up.
void append_hello(std::string& out, const Introduction& who);
void append_open(std::string& out, const Introduction& who, base::Duration ttl);
void append_attach(std::string& out, std::uint64_t session, std::string_view secret);
void append_keep_alive(std::string& out);
void append_burn(std::string& out, std::uint64_t request);
void append_close(std::string& out);
void append_ping(std::string& out);
void append_cancel(std::string& out, std::uint64_t ticket);

/// A call's command, with its REQUEST number and its ticket if it has them.
void append_operation(std::string& out, const Operation& operation);

}  // namespace turnstile::client
