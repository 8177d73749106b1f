// The shared log against a real etcd.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>

#include "journal/etcd/etcd_log.h"
#include "journal/etcd/layout.h"
#include "journal/etcd/test_etcd.h"
#include "journal/file/format.h"

namespace journal::etcd {
namespace {

using base::Duration;
using base::Fault;
using News = SharedLog::News;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Duration kWithin = Duration::from_seconds(5);

/// What it was told, one text a record.
class Told final : public Consumer {
 public:
  base::Result<void> restore(const Snapshot& snapshot) override {
    texts.push_back("snapshot " + snapshot.payload.substr(0, 20));
    return {};
  }
  base::Result<void> replay(const Record& record) override {
    texts.emplace_back(record.payload.substr(0, 20));
    return {};
  }
  base::Result<void> batch_end(std::uint64_t, base::Time, std::uint64_t) override { return {}; }

  std::vector<std::string> texts;
};

class EtcdLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestEtcd::is_installed()) GTEST_SKIP() << "there is no etcd on this machine";
    etcd_.emplace();
    access_.members = {etcd_->address()};
    client_.emplace(access_);
  }

  std::unique_ptr<SharedLog> open(const std::string& node) {
    auto opened = open_etcd_log({access_, {}, "test", node, Duration::from_seconds(5)});
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }

  /// A log that leads, and the journal of its epoch.
  struct Leader {
    std::unique_ptr<SharedLog> log;
    Told told;
    std::uint64_t epoch = 0;
    std::unique_ptr<Journal> journal;
  };
  void take_lead(Leader& leader) {
    const auto epoch = leader.log->campaign();
    ASSERT_TRUE(epoch) << epoch.error().message;
    ASSERT_GT(*epoch, 0U);
    leader.epoch = *epoch;
    const auto caught_up = leader.log->catch_up(*epoch, leader.told);
    ASSERT_TRUE(caught_up) << caught_up.error().message;
    leader.journal = leader.log->lead(*epoch);
  }
  void start(Leader& leader, const std::string& node) {
    leader.log = open(node);
    ASSERT_TRUE(leader.log->load(leader.told));
  }

  base::Result<void> append(Journal& journal, std::string_view text) {
    Batch batch;
    batch.add(journal.next_index(), base::Time::from_us(++time_), {}, text);
    batch.mark = base::Time::from_us(time_);
    return journal.append(batch);
  }

  /// Follows until it was told of so many.
  void follow(SharedLog& log, Told& told, std::size_t count) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (told.texts.size() < count && std::chrono::steady_clock::now() < give_up) {
      const auto news = log.follow(Duration::from_ms(200), told);
      ASSERT_TRUE(news) << news.error().message;
      ASSERT_NE(*news, News::Behind);
    }
  }

  std::optional<TestEtcd> etcd_;
  Access access_;
  std::optional<Client> client_;
  const Layout layout_{"test"};
  std::int64_t time_ = 0;
};

TEST_F(EtcdLogTest, a_standby_is_told_all_that_the_leader_appends) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  ASSERT_TRUE(append(*leader.journal, "one"));
  const auto standby = open("b:1");
  Told told;
  ASSERT_TRUE(standby->load(told));
  EXPECT_THAT(told.texts, ElementsAre("one"));
  EXPECT_EQ(standby->leader().node, "a:1");
  EXPECT_EQ(standby->leader().epoch, leader.epoch);
  for (const char* text : {"two", "three", "four"}) ASSERT_TRUE(append(*leader.journal, text));
  follow(*standby, told, 4);
  EXPECT_THAT(told.texts, ElementsAre("one", "two", "three", "four"));
  EXPECT_EQ(standby->position().last_index, leader.journal->next_index() - 1);
}

TEST_F(EtcdLogTest, there_is_one_leader) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  Leader other;
  start(other, "b:1");
  const auto epoch = other.log->campaign();
  ASSERT_TRUE(epoch);
  EXPECT_EQ(*epoch, 0U);
  EXPECT_EQ(other.log->leader().node, "a:1");
}

