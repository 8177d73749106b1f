// Which member of a real etcd leads, some of which are out of reach.
#include "journal/etcd/leading_member.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/etcd/test_etcd.h"
#include "journal/etcd/test_silent_member.h"

namespace journal::etcd {
namespace {

class LeadingMemberTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestEtcd::is_installed()) GTEST_SKIP() << "there is no etcd on this machine";
    etcd_.emplace();
  }
  static Access access(std::vector<std::string> members) {
    Access access;
    access.members = std::move(members);
    return access;
  }
  Access both() const { return access({silent_.address(), etcd_->address()}); }

  std::optional<TestEtcd> etcd_;
  SilentMember silent_;
  LeadingMember leading_;
};

TEST_F(LeadingMemberTest, is_found_among_those_that_do_not_answer) {
  Client client(both());
  leading_.look(client);
  EXPECT_FALSE(leading_.place()) << "the first one was asked";
  // The first question to a member also makes the connection, for which the time may be too short.
  for (int turn = 0; turn < 100 && !leading_.place(); ++turn) leading_.look(client);
  EXPECT_EQ(leading_.place(), 1U);
  leading_.look(client);
  leading_.look(client);
  EXPECT_EQ(leading_.place(), 1U) << "who says nothing changes nothing";
}

TEST_F(LeadingMemberTest, is_who_is_called_once_it_is_preferred) {
  Client client(both());
  const auto patience = base::Duration::from_ms(300);
  client.prefer(0);
  EXPECT_FALSE(client.status(patience));
  client.prefer(1);
  const auto status = client.status(base::Duration::from_ms(5'000));
  ASSERT_TRUE(status);
  EXPECT_NE(status->member, 0U);
  EXPECT_EQ(status->leader, status->member);
}

/// A preference is no promise.
TEST_F(LeadingMemberTest, is_left_for_another_when_it_does_not_answer) {
  Client client(both());
  client.prefer(0);
  EXPECT_FALSE(client.status(base::Duration::from_ms(300)));
  EXPECT_TRUE(client.status(base::Duration::from_ms(5'000)));
}

TEST_F(LeadingMemberTest, one_member_is_not_asked) {
  Client client(access({silent_.address()}));
  leading_.look(client);
  EXPECT_FALSE(leading_.place());
}

}  // namespace
}  // namespace journal::etcd
