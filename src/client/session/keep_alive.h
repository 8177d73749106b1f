// The clock of a session, as the client must see it.
//
// The server counts the TTL from the moment a renewal was applied and ends the
// session late; the client counts 0.9 of it from the moment it *sent* that
// renewal and gives up early. Whatever the delays of the network, the client's
// time is over first; only the rates of two clocks must agree, to within a tenth.
// (The rule is that of Chubby's and TiKV PD's leases.)
#pragma once

#include "base/time.h"

namespace turnstile::client {

/// 0.9 of a TTL or lease: what a client may rely on.
constexpr base::Duration safe_part(base::Duration promised) { return promised * 9 / 10; }

/// When to renew a session, and until when it is sure to live. Not thread-safe.
class KeepAlive {
 public:
  explicit KeepAlive(base::Duration ttl);

  /// The session was opened by a request sent then. `ttl` is the server's word; no more
  /// than what was asked for is believed.
  void opened(base::Time sent, base::Duration ttl);

  /// A renewal that was sent then is answered. Answers may come in any order.
  void renewed(base::Time sent, base::Duration ttl);

  /// A renewal leaves now.
  void sending(base::Time now) { last_sent_ = now; }
  /// Something happened that makes a renewal due at once.
  void hurry() { last_sent_ = base::Time(); }

  /// When the next renewal is to be sent.
  base::Time due() const;
  /// From this moment on the session must be taken for lost.
  base::Time until() const { return until_; }

  base::Duration ttl() const { return ttl_; }
  /// How long a renewal may remain unanswered before another way is tried.
  base::Duration attempt() const;
  /// A client that was not there for so long distrusts what it believed before.
  base::Duration gap_max() const { return ttl_ / 10; }

 private:
  base::Duration asked_;
  base::Duration ttl_;
  base::Time last_sent_;
  base::Time until_;
};

}  // namespace turnstile::client