TEST_F(EtcdLogTest, who_was_deposed_appends_and_confirms_nothing) {
  Leader old;
  start(old, "a:1");
  take_lead(old);
  ASSERT_TRUE(append(*old.journal, "before"));
  ASSERT_TRUE(old.journal->confirm());
  Leader fresh;
  start(fresh, "b:1");
  ASSERT_TRUE(fresh.log->depose(old.epoch, kWithin));
  take_lead(fresh);
  EXPECT_GT(fresh.epoch, old.epoch);
  EXPECT_THAT(fresh.told.texts, ElementsAre("before"));

  const auto confirmed = old.journal->confirm();
  ASSERT_FALSE(confirmed);
  EXPECT_EQ(confirmed.error().fault, Fault::InUse);
  EXPECT_THAT(confirmed.error().message, HasSubstr("b:1 leads"));
  const auto appended = append(*old.journal, "too late");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().fault, Fault::InUse);
  ASSERT_TRUE(append(*fresh.journal, "after"));
  Told told;
  const auto third = open("c:1");
  ASSERT_TRUE(third->load(told));
  EXPECT_THAT(told.texts, ElementsAre("before", "after"));
}

// Deposing twice, by two who saw the same leader die, deposes nobody else.
TEST_F(EtcdLogTest, an_old_epoch_cannot_be_deposed_again) {
  Leader old;
  start(old, "a:1");
  take_lead(old);
  Leader fresh;
  start(fresh, "b:1");
  ASSERT_TRUE(fresh.log->depose(old.epoch, kWithin));
  take_lead(fresh);
  const auto third = open("c:1");
  ASSERT_TRUE(third->depose(old.epoch, kWithin));
  EXPECT_TRUE(fresh.journal->confirm());
}

// The same node leads again; what its first leadership left in flight is void all the same.
TEST_F(EtcdLogTest, an_epoch_is_not_a_name) {
  Leader first;
  start(first, "a:1");
  take_lead(first);
  ASSERT_TRUE(first.log->depose(first.epoch, kWithin));
  Leader second;
  start(second, "a:1");
  take_lead(second);
  const auto appended = append(*first.journal, "from an earlier life");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().fault, Fault::InUse);
}

TEST_F(EtcdLogTest, an_append_of_unknown_outcome_is_done_once) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  ASSERT_TRUE(append(*leader.journal, "one"));
  etcd_->freeze();  // longer than an attempt: each attempt waits in the frozen member
  auto appended = std::async(std::launch::async, [&] { return append(*leader.journal, "two"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(1'700));
  EXPECT_EQ(appended.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  etcd_->thaw();
  const auto result = appended.get();
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_TRUE(append(*leader.journal, "three"));
  Told told;
  const auto standby = open("b:1");
  ASSERT_TRUE(standby->load(told));
  EXPECT_THAT(told.texts, ElementsAre("one", "two", "three"));
}

TEST_F(EtcdLogTest, a_leader_without_an_answer_gives_up) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  etcd_->freeze();
  const auto appended = append(*leader.journal, "one");
  etcd_->thaw();
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().fault, Fault::Unavailable);
  EXPECT_FALSE(append(*leader.journal, "another")) << "the first may have been done";
}

TEST_F(EtcdLogTest, the_leader_key_taken_away_by_hand_ends_the_epoch) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  ASSERT_TRUE(client_->commit({{}, {Delete{layout_.leader(), {}}}, {}}, kWithin));
  const auto appended = append(*leader.journal, "one");
  ASSERT_FALSE(appended);
  EXPECT_THAT(appended.error().message, HasSubstr("nobody leads"));
}

TEST_F(EtcdLogTest, a_closed_log_lets_go_of_its_leadership) {
  const auto standby = open("b:1");
  Told told;
  ASSERT_TRUE(standby->load(told));
  {
    Leader leader;
    start(leader, "a:1");
    take_lead(leader);
    leader.journal.reset();
  }
  ASSERT_TRUE(standby->follow(Duration::from_ms(500), told));
  ASSERT_TRUE(standby->follow(Duration::from_ms(500), told));
  EXPECT_EQ(standby->leader(), Leadership());
  EXPECT_THAT(standby->members(), ElementsAre("b:1"));
}

TEST_F(EtcdLogTest, a_snapshot_takes_the_place_of_the_batches_before_it) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  const auto behind = open("b:1");
  Told behind_told;
  ASSERT_TRUE(behind->load(behind_told));
  for (int round = 1; round <= 3; ++round) {
    for (int n = 0; n < 5; ++n)
      ASSERT_TRUE(append(*leader.journal, fmt::format("{}.{}", round, n)));
    Told told;
    const auto position = leader.log->replay(told);
    ASSERT_TRUE(position) << position.error().message;
    EXPECT_EQ(position->sequence, static_cast<std::uint64_t>(round * 5));
    Snapshot snapshot;
    snapshot.index = position->last_index;
    snapshot.payload = fmt::format("of round {} {}", round, std::string(1'000'000, 'x'));
    const auto saved = leader.log->save(leader.epoch, *position, snapshot);
    ASSERT_TRUE(saved) << saved.error().message;
  }
  ASSERT_TRUE(append(*leader.journal, "the last"));

  const auto batches = client_->range({layout_.batch(0), layout_.batches_end()}, kWithin);
  ASSERT_TRUE(batches);
  EXPECT_EQ(batches->items.front().key, layout_.batch(10)) << "from the older snapshot on";
  Told told;
  const auto fresh = open("c:1");
  ASSERT_TRUE(fresh->load(told));
  EXPECT_THAT(told.texts, ElementsAre("snapshot of round 3 xxxxxxxxx", "the last"));
  EXPECT_EQ(fresh->last_snapshot().sequence, 15U);

  ASSERT_TRUE(client_->compact(batches->revision, kWithin));
  const auto news = behind->follow(Duration::from_ms(500), behind_told);
  ASSERT_TRUE(news) << news.error().message;
  EXPECT_EQ(*news, News::Behind) << "its watch begins before what etcd still knows";
}

