// The lease against a real etcd, of which some members are out of reach.
#include "journal/etcd/lease_keeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "journal/etcd/test_etcd.h"
#include "journal/etcd/test_silent_member.h"

namespace journal::etcd {
namespace {

using base::Duration;
using Clock = std::chrono::steady_clock;

class LeaseKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestEtcd::is_installed()) GTEST_SKIP() << "there is no etcd on this machine";
    etcd_.emplace();
  }
  bool until(std::chrono::seconds within, const std::function<bool()>& condition) {
    const auto give_up_at = Clock::now() + within;
    while (!condition() && Clock::now() < give_up_at) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return condition();
  }

  std::optional<TestEtcd> etcd_;
};

TEST_F(LeaseKeeperTest, keeps_its_lease_while_only_one_member_of_three_is_in_reach) {
  const SilentMember second;
  const SilentMember third;
  Access access;
  access.members = {etcd_->address(), second.address(), third.address()};
  LeaseKeeper keeper(access, "test/member/a:1", Duration::from_seconds(5));
  ASSERT_TRUE(until(std::chrono::seconds(10), [&] { return keeper.lease() != 0; }));
  const std::int64_t lease = keeper.lease();
  // One renewal fails, so that the others are asked; then the first is back.
  etcd_->freeze();
  std::this_thread::sleep_for(std::chrono::milliseconds(2'300));
  etcd_->thaw();
  EXPECT_FALSE(until(std::chrono::seconds(7), [&] {
    keeper.progressed();
    return keeper.lease() != lease;
  })) << "it ran out while members were asked that do not answer";
}

}  // namespace
}  // namespace journal::etcd
