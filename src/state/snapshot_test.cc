// The whole state as bytes, and what becomes of bytes that are none.
#include <gtest/gtest.h>

#include <functional>

#include "base/bytes.h"
#include "state/test_machine.h"

namespace state {
namespace {

constexpr Duration kHuge = Duration::from_us(std::numeric_limits<std::int64_t>::max());

/// A snapshot taken apart, so that a test can put a wrong one together.
struct Parts {
  std::uint32_t format = 3;
  command::Rules rules;
  std::uint64_t last_index = 100;
  Time now = Time::from_us(1'000'000);
  std::vector<Session> sessions;
  std::vector<Grant> grants;
  std::vector<Waiter> waiters;
  EndedGrants ended;
  std::vector<Mark> marks;
  std::vector<Semaphore> semaphores;
  HoldTimes hold_times;
  std::uint64_t last_flow_id = 0;  // of flows and tasks, of which there are none

  std::string bytes() const {
    std::string out;
    base::ByteWriter writer(out);
    writer(format, rules, last_index, now, std::uint64_t{0});
    writer(sessions, grants, waiters, ended, marks, semaphores, hold_times);
    constexpr std::uint32_t kNone = 0;
    writer(last_flow_id, kNone, kNone, kNone, kNone);
    return out;
  }
};

base::Result<void> restore(const std::string& bytes) {
  Machine machine;
  return machine.restore(bytes);
}

/// A session that holds x, waits for y under a number and a ticket, and somebody who holds y.
Parts sound_parts() {
  Parts parts;
  Session session;
  session.id = 10;
  session.ttl = Duration::from_seconds(10);
  session.answers.remember(5, {Answer::Kind::Waiting, 30, 0}, 10);
  parts.sessions.push_back(session);
  Grant held;
  held.token = 20;
  held.session = 10;
  held.keys = {exclusive("x")};
  Grant pool;
  pool.token = 25;
  pool.keys = {exclusive("y")};
  pool.lease_end = Time::from_us(5'000'000);
  parts.grants = {held, pool};
  Waiter waiter;
  waiter.id = 30;
  waiter.place.index = 30;
  waiter.session = 10;
  waiter.request = 5;
  waiter.ticket = "t";
  waiter.keys = {exclusive("y")};
  waiter.give_up = Time::from_us(9'000'000);
  parts.waiters = {waiter};
  parts.ended.remember(15, EndCause::Released, 10);
  return parts;
}

/// Whether the sound parts, damaged like this, are refused.
bool is_refused(const std::function<void(Parts&)>& damage) {
  Parts parts = sound_parts();
  damage(parts);
  const auto result = restore(parts.bytes());
  if (result) return false;
  EXPECT_EQ(result.error().fault, base::Fault::Corrupt);
  EXPECT_FALSE(result.error().message.empty());
  return true;
}

TEST(SnapshotTest, a_sound_one_is_restored) {
  const auto result = restore(sound_parts().bytes());
  EXPECT_TRUE(result.has_value()) << result.error().message;
}

TEST(SnapshotTest, an_empty_machine_survives_it) {
  Machine machine;
  std::string bytes;
  machine.save(bytes);
  Machine copy;
  ASSERT_TRUE(copy.restore(bytes).has_value());
  EXPECT_EQ(copy.digest(), machine.digest());
  EXPECT_EQ(copy.next_index(), 1U);
}

TEST(SnapshotTest, every_cut_is_refused) {
  const std::string bytes = sound_parts().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(restore(bytes.substr(0, size)).has_value()) << size << " bytes";
  }
  EXPECT_FALSE(restore(bytes + '\0').has_value());
}

TEST(SnapshotTest, every_changed_byte_is_refused_or_makes_a_sound_machine) {
  const std::string bytes = sound_parts().bytes();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0, 1, 5, 127, 128, 255}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      Machine machine;
      if (machine.restore(damaged)) machine.check_invariants();
    }
  }
}

TEST(SnapshotTest, another_format_and_newer_rules_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& parts) { parts.format = 4; }));
  EXPECT_TRUE(is_refused([](Parts& parts) { parts.rules.version = kRulesVersion + 1; }));
}

TEST(SnapshotTest, numbers_that_could_overflow_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.now = Time::never(); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.rules.ageing_step = kHuge; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.rules.slack_min = kHuge; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.rules.slack_percent = kHuge.us(); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.last_index = ~std::uint64_t{0}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.sessions[0].ttl = kHuge; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.sessions[0].renewed = Time::never(); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].lease = kHuge; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].give_up = Time::never(); }));
  EXPECT_TRUE(is_refused([](Parts& p) {
    p.grants[0].details.set(&Details::entries, std::numeric_limits<std::int64_t>::max());
  }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.hold_times.record("y", kHuge, 1, 1); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.last_flow_id = ~std::uint64_t{0}; }));
}

TEST(SnapshotTest, what_comes_from_the_future_is_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.last_index = 24; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.now = Time::from_us(-1); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.sessions[0].renewed = p.now + Duration::from_us(1); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[0].granted = p.now + Duration::from_us(1); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].asked = p.now + Duration::from_us(1); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.ended.remember(101, EndCause::Released, 10); }));
}

