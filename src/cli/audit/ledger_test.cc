// What the book says of a hold, and what it notices.
#include "cli/audit/ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cli {
namespace {

using base::Duration;
using base::Time;

/// A machine that is watched, and what the book has handed on.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { machine_.watch(&ledger_); }

  command::Reply apply(command::Command command, std::uint64_t session = 0) {
    command::Entry entry;
    entry.index = machine_.next_index();
    entry.now = now_;
    entry.wall = Time::from_us(1'700'000'000'000'000) + (now_ - Time());
    entry.origin = {.user = "alice", .connection = 7, .session = session};
    entry.command = std::move(command);
    return machine_.apply(entry).reply;
  }

  std::uint64_t open(const std::string& name, std::int64_t ttl_ms = 10'000) {
    command::SessionOpen open;
    open.ttl = Duration::from_ms(ttl_ms);
    open.name = name;
    return std::get<command::Opened>(apply(std::move(open))).session;
  }

  static command::LockAcquire lock(std::string key, std::int64_t wait_ms = 0, bool shared = false) {
    command::LockAcquire acquire;
    acquire.keys = {{std::move(key), shared}};
    acquire.wait = Duration::from_ms(wait_ms);
    return acquire;
  }

  std::uint64_t take(std::uint64_t session, command::LockAcquire acquire) {
    return std::get<command::Granted>(apply(std::move(acquire), session)).token;
  }

  void pass(std::int64_t ms) { now_ = now_ + Duration::from_ms(ms); }
  void tick() { apply(command::Tick{}); }

  state::Machine machine_;
  Time now_ = Time::from_us(1'000'000);
  std::vector<Hold> holds_;
  std::vector<Refusal> refusals_;
  std::vector<Breach> breaches_;
  Ledger ledger_{machine_,
                 {.hold = [this](const Hold& hold) { holds_.push_back(hold); },
                  .refusal = [this](const Refusal& refusal) { refusals_.push_back(refusal); },
                  .breach = [this](const Breach& breach) { breaches_.push_back(breach); }}};
};

TEST_F(LedgerTest, tells_who_held_what_and_for_how_long) {
  const std::uint64_t till = open("till-7");
  command::LockAcquire acquire = lock("acct/1");
  acquire.keys.push_back({"acct/2", true});
  acquire.note = "payment 88";
  const std::uint64_t token = take(till, std::move(acquire));
  EXPECT_TRUE(holds_.empty());
  pass(1'200);
  apply(command::LockRelease{.key = "acct/1", .token = token}, till);
  ASSERT_EQ(holds_.size(), 1U);
  const Hold& hold = holds_.front();
  EXPECT_EQ(what_asked(hold), "acct/1, acct/2 shared");
  EXPECT_EQ(who_asked(hold), "till-7 (session " + std::to_string(till) + ")");
  EXPECT_EQ(hold.note, "payment 88");
  EXPECT_EQ(hold.end->cause, "released");
  EXPECT_EQ((hold.end->moment.at - hold.granted.at).ms(), 1'200);
  EXPECT_TRUE(breaches_.empty());
}

TEST_F(LedgerTest, tells_who_preempted_and_when_he_asked) {
  const std::uint64_t low = open("batch");
  const std::uint64_t high = open("payment");
  take(low, lock("acct/1"));
  pass(50);
  command::LockAcquire urgent = lock("acct/1", 5'000);
  urgent.priority = 9;
  urgent.preemption = Duration::from_ms(300);
  apply(std::move(urgent), high);
  pass(300);
  tick();
  ASSERT_EQ(holds_.size(), 1U);
  EXPECT_EQ(holds_.front().end->cause, "preempted");
  EXPECT_NE(holds_.front().end->by.find("payment"), std::string::npos);
  ASSERT_TRUE(holds_.front().warning);
  EXPECT_EQ((holds_.front().end->moment.at - holds_.front().warning->moment.at).ms(), 300);
  ledger_.close();
  ASSERT_EQ(holds_.size(), 2U);
  EXPECT_FALSE(holds_.back().end);
  EXPECT_EQ(holds_.back().waited->ms(), 300);
}

TEST_F(LedgerTest, tells_who_revoked_and_with_which_reason) {
  const std::uint64_t holder = open("till-7");
  const std::uint64_t operator_session = open("operator");
  take(holder, lock("acct/1"));
  apply(command::LockRevoke{.key = "acct/1", .reason = "the till is broken"}, operator_session);
  ASSERT_EQ(holds_.size(), 1U);
  EXPECT_EQ(holds_.front().end->cause, "revoked");
  EXPECT_EQ(holds_.front().end->by, "alice, operator");
  EXPECT_EQ(holds_.front().end->reason, "the till is broken");
}

TEST_F(LedgerTest, tells_a_lease_from_a_session_and_that_keys_were_shut) {
  const std::uint64_t session = open("till-7", 1'000);
  command::LockAcquire with_lease = lock("acct/1");
  with_lease.lease = Duration::from_ms(200);
  take(session, std::move(with_lease));
  command::LockAcquire to_hold = lock("acct/2");
  to_hold.on_loss.kind = command::OnLoss::Kind::Hold;
  take(session, std::move(to_hold));
  pass(200);
  tick();
  ASSERT_EQ(holds_.size(), 1U);
  EXPECT_EQ(holds_[0].end->reason, "its lease ran out");
  EXPECT_FALSE(holds_[0].end->shuts);
  pass(10'000);
  tick();
  ASSERT_EQ(holds_.size(), 2U);
  EXPECT_EQ(holds_[1].end->reason, "its session expired");
  EXPECT_TRUE(holds_[1].end->shuts);
  EXPECT_EQ(holds_[1].name, "till-7");
  EXPECT_TRUE(breaches_.empty());
}

TEST_F(LedgerTest, an_upgrade_ends_one_hold_and_begins_another) {
  const std::uint64_t session = open("till-7");
  const std::uint64_t shared = take(session, lock("acct/1", 0, true));
  const auto upgraded = std::get<command::Granted>(
      apply(command::LockUpgrade{.key = "acct/1", .token = shared, .wait = {}}, session));
  ASSERT_EQ(holds_.size(), 1U);
  EXPECT_EQ(holds_[0].end->cause, "upgraded");
  apply(command::LockDowngrade{.key = "acct/1", .token = upgraded.token}, session);
  take(open("reader"), lock("acct/1", 0, true));
  EXPECT_TRUE(breaches_.empty()) << breaches_.front().sentence;
  ledger_.close();
  ASSERT_EQ(holds_.size(), 3U);
  EXPECT_EQ(holds_[1].before, shared);
  EXPECT_EQ(what_asked(holds_[1]), "acct/1 shared");
}

TEST_F(LedgerTest, a_wait_that_came_to_nothing_is_told_with_its_error) {
  const std::uint64_t holder = open("till-7");
  const std::uint64_t waiter = open("till-8");
  take(holder, lock("acct/1"));
  apply(lock("acct/1", 500), waiter);
  pass(500);
  tick();
  ASSERT_EQ(refusals_.size(), 1U);
  EXPECT_EQ(refusals_.front().code, "BUSY");
  EXPECT_EQ(refusals_.front().name, "till-8");
  EXPECT_EQ((refusals_.front().refused.at - refusals_.front().asked.at).ms(), 500);
}

TEST_F(LedgerTest, attempts_end_as_their_tasks_say) {
  const std::uint64_t session = open("worker");
  command::TaskJoin join;
  join.flow = "payment/8731";
  join.task = "authorise";
  const auto attempt = std::get<command::Attempt>(apply(join, session));
  apply(
      command::TaskComplete{
          .flow = "payment/8731", .task = "authorise", .token = attempt.token, .result = "code 17"},
      session);
  join.task = "capture";
  apply(join, session);
  ASSERT_EQ(holds_.size(), 1U);
  EXPECT_EQ(what_asked(holds_.front()), "payment/8731 authorise");
  EXPECT_EQ(holds_.front().end->cause, "completed");
  EXPECT_TRUE(breaches_.empty()) << breaches_.front().sentence;
}

TEST_F(LedgerTest, a_saved_state_begins_the_book_with_what_is_held) {
  const std::uint64_t session = open("till-7");
  const std::uint64_t token = take(session, lock("acct/1"));
  std::string saved;
  machine_.save(saved);
  state::Machine other;
  ASSERT_TRUE(other.restore(saved));
  std::vector<Hold> holds;
  Ledger ledger(other, {.hold = [&](const Hold& hold) { holds.push_back(hold); },
                        .refusal = [](const Refusal&) {},
                        .breach = [this](const Breach& breach) { breaches_.push_back(breach); }});
  ledger.restored();
  other.watch(&ledger);
  command::Entry entry;
  entry.index = other.next_index();
  entry.now = now_;
  entry.origin = {.user = "alice", .connection = 8, .session = session};
  entry.command = command::LockRelease{.key = "acct/1", .token = token};
  other.apply(entry);
  ASSERT_EQ(holds.size(), 1U);
  EXPECT_EQ(holds.front().token, token);
  EXPECT_FALSE(holds.front().waited);
  EXPECT_TRUE(breaches_.empty());
}

// --- what it notices: told of what no machine would do

TEST_F(LedgerTest, notices_two_holders_of_one_key_and_a_token_that_does_not_grow) {
  command::Entry entry;
  entry.index = 9;
  state::Grant grant;
  grant.keys = {{"acct/1", false}};
  grant.token = 9;
  ledger_.before(entry);
  ledger_.on_grant(grant, Time());
  EXPECT_TRUE(breaches_.empty());
  grant.token = 8;
  ledger_.on_grant(grant, Time());
  ASSERT_EQ(breaches_.size(), 2U);
  EXPECT_EQ(breaches_[0].promise, "L2");
  EXPECT_EQ(breaches_[1].promise, "L1");
}

TEST_F(LedgerTest, notices_an_end_without_a_hold_and_one_before_its_time) {
  command::Entry entry;
  entry.index = 9;
  entry.now = Time::from_us(1'000);
  state::Grant grant;
  grant.keys = {{"acct/1", false}};
  grant.token = 9;
  grant.lease_end = Time::from_us(2'000);
  ledger_.before(entry);
  ledger_.on_end(grant, state::EndCause::Released);
  ASSERT_EQ(breaches_.size(), 1U);
  EXPECT_EQ(breaches_[0].promise, "L3");
  ledger_.on_grant(grant, Time());
  ledger_.on_end(grant, state::EndCause::LeaseExpired);
  ASSERT_EQ(breaches_.size(), 2U);
  EXPECT_EQ(breaches_[1].promise, "T1");
}

}  // namespace
}  // namespace cli
