// A node's part in the cluster, with a shared log that a test makes up.
#include "server/cluster/member.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "journal/memory_journal.h"

namespace server {
namespace {

using base::Fault;
using journal::Leadership;
using journal::SharedLog;

/// What the test decides, and what was asked of the log. Outlives it.
struct Script {
  std::mutex mutex;
  Leadership leader;  ///< of the log
  bool others_are_faster = false;
  std::optional<base::Error> load_fails;
  std::optional<base::Error> depose_fails;
  int attempts = 0;  ///< to depose
  std::atomic<bool> survey_hangs = false;
  std::vector<std::uint64_t> deposed;
  int loads = 0;
  std::uint64_t next_epoch = 10;
};

class ScriptedLog final : public SharedLog {
 public:
  explicit ScriptedLog(Script& script) : script_(script) {}

  base::Result<void> load(journal::Consumer&) override {
    const std::lock_guard lock(script_.mutex);
    ++script_.loads;
    leader_ = script_.leader;
    if (script_.load_fails) return std::unexpected(*script_.load_fails);
    return {};
  }
  base::Result<News> follow(base::Duration, journal::Consumer&) override {
    if (stopped_) return base::failure(Fault::Unavailable, "stopped");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(script_.mutex);
    leader_ = script_.leader;
    return News::None;
  }
  base::Result<void> survey() override {
    while (script_.survey_hangs && !stopped_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  }
  const Leadership& leader() const override { return leader_; }
  const std::vector<std::string>& members() const override { return members_; }
  const journal::LogPosition& position() const override { return position_; }
  base::Result<void> depose(std::uint64_t epoch, base::Duration) override {
    const std::lock_guard lock(script_.mutex);
    ++script_.attempts;
    if (script_.depose_fails) return std::unexpected(*script_.depose_fails);
    script_.deposed.push_back(epoch);
    if (script_.leader.epoch == epoch) script_.leader = {};
    leader_ = script_.leader;
    return {};
  }
  base::Result<std::uint64_t> campaign() override {
    const std::lock_guard lock(script_.mutex);
    const std::uint64_t epoch = script_.next_epoch++;
    script_.leader = {epoch, script_.others_are_faster ? "other:1" : "self:1"};
    leader_ = script_.leader;
    return script_.others_are_faster ? 0 : epoch;
  }
  base::Result<News> catch_up(std::uint64_t, journal::Consumer&) override { return News::None; }
  std::unique_ptr<journal::Journal> lead(std::uint64_t) override {
    return std::make_unique<journal::MemoryJournal>(base::Time::from_us(1'800'000'000'000'000));
  }
  std::size_t batch_bytes() const override { return 1000; }
  base::Result<journal::LogPosition> replay(journal::Consumer&) override { return position_; }
  base::Result<void> save(std::uint64_t, const journal::LogPosition&,
                          const journal::Snapshot&) override {
    return {};
  }
  base::Result<journal::StoreHealth> health() override { return journal::StoreHealth{"3.6.14", 1}; }
  journal::SavedSnapshot last_snapshot() const override { return {}; }
  journal::Tail tail() const override { return {}; }
  void wake() override {}
  void stop() override { stopped_ = true; }

 private:
  Script& script_;
  std::atomic<bool> stopped_ = false;
  Leadership leader_;
  const std::vector<std::string> members_ = {"other:1", "self:1"};
  const journal::LogPosition position_;
};

class MemberTest : public ::testing::Test {
 protected:
  void start() {
    member_.emplace(loop_, std::make_unique<ScriptedLog>(script_), "self:1", SnapshotRules(),
                    Member::Listener{[this](Lead lead) { leads_.push_back(std::move(lead)); },
                                     [this](Topology topology) { news_ = std::move(topology); },
                                     [](const journal::StoreHealth&) {},
                                     [this](const base::Error& error) { failure_ = error; }});
  }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < give_up) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(5));
    }
    return condition();
  }
  std::vector<std::uint64_t> deposed() {
    const std::lock_guard lock(script_.mutex);
    return script_.deposed;
  }

  boost::asio::io_context loop_;
  Script script_;
  std::vector<Lead> leads_;
  std::optional<Topology> news_;
  std::optional<base::Error> failure_;
  std::optional<Member> member_;
};

/// A campaign that the store heard late, or one of its former process.
TEST_F(MemberTest, takes_its_own_key_away_when_it_does_not_lead) {
  script_.leader = {7, "self:1"};
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{7});
  EXPECT_EQ(leads_.front().epoch, 10U);
}

TEST_F(MemberTest, leads_when_nobody_does) {
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  EXPECT_EQ(leads_.front().epoch, 10U);
  EXPECT_EQ(member_->epoch_led(), 10U);
  EXPECT_NE(leads_.front().machine, nullptr);
  EXPECT_NE(leads_.front().journal, nullptr);
}

