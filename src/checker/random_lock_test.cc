// Random walks: whatever a few quarrelling clients may do, the machine keeps its
// invariants, agrees with the naive model on every reply, every event and the state
// it is in after it, and is the same after a replay and from a snapshot.
//
// TURNSTILE_WALKS and TURNSTILE_WALK_FIRST in the environment ask for other walks
// than the suite has time for; the counts of what was met are then printed, not judged.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "checker/lock_agreement.h"
#include "checker/lock_model.h"
#include "checker/test_coverage.h"
#include "checker/test_print.h"
#include "state/machine.h"
#include "state/test_walk.h"

namespace checker {
using state::Machine;
using state::SeededChoices;
using state::Walk;

namespace {

constexpr std::uint64_t kShards = 8;
constexpr std::uint64_t kWalks = 640;  // a shard; a million entries together
constexpr std::uint64_t kSteps = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// Another machine that goes on from a snapshot.
std::unique_ptr<Machine> restored(const Machine& machine) {
  std::string bytes;
  machine.save(bytes);
  auto copy = std::make_unique<Machine>();
  const auto result = copy->restore(bytes);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return copy;
}

command::Entry through_journal(const command::Entry& entry) {
  std::string payload;
  command::encode(entry, payload);
  command::Entry decoded;
  decoded.index = entry.index;
  decoded.now = entry.now;
  decoded.wall = entry.wall;
  EXPECT_TRUE(command::decode(payload, decoded).has_value());
  return decoded;
}

/// One walk with everything that watches it.
class WatchedWalk {
 public:
  WatchedWalk(std::uint64_t seed, Coverage& coverage)
      : walk_(SeededChoices(seed)), coverage_(coverage) {}

  /// Empty, or what is wrong.
  std::string step() {
    const command::Entry entry =
        walk_.next(machine_.next_index(), machine_.now(), machine_.next_deadline());
    const command::Outcome outcome = machine_.apply(entry);
    if (auto broken = machine_.broken_invariant()) return "an invariant is broken: " + *broken;
    const LockModel::Answer expected = model_.apply(entry, outcome);
    if (auto text = disagreement(expected, outcome); !text.empty()) return text;
    if (auto text = MachineView(machine_).disagreement(model_.state()); !text.empty()) return text;
    if (auto text = follow(entry, outcome); !text.empty()) return text;
    coverage_.see(entry, outcome, expected.situations);
    walk_.learn(entry, outcome);
    return {};
  }

 private:
  /// A standby hears what is journalled, from a snapshot on, and seldom what changes nothing, which
  /// must make no difference.
  std::string follow(const command::Entry& entry, const command::Outcome& outcome) {
    ++steps_;
    if (outcome.changed) {
      if (!is_same(standby_->apply(through_journal(entry)), outcome))
        return "a replay decides otherwise";
    } else if (steps_ % kBetweenSnapshots == 0 && !is_same(standby_->apply(entry), outcome)) {
      return "a standby answers otherwise";
    }
    if (standby_->running_digest() != machine_.running_digest())
      return "a replay decided otherwise";
    if (steps_ % kBetweenSnapshots != 0) return {};
    const std::uint64_t digest = machine_.digest();
    if (standby_->digest() != digest) return "a replay leads to another state";
    standby_ = restored(machine_);
    return standby_->digest() == digest ? "" : "a snapshot is of another state";
  }
  static bool is_same(const command::Outcome& a, const command::Outcome& b) {
    return a.reply == b.reply && a.changed == b.changed && a.events.size() == b.events.size();
  }

  static constexpr int kBetweenSnapshots = 10;

