// Guarded appends, one at a time.
#include "journal/etcd/leader_journal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/planted.h"
#include "journal/etcd/outside.h"

namespace journal::etcd {
namespace {

using base::Fault;

/// One attempt; a member of etcd that is silent for so long is left for another.
constexpr base::Duration kAttempt = base::Duration::from_ms(500);
/// A leader whose attempts stay without an answer for so long gives up: by now another may lead,
/// and its clients had better ask elsewhere.
constexpr base::Duration kPatience = base::Duration::from_seconds(3);
constexpr base::Duration kPause = base::Duration::from_ms(10);

}  // namespace

base::Result<Committed> LeaderJournal::commit(const Transaction& transaction) {
  if (failed_) return std::unexpected(*failed_);
  go_to_leading_member();
  const base::Time give_up_at = now() + kPatience;
  for (;;) {
    auto answer = client_.commit(transaction, kAttempt);
    if (answer) return *answer;
    const Failure& failure = answer.error();
    if (PLANTED(SilenceIsSuccess)) return Committed{.succeeded = true, .revision = 0, .found = {}};
    if (failure.trouble == Trouble::Full) {
      failed_ = {Fault::Unavailable,
                 "etcd refuses the append because its database is full; see docs/cluster.md on "
                 "how to free space: " +
                     failure.message};
    } else if (failure.trouble != Trouble::Unknown) {
      failed_ = {Fault::Io, "etcd refuses the append: " + failure.message};
    } else if (context_.stopped || now() > give_up_at) {
      failed_ = {Fault::Unavailable,
                 "etcd does not answer, so it is unknown what was appended: " + failure.message};
    }
    if (failed_) return std::unexpected(*failed_);
    spdlog::debug("append: {}; asking again", failure.message);
    pause(kPause);
  }
}

void LeaderJournal::go_to_leading_member() {
  const auto place = context_.leading_member.place();
  if (!place || place == leading_member_) return;
  leading_member_ = place;
  client_.prefer(*place);
}

std::unexpected<base::Error> LeaderJournal::deposed(const Committed& answer) {
  const Layout& layout = context_.layout;
  std::string who = "nobody leads";
  for (const KeyValue& item : answer.found) {
    if (item.key != layout.leader()) continue;
    who = item.value.substr(0, item.value.find(' ')) + " leads";
    if (item.create_revision == static_cast<std::int64_t>(epoch_)) {
      // Still the leader, and yet the append was refused: the log is not as it was left.
      failed_ = {Fault::Corrupt, fmt::format("batch {} cannot be appended in epoch {}: somebody "
                                             "else wrote to the log, or took batches away",
                                             position_.sequence + 1, epoch_)};
      return std::unexpected(*failed_);
    }
  }
  failed_ = {Fault::InUse, fmt::format("epoch {} is over; {} now", epoch_, who)};
  return std::unexpected(*failed_);
}

base::Result<void> LeaderJournal::append(const Batch& batch) {
  const Layout& layout = context_.layout;
  BatchHead head;
  head.sequence = position_.sequence + 1;
  head.epoch = epoch_;
  head.id = random_id();
  head.chain = position_.chain;
  head.mark = batch.mark;
  head.digest = batch.digest;
  std::string bytes = encode(head, batch);

  Transaction append;
  append.when = {CreatedAt{layout.leader(), static_cast<std::int64_t>(epoch_)},
                 CreatedAt{layout.batch(head.sequence), 0}};
  if (PLANTED(StaleLeaderAppends)) append.when.erase(append.when.begin());
  if (head.sequence > 1) append.when.emplace_back(Exists{layout.batch(head.sequence - 1)});
  append.then = {Put{layout.batch(head.sequence), bytes}};
  const bool jumps = after_restore_ && !batch.empty();
  if (jumps) append.then.emplace_back(Delete{layout.restored(), {}});
  append.otherwise = {Get{layout.leader()}, Get{layout.batch(head.sequence)}};
  const auto answer = commit(append);
  if (!answer) return std::unexpected(answer.error());
  const bool is_earlier_attempt = !answer->found.empty() &&
                                  answer->found.back().key == layout.batch(head.sequence) &&
                                  answer->found.back().value == bytes;
  if (!answer->succeeded && !is_earlier_attempt) return deposed(*answer);

  if (jumps) after_restore_ = false;
  if (!batch.empty()) position_.last_index = batch.last_index();
  position_.sequence = head.sequence;
  position_.mark = head.mark;
  position_.digest = head.digest;
  position_.chain = base::sha256(bytes);
  context_.tail.add(bytes.size());
  context_.lease.progressed();
  return {};
}

base::Result<void> LeaderJournal::confirm() {
  if (PLANTED(ReadWithoutAsking)) return {};
  const Layout& layout = context_.layout;
  Transaction barrier;
  barrier.when = {CreatedAt{layout.leader(), static_cast<std::int64_t>(epoch_)}};
  // A write, because a mere read may be answered from the past by some versions of etcd.
  barrier.then = {Put{layout.barrier(), std::to_string(epoch_)}};
  barrier.otherwise = {Get{layout.leader()}};
  const auto answer = commit(barrier);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->succeeded) return deposed(*answer);
  context_.lease.progressed();
  return {};
}

}  // namespace journal::etcd
