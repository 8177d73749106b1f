// A replay that does not arrive where the service was is noticed, and where.
#include "cli/state_check.h"

#include <gtest/gtest.h>

#include <string>

namespace cli {
namespace {

/// Does what a server does, and keeps the records.
class StateCheckTest : public testing::Test {
 protected:
  static void ignore(std::uint64_t) {}

  journal::Record record(command::Command command, std::uint64_t index = 0) {
    command::Entry entry;
    entry.index = index != 0 ? index : served_.next_index();
    entry.now = base::Time::from_us(1000);
    entry.origin.user = "alice";
    entry.command = std::move(command);
    payload_.clear();
    command::encode(entry, payload_);
    if (entry.index >= served_.next_index()) served_.apply(entry);
    return {entry.index, entry.now, entry.wall, payload_};
  }

  static command::SessionOpen open() {
    command::SessionOpen open;
    open.ttl = base::Duration::from_ms(10'000);
    return open;
  }

  state::Machine served_;
  std::string payload_;
  StateCheck check_{ignore};
};

TEST_F(StateCheckTest, agrees_with_what_was_served) {
  ASSERT_TRUE(check_.replay(record(open())));
  EXPECT_TRUE(check_.batch_end(1, {}, served_.running_digest()));
  EXPECT_EQ(check_.machine().session_count(), 1U);
  EXPECT_EQ(check_.entries(), 1U);
}

TEST_F(StateCheckTest, names_the_index_where_the_digest_differs) {
  ASSERT_TRUE(check_.replay(record(open())));
  const auto result = check_.batch_end(1, {}, served_.running_digest() + 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, base::Fault::Corrupt);
  EXPECT_NE(result.error().message.find("after entry 1 "), std::string::npos);
}

TEST_F(StateCheckTest, refuses_an_entry_that_goes_back) {
  ASSERT_TRUE(check_.replay(record(open())));
  ASSERT_TRUE(check_.replay(record(open())));
  const auto result = check_.replay(record(open(), 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "entry 1 lies behind the one before it");
}

TEST_F(StateCheckTest, refuses_an_entry_that_changes_nothing) {
  const auto result = check_.replay(record(command::LockInfo{.key = "a"}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, base::Fault::Corrupt);
}

TEST_F(StateCheckTest, refuses_rules_it_does_not_know) {
  command::Configure configure;
  configure.rules.version = state::kRulesVersion + 1;
  command::Entry entry;
  entry.index = 1;
  entry.command = configure;
  command::encode(entry, payload_);
  const auto result = check_.replay({1, {}, {}, payload_});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, base::Fault::Config);
}

TEST_F(StateCheckTest, refuses_bytes_that_are_no_entry) {
  const auto result = check_.replay({1, {}, {}, "\xFF\xFF"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, base::Fault::Corrupt);
}

}  // namespace
}  // namespace cli