  Walk<SeededChoices> walk_;
  Coverage& coverage_;
  Machine machine_;
  std::unique_ptr<Machine> standby_ = std::make_unique<Machine>();
  LockModel model_;
  int steps_ = 0;
};

/// The last entries of a walk, done again.
std::string history_of(std::uint64_t seed, std::uint64_t steps) {
  constexpr std::uint64_t kShown = 40;
  Walk<SeededChoices> walk{SeededChoices(seed)};
  Machine machine;
  std::string text;
  for (std::uint64_t i = 0; i <= steps; ++i) {
    const command::Entry entry =
        walk.next(machine.next_index(), machine.now(), machine.next_deadline());
    const command::Outcome outcome = machine.apply(entry);
    if (steps - i < kShown) text += printed(entry) + "\n  " + printed(outcome) + "\n";
    walk.learn(entry, outcome);
  }
  return text;
}

/// What every shard must meet at least once; see Coverage::counts().
// clang-format off
constexpr const char* kToBeMet[] = {
    "CANCEL 0",
    "CANCEL 1",
    "ELECTION.CAMPAIGN BUSY",
    "ELECTION.CAMPAIGN CONFLICT",
    "ELECTION.CAMPAIGN DEADLOCK",
    "ELECTION.CAMPAIGN ERR",
    "ELECTION.CAMPAIGN LIMIT",
    "ELECTION.CAMPAIGN LOST",
    "ELECTION.CAMPAIGN NOSESSION",
    "ELECTION.CAMPAIGN granted",
    "ELECTION.CAMPAIGN waiting",
    "ELECTION.LEADER describes",
    "ELECTION.PROCLAIM OK",
    "ELECTION.PROCLAIM STALE",
    "ELECTION.RESIGN 0",
    "ELECTION.RESIGN 1",
    "ELECTION.RESIGN STALE",
    "LOCK.ACQUIRE BUSY",
    "LOCK.ACQUIRE CONFLICT",
    "LOCK.ACQUIRE DEADLOCK",
    "LOCK.ACQUIRE ERR",
    "LOCK.ACQUIRE FORGOTTEN",
    "LOCK.ACQUIRE LIMIT",
    "LOCK.ACQUIRE LOST",
    "LOCK.ACQUIRE NOSESSION",
    "LOCK.ACQUIRE granted",
    "LOCK.ACQUIRE waiting",
    "LOCK.CHECK 0",
    "LOCK.CHECK 1",
    "LOCK.DOWNGRADE STALE",
    "LOCK.DOWNGRADE renewed",
    "LOCK.INFO describes",
    "LOCK.LIST describes",
    "LOCK.RELEASE 0",
    "LOCK.RELEASE 1",
    "LOCK.RELEASE CONFLICT",
    "LOCK.RELEASE ERR",
    "LOCK.RELEASE NOSESSION",
    "LOCK.RELEASE NOTHOLDER",
    "LOCK.RELEASE STALE",
    "LOCK.RENEW LOST",
    "LOCK.RENEW STALE",
    "LOCK.RENEW renewed",
    "LOCK.RESOLVE 0",
    "LOCK.RESOLVE 1",
    "LOCK.REVOKE 0",
    "LOCK.REVOKE 1",
    "LOCK.UPGRADE BUSY",
    "LOCK.UPGRADE CONFLICT",
    "LOCK.UPGRADE DEADLOCK",
    "LOCK.UPGRADE STALE",
    "LOCK.UPGRADE granted",
    "LOCK.UPGRADE waiting",
    "SEM.ACQUIRE BUSY",
    "SEM.ACQUIRE CONFLICT",
    "SEM.ACQUIRE DEADLOCK",
    "SEM.ACQUIRE ERR",
    "SEM.ACQUIRE FORGOTTEN",
    "SEM.ACQUIRE LIMIT",
    "SEM.ACQUIRE LOST",
    "SEM.ACQUIRE NOSESSION",
    "SEM.ACQUIRE granted",
    "SEM.ACQUIRE waiting",
    "SEM.INFO describes",
    "SEM.RELEASE 0",
    "SEM.RELEASE 1",
    "SEM.RELEASE STALE",
    "SEM.RENEW STALE",
    "SEM.RENEW renewed",
    "SEM.RESIZE LIMIT",
    "SEM.RESIZE OK",
    "SESSION.ATTACH describes",
    "SESSION.CLOSE OK",
    "SESSION.KEEPALIVE session",
    "SESSION.LIST describes",
    "SESSION.OPEN LIMIT",
    "SESSION.OPEN session",
    "a deadlock appears by time",
    "a grant of several keys is cut off",
    "a grant that was entered again is cut off",
    "a mark goes by itself",
    "a preemption is stopped by a mark",
    "a repeat joins a wait",
    "a request for permits is the victim of a deadlock",
    "a semaphore is forgotten",
    "a semaphore is resized while somebody waits for it",
    "a semaphore shrinks below what is out",
    "a session is attached while it waits for a shut key",
    "an owner enters again",
    "an owner enters again while it is asked to leave",
    "an upgrade is the victim of a deadlock",
    "an upgrade passes waiting writers",
    "configure OK",
    "disconnect OK",
    "leader led",
    "leader vacant",
    "notice lost expired",
    "notice lost preempted",
    "notice preempt",
    "notice preempt withdrawn",
    "notice revoked revoked",
    "session closed",
    "session expired",
    "somebody comes into the way of a preemption",
    "start OK",
    "the wait is foreseen to be too long",
    "tick OK",
    "wait BUSY",
    "wait CANCELLED",
    "wait DEADLOCK",
    "wait LIMIT",
    "wait NOSESSION",
    "wait STALE",
    "wait UNAVAILABLE",
    "wait granted",
};
// clang-format on

class RandomLockTest : public testing::TestWithParam<std::uint64_t> {};

// Complaints: J6, J10 (docs/complaints.md).
TEST_P(RandomLockTest, the_machine_agrees_with_the_promises_whatever_clients_do) {
  const std::uint64_t first = from_environment("TURNSTILE_WALK_FIRST", 1 + GetParam() * kWalks);
  const std::uint64_t walks = from_environment("TURNSTILE_WALKS", kWalks);
  Coverage coverage;
  for (std::uint64_t seed = first; seed < first + walks; ++seed) {
    WatchedWalk walk(seed, coverage);
    for (std::uint64_t i = 0; i < kSteps; ++i) {
      const std::string wrong = walk.step();
      if (!wrong.empty())
        FAIL() << "seed " << seed << ", step " << i << ": " << wrong << "\nthe last entries:\n"
               << history_of(seed, i);
      if (HasFailure()) return;
    }
  }
  const auto counts = coverage.counts();
  if (walks != kWalks) {
    for (const auto& [what, count] : counts) std::cout << count << "\t" << what << "\n";
    return;
  }
  for (const char* what : kToBeMet) EXPECT_TRUE(counts.contains(what)) << what << " was not met";
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomLockTest, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace checker