TEST_F(EtcdLogTest, a_damaged_snapshot_is_passed_over) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  for (int round = 1; round <= 2; ++round) {
    ASSERT_TRUE(append(*leader.journal, fmt::format("entry {}", round)));
    Told told;
    const auto position = leader.log->replay(told);
    ASSERT_TRUE(position);
    Snapshot snapshot;
    snapshot.payload = fmt::format("{}", round);
    ASSERT_TRUE(leader.log->save(leader.epoch, *position, snapshot));
  }
  ASSERT_TRUE(client_->commit({{}, {Put{layout_.piece(2, 0), "3"}}, {}}, kWithin));
  Told told;
  const auto fresh = open("c:1");
  ASSERT_TRUE(fresh->load(told));
  EXPECT_THAT(told.texts, ElementsAre("snapshot 1", "entry 2"));
}

TEST_F(EtcdLogTest, deposing_gives_up_when_etcd_does_not_answer_in_time) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  const auto other = open("b:1");
  etcd_->freeze();
  const auto began = std::chrono::steady_clock::now();
  const auto deposed = other->depose(leader.epoch, Duration::from_seconds(1));
  etcd_->thaw();
  ASSERT_FALSE(deposed);
  EXPECT_EQ(deposed.error().fault, Fault::Unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
}

TEST_F(EtcdLogTest, who_was_deposed_saves_no_snapshot) {
  Leader old;
  start(old, "a:1");
  take_lead(old);
  ASSERT_TRUE(append(*old.journal, "one"));
  Told told;
  const auto position = old.log->replay(told);
  ASSERT_TRUE(position);
  const auto other = open("b:1");
  ASSERT_TRUE(other->depose(old.epoch, kWithin));
  const auto saved = old.log->save(old.epoch, *position, Snapshot{});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().fault, Fault::InUse);
}

TEST_F(EtcdLogTest, a_batch_that_was_changed_is_refused) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  ASSERT_TRUE(append(*leader.journal, "one"));
  ASSERT_TRUE(append(*leader.journal, "two"));
  BatchHead head;  // well-formed, but not what was there
  head.sequence = 1;
  ASSERT_TRUE(client_->commit({{}, {Put{layout_.batch(1), encode(head, Batch())}}, {}}, kWithin));
  Told told;
  const auto fresh = open("c:1");
  const auto loaded = fresh->load(told);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().fault, Fault::Corrupt);
  EXPECT_THAT(loaded.error().message, HasSubstr("does not follow the batch before it"));
}

