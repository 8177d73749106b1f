// Obtains, renews, and obtains again.
#include "journal/etcd/lease_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace journal::etcd {
namespace {

/// Short enough that all members of three can be asked within a lease.
constexpr base::Duration kCallWithin = base::Duration::from_ms(500);
/// A node without progress for so long lets its lease run out.
constexpr base::Duration kStuckAfter = base::Duration::from_seconds(4);

/// After a call that failed. The next one goes to another member of etcd.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};

std::chrono::microseconds chrono(base::Duration duration) {
  return std::chrono::microseconds(duration.us());
}

}  // namespace

LeaseKeeper::LeaseKeeper(const Access& access, std::string member_key, base::Duration ttl)
    : client_(access), member_key_(std::move(member_key)), ttl_asked_(ttl), ttl_(ttl) {
  progressed();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LeaseKeeper::~LeaseKeeper() {
  thread_.request_stop();
  thread_.join();
  if (lease_ != 0) client_.revoke(lease_, kCallWithin);
}

std::int64_t LeaseKeeper::now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool LeaseKeeper::is_stuck() const { return now_us() - progressed_at_us_ > kStuckAfter.us(); }

void LeaseKeeper::forget(std::int64_t lease) {
  const std::lock_guard lock(mutex_);
  lease_.compare_exchange_strong(lease, 0);
  wake_.notify_all();
}

void LeaseKeeper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const bool done = lease_ == 0 ? obtain() : renew();
    std::unique_lock lock(mutex_);
    if (done) {
      wake_.wait_for(lock, stop, chrono(ttl_ / 5), [this] { return lease_ == 0; });
    } else {
      wake_.wait_for(lock, stop, kPauseAfterFailure, [] { return false; });
    }
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
