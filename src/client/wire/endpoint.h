// Where a server can be found: what a URL says, and what a server says when it
// sends a client to another one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/error.h"

namespace turnstile::client {

inline constexpr std::uint16_t kDefaultPort = 7420;

/// A host and a port, or the path of a Unix socket.
struct Endpoint {
  std::string host = {};  ///< a name or an address, without brackets; empty for a Unix socket
  std::uint16_t port = kDefaultPort;
  std::string path = {};  ///< of a Unix socket; empty otherwise

  bool is_unix() const { return !path.empty(); }
  bool operator==(const Endpoint&) const = default;
};

/// "host:port", "[::1]:7420" or "unix:/path".
std::string to_string(const Endpoint& endpoint);

/// Reads `turnstile://HOST[:PORT][,HOST[:PORT]…]` or `unix:PATH`; in the order given, at
/// least one. Returns Invalid with what is wrong about it.
Result<std::vector<Endpoint>> parse_url(std::string_view url);

/// Reads `HOST[:PORT]`, an IPv6 address in brackets. Returns Invalid.
Result<Endpoint> parse_host_port(std::string_view text);

/// `url` if it is not empty, else the environment's TURNSTILE_URL, else the local host.
std::string url_or_default(std::string_view url);

}  // namespace turnstile::client
