// Electing, catching up, leading, and what is left to the leader.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/check.h"
#include "base/planted.h"
#include "journal/etcd/asking.h"
#include "journal/etcd/log.h"

namespace journal::etcd {

using base::Fault;
using base::Result;

namespace {

/// A request to etcd is at most 1.5 MiB. A batch holds this and one entry more.
constexpr std::size_t kBatchBytes = 256 << 10;
/// Before a campaign asks again.
constexpr base::Duration kPause = base::Duration::from_ms(5);

}  // namespace

std::size_t Log::batch_bytes() const { return kBatchBytes; }

/// Never by putting over the key: a put keeps the create revision, and with it the guard of the
/// one who is to be deposed.
Result<void> Log::depose(std::uint64_t epoch, base::Duration within) {
  const Transaction removal{{CreatedAt{layout_.leader(), static_cast<std::int64_t>(epoch)}},
                            {Delete{layout_.leader(), {}}},
                            {}};
  const base::Time give_up_at = now() + within;
  const auto done =
      ask_until_certain(stopped_, [&] { return client_.commit(removal, kShortCall); }, give_up_at);
  if (!done) return std::unexpected(to_error(done.error()));
  if (leader_.epoch == epoch) leader_ = {};
  return {};
}

Result<std::uint64_t> Log::campaign() {
  const std::string value = options_.node + " " + to_hex(random_id());
  while (!stopped_) {
    const std::int64_t lease = lease_.lease();
    if (lease == 0) {
      pause(kPause);
      continue;
    }
    const auto answer = client_.commit({{CreatedAt{layout_.leader(), 0}},
                                        {Put{layout_.leader(), value, lease}},
                                        {Get{layout_.leader()}}},
                                       kShortCall);
    if (!answer) {
      const Trouble trouble = answer.error().trouble;
      if (trouble == Trouble::NoLease) lease_.forget(lease);
      if (trouble == Trouble::Refused || trouble == Trouble::Full) {
        return std::unexpected(to_error(answer.error()));
      }
      // Unknown: it may have been done, so it is asked again until that is known.
      pause(kPause);
      continue;
    }
    lease_.progressed();
    if (answer->succeeded) {
      leader_ = {static_cast<std::uint64_t>(answer->revision), options_.node};
      return leader_.epoch;
    }
    if (answer->found.empty()) continue;  // gone again
    const KeyValue& key = answer->found.front();
    set_leader(&key);
    return key.value == value ? leader_.epoch : 0;
  }
  return base::failure(Fault::Unavailable, "stopped");
}

Result<SharedLog::News> Log::catch_up(std::uint64_t epoch, Consumer& consumer) {
  // At the revision at which the key was made: a member that lags refuses instead of leaving out
  // what came last, and no append of an earlier epoch comes after it.
  const auto revision = static_cast<std::int64_t>(epoch);
  const auto restored = ask_until_certain(
      stopped_, [&] { return client_.range({layout_.restored(), {}, revision}, kShortCall); });
  if (!restored) return std::unexpected(to_error(restored.error()));
  after_restore_ = !restored->items.empty();
  if (PLANTED(LeadsWithoutCatchingUp)) return News::None;
  return replay_from(position_.sequence + 1, revision, consumer);
}

std::unique_ptr<Journal> Log::lead(std::uint64_t epoch) {
  watch_.reset();
  return std::make_unique<LeaderJournal>(
      LeaderContext{options_.access, layout_, lease_, leading_member_, stopped_, tail_}, epoch,
      position_, after_restore_);
}

Result<LogPosition> Log::replay(Consumer& consumer) {
  replayed_tail_ = tail_.get();
  Client client(options_.access);
  const auto newest =
      ask_until_certain(stopped_, [&] { return client.range({layout_.meta(), {}}, kShortCall); });
  if (!newest) return std::unexpected(to_error(newest.error()));
  LogPosition position;
  position.chain = first_chain_;
  auto restored = snapshots_.restore_newest(client, newest->revision, consumer, position);
  if (!restored) return std::unexpected(restored.error());
  const auto news =
      replay_batches(client, position.sequence + 1, newest->revision, consumer, position, nullptr);
  if (!news) return std::unexpected(news.error());
  if (*news == News::Behind) {
    return base::failure(Fault::Corrupt, "batches are missing in etcd behind the last snapshot");
  }
  return position;
}

Result<void> Log::save(std::uint64_t epoch, const LogPosition& position, const Snapshot& snapshot) {
  auto saved = snapshots_.save(epoch, position, snapshot);
  if (saved) tail_.take(replayed_tail_);
  return saved;
}

Result<StoreHealth> Log::health() { return snapshots_.keep_house(); }

}  // namespace journal::etcd
