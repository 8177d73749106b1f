// The pauses between the attempts to connect.
#include "client/session/link.h"

#include <algorithm>

#include "base/check.h"

namespace turnstile::client {
namespace {

using base::Duration;
using base::Time;

constexpr Duration kFirstPause = Duration::from_ms(20);
constexpr Duration kLongestPause = Duration::from_ms(2'000);
constexpr std::size_t kEndpointsMax = 64;

}  // namespace

Link::Link(std::vector<Endpoint> endpoints, std::uint64_t seed)
    : endpoints_(std::move(endpoints)), chance_(seed) {
  CHECK(!endpoints_.empty());
}

bool Link::try_at(Time now) {
  if (!is_down_ || now < retry_at_) return false;
  is_down_ = false;
  ++serial_;
  return true;
}

void Link::drop(Time now) {
  is_down_ = true;
  next_ = (next_ + 1) % endpoints_.size();
  retry_at_ = now + pause();
  ++failures_;
}

void Link::redirect(Time now, Endpoint endpoint) {
  auto known = std::find(endpoints_.begin(), endpoints_.end(), endpoint);
  // A server that names ever new ones must not fill the memory.
  if (known == endpoints_.end() && endpoints_.size() < kEndpointsMax) {
    known = endpoints_.insert(known, std::move(endpoint));
  }
  drop(now);
  if (known != endpoints_.end()) {
    next_ = static_cast<std::size_t>(known - endpoints_.begin());
  }
}

void Link::shut() {
  is_down_ = true;
  retry_at_ = Time::never();
}

Duration Link::pause() {
  const auto rounds = std::min<std::size_t>(failures_ / endpoints_.size(), 10);
  const Duration nominal = std::min(kFirstPause * (1 << rounds), kLongestPause);
  const auto spread = static_cast<std::uint64_t>(nominal.us());
  return nominal / 2 + Duration::from_us(static_cast<std::int64_t>(chance_() % spread));
}

}  // namespace turnstile::client
