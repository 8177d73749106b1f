// Random walks over tasks and signals: after each entry the invariants hold, a
// refusal has changed nothing, a standby by the journal and a copy from a
// snapshot decide the same, and when all have left, every task comes to rest.
//
// TURNSTILE_WALKS and TURNSTILE_WALK_FIRST in the environment ask for more walks
// than the suite has time for, from another seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "checker/task_model.h"
#include "checker/test_coverage.h"
#include "command/reply_text.h"
#include "state/machine.h"
#include "state/test_choices.h"
#include "state/test_task_walk.h"

namespace checker {
using base::Duration;
using base::Time;
using command::exact_text_of;
using state::Machine;
using state::SeededChoices;
using state::Task;
using state::TaskState;
using state::TaskWalk;

namespace {

constexpr std::uint64_t kShards = 4;
constexpr std::uint64_t kWalks = 200;  // in each shard
constexpr std::uint64_t kSteps = 400;
// How many of 200 commands are of signals: some walks have none, some hardly anything else.
constexpr std::array<std::uint64_t, 3> kSignals{0, 20, 120};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

std::string printed(const command::Outcome& outcome) {
  std::string text = exact_text_of(outcome.reply);
  for (const command::Event& event : outcome.events) text += "\n    " + exact_text_of(event);
  return text;
}

std::unique_ptr<Machine> copy_of(const Machine& machine) {
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
class WatchedTasks {
 public:
  WatchedTasks(std::uint64_t seed, Coverage& coverage)
      : walk_(SeededChoices(seed), kSignals[seed % kSignals.size()]), coverage_(coverage) {
    say(TaskWalk<SeededChoices>::configure(), Time());
  }

  /// False once something was wrong.
  bool step() {
    const command::Entry entry =
        walk_.next(machine_.next_index(), machine_.now(), machine_.next_deadline());
    walk_.learn(entry, apply(entry));
    if (walk_.choose(60) == 0) copy_ = copy_of(machine_);
    return !testing::Test::HasFailure();
  }

  /// F5: all clients leave, time passes, and an operator cancels what is dead. False if a task or
  /// a flow is left.
  bool come_to_rest() {
    say(command::Start{"walk"}, machine_.now());
    cancel_the_dead();
    const Time end = machine_.now() + Duration::from_seconds(40 * 86'400);
    while (machine_.next_deadline() <= end) {
      say(command::Tick{}, std::max(machine_.now(), machine_.next_deadline()));
      cancel_the_dead();
    }
    EXPECT_EQ(machine_.grant_count(), 0U);
    EXPECT_EQ(machine_.waiter_count(), 0U);
    for (const auto& [flow, tasks] : machine_.flows().all()) {
      for (const auto& [name, task] : tasks->tasks) {
        const bool waits = is_held_by_placeholder(*task);
        EXPECT_TRUE(is_ended(task->state) || waits)
            << flow << "/" << name << " is " << state_name(task->state);
      }
    }
    say(command::Start{"walk"}, end);
    EXPECT_EQ(copy_of(machine_)->digest(), machine_.digest());
    EXPECT_EQ(standby_.digest(), machine_.digest()) << "by replay";
    return !testing::Test::HasFailure();
  }

  std::string history() const {
    return history_.substr(history_.size() - std::min<std::size_t>(history_.size(), 6'000));
  }

 private:
  command::Outcome apply(const command::Entry& entry) {
    const std::uint64_t digest = machine_.running_digest();
    const command::Outcome outcome = machine_.apply(entry);
    history_ +=
        fmt::format("{} at {} us: {} of {}/{}/{} request {} ticket '{}'\n  {}\n", entry.index,
                    entry.now.us(), command::kind_name(command::kind_of(entry.command)),
                    entry.origin.user, entry.origin.session, entry.origin.connection, entry.request,
                    entry.ticket, printed(outcome));
    judge(entry, outcome);
    const auto broken = machine_.broken_invariant();
    EXPECT_FALSE(broken) << *broken;
    if (outcome.changed) {
      EXPECT_EQ(printed(standby_.apply(through_journal(entry))), printed(outcome)) << "by replay";
    }
    EXPECT_EQ(outcome.changed, machine_.running_digest() != digest);
    EXPECT_EQ(printed(copy_->apply(entry)), printed(outcome)) << "from a snapshot";
    EXPECT_EQ(copy_->running_digest(), machine_.running_digest()) << "from a snapshot";
    EXPECT_EQ(standby_.running_digest(), machine_.running_digest()) << "by replay";
    return outcome;
  }

  void judge(const command::Entry& entry, const command::Outcome& outcome) {
    const TaskModel::Answer expected = model_.apply(entry, outcome, machine_);
    const TaskModel::Answer actual = TaskModel::answer_of(outcome);
    EXPECT_EQ(actual.reply, expected.reply);
    EXPECT_EQ(actual.changed, expected.changed);
    EXPECT_EQ(actual.grants, expected.grants);
    EXPECT_EQ(actual.others, expected.others);
    EXPECT_EQ(model_.difference(machine_), "");
    coverage_.see(entry, outcome, {});
  }

  command::Outcome say(command::Command command, Time now) {
    command::Entry entry;
    entry.index = machine_.next_index();
    entry.now = now;
    entry.origin.user = "operator";
    entry.command = std::move(command);
    return apply(entry);
  }

  void cancel_the_dead() {
    std::vector<command::TaskCancel> cancels;
    for (const auto& [flow, tasks] : machine_.flows().all()) {
      for (const auto& [name, task] : tasks->tasks) {
        const bool is_dead = task->state == TaskState::Dead;
        if (is_dead) cancels.push_back({flow, name, "nobody knows"});
      }
    }
    for (const auto& cancel : cancels) say(cancel, machine_.now());
  }

  /// Nobody has declared it, so nothing can be said of it.
  static bool is_held_by_placeholder(const Task& task) {
    return task.state == TaskState::Placeholder;
  }

  TaskWalk<SeededChoices> walk_;
  Machine machine_;
  Machine standby_;
  std::unique_ptr<Machine> copy_ = std::make_unique<Machine>();
  TaskModel model_;
  Coverage& coverage_;
  std::string history_;
};

/// What every shard must meet at least once; see Coverage::counts().
// clang-format off
constexpr const char* kToBeMet[] = {
    "BARRIER.ARRIVE BUSY",
    "BARRIER.ARRIVE CONFLICT",
    "BARRIER.ARRIVE LIMIT",
    "BARRIER.ARRIVE LOST",
    "BARRIER.ARRIVE NOSESSION",
    "BARRIER.ARRIVE NOTHOLDER",
    "BARRIER.ARRIVE describes",
    "BARRIER.ARRIVE waiting",
    "CANCEL 0",
    "CANCEL 1",
    "CANCEL NOSESSION",
    "EVENT.RESET 0",
    "EVENT.RESET 1",
    "EVENT.RESET NOSESSION",
    "EVENT.SET 1",
    "EVENT.SET CONFLICT",
    "EVENT.SET LIMIT",
    "EVENT.SET NOSESSION",
    "EVENT.WAIT BUSY",
    "EVENT.WAIT CONFLICT",
    "EVENT.WAIT NOSESSION",
    "EVENT.WAIT describes",
    "EVENT.WAIT waiting",
    "FLOW.CANCEL 0",
    "FLOW.CANCEL 1",
    "FLOW.CANCEL NOSESSION",
    "FLOW.CLOSE 0",
    "FLOW.CLOSE 1",
    "FLOW.CLOSE NOSESSION",
    "LATCH.COUNTDOWN 0",
    "LATCH.COUNTDOWN 1",
    "LATCH.COUNTDOWN LIMIT",
    "LATCH.COUNTDOWN NOSESSION",
    "LATCH.COUNTDOWN STALE",
    "LATCH.SET 1",
    "LATCH.SET CONFLICT",
    "LATCH.SET LIMIT",
    "LATCH.SET NOSESSION",
    "LATCH.WAIT BUSY",
    "LATCH.WAIT CONFLICT",
    "LATCH.WAIT NOSESSION",
    "LATCH.WAIT describes",
    "LATCH.WAIT waiting",
    "LOCK.ACQUIRE BUSY",
    "LOCK.ACQUIRE CONFLICT",
    "LOCK.ACQUIRE DEADLOCK",
    "LOCK.ACQUIRE ERR",
    "LOCK.ACQUIRE LOST",
    "LOCK.ACQUIRE NOSESSION",
    "LOCK.ACQUIRE granted",
    "LOCK.ACQUIRE waiting",
    "LOCK.RELEASE 0",
    "LOCK.RELEASE 1",
    "LOCK.RELEASE NOSESSION",
    "LOCK.RELEASE NOTHOLDER",
    "LOCK.RELEASE STALE",
    "SESSION.ATTACH NOSESSION",
    "SESSION.ATTACH describes",
    "SESSION.CLOSE NOSESSION",
    "SESSION.CLOSE OK",
    "SESSION.KEEPALIVE NOSESSION",
    "SESSION.KEEPALIVE session",
    "SESSION.OPEN session",
    "TASK.ADD CONFLICT",
    "TASK.ADD ENDED",
    "TASK.ADD NOSESSION",
    "TASK.ADD OK",
    "TASK.CANCEL 0",
    "TASK.CANCEL 1",
    "TASK.CANCEL NOSESSION",
    "TASK.COMPLETE 0",
    "TASK.COMPLETE 1",
    "TASK.COMPLETE CONFLICT",
    "TASK.COMPLETE LIMIT",
    "TASK.COMPLETE NOSESSION",
    "TASK.COMPLETE NOTHOLDER",
    "TASK.COMPLETE STALE",
    "TASK.EXTEND LOST",
    "TASK.EXTEND NOSESSION",
    "TASK.EXTEND NOTHOLDER",
    "TASK.EXTEND STALE",
    "TASK.EXTEND renewed",
    "TASK.FAIL 0",
    "TASK.FAIL 1",
    "TASK.FAIL CONFLICT",
    "TASK.FAIL NOSESSION",
    "TASK.FAIL NOTHOLDER",
    "TASK.FAIL STALE",
    "TASK.JOIN BUSY",
    "TASK.JOIN CONFLICT",
    "TASK.JOIN ENDED",
    "TASK.JOIN ERR",
    "TASK.JOIN LOST",
    "TASK.JOIN NOSESSION",
    "TASK.JOIN attempt",
    "TASK.JOIN waiting",
    "TASK.REDRIVE 0",
    "TASK.REDRIVE 1",
    "TASK.REDRIVE NOSESSION",
    "TASK.RELEASE 0",
    "TASK.RELEASE 1",
    "TASK.RELEASE NOSESSION",
    "TASK.RELEASE NOTHOLDER",
    "TASK.RELEASE STALE",
    "TASK.RESULT BUSY",
    "TASK.RESULT CONFLICT",
    "TASK.RESULT ERR",
    "TASK.RESULT NOSESSION",
    "TASK.RESULT describes",
    "TASK.RESULT waiting",
    "TASK.TAKE BUSY",
    "TASK.TAKE CONFLICT",
    "TASK.TAKE ERR",
    "TASK.TAKE LOST",
    "TASK.TAKE NOSESSION",
    "TASK.TAKE attempt",
    "TASK.TAKE waiting",
    "configure OK",
    "disconnect NOSESSION",
    "disconnect OK",
    "notice lost cancelled",
    "notice lost deadline",
    "notice lost expired",
    "notice lost preempted",
    "notice preempt",
    "notice preempt withdrawn",
    "session closed",
    "session expired",
    "start OK",
    "tick OK",
    "wait BROKEN",
    "wait BUSY",
    "wait CANCELLED",
    "wait DEADLOCK",
    "wait ENDED",
    "wait NOSESSION",
    "wait UNAVAILABLE",
    "wait attempt",
    "wait describes",
    "wait granted",
};
// clang-format on

class RandomTaskTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomTaskTest, tasks_and_signals_do_what_their_rules_say) {
  const std::uint64_t walks = from_environment("TURNSTILE_WALKS", kWalks);
  const std::uint64_t first = from_environment("TURNSTILE_WALK_FIRST", 1) + GetParam() * walks;
  Coverage coverage;
  for (std::uint64_t seed = first; seed < first + walks; ++seed) {
    WatchedTasks walk(seed, coverage);
    for (std::uint64_t i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(walk.step()) << "seed " << seed << ", step " << i << "\n" << walk.history();
    }
    ASSERT_TRUE(walk.come_to_rest()) << "seed " << seed << "\n" << walk.history();
  }
  const auto counts = coverage.counts();
  if (walks != kWalks) {
    for (const auto& [what, count] : counts) std::cout << count << "\t" << what << "\n";
    return;
  }
  for (const char* what : kToBeMet) EXPECT_TRUE(counts.contains(what)) << what << " was not met";
}

INSTANTIATE_TEST_SUITE_P(Shards, RandomTaskTest, testing::Range(std::uint64_t{0}, kShards));

}  // namespace
}  // namespace checker