TEST_F(EtcdLogTest, a_batch_that_was_lost_is_missed) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  ASSERT_TRUE(append(*leader.journal, "one"));
  ASSERT_TRUE(append(*leader.journal, "two"));
  const auto standby = open("b:1");
  Told told;
  ASSERT_TRUE(standby->load(told));
  // As in a backup that is older than the last batch.
  ASSERT_TRUE(client_->commit({{}, {Delete{layout_.batch(2), {}}}, {}}, kWithin));
  const auto appended = append(*leader.journal, "three");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().fault, Fault::Corrupt);
  base::Result<News> news = News::None;
  for (int n = 0; n < 10 && news; ++n) news = standby->follow(Duration::from_ms(500), told);
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().fault, Fault::Corrupt);
  EXPECT_THAT(news.error().message, HasSubstr("has lost batch 2"));
}

TEST_F(EtcdLogTest, a_batch_may_be_as_large_as_it_says) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  Batch batch;
  const std::string entry(256 << 10, 'x');
  std::size_t count = 0;
  while (batch.payload_bytes() < leader.log->batch_bytes() + entry.size()) {
    batch.add(++count, {}, {}, entry);
  }
  EXPECT_TRUE(leader.journal->append(batch));
  Told told;
  const auto fresh = open("c:1");
  ASSERT_TRUE(fresh->load(told));
  EXPECT_EQ(told.texts.size(), count);
}

TEST_F(EtcdLogTest, a_page_of_large_batches_fits_into_a_message) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  const std::string large(1 << 20, 'x');
  constexpr std::size_t kCount = 70;  // more than the 64 MiB of one message
  for (std::size_t n = 0; n < kCount; ++n) {
    const auto appended = append(*leader.journal, large);
    ASSERT_TRUE(appended) << appended.error().message;
  }
  Told told;
  const auto fresh = open("b:1");
  const auto loaded = fresh->load(told);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(told.texts.size(), kCount);
}

TEST_F(EtcdLogTest, after_a_restore_indexes_jump_ahead_once) {
  Leader first;
  start(first, "a:1");
  take_lead(first);
  ASSERT_TRUE(append(*first.journal, "one"));
  ASSERT_TRUE(client_->commit({{}, {Put{layout_.restored(), "1"}}, {}}, kWithin));
  Leader second;
  start(second, "b:1");
  ASSERT_TRUE(second.log->depose(first.epoch, kWithin));
  take_lead(second);  // and dies before it has appended anything
  Leader third;
  start(third, "c:1");
  ASSERT_TRUE(third.log->depose(second.epoch, kWithin));
  take_lead(third);
  EXPECT_EQ(third.journal->next_index(), 2 + kIndexJump);
  ASSERT_TRUE(append(*third.journal, "two"));
  EXPECT_EQ(third.journal->next_index(), 3 + kIndexJump);
  Leader fourth;
  start(fourth, "d:1");
  ASSERT_TRUE(fourth.log->depose(third.epoch, kWithin));
  take_lead(fourth);
  EXPECT_EQ(fourth.journal->next_index(), 3 + kIndexJump);
}

TEST_F(EtcdLogTest, somebody_elses_keys_are_no_log) {
  ASSERT_TRUE(client_->commit({{}, {Put{layout_.meta(), "something else"}}, {}}, kWithin));
  const auto opened = open_etcd_log({access_, {}, "test", "a:1", Duration::from_seconds(5)});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::Config);
}

TEST_F(EtcdLogTest, old_revisions_are_forgotten_and_the_size_is_told) {
  Leader leader;
  start(leader, "a:1");
  take_lead(leader);
  const auto health = leader.log->health();
  ASSERT_TRUE(health) << health.error().message;
  EXPECT_THAT(health->version, HasSubstr("."));
  EXPECT_GT(health->bytes, 0);
}

}  // namespace
}  // namespace journal::etcd
