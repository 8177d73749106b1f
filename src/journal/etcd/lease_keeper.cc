// Obtains, renews, and obtains again.
#include "journal/etcd/lease_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace journal::etcd {
namespace {

/// Short enough that all members of three can be asked within a lease.
constexpr base::Duration kCallWithin = base::Duration::from_ms(500);
/// A node without progress for so long lets its lease run out.
constexpr base::Duration kStuckAfter = base::Duration::from_seconds(4);

/// After a call that failed. The next one goes to another member of etcd.
constexpr base::Duration kPauseAfterFailure = base::Duration::from_ms(100);

}  // namespace

LeaseKeeper::LeaseKeeper(const Access& access, std::string member_key, base::Duration ttl)
    : client_(access),
      member_key_(std::move(member_key)),
      ttl_asked_(ttl),
      ttl_(ttl),
      progressed_at_us_(now().us()),
      worker_([this] { run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  is_ending_ = true;
  wake_.ring();
  worker_.join();
  if (lease_ != 0) client_.revoke(lease_, kCallWithin);
}

bool LeaseKeeper::is_stuck() const { return now().us() - progressed_at_us_ > kStuckAfter.us(); }

void LeaseKeeper::forget(std::int64_t lease) {
  lease_.compare_exchange_strong(lease, 0);
  wake_.ring();
}

void LeaseKeeper::run() {
  while (!is_ending_) {
    const bool is_done = lease_ == 0 ? obtain() : renew();
    if (!is_ending_) wake_.wait(is_done ? ttl_ / 5 : kPauseAfterFailure);
  }
}

bool LeaseKeeper::obtain() {
  const auto granted = client_.grant_lease(ttl_asked_, kCallWithin);
  if (!granted) return false;
  const auto put = client_.commit({{}, {Put{member_key_, "1", granted->id}}, {}}, kCallWithin);
  if (!put) return false;  // the lease runs out by itself
  ttl_ = granted->ttl;
  lease_ = granted->id;
  return true;
}

bool LeaseKeeper::renew() {
  if (const bool stuck = is_stuck(); stuck != was_stuck_) {
    was_stuck_ = stuck;
    if (stuck) spdlog::warn("nothing was got done at etcd for a while; the lease is not renewed");
  }
  if (was_stuck_) return true;
  const auto renewed = client_.keep_alive(lease_, kCallWithin);
  if (!renewed) return false;
  if (renewed->ttl > base::Duration()) return true;
  spdlog::warn("the lease in etcd has run out");
  lease_ = 0;
  return false;
}

}  // namespace journal::etcd
