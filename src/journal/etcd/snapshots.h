// Snapshots in pieces, and the dropping of what they make superfluous.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "base/result.h"
#include "journal/etcd/client.h"
#include "journal/etcd/layout.h"
#include "journal/journal.h"
#include "journal/shared_log.h"

namespace journal::etcd {

class Snapshots {
 public:
  Snapshots(const Access& access, const Layout& layout, const std::atomic<bool>& stopped)
      : layout_(layout), stopped_(stopped), client_(access) {}

  /// Restores the newest good one as of that revision, and sets the position to its. A bad one is
  /// passed over with a warning. None: neither is touched.
  base::Result<void> restore_newest(Client& client, std::int64_t revision, Consumer& consumer,
                                    LogPosition& position);

  /// Fault::InUse: the epoch is over. For one thread, together with keep_house().
  base::Result<void> save(std::uint64_t epoch, const LogPosition& position,
                          const Snapshot& snapshot);

  /// Has etcd forget old revisions now and then, and tells how it is.
  base::Result<StoreHealth> keep_house();

  /// The newest, restored or saved. Thread-safe.
  SavedSnapshot last() const;

 private:
  base::Result<Found> list(Client& client, std::int64_t revision);
  base::Result<Snapshot> read(Client& client, std::uint64_t sequence, std::int64_t revision,
                              LogPosition& position);
  base::Result<void> put(std::uint64_t epoch, std::vector<Operation> operations);
  base::Result<void> drop_old(std::uint64_t epoch);
  base::Result<void> drop_batches(std::uint64_t epoch, std::uint64_t last);
  void set_last(const SavedSnapshot& snapshot);

  const Layout& layout_;
  const std::atomic<bool>& stopped_;
  Client client_;
  std::deque<std::pair<base::Time, std::int64_t>> revisions_;  ///< what was newest when
  std::int64_t compacted_ = 0;

  mutable std::mutex mutex_;
  SavedSnapshot last_;  ///< guarded by mutex_
};

}  // namespace journal::etcd
