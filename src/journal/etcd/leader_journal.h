// The journal of one leader: every append is a transaction that succeeds only
// while this leader's epoch is the newest, and only as the next batch.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "journal/etcd/client.h"
#include "journal/etcd/layout.h"
#include "journal/etcd/leading_member.h"
#include "journal/etcd/lease_keeper.h"
#include "journal/file/format.h"
#include "journal/journal.h"
#include "journal/shared_log.h"

namespace journal::etcd {

/// Thread-safe.
class TailCounter {
 public:
  void add(std::uint64_t bytes) {
    ++batches_;
    bytes_ += bytes;
  }
  /// Takes away what had been counted when a snapshot was begun.
  void take(const Tail& tail) {
    batches_ -= std::min<std::uint64_t>(tail.batches, batches_);
    bytes_ -= std::min<std::uint64_t>(tail.bytes, bytes_);
  }
  void reset() { batches_ = bytes_ = 0; }
  Tail get() const { return {batches_, bytes_}; }

 private:
  std::atomic<std::uint64_t> batches_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

/// What appender and log share.
struct LeaderContext {
  const Access& access;
  const Layout& layout;
  LeaseKeeper& lease;
  const LeadingMember& leading_member;
  std::atomic<bool>& stopped;
  TailCounter& tail;
};

class LeaderJournal final : public Journal {
 public:
  /// `after_restore`: indexes go on so far ahead that no token can repeat that was ever given.
  LeaderJournal(const LeaderContext& context, std::uint64_t epoch, const LogPosition& position,
                bool after_restore)
      : context_(context),
        client_(context.access),
        epoch_(epoch),
        position_(position),
        after_restore_(after_restore) {}

  base::Result<void> append(const Batch& batch) override;
  base::Result<void> confirm() override;
  std::uint64_t next_index() const override {
    return position_.last_index + 1 + (after_restore_ ? kIndexJump : 0);
  }

 private:
  /// Asks again and again until the outcome is certain. Each time the very same bytes: if an
  /// earlier attempt was done after all, a later one changes nothing.
  base::Result<Committed> commit(const Transaction& transaction);
  void go_to_leading_member();
  std::unexpected<base::Error> deposed(const Committed& answer);

  const LeaderContext context_;
  Client client_;
  std::optional<std::size_t> leading_member_;  ///< as it was when calls were sent there
  const std::uint64_t epoch_;
  LogPosition position_;
  bool after_restore_;  ///< until the first entry is appended
  std::optional<base::Error> failed_;
};

}  // namespace journal::etcd