TEST(SnapshotTest, grants_that_contradict_a_promise_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[0].keys = {}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[0].keys = {exclusive("x"), exclusive("x")}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[0].keys = {shared("x"), shared("x")}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[1].keys = {exclusive("x")}; })) << "L1";
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[1].token = 20; })) << "L2";
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[0].session = 11; })) << "T1";
  EXPECT_TRUE(is_refused([](Parts& p) { p.grants[1].lease_end = Time::never(); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.ended.remember(20, EndCause::Released, 10); })) << "L2";
}

TEST(SnapshotTest, who_runs_or_joined_a_task_that_is_not_there_is_refused) {
  const std::string key = task_key("flow", "task");
  EXPECT_TRUE(is_refused([&](Parts& p) {
    p.grants[0].space = Space::Task;
    p.grants[0].keys = {exclusive(key)};
  })) << "F4";
  EXPECT_TRUE(is_refused([&](Parts& p) {
    p.waiters[0].space = Space::Task;
    p.waiters[0].keys = {shared(key)};
  })) << "F2";
}

TEST(SnapshotTest, waiters_that_contradict_a_promise_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].keys = {}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].keys = {exclusive("y"), shared("y")}; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].keys = {exclusive("z")}; })) << "L7";
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].session = 11; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].session = 0; }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].place.index = 31; }));
  EXPECT_TRUE(is_refused([](Parts& p) {
    p.waiters.push_back(p.waiters[0]);
    p.waiters[1].id = p.waiters[1].place.index = 31;
    p.waiters[1].request = 0;
  })) << "two waits under one ticket";
}

TEST(SnapshotTest, that_the_loss_of_anything_but_a_lock_shuts_its_name_is_refused) {
  const auto shuts = [](Claim& claim, Space space) {
    claim.space = space;
    claim.details.set(&Details::on_loss, {command::OnLoss::Kind::Hold, {}});
  };
  EXPECT_FALSE(is_refused([&](Parts& p) { shuts(p.grants[0], Space::Lock); }));
  EXPECT_FALSE(is_refused([&](Parts& p) { p.grants[0].space = Space::Election; }));
  EXPECT_TRUE(is_refused([&](Parts& p) { shuts(p.grants[0], Space::Election); }));
}

TEST(SnapshotTest, answers_that_lead_nowhere_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters.clear(); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.waiters[0].request = 6; }));
  EXPECT_TRUE(is_refused([](Parts& p) {
    p.sessions[0].answers.remember(6, {static_cast<Answer::Kind>(77), 0, 0}, 10);
  }));
}

TEST(SnapshotTest, an_answer_that_is_kept_and_forgotten_is_refused) {
  Answers answers;
  answers.remember(5, {}, 10);
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer(answers);
  bytes[0] = 5;  // the greatest that was forgotten
  base::ByteReader reader(bytes);
  reader(answers);
  EXPECT_FALSE(reader.ok());
}

TEST(SnapshotTest, two_sessions_of_one_id_are_refused) {
  EXPECT_TRUE(is_refused([](Parts& p) { p.sessions.push_back(p.sessions[0]); }));
  EXPECT_TRUE(is_refused([](Parts& p) { p.sessions[0].id = 0; }));
}

TEST(SnapshotTest, an_ended_token_that_is_named_twice_or_without_a_cause_is_refused) {
  const std::string sound = sound_parts().bytes();
  const std::string token = sound.substr(sound.size() - 9, 9);
  std::string twice = sound + token;
  twice[sound.size() - 13] = 2;  // their count
  EXPECT_FALSE(restore(twice).has_value());
  std::string causeless = sound;
  causeless.back() = 9;
  EXPECT_FALSE(restore(causeless).has_value());
}

TEST(SnapshotTest, a_wait_behind_thousands_of_long_ones_is_foreseen_without_an_overflow) {
  Parts parts = sound_parts();
  parts.hold_times.record("y", Duration::from_us(kLengthMax - 1), 1, 1);
  Waiter another = parts.waiters[0];
  another.ticket = "";
  another.request = 0;
  for (std::uint64_t id = 31; id < 5'000; ++id) {
    another.id = another.place.index = id;
    parts.waiters.push_back(another);
  }
  parts.last_index = 5'000;
  Machine machine;
  ASSERT_TRUE(machine.restore(parts.bytes()).has_value());
  command::LockAcquire acquire;
  acquire.keys = {exclusive("y")};
  acquire.wait = Duration::from_seconds(5);
  acquire.within = Duration::from_seconds(4);
  command::Entry entry;
  entry.index = machine.next_index();
  entry.now = machine.now();
  entry.origin.session = 10;
  entry.command = acquire;
  const command::Outcome outcome = machine.apply(entry);
  const auto* refused = std::get_if<command::Refused>(&outcome.reply);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->code, command::Code::Busy);
  EXPECT_TRUE(refused->sentence.ends_with("expect to wait 4503599627370 ms")) << refused->sentence;
}

}  // namespace
}  // namespace state