TEST_F(MemberTest, stands_by_while_another_leads) {
  script_.leader = {7, "other:1"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  EXPECT_EQ(news_->leader.node, "other:1");
  EXPECT_EQ(member_->epoch_led(), 0U);
  EXPECT_TRUE(leads_.empty());
}

TEST_F(MemberTest, takes_the_place_of_one_who_is_gone) {
  script_.leader = {7, "other:1"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  member_->doubt_leader(7, Doubt::Gone);
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{7});
}

TEST_F(MemberTest, an_old_suspicion_harms_no_newer_leader) {
  script_.leader = {7, "other:1"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  member_->doubt_leader(6, Doubt::Gone);
  for (int round = 0; round < 2; ++round) {
    news_.reset();  // it goes on following
    ASSERT_TRUE(run_until([&] { return news_.has_value(); }));
  }
  EXPECT_TRUE(deposed().empty());
}

TEST_F(MemberTest, who_was_cut_off_listens_to_the_leader_before_suspecting_him_again) {
  script_.leader = {7, "other:1"};
  script_.depose_fails = base::Error{Fault::Unavailable, "no answer"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  member_->doubt_leader(7, Doubt::Gone);
  const auto attempts = [this] {
    const std::lock_guard lock(script_.mutex);
    return script_.attempts;
  };
  ASSERT_TRUE(run_until([&] { return attempts() == 1; }));
  {
    const std::lock_guard lock(script_.mutex);
    script_.depose_fails.reset();
  }
  const auto cut_until = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] {
    member_->doubt_leader(7, Doubt::Gone);  // it is silent still
    return !leads_.empty();
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - cut_until, std::chrono::milliseconds(1'900));
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{7});
}

/// Else a leader that is well would be replaced each time that etcd has elected one of its own.
TEST_F(MemberTest, takes_the_place_of_one_who_is_cut_off_once_its_own_way_has_proved_good) {
  script_.leader = {7, "other:1"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  script_.survey_hangs = true;
  const auto say_for = [this](std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    return run_until([&] {
      member_->doubt_leader(7, Doubt::CutOff);
      return !leads_.empty() || std::chrono::steady_clock::now() >= end;
    });
  };
  ASSERT_TRUE(say_for(std::chrono::milliseconds(1'500)));
  EXPECT_TRUE(deposed().empty()) << "the store answers this node as little";
  script_.survey_hangs = false;
  const auto answered_at = std::chrono::steady_clock::now();
  ASSERT_TRUE(say_for(std::chrono::seconds(8)));
  EXPECT_GE(std::chrono::steady_clock::now() - answered_at, std::chrono::milliseconds(950));
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{7});
}

TEST_F(MemberTest, who_hears_the_store_again_stays_the_leader) {
  script_.leader = {7, "other:1"};
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->is_caught_up; }));
  member_->doubt_leader(7, Doubt::CutOff);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1'500);
  ASSERT_TRUE(run_until([&] { return std::chrono::steady_clock::now() >= end; }));
  EXPECT_TRUE(deposed().empty());
}

TEST_F(MemberTest, a_leader_says_when_the_store_falls_silent) {
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  EXPECT_FALSE(member_->is_cut_off());
  script_.survey_hangs = true;
  ASSERT_TRUE(run_until([&] { return member_->is_cut_off(); }));
  script_.survey_hangs = false;
  ASSERT_TRUE(run_until([&] { return !member_->is_cut_off(); }));
}

TEST_F(MemberTest, stands_by_again_when_another_was_faster) {
  script_.others_are_faster = true;
  start();
  ASSERT_TRUE(run_until([&] { return news_ && news_->leader.node == "other:1"; }));
  EXPECT_EQ(member_->epoch_led(), 0U);
  EXPECT_TRUE(leads_.empty());
}

TEST_F(MemberTest, who_lost_the_lead_gives_it_back_and_loads_anew) {
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  const std::uint64_t epoch = leads_.front().epoch;
  leads_.clear();
  member_->lost_lead(epoch);
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); })) << "nobody leads, so it stands again";
  EXPECT_GT(leads_.front().epoch, epoch);
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{epoch});
  const std::lock_guard lock(script_.mutex);
  EXPECT_EQ(script_.loads, 2) << "the state of the term before is not trusted";
}

TEST_F(MemberTest, who_lost_the_lead_says_so_while_the_store_does_not_answer) {
  script_.survey_hangs = true;
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  const std::uint64_t epoch = leads_.front().epoch;
  leads_.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));  // it looks around once a second
  member_->lost_lead(epoch);
  EXPECT_EQ(member_->epoch_led(), 0U);
}

TEST_F(MemberTest, gives_the_lead_back_when_it_ends) {
  start();
  ASSERT_TRUE(run_until([&] { return !leads_.empty(); }));
  leads_.clear();
  member_.reset();
  EXPECT_EQ(deposed(), std::vector<std::uint64_t>{10});
}

TEST_F(MemberTest, a_damaged_log_is_reported) {
  script_.load_fails = base::Error{Fault::Corrupt, "batch 3 is missing"};
  start();
  ASSERT_TRUE(run_until([&] { return failure_.has_value(); }));
  EXPECT_EQ(failure_->fault, Fault::Corrupt);
}

TEST_F(MemberTest, a_store_that_does_not_answer_is_asked_again) {
  script_.load_fails = base::Error{Fault::Unavailable, "no answer"};
  start();
  ASSERT_TRUE(run_until([&] {
    const std::lock_guard lock(script_.mutex);
    return script_.loads >= 2;
  }));
  EXPECT_FALSE(failure_);
}

}  // namespace
}  // namespace server
