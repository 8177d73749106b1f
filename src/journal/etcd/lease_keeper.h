// This node's lease in etcd, and the thread that keeps it alive.
//
// The lease says that the node lives: its member key hangs on it, and the leader
// key if it leads. A node that lives but gets nothing done must not keep others
// from leading, so the lease is renewed only while there is progress.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "journal/etcd/client.h"
#include "journal/etcd/outside.h"

namespace journal::etcd {

/// Thread-safe.
class LeaseKeeper {
 public:
  /// The thread begins at once to obtain a lease, and to put `member_key` onto it.
  LeaseKeeper(const Access& access, std::string member_key, base::Duration ttl);
  /// Revokes the lease, if etcd answers soon: whatever hangs on it is gone then.
  ~LeaseKeeper();

  /// The lease, or 0 while there is none.
  std::int64_t lease() const { return lease_; }
  /// etcd said that this lease is gone; another is obtained soon.
  void forget(std::int64_t lease);
  /// Something was done that only a healthy node can do.
  void progressed() { progressed_at_us_ = now().us(); }

 private:
  void run();
  /// False: it failed, and is to be tried again soon.
  bool obtain();
  bool renew();
  bool is_stuck() const;

  Client client_;
  const std::string member_key_;
  const base::Duration ttl_asked_;
  base::Duration ttl_;
  std::atomic<std::int64_t> lease_ = 0;
  std::atomic<std::int64_t> progressed_at_us_ = 0;
  bool was_stuck_ = false;
  std::atomic<bool> is_ending_ = false;
  Bell wake_;
  Worker worker_;  // last: it uses all of the above
};

}  // namespace journal::etcd
