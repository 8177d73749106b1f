// Makes the leader's snapshots, on a thread of its own with a machine of its
// own, so that the serving machine never stalls; and has the store tidied up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "journal/shared_log.h"

namespace server {

/// When a snapshot is due.
struct SnapshotRules {
  std::uint64_t tail_bytes_min = 64 << 20;  ///< or twice the last snapshot, if that is more
  std::uint64_t tail_batches_max = 10'000;
  std::int64_t store_bytes_max = std::int64_t{2} << 30;  ///< at which the store takes nothing more
};

/// From this part of the store's room on a snapshot is due, and nothing new is taken on.
inline constexpr std::int64_t kSnapshotAtPercent = 70;
inline constexpr std::int64_t kRefuseAtPercent = 85;

class Snapshotter {
 public:
  /// Called on its thread.
  using OnHealth = std::function<void(const journal::StoreHealth&)>;

  Snapshotter(journal::SharedLog& log, std::uint64_t epoch, const SnapshotRules& rules,
              OnHealth on_health);
  /// Ends at the next piece or batch.
  ~Snapshotter() = default;

 private:
  void run(const std::stop_token& stop);
  bool is_due() const;
  void make(const std::stop_token& stop);
  void look_after_store();

  journal::SharedLog& log_;
  const std::uint64_t epoch_;
  const SnapshotRules rules_;
  const OnHealth on_health_;
  journal::StoreHealth health_;
  std::uint64_t made_at_bytes_ = 0;  ///< the store's size when a snapshot was last made for it
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace server
