// SharedLog on etcd: reading, following and electing. Appending is
// leader_journal.h's, snapshots are snapshots.cc's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "journal/etcd/client.h"
#include "journal/etcd/etcd_log.h"
#include "journal/etcd/layout.h"
#include "journal/etcd/leader_journal.h"
#include "journal/etcd/leading_member.h"
#include "journal/etcd/lease_keeper.h"
#include "journal/etcd/outside.h"
#include "journal/etcd/snapshots.h"
#include "journal/shared_log.h"

namespace journal::etcd {

class Log final : public SharedLog {
 public:
  explicit Log(const EtcdLogOptions& options);
  ~Log() override;

  /// Reads or makes the meta key.
  base::Result<void> open();

  base::Result<void> load(Consumer& consumer) override;
  base::Result<News> follow(base::Duration patience, Consumer& consumer) override;
  base::Result<void> survey() override;
  const Leadership& leader() const override { return leader_; }
  const std::vector<std::string>& members() const override { return members_; }
  const LogPosition& position() const override { return position_; }
  base::Result<void> depose(std::uint64_t epoch, base::Duration within) override;
  base::Result<std::uint64_t> campaign() override;
  base::Result<News> catch_up(std::uint64_t epoch, Consumer& consumer) override;
  std::unique_ptr<Journal> lead(std::uint64_t epoch) override;
  std::size_t batch_bytes() const override;
  base::Result<LogPosition> replay(Consumer& consumer) override;
  base::Result<void> save(std::uint64_t epoch, const LogPosition& position,
                          const Snapshot& snapshot) override;
  base::Result<StoreHealth> health() override;
  SavedSnapshot last_snapshot() const override { return snapshots_.last(); }
  Tail tail() const override { return tail_.get(); }
  void wake() override;
  void stop() override;

 private:
  /// What the watch has brought and follow() has not taken.
  struct Inbox {
    std::mutex mutex;
    std::vector<Change> changes;
    bool ended = false;
    Bell filled;
  };

  /// Reads what there is behind the position, the leader and the members, as of one revision.
  base::Result<News> poll(Consumer& consumer);
  base::Result<News> look_around(std::int64_t revision);
  /// Moves this log's position on.
  base::Result<News> replay_from(std::uint64_t first, std::int64_t revision, Consumer& consumer);
  /// The batches from `first` on as of that revision. Behind: one is missing.
  base::Result<News> replay_batches(Client& client, std::uint64_t first, std::int64_t revision,
                                    Consumer& consumer, LogPosition& position, TailCounter* tail);
  base::Result<News> take(const Change& change, Consumer& consumer);
  bool set_leader(const KeyValue* item);
  void start_watch();
  std::vector<Change> wait(base::Duration patience);

  const EtcdLogOptions options_;
  const Layout layout_;
  std::atomic<bool> stopped_ = false;
  TailCounter tail_;
  Tail replayed_tail_;  ///< what replay() came to at least; of the thread of snapshots
  Client client_;
  LeaseKeeper lease_;
  LeadingMember leading_member_;
  Snapshots snapshots_;
  base::Sha256 first_chain_{};
  std::uint64_t cluster_id_ = 0;

  LogPosition position_;
  bool after_restore_ = false;
  Leadership leader_;
  std::vector<std::string> members_;
  std::int64_t revision_ = 0;  ///< all changes up to it were taken
  base::Time heard_at_;
  Inbox inbox_;
  int stale_polls_ = 0;
  std::unique_ptr<Watch> watch_;
};

}  // namespace journal::etcd
