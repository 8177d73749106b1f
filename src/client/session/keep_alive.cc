// The arithmetic of renewals: a third, a sixth, nine tenths.
#include "client/session/keep_alive.h"

#include <algorithm>

namespace turnstile::client {
namespace {

using base::Duration;
using base::Time;

// A long TTL is no reason to take as long to notice a dead connection.
constexpr Duration kAttemptMax = Duration::from_seconds(5);

}  // namespace

KeepAlive::KeepAlive(Duration ttl) : asked_(ttl), ttl_(ttl) {}

void KeepAlive::opened(Time sent, Duration ttl) {
  ttl_ = std::min(ttl, asked_);
  last_sent_ = sent;
  until_ = sent + safe_part(ttl_);
}

void KeepAlive::renewed(Time sent, Duration ttl) {
  until_ = std::max(until_, sent + safe_part(std::min(ttl, asked_)));
}

Time KeepAlive::due() const { return last_sent_ + ttl_ / 3; }

Duration KeepAlive::attempt() const { return std::min(ttl_ / 6, kAttemptMax); }

}  // namespace turnstile::client
