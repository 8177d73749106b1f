// When to connect, and where to: the patience of a client whose server is away.
//
// The first attempt after a broken connection follows almost at once, since most
// servers that vanish are back at once or have a neighbour; then the pauses grow,
// each by chance between half and three halves of its nominal length, so that a
// thousand clients do not come back in step.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/time.h"
#include "client/wire/endpoint.h"

namespace turnstile::client {

/// Decides; somebody else connects. Not thread-safe.
class Link {
 public:
  /// `endpoints` are tried in turn, from the first on; at least one.
  Link(std::vector<Endpoint> endpoints, std::uint64_t seed);

  /// The number of the connection that should exist now, or 0 if none should. A
  /// connection of another number is to be closed.
  std::uint64_t wanted() const { return is_down_ ? 0 : serial_; }
  const Endpoint& endpoint() const { return endpoints_[next_]; }

  /// Asks for a connection if it is time for the next attempt. True if this did.
  bool try_at(base::Time now);
  /// When try_at() will ask for one; never if one is wanted already.
  base::Time retry_at() const { return is_down_ ? retry_at_ : base::Time::never(); }

  /// The connection works: the pauses start small again.
  void worked() { failures_ = 0; }

  /// Gives the connection up; the next attempt goes to the next endpoint after a pause.
  void drop(base::Time now);

  /// Gives the connection up; the next attempt goes to `endpoint`, which the server named.
  void redirect(base::Time now, Endpoint endpoint);

  /// Gives the connection up and wants none any more.
  void shut();

 private:
  base::Duration pause();

  std::vector<Endpoint> endpoints_;
  std::size_t next_ = 0;
  std::uint64_t serial_ = 0;
  bool is_down_ = true;
  base::Time retry_at_;  // the origin of time: at once
  unsigned failures_ = 0;
  std::mt19937_64 chance_;
};

}  // namespace turnstile::client
